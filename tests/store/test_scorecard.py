"""Scorecards of hedge venues: what is counted, how it is measured, and what is not measured."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from otcfix.model.hedge import BUSTED, CANCELED, FILLED, PENDING, REJECTED, HedgeOrder
from otcfix.model.messages import Side
from otcfix.model.record import JournalRow
from otcfix.model.time import MS, SECOND
from otcfix.store.hedges import HedgeFillRow
from otcfix.store.scorecard import Markout, Scorecard, scorecards
from tests.store.days import NOON, a_hedge, a_hedge_fill


def order(name: str, status: str = FILLED, filled: str = "1", **changes: Any) -> HedgeOrder:
    """An order for 1, of which this much is filled."""
    quantity = {"quantity": Decimal(1), "cum_qty": Decimal(filled)}
    return a_hedge(name, status=status, **quantity, **changes)


def fill(name: str, seq: int = 10, **changes: Any) -> HedgeFillRow:
    """The fill of an order's whole quantity."""
    whole: dict[str, Any] = {"base_amount": Decimal(1), "terms_amount": Decimal(100055)}
    return HedgeFillRow(seq, a_hedge_fill(name, **{**whole, **changes}))


def market(seq: int, at: int, bid: str, offer: str, symbol: str = "BTC/USD") -> JournalRow:
    """An event on which this market was stamped; "" for bid: none."""
    book = (
        f'{{"source":"venue","snapshot":1,"changed_at":{at},"bids":[["{bid}","1"]],'
        f'"offers":[["{offer}","1"]]}}'
    )
    books = book if bid else ""
    facts = f'{{"rates":{{"{symbol}":{{"symbol":"{symbol}","books":[{books}]}}}}}}'
    return JournalRow(seq, at, "R", "", 0, 0, at, "", facts, b"", b"")


def card(
    orders: list[HedgeOrder], rows: list[HedgeFillRow], journal: tuple[JournalRow, ...] = ()
) -> Scorecard:
    (only,) = scorecards(orders, rows, lambda after: [row for row in journal if row.seq > after])
    return only


def test_nothing_is_no_card() -> None:
    assert scorecards([], [], lambda after: []) == []


def test_ratios_are_of_what_has_ended() -> None:
    """An open order says nothing yet; a part filled counts as that part."""
    found = card(
        [
            order("1"),
            order("2", CANCELED, "0.5"),
            order("3", REJECTED, "0"),
            order("4", REJECTED, "0"),
            order("5", PENDING, "0"),
        ],
        [],
    )
    assert (found.orders, found.open, found.fills) == (5, 1, 0)
    assert found.fill_ratio == Decimal("0.3750")
    assert found.reject_ratio == Decimal("0.5000")
    assert (found.hold_p50_ms, found.slippage_bps) == (None, None)
    only_open = card([order("5", PENDING, "0")], [])
    assert (only_open.fill_ratio, only_open.reject_ratio) == (None, None)


def test_hold_time_is_to_the_first_fill() -> None:
    """Nearest rank: every number was really measured."""
    orders = [order(str(n)) for n in range(1, 101)]
    rows = [fill(str(n), at=NOON + n * MS) for n in range(1, 101)]
    rows.append(fill("1", exec_id="second", at=NOON + 900 * MS))
    found = card(orders, rows)
    assert (found.hold_p50_ms, found.hold_p99_ms) == (Decimal("50.0"), Decimal("99.0"))


@pytest.mark.parametrize(
    ("side", "px", "bps"),
    [(Side.BUY, "100150.05", "10.00"), (Side.BUY, "99949.95", "-10.00"),
     (Side.SELL, "100150.05", "-10.00"), (Side.SELL, "99949.95", "10.00")],
)  # fmt: skip
def test_slippage_is_what_it_cost_against_the_middle(side: Side, px: str, bps: str) -> None:
    found = card([order("1")], [fill("1", side=side, price=Decimal(px))])
    assert found.slippage_bps == Decimal(bps)


