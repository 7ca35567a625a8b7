"""What may contribute to a pair, and what the sequencer is told of it (R11, R16, A21)."""

import sys
import threading
from decimal import Decimal

import pytest

from otcfix.model.errors import ConfigError
from otcfix.model.rates import Rates
from otcfix.model.time import MS, SECOND
from otcfix.venues.ratebook import RateBook
from tests.venues.support import (
    NOW,
    dec,
    instrument,
    levels,
    perpetual,
    provider_quote,
    spot,
)

AGE_MAX = 2_000 * MS


def desk(symbols, *specs, **more):
    """Return a RateBook of the pairs named."""
    return RateBook([instrument(symbol) for symbol in symbols.split()], specs, "USD", **more)


def show(rate_book, source, mid, at=NOW, *, half="0.5", qty=1):
    """Let *source* show one level on each side of *mid*."""
    rate_book.update(
        source,
        levels((dec(mid) - dec(half), qty)),
        levels((dec(mid) + dec(half), qty)),
        at,
    )


def mids(rate_book, symbol, now=NOW):
    """Return source -> middle of its best prices."""
    return {
        book.source: (book.bids[0][0] + book.offers[0][0]) / 2
        for book in rate_book.rates(symbol, now).books
    }


# -- which sources contribute (R11) -------------------------------------------------------------


def test_sources_of_the_same_quote_asset_contribute_in_order():
    """As configured, each with its own age and snapshot."""
    rate_book = desk("BTC/USD", spot("b", "BTC/USD"), spot("a", "BTC/USD"), spot("c", "BTC/USDT"))
    show(rate_book, "a", 100, NOW)
    show(rate_book, "b", 101, NOW + 5)
    show(rate_book, "c", 102, NOW)
    books = rate_book.rates("BTC/USD", NOW).books

    assert [(book.source, book.changed_at) for book in books] == [("b", NOW + 5), ("a", NOW)]


def test_a_source_in_tether_needs_its_cross():
    """BTC/USDT is a source of BTC/USD only while USDT/USD shows a price."""
    rate_book = desk("BTC/USD BTC/USDT", spot("a", "BTC/USDT"), spot("x", "USDT/USD"))
    show(rate_book, "a", 60_000)
    assert mids(rate_book, "BTC/USD") == {}
    assert mids(rate_book, "BTC/USDT") == {"a": 60_000}

    rate_book.update("x", levels(("0.9", 1_000_000)), levels(("1.1", 1_000_000)), NOW - 9)
    (book,) = rate_book.rates("BTC/USD", NOW).books

    assert book.source == "a*x"
    assert book.changed_at == NOW - 9
    assert book.bids == levels(("53999.55", 1))
    assert book.offers == levels(("66000.55", 1))
    rate_book.clear("x", "gap")
    assert mids(rate_book, "BTC/USD") == {}


def test_a_cross_may_be_inverse():
    """BTC/EUR from BTC/USD and EUR/USD: sell for dollars, buy euros at the offer."""
    rate_book = desk("BTC/EUR", spot("a", "BTC/USD"), spot("x", "EUR/USD"))
    show(rate_book, "a", 60_000)
    rate_book.update("x", levels(("1.2", 1_000_000)), levels(("1.25", 1_000_000)), NOW)
    (book,) = rate_book.rates("BTC/EUR", NOW).books

    assert book.bids == levels(("47999.6", 1))
    assert book.offers == levels(("50000.4167", 1))


def test_a_thin_cross_ends_the_depth():
    """No more of the pair than the cross can take."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USDT"), spot("x", "USDT/USD"))
    show(rate_book, "a", 60_000, half=0.5, qty=2)
    rate_book.update("x", levels((1, "29999.75")), levels(("1.001", 1_000_000)), NOW)
    (book,) = rate_book.rates("BTC/USD", NOW).books

    assert book.bids == levels(("59999.5", "0.5"))
    assert book.offers == levels(("60060.5005", 2))


def test_an_old_cross_gives_way_to_a_fresh_one():
    """And is taken again when it is back; without a fresh one, its age says what it is."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USDT"), spot("x", "USDT/USD"), spot("y", "USDT/USD"))
    later = NOW + AGE_MAX + 1
    show(rate_book, "a", 60_000, later)
    show(rate_book, "x", 1, NOW, half="0.01", qty=10**6)
    assert list(mids(rate_book, "BTC/USD", NOW)) == ["a*x"]
    assert list(mids(rate_book, "BTC/USD", later)) == ["a*x"]
    show(rate_book, "y", 1, later, half="0.01", qty=10**6)
    assert list(mids(rate_book, "BTC/USD", NOW + AGE_MAX)) == ["a*x"]
    assert list(mids(rate_book, "BTC/USD", later)) == ["a*y"]
    show(rate_book, "x", 1, later, half="0.01", qty=10**6)
    assert list(mids(rate_book, "BTC/USD", later)) == ["a*x"]


