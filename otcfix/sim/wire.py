"""A bad wire: it stands in front of somebody who speaks FIX, and loses, delays and spoils what is
said. Whoever speaks through it knows nothing of it, so any program can be given faults."""

import contextlib
import re
import selectors
import socket
import time
from collections import deque
from threading import Thread

import structlog

from otcfix.model.errors import ConfigError
from otcfix.sim.wirefaults import Trouble

log = structlog.get_logger("otcfix.sim.wire")

HOST = "127.0.0.1"
LOOK_S = 0.01
READ_MAX = 65_536
ROOM = 262_144
"""Bytes that wait in one direction before no more is read: a full wire pushes back."""
DATA_MAX = 1_048_576
CONNECT_S = 5.0
WHOLE = re.compile(rb"8=FIX.*?\x0110=[^\x01]{0,8}\x01", re.DOTALL)


class Flow:
    """One direction of a line: frames come from *source* and leave for *target*."""

    def __init__(self, source: socket.socket, target: socket.socket, trouble: Trouble) -> None:
        self.source, self.target, self._trouble = source, target, trouble
        self.deaf_until = 0.0
        self.over = False
        self.is_cut = False
        self._waiting = b""
        self._held: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        self._out = bytearray()

    def wants(self, now: float) -> bool:
        """Whether there is room for more, and nobody is deaf."""
        room = len(self._out) + sum(len(data) for _, data in self._held) < ROOM
        return room and not self.over and not self.is_cut and self.deaf_until <= now

    def read(self, now: float) -> float:
        """Take what came; for how many seconds the other direction is not read from now on."""
        try:
            data = self.source.recv(READ_MAX)
        except BlockingIOError:
            return 0.0
        except OSError:
            data = b""
        self.over = not data
        self._waiting += data
        deaf = 0.0
        end = 0
        for found in WHOLE.finditer(self._waiting):
            if found.start() > end:
                self._hold(now, self._waiting[end : found.start()])
            end = found.end()
            fate = self._trouble.meet(found[0])
            self._free_at = max(self._free_at, now + float(fate.wait_ms) / 1_000)
            for piece in fate.pieces:
                self._hold(now, piece)
            deaf = max(deaf, float(fate.deaf_ms) / 1_000)
            if fate.is_cut:
                self.is_cut = True
                break
        self._waiting = self._waiting[end:]
        if self.over or len(self._waiting) > DATA_MAX:
            self._hold(now, self._waiting)
            self._waiting = b""
        return deaf

    def _hold(self, now: float, data: bytes) -> None:
        if data:
            self._held.append((max(now, self._free_at), data))

    def write(self, now: float) -> bool:
        """Send on what is due; False when there is nobody to send to."""
        while self._held and self._held[0][0] <= now:
            self._out += self._held.popleft()[1]
        while self._out:
            try:
                sent = self.target.send(self._out)
            except BlockingIOError:
                return True
            except OSError:
                return False
            del self._out[:sent]
        return not (self.over or self.is_cut) or bool(self._held)


class Wire:
    """Listens on `port` and hands everything on to *to*. said: the troubles of what the side that
    connects says; heard: of what it hears. `never_read` in one direction stops the other.

    with Wire(("127.0.0.1", 9878), said=Trouble(...)) as wire: ... wire.port ... wire.cut()
    """

    def __init__(
        self,
        to: tuple[str, int],
        *,
        said: Trouble | None = None,
        heard: Trouble | None = None,
        port: int = 0,
        host: str = HOST,
    ) -> None:
        """Errors: ConfigError for a port that is taken."""
        self.to = to
        self.said, self.heard = said or Trouble(), heard or Trouble()
        self.lines = 0
        try:
            self._ear = socket.create_server((host, port))
        except OSError as error:
            raise ConfigError(f"{host}:{port}: {error.strerror}") from None
        self._ear.setblocking(False)
        self.port = int(self._ear.getsockname()[1])
        self._lines: list[tuple[Flow, Flow]] = []
        self._stopped = False
        self._cut = False
        self._thread = Thread(target=self._run, name=f"wire {self.port}", daemon=True)

    def start(self) -> "Wire":
        """Begin to listen."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut every line and listen no more."""
        self._stopped = True
        if self._thread.ident:
            self._thread.join(5)
        self._ear.close()

    def cut(self) -> None:
        """Cut every line, at once; new ones are taken."""
        self._cut = True

    def __enter__(self) -> "Wire":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped:
            now = time.monotonic()
            with selectors.DefaultSelector() as ready:
                ready.register(self._ear, selectors.EVENT_READ, None)
                for line in self._lines:
                    for flow in line:
                        if flow.wants(now):
                            ready.register(flow.source, selectors.EVENT_READ, (flow, line))
                events = ready.select(LOOK_S)
            now = time.monotonic()
            for key, _ in events:
                if key.data is None:
                    self._accept()
                    continue
                flow, line = key.data
                deaf = flow.read(now)
                if deaf:
                    other = line[1] if flow is line[0] else line[0]
                    other.deaf_until = max(other.deaf_until, now + deaf)
            self._write(now)
        for line in self._lines:
            self._end(line)

    def _write(self, now: float) -> None:
        cut, self._cut = self._cut, False
        for line in list(self._lines):
            well = [flow.write(now) for flow in line]
            if cut or not all(well):
                self._lines.remove(line)
                self._end(line)

    def _accept(self) -> None:
        try:
            near, _ = self._ear.accept()
        except OSError:
            return
        try:
            far = socket.create_connection(self.to, CONNECT_S)
        except OSError as error:
            log.info("nobody_there", to=f"{self.to[0]}:{self.to[1]}", why=error.strerror)
            near.close()
            return
        for one in (near, far):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines += 1
        self._lines.append((Flow(near, far, self.said), Flow(far, near, self.heard)))

    @staticmethod
    def _end(line: tuple[Flow, Flow]) -> None:
        for flow in line:
            with contextlib.suppress(OSError):
                flow.source.shutdown(socket.SHUT_RDWR)
            flow.source.close()
