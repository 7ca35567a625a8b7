"""How a source's book becomes a book of a pair: as it is, or through a live cross (R11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from otcfix.model.instrument import Instrument
from otcfix.model.rates import Level
from otcfix.venues.source import EWMA, SPOT, SourceSpec

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cross:
    """The second leg: a spot source between the first leg's quote asset and the pair's terms.

    inverse: its base is the terms (EUR/USD for a pair in EUR), so its prices divide.
    """

    source: str
    inverse: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One way to prices of *symbol*. crosses: any one will do, in order of preference; () direct.

    shifted: a perpetual that contributes beside spot, by its basis.
    """

    symbol: str
    source: SourceSpec
    crosses: tuple[Cross, ...]
    shifted: bool

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that this route reads."""
        return (self.source.name, *(cross.source for cross in self.crosses))


def routes_of(instrument: Instrument, specs: Sequence[SourceSpec]) -> tuple[Route, ...]:
    """Return the ways to prices of *instrument*, in the order of *specs* (R11)."""
    symbol, base, terms = instrument.symbol, instrument.base.code, instrument.terms.code
    named = tuple(spec for spec in specs if spec.reference_of == symbol)
    if named:
        return tuple(Route(symbol, spec, (), shifted=False) for spec in named)
    routes = []
    for spec in specs:
        if spec.base != base or (spec.kind != SPOT and spec.basis != EWMA):
            continue
        crosses = () if spec.quote == terms else _crosses(spec.quote, terms, specs)
        if crosses or spec.quote == terms:
            routes.append(Route(symbol, spec, crosses, shifted=spec.kind != SPOT))
    return tuple(routes)


def _crosses(quote: str, terms: str, specs: Iterable[SourceSpec]) -> tuple[Cross, ...]:
    spot = [spec for spec in specs if spec.kind == SPOT]
    direct = [Cross(s.name, inverse=False) for s in spot if (s.base, s.quote) == (quote, terms)]
    inverse = [Cross(s.name, inverse=True) for s in spot if (s.base, s.quote) == (terms, quote)]
    return (*direct, *inverse)


def price_step(instrument: Instrument) -> Decimal:
    """Return the step of crossed prices: two digits finer than the tick."""
    return instrument.tick.scaleb(-2)


def quantity_step(instrument: Instrument) -> Decimal:
    """Return the step of crossed quantities: one minor unit of the base."""
    return Decimal(1).scaleb(-instrument.base.scale)


def through(
    levels: Sequence[Level],
    cross: Sequence[Level],
    *,
    bid: bool,
    inverse: bool,
    px_step: Decimal,
    qty_step: Decimal,
    depth: int,
) -> tuple[Level, ...]:
    """Deal *levels* and then *cross*: the levels of the pair, quantities in base.

    levels: one side of the first leg, quote per base. cross: the side of the second leg on which
    its quote asset is then turned into terms: the same side when direct, the other one when
    inverse. Both are used up together, so no level is dealt beyond the depth of either leg. At
    most *depth* levels come out.
    Rounds: prices against the client (bids ROUND_FLOOR, offers ROUND_CEILING) to px_step,
    quantities ROUND_DOWN to qty_step.
    """
    rounding = ROUND_FLOOR if bid else ROUND_CEILING
    out: list[Level] = []
    second = iter(cross)
    rate = room = _ZERO  # of the present cross level; room counts the first leg's quote asset
    for px, whole in levels:
        left = whole
        while left > _ZERO:
            if room <= _ZERO:
                step = next(second, None)
                if step is None:
                    return tuple(out)
                rate, room = step[0], step[1] * step[0] if inverse else step[1]
            cost = left * px
            if cost <= room:
                part, left, room = left, _ZERO, room - cost
            else:
                part, room = room / px, _ZERO
                left -= part
            part = part.quantize(qty_step, rounding=ROUND_DOWN)
            both = (px / rate if inverse else px * rate).quantize(px_step, rounding=rounding)
            if not part or not both:
                continue
            if out and out[-1][0] == both:
                out[-1] = (both, out[-1][1] + part)
            elif len(out) == depth:
                return tuple(out)
            else:
                out.append((both, part))
    return tuple(out)
