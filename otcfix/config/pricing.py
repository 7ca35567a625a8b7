"""The models of pricing.toml: closed, bounded, one class a table; and the rules made of them."""

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from otcfix.config.models import Closed, HoursConfig, Id, NotNegative, Positive, week_span
from otcfix.config.strategy import StrategyConfig
from otcfix.model import pricing as model
from otcfix.model.messages import Side

Bps = Annotated[Decimal, Field(ge=0, lt=10_000)]
T = TypeVar("T")

SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class MatchConfig(Closed):
    """match = {...} of a rule: when it holds. What is left out binds nothing."""

    asset_classes: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    side: Literal["buy", "sell"] | None = None
    size_min: NotNegative | None = None
    size_max: Positive | None = None
    windows: tuple[str, ...] = ()
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        return HoursConfig._known(value)

    @field_validator("windows")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            start, end = week_span(text)
            if start == end:
                raise ValueError(f'expected a start and an end that differ, got "{text}"')
        return value

    @model_validator(mode="after")
    def _in_order(self) -> "MatchConfig":
        if self.size_min is not None and self.size_max is not None:
            _at_most("size_min", self.size_min, "size_max", self.size_max, less=True)
        return self

    def made(self) -> model.Match:
        """As the rules of the core have it."""
        return model.Match(
            self.asset_classes,
            self.symbols,
            self.tiers,
            self.clients,
            SIDES[self.side] if self.side else None,
            self.size_min,
            self.size_max,
            self.zone,
            tuple(week_span(text) for text in self.windows),
        )


class SpreadConfig(Closed):
    """spread = {...}: half of the spread; scaled = true moves it with the volatility."""

    half_spread_bps: Bps
    scaled: bool = False
    reference_bps_day: Positive = Decimal(100)
    exponent: Annotated[Decimal, Field(gt=0, le=4)] = Decimal(1)
    half_spread_min_bps: Bps = Decimal(0)
    half_spread_max_bps: Bps | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "SpreadConfig":
        if self.half_spread_max_bps is not None:
            _at_most(
                "half_spread_min_bps", self.half_spread_min_bps,
                "half_spread_max_bps", self.half_spread_max_bps,
            )  # fmt: skip
        return self


class RungConfig(Closed):
    """One step of ladder = [...]: what sizes up to *up_to* (base) pay on top."""

    up_to: Positive
    add_bps: Bps


class SkewConfig(Closed):
    """skew = {...}: how far the desk's inventory moves its prices; full in base."""

    max_bps: Bps
    full: Positive


class ToxicityConfig(Closed):
    """toxicity = {...}: how much of a client's adverse markout he is charged."""

    factor: Annotated[Decimal, Field(ge=0, le=10)]
    max_bps: Bps


class HedgeFloorConfig(Closed):
    """hedge_floor = {...}: never better than the cover by more than this."""

    loss_max_bps: Bps = Decimal(0)
    reducing_free: bool = True


class GuardConfig(Closed):
    """guard = {...}: the last word, and what a fast market does; inventory_max in base."""

    through_max_bps: Bps = Decimal(0)
    fast: Literal["widen", "pause"] = "widen"
    fast_factor: Annotated[Decimal, Field(ge=1, le=100)] = Decimal(2)
    inventory_max: NotNegative | None = None


class SourcesConfig(Closed):
    """sources = {...}: which sources may be used, and when one is refused."""

    names: tuple[Id, ...] = ()
    age_max_ms: Annotated[int, Field(gt=0, le=600_000)] | None = None
    mad_max: Positive = Decimal(6)
    mad_floor_bps: Bps = Decimal(2)
    wide_max: Annotated[Decimal, Field(ge=1)] = Decimal(5)
    wide_floor_bps: NotNegative = Decimal(1)
    fresh_min: Annotated[int, Field(ge=1, le=100)] = 1

    @model_validator(mode="after")
    def _enough(self) -> "SourcesConfig":
        if self.names and self.fresh_min > len(set(self.names)):
            raise ValueError(f"fresh_min: expected at most {len(set(self.names))}, the names given")
        return self


class LifeConfig(Closed):
    """life = {...}: how firm a quote is (R19)."""

    quote_life_ms: Annotated[int, Field(ge=100, le=600_000)] | None = None
    cancel_band_bps: Bps | None = None
    last_look: Literal["none", "tolerance"] = "none"
    tolerance_bps: Bps = Decimal(0)
    improvement: bool = False

    @model_validator(mode="after")
    def _agree(self) -> "LifeConfig":
        given = self.model_fields_set
        if self.last_look == model.NO_LOOK and given & {"tolerance_bps", "improvement"}:
            raise ValueError(
                'tolerance_bps, improvement: expected only with last_look = "tolerance": '
                "without last look the quoted price is always filled"
            )
        if self.last_look == model.SYMMETRIC and "tolerance_bps" not in given:
            raise ValueError('tolerance_bps: expected with last_look = "tolerance"')
        return self


