"""Walking the depth: the composite of the usable books, less what clients have taken (R16)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import itemgetter

from otcfix.model.decision import DepthTaken
from otcfix.model.messages import Side
from otcfix.model.rates import Level, SourceBook
from otcfix.model.time import MS, Instant

ZERO = Decimal(0)

Rung = tuple[Decimal, Decimal, SourceBook]
"""Price, quantity left, and the book that shows it."""

Depth = list[Rung]
"""Best first."""

Taken = Mapping[tuple[str, str, Side], DepthTaken]


def fresh(books: Iterable[SourceBook], at: Instant, age_max_ms: int) -> list[SourceBook]:
    """The books young enough to price from; one from the future counts as young."""
    oldest = at - age_max_ms * MS
    return [book for book in books if book.changed_at >= oldest and book.bids and book.offers]


def depth(books: list[SourceBook], symbol: str, side: Side, taken: Taken) -> Depth:
    """What a client on *side* can deal against, best price first.

    What was taken from a source's snapshot comes off the top of that snapshot until it updates.
    """
    buys = side is Side.BUY
    out: Depth = []
    for book in books:
        levels: tuple[Level, ...] = book.offers if buys else book.bids
        gone = taken.get((book.source, symbol, side))
        if gone is None or gone.snapshot != book.snapshot:
            out += [(px, quantity, book) for px, quantity in levels]
            continue
        away = gone.quantity
        for px, quantity in levels:
            if away >= quantity:
                away -= quantity
            else:
                out.append((px, quantity - away, book))
                away = ZERO
    if len(books) > 1:
        out.sort(key=itemgetter(0), reverse=not buys)
    return out


def sweep(levels: Depth, target: Decimal, in_terms: bool) -> tuple[Decimal, Decimal] | None:
    """Walk until *target* (base, or terms when *in_terms*) is met.

    Returns (base, terms) exactly, not rounded; None when the depth is short.
    """
    base = terms = ZERO
    for px, quantity, _ in levels:
        left = target - (terms if in_terms else base)
        value = px * quantity
        if (value if in_terms else quantity) >= left:
            if in_terms:
                return base + left / px, target
            return target, terms + left * px
        base += quantity
        terms += value
    return None


def total(levels: Depth) -> tuple[Decimal, Decimal]:
    """All the depth: (base, terms)."""
    base = terms = ZERO
    for px, quantity, _ in levels:
        base += quantity
        terms += px * quantity
    return base, terms


def within(levels: Depth, worst: Decimal, side: Side) -> Decimal:
    """The largest base quantity whose average price is no worse than *worst* (not yet on lot)."""
    base = terms = ZERO
    buys = side is Side.BUY
    for px, quantity, _ in levels:
        better = px <= worst if buys else px >= worst
        if not better:
            # Beyond *worst* each unit uses up the advantage that the better levels gathered.
            advantage = worst * base - terms if buys else terms - worst * base
            cost = px - worst if buys else worst - px
            if advantage < cost * quantity:
                return base + advantage / cost
        base += quantity
        terms += px * quantity
    return base


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
