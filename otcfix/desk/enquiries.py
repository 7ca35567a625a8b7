"""OrderStatusRequest and OrderMassStatusRequest: telling how things stand."""

from decimal import Decimal

from otcfix.desk import fills
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import order_of, scope_of
from otcfix.model.messages import (
    Head,
    OrderMassStatusRequest,
    OrderStatusRequest,
    Side,
    Unit,
)
from otcfix.model.order import REJECTED, Order
from otcfix.model.party import Session
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import ExecutionReport


def on_order_status_request(draft: Draft, message: OrderStatusRequest) -> None:
    """Tell the state of one order (35=H): 150=I, 4.2 20=3."""
    head = message.head
    session = draft.register.sessions[head.session]
    if message.missing:
        tag = message.missing[0]
        draft.business_reject(head, message.cl_ord_id, Refusal.MISSING_FIELD, tag)
        return
    scope = scope_of(session, message.end_client)
    order = order_of(draft, scope, message.cl_ord_id, message.order_id)
    if order is not None:
        fills.say_status(draft, order, head, message.cl_ord_id or order.cl_ord_id)
        return
    nothing = _no_order(draft, head, session, message.symbol_sent, message.wire_side)
    draft.say(
        ExecutionReport(
            head.session,
            "STATUS",
            "0",
            nothing,
            message.cl_ord_id,
            draft.event.at,
            refusal=Refusal.UNKNOWN_ORDER,
            text=wording(Refusal.UNKNOWN_ORDER),
        )
    )


def _no_order(
    draft: Draft, head: Head, session: Session, symbol_sent: str, wire_side: str
) -> Order:
    return Order(
        "NONE",
        session.client_id,
        scope_of(session, ""),
        "",
        session.account,
        head.session,
        "",
        "",
        symbol_sent,
        Side.BUY,
        wire_side or "1",
        Decimal(0),
        Unit.BASE,
        "",
        None,
        "",
        None,
        "",
        None,
        None,
        "",
        None,
        "",
        "",
        REJECTED,
        draft.event.seq,
        draft.event.at,
        deliver_to=head.on_behalf_of,
        deliver_to_sub=head.on_behalf_of_sub,
    )


def on_order_mass_status_request(draft: Draft, message: OrderMassStatusRequest) -> None:
    """Tell every open order of the client (35=AF): 585=7 all, 585=1 one symbol.

    None: one report with 911=0 and 912=Y (rules.md section 5).
    """
    head = message.head
    session = draft.register.sessions[head.session]
    request_id = message.mass_status_req_id
    if message.missing:
        draft.business_reject(head, request_id, Refusal.MISSING_FIELD, message.missing[0])
        return
    if message.mass_status_req_type not in ("1", "7"):
        draft.business_reject(head, request_id, Refusal.UNSUPPORTED, 585)
        return
    scope = scope_of(session, message.end_client)
    found = sorted(
        (
            order
            for order in draft.state.orders.values()
            if order.scope == scope
            and (message.mass_status_req_type == "7" or order.symbol == message.symbol)
        ),
        key=lambda order: order.accepted_seq,
    )
    if not found:
        nothing = _no_order(draft, head, session, message.symbol_sent, "")
        fills.say_status(
            draft,
            nothing,
            head,
            "",
            mass_status_req_id=request_id,
            mass_status_total=0,
            mass_status_last=True,
            text="no open orders",
        )
        return
    for number, order in enumerate(found, 1):
        fills.say_status(
            draft,
            order,
            head,
            order.cl_ord_id,
            mass_status_req_id=request_id,
            mass_status_total=len(found),
            mass_status_last=number == len(found),
        )
