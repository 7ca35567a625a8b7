"""What staff does to a session: decided here, carried out on its line after the commit.

A session on hold stays up and says nothing: what it asks is refused at once (HELD), its cancels
pass, what the desk has to tell it waits. An act that sends FIX on it waits as well (rules.md 2,
Sessions), in the word QUEUED, until it is released.
"""

from typing import Any

import msgspec

from otcfix.desk import quoting, streaming
from otcfix.desk.draft import Draft
from otcfix.model import messages
from otcfix.model import session_act as acts
from otcfix.model.session_act import ActOnSession, SessionAct

HELD, QUEUED = "held", "queued_acts"

QUEUED_MAX = 64
"""Acts that wait for the release of one session."""

PASSES = (
    messages.OrderCancelRequest,
    messages.OrderMassCancelRequest,
    messages.Complaint,
    messages.Malformed,
    messages.Unsupported,
)
"""What a session on hold may send as ever; the last three are answered on session level, or not."""

NEEDS_LINE = (acts.LOGOUT, acts.DISCONNECT, acts.TEST_REQUEST, acts.RESEND)
SENDS = (acts.TEST_REQUEST, acts.RESEND, acts.RESEND_REPORTS)

LOGGED_OUT = "logged out by the desk"
DISABLED = "disabled by the desk"

_queued = msgspec.json.Decoder(list[SessionAct]).decode


def stopped_by_hold(draft: Draft, body: Any) -> bool:
    """Whether *body* is a message of a session on hold that is refused for it."""
    held = draft.state.words.get(HELD)
    if not held:
        return False
    head = getattr(body, "head", None)
    return head is not None and head.session in held and not isinstance(body, PASSES)


def on_act_on_session(draft: Draft, command: ActOnSession) -> None:
    """Decide an act: a refusal is an alert, what is done a `SessionAct`."""
    refusal = _refusal(draft, command)
    if refusal:
        draft.alerts.append(f"refused: {refusal}")
        return
    act = SessionAct(
        command.session,
        command.act,
        LOGGED_OUT if command.act == acts.LOGOUT else "",
        command.incoming,
        command.outgoing,
        command.begin,
        command.end,
        command.since,
    )
    if command.act in SENDS and draft.word(HELD, command.session):
        _queue(draft, act)
        return
    if command.act == acts.HOLD:
        _hold(draft, command.session)
    draft.session_acts.append(act)
    if command.act == acts.RELEASE:
        _release(draft, command.session)


def _refusal(draft: Draft, command: ActOnSession) -> str:
    """Why not; "" when it is done."""
    key, act = command.session, command.act
    session = draft.register.sessions.get(key)
    if session is None:
        return f"no session {key}"
    if act not in acts.ACTS:
        return f"no act {act}"
    if not command.by or not command.why:
        return "an act needs who and why"
    held = bool(draft.word(HELD, key))
    if act == acts.HOLD and session.kind == "provider":
        return f"{key} is a provider's: it only speaks to us; disable it"
    if act == acts.HOLD and held:
        return f"{key} is on hold already"
    if act == acts.RELEASE and not held:
        return f"{key} is not on hold"
    if act == acts.LOGON and not draft.state.session_enabled(key):
        return f"{key} is disabled: enable it"
    if act in NEEDS_LINE and not draft.word("online", key):
        return f"{key} is not logged on"
    return _bad_numbers(command)


def _bad_numbers(command: ActOnSession) -> str:
    numbers = (command.incoming, command.outgoing, command.begin, command.end, command.since)
    if min(numbers) < 0 or max(numbers[:4]) > acts.NUMBER_MAX:
        return f"a MsgSeqNum is 1 to {acts.NUMBER_MAX}"
    act, ranged = command.act, bool(command.begin or command.end)
    if act == acts.SET_SEQ:
        if not (command.incoming or command.outgoing):
            return "set-seq needs the next number in, or out, or both"
        return "set-seq has no range" if ranged or command.since else ""
    if command.incoming or command.outgoing:
        return f"{act} sets no numbers"
    if act == acts.RESEND_REPORTS:
        if ranged == bool(command.since):
            return "reports are named by a range or by a time"
    elif act != acts.RESEND:
        return f"{act} has no range" if ranged or command.since else ""
    if command.since and act == acts.RESEND:
        return "resend is asked for by numbers"
    if not command.since and (not command.begin or 0 < command.end < command.begin):
        return f"{command.begin}-{command.end} is no range"
    return ""


def _queue(draft: Draft, act: SessionAct) -> None:
    queued = _waiting(draft, act.session)
    if len(queued) >= QUEUED_MAX:
        draft.alerts.append(f"refused: {QUEUED_MAX} acts wait for the release of {act.session}")
        return
    words = msgspec.json.encode([*queued, act]).decode()
    draft.move(QUEUED, act.session, words)
    draft.alerts.append(f"waits: {act.session} is on hold; it is done at its release")


def _waiting(draft: Draft, session: str) -> list[SessionAct]:
    words = str(draft.word(QUEUED, session))
    return _queued(words) if words else []


def _hold(draft: Draft, session: str) -> None:
    """Nothing that was offered can be dealt on any more: it is withdrawn, and told as the last."""
    draft.move(HELD, session, 1)
    streaming.close(draft, session=session)
    for quote in draft.state.quotes.values():
        if quote.session == session:
            quoting.withdraw(draft, quote, text="on hold")


def _release(draft: Draft, session: str) -> None:
    """What waited is said in its order, then what staff asked for meanwhile is done."""
    draft.session_acts.extend(_waiting(draft, session))
    draft.move(HELD, session, 0)
    draft.move(QUEUED, session, "")
    if draft.word("online", session):
        draft.move("say_again", session, 0)
    streaming.reopen(draft)


def on_set_session_act(draft: Draft, session: str, *, enabled: bool) -> None:
    """Enabling lets a session log on again; disabling logs it out, behind what it is told."""
    act = acts.ENABLE if enabled else acts.DISABLE
    draft.session_acts.append(SessionAct(session, act, "" if enabled else DISABLED))
