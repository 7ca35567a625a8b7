"""Lots and ticks of any size, held against numbers of any size that FIX lets in."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.money import is_multiple

STEPS = st.integers(0, 18).map(lambda scale: Decimal(1).scaleb(-scale))


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1), STEPS)
def test_every_quantity_can_be_held_against_every_step(
    whole: int, part: int, step: Decimal
) -> None:
    """18 digits on either side of the point and a step of 18 decimals: an answer, no exception."""
    value = Decimal(f"{whole}.{part:018d}")
    scale = -int(step.as_tuple().exponent)
    assert is_multiple(value, step) == (part % 10 ** (18 - scale) == 0)


def test_steps_that_are_no_power_of_ten() -> None:
    """A lot of 0.25, a tick of 5."""
    assert is_multiple(Decimal("100.75"), Decimal("0.25"))
    assert not is_multiple(Decimal("100.80"), Decimal("0.25"))
    assert is_multiple(Decimal(100050), Decimal(5))
    assert not is_multiple(Decimal(100051), Decimal(5))
