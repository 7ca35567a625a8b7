"""The door: who is let in to the FIX engine, and how its one thread waits.

QuickFIX reads a new connection's first message as long as it takes: one byte in time holds up every
session. It also asks for the address only after the logon. So the door listens itself and keeps
each connection outside until its whole first message is there, the address and CompIDs are known
ones, and only then puts the socket in the place of one that the engine has just accepted.

All of it runs on the thread that also polls the engine; `ring` alone is for others.
"""

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Callable, Mapping

import structlog

from otcfix.fix.backoff import Admission
from otcfix.fix.descriptors import connected_to, family, identity, listens, seen_as_socket, sockets
from otcfix.fix.first_message import FIRST_MAX, NotFix, first_message
from otcfix.fix.line import Caller, Line

log = structlog.get_logger("otcfix.fix.door")

PATIENCE_S = 10.0
"""How long a connection may take over its first message."""

WAITING_MAX = 64
"""Connections kept outside; beyond that the one that has waited longest goes."""

CATCHING_UP_S = 5.0
CATCHING_UP_POLLS = 32
CATCHING_UP_WAIT_MS = 1
WARNINGS_A_SECOND = 5

LOGON_S = 3.0
"""How long a connection that was let in may take to be logged on."""

ACCEPTS_AT_ONCE = 16
PAUSE_S = 0.1
"""How long the door stays shut when the system has no descriptor left."""

Judge = Callable[[str, Mapping[int, str]], Caller]
"""(remote address, first message) to the line it is for, or why it is not let in."""


class _Outside:
    """One connection that waits to be let in."""

    def __init__(self, sock: socket.socket, address: str, until: float) -> None:
        self.sock = sock
        self.address = address
        self.until = until
        self.seen = 0


