"""One session as staff sees it, of a desk that runs or from the database alone."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from otcfix.config import SessionConfig
from otcfix.config.models import WEEK
from otcfix.model.time import SECOND, Instant, from_datetime, iso

Row = dict[str, Any]


def configured(session: SessionConfig, now: Instant) -> Row:
    """What sessions.toml says of it; CompIDs as its client sends them. now: for the next start."""
    born = "TransactTime(60)" if session.age_by_transact_time else "SendingTime(52)"
    return {
        "key": session.key,
        "version": session.version,
        "kind": session.kind,
        "client": session.client,
        "sender_comp_id": session.target_comp_id,
        "target_comp_id": session.sender_comp_id,
        "username": session.username,
        "enabled": session.enabled,
        "held": False,
        "online": False,
        "epoch": 0,
        "last_in": 0,
        "last_out": 0,
        "schedule": schedule_words(session.schedule),
        "next_start": next_start(session.schedule, now),
        "cancel_on_disconnect": session.cancel_on_disconnect,
        "cancel_grace_ms": session.cancel_grace_ms,
        "allow_reset": session.allow_reset,
        "poss_dup": (
            "43=Y or 97=Y of an order that is known: its present state (150=I), nothing is done "
            f"twice; age counts from OrigSendingTime(122), with 97=Y from {born}, and ends at "
            f"{session.order_age_max_ms} ms"
        ),
    }


def numbered(row: Row, epoch: int, last_in: int, last_out: int) -> None:
    """Lay its numbers over *row*."""
    row |= {"epoch": epoch, "last_in": last_in, "last_out": last_out}
    row |= {"next_in": last_in + 1, "next_out": last_out + 1}


def named(row: Row) -> None:
    """Name its state in one word, of what stands in *row*."""
    state = "up" if row["online"] else "down"
    row["state"] = "disabled" if not row["enabled"] else "held" if row["held"] else state


def running(session: SessionConfig, line: Any, now: Instant) -> Row:
    """A session of a running desk. line: its Line, which another thread moves."""
    row = configured(session, now)
    record = line.record
    row["enabled"], row["held"], row["online"] = not record.shut, record.on_hold, line.online
    numbered(row, line.epoch, line.last_in, line.last_out)
    named(row)
    ages = ages_ms(tuple(record.ages))
    row |= {
        "peer": line.peer if line.online else "",
        "logged_on_at": _when(record.up_at) if line.online else "",
        "last_message_in": {"type": record.in_kind, "at": _when(record.in_at)},
        "last_message_out": {"type": record.out_kind, "at": _when(record.out_at)},
        "age_p50_ms": sorted(ages)[len(ages) // 2] if ages else None,
        "age_max_ms": max(ages, default=None),
        "round_trip_ms": record.round_trip_us / 1_000 if record.round_trip_us else None,
        "unproven": line.unproven,
        "owed": record.owed,
        "streams_held": line.held,
        "failed_logons": record.failed_logons,
        "last_failed_logon": {"from": record.failed_from, "at": _when(record.failed_at)},
    }
    return row


def ages_ms(kept: tuple[tuple[Instant, str], ...]) -> list[float]:
    """How old messages were when they came: by their SendingTime(52) and our clock, milliseconds.

    Below zero where the client's clock is before ours; what cannot be read is left out.
    """
    found = []
    for came, text in kept:
        try:
            sent = datetime.fromisoformat(f"{text[:8]}T{text[9:]}+00:00")
        except ValueError:
            continue
        found.append((came - from_datetime(sent)) / 1_000)
    return found


def _when(at: Instant) -> str:
    return iso(at) if at else ""


def schedule_words(schedule: Any) -> str:
    """When a session lives: "" for a non-stop one."""
    if schedule is None or not schedule.start:
        return ""
    days = (schedule.start_day or ",".join(_days(schedule)), schedule.end_day or "")
    clocks = (schedule.start, schedule.end)
    start, end = (f"{day} {clock}".strip() for day, clock in zip(days, clocks, strict=True))
    return f"{start} - {end} {_zone(schedule)}"


def _zone(schedule: Any) -> str:
    return str(getattr(schedule, "zone", "") or "UTC")


def _days(schedule: Any) -> tuple[str, ...]:
    return tuple(getattr(schedule, "days", ()))


def next_start(schedule: Any, now: Instant) -> str:
    """When its next session begins, UTC; "" for a non-stop one."""
    if schedule is None or not schedule.start:
        return ""
    here = datetime.fromtimestamp(now / SECOND, ZoneInfo(_zone(schedule)))
    begins = time.fromisoformat(schedule.start)
    allowed = (schedule.start_day,) if schedule.start_day else _days(schedule) or WEEK
    for days in range(9):
        start = datetime.combine(here.date() + timedelta(days=days), begins, here.tzinfo)
        if start > here and WEEK[start.weekday()] in allowed:
            return iso(from_datetime(start.astimezone(UTC)))
    return ""
