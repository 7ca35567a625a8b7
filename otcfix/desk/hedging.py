"""Covering the desk's risk: which orders follow from what clients dealt, at which limit, where.

Every path on which a client deals ends here, at one place: `cover`. Nothing is derived from a
request before its decision (R19). A cover is journaled with the event that caused it and sent
after the commit; what a venue says of it comes back as events (`hedge_reports`).
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from msgspec import Struct, structs

from otcfix.desk.cover import ZERO, hedged, open_quantity, plain, traded
from otcfix.desk.draft import Draft
from otcfix.desk.ids import base32
from otcfix.desk.market import Reference, reference
from otcfix.model.hedge import (
    BACK_TO_BACK,
    BAND,
    ORDER,
    PENDING,
    HedgeOrder,
    HedgeRule,
    VenueRequest,
)
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.money import to_multiple
from otcfix.model.time import MS

BPS = Decimal(10_000)
ATTEMPTS = "abcdefghijklmnopqrstuvwxyz"
"""Small letters do not occur in our ids, so a hedge_id reads in one way only."""

PIECES_MAX = 32
FROZEN = "hedge_frozen"
"""Words of State: hedge_id to the symbol whose covering waits until that order's fate is known."""

VENUE_UP = "venue_up"


class Cause(Struct, frozen=True):
    """What a cover answers: the ExecID(17) of a fill or a command's id, and the middle by which
    it is measured and, without fresh rates, priced."""

    cause: str
    mid: Decimal
    attempt: int = 1
    piece: int = 0
    after: str = ""
    """The venue that was tried last: the next one of the rule comes first."""


# -- reading through ---------------------------------------------------------------------------


def hedge_of(draft: Draft, hedge_id: str) -> HedgeOrder | None:
    """The order as it stands now, when it is known."""
    return draft.hedges.get(hedge_id) or draft.state.cover.order(hedge_id)


def open_orders(draft: Draft) -> Iterator[HedgeOrder]:
    """The orders that have not ended, this event's included."""
    before = {order.hedge_id: order for order in draft.state.cover.open_orders}
    for order in {**before, **draft.hedges}.values():
        if order.is_open:
            yield order


def inventory(draft: Draft, symbol: str) -> Decimal:
    """The desk's own position in base, this event's deals and hedge fills included."""
    held = draft.state.inventory(symbol)
    held += sum((traded(trade) for trade in draft.trades if trade.symbol == symbol), ZERO)
    for change in draft.changes:
        if change.trade.symbol == symbol:
            held += (traded(change.now) if change.now else ZERO) - traded(change.trade)
    return held + sum((hedged(fill) for fill in draft.hedge_fills if fill.symbol == symbol), ZERO)


def expected(draft: Draft, symbol: str) -> Decimal:
    """The inventory in base when every open hedge has filled."""
    coming = (open_quantity(order) for order in open_orders(draft) if order.symbol == symbol)
    return inventory(draft, symbol) + sum(coming, ZERO)


def is_frozen(draft: Draft, symbol: str) -> bool:
    """Whether the fate of one of the symbol's hedges is unknown in spite of all asking."""
    words = dict(draft.state.words.get(FROZEN, {}))
    words |= {moved.key: moved.value for moved in draft.moved if moved.what == FROZEN}
    return symbol in words.values()


def rule_of(draft: Draft, symbol: str) -> HedgeRule:
    """The symbol's rule; one that covers nothing when there is none."""
    return draft.register.hedging.get(symbol) or HedgeRule(symbol)


def lot_of(rule: HedgeRule, instrument: Instrument) -> Decimal:
    """The smallest step of a hedge's quantity."""
    return rule.lot or instrument.lot


# -- after clients dealt -----------------------------------------------------------------------


def cover(draft: Draft) -> None:
    """Cover what this event's deals did to the inventory, by each symbol's rule.

    back_to_back: every fill at once, by an order of its own; band: what lies outside, per symbol.
    """
    rules = draft.register.hedging
    if not draft.trades or not rules:
        return
    last: dict[str, Cause] = {}
    for trade in draft.trades:
        rule = rules.get(trade.symbol)
        if rule is None:
            continue
        because = Cause(trade.exec_id, trade.mid)
        if rule.mode == BACK_TO_BACK:
            place(draft, rule, trade.side, trade.base_amount, because)
        elif rule.mode == BAND:
            last[trade.symbol] = because
    for symbol, because in last.items():
        cover_band(draft, symbol, because)


