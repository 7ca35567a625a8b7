"""How limits stand: what holds, what of it is used now, where it comes from."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from otcfix.desk.limit_rows import own_limits, own_measures, row_of, symbols_of
from otcfix.desk.state import State
from otcfix.desk.usage import EVERYTHING, OF_DESK, ZERO, times
from otcfix.ledger.chart import purse
from otcfix.model import limit as measures
from otcfix.model.instrument import Instrument
from otcfix.model.limit import CLIENT, DESK, SCALE, TIER, Limit, SetLimit
from otcfix.model.messages import Side
from otcfix.model.money import from_minor
from otcfix.model.time import Instant
from otcfix.settlement.calendar import trading_day

STANDING = (
    *(measures.OPEN_ORDERS, measures.OPEN_QUOTES, measures.POSITION),
    *(measures.TURNOVER_DAY, measures.TURNOVER_30D, measures.LOSS),
    measures.SETTLEMENT,
)
"""Measures of which something is used between two messages."""


class Standing(Struct, frozen=True):
    """A limit as it binds one client (or the desk: client ""). used: None for a measure that is of
    one message alone, or that cannot be valued now. source: a file's name, or command."""

    limit: Limit
    client: str
    used: Decimal | None
    source: str
    said: SetLimit | None = None
    said_at: Instant = 0


def standings(
    state: State, at: Instant, client_id: str = "", measure: str = ""
) -> Iterator[Standing]:
    """Every limit that holds, by client; those of a tier once for each of its clients.

    at: the instant at which a trading day is asked for. Uses are valued at the marks.
    """
    register = state.register
    file = register.desk.limits if register.desk else ()
    said = {key for key, (one, _) in state.limits.said.items() if one.amount is not None}
    from_file = {limit.key for limit in file}
    removed = state.limits.said.keys()
    own = [
        limit
        for client in register.clients.values()
        for limit in own_limits(client)
        if limit.key not in removed and limit.key not in from_file
    ]
    for limit in [*own, *state.limits.rows(file)]:
        if measure and limit.measure != measure:
            continue
        if limit.key in said or _set_with_the_client(state, limit):
            source = "command"
        else:
            source = "limits.toml" if limit.key in from_file else "clients.toml"
        command, when = state.limits.said.get(limit.key, (None, 0))
        for owner in _owners(state, limit):
            if client_id and owner != client_id:
                continue
            yield Standing(limit, owner, used(state, limit, owner, at), source, command, when)


def _set_with_the_client(state: State, limit: Limit) -> bool:
    """Whether a limit that stands with its client comes of a command, or he does."""
    client = state.register.clients.get(limit.who.removeprefix(CLIENT))
    if client is None or limit not in own_limits(client):
        return False
    return own_measures()[limit.measure] in client.changed or "client_id" in client.changed


def _owners(state: State, limit: Limit) -> list[str]:
    clients = state.register.clients
    if limit.who == DESK:
        return [OF_DESK]
    if limit.who.startswith(TIER):
        tier = limit.who.removeprefix(TIER)
        return [key for key, one in clients.items() if one.tier == tier]
    name = limit.who.removeprefix(CLIENT)
    return [name] if name in clients else []


def used(state: State, limit: Limit, owner: str, at: Instant) -> Decimal | None:
    """What *owner* uses of *limit* now; of median_multiple: the median. In the limit's unit."""
    usage, row = state.limits.usage, row_of(state.register, limit, owner)
    instruments = list(state.register.instruments.values())
    if not instruments:
        return None
    day = trading_day(instruments[0], at)[0].toordinal()
    cells = [usage.cell((owner, symbol)) for symbol in symbols_of(state.register, limit.what)]
    match limit.measure:
        case measures.OPEN_ORDERS:
            return Decimal(sum(cell.orders for cell in cells))
        case measures.OPEN_QUOTES:
            return Decimal(sum(cell.quotes for cell in cells))
        case measures.TURNOVER_DAY | measures.TURNOVER_30D:
            window = int(limit.measure == measures.TURNOVER_30D)
            return _major(sum(cell.turned(day)[window] + cell.reserved for cell in cells))
        case measures.MEDIAN_MULTIPLE:
            median = usage.median(owner)
            return None if median is None else _major(times(Decimal(1), median))
        case measures.POSITION:
            return _position(state, row.symbols, owner, together=bool(limit.what) or owner == "")
        case measures.LOSS:
            return _loss(state, row.symbols, owner, day)
        case measures.SETTLEMENT:
            return _settlement(state, owner)
        case _:
            return None


def _major(units: int) -> Decimal:
    return Decimal(units).scaleb(-SCALE)


def _mark(state: State, asset: str) -> Decimal | None:
    desk = state.register.desk
    if desk is not None and asset == desk.limit_currency:
        return Decimal(1)
    found = state.limits.marks.get(asset)
    return None if found is None else found[0]


def _chosen(state: State, symbols: tuple[str, ...]) -> list[Instrument]:
    every = state.register.instruments
    return [one for key, one in every.items() if symbols == (EVERYTHING,) or key in symbols]


def _position(
    state: State, symbols: tuple[str, ...], owner: str, *, together: bool
) -> Decimal | None:
    """The sum over the instruments' base assets, or the largest where each counts alone."""
    amounts: dict[str, Decimal] = {}
    for one in _chosen(state, symbols):
        base = one.base.code
        buys, sells = (_resting(state, owner, one, side) for side in Side)
        if owner == OF_DESK:
            held, buys, sells, key = state.inventory(one.symbol), sells, buys, one.symbol
        else:
            held, key = from_minor(_holds(state, owner, base), one.base), base
        amount = max(abs(held + buys), abs(held - sells))
        rate = _mark(state, base) if amount else Decimal(1)
        if rate is None:
            return None
        amounts[key] = max(amount * rate, amounts.get(key, ZERO))
    if together:
        return sum(amounts.values(), ZERO)
    return max(amounts.values(), default=ZERO)


def _resting(state: State, owner: str, one: Instrument, side: Side) -> Decimal:
    if owner == OF_DESK:
        return state.limits.usage.resting.get((one.symbol, side), ZERO)
    same = (o for o in state.register.instruments.values() if o.base.code == one.base.code)
    return sum((state.leaves.get((owner, o.symbol, side), ZERO) for o in same), ZERO)


def _holds(state: State, client_id: str, asset: str) -> int:
    return sum(state.balance(name) for name in purse(client_id, asset))


def _loss(state: State, symbols: tuple[str, ...], owner: str, day: int) -> Decimal | None:
    gain = ZERO
    deals = state.limits.usage.deals_of(owner, day)
    for one in _chosen(state, symbols):
        base, terms = deals.get(one.symbol, (0, 0))
        for minor, asset in ((base, one.base), (terms, one.terms)):
            rate = _mark(state, asset.code) if minor else ZERO
            if rate is None:
                return None
            gain += from_minor(minor, asset) * rate
    return max(-gain, ZERO)


def _settlement(state: State, owner: str) -> Decimal | None:
    """What is short on the worst value date; without any, what is short today."""
    worst = ZERO
    for date in sorted(state.obligations.dates) or [""]:
        total = ZERO
        for code, asset in state.register.assets.items():
            owed = state.obligations.get(f"{owner}|{code}|{date}", 0)
            short = -owed - state.balance(purse(owner, code)[0])
            rate = _mark(state, code) if short > 0 else ZERO
            if rate is None:
                return None
            total += from_minor(max(short, 0), asset) * rate
        worst = max(worst, total)
    return worst
