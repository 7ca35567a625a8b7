"""One fill: the trade, its transfers, its reports. And the other reports on an order."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk.draft import Draft
from otcfix.desk.market import Market
from otcfix.ledger import holds
from otcfix.ledger.posting import fee_amount, transfers_for_trade
from otcfix.model.instrument import Instrument
from otcfix.model.ledger import Obligation
from otcfix.model.messages import Head, Side, Unit
from otcfix.model.money import round_amount, to_minor
from otcfix.model.order import FILLED, PARTIAL, Order
from otcfix.model.party import Tier
from otcfix.model.refusal import Refusal
from otcfix.model.replies import ExecutionReport
from otcfix.model.time import local_date
from otcfix.model.trade import Trade
from otcfix.pricing.firmness import NONE
from otcfix.pricing.sweep import take
from otcfix.settlement.calendar import value_date_starts


def amounts(
    order: Order, instrument: Instrument, last_qty: Decimal, px: Decimal
) -> tuple[Decimal, Decimal]:
    """The legs of a fill: (base, terms), ROUND_HALF_UP to their minor units (R20)."""
    if order.unit is Unit.TERMS:
        return round_amount(last_qty / px, instrument.base), round_amount(
            last_qty, instrument.terms
        )
    return round_amount(last_qty, instrument.base), round_amount(last_qty * px, instrument.terms)


def cost_of(
    order: Order, instrument: Instrument, last_qty: Decimal, px: Decimal, fee_bps: Decimal
) -> tuple[str, int]:
    """What the client gives for a fill, his fee included when he pays in terms. Minor units."""
    base, terms = amounts(order, instrument, last_qty, px)
    if order.side is Side.SELL:
        return instrument.base.code, to_minor(base, instrument.base)
    fee = round_amount(fee_amount(terms, fee_bps), instrument.terms)
    return instrument.terms.code, to_minor(terms + fee, instrument.terms)


def can_pay(
    draft: Draft, order: Order, instrument: Instrument, tier: Tier, last_qty: Decimal, px: Decimal
) -> bool:
    """Whether the order's hold and what is free cover a fill to the last minor unit.

    Rounding each part of an order may ask for a minor unit more than its hold keeps.
    """
    asset, cost = cost_of(order, instrument, last_qty, px, tier.fee_bps)
    same_day = instrument.settl_days == 0
    free = draft.free(order.client_id, asset, same_day=same_day)
    return cost <= order.held + free


def fill(
    draft: Draft,
    order: Order,
    market: Market,
    last_qty: Decimal,
    px: Decimal,
    mid: Decimal | None = None,
    last_look: str = NONE,
) -> Order:
    """Deal *last_qty* of *order* at *px*; returns the order as it stands then.

    Posts the trade, gives back what the hold no longer needs, notes obligations of a later value
    date, takes the depth, and says the ExecutionReport.
    Units: last_qty in the order's unit; px and mid in terms per base. mid: what the spread is
    measured from where the market has none any more.
    """
    instrument, tier = market.instrument, market.tier
    middle = market.mid or mid
    assert middle is not None
    legs = amounts(order, instrument, last_qty, px)
    trade = _trade(draft, order, instrument, tier, legs, px, middle, last_look)
    base, terms, fee = trade.base_amount, trade.terms_amount, trade.fee
    after = structs.replace(
        order,
        cum_qty=order.cum_qty + last_qty,
        cum_value=order.cum_value + last_qty * px,
        status=FILLED if order.cum_qty + last_qty >= order.quantity else PARTIAL,
        gross=order.gross + terms,
        fees=order.fees + fee,
        trade_date=trade.trade_date,
        settl_date=trade.settl_date,
    )
    after = _post(draft, trade, after, instrument, tier)
    draft.trades.append(trade)
    draft.put_order(after)
    taken = draft.taken_depth()
    for gone in take(market.levels(order.side), base, instrument.symbol, order.side, taken):
        draft.take(gone)
    in_terms = order.unit is Unit.TERMS
    draft.say(
        ExecutionReport(
            after.session,
            "TRADE",
            trade.exec_id,
            after,
            after.cl_ord_id,
            draft.event.at,
            last_qty=last_qty,
            last_px=px,
            gross=terms,
            contra=base if in_terms else terms,
            contra_asset=(instrument.base if in_terms else instrument.terms).code,
            fee=fee or None,
            fee_asset=instrument.terms.code,
            trade_date=trade.trade_date,
            settl_date=trade.settl_date,
            quote_resp_id=after.quote_resp_id,
        )
    )
    return after


def _trade(
    draft: Draft,
    order: Order,
    instrument: Instrument,
    tier: Tier,
    legs: tuple[Decimal, Decimal],
    px: Decimal,
    mid: Decimal,
    last_look: str,
) -> Trade:
    """The fill as it will stand in the book: legs, spread and fee in major units (R20)."""
    base, terms = legs
    day, value, _ = draft.trade_dates(instrument)
    away = px - mid if order.side is Side.BUY else mid - px
    return Trade(
        draft.ids.next("E"),
        order.order_id,
        order.cl_ord_id,
        order.client_id,
        order.end_client,
        order.account,
        order.session,
        instrument.symbol,
        order.side,
        base,
        terms,
        px,
        mid,
        round_amount(away * base, instrument.terms),
        round_amount(fee_amount(terms, tier.fee_bps), instrument.terms),
        order.quote_id,
        draft.event.at,
        local_date(day),
        local_date(value),
        last_look,
    )


def _post(draft: Draft, trade: Trade, order: Order, instrument: Instrument, tier: Tier) -> Order:
    """Post the legs, from the hold as far as it reaches, and free what is no longer needed."""
    same_day = instrument.settl_days == 0
    _, cost = _cost_of_trade(trade, instrument)
    if same_day:
        draft.post(transfers_for_trade(trade, instrument, same_day=True, from_held=order.held))
        held = order.held - min(order.held, cost)
    else:
        draft.post(holds.release(order.client_id, order.held_asset, order.held))
        due = trade.settl_date
        owed_before = (
            draft.owed(trade.client_id, instrument.base.code, due),
            draft.owed(trade.client_id, instrument.terms.code, due),
        )
        draft.post(transfers_for_trade(trade, instrument, same_day=False, owed=owed_before))
        held = 0
        for asset, amount in owed_by(trade, instrument):
            if amount:
                owed = Obligation(trade.client_id, asset, amount, trade.settl_date)
                draft.obligations.append(owed)
        draft.timer(_due(draft, instrument), "value_date", trade.settl_date)
    wanted = hold_wanted(order, instrument, tier)
    if not same_day and wanted:
        draft.post(holds.place(order.client_id, order.held_asset, wanted))
        held = wanted
    elif held > wanted:
        draft.post(holds.release(order.client_id, order.held_asset, held - wanted))
        held = wanted
    return structs.replace(order, held=held)


def _cost_of_trade(trade: Trade, instrument: Instrument) -> tuple[str, int]:
    if trade.side is Side.SELL:
        return instrument.base.code, to_minor(trade.base_amount, instrument.base)
    return instrument.terms.code, to_minor(trade.terms_amount + trade.fee, instrument.terms)


def owed_by(trade: Trade, instrument: Instrument) -> tuple[tuple[str, int], tuple[str, int]]:
    """What a trade brings its client of base and of terms; negative: what he gives. Minor units."""
    base = to_minor(trade.base_amount, instrument.base)
    terms = to_minor(trade.terms_amount, instrument.terms)
    fee = to_minor(trade.fee, instrument.terms)
    if trade.side is Side.BUY:
        return (instrument.base.code, base), (instrument.terms.code, -terms - fee)
    return (instrument.base.code, -base), (instrument.terms.code, terms - fee)


def _due(draft: Draft, instrument: Instrument) -> int:
    return value_date_starts(draft.trade_dates(instrument)[1])


def hold_wanted(order: Order, instrument: Instrument, tier: Tier) -> int:
    """What the hold of an order must keep for what is left of it. Minor units."""
    if not order.is_open or order.price is None or not order.held_asset:
        return 0
    leaves = order.quantity - order.cum_qty
    return holds.hold_for(instrument, order.side, leaves, order.unit, order.price, tier.fee_bps)[1]


def free_hold(draft: Draft, order: Order) -> Order:
    """Give the whole hold back."""
    draft.post(holds.release(order.client_id, order.held_asset, order.held))
    return structs.replace(order, held=0)


def close(
    draft: Draft,
    order: Order,
    status: str,
    exec_type: str,
    *,
    cl_ord_id: str = "",
    orig_cl_ord_id: str = "",
    text: str = "",
    cancel_reason: str = "",
) -> Order:
    """Cancel or expire what is left of *order*: its hold is freed, its session told."""
    after = structs.replace(free_hold(draft, order), status=status, last_text=text)
    draft.put_order(after)
    draft.say(
        ExecutionReport(
            after.session,
            exec_type,
            draft.ids.next("E"),
            after,
            cl_ord_id or after.cl_ord_id,
            draft.event.at,
            orig_cl_ord_id=orig_cl_ord_id,
            text=text,
            cancel_reason=cancel_reason,
            quote_resp_id=after.quote_resp_id,
        )
    )
    return after


def say_new(draft: Draft, order: Order) -> None:
    """The acceptance: 150=0."""
    draft.say(
        ExecutionReport(
            order.session,
            "NEW",
            draft.ids.next("E"),
            order,
            order.cl_ord_id,
            draft.event.at,
            quote_resp_id=order.quote_resp_id,
        )
    )


def say_status(draft: Draft, order: Order, head: Head, cl_ord_id: str, **extra: object) -> None:
    """How the order stands: 150=I (4.2: 20=3), to whoever asks. Nothing is executed by it."""
    shown = structs.replace(
        order, deliver_to=head.on_behalf_of, deliver_to_sub=head.on_behalf_of_sub
    )
    report = ExecutionReport(
        head.session, "STATUS", "0", shown, cl_ord_id, draft.event.at, text=order.last_text
    )
    draft.say(structs.replace(report, **extra) if extra else report)


def say_refused(draft: Draft, order: Order, refusal: Refusal, text: str) -> None:
    """The refusal of a new order: 150=8, 39=8."""
    draft.say(
        ExecutionReport(
            order.session,
            "REJECTED",
            draft.ids.next("E"),
            order,
            order.cl_ord_id,
            draft.event.at,
            refusal=refusal,
            text=text,
            quote_resp_id=order.quote_resp_id,
        )
    )
