"""R5 and R19: no client is filled at a worse price than he accepted."""

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

# The market is 100050 on both sides in these tests, the client's prices 100000.00 / 100100.00.
MARKET = {"bid": "100050", "offer": "100050"}


def live_quote(client: Client, side: str = "") -> None:
    client.talk_44(f"""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1{side}
        D 35=S|117=Q1
    """)


@pytest.mark.parametrize("price", ["", "|44=100100", "|44=100100.00"])
def test_a_quoted_order_is_filled_at_the_quoted_price(client: Client, price: str) -> None:
    """40=D with the quoted price, or none: filled at exactly the quoted price."""
    live_quote(client)
    client.talk_44(f"""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D{price}
        D 35=8|150=0
        D 35=8|150=F|31=100100.00
    """)


@pytest.mark.parametrize("price", ["100099.99", "100100.01", "100000.00"])
def test_another_price_on_a_quoted_order_is_refused(client: Client, price: str) -> None:
    """A better or a worse 44 is a mapping error, never an improvement."""
    live_quote(client)
    client.talk_44(f"""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D|44={price}
        D 35=8|150=8|103=(QUOTE_DIFFERS)|58=QUOTE_DIFFERS tag=44: ...
    """)


@pytest.mark.parametrize(("bid", "offer"), [("90000", "90100"), ("110000", "110120")])
def test_a_moved_market_does_not_move_the_quote(
    desk: Conversation, client: Client, bid: str, offer: str
) -> None:
    """R19, last_look = "none": the quoted price is filled wherever the market went."""
    live_quote(client)
    desk.prices("BTC/USD", bid=bid, offer=offer)
    client.talk_44("""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F|31=100100.00
    """)


@pytest.mark.parametrize("deviation", ["0.001", "0"])
def test_a_deviation_on_a_quoted_order_is_refused(client: Client, deviation: str) -> None:
    """2676 belongs to market orders."""
    live_quote(client)
    client.talk_44(f"""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D|2676={deviation}
        D 35=8|150=8|103=(UNSUPPORTED)|58=UNSUPPORTED tag=2676: ...
    """)


# -- the worst price of a market order -----------------------------------------------------------
#
# buy:  100050 x (1 + d) down to the tick, must reach 100100.00:  d >= 0.000499750...
# sell: 100050 x (1 - d) up to the tick, must reach 100000.00


@pytest.mark.parametrize(
    ("side", "deviation", "filled"),
    [
        ("1", "0.00049970", False),  # 100099.9949 is 100099.99
        ("1", "0.00049975", False),  # 100099.9999 is 100099.99: rounded towards the reference
        ("1", "0.00049976", True),  # 100100.0009 is 100100.00
        ("2", "0.00049975", False),  # 100000.00001 is 100000.01: towards the reference as well
        ("2", "0.00049976", True),
        ("1", "0.99", True),
        ("1", "0", False),  # at the reference or better
        ("2", "0", False),
    ],
)
def test_a_deviation_is_a_fraction_of_the_reference(
    desk: Conversation, client: Client, side: str, deviation: str, filled: bool
) -> None:
    """2676 x best opposite price, rounded towards that price: one tick decides."""
    desk.sees("BTC/USD", **MARKET)
    client.C(f"35=D|11=A1|55=BTC/USD|54={side}|38=1|40=1|2676={deviation}")
    if filled:
        client.talk_44("D 35=8|150=0|2676=-\nD 35=8|150=F|39=2")
    else:
        client.talk_44("D 35=8|37=NONE|150=8|103=(PRICE_MOVED)|58=PRICE_MOVED: ...")


def test_the_reference_is_the_best_opposite_price(desk: Conversation, client: Client) -> None:
    """A buyer's worst price starts at the best offer of all sources, not at the middle."""
    desk.sees("BTC/USD", bid="100000", offer="100050")
    desk.sees("BTC/USD", bid="99000", offer="100400", source="wide")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1|2676=0.0005")  # worst 100100.02, price 100099.99
    client.talk_44("D 35=8|150=0\nD 35=8|150=F|31=100099.99")


@pytest.mark.parametrize("deviation", ["1", "1.5", "10", "-0.001"])
def test_a_deviation_that_is_no_fraction_is_refused(client: Client, deviation: str) -> None:
    """A per cent in place of a fraction is refused rather than believed."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1|2676={deviation}
        D 35=8|150=8|103=(UNSUPPORTED)|58=UNSUPPORTED tag=2676: ...
    """)


