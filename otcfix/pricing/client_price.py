"""A client's price, part by part: sweep, spread, ladder, strategy, skew, toxicity, floor, guard.

Every part is an exact amount in terms per base, so that mid + the sum of the parts is the price.
Rules of pricing.toml say which parts there are; without any a price is the sweep, the tier's
half-spread and the rounding outward. rules.md R5, R12, R16.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from msgspec import Struct

from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.money import to_multiple
from otcfix.model.party import Tier
from otcfix.model.pricing import (
    Component,
    Explanation,
    Guard,
    HedgeFloor,
    Parameters,
    SideExplained,
)
from otcfix.model.refusal import Refusal
from otcfix.model.time import MS, Instant
from otcfix.pricing.composite import Composite
from otcfix.pricing.ladder import Ladder
from otcfix.pricing.parts import Part, markup
from otcfix.pricing.rules import Settings

BPS = Decimal(10_000)
ZERO = Decimal(0)
_MICRO_BPS = Decimal("0.000001")
_CUT = -8
"""Parts are told in 10^-8 of a tick: fine enough for any spread, and their sums stay exact."""
_GUARD = ("default", Guard())


EXACT_ENOUGH = Decimal("1E-12")
"""An average price is known to more digits than this, whatever was divided to get it."""


class Priced(Struct, frozen=True, gc=False):
    """A client's price for a size. base and terms are what the size comes to at that price.

    reference is the average price of the sweep before spread; half_spread is in terms per base.
    parts: how the price came about, not cut yet (`components` are what is told); side is the
    client's.
    """

    price: Decimal
    base: Decimal
    reference: Decimal
    half_spread: Decimal
    mid: Decimal
    parts: tuple[Part, ...] = ()
    side: Side = Side.BUY
    tick: Decimal = Decimal(1)

    @property
    def components(self) -> tuple[Component, ...]:
        """How the price came about: mid + their amounts is exactly the price."""
        return _components(self)


class Case(Struct, frozen=True, gc=False):
    """Everything that the price of one instrument for one client depends on, but size and side.

    inventory: the desk's, in base, this event's own deals included. toxicity_bps: the client's
    adverse markout. no_skew: he is priced as if the desk held nothing.
    """

    instrument: Instrument
    client_id: str
    tier: Tier
    at: Instant
    composite: Composite
    settings: Settings
    parameters: Parameters
    inventory: Decimal = ZERO
    toxicity_bps: Decimal = ZERO
    no_skew: bool = False


class _Made(Struct, frozen=True, gc=False):
    """A price before it is told: its parts are not cut yet."""

    price: Decimal
    base: Decimal
    average: Decimal
    half_spread: Decimal
    parts: tuple[Part, ...]


def _made(case: Case, levels: Ladder, side: Side, quantity: Decimal, unit: Unit) -> _Made | Refusal:
    composite = case.composite
    in_terms = unit is not Unit.BASE
    if composite.refusal is Refusal.NO_PRICE:
        return Refusal.NO_PRICE
    if quantity <= 0:
        return Refusal.BAD_QUANTITY
    swept = levels.sweep(quantity, in_terms)
    if swept is None:
        return Refusal.NO_DEPTH
    if composite.refusal is not None:
        return composite.refusal
    mid = composite.mid
    base, terms = swept
    average = terms / base
    if in_terms:
        # The base is cut at 28 digits: without this the last of them could cost a tick.
        average = average.quantize(EXACT_ENOUGH)
    guard = case.settings.slot("guard", side, base, case.at) or _GUARD
    fast = case.parameters.fast
    if fast and guard[1].fast == "pause":
        return Refusal.MARKET_UNSTABLE
    way = mid / BPS if side is Side.BUY else -mid / BPS  # one bp against the client
    parts, half_bps = markup(
        case.settings,
        case.tier,
        case.parameters,
        side,
        base,
        case.at,
        ZERO if case.no_skew else case.inventory,
        case.toxicity_bps,
    )
    told: list[Part] = [("sweep", "", average - mid)]
    raw = average
    for name, rule, bps in parts:
        amount = way * bps
        told.append((name, rule, amount))
        raw += amount
    raw = _guarded(case, told, side, raw, average, base, half_bps, guard)
    tick = case.instrument.tick
    px = to_multiple(raw, tick, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)
    if px <= 0:
        return Refusal.MARKET_UNSTABLE
    dealt = _dealt(case, quantity, unit, px)
    if dealt <= 0:
        return Refusal.BAD_QUANTITY
    if guard[1].inventory_max is not None and _too_much(case, guard[1].inventory_max, side, dealt):
        return Refusal.PASS
    if fast:
        half_bps *= guard[1].fast_factor
    return _Made(px, dealt, average, abs(way) * half_bps, tuple(told))


def _dealt(case: Case, quantity: Decimal, unit: Unit, px: Decimal) -> Decimal:
    """The base that *quantity* comes to at *px*; of cash no more than whole lots."""
    if unit is Unit.BASE:
        return quantity
    base = quantity / px
    return to_multiple(base, case.instrument.lot, ROUND_DOWN) if unit is Unit.CASH else base


def _too_much(case: Case, most: Decimal, side: Side, base: Decimal) -> bool:
    """Whether the deal takes the desk's own position further out than *most*."""
    before = case.inventory
    after = before - base if side is Side.BUY else before + base
    return abs(after) > most and abs(after) > abs(before)


