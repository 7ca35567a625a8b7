"""R6: whose side, and what a quantity counts."""

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

# Client prices are 100000.00 / 100100.00.


def test_buying_terms_deals_on_our_bid(desk: Conversation, client: Client) -> None:
    """15 = terms turns the side of the book: who buys USD sells BTC at our bid."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=100000|15=USD
        D 35=S|117=Q1|132=100000.00|133=-|134=100000|135=-|15=USD
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=100000|15=USD|40=D
        D 35=8|37=O1|150=0|54=1|15=USD|38=100000|14=0|151=100000
        D 35=8|37=O1|150=F|39=2|54=1|15=USD|38=100000|32=100000|31=100000.00|14=100000|151=0
          |381=100000.00|119=1.00000000|120=BTC
    """)
    desk.books("ALPHA", USD="600000.00", BTC="4.00000000")


def test_selling_terms_deals_on_our_offer(desk: Conversation, client: Client) -> None:
    """Who sells USD buys BTC at our offer."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=2|38=100100|15=USD
        D 35=S|117=Q1|133=100100.00|132=-|135=100100|134=-
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=2|38=100100|15=USD|40=D
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F|54=2|32=100100|31=100100.00|381=100100.00|119=1.00000000|120=BTC
    """)
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")


def test_a_market_order_in_terms(desk: Conversation, client: Client) -> None:
    """A market order in terms fills for exactly these terms, base HALF_UP to the minor unit."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=2|38=1000|15=USD|40=1
        D 35=8|37=O1|150=0|38=1000|151=1000
        D 35=8|37=O1|150=F|39=2|32=1000|14=1000|31=100100.00|381=1000.00|119=0.00999001|120=BTC
    """)
    desk.books("ALPHA", USD="499000.00", BTC="5.00999001")


def test_a_limit_order_in_terms_rests_and_fills(desk: Conversation, client: Client) -> None:
    """A resting order in terms that sells base holds base, and counts in terms throughout."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=202000|15=USD|40=2|44=101000|59=1
        D 35=8|37=O1|150=0|39=0|15=USD|38=202000|14=0|151=202000
    """)
    desk.books("ALPHA", "held", BTC="2.00000000", USD="0.00")
    desk.prices("BTC/USD", bid="101000", offer="101110", depth="0.5")
    client.talk_44("""
        D 35=8|37=O1|150=F|39=1|15=USD|32=50500.00|14=50500.00|151=151500.00|31=101000.00
          |381=50500.00|119=0.50000000|120=BTC
    """)
    desk.books("ALPHA", "held", BTC="1.50000000")


def test_cash_order_qty_is_turned_into_base(desk: Conversation, client: Client) -> None:
    """152 is terms, its side of the base; base is rounded down to the lot at the deal price."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|152=1000|15=USD|40=1
        D 35=8|37=O1|150=0|54=1|15=USD|152=1000|38=0.009|14=0|151=0.009
        D 35=8|37=O1|150=F|39=2|152=1000|38=0.009|32=0.009|14=0.009|151=0|31=100100.00|381=900.90
          |119=900.90|120=USD
    """)
    desk.books("ALPHA", USD="499099.10", BTC="5.00900000")


def test_a_quote_in_cash_says_sizes_in_base(client: Client) -> None:
    """152 on R: the request's cash comes back, 134 and 135 are what it buys, in base."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|152=1000
        D 35=S|117=Q1|152=1000|38=-|132=100000.00|133=100100.00|134=0.01|135=0.009
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|152=1000|40=D
        D 35=8|37=O1|150=0|152=1000|38=0.009
        D 35=8|37=O1|150=F|39=2|32=0.009
    """)


def test_a_quote_in_cash_may_be_dealt_by_its_size(client: Client) -> None:
    """The order on a cash quote may repeat the size that the quote showed."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=2|152=1000
        D 35=S|117=Q1|132=100000.00|134=0.01
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=2|38=0.01|40=D
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F|39=2|32=0.01|31=100000.00
    """)


@pytest.mark.parametrize(
    ("fields", "tag"),
    [
        ("38=1|15=EUR", "15"),
        ("152=1000|15=BTC", "15"),
        ("38=1|152=1000", "152"),
    ],
)
@pytest.mark.parametrize("kind", ["order", "quote"])
def test_units_that_make_no_sense(client: Client, kind: str, fields: str, tag: str) -> None:
    """15 is base or terms, with 152 terms only; 38 and 152 exclude each other."""
    if kind == "order":
        client.talk_44(f"""
            C 35=D|11=A1|55=BTC/USD|54=1|40=1|{fields}
            D 35=8|11=A1|150=8|103=(UNSUPPORTED)|58=UNSUPPORTED tag={tag}: ...
        """)
    else:
        client.talk_44(f"""
            C 35=R|131=R1|146=1|55=BTC/USD|{fields}
            D 35=AG|131=R1|658=(UNSUPPORTED)|58=UNSUPPORTED tag={tag}: ...
        """)


def test_base_currency_changes_nothing(client: Client) -> None:
    """15 = base is what its absence means, and comes back."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|15=BTC|40=1
        D 35=8|37=O1|150=0|15=BTC|38=1
        D 35=8|37=O1|150=F|15=BTC|32=1|31=100100.00|119=100100.00|120=USD
    """)


def test_a_client_who_says_sides_of_the_base(open_desk: OpenDesk, number: str) -> None:
    """With side_of = "base", 54 is of the base whatever 15 is."""
    desk = open_desk(sessions={f"A{number}": {"side_of": "base"}})
    desk.client(f"A{number}").talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=100100|15=USD
        D 35=S|117=Q1|133=100100.00|132=-
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=100100|15=USD|40=D
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F|31=100100.00|119=1.00000000|120=BTC
    """)
    desk.books("ALPHA", BTC="6.00000000")


def test_the_unit_of_a_quote_binds_its_order(client: Client) -> None:
    """A quote in base is not dealt on in terms."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=2|38=1|15=USD|40=D
        D 35=8|11=A1|150=8|103=(QUOTE_DIFFERS)|58=QUOTE_DIFFERS tag=15: ...
    """)


@pytest.mark.parametrize(
    ("pair", "bid", "offer", "base", "terms", "asset"),
    [
        ("BTC/USDT", "100000", "100110", "0.001", "100.110000", "USDT"),
        ("ETH/USD", "4000", "4010", "0.01", "40.10", "USD"),
        ("USD/JPY", "150", "150.155", "0.01", "2", "JPY"),
    ],
)
def test_amounts_have_the_scale_of_their_asset(
    desk: Conversation, pair: str, bid: str, offer: str, base: str, terms: str, asset: str
) -> None:
    """Contra and gross amounts are in the minor unit of terms: USDT 6, USD 2, JPY 0."""
    desk.prices(pair, bid=bid, offer=offer, depth="1000")
    who = "T44" if pair == "USD/JPY" else "A44"
    if pair == "BTC/USDT":
        desk.moves_funds("ALPHA", "USDT", "1000")
    desk.client(who).talk(f"""
        C 35=D|11=A1|55={pair}|54=1|38={base}|40=1
        D 35=8|150=0
        D 35=8|150=F|32={base}|381={terms}|119={terms}|120={asset}
    """)
