"""R16, A10, A20: how much fills, who is first, what a hold keeps."""

from decimal import Decimal

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation


def rests(client: Client, cl_ord_id: str, quantity: str = "1", more: str = "") -> None:
    client.C(f"35=D|11={cl_ord_id}|55=BTC/USD|54=1|38={quantity}|40=2|44=99900|59=1{more}")
    assert client.hears().get(150) == "0"


def comes_down(desk: Conversation, depth: str) -> None:
    """The client's offer comes to 99900.00."""
    desk.prices("BTC/USD", bid="99800", offer="99900", depth=depth)


# -- depth -------------------------------------------------------------------------------------


def test_depth_is_taken_by_any_client(desk: Conversation) -> None:
    """What ALPHA took of a snapshot is gone for BETA, until the source updates."""
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="2")
    alpha, beta = desk.client("A44"), desk.client("B44")
    alpha.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1.5|40=1
        D 35=8|150=0
        D 35=8|150=F|32=1.5
    """)
    beta.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=AG|131=R1|658=9|58=NO_DEPTH: ...
        C 35=R|131=R2|146=1|55=BTC/USD|54=1|38=0.5
        D 35=S|131=R2
        C 35=R|131=R3|146=1|55=BTC/USD|54=2|38=2
        D 35=S|131=R3
        @ +1s
        C 35=D|11=B1|55=BTC/USD|54=1|38=1|40=1|59=4
        D 35=8|150=8|103=99|58=NO_DEPTH: ...
    """)
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="2")
    beta.talk("""
        C 35=R|131=R4|146=1|55=BTC/USD|54=1|38=2
        D 35=S|131=R4
    """)


def test_depth_is_taken_source_by_source(desk: Conversation) -> None:
    """A source that updates shows its whole depth again, the other one only what is left."""
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="1")
    desk.prices("BTC/USD", bid="99999", offer="100101", depth="1", source="other")
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1.5|40=1
        D 35=8|150=0
        D 35=8|150=F|32=1.5
    """)
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="1")
    client.talk("""
        C 35=D|11=A2|55=BTC/USD|54=1|38=2|40=1|59=4
        D 35=8|150=8|103=99|58=NO_DEPTH: ...
        C 35=D|11=A3|55=BTC/USD|54=1|38=1.5|40=1|59=4
        D 35=8|150=0
        D 35=8|150=F|32=1.5
    """)


def test_a_part_in_terms_takes_no_more_than_is_shown(open_desk: OpenDesk) -> None:
    """Terms are rounded down to their minor unit: 0.004 BTC at 100123.45 are worth 400.4938."""
    desk = open_desk(instruments={"BTC/USD": {"partial_min": "0.001"}})
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=5000|15=USD|40=2|44=100123.45|59=1
        D 35=8|150=0
    """)
    desk.prices("BTC/USD", bid="100123.45", offer="100230.00", depth="0.004")
    client.talk("D 35=8|150=F|32=400.49|31=100123.45|381=400.49|119=0.00399996|120=BTC")
    assert max(gone.quantity for gone in desk.state.taken.values()) <= Decimal("0.004")


