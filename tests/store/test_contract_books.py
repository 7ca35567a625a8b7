"""What every store promises of the ledger, of trades and of orders."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.errors import StoreLost
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.order import CANCELED, NEW, PARTIAL
from otcfix.store import Store
from otcfix.store.tables import obligations
from tests.store.days import (
    NOON,
    Day,
    a_quote,
    a_trade,
    an_explanation,
    an_order,
    deposit,
    everything,
)

Reopen = Callable[[], Store]

ACME = chart.client_account("acme", chart.AVAILABLE, "USD")
BANK = chart.venue_account("bank", "USD")


# -- the ledger ------------------------------------------------------------------------------


def test_balances_move_with_the_transfers(store: Store, day: Day) -> None:
    store.commit(day.funded())
    day.fill()
    day.fill()
    store.commit(day.done())

    assert store.balances("client/acme:") == {
        "client/acme:available:BTC": 2 * 150_000_000,
        "client/acme:available:USD": 10**15 - 2 * 15_015_000,
    }
    assert store.balances()["desk:pnl:USD"] == 2 * 7_500
    assert store.trial_balance() == {"BTC": 0, "USD": 0}
    assert store.check_balances() == []


def test_prefixes_are_exact(store: Store, day: Day) -> None:
    for client in ("acme", "ACME", "acm_", "acmé"):
        day.event(Decision(transfers=(deposit(client, amount=1),)))
    store.commit(day.done())

    assert list(store.balances("client/acme:")) == ["client/acme:available:USD"]
    assert list(store.balances("client/acm_")) == ["client/acm_:available:USD"]
    assert len(list(store.statement("client/ACME:"))) == 1


def test_a_client_cannot_go_below_his_settlement_limit(store: Store, reopened: Reopen) -> None:
    take = Transfer(ACME, BANK, "USD", 500, "withdrawal")

    def withdraw(store: Store) -> None:
        day = Day(seq=store.head().seq)
        day.event(Decision(transfers=(take,)))
        store.commit(day.done())

    store.floors = {("acme", "USD"): 1_000}
    withdraw(store)
    withdraw(store)
    with pytest.raises(StoreLost):
        withdraw(store)
    assert reopened().balances(ACME) == {ACME: -1_000}


def test_other_accounts_of_clients_have_their_floors(store: Store, day: Day) -> None:
    held = chart.client_account("acme", chart.HELD, "USD")
    payable = chart.client_account("acme", chart.PAYABLE, "USD")
    store.floors = {("acme", "USD"): 1_000}
    day.event(Decision(transfers=(Transfer(payable, BANK, "USD", 10, "terms_leg"),)))
    store.commit(day.done())
    day.event(Decision(transfers=(Transfer(held, BANK, "USD", 1, "terms_leg"),)))

    with pytest.raises(StoreLost):
        store.commit(day.done())


def test_a_changed_limit_holds_from_the_next_boot(store: Store, reopened: Reopen) -> None:
    day = Day()
    store.floors = {("acme", "USD"): 1_000, ("beta", "USD"): 1_000}
    for client, amount in (("acme", 800), ("beta", 300)):
        account = chart.client_account(client, chart.AVAILABLE, "USD")
        day.event(Decision(transfers=(Transfer(account, BANK, "USD", amount, "withdrawal"),)))
    store.commit(day.done())
    store.close()

    again = reopened()
    assert again.set_floors({("acme", "USD"): 500, ("beta", "USD"): 400}) == [ACME]

    day.event(Decision(transfers=(deposit("acme", amount=100),)))  # he may come back
    again.commit(day.done())
    day.event(Decision(transfers=(Transfer(ACME, BANK, "USD", 101, "withdrawal"),)))
    with pytest.raises(StoreLost):
        again.commit(day.done())

    last = reopened()
    assert not last.set_floor("acme", "USD", 500)
    assert last.set_floor("acme", "USD", 700)
    assert last.set_floor("nobody", "USD", 700), "he has no account yet"
    assert last.floors == {("acme", "USD"): 700, ("nobody", "USD"): 700}


def test_a_limit_that_is_no_longer_there_is_zero(store: Store, day: Day) -> None:
    store.floors = {("acme", "USD"): 1_000}
    day.event(Decision(transfers=(deposit(amount=10),)))
    store.commit(day.done())

    assert store.set_floors({}) == []

    day.event(Decision(transfers=(Transfer(ACME, BANK, "USD", 11, "withdrawal"),)))
    with pytest.raises(StoreLost):
        store.commit(day.done())


def test_a_balance_that_somebody_changed_is_found(store: Store, day: Day) -> None:
    store.commit(day.funded())
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE accounts SET balance = balance + 1"))
        connection.execute(sa.text("DELETE FROM accounts WHERE account = 'venue/bank:custody:BTC'"))

    found = store.check_balances()

    assert f"{ACME}: the balance is {10**15 + 1}, its transfers sum up to {10**15}" in found
    assert any("no such account" in line for line in found)
    assert len(found) == 4
    assert set(store.trial_balance().values()) == {2, 10**15 + 1}


@pytest.mark.usefixtures("way")
def test_an_account_that_is_gone_stops_the_desk(store: Store, reopened: Reopen, day: Day) -> None:
    store.commit(day.funded())
    with store.writing() as connection:
        connection.execute(sa.text("DELETE FROM accounts WHERE account = 'desk:position:BTC'"))
    before = everything(store)
    day.fill()

    with pytest.raises(StoreLost, match="account"):
        store.commit(day.done())
    assert everything(reopened()) == before


def test_a_statement_holds_both_sides_of_the_time_asked_for(store: Store, day: Day) -> None:
    store.commit(day.funded())
    first = day.fill() and day.seq
    day.fill(client="beta", transfers=())
    second = day.fill() and day.seq
    store.commit(day.done())

    lines = list(store.statement("client/acme:"))
    assert [(line.seq, line.code) for line in lines] == [
        (1, "deposit"),
        (first, "terms_leg"),
        (first, "base_leg"),
        (second, "terms_leg"),
        (second, "base_leg"),
    ]
    assert (lines[1].debit, lines[1].credit, lines[1].asset) == (ACME, "desk:position:USD", "USD")
    assert (lines[1].at, lines[1].amount) == (NOON + first * 100, 15_015_000)

    at = NOON + first * 100
    assert {line.seq for line in store.statement("client/acme:", since=at + 1)} == {second}
    assert {line.seq for line in store.statement("client/acme:", until=at)} == {1}
    assert {line.seq for line in store.statement("client/acme:", at, at + 1)} == {first}


def test_obligations_are_kept(store: Store, day: Day) -> None:
    owed = (Obligation("acme", "USD", -5, "20260923"), Obligation("acme", "BTC", 7, "20260923"))
    day.event(Decision(obligations=owed))
    store.commit(day.done())

    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(sa.select(obligations))]
    assert rows == [(1, 0, "acme", "USD", -5, "20260923"), (1, 1, "acme", "BTC", 7, "20260923")]


# -- trades and orders -----------------------------------------------------------------------


@pytest.mark.usefixtures("way")
def test_a_trade_comes_back_exactly(store: Store, day: Day) -> None:
    trade = a_trade(
        "1", base_amount=Decimal("123456789012345678.123456789012345678"), fee=Decimal("0E-8"),
        spread=Decimal("-0.01"), mid=Decimal("1E+3"),
    )  # fmt: skip
    day.fill("1", trades=(trade, a_trade("2")), transfers=())
    store.commit(day.done())

    first, second = store.trades()

    assert first.trade == trade
    assert str(first.trade.base_amount) == str(trade.base_amount)
    assert (second.trade, second.seq, second.disputed) == (a_trade("2"), 1, "")


def test_trades_can_be_looked_for(store: Store, day: Day) -> None:
    store.commit(day.funded("acme", "beta"))
    for name, client in (("1", "acme"), ("2", "beta"), ("3", "acme")):
        day.fill(name, client)
    store.commit(day.done())

    def ids(**wanted: object) -> list[str]:
        return [row.trade.exec_id for row in store.trades(**wanted)]

    assert ids() == ["E1", "E2", "E3"]
    assert ids(client_id="acme") == ["E1", "E3"]
    assert ids(limit=2) == ["E2", "E3"]
    assert ids(exec_id="E2") == ids(order_id="O2") == ["E2"]
    assert ids(symbol="ETH/USD") == []
    assert ids(since=NOON + 300) == ["E2", "E3"]
    assert ids(until=NOON + 300) == ["E1"]
    assert store.counts(since=NOON + 300)["trades"] == 2


def test_a_dispute_is_seen_on_its_trade(store: Store, day: Day) -> None:
    store.commit(day.funded())
    for name in ("1", "2", "3", "4"):
        report = day.fill(name)
        day.sent(report, 50 + int(name))
    day.sent(1, 52, epoch=2)
    store.commit(day.done())

    day.event(day.disputed("acme-trade", "E1"), "Q")
    day.event(day.disputed("acme-trade", ref_seq_num=52), "3")
    day.event(day.disputed("acme-trade", ref_seq_num=999), "3")
    day.event(day.disputed("other", ref_seq_num=53), "3", session="other")
    store.commit(day.done())

    why = {row.trade.exec_id: row.disputed for row in store.trades()}
    assert why == {"E1": "cannot read it", "E2": "cannot read it", "E3": "", "E4": ""}
    assert [row.trade.exec_id for row in store.trades(disputed=True)] == ["E1", "E2"]
    assert store.counts()["disputes"] == 4


@pytest.mark.usefixtures("way")
def test_orders_are_kept_as_they_stand_last(store: Store, day: Day) -> None:
    resting = an_order("1", status=NEW, accepted_seq=5)
    part = msgspec.structs.replace(resting, status=PARTIAL, cum_qty=Decimal("0.5"))
    older = an_order("0", "beta", status=NEW, accepted_seq=4)
    refused = an_order("x", order_id="NONE")
    day.event(Decision(orders=(resting, older, refused)))
    day.event(Decision(orders=(part,)))
    store.commit(day.done())
    assert store.orders_open() == [older, part]
    assert store.orders_open("acme") == [part]

    day.event(Decision(orders=(msgspec.structs.replace(part, status=CANCELED),)))
    store.commit(day.done())
    assert store.orders_open("acme") == []
    assert store.counts()["orders_open"] == 1
    (found,) = store.recall([("order", "acme", "O1")])
    assert found.order == msgspec.structs.replace(part, status=CANCELED)


# -- why a price was what it was -------------------------------------------------------------


def test_an_explanation_comes_back_as_it_was_written(store: Store, day: Day, way: str) -> None:
    store.commit(day.funded())
    day.event(Decision(explanations=(an_explanation("1"), an_explanation("2", symbol="ETH/USD"))))
    day.event(Decision(explanations=(an_explanation("3", at=NOON + 7),)))
    store.commit(day.done())

    assert store.explanation("Q1") == (2, an_explanation("1"))
    assert store.explanation("Q2") == (2, an_explanation("2", symbol="ETH/USD"))
    assert store.explanation("Q3") == (3, an_explanation("3", at=NOON + 7))


def test_what_was_never_explained_has_no_explanation(store: Store, day: Day) -> None:
    store.commit(day.funded())
    day.event(Decision(quotes=(a_quote("1"),)))
    store.commit(day.done())

    assert store.explanation("Q1") is None
    assert store.explanation("") is None
    assert store.quote("Q1") == a_quote("1")
    assert store.quote("Q2") is None


def test_an_explanation_is_found_with_its_event_and_without(store: Store, day: Day) -> None:
    """Where the event is known only that is read; a wrong one costs time, not the answer."""
    store.commit(day.funded())
    day.event(Decision(explanations=(an_explanation("1"), an_explanation("2"))))
    store.commit(day.done())

    for seq in (2, None, 1, 77):
        assert store.explanation("Q2", seq) == (2, an_explanation("2"))


def test_an_exact_number_keeps_its_digits(store: Store, day: Day) -> None:
    mid = Decimal("100050.123456789012345678901234567")
    day.event(Decision(explanations=(an_explanation("1", mid=mid),)))
    store.commit(day.done())

    found = store.explanation("Q1")
    assert found is not None
    assert str(found[1].mid) == str(mid)
