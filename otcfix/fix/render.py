"""From typed replies to the words of each FIX version (R7, R8).

What is rendered here is valid in the *stock* dictionary of its version: a client who never loads
ours can read every message. A body is `tag=value` fields with SOH behind each; header and trailer
belong to the session.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from otcfix.fix import render_captures, render_enquiries
from otcfix.fix.body import V42, V44, V50, Body, Instruments, Rendered
from otcfix.fix.render_post_trade import EXEC_TRANS_TYPE, allocation_answered, confirmed
from otcfix.fix.render_provider import mass_quote_acknowledged
from otcfix.fix.wire import SOH
from otcfix.model.messages import Side, Unit
from otcfix.model.order import NEW, Order
from otcfix.model.party import Session
from otcfix.model.refusal import (
    BUSINESS_CODES,
    CANCEL_CODES,
    ORDER_CODES,
    QUOTE_CODES,
    code_of,
)
from otcfix.model.replies import (
    AllocationAnswered,
    BusinessRejected,
    Confirmed,
    ExecutionReport,
    MarketDataRefused,
    MassCancelReported,
    MassQuoteAcknowledged,
    OrderCancelRejected,
    QuoteMade,
    QuoteRefused,
    QuoteStatusReport,
    QuoteWithdrawn,
    Reply,
    SessionRejected,
)
from otcfix.model.time import utc_timestamp


def rendered(reply: Reply, session: Session, instruments: Instruments) -> Rendered:
    """Write *reply* in the version and with the symbols of *session*."""
    return WRITERS[type(reply)](reply, session, instruments)


def _quote(reply: QuoteMade, session: Session, instruments: Instruments) -> Rendered:
    # Written as one string: quotes and reports are most of what the desk says.
    quote, version = reply.quote, session.version
    lot = instruments[quote.symbol].lot
    sizes = not (version == V42 and not quote.firm)
    # 97 comes first: a field of the header is told from the body by its place.
    again = f"97=Y{SOH}" if reply.poss_resend else ""
    parts = [f"{again}117={quote.quote_id}{SOH}131={quote.quote_req_id}{SOH}"]
    parts.append(f"55={quote.symbol_sent}{SOH}")
    if version != V42:
        tag = 152 if quote.unit is Unit.CASH else 38
        parts.append(f"537={int(quote.firm)}{SOH}{tag}={quote.quantity:f}{SOH}")
        if quote.wire_side:
            parts.append(f"54={quote.wire_side}{SOH}")
        if quote.account:
            parts.append(f"1={quote.account}{SOH}")
    if quote.currency:
        parts.append(f"15={quote.currency}{SOH}")
    if quote.bid is not None:
        size = quote.size_for(Side.SELL, lot) if sizes else Decimal(0)
        parts.append(f"132={quote.bid:f}{SOH}134={size:f}{SOH}")
    if quote.offer is not None:
        size = quote.size_for(Side.BUY, lot) if sizes else Decimal(0)
        parts.append(f"133={quote.offer:f}{SOH}135={size:f}{SOH}")
    if quote.firm:
        parts.append(f"62={utc_timestamp(quote.valid_until)}{SOH}")
    parts.append(f"64={quote.settl_date}{SOH}60={utc_timestamp(quote.made_at)}{SOH}")
    return Rendered("S", "".join(parts), price=True)


def _quote_refused(reply: QuoteRefused, session: Session, instruments: Instruments) -> Rendered:
    body = Body()
    code = code_of(QUOTE_CODES, reply.refusal, session.version)
    body.add(131, reply.quote_req_id)
    if session.version == V42:
        body.add(297, 5)
        body.add(300, code)
        body.text(reply.text)
        return Rendered("b", str(body))
    body.add(658, code)
    body.add(146, 1)
    body.add(55, reply.symbol_sent or "NONE")
    body.add(54, reply.wire_side if reply.wire_side in ("1", "2") else "")
    body.number(152 if reply.unit is Unit.CASH else 38, reply.quantity)
    body.add(15, reply.currency if reply.unit is not Unit.UNKNOWN else "")
    body.text(reply.text)
    return Rendered("AG", str(body))


def _quote_withdrawn(reply: QuoteWithdrawn, session: Session, instruments: Instruments) -> Rendered:
    quote = reply.quote
    body = Body()
    body.add(131, quote.quote_req_id)
    body.add(117, quote.quote_id)
    if session.version == V50:
        body.add(298, 5)
    else:
        body.add(298, 1)
        body.add(295, 1)
        body.add(55, quote.symbol_sent)
    return Rendered("Z", str(body))


QUOTE_STATUS = {
    "LIVE": ("0", "0", "16"),
    "EXPIRED": ("5", "7", "7"),
    "GONE": ("5", "5", "5"),
    "UNKNOWN": ("5", "9", "9"),
    "CANCELED": ("1", "1", "17"),
    "ALL_CANCELED": ("4", "4", "17"),
    "PASS": ("1", "11", "11"),
}
"""QuoteStatus(297) per version; 4.2 says it in a QuoteAcknowledgement(35=b)."""


def _quote_status(reply: QuoteStatusReport, session: Session, instruments: Instruments) -> Rendered:
    version = (V42, V44, V50).index(session.version)
    body = Body()
    if version == 0:
        body.add(131, reply.quote_req_id)
        body.add(117, reply.quote_id)
        body.add(297, QUOTE_STATUS[reply.status][0])
        if reply.status == "UNKNOWN":
            body.add(300, 5)
        body.text(reply.text or {"EXPIRED": "expired"}.get(reply.status, ""))
        return Rendered("b", str(body))
    body.add(649, reply.quote_status_req_id)
    body.add(693, reply.quote_resp_id)
    if reply.quote_req_id:
        body.add(131, reply.quote_req_id)
    body.add(117, reply.quote_id or "NONE")
    body.add(55, reply.symbol_sent)
    body.add(297, QUOTE_STATUS[reply.status][version])
    body.text(reply.text)
    return Rendered("AI", str(body))


EXEC_TYPE = {
    "NEW": "0",
    "TRADE": "F",
    "CANCELED": "4",
    "REPLACED": "5",
    "REJECTED": "8",
    "EXPIRED": "C",
    "STATUS": "I",
    "BUST": "H",
    "CORRECT": "G",
}
"""ExecType(150) from 4.3 on."""

CANCEL_REASON = {"DISCONNECT": ("4", "99", "12"), "DESK": ("4", "99", "99")}
"""ExecRestatementReason(378) per version (R23)."""


def _execution(reply: ExecutionReport, session: Session, instruments: Instruments) -> Rendered:
    order, version = reply.order, session.version
    exec_type, status = EXEC_TYPE[reply.exec_type], order.status
    trans = ""
    if version == V42:
        trans = f"20={EXEC_TRANS_TYPE.get(reply.exec_type, 0)}{SOH}"
        if reply.exec_type == "REPLACED" and status == NEW:
            status = "5"
        if reply.exec_type in ("TRADE", "STATUS", "BUST", "CORRECT"):
            exec_type = status
    text = (
        f"37={order.order_id}{SOH}17={reply.exec_id}{SOH}{trans}150={exec_type}{SOH}39={status}{SOH}"
        f"55={order.symbol_sent or 'NONE'}{SOH}54={order.wire_side}{SOH}"
        f"{_terms_of_order(order)}{_fill(reply, version)}"
        f"151={order.leaves_qty:f}{SOH}14={order.cum_qty:f}{SOH}6={_average(order)}{SOH}"
        f"60={utc_timestamp(reply.at)}{SOH}"
    )
    body = Body()
    body.parts.append(text)
    body.add(11, reply.cl_ord_id)
    body.add(41, reply.orig_cl_ord_id)
    body.add(1, order.account)
    body.add(19, reply.exec_ref_id)
    if reply.refusal is not None:
        body.add(103, code_of(ORDER_CODES, reply.refusal, version))
    if reply.cancel_reason:
        body.add(378, CANCEL_REASON[reply.cancel_reason][(V42, V44, V50).index(version)])
    if reply.text:
        body.text(reply.text)
    if version != V42:
        _references(body, reply)
    if order.end_client:
        _end_client(body, order.end_client, version)
    exec_id = "" if reply.exec_type == "STATUS" else reply.exec_id
    return Rendered("8", "".join(body.parts), exec_id)


def _end_client(body: Body, end_client: str, version: str) -> None:
    """Whose report it is, in the words that a broker names him by (R23)."""
    if version == V42:
        body.add(109, end_client)
        return
    for tag, value in ((453, "1"), (448, end_client), (447, "D"), (452, "3")):
        body.add(tag, value)


def _references(body: Body, reply: ExecutionReport) -> None:
    """What a report belongs to: a QuoteResponse, another session's report, a mass status."""
    body.add(693, reply.quote_resp_id)
    if reply.copy_of:
        body.add(797, "Y")
    if reply.mass_status_req_id:
        body.add(584, reply.mass_status_req_id)
        body.add(911, reply.mass_status_total)
        if reply.mass_status_total is not None:
            body.add(912, "Y" if reply.mass_status_last else "N")


