"""The rows of throttles.toml and of sessions.toml as the gate counts with them."""

from decimal import ROUND_CEILING, Decimal

from msgspec import Struct

from otcfix.gate.gcra import cost_of
from otcfix.model.party import Desk, Session
from otcfix.model.throttle import EVERYBODY, Throttle

COUNTED = ("quote", "order", "replace", "status", "stream")
"""Classes that messages_per_second of a session counts together."""

MS_NS = 1_000_000


class Bucket(Struct, frozen=True, gc=False):
    """One limit of one session. Nanoseconds.

    key: its word in State. cost: of one message; room: of a burst. hard_cost: of one message that
    the limit did not let pass; 0: no hard limit. soft: whether what is above it is refused.
    """

    key: str
    what: str
    cost: int
    room: int
    hard_cost: int = 0
    hard_for: int = 0
    soft: bool = True


class Rate(Struct, frozen=True, gc=False):
    """All limits of one message class of one session, and what one message weighs."""

    message_class: str
    weight: int
    buckets: tuple[Bucket, ...]


Rates = dict[tuple[str, str], Rate]


def rates_of(desk: Desk) -> Rates:
    """By session and message class; a session's own row goes before that of everybody."""
    rows = {(row.session, row.message_class): row for row in desk.throttles}
    found: Rates = {}
    for session in desk.sessions:
        if session.kind == "provider":
            continue
        for name in (*COUNTED, "resent"):
            row = rows.get((session.key, name)) or rows.get((EVERYBODY, name))
            buckets = [_bucket(session, row)] if row else []
            if session.messages_per_second and name in COUNTED:
                buckets.append(_together(session))
            if buckets:
                weight = row.weight if row else 1
                found[session.key, name] = Rate(name, weight, tuple(buckets))
    return found


def _bucket(session: Session, row: Throttle) -> Bucket:
    cost = cost_of(row.per_second)
    return Bucket(
        f"{session.key}|{row.message_class}",
        f"{row.message_class} messages: {row.hard_factor} times {row.per_second:f} a second",
        cost,
        cost * row.burst,
        # What passes uses the rate once: what does not may use it hard_factor - 1 times.
        cost_of(row.per_second * (row.hard_factor - 1)),
        row.hard_ms * MS_NS,
        soft=row.message_class != "resent",
    )


def _together(session: Session) -> Bucket:
    """messages_per_second: all classes, with a second's burst and one."""
    cost = cost_of(Decimal(session.messages_per_second))
    return Bucket(session.key, "messages", cost, cost * (session.messages_per_second + 1))


def dearer(cost: int, permille: int) -> int:
    """*cost* where only *permille* thousandths of a rate may be used. Rounds up."""
    return -(-cost * 1_000 // permille)


def permille(factor: Decimal) -> int:
    """A factor in thousandths, at least 1. Rounds up."""
    return max(1, int((factor * 1_000).to_integral_value(ROUND_CEILING)))
