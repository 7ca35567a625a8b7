"""A FIX session of our own over a socket: raw, and obedient in whatever it is told to do wrong.

It numbers, heartbeats, answers TestRequests and ResendRequests and asks for what it missed, as any
engine does, until it is told not to. Everything happens in `poll`, on the caller's thread.
"""

import contextlib
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from otcfix.fix.wire import SOH
from otcfix.trials.scenario import Said
from otcfix.trials.wire import (
    APPL_VER_IDS,
    BLANK,
    HEADER,
    SECRETS,
    Fields,
    Heard,
    begin_string,
    framed,
    pairs_of,
    shown,
    split_frames,
    timestamp,
)

READ_MAX = 262_144
LOOK_S = 0.05
CONNECT_S = 5.0
WHOLE = (8, 9, 10)
SECRET = re.compile(rf"(\b(?:{'|'.join(map(str, sorted(SECRETS)))})=)[^|]*")


class Tls(Struct, frozen=True):
    """How to speak TLS, PEM files. ca: who may have signed theirs, "" for those of the system;
    certificate, private_key: ours, where they ask for one."""

    ca: str = ""
    certificate: str = ""
    private_key: str = ""

    def over(self, plain: socket.socket, host: str) -> socket.socket:
        """TLS over a connection. Errors: OSError, also where their certificate is not believed."""
        context = ssl.create_default_context(cafile=self.ca or None)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.private_key or None)
        return context.wrap_socket(plain, server_hostname=host)


class Who(Struct, frozen=True):
    """Both ends of a session, as the client sees them. extra: more fields of our Logon; tls: None
    for a plain connection."""

    host: str
    port: int
    version: str
    sender: str
    target: str
    username: str = ""
    secret: str = ""
    heartbeat: int = 30
    extra: tuple[tuple[int, str], ...] = ()
    tls: Tls | None = None


class Numbers(Struct):
    """The numbers of a session, kept over its connections. next_in 0: take what comes."""

    next_out: int = 1
    next_in: int = 0


