"""The order's state table (rules.md, section 5): one test a row, in each version that has it."""

from collections.abc import Callable

import pytest
from msgspec import structs

from otcfix.model.event import CancelOrder, SetInstrument, SetSession
from otcfix.model.order import CANCELED, EXPIRED, FILLED, NEW, PARTIAL
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.house_desk import house_desk

new_only = pytest.mark.parametrize("number", ["44", "50"], indirect=True)

RESTING = """
    C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1
    D 35=8|37=O1|11=A1|17=E1|150=0|39=0|38=3|14=0|151=3|6=0
"""


def rests(client: Client) -> None:
    """A buy of 3 at 99900 rests."""
    client.talk_44(RESTING)


def fills(desk: Conversation, client: Client, quantity: str) -> None:
    """The market comes to the resting order with this much."""
    desk.prices("BTC/USD", bid="99800", offer="99900", depth=quantity)
    client.hears()


# -- from nothing ------------------------------------------------------------------------------


def test_a_refused_order_is_rejected(desk: Conversation, client: Client) -> None:
    """D refused: one 8 150=8 39=8, and no books."""
    before = dict(desk.state.balances)
    client.talk_44("""
        C 35=D|11=A1|55=NOPE/USD|54=1|38=1|40=2|44=99900
        D 35=8|37=NONE|11=A1|17=E1|150=8|39=8|14=0|151=0|6=0|103=(UNKNOWN_SYMBOL)
    """)
    assert desk.state.balances == before
    assert not desk.state.orders


def test_a_quoted_order_is_filled_in_one_decision(desk: Conversation, client: Client) -> None:
    """40=D accepted: new and trade, and the hold leaves no trace beside the legs."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0|14=0|151=1|6=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|14=1|151=0|31=100100.00|32=1
    """)
    assert [order.status for order in desk.decided.orders] == [FILLED]
    desk.books("ALPHA", "held", USD="0.00")
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")


@pytest.mark.parametrize("tif", ["", "|59=3", "|59=4"], ids=["absent", "IOC", "FOK"])
def test_a_market_order_within_its_worst_price_fills(
    desk: Conversation, client: Client, tif: str
) -> None:
    """40=1 at a price within the tolerance: new, trade, FILLED."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=2|38=1|40=1{tif}
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|31=100000.00|32=1|14=1|151=0
    """)
    desk.books("ALPHA", USD="600000.00", BTC="4.00000000")


def test_a_market_order_beyond_the_depth_fills_and_is_cancelled(
    desk: Conversation, client: Client
) -> None:
    """40=1 IOC for more than is shown: what there is fills, the rest is cancelled."""
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="2")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=2|38=3|40=1
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=1|32=2|14=2|151=1
        D 35=8|37=O1|11=A1|17=E3|150=4|39=4|14=2|151=0
    """)
    desk.books("ALPHA", "held", BTC="0.00000000")
    desk.books("ALPHA", BTC="3.00000000")


def test_a_fok_limit_order_fills_whole(desk: Conversation, client: Client) -> None:
    """40=2 FOK, q* = all: filled."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=100100|59=4
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|32=3|14=3|151=0
    """)


def test_a_fok_limit_order_fills_nothing_else(desk: Conversation, client: Client) -> None:
    """40=2 FOK, q* < all: accepted, then cancelled, and the hold is free again."""
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="2")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=100100|59=4
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=4|39=4|14=0|151=0|58=FOK
    """)
    desk.books("ALPHA", "held", USD="0.00")
    desk.books("ALPHA", USD="500000.00")


