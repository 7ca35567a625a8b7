"""Which sources make the market, why the others do not, and the middle of those that do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from otcfix.model.pricing import Parameters, Sources, SourceTerms
from otcfix.model.rates import Rates, SourceBook
from otcfix.model.refusal import Refusal
from otcfix.pricing.composite import Composite, compose
from tests.pricing.support import BTC, NOTHING, NOW, around, book, composed, d, side

ANY = Sources()
THREE = (around("a", "100"), around("b", "100.01"), around("c", "99.99"))


def test_three_that_agree_are_all_used() -> None:
    """Best bid and offer of all, the mean of the mids, and the age of each."""
    found = composed(*THREE, around("d", "100.04", age_ms=250), sources=ANY)
    assert found.refusal is None
    assert (found.bid, found.offer, found.mid) == (d("99.04"), d("100.99"), d("100.01"))
    assert found.used[0] == ("a", d("100"), 0)
    assert found.used[3] == ("d", d("100.04"), 250)
    assert found.refused == ()


def test_weights_move_the_middle() -> None:
    """1 x 100 and 3 x 101 average 100.75; a cross weighs as its first leg."""
    for name in ("b", "b*usdt"):
        found = composed(
            around("a", "100"),
            around(name, "101"),
            sources=ANY,
            weights={"b": "3"},
        )
        assert found.mid == d("100.75")


def test_the_middle_stays_between_bid_and_offer() -> None:
    """A wide source with all the weight cannot pull the mid out of the market."""
    found = composed(
        around("a", "100", "0.1"),
        around("b", "103", "5"),
        sources=ANY,
        weights={"a": "1", "b": "99"},
    )
    assert (found.offer, found.mid) == (d("100.1"), d("100.1"))


def test_weights_that_are_all_zero_leave_the_middle_of_the_best() -> None:
    """Nothing to weigh with is no division by zero."""
    found = composed(THREE[0], THREE[1], sources=ANY, weights={"a": "0", "b": "0"})
    assert found.mid == (found.bid + found.offer) / 2


def why(name: str, *books: SourceBook, sources: Sources = ANY, **more: object) -> str:
    """The reason why *name* was refused, while the others were not."""
    found = composed(*books, sources=sources, **more)  # type: ignore[arg-type]
    assert found.refusal is None
    assert [source for source, _ in found.refused] == [name]
    assert name not in [source for source, _, _ in found.used]
    assert name not in [each.source for each in found.books]
    return found.refused[0][1]


def test_a_stale_source_is_told_with_its_age() -> None:
    """The instrument's 2 s, or the rule's own limit; the limit itself is young enough."""
    assert why("d", *THREE, around("d", "100", age_ms=2140)) == "stale 2140 ms"
    strict = Sources(age_max_ms=100)
    assert why("d", *THREE, around("d", "100", age_ms=101), sources=strict) == "stale 101 ms"
    assert composed(around("d", "100", age_ms=2000), sources=ANY).refusal is None


def test_a_source_of_tomorrow_is_young() -> None:
    """A venue's clock ahead of ours: its age is nought, not negative."""
    found = composed(around("a", "100", age_ms=-500), sources=ANY)
    assert found.used == (("a", d("100"), 0),)


def test_a_one_sided_source_is_left_out() -> None:
    """Neither its mid nor its depth counts."""
    assert why("d", *THREE, book("d", side("99x1"), ())) == "one-sided"
    assert why("d", *THREE, book("d", (), side("101x1"))) == "one-sided"


def test_a_source_crossed_in_itself_is_left_out() -> None:
    """A bid above its own offer is a broken book; a locked one is not."""
    assert why("d", *THREE, book("d", side("100.1x1"), side("100x1"))) == "crossed in itself"
    assert composed(book("d", side("100x1"), side("100x1")), sources=ANY).mid == 100


@pytest.mark.parametrize(
    ("bid", "offer", "reason"),
    [
        ("NaNx1", "101x1", "not a number"),
        ("99x1", "101xNaN", "not a number"),
        ("99x1", "Infinityx1", "not a number"),
        ("99x0", "101x1", "not positive"),
        ("99x1", "101x-1", "not positive"),
        ("-1x1", "101x1", "not positive"),
    ],
)
def test_what_is_no_price_is_left_out(bid: str, offer: str, reason: str) -> None:
    """NaN, infinities, zero and negative prices or sizes at the top."""
    bad = book("d", side(bid), side(offer))
    assert why("d", *THREE, bad) == reason
    assert composed(bad).refusal is Refusal.NO_PRICE  # without a rule as well


def test_an_outlier_is_told_with_its_distance() -> None:
    """0.351 from the median 100 is 35.1 bp, beyond 6 x the floor of 2 bp."""
    books = (around("a", "100"), around("b", "100"), around("c", "100.351"))
    assert why("c", *books) == "outlier 35.1 bp"


