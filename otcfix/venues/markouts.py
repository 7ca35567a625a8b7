"""How right each client is: where the market stands some time after he dealt. Floats, outside."""

from collections import deque
from dataclasses import dataclass, field

from otcfix.model.messages import Side
from otcfix.model.time import MS, SECOND, Instant
from otcfix.model.trade import Trade

HORIZONS: tuple[Instant, ...] = (100 * MS, SECOND, 5 * SECOND, 30 * SECOND, 60 * SECOND)
"""When the market is looked at, after the deal."""

MEMORY = 100.0
"""The mean forgets: a new deal weighs at least one in so many."""

WAITING_MAX = 10_000
"""Deals that wait for one horizon; of more, the oldest are passed over."""

LATE_MAX = 2 * SECOND
"""A mid that comes so long after its time is another question's answer."""

PER_BP = 10_000.0


@dataclass(slots=True)
class _Client:
    """Per horizon: how many deals were seen, and their mean markout in bps."""

    counts: list[float] = field(default_factory=lambda: [0.0] * len(HORIZONS))
    means: list[float] = field(default_factory=lambda: [0.0] * len(HORIZONS))
    shrinkage: float = 0.0


class Markouts:
    """Adverse markouts per client: side x (mid(t + horizon) - price) / price, in bps.

    Positive when the client was right: what the desk would have lost had it not covered. The
    desk's own spread is in the price, so a client who knows nothing comes out negative.
    """

    def __init__(self) -> None:
        self._waiting: tuple[deque[tuple[Instant, str, str, float, float]], ...] = tuple(
            deque(maxlen=WAITING_MAX) for _ in HORIZONS
        )
        self._clients: dict[str, _Client] = {}
        self.moved: set[str] = set()

    def seed(self, client_id: str, bps: float, shrinkage: float) -> None:
        """Begin with what was known of a client, as that of *shrinkage* deals (at least one)."""
        count = max(shrinkage, 1.0)
        known = self._clients[client_id] = _Client(shrinkage=shrinkage)
        known.counts = [count] * len(HORIZONS)
        known.means = [bps * (count + shrinkage) / count] * len(HORIZONS)

    def on_trade(self, trade: Trade, shrinkage: float) -> None:
        """Remember *trade* until its horizons; *shrinkage* is in deals."""
        sign = 1.0 if trade.side is Side.BUY else -1.0
        known = self._clients.setdefault(trade.client_id, _Client())
        known.shrinkage = shrinkage
        for horizon, waiting in zip(HORIZONS, self._waiting, strict=True):
            due = trade.at + horizon
            waiting.append((due, trade.client_id, trade.symbol, sign, float(trade.price)))

    def look(self, now: Instant, mids: dict[str, float]) -> None:
        """Judge every deal whose horizon is over by *mids*, the present mid of each symbol.

        A symbol without a mid is asked again at the next look, for LATE_MAX at most.
        """
        for n, waiting in enumerate(self._waiting):
            again: list[tuple[Instant, str, str, float, float]] = []
            while waiting and waiting[0][0] <= now:
                entry = waiting.popleft()
                due, client_id, symbol, sign, px = entry
                mid = mids.get(symbol)
                if now - due > LATE_MAX:
                    continue
                if mid is None:
                    again.append(entry)
                else:
                    self._take(client_id, n, sign * (mid - px) / px * PER_BP)
            waiting.extendleft(reversed(again))

    def bps(self, client_id: str) -> float:
        """Return the client's markout: per horizon shrunk to zero by shrinkage / (n + shrinkage),
        then the mean over the horizons. 0 for an unknown client."""
        known = self._clients.get(client_id)
        if known is None:
            return 0.0
        shrunk = [
            mean * count / (count + known.shrinkage) if count else 0.0
            for count, mean in zip(known.counts, known.means, strict=True)
        ]
        return sum(shrunk) / len(shrunk)

    def _take(self, client_id: str, n: int, bps: float) -> None:
        known = self._clients[client_id]
        known.counts[n] += 1.0
        known.means[n] += (bps - known.means[n]) / min(known.counts[n], MEMORY)
        self.moved.add(client_id)
