"""The models against numbers from outside: published tables, exact solutions, limits."""

import random
from decimal import Decimal
from math import exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.messages import Side
from otcfix.model.pricing import (
    AVELLANEDA_STOIKOV,
    FIXED,
    FX_DEALER,
    GLFT,
    Parameters,
    Spread,
    Strategy,
)
from otcfix.pricing.strategies import (
    VOLATILITY_UNKNOWN_BPS_DAY,
    avellaneda_stoikov,
    fx_dealer_distance,
    fx_dealer_slope,
    glft,
    half_and_skew,
    internalisation_band,
    scaled_half_spread,
    volatility_of,
)
from tests.pricing.support import d

# -- Avellaneda and Stoikov, 2008 --------------------------------------------------------------

STEPS = 200
PATHS = 1_500
ARRIVALS, K, SIGMA = 140, 1.5, 2.0


def simulated(gamma: str, inventory_matters: bool) -> tuple[float, float, float]:
    """Mean profit, its deviation, and that of the final inventory, over seeded paths.

    The paper's set-up: s = 100, T = 1, dt = 0.005; the distances are the desk's own.
    """
    chance = random.Random(20081)
    dt = 1 / STEPS
    table = []
    for step in range(STEPS):
        horizon = Decimal(STEPS - step) / STEPS
        model = avellaneda_stoikov(d(gamma), d("1.5"), d("2"), horizon)
        table.append((float(model.half_bps), float(model.shift_bps)))
    jump = SIGMA * sqrt(dt)
    profits, held = [], []
    for _ in range(PATHS):
        price, cash, q = 100.0, 0.0, 0
        for half, shift in table:
            moved = shift * q if inventory_matters else 0.0
            bid, ask = half + moved, half - moved
            bought = chance.random() < ARRIVALS * exp(-K * bid) * dt
            sold = chance.random() < ARRIVALS * exp(-K * ask) * dt
            if bought:
                q, cash = q + 1, cash - price + bid
            if sold:
                q, cash = q - 1, cash + price + ask
            price += jump if chance.random() < 0.5 else -jump
        profits.append(cash + q * price)
        held.append(q)
    return mean(profits), deviation(profits), deviation(held)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def deviation(values: list[float]) -> float:
    middle = mean(values)
    return sqrt(sum((value - middle) ** 2 for value in values) / len(values))


@pytest.mark.parametrize(
    ("gamma", "profit", "spread_of_profit", "spread_of_inventory"),
    [("0.1", 65.0, 6.6, 2.9), ("0.01", 68.6, 8.7, 5.1), ("1", 31.4, 5.0, 1.7)],
)
def test_the_inventory_rows_of_the_published_table(
    gamma: str, profit: float, spread_of_profit: float, spread_of_inventory: float
) -> None:
    """Journal version, tables 1 to 3: profit +-1.0, its deviation +-0.5, of the inventory +-0.4."""
    found = simulated(gamma, inventory_matters=True)
    assert abs(found[0] - profit) < 1.0
    assert abs(found[1] - spread_of_profit) < 0.5
    assert abs(found[2] - spread_of_inventory) < 0.4


@pytest.mark.parametrize(("gamma", "profit"), [("0.1", 68.4), ("0.01", 68.8), ("1", 44.0)])
def test_the_symmetric_rows_of_the_published_table(gamma: str, profit: float) -> None:
    """Their mean profit alone: the printed deviations are not reproduced by anybody."""
    assert abs(simulated(gamma, inventory_matters=False)[0] - profit) < 1.0


@pytest.mark.parametrize(
    ("gamma", "exact", "printed"),
    [("0.1", "1.4908", "1.49"), ("0.01", "1.3489", "1.35"), ("1", "3.0217", "3.02")],
)
def test_the_average_spread_in_closed_form(gamma: str, exact: str, printed: str) -> None:
    """Over the day the horizon is a half on average: g s^2 / 2 + (2/g) ln(1 + g/k)."""
    spread = 2 * avellaneda_stoikov(d(gamma), d("1.5"), d("2"), d("0.5")).half_bps
    assert round(spread, 4) == d(exact)
    assert round(spread, 2) == d(printed)


