"""Random conversations never break a law: hypothesis speaks for the clients, the staff, the market
and the clock, and the laws are held after every step and over the whole.
"""

import os
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from otcfix.model.event import SetInstrument, SetSession
from tests.conversation import Client, Conversation
from tests.support import laws
from tests.support.house_desk import house_desk
from tests.support.memory_store import MemoryStore

SESSIONS = ("A42", "A44", "A50", "B44", "FEE50", "T44")
SYMBOLS = ("BTC/USD", "EUR/USD", "BTC/USDT")
QUANTITIES = {
    "BTC/USD": (*("0.001", "0.123", "0.5", "1", "3") * 4, "7", "100", "0.0005", "-1", "9" * 18),
    "BTC/USDT": ("0.001", "0.333", "1", "2"),
    "EUR/USD": (*("1000", "50000", "123000", "250000") * 3, "1000000", "1", "20000000"),
}
CASH = ("1000", "0.01", "33333.33", "1000000")
MIDDLES = {
    "BTC/USD": ("99900", "100000", "100050", "100123.45"),
    "BTC/USDT": ("99900.123456", "100000"),
    "EUR/USD": ("1.07500", "1.08000", "1.08500"),
}
OFFSETS = {"BTC/USD": "0.01", "BTC/USDT": "0.01", "EUR/USD": "0.00001"}

sessions = st.sampled_from(SESSIONS)
symbols = st.sampled_from(SYMBOLS)
ids = st.integers(0, 7)
"""0 is an id that was used before, if there is one; anything else a new one."""
sides = st.sampled_from("12")
resent = st.sampled_from([*[""] * 8, "|97=Y", "|43=Y|122=T-1s"])


