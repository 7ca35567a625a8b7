"""Prices of liquidity providers that connect to us: kept, pulled, voided, as old as they say."""

from decimal import Decimal

import pytest
from msgspec import structs

from otcfix.model.messages import Head, ProviderEntry, ProviderMassQuote, ProviderQuoteCancel
from otcfix.model.time import SECOND, Instant
from otcfix.venues.contributions import Contributions
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import SourceSpec
from tests.support.house_desk import INSTRUMENTS
from tests.venues.support import NOW, provider_quote

SYMBOLS = ("BTC/USD", "ETH/USD")


class Desk:
    def __init__(self) -> None:
        specs = [SourceSpec(f"lp-{s[:3]}", "LP1", "spot", s[:3], "USD", s) for s in SYMBOLS]
        self.rates = RateBook(list(INSTRUMENTS.values()), specs, "USD")
        self.said = Contributions(self.rates, {"LP1": 1_000})

    def shown(self, at: Instant = NOW) -> dict[str, tuple[object, object]]:
        return {
            s.name: (s.best_bid and s.best_bid[0], s.best_offer and s.best_offer[0])
            for s in self.rates.statuses(at)
            if s.usable
        }


@pytest.fixture
def desk() -> Desk:
    return Desk()


def mass(*entries: tuple[str, object, object, object, object], **more: object) -> ProviderMassQuote:
    made = tuple(
        ProviderEntry(
            "1", str(n), symbol, *(None if v is None else Decimal(str(v)) for v in rest), None
        )
        for n, (symbol, *rest) in enumerate(entries)
    )
    return ProviderMassQuote(Head("LP1", "i", 1, NOW), "M1", "", made, **more)


BOTH = (("BTC/USD", 99, 101, 1, 1), ("ETH/USD", 49, 51, 2, 2))


def test_a_mass_quote_prices_each_of_its_symbols(desk: Desk) -> None:
    """One message, two sources."""
    assert desk.said.take(mass(*BOTH), NOW) == ()
    assert desk.shown() == {"lp-BTC": (99, 101), "lp-ETH": (49, 51)}


def test_one_bad_entry_spoils_only_itself(desk: Desk) -> None:
    """Crossed, unknown: told, and the others count."""
    told = desk.said.take(mass(("BTC/USD", 101, 99, 1, 1), ("LTC/USD", 1, 2, 1, 1), BOTH[1]), NOW)
    assert len(told) == 2
    assert "crossed" in told[0]
    assert "no source" in told[1]
    assert desk.shown() == {"lp-ETH": (49, 51)}


@pytest.mark.parametrize("bad", [(-1, 101, 1, 1), (99, 101, -1, 1), ("NaN", 101, 1, 1)])
def test_a_bad_quote_ends_the_one_before(desk: Desk, bad: tuple[object, ...]) -> None:
    """The provider meant to replace it: neither counts."""
    desk.said.take(mass(*BOTH), NOW)
    assert desk.said.take(mass(("BTC/USD", *bad)), NOW)
    assert desk.shown() == {"lp-ETH": (49, 51)}


def test_quote_type_0_pulls(desk: Desk) -> None:
    """537=0, in S as in i."""
    desk.said.take(mass(*BOTH), NOW)
    desk.said.take(structs.replace(provider_quote(), indicative=True), NOW)
    assert desk.shown() == {"lp-ETH": (49, 51)}
    desk.said.take(mass(*BOTH, indicative=True), NOW)
    assert desk.shown() == {}


def test_sizes_of_zero_pull(desk: Desk) -> None:
    """Both sides: the price; one side: that side."""
    desk.said.take(mass(*BOTH), NOW)
    assert desk.said.take(mass(("BTC/USD", 99, 101, 0, 0)), NOW) == ()
    assert desk.said.take(mass(("ETH/USD", 49, 51, 0, 2)), NOW) == ()
    assert desk.shown() == {"lp-ETH": (None, 51)}


