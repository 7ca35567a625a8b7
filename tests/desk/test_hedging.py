"""The desk covers what its clients dealt: when, how much, at which limit, where; and its books."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from otcfix.desk.state import State
from otcfix.model.hedge import (
    BACK_TO_BACK,
    BAND,
    BUSTED,
    CANCELED,
    DONT_KNOW,
    FILLED,
    MANUAL,
    NONE,
    ORDER,
    PENDING,
    REJECTED,
    STATUS,
    UNKNOWN,
    WORKING,
    Hedge,
    HedgeOrder,
    HedgeRule,
    SettleHedge,
    VenueReport,
    VenueUp,
)
from otcfix.model.messages import Side
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.hedge_venue import HedgeVenue
from tests.support.house_desk import ID_KEY

EACH = HedgeRule("BTC/USD", BACK_TO_BACK, ("LPX", "LPY"))
IN_BAND = HedgeRule("BTC/USD", BAND, ("LPX", "LPY"), band=Decimal(2))


def opened(open_desk: OpenDesk, *rules: HedgeRule, **changes: Any) -> tuple[Conversation, Any]:
    """A desk with these rules, and its two venues, connected."""
    desk = open_desk(hedging=rules, **changes)
    return desk, desk.venues.open("LPX", "LPY")


def deals(desk: Conversation, side: str = "1", quantity: str = "1", key: str = "A44") -> str:
    """A client deals at the market; the ExecID(17) of his fill."""
    client = desk.client(key)
    number = len(desk.told)
    client.C(f"35=D|11=D{number}|55=BTC/USD|54={side}|38={quantity}|40=1")
    fills = [heard for heard in client.hears_all() if heard.get(150) == "F"]
    assert fills, "no fill"
    return fills[-1].get(17)


def stands(desk: Conversation, hedge_id: str) -> HedgeOrder:
    order = desk.state.cover.order(hedge_id)
    assert order is not None
    return order


def held(desk: Conversation) -> str:
    return f"{desk.state.inventory('BTC/USD').normalize():f}"


def minor(desk: Conversation, account: str) -> int:
    return desk.state.balance(account)


# -- back to back ------------------------------------------------------------------------------


def test_a_fill_is_covered_at_once(open_desk: OpenDesk) -> None:
    """A client buys 1 BTC: the desk buys 1 BTC, by an order whose id comes from his fill's."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    exec_id = deals(desk)
    order = lpx.newest
    assert order.hedge_id == f"H{exec_id[1:]}a"
    assert len(order.hedge_id) <= 20
    assert (order.side, order.quantity, order.price) == (Side.BUY, 1, Decimal("100250.10"))
    assert (order.cause, order.mid) == (exec_id, 100050)
    assert lpx.heard == [ORDER]
    assert lpy.heard == []
    assert stands(desk, order.hedge_id).status == FILLED
    assert held(desk) == "0"


def test_a_sale_is_covered_by_a_sale(open_desk: OpenDesk) -> None:
    """The limit of a sale lies below the bid, rounded up: towards the market."""
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, slippage_max_bps=Decimal("0.3")))
    deals(desk, side="2")
    assert (lpx.newest.side, lpx.newest.price) == (Side.SELL, Decimal("100047.00"))
    assert held(desk) == "0"


@pytest.mark.parametrize("offer", ["100050.01", "99999.99", "100123.45"])
def test_no_limit_is_looser_than_the_rule(open_desk: OpenDesk, offer: str) -> None:
    """Rounded to the tick towards the market: never worse than the slippage that is allowed."""
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, slippage_max_bps=Decimal(7)))
    desk.sees("BTC/USD", bid="99900", offer=offer)
    deals(desk)
    worst = Decimal(offer) * (1 + Decimal("0.0007"))
    assert worst - Decimal("0.01") < lpx.newest.price <= worst


def test_it_is_journaled_before_it_is_sent(open_desk: OpenDesk) -> None:
    """Killed before the commit nothing was sent; killed before the sending it is remembered."""
    desk, (lpx, _) = opened(open_desk, EACH)
    client = desk.client("A44")
    with desk.killed("before commit"):
        client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    desk.restarts()
    assert lpx.said == []
    assert list(desk.state.cover.open_orders) == []

    lpx.comes_up()
    client.logs_on()
    with desk.killed("before sending"):
        client.C("35=D|11=A2|55=BTC/USD|54=1|38=1|40=1")
    desk.restarts()
    client.logs_on()
    client.hears_all()
    assert [order.status for order in desk.state.cover.open_orders] == [UNKNOWN]
    assert lpx.said == []
    lpx.comes_up()
    assert lpx.heard == [STATUS, ORDER], "asked before anything is sent again"
    assert held(desk) == "0"


