"""NewOrderSingle, and the hit of a QuoteResponse: from the message to the fill or the refusal."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk import fills, limiting, quote_streams, quoting, rungs
from otcfix.desk.authority import authority_of, tell_review
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import (
    account_of,
    duplicate_text,
    owner_of,
    prior_use,
    quote_of,
    scope_of,
)
from otcfix.desk.market import Market
from otcfix.desk.matching import execute
from otcfix.desk.measuring import prepare
from otcfix.gate import ORDER_CHECKS, OrderCase, judge
from otcfix.ledger import holds
from otcfix.model.event import IdUse
from otcfix.model.instrument import Instrument
from otcfix.model.messages import NewOrderSingle, Unit
from otcfix.model.order import (
    CANCELED,
    DAY,
    FOK,
    GTD,
    IOC,
    LIMIT,
    MARKET,
    NEW,
    PREVIOUSLY_QUOTED,
    REJECTED,
    Order,
)
from otcfix.model.party import Session
from otcfix.model.quote import INDICATIVE
from otcfix.model.refusal import Refusal, wording
from otcfix.model.time import Instant, local_date
from otcfix.model.verdict import Finding
from otcfix.settlement.calendar import day_end


def on_new_order_single(draft: Draft, message: NewOrderSingle) -> None:
    """Judge the order; refuse it, deal it, or let it rest."""
    head = message.head
    session = draft.register.sessions[head.session]
    scope = scope_of(session, message.end_client)
    prior = prior_use(draft, scope, message.cl_ord_id) if message.cl_ord_id else None
    if prior and head.resent and prior.use.digest == head.digest and prior.use.kind == "D":
        order = prior.order or _order(draft, message, session, scope, REJECTED)
        if prior.order is None:
            order = structs.replace(order, last_text=prior.use.text)
        fills.say_status(draft, order, head, message.cl_ord_id, quote_resp_id=message.quote_resp_id)
        return
    case = order_case(draft, message, session)
    if prior:
        case.duplicate = duplicate_text(prior)
    market = prepare(draft, case)
    limiting.lay_order(draft, case)
    verdict = judge(ORDER_CHECKS, case)
    draft.verdicts.append(verdict)
    if verdict.failed is not None:
        tell_review(draft, verdict, case.authority)
        _refuse(draft, case, scope, verdict.failed)
        return
    if case.instrument is not None and market is not None:
        _accept(draft, case, scope, market)


def order_case(draft: Draft, message: NewOrderSingle, session: Session) -> OrderCase:
    """Look up what the gate needs, but for price and funds."""
    register, state = draft.register, draft.state
    instrument = register.instruments.get(message.symbol)
    client_id = owner_of(session, message.end_client)
    client = register.clients.get(client_id)
    assert register.desk is not None
    case = OrderCase(
        head=message.head,
        session=session,
        client=client,
        client_id=client_id,
        authority=authority_of(draft, client, session.key, instrument, message.side, deals=True),
        received_at=draft.event.received_at,
        desk=register.desk,
        halted=state.halted,
        throttled=draft.retry_after_ms > 0,
        retry_after_ms=draft.retry_after_ms,
        account=account_of(session, client, message.account),
        end_client=message.end_client,
        instrument=instrument,
        instrument_state=state.instrument_state(message.symbol) if instrument else "",
        settl_date=draft.trade_dates(instrument)[1] if instrument else None,
        order=message,
    )
    if message.ord_type == PREVIOUSLY_QUOTED and rungs.is_rung(message.quote_id):
        rungs.lay(draft, case, message, session)
    elif message.ord_type == PREVIOUSLY_QUOTED and message.quote_id:
        case.quote = quote_of(draft, session, message.end_client, message.quote_id)
        if case.quote is not None:
            case.quote_state = case.quote.state if case.quote.firm else INDICATIVE
            case.quoted_price = case.quote.price_for(message.side)
    if instrument is not None:
        case.expire_at = expiry_of(draft, message, instrument)
    return case


def expiry_of(draft: Draft, message: NewOrderSingle, instrument: Instrument) -> Instant | None:
    """When the order expires by itself (A8): 126 before 432; Day at the trading day's end."""
    if message.ord_type != LIMIT:
        return None
    if message.time_in_force == GTD:
        if message.expire_time is not None:
            return message.expire_time
        if message.expire_date is not None:
            return day_end(
                message.expire_date, instrument.trading_day_zone, instrument.trading_day_end
            )
        return None
    if message.time_in_force in ("", DAY):
        return draft.trade_dates(instrument)[2]
    return None


