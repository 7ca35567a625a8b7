"""Figures of a log in one pass and constant memory: counts, rejects, flags, latencies, rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from otcfix.fixlog.fields import value_of
from otcfix.fixlog.filters import at_of
from otcfix.fixlog.header import Head
from otcfix.fixlog.line import safe
from otcfix.fixlog.logged import Logged
from otcfix.fixlog.names import Dictionaries
from otcfix.fixlog.watch import Flag, is_reject, reason_of
from otcfix.model.time import SECOND, Instant, iso

DISTINCT_MAX = 10_000
OPEN_MAX = 50_000
"""Requests whose answer is waited for; the oldest is forgotten beyond."""

ASKED = {b"D": b"11", b"G": b"11", b"F": b"11", b"R": b"131", b"V": b"262"}
ANSWERED = {
    b"8": (b"11", b"D G F"), b"9": (b"11", b"F G"), b"S": (b"131", b"R"), b"AG": (b"131", b"R"),
    b"b": (b"131", b"R"), b"W": (b"262", b"V"), b"Y": (b"262", b"V"),
}  # fmt: skip
_ID_OF_ANSWER = {kind: tag for kind, (tag, _) in ANSWERED.items()}
OTHERS = "others"


class Spread:
    """Lengths of time in a histogram: each counted within one percent, whatever their number."""

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0
        self.shortest = 0
        self._bins: Counter[int] = Counter()

    def add(self, micros: int) -> None:
        """Count one length, microseconds; negative ones count as none."""
        micros = max(micros, 0)
        self.shortest = micros if not self.count else min(self.shortest, micros)
        self.longest = max(self.longest, micros)
        self.count += 1
        self._bins[_bin(micros)] += 1

    def at(self, share: float) -> int:
        """The length below which *share* of them are, microseconds, at most 1 % too high."""
        left = share * self.count
        for number in sorted(self._bins):
            left -= self._bins[number]
            if left <= 0:
                return min(_top(number), self.longest)
        return self.longest

    def document(self) -> dict[str, int]:
        """Percentiles, microseconds."""
        return {
            "count": self.count,
            "min_us": self.shortest,
            "p50_us": self.at(0.5),
            "p90_us": self.at(0.9),
            "p99_us": self.at(0.99),
            "max_us": self.longest,
        }


def _bin(micros: int) -> int:
    """Exact up to 127; from there on 64 steps for each power of two."""
    shift = max(micros.bit_length() - 7, 0)
    return shift * 64 + (micros >> shift)


def _top(number: int) -> int:
    shift = max(number // 64 - 1, 0)
    return ((number - shift * 64 + 1) << shift) - 1


class Stats:
    """Takes every message of a log, and says what there was."""

    def __init__(self, dictionaries: Dictionaries) -> None:
        self._dictionaries = dictionaries
        self.messages = self.bytes = 0
        self._types: Counter[tuple[str, str]] = Counter()
        self._sessions: Counter[str] = Counter()
        self._directions: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()
        self._rejects: Counter[str] = Counter()
        self._flags: Counter[str] = Counter()
        self._open: dict[tuple[bytes, bytes], tuple[Instant, bytes]] = {}
        self._waits: dict[str, Spread] = {}
        self._first: Instant | None = None
        self._last: Instant | None = None
        self._second = self._in_second = self._busiest = 0

    def take(self, logged: Logged, head: Head, flags: Sequence[Flag]) -> None:
        """Count one message."""
        kind, _, sender, target, _, _ = head
        message = logged.message
        self.messages += 1
        self.bytes += len(message)
        name = safe(kind).decode()
        if len(self._types) >= DISTINCT_MAX:
            name = OTHERS
        self._types[name, self._dictionaries.of(message).version] += 1
        _add(self._sessions, safe(sender + b">" + target).decode())
        self._directions[logged.direction or "not said"] += 1
        _add(self._versions, safe(message[2 : message.find(b"\x01")]).decode())
        for flag in flags:
            self._flags[flag.kind] += 1
        if is_reject(kind, message):
            _add(self._rejects, f"35={safe(kind).decode()} {reason_of(message)}".strip())
        at = at_of(logged, head)
        if at is not None:
            self._clocked(at)
            self._waited(kind, message, at)

    def _clocked(self, at: Instant) -> None:
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)
        second = at // SECOND
        self._in_second = self._in_second + 1 if second == self._second else 1
        self._second = second
        self._busiest = max(self._busiest, self._in_second)

    def _waited(self, kind: bytes, message: bytes, at: Instant) -> None:
        tag = ASKED.get(kind)
        if tag is not None:
            if len(self._open) >= OPEN_MAX:
                del self._open[next(iter(self._open))]
            self._open[tag, value_of(message, tag)] = (at, kind)
            return
        tag = _ID_OF_ANSWER.get(kind)
        if tag is None:
            return
        asked = self._open.pop((tag, value_of(message, tag)), None)
        if asked is not None and asked[1] in ANSWERED[kind][1].split():
            name = f"{asked[1].decode()}>{kind.decode()}"
            self._waits.setdefault(name, Spread()).add(at - asked[0])

    def document(self) -> dict[str, Any]:
        """All figures. Latencies are from a request to its first answer, as the log timed them."""
        spent = 0 if self._first is None or self._last is None else self._last - self._first
        return {
            "messages": self.messages,
            "bytes": self.bytes,
            "first": "" if self._first is None else iso(self._first),
            "last": "" if self._last is None else iso(self._last),
            "per_s": round(self.messages * SECOND / spent, 3) if spent else None,
            "busiest_second": self._busiest,
            "versions": _counted(self._versions),
            "directions": _counted(self._directions),
            "sessions": _counted(self._sessions),
            "types": [
                {
                    "type": kind,
                    "name": self._name(kind, version),
                    "version": version,
                    "count": count,
                }
                for (kind, version), count in self._types.most_common()
            ],
            "flags": _counted(self._flags),
            "rejects": _counted(self._rejects),
            "latencies": {name: self._waits[name].document() for name in sorted(self._waits)},
        }

    def _name(self, kind: str, version: str) -> str:
        return self._dictionaries.named(version).message(kind.encode())


def _add(counter: Counter[str], key: str) -> None:
    counter[key if key in counter or len(counter) < DISTINCT_MAX else OTHERS] += 1


def _counted(counter: Counter[str]) -> dict[str, int]:
    return dict(counter.most_common())
