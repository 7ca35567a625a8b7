"""Answers held against those of a log: which belong together, and in what they differ.

How is a file or a few flags:

    ignore = [60, 62, "SettlDate"]      # beside those that always differ
    types_ignored = ["W", "X"]
    price_tolerance_bps = 25
    ordered = true                      # answers of one key in the order of the log

    [keys]                              # by which answers are found, beside MsgType
    8 = [11, 150]
"""

from __future__ import annotations

import tomllib
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from otcfix.fixlog.differing import Change
from otcfix.fixlog.fields import Field as Pair
from otcfix.fixlog.names import Dictionaries
from otcfix.model.errors import ConfigError
from otcfix.trials.remapping import OURS, REFERS, THEIRS, Remapping, number

ALWAYS = frozenset(
    b"8 9 10 34 43 49 50 52 56 57 97 115 116 122 128 129 142 143 144 145 369 45 1128".split()
)
"""Of the session, not of the answer."""

PRICES = frozenset(b"6 31 44 99 132 133 140 188 189 190 191 194 195 270 631 645 646 651".split())
NUMBERS = PRICES | frozenset(b"14 32 38 53 118 119 120 134 135 151 152 271 381 1056".split())
ABOUT = (b"11", b"131", b"262", b"379", b"568", b"571", b"693", b"320", b"335", b"70", b"45", b"37")
"""Which id an answer is about: the first that it has."""

TYPES_IGNORED = ("0", "1", "2", "4", "5", "A", "W", "X", "i")
TIMES = ("TransactTime", "ValidUntilTime", "MDEntryTime", "MDEntryDate", "TradeDate", "SettlDate")