def _average(order: Order) -> str:
    return f"{trimmed(order.avg_px):f}" if order.cum_qty else "0"


def _terms_of_order(order: Order) -> str:
    text = f"38={order.quantity:f}{SOH}"
    if order.ord_type:
        text += f"40={order.ord_type}{SOH}"
    if order.time_in_force:
        text += f"59={order.time_in_force}{SOH}"
    if order.price is not None:
        text += f"44={order.price:f}{SOH}"
    if order.currency:
        text += f"15={order.currency}{SOH}"
    if order.cash_order_qty is not None:
        text += f"152={order.cash_order_qty:f}{SOH}"
    if order.expire_time is not None:
        text += f"126={utc_timestamp(order.expire_time)}{SOH}"
    if order.expire_date:
        text += f"432={order.expire_date}{SOH}"
    if order.min_qty is not None:
        text += f"110={order.min_qty:f}{SOH}"
    return text


def _fill(reply: ExecutionReport, version: str) -> str:
    if reply.last_qty is None:
        return ""
    text = (
        f"32={reply.last_qty:f}{SOH}31={reply.last_px:f}{SOH}381={reply.gross:f}{SOH}"
        f"119={reply.contra:f}{SOH}120={reply.contra_asset}{SOH}75={reply.trade_date}{SOH}"
        f"64={reply.settl_date}{SOH}"
    )
    if reply.fee is not None:
        text += f"12={reply.fee:f}{SOH}13=3{SOH}"
        if version != V42:
            text += f"479={reply.fee_asset}{SOH}"
    return text