def test_depth_through_a_cross_comes_back_only_when_both_legs_have_updated():
    """A fill used up depth in both (R16)."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USDT"), spot("x", "USDT/USD"))

    def snapshot_after(source):
        show(rate_book, source, 1, half="0.1", qty=10**9)
        return rate_book.rates("BTC/USD", NOW).books[0].snapshot

    show(rate_book, "a", 1, half="0.1")
    first = snapshot_after("x")
    assert snapshot_after("x") == first
    assert snapshot_after("x") == first
    second = snapshot_after("a")
    assert second > first
    assert snapshot_after("a") == second
    assert snapshot_after("x") > second


def test_each_update_is_a_snapshot_of_its_own_in_every_run():
    """Counted from the time of the first: two runs of the desk never share one (R16)."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD"))
    seen = []
    for n in range(3):
        show(rate_book, "a", 100, NOW + n * SECOND)
        seen.append(rate_book.rates("BTC/USD", NOW).books[0].snapshot)
    rate_book.clear("a", "gap")
    show(rate_book, "a", 100)
    seen.append(rate_book.rates("BTC/USD", NOW).books[0].snapshot)

    assert seen == [NOW, NOW + 1, NOW + 2, NOW + 3]


# -- perpetuals --------------------------------------------------------------------------------


def perpetual_desk():
    """Return a desk of BTC/USD on spot "a" and perpetual "p", which warms up in 10 s."""
    return desk(
        "BTC/USD",
        spot("a", "BTC/USD"),
        perpetual("p", "BTC/USD", basis="ewma", half_life_s=5, warm_up_s=10),
    )


def run(rate_book, seconds, *, start=NOW, spot_mid=100, perpetual_mid=110):
    """Let both update every second."""
    for second in range(seconds + 1):
        if spot_mid is not None:
            show(rate_book, "a", spot_mid, start + second * SECOND)
        show(rate_book, "p", perpetual_mid, start + second * SECOND)
    return start + seconds * SECOND


