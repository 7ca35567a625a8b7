"""What a message should say, field by field, and what it says instead."""

import re
from collections.abc import Callable

from msgspec import Struct

from otcfix.trials.values import Lookup, Unclear, duration, filled, number, seconds_of_name
from otcfix.trials.wire import NUMBERS, SECRETS, Heard, seconds_of

Versions = frozenset[str]

ANY, ABSENT, EITHER = "..", "-", "*"
REST = "..."
TOLERANCE = " +- "


class Field(Struct, frozen=True):
    """One field of a line. versions: where it counts; empty: everywhere.

    op: = => ~ != > >= < <= in, and `as`, which captures the occurrence that was last named.
    """

    tag: int
    op: str
    value: str
    versions: Versions = frozenset()

    def counts(self, version: str) -> bool:
        """Whether the field is meant for *version*."""
        return not self.versions or version in self.versions


class Difference(Struct, frozen=True):
    """One field that is not as expected. got: None when it is absent."""

    tag: int
    expected: str
    got: str | None

    def __str__(self) -> str:
        got = "absent" if self.got is None else repr(self.got)
        return f"{self.tag}: expected {self.expected}, got {got}"


class Match(Struct):
    """What came of holding a message against a line."""

    differences: list[Difference]
    captured: dict[str, str]


def kind_of(fields: tuple[Field, ...], version: str) -> str:
    """The MsgType(35) that is expected, "" when several would do."""
    for field in fields:
        if field.tag == 35 and field.op == "=" and field.counts(version):
            return field.value
    return ""


def matched(fields: tuple[Field, ...], heard: Heard, version: str, lookup: Lookup) -> Match:
    """Hold *heard* against *fields*: the nth `=` or `=>` of a tag is its nth occurrence, and
    what else is said of it is about the one that was last named.


    Errors: Unclear for an expectation that cannot be worked out.
    """
    values: dict[int, list[str]] = {}
    for tag, value in heard.pairs:
        values.setdefault(tag, []).append(value)
    seen: dict[int, int] = {}
    match = Match([], {})
    if heard.fault:
        match.differences.append(Difference(0, "a whole message", heard.fault))

    def known(name: str) -> str:
        return match.captured[name] if name in match.captured else lookup(name)

    for field in fields:
        if not field.counts(version):
            continue
        place = seen.get(field.tag, 0)
        if field.op in ("=", "=>"):
            seen[field.tag] = place + 1
        elif place:
            place -= 1  # of the occurrence that was last named
        there = values.get(field.tag, [])
        got = there[place] if place < len(there) else None
        if field.op in ("=>", "as"):
            if got is None:
                match.differences.append(Difference(field.tag, "a value", None))
            else:
                match.captured[field.value] = got
            continue
        expected = _expected(field, known, match)
        if expected is None:
            continue
        if not _fits(field, expected, got):
            match.differences.append(_difference(field, expected, got))
    return match


def _expected(field: Field, known: Lookup, match: Match) -> str | None:
    """What a field should be; None when it hangs on a value that is not there, as was told.

    Errors: Unclear.
    """
    try:
        return filled(field.value, known)
    except Unclear:
        if match.differences:
            return None
        raise


def _difference(field: Field, expected: str, got: str | None) -> Difference:
    if field.tag in SECRETS:
        return Difference(field.tag, "***", None if got is None else "***")
    words = {ANY: "a value", ABSENT: "nothing"}
    told = f"{field.op} {expected}" if field.op != "=" else words.get(expected, repr(expected))
    return Difference(field.tag, told, got)


def _fits(field: Field, expected: str, got: str | None) -> bool:
    if field.op == "=" and field.value in (ABSENT, EITHER):
        return field.value == EITHER or got is None
    if got is None:
        return False
    if field.op == "~":
        return re.fullmatch(expected, got) is not None
    if field.op == "in":
        return any(_equal(field.tag, one, got) for one in expected.split())
    if field.op in ORDERS:
        return ordered(expected, got, ORDERS[field.op])
    if field.op == "!=":
        return not _equal(field.tag, expected, got)
    if field.value == ANY:
        return True
    if TOLERANCE in expected:
        wanted, _, span = expected.partition(TOLERANCE)
        return _near(wanted.strip(), span.strip(), got)
    if expected.endswith(REST):
        return got.startswith(expected.removesuffix(REST).rstrip())
    return _equal(field.tag, expected, got)


def _equal(tag: int, expected: str, got: str) -> bool:
    if expected == got:
        return True
    if tag not in NUMBERS:
        return False
    left, right = number(expected), number(got)
    return left is not None and left == right


ORDERS: dict[str, Callable[[int], bool]] = {
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
}


def ordered(expected: str, got: str, holds: Callable[[int], bool]) -> bool:
    """Whether *got* stands to *expected* as *holds* says: as numbers, times, else as text."""
    numbers = number(got), number(expected)
    if numbers[0] is not None and numbers[1] is not None:
        return holds((numbers[0] > numbers[1]) - (numbers[0] < numbers[1]))
    return holds((got > expected) - (got < expected))


def _near(expected: str, span: str, got: str) -> bool:
    """Within a number, basis points of the expected (`5bp`), or a time (`500ms`)."""
    wanted, found = number(expected), number(got)
    if wanted is not None and found is not None:
        given = number(span.removesuffix("bp"))
        if given is None:
            raise Unclear(f"{TOLERANCE.strip()} {span}: not a number")
        within = abs(wanted) * given / 10_000 if span.endswith("bp") else given
        return abs(wanted - found) <= within
    try:
        return abs(seconds_of(expected) - seconds_of(got)) <= duration(span) + 0.0005
    except ValueError:
        return False


def time_of(name: str, lookup: Lookup) -> float:
    """The time that a value holds, seconds since 1970. Errors: Unclear."""
    found = seconds_of_name(name, lookup)
    if found is None:
        raise Unclear(f"{name}: not a time: {lookup(name)!r}")
    return found
