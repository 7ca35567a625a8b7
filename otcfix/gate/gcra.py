"""GCRA, the generic cell rate algorithm: one integer says how full a bucket of messages is.

The integer is the instant at which everything taken so far will have been paid for. Everything is
in nanoseconds: an instant since the epoch, what one message costs, and the room, which is the cost
of a whole burst. In any span t at most burst + rate x t passes; who keeps the distance of one cost
between two messages is never refused.
"""

from decimal import ROUND_CEILING, Decimal

DEBT_MAX = 60_000_000_000
"""A clock that was set back must not shut a client out for long: no older debt is kept."""

SECOND_NS = 1_000_000_000


def cost_of(per_second: Decimal) -> int:
    """What one message costs at *per_second*. Nanoseconds, rounded up: a rate is never exceeded."""
    return int((SECOND_NS / per_second).to_integral_value(ROUND_CEILING))


def wait(paid_at: int, now: int, cost: int, room: int) -> int:
    """How long until a message of *cost* passes; at most 0: it passes now. Nanoseconds.

    One that costs more than the room passes when nothing is owed.
    """
    owed = paid_at - now
    if owed <= 0:
        return 0
    owed = min(owed, room + DEBT_MAX)
    return owed + cost - max(room, cost)


def taken(paid_at: int, now: int, cost: int, room: int) -> int:
    """The new instant after a message of *cost* has passed. Nanoseconds."""
    if paid_at <= now:
        return now + cost
    return min(paid_at, latest(now, room)) + cost


def latest(now: int, room: int) -> int:
    """The latest instant that is taken seriously: who finds a later one kept puts this there."""
    return now + room + DEBT_MAX
