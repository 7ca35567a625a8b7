"""A client's price part by part, and the explanation that sums to it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from otcfix.model.messages import Side, Unit
from otcfix.model.pricing import (
    AVELLANEDA_STOIKOV,
    FIXED,
    FX_DEALER,
    GLFT,
    VOL_SCALED,
    Guard,
    HedgeFloor,
    Match,
    Parameters,
    Rule,
    Skew,
    Sources,
    Spread,
    Strategy,
    Toxicity,
)
from otcfix.model.refusal import Refusal
from otcfix.pricing import Priced
from otcfix.pricing.client_price import Case, explain, largest, price
from otcfix.pricing.ladder import ladder
from tests.pricing.support import BTC, NOW, around, book, case, composed, d, side
from tests.pricing.test_price import markets, sizes

TWO = composed(book("a", side("99x1", "98x1"), side("101x1", "102x1")))
"""The middle is 100, so a basis point is a cent."""
DEEP = composed(around("a", "1000", "0", size="1000"))
"""One level a side at 1000 for any size: what is added is seen alone. A bp is 0.1."""


def made(one: Case, which: Side, quantity: str = "1", unit: Unit = Unit.BASE) -> Priced | Refusal:
    return price(one, ladder(one.composite, which, {}), which, d(quantity), unit)


def parts(one: Case, which: Side, quantity: str = "1", unit: Unit = Unit.BASE) -> dict[str, str]:
    """Name of each part: its rule and its bps against the client."""
    found = made(one, which, quantity, unit)
    assert isinstance(found, Priced)
    assert found.mid + sum(part.amount for part in found.components) == found.price
    return {part.name: f"{part.rule} {part.bps.normalize():f}".strip() for part in found.components}


# -- one part at a time ------------------------------------------------------------------------


def test_without_rules_it_is_the_sweep_the_tier_and_the_rounding() -> None:
    """1.5 averages 101.3333; half of the tier's spread is 0.05; outward to 101.39."""
    found = made(case(TWO), Side.BUY, "1.5")
    assert isinstance(found, Priced)
    assert found.price == d("101.39")
    assert parts(case(TWO), Side.BUY, "1.5") == {
        "sweep": "133.333333",
        "spread": "tier:t 5",
        "rounding": "0.666667",
    }
    assert parts(case(TWO), Side.SELL, "1") == {"sweep": "100", "spread": "tier:t 5"}


def test_the_sweep_pays_the_sources_fees() -> None:
    """10 bp on 101 is 0.101: against the client on either side."""
    found = case(composed(book("a", side("99x1"), side("101x1")), fees={"a": "10"}))
    assert parts(found, Side.BUY)["sweep"] == "110.1"
    assert parts(found, Side.SELL)["sweep"] == "109.9"


def test_a_spread_of_a_rule_replaces_the_tiers() -> None:
    """Named by the rule."""
    one = case(DEEP, Rule("r", spread=Spread(d("7"))))
    assert parts(one, Side.BUY) == {"spread": "r 7"}
    found = made(one, Side.SELL)
    assert isinstance(found, Priced)
    assert f"{found.components[0].amount.normalize()}" == "-0.7"
    assert len(f"{found.components[0].amount}") < 8  # it is journaled: no tail of zeros


def test_a_spread_of_nothing_is_not_told() -> None:
    """Only parts that are not zero are kept."""
    assert parts(case(DEEP, Rule("r", spread=Spread(d("0")))), Side.BUY) == {}


@pytest.mark.parametrize(
    ("volatility", "bps"), [(None, "4"), ("150", "6"), ("10", "2"), ("900", "9"), ("0", "4")]
)
def test_a_scaled_spread_follows_the_volatility(volatility: str | None, bps: str) -> None:
    """4 bp at 100 bp a day, between 2 and 9; without history as at the reference."""
    known = Parameters("BTC/USD", d(volatility) if volatility else None)
    scaled = Spread(d("4"), scaled=True, half_spread_min_bps=d("2"), half_spread_max_bps=d("9"))
    plain = structs.replace(scaled, scaled=False)
    by_spread = case(DEEP, Rule("r", spread=scaled), parameters=known)
    by_strategy = case(
        DEEP, Rule("r", spread=plain, strategy=Strategy(VOL_SCALED)), parameters=known
    )
    fixed = case(DEEP, Rule("r", spread=plain, strategy=Strategy(FIXED)), parameters=known)
    assert parts(by_spread, Side.BUY) == parts(by_strategy, Side.BUY) == {"spread": f"r {bps}"}
    assert parts(fixed, Side.BUY) == {"spread": "r 4"}


