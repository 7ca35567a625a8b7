"""What waits to be sequenced: a bounded share per session, drained in turn (R2, rules.md 2.7).

Filled and emptied by the sequencer's thread, which polls the sessions between two batches.
"""

from collections import deque
from itertools import pairwise
from typing import NamedTuple

from otcfix.model.session_commands import SetSessions
from otcfix.model.time import Instant

SHARE = 512
"""Messages that one session may have waiting."""

CANCEL_RESERVE = 256
"""Room beyond the share that only cancels (F) and mass cancels (q) may use."""

CANCELS = ("F", "q")


class Incoming(NamedTuple):
    """One thing to sequence: a FIX text of a session, or a typed body when text is empty."""

    session: str
    epoch: int
    text: str
    received_at: Instant
    body: object = None
    command_id: int = 0


def parts(waiting: list[Incoming]) -> list[list[Incoming]]:
    """*waiting* in pieces, each of which may be read before any of it is decided.

    Behind new sessions begins another: what follows is to be read as they say.
    """
    ends = [place for place, one in enumerate(waiting, 1) if isinstance(one.body, SetSessions)]
    if not ends:
        return [waiting]
    found = [waiting[start:end] for start, end in pairwise([0, *ends, len(waiting)])]
    return [part for part in found if part]


class Inbox:
    """Fair, bounded and quiet: `put` says whether there was room."""

    def __init__(self, share: int = SHARE, cancel_reserve: int = CANCEL_RESERVE) -> None:
        self._share = share
        self._with_reserve = share + cancel_reserve
        self._lanes: dict[str, deque[Incoming]] = {}
        self._order: list[str] = []
        self._next = 0
        self._urgent: deque[Incoming] = deque()

    def open_lane(self, session: str) -> None:
        """Make room for a session; before any thread puts for it."""
        if session not in self._lanes:
            self._lanes[session] = deque()
            self._order.append(session)

    def close_lane(self, session: str) -> None:
        """A session is gone; what still waits for it is taken before anything else."""
        lane = self._lanes.pop(session, None)
        if lane is not None:
            self._order.remove(session)
            self._urgent.extend(lane)

    def put(self, incoming: Incoming, msg_type: str) -> bool:
        """Queue a client's message; False when its session's share is full."""
        lane = self._lanes[incoming.session]
        room = self._with_reserve if msg_type in CANCELS else self._share
        if len(lane) >= room:
            # Notices of what found no room wait in the same lane, in order; a session's own flood
            # must not use up the places that are kept for its cancels.
            notices = sum(1 for one in tuple(lane) if one.body is not None)
            if msg_type not in CANCELS or len(lane) - notices >= room:
                return False
        lane.append(incoming)
        return True

    def put_urgent(self, incoming: Incoming) -> None:
        """Queue what is never refused: overflows, session events, commands, rates."""
        self._urgent.append(incoming)

    def put_behind(self, incoming: Incoming) -> None:
        """Queue a session's own event behind its messages, so that their order stands."""
        lane = self._lanes.get(incoming.session)
        if lane is None:
            self.put_urgent(incoming)
            return
        lane.append(incoming)

    def oldest(self) -> Instant | None:
        """When the oldest waiting message was received; None when nothing waits."""
        heads = [lane[0].received_at for lane in self._lanes.values() if lane]
        return min(heads, default=None)

    def depth(self, session: str) -> int:
        """How many messages of *session* wait."""
        return len(self._lanes[session])

    def __len__(self) -> int:
        return len(self._urgent) + sum(map(len, self._lanes.values()))

    def take(self, most: int) -> list[Incoming]:
        """Up to *most* waiting things: the urgent ones, then one of each session in turn."""
        taken: list[Incoming] = []
        urgent = self._urgent
        while urgent and len(taken) < most:
            taken.append(urgent.popleft())
        order, lanes = self._order, self._lanes
        count = len(order)
        idle = 0
        while count and idle < count and len(taken) < most:
            self._next = (self._next + 1) % count
            lane = lanes[order[self._next]]
            if lane:
                taken.append(lane.popleft())
                idle = 0
            else:
                idle += 1
        return taken
