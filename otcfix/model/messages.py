"""What clients say, parsed once. Field names are FIX's in snake_case.

Sides are of the base asset (R6): `fix.parse` is the only place that converts. `wire_side` keeps
what was sent, for echoing. An absent optional string is "", an absent number is None.
"""

from datetime import date
from decimal import Decimal
from enum import IntEnum

from msgspec import Struct

from otcfix.model.time import Instant


class Side(IntEnum):
    """The client's side of the base asset: Side(54) after conversion."""

    BUY = 1
    SELL = 2

    __hash__ = int.__hash__  # Enum's own runs in Python, and sides are part of many keys


class Unit(IntEnum):
    """What a quantity counts: base, terms (Currency(15) is terms), or CashOrderQty(152).

    UNKNOWN: 15 is neither; BOTH: 38 and 152 were sent together. Neither is ever accepted.
    """

    BASE = 0
    TERMS = 1
    CASH = 2
    UNKNOWN = 3
    BOTH = 4


class Head(Struct, frozen=True, gc=False):
    """The header of an inbound message and the digest of its body (R17).

    on_behalf_of is OnBehalfOfCompID(115), on_behalf_of_sub OnBehalfOfSubID(116): mirrored as
    128/129 on every answer. digest covers all but 8, 9, 10, 34, 43, 52, 97, 122.
    """

    session: str
    msg_type: str
    msg_seq_num: int
    sending_time: Instant
    poss_dup: bool = False
    poss_resend: bool = False
    orig_sending_time: Instant | None = None
    on_behalf_of: str = ""
    on_behalf_of_sub: str = ""
    digest: str = ""
    ignored_tags: tuple[int, ...] = ()

    @property
    def resent(self) -> bool:
        """Whether the message says of itself that it may have been sent before."""
        return self.poss_dup or self.poss_resend


class QuoteRequestLine(Struct, frozen=True, gc=False):
    """One instrument of a QuoteRequest(35=R). side None asks for both sides.

    request_type: QuoteRequestType(303); 2 asks for a stream.
    """

    symbol: str
    symbol_sent: str
    side: Side | None
    wire_side: str
    quantity: Decimal | None
    unit: Unit
    currency: str
    quote_type: int | None
    settl_date: str
    settl_type: str
    account: str
    ord_type: str = ""
    price: Decimal | None = None
    faults: tuple[int, ...] = ()
    request_type: str = ""


class QuoteRequest(Struct, frozen=True, gc=False):
    """QuoteRequest(35=R)."""

    head: Head
    quote_req_id: str
    lines: tuple[QuoteRequestLine, ...]
    end_client: str
    expire_time: Instant | None
    transact_time: Instant | None
    missing: tuple[int, ...] = ()


class NewOrderSingle(Struct, frozen=True, gc=False):
    """NewOrderSingle(35=D), or the hit of a QuoteResponse(35=AJ, 694=1) which deals like one.

    missing: tags that the desk requires and that are absent. expire_date is a LocalMktDate.
    quote_resp_id: QuoteRespID(693) of the AJ, "" for a D. not_done: a tag that would change the
    order's meaning in a way that the desk does not do (a stop price, an effective time).
    """

    head: Head
    cl_ord_id: str
    account: str
    end_client: str
    symbol: str
    symbol_sent: str
    side: Side
    wire_side: str
    quantity: Decimal | None
    unit: Unit
    currency: str
    ord_type: str
    price: Decimal | None
    time_in_force: str
    expire_time: Instant | None
    expire_date: date | None
    min_qty: Decimal | None
    quote_id: str
    transact_time: Instant | None
    max_price_deviation: Decimal | None
    exec_inst: str
    handl_inst: str
    settl_date: str
    settl_type: str
    quote_resp_id: str = ""
    missing: tuple[int, ...] = ()
    not_done: int = 0


class OrderCancelRequest(Struct, frozen=True, gc=False):
    """OrderCancelRequest(35=F)."""

    head: Head
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    symbol: str
    symbol_sent: str
    wire_side: str
    end_client: str
    missing: tuple[int, ...] = ()


class OrderCancelReplaceRequest(Struct, frozen=True, gc=False):
    """OrderCancelReplaceRequest(35=G): the D it would be, and what it changes."""

    orig_cl_ord_id: str
    order_id: str
    order: NewOrderSingle

    @property
    def head(self) -> Head:
        """The header of the message."""
        return self.order.head


class OrderStatusRequest(Struct, frozen=True, gc=False):
    """OrderStatusRequest(35=H)."""

    head: Head
    cl_ord_id: str
    order_id: str
    symbol: str
    symbol_sent: str
    wire_side: str
    end_client: str
    missing: tuple[int, ...] = ()


class OrderMassCancelRequest(Struct, frozen=True, gc=False):
    """OrderMassCancelRequest(35=q); mass_cancel_request_type is 530: 1 one symbol, 7 all."""

    head: Head
    cl_ord_id: str
    mass_cancel_request_type: str
    symbol: str
    symbol_sent: str
    end_client: str
    missing: tuple[int, ...] = ()


class OrderMassStatusRequest(Struct, frozen=True, gc=False):
    """OrderMassStatusRequest(35=AF)."""

    head: Head
    mass_status_req_id: str
    mass_status_req_type: str
    symbol: str
    symbol_sent: str
    end_client: str
    missing: tuple[int, ...] = ()