def test_every_path_of_a_deal_is_covered(open_desk: OpenDesk) -> None:
    """A quote's hit, a limit order at once, one that rested: each fill by an order of its own."""
    desk, (lpx, _) = opened(open_desk, EACH)
    alpha = desk.client("A44")
    alpha.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    alpha.C("35=D|11=A1|117=Q1|55=BTC/USD|54=2|38=1|40=D")
    assert lpx.newest.side is Side.SELL
    alpha.C("35=D|11=A2|55=BTC/USD|54=1|38=0.5|40=2|44=100200|59=3")
    assert lpx.newest.quantity == Decimal("0.5")
    alpha.C("35=D|11=A3|55=BTC/USD|54=1|38=0.4|40=2|44=99900|59=1")
    alpha.C("35=D|11=A4|55=BTC/USD|54=1|38=0.3|40=2|44=99900|59=1")
    assert len(lpx.orders) == 2, "what rests is nobody's risk yet"
    desk.prices("BTC/USD", bid="99800", offer="99900")
    assert [o.order.quantity for o in lpx.orders.values()][2:] == [Decimal("0.4"), Decimal("0.3")]
    assert held(desk) == "0"


def test_no_hedge_comes_from_a_request(open_desk: OpenDesk) -> None:
    """R19: a question, a refused order and a resting one are not covered."""
    desk, (lpx, _) = opened(open_desk, EACH)
    client = desk.client("A44")
    client.C("35=R|131=R1|146=1|55=BTC/USD|38=1")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
    client.C("35=D|11=A2|55=BTC/USD|54=1|38=1000|40=1")
    assert lpx.said == []


def test_what_is_less_than_a_lot_stays_and_is_told(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, lot=Decimal("0.1")))
    deals(desk, quantity="0.25")
    assert lpx.newest.quantity == Decimal("0.2")
    assert held(desk) == "-0.05"
    assert "BTC/USD: 0.05 stays in the inventory: less than a lot" in desk.alerts


def test_a_large_fill_is_split(open_desk: OpenDesk) -> None:
    """By quantity_max; every piece has an id of its own."""
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, quantity_max=Decimal("0.4")))
    exec_id = deals(desk)
    sizes = {key: known.order.quantity for key, known in lpx.orders.items()}
    stem = f"H{exec_id[1:]}a"
    assert sizes == {stem: Decimal("0.4"), f"{stem}1": Decimal("0.4"), f"{stem}2": Decimal("0.2")}
    assert held(desk) == "0"


@pytest.mark.parametrize("mode", [NONE, MANUAL])
def test_modes_that_cover_nothing_by_themselves(open_desk: OpenDesk, mode: str) -> None:
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, mode=mode))
    deals(desk)
    assert lpx.said == []
    assert held(desk) == "-1"


def test_without_fresh_rates_the_middle_before_is_the_reference(open_desk: OpenDesk) -> None:
    """The composite is crossed when the venue rejects: covered from the middle of the deal."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    desk.sees("BTC/USD", bid="100400", offer="100500", source="other")
    desk.sees("BTC/USD", bid="100090", offer="100110")
    lpx.ends()
    desk.step()
    assert (lpx.newest.hedge_id[-1], lpy.newest.hedge_id[-1]) == ("a", "b")
    assert (lpy.newest.price, lpy.newest.mid) == (Decimal("100250.10"), 100050)


# -- the band ----------------------------------------------------------------------------------


def test_within_the_band_nothing_is_covered(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, IN_BAND)
    deals(desk, quantity="2")
    deals(desk, side="2", quantity="0.5")
    assert lpx.said == []
    assert held(desk) == "-1.5"


@pytest.mark.parametrize(("side", "after"), [("1", "-0.5"), ("2", "0.5")])
def test_the_overflow_goes_back_to_the_target(open_desk: OpenDesk, side: str, after: str) -> None:
    """The target lies on the side where the inventory is: a cover does not turn it round."""
    rule = structs.replace(IN_BAND, target=Decimal("0.5"))
    desk, (lpx, _) = opened(open_desk, rule)
    deals(desk, side=side, quantity="1.5")
    deals(desk, side=side, quantity="1")
    assert lpx.newest.quantity == 2
    assert held(desk) == after


def test_what_is_under_way_counts(open_desk: OpenDesk) -> None:
    """An open hedge is not hedged a second time."""
    desk, (lpx, _) = opened(open_desk, IN_BAND)
    lpx.manner = "waits"
    deals(desk, quantity="3")
    deals(desk, quantity="1")
    assert lpx.heard == [ORDER]
    lpx.executes()
    desk.step()
    assert held(desk) == "-1"


# -- what is posted ----------------------------------------------------------------------------


def test_a_fill_posts_against_the_venue(open_desk: OpenDesk) -> None:
    """The venue holds 1 BTC for the desk and is owed the terms; what it cost is in the P&L."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    lpx.executes(px="100060.00")
    desk.step()
    posted = [(t.debit, t.credit, t.amount, t.code) for t in desk.decided.transfers]
    assert posted == [
        ("venue/LPX:custody:BTC", "desk:position:BTC", 1_00000000, "hedge_base"),
        ("desk:position:USD", "venue/LPX:custody:USD", 100060_00, "hedge_terms"),
        ("desk:pnl:USD", "desk:position:USD", 10_00, "hedge_spread"),
    ]
    assert minor(desk, "desk:position:BTC") == 0
    assert minor(desk, "desk:position:USD") == 0
    assert minor(desk, "desk:pnl:USD") == 50_00 - 10_00


