"""A FIX session as a client, with as little between it and the socket as can be: for replays.

It logs on, keeps numbers, answers TestRequest and ResendRequest (with a gap fill: what it said is
not said again), and hands over business messages and rejects.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Sequence

from otcfix.fixlog.fields import Field, framed, value_of
from otcfix.fixlog.header import head_of
from otcfix.fixlog.logged import SOH
from otcfix.model.errors import OtcfixError
from otcfix.model.time import utc_timestamp

READ = 1 << 18
TRIES = 3
HEARTBEAT_S = 30
PIECE_MAX = 1 << 20
_LOW = re.compile(rb"MsgSeqNum too low, expecting (\d+)")
_LENGTH = re.compile(rb"8=[^\x01]{1,12}\x019=(\d{1,7})\x01")


class LinkLost(OtcfixError):
    """No session: what was tried, and what came back."""


class Link:
    """One session with host:port, as *sender*. Errors: LinkLost."""

    def __init__(
        self,
        host: str,
        port: int,
        begin: str,
        sender: str,
        target: str,
        *,
        username: str = "",
        secret: str = "",
        reset: bool = False,
        timeout_s: float = 10.0,
    ) -> None:
        self._where = (host, port)
        self._begin = begin.encode()
        self._names = sender.encode(), target.encode()
        self._login = username, secret
        self._reset = reset
        self._timeout_s = timeout_s
        self._rest = b""
        self._number = 1
        self._spoke_at = 0.0
        self._socket: socket.socket | None = None
        self._held: list[bytes] = []
        self._out: list[bytes] = []
        self._out_size = 0

    # -- life --------------------------------------------------------------------------------

    def log_on(self) -> None:
        """Connect and log on; with too low a number, again with the one that is expected."""
        for _ in range(TRIES):
            try:
                refusal = self._try()
            except LinkLost:
                self.close()
                raise
            if not refusal:
                return
            low = _LOW.search(refusal)
            self.close()
            if low is None:
                text = refusal.decode("utf-8", "replace")
                raise LinkLost(f"{self._name}: the Logon was refused: {text}")
            self._number = int(low[1])
        raise LinkLost(f"{self._name}: no agreement on sequence numbers")

    @property
    def _name(self) -> str:
        return f"{self._where[0]}:{self._where[1]}"

    def _try(self) -> bytes:
        """Log on once; the words of a refusal, or b""."""
        try:
            self._socket = socket.create_connection(self._where, self._timeout_s)
        except OSError as error:
            raise LinkLost(f"{self._name}: {error.strerror or error}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        fields = [(b"98", b"0"), (b"108", b"%d" % HEARTBEAT_S)]
        if self._reset:
            self._number = 1
            fields.append((b"141", b"Y"))
        for tag, text in zip((b"553", b"554"), self._login, strict=True):
            if text:
                fields.append((tag, text.encode()))
        if self._begin.startswith(b"FIXT"):
            fields.append((b"1137", b"9"))
        self.say(b"A", fields)
        self.flush()
        until = time.monotonic() + self._timeout_s
        while (left := until - time.monotonic()) > 0:
            frames = self._frames(left)
            for number, message in enumerate(frames, 1):
                kind = head_of(message)[0]
                if kind == b"A":
                    self._held = frames[number:]  # it went on at once
                    return b""
                if kind in (b"5", b"3"):
                    return value_of(message, b"58") or b"no reason given"
        raise LinkLost(f"{self._name}: no answer to the Logon in {self._timeout_s:g} s")

    def log_off(self) -> None:
        """Log out, wait a moment for the answer, and close."""
        if self._socket is None:
            return
        try:
            self.say(b"5", ())
            self.flush()
            until = time.monotonic() + 2
            while (left := until - time.monotonic()) > 0:
                if any(head_of(one)[0] == b"5" for one in self._frames(left)):
                    break
        except LinkLost:
            pass  # it went first
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # -- speaking --------------------------------------------------------------------------------

    def say(self, kind: bytes, fields: Sequence[Field]) -> None:
        """Put a message into what goes out with the next `flush`."""
        sender, target = self._names
        now = utc_timestamp(time.time_ns() // 1_000).encode()
        head = b"35=%b\x0134=%d\x0149=%b\x0152=%b\x0156=%b\x01" % (
            *(kind, self._number, sender, now, target),
        )
        self._number += 1
        body = b"".join([b"%b=%b\x01" % field for field in fields])
        self._out.append(framed(self._begin, head + body))
        self._out_size += len(body)
        if self._out_size > READ:
            self.flush()

    def flush(self) -> None:
        """Send. What the other side says meanwhile is read, so that neither waits for ever."""
        data = memoryview(b"".join(self._out))
        self._out.clear()
        self._out_size = 0
        link = self._open()
        self._spoke_at = time.monotonic()
        until = self._spoke_at + self._timeout_s
        while data:
            readable, writable, _ = select.select([link], [link], [], 1.0)
            try:
                if writable:
                    data = data[link.send(data[:PIECE_MAX], socket.MSG_DONTWAIT) :]
                elif time.monotonic() > until:
                    raise LinkLost(f"{self._name}: it does not read")
            except BlockingIOError:
                pass  # as if not writable
            except OSError as error:
                raise LinkLost(f"{self._name}: {error.strerror or error}") from None
            if readable and data:
                self._held += self._read()

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise LinkLost(f"{self._name}: not connected")
        return self._socket

    # -- hearing ---------------------------------------------------------------------------------

    def hear(self, timeout_s: float) -> list[bytes]:
        """What came, business messages and rejects: at once, or within *timeout_s*."""
        if self._out:
            self.flush()
        if time.monotonic() - self._spoke_at > HEARTBEAT_S / 2:
            self.say(b"0", ())
            self.flush()
        found = []
        for message in self._frames(timeout_s):
            kind = head_of(message)[0]
            if kind == b"1":
                self.say(b"0", [(b"112", value_of(message, b"112"))])
            elif kind == b"2":
                self._fill(value_of(message, b"7"))
            elif kind == b"5":
                text = value_of(message, b"58").decode("utf-8", "replace")
                raise LinkLost(f"{self._name}: logged out: {text or 'no reason given'}")
            elif kind not in (b"0", b"4", b"A") and b"\x0143=Y\x01" not in message:
                found.append(message)
        if self._out:
            self.flush()
        return found

    def _fill(self, first: bytes) -> None:
        """What we said before is not said again."""
        sender, target = self._names
        now = utc_timestamp(time.time_ns() // 1_000).encode()
        body = (
            b"35=4\x0134=%b\x0143=Y\x0149=%b\x0152=%b\x0156=%b\x01122=%b\x01123=Y\x0136=%d\x01"
            % (first, sender, now, target, now, self._number)
        )
        self._out.append(framed(self._begin, body))

    def _frames(self, timeout_s: float) -> list[bytes]:
        if self._held:
            held, self._held = self._held, []
            return held
        readable, _, _ = select.select([self._open()], [], [], max(timeout_s, 0))
        return self._read() if readable else []

    def _read(self) -> list[bytes]:
        try:
            data = self._open().recv(READ)
        except OSError as error:
            raise LinkLost(f"{self._name}: {error.strerror or error}") from None
        if not data:
            raise LinkLost(f"{self._name}: it closed the connection")
        data = self._rest + data
        found, place = [], 0
        while (head := _LENGTH.match(data, place)) is not None:
            end = head.end() + int(head[1]) + 7
            if end > len(data):
                break
            if data[end - 1 : end] != SOH:
                raise LinkLost(f"{self._name}: BodyLength(9) is wrong: {data[place:end]!r}")
            found.append(data[place:end])
            place = end
        self._rest = data[place:]
        return found
