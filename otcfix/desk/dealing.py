"""NewOrderSingle, and the hit of a QuoteResponse: from the message to the fill or the refusal."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from msgspec import structs

from otcfix.desk import fills, quoting
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import (
    duplicate_text,
    position_value,
    prior_use,
    quote_of,
    scope_of,
    throttled,
)
from otcfix.desk.matching import execute
from otcfix.gate import ORDER_CHECKS, OrderCase, judge
from otcfix.ledger import holds
from otcfix.model.event import IdUse
from otcfix.model.instrument import Instrument
from otcfix.model.messages import NewOrderSingle, Side, Unit
from otcfix.model.money import to_multiple
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
from otcfix.model.party import Session, Tier
from otcfix.model.quote import INDICATIVE
from otcfix.model.refusal import Refusal, wording
from otcfix.model.time import Instant, local_date
from otcfix.model.verdict import Finding
from otcfix.pricing import Priced, Reference, client_side, largest, price, reference, shown
from otcfix.pricing.sweep import Depth
from otcfix.settlement.calendar import day_end

BPS = Decimal(10_000)


class Market:
    """The stamped market as one order sees it: reference, depth on its side, its tier."""

    __slots__ = ("levels", "ref", "refusal", "tier")

    def __init__(self, draft: Draft, instrument: Instrument, tier: Tier, side: Side) -> None:
        rates = draft.rates(instrument.symbol)
        found = reference(rates, instrument, draft.event.at)
        self.tier = tier
        self.ref: Reference | None = None
        self.refusal: Refusal | None = None
        self.levels: Depth = []
        if isinstance(found, Reference) and rates is not None:
            self.ref = found
            self.levels = client_side(rates, instrument, side, draft.event.at, draft.taken_depth())
        else:
            # An order has no row of its own for an unstable market: there is no price then.
            self.refusal = Refusal.NO_PRICE


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
    case.throttled = throttled(draft, session, head)
    if prior:
        case.duplicate = duplicate_text(prior)
    market = prepare(draft, case)
    verdict = judge(ORDER_CHECKS, case)
    draft.verdicts.append(verdict)
    if verdict.failed is not None:
        _refuse(draft, case, scope, verdict.failed)
        return
    if case.instrument is not None and market is not None:
        _accept(draft, case, scope, market)


def order_case(draft: Draft, message: NewOrderSingle, session: Session) -> OrderCase:
    """Look up what the gate needs, but for price and funds."""
    register, state = draft.register, draft.state
    instrument = register.instruments.get(message.symbol)
    assert register.desk is not None
    case = OrderCase(
        head=message.head,
        session=session,
        client=register.clients.get(session.client_id),
        client_id=session.client_id,
        received_at=draft.event.received_at,
        desk=register.desk,
        halted=state.halted,
        throttled=False,
        session_enabled=state.session_enabled(session.key),
        account=message.account or session.account,
        end_client=message.end_client,
        instrument=instrument,
        instrument_state=state.instrument_state(message.symbol) if instrument else "",
        settl_date=draft.trade_dates(instrument)[1] if instrument else None,
        order=message,
        open_orders=state.open_orders.get(session.client_id, 0),
    )
    if message.ord_type == PREVIOUSLY_QUOTED and message.quote_id:
        case.quote = quote_of(draft, session.client_id, message.quote_id)
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


def prepare(draft: Draft, case: OrderCase, increase: Decimal | None = None) -> Market | None:
    """Lay price, size, notional, position and funds before the gate.

    increase: for a replace, how much more it asks for in the order's unit; limits see only that.
    """
    instrument, client, message = case.instrument, case.client, case.order
    tier = draft.register.tiers.get(client.tier) if client else None
    if instrument is None or client is None or tier is None:
        return None
    market = Market(draft, instrument, tier, message.side)
    rate = draft.conversion(instrument.base.code)
    terms_rate = draft.conversion(instrument.terms.code)
    case.conversion = rate if terms_rate is not None else None
    case.pricing_refusal = market.refusal
    if market.ref is not None:
        case.mid = market.ref.mid
    quantity = message.quantity if increase is None else increase
    if quantity is None or quantity < 0 or message.unit in (Unit.UNKNOWN, Unit.BOTH):
        return market
    if quantity == 0 and increase is None:
        return market
    px = _dealing_price(case, market, quantity)
    if px is None or px <= 0:
        if message.unit is Unit.BASE:  # size, notional and position need no price of the order
            case.base_quantity = quantity
            _measure(draft, case, instrument, tier, None, quantity)
        return market
    base = _base_of(quantity, message.unit, px, instrument)
    if message.unit is Unit.CASH and base <= 0:
        case.pricing_refusal = case.pricing_refusal or Refusal.BAD_QUANTITY
    case.base_quantity = base
    _measure(draft, case, instrument, tier, px, quantity)
    return market


def _base_of(quantity: Decimal, unit: Unit, px: Decimal, instrument: Instrument) -> Decimal:
    if unit is Unit.BASE:
        return quantity
    if unit is Unit.CASH:
        return to_multiple(quantity / px, instrument.lot, ROUND_DOWN)
    return quantity / px


def _dealing_price(case: OrderCase, market: Market, quantity: Decimal) -> Decimal | None:
    """The price that size and funds are measured at: quoted, limit, or the client's price now."""
    message, instrument = case.order, case.instrument
    if message.ord_type == PREVIOUSLY_QUOTED:
        return case.quoted_price
    if message.ord_type == LIMIT:
        return message.price
    if market.ref is None or instrument is None or message.ord_type != MARKET:
        return None
    case.worst = worst_price(case, market.ref, instrument)
    found = price(
        market.levels, market.ref, instrument, market.tier, message.side, quantity, message.unit
    )
    if isinstance(found, Priced):
        case.price = found.price
        _judge_market(case, market, instrument, found.base)
        return found.price
    if found is Refusal.BAD_QUANTITY:
        case.pricing_refusal = found
        return market.ref.mid
    # Not enough depth for all: what there is may still go, if the order takes less than all.
    available = shown(market.levels)
    if message.unit is not Unit.BASE or message.time_in_force == FOK or available <= 0:
        case.depth_short = True
        return case.worst
    _judge_market(case, market, instrument, quantity)
    return case.worst


