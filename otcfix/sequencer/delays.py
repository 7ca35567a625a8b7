"""Drop copies that are told later than they happen, as their session's configuration asks."""

from collections import deque
from collections.abc import Iterator

from otcfix.desk.state import State
from otcfix.model.record import OutboxRow
from otcfix.model.time import MS, Instant


class Delays:
    """Keeps replies back until their time has come. What is kept is committed and not sent: after a
    stop it is owed like any other, and its delay begins anew."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[str, deque[tuple[Instant, OutboxRow]]] = {}
        self._ids: set[int] = set()

    def keeps(self, row: OutboxRow, now: Instant, *, late: bool = False) -> bool:
        """Whether *row* is not to be said yet; it comes out of `due` when it is, once.

        late: it was decided before and comes up again, at the end of a hold or after a reset. If it
        is not kept its time has passed.
        """
        if row.outbox_id in self._ids:
            return True
        if late or not row.exec_id:
            return False  # without one it is no execution, but an answer
        session = self._state.register.sessions.get(row.session)
        delay = session.drop_copy_delay_ms * MS if session is not None else 0
        kept = self._kept.get(row.session)
        if not delay and not kept:
            return False
        # Behind what is kept already, whatever the delay is by now: in the order of the journal.
        self._kept.setdefault(row.session, deque()).append((now + delay, row))
        self._ids.add(row.outbox_id)
        return True

    def due(self, now: Instant) -> Iterator[OutboxRow]:
        """What is to be said by *now*, per session in order."""
        for session, kept in list(self._kept.items()):
            while kept and kept[0][0] <= now:
                row = kept.popleft()[1]
                self._ids.discard(row.outbox_id)
                yield row
            if not kept:
                del self._kept[session]
