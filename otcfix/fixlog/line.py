"""One message as one line, fast: whole fields are looked up, not taken apart.

A field of a log is nearly always one that was seen before, so its rendered form is kept under its
bytes; what is new is rendered once.
"""

from __future__ import annotations

from otcfix.fixlog.fields import DATA_TAGS
from otcfix.fixlog.header import Head, body_of
from otcfix.fixlog.logged import SOH, Logged
from otcfix.fixlog.names import Dictionaries, Names
from otcfix.fixlog.watch import Flag, is_reject

KEPT = 20_000
"""Rendered fields of a version that are kept; then all are forgotten."""

ONCE = frozenset(
    b"11 14 17 19 31 34 37 41 44 52 60 62 117 131 132 133 151 198 262 270 527 6 112 122".split()
)
"""Ids, times and prices: hardly seen twice, so not kept."""

DATA_SHOWN = 200
SECRETS = frozenset((b"96", b"554", b"925", b"1402", b"1404"))
HIDDEN = b"***"
_PRINTABLE = bytes(range(0x20, 0x7F))
_ARROWS = {"in": b"<", "out": b">", "": b"-"}

RESET, DIM, BOLD, RED, GREEN, YELLOW, CYAN = (
    b"\x1b[0m", b"\x1b[2m", b"\x1b[1m", b"\x1b[31m", b"\x1b[32m", b"\x1b[33m", b"\x1b[36m",
)  # fmt: skip
FLAG_COLOURS = {"resend": YELLOW, "reset": YELLOW, "clock": YELLOW}


class _Length(Exception):
    """A length field: the data behind it must be cut out first."""


class _Fields(dict[bytes, bytes]):
    """tag=value to what is shown of it, made at first sight."""

    def __init__(self, names: Names, colour: bool, secrets: bool) -> None:
        super().__init__()
        self.names = names
        self._on, self._off = (DIM, RESET) if colour else (b"", b"")
        self._green = GREEN if colour else b""
        self._secrets = secrets
        self._heads: dict[bytes, bytes] = {}

    def __missing__(self, part: bytes) -> bytes:
        tag, _, value = part.partition(b"=")
        if tag in DATA_TAGS and value.isdigit():
            raise _Length
        shown = self.shown(tag, value)
        if tag not in ONCE:
            if len(self) >= KEPT:
                self.clear()
            self[part] = shown
        return shown

    def shown(self, tag: bytes, value: bytes) -> bytes:
        """A field with its name, and what its value means."""
        head = self._heads.get(tag)
        if head is None:
            name = self.names.tag(tag).encode() or safe(tag)
            head = self._on + name + b"=" + self._off
            if len(self._heads) < KEPT:
                self._heads[tag] = head
        if value.translate(None, _PRINTABLE):
            value = safe(value)
        if tag in SECRETS and not self._secrets:
            return head + HIDDEN
        meant = self.names.value(tag, value)
        if meant:
            return b"%b%b(%b%b%b)" % (head, value, self._green, meant.encode(), self._off)
        return head + value


def safe(value: bytes) -> bytes:
    """Make bytes fit for a terminal: UTF-8, or Latin-1 where they are none, controls escaped."""
    try:
        text = value[: 1 << 16].decode("utf-8")
    except UnicodeDecodeError:
        text = value[: 1 << 16].decode("latin-1")
    if text.isprintable():
        return text.encode("utf-8")
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    ).encode("utf-8")


class Lines:
    """Messages as lines, with names by their version.

    secrets: show passwords and RawData(96) too (R13 blanks them).
    """

    def __init__(self, dictionaries: Dictionaries, *, colour: bool, secrets: bool = False) -> None:
        self._dictionaries = dictionaries
        self._colour = colour
        self._secrets = secrets
        self._by_names: dict[str, _Fields] = {}
        self._by_begin: dict[bytes, _Fields] = {}
        self._kinds: dict[tuple[bytes, str], bytes] = {}
        self._routes: dict[tuple[bytes, bytes], bytes] = {}

    def line(self, logged: Logged, head: Head, flags: list[Flag]) -> bytes:
        """One message, ended by a line end."""
        kind, number, sender, target, sent, begin = head
        message = logged.message
        fields = self._by_begin.get(message[:10])
        if fields is None:
            fields = self._fields(message)
        try:
            if not begin:
                raise _Length
            body = b" ".join(map(fields.__getitem__, message[begin:-8].split(SOH)))
            if message[-8:-4] != b"\x0110=":
                raise _Length
        except _Length:
            body = self._slowly(fields, message)
        said = self._kinds.get((kind, logged.direction)) or self._kind(fields, kind, logged)
        when = logged.when.encode("ascii", "replace") or sent
        route = self._routes.get((sender, target)) or self._route(sender, target)
        if (when + number).translate(None, _PRINTABLE):
            when, number = safe(when), safe(number)
        told = self._flagged(flags) if flags else b"\n"
        return b"%6d %b %b %b #%b  %b%b" % (logged.line, when, said, route, number, body, told)

    def note(self, logged: Logged) -> bytes:
        """A line of the log that holds no message."""
        on, off = (DIM, RESET) if self._colour else (b"", b"")
        return b"%6d %b%b%b\n" % (logged.line, on, safe(logged.note.encode("utf-8")), off)

    def _fields(self, message: bytes) -> _Fields:
        names = self._dictionaries.of(message)
        fields = self._by_names.get(names.version)
        if fields is None:
            fields = _Fields(names, self._colour, self._secrets)
            self._by_names[names.version] = fields
        begin = message[:10]
        if begin[9:] == SOH and begin[2:9] in self._dictionaries.fixed:
            self._by_begin[begin] = fields
        return fields

    def _slowly(self, fields: _Fields, message: bytes) -> bytes:
        """With data fields, or an unusual head: taken apart."""
        shown = []
        for tag, value in body_of(message):
            more = b"..." if len(value) > DATA_SHOWN and tag in DATA_TAGS.values() else b""
            shown.append(fields.shown(tag, value[:DATA_SHOWN] if more else value) + more)
        return b" ".join(shown)

    def _kind(self, fields: _Fields, kind: bytes, logged: Logged) -> bytes:
        """The direction and the message's name."""
        name = fields.names.message(kind).encode() or b"MsgType"
        text = b"%b %b(%b)" % (_ARROWS.get(logged.direction, b"-"), name, safe(kind))
        if self._colour:
            hue = RED if is_reject(kind, b"") else CYAN
            text = BOLD + hue + text + RESET
        if len(self._kinds) < KEPT:
            self._kinds[kind, logged.direction] = text
        return text

    def _route(self, sender: bytes, target: bytes) -> bytes:
        if len(self._routes) >= KEPT:
            self._routes.clear()
        route = self._routes[sender, target] = safe(sender + b">" + target)
        return route

    def _flagged(self, flags: list[Flag]) -> bytes:
        told = []
        for flag in flags:
            text = f"  !! {flag.kind}: {flag.text}".encode()
            colour = FLAG_COLOURS.get(flag.kind, RED) if self._colour else b""
            told.append(colour + text + RESET if colour else text)
        return b"".join(told) + b"\n"
