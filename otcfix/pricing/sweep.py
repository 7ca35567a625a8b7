"""What a deal takes of the depth (R16)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from otcfix.model.decision import DepthTaken
from otcfix.model.messages import Side
from otcfix.model.rates import SourceBook

ZERO = Decimal(0)

Rung = tuple[Decimal, Decimal, SourceBook]
"""Price, quantity left, and the book that shows it."""

Depth = list[Rung]
"""Best first."""

Taken = Mapping[tuple[str, str, Side], DepthTaken]


def take(
    levels: Iterable[Rung], quantity: Decimal, symbol: str, side: Side, taken: Taken
) -> list[DepthTaken]:
    """What dealing *quantity* (base) leaves as taken, per source; short depth is all gone."""
    by_source: dict[str, tuple[SourceBook, Decimal]] = {}
    for _, shown, book in levels:
        if quantity <= 0:
            break
        used = min(shown, quantity)
        quantity -= used
        known = by_source.get(book.source)
        by_source[book.source] = (book, used if known is None else known[1] + used)
    out = []
    for source, (book, used) in by_source.items():
        before = taken.get((source, symbol, side))
        again = before is not None and before.snapshot == book.snapshot
        total_used = used + before.quantity if before is not None and again else used
        out.append(DepthTaken(source, symbol, book.snapshot, side, total_used))
    return out
