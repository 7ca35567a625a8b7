"""UserRequest: how a session's user stands, and the change of his secret (R13).

No secret comes here: the acceptor has compared the old one and brings the hash of the new one.
State keeps that (word `secret`), and the acceptor judges logons by it from then on; sessions.toml's
counts again when staff says so, or has written a new one.
"""

from otcfix.desk.draft import Draft
from otcfix.model.answers import UserAnswered
from otcfix.model.enquiries import USER_VERDICTS, UserRequested
from otcfix.model.refusal import Refusal, wording
from otcfix.model.session_commands import ResetSecret

SECRET, TURN, BASE = "secret", "secret_turn", "secret_base"
"""Words of State: the salted hash by session; how often it was changed, resets included; which
password_hash it stands in place of."""

LOGON, LOGOFF, CHANGE, STATUS = "1", "2", "3", "4"
"""UserRequestType(924)."""

LOGGED_IN, WRONG, CHANGED, OTHER = 1, 4, 5, 6
"""UserStatus(926)."""


def on_user_requested(draft: Draft, asked: UserRequested) -> None:
    """BF: 926=1 to 924=1, 2 and 4, since the session's Logon is the user's; 926=5 to a change."""
    head = asked.head
    session = draft.register.sessions[head.session]
    if asked.missing:
        draft.business_reject(head, asked.request_id, Refusal.MISSING_FIELD, asked.missing[0])
        return
    if asked.verdict:
        status, words = USER_VERDICTS[asked.verdict]
        _answer(draft, asked, status, f"{asked.verdict}: {words}")
        if asked.verdict in ("WRONG_SECRET", "TOO_MANY_FAILURES"):
            draft.alerts.append(f"{session.key}: a wrong password in a UserRequest")
        return
    if asked.request_type == CHANGE:
        _change(draft, asked)
    elif asked.request_type == STATUS:
        _answer(draft, asked, LOGGED_IN, "")
    elif asked.request_type == LOGON:
        _answer(draft, asked, LOGGED_IN, "the session's Logon is the user's")
    elif asked.request_type == LOGOFF:
        _answer(draft, asked, LOGGED_IN, "the session's Logout ends it")
    else:
        _answer(draft, asked, OTHER, wording(Refusal.UNSUPPORTED, 924))


def _change(draft: Draft, asked: UserRequested) -> None:
    key = asked.head.session
    turn = int(draft.word(TURN, key, 0))
    if asked.turn != turn:
        # Another change came in between: what was compared is not the old secret any more.
        status, words = USER_VERDICTS["WRONG_SECRET"]
        _answer(draft, asked, status, f"WRONG_SECRET: {words}")
        return
    draft.move(SECRET, key, asked.rotated)
    draft.move(TURN, key, turn + 1)
    draft.move(BASE, key, asked.base)
    draft.alerts.append(f"{key}: the client has changed its secret")
    _answer(draft, asked, CHANGED, "")


def _answer(draft: Draft, asked: UserRequested, status: int, text: str) -> None:
    head = asked.head
    draft.say(
        UserAnswered(
            head.session,
            asked.request_id,
            asked.username,
            status,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def on_reset_secret(draft: Draft, command: ResetSecret) -> None:
    """The secret that the client has set counts no more; sessions.toml's does."""
    key = command.session
    if key not in draft.register.sessions:
        draft.alerts.append(f"refused: no session {key}")
        return
    if not draft.word(SECRET, key):
        draft.alerts.append(f"refused: {key} has set no secret: that of sessions.toml counts")
        return
    draft.move(SECRET, key, "")
    draft.move(BASE, key, "")
    draft.move(TURN, key, int(draft.word(TURN, key, 0)) + 1)
    draft.alerts.append(f"{key}: secret reset by {command.by}: {command.why}")
