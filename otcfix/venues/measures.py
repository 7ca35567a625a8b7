"""Measures: what is slowly known of markets and clients, told as ParametersMoved (R12).

It looks at the composites by itself, at most every LOOK, when it is asked what is due: a book
change costs it nothing. Floats live here; what leaves are Decimals of few digits.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Protocol

from otcfix.model.event import ParametersMoved
from otcfix.model.instrument import Instrument
from otcfix.model.pricing import Parameters
from otcfix.model.rates import Rates
from otcfix.model.time import MS, SECOND, Instant
from otcfix.model.trade import Trade
from otcfix.venues.book import trimmed
from otcfix.venues.estimates import BREAK, GRID, PER_BP, FastMarket, UsualSpread, Volatility
from otcfix.venues.markouts import Markouts

LOOK: Instant = 100 * MS
"""How often the composites are looked at: as late may a fast market be seen."""

WORD: Instant = SECOND
"""How often something is told, unless a market turns fast or calm: that is told at once."""

VOLATILITY_MATERIAL = 0.01
USUAL_MATERIAL = 0.05
"""Relative changes that are worth an event."""

TOXICITY_MATERIAL = 0.05
"""A change in bps that is worth one; relatively, VOLATILITY_MATERIAL."""

TOXICITY_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class MeasureTerms:
    """How one instrument is measured. _bps_day: bps per square root of a day, of the mid.

    Volatility forgets half in half_life_s and stays between floor and cap. A market is fast when
    it moves by more than fast_move_bps within fast_window_ms, until it was calm for calm_ms.
    markout_shrinkage: with so many deals a client's markout counts half.
    """

    half_life_s: float = 300.0
    floor_bps_day: float = 20.0
    cap_bps_day: float = 3_000.0
    fast_move_bps: float = 15.0
    fast_window_ms: int = 2_000
    calm_ms: int = 5_000
    markout_shrinkage: float = 20.0


class Composites(Protocol):
    """The live rate book, as far as it is looked at."""

    def rates(self, symbol: str, now: Instant) -> Rates:
        """The books that may contribute to *symbol*."""
        ...


class _Market:
    """One instrument: the path of its composite mid, and what is estimated from it.

    The path moves by the median of the returns of the sources that showed a price at both looks:
    a source that comes or goes moves the mid, but not the market.
    """

    def __init__(self, instrument: Instrument, terms: MeasureTerms) -> None:
        self.symbol = instrument.symbol
        self.terms = terms
        self._age_max = instrument.price_age_max_ms * MS
        self.volatility = Volatility(float(terms.half_life_s))
        self.usual: dict[str, UsualSpread] = {}
        self.market = FastMarket()
        self.told: Parameters | None = None
        self.fast = False
        self._path = 0.0
        self._mids: dict[str, float] = {}  # logarithms at the last look that showed any
        self._seen_at: Instant = 0
        self._sampled_at: Instant | None = None
        self._sampled_path = 0.0
        self._spreads_at: Instant = 0

    def seed(self, known: Parameters) -> None:
        """Begin with what was told in the last run."""
        self.told = known
        if known.volatility_bps_day:
            self.volatility.seed(float(known.volatility_bps_day))
        for source, bps in known.usual_bps:
            self.usual.setdefault(source, UsualSpread()).seed(float(bps))
        if known.fast:
            self.market.seed()
        self.fast = known.fast

    def look(self, rates: Rates, now: Instant) -> float | None:
        """Take the present composite; return its mid (the median of the fresh sources'), or None.

        One-sided and old books do not count.
        """
        oldest = now - self._age_max
        mids: dict[str, float] = {}
        levels: list[float] = []
        spread_due = not 0 <= now - self._spreads_at < GRID
        for book in rates.books:
            if not book.bids or not book.offers or book.changed_at < oldest:
                continue
            bid, offer = float(book.bids[0][0]), float(book.offers[0][0])
            mid = (bid + offer) / 2.0
            mids[book.source] = math.log(mid)
            levels.append(mid)
            if spread_due and offer > bid:
                usual = self.usual.setdefault(book.source, UsualSpread())
                usual.sample((offer - bid) / mid * PER_BP)
        if spread_due:
            self._spreads_at = now
        if not mids:
            return None
        self._move(mids, now)
        return median(levels)

    def _move(self, mids: dict[str, float], now: Instant) -> None:
        common = [value - self._mids[name] for name, value in mids.items() if name in self._mids]
        if common and 0 <= now - self._seen_at <= BREAK:
            self._path += median(common)
        else:
            self._sampled_at = None  # the market was not seen: what it did meanwhile is unknown
        self._mids, self._seen_at = mids, now
        terms = self.terms
        self.fast = self.market.look(
            now,
            self._path,
            float(terms.fast_move_bps),
            int(terms.fast_window_ms) * MS,
            int(terms.calm_ms) * MS,
        )
        if self._sampled_at is None or now < self._sampled_at:
            self._sampled_at, self._sampled_path = now, self._path
        elif (elapsed := now - self._sampled_at) >= GRID:
            self.volatility.sample(self._path - self._sampled_path, elapsed)
            self._sampled_at, self._sampled_path = now, self._path

    def word(self) -> Parameters | None:
        """Return what is known if it differs enough from what was told, else None."""
        told = self.told or Parameters(self.symbol)
        volatility = self._volatility()
        usual = {name: bps for name, one in self.usual.items() if (bps := one.bps()) is not None}
        known = {name: float(bps) for name, bps in told.usual_bps}
        before = None if told.volatility_bps_day is None else float(told.volatility_bps_day)
        if (
            self.fast == told.fast
            and not _differs(volatility, before, VOLATILITY_MATERIAL)
            and not any(_differs(usual[n], known.get(n), USUAL_MATERIAL) for n in usual)
        ):
            return None
        self.told = Parameters(
            self.symbol,
            None if volatility is None else _short(volatility),
            tuple((name, _short(usual[name])) for name in sorted(usual)),
            self.fast,
        )
        return self.told

    def _volatility(self) -> float | None:
        bps_day = self.volatility.bps_day()
        if bps_day is None:
            return None
        return min(max(bps_day, float(self.terms.floor_bps_day)), float(self.terms.cap_bps_day))


class Measures:
    """What is measured of every instrument and every client.

    terms: how a symbol is measured. One thread only, the sequencer's: `due` before each batch,
    `on_trade` after each deal.
    """

    def __init__(
        self,
        composites: Composites,
        instruments: Iterable[Instrument],
        terms: Callable[[str], MeasureTerms],
    ) -> None:
        self._composites = composites
        self._markets = {item.symbol: _Market(item, terms(item.symbol)) for item in instruments}
        self._markouts = Markouts()
        self._toxicity: dict[str, Decimal] = {}
        self._next_look: Instant = 0
        self._next_word: Instant = 0

    def seed(self, parameters: Iterable[Parameters], toxicity: Mapping[str, Decimal]) -> None:
        """Go on from what State still holds after a restart; instruments that are gone are not."""
        for known in parameters:
            if (market := self._markets.get(known.symbol)) is not None:
                market.seed(known)
        shrinkage = max((m.terms.markout_shrinkage for m in self._markets.values()), default=0.0)
        for client_id, bps in toxicity.items():
            self._markouts.seed(client_id, float(bps), float(shrinkage))
            self._toxicity[client_id] = bps

    def on_trade(self, trade: Trade) -> None:
        """Remember a deal, to see how right the client was."""
        market = self._markets.get(trade.symbol)
        if market is not None:
            self._markouts.on_trade(trade, float(market.terms.markout_shrinkage))

    def due(self, now: Instant) -> ParametersMoved | None:
        """Look, if it is time, and return what has changed enough to be told; None: nothing.

        A market that turns fast or calm is told at once, all else at most every WORD.
        """
        if 0 < self._next_look - now <= LOOK:
            return None
        self._next_look = now + LOOK
        mids: dict[str, float] = {}
        turned = False
        for symbol, market in self._markets.items():
            mid = market.look(self._composites.rates(symbol, now), now)
            if mid is not None:
                mids[symbol] = mid
            turned = turned or market.fast != (market.told is not None and market.told.fast)
        self._markouts.look(now, mids)
        if not turned and 0 < self._next_word - now <= WORD:
            return None
        words = tuple(word for m in self._markets.values() if (word := m.word()) is not None)
        toxicity = self._new_toxicity()
        if not words and not toxicity:
            return None
        self._next_word = now + WORD
        return ParametersMoved(words, toxicity)

    def _new_toxicity(self) -> tuple[tuple[str, Decimal], ...]:
        found: list[tuple[str, Decimal]] = []
        for client_id in sorted(self._markouts.moved):
            bps = self._markouts.bps(client_id)
            before = float(self._toxicity.get(client_id, 0))
            if abs(bps - before) >= max(TOXICITY_MATERIAL, abs(before) * VOLATILITY_MATERIAL):
                told = trimmed(Decimal(bps).quantize(TOXICITY_STEP))
                self._toxicity[client_id] = told
                found.append((client_id, told))
        self._markouts.moved.clear()
        return tuple(found)


def _differs(now: float | None, before: float | None, material: float) -> bool:
    if now is None or before is None:
        return now is not before
    return abs(now - before) > material * before


def _short(value: float) -> Decimal:
    """Four significant digits, nearest."""
    return trimmed(Decimal(f"{value:.4g}"))
