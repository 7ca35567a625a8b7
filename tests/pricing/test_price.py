"""A client's price: swept, marked up, rounded outward; and how much a limit reaches."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otcfix.model.decision import DepthTaken
from otcfix.model.messages import Side, Unit
from otcfix.model.party import Tier
from otcfix.model.pricing import Parameters
from otcfix.model.rates import Level, Rates, SourceBook
from otcfix.model.refusal import Refusal
from otcfix.pricing import Priced, client_price
from otcfix.pricing.client_price import Case
from otcfix.pricing.composite import Composite, compose
from otcfix.pricing.ladder import Ladder, ladder
from otcfix.pricing.rules import Settings
from otcfix.pricing.sweep import take
from tests.support.house_desk import INSTRUMENTS

BTC = INSTRUMENTS["BTC/USD"]
TIER = Tier("t", Decimal(5), Decimal(0))
NOW = 1_000_000_000


def book(bids: list[Level], offers: list[Level], *, source: str = "x", age: int = 0) -> SourceBook:
    return SourceBook(source, 1, NOW - age, tuple(bids), tuple(offers))


def rates(*books: SourceBook) -> Rates:
    return Rates("BTC/USD", books)


def d(text: str) -> Decimal:
    return Decimal(text)


TWO = rates(book([(d("99"), d("1")), (d("98"), d("1"))], [(d("101"), d("1")), (d("102"), d("1"))]))


NOTHING_KNOWN = Parameters("BTC/USD")


def reference(found: Rates | None) -> Composite | Refusal:
    """The market without any rule."""
    composite = compose(found, BTC, None, {}, NOTHING_KNOWN, NOW)
    return composite.refusal or composite


def client_side(found: Rates, side: Side, taken: dict[tuple[str, str, Side], DepthTaken]) -> Ladder:
    return ladder(compose(found, BTC, None, {}, NOTHING_KNOWN, NOW), side, taken)


def case(market: Composite, tier: Tier) -> Case:
    return Case(BTC, "ALPHA", tier, NOW, market, Settings(()), NOTHING_KNOWN)


def priced(
    found: Rates, side: Side, quantity: str, unit: Unit = Unit.BASE, tier: Tier = TIER
) -> Priced | Refusal:
    ref = reference(found)
    assert isinstance(ref, Composite)
    levels = client_side(found, side, {})
    return client_price.price(case(ref, tier), levels, side, d(quantity), unit)


# -- one price ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "quantity", "wanted"),
    [
        # the middle is 100, half the spread of 5 bp is 0.05
        (Side.BUY, "1", "101.05"),
        (Side.SELL, "1", "98.95"),
        (Side.BUY, "2", "101.55"),
        (Side.SELL, "2", "98.45"),
        (Side.BUY, "1.5", "101.39"),  # 101.38333 outward
        (Side.SELL, "1.5", "98.61"),  # 98.61666 outward
    ],
)
def test_a_price_is_swept_marked_up_and_rounded_outward(
    side: Side, quantity: str, wanted: str
) -> None:
    """Average of the levels taken, half the tier's spread of the middle, outward to the tick."""
    found = priced(TWO, side, quantity)
    assert isinstance(found, Priced)
    assert found.price == d(wanted)
    assert found.base == d(quantity)
    assert found.mid == 100


def test_terms_sweep_terms() -> None:
    """203 in terms take both levels of the offer: 1 at 101 and 1 at 102."""
    found = priced(TWO, Side.BUY, "203", Unit.TERMS)
    assert isinstance(found, Priced)
    assert found.reference == d("101.5")
    assert found.price == d("101.55")


def test_cash_buys_whole_lots() -> None:
    """Cash becomes base at the client's price, down to the lot."""
    found = priced(TWO, Side.BUY, "10", Unit.CASH)
    assert isinstance(found, Priced)
    assert found.base == d("0.098")  # 10 / 101.05 is 0.09896


@pytest.mark.parametrize(
    ("quantity", "unit", "refusal"),
    [
        ("2.001", Unit.BASE, Refusal.NO_DEPTH),
        ("204", Unit.TERMS, Refusal.NO_DEPTH),
        ("0.05", Unit.CASH, Refusal.BAD_QUANTITY),
    ],
)
def test_what_cannot_be_priced(quantity: str, unit: Unit, refusal: Refusal) -> None:
    """More than is shown, or less than a lot."""
    assert priced(TWO, Side.BUY, quantity, unit) is refusal


