"""The basis: the moving difference between spot and a perpetual, in floats, outside the core."""

from decimal import Decimal

from otcfix.model.time import SECOND, Instant


class Basis:
    """An exponentially weighted mean of (spot mid - perpetual mid), in terms per base (R11).

    A sample's weight halves every half_life_s, however irregularly samples come. After a break of
    warm_up_s without a sample it knows nothing any more and warms up anew.
    """

    def __init__(self, half_life_s: int, warm_up_s: int) -> None:
        self._half_life = half_life_s * SECOND
        self._warm_up = warm_up_s * SECOND
        self._began: Instant | None = None
        self._last: Instant = 0
        self._value = 0.0

    @property
    def warm(self) -> bool:
        """Whether samples reach back far enough."""
        return self._began is not None and self._last - self._began >= self._warm_up

    def sample(self, at: Instant, difference: float) -> None:
        """Take one sample."""
        if self._began is None or at - self._last > self._warm_up:
            self._began = self._last = at
            self._value = difference
            return
        elapsed = max(at - self._last, 0)
        self._value += (difference - self._value) * (1.0 - 0.5 ** (elapsed / self._half_life))
        self._last = max(at, self._last)

    def shift(self, digits: int) -> Decimal:
        """Return the mean with *digits* decimals (nearest): what may be stamped on an event."""
        return Decimal(f"{self._value:.{digits}f}")
