"""The moving difference between spot and a perpetual."""

from decimal import Decimal

import pytest

from otcfix.model.time import SECOND
from otcfix.venues.basis import Basis
from tests.venues.support import NOW


def test_a_sample_counts_half_after_one_half_life():
    """From 0 to 10: 5 after 60 s, 7.5 after 120 s, however the time is cut."""
    coarse, fine = Basis(60, 1_000), Basis(60, 1_000)
    coarse.sample(NOW, 0.0)
    fine.sample(NOW, 0.0)
    coarse.sample(NOW + 60 * SECOND, 10.0)
    for second in range(1, 61):
        fine.sample(NOW + second * SECOND, 10.0)

    assert coarse.shift(4) == Decimal("5.0000")
    assert fine.shift(4) == Decimal("5.0000")
    coarse.sample(NOW + 120 * SECOND, 10.0)
    assert coarse.shift(2) == Decimal("7.50")


def test_it_warms_up():
    """Its first and last sample must be warm_up_s apart."""
    basis = Basis(60, 120)
    assert not basis.warm
    for second in range(120):
        basis.sample(NOW + second * SECOND, 1.0)
    assert not basis.warm
    basis.sample(NOW + 120 * SECOND, 1.0)
    assert basis.warm


def test_a_break_starts_it_over():
    """After warm_up_s without a sample, the old difference says nothing."""
    basis = Basis(10, 20)
    for second in range(30):
        basis.sample(NOW + second * SECOND, 1.0)
    assert basis.warm
    basis.sample(NOW + 50 * SECOND, 9.0)

    assert not basis.warm
    assert basis.shift(1) == Decimal("9.0")


def test_samples_out_of_order_do_no_harm():
    """Time does not run backwards; the sample weighs nothing."""
    basis = Basis(10, 20)
    basis.sample(NOW, 1.0)
    basis.sample(NOW - SECOND, 100.0)

    assert basis.shift(3) == Decimal("1.000")


@pytest.mark.parametrize(("digits", "text"), [(0, "-12"), (1, "-12.3"), (3, "-12.346")])
def test_the_shift_is_a_decimal_of_few_digits(digits, text):
    """Nearest: a float never reaches an event."""
    basis = Basis(10, 20)
    basis.sample(NOW, -12.3456)

    assert str(basis.shift(digits)) == text