def test_a_price_that_would_be_nothing() -> None:
    """A spread that eats the whole price is an unstable market, never a price of zero."""
    found = priced(TWO, Side.SELL, "1", tier=Tier("t", d("10000"), d("0")))
    assert found is Refusal.MARKET_UNSTABLE


def test_references() -> None:
    """Best of the fresh books; none fresh: no price; crossed: unstable; locked: a price."""
    other = book([(d("100"), d("1"))], [(d("103"), d("1"))], source="y")
    ref = reference(rates(*TWO.books, other))
    assert isinstance(ref, Composite)
    assert (ref.bid, ref.offer, ref.mid) == (d("100"), d("101"), d("100.5"))
    old = book([(d("100"), d("1"))], [(d("103"), d("1"))], age=2_000_001)
    assert reference(rates(old)) is Refusal.NO_PRICE
    assert reference(None) is Refusal.NO_PRICE
    crossed = book([(d("101.01"), d("1"))], [(d("103"), d("1"))], source="y")
    assert reference(rates(*TWO.books, crossed)) is Refusal.MARKET_UNSTABLE
    locked = book([(d("101"), d("1"))], [(d("103"), d("1"))], source="y")
    assert isinstance(reference(rates(*TWO.books, locked)), Composite)


def test_depth_of_two_sources_is_walked_best_first() -> None:
    """Levels of all fresh sources, by price; a stale one shows nothing."""
    other = book([(d("97"), d("5"))], [(d("101.5"), d("5"))], source="y")
    stale = book([(d("99.5"), d("5"))], [(d("100"), d("5"))], source="z", age=3_000_000)
    levels = client_side(rates(*TWO.books, other, stale), Side.BUY, {})
    assert [px for px, _, _ in levels] == [d("101"), d("101.5"), d("102")]
    assert levels.total()[0] == 7


def test_taken_depth_comes_off_the_top_until_the_source_updates() -> None:
    """1.5 taken of snapshot 1 leaves half of the second level; snapshot 2 shows all again."""
    for snapshot, left in ((1, [(d("102"), d("0.5"))]), (2, [(d("101"), 1), (d("102"), 1)])):
        gone = {
            ("x", "BTC/USD", Side.BUY): DepthTaken("x", "BTC/USD", snapshot, Side.BUY, d("1.5"))
        }
        levels = client_side(TWO, Side.BUY, gone)
        assert [(px, quantity) for px, quantity, _ in levels] == left


# -- properties --------------------------------------------------------------------------------

ticks = st.integers(1, 200_000).map(lambda n: n * d("0.01"))
sizes = st.integers(1, 5_000).map(lambda n: n * d("0.001"))
spreads = st.integers(0, 500).map(lambda n: Decimal(n) / 10)


@st.composite
def markets(draw: st.DrawFn) -> Rates:
    """One or two books around a middle, not crossed between them."""
    middle = draw(st.integers(500_000, 5_000_000)) * d("0.01")
    books = []
    for name in "ab"[: draw(st.integers(1, 2))]:
        steps = st.lists(st.tuples(ticks, sizes), min_size=1, max_size=4)
        bids, px = [], middle
        for step, size in draw(steps):
            px -= step
            bids.append((px, size))
        offers, px = [], middle
        for step, size in draw(steps):
            px += step
            offers.append((px, size))
        books.append(book(bids, offers, source=name))
    assume(all(px > 0 for b in books for px, _ in b.bids))
    return rates(*books)


@given(found=markets(), bps=spreads, quantity=sizes)
def test_quotes_never_cross_the_middle(found: Rates, bps: Decimal, quantity: Decimal) -> None:
    """Bid <= middle <= offer, and never better than the market swept."""
    tier = Tier("t", bps, Decimal(0))
    ref = reference(found)
    assert isinstance(ref, Composite)
    sides = {side: priced(found, side, f"{quantity}", tier=tier) for side in Side}
    if isinstance(sides[Side.BUY], Priced):
        assert sides[Side.BUY].price >= ref.offer >= ref.mid
        assert sides[Side.BUY].price >= sides[Side.BUY].reference
        assert sides[Side.BUY].price % BTC.tick == 0
    if isinstance(sides[Side.SELL], Priced):
        assert sides[Side.SELL].price <= ref.bid <= ref.mid
        assert sides[Side.SELL].price <= sides[Side.SELL].reference
        assert sides[Side.SELL].price % BTC.tick == 0


