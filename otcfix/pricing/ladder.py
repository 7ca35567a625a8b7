"""The depth of several sources as one ladder, merged only as far as somebody walks it.

Prices are effective: what dealing there costs, fees included. R16: what clients have taken of a
source's snapshot is off its top until that source updates.
"""

from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal

from otcfix.model.messages import Side
from otcfix.model.rates import Level, SourceBook
from otcfix.pricing.composite import Composite
from otcfix.pricing.sweep import Depth, Taken

ZERO = Decimal(0)
ONE = Decimal(1)

_Rung = tuple[Decimal, Decimal, SourceBook]


class Ladder:
    """What a client on one side can deal against, best effective price first.

    Iterating gives (effective price, quantity left, book), as `sweep.take` wants it.
    """

    __slots__ = ("_base", "_bases", "_rest", "_rungs", "_terms", "_values")

    def __init__(self, rungs: Iterator[_Rung]) -> None:
        self._rest = rungs
        self._rungs: Depth = []
        self._bases: list[Decimal] = []  # base up to and with each rung
        self._values: list[Decimal] = []  # the same in terms
        self._base = self._terms = ZERO

    def _more(self) -> bool:
        """Merge one rung more; False when there is none."""
        rung = next(self._rest, None)
        if rung is None:
            return False
        self._base += rung[1]
        self._terms += rung[0] * rung[1]
        self._rungs.append(rung)
        self._bases.append(self._base)
        self._values.append(self._terms)
        return True

    def __iter__(self) -> Iterator[_Rung]:
        """Walk from the best rung on."""
        at = 0
        while at < len(self._rungs) or self._more():
            yield self._rungs[at]
            at += 1

    def __bool__(self) -> bool:
        """Whether there is any depth."""
        return bool(self._rungs) or self._more()

    def sweep(self, target: Decimal, in_terms: bool) -> tuple[Decimal, Decimal] | None:
        """Walk until *target* (base, or terms when *in_terms*) is met: (base, terms), not rounded.

        None when the depth is short: nothing is extrapolated.
        """
        while (self._terms if in_terms else self._base) < target:
            if not self._more():
                return None
        if not self._rungs and not self._more():
            return None
        at = bisect_left(self._values if in_terms else self._bases, target)
        px = self._rungs[at][0]
        base = self._bases[at - 1] if at else ZERO
        terms = self._values[at - 1] if at else ZERO
        if in_terms:
            return base + (target - terms) / px, target
        return target, terms + (target - base) * px

    def total(self) -> tuple[Decimal, Decimal]:
        """All the depth: (base, terms)."""
        while self._more():
            pass
        return self._base, self._terms


def ladder(composite: Composite, side: Side, taken: Taken) -> Ladder:
    """The depth of *composite* that a client on *side* deals against, less what was taken."""
    buys = side is Side.BUY
    streams = []
    for book, fee in zip(composite.books, composite.fees, strict=True):
        levels = book.offers if buys else book.bids
        gone = taken.get((book.source, composite.symbol, side)) if taken else None
        away = gone.quantity if gone is not None and gone.snapshot == book.snapshot else ZERO
        factor = (ONE + fee if buys else ONE - fee) if fee else None
        streams.append(_rungs(book, levels, factor, away))
    return Ladder(streams[0] if len(streams) == 1 else _merged(streams, buys))


def _rungs(
    book: SourceBook, levels: tuple[Level, ...], factor: Decimal | None, away: Decimal
) -> Iterator[_Rung]:
    """One book's rungs, *away* off the top, prices times *factor*."""
    for px, quantity in levels:
        left = quantity
        if away:
            if away >= quantity:
                away -= quantity
                continue
            left -= away
            away = ZERO
        yield (px if factor is None else px * factor), left, book


def _merged(streams: list[Iterator[_Rung]], buys: bool) -> Iterator[_Rung]:
    """The best of the streams' heads again and again; of equal ones the first stream's."""
    heads = [(rung, stream) for stream in streams if (rung := next(stream, None)) is not None]
    while heads:
        best = 0
        px = heads[0][0][0]
        for at in range(1, len(heads)):
            other = heads[at][0][0]
            if other < px if buys else other > px:
                best, px = at, other
        rung, stream = heads[best]
        yield rung
        following = next(stream, None)
        if following is None:
            del heads[best]
        else:
            heads[best] = following, stream
