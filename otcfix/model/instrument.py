"""What can be dealt in, and by which rules."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from otcfix.model.money import Asset


@lru_cache(maxsize=64)
def _step(scale: int) -> Decimal:
    return Decimal(1).scaleb(-scale)


class Hours(Struct, frozen=True):
    """When an instrument trades. Times are minutes from Monday 00:00 in *zone*.

    An empty *sessions* means around the clock. A session may wrap the week's end.
    """

    zone: str
    sessions: tuple[tuple[int, int], ...] = ()
    holidays: tuple[date, ...] = ()


class Instrument(Struct, frozen=True):
    """A pair and its rules. Prices are terms per one base; quantities are in base.

    tick and lot are the smallest steps of price and quantity; settl_days counts Monday to Friday
    from the trading day; trading_day_end is minutes after midnight in trading_day_zone (A8).
    asset_class and product: what rules of pricing and of jurisdiction may match it by.
    """

    symbol: str
    base: Asset
    terms: Asset
    tick: Decimal
    lot: Decimal
    qty_min: Decimal
    qty_max: Decimal
    price_age_max_ms: int
    quote_life_ms: int
    collar_bps: Decimal
    cancel_band_bps: Decimal
    partial_min: Decimal
    settl_days: int
    trading_day_zone: str
    trading_day_end: int
    hours: Hours
    asset_class: str = ""
    product: str = "spot"

    @property
    def terms_step(self) -> Decimal:
        """The smallest quantity of an order sized in terms: one minor unit of terms."""
        return _step(self.terms.scale)
