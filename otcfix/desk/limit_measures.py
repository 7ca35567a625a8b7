"""What each measure of a limit comes to before and after what is asked for."""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from otcfix.desk.draft import Draft
from otcfix.desk.hedging import inventory
from otcfix.desk.limit_rows import Row
from otcfix.desk.lookups import resting_base
from otcfix.desk.usage import EVERYTHING, OF_DESK, ZERO, times, worth
from otcfix.gate.case import Common, OrderCase, Use
from otcfix.model import limit as measures
from otcfix.model.instrument import Instrument
from otcfix.model.limit import units_of
from otcfix.model.messages import Side
from otcfix.model.money import Asset, from_minor
from otcfix.model.order import LIMIT
from otcfix.model.party import Client
from otcfix.model.quote import LIVE
from otcfix.model.time import MS, local_date
from otcfix.settlement.calendar import trading_day


class Asked(Struct, gc=False):
    """What is measured. side None: a two-way quote. size: the whole order or quote, in base; base:
    what it adds to the position, in base. value: what it adds to turnover, notional: what it is
    worth, before and after: the position in the base asset; these four in units of 1E-8.
    """

    draft: Draft
    case: Common
    client: Client
    instrument: Instrument
    side: Side | None
    size: Decimal
    base: Decimal = ZERO
    rate: Decimal = ZERO
    notional: int | None = None
    value: int = 0
    eases: bool = False
    before: int = 0
    after: int = 0
    desk_eases: bool | None = None
    marks: dict[str, Decimal | None] = {}
    _day: int = 0

    def __post_init__(self) -> None:
        self.base = self.size

    @property
    def day(self) -> int:
        """The trading day, as an ordinal (A8)."""
        if not self._day:
            self._day = trading_day(self.instrument, self.draft.event.at)[0].toordinal()
        return self._day

    def mark(self, asset: Asset) -> Decimal | None:
        """What one of *asset* is worth: stamped, else at its mark; None when missing or old."""
        if asset.code not in self.marks:
            self.marks[asset.code] = self._mark(asset)
        return self.marks[asset.code]

    def inventory(self, symbol: str) -> Decimal:
        """What the desk holds by itself, in base, this event included."""
        draft = self.draft
        if draft.trades or draft.hedge_fills:
            return inventory(draft, symbol)
        return draft.state.inventory(symbol)

    def _mark(self, asset: Asset) -> Decimal | None:
        draft, desk = self.draft, self.case.desk
        if asset.code == desk.limit_currency:
            return ONE
        stamped = draft.conversion(asset.code)
        if stamped is not None:
            return stamped
        rate, changed_at = draft.state.limits.marks.get(asset.code, (ZERO, 0))
        if changed_at < draft.event.at - desk.price_age_max_ms * MS:
            return None
        return rate if rate.is_finite() and rate > 0 else None


ONE = Decimal(1)


# -- of the message alone ----------------------------------------------------------------------


def _order_size(asked: Asked, row: Row) -> Use:
    return Use(0, units_of(asked.size), row.amount, row.label)


def _notional(asked: Asked, row: Row) -> Use:
    return Use(0, asked.notional, row.amount, row.label)


def _median_multiple(asked: Asked, row: Row) -> Use:
    median = asked.draft.state.limits.usage.median(asked.client.client_id)
    if median is None:  # too few orders: other limits must do until then
        return Use(0, 0, 0, row.label)
    return Use(0, asked.notional, times(row.multiple, median), row.label)


# -- counts ------------------------------------------------------------------------------------


def _open_orders(asked: Asked, row: Row) -> Use:
    usage = asked.draft.state.limits.usage
    before = sum(usage.cell(key).orders for key in row.cells)
    return Use(before, before + 1, row.amount, row.label)


def _open_quotes(asked: Asked, row: Row) -> Use:
    after = quotes_with(asked.draft, row)
    return Use(after - 1, after, row.amount, row.label)


def quotes_with(draft: Draft, row: Row) -> int:
    """Live quotes with one more, those that this event made included."""
    usage = draft.state.limits.usage
    count = 1 + sum(usage.cell(key).quotes for key in row.cells)
    for quote in draft.quotes.values():
        if quote.state != LIVE or quote.quote_id in draft.state.quotes:
            continue
        mine = row.owner in (OF_DESK, quote.client_id)
        if mine and (row.symbols == ALL or quote.symbol in row.symbols):
            count += 1
    return count