@given(found=markets(), bps=spreads, quantity=sizes)
def test_rounding_is_outward_and_less_than_a_tick(
    found: Rates, bps: Decimal, quantity: Decimal
) -> None:
    """The price lies beyond the marked-up average by less than one tick."""
    tier = Tier("t", bps, Decimal(0))
    for side in Side:
        made = priced(found, side, f"{quantity}", tier=tier)
        if isinstance(made, Priced):
            way = 1 if side is Side.BUY else -1
            exact = made.reference + way * made.half_spread
            assert 0 <= way * (made.price - exact) < BTC.tick + d("1E-15")


@given(found=markets(), small=sizes, more=sizes)
def test_a_larger_size_is_never_cheaper(found: Rates, small: Decimal, more: Decimal) -> None:
    """The price is monotonic in the size, in base and in terms."""
    for side in Side:
        for unit, scale in ((Unit.BASE, 1), (Unit.TERMS, 100)):
            first = priced(found, side, f"{small * scale}", unit)
            then = priced(found, side, f"{(small + more) * scale}", unit)
            if isinstance(first, Priced) and isinstance(then, Priced):
                assert then.price >= first.price if side is Side.BUY else then.price <= first.price
            assert isinstance(first, Priced) or not isinstance(then, Priced)


@given(found=markets(), bps=spreads, lots=st.integers(1, 20_000), over=st.integers(-3_000, 3_000))
def test_the_largest_fill_is_within_the_limit_and_maximal(
    found: Rates, bps: Decimal, lots: int, over: int
) -> None:
    """R16: q* prices within the limit, and one lot more does not (or there is no more)."""
    tier, quantity = Tier("t", bps, Decimal(0)), lots * BTC.lot
    ref = reference(found)
    assert isinstance(ref, Composite)
    for side in Side:
        levels = client_side(found, side, {})
        worst = (ref.mid + over * d("0.01")).quantize(d("0.01"))
        most = client_price.largest(case(ref, tier), levels, side, quantity, worst)
        assert 0 <= most <= quantity
        if most:
            at = client_price.price(case(ref, tier), levels, side, most, Unit.BASE)
            assert isinstance(at, Priced)
            assert at.price <= worst if side is Side.BUY else at.price >= worst
        further = most + BTC.lot
        if further <= quantity:
            beyond = client_price.price(case(ref, tier), levels, side, further, Unit.BASE)
            assert (
                beyond is Refusal.NO_DEPTH
                or not isinstance(beyond, Priced)
                or (beyond.price > worst if side is Side.BUY else beyond.price < worst)
            )


@given(found=markets(), first=sizes, second=sizes)
def test_what_was_taken_cannot_be_taken_again(
    found: Rates, first: Decimal, second: Decimal
) -> None:
    """Taking twice is taking the sum: the depth left is what was shown less both."""
    taken: dict[tuple[str, str, Side], DepthTaken] = {}
    total = client_side(found, Side.BUY, taken).total()[0]
    assume(first + second <= total)
    for quantity in (first, second):
        levels = client_side(found, Side.BUY, taken)
        for gone in take(levels, quantity, "BTC/USD", Side.BUY, taken):
            taken[gone.source, gone.symbol, gone.side] = gone
    assert client_side(found, Side.BUY, taken).total()[0] == total - first - second


@given(found=markets(), target=sizes)
def test_a_sweep_takes_no_more_than_it_needs(found: Rates, target: Decimal) -> None:
    """Swept base is the target exactly, and its value lies between best and worst level."""
    levels = client_side(found, Side.BUY, {})
    swept = levels.sweep(target, False)
    if swept is None:
        assert levels.total()[0] < target
        return
    base, terms = swept
    assert base == target
    pxs = [px for px, _, _ in levels]
    assert pxs[0] * base <= terms <= pxs[-1] * base
