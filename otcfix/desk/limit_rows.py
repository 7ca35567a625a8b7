"""Limits compiled: the rows that speak of one client in one instrument, ready to be measured."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from otcfix.desk.register import Register
from otcfix.desk.usage import EVERYTHING, OF_DESK
from otcfix.model import limit as measures
from otcfix.model.instrument import Instrument
from otcfix.model.limit import CLASS, CLIENT, COUNTS, DESK, INSTRUMENT, SCALE, TIER, Limit, units_of
from otcfix.model.party import Client, Desk
from otcfix.model.policy import PolicyAnswer

Key = tuple[str, str, str]

OF_QUOTES = (measures.QUOTE_NOTIONAL, measures.OPEN_QUOTES)
OF_ORDERS = (measures.ORDER_NOTIONAL, measures.MEDIAN_MULTIPLE, measures.OPEN_ORDERS)
"""Measures that only a quote request, or only an order, is held against."""


class Row(Struct, frozen=True, gc=False):
    """A limit on one owner ("" is the desk). amount: a count, else units of 1E-8, down.

    symbols: what it counts in, "" alone for everything; cells: where `Usage` counts that.
    multiple: of median_multiple. bases: of a position in a class, an instrument of each base asset,
    by its code. among: the symbols of a class, to look one up. label: as it stands in findings.
    """

    measure: str
    amount: int
    label: str
    owner: str
    what: str
    symbols: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]
    multiple: Decimal = Decimal(0)
    bases: dict[str, Instrument] = {}
    among: dict[str, None] = {}


Rows = tuple[tuple[str, tuple[Row, ...]], ...]
"""By measure, in the order of MEASURES."""


class Compiled(Struct, frozen=True, gc=False):
    """The rows of one client in one instrument."""

    quote: Rows
    order: Rows


def own_limits(client: Client) -> tuple[Limit, ...]:
    """The limits that stand with the client in clients.toml: limits like any other."""
    who = f"{CLIENT}{client.client_id}"
    return (
        Limit(who, "", measures.QUOTE_NOTIONAL, client.quote_notional_max),
        Limit(who, "", measures.ORDER_NOTIONAL, client.order_notional_max),
        Limit(who, "", measures.POSITION, client.position_max),
        Limit(who, "", measures.OPEN_ORDERS, Decimal(client.open_orders_max)),
        Limit(who, "", measures.OPEN_QUOTES, Decimal(client.open_quotes_max)),
    )


def own_measures() -> dict[str, str]:
    """Measures that stand in clients.toml, each with its key there."""
    return {
        measures.QUOTE_NOTIONAL: "quote_notional_max",
        measures.ORDER_NOTIONAL: "order_notional_max",
        measures.POSITION: "position_max",
        measures.OPEN_ORDERS: "open_orders_max",
        measures.OPEN_QUOTES: "open_quotes_max",
    }


def symbols_of(register: Register, what: str) -> tuple[str, ...]:
    """The symbols that *what* speaks of; "" alone for everything, none for what is not known."""
    if not what:
        return (EVERYTHING,)
    if what.startswith(INSTRUMENT):
        symbol = what.removeprefix(INSTRUMENT)
        return (symbol,) if symbol in register.instruments else ()
    return register.symbols_of_class.get(what.removeprefix(CLASS), ())


def row_of(register: Register, limit: Limit, client_id: str) -> Row:
    """*limit* as it binds *client_id*, or all clients together."""
    owner = OF_DESK if limit.who == DESK else client_id
    symbols = symbols_of(register, limit.what)
    amount = int(limit.amount) if limit.measure in COUNTS else _down(limit.amount)
    label = " ".join(word for word in (f"{limit.amount:f}", limit.who, limit.what) if word)
    cells = tuple((owner, symbol) for symbol in symbols)
    return Row(
        *(limit.measure, amount, label, owner, limit.what, symbols, cells),
        limit.amount if limit.measure == measures.MEDIAN_MULTIPLE else Decimal(0),
        register.bases_of_class.get(limit.what.removeprefix(CLASS), {})
        if limit.measure == measures.POSITION and limit.what.startswith(CLASS)
        else {},
        register.among_class.get(limit.what.removeprefix(CLASS), {})
        if limit.what.startswith(CLASS)
        else {},
    )


def _down(amount: Decimal) -> int:
    """Units of 1E-8; what is no number that can be measured lets nothing pass."""
    if units_of(amount) is None:
        return -1
    return amount.scaleb(SCALE).__floor__()


def applies(limit: Limit, client: Client, instrument: Instrument) -> bool:
    """Whether *limit* speaks of the client in the instrument."""
    if limit.who not in (DESK, f"{CLIENT}{client.client_id}", f"{TIER}{client.tier}"):
        return False
    return limit.what in (
        "",
        f"{INSTRUMENT}{instrument.symbol}",
        f"{CLASS}{instrument.asset_class}",
    )


def compiled(rows: Iterable[Row]) -> Compiled:
    """*rows* by measure."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.measure, []).append(row)
    ordered = tuple((name, tuple(found[name])) for name in measures.MEASURES if name in found)
    return Compiled(
        tuple(pair for pair in ordered if pair[0] not in OF_ORDERS),
        tuple(pair for pair in ordered if pair[0] not in OF_QUOTES),
    )


def policy_rows(
    register: Register, client: Client, instrument: Instrument, answer: PolicyAnswer
) -> list[Row]:
    """The limits that a rule of jurisdiction lays on this client: on all that he does, but a size,
    which is the instrument's. What is no measure lets nothing pass."""
    rows = []
    for measure, amount in answer.limits:
        known = measure in measures.MEASURES and amount.is_finite() and amount >= 0
        what = f"{INSTRUMENT}{instrument.symbol}" if measure == measures.ORDER_SIZE else ""
        limit = Limit(
            f"policy:{answer.rule_id}",
            what,
            measure if known else measures.POSITION,
            amount if known else Decimal(-1),
        )
        rows.append(row_of(register, limit, client.client_id))
    return rows


MARKED = (measures.LOSS, measures.SETTLEMENT)


def needs_marks(limits: Iterable[Limit], desk: Desk | None) -> bool:
    """Whether one of *limits*, or a rule of the desk's policy, is valued at marks (R15)."""
    rules = desk.policy.rules if desk else ()
    named = {measure for rule in rules for measure, _ in rule.limits}
    if not named.isdisjoint(MARKED):
        return True
    return any(
        limit.measure in MARKED
        or (
            limit.measure == measures.POSITION
            and (limit.what.startswith(CLASS) or (limit.who == DESK and not limit.what))
        )
        for limit in limits
    )
