"""What the commands of `otcfix fix` share: options, opening logs, and writing messages out."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.outcome import CONFIG, Failed, usage_error

if TYPE_CHECKING:
    from otcfix.fixlog.filters import Match
    from otcfix.fixlog.header import Head
    from otcfix.fixlog.logged import Logged
    from otcfix.fixlog.names import Dictionaries
    from otcfix.fixlog.watch import Flag

WRITTEN_AT = 1 << 16
IDLE_S = 0.2
HEARTBEATS = (b"0", b"1")


class Shape(StrEnum):
    """How a message is shown."""

    LINE = "line"
    TREE = "tree"
    TABLE = "table"
    PIPE = "pipe"
    RAW = "raw"


class Colour(StrEnum):
    """When there are colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[LOG]...", help="Logs, gzip or not, message stores; - or none: stdin."),
]
DelimiterOption = Annotated[
    str,
    typer.Option("--delimiter", metavar="TEXT", help="Between fields; default: found out. \\x01."),
]
DictionaryOption = Annotated[
    Path | None,
    typer.Option("--dictionary", metavar="FILE", help="Names of your own: QuickFIX's XML."),
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="TIME", help="2026-01-31T10:00:00, a date, or 10:00.")
]
UntilOption = Annotated[str, typer.Option("--until", metavar="TIME", help="Not after it.")]
FilterOption = Annotated[
    str, typer.Option("--filter", metavar="EXPR", help="As in `fix grep`: MsgType=D and Side=BUY.")
]
HeartbeatsOption = Annotated[
    bool,
    typer.Option("--heartbeats/--no-heartbeats", help="Show Heartbeat and TestRequest as well."),
]
ShapeOption = Annotated[Shape, typer.Option("--format", help="How a message is shown.")]
ColumnsOption = Annotated[
    str, typer.Option("--columns", metavar="LIST", help="Of --format table: time,dir,type,11,55.")
]
ColourOption = Annotated[
    Colour, typer.Option("--colour", "--color", help="auto: on a terminal, unless NO_COLOR is set.")
]
EventsOption = Annotated[
    bool, typer.Option("--events", help="Show lines without a message too: events, junk.")
]
SecretsOption = Annotated[
    bool, typer.Option("--secrets", help="Show passwords and RawData(96) too.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON array on stdout, written as it is read.")
]


def dictionaries_of(custom: Path | None) -> "Dictionaries":
    """Open the names. Errors: Failed (3) where --dictionary is none."""
    from otcfix.fixlog.names import Dictionaries  # noqa: PLC0415

    try:
        return Dictionaries(custom)
    except ValueError as error:
        raise Failed(CONFIG, f"--dictionary {error}") from None
    except OSError as error:
        raise Failed(CONFIG, f"--dictionary {custom}: {error.strerror}") from None


def delimiter_of(text: str) -> bytes:
    """Read --delimiter: as it stands, or with escapes such as \\x01 and \\t; SOH by its name."""
    if text.upper() == "SOH":
        return b"\x01"
    if "\\" in text:
        try:
            return text.encode("latin-1").decode("unicode_escape").encode("utf-8")
        except (UnicodeError, ValueError):
            raise usage_error(f"--delimiter: {text!r} is no text") from None
    return text.encode("utf-8")


def matching(
    dictionaries: "Dictionaries", expression: str, since: str, until: str
) -> "Match | None":
    """What --filter, --from and --until choose; None: everything. Errors: BadParameter."""
    from otcfix.fixlog.filters import BadFilter, compiled, moment  # noqa: PLC0415

    parts = [f"({expression})"] if expression else []
    try:
        for option, text, sign in (("--from", since, ">="), ("--until", until, "<=")):
            if text:
                parts.append(f"time{sign}'{text}'")
                name = option
                moment(text)
        name = "the expression"
        return compiled(" and ".join(parts), dictionaries) if parts else None
    except BadFilter as error:
        raise usage_error(f"{name}: {error}") from None


def coloured(colour: Colour) -> bool:
    """Whether to use colours here."""
    if colour is Colour.AUTO:
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return colour is Colour.ALWAYS


def sources_of(files: list[Path] | None) -> list[Path]:
    """The logs to read; stdin when none is named."""
    return files or [Path("-")]


