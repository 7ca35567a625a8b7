"""strategy = {...} of a pricing rule: each model with the numbers that it needs, and no others."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from otcfix.config.models import Closed, Positive
from otcfix.model import pricing as model

Plain = Annotated[Decimal, Field(gt=-100, lt=100)]

NEEDS: dict[str, frozenset[str]] = {
    model.FIXED: frozenset(),
    model.VOL_SCALED: frozenset(),
    model.AVELLANEDA_STOIKOV: frozenset({"gamma", "k", "horizon_days"}),
    model.GLFT: frozenset({"gamma", "k", "arrivals_per_day"}),
    model.FX_DEALER: frozenset({"gamma", "tiers", "requests_per_day"}),
}
"""What a model cannot do without."""

TAKES: dict[str, frozenset[str]] = {
    model.FIXED: frozenset(),
    model.VOL_SCALED: frozenset(),
    model.AVELLANEDA_STOIKOV: frozenset({"unit", "volatility_bps_day"}),
    model.GLFT: frozenset({"unit", "volatility_bps_day"}),
    model.FX_DEALER: frozenset({"unit", "volatility_bps_day", "tier"}),
}
"""What it may be given besides."""


class DealerTierConfig(Closed):
    """A tier of fx_dealer: the odds that a client deals fall with the spread by these numbers."""

    alpha: Plain
    beta_per_bps: Positive


class RequestsConfig(Closed):
    """How many requests of *size* units a day brings."""

    size: Positive
    per_day: Positive


class StrategyConfig(Closed):
    """strategy = {kind = ..., ...}; see `model.Strategy` for what the numbers mean."""

    kind: Literal["fixed", "vol_scaled", "avellaneda_stoikov", "glft", "fx_dealer"]
    unit: Positive = Decimal(1)
    gamma: Positive | None = None
    k: Positive | None = None
    arrivals_per_day: Positive | None = None
    horizon_days: Annotated[Decimal, Field(gt=0, le=365)] | None = None
    tiers: Annotated[tuple[DealerTierConfig, ...], Field(min_length=1, max_length=10)] | None = None
    tier: Annotated[int, Field(ge=0)] = 0
    requests_per_day: (
        Annotated[tuple[RequestsConfig, ...], Field(min_length=1, max_length=20)] | None
    ) = None
    volatility_bps_day: Positive | None = None

    @model_validator(mode="after")
    def _fits(self) -> "StrategyConfig":
        given, needs = self.model_fields_set - {"kind"}, NEEDS[self.kind]
        if missing := sorted(needs - given):
            raise ValueError(f"{', '.join(missing)}: expected with kind = {self.kind}")
        if useless := sorted(given - needs - TAKES[self.kind]):
            raise ValueError(f"{', '.join(useless)}: not expected with kind = {self.kind}")
        if self.tiers is not None and self.tier >= len(self.tiers):
            raise ValueError(f"tier: expected less than {len(self.tiers)}, the tiers given")
        sizes = [one.size for one in self.requests_per_day or ()]
        if len(set(sizes)) < len(sizes):
            raise ValueError("requests_per_day: expected each size once")
        return self

    def made(self) -> model.Strategy:
        """As the core has it."""
        zero = Decimal(0)
        return model.Strategy(
            self.kind,
            self.unit,
            self.gamma or zero,
            self.k or zero,
            self.arrivals_per_day or zero,
            self.horizon_days or zero,
            tuple((tier.alpha, tier.beta_per_bps) for tier in self.tiers or ()),
            self.tier,
            tuple((one.size, one.per_day) for one in self.requests_per_day or ()),
            self.volatility_bps_day,
        )
