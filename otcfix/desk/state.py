"""State: what is open now. `apply` writes a Decision into it and never decides.

State holds what can still change: live quotes, open orders, balances, numbers of sessions. What
is closed lives in the store and comes back as `Recalled` facts (R9), so State stays small.
"""

import heapq
from decimal import Decimal

import msgspec

from otcfix.desk.approvals import Approvals
from otcfix.desk.asks import Asks
from otcfix.desk.clientele import Clientele
from otcfix.desk.cover import Cover
from otcfix.desk.knowledge import Knowledge
from otcfix.desk.leaves import base_left
from otcfix.desk.limits import Limits
from otcfix.desk.obligations import Obligations
from otcfix.desk.register import Register
from otcfix.desk.snapshot import Snapshot
from otcfix.desk.streams import Streams
from otcfix.desk.trade_breaks import Breaks
from otcfix.ledger import chart
from otcfix.model.decision import Decision, DepthTaken
from otcfix.model.errors import InvariantBroken
from otcfix.model.event import Event
from otcfix.model.ledger import Transfer
from otcfix.model.limit import HALTED
from otcfix.model.messages import Side
from otcfix.model.order import Order
from otcfix.model.party import Desk
from otcfix.model.quote import LIVE, Quote
from otcfix.model.time import SECOND, Instant

OPEN = "OPEN"

TIMERS_REST = 10 * SECOND
"""After a TimerFired that could not be decided."""

ZERO = Decimal(0)


