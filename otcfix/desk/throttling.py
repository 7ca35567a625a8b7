"""Rates of messages: what a message costs its session, and when it is too many.

Counted before the message is looked at, whatever becomes of it; by received_at (R18). What is kept
is a word of State for each limit, moved by the decision like everything else.
"""

from decimal import Decimal
from typing import Any

from otcfix.desk.draft import Draft
from otcfix.desk.lookups import asked_before, prior_use, scope_of
from otcfix.desk.rates_of_messages import Bucket, Rate, dearer, permille
from otcfix.desk.state import State
from otcfix.gate import gcra
from otcfix.gate.common_checks import too_many
from otcfix.model import enquiries, messages
from otcfix.model.event import AdminSeen
from otcfix.model.quote import DEALT, LIVE
from otcfix.model.refusal import Refusal
from otcfix.model.stream import UNSUBSCRIBE
from otcfix.model.throttle import LoadMoved
from otcfix.model.time import Instant, iso

CLASS_OF: dict[type, str] = {
    messages.QuoteRequest: "quote",
    messages.NewOrderSingle: "order",
    messages.QuoteCounter: "order",
    messages.OrderCancelReplaceRequest: "replace",
    messages.OrderStatusRequest: "status",
    messages.OrderMassStatusRequest: "status",
    messages.QuoteStatusRequest: "status",
    messages.QuoteCancel: "status",
    enquiries.TradeCaptureReportRequest: "status",
    enquiries.SecurityListRequest: "status",
    enquiries.SecurityDefinitionRequest: "status",
    enquiries.TradingSessionStatusRequest: "status",
    enquiries.RequestForPositions: "status",
    enquiries.CollateralInquiry: "status",
    enquiries.UserRequested: "status",
    messages.AllocationInstruction: "status",
    messages.ConfirmationAck: "status",
    messages.Malformed: "status",
    messages.Unsupported: "status",
    messages.MarketDataRequest: "stream",
}
"""F and q are not here: a cancel weighs nothing and always passes."""

ANSWERED_HERE = (
    messages.OrderStatusRequest,
    messages.OrderMassStatusRequest,
    messages.QuoteStatusRequest,
    messages.QuoteCancel,
    enquiries.TradeCaptureReportRequest,
    enquiries.SecurityListRequest,
    enquiries.SecurityDefinitionRequest,
    enquiries.TradingSessionStatusRequest,
    enquiries.RequestForPositions,
    enquiries.CollateralInquiry,
    enquiries.UserRequested,
    messages.AllocationInstruction,
    messages.ConfirmationAck,
)
"""Whose reject of a throttled message is a j, written here; the others have a check for it."""

PRICE_CLASSES = ("quote", "stream")
"""Whose rates a poor hit ratio lowers: who asks much and deals little asks less."""

LOAD_CLASSES = ("quote", "stream", "status")
"""Whose rates a long inbox lowers. Never orders and replaces: who holds a quote may deal on it."""

WORD, LOAD, MADE, DEALT_ON, OUT, REFUSED = (
    *("throttle", "load", "quotes_made", "quotes_dealt", "thrown_out", "throttled_today"),
)
LOOK_UP, TRADES_A_MESSAGE = 10, 5
"""A request for trades counts as so many messages, and one more for every five that it is told."""

FULL = 1_000
GRAIN = 1_024
"""One quote, as counts keep it: halving them ten times loses nothing."""


def admit(draft: Draft, body: Any) -> bool:
    """Count a client's message; False when it was refused here and is answered.

    One that its own checks refuse finds draft.retry_after_ms above zero.
    """
    rates = draft.register.rates
    kind = CLASS_OF.get(type(body)) if rates else None
    if kind is None:
        return True
    session = body.head.session
    rate = rates.get((session, kind))
    if body.head.resent and _answered_before(draft, body):
        rate = rates.get((session, "resent"), rate)
    if rate is None:
        return True
    told = 0
    if isinstance(body, enquiries.TradeCaptureReportRequest):
        told = len(draft.event.facts.trades) // TRADES_A_MESSAGE
    retry_ms = _judge(draft, session, rate, rate.weight * _size(body), rate.weight * told)
    if retry_ms:
        draft.retry_after_ms = retry_ms
        if isinstance(body, ANSWERED_HERE) and not body.missing:
            _reject(draft, body)
            return False
    return True


