"""What is added to the sweep: spread, session, ladder, strategy, skew, toxicity, in bps of the mid.

Every part is against the client: positive makes his price worse.
"""

from decimal import Decimal

from otcfix.model.messages import Side
from otcfix.model.party import Tier
from otcfix.model.pricing import (
    FX_DEALER,
    VOL_SCALED,
    Parameters,
    Skew,
    Spread,
    Strategy,
    Toxicity,
)
from otcfix.model.time import Instant
from otcfix.pricing.rules import Settings
from otcfix.pricing.strategies import (
    MODELS,
    half_and_skew,
    known_volatility,
    scaled_half_spread,
    volatility_of,
)

ZERO = Decimal(0)
ONE = Decimal(1)

MOST_BPS = Decimal(100_000)
"""No half-spread and no skew is more, ten times the price, whatever a rule's numbers come to: what
lies beyond deals nothing, and would not fit the digits of an explanation."""

Part = tuple[str, str, Decimal]
"""Name, the rule that it comes from, and how much."""


def markup(
    settings: Settings,
    tier: Tier,
    parameters: Parameters,
    side: Side,
    base: Decimal,
    at: Instant,
    inventory: Decimal,
    toxicity_bps: Decimal,
) -> tuple[list[Part], Decimal]:
    """The parts in their order, in bps against the client, and the half-spread in them.

    base: the size; inventory: the desk's as far as this client may feel it.
    """
    parts: list[Part] = []
    strategy = settings.slot("strategy", side, base, at)
    model: Strategy | None = strategy[1] if strategy and strategy[1].kind in MODELS else None
    skew = ZERO
    skew_rule = ""
    half = ZERO
    if model is None:
        scaled = strategy is not None and strategy[1].kind == VOL_SCALED
        rule, half = _spread(settings, tier, parameters, side, base, at, scaled)
        half = min(half, MOST_BPS)
        parts.append(("spread", rule, half))
        if inventory and (found := settings.slot("skew", side, base, at)) is not None:
            skew_rule, skew = found[0], _linear(found[1], side, inventory)
    elif strategy is not None:
        skew_rule = strategy[0]
        half, skew = half_and_skew(model, volatility_of(model, parameters), side, inventory, base)
        half, skew = min(half, MOST_BPS), min(max(skew, -MOST_BPS), MOST_BPS)
    session = settings.slot("session_factor", side, base, at)
    widened = half * (session[1] - ONE) if session is not None else ZERO
    if session is not None and model is None:
        parts.append(("session", session[0], widened))
    # fx_dealer's own prices already grow with the size.
    rung = None if model and model.kind == FX_DEALER else settings.slot("ladder", side, base, at)
    more = _rung(rung[1], base) if rung is not None else ZERO
    if rung is not None:
        parts.append(("ladder", rung[0], more))
    if model is not None:
        parts.append(("strategy", skew_rule, half))
        if session is not None:
            parts.append(("session", session[0], widened))
    if skew:
        parts.append(("skew", skew_rule, skew))
    if toxicity_bps > 0 and (toxic := settings.slot("toxicity", side, base, at)) is not None:
        terms: Toxicity = toxic[1]
        parts.append(("toxicity", toxic[0], min(terms.factor * toxicity_bps, terms.max_bps)))
    return parts, half + widened + more


def _spread(
    settings: Settings,
    tier: Tier,
    parameters: Parameters,
    side: Side,
    base: Decimal,
    at: Instant,
    scaled: bool,
) -> tuple[str, Decimal]:
    """The base half-spread and its rule; the tier's where no rule names one."""
    found = settings.slot("spread", side, base, at)
    if found is None:
        if not scaled:
            return f"tier:{tier.name}", tier.half_spread_bps
        spread = Spread(tier.half_spread_bps)
        rule = f"tier:{tier.name}"
    else:
        rule, spread = found
    if scaled or spread.scaled:
        return rule, scaled_half_spread(spread, known_volatility(parameters))
    return rule, spread.half_spread_bps


def _rung(steps: tuple[tuple[Decimal, Decimal], ...], base: Decimal) -> Decimal:
    """What the ladder adds for a size: the first step that reaches it, else the last one."""
    for up_to, add in steps:
        if base <= up_to:
            return add
    return steps[-1][1] if steps else ZERO


def _linear(skew: Skew, side: Side, inventory: Decimal) -> Decimal:
    """Against the client: a long desk lowers both prices, so it pays sellers less."""
    bps = min(max(skew.max_bps * inventory / skew.full, -skew.max_bps), skew.max_bps)
    return -bps if side is Side.BUY else bps
