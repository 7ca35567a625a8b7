"""The schedules at work: who is open, who is logged out now, whose numbers start anew.

The times are those of `hours`. A reset that fell due while the desk was down is made when it
starts: the store of a session says since when its numbers run.
"""

import contextlib
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from otcfix.config.models import ScheduleConfig
from otcfix.fix.hours import Plan, shown
from otcfix.fix.line import Line
from otcfix.fix.lines import Lines
from otcfix.fix.settings import begin_string
from otcfix.model.time import SECOND, Instant

log = structlog.get_logger("otcfix.fix")


class Acts(Protocol):
    """What a timetable has done to a session."""

    def log_out(self, key: str, text: str) -> bool:
        """Say Logout with a text."""
        ...

    def reset(self, key: str, reason: str, text: str) -> int:
        """Begin its numbers anew."""
        ...


class _Known(NamedTuple):
    """What holds for a session from *since* until before *until*."""

    schedule: ScheduleConfig
    since: Instant
    until: Instant
    is_open: bool


class Timetable:
    """Looks at the clock for every session that has a schedule."""

    def __init__(self, lines: Lines, acts: Acts, store: Path) -> None:
        """store: the folder of QuickFIX's stores."""
        self._lines = lines
        self._acts = acts
        self._store = store
        self._known: dict[str, _Known] = {}
        self._reset_at: dict[str, Instant] = {}
        self._runs = False

    def start(self, now: Instant) -> None:
        """Make the resets that fell due while the desk was down."""
        self.tick(now)
        self._runs = True

    def tick(self, now: Instant) -> None:
        """Do what the schedules say for *now*. Cheap while nothing changes."""
        for line in self._lines:
            schedule = line.config.schedule
            if schedule is None:
                continue
            known = self._known.get(line.config.key)
            if (
                known is None
                or known.schedule is not schedule
                or not known.since <= now < known.until
            ):
                known = self._look(line, schedule, now)
            if line.online and not known.is_open:
                self._acts.log_out(line.config.key, closed_text(schedule, now))

    def _look(self, line: Line, schedule: ScheduleConfig, now: Instant) -> _Known:
        key, plan = line.config.key, Plan(schedule)
        known = self._known.get(key)
        if self._runs and (known is None or known.schedule != schedule):
            # It has changed while the desk runs: numbers start anew at its next boundary, not now.
            self._note_since(line, now)
        found = _Known(schedule, now, plan.next_change(now), plan.is_open(now))
        self._known[key] = found
        boundary = plan.last_reset(now)
        if boundary is not None and boundary > self._runs_since(line, now):
            self._reset_at[key] = now
            text = f"the sequence numbers start anew at {shown(boundary)}; log on again with 34=1"
            if not found.is_open:
                text = closed_text(schedule, now)
            self._acts.reset(key, "schedule", text)
        return found

    def _runs_since(self, line: Line, now: Instant) -> Instant:
        """Since when the numbers of a session run: as its store notes it, to the second."""
        known = self._reset_at.get(line.config.key)
        if known is not None:
            return known
        try:
            text = self._path(line, "session").read_text("ascii").strip()
            made = datetime.strptime(f"{text}+0000", "%Y%m%d-%H:%M:%S%z")
        except (OSError, ValueError) as error:
            log.warning("no_start_of_numbers", session=line.config.key, error=str(error))
            return now  # the store is new, or spoiled: recovery sees to the numbers (R1)
        since = int(made.timestamp()) * SECOND
        with contextlib.suppress(OSError, ValueError):
            since = max(since, int(self._path(line, "since").read_text("ascii")))
        return since

    def _note_since(self, line: Line, now: Instant) -> None:
        """Note, for a restart as well, that nothing before *now* is a boundary of this session."""
        self._reset_at[line.config.key] = now
        self._path(line, "since").write_text(str(now), "ascii")

    def _path(self, line: Line, kind: str) -> Path:
        """A file of the session beside QuickFIX's."""
        config = line.config
        names = (begin_string(config.version), config.sender_comp_id, config.target_comp_id)
        return self._store / f"{'-'.join(names)}.{kind}"

    def closed(self, line: Line, now: Instant) -> str:
        """Why a session may not log on now; "" when it may."""
        schedule = line.config.schedule
        if schedule is None or Plan(schedule).is_open(now):
            return ""
        return closed_text(schedule, now)


def closed_text(schedule: ScheduleConfig, now: Instant) -> str:
    """What a client is told whose session is not open."""
    start = Plan(schedule).next_start(now)
    again = f"it starts again at {shown(start)}" if start is not None else "it does not start again"
    return f"outside the session's schedule; {again}"
