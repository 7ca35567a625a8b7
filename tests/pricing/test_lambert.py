"""Lambert's W is the inverse of w e^w."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.pricing.lambert import CONTEXT, lambert_w0, w_of_exp

exponents = st.decimals(-60, 5_000, places=6)
arguments = st.decimals(0, 10**9, places=9)


@given(arguments)
def test_w_times_e_to_the_w_is_the_argument(x: Decimal) -> None:
    """The identity that defines W, to 25 digits."""
    w = lambert_w0(x)
    assert abs(w * w.exp(CONTEXT) - x) <= x * Decimal("1E-25")


@given(exponents)
def test_w_of_an_exponential_solves_its_logarithm(z: Decimal) -> None:
    """w + ln w = z, where e^z itself would have thousands of digits."""
    w = w_of_exp(z)
    assert abs(w + w.ln(CONTEXT) - z) <= max(abs(z), Decimal(1)) * Decimal("1E-26")


@given(exponents, st.decimals("0.001", 10, places=3))
def test_w_grows(z: Decimal, more: Decimal) -> None:
    """Strictly increasing, across the seams of the first guess as well."""
    assert w_of_exp(z + more) > w_of_exp(z)


def test_known_values() -> None:
    """W(0) = 0, W(e) = 1, and the omega constant W(1)."""
    assert lambert_w0(Decimal(0)) == 0
    assert abs(w_of_exp(Decimal(1)) - 1) < Decimal("1E-27")
    assert str(lambert_w0(Decimal(1)))[:22] == "0.56714329040978387299"


@pytest.mark.parametrize("z", ["-64.1", "-1000", "-9999999", "1000000000000"])
def test_extreme_exponents_neither_hang_nor_fail(z: str) -> None:
    """An absurd inventory is priced, not a crash."""
    assert w_of_exp(Decimal(z)) > 0


def test_the_negative_branch_is_not_taken() -> None:
    """No price needs it; a caller that asks is wrong."""
    with pytest.raises(ValueError, match="W0"):
        lambert_w0(Decimal(-1))
