"""2.12, A1, A2, A18 and what else R, Z and a ask for."""

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation


def test_each_symbol_is_answered_alone(desk: Conversation, client: Client) -> None:
    """S or AG for each line, with that symbol only."""
    desk.prices("ETH/USD", bid="4000", offer="4010")
    client.talk_44("""
        C 35=R|131=R1|146=4|55=BTC/USD|38=1|55=NOPE/USD|38=2|55=ETH/USD|54=1|38=1|55=LTC/USD|38=1
        D 35=S|131=R1|55=BTC/USD
        D 35=AG|131=R1|658=(UNKNOWN_SYMBOL)|146=1|55=NOPE/USD|38=2
        D 35=S|131=R1|55=ETH/USD
        D 35=AG|131=R1|658=(NOT_AUTHORISED)|146=1|55=LTC/USD|38=1
    """)


def test_more_symbols_than_allowed(open_desk: OpenDesk, number: str) -> None:
    """The line beyond quote_request_lines_max is refused, the others are answered."""
    desk = open_desk(quote_request_lines_max=2)
    desk.client(f"A{number}").talk_44("""
        C 35=R|131=R1|146=3|55=BTC/USD|54=1|38=1|55=BTC/USD|54=2|38=1|55=BTC/USD|38=2
        D 35=S
        D 35=S
        D 35=AG|658=(TOO_LARGE)|58=TOO_LARGE tag=146: too many symbols in one request
    """)


def test_the_same_line_twice(client: Client) -> None:
    """Same symbol, side, currency and tenor twice: the second is refused."""
    client.talk_44("""
        C 35=R|131=R1|146=3|55=BTC/USD|54=1|38=1|55=BTC/USD|54=1|38=2|55=BTC/USD|54=2|38=1
        D 35=S
        D 35=AG|658=(UNSUPPORTED)|58=UNSUPPORTED: the line repeats another
        D 35=S
    """)


@pytest.mark.parametrize(
    ("default", "asked", "firm"),
    [(1, "", True), (1, "537=0|", False), (0, "", False), (0, "537=1|", True)],
)
@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_firm_or_indicative(
    open_desk: OpenDesk, number: str, default: int, asked: str, firm: bool
) -> None:
    """A2: absent 537 asks for the session's default; the answer always says which it is."""
    desk = open_desk(sessions={f"A{number}": {"quote_type_default": default}})
    client = desk.client(f"A{number}")
    client.C(f"35=R|131=R1|146=1|55=BTC/USD|{asked}38=1")
    client.D("35=S|537=1|62=T+3s" if firm else "35=S|537=0|62=-")


def test_indicative_quotes_of_4_2_are_refused_by_default(desk: Conversation) -> None:
    """A1: 4.2 has no 537 to say it with."""
    desk.client("A42").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|537=0
        D 35=b|131=R1|297=5|300=-|58=UNSUPPORTED tag=537: ...
    """)


@pytest.mark.parametrize("quote_type", ["2", "3"])
def test_other_quote_types(client: Client, quote_type: str) -> None:
    """Restricted and counter quotes are not made."""
    client.talk_44(f"""
        C 35=R|131=R1|146=1|55=BTC/USD|537={quote_type}|38=1
        D 35=AG|658=(UNSUPPORTED)|58=UNSUPPORTED tag=537: ...
    """)


def test_one_sided_quotes(client: Client) -> None:
    """54 asks for one side, and only that is priced."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|133=100100.00|135=1|132=-|134=-
        C 35=R|131=R2|146=1|55=BTC/USD|54=2|38=1
        D 35=S|132=100000.00|134=1|133=-|135=-
    """)


def test_the_worse_side_is_checked_softly(desk: Conversation, client: Client) -> None:
    """A24: a two-way request is refused when either side could not be paid; nothing is held."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=6
        D 35=AG|658=(FUNDS)
        C 35=R|131=R2|146=1|55=BTC/USD|54=2|38=5
        D 35=S|131=R2
        C 35=R|131=R3|146=1|55=BTC/USD|54=2|38=5
        D 35=S|131=R3
    """)
    desk.books("ALPHA", "held", BTC="0.00000000")


def test_funds_are_decided_at_the_deal(client: Client) -> None:
    """Two quotes for the whole balance: the second deal finds nothing."""
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|54=2|38=5
        D 35=S|117=Q1
        C 35=R|131=R3|146=1|55=BTC/USD|54=2|38=5
        D 35=S|117=Q2
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=2|38=5|40=D
        D 35=8|150=0
        D 35=8|150=F
        C 35=D|11=A2|117=Q2|55=BTC/USD|54=2|38=5|40=D
        D 35=8|150=8|103=(FUNDS)
    """)


# -- prices that are not there -----------------------------------------------------------------


def test_no_fresh_price(desk: Conversation, client: Client) -> None:
    """A book older than price_age_max_ms makes no quote; A21: only a change makes it younger."""
    desk.feed_stops("BTC/USD")
    client.talk_44("""
        @ +2s
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1
    """)
    desk.at("+1ms")
    client.hears_all()  # the quote is withdrawn
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=AG|658=(NO_PRICE)|58=NO_PRICE: ...
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=(NO_PRICE)|58=NO_PRICE: ...
    """)


@pytest.mark.parametrize("asset", ["BTC", "USD"])
@pytest.mark.parametrize("how", ["missing", "old"])
def test_no_fresh_conversion(desk: Conversation, client: Client, asset: str, how: str) -> None:
    """R15: a conversion into the limit currency that is missing or old refuses."""
    if how == "missing":
        desk.rates.forget_value(asset)
    else:
        desk.rates.value(asset, "1" if asset == "USD" else "100050", stopped=True)
        desk.at("+5001ms")
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=AG|658=(NO_PRICE)|58=NO_PRICE: ...
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=(NO_PRICE)|58=NO_PRICE: ...
    """)


