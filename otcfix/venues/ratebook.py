"""RateBook: what every source shows now, and what that means for a pair or a limit.

Live, thread-safe, outside the decision core. Feeds write, the sequencer reads and stamps. It reads
no clock: `now` is an argument. Whether a book is too old to deal on is decided from its changed_at
on the event; here age only serves R11: which cross is live, and whether a perpetual stands alone.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from threading import Lock

from otcfix.model.errors import ConfigError
from otcfix.model.instrument import Instrument
from otcfix.model.messages import ProviderQuote
from otcfix.model.rates import Conversion, Rates
from otcfix.model.time import MS, Instant
from otcfix.venues.book import trimmed, trimmed_levels
from otcfix.venues.composite import Composite
from otcfix.venues.conversion import RATE, FixedRate, Path, paths
from otcfix.venues.held import (
    FOR_EVER,
    Held,
    Levels,
    SourceStatus,
    provider_fault,
    provider_sides,
)
from otcfix.venues.source import SourceSpec, silence_of

_ONE = Decimal(1)


class RateBook:
    """The live books of all sources, as composites of the desk's pairs.

    instruments: the pairs. specs: the sources, in order of preference. limit_currency: asset code
    of limits. fixed: conversion rates by decree. conversion_age_max_ms: a conversion older than
    this gives way to a younger one by another path (refusing an old one is decided from its
    changed_at).
    on_move: called with a symbol when it moves for the first time since the last `moved()`, by the
    feed's thread and outside the lock; it must be quick and must not raise.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        specs: Sequence[SourceSpec],
        limit_currency: str,
        fixed: Sequence[FixedRate] = (),
        conversion_age_max_ms: int = 5_000,
        on_move: Callable[[str], None] | None = None,
    ) -> None:
        """Errors: ConfigError for specs that do not fit each other or the instruments."""
        _check_specs(instruments, specs)
        _check_fixed(fixed)
        self.on_move = on_move
        self._limit_currency = limit_currency
        self._specs = tuple(specs)
        self._fixed = tuple(fixed)
        self._conversion_age_max = conversion_age_max_ms * MS
        self._lock = Lock()
        self._held = {spec.name: Held(spec) for spec in specs}
        self._composites = {
            item.symbol: Composite(item, self._specs, self._held) for item in instruments
        }
        self._readers: dict[str, tuple[Composite, ...]] = {
            spec.name: tuple(c for c in self._composites.values() if spec.name in c.sources)
            for spec in specs
        }
        self._silences = {
            spec.name: (spec.silence_max_ms * MS, silence_of(spec))
            for spec in specs
            if spec.silence_max_ms
        }
        self._paths: dict[str, tuple[Path, ...]] = {}
        self._conversions: dict[str, Conversion] = {}
        self._moved: set[str] = set()
        self._providers = {
            (key, spec.selector): spec.name for spec in specs for key in (spec.venue, spec.name)
        }

    # -- written by feeds -------------------------------------------------------------------

    def update(
        self,
        source: str,
        bids: Levels,
        offers: Levels,
        changed_at: Instant,
        *,
        trim: bool = True,
    ) -> None:
        """Take *source*'s book: best level first, quote per base, quantities in base.

        changed_at: when the book was so, by our clock (A21). trim=False: the levels have no
        trailing zeros and no exponents, as those of a Book.
        """
        if trim:
            bids, offers = trimmed_levels(bids), trimmed_levels(offers)
        silence = self._silences.get(source)
        if silence is None:
            self._show(source, bids, offers, changed_at, FOR_EVER, "")
        else:
            self._show(source, bids, offers, changed_at, changed_at + silence[0], silence[1])

    def clear(self, source: str, why: str) -> None:
        """Let *source* show nothing until its next update, for the reason *why*."""
        with self._lock:
            held = self._held[source]
            if held.hide(why):
                news = self._mark(source)
            else:
                news = []
                for composite in self._readers[source]:
                    composite.void()  # nothing moved, but another reason is to be told
        self._tell(news)

    def sources_of(self, session: str) -> dict[str, str]:
        """The sources that a provider's session feeds: by symbol, their names."""
        known = self._providers.items()
        return {selector: source for (key, selector), source in known if key == session}

    def on_provider_quote(
        self, quote: ProviderQuote, at: Instant, changed_at: Instant | None = None
    ) -> str:
        """Keep a liquidity provider's quote as the one level of its source, until valid_until.

        The source is the one whose venue (or name) is the provider's session and whose selector
        is the symbol. Returns "" or the reason why the quote was not taken; a refused quote also
        ends the one before it, which the provider meant to replace. changed_at: when it was said,
        by our clock; None: now.
        """
        source = self._providers.get((quote.head.session, quote.symbol))
        if source is None:
            return f"no source for {quote.symbol} of {quote.head.session}"
        until = FOR_EVER if quote.valid_until is None else quote.valid_until
        bids, offers = provider_sides(quote)
        fault = provider_fault(bids, offers)
        if not fault and until < at:
            fault = "ValidUntilTime(62) is over"
        if fault:
            self.clear(source, f"quote {quote.quote_id} refused: {fault}")
            return fault
        bids, offers = trimmed_levels(bids), trimmed_levels(offers)
        since = at if changed_at is None else changed_at
        self._show(source, bids, offers, since, until, "the quote is over")
        return ""

    def _show(
        self,
        source: str,
        bids: Levels,
        offers: Levels,
        changed_at: Instant,
        until: Instant,
        over: str,
    ) -> None:
        with self._lock:
            held = self._held[source]
            held.show(bids, offers, changed_at, until, over)
            news = self._mark(source)
            for composite in self._readers[source]:
                composite.sample(held)
        self._tell(news)

    def _mark(self, source: str) -> list[str]:
        """Void what reads *source*; return the symbols of which nobody was told yet."""
        news = []
        for composite in self._readers[source]:
            composite.void()
            symbol = composite.instrument.symbol
            if symbol not in self._moved:
                self._moved.add(symbol)
                news.append(symbol)
        return news

    def _tell(self, symbols: list[str]) -> None:
        on_move = self.on_move
        if on_move is not None:
            for symbol in symbols:
                on_move(symbol)

    # -- read by the sequencer ---------------------------------------------------------------

    def moved(self) -> set[str]:
        """Return the symbols whose sources changed since the last call, and start anew."""
        with self._lock:
            moved, self._moved = self._moved, set()
        return moved

    def rates(self, symbol: str, now: Instant) -> Rates:
        """Return the books that may contribute to *symbol* (R11); none for an unknown symbol.

        The same object as long as nothing in it changed.
        """
        composite = self._composites.get(symbol)
        if composite is None:
            return Rates(symbol, ())
        rates = composite.current(now)
        if rates is None:
            with self._lock:
                rates = composite.compose(now)
        return rates

    def conversion(self, asset: str, now: Instant) -> Conversion | None:
        """Return the worth of one *asset* in the limit currency (R15); None when unknown.

        Rounds: to 15 significant digits, ROUND_HALF_EVEN. changed_at is the older leg's; that of
        the limit currency itself and of fixed rates is *now*.
        """
        if asset == self._limit_currency:
            return Conversion(asset, _ONE, now)
        with self._lock:
            found = self._best_way(asset, now)
            if found is None:
                return None
            known = self._conversions.get(asset)
            if known is None or (known.rate, known.changed_at) != found:
                known = self._conversions[asset] = Conversion(asset, *found)
            return known

    def statuses(self, now: Instant) -> tuple[SourceStatus, ...]:
        """Return how every source stands at *now*, for people."""
        with self._lock:
            return tuple(held.status(now) for held in self._held.values())

    # -- under the lock ------------------------------------------------------------------------

    def _best_way(self, asset: str, now: Instant) -> tuple[Decimal, Instant] | None:
        """The first path that is fresh, else the youngest: rate and the older leg's instant."""
        ways = self._paths.get(asset)
        if ways is None:
            ways = paths(asset, self._limit_currency, self._specs, self._fixed)
            if ways:  # a client may name anything: what leads nowhere is not kept
                self._paths[asset] = ways
        best: tuple[Decimal, Instant] | None = None
        for way in ways:
            found = self._walk(way, now)
            if found is not None and (best is None or found[1] > best[1]):
                best = found
                if now - found[1] <= self._conversion_age_max:
                    break
        return best

    def _walk(self, way: Path, now: Instant) -> tuple[Decimal, Instant] | None:
        rate, changed_at = _ONE, now
        for step in way:
            factor: Decimal | None = step.rate
            if step.source:
                held = self._held[step.source]
                factor = held.mid() if held.live(now) else None
                changed_at = min(changed_at, held.changed_at)
            if factor is None:
                return None
            rate = RATE.divide(rate, factor) if step.inverse else RATE.multiply(rate, factor)
        return trimmed(rate), changed_at


def _check_specs(instruments: Sequence[Instrument], specs: Sequence[SourceSpec]) -> None:
    """Errors: ConfigError for a name used twice, or a reference_of that does not fit."""
    pairs = {item.symbol: (item.base.code, item.terms.code) for item in instruments}
    seen: set[str] = set()
    for spec in specs:
        if spec.name in seen:
            raise ConfigError(f"source {spec.name!r}: the name is used twice")
        seen.add(spec.name)
        if not spec.reference_of:
            continue
        if spec.reference_of not in pairs:
            raise ConfigError(
                f"source {spec.name!r}: reference_of: no instrument {spec.reference_of!r}"
            )
        if pairs[spec.reference_of] != (spec.base, spec.quote):
            raise ConfigError(
                f"source {spec.name!r}: reference_of: {spec.reference_of} is not in "
                f"{spec.base} and {spec.quote}"
            )


def _check_fixed(fixed: Sequence[FixedRate]) -> None:
    """Errors: ConfigError for a rate that is no rate."""
    for rule in fixed:
        if not rule.rate.is_finite() or rule.rate <= 0 or rule.asset == rule.into:
            raise ConfigError(f"conversion {rule.asset} into {rule.into}: bad rate {rule.rate}")