def test_a_sweep_prices_the_whole_size(desk: Conversation) -> None:
    """The client's price is the average of the levels that his size takes, plus the spread."""
    desk.sees("BTC/USD", bid="100050x1 100040x1", offer="100050x1 100060x1")
    desk.client("A44").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=2
        D 35=S|131=R1|132=99995.00|133=100105.00
    """)


# -- order of acceptance -----------------------------------------------------------------------


def test_the_first_accepted_is_the_first_filled(desk: Conversation) -> None:
    """Orders woken by one move of the rates are tried in the order of their acceptance."""
    alpha, beta = desk.client("A44"), desk.client("B50")
    rests(beta, "B1")
    rests(alpha, "A1")
    comes_down(desk, "1.5")
    beta.talk("D 35=8|11=B1|150=F|39=2|32=1")
    alpha.talk("D 35=8|11=A1|150=F|39=1|32=0.5|14=0.5|151=0.5")


@pytest.mark.parametrize(
    ("change", "keeps"), [("38=0.5", True), ("38=1.5", False), ("44=99900.01", False)]
)
def test_a_replace_keeps_its_place_only_for_less(
    desk: Conversation, change: str, keeps: bool
) -> None:
    """A replaced order keeps its place only when the quantity alone went down."""
    alpha, beta = desk.client("A44"), desk.client("B44")
    rests(alpha, "A1")
    rests(beta, "B1")
    alpha.C(f"35=G|11=A2|41=A1|{change}")
    assert alpha.hears().get(150) == "5"
    comes_down(desk, "0.4")
    first, second = (alpha, beta) if keeps else (beta, alpha)
    assert first.hears().get(150) == "F"
    second.says_nothing_more()


# -- small parts -------------------------------------------------------------------------------


def test_a_part_below_the_minimum_waits(desk: Conversation) -> None:
    """A resting order fills q* only if that is all of it or reaches partial_min (0.01)."""
    client = desk.client("A44")
    rests(client, "A1")
    comes_down(desk, "0.009")
    client.says_nothing_more()
    comes_down(desk, "0.01")
    client.talk("D 35=8|11=A1|150=F|32=0.01|151=0.99")
    rests(client, "A2", "0.005")
    comes_down(desk, "1")
    client.talk("""
        D 35=8|11=A1|150=F|39=2|32=0.99
        D 35=8|11=A2|150=F|39=2|32=0.005
    """)


def test_min_qty_binds_the_first_fill_alone(desk: Conversation, client: Client) -> None:
    """A10: the first execution reaches 110; what follows is free."""
    rests(client, "A1", "3", "|110=2")
    comes_down(desk, "1.999")
    client.says_nothing_more()
    comes_down(desk, "2")
    client.talk_44("D 35=8|11=A1|150=F|32=2|151=1|110=2")
    comes_down(desk, "0.5")
    client.talk_44("D 35=8|11=A1|150=F|32=0.5|151=0.5")


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ("59=4|110=1", True),
        ("59=1|110=0", True),
        ("59=1|110=1.001", False),
        ("59=3|110=-1", False),
    ],
)
def test_min_qty_must_fit(client: Client, fields: str, accepted: bool) -> None:
    """110 above 38 is a bad quantity; with FOK it says nothing new."""
    client.C(f"35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=100100|{fields}")
    if accepted:
        assert client.hears_all()[0].get(150) == "0"
    else:
        client.talk_44("D 35=8|150=8|103=(BAD_QUANTITY)|58=BAD_QUANTITY tag=110: ...")


# -- quantities --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "refusal"),
    [
        ("0", "BAD_QUANTITY"),
        ("-1", "BAD_QUANTITY"),
        ("0.0001", "BAD_QUANTITY"),
        ("1.0005", "BAD_QUANTITY"),
        ("100.001", "TOO_LARGE"),
        ("999999999999999999", "TOO_LARGE"),
    ],
)
@pytest.mark.parametrize("kind", ["market", "limit", "quote"])
def test_quantities_that_are_not_dealt(
    client: Client, quantity: str, refusal: str, kind: str
) -> None:
    """Zero, negative, off the lot, below the minimum, beyond the maximum: told by tag."""
    if kind == "quote":
        client.talk_44(f"""
            C 35=R|131=R1|146=1|55=BTC/USD|38={quantity}
            D 35=AG|131=R1|658=({refusal})|58={refusal} tag=38: ...
        """)
        return
    price = "40=1" if kind == "market" else "40=2|44=99900"
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38={quantity}|{price}
        D 35=8|150=8|103=({refusal})|58={refusal} tag=38: ...
    """)


@pytest.mark.parametrize("quantity", ["2", "0.5", "1.001"])
def test_a_quote_is_dealt_for_its_quantity_only(client: Client, quantity: str) -> None:
    """A3: 38 must equal the quote's quantity."""
    client.talk_44(f"""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38={quantity}|40=D
        D 35=8|150=8|103=(BAD_QUANTITY)|58=BAD_QUANTITY tag=38: ...
    """)


@pytest.mark.parametrize("quantity", ["1.0", "1.000", "01"])
def test_equal_numbers_are_equal(client: Client, quantity: str) -> None:
    """Quantities are numbers, not texts."""
    client.talk_44(f"""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38={quantity}|40=D
        D 35=8|150=0
        D 35=8|150=F|39=2
    """)


# -- holds -------------------------------------------------------------------------------------


def test_a_buyers_hold_covers_the_fee(desk: Conversation, number: str) -> None:
    """A20: limit x leaves and the worst fee, HALF_UP; a fill gives back what it does not need."""
    client = desk.client(f"FEE{number}")
    rests(client, "A1")  # 99900 and 10 bp of it: 99.90
    desk.books("FEES", "held", USD="99999.90")
    desk.prices("BTC/USD", bid="99700", offer="99800", depth="0.5")
    fee = "|12=49.90|13=3" + ("" if number == "42" else "|479=USD")
    client.talk_44(f"D 35=8|150=F|32=0.5|31=99800.00|381=49900.00|119=49900.00{fee}")
    desk.books("FEES", "held", USD="49999.95")
    desk.books("FEES", USD="400050.15")  # 500000 - 49900 - 49.90 - 49999.95


