"""The door: who is let in to the FIX engine, and how its one thread waits.

QuickFIX reads a new connection's first message as long as it takes: one byte in time holds up every
session. It also asks for the address only after the logon. So the door listens itself and keeps
each connection outside until its whole first message is there, the address and CompIDs are known
ones, and only then puts the socket in the place of one that the engine has just accepted.

All of it runs on the thread that also polls the engine, but for what says "from any thread".
"""

import contextlib
import errno
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping

import structlog

from otcfix.fix.backoff import Admission
from otcfix.fix.certificates import transport_refusal
from otcfix.fix.engine import CATCHING_UP_WAIT_MS, Engine, Engines
from otcfix.fix.first_message import FIRST_MAX, NotFix
from otcfix.fix.line import Caller, Line
from otcfix.fix.outside import Outside, TurnedAway, who_goes
from otcfix.fix.proxy import Peer

log = structlog.get_logger("otcfix.fix.door")

PATIENCE_S = 10.0
"""How long a connection may take over its first message."""

WAITING_MAX = 64
"""Connections kept outside, or as many as there are sessions; beyond that one goes that has waited
long (`who_goes`)."""

WARNINGS_A_SECOND = 5

LOGON_S = 3.0
"""How long a connection that was let in may take to be logged on."""

ACCEPTS_AT_ONCE = 16
PAUSE_S = 0.1
"""How long the door stays shut when the system has no descriptor left."""

Judge = Callable[[str, Mapping[int, str]], Caller]
"""(remote address, first message) to the line it is for, or why it is not let in."""


