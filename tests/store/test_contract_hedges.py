"""What every store promises of hedge orders and their fills."""

from collections.abc import Callable
from decimal import Decimal

from otcfix.model.decision import Decision
from otcfix.model.hedge import BUSTED, CANCELED, PENDING, WORKING
from otcfix.model.messages import Side
from otcfix.store import Store
from tests.store.days import NOON, Day, a_hedge, a_hedge_fill

Reopen = Callable[[], Store]


def happens(day: Day, *orders: object, fills: tuple[object, ...] = ()) -> None:
    day.event(Decision(hedges=orders, hedge_fills=fills), "VenueReport", session="")


def test_an_order_is_kept_as_it_stands(store: Store, day: Day, way: str, reopened: Reopen) -> None:
    """Only its latest state: within a batch, and from batch to batch."""
    sent = a_hedge("1", status=PENDING, cum_qty=Decimal(0), cum_value=Decimal(0))
    happens(day, sent)
    happens(day, a_hedge("1", status=WORKING))
    store.commit(day.done())
    assert store.hedges() == [a_hedge("1", status=WORKING)]

    over = a_hedge("1", status=CANCELED, text="last look \0 Zürich")
    happens(day, over)
    store.commit(day.done())
    assert store.hedges() == [over]
    assert reopened().hedges(hedge_id="H1a") == [over]
    assert store.hedges(hedge_id="H2a") == []


def test_orders_are_found_by_what_they_are(store: Store, day: Day) -> None:
    first = a_hedge("1", sent_at=NOON)
    other = a_hedge("2", sent_at=NOON + 1, venue="LPY", symbol="EUR/USD", status=WORKING)
    last = a_hedge("3", sent_at=NOON + 2, status=PENDING)
    happens(day, last, other, first)
    store.commit(day.done())

    assert store.hedges() == [first, other, last]
    assert store.hedges(limit=2) == [other, last]
    assert store.hedges(venue="LPY") == store.hedges(symbol="EUR/USD") == [other]
    assert store.hedges(open_only=True) == [other, last]
    assert store.hedges(since=NOON + 2) == [last]


def test_fills_come_back_as_they_were_booked(store: Store, day: Day, way: str) -> None:
    """Exact to the last digit, reversals included; only those of the orders asked for."""
    fill = a_hedge_fill("1", price=Decimal("100055.123456789012"), side=Side.SELL)
    back = a_hedge_fill(
        "1", exec_id="R:X1", base_amount=Decimal("-1.50000000"),
        terms_amount=Decimal("-150082.50"), status=BUSTED,
    )  # fmt: skip
    strange = a_hedge_fill("2", exec_id="tab\tand \\ and \0")
    happens(day, a_hedge("1"), a_hedge("2"), fills=(fill, strange))
    happens(day, a_hedge("1"), fills=(back,))
    store.commit(day.done())

    assert [(row.seq, row.fill) for row in store.hedge_fills(["H1a"])] == [(1, fill), (2, back)]
    assert [row.fill for row in store.hedge_fills(["H2a"])] == [strange]
    assert store.hedge_fills([]) == []
    assert len(store.hedge_fills(["H1a", *(f"none{n}" for n in range(600)), "H2a"])) == 3
