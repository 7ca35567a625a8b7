"""Which rule holds: the first that matches, slot by slot; and which never can."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from otcfix.model.messages import Side
from otcfix.model.party import Tier
from otcfix.model.pricing import Match, Rule, Skew, Sources, Spread, Toxicity
from otcfix.model.time import MINUTE
from otcfix.pricing.never import never_matches
from otcfix.pricing.rules import group_key, settings_of
from tests.pricing.support import ALPHA, BTC, NOW, d
from tests.support.house_desk import CLIENTS, INSTRUMENTS, TIERS

ONE, TWO = Spread(d("1")), Spread(d("2"))
COIN = structs.replace(BTC, asset_class="crypto")


def chosen(*rules: Rule, side: Side | None = Side.BUY, size: str = "1", at: int = NOW) -> str:
    """The id of the rule whose spread holds for ALPHA on BTC/USD; "" when none does."""
    found = settings_of(rules, COIN, ALPHA).slot("spread", side, d(size), at)
    return found[0] if found else ""


def rule(name: str, **match: Any) -> Rule:
    return Rule(name, Match(**match), spread=ONE)


REST = Rule("rest", spread=TWO)


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True),
        ({"symbols": ("BTC/USD",)}, True),
        ({"symbols": ("ETH/USD", "BTC/USD")}, True),
        ({"symbols": ("ETH/USD",)}, False),
        ({"asset_classes": ("crypto",)}, True),
        ({"asset_classes": ("fx",)}, False),
        ({"clients": ("ALPHA",)}, True),
        ({"clients": ("BETA",)}, False),
        ({"tiers": ("plain",)}, True),
        ({"tiers": ("dear",)}, False),
        ({"side": Side.BUY}, True),
        ({"side": Side.SELL}, False),
        ({"size_min": Decimal(1)}, True),
        ({"size_min": Decimal("1.001")}, False),
        ({"size_max": Decimal(1)}, False),
        ({"size_max": Decimal("1.001")}, True),
        ({"clients": ("ALPHA",), "tiers": ("dear",)}, False),
    ],
)
def test_everything_that_a_match_names_must_agree(match: dict[str, Any], holds: bool) -> None:
    """ALPHA, of tier plain, buys 1 BTC/USD of class crypto."""
    assert chosen(rule("special", **match), REST) == ("special" if holds else "rest")


def test_the_first_rule_wins_slot_by_slot() -> None:
    """What the first leaves open the next fills; a slot that nobody fills is none."""
    settings = settings_of(
        (Rule("a", skew=Skew(d("1"), d("1"))), Rule("b", spread=ONE), REST), BTC, ALPHA
    )
    assert settings.slot("skew", Side.BUY, d("1"), NOW) == ("a", Skew(d("1"), d("1")))
    assert settings.slot("spread", Side.BUY, d("1"), NOW) == ("b", ONE)
    assert settings.slot("guard", Side.BUY, d("1"), NOW) is None
    assert settings.has("skew")
    assert not settings.has("guard")


def test_what_is_bound_to_a_side_or_a_size_does_not_hold_without_one() -> None:
    """A question for both sides, or before the size is known, gets the general rule."""
    assert chosen(rule("s", side=Side.BUY), REST, side=None) == "rest"
    for bound in ({"size_min": d("0")}, {"size_max": d("9")}):
        settings = settings_of((rule("s", **bound), REST), COIN, ALPHA)
        found = settings.slot("spread", Side.BUY, None, NOW)
        assert found is not None
        assert found[0] == "rest"


MONDAY = 4 * 1440 * MINUTE  # 1970-01-05
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("zone", "windows", "at", "holds"),
    [
        ("UTC", ((480, 960),), MONDAY + 8 * HOUR, True),
        ("UTC", ((480, 960),), MONDAY + 16 * HOUR, False),
        ("UTC", ((480, 960), (960, 970)), MONDAY + 16 * HOUR, True),
        ("UTC", ((9_600, 60),), MONDAY + 59 * MINUTE, True),  # wraps the week's end
        ("UTC", ((9_600, 60),), MONDAY + 60 * MINUTE, False),
        ("UTC", ((9_600, 60),), MONDAY - 8 * HOUR, True),
        ("America/New_York", ((480, 960),), MONDAY + 8 * HOUR, False),
        ("America/New_York", ((480, 960),), MONDAY + 13 * HOUR, True),
        # In July New York is an hour nearer: 12:30 UTC is 8:30 there.
        ("America/New_York", ((480, 960),), MONDAY + 182 * 24 * HOUR + 750 * MINUTE, True),
        ("America/New_York", ((480, 960),), MONDAY + 750 * MINUTE, False),
    ],
)
def test_windows_are_of_the_week_in_their_zone(
    zone: str, windows: tuple[tuple[int, int], ...], at: int, holds: bool
) -> None:
    """Minutes from Monday 00:00, clocks moved as the zone moves them."""
    assert chosen(rule("s", zone=zone, windows=windows), REST, at=at) == ("s" if holds else "rest")


# -- groups ------------------------------------------------------------------------------------

POISON = Rule("tox", toxicity=Toxicity(d("0.5"), d("3")))
FOR_BETA = Rule("beta", Match(clients=("BETA",)), spread=ONE)


def key(*rules: Rule, client: str = "ALPHA", toxicity: str = "0", **changes: Any) -> str:
    who = structs.replace(CLIENTS[client], **changes)
    return group_key(settings_of(rules, BTC, who), who, d(toxicity))


def test_clients_of_one_group_are_priced_alike() -> None:
    """The same tier and rules are one group; tier, rules, skew or toxicity divide."""
    assert key(REST) == key(REST, client="BETA")
    assert key(REST) != key(REST, client="FEES")
    assert key(FOR_BETA, REST) != key(FOR_BETA, REST, client="BETA")
    assert key(REST) != key(REST, no_skew=True)
    assert key(POISON, toxicity="1") != key(POISON)
    assert key(POISON, toxicity="1.50") == key(POISON, toxicity="1.5", client="BETA")
    assert key(POISON, toxicity="-1") == key(POISON)


def test_what_cannot_reach_the_price_divides_nobody() -> None:
    """Toxicity that no rule charges, and a rule behind one that always holds."""
    assert key(REST, toxicity="1") == key(REST)
    assert key(REST, FOR_BETA, client="BETA") == key(REST, FOR_BETA)


# -- rules that never hold ---------------------------------------------------------------------


def never(*rules: Rule, tiers: tuple[Tier, ...] = TIERS) -> list[tuple[str, str, str]]:
    instruments = tuple(
        structs.replace(one, asset_class="fx" if one.symbol == "EUR/USD" else "crypto")
        for one in INSTRUMENTS.values()
    )
    return never_matches(rules, instruments, tuple(CLIENTS.values()), tiers)


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ({"symbols": ("DOGE/USD",)}, "no instrument fits"),
        ({"asset_classes": ("metal",)}, "no instrument fits"),
        ({"asset_classes": ("fx",), "symbols": ("BTC/USD",)}, "no instrument fits"),
        ({"clients": ("NOBODY",)}, "no client fits"),
        ({"clients": ("ALPHA",), "tiers": ("dear",)}, "no client fits"),
        ({"tiers": ("golden",)}, "there is no tier golden"),
        ({"size_min": Decimal(5), "size_max": Decimal(5)}, "no size is at least 5 and below 5"),
        (
            {"symbols": ("BTC/USD",), "size_min": Decimal(101)},
            "no instrument is dealt in such sizes",
        ),
        (
            {"symbols": ("BTC/USD",), "size_max": Decimal("0.001")},
            "no instrument is dealt in such sizes",
        ),
        (
            {"symbols": ("LTC/USD",)},
            "no client that fits may deal in an instrument that fits",
        ),
    ],
)
def test_a_rule_that_fits_nothing_is_told(match: dict[str, Any], why: str) -> None:
    """With the reason; the rule behind it is fine."""
    assert never(rule("lost", **match), REST) == [("lost", "", why)]


def test_a_rule_that_sets_nothing_is_told() -> None:
    """It would match, to no effect."""
    assert never(Rule("empty")) == [("empty", "", "it sets nothing")]


@pytest.mark.parametrize(
    "match", [{"side": Side.BUY}, {"size_min": Decimal(1)}, {"size_max": Decimal(9)}]
)
def test_sources_of_a_side_or_a_size_are_told(match: dict[str, Any]) -> None:
    """One market is made for both sides and every size: such a rule's sources are never asked.
    They hide nobody else's, and the rest of the rule is fine."""
    lost = Rule("lost", Match(**match), sources=Sources(), session_factor=d("1.5"))
    why = "sources are chosen before side and size"
    assert never(lost, Rule("all", sources=Sources(), spread=ONE)) == [("lost", "sources", why)]
    only = Rule("lost", Match(**match), sources=Sources())
    assert never(only, REST) == [("lost", "sources", why)]