def test_two_sources_know_no_outlier() -> None:
    """Of two nobody can say which is wrong."""
    found = composed(around("a", "100", "2"), around("b", "101", "2"), sources=ANY)
    assert len(found.used) == 2


def test_deviations_are_counted_in_the_sources_own_scatter() -> None:
    """Mids scattered by 0.5 on average: 2 is 4 deviations; with mad_max 3 it is out."""
    books = tuple(
        around(name, mid, "3")
        for name, mid in zip("abcde", ("99.5", "99.8", "100", "100.5", "102"), strict=True)
    )
    assert len(composed(*books, sources=ANY).used) == 5
    assert why("e", *books, sources=Sources(mad_max=d("3"))) == "outlier 200.0 bp"
    generous = Sources(mad_max=d("3"), mad_floor_bps=d("70"))
    assert len(composed(*books, sources=generous).used) == 5


def test_a_wide_source_is_told_with_its_spread() -> None:
    """0.12 of 100 is 12 bp, beyond 5 x the usual 2; of an unknown source no spread is wide."""
    parameters = Parameters("BTC/USD", usual_bps=(("d", d("2")), ("c", d("0"))))
    wide = around("d", "100", "0.06")
    assert why("d", *THREE, wide, parameters=parameters) == "wide 12.0 bp"
    narrow = around("d", "100", "0.05")
    assert len(composed(*THREE, narrow, sources=ANY, parameters=parameters).used) == 4


def test_a_source_outside_the_rule_is_left_out() -> None:
    """names binds by the book's own name."""
    named = Sources(names=("a", "b"))
    assert why("c", *THREE, sources=named) == "not in the rule"


def test_sources_without_a_book_are_told_with_the_feeds_word() -> None:
    """What the stamp says is missing is passed on as it is."""
    gap = (("d", "gapped: 7 after 5"),)
    assert why("d", *THREE, missing=gap) == "gapped: 7 after 5"
    assert composed(*THREE, missing=gap).refused == gap  # without a rule as well


def test_of_two_that_cross_the_older_gives_way() -> None:
    """Never a market inside out; the newer one stands, whichever side it is on."""
    old, new = around("a", "100", "0.1", age_ms=50), around("b", "101", "0.1")
    assert why("a", old, new) == "crossed by b, which is newer"
    assert why("a", new, old) == "crossed by b, which is newer"
    newer = around("a", "100", "0.1")
    older = around("b", "101", "0.1", age_ms=1)
    assert why("b", newer, older) == "crossed by a, which is newer"


def test_of_equal_bids_the_older_is_the_one_that_crosses() -> None:
    """a (90 ms) gives way to c (50 ms), which then gives way to b (10 ms)."""
    a, b = (around(name, "101", "0.1", age_ms=age) for name, age in (("a", 90), ("b", 10)))
    found = composed(b, a, around("c", "100", "0.1", age_ms=50), sources=Sources(mad_max=d("99")))
    assert [name for name, _, _ in found.used] == ["b"]
    assert [name for name, _ in found.refused] == ["a", "c"]


def test_a_cross_pays_the_fees_of_both_legs() -> None:
    """1.001 x 1.002 - 1: dealing it means dealing in both."""
    found = composed(around("a*b", "100"), sources=ANY, fees={"a": "10", "b": "20"})
    assert found.fees == (d("0.003002"),)
    assert composed(around("a*b", "100"), fees={"b": "20"}).fees == (d("0.002"),)


@pytest.mark.parametrize("sources", [None, ANY, Sources(names=("perp", "perp*usdt"))])
@pytest.mark.parametrize("name", ["perp", "perp*usdt"])
def test_a_perpetual_that_is_shifted_never_stands_alone(name: str, sources: Sources | None) -> None:
    """R11: whatever took spot away, its own width or the rule's names."""
    perpetual = {"perp": SourceTerms("perp", shifted=True)}
    both = (around(name, "100"), book("spot", side("99x1"), ()))

    def made(terms: dict[str, SourceTerms], symbol: str = "BTC/USD") -> Composite:
        instrument = structs.replace(BTC, symbol=symbol)
        return compose(Rates(symbol, both), instrument, sources, terms, NOTHING, NOW)

    assert made(perpetual).refusal is Refusal.NO_PRICE
    assert (name, "no spot beside it") in made(perpetual).refused
    assert made({}).refusal is None
    named = {"perp": SourceTerms("perp", shifted=True, reference_of="BTC/USD-PERP")}
    assert made(named).refusal is Refusal.NO_PRICE
    assert made(named, "BTC/USD-PERP").refusal is None


def test_beside_spot_a_perpetual_counts() -> None:
    """As any other source."""
    books = (around("perp", "100"), around("spot", "100"))
    terms = {"perp": SourceTerms("perp", shifted=True)}
    found = compose(Rates("BTC/USD", books), BTC, ANY, terms, NOTHING, NOW)
    assert [source for source, _, _ in found.used] == ["perp", "spot"]


