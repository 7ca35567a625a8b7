"""Playing the client's side of a FIX log, and holding the answers against those of the log.

    plan = Plan(reading, side=b"")            # who is the client, found out when not said
    Player(plan, OverDesk(config, plan.began), comparison, remapping).play()

The log's order rules: a message is said when the answers that stand before it in the log are
there, or were waited for long enough.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from otcfix.config import Config
from otcfix.fixlog.fields import Field, split, value_of
from otcfix.fixlog.filters import Match
from otcfix.fixlog.header import Head, head_of
from otcfix.fixlog.logged import Logged, instant
from otcfix.fixlog.names import APPLICATION
from otcfix.model.errors import ConfigError
from otcfix.model.time import DAY, SECOND, Instant
from otcfix.trials.comparing import Answer, Comparison
from otcfix.trials.fix_link import Link
from otcfix.trials.remapping import OURS, Remapping, number
from otcfix.trials.staged_desk import StagedDesk, drained

Reading = Callable[[], Iterable[Logged]]

SESSION = frozenset(b"0 1 2 3 4 5 A".split())
REQUESTS = frozenset(b"R D F G H V Z q AF AJ AD x c e BE AN s AB AC E J L M BB BH CB".split())
"""What clients say: who says the first of them is the client."""

EVERYONE = b"*"
"""As a side: every CompID that asks is a client."""

KEPT = 1_000
"""Answers to what was left out that are kept for their prices."""

NO_TIME = 1_767_225_600 * SECOND
"""Where the clock begins for a log without any time."""


class Target(Protocol):
    """Whom the log is played to. patient: what is not there yet may still come by itself."""

    patient: bool

    def now(self) -> Instant:
        """Its clock."""
        ...

    def wait(self, gap: Instant) -> None:
        """Let the time pass that lies between two messages."""
        ...

    def say(self, version: str, kind: bytes, fields: list[Field]) -> bool:
        """Say one message; False where it has no session of that version."""
        ...

    def hear(self, timeout_s: float) -> list[bytes]:
        """What came since the last call, waiting for it at most so long."""
        ...

    def hint(self, step: Step) -> None:
        """What comes next, with the log's answers: its prices, for a desk without others."""
        ...


class Step(Struct, frozen=True):
    """What the client says, and the answers between it and what he says next.

    before: answers to what was left out, which show the market all the same.
    """

    logged: Logged
    head: Head
    at: Instant | None
    version: str
    fields: list[Field]
    answers: list[Answer]
    before: list[Answer]