def cover_band(draft: Draft, symbol: str, because: Cause) -> None:
    """Bring an inventory that has left its band back to its target; nothing in other modes."""
    rule = rule_of(draft, symbol)
    gap = band_gap(draft, rule)
    if gap:
        place(draft, rule, Side.BUY if gap > 0 else Side.SELL, abs(gap), because)


def band_gap(draft: Draft, rule: HedgeRule) -> Decimal:
    """What is to be bought (negative: sold) to come back to the target, in base.

    Zero within the band, what is under way included. The target lies on the side where the
    inventory is: covering never turns a long position into a short one.
    """
    held = expected(draft, rule.symbol)
    if rule.mode != BAND or abs(held) <= rule.band:
        return ZERO
    return (rule.target if held > 0 else -rule.target) - held


def rehedge(draft: Draft, order: HedgeOrder, leaves: Decimal) -> None:
    """Cover again what *order* left open, while attempts remain; otherwise alert.

    In a band only what still lies outside. What staff ordered by hand is theirs to order again.
    """
    rule = rule_of(draft, order.symbol)
    if rule.mode == BAND:
        gap = band_gap(draft, rule)
        if not gap or (gap > 0) != (order.side is Side.BUY):
            return
        leaves = min(leaves, abs(gap))
    if rule.mode not in (BACK_TO_BACK, BAND) or order.cause.startswith("C"):
        uncovered(draft, order.symbol, order.side, leaves, f"{order.hedge_id} is {order.status}")
    elif order.attempt >= min(rule.attempts_max, len(ATTEMPTS)):
        why = f"{order.hedge_id} is {order.status} and was the last of {order.attempt} attempts"
        uncovered(draft, order.symbol, order.side, leaves, why)
    else:
        rejected = order.venue if not order.cum_qty else ""
        again = Cause(order.cause, order.mid, order.attempt + 1, order.piece, rejected)
        place(draft, rule, order.side, leaves, again)


def uncovered(draft: Draft, symbol: str, side: Side, quantity: Decimal, why: str) -> None:
    """Tell people that the desk keeps a risk that its rule would have covered."""
    word = "buy" if side is Side.BUY else "sell"
    draft.alerts.append(f"{symbol}: uncovered, still to {word} {plain(quantity)}: {why}")


# -- one cover ---------------------------------------------------------------------------------


def place(draft: Draft, rule: HedgeRule, side: Side, quantity: Decimal, because: Cause) -> None:
    """Decide orders for *quantity* (base; side is the desk's), split by quantity_max.

    Rounds: down to the lot; what is less stays in the inventory and is told.
    """
    instrument = draft.register.instruments.get(rule.symbol)
    if instrument is None:
        uncovered(draft, rule.symbol, side, quantity, "no such instrument any more")
        return
    lot = lot_of(rule, instrument)
    whole = to_multiple(quantity, lot, ROUND_DOWN)
    if whole < quantity:
        left = quantity - whole
        draft.alerts.append(f"{rule.symbol}: {plain(left)} stays in the inventory: less than a lot")
    most = max(to_multiple(rule.quantity_max, lot), lot) if rule.quantity_max else whole
    piece = because.piece
    while whole > 0:
        part = min(whole, most)
        one = structs.replace(because, piece=piece)
        why = "too many pieces" if piece >= PIECES_MAX else _order(draft, rule, side, part, one)
        if why:
            uncovered(draft, rule.symbol, side, whole, why)
            return
        whole -= part
        piece += 1


def _order(draft: Draft, rule: HedgeRule, side: Side, quantity: Decimal, because: Cause) -> str:
    """Decide one order; returns why there is none, "" when there is."""
    instrument = draft.register.instruments[rule.symbol]
    if is_frozen(draft, rule.symbol):
        return "covering is frozen until an earlier order's fate is known"
    venue = choose_venue(draft, rule, side, quantity, because.after)
    if not venue:
        return "no venue may take it: none is named, or each is at its exposure_max"
    mid = because.mid
    market = reference(draft, instrument) or Reference(mid, mid, mid)
    price = limit_price(rule, instrument, side, market)
    if price <= 0:
        return f"its limit would be {price}"
    put(draft, rule, venue, side, quantity, price, structs.replace(because, mid=market.mid))
    return ""


