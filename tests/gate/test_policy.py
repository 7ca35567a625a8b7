"""Which rule of jurisdiction decides, and that none opens what it does not speak of."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from otcfix.gate.authority import Authority, jurisdiction
from otcfix.gate.policy import Question, Rulebook, canonical, next_boundary, version_of
from otcfix.model.messages import Side
from otcfix.model.policy import (
    ALLOW,
    ANY,
    DENY,
    LIMIT,
    REVIEW,
    Licence,
    Policy,
    PolicyAnswer,
    PolicyRule,
)
from otcfix.model.profile import CLASSES
from otcfix.model.refusal import Refusal
from otcfix.model.time import DAY, from_datetime
from tests.support.house_desk import PROFILE, client, instrument

TODAY = "2027-01-13"
REGIONS = {"EEA": ("DE", "LI"), "alps": ("CH", "LI", "DE"), "east": ("US-NY", "US-NJ")}
XMR = Question("US", "professional", "XMR/USD", ("XMR", "USD"), "crypto", "spot", "buy", TODAY)


def rule(name: str, effect: str, **more: Any) -> PolicyRule:
    """A rule about everything but what is named."""
    return PolicyRule(name, effect, **more)


def answer(asked: Question, *rules: PolicyRule, licences: tuple[Licence, ...] = ()) -> PolicyAnswer:
    """What these rules say."""
    return Rulebook(canonical(Policy("", REGIONS, rules, licences))).answer(asked)


def test_without_a_rule_nothing_is_allowed() -> None:
    """No match denies, and the record says that there was none."""
    said = answer(XMR)
    assert (said.allowed, said.effect, said.rule_id) == (False, DENY, "")
    assert said.finding is not None
    assert (said.finding.refusal, said.finding.measured) == (Refusal.NOT_AUTHORISED, "no rule")


@pytest.mark.parametrize(
    ("rules", "decides"),
    [
        ([("deny", DENY, {"asset": "XMR"}), ("us", ALLOW, {"jurisdiction": "US"})], "deny"),
        ([("all", DENY, {}), ("us", ALLOW, {"jurisdiction": "US"})], "us"),
        ([("us", DENY, {"jurisdiction": "US"}), ("ny", ALLOW, {"jurisdiction": "US-NY"})], "ny"),
        ([("us", ALLOW, {"jurisdiction": "US"}), ("east", DENY, {"jurisdiction": "east"})], "us"),
        ([("all", DENY, {}), ("east", ALLOW, {"jurisdiction": "east"})], "east"),
        ([("leg", ALLOW, {"asset": "XMR"}), ("c", DENY, {"asset": "class:crypto"})], "leg"),
        ([("leg", DENY, {"asset": "USD"}), ("pair", ALLOW, {"asset": "XMR/USD"})], "pair"),
        ([("pro", ALLOW, {"client_class": "professional"}), ("all", DENY, {})], "pro"),
        ([("spot", ALLOW, {"product": "spot"}), ("all", DENY, {})], "spot"),
        ([("buy", ALLOW, {"side": "buy"}), ("all", DENY, {})], "buy"),
        ([("a", ALLOW, {}), ("r", REVIEW, {}), ("l", LIMIT, {}), ("d", DENY, {})], "d"),
        ([("a", ALLOW, {}), ("r", REVIEW, {}), ("l", LIMIT, {})], "r"),
        ([("a", ALLOW, {}), ("l", LIMIT, {})], "l"),
        ([("b", ALLOW, {}), ("a", ALLOW, {})], "a"),
    ],
)
def test_the_most_specific_rule_decides(
    rules: list[tuple[str, str, dict[str, str]]], decides: str
) -> None:
    """Of equally specific ones DENY, then REVIEW, LIMIT, ALLOW."""
    asked = structs.replace(XMR, jurisdiction="US-NY")
    made = [rule(name, effect, **more) for name, effect, more in rules]
    assert answer(asked, *made).rule_id == decides
    assert answer(asked, *reversed(made)).rule_id == decides


def test_retail_must_be_named_to_be_allowed() -> None:
    """A rule for every class leaves retail out when it allows, not when it denies."""
    retail = structs.replace(XMR, client_class="retail")
    everybody = rule("all", ALLOW)
    assert answer(XMR, everybody).allowed
    assert not answer(retail, everybody).allowed
    assert not answer(retail, rule("all", LIMIT, limits=(("order_size", Decimal(1)),))).allowed
    assert answer(retail, everybody, rule("named", ALLOW, client_class="retail")).allowed
    assert answer(retail, rule("no", DENY)).rule_id == "no"


@pytest.mark.parametrize("missing", ["jurisdiction", "client_class"])
def test_a_client_without_jurisdiction_or_class_is_denied(missing: str) -> None:
    """Even by rules that allow everything."""
    said = answer(structs.replace(XMR, **{missing: ""}), rule("all", ALLOW))
    assert not said.allowed
    assert said.finding is not None
    assert said.finding.measured.startswith("no rule: the client has no")


@pytest.mark.parametrize(
    ("day", "allowed"),
    [("2026-12-31", False), ("2027-01-01", True), ("2027-01-31", True), ("2027-02-01", False)],
)
def test_both_dates_are_included(day: str, allowed: bool) -> None:
    """A rule holds from the first moment of its first day to the last of its last."""
    dated = rule("january", ALLOW, valid_from="2027-01-01", valid_to="2027-01-31")
    assert answer(structs.replace(XMR, day=day), dated).allowed is allowed


VALID = Licence("l1", "BITLICENSE", "US-NY")


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"jurisdiction": "US"}, True),
        ({"jurisdiction": "east"}, True),
        ({"jurisdiction": "US-NJ"}, False),
        ({"jurisdiction": "CH"}, False),
        ({"kind": "MSB"}, False),
        ({"active": False}, False),
        ({"valid_to": "2027-01-13"}, True),
        ({"valid_to": "2027-01-12"}, False),
        ({"valid_from": "2027-01-14"}, False),
    ],
)
def test_a_licence_must_be_active_and_cover_the_client(
    changes: dict[str, Any], allowed: bool
) -> None:
    """Its kind, its place and its dates."""
    asked = structs.replace(XMR, jurisdiction="US-NY")
    wants = rule("ny", ALLOW, jurisdiction="US", licence="BITLICENSE")
    said = answer(asked, wants, licences=(structs.replace(VALID, **changes),))
    assert said.allowed is allowed
    assert said.rule_id == "ny"
    if not allowed:
        assert said.finding is not None
        assert said.finding.measured == "ny: no active licence BITLICENSE for US-NY"


def test_equal_rules_hold_together() -> None:
    """Every licence that one of them requires must be there; of limits the smallest counts."""
    first = rule("a", LIMIT, limits=(("order_size", Decimal(5)), ("position", Decimal(9))))
    second = rule("b", LIMIT, limits=(("order_size", Decimal(3)),))
    assert answer(XMR, first, second).limits == (
        ("order_size", Decimal(3)),
        ("position", Decimal(9)),
    )
    licensed = structs.replace(second, licence="MSB")
    assert not answer(XMR, first, licensed).allowed


def test_a_two_way_quote_needs_both_sides() -> None:
    """And has the smaller limits of the two."""
    alpha, pair = client("ALPHA", profile=PROFILE), instrument("BTC/USD")
    one_way = Rulebook(canonical(Policy("", {}, (rule("buy", ALLOW, side="buy"),))))
    assert one_way.for_side(alpha, pair, Side.BUY, TODAY).allowed
    assert not one_way.for_side(alpha, pair, Side.SELL, TODAY).allowed
    assert not one_way.for_side(alpha, pair, None, TODAY).allowed
    sides = tuple(
        rule(side, LIMIT, side=side, limits=(("order_size", Decimal(size)),))
        for side, size in (("buy", 2), ("sell", 1))
    )
    both = Rulebook(canonical(Policy("", {}, sides))).for_side(alpha, pair, None, TODAY)
    assert both.allowed
    assert both.rule_id == "buy and sell"
    assert both.limits == (("order_size", Decimal(1)),)


def test_the_version_is_of_the_content() -> None:
    """Neither the order of rules nor of members counts; every word of a rule does."""
    one, other = rule("a", ALLOW), rule("b", DENY, jurisdiction="EEA")
    first = canonical(Policy("", {"EEA": ("LI", "DE")}, (one, other)))
    assert first == canonical(Policy("old", {"EEA": ("DE", "LI")}, (other, one)))
    assert first.version == version_of(first)
    for changed in (
        Policy("", {"EEA": ("LI",)}, (one, other)),
        Policy("", first.regions, (one, structs.replace(other, legal_reference="x"))),
        Policy("", first.regions, (one, other), (VALID,)),
    ):
        assert canonical(changed).version != first.version


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-12-30T12:00", "2027-01-01"),
        ("2027-01-01T00:00", "2027-02-01"),
        ("2027-01-31T23:59", "2027-02-01"),
        ("2027-02-01T00:00", "2028-03-01"),
        ("2028-02-29T00:00", "2028-03-01"),
        ("2028-03-01T00:00", None),
    ],
)
def test_the_next_midnight_at_which_something_changes(now: str, due: str | None) -> None:
    """Month and year ends, a leap day; of rules and of licences."""
    policy = Policy(
        "",
        {},
        (rule("january", ALLOW, valid_from="2027-01-01", valid_to="2027-01-31"),),
        (Licence("l", "MSB", "US", valid_to="2028-02-29"), Licence("x", "X", "US")),
    )
    found = next_boundary(policy, _instant(now))
    assert found == (None if due is None else _instant(f"{due}T00:00"))
    assert found is None or found % DAY == 0


def test_a_last_day_beyond_the_calendar_never_comes() -> None:
    """9999-12-31 is how some systems write "for ever"."""
    assert next_boundary(Policy("", {}, (rule("a", ALLOW, valid_to="9999-12-31"),)), 0) is None


def _instant(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    return from_datetime(datetime.fromisoformat(f"{text}+00:00"))


def test_the_check_says_which_rule_and_which_version() -> None:
    """For the record; to the client it is NOT_AUTHORISED without detail."""
    book = Rulebook(canonical(Policy("", {}, (rule("no", DENY),))))
    asked = Authority(client("ALPHA"), True, 0, TODAY, instrument("BTC/USD"))
    asked.policy = book.answer(XMR)
    found = jurisdiction(asked)
    assert found is not None
    assert (found.measured, found.limit) == ("no", f"policy {book.policy.version[:8]}")
    assert (found.refusal, found.detail, found.tag) == (Refusal.NOT_AUTHORISED, "", None)
    asked.policy = None
    closed = jurisdiction(asked)
    assert closed is not None
    assert closed.refusal is Refusal.NOT_AUTHORISED


# -- any rules at all ------------------------------------------------------------------------------

PLACES = (ANY, "US", "US-NY", "US-NJ", "DE", "LI", "CH", "EEA", "alps", "east")
ASSETS = (ANY, "class:crypto", "class:fx", "BTC", "ETH", "USD", "BTC/USD", "ETH/USD", "EUR/USD")
PRODUCTS = (ANY, "spot", "forward")
DAYS = ("", "2027-01-12", TODAY, "2027-01-14")
LICENCES = (
    Licence("a", "A", "EEA"),
    Licence("b", "B", "US-NY", valid_to=TODAY),
    Licence("c", "A", "CH", active=False),
)
SYMBOLS = {
    "BTC/USD": (("BTC", "USD"), "crypto"),
    "ETH/USD": (("ETH", "USD"), "crypto"),
    "EUR/USD": (("EUR", "USD"), "fx"),
}
rules_made = st.builds(
    PolicyRule,
    st.integers(0, 10**6).map(str),
    st.sampled_from([ALLOW, DENY, LIMIT, REVIEW]),
    st.sampled_from(PLACES),
    st.sampled_from(ASSETS),
    st.sampled_from((ANY, *CLASSES)),
    st.sampled_from(PRODUCTS),
    st.sampled_from((ANY, "buy", "sell")),
    st.just(()),
    st.sampled_from(("", "", "A", "B")),
    st.just(""),
    st.sampled_from(DAYS),
    st.sampled_from(DAYS),
)
rule_sets = st.lists(rules_made, max_size=25, unique_by=lambda one: one.rule_id)
questions = st.builds(
    lambda place, client_class, symbol, side, day: Question(
        *(place, client_class, symbol, *SYMBOLS[symbol], "spot", side, day)
    ),
    st.sampled_from(("US", "US-NY", "US-CA", "DE", "LI", "CH", "JP")),
    st.sampled_from(CLASSES),
    st.sampled_from(sorted(SYMBOLS)),
    st.sampled_from(("buy", "sell")),
    st.sampled_from(("2027-01-12", TODAY, "2027-01-14", "2027-01-15")),
)


def points_of(one: PolicyRule, asked: Question) -> int | None:
    """How specific a rule is to a question; None when it does not match on the day."""
    place, asset = _place_points(one, asked), _asset_points(one, asked)
    points = place + asset
    if one.client_class == ANY:
        if asked.client_class == "retail" and one.effect not in (DENY, REVIEW):
            return None
    elif one.client_class != asked.client_class:
        return None
    else:
        points += 1
    if one.product not in (ANY, asked.product) or one.side not in (ANY, asked.side):
        return None
    points += (one.product != ANY) + (one.side != ANY)
    if asked.day < one.valid_from or (one.valid_to and asked.day > one.valid_to):
        return None
    return points if points >= 0 else None


def _place_points(one: PolicyRule, asked: Question) -> int:
    if one.jurisdiction == ANY:
        return 0
    mine = {asked.jurisdiction, asked.jurisdiction[:2]}
    if one.jurisdiction in REGIONS:
        return 1 if mine.intersection(REGIONS[one.jurisdiction]) else -100
    if one.jurisdiction not in mine:
        return -100
    return 3 if len(one.jurisdiction) > 2 else 2


def _asset_points(one: PolicyRule, asked: Question) -> int:
    if one.asset == ANY:
        return 0
    if one.asset.startswith("class:"):
        return 1 if one.asset == f"class:{asked.asset_class}" else -100
    if "/" in one.asset:
        return 3 if one.asset == asked.symbol else -100
    return 2 if one.asset in asked.symbol.split("/") else -100


def reference(rules: list[PolicyRule], asked: Question) -> tuple[bool, str, str]:
    """Rule by rule: nothing of the index."""
    found = [
        (points, [ALLOW, LIMIT, REVIEW, DENY].index(one.effect), one)
        for one in rules
        if (points := points_of(one, asked)) is not None
    ]
    if not found:
        return False, DENY, ""
    top = max(points[:2] for points in found)
    equals = sorted((one[2] for one in found if one[:2] == top), key=lambda one: one.rule_id)
    effect = equals[0].effect
    if effect in (DENY, REVIEW):
        return False, effect, equals[0].rule_id
    for one in equals:
        if one.licence and not _licensed(one.licence, asked):
            return False, DENY, one.rule_id
    return True, effect, equals[0].rule_id


def _licensed(kind: str, asked: Question) -> bool:
    if kind == "A":
        return asked.jurisdiction in ("DE", "LI")
    return asked.jurisdiction == "US-NY" and asked.day <= TODAY


@settings(deadline=None)
@given(rule_sets, questions)
def test_the_index_answers_as_one_would_rule_by_rule(
    rules: list[PolicyRule], asked: Question
) -> None:
    """Whatever the rules, in whatever order."""
    said = answer(asked, *rules, licences=LICENCES)
    assert (said.allowed, said.effect, said.rule_id) == reference(rules, asked)
    assert said.finding is not None
    assert (said.finding.refusal is None) == said.allowed


@settings(deadline=None)
@given(rule_sets, questions)
def test_the_candidates_begin_with_who_decides(rules: list[PolicyRule], asked: Question) -> None:
    """What `policy explain` lists is what the gate went by."""
    book = Rulebook(canonical(Policy("", REGIONS, tuple(rules), LICENCES)))
    listed, said = book.candidates(asked), book.answer(asked)
    holding = [one for one in listed if one.holds]
    assert listed[: len(holding)] == holding
    strengths = [one.strength for one in holding]
    assert strengths == sorted(strengths, reverse=True)
    if said.rule_id:
        equals = [one.rule.rule_id for one in holding if one.strength == holding[0].strength]
        assert said.rule_id in equals
    else:
        assert not holding


@settings(deadline=None)
@given(rule_sets, questions)
def test_without_the_rules_that_allow_nothing_is_allowed(
    rules: list[PolicyRule], asked: Question
) -> None:
    """Closed by default: taking away a rule never opens, unless it denied."""
    closed = [one for one in rules if one.effect not in (ALLOW, LIMIT)]
    assert not answer(asked, *closed, licences=LICENCES).allowed
    said = answer(asked, *rules, licences=LICENCES)
    if said.allowed:
        matching = [one for one in rules if reference([one], asked)[2]]
        others = [one for one in rules if one not in matching or one.effect not in (ALLOW, LIMIT)]
        assert not answer(asked, *others, licences=LICENCES).allowed
    assert not answer(asked, *rules).allowed or not any(
        one.licence for one in rules if one.rule_id == answer(asked, *rules).rule_id
    )