class Plan:
    """One log as a client's script. Errors: ConfigError when it has no client's message."""

    def __init__(
        self,
        reading: Reading,
        *,
        side: bytes = b"",
        match: Match | None = None,
        counts: Callable[[bytes], bool] = lambda _kind: True,
    ) -> None:
        self._reading = reading
        self._match = match
        self._counts = counts
        self.skipped: Counter[str] = Counter()
        self.side = side
        self.client = b""  # who says the first message that is played
        self.desk = b""
        self.began: Instant = NO_TIME
        self.version = ""
        self._desks: set[bytes] = set()
        self._default = "FIX.5.0SP2"
        self._look()

    def _look(self) -> None:
        """Who is the client, who is the desk, when did it begin."""
        for logged in self._reading():
            kind, _, sender, target, _, _ = head = head_of(logged.message)
            if kind == b"A":
                self._default = APPLICATION.get(value_of(logged.message, b"1137"), self._default)
            asks = kind in REQUESTS if self.side in (b"", EVERYONE) else sender == self.side
            if asks and kind not in SESSION and sender != target:
                self.client, self.desk = sender, target
                self._desks.add(target)
                self.began = _at(logged, head) or NO_TIME
                self.version = self._version(logged.message)
                return
        who = self.side.decode("utf-8", "replace")
        what = f"says nothing to play as {who}" if who else "holds no client's message"
        raise ConfigError(f"the log {what}: name the client with --side")

    def _version(self, message: bytes) -> str:
        begin = message[2 : message.find(b"\x01")]
        if not begin.startswith(b"FIXT"):
            return begin.decode("ascii", "replace")
        return APPLICATION.get(value_of(message, b"1128"), self._default)

    def steps(self) -> Iterator[Step]:
        """The script, one message of the client at a time."""
        now: Step | None = None
        before: list[Answer] = []
        left_out: set[bytes] = set()
        clients: set[bytes] = set()
        said: set[bytes] = set()
        for logged in self._reading():
            message = logged.message
            kind, _, sender, target, _, _ = head = head_of(message)
            if kind == b"A":
                self._default = APPLICATION.get(value_of(message, b"1137"), self._default)
            if kind not in SESSION and self._is_mine(kind, sender, target):
                fields = split(message)
                own = {value for tag, value in fields if tag in OURS}
                clients.add(sender)
                why = self._why_not(logged, head)
                if why:
                    self.skipped[why] += 1
                    left_out |= own
                    continue
                if now is not None:
                    yield now
                said |= own
                now = Step(
                    logged, head, _at(logged, head), self._version(message), fields, [], before
                )
                before = []
            elif target in clients and self._is_answer(head, message):
                fields = split(message)
                own = {value for tag, value in fields if tag in OURS}
                answer = Answer(logged.line, kind, tuple(fields), message)
                if now is not None and (not (own & left_out) or own & said):
                    now.answers.append(answer)
                else:
                    before.append(answer)
                    del before[:-KEPT]
        if now is not None:
            yield now

    def _is_mine(self, kind: bytes, sender: bytes, target: bytes) -> bool:
        """Whether a client says it. Whom somebody asked is a desk, and asks nobody himself."""
        if self.side == EVERYONE:
            asks = kind in REQUESTS and sender != target and sender not in self._desks
            if asks:
                self._desks.add(target)
            return asks
        return sender == self.side if self.side else target == self.desk and sender != target

    def _why_not(self, logged: Logged, head: Head) -> str:
        if b"\x0143=Y\x01" in logged.message:
            return "said again (43=Y)"
        if any(fault.startswith("cut off") for fault in logged.faults):
            return "cut off"
        return "" if self._match is None or self._match(logged, head) else "not chosen"

    def _is_answer(self, head: Head, message: bytes) -> bool:
        kind, _, sender, _, _, _ = head
        back = self.side not in (b"", EVERYONE) or sender in self._desks
        return back and self._counts(kind) and b"\x0143=Y\x01" not in message


def _at(logged: Logged, head: Head) -> Instant | None:
    """When it was sent, else when it was logged."""
    sent = instant(head[4].decode("ascii", "replace"))
    return sent if sent is not None else instant(logged.when)


