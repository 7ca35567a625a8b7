"""Whatever clients, staff, markets and clocks do, in any order: the laws of the house hold.

Beside test_conversations.py, which stays with three clients who speak well, everybody is here:
a broker, drop copies, sessions that may only ask, two sources that cross each other, a wall clock
that steps, snapshots, and messages said again word for word. Nothing that is heard is compared.
"""

import os
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from otcfix.model.event import CancelOrder, SetInstrument, SetSession
from otcfix.model.messages import Side
from otcfix.model.order import Order
from tests.conversation import Conversation
from tests.support import laws
from tests.support.house_desk import house_desk
from tests.support.world import Heard

BTC, EUR = "BTC/USD", "EUR/USD"

keys = st.sampled_from("A42 A44 A50 B44 FEE50 T44 ASK44 P44".split())
symbols = st.sampled_from([BTC, BTC, BTC, EUR, "LTC/USD"])
sides = st.sampled_from("12")
times_in_force = st.sampled_from(
    [
        "",
        "",
        "|59=1",
        "|59=0",
        "|59=1",
        "|59=3",
        "|59=4",
        "|59=6|126=T+4s",
        "|59=6|432=today",
        "|59=6|126=T-1s",
    ]
)
SIZES = {
    BTC: ["38=1", "38=0.5", "38=0.001", "38=2.5", "38=30", "38=0.0005", "38=0", "38=-1"],
    EUR: ["38=10000", "38=1000", "38=250000", "38=1500"],
    "LTC/USD": ["38=1"],
}
CASH = ["152=1000", "152=99.99", "152=0.01", "38=5000|15=USD", "38=333.33|15=USD"]
PRICES = {
    BTC: ["100050", "100100", "99900", "101000", "99000", "100100.01", "1000000", "0", "100.005"],
    EUR: ["1.08", "1.09", "1.07", "1.081"],
    "LTC/USD": ["100"],
}
MARKETS = {
    BTC: [
        ("100050", "100050"),
        ("99900", "99950"),
        ("100100x2 100090x0.3", "100210x0.3 100300x0.7"),
        ("100000", "100000"),
        ("99000", "99010"),
        ("101000", "100900"),
    ],
    EUR: [("1.0799", "1.0801"), ("1.0700", "1.0702"), ("1.0899x20000", "1.0901x20000")],
    "LTC/USD": [("100", "100")],
}
DEPTHS = {BTC: ["0.4", "3", "100"], EUR: ["50000", "5000000"], "LTC/USD": ["10"]}


@st.composite
def size(draw: st.DrawFn, symbol: str) -> str:
    """A quantity in base, in terms or as cash; some of them bad."""
    return draw(st.sampled_from(SIZES[symbol][:4] * 3 + SIZES[symbol] + CASH))


