"""What of limits is used: counted from every decision, by client and symbol, and for the desk.

Always kept, whether or not anybody limits it, since a limit may be set at any time: open orders
and quotes, what resting orders reserve, turnover (thirty trading days), the day's deals. Only
while there is a limit on it: the history of order notionals. All of it is integers or exact
Decimals, so that it does not matter how a sum grew.
"""

from datetime import date
from decimal import Decimal

from msgspec import Struct

from otcfix.desk.lots import Lot, consume, shrink, worth
from otcfix.desk.register import Register
from otcfix.model.decision import Decision
from otcfix.model.event import Event
from otcfix.model.hedge import HedgeFill
from otcfix.model.messages import Side, Unit
from otcfix.model.money import to_minor
from otcfix.model.order import Order
from otcfix.model.post_trade import TradeChange
from otcfix.model.trade import Trade
from otcfix.settlement.calendar import trading_day

WINDOW = 30
"""Trading days of rolling turnover, the present one included."""

HISTORY = 31
"""Order notionals that are remembered of a client."""

HISTORY_MIN = 10
"""Orders before which a median says nothing."""

OF_DESK, EVERYTHING = "", ""
"""The owner of what all clients use together; the symbol of what is used in all instruments."""

ZERO = Decimal(0)


class Cell:
    """What one client, or the desk, uses in one symbol, or in all."""

    __slots__ = ("_asked", "_rolling", "days", "last", "orders", "quotes", "reserved", "total")

    def __init__(self) -> None:
        self.orders = 0
        self.quotes = 0
        self.reserved = 0
        self.days: dict[int, int] = {}
        self.last = 0
        self.total = 0
        self._asked = 0
        self._rolling = 0

    def turned(self, day: int) -> tuple[int, int]:
        """The turnover of trading day *day* and of the thirty that end with it. Units of 1E-8."""
        if day == self.last:
            return self.days.get(day, 0), self.total
        if day != self._asked:
            self._rolling = sum([n for of, n in self.days.items() if of > day - WINDOW])
            self._asked = day
        return self.days.get(day, 0), self._rolling

    def forget(self) -> None:
        """Nothing was turned over."""
        self.days.clear()
        self.total = self.last = self._asked = self._rolling = 0

    def turn_over(self, day: int, amount: int) -> None:
        """Add to the turnover of *day*; what is older than the window is forgotten."""
        self._asked = 0
        if day > self.last:
            self.last = day
            for old in [of for of in self.days if of <= day - WINDOW]:
                del self.days[old]
            self.total = sum(self.days.values())
        elif day <= self.last - WINDOW:
            return
        self.days[day] = self.days.get(day, 0) + amount
        self.total += amount


NOTHING_USED = Cell()


class Reserved(Struct, array_like=True):
    """What an open order reserves: its client, symbol, CumQty as seen last, and its lots.

    A lot keeps the rate that was stamped when it was asked for, until it is filled or given back:
    so a fill moves what was reserved, and no rate that moved meanwhile exceeds a limit.
    """

    order_id: str
    client_id: str
    symbol: str
    cum: Decimal
    lots: list[Lot]


class KeptUsage(Struct, array_like=True):
    """Usage as it stands in a snapshot; counts are counted anew. Decimals: they may be large."""

    days: list[tuple[str, str, list[tuple[int, Decimal]]]]
    reserved: list[Reserved]
    deals_day: int
    deals: list[tuple[str, str, Decimal, Decimal]]
    history: list[tuple[str, list[Decimal]]]