class Matcher(BaseModel):
    """How answers are compared. Tags are numbers or names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ignore: tuple[int | str, ...] = TIMES
    types_ignored: tuple[str, ...] = TYPES_IGNORED
    price_tolerance_bps: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    ordered: bool = True
    keys: dict[str, tuple[int | str, ...]] = {"8": (11, 150)}


def load(path: Path) -> Matcher:
    """Read a matcher's TOML. Errors: ConfigError naming file, key and what is wrong."""
    try:
        return Matcher.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except ValidationError as error:
        told = [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError("\n".join(told)) from None


class Answer(Struct, frozen=True):
    """One message of the desk. line: of the log; 0 for one that came now."""

    line: int
    kind: bytes
    fields: tuple[Pair, ...]
    text: bytes


class Row(Struct, frozen=True):
    """One result. kind: same, different, missing, extra."""

    kind: str
    expected: Answer | None
    got: Answer | None
    changes: tuple[Change, ...] = ()


class Comparison:
    """Pairs what was expected with what came."""

    def __init__(self, matcher: Matcher, names: Dictionaries, remapping: Remapping) -> None:
        """Errors: ConfigError for a name that is no field's."""
        self._remapping = remapping
        self._ignored = ALWAYS | {_tag(names, one) for one in matcher.ignore}
        self._types = frozenset(one.encode() for one in matcher.types_ignored)
        self._tolerance = matcher.price_tolerance_bps / 10_000
        self._ordered = matcher.ordered
        self._keys = {
            kind.encode(): tuple(_tag(names, one) for one in tags)
            for kind, tags in matcher.keys.items()
        }
        self._waiting: dict[tuple[bytes, ...], deque[Answer]] = {}
        self._early: dict[tuple[bytes, ...], deque[Answer]] = {}
        self._owed: dict[tuple[bytes, bytes], int] = {}
        self.open = 0  # answers that the log has by now, and that nothing stands for yet
        self.same = 0
        self.rows: list[Row] = []

    def counts(self, kind: bytes) -> bool:
        """Whether messages of that type are looked at: those compared, and quotes for their ids."""
        return kind == b"S" or kind not in self._types

    def _tell(self, row: Row) -> None:
        one = row.expected or row.got
        if one is not None and one.kind not in self._types:
            self.rows.append(row)

    def expect(self, answer: Answer) -> None:
        """The log has this answer; it may have come already."""
        self._owe(self._about(answer), 1)
        key = self._key(answer)
        early = self._early.get(key)
        if early:
            self._pair(answer, early.popleft())
            return
        self._waiting.setdefault(key, deque()).append(answer)

    def _owe(self, about: tuple[bytes, bytes], more: int) -> None:
        """Count what is owed about one thing: an answer of another kind is one as well."""
        before = self._owed.pop(about, 0)
        after = before + more
        self.open += max(after, 0) - max(before, 0)
        if after:
            self._owed[about] = after

    def came(self, answer: Answer) -> None:
        """This answer came now, its own ids in the log's words."""
        own = self._remapping.own_id
        fields = tuple([(tag, own(tag, value)) for tag, value in answer.fields])
        answer = Answer(0, answer.kind, fields, answer.text)
        self._owe(self._about(answer), -1)
        key = self._key(answer)
        waiting = self._waiting.get(key)
        if not waiting:
            self._early.setdefault(key, deque()).append(answer)
            return
        place = 0 if self._ordered else self._nearest(waiting, answer)
        expected = waiting[place]
        del waiting[place]
        self._pair(expected, answer)

    def _nearest(self, waiting: deque[Answer], answer: Answer) -> int:
        """Of several that it may be, the one that differs least."""
        return min(
            range(len(waiting)),
            key=lambda place: len(self._changes(waiting[place], answer, learn=False)),
        )

    def give_up(self) -> None:
        """Nothing more comes for what is expected now: what is about the same thing is paired."""
        about: dict[tuple[bytes, bytes], deque[Answer]] = {}
        for key in list(self._early):
            for one in self._early[key]:
                about.setdefault(self._about(one), deque()).append(one)
        taken: set[int] = set()
        left = sorted(
            (one for several in self._waiting.values() for one in several), key=lambda a: a.line
        )
        self._waiting.clear()
        for expected in left:
            candidates = about.get(self._about(expected))
            if candidates and self._about(expected)[1]:
                got = candidates.popleft()
                taken.add(id(got))
                self._pair(expected, got)
            else:
                self._tell(Row("missing", expected, None))
        if taken:
            self._early = {
                key: kept
                for key, several in self._early.items()
                if (kept := deque(one for one in several if id(one) not in taken))
            }

    def end(self) -> None:
        """All is said: what nobody expected is extra."""
        self.give_up()
        for several in self._early.values():
            for one in several:
                self._tell(Row("extra", None, one))
        self._early.clear()
        self.rows.sort(key=_place)

    def _key(self, answer: Answer) -> tuple[bytes, ...]:
        tags = self._keys.get(answer.kind)
        if tags is None:
            return (answer.kind, *self._about(answer))
        held = dict(reversed(answer.fields))
        return (answer.kind, *(held.get(tag, b"") for tag in tags))

    @staticmethod
    def _about(answer: Answer) -> tuple[bytes, bytes]:
        held = dict(reversed(answer.fields))
        for tag in ABOUT:
            value = held.get(tag)
            if value:
                return OURS.get(tag, b"order" if tag in REFERS else tag), value
        return b"", b""

    def _pair(self, expected: Answer, got: Answer) -> None:
        if expected.kind == b"S" == got.kind:
            self._remapping.learn_quote(expected.fields, got.fields)
        changes = self._changes(expected, got, learn=True)
        if changes:
            self._tell(Row("different", expected, got, changes))
        elif expected.kind not in self._types:
            self.same += 1

    def _changes(self, expected: Answer, got: Answer, *, learn: bool) -> tuple[Change, ...]:
        left, right = self._numbered(expected.fields), self._numbered(got.fields)
        found = []
        for key, value in left.items():
            now = right.get(key)
            if now is None or not self._equal(key[0], value, now, learn):
                found.append(Change(key[0], value, now))
        found += [Change(key[0], None, value) for key, value in right.items() if key not in left]
        return tuple(found)

    def _numbered(self, fields: Sequence[Pair]) -> dict[tuple[bytes, int], bytes]:
        made: dict[tuple[bytes, int], bytes] = {}
        for tag, value in fields:
            if tag in self._ignored:
                continue
            count = 1
            while (tag, count) in made:
                count += 1
            made[tag, count] = value
        return made

    def _equal(self, tag: bytes, expected: bytes, got: bytes, learn: bool) -> bool:
        if tag in THEIRS:
            return not learn or self._remapping.agrees(tag, expected, got)
        if expected == got:
            return True
        if tag not in NUMBERS:
            return False
        one, two = number(expected), number(got)
        if one is None or two is None:
            return False
        return one == two or (tag in PRICES and abs(one - two) <= abs(one) * self._tolerance)


def _place(row: Row) -> tuple[int, int]:
    return (row.expected.line, 0) if row.expected is not None else (1 << 62, 0)


def _tag(names: Dictionaries, text: int | str) -> bytes:
    found = names.number(str(text))
    if not found:
        raise ConfigError(f"matcher: {text!r} is no field of FIX, and no tag")
    return found