@pytest.mark.parametrize(
    ("depth", "min_qty", "script"),
    [
        ("5", "2", ["150=F|39=2|32=3|14=3|151=0"]),
        ("2", "2", ["150=F|39=1|32=2|14=2|151=1", "150=4|39=4|14=2|151=0"]),
        ("1", "2", ["150=4|39=4|14=0|151=0"]),
    ],
    ids=["all", "at least MinQty", "less than MinQty"],
)
def test_an_ioc_limit_order(
    desk: Conversation, client: Client, depth: str, min_qty: str, script: list[str]
) -> None:
    """40=2 IOC: q* fills once when it reaches MinQty(110), the rest is cancelled and freed."""
    desk.prices("BTC/USD", bid="100000", offer="100100", depth=depth)
    client.talk_44(
        f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=100100|59=3|110={min_qty}
        D 35=8|37=O1|11=A1|150=0|39=0
    """
        + "\n".join(f"D 35=8|37=O1|11=A1|{line}" for line in script)
    )
    desk.books("ALPHA", "held", USD="0.00")


@pytest.mark.parametrize("tif", ["", "|59=0", "|59=1", "|59=6|126=T+10m", "|59=6|432=today"])
def test_a_limit_order_rests_with_its_hold(desk: Conversation, client: Client, tif: str) -> None:
    """40=2 Day, GTC or GTD: NEW, and 38 x 44 is held."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900{tif}
        D 35=8|37=O1|11=A1|150=0|39=0|38=3|14=0|151=3
    """)
    order = desk.order("A1")
    assert order is not None
    assert order.status == NEW
    desk.books("ALPHA", "held", USD="299700.00")
    desk.books("ALPHA", USD="200300.00")


def test_a_limit_order_fills_at_once_what_it_can(desk: Conversation, client: Client) -> None:
    """The part that the price allows goes at once, the rest rests with what it needs held."""
    desk.prices("BTC/USD", bid="99700", offer="99800", depth="1")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1
        D 35=8|37=O1|11=A1|150=0|39=0|14=0|151=3
        D 35=8|37=O1|11=A1|150=F|39=1|32=1|31=99800.00|14=1|151=2
    """)
    desk.books("ALPHA", "held", USD="199800.00")
    desk.books("ALPHA", USD="200400.00", BTC="6.00000000")


# -- NEW, PARTIAL: the market ------------------------------------------------------------------


def test_the_market_fills_a_resting_order_in_parts(desk: Conversation, client: Client) -> None:
    """RatesMoved with q* > 0: PARTIAL, then FILLED; improvement is freed at once."""
    rests(client)
    desk.prices("BTC/USD", bid="99700", offer="99800", depth="1")
    client.talk_44("D 35=8|37=O1|11=A1|150=F|39=1|32=1|31=99800.00|14=1|151=2")
    order = desk.order("A1")
    assert order is not None
    assert order.status == PARTIAL
    desk.books("ALPHA", "held", USD="199800.00")
    desk.books("ALPHA", USD="200400.00")
    desk.prices("BTC/USD", bid="99800", offer="99900")
    client.talk_44("D 35=8|37=O1|11=A1|150=F|39=2|32=2|31=99900.00|14=3|151=0")
    desk.books("ALPHA", "held", USD="0.00")
    desk.books("ALPHA", USD="200400.00", BTC="8.00000000")


def test_a_price_short_of_the_limit_wakes_nothing(desk: Conversation, client: Client) -> None:
    """A client price one tick beyond the limit fills nothing."""
    rests(client)
    desk.prices("BTC/USD", bid="99800", offer="99900.01")
    client.says_nothing_more()


# -- NEW, PARTIAL: cancel ----------------------------------------------------------------------


@pytest.mark.parametrize("filled", ["0", "1"])
def test_a_cancel_frees_the_rest(desk: Conversation, client: Client, filled: str) -> None:
    """F with the current 41: CANCELED with F's 11, 41, 14=cum and 151=0."""
    rests(client)
    if filled != "0":
        fills(desk, client, filled)
    client.talk_44(f"""
        C 35=F|11=A2|41=A1
        D 35=8|37=O1|11=A2|41=A1|17=E9|150=4|39=4|38=3|14={filled}|151=0
    """)
    desk.books("ALPHA", "held", USD="0.00")


def to_filled(desk: Conversation, client: Client) -> str:
    fills(desk, client, "3")
    return "2"