class Door:
    """Listens on the public port; hands complete, welcome connections to the engine."""

    def __init__(self, port: int, judge: Judge, admission: Admission) -> None:
        """judge: who is let in; admission: who is not even heard. Not opened before `open`."""
        self._judge = judge
        self._admission = admission
        self.port = port
        self._listener = socket.socket()
        # The engine must be given a port of its own; it is shut as soon as it is opened.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.engine_port: int = self._reserved.getsockname()[1]
        self._engine_ear = -1
        self._outside: dict[int, _Outside] = {}
        self._inside: dict[int, tuple[int, int]] = {}
        self._on_trial: dict[int, tuple[Line, float]] = {}
        self._shut_until = 0.0
        self._poll: Callable[[], object] = lambda: None
        self._outer, self._all = select.poll(), select.poll()
        self._bell, self._rope = os.pipe()
        # A pipe that nobody writes to: what the engine listens to while nobody is let in.
        self._silence, self._never = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._engine_bells: set[int] = set()
        self._sleeping = False
        self._behind_until = 0.0
        self._warned: list[float] = []

    def open(self, poll: Callable[[], object]) -> None:
        """Start the engine, whose `poll` this is, and begin to listen.

        Errors: OSError when the port is not to be had; what the engine raises when it cannot start.
        """
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", self.port))
        self._listener.listen(socket.SOMAXCONN)
        self._listener.setblocking(False)
        before = set(sockets())
        poll()
        self._poll = poll
        opened = set(sockets()) - before
        for descriptor in opened:
            if listens(descriptor):
                self._engine_ear = descriptor
                os.dup2(self._silence, descriptor, inheritable=False)
            elif family(descriptor) == socket.AF_UNIX:
                self._engine_bells.add(descriptor)
        self._reserved.close()
        self._watch(self._listener.fileno())
        for bell in self._engine_bells:
            self._outer.register(bell, select.POLLIN)
        self._all.register(self._bell, select.POLLIN)

    # -- the thread that polls -----------------------------------------------------------------

    def take(self) -> None:
        """Let in who may come in, and have the engine take what has arrived."""
        for descriptor, _ in self._outer.poll(0):
            if descriptor in self._engine_bells:
                # The engine could not send all at once: it goes on a message at a poll.
                self._behind_until = time.monotonic() + CATCHING_UP_S
            elif descriptor == self._listener.fileno():
                self._answer()
            elif descriptor in self._outside:
                self._look_at(self._outside[descriptor])
        self._poll()
        if self._behind_until:
            self._catch_up()

    def wait(self, timeout_s: float) -> None:
        """Sleep until something arrives or rings, or *timeout_s* passes."""
        self._sleeping = True
        timeout_ms = CATCHING_UP_WAIT_MS if self._behind_until else int(timeout_s * 1000)
        ready = self._all.poll(timeout_ms)
        self._sleeping = False
        for descriptor, _ in ready:
            if descriptor == self._bell:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._bell, 4096)
            elif descriptor in self._inside and self._inside[descriptor] != identity(descriptor):
                # Closed by the engine since, perhaps something else by now.
                del self._inside[descriptor]
                self._unwatch(descriptor)

    def tick(self) -> None:
        """Once in a while: send away who takes too long, outside or inside."""
        now = time.monotonic()
        for waiting in [one for one in self._outside.values() if one.until < now]:
            self._turn_away(waiting, "no complete first message in time", fault=waiting.seen > 0)
        for descriptor, (line, until) in list(self._on_trial.items()):
            if line.online:
                del self._on_trial[descriptor]
            elif until < now:
                del self._on_trial[descriptor]
                self._hang_up(descriptor)
        if self._shut_until and self._shut_until < now:
            self._shut_until = 0.0
            self._watch(self._listener.fileno())

    def ring(self) -> None:
        """Wake whoever waits. The one method for other threads."""
        if self._sleeping:
            with contextlib.suppress(OSError):
                os.write(self._rope, b".")

    def close(self) -> None:
        """Shut: nobody is let in any more, and every connection ends. Once is enough: a loop that
        fails behind its stop stops again, and these descriptors may be somebody else's by then."""
        if self._rope < 0:
            return
        self._listener.close()
        for waiting in self._outside.values():
            waiting.sock.close()
        self._outside.clear()
        for descriptor in list(self._inside):
            self._hang_up(descriptor)
        self._inside.clear()
        rope, self._rope = self._rope, -1
        for pipe in (rope, self._bell, self._silence, self._never):
            os.close(pipe)

    # -- outside -------------------------------------------------------------------------------

    def _watch(self, descriptor: int) -> None:
        self._inside.pop(descriptor, None)  # the number of a connection that the engine closed
        self._outer.register(descriptor, select.POLLIN)
        self._all.register(descriptor, select.POLLIN)

    def _unwatch(self, descriptor: int) -> None:
        for poll in (self._outer, self._all):
            with contextlib.suppress(KeyError):
                poll.unregister(descriptor)

    def _answer(self) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                sock, (address, _) = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    log.error("door_shut_for_a_moment", error=str(error))
                    self._unwatch(self._listener.fileno())
                    self._shut_until = time.monotonic() + PAUSE_S
                    return
                continue  # that caller is gone again
            if self._admission.stranger(address, time.monotonic()):
                sock.close()  # it has been told, and journaled, when it began
                continue
            sock.setblocking(False)
            if len(self._outside) >= WAITING_MAX:
                oldest = min(self._outside.values(), key=lambda waiting: waiting.until)
                self._turn_away(oldest, "others wait")
            waiting = _Outside(sock, address, time.monotonic() + PATIENCE_S)
            self._outside[sock.fileno()] = waiting
            self._watch(sock.fileno())
            self._look_at(waiting)

    def _look_at(self, waiting: _Outside) -> None:
        """Whatever a caller sends, it is his own end at most."""
        try:
            caller = self._heard(waiting)
        except (NotFix, OSError) as error:
            caller = Caller(None, str(error))
        except Exception as error:
            log.exception("door_failed")
            caller = Caller(None, type(error).__name__)
        if caller is None:
            return
        if caller.line is None:
            self._turn_away(waiting, caller.why, caller.session, fault=caller.fault)
            return
        try:
            self._let_in(waiting, caller.line)
        except OSError as error:
            log.error("not_let_in", address=waiting.address, error=str(error))
            self._close(waiting)

    def _heard(self, waiting: _Outside) -> Caller | None:
        """What is to be thought of a caller; None when he has not finished."""
        sock = waiting.sock
        try:
            data = sock.recv(FIRST_MAX, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        if len(data) == waiting.seen:
            return Caller(None, "went away" if data else "", fault=bool(data))
        if not waiting.seen:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.seen = len(data)
        fields = first_message(data)
        if fields is None:
            # Readable means from here on: more than this.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)
            return None
        return self._judge(waiting.address, fields)

    def _close(self, waiting: _Outside) -> None:
        descriptor = waiting.sock.fileno()
        if self._outside.pop(descriptor, None) is not None:
            self._unwatch(descriptor)
        waiting.sock.close()

    def _turn_away(
        self, waiting: _Outside, why: str, session: str = "", *, fault: bool = False
    ) -> None:
        now = time.monotonic()
        if fault:
            self._admission.failed(session, waiting.address, now)
        self._warned = [then for then in self._warned if now - then < 1]
        if why and len(self._warned) < WARNINGS_A_SECOND:
            self._warned.append(now)
            log.warning("turned_away", address=waiting.address, why=why)
        with contextlib.suppress(OSError):
            waiting.sock.recv(FIRST_MAX)  # closed with something unread it would be a reset
        self._close(waiting)

    # -- inside --------------------------------------------------------------------------------

    def _let_in(self, waiting: _Outside, line: Line) -> None:
        """Have the engine accept a connection to nowhere, and put this one in its place.

        The engine's ear is open for as long as that takes. Errors: OSError.
        """
        with socket.socket() as ear, socket.socket() as decoy:
            ear.bind(("127.0.0.1", 0))
            ear.listen()
            ear.setblocking(False)
            decoy.settimeout(1.0)
            decoy.connect(ear.getsockname())
            waiting.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            os.dup2(ear.fileno(), self._engine_ear, inheritable=False)
            try:
                descriptor = self._accepted(decoy.getsockname(), decoy.getpeername())
            finally:
                os.dup2(self._silence, self._engine_ear, inheritable=False)
            os.dup2(waiting.sock.fileno(), descriptor, inheritable=False)
        self._close(waiting)
        self._inside[descriptor] = identity(descriptor)
        self._on_trial[descriptor] = (line, time.monotonic() + LOGON_S)
        self._all.register(descriptor, select.POLLIN)
        line.caller = waiting.address
        self._poll()  # its Logon is there: it is judged while we know whose it is

    def _accepted(self, name: tuple[str, int], here: tuple[str, int]) -> int:
        # What the engine dropped since its last poll takes that poll's place.
        for _ in range(WAITING_MAX):
            self._poll()
            descriptor = connected_to(name, here)
            if descriptor is not None:
                return descriptor
        raise OSError(errno.ECONNABORTED, "the engine did not accept it")

    def _hang_up(self, descriptor: int) -> None:
        """End a connection that the engine has; it reads the end and forgets it."""
        if self._inside.get(descriptor) == identity(descriptor):
            with contextlib.suppress(OSError), seen_as_socket(descriptor) as sock:
                sock.shutdown(socket.SHUT_RDWR)

    def _catch_up(self) -> None:
        """A client that read slowly reads again: send what the engine kept back, in some haste.

        The engine does not say when it has sent all. As long as some connection takes no more
        there may be something; after that, a few seconds are enough for any backlog.
        """
        for _ in range(CATCHING_UP_POLLS):
            self._poll()
        writable = select.poll()
        for descriptor in self._inside:
            writable.register(descriptor, select.POLLOUT)
        now = time.monotonic()
        if len(writable.poll(0)) < len(self._inside):
            self._behind_until = now + CATCHING_UP_S
        elif now > self._behind_until:
            self._behind_until = 0.0