def test_a_tiers_spread_may_be_scaled_as_well() -> None:
    """vol_scaled without a spread of its own scales the tier's 5 bp."""
    known = Parameters("BTC/USD", d("200"))
    one = case(DEEP, Rule("r", strategy=Strategy(VOL_SCALED)), parameters=known)
    assert parts(one, Side.SELL) == {"spread": "tier:t 10"}


def test_a_session_factor_is_a_part_of_its_own() -> None:
    """Twice 5 bp: 5 more; half of it: 2.5 less."""
    assert parts(case(DEEP, Rule("night", session_factor=d("2"))), Side.BUY) == {
        "spread": "tier:t 5",
        "session": "night 5",
    }
    assert parts(case(DEEP, Rule("day", session_factor=d("0.5"))), Side.SELL)["session"] == (
        "day -2.5"
    )


@pytest.mark.parametrize(
    ("quantity", "bps"),
    [("1", None), ("1.001", "l 2"), ("10", "l 2"), ("11", "l 3"), ("99", "l 3")],
)
def test_the_ladder_adds_by_size(quantity: str, bps: str | None) -> None:
    """Up to 1 nothing, up to 10 2 bp, above 3 bp: the last step is open."""
    steps = ((d("1"), d("0")), (d("10"), d("2")), (d("20"), d("3")))
    assert parts(case(DEEP, Rule("l", ladder=steps)), Side.BUY, quantity).get("ladder") == bps


@pytest.mark.parametrize(
    ("held", "buy", "sell"),
    [("5", "s -1", "s 1"), ("-5", "s 1", "s -1"), ("50", "s -2", "s 2"), ("-50", "s 2", "s -2")],
)
def test_linear_skew_moves_both_prices_down_when_the_desk_is_long(
    held: str, buy: str, sell: str
) -> None:
    """2 bp at an inventory of 10, never more."""
    one = case(DEEP, Rule("s", skew=Skew(d("2"), d("10"))), inventory=d(held))
    assert parts(one, Side.BUY)["skew"] == buy
    assert parts(one, Side.SELL)["skew"] == sell


MODEL_RULES = [
    Strategy(AVELLANEDA_STOIKOV, gamma=d("0.01"), k=d("0.3"), horizon_days=d("0.01")),
    Strategy(GLFT, gamma=d("0.01"), k=d("0.3"), arrivals_per_day=d("1000")),
    Strategy(
        FX_DEALER,
        gamma=d("0.002"),
        tiers=((d("-1.9"), d("11")),),
        requests_per_day=((d("1"), d("900")),),
    ),
]


@pytest.mark.parametrize("strategy", MODEL_RULES, ids=lambda model: model.kind)
def test_a_model_brings_half_spread_and_skew_itself(strategy: Strategy) -> None:
    """No spread, no linear skew beside it; without history of volatility as well."""
    rules = (
        Rule("m", strategy=strategy),
        Rule("s", spread=Spread(d("9")), skew=Skew(d("9"), d("1")), session_factor=d("2")),
    )
    one = case(DEEP, *rules, inventory=d("3"))
    found = parts(one, Side.BUY)
    assert set(found) - {"rounding"} == {"strategy", "session", "skew"}
    assert found["strategy"].startswith("m ")
    assert found["session"].removeprefix("s ") == found["strategy"].removeprefix("m ")
    assert found["skew"].startswith("m -")
    assert parts(one, Side.SELL)["skew"].startswith("m ")
    blind = case(DEEP, *rules, inventory=d("3"), no_skew=True)
    assert "skew" not in parts(blind, Side.BUY)
    assert made(blind, Side.BUY) == made(case(DEEP, *rules), Side.BUY)


def test_the_dealer_model_takes_no_ladder_beside_its_own() -> None:
    """Its price grows with the size by itself; glft's does not."""
    steps = Rule("l", ladder=((d("1"), d("4")),))
    dealer, linear = (case(DEEP, Rule("m", strategy=MODEL_RULES[n]), steps) for n in (2, 1))
    assert "ladder" not in parts(dealer, Side.BUY)
    assert parts(linear, Side.BUY)["ladder"] == "l 4"


