"""A wire between the desk and a venue: it writes down what passes, and breaks at a chosen word."""

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field
from threading import Lock, Thread

from tests.support.fixclient import Received

END = re.compile(rb"\x0110=\d{3}\x01")
DRAIN_S = 0.15
"""How long the venue is still listened to after a cut, so that it reads what it was sent."""


@dataclass
class Cut:
    """When the desk says *kind* next, the wire breaks: behind that message, or before it."""

    kind: str
    is_delivered: bool


@dataclass
class WireTap:
    """Listens on `port`, passes everything on to *to_port*; knows each whole message.

    said: what the desk said and the venue got. heard: what the venue said and the desk got.
    lost: what the desk said and nobody got.
    """

    to_port: int
    said: list[Received] = field(default_factory=list)
    heard: list[Received] = field(default_factory=list)
    lost: list[Received] = field(default_factory=list)
    cut: Cut | None = None
    lines: int = 0

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._open: list[socket.socket] = []
        self._threads: list[Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._closed = False
        self._go(self._accept)

    def orders(self, kind: str = "D") -> list[str]:
        """ClOrdID(11) of each order ("H": question) that reached the venue, as often as it did."""
        return [one[11] for one in self.said if one.kind == kind]

    def close(self) -> None:
        """End every line, and listen no more."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for one in self._open:
            self._end(one)
        for thread in self._threads:
            thread.join(5)

    def _go(self, what: object, *arguments: object) -> None:
        thread = Thread(target=what, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed:
            try:
                desk, _ = self._server.accept()
            except OSError:
                return
            try:
                venue = socket.create_connection(("127.0.0.1", self.to_port), timeout=5)
            except OSError:
                desk.close()  # the venue is not there: nor are we
                continue
            venue.settimeout(None)
            for one in (desk, venue):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [desk, venue]
            self.lines += 1
            self._go(self._pump, desk, venue, True)
            self._go(self._pump, venue, desk, False)

    def _pump(self, source: socket.socket, target: socket.socket, from_desk: bool) -> None:
        waiting = b""
        try:
            while data := source.recv(65_536):
                waiting += data
                while found := END.search(waiting):
                    whole, waiting = waiting[: found.end()], waiting[found.end() :]
                    if not self._pass(whole, source, target, from_desk):
                        return
        except OSError:
            pass  # one end is gone, and so is the line
        finally:
            self._end(source)
            self._end(target)

    def _pass(
        self, whole: bytes, source: socket.socket, target: socket.socket, from_desk: bool
    ) -> bool:
        """Hand on one message; False when the wire broke at it."""
        pairs = [part.partition(b"=") for part in whole.split(b"\x01")[:-1]]
        message = Received([(int(tag), value.decode("latin-1")) for tag, _, value in pairs])
        if not from_desk:
            target.sendall(whole)
            self.heard.append(message)
            return True
        with self._lock:
            cut = self.cut if self.cut is not None and self.cut.kind == message.kind else None
            if cut is not None:
                self.cut = None
        if cut is None or cut.is_delivered:
            target.sendall(whole)
        if cut is None:
            self.said.append(message)
            return True
        (self.said if cut.is_delivered else self.lost).append(message)
        self._end(source)
        time.sleep(DRAIN_S)
        return False

    @staticmethod
    def _end(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
