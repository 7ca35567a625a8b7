"""QuoteRequest, QuoteCancel, QuoteStatusRequest: a quote's life but for the deal."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk import limiting, quote_streams
from otcfix.desk.authority import authority_of, forbidden, tell_review
from otcfix.desk.draft import Draft
from otcfix.desk.leaves import smaller
from otcfix.desk.lookups import (
    account_of,
    asked_before,
    owner_of,
    quotes_of_request,
    same_asker,
)
from otcfix.desk.market import Market
from otcfix.gate import QUOTE_CHECKS, QuoteCase, judge
from otcfix.ledger.holds import hold_for
from otcfix.model.instrument import Instrument
from otcfix.model.messages import (
    QuoteRequest,
    QuoteRequestLine,
    Side,
    Unit,
)
from otcfix.model.money import from_minor
from otcfix.model.party import Session, Tier
from otcfix.model.pricing import Life
from otcfix.model.quote import DEALT, EXPIRED, INDICATIVE, LIVE, WITHDRAWN, Quote
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import (
    QuoteMade,
    QuoteRefused,
    QuoteStatusReport,
    QuoteWithdrawn,
)
from otcfix.model.time import MS, local_date
from otcfix.pricing import Priced

BUSINESS = (Refusal.MISSING_FIELD, Refusal.WRONG_SESSION, Refusal.THROTTLED)
"""Refusals that are answered by a BusinessMessageReject, not by the message's own reject."""


def on_quote_request(draft: Draft, request: QuoteRequest) -> None:
    """Answer each line of a QuoteRequest(35=R) alone: a Quote, or a reject (rules.md 2.12)."""
    head = request.head
    session = draft.register.sessions[head.session]
    owner = owner_of(session, request.end_client)
    known = asked_before(draft, session, request.end_client, request.quote_req_id)
    again = known and head.resent and _may_hear(draft, session, owner)
    if again and _say_again(draft, request, known):
        return
    firm_known = [quote for quote in known if quote.firm]
    if not firm_known:
        for quote in known:  # an indicative QuoteReqID may be used again
            if quote.lives:
                draft.put_quote(structs.replace(quote, state=EXPIRED))
    seen: set[tuple[object, ...]] = set()
    for number, line in enumerate(request.lines or (_NO_LINE,)):
        terms = (line.symbol, line.side, line.currency, line.settl_date, line.settl_type)
        case = quote_case(draft, request, line)
        case.repeated_line = terms in seen
        seen.add(terms)
        if firm_known:
            case.duplicate = "QuoteReqID was used before"
        if number >= case.desk.quote_request_lines_max:
            _refuse(draft, case, Refusal.TOO_LARGE, 146, "too many symbols in one request")
            continue
        if not _answer(draft, case, number):
            return


_NO_LINE = QuoteRequestLine("", "", None, "", None, Unit.BASE, "", None, "", "", "")


def _may_hear(draft: Draft, session: Session, owner: str) -> bool:
    """Whether a session may be told a price at all; else the gate says why not."""
    asked = authority_of(draft, draft.register.clients.get(owner), session.key)
    return session.may_quote and not draft.state.halted and forbidden(asked) is None


def _say_again(draft: Draft, request: QuoteRequest, known: list[Quote]) -> bool:
    """A23: a resent request is answered by its live quotes again, a dead one by AG 658=4."""
    head = request.head
    live = [q for q in known if q.lives and draft.event.received_at <= q.valid_until]
    for quote in live:
        again = structs.replace(quote, session=head.session)
        draft.say(QuoteMade(head.session, again, poss_resend=True))
    if not live:
        line = request.lines[0] if request.lines else _NO_LINE
        draft.say(
            QuoteRefused(
                head.session,
                request.quote_req_id,
                line.symbol_sent,
                line.wire_side,
                line.quantity,
                Refusal.TOO_OLD,
                wording(Refusal.TOO_OLD, detail="the quote is dead"),
                head.on_behalf_of,
                head.on_behalf_of_sub,
            )
        )
    return True


def quote_case(draft: Draft, request: QuoteRequest, line: QuoteRequestLine) -> QuoteCase:
    """Look up what the gate needs, but for price and funds."""
    register, state, head = draft.register, draft.state, request.head
    session = register.sessions[head.session]
    client_id = owner_of(session, request.end_client)
    client = register.clients.get(client_id)
    instrument = register.instruments.get(line.symbol)
    assert register.desk is not None
    return QuoteCase(
        head=head,
        session=session,
        client=client,
        client_id=client_id,
        authority=authority_of(draft, client, session.key, instrument, line.side),
        received_at=draft.event.received_at,
        desk=register.desk,
        halted=state.halted,
        throttled=draft.retry_after_ms > 0,
        retry_after_ms=draft.retry_after_ms,
        account=account_of(session, client, line.account),
        end_client=request.end_client,
        instrument=instrument,
        instrument_state=state.instrument_state(line.symbol) if instrument else "",
        settl_date=draft.trade_dates(instrument)[1] if instrument else None,
        request=request,
        line=line,
        repeated_line=False,
    )


