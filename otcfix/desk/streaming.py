"""MarketDataRequest and what follows from it: a ladder of executable prices, told as it moves.

Conflated per subscriber and symbol: between two updates passes at least the interval, the latest
price wins, and nothing is said that is no news. An empty book does not wait.
"""

from msgspec import structs

from otcfix.desk import quote_streams
from otcfix.desk.authority import authority_of, tell_review
from otcfix.desk.draft import Draft
from otcfix.desk.ladders import Ladders
from otcfix.gate import STREAM_CHECKS, StreamCase, judge
from otcfix.model.event import RatesMoved, StreamHeld
from otcfix.model.messages import MarketDataRequest
from otcfix.model.party import Session
from otcfix.model.refusal import (
    MARKET_DATA_CODES,
    MARKET_DATA_TAGS,
    Refusal,
    wording,
)
from otcfix.model.replies import MarketDataRefused
from otcfix.model.stream import (
    EMPTY,
    INCREMENTAL,
    SUBSCRIBE,
    UNSUBSCRIBE,
    UNTOLD,
    Shape,
    StreamSaid,
    Subscription,
)
from otcfix.model.time import MS
from otcfix.model.verdict import Finding

BUSINESS = (Refusal.MISSING_FIELD, Refusal.THROTTLED, Refusal.OVERLOADED)
"""Refusals that are answered by a BusinessMessageReject, not by 35=Y."""

LISTED_MAX = 500
"""Symbols that one session may have streamed, over all its subscriptions."""


def on_market_data_request(draft: Draft, request: MarketDataRequest) -> None:
    """Subscribe, take one snapshot, or end a subscription (263=2, which is not answered)."""
    head = request.head
    session = draft.register.sessions[head.session]
    number = draft.state.streams.number_of.get((session.key, request.md_req_id))
    if request.subscription_type == UNSUBSCRIBE:
        if number is None:
            text = wording(Refusal.UNKNOWN_QUOTE, 262, "no such stream")
            _say_refused(draft, request, "", text)
        else:
            _end(draft, draft.state.streams.subscriptions[number])
        return
    case = _case(draft, request, session, duplicate=number is not None)
    verdict = judge(STREAM_CHECKS, case)
    draft.verdicts.append(verdict)
    if verdict.failed is not None:
        tell_review(draft, verdict, *case.wanted)
        _refuse(draft, request, verdict.failed)
        return
    assert draft.register.desk is not None
    interval = max(draft.register.desk.stream.interval_ms, session.stream_interval_ms)
    subscription = Subscription(
        draft.event.seq,
        session.key,
        session.client_id,
        request.md_req_id,
        session.version,
        request.symbols,
        request.depth,
        request.update_type == INCREMENTAL,
        tuple(sorted(dict.fromkeys(request.entry_types))),
        interval * MS,
        "LIVE" if request.subscription_type == SUBSCRIBE else "ONCE",
        head.on_behalf_of,
        head.on_behalf_of_sub,
    )
    draft.subscriptions.append(subscription)
    if session.key in draft.state.streams.held:
        return  # its first W follows when it reads again: one that is lost must not count as told
    ladders = Ladders(draft)
    for symbol, _ in request.symbols:
        image = ladders.of(symbol, subscription)
        image_id = image.image_id if image else EMPTY
        draft.streams.append(StreamSaid("W", symbol, image_id, EMPTY, (subscription.number,)))


def _case(
    draft: Draft, request: MarketDataRequest, session: Session, *, duplicate: bool
) -> StreamCase:
    register, streams = draft.register, draft.state.streams
    client = register.clients.get(session.client_id)
    listed = sum(
        len(known.symbols)
        for known in streams.subscriptions.values()
        if known.session == session.key
    )
    return StreamCase(
        request,
        session,
        authority_of(draft, client, session.key),
        tuple(
            authority_of(draft, client, session.key, instrument)
            for symbol, _ in request.symbols
            if (instrument := register.instruments.get(symbol)) is not None
        ),
        draft.retry_after_ms > 0,
        duplicate,
        tuple(sent for ours, sent in request.symbols if ours not in register.instruments),
        listed + len(request.symbols),
        LISTED_MAX,
        session.key in streams.held,
        draft.retry_after_ms,
    )


