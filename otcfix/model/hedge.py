"""Covering the desk's risk: rules, orders to venues, what venues say of them."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.messages import Side
from otcfix.model.time import Instant

NONE = "none"
BACK_TO_BACK = "back_to_back"
BAND = "band"
MANUAL = "manual"
MODES = (NONE, BACK_TO_BACK, BAND, MANUAL)

PENDING = "PENDING"
"""Journaled; the venue has not said that it knows it."""
WORKING = "WORKING"
UNKNOWN = "UNKNOWN"
"""The line broke, or the desk: nothing is sent again before the venue has answered 35=H."""
FILLED = "FILLED"
REJECTED = "REJECTED"
CANCELED = "CANCELED"
FINAL = (FILLED, REJECTED, CANCELED)

BUSTED = "BUSTED"
"""Status of a HedgeFill that takes an earlier one back: its amounts are negative."""

_ZERO = Decimal(0)


class HedgeRule(Struct, frozen=True, omit_defaults=True):
    """hedging.toml: how one instrument is covered.

    band: inventory within +-band (base) is kept; *target* is where a cover goes back to.
    venues: hedge venues in order of preference. slippage_max_bps: the limit of a cover, from the
    stamped best price. attempts_max: re-hedges of what a venue refused or left open.
    quantity_max: the largest single hedge order. exposure_max per venue (base): 0 for none.
    answer_within_ms: how long a venue may be silent about an order before it is asked (35=H).
    resend_age_ms: an order that never reached its venue is sent again as it is while it is younger;
    afterwards its price is of another market, and what is left is covered anew.
    """

    symbol: str
    mode: str = NONE
    venues: tuple[str, ...] = ()
    band: Decimal = Decimal(0)
    target: Decimal = Decimal(0)
    slippage_max_bps: Decimal = Decimal(20)
    attempts_max: int = 3
    quantity_max: Decimal | None = None
    lot: Decimal | None = None
    exposure_max: Decimal = Decimal(0)
    answer_within_ms: int = 5_000
    resend_age_ms: int = 10_000


class HedgeOrder(Struct, frozen=True, gc=False, array_like=True):
    """One order of ours to a venue. hedge_id is its ClOrdID(11), derived from its cause.

    side is the desk's. cause: the ExecID(17) of the fill it covers, or a command's number.
    attempt counts from 1. sent_at is the decision's time: hold time is measured from it.
    cum_qty and cum_value (terms, not rounded) are what is booked. sends: how often it was decided
    to send it, 0 while it waits for the venue's line; asks: questions (35=H) since the venue last
    moved it; due: when it is asked next, 0 for not by itself; piece: which part of a split cover;
    late: answers still to come to questions from before the order was sent last.
    """

    hedge_id: str
    venue: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    status: str
    cause: str
    attempt: int
    mid: Decimal
    sent_at: Instant
    cum_qty: Decimal = Decimal(0)
    cum_value: Decimal = Decimal(0)
    order_id: str = ""
    text: str = ""
    sends: int = 0
    asks: int = 0
    due: Instant = 0
    piece: int = 0
    late: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the venue may still fill it, for all that is known."""
        return self.status not in FINAL

    @property
    def leaves_qty(self) -> Decimal:
        """What is not filled, in base; never below zero."""
        return max(self.quantity - self.cum_qty, _ZERO)


class HedgeFill(Struct, frozen=True, gc=False, array_like=True):
    """A venue filled a hedge: amounts in major units as posted, side the desk's. exec_id is the
    venue's, unique with *venue*. status: "", or BUSTED for the reversal of an earlier fill (150=H
    or G), whose amounts are negative and whose exec_id is "R:" and the reversed one's. What a
    venue's answer to 35=H showed without naming the executions is "S:", the order and its cum; what
    staff settled by hand is "M:" and an id of ours."""

    exec_id: str
    venue: str
    hedge_id: str
    symbol: str
    side: Side
    base_amount: Decimal
    terms_amount: Decimal
    price: Decimal
    mid: Decimal
    at: Instant
    status: str = ""


ORDER = "ORDER"
STATUS = "STATUS"
DONT_KNOW = "DONT_KNOW"


class VenueRequest(Struct, frozen=True, gc=False, array_like=True):
    """What to say to a venue after the commit: ORDER (35=D, a limit IOC), STATUS (35=H) or
    DONT_KNOW (35=Q, about *exec_id*). reason is DKReason(127), text its Text(58).

    The order of a DONT_KNOW about an order that is not ours holds what the venue said of it.
    """

    what: str
    order: HedgeOrder
    exec_id: str = ""
    reason: str = ""
    text: str = ""


class VenueReport(Struct, frozen=True, tag=True):
    """Event: an ExecutionReport(35=8) of a venue on one of our orders, as we read it.

    exec_type: NEW, TRADE, CANCELED, REJECTED, STATUS, BUST, CORRECT or OTHER. status: the venue's
    OrdStatus(39) in words: NEW, PARTIAL, FILLED, CANCELED, REJECTED; "" unreadable. unknown: the
    answer to 35=H says that the venue never had the order. cum_qty, leaves_qty: None if not said.
    symbol (ours) and side (the desk's) are needed to refuse what is not ours (35=Q).
    """

    venue: str
    hedge_id: str
    order_id: str
    exec_id: str
    exec_type: str
    status: str
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    cum_qty: Decimal | None = None
    leaves_qty: Decimal | None = None
    avg_px: Decimal | None = None
    exec_ref_id: str = ""
    unknown: bool = False
    text: str = ""
    sending_time: Instant = 0
    symbol: str = ""
    side: Side | None = None


class VenueUp(Struct, frozen=True, tag=True):
    """Event: the session with a hedge venue is up: what is unknown there is asked for (35=H).

    unread: it was up all along, and something that it said could not be read.
    """

    venue: str
    unread: bool = False


class VenueDown(Struct, frozen=True, tag=True):
    """Event: the session with a hedge venue went off: its open orders are unknown."""

    venue: str


class Hedge(Struct, frozen=True, tag=True):
    """Command: staff covers by hand. quantity in base, side the desk's; venue "" takes the
    rule's first; price None takes the slippage limit of the rule."""

    symbol: str
    side: Side
    quantity: Decimal
    by: str
    why: str
    venue: str = ""
    price: Decimal | None = None


class SettleHedge(Struct, frozen=True, tag=True):
    """Command: staff learnt from the venue how an order ended: filled *cum_qty* (base) in all, at
    *avg_px* on average (None when nothing was filled). Unfreezes what waits for it."""

    hedge_id: str
    cum_qty: Decimal
    avg_px: Decimal | None
    by: str
    why: str