ALL = (EVERYTHING,)


# -- position ----------------------------------------------------------------------------------


def _position(asked: Asked, row: Row) -> Use:
    """A client's, in the base asset alone; of a class, the absolute values of all its base assets
    added up. The desk's is its own: what it bought less what it sold, hedges included."""
    if row.owner == OF_DESK:
        return _desk_position(asked, row)
    if not row.what.startswith(measures.CLASS):
        return Use(asked.before, asked.after, row.amount, row.label, asked.eases)
    total: int | None = 0
    done: set[str] = set()
    for symbol in row.symbols:
        instrument = asked.draft.register.instruments[symbol]
        if instrument.base.code not in done:
            done.add(instrument.base.code)
            total = _plus(total, _client_gross(asked, instrument))
    return Use(None, total, row.amount, row.label, asked.eases, "" if total is not None else OLD)


OLD = "a mark is missing or old"


def _plus(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more


def _client_gross(asked: Asked, of: Instrument) -> int | None:
    """The larger of what the client may come to hold or owe of one base asset, after the deal."""
    draft, client_id = asked.draft, asked.client.client_id
    minor = draft.position(client_id, of.base.code)
    if not minor and not draft.state.leaves and of.base.code != asked.instrument.base.code:
        return 0
    held = from_minor(minor, of.base)
    buys, sells = ZERO, ZERO
    if draft.state.leaves:
        buys = resting_base(draft, client_id, of, Side.BUY)
        sells = resting_base(draft, client_id, of, Side.SELL)
    if of.base.code == asked.instrument.base.code:
        buys += asked.base if asked.side is not Side.SELL else ZERO
        sells += asked.base if asked.side is not Side.BUY else ZERO
    return _worst(asked, of, held, buys, sells)


def _worst(
    asked: Asked, of: Instrument, held: Decimal, buys: Decimal, sells: Decimal
) -> int | None:
    most = max(abs(held + buys), abs(held - sells))
    if not most:
        return 0
    rate = asked.mark(of.base)
    return None if rate is None else units_of(most * rate)


def _desk_position(asked: Asked, row: Row) -> Use:
    """The desk is on the other side of every deal."""
    state, dealt = asked.draft.state, asked.instrument.symbol
    symbols = state.register.instruments if row.symbols == ALL else row.symbols
    resting = state.limits.usage.resting
    total: int | None = 0
    buys = sells = ZERO
    for symbol in symbols:
        held = asked.inventory(symbol)
        if resting:
            buys = resting.get((symbol, Side.SELL), ZERO)
            sells = resting.get((symbol, Side.BUY), ZERO)
        else:
            buys = sells = ZERO
        if not held and symbol != dealt and not buys and not sells:
            continue
        instrument = state.register.instruments[symbol]
        if symbol == dealt:
            buys += asked.base if asked.side is not Side.BUY else ZERO
            sells += asked.base if asked.side is not Side.SELL else ZERO
        total = _plus(total, _worst(asked, instrument, held, buys, sells))
    detail = "" if total is not None else OLD
    return Use(None, total, row.amount, row.label, _desk_eases(asked), detail)


def _desk_eases(asked: Asked) -> bool:
    """Whether the desk's own position in the symbol gets smaller and keeps its sign."""
    if asked.desk_eases is None:
        asked.desk_eases = _desk_shrinks(asked)
    return asked.desk_eases


def _desk_shrinks(asked: Asked) -> bool:
    if not asked.base:
        return True
    if asked.side is None:
        return False
    symbol, resting = asked.instrument.symbol, asked.draft.state.limits.usage.resting
    before = asked.inventory(symbol)
    step = asked.base + resting.get((symbol, asked.side), ZERO)
    after = before - step if asked.side is Side.BUY else before + step
    return abs(after) < abs(before) and before * after >= 0


# -- turnover and loss -------------------------------------------------------------------------


def _turnover_day(asked: Asked, row: Row) -> Use:
    return _turnover(asked, row, 0)


def _turnover_30d(asked: Asked, row: Row) -> Use:
    return _turnover(asked, row, 1)


def _turnover(asked: Asked, row: Row, window: int) -> Use:
    usage, before = asked.draft.state.limits.usage, 0
    for key in row.cells:
        cell = usage.cell(key)
        before += cell.turned(asked.day)[window] + cell.reserved
    return Use(before, before + asked.value, row.amount, row.label, asked.eases)


def _loss(asked: Asked, row: Row) -> Use:
    """The loss as it stands: the deal itself has lost nothing yet. The desk's own: what its clients
    won of it, less its fees, with its hedges."""
    usage, register = asked.draft.state.limits.usage, asked.draft.register
    gain = ZERO
    for symbol, (base, terms) in usage.deals_of(row.owner, asked.day).items():
        instrument = register.instruments.get(symbol)
        if instrument is None or not (row.symbols == ALL or symbol in row.symbols):
            continue
        for minor, asset in ((base, instrument.base), (terms, instrument.terms)):
            rate = asked.mark(asset) if minor else ONE
            if rate is None:
                return Use(None, None, row.amount, row.label, _loss_eases(asked, row), OLD)
            gain += from_minor(minor, asset) * rate
    lost = max(units_of(-gain) or 0, 0)
    return Use(lost, lost, row.amount, row.label, _loss_eases(asked, row))


def _loss_eases(asked: Asked, row: Row) -> bool:
    return _desk_eases(asked) if row.owner == OF_DESK else asked.eases


# -- settlement --------------------------------------------------------------------------------


def _settlement(asked: Asked, row: Row) -> Use:
    """What the client owes net on one value date and has not available, at marks: the sum over
    assets of max(0, payable on that date + what the deal takes - available).

    On the deal's own value date, or on another one that it makes worse by taking what is available
    now: the worst of them. What other orders hold needs no term of its own: the hold has left
    `available` already, and the payable that their fills would add is paid out of it, so both sides
    of the difference would grow by the same amount.
    """
    case = asked.case
    if case.settl_date is None or case.need is None:
        return Use(None, None, row.amount, row.label, asked.eases, "funds were not measured")
    due = local_date(case.settl_date)
    worst = _short_on(asked, row, due)
    if _takes_now(asked):
        for date in sorted(asked.draft.state.obligations.dates):
            if date == due or worst is None:
                continue
            found = _short_on(asked, row, date)
            if found is None or (found[1] > max(found[0], worst[1])):
                worst = found
    if worst is None:
        return Use(None, None, row.amount, row.label, asked.eases, OLD)
    return Use(*worst, row.amount, row.label, asked.eases)


def _takes_now(asked: Asked) -> bool:
    """Whether the deal takes what is available: it settles today, or an order holds it."""
    case = asked.case
    holds = isinstance(case, OrderCase) and case.order.ord_type == LIMIT
    return holds or asked.instrument.settl_days == 0


def _short_on(asked: Asked, row: Row, date: str) -> tuple[int, int] | None:
    """What is short on a value date before and after the deal; None: it cannot be valued."""
    draft, case, client_id = asked.draft, asked.case, asked.client.client_id
    before = after = 0
    balances, obligations = draft.state.balances, draft.state.obligations
    for asset, account, key in row.purses:
        if draft.transfers or draft.obligations:  # this event moved some of it already
            short = -draft.owed(client_id, asset.code, date) - draft.balance(account)
        else:
            short = -obligations.get(key + date, 0) - balances.get(account, 0)
        need = short + ((case.need or 0) if asset.code == case.need_asset else 0)
        if short <= 0 and need <= 0:
            continue
        rate = asked.mark(asset)
        if rate is None:
            return None
        before += worth(rate, from_minor(max(short, 0), asset))
        after += worth(rate, from_minor(max(need, 0), asset))
    return before, after


MEASURES: dict[str, Callable[[Asked, Row], Use]] = {
    measures.ORDER_SIZE: _order_size,
    measures.ORDER_NOTIONAL: _notional,
    measures.QUOTE_NOTIONAL: _notional,
    measures.MEDIAN_MULTIPLE: _median_multiple,
    measures.OPEN_ORDERS: _open_orders,
    measures.OPEN_QUOTES: _open_quotes,
    measures.POSITION: _position,
    measures.TURNOVER_DAY: _turnover_day,
    measures.TURNOVER_30D: _turnover_30d,
    measures.LOSS: _loss,
    measures.SETTLEMENT: _settlement,
}
