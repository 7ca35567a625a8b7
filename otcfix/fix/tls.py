"""The TLS port: ends TLS on a thread of its own and hands plain connections to the door.

The engine behind the door reads and writes plain sockets. So each connection gets a pair of
sockets: one end goes to the door together with who is there, between the other end and the TLS
connection bytes are pumped here. The sequencer's thread never waits for a handshake.

A connection reaches the door with its whole first message. Until then it is one of a bounded number
that have bounded time.
"""

import contextlib
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

import structlog

from otcfix.config import AcceptorConfig
from otcfix.fix.certificates import Certificates, peer_of
from otcfix.fix.first_message import FIRST_MAX, NotFix, first_message
from otcfix.fix.outside import who_goes
from otcfix.fix.proxy import HEADER_MAX, Peer, proxy_header
from otcfix.fix.pump import WOULD_BLOCK, Pipe, watch

log = structlog.get_logger("otcfix.fix.tls")

PATIENCE_S = 10.0
"""How long a connection may take over its handshake and its first message together."""

WAITING_MAX = 64
"""Connections without a first message; beyond that one goes that has waited long (`who_goes`)."""

LOOK_S = 1.0
"""How often files are looked at for a change."""

TICK_S = 0.25
PAUSE_S = 0.1
ACCEPTS_AT_ONCE = 16


class Inside(Protocol):
    """What the TLS port needs of a door."""

    def bring(self, sock: socket.socket, peer: Peer) -> None:
        """Take a plain socket, with who is there."""

    def bring_fault(self, address: str, why: str) -> None:
        """Hear of a caller who counts as a failed logon."""

    def stranger(self, address: str) -> str:
        """Why an address is not heard now; "" when it is."""


def tls_port(config: AcceptorConfig, folder: Path, door: Inside) -> "TlsPort | None":
    """The TLS port of a configuration, not yet open; None without one. Errors: ConfigError."""
    if config.tls_port is None:
        return None
    return TlsPort(config.tls_port, Certificates(config, folder), config.proxy_from, door)


class _Waiting:
    """A connection that has not said its first message. sock: TLS once the PROXY header is read."""

    def __init__(self, sock: socket.socket, peer: Peer, until: float, *, proxied: bool) -> None:
        self.sock = sock
        self.peer = peer
        self.until = until
        self.proxied = proxied
        self.secured = False
        self.said = b""
        self.wants = selectors.EVENT_READ


