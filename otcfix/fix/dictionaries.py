"""The dictionaries QuickFIX checks our sessions by: the installed stock ones, trimmed and extended.

Trimmed, because every session holds its own copy: of stock FIX.5.0SP2 65 MB a session, of ours 0.8;
of FIX.4.4 2.5 and 0.4. Extended by what clients may send beyond their version; what we send stays
within stock (R7). The tables below say all of it, the rest of the module carries them out. What it
writes can be handed to a client: our own fields stand below a comment.

    settings = build(folder).settings("FIX.4.4")

`stock_client.stock_validator` is what a client with the stock dictionary makes of what we send.

What QuickFIX does not check is left to `parse`: values and numbers inside repeating groups, and
everything in a message with an ApplVerID(1128) other than 9.
"""

from __future__ import annotations

import functools
import hashlib
import math
import re
import secrets
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from otcfix.fix import trimmed
from otcfix.fix.trimmed import ONLY

VERSIONS = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")

# ---------------------------------------------------------------- what is spoken

SESSION = " 0 1 2 3 4 5 A "
MESSAGES = {
    "FIX.4.2": "   R S i b Z a          V W X Y   D F G H       8 9            j Q B c d g h J P",
    "FIX.4.4": "   R S i b AG Z a AI AJ V W X Y   D F G H q AF  8 9 r          j Q B c d g h"
    " x y AD AQ AE AN AO AP BB BG BA BE BF J P AK AU",
    "FIX.5.0SP2": "R S i b AG Z a AI AJ V W X Y   D F G H q AF  8 9 r          j Q B c d g h"
    " x y AD AQ AE AN AO AP BB BG BA BE BF J P AK AU",
}

# A message keeps the fields and groups it names itself; of the components these. What goes is what
# the desk does not deal in (underlyings, bonds, financing, swap streams) and nearly all the memory.
# TriggeringInstruction goes too: a trigger that nobody reads would make a stop a market order.
COMPONENTS = frozenset(
    """
    Instrument SecAltIDGrp OrderQtyData CommissionData Parties PtysSubGrp RootParties RootSubParties
    QuotReqGrp QuotReqRjctGrp QuotReqLegsGrp InstrumentLeg QuotQualGrp QuotCxlEntriesGrp
    QuotSetGrp QuotEntryGrp PreAllocGrp TrdgSesGrp PegInstructions DiscretionInstructions
    DisplayInstruction StrategyParametersGrp OrderAttributeGrp TrdRegTimestamps
    MDReqGrp InstrmtMDReqGrp MDFullGrp MDIncGrp
    OrdAllocGrp ExecAllocGrp AllocGrp AllocAckGrp CpctyConfGrp
    ContraGrp MiscFeesGrp AffectedOrdGrp NotAffectedOrdGrp LinesOfTextGrp MsgTypeGrp
    SecListGrp SecurityTradingRules BaseTradingRules TrdCapDtGrp TrdCapRptSideGrp
    TradeReportOrderDetail PositionQty PositionAmountData CollInqQualGrp ExecCollGrp TrdCollGrp
    """.split()
)
# 5.0SP2 has grown these to hundreds of fields: kept are those that 4.4 knew already.
AS_IN_44 = frozenset(
    """
    Instrument InstrumentLeg PreAllocGrp MiscFeesGrp MDFullGrp MDIncGrp AllocGrp ExecAllocGrp
    """.split()
)

# Required where they stand (4.4's AK), though nothing in them is: left out all the same.
HOLLOW = frozenset(("UndInstrmtGrp", "InstrmtLegGrp"))

# The desk does not judge by the value of these, so QuickFIX does not either.
ANY_VALUE = {
    22: "SecurityIDSource",
    63: "SettlType: a tenor (M1) is refused by the desk, which says why (R4)",
    **dict.fromkeys((263, 265, 269), "V: refused by 35=Y, which names the reason"),
    167: "SecurityType: 4.4 clients send FXSPOT, which is 5.0's",
    447: "PartyIDSource",
    **dict.fromkeys((559, 321, 569, 724, 924), "refused by the message's own answer"),
    896: "CollInquiryQualifier",
    460: "Product",
    528: "OrderCapacity",
    529: "OrderRestrictions",
    581: "AccountType",
    582: "CustOrderCapacity",
    660: "AcctIDSource",
    803: "PartySubIDType",
}


