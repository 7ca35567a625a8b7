"""Busts, breaks, allocations and confirmations in the database, and what is recalled of them; on
both databases, and both ways of writing."""

from decimal import Decimal

from msgspec import structs

from otcfix.model.decision import Decision
from otcfix.model.post_trade import (
    AFFIRMED,
    BUSTED,
    CONFIRMED,
    CORRECTED,
    STANDS,
    AllocatedTo,
    Allocation,
    Confirmation,
    TradeBreak,
    TradeChange,
)
from otcfix.store import Store
from tests.conftest import OpenDesk
from tests.store.days import NOON, Day, a_trade, an_order
from tests.support.staff import busts, corrects, refused

ONE = Decimal(1)


def change(kind: str, name: str, now: str = "") -> TradeChange:
    """What became of `a_trade` of that name."""
    after = a_trade(now) if now else None
    trade = a_trade(name)
    return TradeChange(kind, f"E{now or 'x'}", trade, after, ONE, ONE, NOON, "ann", "bob", "why\0")


def test_trades_and_what_became_of_them(store: Store, way: str) -> None:
    """By the event and the ExecID(17), with the order; the list says which stand."""
    day = Day()
    first = day.event(Decision(trades=(a_trade("1"), a_trade("2")), orders=(an_order("1"),)))
    busted, corrected = change(BUSTED, "1"), change(CORRECTED, "2", "3")
    day.event(Decision(changes=(busted, corrected), trades=(a_trade("3"),)))
    store.commit(day.done())

    found = store.recall(
        [("trade", str(first), "E1"), ("trade", str(first), "E9"), ("trade", "2", "E3")]
    )
    assert (found[0].trade, found[0].change, found[0].order) == (
        *(a_trade("1"), busted),
        an_order("1"),
    )
    assert (found[1].trade, found[1].change) == (None, None)
    assert (found[2].trade, found[2].change, found[2].order) == (a_trade("3"), None, None)
    assert [(row.trade.exec_id, row.status) for row in store.trades()] == [
        *(("E1", "busted"), ("E2", "corrected")),
        ("E3", "good"),
    ]


def test_a_report_by_its_number(store: Store, way: str) -> None:
    """The newest of the session that had the number, and the trade that it told."""
    day = Day()
    seq = day.event(Decision(trades=(a_trade("1"),), orders=(an_order("1"),)))
    assert seq == day.seq
    for epoch, exec_id in enumerate(("E0", "E1"), 1):
        day.sent(day.say(exec_id=exec_id), 7, epoch=epoch)
    store.commit(day.done())

    asked = [("report", "acme-trade", "7"), ("report", "acme-trade", "8"), ("report", "x", "7")]
    found = store.recall(asked)
    assert [one.exec_id for one in found] == ["E1", "", ""]
    assert [one.trade for one in found] == [a_trade("1"), None, None]


def test_breaks_allocations_confirmations(store: Store, way: str) -> None:
    """The newest of each id; of another client nothing is found."""
    part = AllocatedTo("A", ONE, "K1", ONE, ONE, ONE)
    made = Allocation(
        *("acme", "L1", "acme-trade", ("O1", "O2"), "BTC/USD", "BTC/USD", "1", "BTC"),
        *(ONE, ONE, "20260921", "20260921", (part,), NOON),
    )
    said = Confirmation("K1", "acme", "L1", "A", CONFIRMED, NOON)
    found = TradeBreak("X1", "acme", "acme-trade", "E1", "Q", "why\0", NOON)
    day = Day()
    day.event(
        Decision(
            allocations=(made,), confirmations=(said,), breaks=(found,),
            orders=(an_order("1"), an_order("2")),
        )
    )  # fmt: skip
    store.commit(day.done())
    affirmed = structs.replace(said, state=AFFIRMED)
    resolved = structs.replace(found, state=STANDS, by="ann", why="x")
    day.event(Decision(confirmations=(affirmed,), breaks=(resolved,)))
    store.commit(day.done())

    one, two, three, four = store.recall(
        [
            *(("allocation", "acme", "L1"), ("allocation", "beta", "L1")),
            *(("confirmation", "acme", "K1"), ("confirmation", "beta", "K1")),
        ]
    )
    assert (one.allocation, one.orders) == (made, (an_order("1"), an_order("2")))
    assert (two.allocation, two.orders) == (None, ())
    assert (three.confirmation, four.confirmation) == (affirmed, None)
    assert store.trade_breaks() == [resolved]
    assert store.allocations() == [made]
    assert store.confirmations() == [affirmed]


def test_a_desk_on_it(store: Store, open_desk: OpenDesk) -> None:
    """Deal, correct, bust, complain, restart: on the real tables, and the books agree."""
    desk = open_desk(store=store)
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O1|17=E1|150=0
        D 35=8|37=O1|17=E2|150=F
        C 35=3|45=2|373=5|58=what
    """)
    corrects(desk, "E2", price="100000")
    client.talk("D 35=8|17=E3|19=E2|150=G")
    client.C(
        "35=J|626=1|857=1|70=L1|71=0|73=1|11=A1|54=1|55=BTC/USD|53=1|6=100000|75=20270113|60=T"
        "|78=1|79=ALPHA-1|80=1"
    )
    assert [heard.kind for heard in client.hears_all()] == ["P", "AK"]
    desk.restarts()
    client.logs_on()
    busts(desk, "E3")
    client.D("35=8|17=E4|19=E3|150=H")
    assert "was corrected" in refused(busts(desk, "E2"))
    assert [(row.status, bool(row.disputed)) for row in store.trades()] == [
        *(("corrected", True), ("busted", False)),
    ]
    assert [one.state for one in store.trade_breaks()] == ["CORRECTED"]
    assert store.check_balances() == []
