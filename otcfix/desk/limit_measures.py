"""What each measure of a limit comes to before and after what is asked for."""

from collections.abc import Callable
from decimal import Decimal

from otcfix.desk.desk_book import gain_of, nets_of, worst_of
from otcfix.desk.draft import Draft
from otcfix.desk.leaves import shrinks
from otcfix.desk.limit_asked import ALL, Asked
from otcfix.desk.limit_rows import Row
from otcfix.desk.lookups import resting_base
from otcfix.desk.lots import worth
from otcfix.desk.usage import EVERYTHING, OF_DESK, ZERO, times
from otcfix.gate.case import OrderCase, Use
from otcfix.ledger import chart
from otcfix.model import limit as measures
from otcfix.model.instrument import Instrument
from otcfix.model.limit import units_of
from otcfix.model.messages import Side
from otcfix.model.money import from_minor
from otcfix.model.order import LIMIT
from otcfix.model.quote import LIVE
from otcfix.model.time import local_date

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
    usage, count = draft.state.limits.usage, 1
    for key in row.cells:
        count += usage.cell(key).quotes
    for quote in draft.quotes.values():
        if quote.state != LIVE or quote.quote_id in draft.state.quotes:
            continue
        mine = row.owner in (OF_DESK, quote.client_id)
        if mine and (row.symbols == ALL or quote.symbol in row.symbols):
            count += 1
    return count


# -- position ----------------------------------------------------------------------------------


def _position(asked: Asked, row: Row) -> Use:
    """A client's, in the base asset alone; of a class, the absolute values of all its base assets
    added up. The desk's is its own: what it bought less what it sold, hedges included."""
    if row.owner == OF_DESK:
        return _desk_position(asked, row)
    if not row.what.startswith(measures.CLASS):
        return Use(asked.before, asked.after, row.amount, row.label, asked.eases)
    total = asked.gross.get(row.what, NOT_ASKED)
    if total == NOT_ASKED:
        total = asked.gross[row.what] = _class_gross(asked, row.bases)
    return Use(None, total, row.amount, row.label, asked.eases, "" if total is not None else OLD)


OLD = "a mark is missing or old"
NOT_ASKED = -1


def _class_gross(asked: Asked, bases: dict[str, Instrument]) -> int | None:
    """The client's positions in *bases*, absolute values; those that he has no account in and no
    order for are zero."""
    draft, client_id = asked.draft, asked.client.client_id
    state, dealt = draft.state, asked.instrument.base.code
    if draft.transfers or draft.orders or state.limits.usage.cell((client_id, EVERYTHING)).orders:
        every: int | None = 0
        for instrument in bases.values():
            every = _plus(every, _client_gross(asked, instrument))
        return every
    total, balances = 0, state.balances
    for code, purse in state.limits.purses.of(client_id, balances).items():
        of = bases.get(code)
        if of is not None and code != dealt:
            minor = purse.holds(balances)
            if not minor:
                continue
            rate = asked.mark(of.base)
            if rate is None:
                return None
            total += units_of(Decimal(abs(minor)).scaleb(-of.base.scale) * rate) or 0
    of = bases.get(dealt)
    return total if of is None else _plus(total, _client_gross(asked, of))


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
    most = worst_of(held, buys, sells)
    if not most:
        return 0
    rate = asked.mark(of.base)
    return None if rate is None else units_of(most * rate)


def _desk_position(asked: Asked, row: Row) -> Use:
    """The desk is on the other side of every deal."""
    total: int | None
    draft = asked.draft
    if len(row.symbols) == 1 and row.symbols != ALL:
        total = _desk_worst(asked, row.symbols[0])
    elif asked.is_booked:
        shifts = _desk_shifts(asked)
        total = None if shifts is None else draft.state.limits.book.position(row.what)
        for symbol, shift in shifts.items() if shifts else ():
            if not row.among or symbol in row.among:
                total = _plus(total, shift)
    else:
        total = 0
        for other in draft.register.instruments if row.symbols == ALL else row.symbols:
            total = _plus(total, _desk_worst(asked, other))
    detail = "" if total is not None else OLD
    return Use(None, total, row.amount, row.label, _desk_eases(asked), detail)


def _desk_shifts(asked: Asked) -> dict[str, int] | None:
    """By symbol, how far the desk's positions will be from what its book says: where the deal is,
    and where the rate is stamped. None when one cannot be valued."""
    if asked.shifts is None:
        book, found = asked.draft.state.limits.book, {}
        for symbol in asked.stamped():
            now = _desk_worst(asked, symbol)
            if now is None:
                return None
            found[symbol] = now - book.held(symbol)
        asked.shifts = found
    return asked.shifts


def _desk_worst(asked: Asked, symbol: str) -> int | None:
    """The most that the desk may come to hold or owe of *symbol*, after the deal."""
    if symbol in asked.worst:
        return asked.worst[symbol]
    resting = asked.draft.state.limits.usage.resting
    buys, sells = resting.get((symbol, Side.SELL), ZERO), resting.get((symbol, Side.BUY), ZERO)
    if symbol == asked.instrument.symbol:
        buys += asked.base if asked.side is not Side.BUY else ZERO
        sells += asked.base if asked.side is not Side.SELL else ZERO
    instrument = asked.draft.register.instruments[symbol]
    found = asked.worst[symbol] = _worst(asked, instrument, asked.inventory(symbol), buys, sells)
    return found


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
    return shrinks(before, before - step if asked.side is Side.BUY else before + step)