class Player:
    """Plays a plan once. gap_max: longest silence, microseconds; wait_s: for one answer."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        comparison: Comparison,
        remapping: Remapping,
        *,
        gap_max: Instant = DAY,
        wait_s: float = 2.0,
    ) -> None:
        self._plan = plan
        self._target = target
        self._comparison = comparison
        self._remapping = remapping
        self._gap_max = gap_max
        self._wait_s = wait_s
        self._given_up = 0
        self.played: Counter[str] = Counter()
        self.expected = 0
        self.heard = 0

    def play(self) -> None:
        """Say everything, hear everything, compare. Errors: those of the target."""
        target, comparison = self._target, self._comparison
        before: Instant | None = None
        for step in self._plan.steps():
            gap = 0
            if step.at is not None:
                gap = min(max(step.at - before, 0), self._gap_max) if before is not None else 0
                before = step.at if before is None else max(before, step.at)
            target.wait(gap)
            self._hear(0.0)
            target.hint(step)
            shift = target.now() - step.at if step.at is not None else 0
            kind = step.head[0]
            fields = self._remapping.spoken(step.fields, shift)
            if not target.say(step.version, kind, fields):
                self._plan.skipped[f"no session of {step.version}"] += 1
                continue
            self.played[kind.decode("utf-8", "replace")] += 1
            for answer in step.answers:
                self.expected += 1
                comparison.expect(answer)
            self._wait_for_answers()
        target.wait(0)
        self._hear(0.0)
        comparison.end()

    def _wait_for_answers(self) -> None:
        """Until all that the log had by now is there; what was waited for once is not again."""
        self._hear(0.0)
        comparison = self._comparison
        until = time.monotonic() + self._wait_s
        while comparison.open > self._given_up:
            left = until - time.monotonic()
            if left <= 0 or not (self._hear(left) or self._target.patient):
                self._given_up = comparison.open
        self._given_up = min(self._given_up, comparison.open)

    def _hear(self, timeout_s: float) -> bool:
        """Take what came; False when nothing did."""
        messages = self._target.hear(timeout_s)
        for message in messages:
            kind = head_of(message)[0]
            if self._comparison.counts(kind):
                self.heard += 1
                self._comparison.came(Answer(0, kind, tuple(split(message)), message))
        return bool(messages)


class OverDesk:
    """A staged desk of a configuration; its clock follows the log."""

    patient = False

    def __init__(self, config: Config, desk: StagedDesk, session: str = "") -> None:
        """session: the one to play on; default: the first of each version. Errors: ConfigError."""
        self._desk = desk
        self._keys: dict[str, str] = {}
        for one in config.sessions.session:
            if one.kind == "both" and (not session or one.key == session):
                self._keys.setdefault(one.version, one.key)
        if not self._keys:
            raise ConfigError(
                f"{config.folder / 'sessions.toml'}: no session {session or 'of both'}"
            )
        self._up: set[str] = set()

    def now(self) -> Instant:
        """The desk's clock."""
        return self._desk.now

    def wait(self, gap: Instant) -> None:
        """Time passes on the desk."""
        self._desk.go(self._desk.now + gap)

    def say(self, version: str, kind: bytes, fields: list[Field]) -> bool:
        """Say it on the session of its version."""
        key = self._keys.get(version)
        if key is None:
            return False
        if key not in self._up:
            self._up.add(key)
            self._desk.log_on(key)
        self._desk.hears(key, kind, fields)
        return True

    def hear(self, _timeout_s: float) -> list[bytes]:
        """What the desk has said: all that it will, until its clock moves."""
        found: list[bytes] = []
        for key in sorted(self._up):
            found += drained(self._desk.said[key])
        return found

    def hint(self, step: Step) -> None:
        """Without rates of a file the log's own prices are the market."""
        if self._desk.rates.from_file:
            return
        for answer in step.before:
            self._show(answer)
        any(self._show(answer) for answer in step.answers)  # the first that has a price

    def _show(self, answer: Answer) -> bool:
        """Take the prices of an answer as the market; False when it has none."""
        rates, held = self._desk.rates, dict(reversed(answer.fields))
        symbol = held.get(b"55", b"").decode("utf-8", "replace")
        bid, offer = number(held.get(b"132", b"")), number(held.get(b"133", b""))
        if bid is not None and offer is not None:
            rates.show(symbol, bid, offer)
            return True
        for one in (bid, offer, number(held.get(b"31", b""))):
            if one:
                rates.show_one(symbol, one)
                return True
        return False


class OverWire:
    """A desk behind a socket. speed: how many times faster than the log; 0: as answers come."""

    patient = True

    def __init__(self, link: Link, version: str, speed: float = 0.0) -> None:
        self._link = link
        self._version = version
        self._speed = speed
        self._held: list[bytes] = []

    @staticmethod
    def now() -> Instant:
        """The wall clock."""
        return time.time_ns() // 1_000

    def wait(self, gap: Instant) -> None:
        """Listen for the gap, the faster the speed the shorter."""
        if self._speed <= 0:
            return
        until = time.monotonic() + gap / SECOND / self._speed
        while (left := until - time.monotonic()) > 0:
            self._held += self._link.hear(min(left, 1.0))

    def say(self, version: str, kind: bytes, fields: list[Field]) -> bool:
        """Say it, if it is of the session's version."""
        if version != self._version:
            return False
        self._link.say(kind, fields)
        return True

    def hear(self, timeout_s: float) -> list[bytes]:
        """What came."""
        held, self._held = self._held, []
        return held or self._link.hear(timeout_s)

    def hint(self, step: Step) -> None:
        """The desk has its own prices."""
