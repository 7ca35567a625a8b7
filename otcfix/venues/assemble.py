"""From the configuration to a rate book and the threads that feed it."""

import math
from functools import partial
from pathlib import Path

import structlog

from otcfix.config import Config, SourceConfig
from otcfix.config.venue_models import SimulatedConfig
from otcfix.model.errors import ConfigError
from otcfix.venues.conversion import FixedRate
from otcfix.venues.exchange import ExchangeFeed
from otcfix.venues.feed import Feed, OnError
from otcfix.venues.ratebook import RateBook
from otcfix.venues.recorded import RecordedFeed, guess
from otcfix.venues.simulated import SimulatedVenue, Walk
from otcfix.venues.source import SourceSpec

log = structlog.get_logger("otcfix.venues")


def assemble(config: Config, feed: Path | None, speed: float) -> tuple[RateBook, list[Feed]]:
    """The rate book and the threads that feed it; a --feed file replaces every source."""
    desk = config.desk
    fixed = [
        FixedRate(asset, desk.limit_currency, rate)
        for asset, rate in config.venues.fixed_rates.items()
    ]
    specs = [guess(feed).spec()] if feed else [spec_of(s) for s in config.venues.source]
    book = RateBook(
        config.to_desk().instruments, specs, desk.limit_currency, fixed, desk.price_age_max_ms
    )

    def on_error(source: str, error: Exception) -> None:
        log.error("source_failed", source=source, error=str(error))

    if feed:
        pace = math.inf if speed <= 0 else speed
        return book, [RecordedFeed(feed, specs, book, on_error, speed=pace, loop=True)]
    feeds = _simulated(config, specs, book, on_error)
    for source, spec in zip(config.venues.source, specs, strict=True):
        if source.exchange is not None:
            exchange = ExchangeFeed(
                *(spec, book, on_error),
                exchange_id=source.exchange.id,
                symbol=source.exchange.symbol,
            )
            feeds.append(exchange)
    return book, feeds + _recorded(config, specs, book, on_error)


def _simulated(
    config: Config, specs: list[SourceSpec], book: RateBook, on_error: OnError
) -> list[Feed]:
    """The simulated sources in their order; each leader is made before who follows it.

    Errors: ConfigError for a *follows* that leads nowhere or in a circle.
    """
    known = {s.name: s.simulated for s in config.venues.source if s.simulated is not None}
    own = {spec.name: spec for spec in specs}
    made: dict[str, SimulatedVenue] = {}
    while waiting := [name for name in known if name not in made]:
        ready = [name for name in waiting if known[name].follows in ("", *made)]
        if not ready:
            raise ConfigError(f"simulated sources that follow nobody: {', '.join(waiting)}")
        for name in ready:
            leader = made.get(known[name].follows)
            made[name] = _venue(known[name], own[name], book, on_error, leader)
    return [made[name] for name in known]


def _venue(
    sim: SimulatedConfig,
    spec: SourceSpec,
    book: RateBook,
    on_error: OnError,
    leader: SimulatedVenue | None,
) -> SimulatedVenue:
    """One simulated source: on its own, or behind *leader*."""
    follow = None if leader is None else partial(getattr, leader, "mid")
    mid = sim.mid if follow is None else follow()
    if mid is None:
        raise ConfigError(f"source {spec.name}: expected mid or follows")
    walk = Walk(
        *(mid, sim.tick, sim.lot, sim.sigma_bps),
        *(sim.half_spread_bps, sim.levels, sim.level_notional),
    )
    return SimulatedVenue(
        *(spec, book, on_error),
        walk=walk,
        seed=sim.seed,
        interval_ms=sim.interval_ms,
        frozen=sim.frozen,
        follow=follow,
    )


def _recorded(
    config: Config, specs: list[SourceSpec], book: RateBook, on_error: OnError
) -> list[Feed]:
    """One thread a file, whatever number of sources it holds."""
    files: dict[str, list[tuple[SourceConfig, SourceSpec]]] = {}
    for source, spec in zip(config.venues.source, specs, strict=True):
        if source.recorded is not None:
            files.setdefault(source.recorded.file, []).append((source, spec))
    feeds: list[Feed] = []
    for name, group in files.items():
        recorded = group[0][0].recorded
        if recorded is not None:
            feeds.append(
                RecordedFeed(
                    config.folder / Path(name).expanduser(),
                    [spec for _, spec in group],
                    book,
                    on_error,
                    speed=float(recorded.speed),
                    loop=recorded.loop,
                )
            )
    return feeds


def spec_of(source: SourceConfig) -> SourceSpec:
    """A source as configured, in the words of the rate book."""
    return SourceSpec(
        source.name,
        source.session or source.provider or source.venue,
        source.kind,
        source.base,
        source.quote,
        source.selector or source.name,
        source.basis,
        source.half_life_s,
        source.warm_up_s,
        source.depth,
        source.reference_of,
        source.silence_max_ms,
    )