# -- turnover and loss -------------------------------------------------------------------------


def _turnover_day(asked: Asked, row: Row) -> Use:
    return _turnover(asked, row, 0)


def _turnover_30d(asked: Asked, row: Row) -> Use:
    return _turnover(asked, row, 1)


def _turnover(asked: Asked, row: Row, window: int) -> Use:
    usage, day, before = asked.draft.state.limits.usage, asked.day, 0
    cells, owner, keys = usage.cells, row.owner, row.cells
    if len(row.cells) > 1 and owner != OF_DESK:
        mine = usage.symbols.get(owner, {})
        keys = tuple([(owner, one) for one in mine if one in row.among])
    for key in keys:
        cell = cells.get(key)
        if cell is None:
            continue
        if cell.last == day:
            before += (cell.total if window else cell.days.get(day, 0)) + cell.reserved
        else:
            before += cell.turned(day)[window] + cell.reserved
    return Use(before, before + asked.value, row.amount, row.label, asked.eases)


def _loss(asked: Asked, row: Row) -> Use:
    """The loss as it stands: the deal itself has lost nothing yet. The desk's own: what its clients
    won of it, less its fees, with its hedges. Rounds: what each asset brought, down."""
    if row.owner == OF_DESK and asked.is_booked and not row.what.startswith(measures.INSTRUMENT):
        gain: int | None = _booked_gain(asked, row.what)
    else:
        gain = _gain(asked, row)
    if gain is None:
        return Use(None, None, row.amount, row.label, _loss_eases(asked, row), OLD)
    lost = max(-gain, 0)
    return Use(lost, lost, row.amount, row.label, _loss_eases(asked, row))


def _booked_gain(asked: Asked, what: str) -> int | None:
    limits, assets = asked.draft.state.limits, asked.draft.register.assets
    if asked.day != limits.usage.deals_day:
        return 0
    gain: int = limits.book.gain(what)
    for code in asked.draft.event.facts.conversions:
        net, worth_at_mark = limits.book.part(what, code)
        if net:
            rate = asked.mark(assets[code])
            if rate is None:
                return None
            gain += gain_of(net, assets[code], rate) - worth_at_mark
    return gain


def _gain(asked: Asked, row: Row) -> int | None:
    usage, register = asked.draft.state.limits.usage, asked.draft.register
    deals = usage.deals_of(row.owner, asked.day)
    if not deals:
        return 0
    listed = [
        (one, legs) for one, legs in deals.items() if row.symbols == ALL or one in row.symbols
    ]
    gain = 0
    for code, net in nets_of(listed, register.instruments).items():
        if net:
            rate = asked.mark(register.assets[code])
            if rate is None:
                return None
            gain += gain_of(net, register.assets[code], rate)
    return gain


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
    worst = _short_on(asked, due)
    if _takes_now(asked):
        for date in sorted(asked.draft.state.obligations.dates):
            if date == due or worst is None:
                continue
            found = _short_on(asked, date)
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


def _short_on(asked: Asked, date: str) -> tuple[int, int] | None:
    """What is short on a value date before and after the deal; None: it cannot be valued."""
    draft, case, client_id = asked.draft, asked.case, asked.client.client_id
    before = after = 0
    for code, short in _shorts(draft, client_id, case.need_asset, date):
        asset = draft.register.assets.get(code)
        if asset is None:
            continue  # not dealt in any more
        need = short + ((case.need or 0) if code == case.need_asset else 0)
        if short <= 0 and need <= 0:
            continue
        rate = asked.mark(asset)
        if rate is None:
            return None
        before += worth(rate, from_minor(max(short, 0), asset))
        after += worth(rate, from_minor(max(need, 0), asset))
    return before, after


def _shorts(draft: Draft, client_id: str, need_asset: str, due: str) -> list[tuple[str, int]]:
    """By asset what he owes on *due* and has not available, minor units; negative: he has more.
    Of what he has enough of only the one that is needed is told."""
    state = draft.state
    if draft.transfers or draft.obligations:  # this event moved some of it already
        available = chart.AVAILABLE
        return [
            (
                code,
                -draft.owed(client_id, code, due)
                - draft.balance(chart.client_account(client_id, available, code)),
            )
            for code in draft.register.assets
        ]
    balances, obligations = state.balances, state.obligations
    purses = state.limits.purses.of(client_id, balances)
    found = []
    for code, purse in purses.items():
        short = -balances[purse.available] if purse.available else 0
        if obligations:
            short -= obligations.get(f"{client_id}|{code}|{due}", 0)
        if short > 0 or code == need_asset:
            found.append((code, short))
    if need_asset not in purses:
        found.append((need_asset, 0))
    return found


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