def _order(
    draft: Draft, message: NewOrderSingle, session: Session, scope: str, status: str
) -> Order:
    head = message.head
    unit = Unit.TERMS if message.unit is Unit.TERMS else Unit.BASE
    cash = message.quantity if message.unit is Unit.CASH else None
    quantity = message.quantity if message.quantity is not None else Decimal(0)
    client_id = owner_of(session, message.end_client)
    return Order(
        "NONE",
        client_id,
        scope,
        message.end_client,
        account_of(session, draft.register.clients.get(client_id), message.account),
        head.session,
        message.cl_ord_id,
        message.symbol,
        message.symbol_sent,
        message.side,
        message.wire_side,
        Decimal(0) if message.unit is Unit.CASH else quantity,
        unit,
        message.currency,
        cash,
        message.ord_type,
        message.price,
        message.time_in_force,
        None,
        message.expire_time,
        local_date(message.expire_date) if message.expire_date else "",
        message.min_qty,
        message.quote_id,
        message.quote_resp_id,
        status,
        draft.event.seq,
        draft.event.at,
        ((message.cl_ord_id, head.digest),),
        deliver_to=head.on_behalf_of,
        deliver_to_sub=head.on_behalf_of_sub,
        cancel_on_disconnect="o" in message.exec_inst.split(),
    )


def _refuse(draft: Draft, case: OrderCase, scope: str, failed: Finding) -> None:
    message, refusal = case.order, failed.refusal
    assert refusal is not None
    if refusal in quoting.BUSINESS:
        draft.business_reject(message.head, message.cl_ord_id, refusal, failed.tag, failed.detail)
        return
    if refusal is Refusal.DUPLICATE:
        text = f"DUPLICATE {failed.detail}"
    else:
        text = wording(refusal, failed.tag, failed.detail)
    order = _order(draft, message, case.session, scope, REJECTED)
    order = structs.replace(order, last_text=text)
    fills.say_refused(draft, order, refusal, text)
    if refusal is not Refusal.DUPLICATE:
        draft.uses.append(
            IdUse(
                scope,
                message.cl_ord_id,
                "D",
                "NONE",
                message.head.digest,
                False,
                refusal.name,
                text,
            )
        )
        if case.quote is not None:
            _after_refused_hit(draft, case)


def _after_refused_hit(draft: Draft, case: OrderCase) -> None:
    quote = draft.quote(case.quote.quote_id) if case.quote else None
    if quote is None or not quote.lives:
        return
    if case.received_at > quote.valid_until:
        if quote.firm:
            quoting.expire(draft, quote)
    else:
        quoting.refused_hit(draft, quote)


def _accept(draft: Draft, case: OrderCase, scope: str, market: Market) -> None:
    message, instrument = case.order, case.instrument
    assert instrument is not None
    order = structs.replace(
        _order(draft, message, case.session, scope, NEW),
        order_id=draft.ids.next("O"),
        expire_at=case.expire_at,
    )
    if order.cash_order_qty is not None and case.base_quantity is not None:
        order = structs.replace(order, quantity=case.base_quantity)
    draft.uses.append(IdUse(scope, order.cl_ord_id, "D", order.order_id, message.head.digest, True))
    if message.ord_type == PREVIOUSLY_QUOTED:
        _deal_quote(draft, case, order, market)
    elif message.ord_type == MARKET:
        _deal_market(draft, case, order, market)
    else:
        _deal_limit(draft, case, order, market)


def _deal_quote(draft: Draft, case: OrderCase, order: Order, market: Market) -> None:
    quote, px = case.quote, case.price
    assert quote is not None
    assert px is not None
    fills.say_new(draft, order)
    if case.rung_left is None:
        quoting.dealt(draft, quote)
    else:
        rungs.dealt(draft, case, order.quantity)
    fills.fill(draft, order, market, order.quantity, px, quote.mid, case.last_look)
    if case.rung_left is None:
        quoting.end_siblings(draft, quote)
        quote_streams.end_line(draft, quote)
    else:
        rungs.explain(draft, case, draft.trades[-1].exec_id)


def _deal_market(draft: Draft, case: OrderCase, order: Order, market: Market) -> None:
    fills.say_new(draft, order)
    worst = case.worst
    assert worst is not None
    after = execute(draft, order, market, worst)
    if after.is_open:
        fills.close(draft, after, CANCELED, "CANCELED", text="no more within the price")


def _deal_limit(draft: Draft, case: OrderCase, order: Order, market: Market) -> None:
    """A limit order: what goes now, then the rest rests or is cancelled (A9, R16)."""
    instrument = case.instrument
    assert instrument is not None
    assert case.need is not None
    worst = order.price
    assert worst is not None
    draft.post(holds.place(order.client_id, case.need_asset, case.need))
    order = structs.replace(order, held_asset=case.need_asset, held=case.need)
    draft.put_order(order)
    fills.say_new(draft, order)
    after = execute(draft, order, market, worst)
    if not after.is_open:
        return
    if order.time_in_force in (FOK, IOC):
        text = "FOK" if order.time_in_force == FOK else "IOC"
        fills.close(draft, after, CANCELED, "CANCELED", text=text)
    elif after.expire_at is not None:
        draft.timer(after.expire_at, "order", after.order_id)
