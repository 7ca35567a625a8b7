"""A provider's session as QuickFIX wants it, and the loose dictionary that it is read by.

QuickFIX answers what breaks its dictionary with a Reject(3) and shows it to nobody. An
ExecutionReport that is lost so is a fill that nobody books, so the dictionary asks for nothing: it
only says which fields are groups. What a message must hold is judged by the readers next door.
"""

import hashlib
import secrets
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

from otcfix.config.venue_models import ProviderConfig
from otcfix.fix.dictionaries import stock_path
from otcfix.fix.settings import begin_string

HEARD = frozenset("0 1 2 3 4 5 A W X Y S Z i b AG AI 8 9 j B".split())
"""What a provider says to us; the rest of a dictionary would only cost memory."""

IN_ENTRIES = (15, 64, 83, 110, 276, 278, 290, 299, 346)
"""Fields that providers put into the entries of W and X, in their dictionary or not. One that is
not in the group ends it, and the next entry would be read as a broken message."""

ENTRIES = "NoMDEntries"
STOCK = {"FIX.4.2": "FIX42", "FIX.4.4": "FIX44", "FIX.5.0SP2": "FIX50SP2"}
LOGON_TIMEOUT_S = 10


def settings_text(provider: ProviderConfig, folder: Path, *, initiator: bool = True) -> str:
    """The settings file of one provider. folder: for its numbers, messages and dictionaries."""
    keys = {
        "BeginString": begin_string(provider.version),
        "SenderCompID": provider.sender_comp_id,
        "TargetCompID": provider.target_comp_id,
        "HeartBtInt": str(provider.heartbeat),
        "ResetOnLogon": "Y" if provider.reset_on_logon else "N",
        "FileStorePath": str(folder / "sessions"),
        "NonStopSession": "Y",
        "SocketNodelay": "Y",
        # Numbers are kept, words are not: a Logon of ours holds the password, and an order that is
        # said again minutes later would be another one. A ResendRequest gets a gap fill.
        "PersistMessages": "N",
        "TimestampPrecision": "6" if provider.version == "FIX.5.0SP2" else "3",
        # How old a price is, is judged by the book; a report is never too old to be booked.
        "CheckLatency": "N",
        "UseDataDictionary": "Y",
        "ValidateUserDefinedFields": "N",
        "AllowUnknownMsgFields": "Y",
        "ValidateFieldsHaveValues": "N",
        "ValidateFieldsOutOfOrder": "N",
        **dictionaries(provider.version, folder / "dictionaries"),
    }
    if initiator:
        keys |= {
            "SocketConnectHost": provider.host,
            "SocketConnectPort": str(provider.port),
            "ReconnectInterval": str(provider.reconnect_s),
            "LogonTimeout": str(LOGON_TIMEOUT_S),
            "LogoutTimeout": "2",
        }
    kind = "initiator" if initiator else "acceptor"
    lines = ["[DEFAULT]", f"ConnectionType={kind}", "[SESSION]"]
    return "\n".join(lines + [f"{name}={value}" for name, value in keys.items()]) + "\n"


def dictionaries(version: str, folder: Path) -> dict[str, str]:
    """The dictionary settings of a session of this version; the files are made in *folder*."""
    if version == "FIX.5.0SP2":
        return {
            "DefaultApplVerID": version,
            "TransportDataDictionary": str(loose("FIXT11", folder)),
            "AppDataDictionary": str(loose("FIX50SP2", folder)),
        }
    return {"DataDictionary": str(loose(STOCK[version], folder))}


def loose(name: str, folder: Path, kept: frozenset[str] = HEARD) -> Path:
    """A copy of the stock dictionary *name* that requires nothing and knows no types and values."""
    text = _loose_text(name, kept)
    path = folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.xml"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_text(text, "utf-8")
        draft.replace(path)
    return path


@cache
def _loose_text(name: str, kept: frozenset[str]) -> str:
    root = ET.parse(stock_path(name)).getroot()  # noqa: S314 - a file of our own installation
    messages, components, fields = (
        _part(root, part) for part in ("messages", "components", "fields")
    )
    for message in [one for one in messages if one.get("msgtype") not in kept]:
        messages.remove(message)
    names = {field.get("number"): field.get("name") for field in fields}
    extra = [str(names[str(tag)]) for tag in IN_ENTRIES if str(tag) in names]
    for item in root.iter("group"):
        if item.get("name") == ENTRIES:
            there = {part.get("name") for part in item}
            for one in [one for one in extra if one not in there]:
                ET.SubElement(item, "field", name=one, required="N")
    _drop_unused(root, messages, components)
    mentioned = {
        item.get("name")
        for part in root if part is not fields
        for item in part.iter() if item.tag in ("field", "group")
    }  # fmt: skip
    for field in [field for field in fields if field.get("name") not in mentioned]:
        fields.remove(field)
    for field in fields:
        # A length is believed where the type is DATA: see settings.without_data.
        if field.get("type") != "NUMINGROUP":
            field.set("type", "STRING")
        if field.get("number") != "35":
            field[:] = []
    for item in root.iter():
        if "required" in item.attrib:
            item.set("required", "N")
    return ET.tostring(root, encoding="unicode")


def _drop_unused(root: ET.Element, messages: ET.Element, components: ET.Element) -> None:
    """Components that no message kept leads to: reading them costs seconds of a start."""
    by_name = {str(part.get("name")): part for part in components}
    places = [part for name in ("header", "trailer") for part in root.iterfind(name)]
    waiting = [messages, *places]
    used: set[str] = set()
    while waiting:
        for item in waiting.pop().iter("component"):
            name = str(item.get("name"))
            if name not in used and name in by_name:
                used.add(name)
                waiting.append(by_name[name])
    for name, part in by_name.items():
        if name not in used:
            components.remove(part)


def _part(root: ET.Element, name: str) -> ET.Element:
    found = root.find(name)
    return ET.SubElement(root, name) if found is None else found
