"""What QuickFIX calls: copy, enqueue, return. How a Logon is judged, and what a session's messages
do to its numbers.

The binding ends the process on an exception that leaves a callback, holds the session's lock
during it, and frees the message after it. So a callback takes the text, puts it in the inbox and
returns, the whole of it inside one guard.
"""

import time
from collections.abc import Callable
from typing import Any

import quickfix as fix
import structlog

from otcfix.fix.backoff import Admission
from otcfix.fix.callbacks import guarded
from otcfix.fix.fields import blank_secrets
from otcfix.fix.line import Line, cancels_on_disconnect, logon_refusal, overflow_of
from otcfix.fix.lines import Lines
from otcfix.fix.mouth import Mouth
from otcfix.fix.proof import Proofs
from otcfix.fix.resends import NOTHING, messages_asked, paid
from otcfix.fix.users import Rotated, User, holds_secrets, never_rotated, requested
from otcfix.fix.wire import SOH, field_of, readable
from otcfix.model.event import AdminSeen, EpochMoved, SessionDown, SessionUp
from otcfix.model.time import Instant

log = structlog.get_logger("otcfix.fix")

NEVER_AGAIN = frozenset(("S", "AI", "W", "X", "i"))
"""Prices and what is said of them are gap-filled, never sent again (R10)."""

FLOOD_FACTOR = 8
"""A session with this many times its share waiting is logged out: its overflows are a flood."""

REFUSED = "not accepted"

Put = Callable[[str, int, str, str], bool]
"""(session, epoch, text, MsgType) into the inbox; False when there is no room."""

PutBehind = Callable[[str, int, object], None]