class Usage:
    """Only `take`, and State while it puts orders and quotes, change it."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], Cell] = {}
        self.symbols: dict[str, dict[str, None]] = {}
        """By client, what there were cells of: he uses nothing in others."""
        self.resting: dict[tuple[str, Side], Decimal] = {}
        self.deals_day = 0
        self.deals: dict[str, dict[str, tuple[int, int]]] = {}
        self.history: dict[str, list[int]] = {}
        self.touched: dict[str, None] = {}
        """Symbols of which the desk holds something else since this was emptied."""
        self._medians: dict[str, int] = {}
        self._fours: dict[tuple[str, str], tuple[Cell, Cell, Cell, Cell]] = {}
        self._reserved: dict[str, Reserved] = {}
        self._last_day = 0

    # -- reading -----------------------------------------------------------------------------

    def cell(self, key: tuple[str, str]) -> Cell:
        """What (owner, symbol) uses; owner "" is the desk, symbol "" is all of them."""
        return self.cells.get(key, NOTHING_USED)

    def deals_of(self, owner: str, day: int) -> dict[str, tuple[int, int]]:
        """By symbol, what the owner's deals of trading day *day* brought him: (base, terms), minor
        units."""
        return self.deals.get(owner, {}) if day == self.deals_day else {}

    def median(self, client_id: str) -> int | None:
        """The client's median order notional, in units of 1E-8; None before HISTORY_MIN orders."""
        known = self._medians.get(client_id)
        if known is not None:
            return known
        history = self.history.get(client_id, ())
        if len(history) < HISTORY_MIN:
            return None
        found = self._medians[client_id] = sorted(history)[(len(history) - 1) // 2]
        return found

    def forget_history(self) -> None:
        """Nobody limits what is measured by it any more."""
        self.history.clear()
        self._medians.clear()

    # -- counting ----------------------------------------------------------------------------

    def _cells(self, client_id: str, symbol: str) -> tuple[Cell, Cell, Cell, Cell]:
        known = self._fours.get((client_id, symbol))
        if known is not None:
            return known
        self._note(client_id, symbol)
        keys = [(one, what) for one in (client_id, OF_DESK) for what in (symbol, EVERYTHING)]
        first, second, third, fourth = (self.cells.setdefault(key, Cell()) for key in keys)
        found = self._fours[client_id, symbol] = (first, second, third, fourth)
        return found

    def _note(self, owner: str, symbol: str) -> None:
        self.symbols.setdefault(owner, {})[symbol] = None

    def count_order(self, client_id: str, symbol: str, step: int) -> None:
        """An order began or ceased to rest."""
        for cell in self._cells(client_id, symbol):
            cell.orders += step

    def count_quote(self, client_id: str, symbol: str, step: int) -> None:
        """A quote began or ceased to live."""
        for cell in self._cells(client_id, symbol):
            cell.quotes += step

    def count_resting(self, symbol: str, side: Side, step: Decimal) -> None:
        """What all resting orders may still deal changed, in base."""
        self.touched[symbol] = None
        left = self.resting.get((symbol, side), ZERO) + step
        if left:
            self.resting[symbol, side] = left
        else:
            self.resting.pop((symbol, side), None)

    def take(self, event: Event, decision: Decision, register: Register, *, remember: bool) -> None:
        """What *decision* uses. remember: whether order notionals are to be."""
        if not (decision.orders or decision.trades or decision.hedge_fills or decision.changes):
            return
        for change in decision.changes:
            self._take_change(event, change, register)
        for order in decision.orders:
            self._take_order(event, order, register, remember)
        for trade in decision.trades:
            self._take_trade(event, trade, register)
        for fill in decision.hedge_fills:
            self._take_hedge(event, fill, register)

    def _take_order(self, event: Event, order: Order, register: Register, remember: bool) -> None:
        known = self._reserved.get(order.order_id)
        if known is None:
            if order.accepted_seq != event.seq or order.order_id == "NONE":
                return  # closed before: nothing of it is reserved
            known = Reserved(order.order_id, order.client_id, order.symbol, ZERO, [])
            if remember:
                self._remember(event, order, register)
            if not order.is_open:  # it came and went: nothing of it stays reserved
                rate, unfilled = self._rate(event, order, register), order.quantity - order.cum_qty
                turned = worth(rate, order.quantity) - worth(rate, max(unfilled, ZERO))
                self._move(event, order, register, 0, turned)
                return
        left = sum((quantity for _, quantity in known.lots), ZERO)
        grown = order.quantity - known.cum - left
        if grown > 0:
            rate = self._rate(event, order, register)
            known.lots.append((rate, grown))
            asked = worth(rate, grown)
        else:
            asked = shrink(known.lots, -grown)
        turned = consume(known.lots, order.cum_qty - known.cum)
        reserved = asked - turned
        if order.is_open:
            known.cum = order.cum_qty
            self._reserved[order.order_id] = known
        else:
            reserved -= sum(worth(*lot) for lot in known.lots)
            self._reserved.pop(order.order_id, None)
        self._move(event, order, register, reserved, turned)

    def _move(
        self, event: Event, order: Order, register: Register, reserved: int, turned: int
    ) -> None:
        if not (reserved or turned):
            return
        instrument = register.instruments.get(order.symbol)
        day = 0
        if turned and instrument is not None:
            day = trading_day(instrument, event.at)[0].toordinal()
            if day > self._last_day:
                self._forget(day)
        for cell in self._cells(order.client_id, order.symbol):
            cell.reserved += reserved
            if day:
                cell.turn_over(day, turned)

    def _forget(self, day: int) -> None:
        """Once a trading day: whoever has not dealt for thirty of them is not kept."""
        self._last_day = day
        self._fours.clear()
        for key, cell in list(self.cells.items()):
            if cell.days and cell.last <= day - WINDOW:
                cell.forget()
            if not (cell.days or cell.orders or cell.quotes or cell.reserved):
                del self.cells[key]

    @staticmethod
    def _rate(event: Event, order: Order, register: Register) -> Decimal:
        """What one unit of the order is worth: its asset's stamped conversion."""
        instrument = register.instruments.get(order.symbol)
        if instrument is None:
            return ZERO
        asset = instrument.terms if order.unit is Unit.TERMS else instrument.base
        found = event.facts.conversions.get(asset.code)
        return found.rate if found is not None and found.rate.is_finite() else ZERO

    def _remember(self, event: Event, order: Order, register: Register) -> None:
        notional = worth(self._rate(event, order, register), order.quantity)
        history = self.history.setdefault(order.client_id, [])
        history.append(notional)
        self._medians.pop(order.client_id, None)
        del history[:-HISTORY]

    def _take_trade(self, event: Event, trade: Trade, register: Register, sign: int = 1) -> None:
        instrument = register.instruments.get(trade.symbol)
        if instrument is None:
            return
        base = to_minor(trade.base_amount, instrument.base)
        terms, fee = (to_minor(x, instrument.terms) for x in (trade.terms_amount, trade.fee))
        if trade.side is Side.BUY:
            legs = (base, -terms - fee)
        else:
            legs = (-base, terms - fee)
        day = trading_day(instrument, event.at)[0].toordinal()
        self._deal(trade.client_id, trade.symbol, day, sign * legs[0], sign * legs[1])
        self._deal(OF_DESK, trade.symbol, day, -sign * legs[0], -sign * legs[1])
        self.touched[trade.symbol] = None

    def _take_change(self, event: Event, change: TradeChange, register: Register) -> None:
        """A trade does not stand any more: the day's deals of its client and of the desk lose it
        today, and turnover that of its own day, at the rate of now (what was turned over is not
        kept by trade), never more than is counted."""
        trade = change.trade
        self._take_trade(event, trade, register, -1)
        known = self._reserved.get(trade.order_id)
        if known is not None:
            known.cum += change.now_qty - change.last_qty
        instrument, gone = register.instruments.get(trade.symbol), change.last_qty - change.now_qty
        if instrument is None or gone <= 0:
            return
        asset = instrument.base
        if change.in_terms:
            asset = instrument.terms
        found = event.facts.conversions.get(asset.code)
        if found is None or not found.rate.is_finite():
            return
        day = date(*map(int, (trade.trade_date[:4], trade.trade_date[4:6], trade.trade_date[6:])))
        cells = self._cells(trade.client_id, trade.symbol)
        back = min(worth(found.rate, gone), cells[0].days.get(day.toordinal(), 0))
        for cell in cells if back else ():
            cell.turn_over(day.toordinal(), -back)

    def _take_hedge(self, event: Event, fill: HedgeFill, register: Register) -> None:
        instrument = register.instruments.get(fill.symbol)
        if instrument is None:
            return
        base = to_minor(fill.base_amount, instrument.base)
        terms = to_minor(fill.terms_amount, instrument.terms)
        sign = 1 if fill.side is Side.BUY else -1
        day = trading_day(instrument, event.at)[0].toordinal()
        self._deal(OF_DESK, fill.symbol, day, sign * base, -sign * terms)
        self.touched[fill.symbol] = None

    def _deal(self, owner: str, symbol: str, day: int, base: int, terms: int) -> None:
        if day > self.deals_day:
            self.deals_day = day
            self.deals.clear()
        mine = self.deals.setdefault(owner, {})
        had = mine.get(symbol, (0, 0))
        mine[symbol] = (had[0] + base, had[1] + terms)

    # -- keeping -----------------------------------------------------------------------------

    def keep(self) -> KeptUsage:
        """For a snapshot."""
        return KeptUsage(
            [
                (*key, [(day, Decimal(amount)) for day, amount in sorted(cell.days.items())])
                for key, cell in sorted(self.cells.items())
                if cell.days
            ],
            list(self._reserved.values()),
            self.deals_day,
            [
                (owner, symbol, Decimal(base), Decimal(terms))
                for owner, mine in sorted(self.deals.items())
                for symbol, (base, terms) in sorted(mine.items())
            ],
            [(key, [Decimal(n) for n in known]) for key, known in sorted(self.history.items())],
        )

    @classmethod
    def load(cls, kept: KeptUsage) -> "Usage":
        """From a snapshot. Orders and quotes are counted when State puts them."""
        made = cls()
        for owner, symbol, days in kept.days:
            cell = made.cells.setdefault((owner, symbol), Cell())
            if owner != OF_DESK and symbol != EVERYTHING:
                made._note(owner, symbol)
            cell.days = {day: int(amount) for day, amount in days}
            cell.last = max(cell.days)
            cell.total = sum(cell.days.values())
            made._last_day = max(made._last_day, cell.last)
        for one in kept.reserved:
            made._reserved[one.order_id] = one
            amount = sum(worth(*lot) for lot in one.lots)
            for cell in made._cells(one.client_id, one.symbol):
                cell.reserved += amount
        made.deals_day = kept.deals_day
        for owner, symbol, base, terms in kept.deals:
            made.deals.setdefault(owner, {})[symbol] = (int(base), int(terms))
        made.history = {client: [int(n) for n in notionals] for client, notionals in kept.history}
        return made


def times(multiple: Decimal, median: int) -> int:
    """*multiple* times the median, in units of 1E-8; down."""
    return int(multiple * median)