class Line:
    """One session. heard: what came and was not looked at, in its order."""

    def __init__(self, who: Who, numbers: Numbers, transcript: list[Said], role: str = "") -> None:
        """role: what the transcript calls it, where a scenario has more than one."""
        self.who = who
        self._mark = f"@{role} " if role else ""
        self.begin = begin_string(who.version)
        self.numbers = numbers
        self.transcript = transcript
        self.heard: deque[Heard] = deque()
        self.ignored: set[str] = set()
        self.resends_messages = True
        self.heartbeat_s = float(who.heartbeat)
        self.closed_at = 0.0
        self._sent: dict[int, tuple[str, Fields, str]] = {}
        self._ahead: dict[int, Heard] = {}
        self._asked_from = 0
        self._waiting = b""
        self._said_at = 0.0
        self._socket: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a socket."""
        return self._socket is not None

    # -- the connection ----------------------------------------------------------------------

    def connect(self) -> None:
        """Open a new connection. Errors: OSError."""
        self.close("")
        plain = socket.create_connection((self.who.host, self.who.port), CONNECT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = self.who.tls.over(plain, self.who.host) if self.who.tls else plain
        self._waiting, self._asked_from = b"", 0
        self._ahead.clear()
        self.closed_at = 0.0
        self._said_at = time.monotonic()
        over = ", TLS" if self.who.tls else ""
        self.note(f"connected to {self.who.host}:{self.who.port}{over}")

    def close(self, why: str = "connection dropped by us") -> None:
        """Close without a word."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None
            if why:
                self.note(why)

    def note(self, text: str) -> None:
        """Write a remark into the transcript."""
        self.transcript.append(Said(time.time(), "-", self._mark + text))

    # -- saying ------------------------------------------------------------------------------

    def logon_fields(self) -> dict[int, str]:
        """The body of a Logon as it should be."""
        fields = {98: "0", 108: str(self.who.heartbeat)}
        if self.who.version in APPL_VER_IDS:
            fields[1137] = APPL_VER_IDS[self.who.version]
        if self.who.username:
            fields |= {553: self.who.username, 554: self.who.secret}
        return fields | dict(self.who.extra)

    def say(self, kind: str, fields: Iterable[tuple[int, str]], *, lost: bool = False) -> int:
        """Send one message and return its MsgSeqNum(34).

        A field of the header or trailer takes the place of ours. A 34 that is given does not count.
        lost: it is numbered and kept, and never leaves.
        """
        fields = list(fields)
        wrong = {tag: value for tag, value in fields if tag in WHOLE}
        given = {tag: value for tag, value in fields if tag in HEADER}
        body = [(tag, value) for tag, value in fields if tag not in (*WHOLE, *HEADER, 35)]
        now = timestamp(time.time())
        header = {49: self.who.sender, 56: self.who.target, 34: "", 52: now} | given
        number = header[34]
        if 34 not in given:
            number = header[34] = str(self.numbers.next_out)
            self._sent[self.numbers.next_out] = (kind, [*given.items(), *body], now)
            self.numbers.next_out += 1
        ordered = [(tag, header[tag]) for tag in HEADER if header.get(tag, "-") != "-"]
        whole = framed(self.begin, kind, ordered, body, wrong)
        if lost:
            self.note(f"lost on its way: {_readable(whole)}")
        else:
            self._write(whole)
        return int(number) if number.isdecimal() else 0

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._write(data)

    def again(self, number: int, more: dict[int, str]) -> None:
        """Send the message of a number again: under that number when *more* has 43=Y, else anew."""
        kind, fields, sent_at = self._sent[number]
        if more.get(43) == "Y":
            more = {34: str(number), 122: sent_at} | more
        self.say(kind, [*(f for f in fields if f[0] not in more), *more.items()])

    def _write(self, data: bytes) -> None:
        self.transcript.append(Said(time.time(), ">", self._mark + _readable(data)))
        self._said_at = time.monotonic()
        if self._socket is None:
            return
        try:
            self._socket.settimeout(CONNECT_S)
            self._socket.sendall(data)
        except OSError as error:
            self._ended(f"cannot send: {error.strerror or error}")

    # -- hearing -----------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> bool:
        """Take what is there, waiting at most so long for it; whether something came."""
        self._beat()
        if self._socket is None:
            time.sleep(min(max(timeout_s, 0.0), LOOK_S))
            return False
        self._socket.settimeout(min(max(timeout_s, 0.0001), LOOK_S))
        try:
            data = self._socket.recv(READ_MAX)
        except TimeoutError:
            return False
        except OSError as error:
            self._ended(f"connection lost: {error.strerror or error}")
            return True
        if not data:
            self._ended("connection closed by them")
            return True
        found, self._waiting = split_frames(self._waiting + data, time.time())
        for message in found:
            self._said_to_us(message)
            self._take(message)
        return True

    def _ended(self, why: str) -> None:
        self.close(why)
        self.closed_at = time.monotonic()

    def _said_to_us(self, heard: Heard) -> None:
        fault = f"  [{heard.fault}]" if heard.fault else ""
        self.transcript.append(Said(heard.at, "<", f"{self._mark}{heard}{fault}"))

    def _beat(self) -> None:
        if self._socket is None or not self.numbers.next_in or "heartbeats" in self.ignored:
            return
        if self.heartbeat_s and time.monotonic() - self._said_at >= self.heartbeat_s:
            self.say("0", [])

    def _take(self, heard: Heard) -> None:
        number = heard.number
        if heard.kind == "4" and heard.get(123) != "Y":
            self.heard.append(heard)
            self._moved_to(heard)
            return
        if heard.kind == "A" and (heard.get(141) == "Y" or not self.numbers.next_in):
            self.numbers.next_in = number
        if number > self.numbers.next_in > 0 and "gaps" not in self.ignored:
            self._gap(number, heard)
            return
        if number < self.numbers.next_in:
            self.heard.append(heard)  # said again; a scenario may have asked for it
            return
        self._in_sequence(heard)
        while self.numbers.next_in in self._ahead:
            self._in_sequence(self._ahead.pop(self.numbers.next_in))

    def _gap(self, number: int, heard: Heard) -> None:
        if heard.kind in ("2", "A", "5"):
            # A ResendRequest is answered at once: with a gap on both sides nobody would begin.
            self.heard.append(heard)
            if heard.kind == "2":
                self._answer(heard)
        else:
            self._ahead[number] = heard
        if heard.kind in ("2", "A"):
            self._ahead[number] = Heard(((35, "0"), (34, str(number))), heard.at)
        if self._asked_from != self.numbers.next_in and heard.kind != "5":
            self._asked_from = self.numbers.next_in
            self.say("2", [(7, str(self.numbers.next_in)), (16, "0")])

    def _in_sequence(self, heard: Heard) -> None:
        self.numbers.next_in = heard.number + 1
        if heard.kind == "0" and not heard.has(49):
            return  # the place of one that was taken early
        self.heard.append(heard)
        if heard.kind == "1" and not {"test-requests", "all"} & self.ignored:
            self.say("0", [(112, heard.get(112))])
        elif heard.kind == "2":
            self._answer(heard)
        elif heard.kind == "4":
            self._moved_to(heard)

    def _moved_to(self, heard: Heard) -> None:
        text = heard.get(36)
        if text.isdecimal():
            self.numbers.next_in = int(text)
            for number in sorted(n for n in self._ahead if n < self.numbers.next_in):
                early = self._ahead.pop(number)
                if early.has(49):
                    self.heard.append(early)  # filled over, but we have it

    # -- what was missed ---------------------------------------------------------------------

    def _answer(self, asked: Heard) -> None:
        """Send again what they ask for: business messages of this scenario, the rest as a gap."""
        if {"resend-requests", "all"} & self.ignored:
            return
        begin, end = asked.get(7), asked.get(16, "0")
        if not (begin.isdecimal() and end.isdecimal()):
            return
        last = self.numbers.next_out - 1
        last = last if int(end) == 0 else min(int(end), last)
        number = int(begin)
        while number <= last:
            if self._resendable(number):
                kind, fields, sent_at = self._sent[number]
                self.say(kind, [(34, str(number)), (43, "Y"), (122, sent_at), *fields])
                number += 1
                continue
            upto = number
            while upto <= last and not self._resendable(upto):
                upto += 1
            now = timestamp(time.time())
            self.say("4", [(34, str(number)), (43, "Y"), (122, now), (123, "Y"), (36, str(upto))])
            number = upto

    def _resendable(self, number: int) -> bool:
        kind = self._sent.get(number, ("0", [], ""))[0]
        return self.resends_messages and kind not in set("012345A")


def _readable(data: bytes) -> str:
    text = data.decode("latin-1")
    if text.startswith("8=") and text.endswith(SOH):
        return shown(pairs_of(text))
    blanked = SECRET.sub(rf"\1{BLANK}", text.replace(SOH, "|"))
    return blanked.encode("unicode_escape").decode()
