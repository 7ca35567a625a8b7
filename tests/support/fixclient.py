"""A FIX client that is not QuickFIX: plain sockets and simplefix, with its own session layer.

It numbers, heartbeats, asks for what it missed, sends again what it is asked for (PossDup, with
OrigSendingTime), and takes messages in sequence only. State survives `drop`, so a client can lose
its line, or its desk, and come back.
"""

import socket
import time
from datetime import UTC, datetime

import simplefix

Fields = list[tuple[int, str]]
ADMIN = {"0", "1", "2", "3", "4", "5", "A"}


def utc_now() -> str:
    """Now as a UTCTimestamp with milliseconds."""
    return datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]


class Received(dict[int, str]):
    """A message as a mapping from tag to value; of a repeated tag the first is kept."""

    def __init__(self, pairs: Fields) -> None:
        super().__init__()
        self.pairs = pairs
        for tag, value in pairs:
            self.setdefault(tag, value)

    @property
    def kind(self) -> str:
        """MsgType(35)."""
        return self[35]

    def __str__(self) -> str:
        return "|".join(f"{tag}={value}" for tag, value in self.pairs)


class FixClient:
    """One session, seen from the client."""

    def __init__(
        self,
        port: int,
        *,
        version: str = "FIX.4.4",
        me: str = "ALPHA",
        desk: str = "OTCFIX",
        username: str = "alpha",
        secret: str = "trial-secret-alpha",
        heartbeat: int = 30,
    ) -> None:
        self.port = port
        self.version = version
        self.begin = "FIXT.1.1" if version == "FIX.5.0SP2" else version
        self.me, self.desk = me, desk
        self.username, self.secret, self.heartbeat = username, secret, heartbeat
        self.next_out = 1
        self.next_in = 1
        self.sent: dict[int, tuple[str, Fields, str]] = {}
        self.received: list[Received] = []
        self.admin: list[Received] = []
        self.asked_to_resend = 0
        self.sock: socket.socket | None = None
        self.online = False
        self._parser = simplefix.FixParser()
        self._ahead: dict[int, Received] = {}
        self._asked_from = 0

    def __del__(self) -> None:
        if self.sock is not None:
            self.sock.close()

    # -- line ----------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open a socket."""
        self.start_anew()
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start_anew(self) -> None:
        """Forget what an earlier connection has left."""
        self._parser = simplefix.FixParser()
        self._ahead.clear()
        self._asked_from = 0

    def drop(self) -> None:
        """Lose the line without a word."""
        if self.sock is not None:
            self.sock.close()
        self.sock = None
        self.online = False

    def logon(self, *extra: tuple[int, str], wait: float = 5.0) -> bool:
        """Connect and log on; False when the desk refuses or does not answer."""
        self.connect()
        fields: Fields = [(98, "0"), (108, str(self.heartbeat))]
        if self.begin == "FIXT.1.1":
            fields.append((1137, "9"))
        self.send("A", [*fields, (553, self.username), (554, self.secret), *extra])
        end = time.monotonic() + wait
        while time.monotonic() < end and self.sock is not None and not self.online:
            self.poll(0.05)
        return self.online

    def logout(self) -> None:
        """Say goodbye and close."""
        self.send("5", [])
        end = time.monotonic() + 2
        while time.monotonic() < end and self.sock is not None:
            self.poll(0.05)
        self.drop()

    # -- out -----------------------------------------------------------------------------------

    def send(self, kind: str, fields: Fields, *, seq: int | None = None) -> int:
        """Send a message under the next number (or *seq*); returns the number."""
        number = self.next_out if seq is None else seq
        stamp = utc_now()
        if seq is None:
            self.next_out += 1
        self.sent[number] = (kind, fields, stamp)
        self._write(kind, number, stamp, fields)
        return number

    def say(self, text: str) -> int:
        """Send `35=D|11=A1|...`."""
        pairs = [(int(t), v) for t, _, v in (f.partition("=") for f in text.split("|"))]
        return self.send(pairs[0][1], pairs[1:])

    def resend(self, number: int, *, poss_resend: bool = False) -> None:
        """Send message *number* again: PossDup under its old number, or PossResend under a new."""
        kind, fields, stamp = self.sent[number]
        if poss_resend:
            self._write(kind, self.next_out, utc_now(), [(97, "Y"), *fields])
            self.sent[self.next_out] = (kind, fields, utc_now())
            self.next_out += 1
        else:
            self._write(kind, number, utc_now(), [(43, "Y"), (122, stamp), *fields])

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        if self.sock is not None:
            self.sock.sendall(data)

    def _write(self, kind: str, number: int, stamp: str, fields: Fields) -> None:
        message = simplefix.FixMessage()
        message.append_pair(8, self.begin)
        message.append_pair(35, kind)
        message.append_pair(49, self.me)
        message.append_pair(56, self.desk)
        message.append_pair(34, number)
        message.append_pair(52, stamp)
        for tag, value in fields:
            message.append_pair(tag, value, header=tag in (43, 97, 122, 115, 116))
        if self.sock is None:
            return
        try:
            self.sock.sendall(message.encode())
        except OSError:
            self.drop()

    # -- in ------------------------------------------------------------------------------------

    def poll(self, timeout: float = 0.0) -> None:
        """Read what is there, waiting at most *timeout* seconds for the first byte."""
        if self.sock is None:
            return
        self.sock.settimeout(timeout or 0.0001)
        try:
            data = self.sock.recv(262_144)
        except TimeoutError:
            return
        except OSError:
            self.drop()
            return
        if not data:
            self.drop()
            return
        self._parser.append_buffer(data)
        while (message := self._parser.get_message()) is not None:
            self._take(Received([(int(tag), value.decode()) for tag, value in message.pairs]))

    def hear(self, kind: str = "", timeout: float = 5.0, **tags: str) -> Received:
        """Take the first business message not taken yet that fits, e.g. hear("8", t11="A1")."""
        end = time.monotonic() + timeout
        wanted = {int(name[1:]): value for name, value in tags.items()}
        while True:
            for message in self.received:
                if (not kind or message.kind == kind) and wanted.items() <= message.items():
                    self.received.remove(message)
                    return message
            if time.monotonic() > end or self.sock is None:
                heard = "\n".join(map(str, self.received)) or "nothing"
                raise AssertionError(f"did not hear {kind} {wanted}; heard {heard}")
            self.poll(0.02)

    def hears_nothing(self, timeout: float = 0.3) -> None:
        """Fail if a business message is there or comes."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.poll(0.02)
        assert not self.received, "\n".join(map(str, self.received))

    def _take(self, message: Received) -> None:
        number = int(message[34])
        if message.kind == "A":
            self.online = True
            self.admin.append(message)
            if message.get(141) == "Y":
                self.next_in = number
        if message.kind == "4" and message.get(123) != "Y":
            self.next_in = int(message[36])
            return
        if number > self.next_in:
            self._ahead[number] = message
            if message.kind == "2":
                # Answered at once: with a gap on both sides nobody would begin otherwise.
                self._resend_range(int(message[7]), int(message[16]))
            if self._asked_from != self.next_in:  # one request is for all that follows
                self._asked_from = self.next_in
                self.asked_to_resend += 1
                self.send("2", [(7, str(self.next_in)), (16, "0")])
            return
        if number < self.next_in:
            return
        self._in_sequence(message)
        while self.next_in in self._ahead:
            number = self.next_in
            self._in_sequence(self._ahead[number])
            self._ahead.pop(number, None)

    def _in_sequence(self, message: Received) -> None:
        self.next_in = int(message[34]) + 1
        kind = message.kind
        if kind not in ADMIN:
            self.received.append(message)
            return
        if kind != "A":
            self.admin.append(message)
        if kind == "1":
            self.send("0", [(112, message[112])])
        elif kind == "2":
            if message is not self._ahead.get(int(message[34])):
                self._resend_range(int(message[7]), int(message[16]))
        elif kind == "3":
            self.received.append(message)
        elif kind == "4":
            self.next_in = int(message[36])
            for number in [n for n in self._ahead if n < self.next_in]:
                del self._ahead[number]
        elif kind == "5":
            self.drop()

    def _resend_range(self, begin: int, end: int) -> None:
        last = self.next_out - 1 if end == 0 else min(end, self.next_out - 1)
        number = begin
        while number <= last:
            if self.sent.get(number, ("0", [], ""))[0] not in ADMIN:
                self.resend(number)
                number += 1
                continue
            upto = number
            while upto <= last and self.sent.get(upto, ("0", [], ""))[0] in ADMIN:
                upto += 1
            stamp = utc_now()
            gap: Fields = [(43, "Y"), (122, stamp), (123, "Y"), (36, str(upto))]
            self._write("4", number, stamp, gap)
            number = upto
