"""What the gate costs: from a parsed message with its stamped facts to the verdict.

In: admission by the throttles, everything about client, screening and jurisdiction, trading day and
value date, the look-up of the quote that is hit, size, notional, position and funds, the use of
every limit, all checks. Out: parsing, stamping, the market and the price (both sides of it are made
before the clock starts), and what follows from the verdict.

10,000 clients take turns, each in one of his four instruments: `first` is the first time that a
client asks in an instrument (his limits are compiled), the others are as in life. Every message is
another client's than the one before.
"""

import gc
import random
import time
from decimal import Decimal

from otcfix.bench.children import Answer, BenchFailed
from otcfix.bench.gate_desk import AT, MIDS, SEED, SOURCES, state_of
from otcfix.bench.measure import memory_mb, percentile, rounded
from otcfix.desk import dealing, limiting, measuring, quoting, throttling
from otcfix.desk.draft import Draft
from otcfix.desk.market import Market
from otcfix.desk.state import State
from otcfix.gate import ORDER_CHECKS, QUOTE_CHECKS, judge
from otcfix.model.decision import Decision
from otcfix.model.event import Event, Facts
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Head, NewOrderSingle, QuoteRequest, QuoteRequestLine, Side, Unit
from otcfix.model.order import GTC, IOC, LIMIT, PREVIOUSLY_QUOTED
from otcfix.model.party import Client
from otcfix.model.quote import LIVE, Quote
from otcfix.model.rates import Conversion, Rates, SourceBook
from otcfix.model.time import SECOND
from otcfix.model.verdict import Verdict

STEP = 211
"""Microseconds from one message to the next."""

_d = Decimal


