"""Rules that cannot be priced by: what pricing itself asks of the values of a rule."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from otcfix.model.pricing import (
    AVELLANEDA_STOIKOV,
    FX_DEALER,
    GLFT,
    LAST_LOOKS,
    STRATEGIES,
    Life,
    Rule,
    Sources,
    Spread,
    Strategy,
)

FAST = ("widen", "pause")


def faults(rule: Rule) -> list[tuple[str, str]]:
    """(slot, why) for every value of *rule* that pricing cannot work with; empty when it is sound.

    With sound rules no price divides by zero, and a ladder never makes a larger size better.
    """
    found: list[tuple[str, str]] = []
    for slot, reasons in (
        ("spread", _spread(rule.spread)),
        ("session_factor", _factor(rule.session_factor)),
        ("ladder", _ladder(rule.ladder)),
        ("strategy", _strategy(rule.strategy)),
        ("sources", _sources(rule.sources)),
        ("life", _life(rule.life)),
    ):
        found += [(slot, why) for why in reasons]
    if rule.skew is not None:
        found += [("skew", why) for why in _positive("full", rule.skew.full)]
        found += [("skew", why) for why in _not_negative("max_bps", rule.skew.max_bps)]
    if rule.toxicity is not None:
        found += [("toxicity", why) for why in _not_negative("factor", rule.toxicity.factor)]
        found += [("toxicity", why) for why in _not_negative("max_bps", rule.toxicity.max_bps)]
    if rule.guard is not None:
        if rule.guard.fast not in FAST:
            found.append(("guard", f"fast is one of {', '.join(FAST)}"))
        if rule.guard.fast_factor < 1:
            found.append(("guard", "fast_factor is at least 1"))
    return found


def _positive(name: str, value: Decimal) -> Iterator[str]:
    if value <= 0:
        yield f"{name} is above zero"


def _not_negative(name: str, value: Decimal | int) -> Iterator[str]:
    if value < 0:
        yield f"{name} is not negative"


def _spread(spread: Spread | None) -> Iterator[str]:
    if spread is None:
        return
    yield from _positive("reference_bps_day", spread.reference_bps_day)
    most = spread.half_spread_max_bps
    if most is not None and most < spread.half_spread_min_bps:
        yield "half_spread_max_bps is not below half_spread_min_bps"


def _factor(factor: Decimal | None) -> Iterator[str]:
    if factor is not None:
        yield from _not_negative("session_factor", factor)


def _ladder(steps: tuple[tuple[Decimal, Decimal], ...] | None) -> Iterator[str]:
    if steps is None:
        return
    if not steps:
        yield "a ladder has at least one step"
    for (size, add), (larger, more) in pairwise(steps):
        if larger <= size:
            yield "sizes grow from step to step"
        if more < add:
            yield "a larger size does not add less"


def _strategy(strategy: Strategy | None) -> Iterator[str]:
    if strategy is None:
        return
    if strategy.kind not in STRATEGIES:
        yield f"kind is one of {', '.join(STRATEGIES)}"
    yield from _positive("unit", strategy.unit)
    yield from _not_negative("gamma", strategy.gamma)
    if strategy.volatility_bps_day is not None:
        yield from _not_negative("volatility_bps_day", strategy.volatility_bps_day)
    if strategy.kind in (AVELLANEDA_STOIKOV, GLFT):
        yield from _positive("k", strategy.k)
    if strategy.kind == AVELLANEDA_STOIKOV:
        yield from _not_negative("horizon_days", strategy.horizon_days)
    if strategy.kind == GLFT:
        yield from _positive("arrivals_per_day", strategy.arrivals_per_day)
    if strategy.kind == FX_DEALER:
        if not 0 <= strategy.tier < len(strategy.tiers):
            yield "tier is the number of one of tiers, from 0"
        for _, beta in strategy.tiers:
            yield from _positive("beta_per_bps", beta)
        for size, rate in strategy.requests_per_day:
            yield from _positive("a size", size)
            yield from _not_negative("requests_per_day", rate)


def _sources(sources: Sources | None) -> Iterator[str]:
    if sources is None:
        return
    if sources.age_max_ms is not None:
        yield from _not_negative("age_max_ms", sources.age_max_ms)
    yield from _positive("mad_max", sources.mad_max)
    yield from _not_negative("mad_floor_bps", sources.mad_floor_bps)
    yield from _positive("wide_max", sources.wide_max)
    if sources.fresh_min < 1:
        yield "fresh_min is at least 1"


def _life(life: Life | None) -> Iterator[str]:
    if life is None:
        return
    if life.last_look not in LAST_LOOKS:
        yield f"last_look is one of {', '.join(LAST_LOOKS)}"
    yield from _not_negative("tolerance_bps", life.tolerance_bps)
