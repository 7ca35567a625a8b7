"""Lines of a conversation: fields, times, names, and how what is heard is compared."""

import re
from datetime import timedelta

from otcfix.model.time import SECOND, Instant, local_date, to_datetime, utc_timestamp
from tests.support.world import Heard

TIME_TAGS = frozenset((42, 52, 60, 62, 367, 122, 126, 168))
DATE_TAGS = frozenset((64, 75, 432))
NAME_TAGS = frozenset((17, 19, 37, 117, 299, 535, 571, 664, 772, 1369))
NAME = re.compile(r"[A-Z]+\d+[a-z]?\Z")
CLOCK = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?\Z")
SPAN = re.compile(r"([+-]?)(\d+)(ms|s|m|h|d)\Z")
UNITS = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}

REPEATED = {
    "D": (60,),
    "q": (60,),
    "F": (55, 54, 38, 60),
    "G": (55, 54, 38, 40, 44, 59, 60),
}
"""What an order system sends by itself: the time, and what it knows of the order."""

UNKNOWN_ORDER = {55: "BTC/USD", 54: "1", 38: "1", 40: "2", 44: "99900", 59: "1"}


def fields_of(line: str) -> list[tuple[int, str]]:
    """`35=R|131=R1` or `R|131=R1` as (tag, value) pairs; BeginString(8) is only for the reader."""
    parts = line.strip().split("|")
    if "=" not in parts[0]:
        parts[0] = f"35={parts[0]}"
    found = [(int(tag), value) for tag, _, value in (part.partition("=") for part in parts)]
    return [(tag, value) for tag, value in found if tag != 8]


def span(text: str) -> int:
    """+3s, -5m, 200ms in microseconds."""
    found = SPAN.match(text)
    assert found, f"not a span of time: {text}"
    sign, count, unit = found.groups()
    return int(f"{sign}{count}") * UNITS[unit]


def wire_value(tag: int, value: str, now: Instant, *, expected: bool = False) -> str:
    """T+3s, 12:10:00 and today as they stand on the wire."""
    if tag in TIME_TAGS:
        if value == "T" or value.startswith(("T+", "T-")):
            return utc_timestamp(now + (span(value[1:]) if value != "T" else 0))
        if CLOCK.match(value):
            whole = value if "." in value else f"{value}.000"
            return f"{utc_timestamp(now)[:8]}-{whole}"
    if tag in DATE_TAGS and value.startswith("today"):
        days = int(value[5:] or 0)
        return local_date((to_datetime(now) + timedelta(days=days)).date())
    return value


def known_of_order(
    kind: str, given: dict[int, str], orders: dict[str, dict[int, str]]
) -> list[tuple[int, str]]:
    """What the client's order system adds by itself."""
    known = orders.get(given.get(41, ""), UNKNOWN_ORDER if 41 in given else {}) | {60: "T"}
    return [
        (tag, known[tag])
        for tag in REPEATED.get(kind, ())
        if tag not in given and tag in known and not (tag == 38 and 152 in given)
    ]


class Names:
    """The desk's ids by the names that a conversation gives them."""

    def __init__(self) -> None:
        self.bound: dict[str, str] = {}

    def spoken(self, tag: int, value: str) -> str:
        """The id behind a name on a client's line; a name never heard stays as it is."""
        return self.bound.get(value, value) if tag in NAME_TAGS else value

    def matches(self, tag: int, name: str, actual: str) -> bool:
        """Whether *actual* is what *name* stands for; a new name takes a new id."""
        if tag not in NAME_TAGS or not NAME.match(name) or name == actual:
            return name == actual
        if name not in self.bound:
            taken = [other for other, value in self.bound.items() if value == actual]
            assert not taken, f"{name} is {actual}, which is {taken[0]} already"
            self.bound[name] = actual
        return self.bound[name] == actual

    def __getitem__(self, name: str) -> str:
        return self.bound[name]


def compare(expected: list[tuple[int, str]], heard: Heard, names: Names) -> None:
    """Errors: AssertionError naming every tag that differs."""
    wrong: list[str] = []
    for tag in dict.fromkeys(tag for tag, _ in expected):
        wanted = [value for found, value in expected if found == tag]
        actual = heard.values(tag)
        if wanted == ["-"]:
            if actual:
                wrong.append(f"{tag}={actual[0]} should not be there")
        elif len(wanted) != len(actual):
            wrong.append(f"{tag}: expected {wanted}, heard {actual or 'nothing'}")
        else:
            wrong += [
                f"{tag}: expected {want}, heard {have}"
                for want, have in zip(wanted, actual, strict=True)
                if not _same(tag, want, have, names)
            ]
    assert not wrong, f"{'; '.join(wrong)}\n  in {heard}"


def _same(tag: int, wanted: str, actual: str, names: Names) -> bool:
    if wanted == "..":
        return True
    if wanted.endswith("..."):
        return actual.startswith(wanted[:-3])
    return names.matches(tag, wanted, actual)
