"""The repeating groups of what we say, nested ones included, and what QuickFIX needs to keep them
together: as much of a dictionary as it takes.

QuickFIX then reads a body at once: built entry by entry it would cost ten times as much.
"""

import tempfile
from functools import cache
from typing import Any, NamedTuple

import quickfix as fix

from otcfix.fix.render_prices import STREAM_GROUP


class Group(NamedTuple):
    """A repeating group: its count tag, and the fields of an entry in the stock dictionary's order,
    the first one first. A field may be a group."""

    count_tag: int
    fields: tuple["int | Group", ...]


PARTIES = Group(453, (448, 447, 452))
SYMBOLS_44 = Group(146, (55, 231, 15, 561, 562, 58))
SYMBOLS_50 = Group(146, (55, 231, 969, 562, 1140, 561, 15, 58))
POSITIONS = Group(702, (703, 704, 705, 706))
AMOUNTS = Group(753, (707, 708))
STREAM = Group(*STREAM_GROUP)
SIDES_44 = Group(552, (54, 37, 11, PARTIES, 1, 15, 12, 13, 479, 381, 119, 120))
SIDES_50 = Group(552, (54, PARTIES, 1, 12, 13, 479, 119, 1072, 37, 11))

_ALWAYS: dict[str, tuple[Group, ...]] = {
    "AG": (Group(146, (55, 54, 38, 152, 15)),),
    "Z": (Group(295, (55,)),),
    "r": (Group(534, (41, 1824, 535)),),
    "W": (STREAM,),
    "X": (STREAM,),
    "B": (Group(33, (58,)),),
    "AO": (PARTIES,),
    "AP": (PARTIES, POSITIONS, AMOUNTS),
    "BG": (PARTIES,),
    "BA": (PARTIES,),
}
_SINCE_43: dict[str, tuple[Group, ...]] = {
    **_ALWAYS,
    "8": (PARTIES,),
    "AK": (Group(862, (528, 863)),),
}

GROUPS: dict[str, dict[str, tuple[Group, ...]]] = {
    "FIX.4.2": _ALWAYS,
    "FIX.4.4": {**_SINCE_43, "y": (SYMBOLS_44,), "AE": (SIDES_44,)},
    "FIX.5.0SP2": {**_SINCE_43, "y": (SYMBOLS_50,), "AE": (SIDES_50,)},
}
"""By version and MsgType(35)."""

GROUPED = frozenset(kind for groups in GROUPS.values() for kind in groups)


@cache
def groups_of(msg_type: str) -> tuple[str, ...]:
    """`146=` of each group that a message of this type may have, in any version."""
    found = [group.count_tag for known in GROUPS.values() for group in known.get(msg_type, ())]
    return tuple(f"{count}=" for count in dict.fromkeys(found))


@cache
def reader_of(version: str) -> Any:
    """The dictionary with which QuickFIX keeps the groups of a version together.

    A version without groups of its own (4.0, 4.1) has those of 4.2.
    """
    messages = GROUPS.get(version, _ALWAYS)
    tags: dict[int, str] = {8: "STRING", 10: "STRING"}
    body = "".join(
        f"<message name='{kind}' msgtype='{kind}' msgcat='app'>"
        f"{''.join(_xml(group, tags) for group in groups)}</message>"
        for kind, groups in messages.items()
    )
    fields = "".join(
        f"<field number='{tag}' name='F{tag}' type='{kind}'/>" for tag, kind in tags.items()
    )
    text = (
        "<fix major='4' minor='4' type='FIX' servicepack='0'>"
        "<header><field name='F8' required='Y'/></header>"
        "<trailer><field name='F10' required='Y'/></trailer>"
        f"<messages>{body}</messages><components/><fields>{fields}</fields></fix>"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        return fix.DataDictionary(file.name)


def _xml(group: Group, tags: dict[int, str]) -> str:
    """The group as XML; its tags are added to *tags* with their types."""
    tags[group.count_tag] = "NUMINGROUP"
    inner = ""
    for field in group.fields:
        if isinstance(field, Group):
            inner += _xml(field, tags)
        else:
            tags.setdefault(field, "STRING")
            inner += f"<field name='F{field}' required='N'/>"
    return f"<group name='F{group.count_tag}' required='N'>{inner}</group>"