class Conversations(RuleBasedStateMachine):
    """Several clients of three versions, on one desk."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Conversation(
            house_desk(
                sessions={"A50": {"cancel_on_disconnect": True, "cancel_grace_ms": 2_000}},
                instruments={"BTC/USD": {"cancel_band_bps": 15}},
            ),
            MemoryStore(),
        )
        self.quotes: list[tuple[str, str, str, str]] = []
        self.used = 0

    @initialize()
    def opens(self) -> None:
        self.desk.moves_funds("ALPHA", "USDT", "200000")
        self.desk.moves_funds("ALPHA", "EUR", "100000")
        for symbol in SYMBOLS:
            self._market(symbol, MIDDLES[symbol][0], 1, "5" if "BTC" in symbol else "500000")
        for key in SESSIONS:
            self.desk.client(key)

    def _market(self, symbol: str, middle: str, width: int, depth: str) -> None:
        half = width * Decimal(OFFSETS[symbol])
        self.desk.sees(symbol, f"{Decimal(middle) - half}", f"{Decimal(middle) + half}", depth)

    def _say(self, key: str, line: str) -> Client:
        client = self.desk.client(key)
        if client.line.online:
            client.C(line)
            for heard in client.hears_all():
                if heard.kind == "S":
                    size = "54=1" if heard.get(133) else "54=2"
                    self.quotes.append((key, heard.get(117), heard.get(55), size))
        return client

    def _id(self, number: int) -> str:
        self.used += number != 0
        return f"N{self.used}"

    # -- clients ---------------------------------------------------------------------------

    @rule(
        key=sessions,
        symbol=symbols,
        one=ids,
        side=st.sampled_from(["", "|54=1", "|54=2"]),
        data=st.data(),
        again=resent,
        unit=st.sampled_from(["base", "base", "terms", "cash"]),
    )
    def asks(
        self, key: str, symbol: str, one: int, side: str, data: st.DataObject, again: str, unit: str
    ) -> None:
        size = self._size(symbol, unit, data)
        self._say(key, f"35=R{again}|131={self._id(one)}|146=1|55={symbol}{side}|{size}")

    def _size(self, symbol: str, unit: str, data: st.DataObject) -> str:
        if unit == "base":
            return f"38={data.draw(st.sampled_from(QUANTITIES[symbol]))}"
        amount = data.draw(st.sampled_from(CASH))
        if unit == "cash":
            return f"152={amount}"
        return f"38={amount}|15={symbol.partition('/')[2]}"

    @rule(key=sessions, one=ids, pick=st.integers(0, 30), data=st.data(), again=resent)
    def hits(self, key: str, one: int, pick: int, data: st.DataObject, again: str) -> None:
        if not self.quotes:
            return
        asked, quote_id, symbol, side = self.quotes[-1 - pick % len(self.quotes)]
        quote = self.desk.state.quotes.get(quote_id)
        size = "38=1"
        if quote is not None:
            size = f"38={quote.quantity}" + (f"|15={quote.currency}" if quote.currency else "")
            if quote.unit.name == "CASH":
                size = f"152={quote.quantity}"
            if quote.wire_side:
                side = f"54={quote.wire_side}"
        self._say(
            data.draw(st.sampled_from([asked, asked, asked, key])),
            f"35=D{again}|11={self._id(one)}|117={quote_id}|55={symbol}|{side}|{size}|40=D",
        )

    @rule(
        key=sessions,
        symbol=symbols,
        one=ids,
        side=sides,
        data=st.data(),
        again=resent,
        unit=st.sampled_from(["base", "base", "terms", "cash"]),
        kind=st.sampled_from(["1", "1|59=4", "2", "2|59=1", "2|59=3", "2|59=4", "2|59=6|126=T+5s"]),
        away=st.integers(-40, 40),
        min_qty=st.sampled_from(["", "", "", "|110=0.5"]),
    )
    def orders(
        self,
        key: str,
        symbol: str,
        one: int,
        side: str,
        data: st.DataObject,
        again: str,
        unit: str,
        kind: str,
        away: int,
        min_qty: str,
    ) -> None:
        size = self._size(symbol, unit, data)
        price = ""
        if kind.startswith("2"):
            middle = Decimal(MIDDLES[symbol][0]).quantize(Decimal(OFFSETS[symbol]))
            step = Decimal(OFFSETS[symbol]) * (500 if "BTC" in symbol else 10)
            price = f"|44={middle + away * step}"
        self._say(
            key,
            f"35=D{again}|11={self._id(one)}|55={symbol}|54={side}|{size}|40={kind}{price}{min_qty}",
        )

    @rule(
        key=sessions,
        side=sides,
        quantity=st.sampled_from(["0.005", "0.5", "1.234", "2"]),
        away=st.integers(-5, 40),
        time_in_force=st.sampled_from(["59=1", "59=0", "59=6|126=T+5s", "59=1|110=0.4"]),
    )
    def rests(self, key: str, side: str, quantity: str, away: int, time_in_force: str) -> None:
        price = Decimal("100000.00") + (away if side == "2" else -away) * 20
        line = f"55=BTC/USD|54={side}|38={quantity}|40=2|44={price}|{time_in_force}"
        self._say(key, f"35=D|11={self._id(1)}|{line}")

    @rule(key=sessions, one=ids, again=resent)
    def cancels(self, key: str, one: int, again: str) -> None:
        self._say(key, f"35=F{again}|11={self._id(one)}|41={self._open_id(key) or self._id(0)}")

    @rule(
        key=sessions,
        one=ids,
        again=resent,
        quantity=st.sampled_from(["0.001", "0.5", "2", "6", "1000", "90000"]),
        change=st.sampled_from(["", "", "|44=100100", "|44=99000", "|44=1.08100", "|59=1"]),
    )
    def replaces(
        self,
        key: str,
        one: int,
        again: str,
        quantity: str,
        change: str,
    ) -> None:
        self._say(
            key,
            f"35=G{again}|11={self._id(one)}|41={self._open_id(key) or self._id(0)}"
            f"|38={quantity}{change}",
        )

    def _open_id(self, key: str) -> str:
        client_id = self.desk.state.register.sessions[key].client_id
        mine = [o for o in self.desk.state.orders.values() if o.client_id == client_id]
        return mine[0].cl_ord_id if mine else ""

    @rule(key=sessions, one=ids, everything=st.integers(0, 5))
    def asks_how_it_stands(self, key: str, one: int, everything: int) -> None:
        """By H; now and then everything is cancelled instead."""
        if everything == 0 and key != "A42":
            self._say(key, f"35=q|11={self._id(one)}|530=7")
        else:
            self._say(key, f"35=H|11={self._id(0)}|55=BTC/USD|54=1")

    @rule(key=sessions, pick=st.integers(0, 30))
    def passes(self, key: str, pick: int) -> None:
        if self.quotes:
            quote_id = self.quotes[-1 - pick % len(self.quotes)][1]
            self._say(key, f"35=Z|131=X|117={quote_id}|298=5")

    @rule(key=sessions, pause=st.sampled_from(["+1ms", "+1999ms", "+2s", "+1m"]))
    def drops_and_comes_back(self, key: str, pause: str) -> None:
        client = self.desk.client(key)
        client.drops()
        self.desk.at(pause)
        client.logs_on()
        client.hears_all()

    # -- the market and the clock ----------------------------------------------------------

    @rule(
        symbol=symbols,
        middle=st.integers(0, 3),
        width=st.integers(-1, 3000),
        depth=st.sampled_from(["0.004", "0.5", "2", "5"]),
    )
    def market_moves(self, symbol: str, middle: int, width: int, depth: str) -> None:
        choices = MIDDLES[symbol]
        scale = 1 if "BTC" in symbol else 100_000
        self._market(symbol, choices[middle % len(choices)], width, f"{Decimal(depth) * scale}")

    @rule(symbol=symbols)
    def feed_stops(self, symbol: str) -> None:
        self.desk.feed_stops(symbol)

    @rule(span=st.sampled_from(["+1ms", "+500ms", "+2s", "+3s", "+1m", "+12h"]))
    def time_passes(self, span: str) -> None:
        self.desk.at(span)

    # -- staff -----------------------------------------------------------------------------

    @rule(
        what=st.sampled_from(["funds", "funds", "kill", "session", "pause", "restart", "restart"]),
        data=st.data(),
    )
    def staff_acts(self, what: str, data: st.DataObject) -> None:
        if what == "funds":
            self.desk.moves_funds(
                data.draw(st.sampled_from(["ALPHA", "BETA", "TREASURY", "FEES"])),
                data.draw(st.sampled_from(["USD", "BTC", "EUR"])),
                data.draw(st.sampled_from(["1000", "-1000", "-250000", "0.005", "-0.00000001"])),
            )
        elif what == "kill":
            self.desk.kills()
            self.desk.unkills()
        elif what == "session":
            for on in (False, True):
                self.desk.tell(SetSession("A44", on, "staff", "test"))
        elif what == "pause":
            for word in ("PAUSED", "OPEN"):
                self.desk.tell(SetInstrument("BTC/USD", word, "staff", "test"))
        else:
            self._restarts(
                data.draw(st.sampled_from(["in order", "before commit", "before saying"]))
            )

    def _restarts(self, how: str) -> None:
        client = self.desk.client("B44")
        if how != "in order" and client.line.online:
            with self.desk.killed(how):
                client.C(f"35=D|11={self._id(1)}|55=BTC/USD|54=1|38=0.001|40=1")
        self.desk.restarts()
        for key in SESSIONS:
            self.desk.client(key).logs_on()
            self.desk.client(key).hears_all()

    @rule(data=st.data(), one=ids, two=ids)
    def says_much_at_once(self, data: st.DataObject, one: int, two: int) -> None:
        """Several messages in one batch, the market moving in front of them."""
        with self.desk.busy():
            self._market("BTC/USD", data.draw(st.sampled_from(MIDDLES["BTC/USD"])), 1, "1")
            for line in (
                f"35=F|11={self._id(one)}|41={self._open_id('A44') or self._id(0)}",
                f"35=D|11={self._id(two)}|55=BTC/USD|54=1|38=0.5|40=2|44=100100|59=1",
                f"35=G|11={self._id(1)}x|41={self._id(0)}|38=1",
                f"35=D|11={self._id(0)}|55=BTC/USD|54=1|38=0.5|40=2|44=100100|59=1",
            ):
                if self.desk.client("A44").line.online:
                    self.desk.client("A44").C(line)
        self.desk.client("A44").hears_all()

    # -- the laws --------------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        state = self.desk.state
        laws.holds_are_held(state)
        laws.obligations_are_owed(state)
        laws.floors(state)
        laws.counts_are_counted(state)
        assert not self.desk.told[-1][1].failed, self.desk.told[-1]

    def teardown(self) -> None:
        self.desk.finish()


EXAMPLES = os.environ.get("OTCFIX_EXAMPLES", "")
"""How many conversations, other ones each time; unset: always the same few."""

Conversations.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 60),
    stateful_step_count=50,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRandomConversations = Conversations.TestCase
