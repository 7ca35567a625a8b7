"""The acceptor: every session of the desk on QuickFIX, behind a door of our own; the desk's mouth.

The engines have no threads of their own: the sequencer's polls them. Two threads would share every
session's lock and the interpreter's, and wait for each other more than they work.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import quickfix as fix
import structlog

from otcfix.config import Config, SessionConfig
from otcfix.config.dialects import session_dialect
from otcfix.config.geofence import geofence_of
from otcfix.fix.administration import Administration
from otcfix.fix.application import NEVER_AGAIN, Application, Put, PutBehind
from otcfix.fix.backoff import Admission
from otcfix.fix.changing import Changes, group_of
from otcfix.fix.controls import Controls
from otcfix.fix.descriptors import allow_many
from otcfix.fix.dictionaries import Dictionaries
from otcfix.fix.door import WAITING_MAX, Door
from otcfix.fix.engine import Engine
from otcfix.fix.line import Caller, Line, caller_of, session_id_of
from otcfix.fix.lines import Lines
from otcfix.fix.mouth import Mouth
from otcfix.fix.outgoing import message_of, stream_message_of
from otcfix.fix.proof import Proofs
from otcfix.fix.rereading import Reread, Rereading
from otcfix.fix.rulers import Rulers
from otcfix.fix.settings import ruler_of, settings_text
from otcfix.fix.store_files import UNKNOWN, note_names
from otcfix.fix.timetable import Timetable
from otcfix.fix.tls import tls_port
from otcfix.fix.tongues import tongue_of
from otcfix.fix.users import Rotated, never_rotated
from otcfix.model.dialect import Dialect
from otcfix.model.errors import ConfigError
from otcfix.model.event import AdminSeen
from otcfix.model.party import Session
from otcfix.model.record import OutboxRow, StreamRow
from otcfix.model.session_act import SessionAct
from otcfix.model.time import Instant

log = structlog.get_logger("otcfix.fix")

TICK_S = 0.5
"""How often every session, and the door, looks at its clock, however busy the sockets are."""

LOGOUT_S = 3.0
"""How long a stop waits for the clients' answers to its Logouts."""


