"""The sources' depth as one ladder: fees, order, what was taken, and how far it is walked."""

from collections.abc import Iterator
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.decision import DepthTaken
from otcfix.model.messages import Side
from otcfix.model.rates import Rates, SourceBook
from otcfix.pricing.composite import Composite, compose
from otcfix.pricing.ladder import Ladder, ladder
from otcfix.pricing.sweep import take
from tests.pricing.support import BTC, NOTHING, NOW, book, composed, d, side

VENUES = (
    book("a", side("99x1", "98x2"), side("101x1", "103x2")),
    book("b", side("98.5x1"), side("101.5x1", "102x1")),
    book("c", side("99x0.5"), side("101x0.5", "110x9")),
)
FEES = {"a": "100", "b": "20"}  # 1 %, 0.2 %


def test_three_venues_with_fees_by_hand() -> None:
    """c 101; b 101.5 x 1.002 = 101.703; a 101 x 1.01 = 102.01; b 102.204; a 104.03; c 110."""
    levels = ladder(composed(*VENUES, fees=FEES), Side.BUY, {})
    assert [(px, quantity, shown.source) for px, quantity, shown in levels] == [
        (d("101"), d("0.5"), "c"),
        (d("101.703"), d("1"), "b"),
        (d("102.01"), d("1"), "a"),
        (d("102.204"), d("1"), "b"),
        (d("104.03"), d("2"), "a"),
        (d("110"), d("9"), "c"),
    ]
    # 0.5 x 101 + 101.703 + 0.5 x 102.01
    assert levels.sweep(d("2"), False) == (d("2"), d("203.208"))
    assert levels.sweep(d("203.208"), True) == (d("2"), d("203.208"))
    assert levels.total()[0] == d("14.5")
    assert levels.sweep(d("14.5"), False) is not None
    assert levels.sweep(d("14.501"), False) is None


def test_selling_pays_the_fee_too() -> None:
    """c 99; b 98.5 x 0.998 = 98.303; a 99 x 0.99 = 98.01, 98 x 0.99 = 97.02."""
    levels = ladder(composed(*VENUES, fees=FEES), Side.SELL, {})
    assert [px for px, _, _ in levels] == [d("99"), d("98.303"), d("98.01"), d("97.02")]


def test_what_was_taken_is_off_the_top_of_its_snapshot() -> None:
    """1.5 of a's snapshot 1 leaves 1.5 of its second level; of another snapshot nothing."""
    market = composed(*VENUES)
    for snapshot, left in ((1, [(d("103"), d("1.5"))]), (2, [(d("101"), 1), (d("103"), 2)])):
        gone = {
            ("a", "BTC/USD", Side.BUY): DepthTaken("a", "BTC/USD", snapshot, Side.BUY, d("1.5"))
        }
        levels = ladder(market, Side.BUY, gone)
        assert [(px, q) for px, q, shown in levels if shown.source == "a"] == left


def test_taking_walks_the_ladder() -> None:
    """`take` says per source what a deal uses up."""
    levels = ladder(composed(*VENUES, fees=FEES), Side.BUY, {})
    assert [
        (gone.source, gone.quantity) for gone in take(levels, d("2"), "BTC/USD", Side.BUY, {})
    ] == [("c", d("0.5")), ("b", d("1")), ("a", d("0.5"))]


def test_no_more_is_merged_than_is_walked() -> None:
    """A small size out of a deep book touches its first rung alone."""
    seen = []

    def rungs() -> Iterator[tuple[Decimal, Decimal, SourceBook]]:
        for number in range(20):
            seen.append(number)
            yield Decimal(100 + number), Decimal(1), VENUES[0]

    levels = Ladder(rungs())
    assert levels.sweep(d("0.5"), False) == (d("0.5"), d("50"))
    assert seen == [0]
    assert levels.sweep(d("2.5"), False) == (d("2.5"), d("252"))
    assert levels.sweep(d("0.5"), False) == (d("0.5"), d("50"))
    assert seen == [0, 1, 2]


