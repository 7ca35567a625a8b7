"""The models of hedging.toml: how each instrument is covered."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from otcfix.config.models import Closed, Id, NotNegative, Positive
from otcfix.model.hedge import BACK_TO_BACK, BAND, HedgeRule


class HedgeConfig(Closed):
    """[[hedge]] of hedging.toml. Quantities in base; see `model.HedgeRule`."""

    symbol: Id
    mode: Literal["none", "back_to_back", "band", "manual"] = "none"
    venues: tuple[Id, ...] = ()
    band: Positive | None = None
    target: NotNegative = Decimal(0)
    slippage_max_bps: Annotated[Decimal, Field(gt=0, lt=10_000)] = Decimal(20)
    attempts_max: Annotated[int, Field(ge=1, le=26)] = 3
    quantity_max: Positive | None = None
    lot: Positive | None = None
    exposure_max: NotNegative = Decimal(0)
    answer_within_ms: Annotated[int, Field(ge=100, le=600_000)] = 5_000
    resend_age_ms: Annotated[int, Field(ge=0, le=600_000)] = 10_000

    @model_validator(mode="after")
    def _fits(self) -> "HedgeConfig":
        if self.mode in (BACK_TO_BACK, BAND) and not self.venues:
            raise ValueError(f'venues: expected at least one with mode = "{self.mode}"')
        if len(set(self.venues)) < len(self.venues):
            raise ValueError("venues: expected each once")
        if self.mode == BAND and self.band is None:
            raise ValueError('band: expected with mode = "band"')
        if self.mode != BAND and self.model_fields_set & {"band", "target"}:
            raise ValueError('band, target: expected only with mode = "band"')
        if self.band is not None and self.target > self.band:
            raise ValueError(f"target: expected at most band, {self.band}")
        if self.lot and self.quantity_max and self.lot > self.quantity_max:
            raise ValueError(f"lot: expected at most quantity_max, {self.quantity_max}")
        return self

    def made(self) -> HedgeRule:
        """As the core has it."""
        return HedgeRule(**{**self.model_dump(), "band": self.band or Decimal(0)})


class HedgingConfig(Closed):
    """hedging.toml. Without the file nothing is covered."""

    hedge: tuple[HedgeConfig, ...] = ()
