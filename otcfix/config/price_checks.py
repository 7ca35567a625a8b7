"""Whether what pricing.toml and hedging.toml name stands in the other files."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.config.checks import Problem

PRICING, HEDGING = "pricing.toml", "hedging.toml"


def check_prices(config: "Config", problem: "Problem") -> None:
    """Tell *problem* every name of the rules, measures and hedges that nothing bears."""
    known = {
        "symbols": {i.symbol for i in config.desk.instrument},
        "asset_classes": {i.asset_class for i in config.desk.instrument} - {""},
        "tiers": {t.name for t in config.desk.tier},
        "clients": {c.id for c in config.clients.client},
    }
    sources = {s.name for s in config.venues.source}
    for rule in config.pricing.rule:
        where = f"rule {rule.id}"
        for key, names in known.items():
            _known(getattr(rule.match, key), names, f"{where}.match.{key}", problem)
        if rule.sources is not None:
            # A book that came through a cross is named for both: eth-btc*btc-usd.
            legs = [leg for name in rule.sources.names for leg in name.split("*")]
            _known(legs, sources, f"{where}.sources.names", problem)
    for number, measure in enumerate(config.pricing.measure):
        for key in ("symbols", "asset_classes"):
            _known(getattr(measure, key), known[key], f"measure[{number}].{key}", problem)
    _known(config.pricing.stream.sizes, known["symbols"], "stream.sizes", problem)
    venues = {p.key for p in config.venues.provider if p.hedge}
    for hedge in config.hedging.hedge:
        where = f"hedge {hedge.symbol}"
        _known([hedge.symbol], known["symbols"], f"{where}.symbol", problem, HEDGING)
        _known(hedge.venues, venues, f"{where}.venues", problem, HEDGING)


def _known(
    names: Iterable[str], known: set[str], key: str, problem: "Problem", file: str = PRICING
) -> None:
    for name in names:
        if name not in known:
            problem(file, key, f"expected one of {sorted(known)}, got {name!r}")