def is_too_many(state: State, asked: enquiries.TradeCaptureReportRequest, at: Instant) -> bool:
    """Whether a request for trades will be refused, received at *at* or before: then they are not
    looked for. Rates that the inbox's length lowers make it dearer yet."""
    session = asked.head.session
    rate = state.register.rates.get((session, CLASS_OF[type(asked)]))
    if rate is None or not rate.buckets[0].soft:
        return False
    words, now = state.words.get(WORD) or {}, at * 1_000
    cost = rate.weight * _size(asked)
    return any(
        gcra.wait(int(words.get(one.key, 0)), now, cost * one.cost, one.room) > 0
        for one in rate.buckets
    )


def _answered_before(draft: Draft, body: Any) -> bool:
    """Whether the desk knows what is sent again. A flag alone, which anybody can set, is no way
    past a rate: what was never seen costs what it is."""
    session = draft.register.sessions[body.head.session]
    if isinstance(body, messages.QuoteRequest):
        return bool(asked_before(draft, session, body.end_client, body.quote_req_id))
    order = body.order if isinstance(body, messages.OrderCancelReplaceRequest) else body
    if not isinstance(order, messages.NewOrderSingle) or not order.cl_ord_id:
        return False
    return prior_use(draft, scope_of(session, order.end_client), order.cl_ord_id) is not None


def _size(body: Any) -> int:
    """How many messages it counts for: each symbol is a price, each order
    of an allocation is looked up. To end a stream costs nothing."""
    if isinstance(body, messages.QuoteRequest):
        return len(body.lines) or 1
    if isinstance(body, messages.AllocationInstruction):
        return len(body.orders) or 1
    if isinstance(body, enquiries.TradeCaptureReportRequest):
        return LOOK_UP if body.subscription_type != UNSUBSCRIBE else 1
    if isinstance(body, messages.MarketDataRequest):
        return 0 if body.subscription_type == UNSUBSCRIBE else len(body.symbols) or 1
    return 1