class Everybody(RuleBasedStateMachine):
    """Clients, staff, markets and clocks, each doing what it likes."""

    def __init__(self) -> None:
        super().__init__()
        desk = house_desk(
            instruments={BTC: {"cancel_band_bps": 30}},
            clients={"BETA": {"open_orders_max": 2, "open_quotes_max": 2, "position_max": 900_000}},
            sessions={
                "A50": {"cancel_on_disconnect": True, "cancel_grace_ms": 1_000},
                "B44": {"messages_per_second": 5, "tell_expiry": True},
            },
            drop_copies={"COPY44": "FIX.4.4"},
        )
        self.desk = Conversation(desk)
        self.desk.sees(EUR, *MARKETS[EUR][0], "5000000")
        self.count = 0
        self.quotes: list[tuple[str, Heard]] = []
        self.orders: list[tuple[str, str, str]] = []  # session, ClOrdID, symbol and side
        self.said: list[tuple[str, str, str]] = []  # session, line, SendingTime

    def new_id(self, letter: str) -> str:
        self.count += 1
        return f"{letter}-{self.count}"

    def says(self, key: str, line: str) -> None:
        """Say *line* on session *key*, which logs on first when it is off."""
        client = self.desk.client(key)
        if not client.line.online:
            client.logs_on()
        if key.startswith("P") and "|115=" not in line:
            line += "|115=END1"
        self.said.append((key, line, self.desk.timestamp(self.desk.now)))
        client.C(line)
        self.listens()

    def listens(self) -> None:
        """Quotes are kept; everything else was held against the stock dictionary already."""
        for key, line in self.desk.wire.lines.items():
            self.quotes += [(key, heard) for heard in line.unread if heard.kind == "S"]
            line.unread.clear()

    # -- quotes ----------------------------------------------------------------------------

    @rule(key=keys, symbol=symbols, side=st.sampled_from(["", "|54=1", "|54=2"]), data=st.data())
    def asks(self, key: str, symbol: str, side: str, data: st.DataObject) -> None:
        amount = data.draw(size(symbol), label="amount")
        kind = data.draw(st.sampled_from(["", "", "", "|537=0"]), label="kind")
        self.says(key, f"35=R|131={self.new_id('R')}|146=1|55={symbol}{side}|{amount}{kind}")

    @precondition(lambda self: self.quotes)
    @rule(data=st.data(), side=sides, price=st.sampled_from(["", "", "quoted", "1"]))
    def hits(self, data: st.DataObject, side: str, price: str) -> None:
        """The right side or the wrong one, in time or late, once or more, by anybody."""
        key, quote = data.draw(st.sampled_from(self.quotes[-4:]), label="quote")
        key = data.draw(st.sampled_from([key, key, key, "B44", "A44"]), label="session")
        quantity = quote.get(38) or quote.get(135) or quote.get(134) or "1"
        line = f"|117={quote.get(117)}|55={quote.get(55)}|54={side}|38={quantity}"
        if quote.get(15):
            line += f"|15={quote.get(15)}"
        if price:
            quoted = quote.get(133 if side == "1" else 132) or "1"
            line += f"|44={quoted if price == 'quoted' else price}"
        if data.draw(st.integers(0, 4), label="AJ") == 0 and not key.endswith("42"):
            self.says(key, f"35=AJ|693={self.new_id('N')}|694=1|11={self.new_id('C')}{line}")
        else:
            self.says(key, f"35=D|11={self.new_id('C')}|40=D{line}")

    @rule(key=keys, symbol=symbols, side=sides, data=st.data())
    def deals(self, key: str, symbol: str, side: str, data: st.DataObject) -> None:
        """Asks, and hits at once what is quoted."""
        known = len(self.quotes)
        amount = data.draw(st.sampled_from(SIZES[symbol][:4] + CASH[:2]), label="amount")
        self.says(key, f"35=R|131={self.new_id('R')}|146=1|55={symbol}|{amount}")
        if len(self.quotes) > known:
            named = f"117={self.quotes[-1][1].get(117)}|55={symbol}|54={side}|{amount}"
            self.says(key, f"35=D|11={self.new_id('C')}|40=D|{named}")

    @rule(key=keys, side=sides, tif=st.sampled_from(["", "|59=1"]), data=st.data())
    def the_market_comes_to_a_resting_order(
        self, key: str, side: str, tif: str, data: st.DataObject
    ) -> None:
        """All at once or in parts, through other orders that rest there."""
        limit, market = ("99900", "99800") if side == "1" else ("101000", "101100")
        amount = data.draw(st.sampled_from(SIZES[BTC][:4] + CASH[3:]), label="amount")
        cl_ord_id, named = self.new_id("C"), f"55={BTC}|54={side}"
        self.orders.append((key, cl_ord_id, named))
        self.says(key, f"35=D|11={cl_ord_id}|{named}|{amount}|40=2|44={limit}{tif}")
        for depth in data.draw(st.lists(st.sampled_from(["0.004", "0.3", "9"]), max_size=2)):
            self.desk.sees(BTC, market, market, depth)
        self.listens()

    @precondition(lambda self: self.quotes)
    @rule(data=st.data(), message=st.sampled_from(["Z", "a", "pass"]))
    def lets_go(self, data: st.DataObject, message: str) -> None:
        """Gives a quote back, asks after it, or passes on it."""
        key, quote = data.draw(st.sampled_from(self.quotes[-4:]), label="quote")
        named = f"117={quote.get(117)}|55={quote.get(55)}"
        line = {
            "Z": f"35=Z|131={quote.get(131)}|298=5|{named}",
            "a": f"35=a|649={self.new_id('s')}|{named}",
            "pass": f"35=AJ|693={self.new_id('N')}|694=6|{named}",
        }[message]
        self.says(key, line)

    # -- orders ----------------------------------------------------------------------------

    @rule(key=keys, symbol=symbols, side=sides, tif=times_in_force, data=st.data())
    def orders_at_a_limit(
        self, key: str, symbol: str, side: str, tif: str, data: st.DataObject
    ) -> None:
        amount = data.draw(size(symbol), label="amount")
        price = data.draw(st.sampled_from(PRICES[symbol]), label="price")
        least = data.draw(st.sampled_from(["", "", "", "|110=0.5"]), label="least")
        cl_ord_id, named = self.new_id("C"), f"55={symbol}|54={side}"
        self.orders.append((key, cl_ord_id, named))
        self.says(key, f"35=D|11={cl_ord_id}|{named}|{amount}|40=2|44={price}{tif}{least}")

    @rule(
        key=keys,
        symbol=symbols,
        side=sides,
        tif=st.sampled_from(["", "", "|59=3", "|59=4", "|59=1"]),
        data=st.data(),
    )
    def orders_at_the_market(
        self, key: str, symbol: str, side: str, tif: str, data: st.DataObject
    ) -> None:
        amount = data.draw(size(symbol), label="amount")
        worst = data.draw(st.sampled_from(["", "", "|2676=0", "|2676=0.01"]), label="worst")
        line = f"55={symbol}|54={side}|{amount}|40=1{tif}{worst}"
        self.says(key, f"35=D|11={self.new_id('C')}|{line}")

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), what=st.sampled_from(["F", "F", "G", "G", "H"]))
    def comes_back_to_an_order(self, data: st.DataObject, what: str) -> None:
        """Cancels it, replaces it or asks how it stands."""
        key, cl_ord_id, named = data.draw(st.sampled_from(self.orders[-5:]), label="order")
        if what == "H":
            self.says(key, f"35=H|11={cl_ord_id}|{named}")
            return
        new = self.new_id("C")
        change = ""
        if what == "G":
            changes = ["38=0.5", "38=3", "44=100100", "44=99000", "44=101000", "54=2", "59=3"]
            change = "|" + data.draw(st.sampled_from(changes), label="change")
            self.orders.append((key, new, named))
        self.says(key, f"35={what}|11={new}|41={cl_ord_id}{change}")

    @rule(key=keys, scope=st.sampled_from([f"530=1|55={BTC}", "530=7", "530=4"]))
    def cancels_all(self, key: str, scope: str) -> None:
        self.says(key, f"35=q|11={self.new_id('M')}|{scope}")

    @precondition(lambda self: self.said)
    @rule(data=st.data(), flag=st.sampled_from(["|43=Y|122={}", "|97=Y", ""]))
    def says_again(self, data: st.DataObject, flag: str) -> None:
        """The same once more: as a possible duplicate, as a resend, or by mistake."""
        key, line, sent = data.draw(st.sampled_from(self.said[-8:]), label="what")
        kind, _, rest = line.partition("|")
        marks = "" if "|43=" in line or "|97=" in line else flag.format(sent)
        self.says(key, f"{kind}{marks}|{rest}")

    # -- the market and the clock ----------------------------------------------------------

    @rule(symbol=symbols, data=st.data(), source=st.sampled_from(["venue", "venue", "other"]))
    def market_moves(self, symbol: str, data: st.DataObject, source: str) -> None:
        bid, offer = data.draw(st.sampled_from(MARKETS[symbol]), label="market")
        depth = data.draw(st.sampled_from(DEPTHS[symbol]), label="depth")
        self.desk.sees(symbol, bid, offer, depth, source=source)
        self.listens()

    @rule(symbol=symbols, source=st.sampled_from(["venue", "other"]))
    def feed_stops(self, symbol: str, source: str) -> None:
        self.desk.feed_stops(symbol, source)

    @rule(span=st.sampled_from("+1ms +900ms +3s +3001ms +1m +10h +3d".split()))
    def time_passes(self, span: str) -> None:
        self.desk.at(span)
        self.listens()

    @rule(span=st.sampled_from("-2s +2s +90s".split()), key=keys)
    def wall_clock_steps(self, span: str, key: str) -> None:
        """A quote is asked for while it cannot be trusted; then it is set right."""
        self.desk.wall_steps(span)
        self.says(key, f"35=R|131={self.new_id('R')}|146=1|55={BTC}|38=1")
        self.desk.wall_steps(f"{'-' if span[0] == '+' else '+'}{span[1:]}")
        self.time_passes("+2s")

    @rule(key=keys)
    def drops(self, key: str) -> None:
        client = self.desk.client(key)
        if client.line.online:
            client.drops()
        self.listens()

    # -- staff and the process -------------------------------------------------------------

    @rule(what=st.sampled_from(["desk", "session", "instrument"]), key=keys, side=sides)
    def staff_stops_for_a_while(self, what: str, key: str, side: str) -> None:
        """The desk, a session or an instrument; a client tries to deal meanwhile."""
        for on in (False, True):
            if what == "session":
                self.desk.tell(SetSession("A44", on, "staff", "test"))
            elif what == "instrument":
                self.desk.tell(SetInstrument(BTC, "OPEN" if on else "PAUSED", "staff", "test"))
            elif on:
                self.desk.unkills()
            else:
                self.desk.kills()
            if not on:
                self.says(key, f"35=D|11={self.new_id('C')}|55={BTC}|54={side}|38=1|40=1")
        self.listens()

    @precondition(lambda self: self.desk.state.orders)
    @rule(data=st.data())
    def staff_cancels(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.desk.state.orders)), label="order")
        self.desk.tell(CancelOrder(order_id, "staff", "test"))
        self.listens()

    @rule(
        client_id=st.sampled_from(["ALPHA", "BETA", "TREASURY"]),
        asset=st.sampled_from(["USD", "BTC", "EUR"]),
        amount=st.sampled_from(["100000", "0.01", "0.001", "-1", "-400000", "-10000000"]),
    )
    def staff_moves_funds(self, client_id: str, asset: str, amount: str) -> None:
        self.desk.moves_funds(client_id, asset, amount)

    @rule()
    def restarts(self) -> None:
        self.desk.restarts()
        self.listens()

    @rule(
        when=st.sampled_from(["before commit", "before saying"]),
        side=sides,
        price=st.sampled_from(PRICES[BTC][:4]),
    )
    def is_killed_in_the_middle(self, when: str, side: str, price: str) -> None:
        """An order, the process dies, starts again, and the client resends the order."""
        line = f"11={self.new_id('C')}|55={BTC}|54={side}|38=0.5|40=2|44={price}"
        client = self.desk.client("A44")
        if not client.line.online:
            client.logs_on()
        sent = self.desk.timestamp(self.desk.now)
        with self.desk.killed(when):
            client.C(f"35=D|{line}")
        self.desk.restarts()
        self.says("A44", f"35=D|43=Y|122={sent}|{line}")

    @rule()
    def writes_a_snapshot(self) -> None:
        self.desk.snapshots()

    # -- what must be true -----------------------------------------------------------------

    @invariant()
    def the_books_agree(self) -> None:
        """After every step: value is conserved, holds are held, floors hold, no event failed."""
        state = self.desk.state
        assert not [(e.seq, d.failed) for e, d, _ in self.desk.told[-20:] if d.failed]
        sums: dict[str, int] = {}
        for account, balance in state.balances.items():
            asset = account.rsplit(":", 1)[1]
            sums[asset] = sums.get(asset, 0) + balance
        assert not any(sums.values()), sums
        laws.holds_are_held(state)
        laws.obligations_are_owed(state)
        laws.floors(state)

    def teardown(self) -> None:
        """The whole conversation against every law, and against its orders' quantities."""
        self.desk.finish()
        never_more_than_was_ordered(self.desk)
        never_more_than_was_shown(self.desk)
        self.desk.store.close()