def to_canceled(desk: Conversation, client: Client) -> str:
    client.C("35=F|11=Z1|41=A1")
    client.hears()
    return "4"


def to_expired(desk: Conversation, client: Client) -> str:
    desk.at("22:00:00")  # 17:00 in New York
    client.hears()
    return "C"


@pytest.mark.parametrize("ending", [to_filled, to_canceled, to_expired])
@pytest.mark.parametrize("kind", ["F", "G"])
def test_a_closed_order_is_changed_no_more(
    desk: Conversation, client: Client, ending: Callable[[Conversation, Client], str], kind: str
) -> None:
    """F or G on a closed order: 9 with 102=0 and the true 39."""
    client.talk_44(RESTING.replace("59=1", "59=0"))
    status = ending(desk, client)
    client.talk_44(f"""
        C 35={kind}|11=A2|41=A1|60=T
        D 35=9|37=O1|11=A2|41=A1|39={status}|434={"1" if kind == "F" else "2"}|102=(TOO_LATE)
    """)


@pytest.mark.parametrize(
    ("depth", "answer"),
    [
        ("1", "35=8|37=O1|11=A2|41=A1|150=4|39=4|14=1|151=0"),
        ("3", "35=9|37=O1|11=A2|41=A1|39=2|102=(TOO_LATE)"),
    ],
    ids=["part", "all"],
)
def test_a_cancel_behind_a_fill_in_the_same_batch(
    desk: Conversation, client: Client, depth: str, answer: str
) -> None:
    """The fill is first in sequence: its report first, then 150=4 for the rest, or 9(0)."""
    rests(client)
    with desk.busy():
        desk.prices("BTC/USD", bid="99800", offer="99900", depth=depth)
        client.C("35=F|11=A2|41=A1")
    client.talk_44(f"""
        D 35=8|37=O1|11=A1|150=F|14={depth}
        D {answer}
    """)


def test_a_replace_behind_a_fill_in_the_same_batch(desk: Conversation, client: Client) -> None:
    """A replace that is decided after the fill in its batch finds the order as filled."""
    rests(client)
    with desk.busy():
        desk.prices("BTC/USD", bid="99800", offer="99900", depth="3")
        client.C("35=G|11=A2|41=A1|38=4")
    client.talk_44("""
        D 35=8|37=O1|11=A1|150=F|39=2
        D 35=9|37=O1|11=A2|41=A1|39=2|434=2|102=(TOO_LATE)
    """)


def test_a_duplicate_behind_the_end_of_its_order_in_the_same_batch(
    desk: Conversation, client: Client
) -> None:
    """A ClOrdID is used up although its order closed a moment ago, uncommitted."""
    rests(client)
    with desk.busy():
        client.C("35=F|11=A2|41=A1")
        client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1")
    client.talk_44("""
        D 35=8|37=O1|11=A2|41=A1|150=4
        D 35=8|37=NONE|11=A1|150=8|103=(DUPLICATE)|58=DUPLICATE of OrderID ...
    """)


# -- NEW, PARTIAL: replace ---------------------------------------------------------------------


def test_a_replace_changes_the_order(desk: Conversation, client: Client) -> None:
    """G passes: 150=5 39=0 (4.2: 39=5) with the new terms; the difference is held or freed."""
    rests(client)
    client.talk_44("""
        C 35=G|11=A2|41=A1|38=4|44=99800
        D 35=8|37=O1|11=A2|41=A1|17=E9|150=5|39=0|38=4|44=99800|14=0|151=4
    """)
    desk.books("ALPHA", "held", USD="399200.00")
    client.talk_44("""
        C 35=G|11=A3|41=A2|38=1
        D 35=8|37=O1|11=A3|41=A2|150=5|39=0|38=1|44=99800|14=0|151=1
    """)
    desk.books("ALPHA", "held", USD="99800.00")