def _judge_market(case: OrderCase, market: Market, instrument: Instrument, base: Decimal) -> None:
    """R5: how much of a market order goes within its worst price; none of it is a refusal."""
    worst, ref = case.worst, market.ref
    if worst is None or ref is None:
        return
    message = case.order
    fits = largest(market.levels, ref, instrument, market.tier, message.side, base, worst)
    needed = (
        base
        if message.time_in_force == FOK or message.unit is not Unit.BASE
        else (message.min_qty or instrument.lot)
    )
    case.price_moved = fits < min(needed, base)


def worst_price(case: OrderCase, ref: Reference, instrument: Instrument) -> Decimal:
    """R5: the stricter of 2676 and 44, or the client's default slippage; towards the reference.

    Units: terms per base, on the tick. 2676 is a fraction of the reference, not a per cent.
    """
    message, client = case.order, case.client
    buys = message.side is Side.BUY
    start = ref.offer if buys else ref.bid
    deviation = message.max_price_deviation
    if deviation is None and message.price is None and client is not None:
        deviation = client.slippage_default_bps / BPS
    found: list[Decimal] = []
    if deviation is not None:
        raw = start * (1 + deviation if buys else 1 - deviation)
        found.append(to_multiple(raw, instrument.tick, ROUND_FLOOR if buys else ROUND_CEILING))
    if message.price is not None:
        found.append(message.price)
    return min(found) if buys else max(found)


def _measure(
    draft: Draft,
    case: OrderCase,
    instrument: Instrument,
    tier: Tier,
    px: Decimal | None,
    quantity: Decimal,
) -> None:
    client, message, base = case.client, case.order, case.base_quantity
    rate = draft.conversion(instrument.base.code)
    if client is None or base is None:
        return
    if rate is not None:
        case.notional = base * rate
        case.position_before = position_value(draft, client, instrument, rate)
        step = case.notional if message.side is Side.BUY else -case.notional
        case.position_after = case.position_before + step
    if px is None or base > 2 * instrument.qty_max:
        return  # refused as too large; an amount that fits no account is not measured
    unit = Unit.TERMS if message.unit is Unit.TERMS else Unit.BASE
    amount = quantity if unit is Unit.TERMS else base
    case.need_asset, case.need = holds.hold_for(
        instrument, message.side, amount, unit, px, tier.fee_bps
    )
    # A limit order's hold is taken from what is available, whenever its fills will settle.
    today = instrument.settl_days == 0 or message.ord_type == LIMIT
    case.free = draft.free(client.client_id, case.need_asset, same_day=today)


def _order(
    draft: Draft, message: NewOrderSingle, session: Session, scope: str, status: str
) -> Order:
    head = message.head
    unit = Unit.TERMS if message.unit is Unit.TERMS else Unit.BASE
    cash = message.quantity if message.unit is Unit.CASH else None
    quantity = message.quantity if message.quantity is not None else Decimal(0)
    return Order(
        "NONE",
        session.client_id,
        scope,
        message.end_client,
        message.account or session.account,
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
        cancel_on_disconnect=session.cancel_on_disconnect or "o" in message.exec_inst.split(),
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
    quote, px, instrument = case.quote, case.quoted_price, case.instrument
    assert quote is not None
    assert px is not None
    assert instrument is not None
    fills.say_new(draft, order)
    quoting.dealt(draft, quote)
    mid = market.ref.mid if market.ref else quote.mid
    fills.fill(draft, order, instrument, market.tier, order.quantity, px, mid, market.levels)
    quoting.end_siblings(draft, quote)


def _deal_market(draft: Draft, case: OrderCase, order: Order, market: Market) -> None:
    fills.say_new(draft, order)
    worst = case.worst
    assert worst is not None
    after = execute(draft, order, market.levels, market.ref, market.tier, worst)
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
    after = execute(draft, order, market.levels, market.ref, market.tier, worst)
    if not after.is_open:
        return
    if order.time_in_force in (FOK, IOC):
        text = "FOK" if order.time_in_force == FOK else "IOC"
        fills.close(draft, after, CANCELED, "CANCELED", text=text)
    elif after.expire_at is not None:
        draft.timer(after.expire_at, "order", after.order_id)