def never_more_than_was_ordered(desk: Conversation) -> None:
    """The trades of an order sum to what it says was done, and never to more than was ordered."""
    orders: dict[str, Order] = {}
    base: dict[str, Decimal] = {}
    for _, decision, _ in desk.told:
        orders |= {order.order_id: order for order in decision.orders}
        for trade in decision.trades:
            base[trade.order_id] = base.get(trade.order_id, Decimal(0)) + trade.base_amount
    for order_id, traded in base.items():
        order = orders[order_id]
        assert order.cum_qty <= order.quantity, f"{order.cl_ord_id} is filled beyond its quantity"
        if order.unit.name != "TERMS":
            assert traded == order.cum_qty, f"{order.cl_ord_id}: {traded} was dealt"


def never_more_than_was_shown(desk: Conversation) -> None:
    """Of the same snapshots, all orders without a quote take no more than these snapshots show."""
    dealt: dict[tuple[object, ...], Decimal] = {}
    for event, decision, _ in desk.told:
        for trade in decision.trades:
            rates = event.facts.rates.get(trade.symbol)
            if rates is None or trade.quote_id:
                continue
            buys = trade.side is Side.BUY
            key = (trade.symbol, buys, *((book.source, book.snapshot) for book in rates.books))
            dealt[key] = dealt.get(key, Decimal(0)) + trade.base_amount
            levels = [level for b in rates.books for level in (b.offers if buys else b.bids)]
            shown = sum((quantity for _, quantity in levels), Decimal(0))
            assert dealt[key] <= shown, f"{dealt[key]} was dealt of {shown}"


Everybody.TestCase.settings = settings(
    max_examples=int(os.environ.get("TALK", "25")),
    stateful_step_count=30,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
)
TestEverybody = Everybody.TestCase
