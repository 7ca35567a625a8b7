"""Copying between a TLS connection and a plain socket of our own, both ways, without blocking."""

import contextlib
import selectors
import socket
import ssl
import time
from typing import Any

CHUNK = 16_384
BUFFER_MAX = 65_536
"""Bytes kept for a side that does not take them; then the other side is not read."""

ROUNDS_MAX = 16
DRAIN_S = 5.0
"""How long the rest is kept for a side that does not take it when the other side has closed."""

WOULD_BLOCK = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class _Way:
    """One direction."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source, self.target = source, target
        self.kept = bytearray()
        self.ended = False  # the source has said all
        self.shut = False  # and the target knows it

    @property
    def reads(self) -> bool:
        return not self.ended and len(self.kept) < BUFFER_MAX

    def move(self) -> bool:
        """Read and write once each, as far as that goes; whether anything moved."""
        moved = False
        if self.reads:
            try:
                got = self.source.recv(CHUNK)
                self.kept += got
                self.ended = not got
                moved = True
            except WOULD_BLOCK:
                pass
            except OSError:
                self.ended = moved = True
        if self.kept:
            try:
                sent = self.target.send(self.kept)
                del self.kept[:sent]
                moved = True
            except WOULD_BLOCK:
                pass
        return moved


class Pipe:
    """A TLS connection and the socket that stands for it inside. Nothing is closed but by `end`."""

    def __init__(self, outer: ssl.SSLSocket, inner: socket.socket, first: bytes = b"") -> None:
        """Both do not block; first: what was read of *outer* already."""
        self.outer, self.inner = outer, inner
        self._inward, self._outward = _Way(outer, inner), _Way(inner, outer)
        self._inward.kept += first
        self._until = 0.0

    def turn(self, now: float) -> bool:
        """Move what there is, within bounds; False: it is over."""
        try:
            for _ in range(ROUNDS_MAX):
                if not (self._inward.move() | self._outward.move()):
                    break
        except OSError:
            return False  # one end takes nothing any more: what is kept for it is lost
        outward = self._outward
        if outward.ended and not outward.kept:
            return False
        if self._inward.ended and not self._inward.kept and not self._inward.shut:
            self._inward.shut = True
            with contextlib.suppress(OSError):
                self.inner.shutdown(socket.SHUT_WR)
        if (self._inward.ended or outward.ended) and not self._until:
            self._until = now + DRAIN_S
        return not (self._until and now > self._until)

    @property
    def busy(self) -> bool:
        """Whether there is more to move than a selector would tell: TLS has read ahead."""
        return self._inward.reads and self.outer.pending() > 0

    def interest(self) -> tuple[int, int]:
        """What a selector is to watch of the outer and of the inner socket."""
        ways = (self._inward, self._outward), (self._outward, self._inward)
        outer, inner = (
            (selectors.EVENT_READ if read.reads else 0)
            | (selectors.EVENT_WRITE if write.kept else 0)
            for read, write in ways
        )
        return outer, inner

    def end(self) -> None:
        """Close both ends."""
        self.outer.setblocking(False)
        with contextlib.suppress(OSError, ValueError):
            self.outer.unwrap()
        self.outer.close()
        self.inner.close()


def watch(selector: selectors.BaseSelector, sock: socket.socket, mask: int, key: Any) -> None:
    """Have *selector* watch *sock* for *mask*, or not at all for 0."""
    known = selector.get_map().get(sock)
    if mask and known is None:
        selector.register(sock, mask, key)
    elif not mask and known is not None:
        selector.unregister(sock)
    elif known is not None and known.events != mask:
        selector.modify(sock, mask, key)


def run(pipe: Pipe) -> None:
    """Pump until one end closes; on a thread of its own."""
    with selectors.DefaultSelector() as selector:
        try:
            while pipe.turn(time.monotonic()):
                outer, inner = pipe.interest()
                watch(selector, pipe.outer, outer, None)
                watch(selector, pipe.inner, inner, None)
                selector.select(0 if pipe.busy else 1.0)
        finally:
            pipe.end()
