"""Two logs message by message: which are the same, which differ in what, which one alone has.

Compared are the messages of each sender in their order. Where they part, the next place where
they agree again is looked for in a window, so that one message more does not make all differ.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct

from otcfix.fixlog.fields import Field, split
from otcfix.fixlog.header import head_of
from otcfix.fixlog.logged import Logged

IGNORED = frozenset((b"9", b"10", b"34", b"52"))
"""Tags that differ in every run."""

WINDOW = 200
KEYS = (b"11", b"131", b"117", b"17", b"262", b"112", b"571", b"41")


class Change(Struct, frozen=True):
    """One field: in the first log, in the second; None where it is absent. tag may repeat."""

    tag: bytes
    first: bytes | None
    second: bytes | None


class Pair(Struct, frozen=True):
    """What stands in the first log and in the second at the same place; one alone: None."""

    first: Logged | None
    second: Logged | None
    changes: tuple[Change, ...] = ()


class _Seen(Struct, frozen=True):
    logged: Logged
    fields: tuple[Field, ...]
    key: tuple[bytes, ...]


def differences(
    first: Iterable[Logged], second: Iterable[Logged], ignored: frozenset[bytes] = IGNORED
) -> Iterator[Pair]:
    """Pair the messages of two logs; pairs that are the same have no changes."""
    left, right = _Window(first, ignored), _Window(second, ignored)
    while True:
        one, two = left.at(0), right.at(0)
        if one is None and two is None:
            return
        if one is not None and two is not None and one.fields == two.fields:
            yield Pair(left.take(), right.take())
            continue
        skip_left, skip_right = _resync(left, right)
        for _ in range(skip_left):
            yield Pair(left.take(), None)
        for _ in range(skip_right):
            yield Pair(None, right.take())
        one, two = left.at(0), right.at(0)
        if one is not None and two is not None and not skip_left and not skip_right:
            yield Pair(left.take(), right.take(), changes(one.fields, two.fields))


class _Window:
    """What comes next in one log."""

    def __init__(self, messages: Iterable[Logged], ignored: frozenset[bytes]) -> None:
        self._messages = iter(messages)
        self._ignored = ignored
        self._held: deque[_Seen] = deque()

    def at(self, place: int) -> _Seen | None:
        """What comes after *place* others, None beyond the end."""
        while len(self._held) <= place:
            logged = next(self._messages, None)
            if logged is None:
                return None
            fields = tuple([f for f in split(logged.message) if f[0] not in self._ignored])
            held = dict(reversed(fields))
            key = (head_of(logged.message)[0], *(held.get(tag, b"") for tag in (b"49", *KEYS)))
            self._held.append(_Seen(logged, fields, key))
        return self._held[place]

    def take(self) -> Logged:
        """The next one."""
        return self._held.popleft().logged


def _resync(left: _Window, right: _Window) -> tuple[int, int]:
    """How many of each stand alone before the two agree again: (0, 0) to compare as they are."""
    one, two = left.at(0), right.at(0)
    if one is None:
        return 0, 1
    if two is None:
        return 1, 0
    if one.key == two.key:
        return 0, 0
    for far in range(1, WINDOW):
        later_left, later_right = left.at(far), right.at(far)
        if later_right is not None and later_right.key == one.key:
            return 0, far
        if later_left is not None and later_left.key == two.key:
            return far, 0
        if later_left is None and later_right is None:
            break
    if one.key[:2] == two.key[:2]:
        return 0, 0
    return 1, 0


def changes(first: Iterable[Field], second: Iterable[Field]) -> tuple[Change, ...]:
    """Which fields differ: of a tag that repeats, the first with the first, and so on."""
    left, right = _numbered(first), _numbered(second)
    found = [
        Change(key[0], value, right.get(key))
        for key, value in left.items()
        if right.get(key) != value
    ]
    found += [Change(key[0], None, value) for key, value in right.items() if key not in left]
    return tuple(found)


def _numbered(fields: Iterable[Field]) -> dict[tuple[bytes, int], bytes]:
    numbers: dict[bytes, int] = {}
    made = {}
    for tag, value in fields:
        numbers[tag] = numbers.get(tag, 0) + 1
        made[tag, numbers[tag]] = value
    return made
