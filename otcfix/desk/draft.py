"""A Decision in the making: State seen through what this event has already changed.

Handlers read from the draft, so that the third order woken by one event sees what the first two
took. State itself is untouched until `apply` (law 2). `memo` keeps what several handlers would make
anew; `takes` counts takings of depth, for what depends on it. `checked_by` is the second person
who has just confirmed the command that is being done. `retry_after_ms`: the message is one too
many, and would pass then.
"""

from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from otcfix.desk.clientele import subject_digest
from otcfix.desk.ids import Ids
from otcfix.desk.state import State
from otcfix.ledger import chart
from otcfix.model.decision import Decision, DepthTaken, DeskMoved, Disputed
from otcfix.model.enquiries import Asked
from otcfix.model.errors import InvariantBroken
from otcfix.model.event import Event, IdUse, Recalled
from otcfix.model.hedge import HedgeFill, HedgeOrder, VenueRequest
from otcfix.model.instrument import Instrument
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.limit import SetLimit
from otcfix.model.messages import Head, Side
from otcfix.model.money import AMOUNT_MAX
from otcfix.model.order import Order
from otcfix.model.party import Client, Session
from otcfix.model.policy import Policy
from otcfix.model.post_trade import Allocation, Confirmation, TradeBreak, TradeChange
from otcfix.model.pricing import Explanation
from otcfix.model.proposal import Proposal
from otcfix.model.quote import Quote
from otcfix.model.rates import Rates
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import BusinessRejected, ExecutionReport, Reply
from otcfix.model.screening import GoodGuy, Screened
from otcfix.model.session_act import SessionAct
from otcfix.model.stream import QuoteStream, RungHit, StreamImage, StreamSaid, Subscription
from otcfix.model.time import MS, Instant
from otcfix.model.trade import Trade
from otcfix.model.verdict import Verdict
from otcfix.settlement import calendar