def test_an_instrument_nobody_prices(desk: Conversation, client: Client) -> None:
    """No source at all is no price."""
    client.talk_44("""
        C 35=R|131=R2|146=1|55=ETH/USD|38=1
        D 35=AG|658=(NO_PRICE)
    """)


def test_a_one_sided_book_makes_no_price(desk: Conversation, client: Client) -> None:
    """A source that shows one side only contributes nothing."""
    desk.sees("BTC/USD", bid="", offer="100050")
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|54=1|38=1
        D 35=AG|658=(NO_PRICE)
    """)


def test_a_stale_source_beside_a_fresh_one(desk: Conversation) -> None:
    """The fresh one prices alone."""
    desk.prices("BTC/USD", bid="100010", offer="100200", source="other")
    desk.feed_stops("BTC/USD")
    desk.at("+3s")
    desk.client("A44").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|133=100200.00
    """)


def test_a_crossed_market(desk: Conversation, client: Client) -> None:
    """Bid above offer, of one source or between two: no quote; an order has no price then."""
    desk.prices("BTC/USD", bid="100200", offer="100310", source="other")
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=AG|658=(MARKET_UNSTABLE)|58=MARKET_UNSTABLE: ...
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=(NO_PRICE)
    """)


# -- Z and a -----------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["117=nope|131=nope|298=5", "131=nope|298=1|295=1|55=BTC/USD"])
def test_passing_on_nothing(client: Client, named: str) -> None:
    """A18: Z for an unknown quote: AI 297=9, in 4.2 b 297=5 300=5."""
    client.talk_44(f"""
        C 35=Z|{named}
        D 35=AI|297=9|58=UNKNOWN_QUOTE: ...
    """)


def test_passing_on_all(desk: Conversation, client: Client) -> None:
    """298=4 ends all quotes of the client, and only his."""
    beta = desk.client("B44")
    beta.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q3")
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=S|117=Q2
        C 35=Z|131=R9|298=4
        D 35=AI|297=4
        C 35=D|11=A1|117=Q2|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=8|103=(QUOTE_GONE)|58=QUOTE_GONE: passed
    """)
    assert set(desk.state.quotes) == {desk.names["Q3"]}


def test_passing_twice(client: Client) -> None:
    """A quote that is gone is told as gone."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=Z|131=R1|117=Q1|298=5
        D 35=AI|117=Q1|297=1
        C 35=Z|131=R1|117=Q1|298=5
        D 35=AI|117=Q1|297=5|58=QUOTE_GONE: passed
    """)


def test_a_status_by_request_names_each_quote(desk: Conversation, client: Client) -> None:
    """a with 131 alone: one answer a quote of the request."""
    client.talk_44("""
        C 35=R|131=R1|146=2|55=BTC/USD|54=1|38=1|55=BTC/USD|54=2|38=1
        D 35=S|117=Q1
        D 35=S|117=Q2
        C 35=a|131=R1|55=BTC/USD
        D 35=AI|117=Q1|131=R1|297=0
        D 35=AI|117=Q2|131=R1|297=0
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
@pytest.mark.parametrize("kind", ["3", "4", "5"])
def test_other_quote_responses(client: Client, kind: str) -> None:
    """AJ with another 694: j 380=3, and the quote lives on."""
    client.talk_44(f"""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=AJ|693=N1|117=Q1|694={kind}|11=C1|55=BTC/USD|54=1|38=1
        D 35=j|372=AJ|380=3|58=UNSUPPORTED tag=694: not supported
        C 35=a|117=Q1|55=BTC/USD
        D 35=AI|297=0
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
@pytest.mark.parametrize("scope", ["2", "3", "5", "6"])
def test_other_scopes_of_a_mass_cancel(client: Client, scope: str) -> None:
    """2.8: q for anything but a symbol or all: r 531=0 532=0."""
    client.talk_44(f"""
        C 35=q|11=M1|530={scope}
        D 35=r|11=M1|530={scope}|531=0|532=0|533=-|58=UNSUPPORTED tag=530: ...
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_a_mass_cancel_of_an_unknown_symbol(client: Client) -> None:
    """q for a symbol that is not dealt in: r 531=0 532=1."""
    client.talk_44("""
        C 35=q|11=M1|530=1|55=NOPE/USD
        D 35=r|11=M1|531=0|532=1|58=UNKNOWN_SYMBOL tag=55: ...
    """)


def test_a_mass_cancel_reaches_all_sessions_of_the_client(desk: Conversation) -> None:
    """2.8: the client's own orders on any session, and nobody else's."""
    order = "55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"
    desk.client("A42").talk(f"C 35=D|11=A1|{order}\nD 35=8|37=O1|150=0")
    desk.client("B44").talk(f"C 35=D|11=A1|{order}\nD 35=8|37=O2|150=0")
    desk.client("A50").talk("""
        C 35=q|11=M1|530=7
        D 35=r|1369=M9|37=M9|533=1|534=1|1824=A1|535=O1
    """)
    desk.client("A42").talk("D 35=8|37=O1|11=A1|41=-|20=0|150=4|39=4")
    assert desk.order("A1", "BETA") is not None