def test_partial_fills_are_counted(open_desk: OpenDesk) -> None:
    """Each is booked; what the IOC leaves is covered again, under the next letter."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    first = lpx.newest.hedge_id
    lpx.executes(first, "0.3")
    lpx.executes(first, "0.2")
    desk.step()
    assert stands(desk, first).status == WORKING
    lpx.manner = "fills"
    lpx.ends(first)
    desk.step()
    assert stands(desk, first).status == CANCELED
    assert (lpx.newest.hedge_id, lpx.newest.quantity) == (f"{first[:-1]}b", Decimal("0.5"))
    assert held(desk) == "0"


def test_a_report_said_again_is_booked_once(open_desk: OpenDesk) -> None:
    desk, _ = opened(open_desk, EACH)
    deals(desk)
    (said,) = [e.body for e, _, _ in desk.told if getattr(e.body, "exec_type", "") == "TRADE"]
    for _ in range(2):
        again = desk.tell(said)
        assert (again.hedge_fills, again.venue_requests, again.alerts) == ((), (), ())
    assert held(desk) == "0"


def test_an_end_that_is_said_again_covers_nothing_again(open_desk: OpenDesk) -> None:
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner = "cancels"
    deals(desk)
    (said,) = [e.body for e, _, _ in desk.told if getattr(e.body, "exec_type", "") == "CANCELED"]
    assert desk.tell(said).hedges == ()
    assert len(lpx.orders) == 1
    assert len(lpy.orders) == 1


# -- refusals of venues ------------------------------------------------------------------------


def test_a_rejected_cover_goes_to_the_next_venue(open_desk: OpenDesk) -> None:
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner = "rejects"
    deals(desk)
    assert stands(desk, lpx.newest.hedge_id).status == REJECTED
    assert stands(desk, lpx.newest.hedge_id).text == "last look"
    assert (lpy.newest.attempt, lpy.newest.cause) == (2, lpx.newest.cause)
    assert held(desk) == "0"


def test_attempts_have_an_end(open_desk: OpenDesk) -> None:
    """Three attempts, then people are told; the risk stays and is counted."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner = lpy.manner = "rejects"
    deals(desk)
    assert len(lpx.orders) + len(lpy.orders) == 3
    assert held(desk) == "-1"
    (alert,) = [alert for alert in desk.alerts if "uncovered" in alert]
    assert alert.startswith("BTC/USD: uncovered, still to buy 1: ")
    assert alert.endswith("the last of 3 attempts")


def test_in_a_band_only_what_is_still_outside_is_tried_again(open_desk: OpenDesk) -> None:
    """While the venue thought, a client sold: the inventory is back by itself."""
    desk, (lpx, lpy) = opened(open_desk, IN_BAND)
    lpx.manner = "waits"
    deals(desk, quantity="2.5")
    deals(desk, side="2", quantity="1")
    lpx.ends()
    desk.step()
    assert lpy.said == []
    assert held(desk) == "-1.5"
    assert not [alert for alert in desk.alerts if "uncovered" in alert]


def test_a_venue_at_its_exposure_is_passed_by(open_desk: OpenDesk) -> None:
    """The next one takes it; when none may, people are told. Coming nearer is always allowed."""
    desk, (lpx, lpy) = opened(open_desk, structs.replace(EACH, exposure_max=Decimal(1)))
    deals(desk)
    deals(desk, key="B44")
    assert len(lpx.orders) == len(lpy.orders) == 1
    deals(desk, key="FEE44")
    assert held(desk) == "-1"
    assert any("uncovered, still to buy 1: no venue may take it" in a for a in desk.alerts)
    deals(desk, side="2", key="FEE44")
    assert lpx.newest.side is Side.SELL
    assert desk.state.cover.at_venue("LPX", "BTC/USD") == 0


# -- lines that break --------------------------------------------------------------------------


