"""A run of many scenarios against one counterparty: what is played where, and in which order."""

import contextlib
import fnmatch
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from otcfix.model.errors import ConfigError
from otcfix.trials.parties import Kept, Lane, Party
from otcfix.trials.playing import Player
from otcfix.trials.reading import ENDING, read_file
from otcfix.trials.scenario import NEEDS, PASSED, SKIPPED, Result, Scenario

PACK = "client"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
RUN_DIGITS = 7

Told = Callable[[Result], None]


class Task(Struct, frozen=True):
    """A scenario in one version. number: its place in the run, and in the ids that it makes."""

    scenario: Scenario
    version: str
    number: int

    @property
    def waits_s(self) -> float:
        """How long it waits at least: those that wait longest begin first."""
        slow = [s.within_s for s in self.scenario.steps if s.verb in ("wait", "quiet", "find")]
        return sum(slow) + 3.0 * sum(1 for s in self.scenario.steps if s.words[:1] == ("until",))


def shipped_pack(name: str = PACK) -> Path:
    """The folder of a pack that comes with otcfix. Errors: ConfigError for one that is not."""
    folder = Path(str(files("otcfix.trials"))) / "packs" / name
    if not folder.is_dir():
        there = sorted(p.name for p in folder.parent.iterdir() if p.is_dir())
        raise ConfigError(f"{name}: no such pack; there are {', '.join(there)}, or name a folder")
    return folder


def read_pack(folder: Path) -> list[Scenario]:
    """Every scenario below *folder*, or the one that *folder* is, by path.

    Errors: ConfigError naming every problem of every file.
    """
    if folder.is_file():
        return [read_file(folder)]
    found: list[Scenario] = []
    problems: list[str] = []
    for path in sorted(folder.rglob(f"*{ENDING}"), key=_place):
        name = path.relative_to(folder).with_suffix("").as_posix()
        try:
            found.append(read_file(path, name))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    if not found:
        raise ConfigError(f"{folder}: no scenario there (*{ENDING})")
    return found


def _place(path: Path) -> tuple[int, str]:
    """Folders in the order of their numbers."""
    number = path.parent.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0, path.as_posix()


def chosen(
    scenarios: Sequence[Scenario], names: Sequence[str], tags: Sequence[str], skip: Sequence[str]
) -> list[Scenario]:
    """Those that a name or pattern and a tag pick, all without either; none that *skip* names.

    Errors: ConfigError for a name or tag that nothing has.
    """
    known = {tag for one in scenarios for tag in one.tags}
    for tag in (*tags, *(t for t in skip if t in known)):
        if tag not in known:
            raise ConfigError(
                f"no scenario has the tag {tag}; there are {', '.join(sorted(known))}"
            )
    for name in names:
        if not any(_named(one, name) for one in scenarios):
            raise ConfigError(f"no scenario is named {name}; see --list")
    return [
        one
        for one in scenarios
        if (not names or any(_named(one, name) for name in names))
        and (not tags or set(tags) & set(one.tags))
        and not (set(skip) & set(one.tags) or any(_named(one, name) for name in skip))
    ]


def _named(one: Scenario, pattern: str) -> bool:
    return fnmatch.fnmatch(one.name, pattern) or one.name.startswith(f"{pattern.rstrip('/')}/")


