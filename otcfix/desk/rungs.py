"""A rung of a stream as a quote: what an order 40=D with its QuoteEntryID(299) in 117 deals on."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk.draft import Draft
from otcfix.desk.ids import seq_of
from otcfix.desk.lookups import account_of, owner_of
from otcfix.desk.market import Market
from otcfix.gate import OrderCase
from otcfix.model.messages import NewOrderSingle, Side, Unit
from otcfix.model.party import Session
from otcfix.model.quote import LIVE, WITHDRAWN, Quote
from otcfix.model.stream import Rung, RungHit, StreamImage
from otcfix.model.time import Instant

LETTER = "P"


def is_rung(quote_id: str) -> bool:
    """Whether a QuoteID(117) can only be a rung's: such a one stands in no table."""
    return quote_id.startswith(LETTER)


def lay(draft: Draft, case: OrderCase, message: NewOrderSingle, session: Session) -> None:
    """Lay the rung before the gate as a quote for this one order; none for one never told."""
    streams, rung_id = draft.state.streams, message.quote_id
    client_id = session.client_id
    image = streams.image_of_rung(client_id, rung_id)
    if image is None:
        if rung_id not in streams.rungs and _was_a_rung(draft, rung_id):
            case.quote = _quote(draft, message, session, None, WITHDRAWN, 0)
            case.quote_state = WITHDRAWN
        return
    until = streams.dealt_until(client_id, rung_id)
    valid_until = draft.event.received_at if until is None else until
    case.quote = _quote(draft, message, session, image, LIVE, valid_until)
    case.quote_state = LIVE
    _firm(draft, case)
    case.quoted_price = case.quote.price_for(message.side)
    hit = streams.hits.get((client_id, rung_id))
    case.rung_left = case.quote.quantity - (hit.taken if hit else Decimal(0))


def _firm(draft: Draft, case: OrderCase) -> None:
    """A rung is as firm as a quote of its size (R19), and dead where the cancel band would have
    withdrawn that, though the book may not be told anew before the interval is over."""
    quote, client = case.quote, case.client
    assert quote is not None
    instrument = draft.register.instruments.get(quote.symbol)
    if client is None or instrument is None:
        return
    market = Market(draft, instrument, client)
    firmness = market.life(quote.side, quote.quantity)
    case.quote = structs.replace(quote, firmness=firmness)
    mid, band = market.mid, firmness.cancel_band_bps
    if mid is not None and band and abs(mid - quote.mid) * 10_000 > band * quote.mid:
        case.quote_state = WITHDRAWN


def _was_a_rung(draft: Draft, rung_id: str) -> bool:
    """Whether an event of this journal could have made the id: it is dead then, not invented."""
    desk = draft.register.desk
    seq = seq_of(rung_id, LETTER, draft.state.id_key, desk.shard if desk else "")
    return seq is not None and 0 < seq <= draft.state.seq


def _quote(
    draft: Draft,
    message: NewOrderSingle,
    session: Session,
    image: StreamImage | None,
    state: str,
    valid_until: Instant,
) -> Quote:
    client_id = owner_of(session, message.end_client)
    account = account_of(session, draft.register.clients.get(client_id), message.account)
    side, rung = _found(image, message.quote_id)
    price = rung.price if rung else None
    return Quote(
        message.quote_id,
        "",
        0,
        client_id,
        message.end_client,
        account,
        session.key,
        image.symbol if image else message.symbol,
        message.symbol_sent,
        side,
        message.wire_side,
        rung.size if rung else Decimal(0),
        Unit.BASE,
        message.currency,
        price if side is Side.SELL else None,
        price if side is Side.BUY else None,
        image.mid if image else Decimal(0),
        image.made_at if image else draft.event.at,
        valid_until,
        "",
        state,
        True,
    )


def _found(image: StreamImage | None, rung_id: str) -> tuple[Side | None, Rung | None]:
    """The client's side of a rung: he sells at our bids."""
    if image is None:
        return None, None
    for side, rungs in ((Side.SELL, image.bids), (Side.BUY, image.offers)):
        for rung in rungs:
            if rung.rung_id == rung_id:
                return side, rung
    return None, None


def dealt(draft: Draft, case: OrderCase, quantity: Decimal) -> None:
    """Take *quantity* off every rung of that side for whoever has the stream: rungs are prices of
    one amount or another, not layers of a book, so nobody deals on all of them at once. What was
    dealt on is shown anew under another id."""
    assert case.quote is not None
    streams = draft.state.streams
    image = streams.image_of_rung(case.session.client_id, case.quote.quote_id)
    assert image is not None
    for rung in image.bids if case.quote.side is Side.SELL else image.offers:
        hit = streams.hits.get((case.session.client_id, rung.rung_id))
        taken = (hit.taken if hit else Decimal(0)) + quantity
        draft.rung_hits.append(RungHit(case.session.client_id, rung.rung_id, taken))
    if draft.state.streams.listens(case.quote.symbol):
        draft.looks_owed[case.quote.symbol] = None


def explain(draft: Draft, case: OrderCase, exec_id: str) -> None:
    """Say under the deal's ExecID why the rung had its price: it stood in no table of quotes."""
    quote = case.quote
    assert quote is not None
    image = draft.state.streams.image_of_rung(case.session.client_id, quote.quote_id)
    assert image is not None
    sides = tuple(
        one for one in image.why.sides if (one.side, one.quantity) == (quote.side, quote.quantity)
    )
    draft.explanations.append(
        structs.replace(image.why, ref_id=exec_id, client_id=case.client_id, sides=sides)
    )