def test_a_break_makes_orders_unknown_and_they_are_asked_for(open_desk: OpenDesk) -> None:
    """What was filled meanwhile is resent, or comes to light by the answer."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    lpx.goes_down()
    assert stands(desk, lpx.newest.hedge_id).status == UNKNOWN
    lpx.comes_up()
    assert lpx.heard == [ORDER, STATUS]
    assert stands(desk, lpx.newest.hedge_id).status == WORKING
    lpx.goes_down()
    lpx.executes(px="100055")
    lpx.comes_up()
    assert lpx.heard == [ORDER, STATUS], "what has ended needs no question"
    assert stands(desk, lpx.newest.hedge_id).status == FILLED
    assert held(desk) == "0"


def test_an_answer_brings_fills_that_were_never_told(open_desk: OpenDesk) -> None:
    """The difference is booked at the price that the average comes to; its report, should it come
    later after all, is not booked again."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    hedge_id = lpx.newest.hedge_id
    lpx.executes(hedge_id, "0.4", "100060")
    desk.step()
    lpx.goes_down()
    lpx.executes(hedge_id, "0.6", "100070")
    lost = lpx.unread[0]
    lpx.comes_up(resends=False)
    fills = desk.state.cover.fills(hedge_id)
    missing = fills[f"S:{hedge_id}:1"]
    assert (missing.base_amount, missing.price) == (Decimal("0.6"), 100070)
    assert minor(desk, "venue/LPX:custody:USD") == 40024_00 + 60042_00
    assert desk.tell(lost).hedge_fills == ()
    assert held(desk) == "0"


def test_what_the_venue_never_had_is_sent_again_once(open_desk: OpenDesk) -> None:
    """The same order under the same id; denied again, what is left goes out anew elsewhere."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner = "loses"
    deals(desk)
    hedge_id = lpx.newest.hedge_id
    desk.at("+5s")
    assert lpx.heard == [ORDER, STATUS, ORDER]
    assert stands(desk, hedge_id).sends == 2
    desk.at("+5s")
    assert lpx.heard == [ORDER, STATUS, ORDER, STATUS]
    assert stands(desk, hedge_id).status == CANCELED
    assert lpy.newest.hedge_id == f"{hedge_id[:-1]}b"
    assert held(desk) == "0"


def test_an_old_order_is_not_sent_again(open_desk: OpenDesk) -> None:
    """Its limit is of another market: what is left is covered at today's price."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner = lpy.manner = "loses"
    deals(desk)
    lpx.goes_down()
    desk.prices("BTC/USD", bid="101000", offer="101110")
    desk.at("+1m")
    lpx.manner = "fills"
    lpy.goes_down()
    lpx.comes_up()
    assert lpx.heard == [ORDER, STATUS, ORDER]
    assert lpx.newest.price > 101_000
    assert lpx.newest.attempt == 2
    assert held(desk) == "0"


def test_a_late_denial_is_of_the_question_before(open_desk: OpenDesk) -> None:
    """Two questions under way: the second denial was said before the order came again."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.manner, lpx.answers = "loses", False
    deals(desk)
    hedge_id = lpx.newest.hedge_id
    desk.at("+5s")
    desk.at("+5s")
    assert lpx.heard == [ORDER, STATUS, STATUS]
    lpx.manner = "waits"
    lpx.denied.add(hedge_id)
    denial = VenueReport("LPX", hedge_id, "", "0", "STATUS", "", unknown=True)
    desk.tell(denial)
    assert lpx.heard[-1] == ORDER
    desk.tell(denial)
    assert stands(desk, hedge_id).is_open
    assert lpy.said == []
    desk.tell(denial)
    assert any("without being asked" in alert for alert in desk.alerts)
    lpx.executes(hedge_id)
    desk.step()
    assert held(desk) == "0"


def test_a_cover_waits_for_a_venue(open_desk: OpenDesk) -> None:
    """With no line up it is journaled, and sent when its venue has been asked about it."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.goes_down()
    lpy.goes_down()
    deals(desk)
    (waiting,) = desk.state.cover.open_orders
    assert (waiting.status, waiting.sends, waiting.venue) == (PENDING, 0, "LPX")
    lpx.comes_up()
    assert lpx.heard == [STATUS, ORDER]
    assert held(desk) == "0"