@pytest.mark.parametrize("gamma", ["0", "1E-9", "1E-15", "1E-25"])
def test_without_risk_aversion_the_spread_is_two_over_k(gamma: str) -> None:
    """The limit, without the logarithm losing its digits on the way there."""
    for model in (
        avellaneda_stoikov(d(gamma), d("1.5"), d("2"), d("1")),
        glft(d(gamma), d("1.5"), d("140"), d("2")),
    ):
        assert abs(2 * model.half_bps - 2 / d("1.5")) < d("1E-3")
        assert abs(model.shift_bps) < d("1E-3")


# -- Gueant, Lehalle and Fernandez-Tapia -------------------------------------------------------


def exact_distances(most: int = 30) -> dict[int, tuple[float, float]]:
    """(bid, ask) by inventory from the linear equation v' = Mv, integrated over T = 600 s."""
    sigma, arrivals, k, gamma = 0.3, 0.9, 0.3, 0.01
    alpha = k * gamma * sigma**2 / 2
    eta = arrivals * (1 + gamma / k) ** -(1 + k / gamma)
    inventories = range(-most, most + 1)
    decay = [alpha * q * q for q in inventories]

    def slope(v: list[float]) -> list[float]:
        left, right = [0.0, *v[:-1]], [*v[1:], 0.0]
        return [eta * (a + b) - c * x for a, b, c, x in zip(left, right, decay, v, strict=True)]

    def ahead(v: list[float], by: list[float], h: float) -> list[float]:
        return [x + h * y for x, y in zip(v, by, strict=True)]

    v, h = [1.0] * len(decay), 0.5
    for _ in range(1_200):
        k1 = slope(v)
        k2 = slope(ahead(v, k1, h / 2))
        k3 = slope(ahead(v, k2, h / 2))
        k4 = slope(ahead(v, k3, h))
        v = [
            x + h / 6 * (a + 2 * b + 2 * c + e)
            for x, a, b, c, e in zip(v, k1, k2, k3, k4, strict=True)
        ]
    take = log(1 + gamma / k) / gamma
    return {
        q: (
            log(v[q + most] / v[q + most + 1]) / k + take,
            log(v[q + most] / v[q + most - 1]) / k + take,
        )
        for q in range(-10, 11)
    }


def test_glft_agrees_with_the_exact_solution() -> None:
    """The closed form lies within 2e-3 of the integrated equation at every inventory to 10."""
    exact = exact_distances()
    assert exact[0] == pytest.approx((3.3130, 3.3130), abs=5e-5)
    assert exact[-10] == pytest.approx((2.6328, 3.9929), abs=5e-5)
    terms = Strategy(GLFT, gamma=d("0.01"), k=d("0.3"), arrivals_per_day=d("0.9"))
    for q, (bid, ask) in exact.items():
        for side, wanted in ((Side.SELL, bid), (Side.BUY, ask)):
            found = sum(half_and_skew(terms, d("0.3"), side, Decimal(q), d("1")))
            assert abs(float(found) - wanted) < 2e-3


@pytest.mark.parametrize(
    ("q", "bid", "ask"),
    [(-10, "2.6343", "3.9916"), (-5, "2.9736", "3.6522"), (0, "3.3129", "3.3129"),
     (5, "3.6522", "2.9736"), (10, "3.9916", "2.6343")],
)  # fmt: skip
def test_the_closed_form_of_glft_by_hand(q: int, bid: str, ask: str) -> None:
    """c1 + (2q + 1)/2 c2 and c1 - (2q - 1)/2 c2 with c1 = 3.2789823, c2 = 0.06786583."""
    model = glft(d("0.01"), d("0.3"), d("0.9"), d("0.3"))
    assert round(model.shift_bps, 8) == d("0.06786583")
    assert round(model.half_bps - model.shift_bps / 2, 7) == d("3.2789823")
    assert round(model.half_bps + q * model.shift_bps, 4) == d(bid)
    assert round(model.half_bps - q * model.shift_bps, 4) == d(ask)


# -- the FX dealer -----------------------------------------------------------------------------

EURUSD = Strategy(
    FX_DEALER,
    unit=d("1000000"),
    gamma=d("0.002"),  # 20 per unit of relative price
    tiers=((d("-1.9"), d("11")), (d("-0.3"), d("3.5"))),
    requests_per_day=(
        (d("1"), d("900")), (d("5"), d("540")), (d("10"), d("234")), (d("20"), d("90")),
        (d("50"), d("36")),
    ),
)  # fmt: skip
DAILY = d("80")


