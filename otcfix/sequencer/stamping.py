"""Attaching facts to events: rates, conversions, and what the store recalls (R9, R15)."""

from collections.abc import Iterable, Sequence

import msgspec
import structlog

from otcfix.desk.lookups import owner_of, scope_of
from otcfix.desk.rungs import is_rung
from otcfix.desk.state import State
from otcfix.desk.throttling import is_too_many
from otcfix.model import messages
from otcfix.model.decision import Decision
from otcfix.model.enquiries import TradeCaptureReportRequest
from otcfix.model.errors import StoreLost
from otcfix.model.event import Facts, IdUse, RatesMoved, Recalled
from otcfix.model.hedge import Hedge, SettleHedge, VenueReport, VenueUp
from otcfix.model.order import Order
from otcfix.model.party import Session
from otcfix.model.post_trade import Allocation, Confirmation, TradeChange
from otcfix.model.quote import Quote
from otcfix.model.rates import Conversion, Rates
from otcfix.model.time import MS, Instant
from otcfix.model.trade import Trade
from otcfix.sequencer import late
from otcfix.sequencer.ports import RatesPort, StorePort
from otcfix.sequencer.seen import Seen
from otcfix.sequencer.trades_asked import TradesAsked

log = structlog.get_logger("otcfix.sequencer")

Key = tuple[str, str, str]
"""(kind, scope, id)."""

NO_FACTS = Facts()
LOST = Facts(store_failed=True)
EMPTY = "{}"
SEP = "\x1f"

_encode = msgspec.json.Encoder().encode


CONVERSIONS_KEPT = 5 * MS


class _Market:
    """Facts without ids, and their JSON; rates and at say until when they hold."""

    __slots__ = ("at", "facts", "json", "rates")

    def __init__(self, facts: Facts, json: str) -> None:
        self.facts = facts
        self.json = json
        self.rates: Rates | None = None
        self.at: Instant = 0


class _Noted:
    """What one batch closed or used up."""

    __slots__ = (
        *("allocations", "changes", "confirmations", "orders", "quotes", "quotes_of_request"),
        *("trades", "uses"),
    )

    def __init__(self) -> None:
        self.uses: dict[tuple[str, str], IdUse] = {}
        self.orders: dict[str, Order] = {}
        self.quotes: dict[str, Quote] = {}
        self.quotes_of_request: dict[tuple[str, str], dict[str, None]] = {}
        self.trades: dict[str, Trade] = {}
        self.changes: dict[str, TradeChange] = {}
        self.allocations: dict[tuple[str, str], Allocation] = {}
        self.confirmations: dict[tuple[str, str], Confirmation] = {}


class Recent:
    """What batches not yet committed closed or used up: the store does not know it."""

    def __init__(self) -> None:
        self._batches: list[_Noted] = []

    def begin(self) -> None:
        """A batch begins."""
        self._batches.append(_Noted())

    def committed(self) -> None:
        """The oldest batch is committed."""
        del self._batches[0]

    def note(self, decision: Decision) -> None:
        """Remember what *decision*, of the batch begun last, closed or used up."""
        noted = self._batches[-1]
        for use in decision.uses:
            noted.uses[use.scope, use.cl_ord_id] = use
        for order in decision.orders:
            noted.orders[order.order_id] = order
            if not order.is_open:
                self._note_chain(noted, order)
        for quote in decision.quotes:
            noted.quotes[quote.quote_id] = quote
            key = (quote.client_id, quote.quote_req_id)
            noted.quotes_of_request.setdefault(key, {})[quote.quote_id] = None
        for trade in decision.trades:
            noted.trades[trade.exec_id] = trade
        for change in decision.changes:
            noted.changes[change.trade.exec_id] = change
        for made in decision.allocations:
            noted.allocations[made.client_id, made.alloc_id] = made
        for said in decision.confirmations:
            noted.confirmations[said.client_id, said.confirm_id] = said

    @staticmethod
    def _note_chain(noted: _Noted, order: Order) -> None:
        """State forgets a closed order's ClOrdIDs at once; a cancel behind it in this batch may
        still name one that an earlier batch used up."""
        for place, (cl_ord_id, digest) in enumerate(order.chain):
            use = IdUse(order.scope, cl_ord_id, "G" if place else "D", order.order_id, digest, True)
            noted.uses.setdefault((order.scope, cl_ord_id), use)

    def find(self, kind: str, scope: str, key: str) -> Recalled | None:
        """What these batches know of an id, as the latest of them left it."""
        full = f"{scope}{SEP}{key}"
        if kind == "cl_ord_id":
            use = next((n.uses[scope, key] for n in self._latest if (scope, key) in n.uses), None)
            return None if use is None else Recalled(kind, full, use, self._order(use.order_id))
        if kind in late.LATE:
            return self._late(kind, scope, key, full)
        if kind == "order":
            order = self._order(key)
            if order is None or order.client_id != scope:
                return None
            return Recalled(kind, full, order=order)
        ids = dict.fromkeys((key,)) if kind == "quote" else {}
        if kind == "quote_request":
            for noted in self._batches:
                ids |= noted.quotes_of_request.get((scope, key), {})
        quotes = [quote for one in ids if (quote := self._quote(one)) is not None]
        mine = tuple(quote for quote in quotes if quote.client_id == scope)
        return Recalled(kind, full, quotes=mine) if mine else None

    def _late(self, kind: str, scope: str, key: str, full: str) -> Recalled | None:
        """A trade, an allocation or a confirmation. A report is never so young."""
        for noted in self._latest:
            if kind == "trade" and (key in noted.changes or key in noted.trades):
                change = noted.changes.get(key)
                trade = noted.trades[key] if change is None else change.trade
                order = self._order(trade.order_id)
                return Recalled(kind, full, order=order, trade=trade, change=change)
            if kind == "allocation" and (scope, key) in noted.allocations:
                made = noted.allocations[scope, key]
                orders = [o for one in made.order_ids if (o := self._order(one)) is not None]
                return Recalled(kind, full, allocation=made, orders=tuple(orders))
            if kind == "confirmation" and (scope, key) in noted.confirmations:
                return Recalled(kind, full, confirmation=noted.confirmations[scope, key])
        return None

    def as_left(self, found: Recalled) -> Recalled:
        """What the store knew, its orders as these batches have left them."""
        if found.order is None and not found.orders:
            return found
        order = found.order and (self._order(found.order.order_id) or found.order)
        orders = tuple(self._order(one.order_id) or one for one in found.orders)
        return msgspec.structs.replace(found, order=order, orders=orders)

    @property
    def trades(self) -> list[Trade]:
        """The trades of these batches, oldest first."""
        return [trade for noted in self._batches for trade in noted.trades.values()]

    @property
    def undone(self) -> set[str]:
        """ExecIDs(17) of trades that do not stand any more since these batches."""
        return {exec_id for noted in self._batches for exec_id in noted.changes}

    @property
    def _latest(self) -> Iterable[_Noted]:
        return reversed(self._batches)

    def _order(self, order_id: str) -> Order | None:
        return next((n.orders[order_id] for n in self._latest if order_id in n.orders), None)

    def _quote(self, quote_id: str) -> Quote | None:
        return next((n.quotes[quote_id] for n in self._latest if quote_id in n.quotes), None)


