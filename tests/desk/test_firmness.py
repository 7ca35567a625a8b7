"""How firm a quote is: time to live and cancel band by rule, the four cases of last look (R19)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from otcfix.model.pricing import Guard, Life, Match, Rule, Sources
from tests.conversation import Conversation

OpenRuled = Callable[..., Conversation]


@pytest.fixture
def ruled(open_desk: Callable[..., Conversation]) -> OpenRuled:
    """A desk with these rules of pricing.toml."""

    def made(*rules: Rule) -> Conversation:
        return open_desk(pricing=rules)

    return made


def looked_at(*, improvement: bool = False) -> Rule:
    """Last look with a tolerance of 10 bp."""
    life = Life(last_look="tolerance", tolerance_bps=Decimal(10), improvement=improvement)
    return Rule("look", life=life)


def quoted(desk: Conversation) -> None:
    """ALPHA holds a quote to buy at 100100.00."""
    client = desk.client("A44")
    client.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|131=R1|117=Q1|133=100100.00
    """)


HIT = "C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D|44=100100"


@pytest.mark.parametrize(
    ("market", "improvement", "told", "outcome"),
    [
        ("100250", False, "D 35=8|11=A1|150=8|103=99|58=LAST_LOOK_PRICE: ...", ""),
        ("100100", False, "D 150=0\nD 150=F|31=100100.00", "WITHIN"),
        ("100050", True, "D 150=0\nD 150=F|31=100100.00", "WITHIN"),
        ("99850", True, "D 150=0\nD 150=F|31=99899.91", "IMPROVED"),
        ("99850", False, "D 150=0\nD 150=F|31=100100.00", "KEPT"),
    ],
)
def test_the_four_cases_of_last_look(
    ruled: OpenRuled, market: str, improvement: bool, told: str, outcome: str
) -> None:
    """Refused only for what moved against the desk by more than the tolerance; else filled."""
    desk = ruled(looked_at(improvement=improvement))
    quoted(desk)
    desk.sees("BTC/USD", bid=market, offer=market)
    lines = told.replace("D 150", "D 35=8|150")
    desk.client("A44").talk(f"{HIT}\n{lines}")
    looks = [trade.last_look for _, decision, _ in desk.told for trade in decision.trades]
    assert looks == ([outcome] if outcome else [])


def test_without_last_look_the_quoted_price_always_fills(desk: Conversation) -> None:
    """The default: whatever the market did, 62 is not over and the price stands."""
    quoted(desk)
    desk.sees("BTC/USD", bid="105000", offer="105000")
    desk.client("A44").talk(f"{HIT}\nD 35=8|150=0\nD 35=8|150=F|31=100100.00")
    assert [t.last_look for _, decision, _ in desk.told for t in decision.trades] == ["NONE"]


def test_last_look_without_depth_refuses(ruled: OpenRuled) -> None:
    """Fail closed: a price that must be looked at and cannot be made is no deal."""
    desk = ruled(looked_at())
    quoted(desk)
    desk.sees("BTC/USD", bid="100050x0.1", offer="100050x0.1")
    desk.client("A44").talk(f"{HIT}\nD 35=8|11=A1|150=8|103=99|58=LAST_LOOK_PRICE: ...")


def test_a_rule_says_how_long_a_quote_lives(ruled: OpenRuled) -> None:
    """ValidUntilTime(62) by the size asked for; what no rule says the instrument does."""
    desk = ruled(
        Rule("large", Match(size_min=Decimal(5)), life=Life(quote_life_ms=1_000)),
    )
    desk.client("A44").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|131=R1|62=T+3s
        C 35=R|131=R2|146=1|55=BTC/USD|54=2|38=5
        D 35=S|131=R2|62=T+1s
    """)


def test_a_rule_says_how_far_the_market_may_go(ruled: OpenRuled) -> None:
    """A firm quote dies when the reference leaves the cancel band of the rule it was made by."""
    desk = ruled(Rule("band", life=Life(cancel_band_bps=Decimal(20))))
    quoted(desk)
    client = desk.client("A44")
    desk.sees("BTC/USD", bid="100200", offer="100200")
    client.says_nothing_more()
    desk.sees("BTC/USD", bid="100300", offer="100300")
    client.talk("D 35=Z|117=Q1|298=1|295=1")


def test_the_desk_passes_when_its_own_position_would_grow_too_large(ruled: OpenRuled) -> None:
    """PASS for a quote, and what brings the position back is still quoted."""
    desk = ruled(Rule("book", guard=Guard(inventory_max=Decimal(1), through_max_bps=Decimal(0))))
    client = desk.client("A44")
    client.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|131=R1|117=Q1|133=100100.00
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F
        C 35=R|131=R2|146=1|55=BTC/USD|54=1|38=0.5
        D 35=AG|131=R2|658=10
        C 35=R|131=R3|146=1|55=BTC/USD|54=2|38=2
        D 35=S|131=R3|132=100000.00
        C 35=D|11=A2|55=BTC/USD|54=1|38=0.5|40=1|59=4
        D 35=8|11=A2|150=8|103=99|58=NO_DEPTH: ...
    """)


def test_every_quote_and_every_deal_without_one_says_why(ruled: OpenRuled) -> None:
    """The explanation names the quote or the fill; mid and parts come to the price exactly."""
    desk = ruled()
    quoted(desk)
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=2|38=1|40=1
        D 35=8|150=0
        D 35=8|17=E2|150=F|31=100000.00
    """)
    told = [one for _, decision, _ in desk.told for one in decision.explanations]
    trades = [one for _, decision, _ in desk.told for one in decision.trades]
    assert [one.ref_id for one in told][1:] == [trade.exec_id for trade in trades]
    for one in told:
        for side in one.sides:
            assert one.mid + sum(part.amount for part in side.components) == side.price
            assert [part.rule for part in side.components if part.name == "spread"] == [
                "tier:plain"
            ]


@pytest.mark.parametrize("age_max_ms", [500, 2_500])
def test_a_quote_dies_when_the_rules_own_age_is_over(ruled: OpenRuled, age_max_ms: int) -> None:
    """Shorter or longer than the instrument's 2,000 ms: then there is no reference any more."""
    desk = ruled(Rule("own", sources=Sources(age_max_ms=age_max_ms)))
    client = desk.client("A44")
    quoted(desk)
    desk.feed_stops("BTC/USD")
    desk.at(f"+{age_max_ms - 100}ms")
    client.says_nothing_more()
    desk.at("+200ms")
    client.talk("D 35=Z|131=R1|117=Q1")


def test_a_quote_dies_when_too_few_sources_are_left(ruled: OpenRuled) -> None:
    """Two must be fresh, and one of them has stopped."""
    desk = ruled(Rule("two", sources=Sources(fresh_min=2)))
    desk.sees("BTC/USD", bid="100050", offer="100050", source="other")
    quoted(desk)
    desk.feed_stops("BTC/USD")
    desk.at("+2100ms")
    desk.client("A44").talk("D 35=Z|131=R1|117=Q1")
