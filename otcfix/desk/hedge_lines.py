"""Lines to venues that break and come back, orders without an answer, and what staff covers."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk import hedging
from otcfix.desk.cover import ZERO, plain
from otcfix.desk.draft import Draft
from otcfix.desk.hedge_course import (
    PRICE_END,
    ask,
    book_rest,
    end,
    is_given_up,
    unbookable,
    unfreeze,
)
from otcfix.desk.hedging import VENUE_UP, Cause
from otcfix.desk.market import Reference, reference
from otcfix.model.hedge import (
    BAND,
    CANCELED,
    FILLED,
    UNKNOWN,
    Hedge,
    HedgeOrder,
    HedgeRule,
    SettleHedge,
    VenueDown,
    VenueUp,
)
from otcfix.model.instrument import Instrument
from otcfix.model.money import is_multiple


def on_venue_up(draft: Draft, up: VenueUp) -> None:
    """Ask about every order that has not ended there, before anything is sent again.

    One that was never handed over is asked about as well: that costs a round trip and is always
    right, since a desk that was killed does not know what it had sent. What still waits for
    another venue, whose line is down, and was never decided to be sent, may go here instead.
    What could not be read starts no new count of questions: it may be the answer to one of them.
    """
    if up.unread:
        for order in tuple(hedging.open_orders(draft)):
            if order.venue == up.venue and not is_given_up(draft, order):
                ask(draft, order)
        return
    draft.move(VENUE_UP, up.venue, 1)
    for order in tuple(hedging.open_orders(draft)):
        if order.venue == up.venue:
            ask(draft, structs.replace(order, asks=0, late=0))
        elif _may_move(draft, order, up.venue):
            end(draft, order, CANCELED, f"never sent: {order.venue} is not connected")


def _may_move(draft: Draft, order: HedgeOrder, venue: str) -> bool:
    rule = hedging.rule_of(draft, order.symbol)
    return (
        not order.sends
        and not hedging.is_up(draft, order.venue)
        and order.attempt < rule.attempts_max
        and venue in rule.venues
        and hedging.fits(draft, rule, venue, order.side, order.quantity)
    )


def on_venue_down(draft: Draft, down: VenueDown) -> None:
    """What is open there is unknown until the venue is back and has answered."""
    draft.move(VENUE_UP, down.venue, 0)
    for order in tuple(hedging.open_orders(draft)):
        if order.venue == down.venue:
            _lose_sight(draft, order)


def forget_lines(draft: Draft) -> None:
    """A start: no line is up, and a kill may have fallen between the commit and the sending."""
    for venue in sorted(draft.state.words.get(VENUE_UP, {})):
        draft.move(VENUE_UP, venue, 0)
    for order in tuple(hedging.open_orders(draft)):
        _lose_sight(draft, order)


def _lose_sight(draft: Draft, order: HedgeOrder) -> None:
    draft.hedges[order.hedge_id] = structs.replace(order, status=UNKNOWN, due=0)


def on_answer_due(draft: Draft, hedge_id: str) -> None:
    """The venue has said nothing about the order for too long."""
    order = hedging.hedge_of(draft, hedge_id)
    if order is not None and order.is_open:
        ask(draft, order)


# -- staff -------------------------------------------------------------------------------------


def on_hedge(draft: Draft, command: Hedge) -> None:
    """Staff covers by hand: one order, to a venue that is connected. Allowed while frozen."""
    symbol, quantity = command.symbol, command.quantity
    instrument = draft.register.instruments.get(symbol)
    if instrument is None:
        draft.alerts.append(f"refused: no instrument {symbol}")
        return
    rule = hedging.rule_of(draft, symbol)
    lot = hedging.lot_of(rule, instrument)
    if not quantity.is_finite() or quantity <= 0 or not is_multiple(quantity, lot):
        draft.alerts.append(f"refused: {quantity} is no multiple of the lot {plain(lot)}")
        return
    venue = command.venue or hedging.choose_venue(draft, rule, command.side, quantity)
    why = _venue_refused(draft, rule, command, venue)
    if why:
        draft.alerts.append(f"refused: {why}")
        return
    market = reference(draft, instrument)
    price = _price(rule, command, instrument, market)
    if isinstance(price, str):
        draft.alerts.append(f"refused: {price}")
        return
    mid = market.mid if market else price
    cause = Cause(draft.ids.next("C"), mid)
    hedging.put(draft, rule, venue, command.side, quantity, price, cause)


def _venue_refused(draft: Draft, rule: HedgeRule, command: Hedge, venue: str) -> str:
    if not venue:
        return f"no venue for {command.symbol}: name one, or see its exposure_max"
    if venue not in draft.register.hedge_venues:
        return f"no hedge venue {venue}"
    if not hedging.is_up(draft, venue):
        return f"{venue} is not connected"
    if not hedging.fits(draft, rule, venue, command.side, command.quantity):
        return f"{venue} would be beyond its exposure_max of {plain(rule.exposure_max)}"
    return ""


def _price(
    rule: HedgeRule, command: Hedge, instrument: Instrument, market: Reference | None
) -> Decimal | str:
    """The limit of a cover by hand, or why there is none."""
    if command.price is None:
        if market is None:
            return f"no fresh rates of {command.symbol}: name a price"
        price = hedging.limit_price(rule, instrument, command.side, market)
        return price if price > 0 else f"its limit would be {price}"
    price = command.price
    if not price.is_finite() or price <= 0 or not is_multiple(price, instrument.tick):
        return f"{price} is no multiple of the tick {plain(instrument.tick)}"
    return price


def on_settle_hedge(draft: Draft, command: SettleHedge) -> None:
    """Staff learnt from the venue how an order ended: the difference is booked, the order ends.

    Less than is booked takes the rest back, as for a bust that was never told. What is left
    uncovered is told and, in a band, covered again.
    """
    order = hedging.hedge_of(draft, command.hedge_id)
    if order is None:
        draft.alerts.append(f"refused: no hedge {command.hedge_id}")
        return
    cum, px = command.cum_qty, command.avg_px or ZERO
    if not cum.is_finite() or not px.is_finite() or not 0 <= cum <= order.quantity:
        draft.alerts.append(f"refused: {cum} filled is not within 0 to {plain(order.quantity)}")
        return
    after: HedgeOrder | None = order
    more, value = cum - order.cum_qty, px * cum - order.cum_value
    if more:
        if value * more <= 0:
            draft.alerts.append("refused: no average price that fits what is booked")
            return
        why = unbookable(draft, order, more, value)
        if why or value / more >= PRICE_END:
            draft.alerts.append(f"refused: {why or 'no such price'}")
            return
        after = book_rest(draft, order, cum, value, f"M:{draft.ids.next('M')}")
    if after is None:
        return
    status = FILLED if cum >= order.quantity else CANCELED
    draft.hedges[order.hedge_id] = structs.replace(after, status=status, due=0, text=command.why)
    unfreeze(draft, order)
    if hedging.rule_of(draft, order.symbol).mode == BAND:
        hedging.cover_band(draft, order.symbol, Cause(draft.ids.next("B"), order.mid))
    elif cum < order.quantity and (order.is_open or more < 0):
        left = order.quantity - cum
        why = f"settled by {command.by}"
        hedging.uncovered(draft, order.symbol, order.side, left, why)