class Stamper:
    """Knows which facts a body needs, and fetches those of a whole batch at once."""

    def __init__(self, state: State, store: StorePort, rates: RatesPort, seen: Seen) -> None:
        self._state = state
        self._store = store
        self._rates = rates
        self._seen = seen
        self.recent = Recent()
        self._trades = TradesAsked(state, store)
        self._kept: dict[str, _Market] = {}

    # -- ids ---------------------------------------------------------------------------------

    def keys_of(self, body: object) -> list[Key]:
        """The ids in *body* whose fate the decision depends on."""
        head = getattr(body, "head", None)
        if head is None:
            return late.of_command(self._state, body)
        session = self._state.register.sessions.get(head.session)
        return [] if session is None else self._named(body, session)

    def _named(self, body: object, session: Session) -> list[Key]:
        client = owner_of(session, getattr(getattr(body, "order", body), "end_client", ""))
        if isinstance(body, messages.NewOrderSingle):
            keys: list[Key] = [("cl_ord_id", scope_of(session, body.end_client), body.cl_ord_id)]
            if body.quote_id and not is_rung(body.quote_id):
                keys.append(("quote", client, body.quote_id))
            return keys
        if isinstance(body, messages.QuoteRequest):
            return [("quote_request", client, body.quote_req_id)]
        if isinstance(body, messages.OrderCancelRequest):
            scope = scope_of(session, body.end_client)
            return [("cl_ord_id", scope, body.cl_ord_id), ("cl_ord_id", scope, body.orig_cl_ord_id)]
        if isinstance(body, messages.OrderCancelReplaceRequest):
            scope = scope_of(session, body.order.end_client)
            return [
                ("cl_ord_id", scope, body.order.cl_ord_id),
                ("cl_ord_id", scope, body.orig_cl_ord_id),
            ]
        if isinstance(body, messages.OrderStatusRequest):
            if body.cl_ord_id:
                return [("cl_ord_id", scope_of(session, body.end_client), body.cl_ord_id)]
            return [("order", client, body.order_id)]
        if isinstance(body, messages.OrderMassCancelRequest):
            return [("cl_ord_id", scope_of(session, body.end_client), body.cl_ord_id)]
        if isinstance(body, messages.QuoteCancel | messages.QuoteStatusRequest):
            if body.quote_id:
                return [("quote", client, body.quote_id)]
            return [("quote_request", client, body.quote_req_id)]
        return late.of_message(self._state, session, body)

    def wanted(self, keys: Iterable[Key]) -> list[Key]:
        """Those of *keys* that State does not hold and that may exist."""
        return [key for key in dict.fromkeys(keys) if key[2] and self._must_ask(key)]

    def fetch(self, wanted: list[Key]) -> dict[Key, Recalled] | None:
        """Ask the store, in which every earlier batch must be by now.

        None when the store could not answer: whoever depends on it is refused (law 5).
        """
        if not wanted:
            return {}
        try:
            found = self._store.recall(wanted)
        except StoreLost:
            return None
        return dict(zip(wanted, found, strict=True))

    def _must_ask(self, key: Key) -> bool:
        kind, scope, name = key
        state = self._state
        if kind in late.LATE:
            return True
        if kind == "cl_ord_id":
            if (scope, name) in state.order_of_id:
                return False
            return self._seen.perhaps(kind, scope, name)
        if kind == "quote_request":
            return self._seen.perhaps(kind, scope, name)
        if kind == "quote":
            return name not in state.quotes
        return name not in state.orders

    def remember(self, decision: Decision) -> None:
        """Note the ids that *decision* used up or closed."""
        self.recent.note(decision)
        for use in decision.uses:
            self._seen.add("cl_ord_id", use.scope, use.cl_ord_id)
        for quote in decision.quotes:
            if not quote.lives:
                self._seen.add("quote_request", quote.client_id, quote.quote_req_id)

    # -- facts -------------------------------------------------------------------------------

    def stamp(
        self, body: object, keys: Sequence[Key], fetched: dict[Key, Recalled] | None, now: Instant
    ) -> tuple[Facts, str]:
        """The facts of one event, and their JSON.

        Whatever a client's message makes of them, it ends no desk: facts that cannot be found are
        those of a store that did not answer.
        """
        try:
            return self._stamp(body, keys, fetched, now)
        except Exception:
            log.exception("not_stamped", kind=type(body).__name__)
            return LOST, _encode(LOST).decode()

    def _stamp(
        self, body: object, keys: Sequence[Key], fetched: dict[Key, Recalled] | None, now: Instant
    ) -> tuple[Facts, str]:
        if isinstance(body, TradeCaptureReportRequest):
            refused = is_too_many(self._state, body, now)
            facts = NO_FACTS if refused else self._trades.facts(body, self.recent)
            return facts, _encode(facts).decode()
        recalled: list[Recalled] = []
        for key in keys:
            known = self.recent.find(*key) or (fetched or {}).get(key)
            if known is not None and known not in recalled:
                recalled.append(self.recent.as_left(known))
        symbols = self._symbols(body) or [r.trade.symbol for r in recalled if r.trade is not None]
        market = self._market(symbols[0], now) if len(symbols) == 1 else self._markets(symbols, now)
        if not recalled and fetched is not None:
            return market.facts, market.json
        facts = msgspec.structs.replace(
            market.facts, recalled=tuple(recalled), store_failed=fetched is None
        )
        return facts, _encode(facts).decode()

    def _market(self, symbol: str, now: Instant) -> "_Market":
        """The rates of one symbol and its conversions, stamped and encoded once a book.

        A book serves many events before it moves. Conversions are looked at again after
        `CONVERSIONS_KEPT`: they bound limits, they are no price, and their age is told.
        """
        rates = self._rates.rates(symbol, now)
        kept = self._kept.get(symbol)
        if kept is not None and kept.rates is rates and now - kept.at < CONVERSIONS_KEPT:
            return kept
        made = self._markets((symbol,), now)
        made.rates, made.at = rates, now
        self._kept[symbol] = made
        return made

    def _markets(self, symbols: Sequence[str], now: Instant) -> "_Market":
        rates: dict[str, Rates] = {}
        conversions: dict[str, Conversion] = {}
        for symbol in symbols:
            instrument = self._state.register.instruments.get(symbol)
            if instrument is None or symbol in rates:
                continue
            rates[symbol] = self._rates.rates(symbol, now)
            for asset in (instrument.base.code, instrument.terms.code):
                found = self._rates.conversion(asset, now)
                if found is not None:
                    conversions[asset] = found
        if not rates:
            return _Market(NO_FACTS, EMPTY)
        facts = Facts(rates, conversions)
        return _Market(facts, _encode(facts).decode())

    def _symbols(self, body: object) -> Sequence[str]:
        if isinstance(body, messages.NewOrderSingle):
            return (body.symbol,)
        if isinstance(body, messages.QuoteRequest):
            return [line.symbol for line in body.lines]
        if isinstance(body, messages.MarketDataRequest):
            return [symbol for symbol, _ in body.symbols]
        if isinstance(body, messages.OrderCancelReplaceRequest):
            return (body.order.symbol,)
        if isinstance(body, RatesMoved):
            return body.symbols
        if isinstance(body, Hedge):
            return (body.symbol,)
        if isinstance(body, VenueReport | SettleHedge):
            order = self._state.cover.order(body.hedge_id)
            return (order.symbol,) if order is not None else ()
        if isinstance(body, VenueUp):
            # What waits for any line may go out on this one, at today's price.
            waiting = (o.symbol for o in self._state.cover.open_orders if not o.sends)
            return tuple(dict.fromkeys(waiting))
        return ()