def test_fees_may_uncross_two_sources() -> None:
    """Bid 100.05 over offer 100: with 3 bp on each side there is nothing to be had."""
    low, high = book("a", side("99x1"), side("100x1")), book("b", side("100.05x1"), side("101x1"))
    assert len(composed(low, high, sources=ANY, fees={"a": "3", "b": "3"}).used) == 2
    assert len(composed(low, high, sources=ANY, fees={"a": "2", "b": "2"}).used) == 1


def test_too_few_survivors_are_no_price() -> None:
    """fresh_min counts after every refusal, the crossing ones included."""
    two = Sources(fresh_min=2)
    assert composed(*THREE[:2], sources=two).refusal is None
    assert composed(THREE[0], sources=two).refusal is Refusal.NO_PRICE
    crossed = (around("a", "100", "0.1", age_ms=50), around("b", "101", "0.1"))
    found = composed(*crossed, sources=two)
    assert found.refusal is Refusal.NO_PRICE
    assert found.refused == (("a", "crossed by b, which is newer"),)
    assert composed(sources=Sources(fresh_min=0)).refusal is Refusal.NO_PRICE
    assert compose(None, BTC, ANY, {}, NOTHING, NOW).refusal is Refusal.NO_PRICE


def test_without_a_rule_the_market_is_the_best_of_all_fresh() -> None:
    """The middle of best bid and offer; crossed is unstable, and still shows its books."""
    found = composed(around("a", "100", "0.5"), around("b", "100.3", "0.5"))
    assert (found.bid, found.offer, found.mid) == (d("99.8"), d("100.5"), d("100.15"))
    found = composed(around("a", "100", "0.1"), around("b", "101", "0.1"))
    assert found.refusal is Refusal.MARKET_UNSTABLE
    assert len(found.books) == 2
    found = composed(around("a", "100", age_ms=2001))
    assert found.refusal is Refusal.NO_PRICE
    assert found.refused == (("a", "stale 2001 ms"),)


# -- properties --------------------------------------------------------------------------------

mids = st.integers(9_900, 10_100).map(lambda n: Decimal(n) / 100)
halves = st.integers(0, 50).map(lambda n: Decimal(n) / 100)
tops = st.lists(st.tuples(mids, halves, st.integers(0, 5_000)), min_size=0, max_size=5)


def books_of(found: list[tuple[Decimal, Decimal, int]]) -> list[SourceBook]:
    return [
        around(name, f"{mid}", f"{half}", age_ms=age)
        for name, (mid, half, age) in zip("abcde", found, strict=False)
    ]


TERMS = {name: SourceTerms(name, Decimal(fee)) for name, fee in zip("abc", (0, 1, 5), strict=True)}


@given(tops, st.randoms(use_true_random=False), st.sampled_from([None, ANY]))
def test_the_order_of_sources_says_nothing(
    found: list[tuple[Decimal, Decimal, int]], chance: object, sources: Sources | None
) -> None:
    """Mid, bid, offer, and who is refused are the same in any order of the stamp."""
    books = books_of(found)
    first = compose(Rates("BTC/USD", tuple(books)), BTC, sources, TERMS, NOTHING, NOW)
    chance.shuffle(books)  # type: ignore[attr-defined]
    then = compose(Rates("BTC/USD", tuple(books)), BTC, sources, TERMS, NOTHING, NOW)
    assert (first.mid, first.bid, first.offer) == (then.mid, then.bid, then.offer)
    assert sorted(first.used) == sorted(then.used)
    assert sorted(first.refused) == sorted(then.refused)
    assert first.refusal is then.refusal


@given(tops, st.sampled_from([None, ANY, Sources(age_max_ms=700, fresh_min=2)]))
def test_every_source_is_used_or_told_and_none_is_stale(
    found: list[tuple[Decimal, Decimal, int]], sources: Sources | None
) -> None:
    """No book older than the limit is ever in the market; nobody disappears in silence."""
    books = books_of(found)
    made = compose(Rates("BTC/USD", tuple(books)), BTC, sources, TERMS, NOTHING, NOW)
    limit = sources.age_max_ms if sources and sources.age_max_ms else BTC.price_age_max_ms
    ages = {each.source: (NOW - each.changed_at) // 1000 for each in books}
    assert all(ages[each.source] <= limit for each in made.books)
    stale = [name for name, age in ages.items() if age > limit]
    assert all((name, f"stale {ages[name]} ms") in made.refused for name in stale)
    if made.refusal is None:
        told = [name for name, _, _ in made.used] + [name for name, _ in made.refused]
        assert sorted(told) == sorted(ages)
        assert made.bid > 0
        bid = max(b.bids[0][0] * (1 - fee) for b, fee in zip(made.books, made.fees, strict=True))
        ask = min(b.offers[0][0] * (1 + fee) for b, fee in zip(made.books, made.fees, strict=True))
        assert bid <= ask
    if len(stale) == len(ages):
        assert made.refusal is Refusal.NO_PRICE
