"""The streams' other end: many FIX 4.4 clients in one process that only listen, and count.

A thread reads all the time, so no client is slow by our doing; the commands only look at what it
has counted. Run by `children`.
"""

import select
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from otcfix.bench.children import Answer, BenchFailed, serve
from otcfix.bench.frames import Stamps, value
from otcfix.bench.load import READ, Line, kind_of
from otcfix.bench.measure import percentile

SAMPLE = 16
"""The delay of every so many-th message is kept."""


class Listener(Line):
    """A session to which updates may come at any time."""

    def courtesy(self, kind: bytes, frame: bytes) -> bytes | None:
        """Nothing is owed for an update, nor for a copy."""
        return b"" if kind in (b"W", b"8") else super().courtesy(kind, frame)


class Subscribers:
    """The commands of the process."""

    def __init__(self) -> None:
        self._stamps = Stamps()
        self._lines: list[Listener] = []
        self._kept: dict[tuple[int, int], Listener] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._failure = ""
        self._updates = self._bytes = 0
        self._delays_ms: list[float] = []
        self._since = 0.0

    def log_on(self, port: int, first: int, sessions: int) -> Answer:
        """Log on the sessions of number *first* and above."""
        for number in range(first, first + sessions):
            line = self._kept.setdefault((port, number), Listener(number, self._stamps))
            line.log_on(port)
            self._lines.append(line)
        return {"sessions": len(self._lines)}

    def subscribe(self, symbols: list[str], depth: int) -> Answer:
        """Subscribe every session to full refreshes of all *symbols*, and begin to listen."""
        group = b"".join(b"55=%b\x01" % symbol.encode() for symbol in symbols)
        body = b"262=M1\x01263=1\x01264=%d\x01265=0\x01267=2\x01269=0\x01269=1\x01146=%d\x01%b" % (
            *(depth, len(symbols)),
            group,
        )
        for line in self._lines:
            line.sock.sendall(line.built(b"V", body))
        return self.listen()

    def listen(self) -> Answer:
        """Begin to listen to whatever comes."""
        self._stopping = False
        self._thread = threading.Thread(target=self._listen, name="listen", daemon=True)
        self._thread.start()
        return {}

    def begin(self) -> Answer:
        """Count from now on."""
        self._updates = self._bytes = 0
        self._delays_ms = []
        self._since = time.perf_counter()
        return {}

    def counted(self) -> Answer:
        """What came since `begin`. Errors: BenchFailed when a line broke."""
        if self._failure:
            raise BenchFailed(self._failure)
        elapsed = time.perf_counter() - self._since
        delays = sorted(self._delays_ms)
        return {
            "updates": self._updates,
            "per_s": self._updates / elapsed,
            "bytes": self._bytes / max(self._updates, 1),
            "delay_p50_ms": percentile(delays, 0.5) if delays else 0.0,
            "delay_p99_ms": percentile(delays, 0.99) if delays else 0.0,
        }

    def log_off(self) -> Answer:
        """Stop listening and log all of them out."""
        self._stopping = True
        if self._thread is not None:
            self._thread.join(10)
        for line in self._lines:
            line.sock.settimeout(10)
            line.log_off()
        self._lines.clear()
        return {}

    def _listen(self) -> None:
        by_descriptor = {line.sock.fileno(): line for line in self._lines}
        poll = select.epoll()
        for descriptor in by_descriptor:
            poll.register(descriptor, select.EPOLLIN)
        try:
            while not self._stopping:
                for descriptor, _ in poll.poll(0.05):
                    self._read(by_descriptor[descriptor])
        except (BenchFailed, OSError) as error:
            self._failure = str(error) or repr(error)
        finally:
            poll.close()

    def _read(self, line: Line) -> None:
        data = line.sock.recv(READ)
        if not data:
            raise BenchFailed(f"{line.name}: the desk closed the connection")
        for frame in line.came(data):
            kind = kind_of(frame)
            if kind == b"W":
                self._updates += 1
                self._bytes += len(frame)
                if not self._updates % SAMPLE:
                    self._delays_ms.append(_age_ms(frame))
                continue
            answer = line.courtesy(kind, frame)
            if answer is None:
                raise BenchFailed(f"{line.name}: unexpected {frame!r}")
            if answer:
                line.sock.sendall(answer)


def _age_ms(frame: bytes) -> float:
    """How long ago the message was sent, by its SendingTime(52) and this machine's one clock."""
    text = value(frame, b"52").decode()
    sent = datetime.strptime(text, "%Y%m%d-%H:%M:%S.%f").replace(tzinfo=UTC)
    return time.time() * 1e3 - sent.timestamp() * 1e3


def main() -> None:
    """Take commands until the end."""

    def begin() -> tuple[Answer, dict[str, Callable[..., Answer]]]:
        subscribers = Subscribers()
        return {}, {
            "log_on": subscribers.log_on,
            "subscribe": subscribers.subscribe,
            "listen": subscribers.listen,
            "begin": subscribers.begin,
            "counted": subscribers.counted,
            "log_off": subscribers.log_off,
        }

    serve(begin)


if __name__ == "__main__":
    main()
