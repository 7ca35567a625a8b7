"""Back-off at the door: how long, for whom, and who is spared."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.config import LogonConfig
from otcfix.fix.backoff import FORGET_S, Admission, Backoff

BAD, GOOD, OTHER = "10.0.0.66", "10.0.0.1", "10.0.0.2"


class Told:
    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []

    def __call__(self, session: str, note: str) -> None:
        self.notes.append((session, note))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def admission(told: Told) -> Admission:
    return Admission(LogonConfig(failures=3, session_failures=6, logon_burst=1_000), told)


# -- one back-off ----------------------------------------------------------------------------------


def test_each_failure_doubles_the_wait_up_to_the_most() -> None:
    backoff, now, steps = Backoff(3, 1.0, 300.0, 10), 0.0, []
    for _ in range(14):
        steps.append(backoff.failed("a", now))
        now += backoff.waits("a", now)
    assert steps == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_success_forgives_all_and_so_does_time() -> None:
    backoff = Backoff(2, 1.0, 300.0, 10)
    assert [backoff.failed("a", 0.0) for _ in range(3)] == [0, 1, 2]
    assert backoff.waits("a", 1.5) == 0.5
    backoff.succeeded("a")
    assert backoff.waits("a", 1.5) == 0
    assert [backoff.failed("a", 2.0) for _ in range(3)] == [0, 1, 2]
    assert backoff.failed("a", 5.0 + FORGET_S) == 0


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 400)), max_size=200),
    st.integers(1, 5),
    st.integers(1, 4),
)
def test_what_is_remembered_is_bounded_and_no_wait_is_longer_than_the_most(
    failures: list[tuple[str, float]], free: int, keep: int
) -> None:
    """Whoever fails, however often; and a wait never grows by itself."""
    backoff, now = Backoff(free, 1.0, 30.0, keep), 0.0
    for key, pause in failures:
        now += pause
        step = backoff.failed(key, now)
        assert len(backoff) <= keep
        assert 0 <= step <= 30
        assert backoff.waits(key, now) == pytest.approx(step)
        assert backoff.waits(key, now + step) == 0
        assert (step > 0) == (backoff.count(key) >= free)


# -- who is let in ---------------------------------------------------------------------------------


def fail(admission: Admission, session: str, address: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        admission.failed(session, address, now)


def test_an_address_that_fails_is_turned_away_before_it_is_heard(
    admission: Admission, told: Told
) -> None:
    """Whatever it wanted; and it is told of once a step, not once an attempt."""
    fail(admission, "", BAD, 2)
    assert admission.stranger(BAD, 0.0) == ""
    fail(admission, "", BAD, 1)
    assert admission.stranger(BAD, 0.9) == "back-off"
    assert admission.stranger(OTHER, 0.9) == ""
    assert admission.stranger(BAD, 1.0) == ""
    assert told.notes == [("", f"3 failed logons from {BAD}: turned away for 1 s")]
    admission.failed("", BAD, 1.5)
    assert told.notes[1] == ("", f"4 failed logons from {BAD}: turned away for 2 s")


def test_failing_from_elsewhere_does_not_keep_the_client_out(admission: Admission) -> None:
    """Neither one who has been here before nor, for a while, one who has not."""
    admission.succeeded("ALPHA44", GOOD)
    fail(admission, "ALPHA44", BAD, 5)
    assert admission.caller("ALPHA44", BAD, 0.5)
    assert admission.caller("ALPHA44", GOOD, 0.5) == ""
    assert admission.caller("ALPHA44", OTHER, 0.5) == ""
    fail(admission, "ALPHA44", "10.0.0.67", 2)
    assert "under attack" in admission.caller("ALPHA44", OTHER, 0.5)
    assert admission.caller("ALPHA44", GOOD, 0.5) == ""
    assert admission.caller("BETA42", OTHER, 0.5) == ""


def test_an_attack_on_a_session_is_told(admission: Admission, told: Told) -> None:
    for place in range(6):
        admission.failed("ALPHA44", f"10.1.0.{place}", 0.0)
    note = "under attack: 6 failed logons; for 1 s only addresses that it logged on from are let in"
    assert told.notes == [("ALPHA44", note)]


def test_an_attack_from_everywhere_does_not_fill_the_journal(
    admission: Admission, told: Told
) -> None:
    """A note a second; the next one says how many there were."""
    for place in range(1_000):
        fail(admission, "", f"10.{place // 250}.{place % 250}.1", 3, now=place / 1_000)
    assert len(told.notes) == 1
    fail(admission, "", BAD, 3, now=5.0)
    assert told.notes[1][1].endswith("turned away for 1 s (and 999 more)")


def test_an_address_that_logged_on_is_heard_whatever_else_it_did(admission: Admission) -> None:
    """Someone else behind the same address fails at other sessions: its own stays open."""
    admission.succeeded("ALPHA44", GOOD)
    fail(admission, "", GOOD, 10)
    assert admission.stranger(GOOD, 0.5) == ""
    assert admission.caller("ALPHA44", GOOD, 0.5) == ""
    assert admission.caller("BETA42", GOOD, 0.5) == "back-off"
    fail(admission, "ALPHA44", GOOD, 3)
    assert admission.caller("ALPHA44", GOOD, 0.5) == "session ALPHA44: back-off"


def test_who_reconnects_in_a_loop_is_turned_away(told: Told) -> None:
    """Two a second and a few at once, however good the logons are."""
    admission = Admission(LogonConfig(logons_per_second=Decimal(2), logon_burst=4), told)
    let_in = sum(not admission.caller("ALPHA44", GOOD, turn / 50) for turn in range(500))
    assert 4 + 18 <= let_in <= 4 + 20
    assert admission.caller("ALPHA44", OTHER, 10.0) == ""


def test_who_was_logged_out_for_a_flood_comes_back_after_a_while(
    admission: Admission, told: Told
) -> None:
    """Longer each time; the logon in between does not forgive it."""
    admission.flooded("ALPHA44", GOOD, 0.0)
    assert "too many messages" in admission.caller("ALPHA44", GOOD, 0.9)
    assert admission.caller("ALPHA44", GOOD, 1.0) == ""
    admission.succeeded("ALPHA44", GOOD)
    admission.flooded("ALPHA44", GOOD, 5.0)
    assert admission.caller("ALPHA44", GOOD, 6.9)
    assert admission.caller("ALPHA44", GOOD, 7.0) == ""
    assert [note for _, note in told.notes][-1].endswith("may come back in 2 s")


def test_behind_a_proxy_nobody_pays_for_others(told: Told) -> None:
    admission = Admission(LogonConfig(failures=1, session_failures=1, proxies=(GOOD,)), told)
    fail(admission, "ALPHA44", GOOD, 50)
    assert admission.stranger(GOOD, 0.1) == ""
    assert admission.caller("ALPHA44", GOOD, 0.1) == ""
    assert told.notes == []


def test_addresses_of_a_session_are_bounded(admission: Admission) -> None:
    """The one that was there longest ago is forgotten, and is a stranger again."""
    for place in range(40):
        admission.succeeded("ALPHA44", f"10.2.0.{place}")
    fail(admission, "", "10.2.0.0", 3)
    fail(admission, "", "10.2.0.39", 3)
    assert admission.stranger("10.2.0.0", 0.5) == "back-off"
    assert admission.stranger("10.2.0.39", 0.5) == ""