@pytest.mark.parametrize(
    ("fields", "filled"),
    [
        ("44=100100", True),
        ("44=100099.99", False),
        ("44=100100|2676=0.0001", False),
        ("44=100099.99|2676=0.01", False),
        ("44=100100|2676=0.01", True),
    ],
)
def test_a_price_on_a_market_order_is_its_worst(
    desk: Conversation, client: Client, fields: str, filled: bool
) -> None:
    """44 on 40=1 is an absolute worst price; the stricter of it and 2676 holds."""
    desk.sees("BTC/USD", **MARKET)
    client.C(f"35=D|11=A1|55=BTC/USD|54=1|38=1|40=1|{fields}")
    assert client.hears().get(150) == ("0" if filled else "8")
    client.hears_all()


@pytest.mark.parametrize(("bps", "filled"), [("4.9975", False), ("4.9976", True)])
def test_the_clients_own_slippage_is_the_default(
    open_desk: OpenDesk, bps: str, filled: bool
) -> None:
    """With neither 2676 nor 44 the client's slippage_default_bps is the tolerance."""
    desk = open_desk(clients={"ALPHA": {"slippage_default_bps": bps}})
    desk.sees("BTC/USD", **MARKET)
    client = desk.client("A44")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    assert client.hears().get(150) == ("0" if filled else "8")
    client.hears_all()


def test_a_market_order_takes_only_what_its_worst_price_allows(
    desk: Conversation, client: Client
) -> None:
    """IOC: the part whose average price is within the worst fills, the rest is cancelled."""
    desk.sees("BTC/USD", bid="100050", offer="100050x2 100250x8")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=4.5|40=1|44=100200
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F|39=1|32=4|14=4|151=0.5|31=100200.00
        D 35=8|37=O1|150=4|39=4|14=4|151=0
    """)


def test_a_limit_order_gets_the_improvement(client: Client) -> None:
    """44 is the limit; the fill is the desk's present price for the client."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=101000
        D 35=8|37=O1|150=0|44=101000
        D 35=8|37=O1|150=F|39=2|31=100100.00|44=101000
    """)


@pytest.mark.parametrize(
    ("ord_type", "tif", "supported"),
    [
        ("D", "", True),
        ("D", "3", True),
        ("D", "4", True),
        *(("D", tif, False) for tif in ("0", "1", "6")),
        ("1", "", True),
        ("1", "3", True),
        ("1", "4", True),
        *(("1", tif, False) for tif in ("0", "1", "6")),
        *(("2", tif, True) for tif in ("", "0", "1", "3", "4", "6")),
        *((ord_type, "", False) for ord_type in ("3", "4", "P")),
    ],
)
def test_time_in_force_by_order_type(
    client: Client, ord_type: str, tif: str, supported: bool
) -> None:
    """A7: 40=D and 40=1 are immediate; resting is for limit orders; the rest is not done."""
    live_quote(client)
    price = "|44=99900" if ord_type == "2" else "|44=100100" if ord_type in "34" else ""
    stop = "|99=100000" if ord_type in "34" else ""
    time = (f"|59={tif}" if tif else "") + ("|126=T+10m" if tif == "6" else "")
    client.C(f"35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40={ord_type}{price}{stop}{time}")
    if supported:
        assert client.hears_all()[0].get(150) == "0"
    else:
        client.talk_44("D 35=8|150=8|103=(UNSUPPORTED)|58=UNSUPPORTED tag=...")


@pytest.mark.parametrize("field", ["18=G", "111=1", "99=100", "211=1", "21=3", "18=o 6"])
def test_what_would_make_another_order_of_it(client: Client, field: str) -> None:
    """All-or-none, iceberg, stop, peg, manual handling: refused rather than done otherwise."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|{field}
        D 35=8|150=8|103=(UNSUPPORTED)|58=UNSUPPORTED tag={field.partition("=")[0]}: ...
    """)


def test_a_market_order_in_terms_may_take_all_that_is_shown(desk: Conversation) -> None:
    """The desk covers the dollars; the base that the client gives for them is more, by the spread.

    99950.02 is what a bid of 100000 less 4.9975 bp of 100050 comes to.
    """
    desk.sees("BTC/USD", bid="100000x0.5", offer="100100x0.5")
    desk.client("A44").talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=50000|15=USD|40=1
        D 35=8|150=0
        D 35=8|150=F|39=2|32=50000|31=..
    """)