class Sides:
    """The priced sides of one line."""

    __slots__ = ("buy", "firmness", "market", "mid", "refusal", "sell")

    def __init__(self, market: Market | None = None) -> None:
        self.market = market
        self.firmness = Life()
        self.buy: Priced | None = None
        self.sell: Priced | None = None
        self.mid = Decimal(0)
        self.refusal: Refusal | None = None

    @property
    def priced(self) -> tuple[tuple[Side, Priced | None], ...]:
        """Both sides, the client's sell first; None where it was not asked for."""
        return (Side.SELL, self.sell), (Side.BUY, self.buy)


PRICING_REFUSALS = (
    Refusal.BAD_QUANTITY,
    Refusal.NO_PRICE,
    Refusal.NO_DEPTH,
    Refusal.MARKET_UNSTABLE,
    Refusal.PASS,
)
"""What pricing may answer, in the order of QUOTE_CHECKS: of two sides the first one is told."""


def priced_sides(market: Market, line: QuoteRequestLine) -> Sides:
    """Price what *line* asks for, and say why a side has no price."""
    sides = Sides(market)
    sides.mid = market.mid or sides.mid
    sides.refusal = market.refusal
    if line.quantity is None or line.quantity <= 0 or line.unit in (Unit.UNKNOWN, Unit.BOTH):
        return sides
    if market.refusal is Refusal.NO_PRICE:
        return sides
    refusals: list[Refusal] = [sides.refusal] if sides.refusal else []
    for side in (Side.SELL, Side.BUY) if line.side is None else (line.side,):
        if market.refusal:
            # An unstable market has no price, but it shows its depth, which is checked before.
            if market.is_short(side, line.quantity, line.unit):
                refusals.append(Refusal.NO_DEPTH)
            continue
        found = market.price(side, line.quantity, line.unit)
        if isinstance(found, Refusal):
            refusals.append(found)
        elif side is Side.BUY:
            sides.buy = found
        else:
            sides.sell = found
    sides.refusal = min(refusals, key=PRICING_REFUSALS.index, default=None)
    priced = sides.buy or sides.sell
    sides.firmness = market.life(line.side, priced.base if priced else None)
    return sides


def measure(draft: Draft, case: QuoteCase, sides: Sides, tier: Tier) -> None:
    """Lay size, notional, position and funds of the worse side before the gate (A24)."""
    instrument, client, line = case.instrument, case.client, case.line
    priced = sides.buy or sides.sell
    if instrument is None or client is None:
        return
    rate = draft.conversion(instrument.base.code)
    terms_rate = draft.conversion(instrument.terms.code)
    case.conversion = rate if terms_rate is not None else None
    if line.unit is Unit.BASE:
        case.base_quantity = line.quantity
    elif priced is not None:
        case.base_quantity = priced.base
    base = case.base_quantity
    held = from_minor(draft.position(client.client_id, instrument.base.code), instrument.base)
    if line.side is not None and base is not None and base >= 0:
        # Of both sides one would not reduce.
        case.authority.reduces = smaller(held, line.side, base)
    if base is None or base <= 0 or rate is None:
        return
    case.notional = base * rate
    before = held * rate
    case.position_before = before
    side = line.side or (
        Side.BUY if abs(before + case.notional) >= abs(before - case.notional) else Side.SELL
    )
    case.position_after = before + case.notional if side is Side.BUY else before - case.notional
    same_day = instrument.settl_days == 0
    shortest: int | None = None
    for way, found in reversed(sides.priced):
        if found is None or line.quantity is None:
            continue
        unit = Unit.TERMS if line.unit is Unit.TERMS else Unit.BASE
        amount = line.quantity if unit is Unit.TERMS else found.base
        if amount > 2 * instrument.qty_max and unit is Unit.BASE:
            continue  # refused as too large; an amount that fits no account is not measured
        asset, need = hold_for(instrument, way, amount, unit, found.price, tier.fee_bps)
        free = draft.free(client.client_id, asset, same_day=same_day)
        if shortest is None or free - need < shortest:
            shortest = free - need
            case.need, case.free, case.need_asset = need, free, asset


def _answer(draft: Draft, case: QuoteCase, number: int) -> bool:
    """Quote or refuse one line; False when the whole request was answered by a j."""
    instrument, client, line = case.instrument, case.client, case.line
    tier = draft.register.tiers.get(client.tier) if client else None
    sides = Sides()
    if instrument is not None and client is not None and tier is not None:
        sides = priced_sides(Market(draft, instrument, client), line)
        case.pricing_refusal = sides.refusal
        measure(draft, case, sides, tier)
        limiting.lay_quote(draft, case)
    verdict = judge(QUOTE_CHECKS, case)
    draft.verdicts.append(verdict)
    if verdict.failed is not None:
        tell_review(draft, verdict, case.authority)
        return _refuse(
            draft, case, verdict.failed.refusal, verdict.failed.tag, verdict.failed.detail
        )
    if instrument is not None and sides.market is not None:
        quote_id = _quote(draft, case, instrument, sides, number)
        made = [(side, found) for side, found in sides.priced if found is not None]
        draft.explanations.append(sides.market.explain(quote_id, made))
    return True


