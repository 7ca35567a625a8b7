"""Whatever clients, venues, lines and crashes do: what the venues executed is what is booked, the
inventory is what was dealt, nothing is sent twice that was not denied, and the band is kept.
"""

import os
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from otcfix.desk.cover import open_quantity
from otcfix.model.hedge import BACK_TO_BACK, BAND, ORDER, HedgeRule
from otcfix.model.messages import Side
from tests.conversation import Conversation
from tests.support import laws
from tests.support.hedge_venue import HedgeVenue
from tests.support.house_desk import house_desk
from tests.support.memory_store import MemoryStore

BAND_WIDTH = Decimal(1)
RULES = (
    HedgeRule("BTC/USD", BAND, ("LPX", "LPY"), band=BAND_WIDTH, quantity_max=Decimal("0.7")),
    HedgeRule("ETH/USD", BACK_TO_BACK, ("LPY", "LPX"), attempts_max=2),
)
SYMBOLS = ("BTC/USD", "ETH/USD")
CLIENTS = ("A44", "B50", "T44")

venues = st.sampled_from(("LPX", "LPY"))
parts = st.sampled_from(("0.25", "0.5", "1"))


class Hedging(RuleBasedStateMachine):
    """Two instruments, two venues, three clients; the store and the State survive crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Conversation(house_desk(hedging=RULES), MemoryStore())
        self.desk.moves_funds("ALPHA", "ETH", "100")
        self.desk.moves_funds("BETA", "ETH", "100")
        self.desk.prices("ETH/USD", "4000", "4010", "1000")
        self.desk.prices("BTC/USD", "100000", "100100", "1000")
        self.desk.venues.open("LPX", "LPY")
        self.deals = 0

    def venue(self, name: str) -> HedgeVenue:
        return self.desk.venues.known[name]

    def _line(self, symbol: str, side: str, quantity: str) -> str:
        self.deals += 1
        return f"35=D|11=N{self.deals}|55={symbol}|54={side}|38={quantity}|40=1"

    # -- clients ---------------------------------------------------------------------------

    @rule(
        key=st.sampled_from(CLIENTS),
        symbol=st.sampled_from(SYMBOLS),
        side=st.sampled_from("12"),
        quantity=st.sampled_from(("0.01", "0.3", "0.9", "1.5")),
    )
    def deal(self, key: str, symbol: str, side: str, quantity: str) -> None:
        client = self.desk.client(key)
        client.C(self._line(symbol, side, quantity))
        client.hears_all()

    # -- venues ----------------------------------------------------------------------------

    @rule(name=venues, manner=st.sampled_from(("fills", "rejects", "cancels", "waits", "loses")))
    def behaves(self, name: str, manner: str) -> None:
        self.venue(name).manner = manner

    def _working(self, name: str) -> str:
        found = [key for key, known in self.venue(name).orders.items() if known.leaves]
        return found[0] if found else ""

    @rule(name=venues, part=parts, is_told=st.sampled_from((True, True, True, False)))
    def executes(self, name: str, part: str, is_told: bool) -> None:
        hedge_id = self._working(name)
        if not hedge_id:
            return
        known = self.venue(name).orders[hedge_id]
        quantity = (known.leaves * Decimal(part)).quantize(Decimal("0.001")) or known.leaves
        px = known.order.price - (known.order.side is Side.BUY) * 3
        self.venue(name).executes(hedge_id, str(quantity), str(px), is_told=is_told)
        self.desk.step()

    @rule(name=venues)
    def ends(self, name: str) -> None:
        hedge_id = self._working(name)
        if hedge_id:
            self.venue(name).ends(hedge_id)
            self.desk.step()

    @rule(name=venues, resends=st.booleans())
    def line_breaks_and_heals(self, name: str, resends: bool) -> None:
        venue = self.venue(name)
        if venue.up:
            venue.goes_down()
        else:
            venue.comes_up(resends=resends)

    @rule(back=st.integers(1, 5))
    def says_again(self, back: int) -> None:
        """A report comes once more, as a resend brings it."""
        said = [
            event.body
            for event, _, _ in self.desk.told
            if getattr(event.body, "exec_type", "") in ("TRADE", "NEW", "CANCELED", "REJECTED")
        ]
        if said:
            self.desk.tell(said[-min(back, len(said))])

    # -- the desk --------------------------------------------------------------------------

    @rule(span=st.sampled_from(("+1s", "+5s", "+20s")))
    def time_passes(self, span: str) -> None:
        self.desk.at(span)

    @rule(how=st.sampled_from(("in order", "before commit", "before sending", "snapshot")))
    def restarts(self, how: str) -> None:
        client = self.desk.client("B50")
        if how == "snapshot":
            self.desk.snapshots()
        elif how != "in order" and any(venue.up for venue in self.desk.venues.known.values()):
            try:
                with self.desk.killed(how):
                    client.C(self._line("ETH/USD", "1", "0.3"))
            except AssertionError as error:
                if "nothing happened" not in str(error):
                    raise
                self.desk.venues.dead = self.desk.store.dead = False  # it had nothing to send
        self.desk.restarts()
        for key in CLIENTS:
            self.desk.client(key).logs_on()
            self.desk.client(key).hears_all()

    # -- what must hold --------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        laws.inventory_is_counted(self.desk.state, self.desk.told)
        laws.trial_balance(self.desk)
        assert not self.desk.told[-1][1].failed, self.desk.told[-1]
        for venue in self.desk.venues.known.values():
            self._books_no_more_than_it_did(venue)

    @invariant()
    def nothing_is_covered_twice(self) -> None:
        """Back to back, what is filled or may still fill is never more than the client's fill; in
        the band, a cover leads to the target when all that is under way has filled."""
        cover = self.desk.state.cover
        event, decision, _ = self.desk.told[-1]
        if event.seq != self.desk.state.seq:
            return
        for deal in [deal for _, told, _ in self.desk.told for deal in told.trades]:
            if deal.symbol == "ETH/USD":
                letters = (f"H{deal.exec_id[1:]}{letter}" for letter in "abc")
                orders = [order for key in letters if (order := cover.order(key)) is not None]
                going = sum(o.cum_qty + (o.leaves_qty if o.is_open else 0) for o in orders)
                assert going <= deal.base_amount, (deal.exec_id, orders)
        fresh = [o for o in decision.hedges if o.attempt == 1 and not o.cum_qty and o.sends < 2]
        if any(o.symbol == "BTC/USD" and o.sent_at == event.at for o in fresh) and decision.trades:
            coming = sum(open_quantity(o) for o in cover.open_orders if o.symbol == "BTC/USD")
            assert self.desk.state.inventory("BTC/USD") + coming == 0

    def _books_no_more_than_it_did(self, venue: HedgeVenue) -> None:
        for hedge_id, known in venue.orders.items():
            booked = self.desk.state.cover.order(hedge_id)
            if booked is not None:
                assert booked.cum_qty <= known.cum, hedge_id
                fills = self.desk.state.cover.fills(hedge_id).values()
                assert sum(fill.base_amount for fill in fills) == booked.cum_qty

    @precondition(lambda self: self.deals)
    @rule()
    def all_is_well(self) -> None:
        """Every line is up, every venue fills and answers: all that was executed is booked, no
        order is open, and the band is kept after the next deal."""
        for venue in self.desk.venues.known.values():
            venue.manner = "fills"
            if venue.up:
                venue.goes_down()
        for venue in self.desk.venues.known.values():
            venue.comes_up(resends=False)
            for hedge_id, known in venue.orders.items():
                if known.leaves:
                    venue.executes(hedge_id)
            self.desk.step()
        for _ in range(4):
            self.desk.at("+5s")
        assert list(self.desk.state.cover.open_orders) == []
        assert not self.desk.state.words.get("hedge_frozen")
        for symbol in SYMBOLS:
            for venue in self.desk.venues.known.values():
                booked = self.desk.state.cover.at_venue(venue.name, symbol)
                assert booked == venue.executed(symbol), (venue.name, symbol)
        self.deal("T44", "BTC/USD", "1", "0.01")
        assert abs(self.desk.state.inventory("BTC/USD")) <= BAND_WIDTH

    def teardown(self) -> None:
        sent = [
            request.order.hedge_id
            for venue in self.desk.venues.known.values()
            for request in venue.said
            if request.what == ORDER
        ]
        assert all(sent.count(hedge_id) <= 2 for hedge_id in sent)
        self.desk.finish()


EXAMPLES = os.environ.get("OTCFIX_EXAMPLES", "")

Hedging.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 25),
    stateful_step_count=30,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHedging = Hedging.TestCase
