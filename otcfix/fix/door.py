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
import re
import select
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

log = structlog.get_logger("otcfix.fix.door")

PATIENCE_S = 10.0
"""How long a connection may take over its first message."""

WAITING_MAX = 64
"""Connections kept outside; beyond that the one that has waited longest goes."""

FIRST_MAX = 8192
"""Bytes of a first message; a Logon has some two hundred."""

CATCHING_UP_S = 5.0
CATCHING_UP_POLLS = 32
CATCHING_UP_WAIT_MS = 1
WARNINGS_A_SECOND = 5

_BEGIN = re.compile(rb"8=[^\x01]{1,16}\x019=(\d{1,5})\x01")
_TRAILER = 7  # 10=nnn and its SOH

Judge = Callable[[str, str], str]
"""(remote address, first message) to why it is not let in; "" lets it in."""


class NotFix(ValueError):
    """What came is no FIX message."""


def first_message(data: bytes) -> str | None:
    """The first message of *data*; None while it is not complete. Errors: NotFix."""
    begins = _BEGIN.match(data)
    if begins is None:
        if len(data) > 32 or not data.startswith(b"8="[: len(data)]):
            raise NotFix("no BeginString(8) and BodyLength(9)")
        return None
    length = begins.end() + int(begins[1]) + _TRAILER
    if length > FIRST_MAX:
        raise NotFix(f"a first message of {length} bytes")
    if len(data) < length:
        return None
    if data[length - _TRAILER : length - 4] != b"10=":
        raise NotFix("BodyLength(9) is wrong")
    return data[:length].decode("utf-8", "backslashreplace")


class _Outside:
    """One connection that waits to be let in."""

    def __init__(self, sock: socket.socket, address: str, until: float) -> None:
        self.sock = sock
        self.address = address
        self.until = until
        self.seen = 0