def test_a_replace_of_a_partly_filled_order(desk: Conversation, client: Client) -> None:
    """After a fill: 150=5 39=1; 38 is the total."""
    rests(client)
    fills(desk, client, "1")
    client.talk_44("""
        C 35=G|11=A2|41=A1|38=2
        D 35=8|37=O1|11=A2|41=A1|150=5|39=1|38=2|14=1|151=1
    """)
    desk.books("ALPHA", "held", USD="99900.00")


def test_a_replaced_order_is_tried_at_once_with_its_new_id(
    desk: Conversation, client: Client
) -> None:
    """A better limit fills in the same decision; the fill carries the new ClOrdID."""
    rests(client)
    client.talk_44("""
        C 35=G|11=A2|41=A1|44=100100
        D 35=8|37=O1|11=A2|41=A1|150=5|39=0|38=3|14=0|151=3
        D 35=8|37=O1|11=A2|150=F|39=2|32=3|31=100100.00|14=3|151=0
    """)
    desk.books("ALPHA", "held", USD="0.00")


@pytest.mark.parametrize("quantity", ["2", "1"])
def test_a_replace_down_to_what_is_filled(
    desk: Conversation, client: Client, quantity: str
) -> None:
    """G with 38 <= cum: amended to cum, 150=5 39=2 151=0; the rest is freed."""
    rests(client)
    fills(desk, client, "2")
    client.talk_44(f"""
        C 35=G|11=A2|41=A1|38={quantity}
        D 35=8|37=O1|11=A2|41=A1|150=5|39=2|38=2|14=2|151=0
    """)
    desk.books("ALPHA", "held", USD="0.00")


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ("38=6", "REPLACE_REFUSED", "FUNDS"),
        ("44=99900.001", "BAD_PRICE", "BAD_PRICE tag=44"),
        ("54=2", "IMMUTABLE", "IMMUTABLE tag=54"),
        ("55=ETH/USD", "IMMUTABLE", "IMMUTABLE tag=55"),
        ("40=1", "IMMUTABLE", "IMMUTABLE tag=40"),
        ("1=ALPHA-2", "IMMUTABLE", "IMMUTABLE tag=1"),
        ("15=USD", "IMMUTABLE", "IMMUTABLE tag=15"),
        ("59=3", "IMMUTABLE", "IMMUTABLE tag=59"),
    ],
)
def test_a_refused_replace_changes_nothing(
    desk: Conversation, client: Client, change: str, code: str, text: str
) -> None:
    """G refused by gate, funds or an immutable field: 9 with 434=2; the order stands as it was."""
    rests(client)
    client.talk_44(f"""
        C 35=G|11=A2|41=A1|{change}
        D 35=9|37=O1|11=A2|41=A1|39=0|434=2|102=({code})|58={text}...
    """)
    desk.books("ALPHA", "held", USD="299700.00")
    order = desk.order("A1")
    assert order is not None
    assert (order.cl_ord_id, order.quantity) == ("A1", 3)
    assert desk.order("A2") is None


def test_a_second_change_that_names_the_first_ones_id(client: Client) -> None:
    """41 = the first G's 11: normal when that was accepted, else not current."""
    rests(client)
    client.talk_44("""
        C 35=G|11=A2|41=A1|38=2
        D 35=8|37=O1|11=A2|41=A1|150=5
        C 35=G|11=A3|41=A2|38=6
        D 35=9|37=O1|11=A3|41=A2|39=0|102=(REPLACE_REFUSED)
        C 35=F|11=A4|41=A3
        D 35=9|37=O1|11=A4|41=A3|39=0|434=1|102=(NOT_CURRENT)
        C 35=F|11=A5|41=A1
        D 35=9|37=O1|11=A5|41=A1|39=0|434=1|102=(NOT_CURRENT)
        C 35=F|11=A6|41=A2
        D 35=8|37=O1|11=A6|41=A2|150=4|39=4
    """)