def _refuse(draft: Draft, request: MarketDataRequest, failed: Finding) -> None:
    refusal = failed.refusal
    assert refusal is not None
    if refusal in BUSINESS:
        draft.business_reject(request.head, request.md_req_id, refusal, failed.tag, failed.detail)
        return
    code = MARKET_DATA_CODES.get(refusal, MARKET_DATA_TAGS.get(failed.tag or 0))
    reason = "" if code is None else str(code)
    _say_refused(draft, request, reason, wording(refusal, failed.tag, failed.detail))


def _say_refused(draft: Draft, request: MarketDataRequest, reason: str, text: str) -> None:
    head = request.head
    draft.say(
        MarketDataRefused(
            head.session,
            request.md_req_id,
            reason,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def _end(draft: Draft, subscription: Subscription) -> None:
    draft.subscriptions.append(structs.replace(subscription, state="ENDED"))


# -- telling -------------------------------------------------------------------------------------

Cohort = tuple[str, str, Shape]


def on_rates_moved(draft: Draft, moved: RatesMoved) -> None:
    """Tell every subscriber of these symbols who is due what has changed for him."""
    ladders = Ladders(draft)
    for symbol in moved.symbols:
        _push(draft, ladders, symbol)
        quote_streams.push(draft, symbol)


def _push(draft: Draft, ladders: Ladders, symbol: str) -> None:
    streams, at = draft.state.streams, draft.event.at
    listeners = streams.of_symbol.get(symbol)
    if not listeners:
        return
    subscriptions, held, is_open = streams.subscriptions, streams.held, ladders.open(symbol)
    cohorts: dict[Cohort, list[int]] = {}
    for number, told in listeners.items():
        subscription = subscriptions[number]
        if subscription.session in held:
            continue
        now = EMPTY
        if is_open and ladders.hears(subscription.session, subscription.client_id, symbol):
            if told.next_at > at:
                if told.image == EMPTY or ladders.priced(symbol, subscription.client_id):
                    continue
            else:
                image = ladders.of(symbol, subscription)
                now = image.image_id if image else EMPTY
        if told.image != now:
            cohorts.setdefault((told.image, now, told.shape), []).append(number)
    _say(draft, symbol, cohorts)


def _say(draft: Draft, symbol: str, cohorts: dict[Cohort, list[int]]) -> None:
    streams = draft.state.streams
    for (before, now, shape), numbers in cohorts.items():
        first = streams.subscriptions[numbers[0]]
        if before != UNTOLD:
            was = streams.image(before)
            image = draft.images.get(now) or streams.image(now)
            if all(first.seen(was, side) == first.seen(image, side) for side in first.sides):
                continue  # the rungs that these see did not change
        in_full = before == UNTOLD or not shape[0]
        said = ("W", EMPTY) if in_full else ("X", before)
        draft.streams.append(StreamSaid(said[0], symbol, now, said[1], tuple(numbers)))


def close(draft: Draft, symbol: str = "", session: str = "") -> None:
    """Empty the books at once: of one symbol, of one session, or of everybody."""
    streams = draft.state.streams
    for name in [symbol] if symbol else list(streams.of_symbol):
        cohorts: dict[Cohort, list[int]] = {}
        for number, told in streams.of_symbol.get(name, {}).items():
            key = streams.subscriptions[number].session
            if key in streams.held or told.image == EMPTY or session not in ("", key):
                continue
            cohorts.setdefault((told.image, EMPTY, told.shape), []).append(number)
        _say(draft, name, cohorts)


def look_again(draft: Draft, number: int) -> None:
    """What one subscriber may hear has changed: his books are emptied or told at the next rates."""
    for symbol, _ in draft.state.streams.subscriptions[number].symbols:
        draft.looks_owed[symbol] = None


def reopen(draft: Draft, symbol: str = "") -> None:
    """Prices may be told again: the sequencer looks at the rates for it."""
    for name in [symbol] if symbol else draft.state.streams.symbols:
        if draft.state.streams.listens(name):
            draft.looks_owed[name] = None


def on_stream_held(draft: Draft, held: StreamHeld) -> None:
    """A session does not read: its streams wait. When it reads again, it gets whole books."""
    if not held.held:
        for subscription in draft.state.streams.subscriptions.values():
            if subscription.session == held.session:
                draft.looks_owed.update(dict.fromkeys(s for s, _ in subscription.symbols))


def session_gone(draft: Draft, session: str) -> None:
    """A stream ends with its session: nobody hears when its prices are replaced."""
    for subscription in draft.state.streams.subscriptions.values():
        if subscription.session == session:
            _end(draft, subscription)
    quote_streams.session_gone(draft, session)