def test_a_perpetual_without_a_basis_never_contributes():
    """It is another price."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD"), perpetual("p", "BTC/USD"))
    now = run(rate_book, 30)

    assert list(mids(rate_book, "BTC/USD", now)) == ["a"]


def test_a_perpetual_warms_up_and_then_contributes_at_spots_height():
    """Its levels shifted by the difference, quantities as they are."""
    rate_book = perpetual_desk()
    assert list(mids(rate_book, "BTC/USD", run(rate_book, 9))) == ["a"]
    now = run(rate_book, 1, start=NOW + 9 * SECOND)

    assert mids(rate_book, "BTC/USD", now) == {"a": 100, "p": 100}
    (_, shifted) = rate_book.rates("BTC/USD", now).books
    assert shifted.bids == levels(("99.5", 1))


def test_the_basis_moves_slowly():
    """A jump of the perpetual against spot is seen at first, and forgotten by and by."""
    rate_book = perpetual_desk()
    now = run(rate_book, 12)
    show(rate_book, "a", 100, now + SECOND)
    show(rate_book, "p", 114, now + SECOND)
    seen = mids(rate_book, "BTC/USD", now + SECOND)["p"]
    assert dec("103.4") < seen < dec("103.6")
    assert seen == round(seen, 2)

    now = run(rate_book, 60, start=now + SECOND, perpetual_mid=114)
    assert mids(rate_book, "BTC/USD", now)["p"] == 100


def test_a_perpetual_never_stands_alone():
    """Not when spot is cleared, one-sided, or too old to be dealt on."""
    rate_book = perpetual_desk()
    now = run(rate_book, 12)
    rate_book.clear("a", "gap")
    assert mids(rate_book, "BTC/USD", now) == {}

    show(rate_book, "a", 100, now)
    show(rate_book, "p", 110, now)
    assert len(mids(rate_book, "BTC/USD", now)) == 2
    rate_book.update("a", levels((99, 1)), (), now)
    assert [book.source for book in rate_book.rates("BTC/USD", now).books] == ["a"]

    show(rate_book, "a", 100, now)
    assert len(mids(rate_book, "BTC/USD", now + AGE_MAX)) == 2
    # Nothing updates; spot's age alone takes the perpetual out.
    assert list(mids(rate_book, "BTC/USD", now + AGE_MAX + 1)) == ["a"]


def test_a_perpetual_without_fresh_spot_has_no_basis():
    """Updates of the perpetual alone do not count; after a long break it warms up anew."""
    rate_book = perpetual_desk()
    now = run(rate_book, 12)
    now = run(rate_book, 15, start=now + SECOND, spot_mid=None)
    show(rate_book, "a", 90, now)
    assert list(mids(rate_book, "BTC/USD", now)) == ["a"]
    now = run(rate_book, 9, start=now)
    assert list(mids(rate_book, "BTC/USD", now)) == ["a"]
    now = run(rate_book, 2, start=now)
    assert list(mids(rate_book, "BTC/USD", now)) == ["a", "p"]


def test_a_perpetual_in_tether_is_measured_in_the_terms_of_the_pair():
    """Through the same cross as spot is."""
    rate_book = desk(
        "BTC/USD",
        spot("a", "BTC/USD"),
        spot("x", "USDT/USD"),
        perpetual("p", "BTC/USDT", basis="ewma", half_life_s=5, warm_up_s=10),
    )
    for second in range(12):
        at = NOW + second * SECOND
        show(rate_book, "x", "0.5", at, half="0.000001", qty=10**9)
        show(rate_book, "a", 100, at)
        show(rate_book, "p", 210, at)

    seen = mids(rate_book, "BTC/USD", at)
    assert {name: round(mid, 3) for name, mid in seen.items()} == {"a": 100, "p*x": 100}


def test_an_instrument_named_for_the_perpetual_is_priced_on_it_alone():
    """Unshifted, at once; the spot pair gets nothing of it."""
    rate_book = desk(
        "BTC/USD BTC/USD-PERP",
        spot("a", "BTC/USD"),
        perpetual("p", "BTC/USD", reference_of="BTC/USD-PERP"),
    )
    show(rate_book, "a", 100)
    show(rate_book, "p", 110)

    assert mids(rate_book, "BTC/USD-PERP") == {"p": 110}
    assert mids(rate_book, "BTC/USD") == {"a": 100}


def test_each_source_that_shows_nothing_says_why():
    """Refused sources are told with their reason, in the order of the routes."""
    rate_book = desk(
        "BTC/USD",
        *(spot("a", "BTC/USD"), spot("b", "BTC/USD"), spot("c", "BTC/USDT")),
        *(spot("x", "USDT/USD"), spot("e", "BTC/USD")),
        perpetual("p", "BTC/USD", basis="ewma", half_life_s=5, warm_up_s=10),
    )
    show(rate_book, "a", 100)
    show(rate_book, "b", 100)
    rate_book.clear("b", "crossed: bid 102 is not below offer 101")
    show(rate_book, "c", 100)
    rate_book.update("e", (), (), NOW)
    show(rate_book, "p", 110)

    assert rate_book.rates("BTC/USD", NOW).missing == (
        ("b", "crossed: bid 102 is not below offer 101"),
        ("c", "no cross into USD (x: nothing received yet)"),
        ("e", "an empty book"),
        ("p", "the basis is warming up"),
    )


def test_a_perpetual_that_would_stand_alone_says_so():
    """Warm, but spot is gone."""
    rate_book = perpetual_desk()
    now = run(rate_book, 12)
    rate_book.clear("a", "gap")

    assert rate_book.rates("BTC/USD", now).missing == (
        ("a", "gap"),
        ("p", "no fresh spot beside it"),
    )


def test_a_source_that_is_silent_for_too_long_is_dropped():
    """Where that is configured; the reason holds no age, so that the object can stay."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD", silence_max_ms=500))
    show(rate_book, "a", 100)
    assert len(rate_book.rates("BTC/USD", NOW + 500 * MS).books) == 1
    silent = rate_book.rates("BTC/USD", NOW + 500 * MS + 1)

    assert silent.books == ()
    assert silent.missing == (("a", "silence: no news for more than 500 ms"),)
    assert rate_book.rates("BTC/USD", NOW + 3_600 * SECOND) is silent
    assert rate_book.statuses(NOW + SECOND)[0].why == "silence: no news for more than 500 ms"
    show(rate_book, "a", 100, NOW + SECOND)
    assert rate_book.rates("BTC/USD", NOW + SECOND).missing == ()