class Draft:
    """Collects the parts of one Decision."""

    def __init__(self, state: State, event: Event) -> None:
        self.state = state
        self.event = event
        self.register = state.register
        desk = state.register.desk
        self.ids = Ids(event.seq, state.id_key, desk.shard if desk else "")
        self.replies: list[Reply] = []
        self.transfers: list[Transfer] = []
        self.trades: list[Trade] = []
        self.orders: dict[str, Order] = {}
        self.quotes: dict[str, Quote] = {}
        self.uses: list[IdUse] = []
        self.taken: dict[tuple[str, str, Side], DepthTaken] = {}
        self.obligations: list[Obligation] = []
        self.verdicts: list[Verdict] = []
        self.moved: list[DeskMoved] = []
        self.disputed: list[Disputed] = []
        self.alerts: list[str] = []
        self.timers: list[tuple[Instant, str, str]] = []
        self.explanations: list[Explanation] = []
        self.hedges: dict[str, HedgeOrder] = {}
        self.hedge_fills: list[HedgeFill] = []
        self.venue_requests: list[VenueRequest] = []
        self.takes = 0
        self.memo: dict[Hashable, Any] = {}
        self.subscriptions: list[Subscription] = []
        self.images: dict[str, StreamImage] = {}
        self.streams: list[StreamSaid] = []
        self.rung_hits: list[RungHit] = []
        self.quote_streams: dict[str, QuoteStream] = {}
        self.looks_owed: dict[str, None] = {}
        self.clients: dict[str, Client] = {}
        self.screened: dict[str, Screened] = {}
        self.good_guys: list[GoodGuy] = []
        self.proposals: list[Proposal] = []
        self.limits: list[SetLimit] = []
        self.logouts: list[tuple[str, str]] = []
        self.policy: Policy | None = None
        self.session_acts: list[SessionAct] = []
        self.changes: list[TradeChange] = []
        self.breaks: list[TradeBreak] = []
        self.allocations: list[Allocation] = []
        self.confirmations: list[Confirmation] = []
        self.asked: list[Asked] = []
        self.sessions: tuple[Session, ...] | None = None
        self.checked_by = ""
        self.retry_after_ms = 0
        self._deltas: dict[str, int] = {}

    def decision(self) -> Decision:
        """What was collected."""
        if self.transfers:
            self._check_floors()
        return Decision(
            tuple(self.replies),
            tuple(self.transfers),
            # A correction is no deal: nothing is hedged or measured by it.
            (*self.trades, *(c.now for c in self.changes if c.now is not None)),
            tuple(self.orders.values()),
            tuple(self.quotes.values()),
            tuple(self.uses),
            tuple(self.taken.values()),
            tuple(self.obligations),
            tuple(self.verdicts),
            tuple(self.moved),
            tuple(self.disputed),
            tuple(self.alerts),
            tuple(self.timers),
            explanations=tuple(self.explanations),
            hedges=tuple(self.hedges.values()),
            hedge_fills=tuple(self.hedge_fills),
            venue_requests=tuple(self.venue_requests),
            subscriptions=tuple(self.subscriptions),
            images=tuple(self.images.values()),
            streams=tuple(self.streams),
            rung_hits=tuple(self.rung_hits),
            quote_streams=tuple(self.quote_streams.values()),
            looks_owed=tuple(self.looks_owed),
            clients=tuple(self.clients.values()),
            screened=tuple(self.screened.values()),
            good_guys=tuple(self.good_guys),
            proposals=tuple(self.proposals),
            limits=tuple(self.limits),
            logouts=tuple(self.logouts),
            policy=self.policy,
            session_acts=tuple(self.session_acts),
            changes=tuple(self.changes),
            breaks=tuple(self.breaks),
            allocations=tuple(self.allocations),
            confirmations=tuple(self.confirmations),
            asked=tuple(self.asked),
            sessions=self.sessions,
        )

    def _check_floors(self) -> None:
        """A decision that would break a floor, or that no account holds, is a bug: it fails here,
        where nothing has moved yet, rather than in `apply` or in the store, where the process
        would have to stop.

        Errors: InvariantBroken.
        """
        for name, delta in self._deltas.items():
            if not -AMOUNT_MAX <= self.state.balance(name) + delta <= AMOUNT_MAX:
                raise InvariantBroken(f"{name} would hold more than 64 bits")
            if delta >= 0 or not name.startswith(chart.CLIENT_PREFIX):
                continue
            owner, kind, asset = name.rsplit(":", 2)
            if kind == chart.PAYABLE:
                continue
            client_id = owner[len(chart.CLIENT_PREFIX) :]
            floor = self.state.floor(client_id, asset) if kind == chart.AVAILABLE else 0
            if self.state.balance(name) + delta < floor:
                raise InvariantBroken(f"{name} would fall below {floor}")

    # -- reading through -------------------------------------------------------------------

    def balance(self, account: str) -> int:
        """Minor units, this event's transfers included."""
        return self.state.balance(account) + self._deltas.get(account, 0)

    def order(self, order_id: str) -> Order | None:
        """The order as it stands now, when it was open before this event or made by it."""
        return self.orders.get(order_id) or self.state.orders.get(order_id)

    def quote(self, quote_id: str) -> Quote | None:
        """The quote as it stands now, when it was alive before this event or made by it."""
        return self.quotes.get(quote_id) or self.state.quotes.get(quote_id)

    def client(self, client_id: str) -> Client | None:
        """The client as he stands now, this event included."""
        return self.clients.get(client_id) or self.register.clients.get(client_id)

    def word(self, what: str, key: str, default: str | int = "") -> str | int:
        """One of State's small facts as it stands now, this event included."""
        for moved in reversed(self.moved):
            if moved.what == what and moved.key == key:
                return moved.value or default
        return self.state.word(what, key, default)

    def screening(self, client_id: str) -> tuple[Screened | None, str]:
        """How a client stands after screening, and the digest of him as he is now, this event
        included."""
        screened = self.screened.get(client_id) or self.state.clientele.screened.get(client_id)
        changed = self.clients.get(client_id)
        if changed is not None:
            return screened, subject_digest(changed)
        return screened, self.state.clientele.digest_of(client_id)

    def taken_depth(self) -> dict[tuple[str, str, Side], DepthTaken]:
        """What clients have taken of the sources' snapshots, this event included (R16)."""
        return {**self.state.taken, **self.taken} if self.taken else self.state.taken

    def take(self, taken: DepthTaken) -> None:
        """Note that a client took depth of a source's snapshot (R16)."""
        self.taken[taken.source, taken.symbol, taken.side] = taken
        self.takes += 1

    def recalled(self, kind: str, scope: str, key: str) -> Recalled | None:
        """What the sequencer stamped for an id; None when State was expected to hold it."""
        wanted = f"{scope}\x1f{key}"
        for found in self.event.facts.recalled:
            if found.kind == kind and found.key == wanted:
                return found
        return None

    def rates(self, symbol: str) -> Rates | None:
        """The stamped rates of *symbol*."""
        return self.event.facts.rates.get(symbol)

    def conversion(self, asset: str) -> Decimal | None:
        """The stamped rate of *asset* into the limit currency; None when missing or old (R15)."""
        found = self.event.facts.conversions.get(asset)
        desk = self.register.desk
        if found is None or desk is None:
            return None
        if found.changed_at < self.event.at - desk.price_age_max_ms * MS:
            return None
        return found.rate if found.rate.is_finite() and found.rate > 0 else None

    def _purse(self, client_id: str, asset: str) -> list[int]:
        """Available, held, receivable and payable of a client. Minor units."""
        balances, deltas = self.state.balances, self._deltas
        names = chart.purse(client_id, asset)
        if deltas:
            return [balances.get(name, 0) + deltas.get(name, 0) for name in names]
        get = balances.get
        return [get(names[0], 0), get(names[1], 0), get(names[2], 0), get(names[3], 0)]

    def position(self, client_id: str, asset: str) -> int:
        """All that the client has or is owed of *asset*, less what he owes. Minor units."""
        return sum(self._purse(client_id, asset))

    def owed(self, client_id: str, asset: str, value_date: str) -> int:
        """What the client is owed (negative: owes) on *value_date*. Minor units."""
        return self.state.obligations.get(f"{client_id}|{asset}|{value_date}", 0) + sum(
            owed.amount
            for owed in self.obligations
            if (owed.client_id, owed.asset, owed.value_date) == (client_id, asset, value_date)
        )

    def free(self, client_id: str, asset: str, *, same_day: bool) -> int:
        """What the client may give of *asset*: his settlement limit included. Minor units.

        Net of what he owes and is owed on later value dates; a leg that settles today is
        bounded by what is available today as well (R4).
        """
        available, _, owed, owes = self._purse(client_id, asset)
        floor = self.state.floor(client_id, asset)
        net = available + owed + owes - floor
        return min(net, available - floor) if same_day else net

    def trade_dates(self, instrument: Instrument) -> tuple[date, date, Instant]:
        """The trading day, the value date, and the instant at which the trading day ends."""
        day, ends = calendar.trading_day(instrument, self.event.at)
        return day, calendar.value_date(day, instrument.settl_days), ends

    # -- collecting ------------------------------------------------------------------------

    def post(self, transfers: tuple[Transfer, ...]) -> None:
        """Add transfers."""
        deltas = self._deltas
        for transfer in transfers:
            deltas[transfer.debit] = deltas.get(transfer.debit, 0) - transfer.amount
            deltas[transfer.credit] = deltas.get(transfer.credit, 0) + transfer.amount
            self.transfers.append(transfer)

    def put_order(self, order: Order) -> None:
        """Note how *order* stands now."""
        self.orders[order.order_id] = order

    def put_quote(self, quote: Quote) -> None:
        """Note how *quote* stands now."""
        self.quotes[quote.quote_id] = quote

    def say(self, reply: Reply) -> None:
        """Say *reply*; executions go to the client's drop copy sessions as well (R23)."""
        if isinstance(reply, ExecutionReport) and reply.exec_type != "STATUS":
            copies = tuple([key for key in self._copied_to(reply.order) if key != reply.session])
            if copies:
                reply = msgspec.structs.replace(reply, copied_to=copies)
        self.replies.append(reply)

    def say_to_copies(self, report: ExecutionReport) -> None:
        """Say a report to the drop copies alone: the session that it is of is gone."""
        for key in self._copied_to(report.order):
            self.replies.append(
                msgspec.structs.replace(report, session=key, copy_of=report.session)
            )

    def _copied_to(self, order: Order) -> tuple[str, ...]:
        """The drop copy sessions of an order's client, and of the broker who gave it."""
        register = self.register
        found = register.drop_copies.get(order.client_id, ())
        broker = register.brokers.get(order.session)
        if broker is not None:
            found = tuple(dict.fromkeys((*found, *register.drop_copies.get(broker, ()))))
        if not found:
            return ()
        account = register.booked_on(order.client_id, order.account, order.end_client)
        return tuple(key for key in found if register.sessions[key].copies(account))

    def move(self, what: str, key: str, value: str | int) -> None:
        """Set one of State's small facts."""
        self.moved.append(DeskMoved(what, key, value))

    def timer(self, due: Instant, kind: str, key: str) -> None:
        """Have *kind* happen to *key* at *due*."""
        self.timers.append((due, kind, key))

    def business_reject(
        self, head: Head, ref_id: str, refusal: Refusal, tag: int | None = None, detail: str = ""
    ) -> None:
        """Answer with BusinessMessageReject(35=j)."""
        self.say(
            BusinessRejected(
                head.session,
                head.msg_seq_num,
                head.msg_type,
                ref_id,
                refusal,
                wording(refusal, tag, detail),
                head.on_behalf_of,
                head.on_behalf_of_sub,
            )
        )
