"""The language of conversations: what a client says and hears, when, and what the books hold then.

    alpha = desk.client("A44")
    alpha.talk('''
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1|117=Q1|132=100000.00|133=100100.00|62=T+3s
        @ +1s
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|31=100100.00
    ''')
    desk.books("ALPHA", USD="399900.00", BTC="6")

C is the client, D the desk, @ the clock. Everything real is real: dictionaries, parse, State,
Sequencer, store, render, stock validation; only the socket and the clock are not.

* A line that begins with | goes on with the one before it.
* Q1, O1, E1, M1 name an id of the desk (117, 37, 17, 535) at first sight, and stand for it after.
* T is now, T+3s later; 12:10:00 is today; `today` is the date. Only where a time or date belongs.
* On a D line `..` is any value, `-` says the tag is absent, `QUOTE_GONE: ...` compares what stands
  before the dots; tags that are not named are not compared. What is said must be listed, in order.
* On a C line `-` leaves a tag out that an order system would send by itself (60; and in F and G
  what it knows of the order). Header tags (34, 43, 52, 97, 115, 116, 122) may be given.

At the end of each conversation `finish` holds it against every law of the house.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from otcfix.config import desk_hash
from otcfix.desk.clientele import floors_of
from otcfix.desk.state import State
from otcfix.fix.copies import Spoken, spoken
from otcfix.fix.parse import Parser
from otcfix.fix.render import rendered
from otcfix.fix.render_prices import stream_rows
from otcfix.model.decision import Decision
from otcfix.model.event import (
    Boot,
    Event,
    Kill,
    MoveFunds,
    UnsentQuote,
)
from otcfix.model.messages import Inbound
from otcfix.model.money import from_minor
from otcfix.model.order import Order
from otcfix.model.party import Desk
from otcfix.model.record import Batch, OutboxRow, SentMark, StreamRow
from otcfix.model.replies import Reply
from otcfix.model.screening import ScreeningHit, ScreeningVerdict, ScreeningVerdicts
from otcfix.model.time import Instant
from otcfix.sequencer.inbox import Inbox, Incoming
from otcfix.sequencer.loop import Sequencer
from otcfix.sequencer.recovery import Replay, recover
from otcfix.store.journal import GENESIS, chained
from tests.support import laws
from tests.support.client import Client
from tests.support.hedge_venue import Venues
from tests.support.house_desk import FUNDS, HALF_SPREAD_BPS, ID_KEY, house_desk
from tests.support.lines import Names, span
from tests.support.memory_store import MemoryStore
from tests.support.world import (
    Clock,
    Heard,
    IdleGate,
    Killed,
    Line,
    SetRates,
    Wire,
    instant,
    stamp,
)

START = "2027-01-13 12:00:00.000"  # a Wednesday; the trading day ends at 22:00 UTC


class Watched:
    """A store that tells what it has committed, and that can be killed before it commits."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.dead = False
        self.outbox: set[int] = set()
        self.hedges: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, batch: Batch) -> None:
        """Commit, or die before it."""
        if self.dead:
            raise Killed
        self.store.commit(batch)
        self.outbox.update(row.outbox_id for row in batch.outbox)
        self.hedges.update(o.hedge_id for _, decision in batch.decided for o in decision.hedges)

    def write(self, prepared: Any) -> None:
        """Write what was prepared."""
        self.store.write(prepared)
        self.outbox.update(row[0] for row in prepared.work.tables["outbox"])
        self.hedges.update(row[0] for row in prepared.work.hedges)


