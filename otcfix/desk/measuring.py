"""What an order is measured by before the gate: market, price, size, notional, position, funds."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from otcfix.desk.draft import Draft
from otcfix.desk.leaves import smaller
from otcfix.desk.lookups import resting_base
from otcfix.desk.market import Market
from otcfix.gate import OrderCase
from otcfix.ledger import holds
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.money import from_minor, to_multiple
from otcfix.model.order import FOK, LIMIT, MARKET, PREVIOUSLY_QUOTED
from otcfix.model.party import Tier
from otcfix.model.pricing import NO_LOOK
from otcfix.model.refusal import Refusal
from otcfix.pricing import Priced
from otcfix.pricing.client_price import no_worse
from otcfix.pricing.firmness import look

BPS = Decimal(10_000)


def prepare(draft: Draft, case: OrderCase, increase: Decimal | None = None) -> Market | None:
    """Lay price, size, notional, position and funds before the gate.

    increase: for a replace, how much more it asks for in the order's unit; limits see only that.
    """
    instrument, client = case.instrument, case.client
    if instrument is None or client is None or client.tier not in draft.register.tiers:
        return None
    market = Market(draft, instrument, client)
    measure(draft, case, market, increase)
    return market


def measure(draft: Draft, case: OrderCase, market: Market, increase: Decimal | None = None) -> None:
    """`prepare` with the *market* that there is."""
    instrument, tier, message = market.instrument, market.tier, case.order
    rate = draft.conversion(instrument.base.code)
    terms_rate = draft.conversion(instrument.terms.code)
    case.conversion = rate if terms_rate is not None else None
    # An order has no row of its own for an unstable market: there is no price then.
    case.pricing_refusal = market.refusal and Refusal.NO_PRICE
    case.mid = market.mid
    quantity = message.quantity if increase is None else increase
    if quantity is None or quantity < 0 or message.unit in (Unit.UNKNOWN, Unit.BOTH):
        return
    if quantity == 0 and increase is None:
        return
    px = _dealing_price(case, market, quantity)
    if px is None or px <= 0:
        if message.unit is Unit.BASE:  # size, notional and position need no price of the order
            case.base_quantity = quantity
            _measure(draft, case, instrument, tier, None, quantity)
        return
    base = _base_of(quantity, message.unit, px, instrument)
    if message.unit is Unit.CASH and base <= 0:
        case.pricing_refusal = case.pricing_refusal or Refusal.BAD_QUANTITY
    case.base_quantity = base
    _measure(draft, case, instrument, tier, px, quantity)


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
        _look(case, market, quantity)
        return case.quoted_price
    if message.ord_type == LIMIT:
        return message.price
    best = market.best(message.side)
    if best is None or instrument is None or message.ord_type != MARKET:
        return None
    case.worst = worst_price(case, best, instrument)
    found = market.price(message.side, quantity, message.unit)
    if isinstance(found, Priced):
        case.price = found.price
        if not no_worse(found.price, case.worst, message.side):
            _judge_market(case, market, found.base)
        return found.price
    if found is Refusal.BAD_QUANTITY:
        case.pricing_refusal = found
        return market.mid
    if found is Refusal.PASS and message.time_in_force == FOK:
        case.depth_short = True  # orders have no row for a desk that declines
        return case.worst
    # Not enough depth for all: what there is may still go, if the order takes less than all.
    available = market.shown(message.side)
    if message.unit is not Unit.BASE or message.time_in_force == FOK or available <= 0:
        case.depth_short = True
        return case.worst
    _judge_market(case, market, quantity)
    return case.worst


def _look(case: OrderCase, market: Market, quantity: Decimal) -> None:
    """R19: what the hit of a quote deals at. The present price is asked for only where the rule
    looks at it; funds are measured at the quoted price, than which no deal is dearer."""
    quote, quoted, side = case.quote, case.quoted_price, case.order.side
    if quote is None or quoted is None:
        return
    current: Decimal | None = None
    if quote.firmness.last_look != NO_LOOK:
        now = market.price(side, quantity, case.order.unit)
        current = now.price if isinstance(now, Priced) else None
    case.last_look, found = look(quote.firmness, side, quoted, current)
    if isinstance(found, Refusal):
        case.look_refused = True
    else:
        case.price = found


def _judge_market(case: OrderCase, market: Market, base: Decimal) -> None:
    """R5: how much of a market order goes within its worst price; none of it is a refusal."""
    worst, message = case.worst, case.order
    if worst is None:
        return
    fits = market.largest(message.side, base, worst)
    needed = (
        base
        if message.time_in_force == FOK or message.unit is not Unit.BASE
        else (message.min_qty or market.instrument.lot)
    )
    case.price_moved = fits < min(needed, base)


def worst_price(case: OrderCase, best: Decimal, instrument: Instrument) -> Decimal:
    """R5: the stricter of 2676 and 44, or the client's default slippage; towards the reference,
    which is *best*, the composite's best opposite price.

    Units: terms per base, on the tick. 2676 is a fraction of the reference, not a per cent.
    """
    message, client = case.order, case.client
    buys = message.side is Side.BUY
    start = best
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
    # What already rests on the same side may fill as well: together they reduce, or keep the limit.
    rests = resting_base(draft, client.client_id, instrument, message.side)
    held = from_minor(draft.position(client.client_id, instrument.base.code), instrument.base)
    reach = base + rests
    case.authority.reduces = smaller(held, message.side, reach) if reach >= 0 else None
    if rate is not None:
        case.notional = base * rate
        case.position_before = held * rate
        step = case.notional + rests * rate
        case.position_after = case.position_before + (step if message.side is Side.BUY else -step)
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
