"""When a session is open and when its numbers start anew, in the local time of its zone.

QuickFIX knows UTC and the machine's own zone only. All instants here are microseconds, UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from otcfix.config.models import WEEK, ScheduleConfig
from otcfix.model.time import SECOND, Instant

LOOK_DAYS = 15
"""How far to either side a window or a reset is looked for: a week, and the length of one."""


def shown(at: Instant) -> str:
    """An instant for a Text(58): 2026-11-24T12:00:00Z."""
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _clock(text: str) -> time:
    hour, minute, second = (*map(int, text.split(":")), 0)[:3]
    return time(hour, minute, second)


class Plan:
    """A schedule, to be asked about instants.

    A local time that the clocks skip in spring is taken an hour later, one that comes twice in
    autumn when it comes first. A window lasts until its end as the wall clock shows it: on those
    two days it is an hour shorter or longer.
    """

    def __init__(self, schedule: ScheduleConfig) -> None:
        self._schedule = schedule

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._schedule.zone)

    @property
    def is_non_stop(self) -> bool:
        """Whether it has no windows, only resets."""
        return not self._schedule.start

    def _at(self, day: date, clock: time) -> Instant:
        local = datetime.combine(day, clock, self._zone)
        return int(local.timestamp()) * SECOND

    def _days(self, now: Instant) -> list[date]:
        today = datetime.fromtimestamp(now // SECOND, self._zone).date()
        return [today + timedelta(days=step) for step in range(-LOOK_DAYS, LOOK_DAYS + 1)]

    def _windows(self, now: Instant) -> list[tuple[Instant, Instant]]:
        """The windows around *now*, in order."""
        schedule = self._schedule
        if self.is_non_stop:
            return []
        start, end = _clock(schedule.start), _clock(schedule.end)
        if schedule.start_day and schedule.end_day:
            first = WEEK.index(schedule.start_day)
            length = (WEEK.index(schedule.end_day) - first) % 7
            if not length and end <= start:
                length = 7
            on = {first}
        else:
            length = 1 if end <= start else 0
            on = {WEEK.index(day) for day in schedule.days or WEEK}
        found = []
        for day in self._days(now):
            if day.weekday() in on:
                opens = self._at(day, start)
                closes = self._at(day + timedelta(days=length), end)
                if opens < closes:
                    found.append((opens, closes))
        return found

    def is_open(self, now: Instant) -> bool:
        """Whether the session may be logged on at *now*: from a start on, until before an end."""
        return self.is_non_stop or any(
            opens <= now < closes for opens, closes in self._windows(now)
        )

    def next_start(self, now: Instant) -> Instant | None:
        """When the next window behind *now* begins; None for a session that is always open."""
        return next((opens for opens, _ in self._windows(now) if opens > now), None)

    def _resets(self, now: Instant) -> list[Instant]:
        """When numbers start anew around *now*, in order."""
        if self._schedule.resets is None:
            return [opens for opens, _ in self._windows(now)]
        found = set()
        for text in self._schedule.resets:
            *named, clock = text.split()
            for day in self._days(now):
                if not named or WEEK[day.weekday()] == named[0]:
                    found.add(self._at(day, _clock(clock)))
        return sorted(found)

    def last_reset(self, now: Instant) -> Instant | None:
        """The last instant, not after *now*, at which numbers start anew; None: they never do."""
        return max((at for at in self._resets(now) if at <= now), default=None)

    def next_change(self, now: Instant) -> Instant:
        """Until when nothing happens; a day from *now* at the latest."""
        turns = [at for window in self._windows(now) for at in window]
        later = [at for at in (*turns, *self._resets(now)) if at > now]
        return min([*later, now + 86_400 * SECOND])