class Extension(NamedTuple):
    """Fields a message may carry with us though stock has none there. Inbound only."""

    versions: str
    messages: str
    tags: tuple[int, ...]  # in the order we publish, behind the last stock field
    why: str
    group: int = 0  # inside this repeating group


EXTENSIONS = (
    Extension("FIX.4.2", "A", (553, 554), "R7: name and password; stock has RawData(96) only"),
    Extension("FIX.4.2", "R", (152, 537, 44, 62, 63, 59), "R6, R7: as 4.4 asks", group=146),
    Extension("FIX.4.2", "R", (1, 109), "R23, spine 5: for whom", group=146),
    Extension("FIX.4.2 FIX.4.4", "D G", (2676,), "R5: tolerance of a market order, 5.0SP2's"),
    Extension("FIX.4.4", "AJ", (131,), "R8: the request, as in 5.0SP2"),
    Extension("FIX.4.2 FIX.4.4 FIX.5.0SP2", "a", (131,), "R9: what became of a request"),
)


class Value(NamedTuple):
    """A value a field may take with us."""

    versions: str
    tag: int
    enum: str
    description: str
    why: str


VALUES = (
    Value("FIX.4.2 FIX.4.4", 18, "o", "CANCEL_ON_CONNECTION_LOSS", "R23: only in 5.0SP2"),
    Value("FIX.4.2 FIX.4.4", 298, "5", "CANCEL_SPECIFIED_QUOTE", "A18: one quote by 117"),
)


class Presence(NamedTuple):
    """A field required, or not, against what stock says."""

    version: str
    message: str
    tag: int
    required: bool
    why: str


PRESENCE = (
    Presence("FIX.4.2", "D", 21, False, "spine 4: ignored; many order systems leave it out"),
    Presence("FIX.4.2", "G", 21, False, "likewise; from 4.3 on FIX asks for it no more"),
    Presence("FIX.4.2", "Z", 117, False, "A18: interest ends by 131 alone, too"),
    Presence("FIX.4.2", "Z", 295, False, "A18: 298=4 (all) names none"),
    Presence("FIX.4.4", "Z", 117, False, "A18: interest ends by 131 alone, too"),
    Presence("FIX.5.0SP2", "R", 146, True, "as in 4.2 and 4.4, where QuickFIX answers 373=1"),
)

# ---------------------------------------------------------------- what is made


class _Target(NamedTuple):
    file: str
    stock: str
    version: str
    messages: str


_TARGETS = (
    _Target("FIX42.xml", "FIX42", "FIX.4.2", SESSION + MESSAGES["FIX.4.2"]),
    _Target("FIX44.xml", "FIX44", "FIX.4.4", SESSION + MESSAGES["FIX.4.4"]),
    _Target("FIXT11.xml", "FIXT11", "FIXT.1.1", SESSION),
    _Target("FIX50SP2.xml", "FIX50SP2", "FIX.5.0SP2", MESSAGES["FIX.5.0SP2"]),
)
_STOCK = {"FIX.4.2": "FIX42", "FIX.4.4": "FIX44", "FIXT.1.1": "FIXT11", "FIX.5.0SP2": "FIX50SP2"}
_LAST_TAG_OF_44 = 956


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """Where our dictionaries lie."""

    fix42: Path
    fix44: Path
    fixt11: Path
    fix50sp2: Path

    def settings(self, version: str) -> dict[str, str]:
        """The QuickFIX settings of a session of this version."""
        match version:
            case "FIX.4.2":
                return {"DataDictionary": str(self.fix42)}
            case "FIX.4.4":
                return {"DataDictionary": str(self.fix44)}
            case "FIX.5.0SP2":
                return {
                    "TransportDataDictionary": str(self.fixt11),
                    "AppDataDictionary": str(self.fix50sp2),
                    "DefaultApplVerID": version,
                }
        raise ValueError(f"no dictionary for {version!r}, only for {', '.join(VERSIONS)}")


