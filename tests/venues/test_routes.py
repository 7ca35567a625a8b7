"""From a source's book to a book of a pair: directly, or dealt through a second one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.venues.routes import Cross, price_step, quantity_step, routes_of, through
from tests.venues.support import instrument, levels, perpetual, spot

STEPS = {"px_step": Decimal("0.0001"), "qty_step": Decimal("0.00000001")}


def names(symbol, *specs):
    """Return (source, its crosses, shifted) of each route to *symbol*."""
    return [
        (route.source.name, [cross.source for cross in route.crosses], route.shifted)
        for route in routes_of(instrument(symbol), specs)
    ]


def test_spot_in_the_same_quote_asset_contributes():
    """And only that: a dollar coin is not a dollar (R11)."""
    specs = (spot("a", "BTC/USDT"), spot("b", "BTC/USD"), spot("c", "ETH/USD"))

    assert names("BTC/USD", *specs) == [("b", [], False)]
    assert names("BTC/USDT", *specs) == [("a", [], False)]


def test_another_quote_asset_goes_through_a_live_cross():
    """Direct crosses first, then inverse ones."""
    specs = (spot("a", "BTC/USDT"), spot("inv", "USD/USDT"), spot("x", "USDT/USD"))

    assert names("BTC/USD", *specs) == [("a", ["x", "inv"], False)]
    (route,) = routes_of(instrument("BTC/USD"), specs)
    assert route.crosses == (Cross("x", inverse=False), Cross("inv", inverse=True))
    assert route.sources == ("a", "x", "inv")


def test_a_perpetual_is_no_cross():
    """A cross is dealt, at a spot price."""
    assert names("BTC/USD", spot("a", "BTC/USDT"), perpetual("x", "USDT/USD", basis="ewma")) == []


def test_a_perpetual_contributes_only_by_its_basis():
    """R11."""
    assert names("BTC/USDT", perpetual("p", "BTC/USDT")) == []
    assert names("BTC/USDT", perpetual("p", "BTC/USDT", basis="ewma")) == [("p", [], True)]


def test_an_instrument_named_for_a_perpetual_is_priced_on_it_alone():
    """BTC/USD-PERP takes no spot, and BTC/USD takes nothing of that perpetual."""
    named = perpetual("p", "BTC/USD", reference_of="BTC/USD-PERP")
    specs = (spot("a", "BTC/USD"), named)

    assert names("BTC/USD-PERP", *specs) == [("p", [], False)]
    assert names("BTC/USD", *specs) == [("a", [], False)]


def test_steps_of_a_cross():
    """Two digits finer than the tick; one minor unit of the base."""
    btc_usd = instrument("BTC/USD", tick="0.05")

    assert price_step(btc_usd) == Decimal("0.0005")
    assert quantity_step(btc_usd) == Decimal("0.00000001")


@pytest.mark.parametrize(
    ("bid", "cross", "inverse", "expected"),
    [
        # Sell BTC for USDT, then sell USDT at the cross's bid.
        (True, [("0.999", 1_000)], False, [("99.9", 2), ("98.901", 1)]),
        # The cross's first level takes 100 USDT, that is one BTC; the rest meets its second one.
        (True, [("0.999", 100), ("0.998", 900)], False, [("99.9", 1), ("99.8", 1), ("98.802", 1)]),
        # Its depth ends: so does the pair's.
        (True, [("0.999", 100)], False, [("99.9", 1)]),
        # Buy USD with USDT at the offer of USD/USDT: 1.25 USDT a dollar, 160 dollars are 200 USDT.
        (True, [("1.25", 160)], True, [("80", 2)]),
        (True, [], False, []),
    ],
)
def test_dealing_through_a_cross_by_hand(bid, cross, inverse, expected):
    """Both legs are used up together, level by level."""
    book = levels((100, 2), (99, 1))
    made = through(book, levels(*cross), bid=bid, inverse=inverse, depth=10, **STEPS)

    assert made == levels(*expected)


def test_crossed_prices_are_rounded_against_the_client():
    """1/3 of a price: a bid down, an offer up."""
    book, cross = levels((100, 1)), levels((3, 100))
    bid = through(book, cross, bid=True, inverse=True, depth=10, **STEPS)
    offer = through(book, cross, bid=False, inverse=True, depth=10, **STEPS)

    assert bid[0][0] == Decimal("33.3333")
    assert offer[0][0] == Decimal("33.3334")


decimals = st.integers(1, 500_000).map(lambda n: Decimal(n) / 1_000)


@given(
    first=st.dictionaries(decimals, decimals, min_size=1, max_size=8),
    second=st.dictionaries(decimals, decimals, min_size=1, max_size=8),
    bid=st.booleans(),
    inverse=st.booleans(),
    depth=st.integers(1, 6),
)
def test_a_cross_never_promises_more_than_both_legs_hold(first, second, bid, inverse, depth):
    """Sorted, within depth, and what it gives could be dealt in the legs, at no better a price."""
    book = sorted(first.items(), reverse=bid)
    cross = sorted(second.items(), reverse=bid is not inverse)
    made = through(book, cross, bid=bid, inverse=inverse, depth=depth, **STEPS)
    made_prices = [px for px, _ in made]

    assert len(made) <= depth
    assert made_prices == sorted(set(made_prices), reverse=bid)
    assert all(px > 0 and qty > 0 for px, qty in made)
    dealt = sum((qty for _, qty in made), Decimal(0))
    assert dealt <= sum(first.values())
    # Walk both legs for the dealt quantity: what it brings is never less than what was promised.
    needed, terms = dealt, Decimal(0)
    rooms = [[rate, qty * rate if inverse else qty] for rate, qty in cross]
    for px, qty in book:
        part = min(needed, qty)
        needed -= part
        amount = part * px
        for room in rooms:
            used = min(amount, room[1])
            room[1] -= used
            amount -= used
            terms += used / room[0] if inverse else used * room[0]
        assert amount < Decimal("1e-15")
    promised = sum((px * qty for px, qty in made), Decimal(0))
    slack = Decimal("1e-6") * max(promised, 1)
    assert promised <= terms + slack if bid else promised >= terms - slack
