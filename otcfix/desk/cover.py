"""What the desk holds by itself, per instrument, and its orders to venues: a part of State."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from otcfix.model.decision import Decision
from otcfix.model.hedge import HedgeFill, HedgeOrder
from otcfix.model.messages import Side
from otcfix.model.trade import Trade

ZERO = Decimal(0)

ENDED_KEPT = 1_000
"""Ended orders that are remembered: a venue may still report on, bust or correct them."""


def plain(value: Decimal) -> str:
    """A number for people: no exponent, no zeros behind it."""
    return f"{value.normalize():f}"


class KeptCover(Struct, array_like=True):
    """Cover as it stands in a snapshot."""

    inventory: dict[str, Decimal]
    at_venue: dict[str, Decimal]
    orders: list[HedgeOrder]
    fills: list[HedgeFill]


def traded(trade: Trade) -> Decimal:
    """What a client's deal does to the desk's inventory, in base: it has the other side."""
    return -trade.base_amount if trade.side is Side.BUY else trade.base_amount


def hedged(fill: HedgeFill) -> Decimal:
    """What a hedge fill does to the desk's inventory, in base."""
    return fill.base_amount if fill.side is Side.BUY else -fill.base_amount


def open_quantity(order: HedgeOrder) -> Decimal:
    """What an order may still do to the inventory, in base: zero when it has ended."""
    if not order.is_open:
        return ZERO
    return order.leaves_qty if order.side is Side.BUY else -order.leaves_qty


class Cover:
    """Inventory and hedge orders. Only `take` changes it, from a Decision."""

    def __init__(self) -> None:
        self._inventory: dict[str, Decimal] = {}
        self._at_venue: dict[str, Decimal] = {}
        self._open: dict[str, HedgeOrder] = {}
        self._ended: dict[str, HedgeOrder] = {}
        self._fills: dict[str, dict[str, HedgeFill]] = {}
        self._hedge_of: dict[tuple[str, str], str] = {}

    # -- reading ---------------------------------------------------------------------------

    def inventory(self, symbol: str) -> Decimal:
        """The desk's own position of *symbol* in base: positive when it is long."""
        return self._inventory.get(symbol, ZERO)

    def at_venue(self, venue: str, symbol: str) -> Decimal:
        """What hedges at *venue* have filled of *symbol*, bought less sold, in base."""
        return self._at_venue.get(f"{venue}|{symbol}", ZERO)

    def order(self, hedge_id: str) -> HedgeOrder | None:
        """The order, open or lately ended."""
        return self._open.get(hedge_id) or self._ended.get(hedge_id)

    @property
    def open_orders(self) -> Iterator[HedgeOrder]:
        """The orders that have not ended, in the order in which they were decided."""
        return iter(self._open.values())

    def fills(self, hedge_id: str) -> dict[str, HedgeFill]:
        """What is booked on an order, by ExecID(17)."""
        return self._fills.get(hedge_id, {})

    def hedge_of(self, venue: str, exec_id: str) -> str:
        """Which order an ExecID(17) of *venue* is booked on; "" when it is not."""
        return self._hedge_of.get((venue, exec_id), "")

    # -- writing ---------------------------------------------------------------------------

    def take(self, decision: Decision) -> None:
        """Write what *decision* says of deals and hedges."""
        if not (decision.trades or decision.hedges or decision.hedge_fills or decision.changes):
            return
        for change in decision.changes:
            _add(self._inventory, change.trade.symbol, -traded(change.trade))
        for trade in decision.trades:
            _add(self._inventory, trade.symbol, traded(trade))
        for fill in decision.hedge_fills:
            _add(self._inventory, fill.symbol, hedged(fill))
            _add(self._at_venue, f"{fill.venue}|{fill.symbol}", hedged(fill))
            self._note(fill)
        for order in decision.hedges:
            self._put(order)

    def _note(self, fill: HedgeFill) -> None:
        self._fills.setdefault(fill.hedge_id, {})[fill.exec_id] = fill
        self._hedge_of[fill.venue, fill.exec_id] = fill.hedge_id

    def _put(self, order: HedgeOrder) -> None:
        key = order.hedge_id
        if order.is_open:
            self._open[key] = order
            return
        self._open.pop(key, None)
        self._ended[key] = order
        while len(self._ended) > ENDED_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            for fill in self._fills.pop(oldest, {}).values():
                self._hedge_of.pop((fill.venue, fill.exec_id), None)

    # -- keeping ---------------------------------------------------------------------------

    def keep(self) -> KeptCover:
        """What a snapshot holds of it."""
        return KeptCover(
            self._inventory,
            self._at_venue,
            [*self._open.values(), *self._ended.values()],
            [fill for fills in self._fills.values() for fill in fills.values()],
        )

    @classmethod
    def load(cls, kept: KeptCover) -> "Cover":
        """Rebuild it from a snapshot."""
        cover = cls()
        cover._inventory, cover._at_venue = kept.inventory, kept.at_venue
        for fill in kept.fills:
            cover._note(fill)
        for order in kept.orders:
            cover._put(order)
        return cover


def _add(sums: dict[str, Decimal], key: str, step: Decimal) -> None:
    total = sums.get(key, ZERO) + step
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
