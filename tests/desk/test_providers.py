"""Liquidity providers on our sessions: S, i and Z come in, and only a 301 that asks is answered."""

import pytest

from otcfix.model.messages import ProviderMassQuote, ProviderQuote, ProviderQuoteCancel
from otcfix.model.time import SECOND
from tests.conversation import Conversation

PROVIDERS = ("LP42", "LP44", "LP50")
MASS = (
    "35=i|117=M1|{level}296=1|302=S1|{total}=2|295=2"
    "|299=1|55=BTC/USD|132=99|133={offer}|134=1|135=2|299=2|55=ETH/USD|132=49|133=51|134=1|135=1"
)


def mass(key: str, level: str = "", offer: str = "101") -> str:
    line = MASS.format(level=level, offer=offer, total=304)
    # 4.2 requires a word for what a set is of.
    return line.replace("|304=", "|311=ANY|304=") if key == "LP42" else line


def last(desk: Conversation) -> object:
    return desk.told[-1][0].body


@pytest.mark.parametrize("key", PROVIDERS)
def test_a_mass_quote_is_journaled_entry_by_entry(desk: Conversation, key: str) -> None:
    """In every version: symbols, prices, sizes; nothing is answered unless asked."""
    provider = desk.client(key)
    provider.C(mass(key))
    provider.says_nothing_more()
    body = last(desk)
    assert isinstance(body, ProviderMassQuote)
    assert [(e.symbol, str(e.bid), str(e.offer), str(e.offer_size)) for e in body.entries] == [
        ("BTC/USD", "99", "101", "2"),
        ("ETH/USD", "49", "51", "1"),
    ]


@pytest.mark.parametrize("key", PROVIDERS)
@pytest.mark.parametrize(
    ("level", "offer", "status"),
    [
        ("301=0|", "98", None),
        ("301=1|", "101", None),
        ("301=1|", "98", "5"),
        ("301=2|", "101", "0"),
        ("301=2|", "98", "5"),
    ],
)
def test_a_mass_quote_is_answered_as_301_asks(
    desk: Conversation, key: str, level: str, offer: str, status: str | None
) -> None:
    """0: never; 1: only when it is refused; 2: always. The answer is valid in stock."""
    provider = desk.client(key)
    provider.C(mass(key, level, offer))
    if status == "5":
        provider.D(f"35=b|117=M1|297=5|300=7|{level}58=BAD_PRICE: ...")
    elif status:
        provider.D(f"35=b|117=M1|297=0|{level}300=-")
    provider.says_nothing_more()


def test_a_size_below_zero_is_an_invalid_price(desk: Conversation) -> None:
    """300=8."""
    provider = desk.client("LP44")
    provider.C(mass("LP44", "301=1|").replace("134=1", "134=-1"))
    provider.D("35=b|117=M1|297=5|300=8|301=1|58=BAD_PRICE: ...")


def test_times_of_an_entry_are_its_own_or_its_set_s(desk: Conversation) -> None:
    """62 of the entry, else 367 of the set."""
    provider = desk.client("LP44")
    provider.C(
        "35=i|117=M1|296=1|302=S1|367=T+5s|304=2|295=2|299=1|55=BTC/USD|132=99|134=1"
        "|299=2|55=ETH/USD|132=49|134=1|62=T+1s"
    )
    body = last(desk)
    assert isinstance(body, ProviderMassQuote)
    first, second = (e.valid_until for e in body.entries)
    assert first is not None
    assert second is not None
    assert first - second == 4 * SECOND


def test_a_default_size_holds_for_entries_without_one(desk: Conversation) -> None:
    """DefBidSize(293), DefOfferSize(294)."""
    provider = desk.client("LP44")
    provider.C("35=i|117=M1|293=5|294=6|296=1|302=S1|304=1|295=1|299=1|55=BTC/USD|132=99|133=101")
    body = last(desk)
    assert isinstance(body, ProviderMassQuote)
    assert (str(body.entries[0].bid_size), str(body.entries[0].offer_size)) == ("5", "6")


@pytest.mark.parametrize(
    ("line", "quote_id", "kind", "symbols"),
    [
        ("35=Z|117=M1|298=4", "M1", "4", ()),
        ("35=Z|117=M1|298=1|295=2|55=BTC/USD|55=ETH/USD", "M1", "1", ("BTC/USD", "ETH/USD")),
        ("35=Z|117=M1|298=5", "M1", "5", ()),
    ],
)
def test_a_cancel_of_a_provider_is_read_as_one(
    desk: Conversation, line: str, quote_id: str, kind: str, symbols: tuple[str, ...]
) -> None:
    """All, by symbol, by its id; nothing is answered."""
    provider = desk.client("LP44")
    provider.C(line)
    provider.says_nothing_more()
    body = last(desk)
    assert isinstance(body, ProviderQuoteCancel)
    assert (body.quote_id, body.quote_cancel_type, body.symbols) == (quote_id, kind, symbols)


def test_a_quote_that_is_only_indicative_says_so(desk: Conversation) -> None:
    """537=0 pulls; absent it is dealt on."""
    provider = desk.client("LP44")
    for tail, indicative in (("", False), ("|537=1", False), ("|537=0", True)):
        provider.C(f"35=S|117=X1|55=BTC/USD|132=99|133=101|134=1|135=1{tail}")
        body = last(desk)
        assert isinstance(body, ProviderQuote)
        assert body.indicative is indicative


@pytest.mark.parametrize("line", [mass("A44"), "35=i|117=M1|296=0"])
def test_a_client_does_not_send_mass_quotes(desk: Conversation, line: str) -> None:
    """From anybody but a provider: j 380=3."""
    desk.client("A44").talk(f"""
        C {line}
        D 35=j|372=i|380=3|58=UNSUPPORTED: ...
    """)


@pytest.mark.parametrize("broken", ["132=NaN", "132=1e3", "134=x"])
def test_a_number_that_is_none_refuses_the_whole(desk: Conversation, broken: str) -> None:
    """It breaks FIX: 35=3, and the message prices nothing."""
    provider = desk.client("LP44")
    tag = broken.partition("=")[0]
    provider.C(mass("LP44").replace(f"{tag}=99" if tag == "132" else "134=1", broken, 1))
    provider.D(f"35=3|371={tag}|372=i|373=6|58=...")