def test_who_reads_the_skew_gets_none() -> None:
    """no_skew: priced as if the desk were flat, the relief of the hedge floor included."""
    rules = (
        Rule("s", skew=Skew(d("8"), d("1"))),
        Rule("f", hedge_floor=HedgeFloor(), guard=Guard(through_max_bps=d("99"))),
    )
    given_away = Rule("g", spread=Spread(d("-3")))
    for held in ("3", "-3"):
        for under in (rules, (given_away, *rules)):
            one = case(DEEP, *under, inventory=d(held), no_skew=True)
            for which in Side:
                assert made(one, which) == made(case(DEEP, *under), which)


@pytest.mark.parametrize(
    ("toxicity", "bps"), [("4", "t 2"), ("100", "t 3"), ("0", None), ("-4", None)]
)
def test_toxicity_is_charged_up_to_its_most(toxicity: str, bps: str | None) -> None:
    """Half of the markout, at most 3 bp; a client who loses is given nothing."""
    one = case(DEEP, Rule("t", toxicity=Toxicity(d("0.5"), d("3"))), toxicity_bps=d(toxicity))
    for which in Side:
        assert parts(one, which).get("toxicity") == bps


def test_the_hedge_floor_bounds_what_the_skew_gives_away() -> None:
    """Skew -8 on a spread of 5: 3 through the cover; 1 is allowed, so 2 come back."""
    skewed = Rule("s", skew=Skew(d("8"), d("1")), guard=Guard(through_max_bps=d("99")))
    floor = Rule("f", hedge_floor=HedgeFloor(d("1"), reducing_free=False))
    assert parts(case(DEEP, skewed, floor, inventory=d("9")), Side.BUY)["hedge_floor"] == "f 2"
    assert parts(case(DEEP, skewed, floor, inventory=d("-9")), Side.SELL)["hedge_floor"] == "f 2"
    assert "hedge_floor" not in parts(case(DEEP, skewed, floor, inventory=d("9")), Side.SELL)


def test_a_deal_that_reduces_the_inventory_may_go_below_the_floor() -> None:
    """9 held: buying 9 reduces, buying 9.001 goes short beyond it."""
    rules = (
        Rule("s", skew=Skew(d("8"), d("1")), guard=Guard(through_max_bps=d("99"))),
        Rule("f", hedge_floor=HedgeFloor()),
    )
    one = case(DEEP, *rules, inventory=d("9"))
    assert "hedge_floor" not in parts(one, Side.BUY, "9")
    assert parts(one, Side.BUY, "9.001")["hedge_floor"] == "f 3"


def test_the_guard_keeps_the_price_from_going_through_the_middle() -> None:
    """5 - 8 = -3: at the mid without a guard of its own, 1 bp through it with one."""
    skewed = Rule("s", skew=Skew(d("8"), d("1")))
    allowed = Rule("g", guard=Guard(through_max_bps=d("1")))
    for which, held in ((Side.BUY, "9"), (Side.SELL, "-9")):
        assert parts(case(DEEP, skewed, inventory=d(held)), which)["guard"] == "default 3"
        assert parts(case(DEEP, skewed, allowed, inventory=d(held)), which)["guard"] == "g 2"


def test_a_fast_market_widens_every_spread() -> None:
    """(5 + 5 + 2) x 3: 24 more; the skew is no spread. The half-spread told is all of it."""
    rules = (
        Rule("night", session_factor=d("2")),
        Rule("l", ladder=((d("1"), d("2")),)),
        Rule("s", skew=Skew(d("2"), d("1"))),
        Rule("g", guard=Guard(fast_factor=d("3"))),
    )
    fast = Parameters("BTC/USD", fast=True)
    one = case(DEEP, *rules, parameters=fast, inventory=d("1"))
    assert parts(one, Side.SELL) == {
        "spread": "tier:t 5",
        "session": "night 5",
        "ladder": "l 2",
        "skew": "s 2",
        "fast": "g 24",
    }
    found = made(one, Side.SELL)
    assert isinstance(found, Priced)
    assert found.half_spread == d("3.6")