# -- what the sequencer sees --------------------------------------------------------------------


def test_the_same_object_until_something_changes():
    """Its encoding can be kept by identity."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD"), spot("b", "BTC/USD"))
    show(rate_book, "a", 100)
    first = rate_book.rates("BTC/USD", NOW)

    assert rate_book.rates("BTC/USD", NOW + SECOND) is first
    rate_book.clear("b", "nothing received yet")
    assert rate_book.rates("BTC/USD", NOW + SECOND) is first
    rate_book.clear("b", "gap")
    assert rate_book.rates("BTC/USD", NOW + SECOND) == Rates(
        "BTC/USD", first.books, (("b", "gap"),)
    )
    rate_book.clear("b", "nothing received yet")
    assert rate_book.rates("BTC/USD", NOW + SECOND) == first
    first = rate_book.rates("BTC/USD", NOW + SECOND)
    show(rate_book, "a", 100, NOW + 1)
    assert rate_book.rates("BTC/USD", NOW + SECOND) is not first


def test_a_perpetual_that_warms_up_unseen_leaves_the_object_alone():
    """Composed anew and equal: the same."""
    rate_book = perpetual_desk()
    show(rate_book, "a", 100)
    show(rate_book, "p", 100)
    first = rate_book.rates("BTC/USD", NOW)
    show(rate_book, "p", 101)

    assert first.missing == (("p", "the basis is warming up"),)
    assert rate_book.rates("BTC/USD", NOW) is first


def test_an_unknown_symbol_has_no_books():
    """A client may name anything."""
    rates = desk("BTC/USD").rates("NOPE/USD", NOW)

    assert (rates.symbol, rates.books) == ("NOPE/USD", ())


def test_numbers_are_written_short():
    """Venues pad with zeros; exponents do not appear."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD"))
    rate_book.update("a", levels(("61000.00000000", "10.00")), levels(("61000.10", "1E+2")), NOW)
    (book,) = rate_book.rates("BTC/USD", NOW).books

    assert [str(x) for level in (*book.bids, *book.offers) for x in level] == [
        *("61000", "10"),
        *("61000.1", "100"),
    ]


def test_moved_is_conflated_and_told_once():
    """on_move for the first change since moved(): a storm of updates wakes nobody twice."""
    told = []
    rate_book = desk(
        "BTC/USD BTC/USDT ETH/USD",
        *(spot("a", "BTC/USDT"), spot("x", "USDT/USD"), spot("e", "ETH/USD")),
    )
    rate_book.on_move = told.append
    show(rate_book, "a", 100)
    show(rate_book, "a", 101)
    assert told == ["BTC/USD", "BTC/USDT"]
    show(rate_book, "x", 1)
    assert told == ["BTC/USD", "BTC/USDT"]

    assert rate_book.moved() == {"BTC/USD", "BTC/USDT"}
    assert rate_book.moved() == set()
    rate_book.clear("a", "gap")
    assert rate_book.moved() == {"BTC/USD", "BTC/USDT"}
    rate_book.clear("a", "gap again")
    assert rate_book.moved() == set()


