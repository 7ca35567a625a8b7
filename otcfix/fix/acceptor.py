"""The acceptor: every session of the desk on QuickFIX, behind a door of our own; the desk's mouth.

The engine has no thread of its own: the sequencer's polls it. Two threads would share every
session's lock and the interpreter's, and wait for each other more than they work.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import quickfix as fix
import structlog

from otcfix.config import Config
from otcfix.config.geofence import geofence_of
from otcfix.fix.application import NEVER_AGAIN, Application, Put, PutBehind
from otcfix.fix.backoff import Admission
from otcfix.fix.dictionaries import Dictionaries
from otcfix.fix.door import Door
from otcfix.fix.line import Caller, Line, caller_of
from otcfix.fix.lines import Lines
from otcfix.fix.mouth import Mouth
from otcfix.fix.outgoing import message_of, stream_message_of
from otcfix.fix.proof import Proofs
from otcfix.fix.settings import begin_string, settings_text
from otcfix.fix.tls import tls_port
from otcfix.model.errors import ConfigError
from otcfix.model.event import AdminSeen
from otcfix.model.record import OutboxRow, StreamRow
from otcfix.model.time import Instant

log = structlog.get_logger("otcfix.fix")

TICK_S = 0.5
"""How often every session, and the door, looks at its clock, however busy the sockets are."""

LOGOUT_S = 3.0
"""How long a stop waits for the clients' answers to its Logouts."""


class Acceptor:
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
        application: type[Application] = Application,
    ) -> None:
        acceptor = config.sessions.acceptor
        self._put_behind = put_behind
        self._next_tick = 0.0
        self._allow_from = acceptor.allow_from
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
        )
        for session in config.sessions.session:
            begin = begin_string(session.version)
            session_id = fix.SessionID(begin, session.sender_comp_id, session.target_comp_id)
            self._lines.add(Line(session, session_id))
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(settings_text(config, dictionaries, store, self._door.engine_port))
            file.flush()
            self._settings = fix.SessionSettings(file.name)
        self._store_factory = fix.FileStoreFactory(self._settings)
        self._acceptor = fix.SocketAcceptor(self._application, self._store_factory, self._settings)
        for line in self._lines:
            line.session = fix.Session.lookupSession(line.session_id)
            line.note_numbers()

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
        line.note_numbers()
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
        if now >= self._next_tick:
            # A poll that finds nothing lets the sessions look at their clocks; under load none is.
            self._next_tick = now + TICK_S
            self._door.tick()
            for line in self._lines:
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
        self._application.stopping = True
        for line in self._lines:
            if line.online:
                line.session.logout("the desk stops; log on again when it is back")
        until = time.monotonic() + LOGOUT_S
        while self.online and time.monotonic() < until:
            self.take()
            self.wait(0.005)
        self._acceptor.stop(True)
        self._door.close()
        if self._tls is not None:
            self._tls.close()

    def reload_certificates(self) -> None:
        """Read the TLS files again, for connections from now on; from any thread."""
        if self._tls is not None:
            self._tls.reload()

    @property
    def online(self) -> list[str]:
        """The sessions that are logged on."""
        return [line.config.key for line in self._lines if line.online]

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
        self._mouth.send(line, message_of(line.config.version, row, again), keep=not a_price)
        number = line.number
        self._proofs.said(line, row.outbox_id)
        return line.epoch, number

    def stream(self, row: StreamRow) -> None:
        """Send one price of a stream; to a session that is off, or does not read, it is lost."""
        line = self._lines.get(row.session)
        if line is not None and line.online and not line.held:
            self._mouth.send(line, stream_message_of(line.config.version, row), keep=False)
            self._proofs.streamed(line)

    def logout(self, session: str, text: str) -> None:
        """Log a session out for what it sent; it may come back after its back-off."""
        line = self._lines.get(session)
        if line is not None:
            self._application.logout(line, text)

    # -- the door's questions ------------------------------------------------------------------

    def _caller(self, address: str, fields: Mapping[int, str]) -> Caller:
        """Whose first message it is, and whether he may try to log on now."""
        caller = caller_of(
            self._lines.by_comp_ids, self._allow_from, address, fields, self._geofence
        )
        key = caller.line.config.key if caller.line else ""
        why = self._admission.caller(key, address, time.monotonic()) if key else ""
        return Caller(None, why, key, fault=False) if why else caller

    def _turned_away(self, session: str, note: str) -> None:
        """Journaled once a step of back-off, and an alert."""
        epoch = self._lines[session].epoch if session else 0
        self._put_behind(session, epoch, AdminSeen(session, False, "A", note, alert=True))

    def _event(self, line: Line, body: object) -> None:
        self._put_behind(line.config.key, line.epoch, body)