class Conversation:
    """One desk and its clients, from its first start to the end of the test."""

    def __init__(
        self,
        desk: Desk | None = None,
        store: Any = None,
        *,
        start: str = START,
        inbox: tuple[int, int] = (512, 256),
        screens: bool = True,
    ) -> None:
        self.desk = desk or house_desk()
        self._room = inbox
        self.screens = screens
        self.clock = Clock(instant(start))
        self.rates = SetRates(self.clock)
        self.store = Watched(store or MemoryStore())
        self.wire = Wire(self.clock, self.store.outbox.__contains__)
        self.venues = Venues(self)
        self.names = Names()
        self.told: list[tuple[Event, Decision, list[OutboxRow]]] = []
        self.failures_expected = 0
        self._clients: dict[str, Client] = {}
        self._busy = False
        self._dead = False
        self._start()
        for asset, rate in {"USD": "1", "USDT": "1", "BTC": "100050", "ETH": "4000"}.items():
            self.rates.value(asset, rate)
        for asset, rate in {"EUR": "1.08", "JPY": "0.0065", "LTC": "100"}.items():
            self.rates.value(asset, rate)
        self.prices("BTC/USD", bid="100000.00", offer="100100.00")
        for client_id, amounts in FUNDS.items():
            for asset, amount in amounts.items():
                self.moves_funds(client_id, asset, amount)

    # -- life ------------------------------------------------------------------------------

    def _start(self) -> None:
        self.state, seen = recover(self.store, ID_KEY, self._bind)
        self.inbox = Inbox(*self._room)
        for session in self.desk.sessions:
            self.inbox.open_lane(session.key)
            self.wire.lines.setdefault(session.key, Line(session))
        parse, render, render_streams = self.words_of(self.state)
        self.sequencer = Sequencer(
            self.state,
            self.store,
            self.wire,
            self.rates,
            self.inbox,
            parse=parse,
            render=render,
            render_streams=render_streams,
            chain=chained,
            clock=self.clock.wall_now,
            monotonic=self.clock.steady_now,
            seen=seen,
            on_event=lambda *told: self.told.append(told),
            venues=self.venues,
        )
        clients = self.state.clientele.seeded(self.desk.clients)
        self.store.set_floors(floors_of(clients.values()))
        seq, last_hash, _, outbox_id = self.store.head()
        self.told = [told for told in self.told if told[0].seq <= seq]  # the rest was lost
        self.sequencer.start_from(last_hash if seq else GENESIS, outbox_id, 0)
        unsent = list(self.store.unsent())
        prices = [row for row in unsent if row.price]
        now_hash = desk_hash(self.desk)
        changed = self.desk if now_hash != self.state.desk_hash else None
        self.sequencer.say_owed([row for row in unsent if not row.price], again=True)
        never = [SentMark(row.outbox_id, row.session, 0, 0) for row in prices]
        self.sequencer.note_sent(never)
        self.sequencer.boot(Boot(now_hash, changed, "test", tuple(map(_unsaid, prices))))
        if self.screens:
            self.screened()

    @staticmethod
    def _bind(state: State) -> tuple[Any, Any]:
        def parse(session: str, text: str) -> Inbound:
            register = state.register
            return Parser(register.sessions[session], register.instruments).parse(text)

        def render(reply: Reply) -> list[Spoken]:
            register = state.register
            return spoken(
                reply,
                register.sessions,
                lambda one, session: rendered(one, session, register.instruments),
            )

        return parse, render

    @classmethod
    def words_of(cls, state: State) -> tuple[Any, Any, Any]:
        """Parse, render and render_streams for *state*."""

        def render_streams(decision: Decision, at: Instant) -> list[StreamRow]:
            streams = state.streams
            return stream_rows(decision, streams.subscriptions, streams.images, at)

        return *cls._bind(state), render_streams

    def replay_onto(self, state: State) -> Replay:
        """What decides the journal's rows again, onto *state*."""
        return Replay(state, *self._bind(state))

    def screened(self, *hits: ScreeningHit, client_id: str = "") -> Decision | None:
        """Screening has looked at every client who needs it, or at *client_id*, and found *hits*.

        Who has a verdict on what he is now is left alone, as the screening service does.
        """
        clientele = self.state.clientele
        wanted = [client_id] if client_id else clientele.unscreened()
        verdicts = tuple(
            ScreeningVerdict(one, clientele.digest_of(one), hits if client_id else ())
            for one in wanted
        )
        return self.tell(ScreeningVerdicts("lists-1", verdicts)) if verdicts else None

    @contextmanager
    def killed(self, when: str) -> Iterator[None]:
        """The process dies "before commit", "before saying" or "before sending" to a venue."""
        parts = {"commit": self.store, "saying": self.wire, "sending": self.venues}
        part: Any = parts[when.removeprefix("before ")]
        part.dead = True
        try:
            yield
        except Killed:
            part.dead = False
            self._dead = True
        assert not part.dead, "nothing happened that could be killed"

    def restarts(self, desk: Desk | None = None) -> None:
        """The process stops in order, unless it was killed, and starts again on the same store."""
        self.desk = desk or self.desk
        if not self._dead:
            self.sequencer.stop()
            self.sequencer.run(IdleGate())
        self._dead = False
        for line in self.wire.lines.values():
            line.online = False
        for venue in self.venues.known.values():
            venue.up = False
        self._start()

    def snapshots(self) -> None:
        """The desk writes a snapshot of its State."""
        self.sequencer.snapshot()

    def finish(self) -> None:
        """Hold the whole conversation against the laws."""
        self.step()
        laws.hold(self)

    # -- time ------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """The wall clock."""
        return self.clock.wall

    def at(self, when: str) -> None:
        """It is *when* now: 12:00:03.000, +3s, or 2027-01-14 09:00:00. What is due, happens."""
        self._go(when)
        self.step()

    def _go(self, when: str) -> None:
        self.clock.go(self.instant_of(when))
        self.rates.tick()

    def instant_of(self, when: str) -> Instant:
        """+3s from now, 12:00:03.000 of today, or a date with a time."""
        if when.startswith("+"):
            return self.now + span(when)
        return instant(when if " " in when else f"{stamp(self.now)[:8]} {when}")

    @staticmethod
    def timestamp(at: Instant) -> str:
        """As it stands in TransactTime(60)."""
        return stamp(at)

    def wall_steps(self, by: str) -> None:
        """The wall clock alone steps: -2s, +90s."""
        self.clock.wall += span(by)
        self.rates.tick()
        self.step()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """What is said inside is received, and waits until the end to be decided, in one batch."""
        self._busy = True
        yield
        self._busy = False
        self.step()

    def step(self) -> None:
        """Let the sequencer do what there is to do."""
        while not self._busy and self.sequencer.step():
            pass

    # -- the market ------------------------------------------------------------------------

    def sees(
        self, symbol: str, bid: str, offer: str, depth: str = "10", *, source: str = "venue"
    ) -> None:
        """A venue shows a market, before any spread: `100050`, or levels `100050x2 100060x5`."""
        self.rates.show(symbol, source, _levels(bid, depth), _levels(offer, depth))
        self.step()

    def prices(
        self, symbol: str, bid: str, offer: str, depth: str = "10", *, source: str = "venue"
    ) -> None:
        """A venue shows the market that makes these the prices of a client of the plain tier."""
        low, high = Decimal(bid), Decimal(offer)
        half = (low + high) / 2 * HALF_SPREAD_BPS / 10_000
        assert low + half <= high - half, "the tier's spread is wider than these prices"
        self.sees(symbol, f"{low + half:f}", f"{high - half:f}", depth, source=source)

    def feed_stops(self, symbol: str, source: str = "venue") -> None:
        """The source says nothing more."""
        self.rates.stop(symbol, source)

    # -- staff -----------------------------------------------------------------------------

    def tell(self, body: object) -> Decision:
        """Sequence a typed event (a staff command, a session event); its decision."""
        self.inbox.put_urgent(Incoming("", 0, "", self.now, body))
        self.step()
        return self.told[-1][1]

    def kills(self) -> None:
        """Staff kills the desk."""
        self.tell(Kill(True, "staff", "test"))

    def unkills(self) -> None:
        """Staff opens it again."""
        self.tell(Kill(False, "staff", "test"))

    def moves_funds(self, client_id: str, asset: str, amount: str) -> Decision:
        """Staff books a deposit, or a withdrawal when *amount* is negative."""
        return self.tell(MoveFunds(client_id, asset, Decimal(amount), "custody", "ref", "staff"))

    # -- looking ---------------------------------------------------------------------------

    def client(self, key: str) -> Client:
        """The client's end of session *key*; it is logged on."""
        if key not in self._clients:
            self._clients[key] = Client(self, key)
            self._clients[key].logs_on()
        return self._clients[key]

    def balance(self, client_id: str, asset: str, kind: str = "available") -> str:
        """A client's balance in major units."""
        minor = self.state.balance(f"client/{client_id}:{kind}:{asset}")
        return f"{from_minor(minor, self.state.register.assets[asset]):f}"

    def books(self, client_id: str, kind: str = "available", **amounts: str) -> None:
        """The client's balances of *kind* are these."""
        found = {asset: self.balance(client_id, asset, kind) for asset in amounts}
        assert found == amounts

    def order(self, cl_ord_id: str, scope: str = "ALPHA") -> Order | None:
        """The open order of a ClOrdID; None when it is closed or unknown."""
        order_id = self.state.order_of_id.get((scope, cl_ord_id))
        return self.state.orders.get(order_id) if order_id else None

    @property
    def alerts(self) -> list[str]:
        """Every alert so far."""
        return [alert for _, decision, _ in self.told for alert in decision.alerts]

    @property
    def decided(self) -> Decision:
        """The last decision."""
        return self.told[-1][1]


def _unsaid(row: OutboxRow) -> UnsentQuote:
    heard = Heard(row.text)
    return UnsentQuote(
        row.session, heard.get(131), heard.get(55), row.deliver_to, row.deliver_to_sub
    )


def _levels(text: str, depth: str) -> list[tuple[Any, Any]]:
    """`100050x2 100060x5`, or a price alone with the depth."""
    levels = []
    for level in text.split():
        assert re.fullmatch(r"[\d.]+(x[\d.]+)?", level), level
        price, _, quantity = level.partition("x")
        levels.append((Decimal(price), Decimal(quantity or depth)))
    return levels