class Campaign:
    """One run. Lanes play side by side; what touches all of them is played alone, at the end."""

    def __init__(
        self,
        party: Party,
        scenarios: Sequence[Scenario],
        *,
        kept: Kept | None = None,
        fresh: bool = False,
        told: Told = lambda _: None,
    ) -> None:
        """kept: where numbers outlive the run; fresh: what stands there is forgotten.

        told: is given every result, on the thread that made it, one at a time.
        """
        self.party = party
        self.results: list[Result] = []
        self._order = {one.name: place for place, one in enumerate(scenarios)}
        self._kept = kept
        self._told = told
        self._lock = threading.Lock()
        self._held = {name: threading.Lock() for one in scenarios for name in one.holds}
        self._stopped = threading.Event()
        self._run = _digits(time.time_ns() // 1_000_000, RUN_DIGITS)
        self._queues: dict[tuple[str, str], deque[Task]] = {}
        self._alone: list[Task] = []
        self._skipped: list[Result] = []
        self._plan(scenarios)
        for lane in party.lanes:
            if kept is not None and not fresh:
                kept.load(lane)

    def _plan(self, scenarios: Sequence[Scenario]) -> None:
        versions = sorted({lane.who.version for lane in self.party.lanes})
        number = 0
        for scenario in scenarios:
            for version in versions:
                if not scenario.speaks(version):
                    continue
                number += 1
                task = Task(scenario, version, number)
                if why := self._why_not(task):
                    self._skipped.append(Result(scenario, version, "", SKIPPED, why))
                elif scenario.alone:
                    self._alone.append(task)
                else:
                    key = version, scenario.session
                    self._queues.setdefault(key, deque()).append(task)
        for key, queue in self._queues.items():
            self._queues[key] = deque(sorted(queue, key=lambda task: -task.waits_s))
        self.total = number

    def _lanes(self, task: Task) -> list[Lane]:
        return [
            lane
            for lane in self.party.lanes
            if lane.who.version == task.version and lane.role == task.scenario.session
        ]

    def _beside(self, version: str, role: str) -> Lane | None:
        """The first session of another role."""
        found = (one for one in self.party.lanes if (one.who.version, one.role) == (version, role))
        return next(found, None)

    def _why_not(self, task: Task) -> str:
        """Why it cannot be played with this counterparty, "" when it can."""
        for need in task.scenario.needs:
            if need not in self.party.has:
                return f"{NEEDS[need]}; this counterparty has none"
        lanes = self._lanes(task)
        if not lanes:
            return f"no {task.version} session of role {task.scenario.session} in the profile"
        for role in task.scenario.beside:
            if self._beside(task.version, role) is None:
                return f"no {task.version} session of role {role} in the profile"
        named = (*task.scenario.uses, *task.scenario.holds)
        missing = [name for name in named if not lanes[0].values.get(name)]
        if missing:
            return f"the profile has no value {', '.join(missing)}"
        return self._not_there(task, lanes[0])

    @staticmethod
    def _not_there(task: Task, lane: Lane) -> str:
        """What the profile says of a session that bars the scenario, "" when nothing does."""
        if "market_orders" in lane.lacks and task.scenario.plain_market:
            return f"{lane.who.sender}: a market order (40=1) needs 44 or 2676 there (`lacks`)"
        for pattern, why in lane.skips.items():
            if _named(task.scenario, pattern):
                return f"{lane.who.sender}: {why}"
        return ""

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped.set()

    def play(self) -> list[Result]:
        """Play everything; the results in the order of the pack."""
        for result in self._skipped:
            self._note(result)
        threads = [
            threading.Thread(target=self._lane, args=(lane,), name=f"trial-{lane.key}")
            for lane in self.party.lanes
            if self._queues.get((lane.who.version, lane.role))
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for task in self._alone:
                if not self._stopped.is_set():
                    self._one(task, self._lanes(task)[0])
        except BaseException:
            self.stop()
            for thread in threads:
                if thread.ident:
                    thread.join()
            raise
        self.results.sort(key=lambda result: (self._order[result.scenario.name], result.version))
        return self.results

    def _lane(self, lane: Lane) -> None:
        queue = self._queues[lane.who.version, lane.role]
        while not self._stopped.is_set():
            try:
                task = queue.popleft()
            except IndexError:
                return
            self._one(task, lane)

    def _one(self, task: Task, lane: Lane) -> None:
        found = {role: self._beside(task.version, role) for role in task.scenario.beside}
        beside = {role: one for role, one in found.items() if one is not None}
        used = sorted((lane, *beside.values()), key=lambda one: one.key)
        with contextlib.ExitStack() as stack:  # always in one order, that none waits for another
            for one in used:
                stack.enter_context(one.lock)
            for name in sorted(task.scenario.holds):
                stack.enter_context(self._held[name])
            self._played(task, lane, beside)
        if self.party.pause_s:
            self._stopped.wait(self.party.pause_s)

    def _played(self, task: Task, lane: Lane, beside: dict[str, Lane]) -> None:
        player = Player(
            task.scenario,
            lane.who,
            lane.numbers,
            lane.values,
            prefix=f"{self._run}-{_digits(task.number, 2)}-",
            patience_s=self.party.patience_s,
            stage=self.party.stage,
            beside={role: (one.who, one.numbers) for role, one in beside.items()},
        )
        result = player.play(lane.key)
        if self._kept is not None:
            for one in (lane, *beside.values()):
                self._kept.save(one)
        self._note(result)

    def _note(self, result: Result) -> None:
        with self._lock:
            self.results.append(result)
            self._told(result)


def _digits(value: int, count: int) -> str:
    found = ""
    for _ in range(count):
        value, digit = divmod(value, len(DIGITS))
        found = DIGITS[digit] + found
    return found


def passed(results: Sequence[Result]) -> bool:
    """Whether nothing failed, and something was played."""
    return all(r.verdict in (PASSED, SKIPPED) for r in results) and any(
        r.verdict == PASSED for r in results
    )
