"""Ids of trades, reports and allocations that a body names: the store knows them (R9)."""

from otcfix.desk.four_eyes import command_of
from otcfix.desk.lookups import scope_of, trade_scope
from otcfix.desk.state import State
from otcfix.model.messages import AllocationInstruction, Complaint, ConfirmationAck
from otcfix.model.party import Session
from otcfix.model.post_trade import (
    BUST,
    CORRECT,
    ENTRIES_MAX,
    BustTrade,
    CorrectTrade,
    ResolveBreak,
)
from otcfix.model.proposal import Confirm

Key = tuple[str, str, str]

LATE = frozenset(("trade", "report", "allocation", "confirmation"))


def of_trade(state: State, exec_id: str) -> list[Key]:
    """The key of a trade; none for what cannot be an ExecID(17) of ours."""
    scope = trade_scope(state, exec_id)
    return [("trade", scope, exec_id)] if scope else []


def of_command(state: State, body: object) -> list[Key]:
    """What a staff command, or the one that is confirmed by it, names."""
    if isinstance(body, Confirm):
        proposal = state.approvals.waiting.get(body.proposal_id)
        return [] if proposal is None else of_command(state, command_of(proposal))
    if isinstance(body, BustTrade | CorrectTrade):
        return of_trade(state, body.exec_id)
    if isinstance(body, ResolveBreak) and body.resolved_as in (BUST, CORRECT):
        found = state.breaks.waiting.get(body.break_id)
        return of_trade(state, found.exec_id) if found is not None else []
    return []


def of_message(state: State, session: Session, body: object) -> list[Key]:
    """What a client's message on trades names."""
    client = session.client_id
    if isinstance(body, Complaint):
        if body.exec_id:
            return of_trade(state, body.exec_id)
        ours = body.ref_msg_type in ("", "8") and body.ref_seq_num is not None
        return [("report", session.key, str(body.ref_seq_num))] if ours else []
    if isinstance(body, AllocationInstruction):
        scope = scope_of(session, body.end_client)
        keys: list[Key] = [("allocation", client, body.alloc_id)]
        if body.ref_alloc_id:
            keys.append(("allocation", client, body.ref_alloc_id))
        for cl_ord_id, order_id in body.orders[:ENTRIES_MAX]:  # with more it is refused
            if cl_ord_id:
                keys.append(("cl_ord_id", scope, cl_ord_id))
            else:
                keys.append(("order", client, order_id))
        return keys
    if isinstance(body, ConfirmationAck):
        return [("confirmation", client, body.confirm_id)]
    return []
