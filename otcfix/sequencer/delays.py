"""Drop copies that are told later than they happen, as their session's configuration asks."""

from collections.abc import Iterator

from otcfix.desk.state import State
from otcfix.model.record import OutboxRow
from otcfix.model.time import MS, Instant

Kept = dict[int, tuple[Instant, OutboxRow]]
"""By the row's number, in the order of saying: when it is due, and the row."""


class Delays:
    """Keeps replies back until their time has come. What is kept is committed and not sent: after a
    stop it is owed like any other, and its delay begins anew."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[str, Kept] = {}

    def keeps(self, row: OutboxRow, now: Instant, *, late: bool = False) -> bool:
        """Whether *row* is not to be said yet; it comes out of `due` when it is, once, however
        often it was to be said meanwhile (at the end of a hold, after a reset).

        late: it was decided before and comes up again. If it is not kept its time has passed.
        """
        kept = self._kept.get(row.session)
        if kept is not None and row.outbox_id in kept:
            return True
        if late or not row.exec_id:
            return False  # without one it is no execution, but an answer
        session = self._state.register.sessions.get(row.session)
        delay = session.drop_copy_delay_ms * MS if session is not None else 0
        if not delay and not kept:
            return False
        # Behind what is kept already, whatever the delay is by now: in the order of the journal.
        if kept is None:
            kept = self._kept[row.session] = {}
        kept[row.outbox_id] = (now + delay, row)
        return True

    def due(self, now: Instant) -> Iterator[OutboxRow]:
        """What is to be said by *now*, per session in order; on hold, what is due is owed again."""
        for session, kept in list(self._kept.items()):
            held = bool(self._state.word("held", session))
            while kept:
                number, (at, row) = next(iter(kept.items()))
                if at > now:
                    break
                del kept[number]
                if not held:
                    yield row
            if not kept:
                del self._kept[session]