def trimmed(value: Decimal) -> Decimal:
    """The same number without trailing zeros behind the point: 100100.0000000000 is 100100."""
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()


def _cancel_rejected(
    reply: OrderCancelRejected, session: Session, instruments: Instruments
) -> Rendered:
    body = Body()
    body.add(37, reply.order_id)
    body.add(11, reply.cl_ord_id)
    body.add(41, reply.orig_cl_ord_id)
    body.add(39, reply.ord_status)
    body.add(1, reply.account)
    body.add(434, reply.response_to)
    body.add(102, code_of(CANCEL_CODES, reply.refusal, session.version))
    body.add(60, utc_timestamp(reply.at))
    body.text(reply.text)
    return Rendered("9", str(body))


def _mass_cancel(reply: MassCancelReported, session: Session, instruments: Instruments) -> Rendered:
    body = Body()
    body.add(11, reply.cl_ord_id)
    body.add(37, reply.order_id)
    if session.version == V50:
        body.add(1369, reply.order_id)
    body.add(530, reply.request_type)
    body.add(531, reply.response)
    body.add(532, reply.reject_reason)
    if reply.response != "0":
        body.add(533, len(reply.affected))
    if reply.affected:
        body.add(534, len(reply.affected))
        for cl_ord_id, order_id in reply.affected:
            body.add(1824 if session.version == V50 else 41, cl_ord_id)
            body.add(535, order_id)
    body.add(55, reply.symbol_sent)
    body.add(60, utc_timestamp(reply.at))
    body.text(reply.text)
    return Rendered("r", str(body))


def _business_rejected(
    reply: BusinessRejected, session: Session, instruments: Instruments
) -> Rendered:
    body = Body()
    body.add(45, reply.ref_seq_num)
    body.add(372, reply.ref_msg_type)
    body.add(379, reply.ref_id)
    body.add(380, code_of(BUSINESS_CODES, reply.refusal, session.version))
    body.text(reply.text)
    return Rendered("j", str(body))


def _session_rejected(
    reply: SessionRejected, session: Session, instruments: Instruments
) -> Rendered:
    body = Body()
    body.add(45, reply.ref_seq_num)
    body.add(371, reply.ref_tag or None)
    body.add(372, reply.ref_msg_type)
    reason = reply.reason
    if session.version == V42 and reason > 11:
        reason = 5
    body.add(373, reason)
    body.text(reply.text)
    return Rendered("3", str(body))


def _market_data_refused(
    reply: MarketDataRefused, session: Session, instruments: Instruments
) -> Rendered:
    body = Body()
    body.add(262, reply.md_req_id)
    body.add(281, reply.reason)
    body.text(reply.text)
    return Rendered("Y", str(body))


def _in_full(write: Callable[..., Any]) -> Callable[..., Rendered]:
    return lambda *about: Rendered(*write(*about))


WRITERS: dict[type, Callable[[Any, Session, Instruments], Rendered]] = {
    QuoteMade: _quote,
    QuoteRefused: _quote_refused,
    QuoteWithdrawn: _quote_withdrawn,
    QuoteStatusReport: _quote_status,
    MassQuoteAcknowledged: lambda *about: Rendered(*mass_quote_acknowledged(*about)),
    ExecutionReport: _execution,
    OrderCancelRejected: _cancel_rejected,
    MassCancelReported: _mass_cancel,
    BusinessRejected: _business_rejected,
    SessionRejected: _session_rejected,
    MarketDataRefused: _market_data_refused,
    AllocationAnswered: lambda *about: Rendered(*allocation_answered(*about)),
    Confirmed: lambda *about: Rendered(*confirmed(*about)),
    **{kind: _in_full(write) for kind, write in render_enquiries.WRITERS.items()},
    **{kind: _in_full(write) for kind, write in render_captures.WRITERS.items()},
}
