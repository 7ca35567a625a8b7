"""Assets, and the only bridge between Decimal amounts and integer minor units."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from msgspec import Struct

from otcfix.model.errors import InvariantBroken

AMOUNT_MAX = 2**63 - 1
"""The largest amount of minor units that both databases hold exactly."""


class Asset(Struct, frozen=True):
    """A currency or coin. *scale* is the number of decimals of its minor unit."""

    code: str
    scale: int


_UNITS = tuple(Decimal(1).scaleb(-scale) for scale in range(19))


def to_minor(amount: Decimal, asset: Asset, rounding: str = ROUND_HALF_UP) -> int:
    """Turn *amount* (major units) into minor units.

    Rounds: as named by *rounding*; ROUND_HALF_UP is the posting rule (R20).
    Errors: InvariantBroken when the result does not fit 64 bits.
    """
    minor = int(amount.scaleb(asset.scale).to_integral_value(rounding))
    if minor > AMOUNT_MAX or minor < -AMOUNT_MAX:
        raise InvariantBroken(f"{amount} {asset.code} does not fit an account")
    return minor


def measured_minor(amount: Decimal, asset: Asset) -> int:
    """What a check measures: ROUND_HALF_UP minor units, at most one more than an account holds.

    Measuring refuses what is too large; only posting it would break a law.
    """
    minor = int(amount.scaleb(asset.scale).to_integral_value(ROUND_HALF_UP))
    return min(minor, AMOUNT_MAX + 1)


def from_minor(minor: int, asset: Asset) -> Decimal:
    """Turn minor units into an exact Decimal with the asset's decimals: 12345 USD is 123.45."""
    return Decimal(minor).scaleb(-asset.scale)


def to_multiple(value: Decimal, step: Decimal, rounding: str = ROUND_DOWN) -> Decimal:
    """Move *value* to a multiple of *step* (a lot or a tick) in the direction of *rounding*."""
    return (value / step).to_integral_value(rounding) * step


_WIDE = Context(prec=60)  # 18 digits on either side of the point (A17), over a step of 18 decimals


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether *value* is a whole number of *step*s (lots or ticks), however small they are."""
    return not _WIDE.remainder(value, step)


def round_amount(amount: Decimal, asset: Asset) -> Decimal:
    """Round *amount* ROUND_HALF_UP to the asset's minor unit (R20)."""
    return amount.quantize(_UNITS[asset.scale], rounding=ROUND_HALF_UP)
