"""What the desk itself holds, and what the day's deals brought it, valued at the marks.

Made of usage, inventory and marks, and kept between events, because limits on the desk are looked
at with every quote: only what was dealt in since is valued anew. It is never kept in a snapshot.
All values are whole units, so that it does not matter which way they came about.
"""

from collections.abc import Iterable
from decimal import Decimal

from otcfix.desk.cover import Cover
from otcfix.desk.register import Register
from otcfix.desk.usage import EVERYTHING, OF_DESK, ZERO, Usage
from otcfix.model.instrument import Instrument
from otcfix.model.limit import CLASS, units_of
from otcfix.model.messages import Side
from otcfix.model.money import Asset, from_minor
from otcfix.model.time import Instant

ONE = Decimal(1)
Marks = dict[str, tuple[Decimal, Instant]]


def gain_of(minor: int, asset: Asset, rate: Decimal) -> int:
    """What *minor* units are worth at *rate*, in units of 1E-8; down: a loss is never too small."""
    return -(units_of(-from_minor(minor, asset) * rate) or 0)


def worst_of(held: Decimal, buys: Decimal, sells: Decimal) -> Decimal:
    """The most that may come to be held or owed, when what rests fills."""
    if not buys and not sells:
        return abs(held)
    return max(abs(held + buys), abs(held - sells))


def nets_of(
    deals: Iterable[tuple[str, tuple[int, int]]], instruments: dict[str, Instrument]
) -> dict[str, int]:
    """What *deals* by symbol brought of each asset; minor units."""
    nets: dict[str, int] = {}
    for symbol, (base, terms) in deals:
        one = instruments.get(symbol)
        if one is not None:
            nets[one.base.code] = nets.get(one.base.code, 0) + base
            nets[one.terms.code] = nets.get(one.terms.code, 0) + terms
    return nets


class DeskBook:
    """By symbol the desk's position, by asset its gain; summed up for everything and each class."""

    def __init__(self) -> None:
        self._made_of: tuple[Register, Marks] | None = None
        self._clear(0, 0)

    def _clear(self, day: int, oldest: Instant) -> None:
        self._day, self._oldest = day, oldest
        self._held: dict[str, int] = {}
        self._legs: dict[str, tuple[int, int]] = {}
        self._nets: dict[tuple[str, str], int] = {}
        self._gains: dict[tuple[str, str], int] = {}
        self._position: dict[str, int] = {}
        self._gain: dict[str, int] = {}
        self._unmarked: dict[str, None] = {}

    def is_valued(self, since: Instant) -> bool:
        """Whether everything that it holds has a mark, none older than *since*."""
        return not self._unmarked and self._oldest >= since

    def position(self, what: str) -> int:
        """What all positions in *what* are worth: "" or a class. Units of 1E-8."""
        return self._position.get(what, 0)

    def held(self, symbol: str) -> int:
        """What the position in *symbol* is worth, as `position` counts it."""
        return self._held.get(symbol, 0)

    def gain(self, what: str) -> int:
        """What the day's deals in *what* brought the desk; negative: a loss. Units of 1E-8."""
        return self._gain.get(what, 0)

    def part(self, what: str, asset: str) -> tuple[int, int]:
        """Of `gain`: what was brought of one asset, in minor units, and what that is worth."""
        return self._nets.get((what, asset), 0), self._gains.get((what, asset), 0)

    def catch_up(self, register: Register, cover: Cover, usage: Usage, marks: Marks) -> None:
        """Value what has changed: everything with new marks or a new trading day."""
        of = self._made_of
        touched: Iterable[str] = usage.touched
        if (
            of is None
            or of[0] is not register
            or of[1] is not marks
            or self._day != usage.deals_day
        ):
            self._made_of = (register, marks)
            self._clear(usage.deals_day, min([at for _, at in marks.values()], default=0))
            touched = register.instruments
        elif not usage.touched:
            return
        for symbol in touched:
            instrument = register.instruments.get(symbol)
            if instrument is not None:
                self._value(instrument, cover.inventory(symbol), usage)
        usage.touched.clear()

    def _rate(self, asset: Asset) -> Decimal | None:
        assert self._made_of is not None
        register, marks = self._made_of
        if register.desk is not None and asset.code == register.desk.limit_currency:
            return ONE
        rate = marks.get(asset.code, (ZERO, 0))[0]
        return rate if rate.is_finite() and rate > 0 else None

    def _value(self, instrument: Instrument, inventory: Decimal, usage: Usage) -> None:
        symbol, base, terms = instrument.symbol, instrument.base, instrument.terms
        whats = (EVERYTHING, f"{CLASS}{instrument.asset_class}")
        most = worst_of(
            inventory,
            usage.resting.get((symbol, Side.SELL), ZERO),
            usage.resting.get((symbol, Side.BUY), ZERO),
        )
        held = self._worth(most, base)
        for what in whats:
            self._position[what] = self._position.get(what, 0) + held - self._held.get(symbol, 0)
        self._held[symbol] = held
        legs = usage.deals.get(OF_DESK, {}).get(symbol, (0, 0))
        before = self._legs.get(symbol, (0, 0))
        self._legs[symbol] = legs
        for asset, now, then in ((base, legs[0], before[0]), (terms, legs[1], before[1])):
            if now != then:
                for what in whats:
                    self._bring(what, asset, now - then)

    def _worth(self, most: Decimal, asset: Asset) -> int:
        if not most:
            return 0
        rate = self._rate(asset)
        if rate is None:
            self._unmarked[asset.code] = None
            return 0
        return units_of(most * rate) or 0

    def _bring(self, what: str, asset: Asset, step: int) -> None:
        key = (what, asset.code)
        net = self._nets[key] = self._nets.get(key, 0) + step
        rate = self._rate(asset)
        if rate is None:
            self._unmarked[asset.code] = None
            rate = ZERO
        gain = gain_of(net, asset, rate)
        self._gain[what] = self._gain.get(what, 0) + gain - self._gains.get(key, 0)
        self._gains[key] = gain
