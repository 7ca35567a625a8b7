"""Values of a rule that pricing cannot work with are named; the others price without a fault."""

from typing import Any

import pytest
from msgspec import structs

from otcfix.model.pricing import (
    Guard,
    HedgeFloor,
    Life,
    Rule,
    Skew,
    Sources,
    Spread,
    Strategy,
    Toxicity,
)
from otcfix.pricing.sound import faults
from tests.pricing.support import d
from tests.pricing.test_client_price import MODEL_RULES

STOIKOV, GLFT_RULE, DEALER = MODEL_RULES


def changed(model: Strategy, **values: Any) -> Strategy:
    return structs.replace(model, **values)


@pytest.mark.parametrize(
    ("slots", "slot", "why"),
    [
        ({"spread": Spread(d("1"), reference_bps_day=d("0"))}, "spread", "reference_bps_day"),
        (
            {"spread": Spread(d("1"), half_spread_min_bps=d("2"), half_spread_max_bps=d("1"))},
            "spread",
            "half_spread_max_bps",
        ),
        ({"session_factor": d("-1")}, "session_factor", "session_factor"),
        ({"ladder": ()}, "ladder", "at least one"),
        ({"ladder": ((d("1"), d("0")), (d("1"), d("1")))}, "ladder", "sizes grow"),
        ({"ladder": ((d("1"), d("1")), (d("2"), d("0")))}, "ladder", "does not add less"),
        ({"strategy": Strategy("magic")}, "strategy", "kind"),
        ({"strategy": Strategy("fixed", unit=d("0"))}, "strategy", "unit"),
        ({"strategy": changed(STOIKOV, gamma=d("-1"))}, "strategy", "gamma"),
        ({"strategy": changed(STOIKOV, k=d("0"))}, "strategy", "k is"),
        ({"strategy": changed(STOIKOV, horizon_days=d("-1"))}, "strategy", "horizon_days"),
        ({"strategy": changed(STOIKOV, volatility_bps_day=d("-1"))}, "strategy", "volatility"),
        ({"strategy": changed(GLFT_RULE, arrivals_per_day=d("0"))}, "strategy", "arrivals"),
        ({"strategy": changed(DEALER, tiers=())}, "strategy", "tier is"),
        ({"strategy": changed(DEALER, tier=1)}, "strategy", "tier is"),
        ({"strategy": changed(DEALER, tiers=((d("0"), d("0")),))}, "strategy", "beta_per_bps"),
        (
            {"strategy": changed(DEALER, requests_per_day=((d("0"), d("1")),))},
            "strategy",
            "a size",
        ),
        (
            {"strategy": changed(DEALER, requests_per_day=((d("1"), d("-1")),))},
            "strategy",
            "requests_per_day",
        ),
        ({"skew": Skew(d("1"), d("0"))}, "skew", "full"),
        ({"skew": Skew(d("-1"), d("1"))}, "skew", "max_bps"),
        ({"toxicity": Toxicity(d("-1"), d("1"))}, "toxicity", "factor"),
        ({"toxicity": Toxicity(d("1"), d("-1"))}, "toxicity", "max_bps"),
        ({"guard": Guard(fast="run")}, "guard", "fast is"),
        ({"guard": Guard(fast_factor=d("0.9"))}, "guard", "fast_factor"),
        ({"sources": Sources(age_max_ms=-1)}, "sources", "age_max_ms"),
        ({"sources": Sources(mad_max=d("0"))}, "sources", "mad_max"),
        ({"sources": Sources(mad_floor_bps=d("-1"))}, "sources", "mad_floor_bps"),
        ({"sources": Sources(wide_max=d("0"))}, "sources", "wide_max"),
        ({"sources": Sources(fresh_min=0)}, "sources", "fresh_min"),
        ({"life": Life(last_look="always")}, "life", "last_look"),
        ({"life": Life(tolerance_bps=d("-1"))}, "life", "tolerance_bps"),
    ],
)
def test_a_fault_is_named_with_its_slot(slots: dict[str, Any], slot: str, why: str) -> None:
    """One fault each, and nothing else."""
    found = faults(Rule("r", **slots))
    assert [name for name, _ in found] == [slot]
    assert why in found[0][1]


@pytest.mark.parametrize("strategy", MODEL_RULES, ids=lambda model: model.kind)
def test_a_sound_rule_has_no_faults(strategy: Strategy) -> None:
    """Every slot filled with what the other tests price by."""
    assert not faults(
        Rule(
            "r",
            spread=Spread(d("1"), scaled=True),
            session_factor=d("0.5"),
            ladder=((d("1"), d("0")), (d("5"), d("0")), (d("9"), d("2"))),
            strategy=strategy,
            skew=Skew(d("2"), d("10")),
            toxicity=Toxicity(d("1"), d("3")),
            hedge_floor=HedgeFloor(),
            guard=Guard(),
            sources=Sources(),
            life=Life(),
        )
    )
    assert not faults(Rule("empty"))