def stock_path(name: str) -> Path:
    """The dictionary of that name (FIX42, FIX44, FIXT11, FIX50SP2) that came with QuickFIX."""
    path = Path(sys.prefix, "share", "quickfix", f"{name}.xml")
    if not path.is_file():
        raise FileNotFoundError(
            f"no stock dictionary {path}: the Python package quickfix installs it below sys.prefix,"
            f" which is {sys.prefix} here; is quickfix installed in this environment?"
        )
    return path


def stock_settings(version: str) -> dict[str, str]:
    """The QuickFIX settings of a session that is checked by the stock dictionaries, any version."""
    name = version.replace(".", "")
    if not version.startswith("FIX.5"):
        return {"DataDictionary": str(stock_path(name))}
    return {
        "TransportDataDictionary": str(stock_path("FIXT11")),
        "AppDataDictionary": str(stock_path(name)),
        "DefaultApplVerID": version,
    }


def build(folder: Path) -> Dictionaries:
    """Write our dictionaries into the folder, unless it has those of the same stock and tables."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + Path(trimmed.__file__).read_bytes())
    for name in _STOCK.values():
        digest.update(stock_path(name).read_bytes())
    stamp = f"<!-- {digest.hexdigest()} -->\n"  # the last line: where it stands, the file is whole
    paths = [folder / target.file for target in _TARGETS]
    if not all(path.is_file() and path.read_text("utf-8").endswith(stamp) for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        stocks = {name: _Stock.load(name) for name in _STOCK.values()}
        for target, path in zip(_TARGETS, paths, strict=True):
            # Renamed into place: another process may be reading this file, or writing the same.
            draft = path.with_suffix(f".{secrets.token_hex(4)}")
            draft.write_text(_render(target, stocks) + stamp, "utf-8")
            draft.replace(path)
    return Dictionaries(*paths)


@functools.cache
def left_out(version: str) -> frozenset[str]:
    """The MsgTypes that a version has and otcfix does not speak.

    QuickFIX answers them 35=3 373=11, as it does a type that does not exist. For these types the
    acceptor's toAdmin makes that Reject what FIX means it to be: 35=j 380=3.
    """
    text = stock_of(version).read_text("utf-8")
    stock = re.findall(r"<message [^>]*msgtype=['\"](\w+)['\"]", text)
    return frozenset(stock).difference(SESSION.split(), MESSAGES[version].split())


def stock_of(version: str) -> Path:
    """The stock dictionary with the messages of a version."""
    return stock_path(_STOCK[version])


# ---------------------------------------------------------------- how it is made


@dataclass(frozen=True, slots=True)
class _Stock:
    """A stock dictionary, and ways to look into it."""

    root: ET.Element
    by_name: dict[str, ET.Element]
    by_tag: dict[int, ET.Element]
    components: dict[str, ET.Element]

    @classmethod
    def load(cls, name: str) -> _Stock:
        root = ET.parse(stock_path(name)).getroot()  # noqa: S314  a file of our own installation
        fields = root.findall("fields/field")
        return cls(
            root,
            {field.attrib["name"]: field for field in fields},
            {int(field.attrib["number"]): field for field in fields},
            {part.attrib["name"]: part for part in root.iterfind("components/component")},
        )

    def find(self, place: ET.Element, tag: int) -> ET.Element:
        """The field or group of that tag directly in this place."""
        name = self.by_tag[tag].get("name")
        found = [item for item in place if item.get("name") == name]
        if len(found) != 1:
            raise LookupError(f"{name}({tag}) stands {len(found)} times in {place.get('name')}")
        return found[0]


def _flatten(
    place: Iterable[ET.Element],
    stock: _Stock,
    *,
    required: bool = True,
    in_group: bool = False,
    newest: float = math.inf,
    old: frozenset[str] = AS_IN_44,
) -> list[ET.Element]:
    """The fields and groups of a message, its components dissolved into it.

    Means the same to QuickFIX (of a component's fields those are required where both are; within a
    group none is) and spares it a search, and a second set of fields in every group. old: the
    components that are kept as 4.4 has them.
    """
    flat: list[ET.Element] = []
    for item in place:
        name = item.attrib["name"]
        needed = item.get("required") == "Y"
        if item.tag == "component":
            if name in COMPONENTS:
                flat += _flatten(
                    stock.components[name],
                    stock,
                    required=needed and not in_group,
                    in_group=in_group,
                    newest=_LAST_TAG_OF_44 if name in old else newest,
                    old=old,
                )
            elif needed and name not in HOLLOW:
                raise LookupError(f"component {name} is required where it stands: keep it")
        elif int(stock.by_name[name].attrib["number"]) <= newest:
            copy = ET.Element(item.tag, name=name, required="Y" if needed and required else "N")
            if item.tag == "group":
                copy.extend(_flatten(item, stock, in_group=True, newest=newest, old=old))
            flat.append(copy)
    return flat


def _render(target: _Target, stocks: dict[str, _Stock]) -> str:
    """One dictionary as XML."""
    stock = stocks[target.stock]
    # A field that an older version lacks is defined as in the next one that has it.
    every = stocks["FIX50SP2"].by_tag | stocks["FIX44"].by_tag | stock.by_tag
    root = ET.Element("fix", stock.root.attrib)
    header, messages, trailer, fields = (
        ET.SubElement(root, part) for part in ("header", "messages", "trailer", "fields")
    )
    for section in (header, trailer):
        section.extend(_flatten(stock.root.iterfind(f"{section.tag}/*"), stock))
    for message in stock.root.iterfind("messages/message"):
        if message.attrib["msgtype"] in target.messages.split():
            messages.append(_message(message, target, stock, every))
    named = {item.get("name") for section in (header, messages, trailer) for item in section.iter()}
    for _, field in sorted(every.items()):
        name = field.attrib["name"]
        if name in named and stock.by_name.get(name, field) is field:
            fields.append(_definition(field, target))
    ET.indent(root, " ")
    about = f"{target.version} as otcfix speaks it; below a comment stands what stock has not"
    return f"<!-- {about} -->\n{ET.tostring(root, encoding='unicode')}\n"


def _message(
    source: ET.Element, target: _Target, stock: _Stock, every: dict[int, ET.Element]
) -> ET.Element:
    """One message: its stock fields, then our extensions."""
    msg_type = source.attrib["msgtype"]
    made = ET.Element("message", source.attrib)
    listed = msg_type in ONLY
    made.extend(_flatten(source, stock, old=frozenset() if listed else AS_IN_44))
    if listed:
        _keep_only({stock.by_tag[int(t)].get("name") for t in ONLY[msg_type].split()
                    if int(t) in stock.by_tag}, made)  # fmt: skip
    for rule in PRESENCE:
        if rule.version == target.version and rule.message == msg_type:
            stock.find(made, rule.tag).set("required", "Y" if rule.required else "N")
    for extra in EXTENSIONS:
        if target.version in extra.versions.split() and msg_type in extra.messages.split():
            place = stock.find(made, extra.group) if extra.group else made
            place.append(ET.Comment(f" {extra.why} "))
            for tag in extra.tags:
                place.append(ET.Element("field", name=every[tag].attrib["name"], required="N"))
    return made


def _keep_only(names: set[str | None], place: ET.Element) -> None:
    """Drop the fields and groups of other names, and groups in which nothing is left."""
    for item in list(place):
        if item.tag == "group":
            _keep_only(names, item)
        if item.get("name") not in names or (item.tag == "group" and not len(item)):
            place.remove(item)


def _definition(source: ET.Element, target: _Target) -> ET.Element:
    """One field with its values."""
    tag = int(source.attrib["number"])
    made = ET.Element("field", source.attrib)
    if tag in ANY_VALUE or source.get("type") == "DATA":
        made.set("type", "STRING")
        return made
    for value in source:
        if tag != 35 or value.get("enum") in target.messages.split():
            made.append(ET.Element("value", value.attrib))
    for extra in VALUES:
        if extra.tag == tag and target.version in extra.versions.split():
            made.append(ET.Comment(f" {extra.why} "))
            made.append(ET.Element("value", enum=extra.enum, description=extra.description))
    return made
