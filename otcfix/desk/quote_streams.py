"""A QuoteRequest with QuoteRequestType(303)=2: answered by a new Quote whenever the price moves.

Each Quote is firm until its own ValidUntilTime(62) or its Z, whatever follows it (A4).
"""

from msgspec import structs

from otcfix.desk.authority import authority_of, forbidden
from otcfix.desk.draft import Draft
from otcfix.desk.limiting import room_for_quote
from otcfix.desk.lookups import is_of
from otcfix.desk.market import Market
from otcfix.model.messages import QuoteRequest, Side
from otcfix.model.party import Session
from otcfix.model.quote import LIVE, Quote
from otcfix.model.replies import QuoteMade
from otcfix.model.stream import QuoteStream, stream_key
from otcfix.model.time import MS, local_date
from otcfix.pricing import Priced

AUTOMATIC = "2"
"""QuoteRequestType(303) that asks for a stream; Manual(1) and none ask for one answer."""


def begin(draft: Draft, request: QuoteRequest, quote: Quote) -> None:
    """Keep answering the request line of *quote* until its time is over."""
    desk = draft.register.desk
    assert desk is not None
    at, terms = draft.event.at, desk.stream
    until = at + terms.rfq_life_max_ms * MS
    if request.expire_time is not None:
        until = min(until, request.expire_time)
    stream = QuoteStream(quote, until, at + terms.rfq_interval_ms * MS)
    draft.quote_streams[stream.key] = stream
    draft.timer(until + 1, "quote_stream", stream.key)


def push(draft: Draft, symbol: str) -> None:
    """Answer again those request lines of *symbol* that are due and whose price has moved."""
    streams = draft.state.streams
    for key in streams.streamed.get(symbol, ()):
        stream = streams.quote_streams[key]
        if stream.next_at <= draft.event.at <= stream.until:
            _answer_again(draft, stream)


def _answer_again(draft: Draft, stream: QuoteStream) -> None:
    quote, at, desk = stream.quote, draft.event.at, draft.register.desk
    assert desk is not None
    priced = _priced(draft, quote)
    if priced is None:
        return
    market, sides = priced
    bid, offer = (sides[side].price if side in sides else None for side in (Side.SELL, Side.BUY))
    interval = desk.stream.rfq_interval_ms * MS
    last = draft.quote(quote.quote_id)
    lasts = last is not None and last.state == LIVE and quote.valid_until > at + interval
    if lasts and (bid, offer) == (quote.bid, quote.offer):
        return
    mid = market.mid
    assert mid is not None
    firmness = market.life(quote.side, next(reversed(sides.values())).base)
    assert firmness.quote_life_ms is not None
    again = structs.replace(
        quote,
        quote_id=draft.ids.next("Q"),
        bid=bid,
        offer=offer,
        mid=mid,
        made_at=at,
        valid_until=(at + firmness.quote_life_ms * MS) // MS * MS,
        settl_date=local_date(draft.trade_dates(market.instrument)[1]),
        firmness=firmness,
    )
    draft.put_quote(again)
    draft.explanations.append(market.explain(again.quote_id, sides.items()))
    draft.timer(again.valid_until + 1, "quote", again.quote_id)
    draft.say(QuoteMade(again.session, again))
    draft.quote_streams[stream.key] = structs.replace(stream, quote=again, next_at=at + interval)


def _priced(draft: Draft, quote: Quote) -> tuple[Market, dict[Side, Priced]] | None:
    """The client's market now and each side that he asked for; None: nothing is to be quoted."""
    state, register = draft.state, draft.register
    client = register.clients.get(quote.client_id)
    instrument = register.instruments.get(quote.symbol)
    if client is None or instrument is None or state.halted:
        return None
    asked = authority_of(draft, client, quote.session, instrument, quote.side)
    if forbidden(asked) is not None:
        return None
    if (
        state.instrument_state(quote.symbol) != "OPEN"
        or quote.session in state.streams.held
        or not room_for_quote(draft, client, instrument, asked.policy)
    ):
        return None
    market = Market(draft, instrument, client)
    sides: dict[Side, Priced] = {}
    for side in (Side.SELL, Side.BUY) if quote.side is None else (quote.side,):
        found = market.price(side, quote.quantity, quote.unit)
        if not isinstance(found, Priced):
            return None
        sides[side] = found
    return market, sides


def end_line(draft: Draft, quote: Quote) -> None:
    """The request line of *quote* was dealt on, passed, or its time is over."""
    end(draft, stream_key(quote))


def end(draft: Draft, key: str) -> None:
    """End the stream of that key, if there is one."""
    stream = draft.quote_streams.get(key) or draft.state.streams.quote_streams.get(key)
    if stream is not None:
        draft.quote_streams[key] = structs.replace(stream, ended=True)


def end_of(draft: Draft, client_id: str) -> None:
    """End every stream of a client."""
    for key, stream in draft.state.streams.quote_streams.items():
        if stream.quote.client_id == client_id:
            end(draft, key)


def end_request(draft: Draft, session: Session, end_client: str, quote_req_id: str = "") -> None:
    """End every line of a request, or of every request of whom the message is for."""
    for key, stream in draft.state.streams.quote_streams.items():
        quote = stream.quote
        mine = is_of(draft, quote, session, end_client)
        if mine and quote_req_id in ("", quote.quote_req_id):
            end(draft, key)


def session_gone(draft: Draft, session: str) -> None:
    """Quotes stand until their 62; no more of them follow."""
    for key, stream in draft.state.streams.quote_streams.items():
        if stream.quote.session == session:
            end(draft, key)
