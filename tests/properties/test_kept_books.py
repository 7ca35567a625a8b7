"""What is kept of the desk's positions and gains, and of who has accounts in what, is at every step
what a walk over every deal, every open order and every account finds.

The walk starts from the decisions, not from what State counts. It looks at copies: the desk alone
catches up with what it keeps, when it needs it, so that changes pile up between its looks.
"""

import copy
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from otcfix.desk.desk_book import DeskBook, gain_of
from otcfix.desk.state import State, base_left
from otcfix.model.hedge import BACK_TO_BACK, HedgeRule
from otcfix.model.instrument import Instrument
from otcfix.model.limit import Limit, MarksMoved, units_of
from otcfix.model.messages import Side
from otcfix.model.money import to_minor
from otcfix.model.party import Desk
from otcfix.model.trade import Trade
from otcfix.settlement.calendar import trading_day
from tests.conversation import Conversation
from tests.support.house_desk import INSTRUMENTS, house_desk

PLENTY = Decimal(10**9)
LIMITS = (
    Limit("desk", "", "position", PLENTY),
    Limit("desk", "class:crypto", "position", PLENTY),
    Limit("desk", "class:crypto", "loss", PLENTY),
    Limit("desk", "", "loss", PLENTY),
    Limit("client:ALPHA", "class:crypto", "position", PLENTY),
    Limit("tier:plain", "", "settlement", PLENTY),
)
RATES = {"BTC": ["99000", "100050", "0"], "ETH": ["4000", "3999.99999", "5000"], "EUR": ["1.0813"]}
MARKETS = {
    "BTC/USD": ("100000", "100100"),
    "ETH/USD": ("4000", "4010"),
    "BTC/USDT": ("100000", "100100"),
    "EUR/USD": ("1.0800", "1.0820"),
}
SIZES = {"EUR/USD": ("1000", "7000")}

keys = st.sampled_from(("A44", "FEE50", "T44", "A42"))
symbols = st.sampled_from(tuple(MARKETS))
sides = st.sampled_from("12")


def made_desk(eth_class: str) -> Desk:
    """The house desk; BTC/USD is hedged, ETH/USD is in *eth_class*."""
    crypto = {symbol: {"asset_class": "crypto"} for symbol in ("BTC/USD", "BTC/USDT")}
    return house_desk(
        instruments={**crypto, "ETH/USD": {"asset_class": eth_class}},
        limits=LIMITS,
        hedging=(HedgeRule("BTC/USD", BACK_TO_BACK, ("LPX",)),),
        clients={
            key: {"position_max": PLENTY, "open_orders_max": 50} for key in ("ALPHA", "TREASURY")
        },
    )


class Walk:
    """The desk's positions and gains, from every deal and every open order."""

    def __init__(self, desk: Conversation) -> None:
        self.state = desk.state
        self.deals = [
            (deal, trading_day(INSTRUMENTS[deal.symbol], event.at)[0].toordinal())
            for event, decision, _ in desk.told
            for deal in (*decision.trades, *decision.hedge_fills)
        ]
        self.day = max((day for _, day in self.deals), default=0)
        self.missing = False

    def rate(self, asset: str) -> Decimal | None:
        """The mark of *asset*."""
        if asset == "USD":
            return Decimal(1)
        rate = self.state.limits.marks.get(asset, (Decimal(0), 0))[0]
        self.missing |= not rate
        return rate or None

    def held(self, one: Instrument) -> int:
        """The worst that the desk may come to hold of *one*, valued."""
        mine = [deal for deal, _ in self.deals if deal.symbol == one.symbol]
        held = sum((_sign(deal) * deal.base_amount for deal in mine), Decimal(0))
        resting = {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}
        for order in self.state.orders.values():
            if order.symbol == one.symbol:
                resting[order.side] += base_left(order)
        most = max(abs(held + resting[Side.SELL]), abs(held - resting[Side.BUY]))
        rate = self.rate(one.base.code) if most else None
        return (units_of(most * rate) or 0) if rate else 0

    def nets(self, among: list[Instrument]) -> dict[str, int]:
        """By asset, what the last trading day's deals in *among* brought. Minor units."""
        nets: dict[str, int] = {}
        for deal, day in self.deals:
            one = next((one for one in among if one.symbol == deal.symbol), None)
            if one is None or day != self.day:
                continue
            fee = deal.fee if isinstance(deal, Trade) else Decimal(0)
            legs = (
                (one.base, _sign(deal) * to_minor(deal.base_amount, one.base)),
                (one.terms, -_sign(deal) * to_minor(deal.terms_amount, one.terms)),
                (one.terms, to_minor(fee, one.terms)),
            )
            for asset, minor in legs:
                nets[asset.code] = nets.get(asset.code, 0) + minor
        return nets