def eurusd_slope() -> Decimal:
    return fx_dealer_slope(EURUSD.gamma, DAILY, EURUSD.tiers, EURUSD.requests_per_day)


def test_the_slope_of_eurusd() -> None:
    """a = 9.378559e-07 of the price per million; 0.1 bp of hedge cost keep 5.3 million inside."""
    assert f"{eurusd_slope().scaleb(-4):.6e}" == "9.378559e-7"
    band = internalisation_band(eurusd_slope(), d("0.1"))
    assert band is not None
    assert round(band, 1) == d("5.3")
    assert internalisation_band(d("0"), d("0.1")) is None


@pytest.mark.parametrize(
    ("held", "tier", "size", "bid"),
    [
        (-50, 0, 1, "-0.0263"), (-50, 0, 50, "0.0351"), (-50, 1, 1, "-0.0984"),
        (-50, 1, 50, "0.0942"), (0, 0, 1, "0.1822"), (0, 0, 50, "0.5611"), (0, 1, 1, "0.3927"),
        (0, 1, 50, "0.7798"), (50, 0, 1, "1.0382"), (50, 0, 50, "1.4977"), (50, 1, 1, "1.2380"),
        (50, 1, 50, "1.6935"),
    ],
)  # fmt: skip
def test_the_table_of_eurusd(held: int, tier: int, size: int, bid: str) -> None:
    """Distances of the bid from the mid, in bp, to all printed digits; the ask mirrors them."""
    terms = Strategy(
        FX_DEALER,
        EURUSD.unit,
        EURUSD.gamma,
        tiers=EURUSD.tiers,
        tier=tier,
        requests_per_day=EURUSD.requests_per_day,
    )
    million = d("1000000")
    found = half_and_skew(terms, DAILY, Side.SELL, held * million, size * million)
    assert round(sum(found), 4) == d(bid)
    assert half_and_skew(terms, DAILY, Side.BUY, -held * million, size * million) == found


@pytest.mark.parametrize(
    ("alpha", "beta", "distance"),
    [("-1.9", "11", "0.17733"), ("-0.3", "3.5", "0.385701"), ("-0.3", "5", "0.269991"),
     ("-1.9", "15", "0.130042")],
)  # fmt: skip
def test_the_best_distance_without_risk(alpha: str, beta: str, distance: str) -> None:
    """delta* at p = 0, to the printed digits."""
    wanted = d(distance)
    assert fx_dealer_distance(d("0"), d(alpha), d(beta)).quantize(wanted) == wanted


@given(st.decimals(-2, 2, places=3), st.decimals(-2, 1, places=2), st.decimals("0.5", 15, places=2))
def test_no_other_distance_earns_more(shadow: Decimal, alpha: Decimal, beta: Decimal) -> None:
    """It is the argmax of f(d)(d - p), found on a grid around it."""
    best = float(fx_dealer_distance(shadow, alpha, beta))

    def earned(distance: float) -> float:
        return (distance - float(shadow)) / (1 + exp(float(alpha) + float(beta) * distance))

    top = earned(best)
    assert all(earned(best + n / 50) <= top * (1 + 1e-12) for n in range(-100, 101))


def test_a_desk_that_nobody_asks_has_nothing_to_skew_for() -> None:
    """No requests, no volatility, no aversion: the slope is zero, not a division by zero."""
    assert fx_dealer_slope(d("0.002"), DAILY, EURUSD.tiers, ()) == 0
    assert fx_dealer_slope(d("0.002"), d("0"), EURUSD.tiers, EURUSD.requests_per_day) == 0
    assert fx_dealer_slope(d("0"), DAILY, EURUSD.tiers, EURUSD.requests_per_day) == 0


# -- all models --------------------------------------------------------------------------------

MODELS = {
    AVELLANEDA_STOIKOV: Strategy(
        AVELLANEDA_STOIKOV, gamma=d("0.01"), k=d("0.3"), horizon_days=d("0.01")
    ),
    GLFT: Strategy(GLFT, gamma=d("0.01"), k=d("0.3"), arrivals_per_day=d("1000")),
    FX_DEALER: Strategy(
        FX_DEALER,
        gamma=d("0.002"),
        tiers=EURUSD.tiers,
        requests_per_day=EURUSD.requests_per_day,
    ),
}
models = st.sampled_from(sorted(MODELS)).map(MODELS.__getitem__)
inventories = st.decimals(-100, 100, places=2)
volatilities = st.decimals(1, 500, places=1)
sizes = st.decimals("0.01", 100, places=2)