def test_what_waits_for_one_venue_goes_to_the_one_that_comes_first(open_desk: OpenDesk) -> None:
    """It was never sent, so it needs no question; it goes out anew, at the price of then."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.goes_down()
    lpy.goes_down()
    deals(desk)
    (waiting,) = desk.state.cover.open_orders
    desk.at("+1m")
    desk.prices("BTC/USD", bid="101000", offer="101110")
    lpy.comes_up()
    assert stands(desk, waiting.hedge_id).status == CANCELED
    assert lpy.heard == [ORDER]
    assert lpy.newest.price > 101_000
    assert held(desk) == "0"
    lpx.comes_up()
    assert lpx.said == []


def test_what_may_have_been_sent_stays_where_it_is(open_desk: OpenDesk) -> None:
    """Its venue alone knows."""
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpy.goes_down()
    lpx.manner = "waits"
    deals(desk)
    lpx.goes_down()
    lpy.comes_up()
    assert lpy.said == []
    assert stands(desk, lpx.newest.hedge_id).status == UNKNOWN


def test_a_venue_whose_line_is_up_comes_first(open_desk: OpenDesk) -> None:
    desk, (lpx, lpy) = opened(open_desk, EACH)
    lpx.goes_down()
    deals(desk)
    assert lpy.heard == [ORDER]
    assert held(desk) == "0"


# -- silence -----------------------------------------------------------------------------------


def silent(open_desk: OpenDesk, rule: HedgeRule = EACH) -> tuple[Conversation, Any, str]:
    """A venue that took an order and says nothing at all, until the desk has given up asking."""
    desk, (lpx, _) = opened(open_desk, rule)
    lpx.manner, lpx.answers = "loses", False
    deals(desk, quantity="3" if rule.mode == BAND else "1")
    hedge_id = lpx.newest.hedge_id
    for _ in range(4):
        desk.at("+5s")
    return desk, lpx, hedge_id


def test_silence_freezes_the_instrument(open_desk: OpenDesk) -> None:
    """Asked three times, then covering stops and people are told; other clients still deal."""
    desk, lpx, hedge_id = silent(open_desk)
    assert lpx.heard == [ORDER, STATUS, STATUS, STATUS]
    assert desk.state.words["hedge_frozen"] == {hedge_id: "BTC/USD"}
    deals(desk, side="2", key="B44")
    assert lpx.heard.count(ORDER) == 1
    assert any("covering is frozen until an earlier order" in alert for alert in desk.alerts)
    desk.at("+1h")
    assert lpx.heard.count(STATUS) == 3


def test_answers_that_nobody_can_read_do_not_go_on_for_ever(open_desk: OpenDesk) -> None:
    """Each puts its order in doubt; after three questions people are asked instead."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner, lpx.answers = "waits", False
    deals(desk)
    for _ in range(6):
        desk.tell(VenueUp("LPX", unread=True))
    assert lpx.heard == [ORDER, STATUS, STATUS, STATUS]
    assert len([alert for alert in desk.alerts if "covering is frozen" in alert]) == 1
    lpx.answers = True
    lpx.goes_down()
    lpx.comes_up()
    assert lpx.heard[4:] == [STATUS]
    lpx.executes()
    desk.step()
    assert not desk.state.words.get("hedge_frozen")


def test_an_answer_resolves_it(open_desk: OpenDesk) -> None:
    """What the order left and still lies outside the band is covered then."""
    desk, lpx, hedge_id = silent(open_desk, IN_BAND)
    deals(desk, quantity="1", key="B44")
    assert lpx.heard.count(ORDER) == 1
    lpx.manner = "fills"
    desk.tell(
        VenueReport(
            *("LPX", hedge_id, "X", "0", "STATUS", "CANCELED"), cum_qty=Decimal(1),
            avg_px=Decimal(100060),
        )
    )  # fmt: skip
    desk.step()
    assert desk.state.words["hedge_frozen"] == {}
    assert lpx.newest.quantity == 2
    assert held(desk) == "-1"


def test_a_person_resolves_it(open_desk: OpenDesk) -> None:
    """What the venue said by phone is booked, and the instrument is covered again."""
    desk, lpx, hedge_id = silent(open_desk)
    told = SettleHedge(hedge_id, Decimal("0.4"), Decimal(100060), "ann", "by phone")
    assert desk.tell(told).alerts == (
        "BTC/USD: uncovered, still to buy 0.6: settled by ann",
    )  # fmt: skip
    assert stands(desk, hedge_id).status == CANCELED
    assert held(desk) == "-0.6"
    lpx.manner = "fills"
    deals(desk, side="2", quantity="0.6", key="B44")
    assert lpx.heard[-1] == ORDER
    for command, why in (
        (structs.replace(told, hedge_id="H1"), "no hedge H1"),
        (structs.replace(told, cum_qty=Decimal(-1)), "-1 filled is not within 0 to 1"),
        (structs.replace(told, cum_qty=Decimal(2)), "2 filled is not within 0 to 1"),
        (structs.replace(told, cum_qty=Decimal("NaN")), "NaN filled is not within"),
        (structs.replace(told, cum_qty=Decimal("0.2"), avg_px=Decimal(300000)), "no average price"),
        (structs.replace(told, cum_qty=Decimal(1), avg_px=None), "no average price that fits"),
    ):
        assert desk.tell(command).alerts[0].startswith(f"refused: {why}")


