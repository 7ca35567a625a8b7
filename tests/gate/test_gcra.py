"""GCRA: never more than burst + rate x t, and never a no to who keeps his distance."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from otcfix.gate.gcra import DEBT_MAX, SECOND_NS, cost_of, taken, wait

RATES = st.decimals(min_value="0.01", max_value="5000", places=2)
BURSTS = st.integers(1, 50)
NOW = 1_800_000_000 * SECOND_NS


def passed(rate: Decimal, burst: int, gaps: list[int], weights: list[int]) -> list[tuple[int, int]]:
    """When what weight passed, of messages that come with these gaps (nanoseconds)."""
    cost, now, paid_at, found = cost_of(rate), NOW, 0, []
    for gap, weight in zip(gaps, weights, strict=False):
        now += gap
        if wait(paid_at, now, cost * weight, cost * burst) <= 0:
            paid_at = taken(paid_at, now, cost * weight, cost * burst)
            found.append((now, weight))
    return found


@given(
    RATES,
    BURSTS,
    st.lists(st.tuples(st.integers(0, SECOND_NS), st.integers(1, 5)), min_size=1, max_size=60),
)
def test_in_any_window_no_more_passes_than_a_burst_and_the_rate(
    rate: Decimal, burst: int, said: list[tuple[int, int]]
) -> None:
    """Over every pair of messages, first and last included, in exact arithmetic. What weighs more
    than the burst counts as a burst of its own."""
    found = passed(rate, burst, [gap for gap, _ in said], [weight for _, weight in said])
    room = max([burst, *(weight for _, weight in said)])
    for first in range(len(found)):
        total = 0
        for at, weight in found[first:]:
            total += weight
            span = Fraction(at - found[first][0], SECOND_NS)
            assert total <= room + Fraction(rate) * span


@given(RATES, BURSTS, st.lists(st.integers(0, SECOND_NS), min_size=1, max_size=60))
def test_who_keeps_to_his_rate_is_never_refused(rate: Decimal, burst: int, more: list[int]) -> None:
    """However long he waits besides, a burst at the start included."""
    cost = cost_of(rate)
    gaps = [0] * burst + [cost + extra for extra in more]
    assert len(passed(rate, burst, gaps, [1] * len(gaps))) == len(gaps)


@given(RATES, BURSTS, st.integers(1, 100), st.integers(0, 200))
def test_the_wait_is_exact(rate: Decimal, burst: int, weight: int, before: int) -> None:
    """After it the message passes, a nanosecond earlier it does not."""
    cost, paid_at = cost_of(rate) * weight, NOW + min(cost_of(rate) * before, DEBT_MAX)
    room = cost_of(rate) * burst
    pause = wait(paid_at, NOW, cost, room)
    if pause > 0:
        assert wait(paid_at, NOW + pause, cost, room) <= 0
        assert wait(paid_at, NOW + pause - 1, cost, room) > 0


def test_a_clock_that_is_set_back_by_an_hour_shuts_nobody_out_for_an_hour() -> None:
    """A minute and the burst at most."""
    cost = cost_of(Decimal(10))
    paid_at = taken(0, NOW, cost, cost * 5)
    back = NOW - 3_600 * SECOND_NS
    assert wait(paid_at, back, cost, cost * 5) <= DEBT_MAX + cost


def test_what_costs_more_than_the_room_passes_when_nothing_is_owed() -> None:
    """And is paid for afterwards, all of it."""
    cost = cost_of(Decimal(10))
    assert wait(0, NOW, cost * 50, cost * 5) <= 0
    paid_at = taken(0, NOW, cost * 50, cost * 5)
    assert wait(paid_at, NOW, cost, cost * 5) == cost * 46
