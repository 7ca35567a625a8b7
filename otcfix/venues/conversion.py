"""How the worth of an asset in the limit currency is found: at most two steps (R15)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from otcfix.venues.source import SPOT, SourceSpec

RATE = Context(prec=15)
"""Conversion rates keep 15 significant digits, ROUND_HALF_EVEN: they measure limits, no money."""


@dataclass(frozen=True, slots=True)
class FixedRate:
    """A rate by decree: one *asset* counts as *rate* of *into* (USDT as 1 USD). For limits only."""

    asset: str
    into: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversion: the mid of *source*, or *rate* where source is ""."""

    source: str
    rate: Decimal
    inverse: bool


Path = tuple[Step, ...]


def paths(
    asset: str, into: str, specs: Sequence[SourceSpec], fixed: Sequence[FixedRate]
) -> tuple[Path, ...]:
    """Return the ways from *asset* into *into*, the best first: shorter, then as configured.

    A perpetual that is the named reference of an instrument comes last: it says what a position
    is worth where there is no spot price at all. Other perpetuals never convert.
    """
    spot = tuple(spec for spec in specs if spec.kind == SPOT)
    named = tuple(spec for spec in specs if spec.reference_of)
    found: dict[Path, None] = {}  # an ordered set
    for usable in (spot, (*spot, *named)):
        for length in (1, 2):
            for path in _walk(asset, into, usable, fixed, length):
                found.setdefault(path)
    return tuple(found)


def _walk(
    asset: str, into: str, specs: Sequence[SourceSpec], fixed: Sequence[FixedRate], length: int
) -> Iterator[Path]:
    for reached, step in _steps(asset, specs, fixed):
        if length == 1:
            if reached == into:
                yield (step,)
        elif reached != into:
            for rest in _walk(reached, into, specs, fixed, length - 1):
                yield (step, *rest)


def _steps(
    asset: str, specs: Sequence[SourceSpec], fixed: Sequence[FixedRate]
) -> Iterator[tuple[str, Step]]:
    one = Decimal(1)
    for spec in specs:
        if spec.base == asset:
            yield spec.quote, Step(spec.name, one, inverse=False)
        elif spec.quote == asset:
            yield spec.base, Step(spec.name, one, inverse=True)
    for rule in fixed:
        if rule.asset == asset:
            yield rule.into, Step("", rule.rate, inverse=False)
        elif rule.into == asset:
            yield rule.asset, Step("", rule.rate, inverse=True)