class TlsPort:
    """Listens, shakes hands, pumps. Everything but `open`, `reload` and `close` is its thread's."""

    def __init__(
        self,
        port: int,
        certificates: Certificates,
        proxies: Collection[str],
        door: Inside,
    ) -> None:
        """proxies: addresses that say who calls by the PROXY protocol; door: who it is for."""
        self.port = port
        self._certificates = certificates
        self._proxies = frozenset(proxies)
        self._door = door
        self._listener = socket.socket()
        self._selector = selectors.DefaultSelector()
        self._waiting: dict[socket.socket, _Waiting] = {}
        self._pipes: set[Pipe] = set()
        self._busy: set[Pipe] = set()
        self._bell, self._rope = os.pipe()
        self._stopping = False
        self._reload = False
        self._next_look = 0.0
        self._shut_until = 0.0
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def open(self) -> None:
        """Listen. Errors: OSError when the port is not to be had."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", self.port))
        self._listener.listen(socket.SOMAXCONN)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._listener)
        self._selector.register(self._bell, selectors.EVENT_READ, self._bell)
        self._thread.start()

    def reload(self) -> None:
        """Read the certificates again, changed or not; from any thread."""
        self._reload = True
        os.write(self._rope, b".")

    def close(self) -> None:
        """End everything. Once is enough."""
        if self._stopping:
            return
        self._stopping = True
        if self._thread.ident:
            os.write(self._rope, b".")
            self._thread.join(5)
        self._listener.close()
        self._selector.close()
        os.close(self._bell)
        os.close(self._rope)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._once()
            except Exception:
                # Whatever one connection does, the port goes on.
                log.exception("tls_failed")
                time.sleep(PAUSE_S)
        for waiting in list(self._waiting.values()):
            self._drop(waiting)
        for pipe in list(self._pipes):
            pipe.turn(time.monotonic())  # the Logouts of a desk that stops
            self._end(pipe)

    def _once(self) -> None:
        for key, _ in self._selector.select(0 if self._busy else TICK_S):
            if key.data is self._listener:
                self._answer()
            elif key.data is self._bell:
                os.read(self._bell, 4096)
            elif isinstance(key.data, _Waiting):
                self._listen_to(key.data)
            elif key.data in self._pipes:
                self._turn(key.data)
        for pipe in list(self._busy):
            self._turn(pipe)
        now = time.monotonic()
        if now >= self._next_look:
            self._tick(now)

    def _tick(self, now: float) -> None:
        self._next_look = now + LOOK_S
        anyway, self._reload = self._reload, False
        self._certificates.reload(anyway=anyway)
        for waiting in [one for one in self._waiting.values() if one.until < now]:
            # Silence is no fault: somebody looks whether the port is there.
            why = "" if not waiting.said else "no complete first message in time"
            self._turn_away(waiting, why)
        for pipe in list(self._pipes):
            self._turn(pipe)
        if self._shut_until and self._shut_until < now:
            self._shut_until = 0.0
            watch(self._selector, self._listener, selectors.EVENT_READ, self._listener)

    # -- callers -------------------------------------------------------------------------------

    def _answer(self) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                sock, (address, _) = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                log.error("tls_port_shut_for_a_moment", error=str(error))
                watch(self._selector, self._listener, 0, None)
                self._shut_until = time.monotonic() + PAUSE_S
                return
            proxied = address in self._proxies
            if not proxied and self._door.stranger(address):
                sock.close()
                continue
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if len(self._waiting) >= WAITING_MAX:
                self._turn_away(who_goes(self._waiting.values()), "")
            until = time.monotonic() + PATIENCE_S
            waiting = _Waiting(sock, Peer(address), until, proxied=proxied)
            self._waiting[sock] = waiting
            try:
                if not proxied:
                    self._secure(waiting)
                watch(self._selector, waiting.sock, waiting.wants, waiting)
            except OSError:
                self._drop(waiting)  # gone again

    def _secure(self, waiting: _Waiting) -> None:
        """Put TLS around a socket. It is another object then, with the same descriptor."""
        watch(self._selector, waiting.sock, 0, None)
        del self._waiting[waiting.sock]
        waiting.sock = self._certificates.context.wrap_socket(
            waiting.sock, server_side=True, do_handshake_on_connect=False
        )
        self._waiting[waiting.sock] = waiting

    def _listen_to(self, waiting: _Waiting) -> None:
        """Go on with a caller as far as what has come allows."""
        if waiting.sock not in self._waiting:
            return  # gone since the selector saw it
        waiting.wants = selectors.EVENT_READ
        try:
            if waiting.proxied and not self._told_by_proxy(waiting):
                return
            if self._heard(waiting):
                self._join(waiting)
                return
        except ssl.SSLWantWriteError:
            waiting.wants = selectors.EVENT_WRITE
        except WOULD_BLOCK:
            pass
        except (NotFix, OSError, ValueError) as error:
            self._turn_away(waiting, _words(error))
            return
        watch(self._selector, waiting.sock, waiting.wants, waiting)

    def _told_by_proxy(self, waiting: _Waiting) -> bool:
        """Read the PROXY header; whether it is done and the caller is to be heard."""
        data = waiting.sock.recv(HEADER_MAX, socket.MSG_PEEK)
        if len(data) == len(waiting.said):
            self._turn_away(waiting, "went away" if data else "")
            return False
        waiting.said = data
        found = proxy_header(data, waiting.peer)
        if found is None:
            waiting.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)
            return False
        length, waiting.peer = found
        waiting.sock.recv(length)
        waiting.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        waiting.proxied, waiting.said = False, b""
        if self._door.stranger(waiting.peer.address):
            self._drop(waiting)
            return False
        self._secure(waiting)
        return True

    def _heard(self, waiting: _Waiting) -> bool:
        """Shake hands, then read the first message; whether it is there, good or bad."""
        sock = waiting.sock
        assert isinstance(sock, ssl.SSLSocket)
        if not waiting.secured:
            sock.do_handshake()
            waiting.secured = True
            waiting.peer = peer_of(sock, waiting.peer.address)
        while True:
            data = sock.recv(FIRST_MAX - len(waiting.said))
            if not data:
                raise ConnectionError("went away" if waiting.said else "")
            waiting.said += data
            try:
                if first_message(waiting.said) is not None:
                    return True
            except NotFix:
                return True  # the door says what it thinks of it

    def _join(self, waiting: _Waiting) -> None:
        """Hand a connection to the door, and pump from now on."""
        sock = waiting.sock
        assert isinstance(sock, ssl.SSLSocket)
        watch(self._selector, sock, 0, None)
        del self._waiting[sock]
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        pipe = Pipe(sock, ours, waiting.said)
        self._pipes.add(pipe)
        self._turn(pipe)
        self._door.bring(theirs, waiting.peer)

    def _turn_away(self, waiting: _Waiting, why: str) -> None:
        """why: what counts as a failed logon; "" is nobody's fault."""
        if why:
            self._door.bring_fault(waiting.peer.address, why)
        self._drop(waiting)

    def _drop(self, waiting: _Waiting) -> None:
        with contextlib.suppress(ValueError):
            watch(self._selector, waiting.sock, 0, None)
        self._waiting.pop(waiting.sock, None)
        waiting.sock.close()

    # -- those inside --------------------------------------------------------------------------

    def _turn(self, pipe: Pipe) -> None:
        if not pipe.turn(time.monotonic()):
            self._end(pipe)
            return
        outer, inner = pipe.interest()
        watch(self._selector, pipe.outer, outer, pipe)
        watch(self._selector, pipe.inner, inner, pipe)
        (self._busy.add if pipe.busy else self._busy.discard)(pipe)

    def _end(self, pipe: Pipe) -> None:
        for sock in (pipe.outer, pipe.inner):
            with contextlib.suppress(KeyError, ValueError):
                watch(self._selector, sock, 0, None)
        self._pipes.discard(pipe)
        self._busy.discard(pipe)
        pipe.end()


def _words(error: Any) -> str:
    """What went wrong in a handshake, for the log; the caller hears an alert of TLS at most."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"client certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    return str(error)