class Out:
    """Stdout in large pieces; messages in one shape, or as one JSON array."""

    def __init__(
        self,
        dictionaries: "Dictionaries",
        shape: Shape,
        as_json: bool,
        colour: bool,
        secrets: bool,
        *,
        columns: str = "",
    ) -> None:
        from otcfix.fixlog.line import Lines  # noqa: PLC0415
        from otcfix.fixlog.shapes import COLUMNS, Shapes  # noqa: PLC0415

        chosen = [self._column(dictionaries, name) for name in columns.split(",") if name.strip()]
        lines = Lines(dictionaries, colour=colour, secrets=secrets)
        shapes = Shapes(dictionaries, colour=colour, secrets=secrets, columns=chosen or COLUMNS)
        self._shapes = shapes
        self._note = lines.note
        self._json = as_json
        self._shown: Callable[[Logged, Head, list[Flag]], bytes] = {
            Shape.LINE: lines.line,
            Shape.TREE: shapes.tree,
            Shape.TABLE: shapes.row,
            Shape.PIPE: lambda logged, _head, _flags: f"{shapes.piped(logged)}\n".encode(),
            Shape.RAW: _raw if secrets else _blanked,
        }[shape]
        if as_json:
            self._shown = self._document
        self._pieces: list[bytes] = []
        self._size = 0
        self.count = 0
        if as_json:
            self.write(b"[")
        elif shape is Shape.TABLE:
            self.write(shapes.titles())

    @staticmethod
    def _column(dictionaries: "Dictionaries", name: str) -> str:
        text = name.strip()
        if text in ("time", "dir", "type", "line"):
            return text
        tag = dictionaries.number(text)
        if not tag:
            raise usage_error(f"--columns: {text!r} is no field of FIX, and no tag")
        return tag.decode()

    def show(self, logged: "Logged", head: "Head", flags: "list[Flag]") -> None:
        """Write one message, or a line without one."""
        if logged.note and not logged.message:
            shown = self._noted(logged) if self._json else self._note(logged)
        else:
            shown = self._shown(logged, head, flags)
        self.count += 1
        self._pieces.append(shown)
        self._size += len(shown)
        if self._size >= WRITTEN_AT:
            self.flush()

    def write(self, text: bytes) -> None:
        """Write something else."""
        self._pieces.append(text)
        self._size += len(text)

    def title(self, text: str) -> None:
        """Write a line between the logs, where people read."""
        if not self._json:
            self.write(text.encode("utf-8", "replace") + b"\n")

    def flush(self) -> None:
        """Hand over what is held."""
        out = sys.stdout.buffer
        out.write(b"".join(self._pieces))
        out.flush()
        self._pieces.clear()
        self._size = 0

    def end(self) -> None:
        """Nothing more comes."""
        if self._json:
            self.write(b"]\n")
        self.flush()

    def _document(self, logged: "Logged", head: "Head", flags: "list[Flag]") -> bytes:
        return self._item(self._shapes.document(logged, head, flags))

    def _noted(self, logged: "Logged") -> bytes:
        return self._item({"line": logged.line, "when": logged.when, "note": logged.note})

    def _item(self, document: dict[str, Any]) -> bytes:
        before = b",\n" if self.count else b"\n"
        return before + json.dumps(document, ensure_ascii=False).encode("utf-8")


def _raw(logged: "Logged", _head: "Head", _flags: "list[Flag]") -> bytes:
    return logged.message + b"\n"


def _blanked(logged: "Logged", _head: "Head", _flags: "list[Flag]") -> bytes:
    """As it stands, but for secrets: then its length and checksum do not hold any more."""
    from otcfix.fixlog.fields import joined, split  # noqa: PLC0415
    from otcfix.fixlog.line import HIDDEN, SECRETS  # noqa: PLC0415

    message = logged.message
    if any(b"\x01%b=" % tag in message for tag in SECRETS):
        fields = split(message)
        message = joined((tag, HIDDEN if tag in SECRETS else value) for tag, value in fields)
    return message + b"\n"


def chosen(
    messages: "Iterator[Logged]", match: "Match | None", *, heartbeats: bool = True
) -> "Iterator[tuple[Logged, Head, list[Flag]]]":
    """The messages that are to be shown, with their head and what stands out in them.

    A heartbeat that something stands out in is shown all the same.
    """
    from otcfix.fixlog.header import head_of  # noqa: PLC0415
    from otcfix.fixlog.watch import Watch  # noqa: PLC0415

    flagged = Watch().flags
    none: Head = (b"", b"", b"", b"", b"", 0)
    for logged in messages:
        message = logged.message
        if not message:
            if match is None:
                yield logged, none, []
            continue
        head = head_of(message)
        flags = flagged(logged, head)
        if not heartbeats and not flags and head[0] in HEARTBEATS:
            continue
        if match is None or match(logged, head):
            yield logged, head, flags


def waiting(out: Out) -> Callable[[], bool]:
    """For --follow: what is held goes out, then a moment passes."""

    def idle() -> bool:
        out.flush()
        time.sleep(IDLE_S)
        return True

    return idle
