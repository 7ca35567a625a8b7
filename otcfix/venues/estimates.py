"""Slow knowledge of one market, in floats, outside the core: volatility, usual spread, speed.

Nothing here reads a clock: instants are arguments.
"""

import math
from bisect import insort
from collections import deque

from otcfix.model.time import DAY, SECOND, Instant

PER_BP = 10_000.0

GRID: Instant = SECOND
"""Volatility and usual spreads are sampled so often: finer, and the bounce between bid and offer
would count as volatility."""

BREAK: Instant = 30 * SECOND
"""A return over a longer break says nothing: the market was not seen."""

SAMPLES_MIN = 30
"""So many returns make a first volatility, and so many spreads a first usual one."""

STEP = 0.002
"""How far, in logarithm, a usual spread moves a sample: it takes six minutes to double."""


class Volatility:
    """The square root of an exponentially weighted mean of squared log returns a time.

    A return's weight halves every half_life_s, however irregularly returns come. The mean is
    divided by the sum of its weights, so that a young estimate is not too low.
    """

    def __init__(self, half_life_s: float) -> None:
        self._half_life = half_life_s * SECOND
        self._sum = 0.0  # weighted mean of (return² a microsecond), not yet divided
        self._weight = 0.0
        self._count = 0

    def seed(self, bps_day: float) -> None:
        """Begin with what was known: it fades as a full history would."""
        self._sum = (bps_day / PER_BP) ** 2 / DAY
        self._weight = 1.0
        self._count = SAMPLES_MIN

    def sample(self, log_return: float, elapsed: Instant) -> None:
        """Take one return over *elapsed* microseconds, which must be above zero."""
        keep = 0.5 ** (elapsed / self._half_life)
        self._sum = self._sum * keep + log_return * log_return / elapsed * (1.0 - keep)
        self._weight = self._weight * keep + (1.0 - keep)
        self._count += 1

    def bps_day(self) -> float | None:
        """Return it in bps per square root of a day; None before SAMPLES_MIN returns."""
        if self._count < SAMPLES_MIN:
            return None
        return math.sqrt(self._sum / self._weight * DAY) * PER_BP


class UsualSpread:
    """A running median of one source's spread: half of the time it was wider, half narrower.

    The first value is the median of SAMPLES_MIN samples; after that each sample moves it by STEP
    towards itself, whatever its size: a spread that explodes does not become usual by its size,
    only by lasting.
    """

    def __init__(self) -> None:
        self._first: list[float] = []
        self._log: float | None = None

    def seed(self, bps: float) -> None:
        """Begin with what was known."""
        self._log = math.log(bps)

    def sample(self, bps: float) -> None:
        """Take one spread, above zero."""
        value = math.log(bps)
        if self._log is None:
            insort(self._first, value)
            if len(self._first) >= SAMPLES_MIN:
                self._log = self._first[len(self._first) // 2]
                self._first.clear()
        else:
            self._log += max(-STEP, min(STEP, value - self._log))

    def bps(self) -> float | None:
        """Return it in bps of the mid; None before SAMPLES_MIN samples."""
        return None if self._log is None else math.exp(self._log)


class FastMarket:
    """Whether a path moved by more than move_bps within window_ms, and has not been calm since."""

    def __init__(self) -> None:
        self._path: deque[tuple[Instant, float]] = deque()
        self._until: Instant | None = 0
        self.fast = False

    def seed(self) -> None:
        """Begin fast: calm is counted from the first look."""
        self.fast, self._until = True, None

    def look(
        self, now: Instant, log_px: float, move_bps: float, window: Instant, calm: Instant
    ) -> bool:
        """Take the path's place at *now*; return whether the market is fast."""
        path = self._path
        if path and now < path[-1][0]:
            path.clear()  # the clock was set back: calm is counted from here
            if self.fast:
                self._until = None
        path.append((now, log_px))
        oldest = now - window
        while path[0][0] < oldest:
            path.popleft()
        values = [value for _, value in path]
        moved = (max(values) - min(values)) * PER_BP > move_bps
        if moved or self._until is None:
            self.fast, self._until = moved or self.fast, now + calm
        elif now >= self._until:
            self.fast = False
        return self.fast
