"""Names of tags, values, messages and groups, by version: QuickFIX's stock dictionaries and others.

names = Dictionaries().of(message)
names.tag(b"54"), names.value(b"54", b"1")      # "Side", "BUY"
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

from otcfix.fix.dictionaries import stock_path
from otcfix.fixlog.fields import value_of

FILES = {
    "FIX.4.0": "FIX40", "FIX.4.1": "FIX41", "FIX.4.2": "FIX42", "FIX.4.3": "FIX43",
    "FIX.4.4": "FIX44", "FIX.5.0": "FIX50", "FIX.5.0SP1": "FIX50SP1", "FIX.5.0SP2": "FIX50SP2",
}  # fmt: skip
APPLICATION = {
    b"2": "FIX.4.0", b"3": "FIX.4.1", b"4": "FIX.4.2", b"5": "FIX.4.3", b"6": "FIX.4.4",
    b"7": "FIX.5.0", b"8": "FIX.5.0SP1", b"9": "FIX.5.0SP2",
}  # fmt: skip
"""ApplVerID(1128) and DefaultApplVerID(1137)."""

NEWEST = "FIX.5.0SP2"
SESSIONS_KEPT = 10_000
BAD_DICTIONARY = (ET.ParseError, KeyError, LookupError, ValueError)


class Group:
    """A repeating group: which tags stand in it, and the groups among them."""

    __slots__ = ("groups", "tags")

    def __init__(self) -> None:
        self.tags: set[bytes] = set()
        self.groups: dict[bytes, Group] = {}


class Names:
    """What one version calls its fields, values and messages."""

    def __init__(self, version: str, *files: Path) -> None:
        self.version = version
        self.tags: dict[bytes, str] = {}
        self.values: dict[bytes, dict[bytes, str]] = {}
        self.messages: dict[bytes, str] = {}
        self._parts: dict[str, ET.Element] = {}
        self._places: dict[bytes, list[ET.Element]] = {}
        self._numbers: dict[str, bytes] = {}
        self._groups: dict[bytes, Group] = {}
        for path in files:
            self._take(ET.parse(path).getroot())  # noqa: S314  our installation's, or the user's own
        self.by_name = {name.lower(): tag for tag, name in self.tags.items()}

    def _take(self, root: ET.Element) -> None:
        """Lay a dictionary over what there is."""
        for field in root.iterfind("fields/field"):
            tag, name = field.attrib["number"].encode(), field.attrib["name"]
            self.tags[tag] = name
            self._numbers[name] = tag
            values = {
                one.attrib["enum"].encode(): one.get("description", "")
                for one in field.iterfind("value")
            }
            if values:
                self.values[tag] = self.values.get(tag, {}) | values
        for part in root.iterfind("components/component"):
            self._parts[part.attrib["name"]] = part
        header = root.findall("header")
        for message in root.iterfind("messages/message"):
            kind = message.attrib["msgtype"].encode()
            self.messages[kind] = message.attrib["name"]
            self._places[kind] = [*header, message]

    def tag(self, tag: bytes) -> str:
        """The name of a field; what the newest version calls it, or "" """
        found = self.tags.get(tag, "")
        if not found and self.version != NEWEST:
            return stock(NEWEST).tags.get(tag, "")
        return found

    def value(self, tag: bytes, value: bytes) -> str:
        """What a value of an enumerated field means; each of several between spaces; or "" """
        values = self.values.get(tag)
        if values is None:
            return ""
        found = values.get(value)
        if found is None and b" " in value:
            several = [values.get(one, one.decode("ascii", "replace")) for one in value.split()]
            return " ".join(several)
        return found or ""

    def message(self, kind: bytes) -> str:
        """The name of a MsgType(35), "" for an unknown one."""
        return self.messages.get(kind, "") or stock(NEWEST).messages.get(kind, "")

    def groups(self, kind: bytes) -> Group:
        """The repeating groups of a message, by their counting field."""
        found = self._groups.get(kind)
        if found is None:
            found = self._groups[kind] = Group()
            for place in self._places.get(kind, ()):
                self._fill(found, place, ())
        return found

    def _fill(self, into: Group, place: ET.Element, above: tuple[str, ...]) -> None:
        for item in place:
            name = item.get("name", "")
            if item.tag == "component":
                part = self._parts.get(name)
                if part is not None and name not in above:
                    self._fill(into, part, (*above, name))
                continue
            tag = self._numbers.get(name, b"")
            into.tags.add(tag)
            if item.tag == "group":
                inner = into.groups.setdefault(tag, Group())
                self._fill(inner, item, above)


@cache
def stock(version: str) -> Names:
    """The stock names of a version; FIXT's session layer is part of 5.0's."""
    own = stock_path(FILES[version])
    return Names(version, stock_path("FIXT11"), own) if ".5." in version else Names(version, own)


class Dictionaries:
    """The names for each message of a log, by its version.

    custom: a dictionary in QuickFIX's XML that is laid over each version. Errors: OSError where it
    cannot be read, ValueError where it is none.
    """

    def __init__(self, custom: Path | None = None) -> None:
        self._custom = custom
        self._known: dict[str, Names] = {}
        self._defaults: dict[frozenset[bytes], str] = {}
        self.fixed: dict[bytes, Names] = {}  # by BeginString(8), where that says it all
        if custom is not None:
            self.named(NEWEST)

    def named(self, version: str) -> Names:
        """The names of a version."""
        found = self._known.get(version)
        if found is None:
            if self._custom is None:
                found = stock(version)
            else:
                files = [stock_path("FIXT11")] if ".5." in version else []
                try:
                    found = Names(version, *files, stock_path(FILES[version]), self._custom)
                except BAD_DICTIONARY as error:
                    why = f"{self._custom}: no dictionary in QuickFIX's XML: {error}"
                    raise ValueError(why) from error
            self._known[version] = found
        return found

    def of(self, message: bytes) -> Names:
        """The names for one message: its BeginString(8), with FIXT its ApplVerID(1128), or what
        the session's Logon said (1137).
        """
        begin = message[2 : message.find(b"\x01")]
        found = self.fixed.get(begin)
        if found is not None:
            return found
        version = begin.decode("ascii", "replace")
        if version in FILES:
            found = self.fixed[begin] = self.named(version)
            return found
        if not begin.startswith(b"FIXT"):
            return self.named(NEWEST)
        own = APPLICATION.get(value_of(message, b"1128"))
        if own:
            return self.named(own)
        default = value_of(message, b"1137")
        session = frozenset((value_of(message, b"49"), value_of(message, b"56")))
        if default in APPLICATION and len(self._defaults) < SESSIONS_KEPT:
            self._defaults[session] = APPLICATION[default]
        return self.named(self._defaults.get(session, NEWEST))

    def number(self, name: str) -> bytes:
        """The tag of a name in any version, or of a number; b"" for what is neither."""
        if name.isascii() and name.isdigit():
            return name.encode()
        for version in (NEWEST, "FIX.4.4", "FIX.4.2", "FIX.4.0"):
            found = self.named(version).by_name.get(name.lower())
            if found is not None:
                return found
        return b""

    def meant(self, tag: bytes, value: str) -> set[bytes]:
        """The values that *value* stands for: itself, and those it is the name of."""
        wanted = {value.encode("utf-8")}
        name = value.lower().replace(" ", "_")
        for version in (NEWEST, "FIX.4.4", "FIX.4.2"):
            names = self.named(version)
            known = names.messages if tag == b"35" else names.values.get(tag, {})
            wanted |= {one for one, said in known.items() if said.lower() == name}
        return wanted