def test_a_fast_market_pauses_where_the_rule_says_so() -> None:
    """Without a rule it widens by two."""
    fast = Parameters("BTC/USD", fast=True)
    pause = Rule("g", guard=Guard(fast="pause"))
    assert made(case(DEEP, pause, parameters=fast), Side.BUY) is Refusal.MARKET_UNSTABLE
    assert isinstance(made(case(DEEP, pause), Side.BUY), Priced)
    assert parts(case(DEEP, parameters=fast), Side.BUY)["fast"] == "default 5"


def test_rules_are_judged_by_side_and_size() -> None:
    """A size in terms counts as the base that it sweeps: 2000 of terms at 1000 are 2."""
    rules = (
        Rule("big", Match(size_min=d("2")), spread=Spread(d("9"))),
        Rule("sells", Match(side=Side.SELL), spread=Spread(d("3"))),
    )
    one = case(DEEP, *rules)
    assert parts(one, Side.BUY) == {"spread": "tier:t 5"}
    assert parts(one, Side.SELL) == {"spread": "sells 3"}
    assert parts(one, Side.BUY, "2") == {"spread": "big 9"}
    assert parts(one, Side.BUY, "2000", Unit.TERMS)["spread"] == "big 9"
    assert parts(one, Side.BUY, "1999", Unit.CASH)["spread"] == "tier:t 5"


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "unit", "refusal"),
    [
        ("2.001", Unit.BASE, Refusal.NO_DEPTH),
        ("204", Unit.TERMS, Refusal.NO_DEPTH),
        ("0.05", Unit.CASH, Refusal.BAD_QUANTITY),
        ("0", Unit.BASE, Refusal.BAD_QUANTITY),
        ("-1", Unit.TERMS, Refusal.BAD_QUANTITY),
    ],
)
def test_what_cannot_be_priced(quantity: str, unit: Unit, refusal: Refusal) -> None:
    """More than is shown, less than a lot, nothing at all."""
    assert made(case(TWO), Side.BUY, quantity, unit) is refusal


def test_without_a_market_there_is_no_price() -> None:
    """A stale one; a crossed one, whose short depth is told first."""
    stale = composed(around("a", "100", age_ms=2001))
    crossed = composed(around("a", "100", "0.1"), around("b", "101", "0.1"))
    assert made(case(stale), Side.BUY) is Refusal.NO_PRICE
    assert made(case(crossed), Side.BUY) is Refusal.MARKET_UNSTABLE
    assert made(case(crossed), Side.BUY, "11") is Refusal.NO_DEPTH


def test_a_spread_that_eats_the_price_is_refused() -> None:
    """Never a price of zero or less."""
    one = case(DEEP, Rule("r", spread=Spread(d("10000"))))
    assert made(one, Side.SELL) is Refusal.MARKET_UNSTABLE


@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=3),
    st.sampled_from([None, Sources(), Sources(age_max_ms=900), Sources(fresh_min=2)]),
)
def test_there_is_never_a_price_on_a_stale_market(ages: list[int], sources: Sources | None) -> None:
    """Whatever the ages: with fewer fresh sources than the rule wants, every price is refused."""
    books = [around(n, "100", age_ms=age) for n, age in zip("abc", ages, strict=False)]
    one = case(composed(*books, sources=sources))
    limit = sources.age_max_ms if sources and sources.age_max_ms else 2_000
    fresh = sum(age <= limit for age in ages)
    found = made(one, Side.BUY, "1")
    if fresh < (sources.fresh_min if sources else 1):
        assert found is Refusal.NO_PRICE
        assert largest(one, ladder(one.composite, Side.BUY, {}), Side.BUY, d("1"), d("999")) == 0
    else:
        assert isinstance(found, Priced)
    depth = ladder(one.composite, Side.BUY, {}).total()[0]
    assert depth <= 5 * fresh


# -- explanations ------------------------------------------------------------------------------


