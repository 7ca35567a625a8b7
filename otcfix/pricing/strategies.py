"""Models that set a half-spread and a skew from the inventory. Everything is in bps of the mid.

Avellaneda and Stoikov (2008), Quantitative Finance 8(3); Gueant, Lehalle and Fernandez-Tapia
(arXiv 1105.3115); Barzykin, Bergault and Gueant (arXiv 2112.02269). Decimal in one fixed context,
and only its exp, ln and sqrt (R12). What depends on neither inventory nor size is kept per
(parameters, volatility).
"""

from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from otcfix.model.messages import Side
from otcfix.model.pricing import AVELLANEDA_STOIKOV, FX_DEALER, GLFT, Parameters, Spread, Strategy
from otcfix.pricing.lambert import CONTEXT, ONE, w_of_exp

ZERO = Decimal(0)
MODELS = (AVELLANEDA_STOIKOV, GLFT, FX_DEALER)
VOLATILITY_UNKNOWN_BPS_DAY = Decimal(100)
"""What a model takes before there is any history: a price is needed from the first minute."""

Sizes = tuple[tuple[Decimal, Decimal], ...]


class Linear(Struct, frozen=True, gc=False):
    """A model whose two distances from the mid are half -+ inventory x shift.

    half_bps: on either side when flat. shift_bps: by which a unit of inventory moves both prices
    down.
    """

    half_bps: Decimal
    shift_bps: Decimal


@lru_cache(maxsize=1024)
def avellaneda_stoikov(gamma: Decimal, k: Decimal, volatility: Decimal, horizon: Decimal) -> Linear:
    """Half-spread gamma s^2 T / 2 + ln(1 + gamma/k) / gamma; reservation shift gamma s^2 T.

    volatility s per root of the unit of time in which *horizon* T counts. gamma 0: 1/k, no shift.
    """
    risk = gamma * volatility * volatility * horizon
    return Linear(risk / 2 + _take(gamma, k), risk)


@lru_cache(maxsize=1024)
def glft(gamma: Decimal, k: Decimal, arrivals: Decimal, volatility: Decimal) -> Linear:
    """The asymptotic closed form: distances c1 + (1 -+ 2q)/2 c2 (ask, bid), at inventory q.

    arrivals A and volatility count the same unit of time. gamma 0: 1/k, no shift.
    """
    c1 = _take(gamma, k)
    if not gamma:
        return Linear(c1, ZERO)
    power = ((ONE + k / gamma) * (ONE + gamma / k).ln(CONTEXT)).exp(CONTEXT)
    c2 = (volatility * volatility * gamma / (2 * k * arrivals) * power).sqrt(CONTEXT)
    return Linear(c1 + c2 / 2, c2)


def _take(gamma: Decimal, k: Decimal) -> Decimal:
    """ln(1 + gamma/k) / gamma, whose limit for gamma to 0 is 1/k."""
    if gamma <= k * Decimal("1E-12"):
        return ONE / k  # the logarithm would have lost its digits
    return (ONE + gamma / k).ln(CONTEXT) / gamma


@lru_cache(maxsize=1024)
def fx_dealer_slope(
    gamma: Decimal, volatility: Decimal, tiers: Sizes, requests_per_day: Sizes
) -> Decimal:
    """a of the stationary quadratic solution, in bps per unit: the shadow price is 2 a y.

    a = sqrt(gamma s^2 / (8 sum z lambda(z) H''(0))), H''(0) = beta W / (1 + W)^3 with
    W = W0(e^-(1 + alpha)), summed over the tiers, each with all of the requests.
    """
    curvature = ZERO
    for alpha, beta in tiers:
        w = w_of_exp(-(ONE + alpha))
        curvature += beta * w / (ONE + w) ** 3
    flow = sum((size * rate for size, rate in requests_per_day), ZERO)
    if not flow or not curvature:
        return ZERO  # nobody asks: there is nothing to skew for
    return (gamma * volatility * volatility / (8 * flow * curvature)).sqrt(CONTEXT)


@lru_cache(maxsize=4096)
def fx_dealer_distance(shadow: Decimal, alpha: Decimal, beta: Decimal) -> Decimal:
    """The best distance at the shadow price p: p + (1 + W(e^-(1 + alpha + beta p))) / beta, bps.

    It maximises f(d)(d - p) for the hit ratio f(d) = 1 / (1 + e^(alpha + beta d)).
    """
    return shadow + (ONE + w_of_exp(-(ONE + alpha + beta * shadow))) / beta


def internalisation_band(slope: Decimal, half_cost: Decimal) -> Decimal | None:
    """The inventory (units) up to which covering costs more than holding: half_cost / 2a.

    half_cost: bps that covering pays. None when holding costs nothing, so that nothing is covered.
    """
    return half_cost / (2 * slope) if slope else None


def volatility_of(strategy: Strategy, parameters: Parameters) -> Decimal:
    """The volatility that *strategy* takes: its own, else the measured one, else a set floor."""
    if strategy.volatility_bps_day is not None:
        return strategy.volatility_bps_day
    return known_volatility(parameters) or VOLATILITY_UNKNOWN_BPS_DAY


def known_volatility(parameters: Parameters) -> Decimal | None:
    """The measured volatility; None before there is a positive, finite one."""
    found = parameters.volatility_bps_day
    return found if found is not None and found.is_finite() and found > 0 else None


def half_and_skew(
    strategy: Strategy, volatility: Decimal, side: Side, inventory: Decimal, quantity: Decimal
) -> tuple[Decimal, Decimal]:
    """(half-spread when flat, skew) in bps, both against a client on *side*: he pays their sum.

    inventory is the desk's and quantity the client's, both in base. Errors: ValueError for a kind
    that is no model.
    """
    held = inventory / strategy.unit
    if side is Side.BUY:
        held = -held  # symmetry: an ask with y is a bid with -y
    if strategy.kind == FX_DEALER:
        slope = fx_dealer_slope(
            strategy.gamma, volatility, strategy.tiers, strategy.requests_per_day
        )
        alpha, beta = strategy.tiers[strategy.tier]
        size = slope * quantity / strategy.unit
        half = fx_dealer_distance(size, alpha, beta)
        if not held:
            return half, ZERO
        return half, fx_dealer_distance(2 * slope * held + size, alpha, beta) - half
    if strategy.kind == AVELLANEDA_STOIKOV:
        model = avellaneda_stoikov(strategy.gamma, strategy.k, volatility, strategy.horizon_days)
    elif strategy.kind == GLFT:
        model = glft(strategy.gamma, strategy.k, strategy.arrivals_per_day, volatility)
    else:
        raise ValueError(f"{strategy.kind} is no model")
    return model.half_bps, model.shift_bps * held


@lru_cache(maxsize=1024)
def scaled_half_spread(spread: Spread, volatility: Decimal | None) -> Decimal:
    """half_spread_bps x (volatility / reference)^exponent, within the spread's bounds.

    volatility None (no history yet) counts as the reference.
    """
    half = spread.half_spread_bps
    if volatility is not None:
        ratio = volatility / spread.reference_bps_day
        half *= ratio if spread.exponent == 1 else _power(ratio, spread.exponent)
    half = max(half, spread.half_spread_min_bps)
    most = spread.half_spread_max_bps
    return half if most is None else min(half, most)


def _power(ratio: Decimal, exponent: Decimal) -> Decimal:
    """ratio^exponent by exp and ln (R12)."""
    return (exponent * ratio.ln(CONTEXT)).exp(CONTEXT)