def test_a_rule_behind_one_that_always_holds_is_told() -> None:
    """For all of its slots, or for the one that is taken."""
    assert never(REST, rule("late", symbols=("BTC/USD",))) == [
        ("late", "", "always decided before by rest")
    ]
    both = Rule("late", spread=ONE, skew=Skew(d("1"), d("1")))
    assert never(REST, both) == [("late", "spread", "always decided before by rest")]


def test_several_rules_together_shadow_one() -> None:
    """Client by client: the tiers are all spoken for."""
    each = tuple(rule(tier.name, tiers=(tier.name,)) for tier in TIERS)
    found = never(*each, REST)
    assert [(name, slot) for name, slot, _ in found if name == "rest"] == [("rest", "")]


@pytest.mark.parametrize(
    ("first", "then", "shadowed"),
    [
        ({"side": Side.BUY}, {}, False),
        ({"side": Side.BUY}, {"side": Side.BUY}, True),
        ({"side": Side.BUY}, {"side": Side.SELL}, False),
        ({"size_min": Decimal(1)}, {"size_min": Decimal(2)}, True),
        ({"size_min": Decimal(2)}, {"size_min": Decimal(1)}, False),
        ({"size_max": Decimal(2)}, {"size_max": Decimal(1)}, True),
        ({"size_max": Decimal(2)}, {}, False),
        ({"windows": ((0, 100),)}, {}, False),
        ({"windows": ((0, 100), (100, 200))}, {"windows": ((50, 150),)}, True),
        ({"windows": ((0, 100),)}, {"windows": ((50, 150),)}, False),
        ({"windows": ((10_000, 100),)}, {"windows": ((10_050, 50),)}, True),
        ({"windows": ((0, 100),)}, {"windows": ((50, 60),), "zone": "Asia/Tokyo"}, False),
        ({"symbols": ("BTC/USD",)}, {"symbols": ("BTC/USD", "ETH/USD")}, False),
        ({"clients": ("ALPHA",)}, {"clients": ("ALPHA",), "tiers": ("plain",)}, True),
    ],
)
def test_shadowing_needs_the_whole_of_the_narrower_rule(
    first: dict[str, Any], then: dict[str, Any], shadowed: bool
) -> None:
    """Sides, sizes, times of the week, instruments and clients."""
    assert bool(never(rule("first", **first), rule("then", **then))) is shadowed