class RuleConfig(Closed):
    """[[rule]] of pricing.toml: what it fills, for whom, when."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    match: MatchConfig = MatchConfig()
    spread: SpreadConfig | None = None
    session_factor: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    ladder: Annotated[tuple[RungConfig, ...], Field(min_length=1)] | None = None
    strategy: StrategyConfig | None = None
    skew: SkewConfig | None = None
    toxicity: ToxicityConfig | None = None
    hedge_floor: HedgeFloorConfig | None = None
    guard: GuardConfig | None = None
    sources: SourcesConfig | None = None
    life: LifeConfig | None = None

    @field_validator("ladder")
    @classmethod
    def _rises(cls, value: tuple[RungConfig, ...] | None) -> tuple[RungConfig, ...] | None:
        for below, above in pairwise(value or ()):
            if above.up_to <= below.up_to:
                raise ValueError(f"expected up_to to rise, got {above.up_to} after {below.up_to}")
            if above.add_bps < below.add_bps:
                raise ValueError(
                    f"expected add_bps never to fall, got {above.add_bps} after {below.add_bps}: "
                    "a larger size must not be cheaper"
                )
        return value

    @model_validator(mode="after")
    def _fills(self) -> "RuleConfig":
        if all(getattr(self, slot) is None for slot in model.SLOTS):
            raise ValueError(f"expected at least one of {', '.join(model.SLOTS)}")
        return self

    def made(self) -> model.Rule:
        """As the core has it."""
        ladder = tuple((rung.up_to, rung.add_bps) for rung in self.ladder or ())
        return model.Rule(
            self.id,
            self.match.made(),
            _struct(model.Spread, self.spread),
            self.session_factor,
            ladder or None,
            self.strategy.made() if self.strategy else None,
            _struct(model.Skew, self.skew),
            _struct(model.Toxicity, self.toxicity),
            _struct(model.HedgeFloor, self.hedge_floor),
            _struct(model.Guard, self.guard),
            _struct(model.Sources, self.sources),
            _struct(model.Life, self.life),
        )


class MeasureConfig(Closed):
    """[[measure]]: how volatility, fast markets and markouts are measured, outside the core (R12).

    half_life_s: of the volatility's average; it is kept within floor and cap. The market is fast
    when it moves by fast_move_bps within fast_window_ms, until it was calm for calm_ms. With
    markout_shrinkage deals a client's markout counts half.
    """

    symbols: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()
    half_life_s: Annotated[Decimal, Field(ge=1, le=604_800)] = Decimal(300)
    floor_bps_day: Positive = Decimal(20)
    cap_bps_day: Positive = Decimal(3_000)
    fast_move_bps: Positive = Decimal(15)
    fast_window_ms: Annotated[int, Field(ge=100, le=600_000)] = 2_000
    calm_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 5_000
    markout_shrinkage: NotNegative = Decimal(20)

    @model_validator(mode="after")
    def _in_order(self) -> "MeasureConfig":
        _at_most("floor_bps_day", self.floor_bps_day, "cap_bps_day", self.cap_bps_day)
        return self


class StreamConfig(Closed):
    """[stream]: how often streams speak, and how long their prices can be dealt on."""

    interval_ms: Annotated[int, Field(ge=10, le=60_000)] = 200
    rung_grace_ms: Annotated[int, Field(ge=0, le=60_000)] = 500
    sizes_max: Annotated[int, Field(ge=1, le=50)] = 5
    rfq_interval_ms: Annotated[int, Field(ge=10, le=60_000)] = 500
    rfq_life_max_ms: Annotated[int, Field(ge=100, le=3_600_000)] = 60_000
    sizes: dict[str, Annotated[tuple[Positive, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _rise(self) -> "StreamConfig":
        for symbol, sizes in self.sizes.items():
            if any(above <= below for below, above in pairwise(sizes)):
                raise ValueError(f"sizes.{symbol}: expected sizes that rise")
            if len(sizes) > self.sizes_max:
                raise ValueError(f"sizes.{symbol}: expected at most sizes_max, {self.sizes_max}")
        return self

    def made(self) -> model.StreamTerms:
        """As the core has it."""
        terms = self.model_dump()
        return model.StreamTerms(**{**terms, "sizes": tuple(sorted(terms["sizes"].items()))})


class PricingConfig(Closed):
    """pricing.toml. Without the file there are no rules: each tier's own half-spread holds."""

    rule: tuple[RuleConfig, ...] = ()
    measure: tuple[MeasureConfig, ...] = ()
    stream: StreamConfig = StreamConfig()

    def measure_for(self, symbol: str, asset_class: str) -> MeasureConfig:
        """How *symbol* is measured: by the first table that names it, its class, or neither."""
        for found in self.measure:
            if symbol in found.symbols or asset_class in found.asset_classes:
                return found
            if not found.symbols and not found.asset_classes:
                return found
        return MeasureConfig()


def _struct(kind: type[T], table: Closed | None) -> T | None:
    """The core's value of a table that has the same names."""
    return kind(**table.model_dump()) if table is not None else None


def _at_most(low: str, least: Decimal, high: str, most: Decimal, *, less: bool = False) -> None:
    """Errors: ValueError."""
    if least > most or (less and least == most):
        raise ValueError(f"{low}: expected {'less than' if less else 'at most'} {high}, {most}")