def test_an_explanation_names_all_that_went_in() -> None:
    """Used and refused sources, known numbers, both sides with their parts."""
    market = composed(
        around("a", "100", age_ms=7), around("b", "100", age_ms=3000), sources=Sources()
    )
    one = case(
        market,
        parameters=Parameters("BTC/USD", d("80")),
        inventory=d("-2"),
        toxicity_bps=d("1.5"),
    )
    both = [(which, made(one, which)) for which in Side]
    told = explain(one, "Q1", [(w, p) for w, p in both if isinstance(p, Priced)])
    assert (told.ref_id, told.symbol, told.client_id, told.at) == ("Q1", "BTC/USD", "ALPHA", NOW)
    assert told.mid == 100
    assert told.used == (("a", d("100"), 7),)
    assert told.refused == (("b", "stale 3000 ms"),)
    assert dict(told.knowledge) == {
        "volatility_bps_day": d("80"),
        "inventory": d("-2"),
        "toxicity_bps": d("1.5"),
    }
    assert [(s.side, s.price, s.quantity) for s in told.sides] == [
        (Side.BUY, d("101.05"), 1),
        (Side.SELL, d("98.95"), 1),
    ]
    nothing = explain(case(market), "Q2", [])
    assert (nothing.knowledge, nothing.sides) == ((), ())


# -- properties --------------------------------------------------------------------------------

bps = st.decimals(0, 20, places=3)
rules = st.builds(
    lambda spread, factor, steps, strategy, skew, toxic, floor, guard: (
        Rule("a", spread=spread, strategy=strategy),
        Rule("b", session_factor=factor, ladder=steps, skew=skew, toxicity=toxic),
        Rule("c", hedge_floor=floor, guard=guard),
    ),
    st.none() | st.builds(Spread, bps, st.booleans(), exponent=st.sampled_from([d("1"), d("0.7")])),
    st.none() | st.decimals("0.5", 3, places=2),
    st.none()
    | st.lists(bps, min_size=1, max_size=3).map(
        lambda adds: tuple((Decimal(n), add) for n, add in enumerate(sorted(adds), 1))
    ),
    st.none() | st.sampled_from(MODEL_RULES),
    st.none() | st.builds(Skew, bps, st.decimals(1, 9, places=1)),
    st.none() | st.builds(Toxicity, bps.map(lambda n: n / 10), bps),
    st.none() | st.builds(HedgeFloor, bps, st.booleans()),
    st.none() | st.builds(Guard, bps, st.just("widen"), st.decimals(1, 4, places=1)),
)
cases = st.builds(
    lambda found, under, held, toxic, blind, fast, vol, fee: case(
        composed(*found.books, fees={"a": f"{fee}"}),
        *under,
        inventory=held,
        toxicity_bps=toxic,
        no_skew=blind,
        parameters=Parameters("BTC/USD", vol, fast=fast),
    ),
    markets(),
    rules,
    st.decimals(-20, 20, places=3),
    bps,
    st.booleans(),
    st.booleans(),
    st.none() | st.decimals(1, 500, places=2),
    bps,
)


@given(cases, sizes, st.sampled_from([Unit.BASE, Unit.TERMS, Unit.CASH]))
def test_every_explanation_sums_to_its_price(one: Case, size: Decimal, unit: Unit) -> None:
    """mid + the amounts is exactly the price; no part is zero; the rounding is outward."""
    for which in Side:
        quantity = size if unit is Unit.BASE else size * 1000
        found = made(one, which, f"{quantity}", unit)
        if isinstance(found, Refusal):
            assert found in (Refusal.NO_DEPTH, Refusal.BAD_QUANTITY, Refusal.MARKET_UNSTABLE)
            continue
        way = 1 if which is Side.BUY else -1
        assert found.mid + sum(part.amount for part in found.components) == found.price
        assert all(part.amount for part in found.components)
        assert found.price % BTC.tick == 0
        for part in found.components:
            assert abs(part.bps - way * part.amount / found.mid * 10_000) <= d("0.0000005")
            if part.name == "rounding":
                assert -d("1E-9") <= way * part.amount < BTC.tick + d("1E-9")
        guard = one.settings.slot("guard", which, found.base, NOW)
        through = guard[1].through_max_bps if guard else 0
        assert way * (found.price - found.mid) >= -found.mid * through / 10_000


@given(cases, sizes, sizes)
def test_a_larger_size_never_has_a_better_price(one: Case, small: Decimal, more: Decimal) -> None:
    """With a ladder that never falls, under any strategy."""
    for which in Side:
        first, then = (made(one, which, f"{size}") for size in (small, small + more))
        if isinstance(first, Priced) and isinstance(then, Priced):
            assert then.price >= first.price if which is Side.BUY else then.price <= first.price


