"""Who is told of later trades and of halts: the subscriptions of AD and g. A part of State."""

from collections.abc import Iterable

from otcfix.model.decision import Decision
from otcfix.model.enquiries import LIVE, Asked
from otcfix.model.event import Boot, Event, SessionDown

ASKED_MAX = 20
"""Subscriptions of one kind that one session may have."""


class Asks:
    """Subscriptions by kind, each in the order in which they began. Only `take` changes it."""

    def __init__(self, kept: Iterable[Asked] = ()) -> None:
        self.by_kind: dict[str, dict[tuple[str, str], Asked]] = {}
        for asked in kept:
            self._put(asked)

    def of(self, kind: str) -> Iterable[Asked]:
        """The subscriptions of a kind."""
        return self.by_kind.get(kind, {}).values()

    def find(self, kind: str, session: str, request_id: str) -> Asked | None:
        """One subscription."""
        return self.by_kind.get(kind, {}).get((session, request_id))

    def count(self, kind: str, session: str) -> int:
        """How many of a kind a session has."""
        return sum(1 for asked in self.of(kind) if asked.session == session)

    def take(self, event: Event, decision: Decision) -> None:
        """What *decision* says of them; a session that went off has none any more."""
        for asked in decision.asked:
            self._put(asked)
        if self.by_kind and event.kind in ("SessionDown", "Boot"):
            self._drop(event.body)

    def _drop(self, body: SessionDown | Boot) -> None:
        gone = body.session if isinstance(body, SessionDown) else None
        for kind, known in list(self.by_kind.items()):
            left = {k: a for k, a in known.items() if gone is not None and a.session != gone}
            if left:
                self.by_kind[kind] = left
            else:
                del self.by_kind[kind]

    def _put(self, asked: Asked) -> None:
        known = self.by_kind.setdefault(asked.kind, {})
        key = (asked.session, asked.request_id)
        if asked.status == LIVE:
            known[key] = asked
        else:
            known.pop(key, None)
            if not known:
                del self.by_kind[asked.kind]

    def keep(self) -> list[Asked]:
        """For a snapshot."""
        return [asked for known in self.by_kind.values() for asked in known.values()]