# -- NEW, PARTIAL: expiry ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tif", "when"),
    [
        ("59=0", "22:00:00.000"),
        ("59=6|126=12:10:00", "12:10:00.000"),
        ("59=6|432=20270113", "22:00:00.000"),
        ("59=6|432=20270114", "2027-01-14 22:00:00.000"),
        ("59=6|126=12:10:00|432=20270113", "12:10:00.000"),
    ],
)
def test_an_order_expires(desk: Conversation, client: Client, tif: str, when: str) -> None:
    """Trading day's end, 126 or 432 reached: 150=C 39=C 151=0, and the hold is free."""
    client.talk_44(RESTING.replace("59=1", tif))
    desk.clock.go(_just_before(desk, when))
    desk.step()
    client.says_nothing_more()
    desk.at(when)
    client.talk_44("D 35=8|37=O1|11=A1|17=E9|150=C|39=C|38=3|14=0|151=0")
    desk.books("ALPHA", "held", USD="0.00")
    order = desk.decided.orders[0]
    assert order.status == EXPIRED


def _just_before(desk: Conversation, when: str) -> int:
    return desk.instant_of(when) - 1_000


def test_a_gtc_order_outlives_the_day(desk: Conversation, client: Client) -> None:
    """GTC rests past the trading day's end."""
    rests(client)
    desk.at("2027-01-20 12:00:00")
    client.says_nothing_more()
    assert desk.order("A1") is not None


# -- NEW, PARTIAL: many at once, and staff -----------------------------------------------------


@new_only
def test_a_mass_cancel_cancels_each(desk: Conversation, client: Client) -> None:
    """q 530=7: r, then 150=4 for each with its own ClOrdID and no 41."""
    rests(client)
    client.talk_44("""
        C 35=D|11=B1|55=BTC/USD|54=2|38=1|40=2|44=101000|59=1
        D 35=8|37=O2|11=B1|150=0
        C 35=q|11=M1|530=7
        D 35=r|37=M9|11=M1|530=7|531=7|533=2|534=2|41=A1|535=O1|41=B1|535=O2
        D 35=8|37=O1|11=A1|41=-|150=4|39=4|151=0
        D 35=8|37=O2|11=B1|41=-|150=4|39=4|151=0
    """)
    desk.books("ALPHA", "held", USD="0.00", BTC="0.00000000")


@new_only
def test_a_mass_cancel_of_one_symbol(desk: Conversation, client: Client) -> None:
    """q 530=1 cancels the orders of its symbol alone."""
    rests(client)
    desk.prices("ETH/USD", bid="4000", offer="4010")
    client.talk_44("""
        C 35=D|11=B1|55=ETH/USD|54=1|38=1|40=2|44=3900|59=1
        D 35=8|37=O2|11=B1|150=0
        C 35=q|11=M1|530=1|55=ETH/USD
        D 35=r|11=M1|530=1|531=1|533=1|534=1|41=B1|535=O2
        D 35=8|37=O2|11=B1|150=4|39=4
    """)
    assert desk.order("A1") is not None


def by_kill(desk: Conversation, client: Client) -> None:
    desk.kills()


def by_suspension(desk: Conversation, client: Client) -> None:
    desk.tell(SetSession(client.key, False, "staff", "test"))


def by_staff(desk: Conversation, client: Client) -> None:
    desk.tell(CancelOrder(desk.names["O1"], "staff", "test"))


def by_delisting(desk: Conversation, client: Client) -> None:
    without = house_desk()
    kept = tuple(i for i in without.instruments if i.symbol != "BTC/USD")
    desk.restarts(structs.replace(without, instruments=kept))
    client.logs_on()


def by_suspension_of_the_client(desk: Conversation, client: Client) -> None:
    desk.restarts(house_desk(clients={"ALPHA": {"enabled": False}}))
    client.logs_on()


def by_a_forbidden_instrument(desk: Conversation, client: Client) -> None:
    desk.restarts(house_desk(clients={"ALPHA": {"instruments": ("ETH/USD",)}}))
    client.logs_on()