matches = st.builds(
    Match,
    symbols=st.sampled_from([(), ("BTC/USD",), ("ETH/USD",), ("XXX/USD",)]),
    tiers=st.sampled_from([(), ("plain",), ("dear",)]),
    clients=st.sampled_from([(), ("ALPHA",), ("FEES",)]),
    side=st.sampled_from([None, Side.BUY, Side.SELL]),
    size_min=st.sampled_from([None, d("1"), d("3")]),
    size_max=st.sampled_from([None, d("2"), d("5")]),
    windows=st.sampled_from([(), ((0, 5_000),), ((4_000, 100),)]),
)


@given(st.lists(matches, min_size=1, max_size=4))
def test_what_is_told_as_never_is_never_chosen(found: list[Match]) -> None:
    """No client, instrument, side, size or hour finds the rule."""
    rules = [Rule(f"{number}", match, spread=ONE) for number, match in enumerate(found)]
    lost = [name for name, _, _ in never(*rules)]
    for symbol in ("BTC/USD", "ETH/USD"):
        for client in ("ALPHA", "FEES"):
            settings = settings_of(rules, INSTRUMENTS[symbol], CLIENTS[client])
            for side in Side:
                for size in ("0.5", "1", "2", "3", "5", "9"):
                    for minute in (50, 2_000, 4_500, 9_000):
                        at = MONDAY + minute * MINUTE
                        slot = settings.slot("spread", side, d(size), at)
                        assert slot is None or slot[0] not in lost
