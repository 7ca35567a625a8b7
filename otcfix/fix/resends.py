"""What ResendRequests(35=2) cost. QuickFIX answers one at once, message by message, on the thread
that everybody shares: twenty bytes of a client may ask for a hundred thousand messages.

So they are paid for by what they ask for. Whoever asks for more is logged out; what he missed is
there when he comes back. Nanoseconds of a monotonic clock.
"""

from otcfix.gate import gcra

COST_NS = 1_000_000
"""Of one message: a thousand a second for ever, which is a fraction of what the engine can say."""

BURST = 20_000
"""Messages at once. A longer range passes when nothing is owed: who was away for long needs it."""


NOTHING = range(0)


def messages_asked(begin: int, end: int, last_out: int, empty: range = NOTHING) -> int:
    """How many messages a range stands for, one at the least; end 0, or beyond: to the last.

    empty: numbers behind which there is nothing: they are gap-filled, at no cost.
    """
    last = min(end, last_out) if end > 0 else last_out
    asked = range(max(begin, 1), last + 1)
    void = range(max(asked.start, empty.start), min(asked.stop, empty.stop))
    return max(1, len(asked) - len(void))


def paid(paid_at: int, now: int, messages: int) -> int | None:
    """The instant at which all that was asked for is paid, *messages* more included; None: they
    are too many now."""
    cost, room = messages * COST_NS, BURST * COST_NS
    if gcra.wait(paid_at, now, cost, room) > 0:
        return None
    return gcra.taken(paid_at, now, cost, room)