def _sign(deal: object) -> int:
    """What the desk did: the other side of its client's deal, its own side of a hedge."""
    ours = 1 if deal.side is Side.BUY else -1  # type: ignore[attr-defined]
    return -ours if isinstance(deal, Trade) else ours


def caught_up(state: State) -> DeskBook:
    """A copy of the kept book that has looked at what was dealt in since."""
    limits = state.limits
    same = {id(one): one for one in (state.register, limits.marks)}
    book, usage = copy.deepcopy(limits.book, same), copy.copy(limits.usage)
    usage.touched = dict(usage.touched)
    book.catch_up(state.register, state.cover, usage, limits.marks)
    return book


class Books(RuleBasedStateMachine):
    """Deals, orders and hedges in four instruments; marks, days and classes change."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.desk = Conversation(made_desk("crypto"))
        for client in ("ALPHA", "FEES"):
            for asset in ("USD", "USDT"):
                self.desk.moves_funds(client, asset, "5000000")
        self.desk.venues.open("LPX")
        self.prices()

    def prices(self, depth: str = "100000") -> None:
        """Every market stands where it stood."""
        for symbol, (bid, offer) in MARKETS.items():
            self.desk.prices(symbol, bid, offer, depth)

    def says(self, key: str, line: str) -> None:
        """An order of *key*, under an id of its own."""
        self.number += 1
        client = self.desk.client(key)
        if not client.line.online:
            client.logs_on()
        client.C(f"35=D|11=N{self.number}|{line}")
        client.hears_all()

    @rule(dealt=st.lists(st.tuples(keys, symbols, sides, st.booleans()), min_size=1, max_size=3))
    def deals(self, dealt: list[tuple[str, str, str, bool]]) -> None:
        for key, symbol, side, big in dealt:
            size = SIZES.get(symbol, ("0.013", "0.7"))[big]
            self.says(key, f"55={symbol}|54={side}|38={size}|40=1")

    @rule(key=keys, symbol=symbols, side=sides, terms=st.booleans(), sends=st.booleans())
    def rests(self, key: str, symbol: str, side: str, terms: bool, sends: bool) -> None:
        """Two per cent off; then the market may come to it, with little depth."""
        bid, offer = map(Decimal, MARKETS[symbol])
        tick = INSTRUMENTS[symbol].tick
        price = (bid * Decimal("0.98") if side == "1" else offer * Decimal("1.02")).quantize(tick)
        size = SIZES.get(symbol, ("0.5", "0.5"))[1]
        amount = f"15={symbol[4:]}|38=5000" if terms else f"38={size}"
        self.says(key, f"55={symbol}|54={side}|{amount}|40=2|44={price}|59=1")
        if sends:
            to = price * (Decimal("0.99") if side == "1" else Decimal("1.01"))
            depth = str(Decimal(size) / 2)
            self.desk.sees(symbol, f"{to:f}", f"{to:f}", depth)

    @rule()
    def takes_all_back(self) -> None:
        self.number += 1
        self.desk.client("A44").C(f"35=q|11=N{self.number}|530=7|60=T")

    @rule(manner=st.sampled_from(("fills", "waits", "rejects")), busts=st.booleans())
    def the_venue(self, manner: str, busts: bool) -> None:
        """Fills hedges from now on, or does not; it may take back what it filled last."""
        venue = self.desk.venues.known["LPX"]
        venue.manner = manner
        filled = [exec_id for known in venue.orders.values() for exec_id in known.executions]
        if busts and filled:
            venue.takes_back(filled[-1])
            self.desk.step()

    @rule(asset=st.sampled_from(tuple(RATES)), data=st.data())
    def marks_move(self, asset: str, data: st.DataObject) -> None:
        """Or one is missing, until a second has passed."""
        rate = data.draw(st.sampled_from(("", *RATES[asset])))
        if not rate:
            marks = self.desk.state.limits.marks
            self.desk.tell(MarksMoved({code: at for code, at in marks.items() if code != asset}))
            return
        self.desk.rates.value(asset, rate)
        self.desk.at("+1s")
        self.prices()

    @rule(by=st.sampled_from(("+2s", "+11h", "+30h")))
    def time_passes(self, by: str) -> None:
        self.desk.at(by)
        self.prices()

    @rule(client=st.sampled_from(("ALPHA", "BETA")), asset=st.sampled_from(("ETH", "EUR", "JPY")))
    def an_account_comes_to_be(self, client: str, asset: str) -> None:
        self.desk.moves_funds(client, asset, "10")

    @rule(eth_class=st.sampled_from(("crypto", "alt")), how=st.sampled_from(("order", "kill")))
    def starts_again(self, eth_class: str, how: str) -> None:
        """With ETH/USD in a class of its own, or not; in order, or killed: then State is made from
        the journal, its book with it, before it takes the new configuration."""
        if how == "kill":
            with self.desk.killed("before saying"):
                self.takes_all_back()
        self.desk.restarts(made_desk(eth_class))
        self.desk.venues.known["LPX"].comes_up()
        self.prices()

    @rule()
    def keeps_a_snapshot(self) -> None:
        self.desk.snapshots()

    @invariant()
    def the_book_is_what_a_walk_finds(self) -> None:
        state, walk = self.desk.state, Walk(self.desk)
        book, every = caught_up(state), list(state.register.instruments.values())
        held = {one.symbol: walk.held(one) for one in every}
        found: dict[str, tuple[int, int]] = {}
        for what in ("", *(f"class:{one.asset_class}" for one in every)):
            among = [one for one in every if what in ("", f"class:{one.asset_class}")]
            gain = 0
            for code, net in walk.nets(among).items():
                rate = walk.rate(code) if net else None
                won = gain_of(net, state.register.assets[code], rate) if rate else 0
                assert not rate or book.part(what, code) == (net, won), (what, code)
                gain += won
            found[what] = sum(held[one.symbol] for one in among), gain
        missing = walk.missing
        if not any(walk.rate(code) is None for code in state.register.assets):
            oldest = min(at for _, at in state.limits.marks.values())
            assert book.is_valued(oldest)
            assert not book.is_valued(oldest + 1)
        assert not (missing and book.is_valued(0))
        if book.is_valued(0):
            assert {one: book.held(one) for one in held} == held
            assert {what: (book.position(what), book.gain(what)) for what in found} == found

    @invariant()
    def purses_are_what_a_walk_finds(self) -> None:
        state = self.desk.state
        purses, balances = copy.deepcopy(state.limits.purses), state.balances
        for client_id in (*state.register.clients, "NOBODY"):
            walked: dict[str, list[str]] = {}
            for name in balances:
                if name.startswith(f"client/{client_id}:"):
                    walked.setdefault(name.rsplit(":", 1)[1], []).append(name)
            found = purses.of(client_id, balances)
            assert [(code, list(one.names)) for code, one in found.items()] == list(walked.items())
            for code, one in found.items():
                available = f"client/{client_id}:available:{code}"
                assert one.available == (available if available in balances else "")
                assert one.holds(balances) == sum(balances[name] for name in walked[code])

    def teardown(self) -> None:
        """The laws of the house hold: State comes back from a snapshot and decides the same."""
        self.desk.finish()


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
