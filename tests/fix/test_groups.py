"""Repeating groups on the wire: in the stock dictionary's order, nested ones within their entry."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache

import pytest

from otcfix.fix.dictionaries import stock_of
from otcfix.fix.groups import GROUPS, Group
from otcfix.fix.outgoing import message_of
from otcfix.model.record import OutboxRow

SOH = "\x01"


@cache
def stock(version: str) -> tuple[ET.Element, dict[str, int], dict[str, ET.Element]]:
    """A stock dictionary, its tags by name, its components."""
    root = ET.parse(stock_of(version)).getroot()
    tags = {f.attrib["name"]: int(f.attrib["number"]) for f in root.iterfind("fields/field")}
    return root, tags, {c.attrib["name"]: c for c in root.iterfind("components/component")}


def flat(place: ET.Element, version: str) -> Iterator[ET.Element]:
    """The fields and groups of a place, its components dissolved."""
    for item in place:
        if item.tag == "component":
            yield from flat(stock(version)[2][item.attrib["name"]], version)
        else:
            yield item


def held(group: Group, place: ET.Element, version: str) -> None:
    """The group stands in *place*, with these fields in this order."""
    tags = stock(version)[1]
    (there,) = [
        one for one in flat(place, version)
        if one.tag == "group" and tags[one.attrib["name"]] == group.count_tag
    ]  # fmt: skip
    known = [tags[one.attrib["name"]] for one in flat(there, version)]
    ours = [one.count_tag if isinstance(one, Group) else one for one in group.fields]
    order = [tag for tag in known if tag in ours]
    assert [tag for tag in ours if tag in known] == order, f"{group.count_tag} in {version}"
    for inner in group.fields:
        if isinstance(inner, Group):
            held(inner, there, version)


@pytest.mark.parametrize("version", list(GROUPS))
def test_the_order_is_stocks(version: str) -> None:
    """Other engines than QuickFIX hold a sender to it."""
    messages = {m.attrib["msgtype"]: m for m in stock(version)[0].iterfind("messages/message")}
    for kind, groups in GROUPS[version].items():
        for group in groups:
            if kind in messages and kind not in ("W", "X"):
                held(group, messages[kind], version)


def wire(kind: str, body: str, version: str = "FIX.4.4") -> str:
    """What goes out for a body, without its head and trailer."""
    row = OutboxRow(1, 1, "A", kind, "", False, "B", "", body.replace("|", SOH) + SOH)
    text = message_of(version, row, again=True).toString().replace(SOH, "|")
    return text.partition("|97=Y|")[2].rpartition("10=")[0].rstrip("|")


def test_groups_within_groups() -> None:
    """Each entry keeps its own inner entries."""
    said = wire(
        "AE",
        "571=E|552=2|54=1|37=O|453=2|448=A|452=3|448=B|452=1|1=X|54=2|37=P|453=1|448=C|452=3|1=Y",
    )
    assert said == (
        "128=B|552=2|54=1|37=O|453=2|448=A|452=3|448=B|452=1|1=X"
        "|54=2|37=P|453=1|448=C|452=3|1=Y|571=E"
    )


def test_several_groups_beside_each_other() -> None:
    """And plain fields sorted around them."""
    said = wire(
        "AP", "721=P|453=1|448=A|452=3|1=X|702=2|703=TOT|704=1|703=DLV|705=2|753=1|707=FMTM|708=3"
    )
    assert said == (
        "128=B|1=X|453=1|448=A|452=3|702=2|703=TOT|704=1|703=DLV|705=2|721=P|753=1|707=FMTM|708=3"
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("AG", "131=R|146=1|55=A|54=1|38=1|15=B|58=x|658=1"),
        ("r", "11=C|37=M|530=7|534=2|41=A|535=O|41=B|535=P"),
        ("B", "33=2|58=one|58=two|148=H"),
        ("y", "146=2|55=A|561=1|55=B|561=2|320=L"),
        ("BA", "15=A|453=1|448=C|447=D|452=3|908=C"),
    ],
)
def test_one_message_after_another(kind: str, body: str) -> None:
    """Nothing is left of the last one, and every field is there once."""
    for _ in range(2):
        found = wire(kind, body).removeprefix("128=B|").split("|")
        assert sorted(found) == sorted(body.split("|"))
