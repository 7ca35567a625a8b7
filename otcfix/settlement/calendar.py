"""Trading days, trading hours and value dates.

A trading day ends at `trading_day_end` in `trading_day_zone` (A8): what is dealt after it belongs
to the next day. Value dates count Monday to Friday (R4) until settlement calendars exist.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from otcfix.model.instrument import Hours, Instrument
from otcfix.model.time import Instant, from_datetime, to_datetime

WEEK_MINUTES = 7 * 24 * 60
_QUARTER = 900_000_000


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def day_end(day: date, zone: str, end_minutes: int) -> Instant:
    """The instant at which the trading day called *day* ends."""
    local = datetime(day.year, day.month, day.day, tzinfo=_zone(zone))
    return from_datetime(local.replace(hour=end_minutes // 60, minute=end_minutes % 60))


@lru_cache(maxsize=4096)
def _trading_day(zone: str, end_minutes: int, quarter: int) -> tuple[date, Instant]:
    local = to_datetime(quarter * _QUARTER).astimezone(_zone(zone))
    day = local.date()
    if day_end(day, zone, end_minutes) <= quarter * _QUARTER:
        day += timedelta(days=1)
    return day, day_end(day, zone, end_minutes)


def trading_day(instrument: Instrument, at: Instant) -> tuple[date, Instant]:
    """The trading day that *at* belongs to, and the instant at which it ends."""
    zone, end = instrument.trading_day_zone, instrument.trading_day_end
    day, ends = _trading_day(zone, end, at // _QUARTER)
    if at >= ends:  # the end lies inside this quarter of an hour
        day += timedelta(days=1)
        ends = day_end(day, zone, end)
    return day, ends


@lru_cache(maxsize=4096)
def value_date(day: date, settl_days: int) -> date:
    """The value date of a trade of trading day *day*: settl_days business days later.

    Zero days is the trading day itself, weekend or not (crypto settles then).
    """
    while settl_days:
        day += timedelta(days=1)
        if day.weekday() < 5:
            settl_days -= 1
    return day


def value_date_starts(day: date) -> Instant:
    """The instant at which obligations of value date *day* fall due: its midnight, UTC."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=_zone("UTC")))


def is_open(hours: Hours, at: Instant) -> bool:
    """Whether *at* lies in the trading hours and on no holiday."""
    if not hours.sessions and not hours.holidays:
        return True
    local = to_datetime(at).astimezone(_zone(hours.zone))
    if local.date() in hours.holidays:
        return False
    if not hours.sessions:
        return True
    minute = local.weekday() * 1440 + local.hour * 60 + local.minute
    return any(
        start <= minute < end if start < end else minute >= start or minute < end
        for start, end in hours.sessions
    )


def next_change(hours: Hours, at: Instant) -> Instant | None:
    """The next instant after *at* at which is_open may change; None when it never does."""
    if not hours.sessions and not hours.holidays:
        return None
    zone = _zone(hours.zone)
    local = to_datetime(at).astimezone(zone)
    monday = (local - timedelta(days=local.weekday())).date()
    minutes = {edge for pair in hours.sessions for edge in pair}
    edges = [
        datetime(day.year, day.month, day.day, tzinfo=zone).replace(hour=m // 60, minute=m % 60)
        for week in (0, 7)
        for edge in sorted(minutes)
        for day, m in [(monday + timedelta(days=week + edge // 1440 % 7), edge % 1440)]
    ]
    for holiday in hours.holidays:
        midnight = datetime(holiday.year, holiday.month, holiday.day, tzinfo=zone)
        edges += [midnight, midnight + timedelta(days=1)]
    # An hour that the clocks repeat has each of its edges twice.
    instants = {from_datetime(edge.replace(fold=fold)) for edge in edges for fold in (0, 1)}
    later = [instant for instant in instants if instant > at]
    return min(later, default=None)
