"""How a quote stands: QuoteStatusRequest, and the client who is no longer interested in it."""

from msgspec import structs

from otcfix.desk import quote_streams
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import is_of, owner_of, quote_of, quotes_of_request
from otcfix.model.messages import (
    QuoteCancel,
    QuoteCounter,
    QuoteStatusRequest,
)
from otcfix.model.party import Session
from otcfix.model.quote import EXPIRED, LIVE, PASSED, Quote
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import (
    QuoteStatusReport,
)


def on_quote_cancel(draft: Draft, message: QuoteCancel) -> None:
    """The client is no longer interested: QuoteCancel(35=Z), or a pass by AJ 694=6 (A18)."""
    head = message.head
    session = draft.register.sessions[head.session]
    if message.missing:
        draft.business_reject(head, message.quote_id, Refusal.MISSING_FIELD, message.missing[0])
        return
    if not (session.may_quote or session.may_trade):
        draft.business_reject(head, message.quote_id, Refusal.WRONG_SESSION)
        return
    everything = message.quote_cancel_type == "4" and not message.quote_resp_id
    if everything:
        everyone = draft.state.quotes.values()
        mine = [q for q in everyone if is_of(draft, q, session, message.end_client)]
    elif message.quote_id and message.quote_id != "*":
        found = quote_of(draft, session, message.end_client, message.quote_id)
        mine = [found] if found else []
    else:
        mine = _of_request(draft, message, session)
        quote_streams.end_request(draft, session, message.end_client, message.quote_req_id)
    if everything:
        quote_streams.end_request(draft, session, message.end_client)
    for quote in mine:
        quote_streams.end_line(draft, quote)
        if quote.lives:
            state = PASSED if quote.state == LIVE else EXPIRED
            draft.put_quote(structs.replace(quote, state=state))
    if not message.wants_answer:
        return
    first = mine[0] if mine else None
    if message.quote_resp_id:
        status = "PASS" if first and first.lives else _final_word(draft, first)
    elif everything:
        status = "ALL_CANCELED"
    else:
        status = "CANCELED" if any(quote.lives for quote in mine) else _final_word(draft, first)
    draft.say(
        QuoteStatusReport(
            head.session,
            status,
            message.quote_id or (first.quote_id if first else ""),
            message.quote_req_id or (first.quote_req_id if first and not everything else ""),
            message.symbol_sent or (first.symbol_sent if first and not everything else ""),
            quote_resp_id=message.quote_resp_id,
            text=_final_text(status, first),
            deliver_to=head.on_behalf_of,
            deliver_to_sub=head.on_behalf_of_sub,
        )
    )


def _of_request(
    draft: Draft, message: QuoteCancel | QuoteStatusRequest, session: Session
) -> list[Quote]:
    """The quotes of a QuoteReqID(131); of every end client of a broker who names none."""
    end_client = message.end_client
    owners = [owner_of(session, end_client)]
    if session.broker and not end_client:
        owners += [one for one in dict.fromkeys(session.end_clients.values()) if one not in owners]
    found = [q for one in owners for q in quotes_of_request(draft, one, message.quote_req_id)]
    return [quote for quote in found if is_of(draft, quote, session, end_client)]


def _final_word(draft: Draft, quote: Quote | None) -> str:
    if quote is None:
        return "UNKNOWN"
    if quote.lives:
        late = draft.event.received_at > quote.valid_until
        return "EXPIRED" if late else "LIVE"
    return "EXPIRED" if quote.state == EXPIRED else "GONE"


def _final_text(status: str, quote: Quote | None) -> str:
    if status == "UNKNOWN":
        return wording(Refusal.UNKNOWN_QUOTE)
    if status == "GONE" and quote is not None:
        return wording(Refusal.QUOTE_GONE, detail=quote.state.lower())
    return ""


def on_quote_status_request(draft: Draft, message: QuoteStatusRequest) -> None:
    """Tell how a quote stands (35=a)."""
    head = message.head
    session = draft.register.sessions[head.session]
    if message.missing:
        draft.business_reject(
            head, message.quote_status_req_id, Refusal.MISSING_FIELD, message.missing[0]
        )
        return
    if message.quote_id:
        found = quote_of(draft, session, message.end_client, message.quote_id)
        quotes: list[Quote | None] = [found]
    else:
        quotes = list(_of_request(draft, message, session)) or [None]
    for quote in quotes:
        status = _final_word(draft, quote)
        draft.say(
            QuoteStatusReport(
                head.session,
                status,
                quote.quote_id if quote else message.quote_id,
                quote.quote_req_id if quote else message.quote_req_id,
                quote.symbol_sent if quote else message.symbol_sent,
                quote_status_req_id=message.quote_status_req_id,
                text=_final_text(status, quote),
                deliver_to=head.on_behalf_of,
                deliver_to_sub=head.on_behalf_of_sub,
            )
        )


def on_quote_counter(draft: Draft, message: QuoteCounter) -> None:
    """AJ with 694 other than hit or pass: not done here; the quote lives on."""
    detail = "counter not supported" if message.quote_resp_type == "2" else "not supported"
    draft.business_reject(message.head, message.quote_resp_id, Refusal.UNSUPPORTED, 694, detail)