class Door:
    """Listens on the public port; hands complete, welcome connections to the engine."""

    def __init__(self, port: int, judge: Judge) -> None:
        """judge: who is let in. The port is not opened before `open`."""
        self._judge = judge
        self.port = port
        self._listener = socket.socket()
        # The engine must be given a port of its own; it is shut as soon as it is opened.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.engine_port: int = self._reserved.getsockname()[1]
        self._inner = socket.socket()
        self._outside: dict[int, _Outside] = {}
        self._inside: dict[int, tuple[int, int]] = {}
        self._poll: Callable[[], object] = lambda: None
        self._outer, self._all = select.poll(), select.poll()
        self._bell, self._rope = os.pipe()
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
        self._inner.bind(("127.0.0.1", 0))
        self._inner.listen()
        before = set(_sockets())
        poll()
        self._poll = poll
        opened = set(_sockets()) - before
        for descriptor in opened:
            if _listens(descriptor):
                os.dup2(self._inner.fileno(), descriptor, inheritable=False)
            elif _family(descriptor) == socket.AF_UNIX:
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
            elif descriptor in self._inside and self._inside[descriptor] != _identity(descriptor):
                # Closed by the engine since, perhaps something else by now.
                self._all.unregister(descriptor)
                del self._inside[descriptor]
        if self._outside:
            self._let_go_of_the_slow()

    def ring(self) -> None:
        """Wake whoever waits. The one method for other threads."""
        if self._sleeping:
            with contextlib.suppress(BlockingIOError):
                os.write(self._rope, b".")

    def close(self) -> None:
        """Shut: nobody is let in any more, and every connection ends."""
        self._listener.close()
        self._inner.close()
        for waiting in self._outside.values():
            waiting.sock.close()
        self._outside.clear()
        for descriptor, identity in self._inside.items():
            if _identity(descriptor) == identity:
                with contextlib.suppress(OSError), _seen_as_socket(descriptor) as sock:
                    sock.shutdown(socket.SHUT_RDWR)
        self._inside.clear()

    # -- outside -------------------------------------------------------------------------------

    def _watch(self, descriptor: int) -> None:
        self._outer.register(descriptor, select.POLLIN)
        self._all.register(descriptor, select.POLLIN)

    def _answer(self) -> None:
        try:
            sock, (address, _) = self._listener.accept()
        except OSError:
            return  # gone again, or no descriptor left for it
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._outside) >= WAITING_MAX:
            oldest = min(self._outside.values(), key=lambda waiting: waiting.until)
            self._turn_away(oldest, "others wait")
        waiting = _Outside(sock, address, time.monotonic() + PATIENCE_S)
        self._outside[sock.fileno()] = waiting
        self._watch(sock.fileno())
        self._look_at(waiting)

    def _look_at(self, waiting: _Outside) -> None:
        try:
            data = waiting.sock.recv(FIRST_MAX, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError as error:
            self._turn_away(waiting, str(error))
            return
        if len(data) == waiting.seen:
            self._turn_away(waiting, "went away" if data else "")
            return
        waiting.seen = len(data)
        try:
            message = first_message(data)
        except NotFix as error:
            self._turn_away(waiting, str(error))
            return
        if message is None:
            # Readable means from here on: more than this.
            waiting.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)
            return
        why = self._judge(waiting.address, message)
        if why:
            self._turn_away(waiting, why)
        else:
            self._let_in(waiting)

    def _forget(self, waiting: _Outside) -> None:
        descriptor = waiting.sock.fileno()
        del self._outside[descriptor]
        self._outer.unregister(descriptor)
        self._all.unregister(descriptor)

    def _turn_away(self, waiting: _Outside, why: str) -> None:
        self._forget(waiting)
        with contextlib.suppress(OSError):
            waiting.sock.recv(FIRST_MAX)  # closed with something unread it would be a reset
        waiting.sock.close()
        now = time.monotonic()
        self._warned = [then for then in self._warned if now - then < 1]
        if why and len(self._warned) < WARNINGS_A_SECOND:
            self._warned.append(now)
            log.warning("turned_away", address=waiting.address, why=why)

    def _let_go_of_the_slow(self) -> None:
        now = time.monotonic()
        for waiting in [one for one in self._outside.values() if one.until < now]:
            self._turn_away(waiting, "no complete first message in time")

    def _let_in(self, waiting: _Outside) -> None:
        """Have the engine accept a connection to nowhere, and put this one in its place."""
        self._forget(waiting)
        with waiting.sock as real, socket.socket() as decoy:
            real.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            decoy.connect(self._inner.getsockname())
            name = decoy.getsockname()
            # What the engine dropped since its last poll takes that poll's place.
            for _ in range(WAITING_MAX):
                self._poll()
                descriptor = _connected_to(name)
                if descriptor is not None:
                    break
            else:
                log.error("not_accepted", address=waiting.address)
                return
            os.dup2(real.fileno(), descriptor, inheritable=False)
        self._inside[descriptor] = _identity(descriptor)
        self._all.register(descriptor, select.POLLIN)

    def _catch_up(self) -> None:
        """A client that read slowly reads again: send what the engine kept back, in some haste."""
        for _ in range(CATCHING_UP_POLLS):
            self._poll()
        if time.monotonic() > self._behind_until:
            self._behind_until = 0.0


# -- descriptors -----------------------------------------------------------------------------


@contextlib.contextmanager
def _seen_as_socket(descriptor: int) -> Iterator[socket.socket]:
    """A socket object of somebody else's descriptor. Errors: OSError when it is no socket.

    Never a copy of it: whoever closes a copy of a database's file lets go of SQLite's locks.
    """
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    seen = socket.socket(fileno=descriptor)
    try:
        yield seen
    finally:
        seen.detach()


def _sockets() -> list[int]:
    """The descriptors of this process that are sockets."""
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        with contextlib.suppress(OSError):
            found = sorted((int(entry.name) for entry in folder.iterdir()), reverse=True)
            return [descriptor for descriptor in found if _family(descriptor) is not None]
    return [descriptor for descriptor in range(1024) if _family(descriptor) is not None]


def _family(descriptor: int) -> int | None:
    with contextlib.suppress(OSError), _seen_as_socket(descriptor) as seen:
        return seen.family
    return None


def _listens(descriptor: int) -> bool:
    with contextlib.suppress(OSError), _seen_as_socket(descriptor) as seen:
        return bool(seen.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False


def _connected_to(name: tuple[str, int]) -> int | None:
    """Our descriptor whose other end is *name*."""
    for descriptor in _sockets():
        with contextlib.suppress(OSError), _seen_as_socket(descriptor) as seen:
            if seen.family == socket.AF_INET and seen.getpeername() == name:
                return descriptor
    return None


def _identity(descriptor: int) -> tuple[int, int]:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino
