"""The load generator: many FIX 4.4 clients in one process, one thread, plain sockets.

Its part of a cycle is some 25 µs; it checks every answer on the way. Run by `children`.
"""

import select
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from otcfix.bench.children import Answer, BenchFailed, serve
from otcfix.bench.frames import SOH, Stamps, framed, frames_of, value
from otcfix.bench.measure import percentile

DESK = b"OTCFIX"
HEARTBEAT_S = 60
STALLED_S = 20.0
READ = 1 << 18
ERRORS_MAX = 50
ERRORS_KEPT = 5

_clock = time.perf_counter_ns


def session_name(number: int) -> str:
    """CompID, username and client id of the load generator's session of that number."""
    return f"LOAD{number:03d}"


def secret_of(name: str) -> str:
    """Its password: the desk lives for minutes, on loopback."""
    return f"bench-{name}"


def kind_of(frame: bytes) -> bytes:
    """MsgType(35)."""
    start = frame.index(b"\x0135=", 10) + 4
    return frame[start : frame.index(SOH, start)]


class Line:
    """One client session. Its numbers live as long as the process, its socket per run."""

    sock: socket.socket

    def __init__(self, number: int, stamps: Stamps) -> None:
        self.name = session_name(number)
        self.count = 0
        self.open: dict[bytes, int] = {}
        self.rest = b""
        self._stamps = stamps
        self._sender = self.name.encode()
        self._out = 0
        self._in = 0
        self._logon = 0  # MsgSeqNum(34) of its last Logon

    def built(self, kind: bytes, body: bytes) -> bytes:
        """The next message to the desk."""
        self._out += 1
        return framed(self._head(kind, self._out) + body)

    def _head(self, kind: bytes, number: int) -> bytes:
        return b"35=%b\x0134=%d\x0149=%b\x0152=%b\x0156=%b\x01" % (
            *(kind, number, self._sender),
            *(self._stamps.now(), DESK),
        )

    def came(self, data: bytes) -> list[bytes]:
        """The messages that *data* completes. Errors: BenchFailed when one is missing."""
        frames, self.rest = frames_of(self.rest + data)
        for frame in frames:
            self._in += 1
            number = int(value(frame, b"34"))
            if number != self._in:
                raise BenchFailed(f"{self.name}: MsgSeqNum(34) {number}, expected {self._in}")
        return frames

    def log_on(self, port: int) -> None:
        """Connect and log on. Errors: BenchFailed."""
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        body = b"98=0\x01108=%d\x01553=%b\x01554=%b\x01" % (
            *(HEARTBEAT_S, self._sender),
            secret_of(self.name).encode(),
        )
        self.sock.sendall(self.built(b"A", body))
        self._logon = self._out
        self._until(b"A")

    def log_off(self) -> None:
        """Log out and close; what was still under way is read over."""
        self.sock.sendall(self.built(b"5", b""))
        out = self._out
        self._until(b"5", silent=True)
        self._out = out  # what was answered to nobody has no number
        self.sock.close()

    def ask(self, kind: bytes, body: bytes, wanted: bytes) -> bytes:
        """Send one message and wait for its answer. Errors: BenchFailed."""
        self.sock.sendall(self.built(kind, body))
        return self._until(wanted)

    def _until(self, wanted: bytes, *, silent: bool = False) -> bytes:
        """Read until a message of that type comes. silent: nothing is answered any more."""
        try:
            while data := self.sock.recv(READ):
                found = b""
                for frame in self.came(data):
                    kind = kind_of(frame)
                    if kind == wanted:
                        found = frame
                        continue
                    answer = self.courtesy(kind, frame)
                    if answer is None:
                        raise BenchFailed(f"{self.name}: expected 35={wanted!r}, got {frame!r}")
                    if answer and not silent:
                        self.sock.sendall(answer)
                if found:
                    return found
        except TimeoutError:
            raise BenchFailed(f"{self.name}: no 35={wanted!r} within 10 s") from None
        raise BenchFailed(f"{self.name}: the desk closed the connection before 35={wanted!r}")

    def courtesy(self, kind: bytes, frame: bytes) -> bytes | None:
        """The answer that FIX asks for to a session message, b"" for none; None: not a usual one.

        A ResendRequest(35=2) is answered by a gap fill: whatever was lost is not said again. It
        fills up to the Logon; what was said since has arrived, and waits there for the fill.
        """
        if kind == b"1":
            return self.built(b"0", b"112=%b\x01" % value(frame, b"112"))
        if kind == b"2":
            begin = int(value(frame, b"7"))
            upto = (self._logon if begin <= self._logon else self._out) + 1
            again = b"43=Y\x01122=%b\x01123=Y\x0136=%d\x01" % (self._stamps.now(), upto)
            return framed(self._head(b"4", begin) + again)
        return b"" if kind == b"0" else None


class Terms(NamedTuple):
    """What is asked for: the QuoteRequests and orders of the load."""

    symbol: bytes = b"BTC/USD"
    quantity: bytes = b"0.01"
    two_way: bool = True


class Run:
    """One measured run: *window* units of work in flight on each line.

    flow: `echo` (a message and its one answer), `quote` (QuoteRequest and Quote) or `cycle`
    (QuoteRequest, Quote, NewOrderSingle, two ExecutionReports). It ends after *count* units, or
    *seconds* after *warm_s* when count is 0; every unit begun is finished.
    """

    def __init__(
        self, lines: list[Line], flow: str, window: int, terms: Terms, stamps: Stamps
    ) -> None:
        self._lines = lines
        self._window = window
        self._terms = terms
        self._stamps = stamps
        takers: dict[str, dict[bytes, Callable[[Line, bytes, int], bytes]]] = {
            "echo": {b"S": self._done_in_turn},
            "quote": {b"S": self._quoted_only},
            "cycle": {b"S": self._quoted, b"8": self._reported},
        }
        self._taken = takers[flow]
        self._begun = self._ended = self._acknowledged = 0
        self._from = self._until = self._last = 0
        self._count = 0
        self._samples: list[int] = []
        self._errors: list[str] = []
        self._failed = 0

    def go(self, warm_s: float, seconds: float, count: int) -> Answer:
        """Run. Errors: BenchFailed when the desk stalls, hangs up or refuses everything."""
        start = _clock()
        self._count = count
        self._from = start + (0 if count else int(warm_s * 1e9))
        self._until = self._from + int(seconds * 1e9)
        poll = select.epoll()
        by_socket = {line.sock.fileno(): line for line in self._lines}
        for number in by_socket:
            poll.register(number, select.EPOLLIN)
        for line in self._lines:
            first = b"".join([self._next(line, _clock()) for _ in range(self._window)])
            line.sock.sendall(first)
        while self._ended < self._begun:
            ready = poll.poll(STALLED_S)
            if not ready:
                waiting = self._begun - self._ended
                raise BenchFailed(f"stalled: {waiting} units wait for {STALLED_S:.0f} s")
            for number, _ in ready:
                self._read(by_socket[number])
        poll.close()
        return self._result(start)

    def _result(self, start: int) -> Answer:
        elapsed = ((self._last if self._count else min(self._last, self._until)) - self._from) / 1e9
        ordered = sorted(self._samples)
        return {
            "units": self._ended - self._failed,
            "failed": self._failed,
            "errors": self._errors,
            "measured": len(ordered),
            "per_s": len(ordered) / elapsed if elapsed > 0 else 0.0,
            "p50_us": percentile(ordered, 0.5) / 1e3 if ordered else 0.0,
            "p99_us": percentile(ordered, 0.99) / 1e3 if ordered else 0.0,
            "max_us": ordered[-1] / 1e3 if ordered else 0.0,
            "seconds": (self._last - start) / 1e9,
            "acknowledged": self._acknowledged,
        }

    def _read(self, line: Line) -> None:
        data = line.sock.recv(READ)
        if not data:
            raise BenchFailed(f"{line.name}: the desk closed the connection")
        now = _clock()
        out: list[bytes] = []
        for frame in line.came(data):
            kind = kind_of(frame)
            taker = self._taken.get(kind)
            if taker is not None:
                out.append(taker(line, frame, now))
            else:
                answer = line.courtesy(kind, frame)
                out.append(self._refused(line, frame, now) if answer is None else answer)
        if out:
            line.sock.sendall(b"".join(out))

    # -- units of work ---------------------------------------------------------------------

    def _next(self, line: Line, now: int) -> bytes:
        """Begin one more unit, unless it is enough."""
        if self._begun >= self._count if self._count else now >= self._until:
            return b""
        self._begun += 1
        line.count += 1
        name = b"C%d" % line.count
        line.open[name] = now
        terms = self._terms
        side = b"" if terms.two_way else b"54=%b\x01" % self._side(name)
        return line.built(
            b"R",
            b"131=%b\x01146=1\x0155=%b\x01537=1\x01%b38=%b\x0160=%b\x01"
            % (name, terms.symbol, side, terms.quantity, self._stamps.now()),
        )

    @staticmethod
    def _side(name: bytes) -> bytes:
        return b"1" if name[-1] & 1 else b"2"

    def _end(self, line: Line, name: bytes, now: int) -> bytes:
        began = line.open.pop(name, None)
        if began is None:
            return self._error(line, b"an answer to nothing asked: " + name)
        self._ended += 1
        self._last = now
        if now >= self._from and (self._count or now <= self._until):
            self._samples.append(now - began)
        return self._next(line, now)

    def _done_in_turn(self, line: Line, _frame: bytes, now: int) -> bytes:
        return self._end(line, next(iter(line.open)), now)

    def _quoted_only(self, line: Line, frame: bytes, now: int) -> bytes:
        return self._end(line, value(frame, b"131"), now)

    def _quoted(self, line: Line, frame: bytes, _now: int) -> bytes:
        name = value(frame, b"131")
        side = self._side(name)
        price = value(frame, b"133" if side == b"1" else b"132")
        return line.built(
            b"D",
            b"11=%b\x0155=%b\x0154=%b\x0160=%b\x0138=%b\x0140=D\x0144=%b\x01117=%b\x01"
            % (
                *(name, self._terms.symbol, side, self._stamps.now()),
                *(self._terms.quantity, price, value(frame, b"117")),
            ),
        )

    def _reported(self, line: Line, frame: bytes, now: int) -> bytes:
        kind = value(frame, b"150")
        if kind == b"0":
            self._acknowledged += 1
            return b""
        if kind == b"F" and value(frame, b"39") == b"2":
            return self._end(line, value(frame, b"11"), now)
        return self._refused(line, frame, now)

    def _refused(self, line: Line, frame: bytes, now: int) -> bytes:
        """An answer that should not be: kept, and the unit it names ends as failed."""
        self._error(line, frame)
        name = value(frame, b"131") or value(frame, b"11") or value(frame, b"379")
        if line.open.pop(name, None) is None:
            raise BenchFailed(f"{line.name}: unexpected {self._errors[-1]}")
        self._ended += 1
        self._failed += 1
        self._last = now
        return self._next(line, now)

    def _error(self, line: Line, what: bytes) -> bytes:
        text = f"{line.name}: {what.replace(SOH, b'|').decode('ascii', 'replace')}"
        if len(self._errors) < ERRORS_KEPT:
            self._errors.append(text)
        if self._failed >= ERRORS_MAX:
            raise BenchFailed(f"too many refusals; the first: {self._errors[0]}")
        return b""


class Load:
    """The commands of the process."""

    def __init__(self) -> None:
        self._stamps = Stamps()
        self._lines: dict[tuple[int, int], Line] = {}
        self._on: list[Line] = []

    def log_on(self, port: int, sessions: int) -> Answer:
        """Log the first *sessions* sessions on."""
        for number in range(sessions):
            line = self._lines.setdefault((port, number), Line(number, self._stamps))
            line.log_on(port)
            self._on.append(line)
        return {"sessions": len(self._on)}

    def run(
        self,
        flow: str,
        window: int,
        warm_s: float = 0.0,
        seconds: float = 0.0,
        count: int = 0,
        two_way: bool = True,
    ) -> Answer:
        """Measure; the sessions stay logged on."""
        run = Run(self._on, flow, window, Terms(two_way=two_way), self._stamps)
        return run.go(warm_s, seconds, count)

    def pass_all(self) -> Answer:
        """Tell the desk that no quote is wanted any more, so that none expires later."""
        for line in self._on:
            line.ask(b"Z", b"298=4\x01", b"AI")
        return {}

    def log_off(self) -> Answer:
        """Log all of them out."""
        for line in self._on:
            line.log_off()
        self._on.clear()
        return {}


def main() -> None:
    """Take commands until the end."""

    def begin() -> tuple[Answer, dict[str, Callable[..., Answer]]]:
        load = Load()
        return {}, {
            "log_on": load.log_on,
            "run": load.run,
            "pass_all": load.pass_all,
            "log_off": load.log_off,
        }

    serve(begin)


if __name__ == "__main__":
    main()