def cancel(quote_id: str = "", kind: str = "", *symbols: str) -> ProviderQuoteCancel:
    return ProviderQuoteCancel(Head("LP1", "Z", 2, NOW), quote_id, kind, symbols)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (cancel("", "4"), set()),
        (cancel("*", "4", "BTC/USD"), set()),
        (cancel("", "1", "BTC/USD"), {"lp-ETH"}),
        (cancel("M1", "5"), set()),
        (cancel("L9"), {"lp-BTC", "lp-ETH"}),
        (cancel(), set()),
        (cancel("", "1", "LTC/USD"), {"lp-BTC", "lp-ETH"}),
    ],
)
def test_a_cancel_pulls_what_it_names(
    desk: Desk, said: ProviderQuoteCancel, left: set[str]
) -> None:
    """All, by symbol, by QuoteID; one that names nothing pulls everything."""
    desk.said.take(mass(*BOTH), NOW)
    desk.said.take(said, NOW)
    assert set(desk.shown()) == left


def test_a_cancel_of_a_quote_that_was_replaced_pulls_nothing(desk: Desk) -> None:
    """117 of the quote before: the new one stands."""
    desk.said.take(mass(*BOTH), NOW)
    desk.said.take(provider_quote(98, 100), NOW)
    desk.said.take(cancel("M1"), NOW)
    assert desk.shown() == {"lp-BTC": (98, 100)}


def test_a_session_takes_its_prices_with_it(desk: Desk) -> None:
    """Logon and logoff: void until said anew."""
    desk.said.take(mass(*BOTH), NOW)
    desk.said.void("LP2", "somebody else")
    assert len(desk.shown()) == 2
    desk.said.void("LP1", "the session is down")
    assert desk.shown() == {}
    assert {s.why for s in desk.rates.statuses(NOW)} == {"the session is down"}


def test_a_quote_is_as_old_as_it_says(desk: Desk) -> None:
    """What was sent 10 s ago is 9 s old: one second is what the clocks may differ."""
    desk.said.take(mass(*BOTH), NOW + 10 * SECOND)
    assert {s.changed_at for s in desk.rates.statuses(NOW)} == {NOW + SECOND}


def test_a_quote_that_is_said_again_is_as_old_as_the_first(desk: Desk) -> None:
    """43=Y: OrigSendingTime(122) counts."""
    quote = provider_quote()
    head = structs.replace(
        quote.head, sending_time=NOW + 60 * SECOND, poss_dup=True, orig_sending_time=NOW
    )
    desk.said.take(structs.replace(quote, head=head), NOW + 60 * SECOND)
    assert desk.rates.statuses(NOW)[0].changed_at == NOW + SECOND


def test_a_line_that_falls_behind_makes_its_prices_older(desk: Desk) -> None:
    """Against its own fastest message, whatever its clock shows."""
    desk.said.take(mass(*BOTH), NOW)
    later = mass(*BOTH)
    head = structs.replace(later.head, sending_time=NOW + SECOND)
    desk.said.take(structs.replace(later, head=head), NOW + SECOND + SECOND // 2)
    changed_at = desk.rates.statuses(NOW)[0].changed_at
    assert NOW + SECOND <= changed_at < NOW + SECOND + SECOND // 100


@pytest.mark.parametrize(("by", "how"), [(60, "jumped ahead by 60 s"), (-60, "went back by 59 s")])
def test_one_wrong_time_spoils_no_later_price(desk: Desk, by: int, how: str) -> None:
    """What it came with is pulled with its reason; the next quote is as old as it says."""
    for second, off in ((0, 0), (1, by), (2, 0)):
        quote = mass(*BOTH)
        now = NOW + second * SECOND
        head = structs.replace(quote.head, sending_time=now + off * SECOND)
        why = desk.said.take(structs.replace(quote, head=head), now)
        assert [how in one for one in why] == [True, True] * (off != 0)
        assert len(desk.shown(now)) == (0 if off else 2)
    assert {s.changed_at for s in desk.rates.statuses(NOW)} == {NOW + 2 * SECOND}


def test_a_quote_ends_with_its_time(desk: Desk) -> None:
    """ValidUntilTime(62) of an entry."""
    entry = structs.replace(mass(*BOTH).entries[0], valid_until=NOW + SECOND)
    desk.said.take(structs.replace(mass(), entries=(entry,)), NOW)
    assert desk.shown(NOW + SECOND) == {"lp-BTC": (99, 101)}
    assert desk.shown(NOW + SECOND + 1) == {}