@pytest.mark.parametrize(
    "cause",
    [
        by_kill,
        by_suspension,
        by_staff,
        by_delisting,
        by_suspension_of_the_client,
        by_a_forbidden_instrument,
    ],
)
def test_the_desk_cancels(
    desk: Conversation, client: Client, cause: Callable[[Conversation, Client], None]
) -> None:
    """Suspension, kill, delisting, staff: 150=4 with 58=CANCELLED_BY_DESK and 378; freed."""
    rests(client)
    fills(desk, client, "1")
    cause(desk, client)
    client.talk_44("""
        D 35=8|37=O1|11=A1|41=-|17=E9|150=4|39=4|14=1|151=0|378=(DESK)|58=CANCELLED_BY_DESK...
    """)
    desk.books("ALPHA", "held", USD="0.00")


# -- NEW, PARTIAL: the session -----------------------------------------------------------------


def test_a_dropped_session_keeps_its_orders(desk: Conversation, client: Client) -> None:
    """Cancel-on-disconnect off: the order stays, its reports wait for the logon."""
    rests(client)
    client.drops()
    desk.at("+1h")
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="1")
    client.says_nothing_more()
    client.logs_on()
    client.talk_44("D 35=8|37=O1|11=A1|150=F|39=1|14=1|151=2")


@pytest.mark.parametrize("asked", ["by the session", "by the order"])
def test_a_dropped_session_loses_its_orders(open_desk: OpenDesk, number: str, asked: str) -> None:
    """Cancel-on-disconnect: when the grace is over the order is cancelled, told at the logon."""
    wanted = {"cancel_on_disconnect": asked == "by the session", "cancel_grace_ms": 5_000}
    desk = open_desk(
        sessions={f"A{number}": wanted}, drop_copies={"DC42": "FIX.4.2", "DC44": "FIX.4.4"}
    )
    client, copy = desk.client(f"A{number}"), desk.client("DC44")
    exec_inst = "|18=o" if asked == "by the order" else ""
    client.C(f"35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1{exec_inst}")
    client.D("35=8|37=O1|11=A1|150=0|18=-")
    copy.hears()
    client.drops()
    desk.at("+4999ms")
    assert desk.order("A1") is not None
    desk.at("+1ms")
    assert desk.order("A1") is None
    copy.D("35=8|37=O1|11=A1|150=4|39=4|797=Y")
    client.logs_on()
    client.talk_44("D 35=8|37=O1|11=A1|150=4|39=4|151=0|378=(DISCONNECT)")
    desk.books("ALPHA", "held", USD="0.00")


def test_a_session_that_is_back_in_time_keeps_its_orders(open_desk: OpenDesk) -> None:
    """Within the grace nothing is cancelled, and a later break has its whole grace again."""
    desk = open_desk(sessions={"A44": {"cancel_on_disconnect": True, "cancel_grace_ms": 5_000}})
    client = desk.client("A44")
    rests(client)
    client.drops()
    desk.at("+3s")
    client.logs_on()
    desk.at("+1s")
    client.drops()
    desk.at("+4s")  # 8 s after the first break, 4 s after the second
    assert desk.order("A1") is not None
    desk.at("+1s")
    assert desk.order("A1") is None


# -- NEW, PARTIAL: restart, and sleep ----------------------------------------------------------


def test_a_restart_keeps_the_orders(desk: Conversation, client: Client) -> None:
    """The desk stops and starts: the order stands with its hold, and fills on fresh rates."""
    rests(client)
    desk.restarts()
    client.logs_on()
    client.says_nothing_more()
    desk.books("ALPHA", "held", USD="299700.00")
    desk.prices("BTC/USD", bid="99800", offer="99900")
    client.talk_44("D 35=8|37=O1|11=A1|150=F|39=2|14=3|151=0")