@settings(max_examples=60)
@given(cases, st.integers(1, 20_000), st.integers(-3_000, 3_000))
def test_the_largest_fill_is_within_the_limit_and_maximal(one: Case, lots: int, over: int) -> None:
    """R16: q* prices within the limit, and one lot more does not (or there is no more)."""
    quantity = lots * BTC.lot
    worst = (one.composite.mid + over * d("0.01")).quantize(d("0.01"))
    for which in Side:
        levels = ladder(one.composite, which, {})

        def within(size: Decimal, which: Side = which) -> bool:
            found = made(one, which, f"{size}")
            if isinstance(found, Refusal):
                return False
            return found.price <= worst if which is Side.BUY else found.price >= worst

        most = largest(one, levels, which, quantity, worst)
        assert 0 <= most <= quantity
        assert most % BTC.lot == 0
        assert not most or within(most)
        assert most == quantity or not within(most + BTC.lot)


def test_the_largest_is_all_of_it_even_when_that_is_no_lot() -> None:
    """What was asked for may be an odd size; a part of it is whole lots."""
    levels = ladder(TWO, Side.BUY, {})
    assert largest(case(TWO), levels, Side.BUY, d("0.0005"), d("102")) == d("0.0005")
    assert largest(case(TWO), levels, Side.BUY, d("1.0005"), d("101.06")) == d("1.0005")
    assert largest(case(TWO), levels, Side.BUY, d("1.9995"), d("101.06")) == d("1.01")
    assert largest(case(TWO), levels, Side.BUY, d("1"), d("101.04")) == 0
    assert largest(case(TWO), levels, Side.BUY, d("0"), d("999")) == 0


def test_a_dear_price_for_small_sizes_does_not_hide_that_all_of_it_goes() -> None:
    """The smallest lot lies beyond the limit, what was asked for does not."""
    odd = Rule("odd", Match(size_max=d("0.01")), spread=Spread(d("500")))
    one = case(DEEP, odd, Rule("all", spread=Spread(d("1"))))
    assert largest(one, ladder(DEEP, Side.BUY, {}), Side.BUY, d("2"), d("1000.10")) == 2


@pytest.mark.parametrize("held", ["-90000000", "90000000"])
@pytest.mark.parametrize(
    "rule",
    [
        Rule("v", spread=Spread(d("5"), True, d("0.0001"), d("4")), skew=Skew(d("9999"), d("1"))),
        *(
            Rule("m", strategy=structs.replace(model, unit=d("1E-15"), volatility_bps_day=d("1E9")))
            for model in MODEL_RULES
        ),
    ],
    ids=["spread", *(model.kind for model in MODEL_RULES)],
)
def test_rules_of_absurd_numbers_end_in_a_price_or_a_refusal(rule: Rule, held: str) -> None:
    """Far off, or none: never an exception, and still the sum of its parts."""
    known = Parameters("BTC/USD", volatility_bps_day=d("3000"))
    fine = structs.replace(BTC, tick=d("0.00000001"))
    one = case(DEEP, rule, inventory=d(held), parameters=known, instrument=fine)
    for which in Side:
        found = made(one, which)
        if isinstance(found, Priced):
            assert found.mid + sum(part.amount for part in found.components) == found.price
        else:
            assert found is Refusal.MARKET_UNSTABLE


@pytest.mark.parametrize(
    ("which", "unit", "quantity", "goes"),
    [
        (Side.SELL, Unit.BASE, "100", True),
        (Side.SELL, Unit.BASE, "100.001", False),
        (Side.SELL, Unit.TERMS, "99000", True),  # at 990 that is 100
        (Side.SELL, Unit.TERMS, "99001", False),
        (Side.BUY, Unit.TERMS, "101000", True),  # at 1010 that is 100
        (Side.BUY, Unit.TERMS, "101001", False),
        (Side.BUY, Unit.CASH, "101001", True),  # the lot leaves 100
        (Side.BUY, Unit.CASH, "101002", False),
    ],
)
def test_the_desk_passes_by_what_it_would_deal_at_the_clients_price(
    which: Side, unit: Unit, quantity: str, goes: bool
) -> None:
    """A size in terms is more or less base at the client's price than at the sweep's."""
    rule = Rule("r", spread=Spread(d("100")), guard=Guard(inventory_max=d("100")))
    found = made(case(DEEP, rule), which, quantity, unit)
    assert isinstance(found, Priced) is goes
    assert goes or found is Refusal.PASS
