"""Breaks: a client says that a trade, or what we said of it, is not right (rules.md 2.2).

What he says is never answered by a reject. Staff decides: bust, correct, or it stands.
"""

from msgspec import structs

from otcfix.desk import busting
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import trade_scope
from otcfix.desk.whose import clients_of, is_seen
from otcfix.model.decision import Disputed
from otcfix.model.messages import Complaint
from otcfix.model.party import Session
from otcfix.model.post_trade import BUST, CORRECT, STANDS, ResolveBreak, TradeBreak
from otcfix.model.trade import Trade

RESOLVED_AS = (BUST, CORRECT, "stands")


def on_complaint(draft: Draft, message: Complaint) -> None:
    """A client does not know a trade (35=Q), or could not read what we said (35=3, j).

    About a report of ours on his session, or a trade of his, it opens a break and marks the
    execution disputed; about anything else it is journaled and alerted. Never answered.
    """
    head = message.head
    session = draft.register.sessions[head.session]
    why = f"{head.msg_type} {message.reason} {message.text}".strip()
    what = message.exec_id or f"MsgSeqNum {message.ref_seq_num}"
    exec_id, client_id = _meant(draft, session, message)
    if message.exec_id and not exec_id and not draft.event.facts.store_failed:
        text = f"{head.session} disputes {what}, which is no trade of his: {why}"
        draft.alerts.append(text)
        return
    draft.disputed.append(Disputed(head.session, message.exec_id, message.ref_seq_num, why))
    draft.alerts.append(f"{head.session} disputes {what}: {why}")
    if exec_id:
        open_break(draft, head.session, client_id, exec_id, head.msg_type, why)


def _meant(draft: Draft, session: Session, message: Complaint) -> tuple[str, str]:
    """The ExecID(17) that a complaint is about and whose it is; "" when it is none of his."""
    if message.exec_id:
        scope = trade_scope(draft.state, message.exec_id)
        found = draft.recalled("trade", scope, message.exec_id)
        trade = found.trade if found is not None else None
        if trade is None or not _is_his(draft, session, trade):
            return "", ""
        return trade.exec_id, trade.client_id
    if message.ref_seq_num is None:
        return "", ""
    found = draft.recalled("report", session.key, str(message.ref_seq_num))
    if found is None:
        return "", ""
    return found.exec_id, found.trade.client_id if found.trade else session.client_id


def _is_his(draft: Draft, session: Session, trade: Trade) -> bool:
    """Whether a session may speak of a trade: one of those that it may see."""
    return trade.client_id in clients_of(session) and is_seen(draft.register, session, trade)


def open_break(
    draft: Draft, session: str, client_id: str, exec_id: str, what: str, why: str
) -> None:
    """Open a break on an execution, unless one is open."""
    known = draft.state.breaks.of_exec.get(exec_id)
    if known is not None:
        draft.alerts.append(f"{known}: {exec_id} is disputed again")
        return
    break_id = draft.ids.next("X")
    draft.breaks.append(
        TradeBreak(break_id, client_id, session, exec_id, what, why, draft.event.at)
    )
    draft.alerts.append(f"break {break_id} opened on {exec_id} of {client_id}: {why}")


def on_resolve_break(draft: Draft, command: ResolveBreak) -> None:
    """Staff decides a break. Bust and correct are those of `busting`, a second person included."""
    found = draft.state.breaks.waiting.get(command.break_id)
    if found is None:
        draft.alerts.append(f"refused: no break {command.break_id} is open")
    elif command.resolved_as not in RESOLVED_AS:
        draft.alerts.append(f"refused: a break is resolved as {', '.join(RESOLVED_AS)}")
    elif command.resolved_as == BUST:
        busting.bust(draft, command, found.exec_id)
    elif command.resolved_as == CORRECT:
        busting.correct(draft, command, found.exec_id)
    else:
        closed = structs.replace(found, state=STANDS, by=command.by, why=command.why)
        draft.breaks.append(closed)