def test_a_bust_that_was_never_told_is_settled_by_hand(open_desk: OpenDesk) -> None:
    """The venue counts less than we do: covering is frozen until a person says what is true."""
    desk, (lpx, _) = opened(open_desk, EACH)
    deals(desk)
    hedge_id = lpx.newest.hedge_id
    desk.tell(VenueReport("LPX", hedge_id, "", "0", "STATUS", "CANCELED", cum_qty=Decimal(0)))
    assert desk.state.words["hedge_frozen"] == {hedge_id: "BTC/USD"}
    desk.tell(SettleHedge(hedge_id, Decimal(0), None, "ann", "busted, by phone"))
    assert desk.state.words["hedge_frozen"] == {}
    assert minor(desk, "venue/LPX:custody:BTC") == minor(desk, "venue/LPX:custody:USD") == 0
    assert held(desk) == "-1"
    assert "BTC/USD: uncovered, still to buy 1: settled by ann" in desk.alerts


def test_an_ioc_that_works_on_is_not_believed_for_ever(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    for _ in range(5):
        desk.at("+5s")
    assert lpx.heard == [ORDER, STATUS, STATUS, STATUS]
    assert list(desk.state.words["hedge_frozen"]) == [lpx.newest.hedge_id]
    lpx.executes()
    desk.step()
    assert desk.state.words["hedge_frozen"] == {}
    assert held(desk) == "0"


# -- what cannot be matched --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"last_qty": None}, "no LastQty(32)"),
        ({"last_px": None}, "no LastPx(31)"),
        ({"last_px": Decimal(0)}, "no LastPx(31)"),
        ({"last_px": Decimal("NaN")}, "no LastQty(32)"),
        ({"cum_qty": Decimal("Infinity")}, "no LastQty(32)"),
        ({"exec_id": ""}, "no ExecID(17)"),
        ({"cum_qty": Decimal("0.1")}, "cum 0.1 instead of 0.5"),
        ({"side": Side.SELL}, "the order is to buy"),
        ({"symbol": "ETH/USD"}, "the order is for BTC/USD"),
    ],
)
def test_a_fill_that_cannot_be_right_is_refused(
    open_desk: OpenDesk, changes: dict[str, Any], why: str
) -> None:
    """35=Q, an alert, nothing posted; and the venue is asked what is true."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    report = VenueReport(
        *("LPX", lpx.newest.hedge_id, "X", "F1", "TRADE", "PARTIAL"), last_qty=Decimal("0.5"),
        last_px=Decimal(100060), cum_qty=Decimal("0.5"),
    )  # fmt: skip
    decision = desk.tell(structs.replace(report, **changes))
    assert lpx.heard[-2:] == [DONT_KNOW, STATUS]
    refusal = lpx.said[-2]
    assert (refusal.exec_id, refusal.text) == (changes.get("exec_id", "F1"), why)
    told = next(d for e, d, _ in desk.told if getattr(e.body, "exec_type", "") == "TRADE")
    assert not decision.hedge_fills
    assert not told.transfers
    assert why in told.alerts[0]
    assert held(desk) == "-1"


def test_a_fill_of_an_order_that_is_not_ours_is_refused(open_desk: OpenDesk) -> None:
    desk, (lpx, lpy) = opened(open_desk, EACH)
    deals(desk)
    for venue, hedge_id in ((lpx, "HNOBODY"), (lpx, ""), (lpy, lpx.newest.hedge_id)):
        report = VenueReport(
            venue.name, hedge_id, "X", "F1", "TRADE", "FILLED", last_qty=Decimal(1),
            last_px=Decimal(100060),
        )  # fmt: skip
        decision = desk.tell(report)
        assert not decision.transfers
        assert decision.alerts
        (refusal,) = decision.venue_requests
        assert (refusal.what, refusal.exec_id, refusal.reason) == (DONT_KNOW, "F1", "D")
        assert venue.said[-1] == refusal


def test_what_happened_is_booked_whatever_it_looks_like(open_desk: OpenDesk) -> None:
    """More than was ordered, worse than the limit, after the end: it happened, and is alerted."""
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, attempts_max=1))
    lpx.manner = "waits"
    deals(desk)
    hedge_id = lpx.newest.hedge_id
    lpx.ends()
    desk.step()
    lpx.executes(hedge_id, "1.5", "100300")
    desk.step()
    assert f"{hedge_id}: filled at 100300, worse than 100250.1" in desk.alerts
    assert f"{hedge_id}: 1.5 filled of 1" in desk.alerts
    assert f"{hedge_id}: filled after it was CANCELED" in desk.alerts
    assert held(desk) == "0.5"


def test_a_fill_that_no_account_holds_is_refused(open_desk: OpenDesk) -> None:
    """One by itself, or the second that would fill the account: 35=Q, and the desk goes on."""
    desk, (lpx, _) = opened(open_desk, structs.replace(EACH, attempts_max=1))
    lpx.manner = "waits"
    deals(desk)
    report = VenueReport("LPX", lpx.newest.hedge_id, "X", "F", "TRADE", "PARTIAL")
    for exec_id, quantity, px in (
        ("F1", "1", "999999999999999999.999999999999999999"),
        ("F2", "999999999999999999.999999999999999999", "1"),
        ("F3", "40000000000", "0.01"),
        ("F4", "60000000000", "0.01"),
    ):
        numbers = {"last_qty": Decimal(quantity), "last_px": Decimal(px)}
        desk.tell(structs.replace(report, exec_id=exec_id, **numbers))
    assert [request.exec_id for request in lpx.said if request.what == DONT_KNOW] == [
        "F1", "F2", "F4",
    ]  # fmt: skip
    assert held(desk) == "39999999999"


def test_an_answer_that_no_account_holds_freezes(open_desk: OpenDesk) -> None:
    """Too much of it, or at a price that is none."""
    for cum, px in (("2", "999999999999999999"), ("0.000000000000000001", "999999999999999999")):
        desk, (lpx, _) = opened(open_desk, EACH)
        lpx.manner = "waits"
        deals(desk)
        report = VenueReport("LPX", lpx.newest.hedge_id, "X", "0", "STATUS", "FILLED")
        desk.tell(structs.replace(report, cum_qty=Decimal(cum), avg_px=Decimal(px)))
        assert desk.state.words["hedge_frozen"] == {lpx.newest.hedge_id: "BTC/USD"}
        assert held(desk) == "-1"


def test_a_missing_fill_is_asked_for(open_desk: OpenDesk) -> None:
    """The venue counts more than it has told: the answer brings the rest."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    lpx.executes(quantity="0.4", px="100051", is_told=False)
    lpx.executes(quantity="0.6", px="100053")
    desk.step()
    assert lpx.heard == [ORDER, STATUS]
    assert stands(desk, lpx.newest.hedge_id).status == FILLED
    assert minor(desk, "venue/LPX:custody:USD") == 40020_40 + 60031_80
    assert held(desk) == "0"