@given(models, volatilities, inventories, sizes)
def test_an_ask_is_the_bid_of_the_opposite_inventory(
    model: Strategy, volatility: Decimal, held: Decimal, size: Decimal
) -> None:
    """ask(y) = bid(-y), to the last digit."""
    assert half_and_skew(model, volatility, Side.BUY, held, size) == half_and_skew(
        model, volatility, Side.SELL, -held, size
    )


@given(models, volatilities, inventories, sizes, st.decimals("0.01", 50, places=2))
def test_a_longer_desk_bids_lower(
    model: Strategy, volatility: Decimal, held: Decimal, size: Decimal, more: Decimal
) -> None:
    """The bid's distance grows with the inventory, the ask's falls."""
    for side, way in ((Side.SELL, 1), (Side.BUY, -1)):
        first = sum(half_and_skew(model, volatility, side, held, size))
        then = sum(half_and_skew(model, volatility, side, held + way * more, size))
        assert then >= first


@given(models, volatilities, sizes, st.decimals("0.1", 100, places=1))
def test_a_wilder_market_and_a_larger_fear_widen(
    model: Strategy, volatility: Decimal, size: Decimal, more: Decimal
) -> None:
    """When flat the half-spread grows with the volatility, and the skew with the aversion."""
    half, _ = half_and_skew(model, volatility, Side.BUY, d("0"), size)
    assert half_and_skew(model, volatility + more, Side.BUY, d("0"), size)[0] >= half
    _, skew = half_and_skew(model, volatility, Side.SELL, d("1"), size)
    fearful = Strategy(
        model.kind, model.unit, model.gamma * 2, model.k, model.arrivals_per_day,
        model.horizon_days, model.tiers, model.tier, model.requests_per_day,
    )  # fmt: skip
    assert half_and_skew(fearful, volatility, Side.SELL, d("1"), size)[1] >= skew > 0


@given(volatilities, inventories, sizes, sizes)
def test_the_dealers_distance_grows_with_the_size(
    volatility: Decimal, held: Decimal, size: Decimal, more: Decimal
) -> None:
    """fx_dealer brings its own ladder."""
    model = MODELS[FX_DEALER]
    for side in Side:
        first = sum(half_and_skew(model, volatility, side, held, size))
        assert sum(half_and_skew(model, volatility, side, held, size + more)) >= first


def test_what_is_no_model_is_not_asked() -> None:
    """fixed and vol_scaled have no model; asking is a bug."""
    with pytest.raises(ValueError, match="fixed"):
        half_and_skew(Strategy(FIXED), DAILY, Side.BUY, d("0"), d("1"))


# -- volatility --------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", [None, d("0"), d("-1"), d("NaN"), d("Infinity")])
def test_without_history_there_is_still_a_volatility(unknown: Decimal | None) -> None:
    """What was never measured, or makes no sense, is the floor; a rule's own value goes before."""
    parameters = Parameters("BTC/USD", unknown)
    assert volatility_of(Strategy(GLFT), parameters) == VOLATILITY_UNKNOWN_BPS_DAY
    assert volatility_of(Strategy(GLFT, volatility_bps_day=d("70")), parameters) == 70
    assert volatility_of(Strategy(GLFT), Parameters("BTC/USD", d("85"))) == 85


def test_the_spread_follows_the_volatility_within_its_bounds() -> None:
    """4 bp at 100 bp a day: linear, by a root, floored, capped, and unknown as the reference."""
    plain = Spread(d("4"), scaled=True)
    assert scaled_half_spread(plain, d("150")) == 6
    assert scaled_half_spread(plain, None) == 4
    root = Spread(d("4"), scaled=True, exponent=d("0.5"))
    assert abs(scaled_half_spread(root, d("225")) - 6) < d("1E-25")
    bound = Spread(d("4"), scaled=True, half_spread_min_bps=d("3"), half_spread_max_bps=d("5"))
    assert scaled_half_spread(bound, d("10")) == 3
    assert scaled_half_spread(bound, d("1000")) == 5
