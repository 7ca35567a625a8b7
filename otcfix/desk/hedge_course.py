"""What happens to a hedge order, whoever tells of it: it fills, it ends, it is asked about."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk import hedging
from otcfix.desk.cover import plain
from otcfix.desk.draft import Draft
from otcfix.desk.hedging import FROZEN, Cause
from otcfix.ledger import chart
from otcfix.ledger.hedge_posting import transfers_for_hedge
from otcfix.model.hedge import BUSTED, FILLED, STATUS, HedgeFill, HedgeOrder, VenueRequest
from otcfix.model.messages import Side
from otcfix.model.money import AMOUNT_MAX, from_minor, round_amount

ASKS_MAX = 3
"""Questions about an order (35=H) that may pass without the venue moving it."""

EXACT_ENOUGH = Decimal("1E-12")
PRICE_END = Decimal("1E15")
"""No price is as high; what comes to one cannot be written EXACT_ENOUGH."""


def book(
    draft: Draft, order: HedgeOrder, exec_id: str, quantity: Decimal, px: Decimal, value: Decimal
) -> HedgeOrder | None:
    """Book a fill of *quantity* (base) worth *value* (terms); returns the order as it stands then.

    Negative amounts take a fill back. None, and an alert, when the instrument is no longer known.
    Rounds: amounts ROUND_HALF_UP to their minor units, as they are posted.
    """
    instrument = draft.register.instruments.get(order.symbol)
    if instrument is None:
        why = f"{order.symbol} is no instrument any more"
        draft.alerts.append(f"{order.venue}: {order.hedge_id} {exec_id} not booked: {why}")
        freeze(draft, order, why)
        return None
    fill = HedgeFill(
        exec_id=exec_id,
        venue=order.venue,
        hedge_id=order.hedge_id,
        symbol=order.symbol,
        side=order.side,
        base_amount=round_amount(quantity, instrument.base),
        terms_amount=round_amount(value, instrument.terms),
        price=px,
        mid=order.mid,
        at=draft.event.at,
        status=BUSTED if quantity < 0 else "",
    )
    draft.post(transfers_for_hedge(fill, instrument))
    draft.hedge_fills.append(fill)
    after = structs.replace(
        order, cum_qty=order.cum_qty + quantity, cum_value=order.cum_value + value
    )
    draft.hedges[order.hedge_id] = after
    if quantity > 0:
        _tell_strange(draft, after, px)
    return after


def unbookable(draft: Draft, order: HedgeOrder, quantity: Decimal, value: Decimal) -> str:
    """Why a fill of *quantity* (base) worth *value* (terms) has no room in the accounts, or "".

    Whatever a venue says, its report must end in a decision: an account holds 64 bits.
    """
    instrument = draft.register.instruments.get(order.symbol)
    if instrument is None:
        return ""  # `book` tells
    legs = ((instrument.base, quantity), (instrument.terms, value))
    for asset, amount in (*legs, (instrument.terms, order.mid * quantity)):
        accounts = (
            chart.venue_account(order.venue, asset.code),
            chart.desk_account(chart.POSITION, asset.code),
            chart.desk_account(chart.PNL, asset.code),
        )
        used = max(abs(draft.balance(name)) for name in accounts)
        # The terms leg and its spread may both move the desk's position.
        if 2 * abs(amount) >= from_minor(max(AMOUNT_MAX - used, 0), asset):
            return f"{plain(quantity)} worth {plain(value)} does not fit an account"
    return ""


def _tell_strange(draft: Draft, order: HedgeOrder, px: Decimal) -> None:
    worse = px > order.price if order.side is Side.BUY else px < order.price
    if worse:
        draft.alerts.append(
            f"{order.hedge_id}: filled at {plain(px)}, worse than {plain(order.price)}"
        )
    if order.cum_qty > order.quantity:
        draft.alerts.append(
            f"{order.hedge_id}: {plain(order.cum_qty)} filled of {plain(order.quantity)}"
        )


def book_rest(
    draft: Draft, order: HedgeOrder, cum: Decimal, value: Decimal, exec_id: str = ""
) -> HedgeOrder | None:
    """Book what *cum* (base) differs from what is booked; *value* is that difference in terms.

    Its executions were never told, so unless *exec_id* names it the sum that it leads to does.
    """
    more = cum - order.cum_qty
    px = (value / more).quantize(EXACT_ENOUGH).normalize()
    name = exec_id or f"S:{order.hedge_id}:{plain(cum)}"
    return book(draft, order, name, more, px, value)


def end(draft: Draft, order: HedgeOrder, status: str, text: str = "") -> None:
    """The order is over: whatever waited for it goes on, what it left is covered again."""
    over = structs.replace(order, status=status, due=0, text=text or order.text)
    if over.cum_qty >= over.quantity:
        over = structs.replace(over, status=FILLED)
    draft.hedges[over.hedge_id] = over
    thawed = unfreeze(draft, over)
    if over.leaves_qty:
        hedging.rehedge(draft, over, over.leaves_qty)
    if thawed:
        hedging.cover_band(draft, over.symbol, new_cause(draft, over))


def new_cause(draft: Draft, order: HedgeOrder) -> Cause:
    """A cover that no client's fill causes gets an id of its own."""
    return Cause(draft.ids.next("B"), order.mid)


# -- asking ------------------------------------------------------------------------------------


def ask(draft: Draft, order: HedgeOrder) -> None:
    """Ask the venue how *order* stands (35=H), unless it is over.

    Without a line it is asked when the line is back; after ASKS_MAX questions people are.
    """
    if not order.is_open or not hedging.is_up(draft, order.venue):
        draft.hedges[order.hedge_id] = structs.replace(order, due=0)
        return
    if order.asks >= ASKS_MAX:
        draft.hedges[order.hedge_id] = structs.replace(order, due=0)
        freeze(draft, order, f"{order.venue} was asked {order.asks} times")
        return
    asked = hedging.watch(draft, structs.replace(order, asks=order.asks + 1))
    draft.venue_requests.append(VenueRequest(STATUS, asked))


def is_given_up(draft: Draft, order: HedgeOrder) -> bool:
    """Whether people were told that the venue does not say how the order stands."""
    return order.asks >= ASKS_MAX and bool(draft.state.word(FROZEN, order.hedge_id))


def freeze(draft: Draft, order: HedgeOrder, why: str) -> None:
    """Cover nothing more of the symbol until the order's fate is known."""
    draft.move(FROZEN, order.hedge_id, order.symbol)
    draft.alerts.append(f"{order.symbol}: covering is frozen: {order.hedge_id} is unclear: {why}")


def unfreeze(draft: Draft, order: HedgeOrder) -> bool:
    """Note that the order's fate is known; whether anything waited for it."""
    if not draft.state.word(FROZEN, order.hedge_id):
        return False
    draft.move(FROZEN, order.hedge_id, "")
    return True