class State:
    """Everything a decision may read besides its event. Only `apply` changes it."""

    def __init__(self, id_key: bytes) -> None:
        self.id_key = id_key
        self.seq = 0
        self.at: Instant = 0
        self.register = Register()
        self.desk_hash = ""
        self.balances: dict[str, int] = {}
        self.quotes: dict[str, Quote] = {}
        self.quotes_of_request: dict[tuple[str, str], tuple[str, ...]] = {}
        self.open_quotes: dict[str, int] = {}
        self.quoted: dict[str, int] = {}
        self.banded: dict[str, int] = {}
        self.orders: dict[str, Order] = {}
        self.order_of_id: dict[tuple[str, str], str] = {}
        self.open_orders: dict[str, int] = {}
        self.leaves: dict[tuple[str, str, Side], Decimal] = {}
        self.resting: dict[str, dict[str, None]] = {}
        self.taken: dict[tuple[str, str, Side], DepthTaken] = {}
        self.words: dict[str, dict[str, str | int]] = {}
        self.owed_withdrawals: dict[str, dict[str, Quote]] = {}
        self.obligations = Obligations()
        self.knowledge = Knowledge()
        self.cover = Cover()
        self.streams = Streams()
        self.clientele = Clientele()
        self.limits = Limits()
        self.approvals = Approvals()
        self.breaks = Breaks()
        self.asks = Asks()
        self.timers: list[tuple[Instant, str, str]] = []
        self._timers_rest_until: Instant = 0

    # -- reading ---------------------------------------------------------------------------

    def word(self, what: str, key: str, default: str | int = "") -> str | int:
        """Read one of the small facts that DeskMoved sets."""
        words = self.words.get(what)
        return default if words is None else words.get(key, default)

    @property
    def halted(self) -> bool:
        """Whether the kill switch is on, or the desk's clock is not to be trusted."""
        words = self.words.get("desk", {})
        return words.get("state") == HALTED or "clock" in words

    def instrument_state(self, symbol: str) -> str:
        """OPEN, CLOSED (trading hours), PAUSED or HALTED (staff)."""
        if self.word("paused", symbol):
            return "PAUSED"
        if self.word("state", f"instrument:{symbol}") == HALTED:
            return HALTED
        return str(self.word("hours", symbol, OPEN))

    def session_enabled(self, key: str) -> bool:
        """Whether the session may deal: its configuration, unless staff said otherwise since."""
        session = self.register.sessions[key]
        return int(self.word("session_enabled", key, int(session.enabled))) > 0

    def balance(self, account: str) -> int:
        """Minor units; zero for an account that was never used."""
        return self.balances.get(account, 0)

    def floor(self, client_id: str, asset: str) -> int:
        """The lowest that the client's available account of *asset* may go, in minor units."""
        client = self.register.clients.get(client_id)
        return -client.settlement_limits.get(asset, 0) if client else 0

    def inventory(self, symbol: str) -> Decimal:
        """The desk's own position of *symbol* in base: what it bought less what it sold."""
        return self.cover.inventory(symbol)

    def next_due(self) -> Instant | None:
        """The earliest instant at which something must happen by itself; None for never."""
        while self.timers:
            due, kind, key = self.timers[0]
            if self._is_due_still(due, kind, key):
                return max(due, self._timers_rest_until)
            heapq.heappop(self.timers)
        return None

    def _is_due_still(self, due: Instant, kind: str, key: str) -> bool:
        if kind == "quote":
            quote = self.quotes.get(key)
            return quote is not None and quote.valid_until < due
        if kind == "order":
            order = self.orders.get(key)
            return order is not None and order.expire_at == due
        if kind == "disconnect":
            # The instant itself: a timer of an earlier break must not cut a later grace short.
            return self.word("cancel_due", key, 0) == due
        if kind == "hedge":
            hedge = self.cover.order(key)
            return hedge is not None and hedge.due == due
        if kind == "quote_stream":
            return key in self.streams.quote_streams
        if kind == "policy":
            return self.register.policy.version == key
        return True

    def due(self, until: Instant) -> list[tuple[Instant, str, str]]:
        """What falls due at or before *until*, by due time; reading only."""
        found = [timer for timer in self.timers if timer[0] <= until]
        return sorted(timer for timer in set(found) if self._is_due_still(*timer))

    def waits_on(self, symbol: str) -> bool:
        """Whether a RatesMoved of *symbol* may not wait: an order rests, or a quote's cancel band
        may be left. Streams may: they are looked at when somebody is due (`Listeners`)."""
        return bool(self.resting.get(symbol) or self.banded.get(symbol))

    # -- writing ---------------------------------------------------------------------------

    def apply(self, event: Event, decision: Decision) -> None:
        """Write *decision* into the state.

        Errors: InvariantBroken when a law would not hold; the process must stop then.
        """
        if event.seq != self.seq + 1 or event.at < self.at:
            raise InvariantBroken(f"event {event.seq} does not follow {self.seq}")
        self.seq = event.seq
        self.at = event.at
        self._boot(event)
        for transfer in decision.transfers:
            self._post(transfer)
        if decision.transfers:
            self._check_floors(decision.transfers)
        for moved in decision.moved:
            self._move(moved.what, moved.key, moved.value)
        for order in decision.orders:
            self._put_order(order)
        for quote in decision.quotes:
            self._put_quote(quote)
        for taken in decision.taken:
            self.taken[taken.source, taken.symbol, taken.side] = taken
        for owed in decision.obligations:
            self.obligations.owe(owed)
        self.cover.take(decision)
        if event.kind == "ParametersMoved":
            self.knowledge.take(event.body)
        self.streams.take(event, decision, self.register.desk)
        self._take_clients(decision)
        self.limits.take(event, decision, self.register)
        self.approvals.take(decision)
        self.breaks.take(decision)
        self.asks.take(event, decision)
        if event.kind == "TimerFired":
            self._fired(event, decision)
        for timer in decision.timers:
            heapq.heappush(self.timers, timer)

    def _boot(self, event: Event) -> None:
        if event.kind != "Boot":
            return
        if event.body.desk is not None:
            self.set_desk(event.body.desk, event.body.desk_hash)
        self.timers = [timer for timer in self.timers if timer[1] not in ("hours", "kyc")]
        heapq.heapify(self.timers)

    def set_desk(self, desk: Desk, desk_hash: str) -> None:
        """Take a new configuration."""
        self.clientele.seed(desk.clients)
        self.register = Register(desk, self.clientele.clients)
        self.desk_hash = desk_hash
        self.limits.seed(self.register)

    def _take_clients(self, decision: Decision) -> None:
        self.clientele.take(decision)
        for client in decision.clients:
            self.register.client_changed(client.client_id)
        if decision.policy is not None:
            self.register = self.register.with_policy(decision.policy)
            self.desk_hash = self.register.desk_hash()
        if decision.sessions is not None:
            self.register = self.register.with_sessions(decision.sessions)
            self.desk_hash = self.register.desk_hash()

    def _post(self, transfer: Transfer) -> None:
        balances = self.balances
        debit, credit, amount = transfer.debit, transfer.credit, transfer.amount
        balances[debit] = balances.get(debit, 0) - amount
        balances[credit] = balances.get(credit, 0) + amount

    def _check_floors(self, transfers: tuple[Transfer, ...]) -> None:
        """No client account that gave on balance may end below its floor.

        One that lies below a settlement limit that was lowered since may still receive (R23).
        """
        moved: dict[str, int] = {}
        for transfer in transfers:
            moved[transfer.debit] = moved.get(transfer.debit, 0) - transfer.amount
            moved[transfer.credit] = moved.get(transfer.credit, 0) + transfer.amount
        for name, amount in moved.items():
            if amount >= 0 or not name.startswith(chart.CLIENT_PREFIX):
                continue
            owner, kind, asset = name.rsplit(":", 2)
            if kind == chart.PAYABLE:
                continue
            floor = self.floor(owner[len(chart.CLIENT_PREFIX) :], asset)
            if self.balances[name] < (floor if kind == chart.AVAILABLE else 0):
                raise InvariantBroken(f"{name} would fall to {self.balances[name]}")

    def _put_order(self, order: Order) -> None:
        before = self.orders.get(order.order_id)
        self._count_leaves(order, before)
        if order.is_open:
            self.orders[order.order_id] = order
            known = len(before.chain) if before is not None else 0
            for cl_ord_id, _ in order.chain[known:]:
                self.order_of_id[order.scope, cl_ord_id] = order.order_id
            if before is None:
                self._count(self.open_orders, order.client_id, 1)
                self.limits.usage.count_order(order.client_id, order.symbol, 1)
            queue = self.resting.setdefault(order.symbol, {})
            if before is not None and order.accepted_seq != before.accepted_seq:
                queue.pop(order.order_id, None)  # a replaced order goes to the end (R16)
            queue.setdefault(order.order_id)
        elif before is not None:
            del self.orders[order.order_id]
            for cl_ord_id, _ in before.chain:
                self.order_of_id.pop((order.scope, cl_ord_id), None)
            self._count(self.open_orders, order.client_id, -1)
            self.limits.usage.count_order(order.client_id, order.symbol, -1)
            self.resting[order.symbol].pop(order.order_id, None)

    def _count_leaves(self, order: Order, before: Order | None) -> None:
        """Keep what a client's resting orders may still buy or sell, in base: limits see it."""
        key = (order.client_id, order.symbol, order.side)
        step = base_left(order) - (base_left(before) if before else ZERO)
        left = self.leaves.get(key, ZERO) + step
        self.limits.usage.count_resting(order.symbol, order.side, step)
        self.leaves[key] = left
        if not left:
            del self.leaves[key]

    def _put_quote(self, quote: Quote) -> None:
        before = self.quotes.get(quote.quote_id)
        key = (quote.client_id, quote.quote_req_id)
        if quote.lives:
            self.quotes[quote.quote_id] = quote
            if before is None:
                known = self.quotes_of_request.get(key, ())
                self.quotes_of_request[key] = (*known, quote.quote_id)
                if quote.state == LIVE:
                    self._count_quote(quote, 1)
        elif before is not None:
            del self.quotes[quote.quote_id]
            left = tuple(q for q in self.quotes_of_request.pop(key) if q != quote.quote_id)
            if left:
                self.quotes_of_request[key] = left
            if before.state == LIVE:
                self._count_quote(before, -1)

    def _count_quote(self, quote: Quote, step: int) -> None:
        self._count(self.open_quotes, quote.client_id, step)
        self.limits.usage.count_quote(quote.client_id, quote.symbol, step)
        self._count(self.quoted, quote.symbol, step)
        if quote.firmness.cancel_band_bps:
            self._count(self.banded, quote.symbol, step)

    @staticmethod
    def _count(counts: dict[str, int], key: str, step: int) -> None:
        count = counts.get(key, 0) + step
        if count < 0:
            raise InvariantBroken(f"fewer than none of {key}")
        counts[key] = count
        if not count:
            del counts[key]

    def _move(self, what: str, key: str, value: str | int) -> None:
        if what == "owed_withdrawal":
            quote = self.quotes.get(str(value))
            if quote is not None:
                self.owed_withdrawals.setdefault(key, {})[quote.quote_id] = quote
            return
        if what == "withdrawals_told":
            self.owed_withdrawals.pop(key, None)
            return
        words = self.words.setdefault(what, {})
        words[key] = value
        if value in ("", 0):
            del words[key]

    def _fired(self, event: Event, decision: Decision) -> None:
        if decision.failed:
            # A bug: what was due is still due, but not at every turn of the loop.
            self._timers_rest_until = event.at + TIMERS_REST
            return
        while self.timers and self.timers[0][0] <= event.body.due:
            heapq.heappop(self.timers)

    # -- keeping ---------------------------------------------------------------------------

    def dump(self) -> bytes:
        """State for a snapshot; `load` gives back one that decides the same."""
        return msgspec.msgpack.encode(
            Snapshot(
                self.seq,
                self.at,
                self.register.desk,
                self.desk_hash,
                self.balances,
                list(self.quotes.values()),
                list(self.orders.values()),
                list(self.taken.values()),
                self.words,
                {key: list(owed.values()) for key, owed in self.owed_withdrawals.items()},
                self.obligations,
                # Dead ones are dropped from the live heap whenever the sequencer looks at it.
                sorted(timer for timer in set(self.timers) if self._is_due_still(*timer)),
                list(self.knowledge.parameters.values()),
                self.knowledge.toxicity,
                self.cover.keep(),
                self.streams.dump(),
                self.clientele.keep(),
                self.limits.keep(),
                self.approvals.keep(),
                self.breaks.keep(),
                self.asks.keep(),
            )
        )

    @classmethod
    def load(cls, body: bytes, id_key: bytes) -> "State":
        """Rebuild State from a snapshot, in the order that it was written in."""
        kept = msgspec.msgpack.decode(body, type=Snapshot)
        state = cls(id_key)
        state.clientele = Clientele.load(kept.clientele)
        if kept.desk is not None:
            # Not seeded again: the clients are kept as they stood, in their order.
            state.register = Register(kept.desk, state.clientele.clients)
            state.desk_hash = kept.desk_hash
        state.seq, state.at = kept.seq, kept.at
        state.limits = Limits.load(kept.limits, state.register)
        state.balances = kept.balances
        for quote in kept.quotes:
            state._put_quote(quote)
        for order in sorted(kept.orders, key=lambda o: o.accepted_seq):
            state._put_order(order)
        state.orders = {order.order_id: order for order in kept.orders}
        for taken in kept.taken:
            state.taken[taken.source, taken.symbol, taken.side] = taken
        state.words = kept.words
        state.streams = Streams.load(kept.streams)
        state.knowledge = Knowledge(kept.parameters, kept.toxicity)
        state.cover = Cover.load(kept.cover)
        state.approvals = Approvals.load(kept.approvals)
        state.breaks = Breaks.load(kept.breaks)
        state.asks = Asks(kept.asks)
        state.owed_withdrawals = {
            key: {quote.quote_id: quote for quote in owed}
            for key, owed in kept.owed_withdrawals.items()
        }
        state.obligations = Obligations(kept.obligations)
        state.timers = kept.timers
        return state
