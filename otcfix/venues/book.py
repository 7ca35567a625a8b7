"""One source's order book: sorted, gapless, never crossed; in doubt unusable, with the reason.

Levels live in a dict by price beside a sorted list of the prices: changing a known level costs one
hash, a new or vanished one a bisection more. A level is trimmed once, when it comes in. The top is
cut only when something in it moved.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from enum import Enum, IntEnum

from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot, FeedMessage
from otcfix.model.rates import Level

Sides = tuple[tuple[Level, ...], tuple[Level, ...]]

PENDING_MAX = 1_000
"""Deltas kept for the snapshot to come: 100 s of a depth@100ms stream."""

ABSURD = Decimal("1e15")
"""No price and no quantity reaches this; infinity does."""

_ZERO = Decimal(0)


class Continuity(Enum):
    """How a venue lets us see that nothing was lost.

    WHOLE: every message is a whole book. SPOT: Binance spot, U <= last + 1 <= u. FUTURES: Binance
    futures, pu == last u.
    """

    WHOLE = "whole"
    SPOT = "spot"
    FUTURES = "futures"


class Outcome(IntEnum):
    """What a message did.

    IGNORED: nothing (too old, or a snapshot is missing). CONFIRMED: the venue said again what the
    book shows. MOVED: levels changed, or the book became usable or unusable.
    """

    IGNORED = 0
    CONFIRMED = 1
    MOVED = 2


def trimmed(value: Decimal) -> Decimal:
    """Return *value* without trailing zeros and without an exponent: 61837.63000 is 61837.63.

    Exact for up to 28 digits, the context's precision.
    """
    return value.normalize() + _ZERO


def trimmed_levels(levels: Iterable[Level]) -> tuple[Level, ...]:
    """Return *levels* trimmed: venues pad with zeros, and every event would carry them."""
    return tuple([(trimmed(px), trimmed(qty)) for px, qty in levels])


class BadLevel(ValueError):
    """A price or quantity that no venue can mean; the text says which."""


def check(levels: Iterable[Level], side: str) -> None:
    """Refuse a price that is not above zero, a negative quantity, NaN and infinity.

    Errors: BadLevel naming the side and the level.
    """
    for px, qty in levels:
        try:
            fine = _ZERO < px < ABSURD and _ZERO <= qty < ABSURD
        except InvalidOperation:  # NaN has no order
            fine = False
        if not fine:
            raise BadLevel(f"{side}: price {px}, quantity {qty}")


class Ladder:
    """One side of a book; its levels have passed `check`, and are kept trimmed."""

    __slots__ = ("_bid", "_cut", "_depth", "_edge", "_levels", "_prices")

    def __init__(self, *, bid: bool, depth: int) -> None:
        self._bid = bid
        self._depth = depth
        self._prices: list[Decimal] = []
        self._levels: dict[Decimal, Level] = {}
        self._cut: tuple[Level, ...] | None = ()
        self._edge: Decimal | None = None  # the worst price of the cut; None: the cut has room

    def __len__(self) -> int:
        return len(self._prices)

    def replace(self, levels: Iterable[Level]) -> bool:
        """Take *levels* for the whole side; return whether anything differs."""
        known, taken = self._levels, {}
        same = 0
        for px, qty in dict(levels).items():
            if not qty:
                continue
            level = known.get(px)
            if level is not None and level[1] == qty:
                taken[px] = level
                same += 1
            else:
                taken[px] = (trimmed(px), trimmed(qty))
        if same == len(taken) == len(known):
            return False
        self._levels = taken
        self._prices = sorted(taken)
        self._cut = None
        return True

    def put(self, levels: Iterable[Level]) -> bool:
        """Set the quantity of each level, zero takes it away; return whether anything differs."""
        prices, held, bid, edge = self._prices, self._levels, self._bid, self._edge
        moved = False
        for px, qty in levels:
            known = held.get(px)
            if known is None:
                if not qty:
                    continue
                insort(prices, px)
                held[px] = (trimmed(px), trimmed(qty))
            elif qty:
                if qty == known[1]:
                    continue
                held[px] = (known[0], trimmed(qty))
            else:
                del prices[bisect_left(prices, px)]
                del held[px]
            moved = True
            if edge is None or (px >= edge if bid else px <= edge):
                self._cut = None
        return moved

    def best(self) -> Decimal | None:
        """Return the best price, None when the side is empty."""
        if not self._prices:
            return None
        return self._prices[-1] if self._bid else self._prices[0]

    def top(self) -> tuple[Level, ...]:
        """Return the best levels, best first; the same tuple until one of them moves."""
        cut = self._cut
        if cut is None:
            depth, held = self._depth, self._levels
            prices = self._prices[: -depth - 1 : -1] if self._bid else self._prices[:depth]
            cut = self._cut = tuple([held[px] for px in prices])
            self._edge = cut[-1][0] if len(cut) == depth else None
        return cut


class Book:
    """The book of one source. `usable` False: show nothing; `why` says the reason.

    A venue that counts its updates is shown only once a delta has joined the snapshot: a snapshot
    that no delta joins may be another book's.

    A BestBidOffer newer than the depth says what the top is: better levels of the book are gone,
    the best ones have its quantities. It lies over the ladders until the depth has caught up, so
    the shown top is that of the venue now, not of up to 100 ms ago.
    """

    def __init__(self, continuity: Continuity = Continuity.WHOLE, depth: int = 10) -> None:
        self._continuity = continuity
        self._depth = depth
        self._bids = Ladder(bid=True, depth=depth)
        self._offers = Ladder(bid=False, depth=depth)
        self._last_id: int | None = None
        self._joined = False
        self._best: BestBidOffer | None = None
        self._over: tuple[Level, ...] = ()  # the levels of _best, trimmed
        self._pending: deque[BookDelta] = deque(maxlen=PENDING_MAX)
        self._shown: Sides | None = None
        self.usable = False
        self.why = "no snapshot yet"

    def take(self, message: FeedMessage) -> Outcome:
        """Let *message* change the book."""
        try:
            if isinstance(message, BestBidOffer):
                return self._take_best(message)
            check(message.bids, "bids")
            check(message.offers, "offers")
            if isinstance(message, BookDelta):
                return self._take_delta(message)
            return self._take_snapshot(message)
        except BadLevel as error:
            # What the message would have said is unknown now: only a new snapshot can tell.
            return self.clear(f"refused: {error}")

    def clear(self, why: str) -> Outcome:
        """Forget the book; it stays unusable until a new snapshot."""
        self._bids.replace(())
        self._offers.replace(())
        self._last_id = None
        self._joined = False
        self._best = None
        self._pending.clear()
        self._shown = None
        self.usable = False
        self.why = why
        return Outcome.MOVED

    def top(self) -> Sides:
        """Return the best levels of bids and offers, best first; empty while unusable."""
        if not self.usable:
            return (), ()
        shown = self._shown
        if shown is None:
            shown = self._shown = self._cut()
        return shown

    def _cut(self) -> Sides:
        bids, offers, best = self._bids.top(), self._offers.top(), self._best
        if best is None:
            return bids, offers
        bid, offer = self._over
        below = [level for level in bids if level[0] < bid[0]]
        above = [level for level in offers if level[0] > offer[0]]
        return (bid, *below)[: self._depth], (offer, *above)[: self._depth]

    def _take_snapshot(self, snapshot: BookSnapshot) -> Outcome:
        counted = self._continuity is not Continuity.WHOLE
        if counted:
            if snapshot.last_id is None:
                return self.clear("refused: a snapshot without its update id")
            if self._joined and self._last_id is not None and snapshot.last_id <= self._last_id:
                return Outcome.IGNORED  # the gapless book is newer
        moved = self._bids.replace(snapshot.bids)
        moved = self._offers.replace(snapshot.offers) or moved or not self.usable
        self._last_id = snapshot.last_id
        if not counted:
            self._joined = True
            return self._settle(moved=moved)
        self._joined = self.usable = False
        self._best = None
        self._shown = None
        self.why = "no delta has joined the snapshot yet"
        waiting = list(self._pending)
        self._pending.clear()
        for delta in waiting:
            self._take_delta(delta)
        return Outcome.MOVED

    def _take_delta(self, delta: BookDelta) -> Outcome:
        if self._continuity is Continuity.WHOLE:
            if not self._joined:
                return Outcome.IGNORED
        elif self._last_id is None:
            self._pending.append(delta)
            return Outcome.IGNORED
        elif delta.last_id <= self._last_id:
            return Outcome.IGNORED
        elif not self._joins(delta, self._last_id):
            self.clear(f"gap: update {delta.first_id} came after {self._last_id}")
            self._pending.append(delta)  # a later snapshot may start inside or before it
            return Outcome.MOVED
        moved = self._bids.put(delta.bids)
        moved = self._offers.put(delta.offers) or moved or not self.usable
        self._last_id = delta.last_id
        self._joined = True
        if self._best is not None and self._best.update_id <= delta.last_id:
            self._best = None
            moved = True
        return self._settle(moved=moved)

    def _joins(self, delta: BookDelta, last_id: int) -> bool:
        """Whether nothing is missing between the book and *delta*, which is newer."""
        if self._continuity is Continuity.SPOT:
            return delta.first_id <= last_id + 1
        if delta.previous_id is None:
            return False
        # The first one may begin before the snapshot: what counts is that none lies between.
        return delta.previous_id == last_id if self._joined else delta.previous_id <= last_id

    def _take_best(self, best: BestBidOffer) -> Outcome:
        if not self.usable or self._last_id is None or best.update_id <= self._last_id:
            return Outcome.IGNORED
        if self._best is not None and best.update_id <= self._best.update_id:
            return Outcome.IGNORED
        bid, offer = (best.bid, best.bid_quantity), (best.offer, best.offer_quantity)
        check((bid,), "best bid")
        check((offer,), "best offer")
        if not best.bid_quantity or not best.offer_quantity:
            raise BadLevel("a best level of nothing")
        if best.bid >= best.offer:
            return self._crossed(best.bid, best.offer)
        bids, offers = self.top()
        same = bool(bids and offers) and (bids[0], offers[0]) == (bid, offer)
        self._best = best
        self._over = trimmed_levels((bid, offer))
        self._shown = None
        return Outcome.CONFIRMED if same else Outcome.MOVED

    def _settle(self, *, moved: bool) -> Outcome:
        bid, offer = self._bids.best(), self._offers.best()
        if bid is not None and offer is not None and bid >= offer:
            return self._crossed(bid, offer)
        self._shown = None
        self.usable = True
        self.why = ""
        return Outcome.MOVED if moved else Outcome.CONFIRMED

    def _crossed(self, bid: Decimal, offer: Decimal) -> Outcome:
        # One matching venue cannot stand crossed: something was lost, and not said to be.
        return self.clear(f"crossed: bid {bid} is not below offer {offer}")