class QuoteCancel(Struct, frozen=True, gc=False):
    """QuoteCancel(35=Z) of a client, or the pass of a QuoteResponse(35=AJ, 694=6).

    wants_answer is False where QuoteResponseLevel(301) is 0.
    """

    head: Head
    quote_id: str
    quote_req_id: str
    quote_cancel_type: str
    symbol: str
    symbol_sent: str
    wants_answer: bool
    quote_resp_id: str = ""
    missing: tuple[int, ...] = ()
    end_client: str = ""


class QuoteCounter(Struct, frozen=True, gc=False):
    """QuoteResponse(35=AJ) with a QuoteRespType(694) that we do not do: answered by j 380=3."""

    head: Head
    quote_resp_id: str
    quote_resp_type: str


class QuoteStatusRequest(Struct, frozen=True, gc=False):
    """QuoteStatusRequest(35=a)."""

    head: Head
    quote_status_req_id: str
    quote_id: str
    quote_req_id: str
    symbol: str
    symbol_sent: str
    missing: tuple[int, ...] = ()
    end_client: str = ""


class MarketDataRequest(Struct, frozen=True, gc=False):
    """MarketDataRequest(35=V). symbols: (ours, as sent); depth: MarketDepth(264), 0 for all.

    Values that FIX does not know stay as they were sent; the gate refuses them by 35=Y.
    """

    head: Head
    md_req_id: str
    subscription_type: str
    depth: int
    update_type: str
    entry_types: tuple[str, ...]
    symbols: tuple[tuple[str, str], ...]
    missing: tuple[int, ...] = ()


class ProviderQuote(Struct, frozen=True, gc=False):
    """Quote(35=S) that a liquidity provider sends us: a price contribution."""

    head: Head
    quote_id: str
    symbol: str
    bid: Decimal | None
    offer: Decimal | None
    bid_size: Decimal | None
    offer_size: Decimal | None
    valid_until: Instant | None
    indicative: bool = False
    """QuoteType(537)=0: the price is pulled."""


class ProviderEntry(Struct, frozen=True, gc=False, array_like=True):
    """One entry of a MassQuote. valid_until: its own 62, else the set's 367."""

    quote_set_id: str
    quote_entry_id: str
    symbol: str
    bid: Decimal | None
    offer: Decimal | None
    bid_size: Decimal | None
    offer_size: Decimal | None
    valid_until: Instant | None


class ProviderMassQuote(Struct, frozen=True, gc=False):
    """MassQuote(35=i) of a liquidity provider. response_level: 301, 1 only refusals, 2 always."""

    head: Head
    quote_id: str
    quote_req_id: str
    entries: tuple[ProviderEntry, ...]
    indicative: bool = False
    response_level: int = 0


class ProviderQuoteCancel(Struct, frozen=True, gc=False):
    """QuoteCancel(35=Z) of a liquidity provider: 298=4 all, symbols where it names some, else 117.

    One that names nothing pulls everything.
    """

    head: Head
    quote_id: str
    quote_cancel_type: str
    symbols: tuple[str, ...] = ()


class Complaint(Struct, frozen=True, gc=False):
    """Reject(3), BusinessMessageReject(j) or DontKnowTrade(Q) about something we said.

    ref_seq_num: RefSeqNum(45) of our message, None in a Q; exec_id: ExecID(17) of a Q.
    """

    head: Head
    ref_seq_num: int | None
    ref_msg_type: str
    exec_id: str
    order_id: str
    reason: str
    text: str


class AllocationInstruction(Struct, frozen=True, gc=False):
    """AllocationInstruction(35=J): which accounts filled orders are for.

    trans_type: 71; alloc_type: 626, "" in 4.2. orders: (11, 37) of each in group 73; parts: (79,
    80) of each in group 78. missing: required by the desk, and absent.
    """

    head: Head
    alloc_id: str
    trans_type: str
    alloc_type: str
    ref_alloc_id: str
    orders: tuple[tuple[str, str], ...]
    symbol: str
    symbol_sent: str
    wire_side: str
    quantity: Decimal | None
    avg_px: Decimal | None
    trade_date: str
    parts: tuple[tuple[str, Decimal | None], ...]
    end_client: str
    missing: tuple[int, ...] = ()


class ConfirmationAck(Struct, frozen=True, gc=False):
    """ConfirmationAck(35=AU); affirm_status: 940, reason: 774."""

    head: Head
    confirm_id: str
    affirm_status: str
    reason: str
    text: str
    missing: tuple[int, ...] = ()


class Malformed(Struct, frozen=True, gc=False):
    """A message that breaks FIX: answered by Reject(35=3) with SessionRejectReason(373)."""

    head: Head
    session_reject_reason: int
    ref_tag: int
    text: str


class Unsupported(Struct, frozen=True, gc=False):
    """A message type that otcfix does not speak: answered by j 380=3."""

    head: Head


class Orphan(Struct, frozen=True, gc=False):
    """A message of a session that has been removed since it came: journaled, not answered."""

    head: Head


Inbound = (
    QuoteRequest
    | NewOrderSingle
    | OrderCancelRequest
    | OrderCancelReplaceRequest
    | OrderStatusRequest
    | OrderMassCancelRequest
    | OrderMassStatusRequest
    | QuoteCancel
    | QuoteCounter
    | QuoteStatusRequest
    | MarketDataRequest
    | ProviderQuote
    | ProviderMassQuote
    | ProviderQuoteCancel
    | Complaint
    | AllocationInstruction
    | ConfirmationAck
    | Malformed
    | Unsupported
    | Orphan
)