class Application(fix.Application):  # type: ignore[misc]
    """The callbacks of every session. stopping: the desk logs everybody out; closed: why a session
    may not log on at an instant, "" when it may."""

    def __init__(
        self,
        lines: Lines,
        mouth: Mouth,
        proofs: Proofs,
        admission: Admission,
        *,
        put: Put,
        put_behind: PutBehind,
        depth: Callable[[str], int],
        share: int,
        clock: Callable[[], Instant],
        rotated: Rotated = never_rotated,
    ) -> None:
        """depth: how many of a session's messages wait; share: how many may; rotated: the secrets
        that clients have set."""
        super().__init__()
        self._lines = lines
        self._mouth = mouth
        self._proofs = proofs
        self._admission = admission
        self._put = put
        self._put_behind = put_behind
        self._depth = depth
        self._share = share
        self._clock = clock
        self._rotated = rotated
        self.stopping = False
        self.closed: Callable[[Line, Instant], str] = lambda *_: ""

    @guarded
    def onCreate(self, session_id: Any) -> None:
        """QuickFIX made the session."""

    @guarded
    def onLogon(self, session_id: Any) -> None:
        """The session is up."""
        line = self._lines.of(session_id)
        line.online, line.peer = True, line.caller
        line.record.up_at = self._clock()
        line.note_numbers()  # the Logon's own number is counted now
        self._admission.succeeded(line.config.key, line.caller)
        self._proofs.begin(line)
        cancels = line.cancels_on_disconnect
        self._event(line, SessionUp(line.config.key, line.epoch, line.caller, cancels))
        log.info("session_up", session=line.config.key)

    @guarded
    def onLogout(self, session_id: Any) -> None:
        """The session is down, or never came up."""
        line = self._lines.of(session_id)
        line.note_numbers()
        if not line.session.isEnabled() and not self.stopping:
            line.session.logon()  # we logged it out for slowness; it may come back
        if line.online:
            line.online = False
            self._event(line, SessionDown(line.config.key))
            log.info("session_down", session=line.config.key)

    @guarded
    def toAdmin(self, message: Any, session_id: Any) -> None:
        """A session message leaves: QuickFIX's own rejects are journaled when seen (R14)."""
        header = message.getHeader()
        line = self._lines.of(session_id)
        kind, number = header.getField(35), int(header.getField(34))
        # A logon may come after a reset; a gap fill carries an old number.
        line.last_out = number if kind == "A" else max(line.last_out, number)
        line.record.left(kind)
        if kind == "1":
            line.record.asks(message.getField(112))
        if self._mouth.speaking_to is not None:
            line.number = number
            return
        if kind == "5" and not (line.online or line.silent):
            # A logon that we, or QuickFIX, refused.
            line.record.failed(line.caller)
            if line.forgiven:
                line.forgiven = False
            elif not line.record.shut:  # who is disabled may be back the moment he is enabled
                self._admission.failed(line.config.key, line.caller, time.monotonic())
        if kind == "4":
            line.go_on(message)
        if kind != "3":
            return
        line.call_unspoken(message)
        self._event(line, AdminSeen(line.config.key, True, "3", readable(message.toString())))
        self._flooded(line)

    @guarded
    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """A session message came."""
        header = message.getHeader()
        kind = header.getField(35)
        line = self._lines.of(session_id)
        line.record.came(kind, header.getField(52))
        if kind != "A":
            line.last_in = int(header.getField(34))
        if kind == "0":
            if message.isSetField(112):
                line.record.answered(message.getField(112))
                self._proofs.heard(line, message.getField(112))
        elif kind == "A":
            try:
                self._logon(line, message)
            except fix.RejectLogon:
                raise
            except Exception as error:
                # Fail closed: a logon that cannot be judged is not accepted.
                log.exception("logon_failed", session=line.config.key)
                raise fix.RejectLogon(REFUSED) from error
        elif kind == "2":
            self._asked_again(line, int(message.getField(7)), int(message.getField(16)))
        elif kind == "3":
            text = readable(message.toString())
            text = blank_secrets(text) if holds_secrets(text) else text
            self._put(line.config.key, line.epoch, text, "3")
        elif kind == "4" and not (message.isSetField(123) and message.getField(123) == "Y"):
            self._new_epoch(line, "SequenceReset")

    def toApp(self, message: Any, session_id: Any) -> None:
        """A business message leaves. When it is not we who send, it is a resend."""
        line = self._mouth.speaking_to
        if line is not None:
            # Every number passes here or through toAdmin, in order: counting costs less than
            # asking, since each call into the binding lets go of the interpreter's lock.
            line.last_out = line.number = line.last_out + 1
        else:
            self._resent(message, session_id)

    @guarded
    def _resent(self, message: Any, session_id: Any) -> None:
        header = message.getHeader()
        if header.getField(35) in NEVER_AGAIN:
            raise fix.DoNotSend
        self._lines.of(session_id).again_from = int(header.getField(34)) + 1

    @guarded
    def fromApp(self, message: Any, session_id: Any) -> None:
        """A business message came: copy, enqueue, return."""
        text = readable(message.toString())
        line = self._lines.by_comp_ids[
            text[2 : text.index(SOH)], field_of(text, 56), field_of(text, 49)
        ]
        start = text.index("\x0135=") + 4
        kind = text[start : text.index(SOH, start)]
        line.last_in = int(field_of(text, 34))
        line.record.came(kind, field_of(text, 52))
        if kind == "BE":
            self._user_requested(line, text)
            return
        if holds_secrets(text):
            text = blank_secrets(text)
        if not self._put(line.config.key, line.epoch, text, kind):
            self._overflowed(line, text, kind)

    # -- pieces --------------------------------------------------------------------------------

    def logout(self, line: Line, text: str) -> None:
        """Log a session out for what it sent; it may come back after its back-off."""
        if line.online and line.session.isEnabled():
            log.warning("logged_out", session=line.config.key, why=text)
            self._admission.flooded(line.config.key, line.peer, time.monotonic())
            line.session.logout(text)

    def _event(self, line: Line, body: object) -> None:
        self._put_behind(line.config.key, line.epoch, body)

    def _user_requested(self, line: Line, text: str) -> None:
        """R13: what is journaled of a UserRequest holds no secret, so it cannot wait as it is."""
        config, now = line.config, time.monotonic()
        if self._depth(config.key) >= self._share:
            self._overflowed(line, blank_secrets(text), "BE")
            return
        barred = self._admission.bars(config.key, line.peer, now)
        user = User(config.key, config.username, config.password_hash, self._rotated(config.key))
        asked = requested(user, text, barred=barred)
        if asked is None:
            self._put(config.key, line.epoch, blank_secrets(text), "BE")
            return
        if asked.verdict == "WRONG_SECRET":
            self._admission.failed(config.key, line.peer, now)
        self._event(line, asked)

    def _overflowed(self, line: Line, text: str, kind: str) -> None:
        """R2: what found no room is journaled, and only then refused."""
        self._event(line, overflow_of(line, text, kind))
        self._flooded(line)

    def _flooded(self, line: Line) -> None:
        """Events are never refused room: who causes too many of them goes."""
        if self._depth(line.config.key) > FLOOD_FACTOR * self._share:
            self.logout(line, "too many messages")

    def _asked_again(self, line: Line, begin: int, end: int) -> None:
        """A ResendRequest: answered by QuickFIX, unless the session asks for too much."""
        asked = messages_asked(begin, end, line.last_out, line.empty)
        paid_at = paid(line.resends_paid_at, time.monotonic_ns(), asked)
        if paid_at is None:
            self.logout(line, "too many resend requests")
            raise fix.IncorrectTagValue(16)
        line.resends_paid_at = paid_at
        line.again_from = begin

    def _new_epoch(self, line: Line, reason: str) -> None:
        line.epoch += 1
        line.empty = NOTHING
        self._event(line, EpochMoved(line.config.key, line.epoch, reason))

    def _logon(self, line: Line, message: Any) -> None:
        """Accept or refuse a Logon (R13, R14). QuickFIX has already done the reset it asks for."""
        wants_reset = message.isSetField(141) and message.getField(141) == "Y"
        session, (sender, target) = line.session, line.numbers
        was_reset = session.getExpectedTargetNum() < max(target, line.last_in + 1)
        now = self._clock()
        shut = "disabled" if line.record.shut else ""
        rotated = self._rotated(line.config.key).counts_for(line.config.password_hash)
        refusal = shut or logon_refusal(line.config, message, wants_reset, rotated)
        closed = "" if refusal else self.closed(line, now)
        # He who knows the secret and is early is nobody to be kept out when it is time.
        line.forgiven, refusal = bool(closed), refusal or closed
        line.cancels_on_disconnect = cancels_on_disconnect(line.config, message)
        if refusal and wants_reset:
            # Whoever may not reset must not shift the numbers of the client who may be asleep.
            session.setNextSenderMsgSeqNum(max(sender, line.last_out + 1))
            session.setNextTargetMsgSeqNum(max(target, line.last_in + 1))
        if wants_reset or was_reset:
            self._new_epoch(line, "refused 141=Y" if refusal else "Logon")
            if not refusal:
                line.last_in = line.last_out = 0
                line.numbers = (1, 1)
        if not refusal or now - line.refused_at > 1_000_000:
            # One refused attempt a second is journaled; a storm must not fill the journal.
            line.refused_at = now if refusal else 0
            note = blank_secrets(readable(message.toString()))
            self._event(line, AdminSeen(line.config.key, False, "A", f"{refusal} {note}".strip()))
        if refusal:
            log.warning("logon_refused", session=line.config.key, why=refusal)
            raise fix.RejectLogon(REFUSED)