def test_what_expired_while_the_desk_was_down_comes_first(
    desk: Conversation, client: Client
) -> None:
    """After a restart: expiries by their due time, then matching; an expired order never fills."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=6|126=12:02:00
        D 35=8|37=O1|11=A1|150=0
        C 35=D|11=B1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=6|126=12:01:00
        D 35=8|37=O2|11=B1|150=0
        C 35=D|11=C1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O3|11=C1|150=0
    """)
    desk.restarts()
    with desk.busy():
        desk.at("12:10:00")
        desk.prices("BTC/USD", bid="99800", offer="99900")
        client.logs_on()
    client.talk_44("""
        D 35=8|37=O2|11=B1|150=C|39=C
        D 35=8|37=O1|11=A1|150=C|39=C
        D 35=8|37=O3|11=C1|150=F|39=2
    """)


def test_a_restart_fills_nothing_on_old_rates(desk: Conversation, client: Client) -> None:
    """A book that is older than the instrument allows wakes no order."""
    rests(client)
    desk.restarts()
    client.logs_on()
    with desk.busy():
        desk.prices("BTC/USD", bid="99800", offer="99900")
        desk.feed_stops("BTC/USD")
        desk.at("+3s")
    client.says_nothing_more()
    assert desk.order("A1") is not None


def test_reports_that_were_not_sent_are_said_again(desk: Conversation, client: Client) -> None:
    """Unsent reports come with 97=Y and the same ExecID(17) and TransactTime(60)."""
    rests(client)
    desk.at("+1s")
    with desk.killed("before saying"):
        desk.prices("BTC/USD", bid="99800", offer="99900", depth="1")
    (row,) = desk.told[-1][2]
    exec_id = row.exec_id
    at = desk.now
    desk.restarts()
    desk.at("+5s")
    client.logs_on()
    heard = client.D("97=Y|35=8|37=O1|11=A1|14=1")
    assert heard.get(17) == exec_id
    assert heard.get(60) == desk.timestamp(at)
    client.says_nothing_more()


def asleep_stale(desk: Conversation) -> None:
    desk.feed_stops("BTC/USD")
    desk.at("+3s")


def asleep_paused(desk: Conversation) -> None:
    desk.tell(SetInstrument("BTC/USD", "PAUSED", "staff", "test"))
    desk.prices("BTC/USD", bid="99800", offer="99900")


@pytest.mark.parametrize("cause", [asleep_stale, asleep_paused])
def test_an_order_sleeps(
    desk: Conversation, client: Client, cause: Callable[[Conversation], None]
) -> None:
    """Price stale or instrument paused: the order stays, and nothing is said."""
    rests(client)
    cause(desk)
    client.says_nothing_more()
    order = desk.order("A1")
    assert order is not None
    assert order.status == NEW


def test_a_sleeping_order_wakes(desk: Conversation, client: Client) -> None:
    """When the instrument reopens at the right price the order fills on the next rates."""
    rests(client)
    asleep_paused(desk)
    desk.tell(SetInstrument("BTC/USD", "OPEN", "staff", "test"))
    desk.prices("BTC/USD", bid="99800", offer="99900")
    client.talk_44("D 35=8|37=O1|11=A1|150=F|39=2")


# -- any: status, and the same again -----------------------------------------------------------


def test_the_status_of_an_order(desk: Conversation, client: Client) -> None:
    """H: 150=I (4.2: 20=3) with the last values, 17=0, and nothing moves."""
    rests(client)
    fills(desk, client, "1")
    before = dict(desk.state.balances)
    client.talk_44("""
        C 35=H|11=A1|55=BTC/USD|54=1
        D 35=8|37=O1|11=A1|17=0|150=I|39=1|38=3|14=1|151=2|6=99900
        C 35=F|11=A2|41=A1
        D 35=8|37=O1|11=A2|41=A1|150=4
        C 35=H|11=A1|55=BTC/USD|54=1
        D 35=8|37=O1|11=A1|17=0|150=I|39=4|38=3|14=1|151=0|6=99900
    """)
    assert {
        k: v for k, v in desk.state.balances.items() if ":held:" not in k and "ALPHA" not in k
    } == {k: v for k, v in before.items() if ":held:" not in k and "ALPHA" not in k}