def measure(clients: int = 10_000) -> Answer:
    """Microseconds of one gate, p50 and p99: of quotes, first ones apart, and of orders.

    Two messages of each kind a client; half as many rules as clients, a tenth as many limits.
    Errors: BenchFailed when one was refused.
    """
    before = memory_mb("self")
    gate = Gate(state_of(clients, clients // 2, clients // 10))
    requests = clients * 2
    held = memory_mb("self") - before
    chance = random.Random(SEED)  # noqa: S311 - the same messages on every machine
    pairs = gate.pairs(requests, chance)
    first = [gate.quote(*pair) for pair in pairs]
    with_rows = memory_mb("self") - before
    gc.collect()
    gc.freeze()  # as a desk does before it opens
    chance.shuffle(pairs)
    quotes = [gate.quote(*pair) for pair in pairs]
    chance.shuffle(pairs)
    hits: list[float] = []
    resting: list[float] = []
    for number, pair in enumerate(pairs):
        (hits if number % 2 else resting).append(gate.order(*pair, hits=bool(number % 2)))
    return {
        "quote": _summed(quotes),
        "order": _summed([*hits, *resting]),
        "quote_first": _summed(first),
        "order_of_a_quote": _summed(hits),
        "order_with_a_limit": _summed(resting),
        "findings_a_quote": gate.findings[0],
        "findings_an_order": gate.findings[1],
        "desk_mb": rounded(held),
        "with_rows_mb": rounded(with_rows),
    }


def _summed(took: list[float]) -> Answer:
    ordered = sorted(took)
    return {
        "p50_us": rounded(percentile(ordered, 0.5)),
        "p99_us": rounded(percentile(ordered, 0.99)),
    }


class Gate:
    """A desk, and messages laid before its gate one after the other."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.findings = (0, 0)
        moved = _d("1.0001")  # the market is not where it was when the marks were made
        self._conversions = {code: Conversion(code, x * moved, AT) for code, x in MIDS.items()}
        self._conversions["USD"] = Conversion("USD", _d(1), AT)
        self._rates = {symbol: _rates(one) for symbol, one in state.register.instruments.items()}

    def pairs(self, count: int, chance: random.Random) -> list[tuple[Client, Instrument]]:
        """So many different clients with instruments, in any order, whom the rules allow."""
        register = self.state.register
        rulebook, day = register.rulebook(), "2027-01-15"
        found = [
            (client, register.instruments[symbol])
            for client in register.clients.values()
            for symbol in client.instruments
        ]
        chance.shuffle(found)
        allowed = (
            (client, instrument)
            for client, instrument in found
            if rulebook.for_side(client, instrument, None, day).allowed
        )
        return [pair for pair, _ in zip(allowed, range(count), strict=False)]

    def quote(self, client: Client, instrument: Instrument) -> float:
        """Lay a QuoteRequest before the gate. Returns microseconds."""
        event = self._event(client, instrument)
        line = QuoteRequestLine(
            instrument.symbol,
            instrument.symbol,
            Side.BUY,
            "1",
            _d(2),
            Unit.BASE,
            instrument.base.code,
            None,
            "",
            "",
            "",
        )
        request = QuoteRequest(
            self._head(client, event, "R"), f"R{event.seq}", (line,), "", None, None
        )
        draft, market = self._market(event, client, instrument)
        sides = quoting.priced_sides(market, line)
        tier = draft.register.tiers[client.tier]
        began = time.perf_counter_ns()
        throttling.admit(draft, request)
        case = quoting.quote_case(draft, request, line)
        case.pricing_refusal = sides.refusal
        quoting.measure(draft, case, sides, tier)
        limiting.lay_quote(draft, case)
        verdict = judge(QUOTE_CHECKS, case)
        took = (time.perf_counter_ns() - began) / 1_000
        self._done(event, draft, verdict)
        self.findings = (len(verdict.findings), self.findings[1])
        return took

    def order(self, client: Client, instrument: Instrument, *, hits: bool) -> float:
        """Lay an order before the gate: the hit of a quote, or one with a limit that rests."""
        event = self._event(client, instrument)
        price = self._rates[instrument.symbol].books[0].offers[0][0]
        quote = _quote(client, instrument, price, event)
        order = _order(self._head(client, event, "D"), quote, hits=hits)
        draft, market = self._market(event, client, instrument)
        draft.put_quote(quote)
        began = time.perf_counter_ns()
        throttling.admit(draft, order)
        case = dealing.order_case(draft, order, draft.register.sessions[client.client_id])
        measuring.measure(draft, case, market)
        limiting.lay_order(draft, case)
        verdict = judge(ORDER_CHECKS, case)
        took = (time.perf_counter_ns() - began) / 1_000
        self._done(event, draft, verdict)
        self.findings = (self.findings[0], len(verdict.findings))
        return took

    def _event(self, client: Client, instrument: Instrument) -> Event:
        symbol, conversions = instrument.symbol, self._conversions
        legs = (instrument.base.code, instrument.terms.code)
        facts = Facts({symbol: self._rates[symbol]}, {code: conversions[code] for code in legs})
        at = max(self.state.at, AT) + STEP
        return Event(self.state.seq + 1, at, "", None, at, client.client_id, facts=facts)

    @staticmethod
    def _head(client: Client, event: Event, msg_type: str) -> Head:
        return Head(client.client_id, msg_type, event.seq, event.at - 900, digest="5a")

    def _market(self, event: Event, client: Client, instrument: Instrument) -> tuple[Draft, Market]:
        draft = Draft(self.state, event)
        return draft, Market(draft, instrument, client)

    def _done(self, event: Event, draft: Draft, verdict: Verdict) -> None:
        """Errors: BenchFailed when it was refused."""
        if verdict.failed is not None:
            raise BenchFailed(f"the gate refused: {verdict.failed}")
        self.state.apply(event, Decision(moved=tuple(draft.moved)))


def _rates(instrument: Instrument) -> Rates:
    mid = MIDS[instrument.base.code]
    step = max((mid / 20_000).quantize(instrument.tick), instrument.tick)
    return Rates(
        instrument.symbol,
        tuple(
            [
                SourceBook(
                    name,
                    1,
                    AT - 1_000 * place,
                    tuple([(mid - step * n, _d(5)) for n in range(1, 11)]),
                    tuple([(mid + step * n, _d(5)) for n in range(1, 11)]),
                )
                for place, name in enumerate(SOURCES)
            ]
        ),
    )


def _quote(client: Client, instrument: Instrument, price: Decimal, event: Event) -> Quote:
    name, symbol = client.client_id, instrument.symbol
    return Quote(
        f"Q{event.seq}",
        f"R{event.seq}",
        0,
        name,
        "",
        f"{name}-1",
        name,
        symbol,
        symbol,
        Side.BUY,
        "1",
        _d(2),
        Unit.BASE,
        instrument.base.code,
        None,
        price,
        price,
        event.at,
        event.at + 3 * SECOND,
        "",
        LIVE,
        True,
    )


def _order(head: Head, quote: Quote, *, hits: bool) -> NewOrderSingle:
    return NewOrderSingle(
        head,
        f"O{head.msg_seq_num}",
        "",
        "",
        quote.symbol,
        quote.symbol,
        Side.BUY,
        "1",
        quote.quantity,
        Unit.BASE,
        quote.currency,
        PREVIOUSLY_QUOTED if hits else LIMIT,
        quote.offer,
        IOC if hits else GTC,
        None,
        None,
        None,
        quote.quote_id if hits else "",
        None,
        None,
        "",
        "",
        "",
        "",
    )