def put(
    draft: Draft,
    rule: HedgeRule,
    venue: str,
    side: Side,
    quantity: Decimal,
    price: Decimal,
    because: Cause,
) -> None:
    """Note a new order, and have it sent when its venue's line is up.

    Otherwise it waits: the venue is asked about it first when it is back, as about any other.
    """
    order = HedgeOrder(
        hedge_id=hedge_id_of(because),
        venue=venue,
        symbol=rule.symbol,
        side=side,
        quantity=quantity,
        price=price,
        status=PENDING,
        cause=because.cause,
        attempt=because.attempt,
        mid=because.mid,
        sent_at=draft.event.at,
        piece=because.piece,
    )
    if is_up(draft, venue):
        request_order(draft, order)
    else:
        draft.hedges[order.hedge_id] = order
        draft.alerts.append(f"{order.hedge_id} waits: {venue} is not connected")


def request_order(draft: Draft, order: HedgeOrder) -> None:
    """Have *order* sent, after the commit, and note when its venue is asked about it."""
    late = max(order.asks - 1, 0)  # one of the questions was answered, or none was asked
    sent = structs.replace(order, status=PENDING, sends=order.sends + 1, asks=0, late=late)
    sent = watch(draft, sent)
    draft.venue_requests.append(VenueRequest(ORDER, sent))


def watch(draft: Draft, order: HedgeOrder) -> HedgeOrder:
    """Note *order*, and that its venue is asked when it says nothing until then."""
    due = draft.event.at + rule_of(draft, order.symbol).answer_within_ms * MS
    watched = structs.replace(order, due=due)
    draft.hedges[order.hedge_id] = watched
    draft.timer(due, "hedge", order.hedge_id)
    return watched


def hedge_id_of(because: Cause) -> str:
    """The ClOrdID(11) of a cover: its cause's id, the attempt's letter, the piece if it was split.

    The same cause gives the same ids on every replay; none is ever used twice. At most 20
    characters. Like its cause it does not count (R22).
    """
    piece = base32(because.piece, 1) if because.piece else ""
    return f"H{because.cause[1:]}{ATTEMPTS[because.attempt - 1]}{piece}"


def limit_price(rule: HedgeRule, instrument: Instrument, side: Side, market: Reference) -> Decimal:
    """The worst price of a cover: the best of the composite, worse by slippage_max_bps.

    Rounds: to the tick, towards the market, so that no limit is looser than the rule.
    """
    slippage = rule.slippage_max_bps / BPS
    if side is Side.BUY:
        return to_multiple(market.offer * (1 + slippage), instrument.tick, ROUND_FLOOR)
    return to_multiple(market.bid * (1 - slippage), instrument.tick, ROUND_CEILING)


# -- venues ------------------------------------------------------------------------------------


def is_up(draft: Draft, venue: str) -> bool:
    """Whether the venue's session is up, as far as the desk was told."""
    value: str | int = draft.state.word(VENUE_UP, venue, 0)
    for moved in draft.moved:
        if (moved.what, moved.key) == (VENUE_UP, venue):
            value = moved.value
    return bool(value)


def choose_venue(
    draft: Draft, rule: HedgeRule, side: Side, quantity: Decimal, after: str = ""
) -> str:
    """The first venue of the rule that may take it; one whose line is up before all others.

    after: begin behind this one, which has just refused. "" when there is none.
    """
    names = rule.venues
    if after in names:
        turn = names.index(after) + 1
        names = names[turn:] + names[:turn]
    fitting = [name for name in names if fits(draft, rule, name, side, quantity)]
    return next((name for name in fitting if is_up(draft, name)), next(iter(fitting), ""))


def fits(draft: Draft, rule: HedgeRule, venue: str, side: Side, quantity: Decimal) -> bool:
    """Whether the venue stays within its exposure_max (base), or comes nearer to it."""
    if not rule.exposure_max:
        return True
    before = draft.state.cover.at_venue(venue, rule.symbol)
    here = (venue, rule.symbol)
    before += sum((hedged(f) for f in draft.hedge_fills if (f.venue, f.symbol) == here), ZERO)
    before += sum(
        (open_quantity(o) for o in open_orders(draft) if (o.venue, o.symbol) == here), ZERO
    )
    after = before + (quantity if side is Side.BUY else -quantity)
    return abs(after) <= rule.exposure_max or abs(after) < abs(before)
