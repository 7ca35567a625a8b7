"""The marks that portfolio-wide limits value positions at (R15): told as MarksMoved."""

from otcfix.desk.state import State
from otcfix.model.limit import MarksMoved
from otcfix.model.time import MS, SECOND, Instant
from otcfix.sequencer.ports import RatesPort

WORD: Instant = SECOND
"""How often marks may move."""


class Marks:
    """Looks at the conversions, at most every WORD and only while a limit is valued at marks.

    Told when a rate changed, and when one that stands still was seen anew and its mark would grow
    too old meanwhile. What shows no rate any more keeps its mark, which grows old: limits that need
    it refuse then.
    """

    def __init__(self, state: State, rates: RatesPort) -> None:
        self._state = state
        self._rates = rates
        self._next: Instant = 0

    def due(self, now: Instant) -> MarksMoved | None:
        """What has changed; None: nothing, or nobody needs it. Cheap: asked before each batch."""
        state = self._state
        if not state.limits.marked or 0 < self._next - now <= WORD:
            return None
        self._next = now + WORD
        register, known = state.register, state.limits.marks
        if register.desk is None:
            return None
        late = now - register.desk.price_age_max_ms * MS // 2
        marks, moved = {}, False
        for code in register.assets:
            if code == register.desk.limit_currency:
                continue
            before, found = known.get(code), self._rates.conversion(code, now)
            if found is None:
                if before is not None:
                    marks[code] = before
                continue
            marks[code] = (found.rate, found.changed_at)
            aged = before is not None and before[1] < late < found.changed_at
            moved = moved or aged or before is None or before[0] != found.rate
        return MarksMoved(marks) if moved or marks.keys() != known.keys() else None