def _judge(draft: Draft, session: str, rate: Rate, weight: int, more: int = 0) -> int:
    """Take the message from every limit, or from none; returns milliseconds to wait.

    more: what it is found to weigh besides. It passes without, and whatever follows waits for it.

    Rounds up: who waits as long passes, one millisecond earlier is refused.
    """
    if not weight:
        return 0
    words = draft.state.words.get(WORD) or {}
    now = draft.event.received_at * 1_000
    factor = factor_of(draft, session, rate.message_class)
    longest = 0
    found = []
    for bucket in rate.buckets:
        cost = weight * bucket.cost
        if factor != FULL:
            cost = dearer(cost, factor)
        paid_at = int(words.get(bucket.key, 0))
        longest = max(longest, gcra.wait(paid_at, now, cost, bucket.room))
        cost += more * bucket.cost
        found.append((bucket.key, gcra.taken(paid_at, now, cost, bucket.room)))
    if longest <= 0:
        for key, paid_at in found:
            draft.move(WORD, key, paid_at)
        return 0
    for bucket in rate.buckets:
        if bucket.hard_cost:
            _too_much(draft, session, bucket, weight, now)
        _bound(draft, bucket, now)
    if not rate.buckets[0].soft:
        return 0
    _count_refused(draft, session, rate.message_class)
    return -(-longest // 1_000_000)


def _bound(draft: Draft, bucket: Bucket, now: int) -> None:
    """Where the clock was set back, what is owed is cut down to what `gcra` lets anybody owe."""
    most = gcra.latest(now, bucket.room)
    if int(draft.state.word(WORD, bucket.key, 0)) > most:
        draft.move(WORD, bucket.key, most)


def factor_of(draft: Draft, session: str, message_class: str) -> int:
    """Thousandths of its rate that a class may use now: the inbox's part and the client's."""
    factor = FULL
    if message_class in LOAD_CLASSES:
        factor = int(draft.state.word(LOAD, "factor", FULL))
    desk = draft.register.desk
    if message_class in PRICE_CLASSES and desk is not None and desk.hit_ratio.steps:
        client_id = draft.register.sessions[session].client_id
        factor = -(-factor * hit_factor(draft, client_id) // FULL)
    return factor


def hit_factor(draft: Draft, client_id: str) -> int:
    """Thousandths that a client's hit ratio leaves him: of the steps below which it is, the least.

    The ratio is quotes dealt on, per quote asked for; with fewer than quotes_min it says nothing.
    """
    desk = draft.register.desk
    if desk is None:
        return FULL
    terms = desk.hit_ratio
    made = int(draft.state.word(MADE, client_id, 0))
    if not terms.steps or made < terms.quotes_min * GRAIN:
        return FULL
    dealt = int(draft.state.word(DEALT_ON, client_id, 0))
    hit = [permille(step.factor) for step in terms.steps if dealt < step.below * made]
    return min(hit, default=FULL)


def _too_much(draft: Draft, session: str, bucket: Bucket, weight: int, now: int) -> None:
    """Count what did not pass; log the session out when that goes on for too long.

    A second GCRA counts what is refused. While it owes, the session sends more than its hard
    limit on the average since it began to; after hard_ms of that it goes.
    """
    state = draft.state
    if state.word(OUT, session):
        return  # on its way out: what it had sent before is refused and no more
    hard, since = f"{bucket.key}|hard", f"{bucket.key}|since"
    paid_at = int(state.word(WORD, hard, 0))
    began = int(state.word(WORD, since, 0))
    if paid_at <= now or not began:
        began = now
        draft.move(WORD, since, now)
    owed_until = max(paid_at, now) + weight * bucket.hard_cost
    draft.move(WORD, hard, min(owed_until, now + max(bucket.hard_for, bucket.hard_cost)))
    if now - began <= bucket.hard_for:
        return
    limit = f"more than {bucket.what} for {bucket.hard_for // 1_000_000} ms"
    draft.move(OUT, session, draft.event.received_at)
    draft.logouts.append((session, f"{Refusal.THROTTLED.name}: {limit}"))
    draft.alerts.append(f"{session} is logged out: {limit}")


def _count_refused(draft: Draft, session: str, message_class: str) -> None:
    key, day = f"{session}|{message_class}", day_of(draft.event.received_at)
    draft.move(REFUSED, key, f"{day} {refused_on(day, draft.state.word(REFUSED, key)) + 1}")


def refused_on(day: str, word: str | int) -> int:
    """How many messages were refused on *day* (UTC), by what State keeps."""
    then, _, count = str(word).partition(" ")
    return int(count) if then == day else 0


def day_of(at: Instant) -> str:
    """The UTC date of *at*."""
    return iso(at)[:10]


REF_IDS = (
    *("cl_ord_id", "mass_status_req_id", "quote_status_req_id", "quote_id", "quote_req_id"),
    *("request_id", "alloc_id", "confirm_id"),
)


def _reject(draft: Draft, body: Any) -> None:
    ref_id = next((value for name in REF_IDS if (value := getattr(body, name, ""))), "")
    detail = too_many(draft.retry_after_ms).detail
    draft.business_reject(body.head, ref_id, Refusal.THROTTLED, detail=detail)


# -- what moves the rates --------------------------------------------------------------------------


def count_hits(draft: Draft, body: Any) -> None:
    """Count the quotes that a request was given, and those that were dealt on."""
    desk = draft.register.desk
    if desk is None or not desk.hit_ratio.steps or not draft.quotes:
        return
    asked = isinstance(body, messages.QuoteRequest)
    known = draft.state.quotes
    for quote in draft.quotes.values():
        made = asked and quote.state == LIVE and quote.quote_id not in known
        if made or quote.state == DEALT:
            _count(draft, quote.client_id, int(made), desk.hit_ratio.window)


def _count(draft: Draft, client_id: str, made: int, window: int) -> None:
    counts = draft.memo.get((MADE, client_id))
    if counts is None:
        word = draft.state.word
        counts = (int(word(MADE, client_id, 0)), int(word(DEALT_ON, client_id, 0)))
    asked, dealt = counts[0] + made * GRAIN, counts[1] + (1 - made) * GRAIN
    if asked >= window * GRAIN:
        asked, dealt = asked // 2, dealt // 2
    draft.memo[MADE, client_id] = (asked, dealt)
    draft.move(MADE, client_id, asked)
    draft.move(DEALT_ON, client_id, dealt)


def on_load_moved(draft: Draft, moved: LoadMoved) -> None:
    """Clients may use more or less of their rates."""
    factor = permille(min(moved.factor, Decimal(1)))
    draft.move(LOAD, "factor", 0 if factor == FULL else factor)


def on_admin_seen(draft: Draft, seen: AdminSeen) -> None:
    """Kept for the record; what staff must look at is an alert.

    A message that QuickFIX rejected is answered already: it counts towards the hard limit.
    """
    rate = draft.register.rates.get((seen.session, "status"))
    if seen.outbound and seen.msg_type == "3" and rate is not None:
        _judge(draft, seen.session, rate, rate.weight)
    if seen.alert:
        draft.alerts.append(f"{seen.session or 'the door'}: {seen.note}")
