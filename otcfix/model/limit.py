"""Limits: who may have how much of what; and the trading states."""

from collections.abc import Collection
from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant

(
    ORDER_SIZE,
    ORDER_NOTIONAL,
    QUOTE_NOTIONAL,
    MEDIAN_MULTIPLE,
    OPEN_ORDERS,
    OPEN_QUOTES,
    POSITION,
    TURNOVER_DAY,
    TURNOVER_30D,
    LOSS,
    SETTLEMENT,
) = MEASURES = (
    "order_size",
    "order_notional",
    "quote_notional",
    "median_multiple",
    "open_orders",
    "open_quotes",
    "position",
    "turnover_day",
    "turnover_30d",
    "loss",
    "settlement",
)
"""order_size in base; open_orders and open_quotes are counts; median_multiple is a number of times
(the client's median order notional); the others in the limit currency."""

COUNTS = (OPEN_ORDERS, OPEN_QUOTES)

DESK = "desk"
INSTRUMENT, CLASS, CLIENT, TIER = "instrument:", "class:", "client:", "tier:"

SCALE = 8
UNIT = 10**SCALE
"""Use is counted in whole hundred-millionths of the limit currency: sums of integers are exact,
in whatever order they grew."""

AMOUNT_DIGITS = 20
"""Digits in front of the point that an amount may have."""

PLACES = 18
"""Digits behind the point that an amount may have; as many as the finest asset."""

COUNT_MAX = 1_000_000_000
"""No count is larger: a snapshot holds 64 bits."""

REDUCING, HALTED = "REDUCING", "HALTED"
TRADING_STATES = ("ACTIVE", REDUCING, HALTED)
"""ACTIVE deals; REDUCING lets only those orders pass that make a position smaller; HALTED deals
nothing."""


class Limit(Struct, frozen=True):
    """One limit. who: `client:ALPHA`, `tier:gold` (each of its clients alone) or `desk` (all
    together). what: "" for everything, `instrument:BTC/USD` or `class:crypto`."""

    who: str
    what: str
    measure: str
    amount: Decimal

    @property
    def key(self) -> tuple[str, str, str]:
        """What there can be one limit of."""
        return self.who, self.what, self.measure


def units_of(value: Decimal) -> int | None:
    """*value* (major units) in units of 1E-8, away from zero: use is never counted too small.

    None for what is no number that can be measured: NaN, infinity, more than 30 digits.
    """
    if not value.is_finite() or value.adjusted() >= AMOUNT_DIGITS + SCALE:
        return None
    scaled = value.scaleb(SCALE)
    return scaled.__ceil__() if scaled > 0 else scaled.__floor__()


def is_amount(value: Decimal) -> bool:
    """Whether *value* is a plain amount from zero on, short enough to be written out."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):  # NaN and infinity have a letter there
        return False
    return value >= 0 and -PLACES <= exponent <= AMOUNT_DIGITS and value.adjusted() < AMOUNT_DIGITS


class Names(Struct, frozen=True):
    """What a limit may speak of: the names that the desk knows."""

    clients: Collection[str]
    tiers: Collection[str]
    symbols: Collection[str]
    classes: Collection[str]


def fault_of(limit: Limit, known: Names) -> str:
    """What is wrong with *limit*, in words; "" for nothing."""
    return (
        _wrong_who(limit.who, known)
        or _wrong_what(limit.what, known)
        or _wrong_measure(limit)
        or _wrong_amount(limit)
    )


def _wrong_who(who: str, known: Names) -> str:
    if who == DESK:
        return ""
    for prefix, names in ((CLIENT, known.clients), (TIER, known.tiers)):
        if who.startswith(prefix):
            name = who.removeprefix(prefix)
            return "" if name in names else f"no {prefix[:-1]} {name!r}"
    return f"who: expected client:NAME, tier:NAME or desk, got {who!r}"


def _wrong_what(what: str, known: Names) -> str:
    if not what:
        return ""
    for prefix, names in ((INSTRUMENT, known.symbols), (CLASS, known.classes)):
        if what.startswith(prefix):
            name = what.removeprefix(prefix)
            return "" if name in names else f"no {prefix[:-1]} {name!r}"
    return f'what: expected "", instrument:SYMBOL or class:NAME, got {what!r}'


def _wrong_measure(limit: Limit) -> str:
    measure, what = limit.measure, limit.what
    if measure not in MEASURES:
        return f"no measure {measure!r}; there are {', '.join(MEASURES)}"
    if measure == ORDER_SIZE and not what.startswith(INSTRUMENT):
        return "order_size counts base: it needs what = instrument:SYMBOL"
    if measure in (SETTLEMENT, MEDIAN_MULTIPLE) and what:
        return f'{measure} is of everything a client does: expected what = ""'
    if measure == SETTLEMENT and limit.who == DESK:
        return "settlement is owed by each client: expected client:NAME or tier:NAME"
    return ""


def _wrong_amount(limit: Limit) -> str:
    amount, measure = limit.amount, limit.measure
    if not is_amount(amount):
        return f"amount: expected zero or more, got {amount}"
    if measure in COUNTS and (amount != amount.to_integral_value() or amount > COUNT_MAX):
        return f"{measure} is a count: expected a whole number, got {amount}"
    if measure == MEDIAN_MULTIPLE and amount < 1:
        return f"median_multiple: expected 1 or more, got {amount}"
    return ""


class SetLimit(Struct, frozen=True, tag=True):
    """Staff sets a limit; amount None: removes it. What raises one waits for a second person."""

    who: str
    what: str
    measure: str
    amount: Decimal | None
    by: str
    why: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What there can be one limit of."""
        return self.who, self.what, self.measure


class SetTradingState(Struct, frozen=True, tag=True):
    """Staff sets a trading state: ACTIVE, REDUCING or HALTED. scope: `desk`, `client:ALPHA` or
    `instrument:BTC/USD`."""

    scope: str
    state: str
    by: str
    why: str


class MarksMoved(Struct, frozen=True, tag=True):
    """What portfolio-wide limits value positions at (R15): asset to (rate into the limit currency,
    when it last changed). Becomes State; at most one a second."""

    marks: dict[str, tuple[Decimal, Instant]]
