"""What the desk lays before the gate: the message, and everything already looked up for it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from otcfix.gate.authority import Authority
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Head, NewOrderSingle, QuoteRequest, QuoteRequestLine
from otcfix.model.party import Client, Desk, Session
from otcfix.model.quote import Quote
from otcfix.model.refusal import Refusal
from otcfix.model.time import Instant


class Use(Struct, gc=False):
    """What of one limit is used before and would be after the deal; None: it cannot be valued.

    In units of 1E-8 of the limit currency (order_size: of base); counts as they are. eases: the
    deal reduces the position of whom the limit is on, or asks for nothing more.
    """

    before: int | None
    after: int | None
    amount: int
    limit: str
    eases: bool = False
    detail: str = ""


Uses = Mapping[str, Sequence[Use]]
"""By measure."""


class Common(Struct, gc=False):
    """What quote and order cases share.

    received_at judges age (R18). conversion is the rate of the base asset into the limit
    currency, None when missing or old. notional and position_* are in that currency. need and
    free are minor units of need_asset. throttled comes from the session's rate counter,
    retry_after_ms says when it would pass. uses: what of each limit is used; None: not measured.
    """

    head: Head
    session: Session
    client: Client | None
    client_id: str
    authority: Authority
    received_at: Instant
    desk: Desk
    halted: bool
    throttled: bool
    account: str
    end_client: str
    instrument: Instrument | None
    instrument_state: str
    settl_date: date | None
    duplicate: str = ""
    conversion: Decimal | None = None
    base_quantity: Decimal | None = None
    notional: Decimal | None = None
    position_before: Decimal | None = None
    position_after: Decimal | None = None
    need: int | None = None
    free: int | None = None
    need_asset: str = ""
    pricing_refusal: Refusal | None = None
    retry_after_ms: int = 0
    uses: Uses | None = None


class QuoteCase(Common, gc=False, kw_only=True):
    """One line of a QuoteRequest(35=R)."""

    request: QuoteRequest
    line: QuoteRequestLine
    repeated_line: bool


class OrderCase(Common, gc=False, kw_only=True):
    """A NewOrderSingle(35=D), a hit by AJ, or the order that a replace (G) would make.

    increase: for G, how much more the order asks for (checks of size and limits use it).
    price: what it would deal at: the client's price now; for 40=D what last look leaves of the
    quoted one (R19; last_look says which case, look_refused that it refuses). worst: the worst
    that the order allows, collar_reference: the market that its limit is measured against.
    rung_left: of a rung of a stream, what the client may still deal on it, in base; the quote then
    stands for the rung.
    """

    order: NewOrderSingle
    quote: Quote | None = None
    quote_state: str = ""
    expire_at: Instant | None = None
    price: Decimal | None = None
    quoted_price: Decimal | None = None
    worst: Decimal | None = None
    mid: Decimal | None = None
    depth_short: bool = False
    price_moved: bool = False
    last_look: str = "NONE"
    look_refused: bool = False
    replaces: bool = False
    rung_left: Decimal | None = None


def age_refusal(
    head: Head, transact_time: Instant | None, session: Session, received_at: Instant, max_ms: int
) -> tuple[Instant, Instant, bool]:
    """R3: (age, limit, refused) in microseconds of a request.

    Its birth is OrigSendingTime(122) when PossDup, TransactTime(60) when PossResend or when the
    session says so, else SendingTime(52). From the future beyond the skew is refused as well.
    """
    if head.poss_dup and head.orig_sending_time is not None:
        birth = head.orig_sending_time
    elif (head.poss_resend or session.age_by_transact_time) and transact_time is not None:
        birth = transact_time
    else:
        birth = head.sending_time
    age = received_at - birth
    limit = max_ms * 1_000
    return age, limit, age > limit or -age > session.clock_skew_max_ms * 1_000
