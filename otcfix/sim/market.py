"""The simulated venue's books, and how they go out: whole (W) or by changes (X)."""

from decimal import Decimal
from typing import NamedTuple

from otcfix.fix.wire import plain
from otcfix.model.rates import Level
from otcfix.venues.simulated import Leader, Sides, Walk, walker_of

BID, OFFER = "0", "1"
Entry = list[tuple[int, str]]


class Market:
    """One symbol: a seeded walk, the book around it, and what deals have taken from it."""

    def __init__(
        self,
        symbol: str,
        walk: Walk,
        seed: int,
        *,
        frozen: bool = False,
        follow: Leader | None = None,
    ) -> None:
        """frozen: the book stays as it is, and is whole again at every step. follow: the mid of
        the market that this one goes with."""
        self.symbol = symbol
        self._walk = walk
        self._walker = walker_of(walk, seed, follow)
        self._frozen = frozen
        self._whole = self._walker.book()
        self.bids, self.offers = self._whole
        self.crossed = self.stalled = self.one_sided = self.empty = False

    def step(self) -> None:
        """Let the market move once."""
        if self.stalled:
            return
        if not self._frozen:
            self._walker.step()
            self._whole = self._walker.book()
        self.bids, self.offers = self._whole

    def nudge(self, bps: Decimal) -> None:
        """Move the market at once."""
        self._walker.nudge(bps)
        self._whole = self._walker.book()
        self.bids, self.offers = self._whole

    def place(self, mid: Decimal) -> None:
        """Move the market to *mid*, at once."""
        self._walker.place(mid)
        self._whole = self._walker.book()
        self.bids, self.offers = self._whole

    def well(self) -> None:
        """End every illness."""
        self.crossed = self.stalled = self.one_sided = self.empty = False

    def shown(self) -> Sides:
        """The book as it is told; deals are made on the healthy one."""
        bids, offers = self.bids, self.offers
        if self.crossed:
            shift = offers[0][0] - bids[-1][0] + self._walk.tick
            bids = tuple((px + shift, qty) for px, qty in bids)
        if self.empty:
            bids, offers = (_without_sizes(side) for side in (bids, offers))
        return bids, () if self.one_sided else offers

    def deal(self, *, buys: bool, limit: Decimal | None, quantity: Decimal) -> list[Level]:
        """Take up to *quantity* within *limit* from the book; the levels as they were dealt."""
        taken: list[Level] = []
        left: list[Level] = []
        for px, qty in self.offers if buys else self.bids:
            within = limit is None or (px <= limit if buys else px >= limit)
            part = min(qty, quantity) if within else Decimal(0)
            if part:
                taken.append((px, part))
                quantity -= part
            if qty > part:
                left.append((px, qty - part))
        if buys:
            self.offers = tuple(left)
        else:
            self.bids = tuple(left)
        return taken

    def price_for(self, *, buys: bool, quantity: Decimal) -> Decimal | None:
        """The worst price that a deal of *quantity* would touch; None beyond the depth."""
        for px, qty in self.offers if buys else self.bids:
            quantity -= qty
            if quantity <= 0:
                return px
        return None


def _without_sizes(side: tuple[Level, ...]) -> tuple[Level, ...]:
    return tuple((px, Decimal(0)) for px, _ in side)


class Told(NamedTuple):
    """A message of market data: MsgType(35), the fields before the group, the entries of 268."""

    msg_type: str
    fields: tuple[tuple[int, str], ...]
    entries: list[Entry]


class Subscriber:
    """One MarketDataRequest that stands, for one symbol, and what it was told last."""

    def __init__(
        self, request_id: str, market: Market, *, incremental: bool, depth: int, numbered: bool
    ) -> None:
        """depth: levels of a side, 0 for all. numbered: entries of X carry RptSeq(83)."""
        self.request_id = request_id
        self.market = market
        self.incremental = incremental
        self._depth = depth or None
        self._numbered = numbered
        self._rpt_seq = 0
        self._told: dict[tuple[str, Decimal], Decimal] = {}

    def whole(self) -> Told:
        """The book as a W."""
        self._told = self._now()
        entries = [self._entry(key, qty) for key, qty in self._told.items()]
        return Told("W", ((262, self.request_id), (55, self.market.symbol)), entries)

    def next(self) -> Told | None:
        """What is to be told now: a W, or an X of what changed; None when nothing did."""
        if not self.incremental:
            return self.whole()
        now, told = self._now(), self._told
        gone = [key for key in told if key not in now]
        moved = [key for key, qty in now.items() if told.get(key) != qty]
        entries = [[(279, "2"), *self._key(key)] for key in gone]
        entries += [
            [(279, "1" if key in told else "0"), *self._key(key), (271, plain(now[key]))]
            for key in moved
        ]
        self._told = now
        if not entries:
            return None
        for entry in entries:
            entry.insert(2, (278, _entry_id(entry)))
            entry.insert(3, (55, self.market.symbol))
            if self._numbered:
                self._rpt_seq += 1
                entry.append((83, str(self._rpt_seq)))
        return Told("X", ((262, self.request_id),), entries)

    def odd(self, px: str, quantity: str) -> Told:
        """An update that no sane venue sends, of a level that was never told."""
        entry = [(279, "0"), (269, BID), (278, "odd"), (55, self.market.symbol)]
        if self._numbered:
            self._rpt_seq += 1
            entry.append((83, str(self._rpt_seq)))
        return Told("X", ((262, self.request_id),), [[*entry, (270, px), (271, quantity)]])

    def _now(self) -> dict[tuple[str, Decimal], Decimal]:
        sides = zip((BID, OFFER), self.market.shown(), strict=True)
        return {(kind, px): qty for kind, side in sides for px, qty in side[: self._depth]}

    def _entry(self, key: tuple[str, Decimal], quantity: Decimal) -> Entry:
        entry = [*self._key(key), (271, plain(quantity))]
        if self.incremental:
            entry.insert(1, (278, _entry_id(entry)))
        return entry

    @staticmethod
    def _key(key: tuple[str, Decimal]) -> Entry:
        return [(269, key[0]), (270, plain(key[1]))]


def _entry_id(entry: Entry) -> str:
    values = dict(entry)
    return f"{'B' if values[269] == BID else 'O'}{values[270]}"