class Acceptor(Controls):
    """Every session of the configuration, each group of them on an engine of its own."""

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
        rotated: Rotated = never_rotated,
        told: Callable[[str, bool], None],
        epoch_of: Callable[[str], int],
        application: type[Application] = Application,
    ) -> None:
        """told: (session key, whether it is there), when sessions come and go; epoch_of: the last
        sequence epoch of a session that there was once."""
        acceptor = config.sessions.acceptor
        self._put_behind = put_behind
        self._next_tick = 0.0
        self._config = config
        self._clock = clock
        self._dictionaries, self._store, self._rulers = dictionaries, store, Rulers()
        self._geofence = geofence_of(config)
        self._admission = Admission(config.throttles.logon, self._turned_away)
        self._door = Door(acceptor.port, self._caller, self._admission, acceptor.proxy_from)
        self._tls = tls_port(acceptor, config.folder, self._door)
        self._lines = Lines()
        self._mouth = Mouth()
        self._proofs = Proofs(self._mouth.send, self._event, proven)
        self._application = application(
            *(self._lines, self._mouth, self._proofs, self._admission),
            put=put,
            put_behind=put_behind,
            depth=depth,
            share=acceptor.inbox_share,
            clock=clock,
            rotated=rotated,
        )
        self.administration = Administration(self._lines, self, self._event, self._admission)
        store.mkdir(parents=True, exist_ok=True)
        self._make_room(config)
        groups: dict[str, list[Line]] = {}
        for session in config.sessions.session:
            line = self._new_line(session)
            self._lines.add(line)
            groups.setdefault(group_of(session), []).append(line)
        self._unopened = [self._made(group, lines) for group, lines in groups.items()]
        self._timetable = Timetable(self._lines, self, store)
        self._application.closed = self._timetable.closed
        self._rereading = Rereading(self._door.ring)
        self._changes = Changes(
            *(self._lines, self._door.engines, self._made, self._new_line),
            speaks=self._dialect_of,
            log_out=self.log_out,
            event=self._event,
            told=told,
            epoch_of=epoch_of,
        )

    def _make_room(self, config: Config) -> None:
        sessions = len(config.sessions.session)
        allow_many(sessions)
        # All of them may come back at once.
        self._door.waiting_max = max(WAITING_MAX, sessions)

    def _new_line(self, session: SessionConfig) -> Line:
        """A line for a session, in its dialect."""
        tongue = tongue_of(self._config, session, self._dictionaries)
        return Line(session, session_id_of(session), tongue, self._dialect_of(session))

    def _dialect_of(self, session: SessionConfig) -> Dialect | None:
        return session_dialect(session, self._config.dialects)

    def _made(self, group: str, lines: Sequence[Line]) -> Engine:
        """An engine for these lines, with what their stores hold. Errors: fix.ConfigError."""
        sessions = [line.config for line in lines]
        port, config = self._door.engine_port, self._config
        text = settings_text(sessions, self._store, port)
        engine = Engine(group, lines, text, self._application)
        try:
            for line in lines:
                settings = ruler_of(config, line.config, self._dictionaries, self._store)
                self._rulers.give(line.session, settings)
                line.note_numbers()
                note_names(line.config, self._store)
        except BaseException:
            engine.close()  # QuickFIX knows its sessions for as long as it is there
            raise
        return engine

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
            # Behind the last report there were session messages, as many as nobody knows.
            session.setNextSenderMsgSeqNum(last_out + 1 + UNKNOWN)
        line.note_numbers()
        line.empty = range(last_out + 1, line.last_out + 1)
        return unrecorded, store_out

    def open_epoch(self, key: str) -> int:
        """Begin a new sequence epoch of a session; returns its number."""
        line = self._lines[key]
        line.epoch += 1
        return line.epoch

    def start(self) -> None:
        """Open the port. Nobody is let in before `take`. Errors: ConfigError when it is taken."""
        try:
            self._timetable.start(self._clock())
            for engine in self._unopened:
                self._door.engines.add(engine)
            self._unopened = []
            self._door.open()
            if self._tls is not None:
                self._tls.open()
        except OSError as error:
            raise ConfigError(f"cannot listen on port {self._door.port}: {error}") from error

    def be_patient(self, first_s: float, logon_s: float) -> None:
        """Give connections other times for their first message, and to be logged on."""
        self._door.patience_s, self._door.logon_s = first_s, logon_s

    def take(self) -> None:
        """Take what has arrived: messages into the inbox, callers in or away."""
        self._door.take()
        now = time.monotonic()
        if (found := self._rereading.done()) is not None:
            self._take_sessions(found)
        if self._changes.go_on():
            self._tell_enabled()  # before a session that has just come can be called
        if now >= self._next_tick:
            # A poll that finds nothing lets the sessions look at their clocks; under load none is.
            self._next_tick = now + TICK_S
            self._door.tick()
            if not self._application.stopping:
                self._timetable.tick(self._clock())
            self._look_at_clocks()

    def _look_at_clocks(self) -> None:
        online = [line for line in self._lines if line.online]
        for line in online:
            line.session.next(fix.UtcTimeStamp())
        for line in online:
            if not line.online:
                self._wake(line)

    def wait(self, timeout_s: float) -> None:
        """Sleep until something arrives, `ring` is called, or *timeout_s* passes."""
        self._door.wait(timeout_s)

    def ring(self) -> None:
        """End a `wait`, from any thread."""
        self._door.ring()

    def stop(self) -> None:
        """Log everybody out, with the reason, and close the port. On the thread that takes."""
        self._application.stopping = True
        for line in self._lines:
            self.log_out(line.config.key, "the desk stops; log on again when it is back")
        until = time.monotonic() + LOGOUT_S
        while self.online and time.monotonic() < until:
            self.take()
            self.wait(0.005)
        self._door.close()
        if self._tls is not None:
            self._tls.close()

    def reload_certificates(self) -> None:
        """Read the TLS files again, for connections from now on; from any thread."""
        if self._tls is not None:
            self._tls.reload()

    @property
    def lines(self) -> Lines:
        """Every session as it is now; other threads may look."""
        return self._lines

    @property
    def online(self) -> list[str]:
        """The sessions that are logged on."""
        return [line.config.key for line in self._lines if line.online]

    def sessions_changed(self, sessions: Sequence[Session]) -> None:
        """The sessions are these from now on: bring lines and engines to what the file says.

        Secrets and addresses stand in the file alone. Where that says something else by now, or
        cannot be read, what goes is let go and nothing else is changed.
        """
        self._rereading.begin(self._config, self._geofence, sessions)

    def _take_sessions(self, found: Reread) -> None:
        if found.config is not None:
            self._config, self._geofence = found.config, found.geofence
            self._make_room(found.config)
            wanted = {one.key: one for one in found.config.sessions.session}
        else:
            log.error("sessions_not_read", error=found.why)
            note = f"sessions reload: {found.why}; reload again"
            self._put_behind("", 0, AdminSeen("", False, "A", note[:400], alert=True))
            kept = {one.key for one in found.sessions}
            wanted = {n.config.key: n.config for n in self._lines if n.config.key in kept}
        self._changes.begin(wanted)
        self._tell_enabled()

    def _tell_enabled(self) -> None:
        sessions = self._config.sessions.session
        self.administration.configured({one.key: one.enabled for one in sessions})

    # -- speaking ------------------------------------------------------------------------------

    def say(self, row: OutboxRow, *, again: bool) -> tuple[int, int] | None:
        """Send one reply; (epoch, 0) when it was not sent: a price to a session that is off.

        None: it is owed still, to a session on hold, or whose engine could not be started.
        """
        line = self._lines.get(row.session)
        if line is None:
            log.warning("no_such_session", session=row.session, outbox_id=row.outbox_id)
            known = any(one.key == row.session for one in self._config.sessions.session)
            return None if known else (0, 0)
        a_price = row.price or row.msg_type in NEVER_AGAIN
        if a_price and (line.record.on_hold or not line.online):
            return line.epoch, 0
        if line.record.waits(row.msg_type, again=again):
            return None
        line.record.left(row.msg_type)
        version, tongue = line.config.version, line.tongue
        said_by = message_of if tongue is None else tongue.message_of
        self._mouth.send(line, said_by(version, row, again), keep=not a_price)
        number = line.number
        self._proofs.said(line, row.outbox_id)
        return line.epoch, number

    def stream(self, row: StreamRow) -> None:
        """Send one price of a stream; to a session that is off, or does not read, it is lost."""
        line = self._lines.get(row.session)
        if line is not None and line.online and not (line.held or line.record.on_hold):
            tongue, version = line.tongue, line.config.version
            said = stream_message_of(version, row) if tongue is None else tongue.said(version, row)
            self._mouth.send(line, said, keep=False)
            self._proofs.streamed(line)

    def logout(self, session: str, text: str) -> None:
        """Log a session out for what it sent; it may come back after its back-off.

        `log_out` is for what is not the client's doing.
        """
        line = self._lines.get(session)
        if line is not None:
            self._application.logout(line, text)
            self._wake(line)

    def act(self, act: SessionAct) -> str:
        """Carry out what staff decided for a session; in words, what was done."""
        return self.administration.act(act)

    # -- the door's questions ------------------------------------------------------------------

    def _caller(self, address: str, fields: Mapping[int, str]) -> Caller:
        """Whose first message it is, and whether he may try to log on now."""
        allow_from = self._config.sessions.acceptor.allow_from
        caller = caller_of(self._lines.by_comp_ids, allow_from, address, fields, self._geofence)
        key = caller.line.config.key if caller.line else ""
        if caller.line is not None and (caller.line.engine is None or caller.line.engine.leaving):
            return Caller(None, f"session {key} is being changed", key, fault=False)
        why = self._admission.caller(key, address, time.monotonic()) if key else ""
        return Caller(None, why, key, fault=False) if why else caller

    def _turned_away(self, session: str, note: str) -> None:
        """Journaled once a step of back-off, and an alert."""
        epoch = self._lines[session].epoch if session else 0
        self._put_behind(session, epoch, AdminSeen(session, False, "A", note, alert=True))

    def _event(self, line: Line, body: object) -> None:
        self._put_behind(line.config.key, line.epoch, body)

    def _wake(self, line: Line) -> None:
        if line.engine is not None:
            self._door.engines.wake(line.engine)
