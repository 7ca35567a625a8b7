"""Trading days, value dates and hours, on every day of the year."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.instrument import Hours
from otcfix.model.time import SECOND, to_datetime
from otcfix.settlement import calendar
from tests.support.house_desk import FX, INSTRUMENTS
from tests.support.world import instant

BTC = INSTRUMENTS["BTC/USD"]
instants = st.integers(instant("2026-01-01 00:00:00"), instant("2029-01-01 00:00:00"))


@pytest.mark.parametrize(
    ("at", "day", "ends"),
    [
        ("2027-01-13 12:00:00", date(2027, 1, 13), "2027-01-13 22:00:00"),
        ("2027-01-13 21:59:59.999", date(2027, 1, 13), "2027-01-13 22:00:00"),
        ("2027-01-13 22:00:00", date(2027, 1, 14), "2027-01-14 22:00:00"),
        ("2027-01-14 03:00:00", date(2027, 1, 14), "2027-01-14 22:00:00"),
        # the clocks go forward on 14 March, back on 7 November
        ("2027-03-13 22:00:00", date(2027, 3, 14), "2027-03-14 21:00:00"),
        ("2027-03-14 21:00:00", date(2027, 3, 15), "2027-03-15 21:00:00"),
        ("2027-11-06 21:00:00", date(2027, 11, 7), "2027-11-07 22:00:00"),
        ("2027-11-07 21:30:00", date(2027, 11, 7), "2027-11-07 22:00:00"),
    ],
)
def test_trading_days(at: str, day: date, ends: str) -> None:
    """A trading day ends at 17:00 in New York, winter and summer."""
    assert calendar.trading_day(BTC, instant(at)) == (day, instant(ends))


@given(instants)
def test_every_instant_lies_in_its_trading_day(at: int) -> None:
    """The day that an instant belongs to ends after it, at most 25 hours later."""
    day, ends = calendar.trading_day(BTC, at)
    assert at < ends <= at + 25 * 3600 * SECOND
    assert calendar.trading_day(BTC, ends - 1) == (day, ends)
    assert calendar.trading_day(BTC, ends)[0] == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "days", "value"),
    [
        (date(2027, 1, 13), 0, date(2027, 1, 13)),
        (date(2027, 1, 16), 0, date(2027, 1, 16)),  # crypto settles on a Saturday
        (date(2027, 1, 13), 2, date(2027, 1, 15)),
        (date(2027, 1, 14), 2, date(2027, 1, 18)),
        (date(2027, 1, 16), 1, date(2027, 1, 18)),
        (date(2027, 1, 17), 2, date(2027, 1, 19)),
    ],
)
def test_value_dates(day: date, days: int, value: date) -> None:
    """Business days are Monday to Friday (R4)."""
    assert calendar.value_date(day, days) == value


@given(st.dates(date(2026, 1, 1), date(2029, 1, 1)), st.integers(1, 10))
def test_a_value_date_is_a_business_day(day: date, days: int) -> None:
    """Exactly so many business days lie between."""
    value = calendar.value_date(day, days)
    assert value.weekday() < 5
    between = [day + timedelta(days=n) for n in range(1, (value - day).days + 1)]
    assert sum(found.weekday() < 5 for found in between) == days


@given(instants)
def test_the_next_change_is_the_next_change(at: int) -> None:
    """Between an instant and its next change nothing opens or closes, and a week brings one."""
    change = calendar.next_change(FX, at)
    assert change is not None
    assert at < change <= at + 8 * 86_400 * SECOND
    before = calendar.is_open(FX, at)
    step = (change - at) // 7
    if step:
        assert all(calendar.is_open(FX, at + n * step) == before for n in range(7))
    assert calendar.is_open(FX, change - 1) == before


@given(instants)
def test_markets_without_hours_never_close(at: int) -> None:
    """24/7 has no change to wait for."""
    always = Hours("UTC")
    assert calendar.is_open(always, at)
    assert calendar.next_change(always, at) is None


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2027-01-11 07:59:59", False),
        ("2027-01-11 08:00:00", True),
        ("2027-01-11 16:00:00", False),
        ("2027-01-12 08:00:00", False),
    ],
)
def test_hours_within_a_day(at: str, is_open: bool) -> None:
    """A session of one Monday, in its own zone."""
    monday = Hours("Europe/Zurich", ((9 * 60, 17 * 60),))
    assert calendar.is_open(monday, instant(at)) == is_open


def test_a_holiday_closes_its_whole_local_day() -> None:
    """From midnight to midnight in the zone of the hours."""
    assert calendar.is_open(FX, instant("2027-12-24 04:59:59"))
    assert not calendar.is_open(FX, instant("2027-12-24 05:00:00"))
    assert calendar.next_change(FX, instant("2027-12-24 04:00:00")) == instant(
        "2027-12-24 05:00:00"
    )
    assert to_datetime(calendar.value_date_starts(date(2027, 1, 15))) == datetime(
        2027, 1, 15, tzinfo=UTC
    )


def test_the_hour_that_comes_twice_opens_twice() -> None:
    """31 October 2027 in Berlin: 02:30 is at 00:30 and at 01:30 UTC."""
    sunday = 6 * 1440
    hours = Hours(zone="Europe/Berlin", sessions=((sunday + 150, sunday + 165),))
    found, at = [], instant("2027-10-30 12:00:00")
    for _ in range(4):
        change = calendar.next_change(hours, at)
        assert change is not None
        at = change
        found.append((at, calendar.is_open(hours, at)))
    assert found == [
        (instant("2027-10-31 00:30:00"), True),
        (instant("2027-10-31 00:45:00"), False),
        (instant("2027-10-31 01:30:00"), True),
        (instant("2027-10-31 01:45:00"), False),
    ]