def test_slippage_is_weighted_by_quantity() -> None:
    rows = [
        fill("1", price=Decimal("100150.05"), base_amount=Decimal(3)),
        fill("2", price=Decimal(100050), base_amount=Decimal(1)),
    ]
    assert card([order("1"), order("2")], rows).slippage_bps == Decimal("7.50")


def test_what_was_taken_back_does_not_count() -> None:
    gone = fill("1", seq=11, exec_id="R:X1", base_amount=Decimal(-1), status=BUSTED)
    found = card([order("1"), order("2")], [fill("1"), gone, fill("2")])
    assert (found.fills, found.busted) == (1, 1)


def test_markouts_are_read_from_the_journal() -> None:
    """The first event at least that much later that shows the symbol; positive: it went our way."""
    done = fill("1", price=Decimal(100000), at=NOON)
    journal = (
        market(11, NOON + SECOND // 2, "1", "2"),
        market(12, NOON + SECOND, "7", "8", symbol="ETH/USD"),
        market(13, NOON + SECOND, "100090", "100110"),
        market(14, NOON + 6 * SECOND, "", ""),
        market(15, NOON + 7 * SECOND, "99940", "99960"),
    )
    found = card([order("1")], [done], journal)
    assert found.markouts == (
        Markout(1, Decimal("10.00"), 1),
        Markout(5, Decimal("-5.00"), 1),
        Markout(30, None, 0),
    )
    sold = HedgeFillRow(10, structs.replace(done.fill, side=Side.SELL))
    assert card([order("1")], [sold], journal).markouts[0].bps == Decimal("-10.00")


def test_a_market_that_comes_too_late_measures_nothing() -> None:
    """Nor does a crossed one, nor one whose books are old."""
    late = market(11, NOON + 62 * SECOND, "100090", "100110")
    crossed = market(11, NOON + 2 * SECOND, "100110", "100090")
    old = structs.replace(
        market(11, NOON, "100090", "100110"), at=NOON + 8 * SECOND, received_at=NOON
    )
    for row in (late, crossed, old):
        found = card([order("1")], [fill("1", at=NOON)], (row,))
        assert [markout.measured for markout in found.markouts] == [0, 0, 0]


def test_each_venue_has_its_card() -> None:
    orders = [order("1"), order("2", venue="ACE"), order("3", venue="ACE")]
    rows = [fill("1"), fill("2", venue="ACE")]
    cards = scorecards(orders, rows, lambda after: [])
    assert [(one.venue, one.orders, one.fills) for one in cards] == [("ACE", 2, 1), ("LPX", 1, 1)]


def test_the_same_execution_id_of_two_venues_is_two_fills() -> None:
    gone = fill("1", seq=11, exec_id="R:X1", status=BUSTED, base_amount=Decimal(-1))
    other = fill("1", venue="ACE", hedge_id="H2a")
    orders = [order("1"), order("2", venue="ACE")]
    cards = scorecards(orders, [fill("1"), gone, other], lambda after: [])
    assert [one.fills for one in cards] == [1, 0]


def test_the_journal_is_walked_behind_fills_only() -> None:
    """What lies between two fills that are far apart is not read."""
    rows = [fill("1", seq=10, at=NOON), fill("2", seq=1_010, at=NOON + 3_600 * SECOND)]
    moments = [*range(1, 1_001), *range(3_601, 4_600)]
    journal = [
        market(10 + n, NOON + moment * SECOND, "99999", "100001")
        for n, moment in enumerate(moments, 1)
    ]
    read: list[int] = []

    def walked(after: int) -> Iterator[JournalRow]:
        for row in journal:
            if row.seq > after:
                read.append(row.seq)
                yield row

    (found,) = scorecards([order("1"), order("2")], rows, walked)
    assert [markout.measured for markout in found.markouts] == [2, 2, 2]
    assert len(read) < 100
