"""OrderMassCancelRequest: the orders of one symbol, or all of a client, at once."""

from otcfix.desk import fills
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import prior_use, scope_of
from otcfix.model.event import IdUse
from otcfix.model.messages import OrderMassCancelRequest
from otcfix.model.order import CANCELED
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import MassCancelReported

NONE = "NONE"


def on_order_mass_cancel_request(draft: Draft, message: OrderMassCancelRequest) -> None:
    """Cancel the client's orders of one symbol (530=1) or all (530=7), on any session (2.8)."""
    head = message.head
    session = draft.register.sessions[head.session]
    if message.missing:
        tag = message.missing[0]
        draft.business_reject(head, message.cl_ord_id, Refusal.MISSING_FIELD, tag)
        return
    if not session.may_trade:
        draft.business_reject(head, message.cl_ord_id, Refusal.WRONG_SESSION)
        return
    scope = scope_of(session, message.end_client)
    kind = message.mass_cancel_request_type
    prior = prior_use(draft, scope, message.cl_ord_id)
    if prior and head.resent and (prior.use.kind, prior.use.digest) == ("q", head.digest):
        draft.say(_mass_report(draft, message, kind, ()))  # done before; nothing happens again
        return
    refusal = _mass_refusal(draft, message, scope)
    if refusal:
        draft.say(_mass_report(draft, message, "0", (), *refusal))
        return
    found = [
        order
        for order in draft.state.orders.values()
        if order.scope == scope and (kind == "7" or order.symbol == message.symbol)
    ]
    affected = tuple((order.cl_ord_id, order.order_id) for order in found)
    draft.say(_mass_report(draft, message, kind, affected))
    draft.uses.append(IdUse(scope, message.cl_ord_id, "q", NONE, head.digest, True))
    for order in sorted(found, key=lambda o: o.accepted_seq):
        fills.close(draft, order, CANCELED, "CANCELED")


def _mass_refusal(
    draft: Draft, message: OrderMassCancelRequest, scope: str
) -> tuple[str, str] | None:
    if message.mass_cancel_request_type not in ("1", "7"):
        return "0", wording(Refusal.UNSUPPORTED, 530)
    session = draft.register.sessions[message.head.session]
    if session.broker and message.end_client not in session.end_clients:
        # Nothing would be cancelled, and he would take that for done.
        return "99", wording(Refusal.UNKNOWN_ACCOUNT)
    if prior_use(draft, scope, message.cl_ord_id):
        return "99", wording(Refusal.DUPLICATE, 11)
    one_symbol = message.mass_cancel_request_type == "1"
    if one_symbol and message.symbol not in draft.register.instruments:
        return "1", wording(Refusal.UNKNOWN_SYMBOL, 55)
    return None


def _mass_report(
    draft: Draft,
    message: OrderMassCancelRequest,
    response: str,
    affected: tuple[tuple[str, str], ...],
    reject_reason: str = "",
    text: str = "",
) -> MassCancelReported:
    head = message.head
    return MassCancelReported(
        head.session,
        draft.ids.next("M"),
        message.cl_ord_id,
        message.mass_cancel_request_type,
        response,
        affected,
        message.symbol_sent,
        reject_reason,
        text,
        draft.event.at,
        head.on_behalf_of,
        head.on_behalf_of_sub,
    )
