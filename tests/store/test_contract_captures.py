"""What every store promises of a client's trades."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from otcfix.model.decision import Decision
from otcfix.model.enquiries import TradesWanted
from otcfix.model.errors import StoreLost
from otcfix.model.messages import Side
from otcfix.model.order import NEW
from otcfix.model.post_trade import BUSTED, TradeChange
from otcfix.model.trade import Trade
from otcfix.store import Store
from tests.store.days import NOON, Day, a_trade, an_order

EVERYTHING = TradesWanted()


def found(
    store: Store,
    wanted: TradesWanted = EVERYTHING,
    *,
    clients: tuple[str, ...] = ("acme",),
    end_client: str = "",
    orders: tuple[str, ...] | None = None,
    first: int = 0,
    last: int | None = None,
    limit: int = 100,
) -> list[str]:
    """The ExecIDs of what fits."""
    rows = store.trades_wanted(clients, wanted, end_client, orders, first, last, limit)
    assert rows is not None
    return [trade.exec_id for trade in rows]


def dealt(day: Day, name: str, client: str = "acme", **changes: object) -> Trade:
    """One event with one trade and its order."""
    at = NOON + (day.seq + 1) * 100
    trade = a_trade(name, client, at=at, **changes)
    day.event(Decision(trades=(trade,), orders=(an_order(name, client),)))
    return trade


def busted(day: Day, trade: Trade) -> None:
    """The trade does not stand any more."""
    base = trade.base_amount
    gone = TradeChange(BUSTED, "E0", trade, None, base, Decimal(0), NOON, "ann", "bob", "x")
    day.event(Decision(changes=(gone,)))


def test_what_does_not_stand_counts_for_nothing(store: Store, day: Day) -> None:
    """As many are found as were asked for, however many were busted before them."""
    trades = [dealt(day, str(n)) for n in (1, 2, 3, 4)]
    for trade in trades[:2]:
        busted(day, trade)
    store.commit(day.done())

    assert found(store) == ["E3", "E4"]
    assert found(store, limit=1) == ["E3"]


@pytest.mark.usefixtures("way")
def test_the_clients_own_oldest_first(store: Store, day: Day) -> None:
    """Whole, as they were dealt; others' are not found by any id."""
    first, other = dealt(day, "1"), dealt(day, "2", "beta")
    second = dealt(day, "3", side=Side.SELL, end_client="END1")
    store.commit(day.done())

    rows = store.trades_wanted(("acme",), EVERYTHING, "", None, 0, None, 10)
    assert rows == [first, second]
    assert found(store, clients=("beta", "acme")) == ["E1", "E2", "E3"]
    assert found(store, TradesWanted(exec_id=other.exec_id)) == []
    assert found(store, orders=(other.order_id,)) == []
    assert found(store, clients=("nobody",)) == []


def test_what_bounds_them(store: Store, day: Day) -> None:
    """Order, execution, symbol, side, end client, events and number."""
    dealt(day, "1")
    dealt(day, "2", symbol="ETH/USD")
    dealt(day, "3", side=Side.SELL, end_client="END1")
    store.commit(day.done())

    assert found(store, orders=("O2",)) == ["E2"]
    assert found(store, orders=("O2", "O3")) == ["E2", "E3"]
    assert found(store, orders=("O2",), first=3) == []
    assert found(store, TradesWanted(exec_id="E3")) == ["E3"]
    assert found(store, TradesWanted(exec_id="E3"), first=3, last=3) == ["E3"]
    assert found(store, TradesWanted(symbol="ETH/USD")) == ["E2"]
    assert found(store, TradesWanted(side=2)) == ["E3"]
    assert found(store, end_client="END1") == ["E3"]
    assert found(store, end_client="END2") == []
    assert found(store, first=2, last=2) == ["E2"]
    assert found(store, limit=2) == ["E1", "E2"]


def test_times_and_trading_days(store: Store, day: Day) -> None:
    """Both ends inclusive."""
    trades = [dealt(day, str(n), trade_date=f"2026092{n}") for n in (1, 2, 3)]
    store.commit(day.done())
    one, two, three = (trade.at for trade in trades)

    assert found(store, TradesWanted(since=two)) == ["E2", "E3"]
    assert found(store, TradesWanted(since=two + 1)) == ["E3"]
    assert found(store, TradesWanted(until=two)) == ["E1", "E2"]
    assert found(store, TradesWanted(since=one + 1, until=three - 1)) == ["E2"]
    assert found(store, TradesWanted(since=three + 1)) == []
    assert found(store, TradesWanted(date_from="20260922")) == ["E2", "E3"]
    assert found(store, TradesWanted(date_from="20260921", date_to="20260922")) == ["E1", "E2"]
    assert found(store, TradesWanted(date_from="20270101", date_to="20270101")) == []


def test_an_open_order_may_have_filled_since(store: Store, day: Day) -> None:
    """The last event of a closed order bounds what is read; of an open one nothing does."""
    day.event(Decision(orders=(an_order("1", status=NEW),)))
    day.event(Decision(trades=(a_trade("1"),)))
    store.commit(day.done())
    assert found(store, orders=("O1",)) == ["E1"]

    day.event(Decision(orders=(an_order("1"),)))
    day.event(Decision(trades=(a_trade("9", order_id="O1"),)))  # behind its end there is none
    store.commit(day.done())
    assert found(store, orders=("O1",)) == ["E1"]


def test_more_than_are_looked_through(
    store: Store, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk waits for no long search: narrower times are."""
    monkeypatch.setattr("otcfix.store.captures.LOOKED_THROUGH", 2)
    first, *_, last = [dealt(day, str(n)) for n in (1, 2, 3)]
    store.commit(day.done())

    some = TradesWanted(symbol="BTC/USD")
    assert store.trades_wanted(("acme",), some, "", None, 0, None, 10) is None
    assert found(store, TradesWanted(symbol="BTC/USD", since=last.at)) == ["E3"]
    assert found(store, TradesWanted(exec_id=first.exec_id), first=1, last=1) == ["E1"]
    assert found(store) == ["E1", "E2", "E3"]


def test_texts_that_a_database_cannot_hold(store: Store, day: Day) -> None:
    """A ClOrdID with a NUL comes back as it went in."""
    dealt(day, "1", cl_ord_id="c\0", end_client="e\0")
    store.commit(day.done())

    (trade,) = store.trades_wanted(("acme",), EVERYTHING, "e\0", None, 0, None, 10)
    assert (trade.cl_ord_id, trade.end_client) == ("c\0", "e\0")


def test_only_the_clients_own_rows_are_read(store: Store) -> None:
    """The index bounds what the sequencer waits for."""
    with store.reading() as connection:
        if connection.dialect.name == "sqlite":
            plan = "EXPLAIN QUERY PLAN SELECT * FROM trades WHERE client_id = 'a' AND seq >= 5"
            assert "trades_of_client" in str(connection.execute(sa.text(plan)).all())
        else:
            query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'trades_of_client'"
            assert "(client_id, seq)" in str(connection.scalar(sa.text(query)))


def test_a_database_that_is_gone(sqlite_store: Store) -> None:
    """StoreLost, which the desk answers by a refusal."""
    with sqlite_store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE trades RENAME TO lost"))
    with pytest.raises(StoreLost):
        found(sqlite_store)