class Door:
    """Listens on the public port; hands complete, welcome connections to the engine."""

    def __init__(
        self, port: int, judge: Judge, admission: Admission, proxies: Collection[str] = ()
    ) -> None:
        """judge: who is let in; admission: who is not even heard; proxies: addresses that say who
        calls by the PROXY protocol. Not opened before `open`."""
        self._judge = judge
        self._proxies = frozenset(proxies)
        self._brought: deque[tuple[socket.socket, Peer] | tuple[None, Peer, str]] = deque()
        self._admission = admission
        self.port = port
        self.patience_s, self.logon_s = PATIENCE_S, LOGON_S
        self._listener = socket.socket()
        # The engines must be given a port: each has it to itself while it is opened, no longer.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.engine_port: int = self._reserved.getsockname()[1]
        self.engines = Engines(self.engine_port)
        self._outside: dict[int, Outside] = {}
        self._on_trial: dict[int, tuple[Engine, Line, float]] = {}
        self._shut_until = 0.0
        self.waiting_max = WAITING_MAX
        self._outer, self._all = select.poll(), select.poll()
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._sleeping = False
        self._warned: list[float] = []

    def open(self) -> None:
        """Begin to listen. Errors: OSError when the port is not to be had."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", self.port))
        self._listener.listen(socket.SOMAXCONN)
        self._listener.setblocking(False)
        self._watch(self._listener.fileno())
        self._all.register(self._bell, select.POLLIN)
        self._all.register(self.engines.fileno(), select.POLLIN)

    # -- the thread that polls -----------------------------------------------------------------

    def take(self) -> None:
        """Let in who may come in, and have the engines take what has arrived."""
        while self._brought:
            self._receive(*self._brought.popleft())
        for descriptor, _ in self._outer.poll(0):
            if descriptor == self._listener.fileno():
                self._answer()
            elif descriptor in self._outside:
                self._look_at(self._outside[descriptor])
        self.engines.take()

    def wait(self, timeout_s: float) -> None:
        """Sleep until something arrives or rings, or *timeout_s* passes."""
        self._sleeping = True
        timeout_ms = CATCHING_UP_WAIT_MS if self.engines.behind else int(timeout_s * 1000)
        timeout_ms = 0 if self._brought else timeout_ms
        ready = self._all.poll(timeout_ms)
        self._sleeping = False
        for descriptor, _ in ready:
            if descriptor == self._bell:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._bell, 4096)

    def tick(self) -> None:
        """Once in a while: send away who takes too long, outside or inside."""
        now = time.monotonic()
        for waiting in [one for one in self._outside.values() if one.until < now]:
            self._turn_away(waiting, "no complete first message in time", fault=waiting.seen > 0)
        for descriptor, (engine, line, until) in list(self._on_trial.items()):
            if line.online:
                del self._on_trial[descriptor]
            elif until < now:
                del self._on_trial[descriptor]
                engine.hang_up(descriptor)
        if self._shut_until and self._shut_until < now:
            self._shut_until = 0.0
            self._watch(self._listener.fileno())

    def bring(self, sock: socket.socket, peer: Peer) -> None:
        """A connection from elsewhere, with its whole first message; from any thread."""
        self._brought.append((sock, peer))
        self.ring()

    def bring_fault(self, address: str, why: str) -> None:
        """A caller was turned away elsewhere: it counts as a failed logon; from any thread."""
        self._brought.append((None, Peer(address), why))
        self.ring()

    def stranger(self, address: str) -> str:
        """Why an address is not heard now; "" when it is; from any thread."""
        return self._admission.stranger(address, time.monotonic())

    def ring(self) -> None:
        """Wake whoever waits; from any thread."""
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
        while self._brought:
            sock = self._brought.popleft()[0]
            if sock is not None:
                sock.close()
        self._reserved.close()
        self.engines.close()
        rope, self._rope = self._rope, -1
        for pipe in (rope, self._bell):
            os.close(pipe)

    # -- outside -------------------------------------------------------------------------------

    def _watch(self, descriptor: int) -> None:
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
            proxied = address in self._proxies
            if not proxied and self.stranger(address):
                sock.close()  # it has been told, and journaled, when it began
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._meet(sock, Peer(address), proxied=proxied)

    def _receive(self, sock: socket.socket | None, peer: Peer, why: str = "") -> None:
        if sock is not None:
            self._meet(sock, peer)
        else:
            self._admission.failed("", peer.address, time.monotonic())
            self._warn(peer.address, why)

    def _meet(self, sock: socket.socket, peer: Peer, *, proxied: bool = False) -> None:
        sock.setblocking(False)
        if len(self._outside) >= self.waiting_max:
            self._turn_away(who_goes(self._outside.values()), "others wait")
        until = time.monotonic() + self.patience_s
        waiting = Outside(sock, peer, until, proxied=proxied)
        self._outside[sock.fileno()] = waiting
        self._watch(sock.fileno())
        self._look_at(waiting)

    def _look_at(self, waiting: Outside) -> None:
        """Whatever a caller sends, it is his own end at most."""
        try:
            caller = self._heard(waiting)
        except TurnedAway as error:
            caller = Caller(None, str(error), fault=error.fault)
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

    def _heard(self, waiting: Outside) -> Caller | None:
        """What is to be thought of a caller; None when he has not finished."""
        fields = waiting.first_message(self.stranger)
        return None if fields is None else self._judged(waiting.peer, fields)

    def _judged(self, peer: Peer, fields: Mapping[int, str]) -> Caller:
        caller = self._judge(peer.address, fields)
        if caller.line is None:
            return caller
        why = transport_refusal(caller.line.config, peer)
        if not why:
            return caller
        key = caller.line.config.key
        self._admission.note(key, f"from {peer.address}: {why}", time.monotonic())
        return Caller(None, f"session {key}: {why}", key)

    def _close(self, waiting: Outside) -> None:
        descriptor = waiting.sock.fileno()
        if self._outside.pop(descriptor, None) is not None:
            self._unwatch(descriptor)
        waiting.sock.close()

    def _turn_away(
        self, waiting: Outside, why: str, session: str = "", *, fault: bool = False
    ) -> None:
        if fault:
            self._admission.failed(session, waiting.address, time.monotonic())
        self._warn(waiting.address, why)
        with contextlib.suppress(OSError):
            waiting.sock.recv(FIRST_MAX)  # closed with something unread it would be a reset
        self._close(waiting)

    def _warn(self, address: str, why: str) -> None:
        now = time.monotonic()
        self._warned = [then for then in self._warned if now - then < 1]
        if why and len(self._warned) < WARNINGS_A_SECOND:
            self._warned.append(now)
            log.warning("turned_away", address=address, why=why)

    # -- inside --------------------------------------------------------------------------------

    def _let_in(self, waiting: Outside, line: Line) -> None:
        """Give a connection to the engine of its line. Errors: OSError."""
        engine = line.engine
        if engine is None:
            raise OSError(errno.ECONNABORTED, f"session {line.config.key} is being changed")
        waiting.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        descriptor = self.engines.let_in(waiting.sock, engine)
        self._close(waiting)
        self._on_trial[descriptor] = (engine, line, time.monotonic() + self.logon_s)
        line.caller = waiting.address
        engine.poll()  # its Logon is there: it is judged while we know whose it is
