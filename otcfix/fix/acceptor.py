"""The QuickFIX acceptor: callbacks that copy and enqueue, and the mouth of the desk.

The engine has no thread of its own: the sequencer's polls it. Two threads would share every
session's lock and the interpreter's, and wait for each other more than they work.

The binding ends the process on an exception that leaves a callback, holds the session's lock
during it, and frees the message after it. So a callback takes the text, puts it in the inbox and
returns, the whole of it inside one guard.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import quickfix as fix
import structlog

from otcfix.config import Config
from otcfix.config.geofence import geofence_of
from otcfix.fix.backoff import Admission
from otcfix.fix.callbacks import guarded
from otcfix.fix.dictionaries import Dictionaries
from otcfix.fix.door import Door
from otcfix.fix.fields import blank_secrets
from otcfix.fix.line import Caller, Line, caller_of, logon_refusal, overflow_of
from otcfix.fix.outgoing import message_of, stream_message_of
from otcfix.fix.proof import Proofs
from otcfix.fix.settings import begin_string, session_id_text, settings_text
from otcfix.fix.wire import SOH, field_of, readable
from otcfix.model.errors import ConfigError
from otcfix.model.event import AdminSeen, EpochMoved, SessionDown, SessionUp
from otcfix.model.record import OutboxRow, StreamRow
from otcfix.model.time import Instant

log = structlog.get_logger("otcfix.fix")

NEVER_AGAIN = frozenset(("S", "AI", "W", "X", "i"))
"""Prices and what is said of them are gap-filled, never sent again (R10)."""

FLOOD_FACTOR = 8
"""A session with this many times its share waiting is logged out: its overflows are a flood."""

TICK_S = 0.5
"""How often every session, and the door, looks at its clock, however busy the sockets are."""

LOGOUT_S = 3.0
"""How long a stop waits for the clients' answers to its Logouts."""

REFUSED = "not accepted"

Put = Callable[[str, int, str, str], bool]
"""(session, epoch, text, MsgType) into the inbox; False when there is no room."""

PutBehind = Callable[[str, int, object], None]