def test_one_level_and_none() -> None:
    """Depth of one level is swept to its end; no depth is none."""
    levels = ladder(composed(book("a", side("99x1"), side("101x1"))), Side.BUY, {})
    assert levels
    assert levels.sweep(d("1"), False) == (d("1"), d("101"))
    assert levels.sweep(d("1.001"), False) is None
    empty = Ladder(iter(()))
    assert not empty
    assert empty.sweep(d("1"), False) is None
    assert empty.sweep(d("0"), False) is None
    assert empty.total() == (0, 0)


# -- properties --------------------------------------------------------------------------------

steps = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 5_000)), min_size=1, max_size=6)
fee_bps = st.integers(0, 30).map(Decimal)
sizes = st.integers(1, 20_000).map(lambda n: n * d("0.001"))


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[SourceBook], dict[str, str]]:
    """One to three books around 1000."""
    books, fees = [], {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        sides = []
        for way in (-1, 1):
            px, levels = Decimal(1000), []
            for step, size in draw(steps):
                px += way * Decimal(step) / 100
                levels.append((px, size * d("0.001")))
            sides.append(tuple(levels))
        books.append(book(name, *sides))
        fees[name] = f"{draw(fee_bps)}"
    return books, fees


def market(found: tuple[list[SourceBook], dict[str, str]]) -> Composite:
    return composed(*found[0], fees=found[1])


@given(markets(), sizes, sizes)
def test_a_larger_sweep_is_never_better_on_average(
    found: tuple[list[SourceBook], dict[str, str]], small: Decimal, more: Decimal
) -> None:
    """The average is monotone in the size, in base and in terms, and short depth stays short."""
    for which in Side:
        for in_terms, scale in ((False, 1), (True, 1000)):
            levels = ladder(market(found), which, {})
            first = levels.sweep(small * scale, in_terms)
            then = levels.sweep((small + more) * scale, in_terms)
            if first is None:
                assert then is None
            elif then is not None:
                a, b = first[1] / first[0], then[1] / then[0]
                slack = d("1E-20")
                assert b >= a - slack if which is Side.BUY else b <= a + slack


@given(markets(), sizes, st.randoms(use_true_random=False))
def test_the_order_of_sources_changes_no_sweep(
    found: tuple[list[SourceBook], dict[str, str]], size: Decimal, chance: object
) -> None:
    """Permuting the stamp's books leaves base and terms as they are."""
    books, fees = found
    first = [ladder(market(found), which, {}).sweep(size, False) for which in Side]
    shuffled = list(books)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert first == [
        ladder(market((shuffled, fees)), which, {}).sweep(size, False) for which in Side
    ]


@given(markets(), sizes)
def test_the_parts_of_a_sweep_sum_exactly(
    found: tuple[list[SourceBook], dict[str, str]], size: Decimal
) -> None:
    """Walking rung by rung gives the same base and terms, and the base is the size itself."""
    for which in Side:
        levels = ladder(market(found), which, {})
        swept = levels.sweep(size, False)
        left, terms = size, Decimal(0)
        for px, quantity, _ in levels:
            part = min(left, quantity)
            left, terms = left - part, terms + part * px
        assert swept == (None if left else (size, terms))
        rungs = [px for px, _, _ in levels]
        assert rungs == sorted(rungs, reverse=which is Side.SELL)


@given(markets())
def test_without_fees_the_smallest_sweep_is_the_best_price(
    found: tuple[list[SourceBook], dict[str, str]],
) -> None:
    """sweep(Q -> 0) is the best level."""
    rates = Rates("BTC/USD", tuple(found[0]))
    made = compose(rates, BTC, None, {}, NOTHING, NOW)
    assert ladder(made, Side.BUY, {}).sweep(d("0.001"), False) == (d("0.001"), made.offer / 1000)
    assert ladder(made, Side.SELL, {}).sweep(d("0.001"), False) == (d("0.001"), made.bid / 1000)
