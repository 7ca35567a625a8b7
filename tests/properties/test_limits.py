"""Whatever several sessions do in whatever order: no limit is exceeded by anything but a deal that
reduces, and what State says is used is what trades and open orders add up to."""

from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from otcfix.desk.limit_report import used
from otcfix.desk.state import State
from otcfix.model.limit import Limit, SetLimit
from otcfix.model.messages import Side
from otcfix.model.proposal import Confirm
from otcfix.model.quote import LIVE
from otcfix.model.trade import Trade
from otcfix.settlement.calendar import trading_day
from tests.conversation import Conversation
from tests.support.house_desk import ID_KEY, INSTRUMENTS, house_desk

BTC = "BTC/USD"
RATE = Decimal(100_050)
KEYS = ("A44", "DEAL44", "A50", "B44", "B42")
CLIENTS = ("ALPHA", "BETA")
LIMITS = (
    Limit("client:ALPHA", "", "turnover_day", Decimal(700_350)),
    Limit("tier:plain", f"instrument:{BTC}", "turnover_30d", Decimal(900_450)),
    Limit("desk", "", "turnover_day", Decimal(1_000_500)),
    Limit("desk", "class:crypto", "open_orders", Decimal(4)),
    Limit("client:BETA", "", "open_quotes", Decimal(2)),
    Limit("client:ALPHA", "", "position", Decimal(700_350)),
    Limit("desk", f"instrument:{BTC}", "position", Decimal(300_150)),
)
REDUCIBLE = ("turnover_day", "turnover_30d", "position")

keys = st.sampled_from(KEYS)
sides = st.sampled_from("12")
sizes = st.sampled_from(["0.001", "0.1", "0.5", "1", "2", "3.007"])