class Acceptor(fix.Application):  # type: ignore[misc]
    """Every session of the configuration, on one SocketAcceptor."""

    def __init__(
        self,
        config: Config,
        dictionaries: Dictionaries,
        store: Path,
        *,
        put: Put,
        put_behind: PutBehind,
        depth: Callable[[str], int],
        clock: Callable[[], Instant],
        proven: Callable[[str, int], None],
    ) -> None:
        super().__init__()
        self._put = put
        self._put_behind = put_behind
        self._depth = depth
        self._clock = clock
        self._proofs = Proofs(self._send, self._event, proven)
        self._share = config.sessions.acceptor.inbox_share
        self._next_tick, self._stopping = 0.0, False
        self._allow_from = config.sessions.acceptor.allow_from
        self._geofence = geofence_of(config)
        self._admission = Admission(config.throttles.logon, self._turned_away)
        self._door = Door(config.sessions.acceptor.port, self._caller, self._admission)
        self._lines: dict[str, Line] = {}
        self._keys: dict[str, str] = {}
        self._line_of: dict[tuple[str, str, str], Line] = {}
        self._speaking_to: Line | None = None
        for session in config.sessions.session:
            begin = begin_string(session.version)
            session_id = fix.SessionID(begin, session.sender_comp_id, session.target_comp_id)
            line = self._lines[session.key] = Line(session, session_id)
            self._keys[session_id_text(session)] = session.key
            self._line_of[begin, session.sender_comp_id, session.target_comp_id] = line
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(settings_text(config, dictionaries, store, self._door.engine_port))
            file.flush()
            self._settings = fix.SessionSettings(file.name)
        self._store_factory = fix.FileStoreFactory(self._settings)
        self._acceptor = fix.SocketAcceptor(self, self._store_factory, self._settings)
        for line in self._lines.values():
            line.session = fix.Session.lookupSession(line.session_id)
            self._note_numbers(line)

    # -- life ----------------------------------------------------------------------------------

    def recover(self, key: str, epoch: int, last_in: int, last_out: int) -> tuple[bool, int]:
        """Set a session's numbers from the database before it starts (R1, house.md Recovery).

        Returns whether a reset must have gone unrecorded, and the outgoing number below which
        everything is still in QuickFIX's own store: reports from it on must be said again.
        """
        line = self._lines.get(key)
        if line is None:
            return False, 0
        line.epoch = epoch
        session = line.session
        store_in, store_out = session.getExpectedTargetNum(), session.getExpectedSenderNum()
        journaled = last_in + 1
        unrecorded = store_in < journaled
        # Never raised: past the client's own number it would lock him out for ever.
        session.setNextTargetMsgSeqNum(1 if unrecorded else min(store_in, journaled))
        if store_out <= last_out:
            session.setNextSenderMsgSeqNum(last_out + 1)
        self._note_numbers(line)
        return unrecorded, store_out

    def open_epoch(self, key: str) -> int:
        """Begin a new sequence epoch of a session; returns its number."""
        line = self._lines[key]
        line.epoch += 1
        return line.epoch

    def start(self) -> None:
        """Open the port. Nobody is let in before `take`. Errors: ConfigError when it is taken."""
        try:
            self._door.open(self._acceptor.poll)
        except OSError as error:
            raise ConfigError(f"cannot listen on port {self._door.port}: {error}") from error

    def take(self) -> None:
        """Take what has arrived: messages into the inbox, callers in or away."""
        self._door.take()
        now = time.monotonic()
        if now >= self._next_tick:
            # A poll that finds nothing lets the sessions look at their clocks; under load none is.
            self._next_tick = now + TICK_S
            self._door.tick()
            for line in self._lines.values():
                if line.online:
                    line.session.next(fix.UtcTimeStamp())

    def wait(self, timeout_s: float) -> None:
        """Sleep until something arrives, `ring` is called, or *timeout_s* passes."""
        self._door.wait(timeout_s)

    def ring(self) -> None:
        """End a `wait`, from any thread."""
        self._door.ring()

    def stop(self) -> None:
        """Log everybody out, with the reason, and close the port. On the thread that takes."""
        self._stopping = True
        for line in self._lines.values():
            if line.online:
                line.session.logout("the desk stops; log on again when it is back")
        until = time.monotonic() + LOGOUT_S
        while self.online and time.monotonic() < until:
            self.take()
            self.wait(0.005)
        self._acceptor.stop(True)
        self._door.close()

    @property
    def online(self) -> list[str]:
        """The sessions that are logged on."""
        return [key for key, line in self._lines.items() if line.online]

    def _note_numbers(self, line: Line) -> None:
        session = line.session
        line.numbers = (session.getExpectedSenderNum(), session.getExpectedTargetNum())
        line.last_out = line.numbers[0] - 1
        line.last_in = line.numbers[1] - 1

    # -- speaking ------------------------------------------------------------------------------

    def say(self, row: OutboxRow, *, again: bool) -> tuple[int, int]:
        """Send one reply; (epoch, 0) when it was not sent: a price to a session that is off."""
        line = self._lines.get(row.session)
        if line is None:
            log.warning("no_such_session", session=row.session, outbox_id=row.outbox_id)
            return 0, 0
        a_price = row.price or row.msg_type in NEVER_AGAIN
        if a_price and not line.online:
            return line.epoch, 0
        self._send(line, message_of(line.config.version, row, again), keep=not a_price)
        number = line.number
        self._proofs.said(line, row.outbox_id)
        return line.epoch, number

    def stream(self, row: StreamRow) -> None:
        """Send one price of a stream; to a session that is off, or does not read, it is lost."""
        line = self._lines.get(row.session)
        if line is not None and line.online and not line.held:
            self._send(line, stream_message_of(line.config.version, row), keep=False)
            self._proofs.streamed(line)

    def logout(self, session: str, text: str) -> None:
        """Log a session out for what it sent; it may come back after its back-off."""
        line = self._lines.get(session)
        if line is not None and line.online and line.session.isEnabled():
            log.warning("logged_out", session=session, why=text)
            self._admission.flooded(session, line.peer, time.monotonic())
            line.session.logout(text)

    def _send(self, line: Line, message: Any, *, keep: bool = True) -> None:
        """keep False: a price, which is never sent again (R10). QuickFIX's store would remember it
        for as long as the numbers run, in memory and on disk; what it does not have it gap-fills.
        """
        self._speaking_to = line
        session = line.session
        try:
            if keep:
                session.send(message)
            else:
                session.setPersistMessages(False)
                session.send(message)
        finally:
            if not keep:
                session.setPersistMessages(True)
            self._speaking_to = None

    # -- callbacks -----------------------------------------------------------------------------

    @guarded
    def onCreate(self, session_id: Any) -> None:
        """QuickFIX made the session."""

    @guarded
    def onLogon(self, session_id: Any) -> None:
        """The session is up."""
        line = self._line(session_id)
        line.online, line.peer = True, line.caller
        self._admission.succeeded(line.config.key, line.caller)
        self._proofs.begin(line)
        self._event(line, SessionUp(line.config.key, line.epoch, line.caller))
        log.info("session_up", session=line.config.key)

    @guarded
    def onLogout(self, session_id: Any) -> None:
        """The session is down, or never came up."""
        line = self._line(session_id)
        self._note_numbers(line)
        if not line.session.isEnabled() and not self._stopping:
            line.session.logon()  # we logged it out for slowness; it may come back
        if line.online:
            line.online = False
            self._event(line, SessionDown(line.config.key))
            log.info("session_down", session=line.config.key)

    @guarded
    def toAdmin(self, message: Any, session_id: Any) -> None:
        """A session message leaves: QuickFIX's own rejects are journaled when seen (R14)."""
        header = message.getHeader()
        line = self._line(session_id)
        kind, number = header.getField(35), int(header.getField(34))
        # A logon may come after a reset; a gap fill carries an old number.
        line.last_out = number if kind == "A" else max(line.last_out, number)
        if self._speaking_to is not None:
            line.number = number
            return
        if kind == "5" and not line.online:  # a logon that we, or QuickFIX, refused
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
        line = self._line(session_id)
        if kind != "A":
            line.last_in = int(header.getField(34))
        if kind == "0":
            if message.isSetField(112):
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
            line.again_from = int(message.getField(7))
        elif kind == "3":
            self._put(line.config.key, line.epoch, readable(message.toString()), "3")
        elif kind == "4" and not (message.isSetField(123) and message.getField(123) == "Y"):
            self._new_epoch(line, "SequenceReset")

    def toApp(self, message: Any, session_id: Any) -> None:
        """A business message leaves. When it is not we who send, it is a resend."""
        line = self._speaking_to
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
        self._line(session_id).again_from = int(header.getField(34)) + 1

    @guarded
    def fromApp(self, message: Any, session_id: Any) -> None:
        """A business message came: copy, enqueue, return."""
        text = readable(message.toString())
        line = self._line_of[text[2 : text.index(SOH)], field_of(text, 56), field_of(text, 49)]
        start = text.index("\x0135=") + 4
        kind = text[start : text.index(SOH, start)]
        line.last_in = int(field_of(text, 34))
        if not self._put(line.config.key, line.epoch, text, kind):
            self._overflowed(line, text, kind)

    # -- pieces --------------------------------------------------------------------------------

    def _line(self, session_id: Any) -> Line:
        return self._lines[self._keys[session_id.toStringFrozen()]]

    def _caller(self, address: str, fields: Mapping[int, str]) -> Caller:
        """Whose first message it is, and whether he may try to log on now."""
        caller = caller_of(self._line_of, self._allow_from, address, fields, self._geofence)
        key = caller.line.config.key if caller.line else ""
        why = self._admission.caller(key, address, time.monotonic()) if key else ""
        return Caller(None, why, key, fault=False) if why else caller

    def _turned_away(self, session: str, note: str) -> None:
        """Journaled once a step of back-off, and an alert."""
        epoch = self._lines[session].epoch if session else 0
        self._put_behind(session, epoch, AdminSeen(session, False, "A", note, alert=True))

    def _event(self, line: Line, body: object) -> None:
        self._put_behind(line.config.key, line.epoch, body)

    def _overflowed(self, line: Line, text: str, kind: str) -> None:
        """R2: what found no room is journaled, and only then refused."""
        self._event(line, overflow_of(line, text, kind))
        self._flooded(line)

    def _flooded(self, line: Line) -> None:
        """Events are never refused room: who causes too many of them goes."""
        if self._depth(line.config.key) > FLOOD_FACTOR * self._share:
            self.logout(line.config.key, "too many messages")

    def _new_epoch(self, line: Line, reason: str) -> None:
        line.epoch += 1
        self._event(line, EpochMoved(line.config.key, line.epoch, reason))

    def _logon(self, line: Line, message: Any) -> None:
        """Accept or refuse a Logon (R13, R14). QuickFIX has already done the reset it asks for."""
        wants_reset = message.isSetField(141) and message.getField(141) == "Y"
        session, (sender, target) = line.session, line.numbers
        was_reset = session.getExpectedTargetNum() < max(target, line.last_in + 1)
        refusal = logon_refusal(line.config, message, wants_reset)
        if refusal and wants_reset:
            # Whoever may not reset must not shift the numbers of the client who may be asleep.
            session.setNextSenderMsgSeqNum(max(sender, line.last_out + 1))
            session.setNextTargetMsgSeqNum(max(target, line.last_in + 1))
        if wants_reset or was_reset:
            self._new_epoch(line, "refused 141=Y" if refusal else "Logon")
            if not refusal:
                line.last_in = line.last_out = 0
                line.numbers = (1, 1)
        now = self._clock()
        if not refusal or now - line.refused_at > 1_000_000:
            # One refused attempt a second is journaled; a storm must not fill the journal.
            line.refused_at = now if refusal else 0
            note = blank_secrets(readable(message.toString()))
            self._event(line, AdminSeen(line.config.key, False, "A", f"{refusal} {note}".strip()))
        if refusal:
            log.warning("logon_refused", session=line.config.key, why=refusal)
            raise fix.RejectLogon(REFUSED)