# -- busts and corrections ---------------------------------------------------------------------


def test_a_bust_takes_the_fill_back(open_desk: OpenDesk) -> None:
    """By reversing transfers; the venue's accounts are as before, and people are told."""
    desk, (lpx, _) = opened(open_desk, EACH)
    lpx.manner = "waits"
    deals(desk)
    before = dict(desk.state.balances)
    exec_id = lpx.executes(px="100061.23")
    desk.step()
    lpx.takes_back(exec_id)
    desk.step()
    (undone,) = desk.decided.hedge_fills
    assert (undone.exec_id, undone.status) == (f"R:{exec_id}", BUSTED)
    assert (undone.base_amount, undone.terms_amount) == (-1, Decimal("-100061.23"))
    assert {a: b for a, b in desk.state.balances.items() if b} == {
        a: b for a, b in before.items() if b
    }
    assert held(desk) == "-1"
    assert f"BTC/USD: uncovered, still to buy 1: {exec_id} busted" in desk.alerts
    again = desk.told[-1][0].body
    assert desk.tell(again).hedge_fills == ()


def test_a_bust_in_a_band_is_covered_anew(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, IN_BAND)
    deals(desk, quantity="3")
    exec_id = next(iter(lpx.orders[lpx.newest.hedge_id].executions))
    first = lpx.newest.hedge_id
    lpx.takes_back(exec_id)
    desk.step()
    assert lpx.newest.hedge_id != first
    assert held(desk) == "0"


def test_a_correction_is_a_reversal_and_a_new_fill(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, EACH)
    deals(desk)
    exec_id = next(iter(lpx.orders[lpx.newest.hedge_id].executions))
    new = lpx.takes_back(exec_id, corrected=("1", "100055.00"))
    desk.step()
    assert [fill.exec_id for fill in desk.decided.hedge_fills] == [f"R:{exec_id}", new]
    assert minor(desk, "venue/LPX:custody:USD") == 100055_00
    assert minor(desk, "desk:pnl:USD") == 50_00 - 5_00
    assert held(desk) == "0"
    lpx.takes_back(new)  # a corrected fill can be busted as any other
    desk.step()
    assert minor(desk, "venue/LPX:custody:USD") == 0


def test_a_bust_of_what_is_not_booked_is_told(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, EACH)
    deals(desk)
    said = VenueReport("LPX", lpx.newest.hedge_id, "X", "B1", "BUST", "NEW", exec_ref_id="X99")
    assert desk.tell(said).alerts == (
        f"LPX: BUST on {lpx.newest.hedge_id}: ExecRefID(19) X99 is not booked",
    )
    assert held(desk) == "0"


# -- by hand -----------------------------------------------------------------------------------


def by_hand(**changes: Any) -> Hedge:
    return structs.replace(Hedge("BTC/USD", Side.BUY, Decimal("0.5"), "ann", "why not"), **changes)