def _refuse(
    draft: Draft, case: QuoteCase, refusal: Refusal | None, tag: int | None, detail: str
) -> bool:
    head, line = case.head, case.line
    assert refusal is not None
    if refusal in BUSINESS:
        draft.business_reject(head, case.request.quote_req_id, refusal, tag, detail)
        return False
    draft.say(
        QuoteRefused(
            head.session,
            case.request.quote_req_id,
            line.symbol_sent,
            line.wire_side,
            line.quantity,
            refusal,
            wording(refusal, tag, detail),
            head.on_behalf_of,
            head.on_behalf_of_sub,
            line.unit,
            line.currency,
        )
    )
    return True


def _quote(draft: Draft, case: QuoteCase, instrument: Instrument, sides: Sides, number: int) -> str:
    head, line, session = case.head, case.line, case.session
    quote_type = session.quote_type_default if line.quote_type is None else line.quote_type
    firm = quote_type == 1
    at = draft.event.at
    firmness = sides.firmness
    life_ms = firmness.quote_life_ms if firm else case.desk.indicative_life_ms
    assert life_ms is not None
    assert line.quantity is not None
    assert case.settl_date is not None
    # 62 goes out in milliseconds: what the client reads is what the desk keeps.
    valid_until = (at + life_ms * MS) // MS * MS
    quote = Quote(
        draft.ids.next("Q" if firm or session.version != "FIX.4.2" else "I"),
        case.request.quote_req_id,
        number,
        case.client_id,
        case.end_client,
        case.account,
        head.session,
        instrument.symbol,
        line.symbol_sent,
        line.side,
        line.wire_side,
        line.quantity,
        line.unit,
        line.currency,
        sides.sell.price if sides.sell else None,
        sides.buy.price if sides.buy else None,
        sides.mid,
        at,
        valid_until,
        local_date(case.settl_date),
        LIVE if firm else INDICATIVE,
        firm,
        0,
        head.on_behalf_of,
        head.on_behalf_of_sub,
        firmness,
    )
    draft.put_quote(quote)
    draft.timer(valid_until + 1, "quote", quote.quote_id)
    draft.say(QuoteMade(head.session, quote))
    if firm and line.request_type == quote_streams.AUTOMATIC:
        quote_streams.begin(draft, case.request, quote)
    return quote.quote_id


def withdraw(draft: Draft, quote: Quote, state: str = WITHDRAWN, text: str = "") -> None:
    """End a live quote before its time and tell its session (Z)."""
    draft.put_quote(structs.replace(quote, state=state))
    if quote.state == LIVE:
        draft.say(QuoteWithdrawn(quote.session, quote, text))


def expire(draft: Draft, quote: Quote) -> None:
    """End a quote at its time; told only where the session wants it (A6)."""
    draft.put_quote(structs.replace(quote, state=EXPIRED))
    session = draft.register.sessions.get(quote.session)
    if quote.state != LIVE or session is None or not session.tell_expiry:
        return
    if session.version == "FIX.4.2":
        draft.say(QuoteWithdrawn(quote.session, quote, "expired"))
    else:
        draft.say(_status(quote, quote.session, "EXPIRED"))


def _status(quote: Quote, session: str, status: str, text: str = "") -> QuoteStatusReport:
    return QuoteStatusReport(
        session,
        status,
        quote.quote_id,
        quote.quote_req_id,
        quote.symbol_sent,
        text=text,
        deliver_to=quote.deliver_to,
        deliver_to_sub=quote.deliver_to_sub,
    )


def end_siblings(draft: Draft, dealt: Quote) -> None:
    """The first deal ends the other quotes of the same request line (A4); unexpired ones by Z."""
    for quote in quotes_of_request(draft, dealt.client_id, dealt.quote_req_id):
        if quote.quote_id == dealt.quote_id or quote.line != dealt.line or not quote.lives:
            continue
        if not same_asker(draft, quote, dealt):
            continue
        if draft.event.received_at <= quote.valid_until:
            withdraw(draft, quote)
        else:
            expire(draft, quote)


def refused_hit(draft: Draft, quote: Quote) -> None:
    """A5: a refused hit does not use the quote up; the desk withdraws it after the third."""
    if quote.state != LIVE:
        return
    desk = draft.register.desk
    hits = quote.refused_hits + 1
    if desk is not None and hits >= desk.refused_hits_max:
        withdraw(draft, quote, text="refused too often")
    else:
        draft.put_quote(structs.replace(quote, refused_hits=hits))


def dealt(draft: Draft, quote: Quote) -> None:
    """The quote is used up."""
    draft.put_quote(structs.replace(quote, state=DEALT))
