"""Limits: who may have how much of what; and the trading states."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant

MEASURES = (
    "order_size",
    "order_notional",
    "quote_notional",
    "open_orders",
    "open_quotes",
    "position",
    "settlement",
    "turnover_day",
    "turnover_30d",
    "loss",
)
"""order_size in base; open_orders and open_quotes are counts; the others in the limit currency."""

DESK = "desk"

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


class SetLimit(Struct, frozen=True, tag=True):
    """Staff sets a limit; amount None: removes it. What raises one waits for a second person."""

    who: str
    what: str
    measure: str
    amount: Decimal | None
    by: str
    why: str


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
