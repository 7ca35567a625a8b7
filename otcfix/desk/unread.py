"""What cannot be dealt with as it stands: no room for it, not to be read, not spoken here."""

from otcfix.desk.draft import Draft
from otcfix.model.event import Overflowed, UnreadCommand
from otcfix.model.messages import Malformed, Orphan, Unsupported
from otcfix.model.order import REJECTED, Order
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import BusinessRejected, OrderCancelRejected, SessionRejected
from otcfix.model.unspoken import words_for


def on_overflowed(draft: Draft, over: Overflowed) -> None:
    """R2: the journaled refusal of a message that found no room; its ClOrdID is not used up."""
    if over.msg_type in ("3", "j", "Q"):
        draft.alerts.append(f"{over.session}: no room for its {over.msg_type}")
        return  # a reject is never answered by a reject
    if over.msg_type not in ("F", "G"):
        draft.say(
            BusinessRejected(
                over.session,
                over.msg_seq_num,
                over.msg_type,
                over.ref_id,
                Refusal.OVERLOADED,
                wording(Refusal.OVERLOADED),
                over.on_behalf_of,
                over.on_behalf_of_sub,
            )
        )
        return
    draft.alerts.append(f"{over.session}: no room for {over.msg_type} {over.ref_id}")
    order = _named(draft, over)
    draft.say(
        OrderCancelRejected(
            over.session,
            order.order_id if order else "NONE",
            over.ref_id,
            over.orig_cl_ord_id,
            order.status if order else REJECTED,
            "1" if over.msg_type == "F" else "2",
            Refusal.OVERLOADED,
            wording(Refusal.OVERLOADED),
            order.account if order else "",
            draft.event.at,
            over.on_behalf_of,
            over.on_behalf_of_sub,
        )
    )


def _named(draft: Draft, over: Overflowed) -> Order | None:
    session = draft.register.sessions.get(over.session)
    if session is None:
        return None
    order_id = draft.state.order_of_id.get((session.client_id, over.orig_cl_ord_id))
    return draft.order(order_id) if order_id else None


def on_malformed(draft: Draft, message: Malformed) -> None:
    """Answer Reject(35=3)."""
    head = message.head
    if message.head.msg_type in ("3", "j"):
        draft.alerts.append(f"{message.head.session}: a reject that cannot be read")
        return  # a reject is never answered by a reject
    draft.say(
        SessionRejected(
            head.session,
            head.msg_seq_num,
            head.msg_type,
            message.ref_tag,
            message.session_reject_reason,
            message.text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def on_unsupported(draft: Draft, message: Unsupported) -> None:
    """Answer BusinessMessageReject 380=3."""
    detail = words_for(message.head.msg_type)
    draft.business_reject(message.head, "", Refusal.UNSUPPORTED, detail=detail)


def on_unread_command(draft: Draft, command: UnreadCommand) -> None:
    """Who gave it is told; it is not left to be read again."""
    draft.alerts.append(f"refused: no command that this desk can read: {command.fault}")


def on_orphan(draft: Draft, message: Orphan) -> None:
    """Its session was removed while it waited: there is nobody to answer."""
    head = message.head
    draft.alerts.append(
        f"35={head.msg_type} 34={head.msg_seq_num} of {head.session}, which is gone: not answered"
    )
