"""Schedules in local time: daily, weekly, with resets of their own, on both Sundays of the year."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from otcfix.config.models import ScheduleConfig
from otcfix.fix.hours import Plan, shown
from otcfix.model.time import SECOND


def at(text: str) -> int:
    """2026-03-08 12:00 (UTC) as an Instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def plan(**keys: object) -> Plan:
    """A plan of these keys."""
    return Plan(ScheduleConfig(**keys))  # type: ignore[arg-type]


NEW_YORK = {"zone": "America/New_York", "start": "17:05", "end": "17:00"}
LONDON = {"zone": "Europe/London", "start": "08:00", "end": "18:00"}


@pytest.mark.parametrize(
    ("when", "start"),
    [
        ("2026-03-06 23:00", "2026-03-07T22:05:00Z"),  # EST
        ("2026-03-07 23:00", "2026-03-08T21:05:00Z"),  # the clocks go forward on the 8th
        ("2026-10-30 23:00", "2026-10-31T21:05:00Z"),  # EDT
        ("2026-10-31 23:00", "2026-11-01T22:05:00Z"),  # the clocks go back on the 1st
    ],
)
def test_new_york_begins_at_its_own_five_past_five(when: str, start: str) -> None:
    """An hour of UTC earlier in summer; QuickFIX alone would be an hour off half the year."""
    one = plan(**NEW_YORK)
    begins = one.next_start(at(when))
    assert begins is not None
    assert shown(begins) == start
    assert not one.is_open(begins - SECOND)
    assert one.is_open(begins)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2026-03-28", "08:00", "18:00"),
        ("2026-03-29", "07:00", "17:00"),
        ("2026-10-24", "07:00", "17:00"),
        ("2026-10-25", "08:00", "18:00"),
    ],
)
def test_london_on_both_sundays(day: str, opens: str, closes: str) -> None:
    """Ten hours each day, at other instants from the Sunday on."""
    one = plan(**LONDON)
    first, last = at(f"{day} {opens}"), at(f"{day} {closes}")
    assert [one.is_open(x) for x in (first - 1, first, last - 1, last)] == [
        *(False, True, True, False)
    ]
    assert one.last_reset(last) == first


def test_a_window_over_the_change_of_clocks_is_an_hour_shorter_or_longer() -> None:
    """It ends when the wall clock says so."""
    one = plan(zone="America/New_York", start="22:00", end="06:00")
    for begins, ends in (
        ("2026-03-08 03:00", "2026-03-08 10:00"),
        ("2026-11-01 02:00", "2026-11-01 11:00"),
    ):
        assert one.next_change(at(begins) - 1) == at(begins)
        assert one.next_change(at(begins)) == at(ends)


def test_a_time_that_the_clocks_skip_or_repeat_happens_once() -> None:
    """Half past two on the Sunday in spring, half past one on the one in autumn."""
    spring = plan(zone="America/New_York", resets=("02:30",))
    assert spring.last_reset(at("2026-03-08 12:00")) == at("2026-03-08 07:30")
    autumn = plan(zone="America/New_York", resets=("01:30",))
    assert autumn.last_reset(at("2026-11-01 12:00")) == at("2026-11-01 05:30")
    assert autumn.last_reset(at("2026-11-01 06:30")) == at("2026-11-01 05:30")


def test_a_week_runs_from_sunday_to_friday() -> None:
    """Numbers start anew once a week, and nobody is let in on Saturday."""
    one = plan(zone="America/New_York", start="17:00", end="17:00", start_day="sun", end_day="fri")
    assert one.is_open(at("2026-11-20 21:59"))
    assert not one.is_open(at("2026-11-20 22:00"))
    assert one.next_start(at("2026-11-21 12:00")) == at("2026-11-22 22:00")
    assert one.last_reset(at("2026-11-26 12:00")) == at("2026-11-22 22:00")


def test_days_and_resets_of_their_own() -> None:
    """Open on weekdays, numbers run the whole week; and several resets in a day."""
    one = plan(start="08:00", end="18:00", days=("mon", "tue"), resets=("sun 20:00",))
    assert one.is_open(at("2026-11-24 12:00"))
    assert not one.is_open(at("2026-11-25 12:00"))
    assert one.next_start(at("2026-11-25 12:00")) == at("2026-11-30 08:00")
    assert one.last_reset(at("2026-11-24 12:00")) == at("2026-11-22 20:00")
    several = plan(resets=("06:00", "14:00:30", "sat 22:00"))
    assert several.is_non_stop
    assert several.is_open(at("2026-11-24 12:00"))
    assert several.next_start(at("2026-11-24 12:00")) is None
    assert several.last_reset(at("2026-11-24 14:00")) == at("2026-11-24 06:00")
    assert several.last_reset(at("2026-11-24 14:01")) == at("2026-11-24 14:00:30")
    never = plan(start="08:00", end="18:00", resets=())
    assert never.last_reset(at("2026-11-24 12:00")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Olympus", "start": "08:00", "end": "18:00"},
        {"start": "25:00", "end": "18:00"},
        {"start": "08:00"},
        {"start": "08:00", "end": "18:00", "start_day": "sun"},
        {"start": "08:00", "end": "18:00", "start_day": "sun", "end_day": "fri", "days": ("mon",)},
        {"days": ("mon",), "resets": ("17:00",)},
        {"resets": ("someday 17:00",)},
        {"resets": ()},
        {},
    ],
)
def test_half_a_schedule_is_an_error(wrong: dict[str, object]) -> None:
    """It never becomes a silent default."""
    with pytest.raises(ValidationError):
        ScheduleConfig(**wrong)  # type: ignore[arg-type]


@given(
    st.sampled_from(["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.integers(at("2026-01-01"), at("2027-12-31")),
    st.times(),
    st.times(),
)
def test_nothing_changes_before_the_next_change(
    zone: str, now: int, start: object, end: object
) -> None:
    """Whoever looks again at `next_change` misses neither an opening, nor a close, nor a reset."""
    one = plan(zone=zone, start=f"{start:%H:%M:%S}", end=f"{end:%H:%M:%S}")
    change = one.next_change(now)
    assert change > now
    assert one.is_open(change - 1) == one.is_open(now)
    assert one.last_reset(change - 1) == one.last_reset(now)
