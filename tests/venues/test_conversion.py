"""What one unit of an asset is worth in the limit currency, and since when (R15)."""

from decimal import Decimal

import pytest

from otcfix.model.errors import ConfigError
from otcfix.model.time import SECOND
from otcfix.venues.conversion import FixedRate, paths
from otcfix.venues.ratebook import RateBook
from tests.venues.support import NOW, levels, perpetual, spot

USDT_IS_A_DOLLAR = FixedRate("USDT", "USD", Decimal(1))


def desk(*specs, fixed=(), **books):
    """Return a RateBook in USD; books: source -> (mid, changed_at)."""
    rate_book = RateBook([], specs, "USD", fixed)
    for name, (mid, changed_at) in books.items():
        half = Decimal(mid) / 1_000
        rate_book.update(
            name, levels((Decimal(mid) - half, 1)), levels((Decimal(mid) + half, 1)), changed_at
        )
    return rate_book


def worth(rate_book, asset, now=NOW):
    """Return (rate as text, changed_at), or None."""
    found = rate_book.conversion(asset, now)
    return None if found is None else (str(found.rate), found.changed_at)


def test_the_limit_currency_is_itself():
    """Now, without any source."""
    assert worth(desk(), "USD") == ("1", NOW)


def test_directly():
    """By the middle of a source's best prices, as old as that."""
    assert worth(desk(spot("a", "BTC/USD"), a=("60000", NOW - 5)), "BTC") == ("60000", NOW - 5)


def test_inversely():
    """15 digits of it."""
    rate = worth(desk(spot("a", "USD/JPY"), a=("150", NOW)), "JPY")

    assert rate == ("0.00666666666666667", NOW)


def test_through_a_cross_as_old_as_the_older_leg():
    """BTC/USDT times USDT/USD."""
    rate_book = desk(
        spot("a", "BTC/USDT"), spot("x", "USDT/USD"), a=("60000", NOW), x=("0.999", NOW - 7)
    )

    assert worth(rate_book, "BTC") == ("59940", NOW - 7)
    assert worth(rate_book, "USDT") == ("0.999", NOW - 7)


def test_a_stablecoin_is_a_dollar_only_by_decree():
    """Without the rule, or a source, there is no worth: limits refuse."""
    assert worth(desk(spot("a", "BTC/USDT"), a=("60000", NOW)), "BTC") is None
    assert worth(desk(), "USDT") is None

    rate_book = desk(spot("a", "BTC/USDT"), fixed=[USDT_IS_A_DOLLAR], a=("60000", NOW - 3))
    assert worth(rate_book, "USDT") == ("1", NOW)
    assert worth(rate_book, "BTC") == ("60000", NOW - 3)


def test_a_decree_holds_both_ways():
    """With limits in USDT, a dollar is what USDT is not."""
    rate_book = RateBook([], [], "USDT", [FixedRate("USDT", "USD", Decimal("0.8"))])

    assert worth(rate_book, "USD") == ("1.25", NOW)


def test_what_leads_nowhere_is_none():
    """An unknown asset, a source that shows nothing, a one-sided book, three steps."""
    rate_book = desk(spot("a", "BTC/USD"), spot("b", "DOGE/SHIB"), spot("c", "SHIB/BTC"))
    assert worth(rate_book, "NOPE") is None
    assert worth(rate_book, "DOGE") is None
    assert worth(rate_book, "BTC") is None
    rate_book.update("a", levels((60_000, 1)), (), NOW)
    assert worth(rate_book, "BTC") is None


def test_a_book_that_is_cleared_converts_no_more():
    """Law 5."""
    rate_book = desk(spot("a", "BTC/USD"), a=("60000", NOW))
    rate_book.clear("a", "gap")

    assert worth(rate_book, "BTC") is None


def test_an_old_rate_is_given_with_its_age():
    """Whether it is too old is decided on the event, not here."""
    rate_book = desk(spot("a", "BTC/USD"), a=("60000", NOW))

    assert worth(rate_book, "BTC", NOW + 3_600 * SECOND) == ("60000", NOW)


def test_an_old_rate_gives_way_to_a_younger_path():
    """The shorter path as long as it is fresh, then whichever is youngest."""
    rate_book = desk(
        spot("direct", "BTC/USD"),
        spot("a", "BTC/USDT"),
        fixed=[USDT_IS_A_DOLLAR],
        direct=("60000", NOW),
        a=("60100", NOW + 4 * SECOND),
    )

    assert worth(rate_book, "BTC", NOW + 5 * SECOND) == ("60000", NOW)
    assert worth(rate_book, "BTC", NOW + 6 * SECOND) == ("60100", NOW + 4 * SECOND)


def test_a_perpetual_converts_only_as_a_named_reference_and_last():
    """With its basis unknown it is no price of the coin; where it alone is dealt on, it is."""
    common = {"basis": "ewma"}
    assert worth(desk(perpetual("p", "BTC/USD", **common), p=("60000", NOW)), "BTC") is None
    named = perpetual("p", "BTC/USD", reference_of="BTC/USD-PERP")
    steps = paths("BTC", "USD", (named, spot("a", "BTC/USDT")), (USDT_IS_A_DOLLAR,))

    assert [path[0].source for path in steps] == ["a", "p"]


def test_the_same_object_until_it_changes():
    """So that its encoding can be kept."""
    rate_book = desk(spot("a", "BTC/USD"), a=("60000", NOW))
    first = rate_book.conversion("BTC", NOW)
    assert rate_book.conversion("BTC", NOW + 1) is first
    rate_book.update("a", levels((60_000, 1)), levels((60_002, 1)), NOW + 1)

    assert rate_book.conversion("BTC", NOW + 1) is not first


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_a_decree_must_be_a_rate(rate):
    """Above zero."""
    with pytest.raises(ConfigError, match="USDT into USD"):
        RateBook([], [], "USD", [FixedRate("USDT", "USD", Decimal(rate))])