def _guarded(
    case: Case,
    told: list[Part],
    side: Side,
    raw: Decimal,
    average: Decimal,
    base: Decimal,
    half_bps: Decimal,
    guard: tuple[str, Guard],
) -> Decimal:
    """Hedge floor, fast market and the last guard: what they add, and the price after them."""
    mid = case.composite.mid
    buys = side is Side.BUY
    found = case.settings.slot("hedge_floor", side, base, case.at)
    if found is not None:
        floor: HedgeFloor = found[1]
        held = ZERO if case.no_skew else case.inventory
        reduces = (held if buys else -held) >= base
        if not (reduces and floor.reducing_free):
            loss = mid * floor.loss_max_bps / BPS
            worst = average - loss if buys else average + loss
            if raw < worst if buys else raw > worst:
                told.append(("hedge_floor", found[0], worst - raw))
                raw = worst
    rule, last = guard
    if case.parameters.fast:
        wider = mid * half_bps * (last.fast_factor - 1) / BPS
        told.append(("fast", rule, wider if buys else -wider))
        raw += wider if buys else -wider
    through = mid * last.through_max_bps / BPS
    worst = mid - through if buys else mid + through
    if raw < worst if buys else raw > worst:
        told.append(("guard", rule, worst - raw))
        raw = worst
    return raw


def _components(made: Priced) -> tuple[Component, ...]:
    """The parts that are not zero, cut, and the rounding that makes their sum exact."""
    mid = made.mid
    step = made.tick.scaleb(_CUT)
    per = BPS / mid if made.side is Side.BUY else -BPS / mid
    out = []
    rest = made.price - mid
    for name, rule, amount in made.parts:
        cut = amount.quantize(step)
        if not cut:
            continue
        if cut == amount:
            cut = amount  # as it is, without the zeros
        rest -= cut
        out.append(Component(name, rule, cut, (cut * per).quantize(_MICRO_BPS)))
    if rest:
        out.append(Component("rounding", "", rest, (rest * per).quantize(_MICRO_BPS)))
    return tuple(out)


def price(
    case: Case, levels: Ladder, side: Side, quantity: Decimal, unit: Unit
) -> Priced | Refusal:
    """Price *quantity* for the client of *case*; side is his, levels his depth on it.

    Units:   quantity in base, in terms (TERMS), or cash in terms to be turned into base (CASH).
    Rounds:  the price outward, away from the client, to the tick; CASH's base down to the lot.
    Refusals: NO_PRICE; NO_DEPTH when the sources do not show enough; MARKET_UNSTABLE when they
    cross, when a fast market pauses, or when no positive price is left; BAD_QUANTITY when nothing
    is asked for or cash buys no lot; PASS when the desk's own position would grow too large.
    """
    made = _made(case, levels, side, quantity, unit)
    if isinstance(made, Refusal):
        return made
    return Priced(
        made.price,
        made.base,
        made.average,
        made.half_spread,
        case.composite.mid,
        made.parts,
        side,
        case.instrument.tick,
    )


def largest(case: Case, levels: Ladder, side: Side, quantity: Decimal, worst: Decimal) -> Decimal:
    """q* of R16: the most base, up to *quantity*, whose client price is no worse than *worst*.

    Zero when not even the smallest size goes. What it returns is always priced within *worst*;
    it is the largest such size wherever a larger size never has a better price.
    Rounds: down to the lot, unless all of *quantity* goes.
    """
    lot = case.instrument.lot
    if quantity <= 0:
        return ZERO
    if _within(case, levels, side, quantity, worst):
        return quantity  # first: a rule may make small sizes dearer than this one
    if quantity <= lot or not _within(case, levels, side, lot, worst):
        return ZERO
    # All that is shown may be far less than what is asked for.
    most = min(quantity, levels.total()[0])
    good, bad = 1, int(most / lot) + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if _within(case, levels, side, middle * lot, worst):
            good = middle
        else:
            bad = middle
    return (good * lot).normalize() + ZERO  # 0.01 rather than 0.010


def _within(case: Case, levels: Ladder, side: Side, quantity: Decimal, worst: Decimal) -> bool:
    made = _made(case, levels, side, quantity, Unit.BASE)
    if isinstance(made, Refusal):
        return False
    return no_worse(made.price, worst, side)


def no_worse(px: Decimal, worst: Decimal, side: Side) -> bool:
    """Whether *px* is at least as good as *worst* for a client on *side*."""
    return px <= worst if side is Side.BUY else px >= worst


def explain(case: Case, ref_id: str, priced_sides: Iterable[tuple[Side, Priced]]) -> Explanation:
    """Why the prices of *case* are what they are; side is the client's.

    ref_id: the QuoteID(117), or the ExecID(17) of a deal that had none.
    """
    composite = case.composite
    known = []
    if case.parameters.volatility_bps_day is not None:
        known.append(("volatility_bps_day", case.parameters.volatility_bps_day))
    if case.inventory:
        known.append(("inventory", case.inventory))
    if case.toxicity_bps:
        known.append(("toxicity_bps", case.toxicity_bps))
    return Explanation(
        ref_id,
        case.instrument.symbol,
        case.client_id,
        case.at,
        composite.mid,
        # A composite may be older than the case: it holds as long as its rates do.
        tuple(
            [
                (name, mid, max(0, (case.at - book.changed_at) // MS))
                for (name, mid, _), book in zip(composite.used, composite.books, strict=True)
            ]
        ),
        composite.refused,
        tuple(known),
        tuple(
            [
                SideExplained(side, made.price, made.base, made.components)
                for side, made in priced_sides
            ]
        ),
    )
