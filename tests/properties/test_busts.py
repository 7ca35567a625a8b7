"""Whatever is dealt, busted, corrected and disputed: the books are those of the trades that stand.

`finish` holds every law, `standing_trades_are_posted` among them, and replays the journal.
"""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otcfix.model.post_trade import BustTrade, CorrectTrade
from otcfix.model.time import SECOND
from tests.conversation import Conversation
from tests.support.laws import standing_trades
from tests.support.staff import agreed

CLIENTS = ("A44", "A42", "FEE50", "T44")
QUANTITIES = ("0.5", "1", "2", "7")

deal = st.tuples(
    st.just("deal"),
    st.sampled_from(CLIENTS),
    st.sampled_from("12"),
    st.sampled_from(QUANTITIES),
    st.sampled_from(("BTC/USD", "BTC/USD in USD", "EUR/USD", "rests")),
)
pairs = (("A44", "BTC/USD"), ("A42", "rests"), ("FEE50", "BTC/USD in USD"), ("T44", "EUR/USD"))
filled = st.builds(
    lambda of, side, quantity: ("deal", of[0], side, quantity, of[1]),
    st.sampled_from(pairs),
    st.sampled_from("12"),
    st.sampled_from(("1", "2")),
)
"""Deals that can be paid."""

bust = st.tuples(st.just("bust"), st.integers(0, 9), st.booleans())
correct = st.tuples(
    st.just("correct"),
    st.integers(0, 9),
    st.booleans(),
    st.sampled_from((None, "100000", "99000.01", "1.07", "0.5")),
    st.sampled_from((None, "0.25", "1.5", "100", "100000")),
)
other = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 3)),
    st.tuples(
        st.just("moves"), st.sampled_from(("-5", "-4", "-1", "3")), st.sampled_from(("BTC", "USD"))
    ),
    st.just(("cancels",)),
    st.just(("restarts",)),
)


class Day:
    """A desk on which something happens."""

    def __init__(self) -> None:
        self.desk = Conversation()
        self.number = 0
        self.market()

    def market(self) -> None:
        """Prices, and three BTC to be had at each."""
        self.desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="3")
        self.desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="500000")

    def deal(self, key: str, side: str, quantity: str, what: str) -> None:
        """An order, at the market or resting at a price that fills as far as there is depth."""
        self.number += 1
        self.market()
        symbol, _, in_terms = what.replace("rests", "BTC/USD").partition(" in ")
        kind = "40=1"
        if what == "rests":
            kind = f"40=2|44={100100 if side == '1' else 100000}|59=1"
        if in_terms or symbol == "EUR/USD":
            quantity = f"{Decimal(quantity) * 10_000:f}".removesuffix(".0")
        currency = "|15=USD" if in_terms else ""
        order = f"55={symbol}|54={side}|38={quantity}{currency}|{kind}"
        self.desk.client(key).C(f"35=D|11=A{self.number}|{order}")

    def _one(self, which: int) -> str:
        """A trade, standing or not."""
        trades = [trade for _, told, _ in self.desk.told for trade in told.trades]
        return trades[-1 - which % len(trades)].exec_id if trades else "NONE"

    def bust(self, which: int, owing: bool) -> None:
        """One is taken back."""
        agreed(self.desk, BustTrade(self._one(which), "ann", "x", owing))

    def correct(self, which: int, owing: bool, price: str | None, quantity: str | None) -> None:
        """One is put right, or what somebody takes for it."""
        numbers = [None if text is None else Decimal(text) for text in (price, quantity)]
        agreed(self.desk, CorrectTrade(self._one(which), *numbers, "ann", "x", owing))

    def days(self, count: int) -> None:
        """Value dates come."""
        self.desk.clock.go(self.desk.now + count * 86_400 * SECOND)
        self.desk.rates.tick()
        self.desk.step()

    def moves(self, amount: str, asset: str) -> None:
        """Deposits and withdrawals: what a bust needs may be gone."""
        self.desk.moves_funds("ALPHA", asset, amount if asset == "BTC" else f"{amount}00000")

    def cancels(self) -> None:
        """What rests is cancelled."""
        self.desk.kills()
        self.desk.unkills()

    def restarts(self) -> None:
        """State comes from the journal."""
        self.desk.snapshots()
        self.desk.restarts()
        for client in self.desk._clients.values():
            client.logs_on()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(filled, min_size=1, max_size=4),
    st.lists(st.one_of(deal, bust, correct, other), min_size=1, max_size=12),
)
def test_the_books_are_those_of_the_trades_that_stand(
    first: list[tuple[Any, ...]], then: list[tuple[Any, ...]]
) -> None:
    """Fills, busts, corrections, value dates, withdrawals, restarts, in any order."""
    day = Day()
    for what, *how in first + then:
        getattr(day, what)(*how)
    _holds(day.desk)
    day.desk.finish()


def _holds(desk: Conversation) -> None:
    """Orders have of gross and fees what their standing trades have."""
    sums: dict[str, list[Decimal]] = {}
    for trade in standing_trades(desk.told):
        known = sums.setdefault(trade.order_id, [Decimal(0), Decimal(0)])
        known[0] += trade.terms_amount
        known[1] += trade.fee
    latest = {order.order_id: order for _, told, _ in desk.told for order in told.orders}
    for order_id, order in latest.items():
        if order_id != "NONE":
            assert [order.gross, order.fees] == sums.get(order_id, [0, 0]), order
