"""A client's price: sweep the composite for the size, add the tier's half-spread, round outward.

The one entrance of the package, so that the inside can be replaced without touching the desk.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from msgspec import Struct

from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.money import to_multiple
from otcfix.model.party import Tier
from otcfix.model.pricing import Component
from otcfix.model.rates import Rates
from otcfix.model.refusal import Refusal
from otcfix.model.time import Instant
from otcfix.pricing.sweep import Depth, Taken, depth, fresh, sweep, total, within

BPS = Decimal(10_000)
EXACT_ENOUGH = Decimal("1E-12")
"""An average price is known to more digits than this, whatever was divided to get it."""


class Reference(Struct, frozen=True, gc=False):
    """The stamped market before spread: best bid and offer of the composite, and their middle."""

    bid: Decimal
    offer: Decimal
    mid: Decimal


class Priced(Struct, frozen=True, gc=False):
    """A client's price for a size. base and terms are what the size comes to at that price.

    reference is the average price of the sweep before spread; half_spread is in terms per base.
    components: how the price came about, mid + their amounts is exactly the price.
    """

    price: Decimal
    base: Decimal
    reference: Decimal
    half_spread: Decimal
    mid: Decimal
    components: tuple[Component, ...] = ()


def reference(rates: Rates | None, instrument: Instrument, at: Instant) -> Reference | Refusal:
    """The market that a price is made from.

    Refusals: NO_PRICE when no source is fresh, MARKET_UNSTABLE when the composite is crossed.
    """
    books = fresh(rates.books, at, instrument.price_age_max_ms) if rates else []
    if not books:
        return Refusal.NO_PRICE
    bid = max(book.bids[0][0] for book in books)
    offer = min(book.offers[0][0] for book in books)
    if bid > offer:
        return Refusal.MARKET_UNSTABLE
    return Reference(bid, offer, (bid + offer) / 2)


def client_side(
    rates: Rates, instrument: Instrument, side: Side, at: Instant, taken: Taken
) -> Depth:
    """The depth that a client on *side* deals against, from fresh sources only."""
    books = fresh(rates.books, at, instrument.price_age_max_ms)
    return depth(books, instrument.symbol, side, taken)


def _outward(value: Decimal, instrument: Instrument, side: Side) -> Decimal:
    return to_multiple(value, instrument.tick, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)


def _marked(
    levels: Depth,
    ref: Reference,
    instrument: Instrument,
    tier: Tier,
    side: Side,
    target: Decimal,
    in_terms: bool,
) -> Priced | Refusal:
    swept = sweep(levels, target, in_terms)
    if swept is None:
        return Refusal.NO_DEPTH
    base, terms = swept
    average = terms / base if base else ref.mid
    if in_terms:
        # The base is cut at 28 digits: without this the last of them could cost a tick.
        average = average.quantize(EXACT_ENOUGH)
    half = ref.mid * tier.half_spread_bps / BPS
    raw = average + half if side is Side.BUY else average - half
    px = _outward(raw, instrument, side)
    if px <= 0:
        return Refusal.MARKET_UNSTABLE
    return Priced(px, target / px if in_terms else target, average, half, ref.mid)


def price(
    levels: Depth,
    ref: Reference,
    instrument: Instrument,
    tier: Tier,
    side: Side,
    quantity: Decimal,
    unit: Unit,
) -> Priced | Refusal:
    """Price *quantity* for a client on *side*.

    Units:   quantity in base, in terms (TERMS), or cash in terms to be turned into base (CASH).
    Rounds:  the price outward, away from the client, to the tick; CASH's base down to the lot.
    Refusals: NO_DEPTH when the sources do not show enough; BAD_QUANTITY when cash buys no lot.
    """
    if unit is Unit.BASE:
        return _marked(levels, ref, instrument, tier, side, quantity, False)
    priced = _marked(levels, ref, instrument, tier, side, quantity, True)
    if isinstance(priced, Refusal) or unit is Unit.TERMS:
        return priced
    base = to_multiple(quantity / priced.price, instrument.lot, ROUND_DOWN)
    if base <= 0:
        return Refusal.BAD_QUANTITY
    return Priced(priced.price, base, priced.reference, priced.half_spread, priced.mid)


def largest(
    levels: Depth,
    ref: Reference,
    instrument: Instrument,
    tier: Tier,
    side: Side,
    quantity: Decimal,
    worst: Decimal,
) -> Decimal:
    """q* of R16: the most base, up to *quantity*, whose client price is no worse than *worst*.

    Rounds: down to the lot, unless all of *quantity* goes.
    """
    half = ref.mid * tier.half_spread_bps / BPS
    before_spread = worst - half if side is Side.BUY else worst + half
    fits = within(levels, before_spread, side)
    if fits >= quantity:
        return quantity
    return to_multiple(fits, instrument.lot, ROUND_DOWN)


def shown(levels: Depth) -> Decimal:
    """All the base that the depth shows."""
    return total(levels)[0]
