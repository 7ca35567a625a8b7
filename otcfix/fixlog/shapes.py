"""One message as a tree of its groups, as a JSON document, as a row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from otcfix.fixlog.fields import Field, split, value_of
from otcfix.fixlog.header import Head
from otcfix.fixlog.line import CYAN, DIM, GREEN, HIDDEN, RED, RESET, SECRETS, safe
from otcfix.fixlog.logged import Logged, instant
from otcfix.fixlog.names import Dictionaries, Group, Names
from otcfix.fixlog.watch import Flag
from otcfix.model.time import iso

COLUMNS = (
    "time",
    "dir",
    "type",
    "34",
    "11",
    "131",
    "117",
    "37",
    "55",
    "54",
    "38",
    "44",
    "39",
    "58",
)
WIDTHS = {
    "time": 24,
    "dir": 3,
    "type": 24,
    "34": 6,
    "55": 10,
    "54": 8,
    "38": 12,
    "44": 12,
    "58": 40,
}
WIDTH = 16


class Node(Struct, frozen=True):
    """A field, and when it counts a repeating group, the entries of that."""

    tag: bytes
    value: bytes
    entries: tuple[tuple[Node, ...], ...] = ()


def nested(fields: Sequence[Field], group: Group) -> list[Node]:
    """Return *fields* with those of repeating groups below their counting field."""
    nodes, _ = _nested(fields, 0, group, inside=False)
    return nodes


def _nested(
    fields: Sequence[Field], place: int, group: Group, *, inside: bool
) -> tuple[list[Node], int]:
    """Fields from *place* on; inside of a group's entry up to the next entry or the group's end."""
    nodes: list[Node] = []
    first = fields[place][0] if inside and place < len(fields) else b""
    while place < len(fields):
        tag, value = fields[place]
        if inside and (tag not in group.tags or (nodes and tag == first)):
            break
        place += 1
        below = group.groups.get(tag)
        entries: list[tuple[Node, ...]] = []
        if below is not None and place < len(fields) and value.strip(b"0"):
            start = fields[place][0]
            while place < len(fields) and fields[place][0] == start and start in below.tags:
                entry, place = _nested(fields, place, below, inside=True)
                entries.append(tuple(entry))
        nodes.append(Node(tag, value, tuple(entries)))
    return nodes, place


def _value(tag: bytes, value: bytes, secrets: bool) -> bytes:
    return HIDDEN if tag in SECRETS and not secrets else safe(value)


class Shapes:
    """Messages as trees, documents and rows, with names by their version."""

    def __init__(
        self,
        dictionaries: Dictionaries,
        *,
        colour: bool = False,
        secrets: bool = False,
        columns: Sequence[str] = COLUMNS,
    ) -> None:
        self._dictionaries = dictionaries
        self._colour = colour
        self._secrets = secrets
        self._columns = columns

    def nodes(self, message: bytes, kind: bytes) -> tuple[Names, list[Node]]:
        """The whole message, its groups below their counting fields."""
        names = self._dictionaries.of(message)
        return names, nested(split(message), names.groups(kind))

    def tree(self, logged: Logged, head: Head, flags: Sequence[Flag]) -> bytes:
        """Each field on a line of its own, groups indented; ended by an empty line."""
        names, nodes = self.nodes(logged.message, head[0])
        on, off, hue = (DIM, RESET, CYAN) if self._colour else (b"", b"", b"")
        title = names.message(head[0]).encode() or b"MsgType " + safe(head[0])
        way = f" {logged.direction}" if logged.direction else ""
        when = f"{logged.when} " if logged.when else ""
        lines = [f"line {logged.line}  {when}".encode() + hue + title + off + way.encode()]
        self._branches(lines, nodes, names, 1, (on, off))
        red = RED if self._colour else b""
        lines += [red + f"  !! {flag.kind}: {flag.text}".encode() + off for flag in flags]
        return b"\n".join(lines) + b"\n\n"

    def _branches(
        self,
        lines: list[bytes],
        nodes: Sequence[Node],
        names: Names,
        depth: int,
        marks: tuple[bytes, bytes],
    ) -> None:
        on, off = marks
        indent = b"  " * depth
        for node in nodes:
            name = names.tag(node.tag).encode()
            if node.tag == b"35":
                meant = names.message(node.value)
            else:
                meant = names.value(node.tag, node.value)
            green = GREEN if self._colour else b""
            said = b"  " + green + meant.encode() + off if meant else b""
            shown = _value(node.tag, node.value, self._secrets)
            tag = b"(%b)" % safe(node.tag) if node.tag else b"?"
            lines.append(indent + on + name + tag + off + b" = " + shown + said)
            for number, entry in enumerate(node.entries, 1):
                lines.append(indent + b"  [%d]" % number)
                self._branches(lines, entry, names, depth + 2, marks)

    def document(self, logged: Logged, head: Head, flags: Sequence[Flag]) -> dict[str, Any]:
        """A message for programs: names to values as text, groups as lists of objects."""
        names, nodes = self.nodes(logged.message, head[0])
        at = instant(logged.when)
        return {
            "line": logged.line,
            "when": logged.when,
            "at": iso(at) if at is not None else "",
            "direction": logged.direction,
            "type": head[0].decode("utf-8", "replace"),
            "name": names.message(head[0]),
            "version": names.version,
            "fields": self._object(nodes, names),
            "flags": [{"kind": flag.kind, "text": flag.text} for flag in flags],
        }

    def _object(self, nodes: Sequence[Node], names: Names) -> dict[str, Any]:
        """A field that stands there more than once outside of a known group has a list."""
        made: dict[str, Any] = {}
        for node in nodes:
            name = names.tag(node.tag) or node.tag.decode() or "?"
            value: Any = _value(node.tag, node.value, self._secrets).decode("utf-8")
            if node.entries:
                value = [self._object(entry, names) for entry in node.entries]
            if name in made:
                held = made[name] if isinstance(made[name], list) else [made[name]]
                value = [*held, *(value if isinstance(value, list) else [value])]
            made[name] = value
        return made

    def value(self, tag: bytes, value: bytes | None) -> str | None:
        """A value as it may be shown; None for an absent one."""
        return None if value is None else _value(tag, value, self._secrets).decode()

    def piped(self, logged: Logged | None) -> str | None:
        """A message with | between its fields, its secrets blanked; None for none."""
        if logged is None:
            return None
        parts = [
            safe(tag).decode() + "=" + _value(tag, value, self._secrets).decode()
            for tag, value in split(logged.message)
        ]
        return "|".join(parts) + "|"

    # -- tables ----------------------------------------------------------------------------

    def titles(self) -> bytes:
        """The names above the columns."""
        cells = []
        for column in self._columns:
            tag = column.encode() if column.isdigit() else b""
            name = self._dictionaries.named("FIX.5.0SP2").tag(tag) if tag else column
            cells.append(
                (name or column)[: WIDTHS.get(column, WIDTH)].ljust(WIDTHS.get(column, WIDTH))
            )
        return " ".join(cells).rstrip().encode() + b"\n"

    def row(self, logged: Logged, head: Head, flags: Sequence[Flag]) -> bytes:
        """One message as a row of the chosen columns."""
        names = self._dictionaries.of(logged.message)
        cells = []
        for column in self._columns:
            width = WIDTHS.get(column, WIDTH)
            cells.append(self._cell(column, logged, head, names)[:width].ljust(width))
        told = "".join([f" !! {flag.kind}" for flag in flags])
        return (" ".join(cells).rstrip() + told).encode() + b"\n"

    def _cell(self, column: str, logged: Logged, head: Head, names: Names) -> str:
        if column == "time":
            return logged.when or safe(head[4]).decode()
        if column == "dir":
            return logged.direction
        if column == "type":
            return names.message(head[0]) or safe(head[0]).decode()
        if column == "line":
            return str(logged.line)
        tag = column.encode()
        value = value_of(logged.message, tag)
        return names.value(tag, value) or _value(tag, value, self._secrets).decode()