def test_the_status_of_an_unknown_order(client: Client) -> None:
    """H on nothing: 8 150=I 39=8 37=NONE 103=5."""
    client.talk_44("""
        C 35=H|11=nope|55=BTC/USD|54=1
        D 35=8|37=NONE|11=nope|17=0|150=I|39=8|14=0|151=0|103=5|58=UNKNOWN_ORDER...
    """)


@new_only
def test_the_status_of_all_orders(client: Client) -> None:
    """AF: one 8 an order with 584, 911 and 912=Y on the last; none: one 8 with 911=0."""
    client.talk_44("""
        C 35=AF|584=S1|585=7
        D 35=8|37=NONE|17=0|150=I|39=8|584=S1|911=0|912=Y
    """)
    rests(client)
    client.talk_44("""
        C 35=D|11=B1|55=BTC/USD|54=2|38=1|40=2|44=101000|59=1
        D 35=8|37=O2|11=B1|150=0
        C 35=AF|584=S2|585=7
        D 35=8|37=O1|11=A1|17=0|150=I|39=0|584=S2|911=2|912=N
        D 35=8|37=O2|11=B1|17=0|150=I|39=0|584=S2|911=2|912=Y
        C 35=AF|584=S3|585=1|55=ETH/USD
        D 35=8|37=NONE|17=0|150=I|39=8|584=S3|911=0|912=Y
    """)


@pytest.mark.parametrize("flag", ["97=Y", "43=Y|122=T"])
@pytest.mark.parametrize(("ending", "status"), [(None, "0"), (to_filled, "2"), (to_canceled, "4")])
def test_the_same_order_resent(
    desk: Conversation,
    client: Client,
    flag: str,
    ending: Callable[[Conversation, Client], str] | None,
    status: str,
) -> None:
    """D again with 43/97=Y and the same body: the present state, and nothing is executed."""
    rests(client)
    if ending:
        ending(desk, client)
    before = dict(desk.state.balances)
    client.talk_44(
        f"""
        C {flag}|35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1
        D 35=8|37=O1|11=A1|17=0|150=I|39={status}
    """.replace(f"C {flag}|35=D", f"C 35=D|{flag}")
    )
    assert desk.state.balances == before


@pytest.mark.parametrize("flag", ["", "|97=Y"], ids=["plain", "other body"])
def test_the_same_id_again(desk: Conversation, client: Client, flag: str) -> None:
    """D again otherwise: 103=6 with 37=NONE, and the text names the order and its state."""
    rests(client)
    before = dict(desk.state.balances)
    quantity = "2" if flag else "3"
    client.C(f"35=D|11=A1|55=BTC/USD|54=1|38={quantity}|40=2|44=99900|59=1{flag}")
    heard = client.hears()
    assert (heard.get(37), heard.get(150), heard.get(103)) == ("NONE", "8", "6")
    assert heard.get(58) == f"DUPLICATE of OrderID {desk.names['O1']} (new)"
    assert (heard.get(14), heard.get(151), heard.get(6)) == ("0", "0", "0")
    assert desk.state.balances == before


def test_a_refused_order_uses_its_id_up(desk: Conversation, client: Client) -> None:
    """R17: every ClOrdID that an 8 answered is used up, also by a refusal; one of a j is not."""
    client.talk_44("""
        C 35=D|11=A1|55=NOPE/USD|54=1|38=1|40=1
        D 35=8|11=A1|150=8|103=(UNKNOWN_SYMBOL)
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|11=A1|150=8|103=(DUPLICATE)
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=2
        D 35=j|372=D|379=A2|380=5|58=MISSING_FIELD tag=44...
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=1
        D 35=8|11=A2|150=0
        D 35=8|11=A2|150=F
    """)
    assert CANCELED not in {order.status for order in desk.decided.orders}