def test_how_sources_stand():
    """For the people who watch them."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD"), spot("b", "BTC/USD"))
    show(rate_book, "a", 100)
    a, b = rate_book.statuses(NOW)

    assert (a.name, a.usable, a.why, a.changed_at) == ("a", True, "", NOW)
    assert a.best_bid == levels(("99.5", 1))[0]
    assert (b.usable, b.why, b.best_offer) == (False, "nothing received yet", None)


@pytest.mark.parametrize(
    ("specs", "what"),
    [
        ((spot("a", "BTC/USD"), spot("a", "ETH/USD")), "'a': the name is used twice"),
        ((perpetual("p", "BTC/USD", reference_of="NOPE"),), "no instrument 'NOPE'"),
        ((perpetual("p", "BTC/USDT", reference_of="BTC/USD-PERP"),), "is not in BTC and USDT"),
    ],
)
def test_specs_must_fit(specs, what):
    """Errors name the source."""
    with pytest.raises(ConfigError, match=what):
        desk("BTC/USD BTC/USD-PERP", *specs)


def test_a_reader_never_sees_a_torn_or_a_lost_update():
    """Each book is one that was shown; after the last update, the last one is read."""
    rate_book = desk("BTC/USD", spot("a", "BTC/USD"), spot("b", "BTC/USD"))
    rounds = 3_000
    wrong = []
    done = threading.Event()

    def feed(name, qty):
        for n in range(1, rounds + 1):
            show(rate_book, name, n, NOW + n, half="0.25", qty=qty)

    def read():
        last = {"a": 0, "b": 0}
        while not done.is_set():
            for book in rate_book.rates("BTC/USD", NOW).books:
                n = book.changed_at - NOW
                whole = book.bids == levels((n - dec("0.25"), 1 if book.source == "a" else 2))
                if not whole or n < last[book.source]:
                    wrong.append(book)
                last[book.source] = n

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        reader = threading.Thread(target=read)
        feeds = [threading.Thread(target=feed, args=args) for args in (("a", 1), ("b", 2))]
        reader.start()
        for thread in feeds:
            thread.start()
        for thread in feeds:
            thread.join()
        done.set()
        reader.join()
    finally:
        sys.setswitchinterval(interval)

    assert wrong == []
    assert mids(rate_book, "BTC/USD") == {"a": rounds, "b": rounds}


# -- quotes of liquidity providers -----------------------------------------------------------------


def provider_desk():
    """Return a desk of BTC/USD on the provider LP1."""
    return desk("BTC/USD", spot("lp1_btc", "BTC/USD", venue="LP1"))


def test_a_providers_quote_is_one_level_until_its_time_is_over():
    """Dealable at ValidUntilTime(62) itself, not after it (R18)."""
    rate_book = provider_desk()
    assert rate_book.on_provider_quote(provider_quote(valid_until=NOW + SECOND), NOW) == ""

    (book,) = rate_book.rates("BTC/USD", NOW + SECOND).books
    assert book.source == "lp1_btc"
    assert (book.bids, book.offers) == (levels((99, 1)), levels((101, 1)))
    assert rate_book.rates("BTC/USD", NOW + SECOND + 1).books == ()
    assert rate_book.conversion("BTC", NOW + SECOND + 1) is None
    assert rate_book.statuses(NOW + SECOND + 1)[0].why == "the quote is over"


def test_a_quote_without_a_time_ages():
    """And the next one replaces it."""
    rate_book = provider_desk()
    rate_book.on_provider_quote(provider_quote(), NOW)
    rate_book.on_provider_quote(provider_quote(98, 100), NOW + 1)

    (book,) = rate_book.rates("BTC/USD", NOW + 3_600 * SECOND).books
    assert (book.bids[0][0], book.changed_at) == (Decimal(98), NOW + 1)


def test_a_side_without_a_size_is_left_out():
    """It says nothing of what can be dealt."""
    rate_book = provider_desk()
    rate_book.on_provider_quote(provider_quote(offer_size=None), NOW)

    (book,) = rate_book.rates("BTC/USD", NOW).books
    assert (book.bids, book.offers) == (levels((99, 1)), ())


@pytest.mark.parametrize(
    ("quote", "why"),
    [
        (provider_quote(session="LP2"), "no source for BTC/USD of LP2"),
        (provider_quote(symbol="ETH/USD"), "no source for ETH/USD of LP1"),
        (provider_quote(valid_until=NOW - 1), "ValidUntilTime(62) is over"),
        (provider_quote(None, None), "no side has a price and a size"),
        (provider_quote(0), "bid: price 0, quantity 1"),
        (provider_quote("NaN"), "bid: price NaN, quantity 1"),
        (provider_quote(offer_size=-1), "offer: price 101, quantity -1"),
        (provider_quote(bid_size=0), "a size of zero"),
        (provider_quote(101), "crossed: bid 101 is not below offer 101"),
    ],
)
def test_a_bad_quote_is_refused_and_ends_the_one_before(quote, why):
    """Unless it is nobody's."""
    rate_book = provider_desk()
    rate_book.on_provider_quote(provider_quote(), NOW)

    assert rate_book.on_provider_quote(quote, NOW) == why
    assert bool(rate_book.rates("BTC/USD", NOW).books) == why.startswith("no source")
