"""Time as an argument: an Instant is whole microseconds since the epoch, UTC."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

Instant = int

MS = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(at: Instant) -> datetime:
    """Return the aware UTC datetime of *at* (exact: integers throughout)."""
    return EPOCH + timedelta(microseconds=at)


def from_datetime(moment: datetime) -> Instant:
    """Return the Instant of an aware *moment* (exact)."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def utc_timestamp(at: Instant) -> str:
    """Write *at* as a FIX UTCTimestamp with milliseconds; finer digits are cut off (ROUND_DOWN)."""
    seconds, micros = divmod(at, SECOND)
    return f"{_second_text(seconds)}.{micros // MS:03d}"


@lru_cache(maxsize=1024)
def _second_text(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y%m%d-%H:%M:%S")


def iso(at: Instant) -> str:
    """Write *at* for people and JSON: 2026-01-31T12:00:00.123456Z."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def utc_day(at: Instant) -> str:
    """The UTC date of *at* as ISO writes it: 2026-01-31. Such dates compare as text."""
    return _day_text(at // DAY)


@lru_cache(maxsize=64)
def _day_text(days: int) -> str:
    return (EPOCH + timedelta(days=days)).strftime("%Y-%m-%d")


def day_start(day: str) -> Instant:
    """The first instant of an ISO date, UTC. Errors: ValueError for what is none."""
    return (date.fromisoformat(day) - EPOCH.date()).days * DAY


def is_day(text: str) -> bool:
    """Whether *text* is a date as ISO writes it: 2026-01-31."""
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def local_date(day: date) -> str:
    """Write *day* as a FIX LocalMktDate: YYYYMMDD."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"
