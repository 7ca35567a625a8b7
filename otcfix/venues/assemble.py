"""From the configuration to a rate book and the threads that feed it."""

import math
from pathlib import Path

import structlog

from otcfix.config import Config, SourceConfig
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
    feeds: list[Feed] = []
    for source, spec in zip(config.venues.source, specs, strict=True):
        if source.simulated is not None:
            sim = source.simulated
            walk = Walk(
                sim.mid,
                sim.tick,
                sim.lot,
                sim.sigma_bps,
                sim.half_spread_bps,
                sim.levels,
                sim.level_notional,
            )
            feeds.append(
                SimulatedVenue(
                    spec,
                    book,
                    on_error,
                    walk=walk,
                    seed=sim.seed,
                    interval_ms=sim.interval_ms,
                    frozen=sim.frozen,
                )
            )
        if source.exchange is not None:
            exchange = ExchangeFeed(
                *(spec, book, on_error),
                exchange_id=source.exchange.id,
                symbol=source.exchange.symbol,
            )
            feeds.append(exchange)
    return book, feeds + _recorded(config, specs, book, on_error)


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