def test_staff_covers_by_hand(open_desk: OpenDesk) -> None:
    """One order by the rule's limit; what is left of it is theirs to order again."""
    desk, (lpx, lpy) = opened(open_desk, structs.replace(EACH, mode=MANUAL))
    desk.tell(by_hand())
    assert (lpx.newest.quantity, lpx.newest.price) == (Decimal("0.5"), Decimal("100250.10"))
    assert lpx.newest.cause.startswith("C")
    assert held(desk) == "0.5"
    lpy.manner = "rejects"
    desk.tell(by_hand(venue="LPY", side=Side.SELL, price=Decimal(100040)))
    assert lpy.newest.price == 100040
    assert len(lpx.orders) == len(lpy.orders) == 1
    assert any("uncovered, still to sell 0.5" in alert for alert in desk.alerts)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"symbol": "DOGE/USD"}, "no instrument DOGE/USD"),
        ({"symbol": "ETH/USD", "quantity": Decimal(1)}, "no venue for ETH/USD: name one"),
        ({"quantity": Decimal("0.0005")}, "0.0005 is no multiple of the lot 0.001"),
        ({"quantity": Decimal(-1)}, "-1 is no multiple of the lot"),
        ({"quantity": Decimal("NaN")}, "NaN is no multiple of the lot"),
        ({"venue": "LPZ"}, "no hedge venue LPZ"),
        ({"venue": "LPY"}, "LPY is not connected"),
        ({"quantity": Decimal(10), "venue": "LPX"}, "LPX would be beyond its exposure_max of 9"),
        ({"price": Decimal("100050.001")}, "100050.001 is no multiple of the tick 0.01"),
    ],
)
def test_what_staff_may_not_order(open_desk: OpenDesk, changes: dict[str, Any], why: str) -> None:
    desk, (lpx, lpy) = opened(open_desk, structs.replace(EACH, exposure_max=Decimal(9)))
    lpy.goes_down()
    decision = desk.tell(by_hand(**changes))
    assert decision.alerts[0].startswith(f"refused: {why}")
    assert not decision.hedges
    assert lpx.said == []


def test_by_hand_without_rates_needs_a_price(open_desk: OpenDesk) -> None:
    desk, (lpx, _) = opened(open_desk, EACH)
    desk.feed_stops("BTC/USD")
    desk.at("+10s")
    assert desk.tell(by_hand()).alerts == (
        "refused: no fresh rates of BTC/USD: name a price",
    )  # fmt: skip
    desk.tell(by_hand(price=Decimal(100100)))
    assert lpx.newest.price == 100100


# -- State -------------------------------------------------------------------------------------


def test_state_goes_through_a_snapshot(open_desk: OpenDesk) -> None:
    """Inventory, open and ended orders and their fills: the next decision is the same."""
    desk, (lpx, _) = opened(open_desk, EACH)
    deals(desk)
    lpx.manner = "waits"
    deals(desk, quantity="0.5")
    lpx.executes(quantity="0.2")
    desk.step()
    again = State.load(desk.state.dump(), ID_KEY)
    assert again.dump() == desk.state.dump()
    assert again.inventory("BTC/USD") == Decimal("-0.3")
    assert list(again.cover.open_orders) == list(desk.state.cover.open_orders)
    desk.snapshots()
    desk.restarts()
    lpx.comes_up()
    lpx.executes()
    desk.step()
    assert held(desk) == "0"


def test_only_so_many_ended_orders_are_remembered(
    monkeypatch: pytest.MonkeyPatch, open_desk: OpenDesk
) -> None:
    """State stays small; a report on one that is forgotten is refused, never booked blindly."""
    monkeypatch.setattr("otcfix.desk.cover.ENDED_KEPT", 2)
    desk, (lpx, _) = opened(open_desk, EACH)
    for side in ("1", "2", "1"):
        deals(desk, side=side)
    first, *others = lpx.orders
    assert desk.state.cover.order(first) is None
    assert [desk.state.cover.fills(key) != {} for key in (first, *others)] == [False, True, True]
    late = VenueReport(
        *("LPX", first, "X", "F9", "TRADE", "FILLED"), last_qty=Decimal(1), last_px=Decimal(1)
    )
    assert [request.what for request in desk.tell(late).venue_requests] == [DONT_KNOW]


def test_a_desk_without_hedging_sends_nothing(open_desk: OpenDesk) -> None:
    """The inventory is counted all the same: prices lean on it."""
    desk, venues = opened(open_desk)
    deals(desk)
    assert [venue.said for venue in venues] == [[], []]
    assert held(desk) == "-1"


def test_venues_are_what_they_say(open_desk: OpenDesk) -> None:
    """What the venues executed themselves is what is booked at them."""
    desk, venues = opened(open_desk, structs.replace(EACH, quantity_max=Decimal("0.3")))
    venues[0].manner = "cancels"
    deals(desk)
    deals(desk, side="2", quantity="0.7")
    for venue in venues:
        assert isinstance(venue, HedgeVenue)
        assert venue.executed() == desk.state.cover.at_venue(venue.name, "BTC/USD")
    assert held(desk) == "0"
