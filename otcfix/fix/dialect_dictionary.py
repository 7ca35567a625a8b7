"""The dictionary of a dialect's sessions: ours, with what the client says legal in it.

QuickFIX checks a message before we see it, and reads what it sends again by the same dictionary: so
the client's tags and groups stand in it both ways. A tag of ours that the client has another word
for is not legal from him; whatever a dialect supplies by itself is not required.
"""

import hashlib
import secrets
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import msgspec

from otcfix.fix.dialect_groups import PARTIES, PARTY_COUNT
from otcfix.fix.dialect_tables import DROP, ENTRY, FRONT, HEADER, INTO, TAKEN, Act, Table
from otcfix.fix.dialects import Translation
from otcfix.fix.dictionaries import Dictionaries, stock_path
from otcfix.model.dialect import Dialect

CLIENTS_ALONE = frozenset("R D F G H q AF AJ a V".split())
"""Messages that only clients send: our own word for a tag need not be legal in them."""


def dialect_settings(made: Dictionaries, version: str, dialect: Dialect) -> dict[str, str]:
    """The QuickFIX settings of a session that speaks *dialect*, on dictionaries of its own."""
    settings = dict(made.settings(version))
    key = "AppDataDictionary" if "AppDataDictionary" in settings else "DataDictionary"
    settings[key] = str(derived(Path(settings[key]), dialect))
    return settings


def derived(base: Path, dialect: Dialect) -> Path:
    """The dictionary *base* as *dialect* needs it, beside it; *base* where it has it all."""
    if not dialect.speaks:
        return base
    text = base.read_text("utf-8")
    digest = hashlib.sha256(text.encode() + msgspec.json.encode(dialect))
    digest.update(Path(__file__).read_bytes())
    path = base.with_name(f"{base.stem}-{digest.hexdigest()[:16]}.xml")
    if not path.is_file():
        # Renamed into place: another process may be reading this file, or writing the same.
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_text(_Made(text, dialect).text(), "utf-8")
        draft.replace(path)
    return path


@cache
def _stock_fields() -> dict[int, ET.Element]:
    """Every field that any stock dictionary defines; the newest one decides."""
    found: dict[int, ET.Element] = {}
    for name in ("FIX42", "FIX44", "FIX50SP2", "FIXT11"):
        root = ET.parse(stock_path(name)).getroot()  # noqa: S314  a file of our own installation
        found |= {int(one.attrib["number"]): one for one in root.iterfind("fields/field")}
    return found


