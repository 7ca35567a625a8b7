"""What the desk says: typed, before a version or a dialect gives it its wire form.

Every reply names the session that it goes to and, for brokers, the 128/129 that mirror the
request's 115/116 (R23). Refusals become codes when rendered, by the session's version.
"""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.answers import Answer
from otcfix.model.messages import Unit
from otcfix.model.order import Order
from otcfix.model.post_trade import AllocatedTo, Allocation
from otcfix.model.quote import Quote
from otcfix.model.refusal import Refusal
from otcfix.model.time import Instant


class QuoteMade(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Quote(35=S)."""

    session: str
    quote: Quote
    poss_resend: bool = False


class QuoteRefused(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """QuoteRequestReject(35=AG); 4.2: QuoteAcknowledgement(35=b) 297=5."""

    session: str
    quote_req_id: str
    symbol_sent: str
    wire_side: str
    quantity: Decimal | None
    refusal: Refusal
    text: str
    deliver_to: str = ""
    deliver_to_sub: str = ""
    unit: Unit = Unit.BASE
    currency: str = ""


class QuoteWithdrawn(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """QuoteCancel(35=Z): the desk ends a firm quote before its time, or tells its expiry (A6)."""

    session: str
    quote: Quote
    text: str = ""


class QuoteStatusReport(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """QuoteStatusReport(35=AI); 4.2: QuoteAcknowledgement(35=b).

    status: LIVE, EXPIRED, GONE (dealt, withdrawn, passed), UNKNOWN, CANCELED, ALL_CANCELED or
    PASS; render turns it into QuoteStatus(297) of the version.
    """

    session: str
    status: str
    quote_id: str
    quote_req_id: str
    symbol_sent: str
    quote_status_req_id: str = ""
    quote_resp_id: str = ""
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class ExecutionReport(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """ExecutionReport(35=8) on *order* as it stands after it.

    exec_type: NEW, TRADE, CANCELED, REPLACED, REJECTED, EXPIRED, STATUS, BUST or CORRECT.
    exec_ref_id: of these two, the ExecID(17) that does not stand any more. last_qty counts the
    order's unit; gross is terms, contra the amount of the asset that Currency(15) is not.
    cl_ord_id and orig_cl_ord_id are the ones to print. at is TransactTime(60). copied_to: the drop
    copies that hear it as well (R23); copy_of: of the copy for one of them, whom it was said to.
    """

    session: str
    exec_type: str
    exec_id: str
    order: Order
    cl_ord_id: str
    at: Instant
    orig_cl_ord_id: str = ""
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    gross: Decimal | None = None
    contra: Decimal | None = None
    contra_asset: str = ""
    fee: Decimal | None = None
    fee_asset: str = ""
    trade_date: str = ""
    settl_date: str = ""
    refusal: Refusal | None = None
    text: str = ""
    cancel_reason: str = ""
    quote_resp_id: str = ""
    copy_of: str = ""
    mass_status_req_id: str = ""
    mass_status_total: int | None = None
    mass_status_last: bool = False
    copied_to: tuple[str, ...] = ()
    exec_ref_id: str = ""


class OrderCancelRejected(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """OrderCancelReject(35=9); response_to is 434: 1 cancel, 2 replace; refusal gives 102."""

    session: str
    order_id: str
    cl_ord_id: str
    orig_cl_ord_id: str
    ord_status: str
    response_to: str
    refusal: Refusal
    text: str
    account: str = ""
    at: Instant = 0
    deliver_to: str = ""
    deliver_to_sub: str = ""


class MassCancelReported(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """OrderMassCancelReport(35=r). response 0 means refused, with reject_reason (532)."""

    session: str
    order_id: str
    cl_ord_id: str
    request_type: str
    response: str
    affected: tuple[tuple[str, str], ...]
    symbol_sent: str = ""
    reject_reason: str = ""
    text: str = ""
    at: Instant = 0
    deliver_to: str = ""
    deliver_to_sub: str = ""


class MassQuoteAcknowledged(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """The answer to a provider's MassQuote. reason: QuoteRejectReason(300), 0 for accepted."""

    session: str
    quote_id: str
    quote_req_id: str
    reason: int
    response_level: int
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class BusinessRejected(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """BusinessMessageReject(35=j); ref_id is BusinessRejectRefID(379)."""

    session: str
    ref_seq_num: int
    ref_msg_type: str
    ref_id: str
    refusal: Refusal
    text: str
    deliver_to: str = ""
    deliver_to_sub: str = ""


class SessionRejected(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Reject(35=3): the message breaks FIX in a way that QuickFIX does not see."""

    session: str
    ref_seq_num: int
    ref_msg_type: str
    ref_tag: int
    reason: int
    text: str
    deliver_to: str = ""
    deliver_to_sub: str = ""


class AllocationAnswered(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """AllocationInstructionAck(35=P). refusal None: accepted."""

    session: str
    alloc_id: str
    trade_date: str
    at: Instant
    refusal: Refusal | None = None
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class Confirmed(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Confirmation(35=AK) of one account's part of *allocation*. cancels: the ConfirmID(664) of the
    one that this one takes back, "" for a new one."""

    session: str
    confirm_id: str
    allocation: Allocation
    part: AllocatedTo
    at: Instant
    cancels: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class MarketDataRefused(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """MarketDataRequestReject(35=Y); reason is MDReqRejReason(281), "" where FIX has none."""

    session: str
    md_req_id: str
    reason: str
    text: str
    deliver_to: str = ""
    deliver_to_sub: str = ""


Reply = (
    QuoteMade
    | QuoteRefused
    | QuoteWithdrawn
    | QuoteStatusReport
    | ExecutionReport
    | OrderCancelRejected
    | MassCancelReported
    | MassQuoteAcknowledged
    | BusinessRejected
    | SessionRejected
    | MarketDataRefused
    | AllocationAnswered
    | Confirmed
    | Answer
)

PRICES = (QuoteMade,)
"""Replies that are never sent again (R10)."""
