"""How busy the desk is, and what part of their rates clients may therefore use."""

from decimal import Decimal

from otcfix.desk.state import State
from otcfix.desk.throttling import FULL, LOAD
from otcfix.model.throttle import LoadMoved
from otcfix.model.time import SECOND, Instant

LOOK = SECOND


class Load:
    """Additive increase, multiplicative decrease (AIMD), by the longest inbox of the last second.

    Measured outside of decisions and told to them by an event, which is journaled (R12).
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._peak = 0
        self._next_look: Instant = 0

    def due(self, waiting: int, now: Instant) -> LoadMoved | None:
        """What has changed; None: nothing, or too soon. waiting: messages in the inbox now."""
        self._peak = max(self._peak, waiting)
        if now < self._next_look <= now + LOOK:  # further off: the clock was set back
            return None
        self._next_look = now + LOOK
        peak, self._peak = self._peak, 0
        register = self._state.register
        if register.desk is None or not register.rates:
            return None
        terms = register.desk.load
        factor = Decimal(int(self._state.word(LOAD, "factor", FULL))) / FULL
        if terms.mark and peak > terms.mark:
            after = max(terms.floor, factor / 2)
        else:
            after = min(Decimal(1), factor + terms.step)
        if after == factor:
            return None
        return LoadMoved(after.quantize(Decimal("0.001")), f"{peak} messages waited")
