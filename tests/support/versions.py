"""How each version says what 4.4 says (rules.md R8): a line of a conversation in other words.

A code may be written as the refusal's name, 103=(QUOTE_GONE): the check tables say the number.
"""

import re

from tests.support import tables
from tests.support.lines import fields_of

Fields = list[tuple[int, str]]

STATUS_42 = {"0": "0", "5": "5", "7": "5", "9": "5", "1": "1", "4": "4"}
STATUS_50 = {"0": "16", "1": "17", "4": "17"}
CANCEL_REASON = {"(DISCONNECT)": ("4", "99", "12"), "(DESK)": ("4", "99", "99")}
UNKNOWN_IN_42 = {
    "S": (537, 54, 38, 152, 1, 58),
    "8": (797, 693, 479, 584, 911, 912, 152),
    "AG": (146, 55, 38, 54),
    "AI": (649, 693, 55),
}
NAMED = re.compile(r"\(([A-Z_]+)\)\Z")


def in_version(line: str, number: str) -> str:
    """*line*, heard from the desk in 4.4's words, as version *number* (42, 44, 50) has it."""
    fields = [_code(tag, value, number) for tag, value in fields_of(line)]
    kind = dict(fields)[35]
    if number == "42":
        fields = _in_42(kind, fields)
    elif number == "50":
        fields = _in_50(kind, fields)
    return "|".join(f"{tag}={value}" for tag, value in fields)


def _code(tag: int, value: str, number: str) -> tuple[int, str]:
    if tag == 378 and value in CANCEL_REASON:
        return tag, CANCEL_REASON[value][tables.NUMBERS.index(number)]
    found = NAMED.match(value)
    if found is None or tag not in (*tables.BY_TAG, 380):
        return tag, value
    name = found.group(1)
    if tag == 380:
        every = dict(tables.rows(tables.QUOTE)) | dict(tables.rows(tables.ORDER))
        return tag, every[name][number].removeprefix("j ")
    return tag, tables.code(tables.BY_TAG[tag], name, number)


def _in_42(kind: str, fields: Fields) -> Fields:
    values = dict(fields)
    out = [(t, v) for t, v in fields if t not in UNKNOWN_IN_42.get(kind, ())]
    if kind == "S":
        return out + [(tag, "-") for tag in (537, 54, 38, 1, 58)]
    if kind == "AG":
        swapped = {35: (35, "b"), 658: (300, values.get(658, ".."))}
        return [swapped.get(t, (t, v)) for t, v in out] + [(297, "5")]
    if kind == "AI":
        status = values[297]
        more = [(300, "5")] if status == "9" else []
        swapped = {35: (35, "b"), 297: (297, STATUS_42[status])}
        return [swapped.get(t, (t, v)) for t, v in out] + more
    if kind != "8":
        return out
    status, exec_type = values.get(39, ".."), values.get(150, "")
    transaction = {"I": "3", "H": "1", "G": "2"}.get(exec_type, "0")
    if exec_type == "5" and status == "0":
        status = "5"
    if exec_type in ("F", "I", "H", "G"):
        exec_type = status
    swapped = {39: (39, status), 150: (150, exec_type)}
    return [swapped.get(t, (t, v)) for t, v in out] + [(20, transaction)]


def _in_50(kind: str, fields: Fields) -> Fields:
    if kind == "Z":
        return [(t, v) for t, v in fields if t not in (298, 295, 55)] + [(298, "5")]
    if kind == "AI":
        return [(t, STATUS_50.get(v, v) if t == 297 else v) for t, v in fields]
    if kind == "r":
        again = [(1369, v) for t, v in fields if t == 37]
        return [(1824 if t == 41 else t, v) for t, v in fields] + again
    return fields
