"""One test for each way in which the desk was once broken by somebody who tried to."""

import pytest

from tests.conversation import Client, Conversation
from tests.support.house_desk import house_desk

EURUSD = {"bid": "1.08000", "offer": "1.08200", "depth": "5000000"}


def kinds(client: Client) -> list[str]:
    """ExecType of each report heard."""
    return [heard.get(150) for heard in client.hears_all()]


def test_two_value_dates_due_at_once_are_each_settled_once() -> None:
    """A desk that was down over both dates pays and collects each of them once."""
    desk = Conversation()
    client = desk.client("T44")
    desk.prices("EUR/USD", **EURUSD)
    client.C("35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1")
    assert kinds(client) == ["0", "F"]
    desk.at("2027-01-14 12:00:00")
    desk.prices("EUR/USD", **EURUSD)
    client.C("35=D|11=A2|55=EUR/USD|54=1|38=100000|40=1")
    assert kinds(client) == ["0", "F"]
    desk._go("2027-01-19 12:00:00")
    desk.restarts()
    desk.step()
    assert desk.balance("TREASURY", "EUR") == "200000.00"
    assert desk.balance("TREASURY", "EUR", "receivable") == "0.00"
    assert desk.balance("TREASURY", "USD", "payable") == "0.00"


def test_delivery_waits_for_payment_and_a_deposit_settles_what_is_overdue() -> None:
    """Who cannot pay on the value date gets nothing of it until he pays."""
    desk = Conversation(house_desk(clients={"TREASURY": {"settlement_limits": {}}}))
    client = desk.client("T44")
    desk.prices("EUR/USD", **EURUSD)
    desk.moves_funds("TREASURY", "USD", "108200")
    client.C("35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1")
    assert kinds(client) == ["0", "F"]
    desk.moves_funds("TREASURY", "USD", "-108200")
    desk.at("2027-01-15 00:00:00")
    assert desk.balance("TREASURY", "EUR") == "0.00"
    assert desk.balance("TREASURY", "EUR", "receivable") == "100000.00"
    desk.moves_funds("TREASURY", "USD", "108200")
    assert desk.balance("TREASURY", "EUR") == "100000.00"
    assert desk.balance("TREASURY", "USD") == "0.00"
    assert not desk.state.obligations


def test_a_fill_of_the_last_life_is_told_before_the_end_of_its_order() -> None:
    """At a restart older reports go first: the order must not look open afterwards."""
    desk = Conversation()
    client = desk.client("A44")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=100000|59=1")
    assert kinds(client) == ["0"]
    with desk.killed("before saying"):
        desk.prices("BTC/USD", bid="99000", offer="99900", depth="1")
    desk.restarts(house_desk(clients={"ALPHA": {"enabled": False}}))
    client.logs_on()
    assert kinds(client) == ["F", "4"]


def test_an_order_replaced_from_another_session_is_told_there_and_copied_whole() -> None:
    """A14: who replaces an order hears the rest of it, and its AvgPx tells of the fills before."""
    desk = Conversation(house_desk(drop_copies={"DC44": "FIX.4.4"}))
    first, second, copy = (desk.client(key) for key in ("A42", "A44", "DC44"))
    copy.logs_on()
    desk.moves_funds("ALPHA", "USD", "5000000")
    first.C("35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1")
    desk.prices("BTC/USD", bid="99000", offer="99700", depth="1.5")
    assert kinds(first) == ["0", "1"]
    second.C("35=G|11=A2|41=A1|55=BTC/USD|54=1|38=3|40=2|44=99000|59=1")
    desk.prices("BTC/USD", bid="98000", offer="98900", depth="1.5")
    assert kinds(first) == []
    replaced, filled = second.hears_all()
    assert [replaced.get(tag) for tag in (150, 14, 6)] == ["5", "1.5", "99700"]
    assert [filled.get(tag) for tag in (150, 32, 31, 14, 6)] == [
        "F",
        "1.5",
        "98900.00",
        "3.0",
        "99300",
    ]
    assert kinds(copy) == ["0", "F", "5", "F"]
    desk.finish()


def test_resting_orders_together_keep_the_position_limit() -> None:
    """What already rests on a side counts towards the position it may become."""
    desk = Conversation()
    client = desk.client("T44")
    answers = []
    for number in range(3):
        client.C(f"35=D|11=A{number}|55=BTC/USD|54=1|38=15|40=2|44=99000|59=1")
        answers += kinds(client)
    assert answers == ["0", "8", "8"]


def test_cancel_on_disconnect_survives_a_kill() -> None:
    """A killed desk did not see its sessions go: at its start they are gone."""
    desk = Conversation(house_desk(sessions={"A44": {"cancel_on_disconnect": True}}))
    client = desk.client("A44")
    client.logs_on()
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
    client.hears_all()
    with desk.killed("before commit"):
        client.C("35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
    desk.restarts()
    desk.at("+60s")
    assert not desk.state.orders


def test_a_mass_cancel_sent_again_cancels_nothing_new() -> None:
    """97=Y with the same body tells the outcome; an order accepted since stands."""
    desk = Conversation()
    client = desk.client("A44")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
    client.C("35=q|11=Q1|530=7|60=T")
    client.C("35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
    client.hears_all()
    client.C("35=q|97=Y|11=Q1|530=7|60=T")
    assert [heard.get(533) for heard in client.hears_all()] == ["0"]
    assert [order.cl_ord_id for order in desk.state.orders.values()] == ["A2"]


@pytest.mark.parametrize("end_client", ["END2", "NOPE"])
def test_an_end_client_never_hears_another_s_quote(end_client: str) -> None:
    """A QuoteReqID said again for somebody else is a request of his own, judged as such."""
    desk = Conversation()
    client = desk.client("P44")
    client.C("35=R|115=END1|131=R1|146=1|55=BTC/USD|54=1|38=1")
    (quote,) = client.hears_all()
    client.C(f"35=R|115={end_client}|97=Y|131=R1|146=1|55=BTC/USD|54=1|38=1")
    assert all(heard.get(117) != quote.get(117) for heard in client.hears_all())


def test_replaces_of_one_order_are_bounded() -> None:
    """State keeps every ClOrdID of an open order, so an order uses up a bounded number."""
    desk = Conversation()
    client = desk.client("A44")
    client.C("35=D|11=G0|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
    for number in range(1, 203):
        last = min(number - 1, 199)
        client.C(f"35=G|11=G{number}|41=G{last}|55=BTC/USD|54=1|38=1|40=2|44={99000 + number}|59=1")
    assert client.hears_all()[-1].get(102) == "99"
    assert len(desk.state.order_of_id) == 200