class Machine(RuleBasedStateMachine):
    """Two clients on five sessions under seven limits."""

    @initialize()
    def opens(self) -> None:
        """A desk with its limits and plenty of funds."""
        self.desk = Conversation(
            house_desk(
                limits=LIMITS,
                instruments={BTC: {"asset_class": "crypto"}},
                clients={key: {"open_orders_max": 3} for key in CLIENTS},
            )
        )
        for client in CLIENTS:
            self.desk.moves_funds(client, "USD", "5000000")
        self.number = 0
        self.before = self.uses()

    def says(self, key: str, line: str) -> None:
        """A message, under a ClOrdID of its own; then nothing is above its limit that was not."""
        # A sell out of what is held may pass while use is above.
        self.before, reduces = self.uses(), "|54=2|" in line
        self.number += 1
        client = self.desk.client(key)
        client.C(line.replace("{n}", f"N{self.number}"))
        client.hears_all()
        self.holds(reduces=reduces)

    def uses(self) -> dict[tuple[Limit, str], Decimal]:
        """What of every limit is used."""
        state = self.desk.state
        owners = {"desk": ("",), "tier:plain": CLIENTS}
        return {
            (limit, owner): used(state, limit, owner, self.desk.now) or Decimal(0)
            for limit in state.limits.rows(LIMITS)
            for owner in owners.get(limit.who, (limit.who.removeprefix("client:"),))
        }

    def holds(self, *, reduces: bool = False) -> None:
        """No use is above its limit unless it was and did not grow, or the deal reduced."""
        for (limit, owner), use in self.uses().items():
            had = self.before.get((limit, owner), Decimal(0))
            if use <= max(limit.amount, had):
                continue
            lowered = had > limit.amount or limit.measure == "position"
            assert reduces, f"{limit} of {owner}: {had} -> {use}"
            assert lowered, f"{limit} of {owner}: {had} -> {use}"
            assert limit.measure in REDUCIBLE

    @rule(key=keys, side=sides, size=sizes)
    def deals(self, key: str, side: str, size: str) -> None:
        """A market order."""
        self.says(key, f"35=D|11={{n}}|55={BTC}|54={side}|38={size}|40=1")

    @rule(key=keys, side=sides, size=sizes, price=st.sampled_from(["99000", "100500", "99900"]))
    def rests(self, key: str, side: str, size: str, price: str) -> None:
        """A limit order."""
        self.says(key, f"35=D|11={{n}}|55={BTC}|54={side}|38={size}|40=2|44={price}|59=1")

    @rule(key=keys, size=sizes)
    def asks(self, key: str, size: str) -> None:
        """A two-way request."""
        if key != "DEAL44":
            self.says(key, f"35=R|131={{n}}|146=1|55={BTC}|38={size}")

    @rule(data=st.data(), size=sizes)
    def replaces(self, data: st.DataObject, size: str) -> None:
        """Any open order, up or down, by its client."""
        orders = sorted(self.desk.state.orders.values(), key=lambda o: o.order_id)
        if orders:
            one = data.draw(st.sampled_from(orders))
            key = "A44" if one.client_id == "ALPHA" else "B44"
            self.says(
                key,
                f"35=G|11={{n}}|41={one.cl_ord_id}|55={BTC}|54={one.wire_side}|38={size}|40=2"
                f"|44={one.price}|59=1",
            )

    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        """Any open order."""
        orders = sorted(self.desk.state.orders.values(), key=lambda o: o.order_id)
        if orders:
            one = data.draw(st.sampled_from(orders))
            self.says(
                "A44" if one.client_id == "ALPHA" else "B44", f"35=F|11={{n}}|41={one.cl_ord_id}"
            )

    @rule(
        data=st.data(),
        factor=st.sampled_from(["0", "0.2", "0.5", "1", "1.5"]),
    )
    def sets(self, data: st.DataObject, factor: str) -> None:
        """Staff lowers a limit, or two of them raise it."""
        limit = data.draw(st.sampled_from(LIMITS))
        amount = (limit.amount * Decimal(factor)).to_integral_value()
        self.desk.tell(SetLimit(*limit.key, amount, "ann", "test"))
        for proposal in tuple(self.desk.state.approvals.waiting):
            self.desk.tell(Confirm(proposal, "bob", "agreed"))

    @rule(mid=st.sampled_from([(99_800, 99_900), (100_000, 100_100), (100_500, 100_600)]))
    def moves(self, mid: tuple[int, int]) -> None:
        """The market moves: what rests may fill, and takes no limit over its amount by it."""
        self.before = self.uses()
        self.desk.sees(BTC, bid=str(mid[0]), offer=str(mid[1]), depth="1.5")
        self.holds()

    @rule(by=st.sampled_from(["+2s", "+5s", "+8h", "+30h"]))
    def waits(self, by: str) -> None:
        """Time passes, quotes die, days end."""
        self.desk.at(by)
        self.desk.prices(BTC, bid="100000", offer="100100")

    @rule()
    def comes_back(self) -> None:
        """The desk stops and starts on what it kept."""
        self.desk.snapshots()
        self.desk.restarts()

    @invariant()
    def is_what_trades_and_orders_add_up_to(self) -> None:
        """A naive recount, from the journal's decisions and what is open."""
        if not hasattr(self, "desk"):
            return
        state = self.desk.state
        usage = state.limits.usage
        day = trading_day(INSTRUMENTS[BTC], self.desk.now)[0].toordinal()
        trades = [trade for _, decision, _ in self.desk.told for trade in decision.trades]
        for owner in ("", *CLIENTS):
            mine = [t for t in trades if owner in ("", t.client_id)]
            orders = [o for o in state.orders.values() if owner in ("", o.client_id)]
            quotes = [q for q in state.quotes.values() if owner in ("", q.client_id)]
            for symbol in ("", BTC):
                cell = usage.cell((owner, symbol))
                assert cell.orders == len(orders)
                assert cell.quotes == sum(q.state == LIVE for q in quotes)
                assert cell.reserved == _units(sum(o.leaves_qty for o in orders))
                today = sum(t.base_amount for t in mine if _day(t) == day)
                rolling = sum(t.base_amount for t in mine if _day(t) > day - 30)
                assert cell.turned(day) == (_units(today), _units(rolling))
            today_s = [t for t in mine if _day(t) == day]
            assert usage.deals_of(owner, day).get(BTC, (0, 0)) == _legs(today_s, owner)

    @invariant()
    def comes_back_from_a_snapshot(self) -> None:
        """And decides the same."""
        if hasattr(self, "desk"):
            again = State.load(self.desk.state.dump(), ID_KEY)
            assert again.limits.usage.keep() == self.desk.state.limits.usage.keep()
            assert again.dump() == self.desk.state.dump()

    def teardown(self) -> None:
        """The laws of the house hold, replay included."""
        if hasattr(self, "desk"):
            self.desk.finish()


def _units(quantity: Decimal | int) -> int:
    return int(quantity * RATE * 10**8)


def _day(trade: Trade) -> int:
    return trading_day(INSTRUMENTS[BTC], trade.at)[0].toordinal()


def _legs(trades: list[Trade], owner: str) -> tuple[int, int]:
    """(base, terms) in minor units: the desk has the other side."""
    base = terms = Decimal(0)
    for trade in trades:
        sign = 1 if trade.side is Side.BUY else -1
        base += sign * trade.base_amount
        terms -= sign * trade.terms_amount
    sign = 1 if owner else -1
    return sign * int(base.scaleb(8)), sign * int(terms.scaleb(2))


TestLimits = Machine.TestCase
TestLimits.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