def test_a_sellers_fee_comes_out_of_his_proceeds(desk: Conversation) -> None:
    """A seller holds base alone; the fee is its own transfer from what he gets."""
    client = desk.client("FEE44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=2|38=1|40=2|44=100200|59=1
        D 35=8|150=0
    """)
    desk.books("FEES", "held", BTC="1.00000000", USD="0.00")
    desk.prices("BTC/USD", bid="100200", offer="100310")
    client.talk("D 35=8|150=F|31=100200.00|381=100200.00|12=100.20|13=3|479=USD")
    desk.books("FEES", USD="600099.80", BTC="4.00000000")


def test_orders_cannot_spend_the_same_money(client: Client) -> None:
    """Holds add up: the third order finds what the first two left."""
    rests(client, "A1", "2")
    rests(client, "A2", "2")
    client.talk_44("""
        C 35=D|11=A3|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1
        D 35=8|150=8|103=(FUNDS)|58=FUNDS: ...
        C 35=F|11=C1|41=A1
        D 35=8|150=4
        C 35=D|11=A4|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1
        D 35=8|150=0
    """)


def test_the_last_minor_unit(desk: Conversation) -> None:
    """Funds are compared to the minor unit."""
    client = desk.client("A44")
    desk.moves_funds("ALPHA", "USD", "-400100")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900.01|59=1
        D 35=8|150=8|103=3|58=FUNDS: ...
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|150=0
    """)
    desk.books("ALPHA", USD="0.00")


def test_open_orders_are_limited(desk: Conversation, client: Client) -> None:
    """The sixth resting order of a client with open_orders_max = 5 is refused, an IOC is not."""
    for count in range(5):
        rests(client, f"A{count}", "0.1")
    client.talk_44("""
        C 35=D|11=B1|55=BTC/USD|54=1|38=0.1|40=2|44=99900|59=1
        D 35=8|150=8|103=(LIMIT)|58=LIMIT: ...
        C 35=D|11=B2|55=BTC/USD|54=1|38=0.1|40=2|44=99900|59=3
        D 35=8|150=0
        D 35=8|150=4
        C 35=G|11=B3|41=A0|38=0.2
        D 35=8|150=5
    """)


def test_open_quotes_are_limited(desk: Conversation, client: Client) -> None:
    """The eleventh live quote of a client with open_quotes_max = 10 is refused."""
    for count in range(10):
        client.C(f"35=R|131=R{count}|146=1|55=BTC/USD|38=0.1")
    client.hears_all()
    client.talk_44("""
        C 35=R|131=X1|146=1|55=BTC/USD|38=0.1
        D 35=AG|131=X1|658=(TOO_LARGE)
        @ +3001ms
        C 35=R|131=X2|146=1|55=BTC/USD|38=0.1
        D 35=S|131=X2
    """)


def test_what_rests_counts_towards_the_position(desk: Conversation, client: Client) -> None:
    """Orders that may all fill keep the limit together: 5 BTC held, 14 resting, 1 more is over."""
    desk.moves_funds("ALPHA", "USD", "5000000")
    rests(client, "A1", "14")
    client.talk_44("""
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|150=8|103=(LIMIT)|58=LIMIT: ...
        C 35=D|11=A3|55=BTC/USD|54=1|38=0.9|40=2|44=99900|59=1
        D 35=8|150=0
        C 35=F|11=F1|41=A1
        D 35=8|150=4
        C 35=D|11=A4|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|150=0
    """)


@pytest.mark.parametrize(
    ("side", "quantity", "accepted"),
    [
        ("2", "1", True),  # reducing a position above its limit passes
        ("1", "0.001", False),  # and nothing else
        ("2", "5", True),  # to zero
    ],
)
def test_a_position_above_its_limit_may_only_shrink(
    open_desk: OpenDesk, side: str, quantity: str, accepted: bool
) -> None:
    """R23: limits lowered under current use force nothing; only reducing deals pass."""
    desk = open_desk(clients={"ALPHA": {"position_max": 100_000}})
    client = desk.client("A44")
    client.C(f"35=D|11=A1|55=BTC/USD|54={side}|38={quantity}|40=1")
    heard = client.hears()
    assert heard.get(150) == ("0" if accepted else "8")
    if not accepted:
        assert heard.get(58).startswith("LIMIT")
    client.hears_all()