class _Made:
    """One dictionary while it is being extended."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._root = ET.fromstring(text)  # noqa: S314  a file that we have written
        fields = self._root.find("fields")
        assert fields is not None
        self._fields = fields
        self._by_tag = {int(one.attrib["number"]): one for one in fields}
        self._translation = Translation(dialect)

    def text(self) -> str:
        """The whole of it as XML."""
        for message in self._root.iterfind("messages/message"):
            kind = message.attrib["msgtype"]
            if kind in "0 1 2 4 5 A".split():
                continue
            self._inbound(message, self._translation.table_in(kind), kind in CLIENTS_ALONE)
            if kind not in CLIENTS_ALONE:
                self._outbound(message, self._translation.table_out(kind))
        ET.indent(self._root, " ")
        about = f"<!-- otcfix in the dialect {self._translation.dialect.name} -->\n"
        return about + ET.tostring(self._root, encoding="unicode") + "\n"

    # -- one message -------------------------------------------------------------------------

    def _inbound(self, message: ET.Element, table: Table, alone: bool) -> None:
        for tag, one in table.acts.items():
            self._loosen(tag, one)
        if table.entry is not None:
            self._laid_flat(message, *table.entry)
        for count, members in table.groups.items():
            self._grouped(message, count, members)
        if table.read or table.made:
            self._grouped(message, PARTY_COUNT, PARTIES[1:])
        for tag, one in table.acts.items():
            if one.to != tag:
                self._renamed(message, tag, one, keep=not alone or _own(table, one.to))
            elif one.then in (INTO, FRONT):
                self._moved(message, tag, one)
        for tag in (*table.made, *table.drops):
            self._allow(message, tag)
        supplied = [*table.defaults, *table.fixed, *table.read.values()]
        for tag in supplied:
            for source in {tag, *(t for t, one in table.acts.items() if one.to == tag)}:
                for _, field in self._places(message, source):
                    field.set("required", "N")

    def _outbound(self, message: ET.Element, table: Table) -> None:
        for tag, one in table.acts.items():
            self._loosen(one.to, one)
            if one.to != tag and one.then != ENTRY:
                self._renamed(message, one.to, one, keep=True, like=tag)
        for count, members in table.groups.items():
            for member in (count, *members):
                self._allow(message, member)
        if table.entry is not None:
            self._grouped(message, *table.entry)
        if table.made or table.read:
            self._grouped(message, PARTY_COUNT, PARTIES[1:])
        for tag in (*table.defaults, *table.fixed):
            self._allow(message, tag)

    # -- pieces ------------------------------------------------------------------------------

    def _name(self, tag: int, count: bool = False) -> str:
        """The name of a tag, defined where it is not yet."""
        found = self._by_tag.get(tag)
        if found is None:
            stock = _stock_fields().get(tag)
            kind = "NUMINGROUP" if count else "STRING"
            made = {"number": str(tag), "name": f"Tag{tag}", "type": kind}
            if stock is not None:
                made |= {"name": stock.attrib["name"], "type": stock.attrib["type"]}
                if made["type"] == "DATA":
                    made["type"] = "STRING"
            found = ET.SubElement(self._fields, "field", made)
            self._by_tag[tag] = found
        return found.attrib["name"]

    def _loosen(self, tag: int, one: Act) -> None:
        """A tag whose values are the client's, or are judged after they are read, is any text."""
        self._name(tag, count=tag == PARTY_COUNT)
        field = self._by_tag[tag]
        other = one.then == DROP or (one.to != tag and one.then != TAKEN)
        if one.values is not None or other:
            field[:] = []
            if field.attrib["type"] != "NUMINGROUP":
                field.set("type", "STRING")

    def _places(self, message: ET.Element, tag: int) -> list[tuple[ET.Element, ET.Element]]:
        """Where a tag stands: its parent (message or group) and itself."""
        found = self._by_tag.get(tag)
        if found is None:
            return []
        name = found.attrib["name"]
        return [
            (parent, item) for parent in message.iter() for item in parent
            if item.get("name") == name
        ]  # fmt: skip

    def _group(self, message: ET.Element, count: int) -> ET.Element | None:
        return next((one for _, one in self._places(message, count) if one.tag == "group"), None)

    def _allow(self, place: ET.Element, tag: int) -> None:
        """Make a tag legal in the body, or the group, unless it is in the message."""
        if tag not in HEADER and not self._places(place, tag):
            ET.SubElement(place, "field", name=self._name(tag), required="N")

    def _renamed(
        self, message: ET.Element, tag: int, one: Act, *, keep: bool, like: int = 0
    ) -> None:
        """*tag* stands where our word for it does, and is as much required. like: that word,
        where it is not what *one* makes of it; keep: our word stays legal as well."""
        ours = like or one.to
        if one.then in (INTO, FRONT):
            self._moved(message, tag, one)
            return
        places = self._places(message, ours)
        if not places:
            self._allow(message, tag)
        for parent, item in places:
            place = list(parent).index(item)
            there = next((f for f in parent if f.get("name") == self._name(tag)), None)
            if there is None and tag not in HEADER:
                made = ET.Element("field", name=self._name(tag), required=item.get("required", "N"))
                parent.insert(place, made)
            if not keep and item.tag == "field":
                parent.remove(item)
            elif not like:
                item.set("required", "N")

    def _moved(self, message: ET.Element, tag: int, one: Act) -> None:
        """*tag* stands in the body, or in the group that it comes from."""
        group = self._group(message, one.back) if one.back > 0 else None
        self._allow(message if group is None else group, tag)
        for _, item in self._places(message, one.to):
            item.set("required", "N")

    def _laid_flat(self, message: ET.Element, count: int, members: tuple[int, ...]) -> None:
        group = self._group(message, count)
        if group is not None:
            place = list(message).index(group)
            there = {item.get("name") for item in message}
            message[place : place + 1] = [i for i in group if i.get("name") not in there]
        for member in members:
            self._allow(message, member)

    def _grouped(self, message: ET.Element, count: int, members: tuple[int, ...]) -> None:
        if self._group(message, count) is not None:
            return
        for parent, item in self._places(message, count):
            parent.remove(item)
        group = ET.SubElement(message, "group", name=self._name(count, count=True), required="N")
        for member in members:
            ET.SubElement(group, "field", name=self._name(member), required="N")


def _own(table: Table, tag: int) -> bool:
    """Whether the client uses a tag of ours as a word of his own as well."""
    one = table.acts.get(tag)
    return one is not None and one.then != TAKEN
