"""Executing orders against the desk's own price for their client (R16)."""

from decimal import Decimal

from otcfix.desk import fills
from otcfix.desk.authority import order_forbidden
from otcfix.desk.draft import Draft
from otcfix.desk.market import Market
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Unit
from otcfix.model.money import to_multiple
from otcfix.model.order import FOK, LIMIT, Order
from otcfix.pricing import Priced
from otcfix.pricing.client_price import no_worse


def execute(
    draft: Draft,
    order: Order,
    market: Market,
    worst: Decimal,
    *,
    resting: bool = False,
) -> Order:
    """Fill what q* of R16 allows at no worse than *worst*; returns the order as it stands then.

    FOK fills all or nothing; IOC and market orders fill once; a resting order fills when q* is
    all of LeavesQty or reaches the instrument's partial_min. MinQty(110) binds the first fill.
    """
    instrument = market.instrument
    found = _size(order, market, worst)
    if found is None:
        return order
    quantity, priced = found
    px = priced.price
    leaves = order.quantity - order.cum_qty
    if quantity < leaves:
        if order.time_in_force == FOK:
            return order
        if resting and quantity < _smallest(order, instrument, px):
            return order
    if order.min_qty and not order.cum_qty and quantity < order.min_qty:
        return order
    if not fills.can_pay(draft, order, instrument, market.tier, quantity, px):
        return order
    after = fills.fill(draft, order, market, quantity, px)
    exec_id = draft.trades[-1].exec_id
    draft.explanations.append(market.explain(exec_id, ((order.side, priced),)))
    return after


def _smallest(order: Order, instrument: Instrument, px: Decimal) -> Decimal:
    least = instrument.partial_min
    return least * px if order.unit is Unit.TERMS else least


def _size(order: Order, market: Market, worst: Decimal) -> tuple[Decimal, Priced] | None:
    """(quantity in the order's unit, price) of the largest fill; None when nothing goes."""
    best = market.best(order.side)
    if best is None:
        return None
    instrument = market.instrument
    leaves = order.quantity - order.cum_qty
    whole = market.price(order.side, leaves, order.unit)
    if isinstance(whole, Priced) and no_worse(whole.price, worst, order.side):
        return leaves, whole
    # In terms the base that all of it would be is not known when depth is short: bound it by
    # the best price, which buys the most base a buyer can get and the least a seller must give.
    most = leaves / best if order.unit is Unit.TERMS else leaves
    base = market.largest(order.side, most, worst)
    while base > 0:
        part = market.price(order.side, base)
        if isinstance(part, Priced) and no_worse(part.price, worst, order.side):
            if order.unit is not Unit.TERMS:
                return base, part
            # Down: rounded up, the terms would be worth more base than the depth shows.
            terms = to_multiple(base * part.price, instrument.terms_step)
            return (terms, part) if 0 < terms < leaves else None
        # Division cut the size at 28 digits; one lot less is within the price for certain.
        base = to_multiple(base - instrument.lot, instrument.lot)
    return None


def match_resting(draft: Draft, symbol: str) -> None:
    """RatesMoved: try the symbol's resting orders in the order of their acceptance (R16)."""
    instrument = draft.register.instruments.get(symbol)
    if instrument is None or draft.rates(symbol) is None or draft.state.halted:
        return
    if draft.state.instrument_state(symbol) != "OPEN":
        return
    for order_id in tuple(draft.state.resting.get(symbol, ())):
        order = draft.order(order_id)
        if order is None or not order.is_open or order.price is None:
            continue
        if not may_fill(draft, order):
            continue
        market = Market(draft, instrument, draft.register.clients[order.client_id])
        execute(draft, order, market, order.price, resting=True)


def may_fill(draft: Draft, order: Order) -> bool:
    """Whether a resting order may execute now: it is not past its expiry, its client may deal.

    While a change of its client waits to be screened, it rests.
    """
    if order.expire_at is not None and order.expire_at <= draft.event.at:
        return False
    return order.ord_type == LIMIT and not order_forbidden(draft, order)
