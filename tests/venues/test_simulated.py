"""The simulated venue: deterministic, plausible, and obedient."""

import time
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcfix.model.errors import ConfigError
from otcfix.model.time import MS
from otcfix.venues.feed import wall_clock
from otcfix.venues.ratebook import RateBook
from otcfix.venues.simulated import Follower, SimulatedVenue, Walk, Walker, books
from tests.venues.support import instrument, spot

BTC = Walk(Decimal("60000.00"), Decimal("0.01"), Decimal("0.00001"))


def until(condition, seconds=5.0):
    """Wait for *condition*, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.001)


class Venue:
    """A simulated venue that feeds BTC/USD every few milliseconds."""

    def __init__(self, *, interval_ms=2, frozen=False, seed=7, follow=None):
        spec = spot("sim", "BTC/USD")
        self.failures = []
        self.rate_book = RateBook([instrument("BTC/USD")], [spec], "USD")
        self.feed = SimulatedVenue(
            spec,
            self.rate_book,
            lambda *told: self.failures.append(told),
            walk=BTC,
            seed=seed,
            interval_ms=interval_ms,
            frozen=frozen,
            follow=follow,
        )

    def __enter__(self):
        self.feed.start()
        until(self.books)
        return self

    def __exit__(self, *_):
        self.feed.stop()
        assert self.failures == []

    def books(self):
        return self.rate_book.rates("BTC/USD", wall_clock()).books

    @property
    def why(self):
        return self.rate_book.statuses(wall_clock())[0].why

    def next_book(self):
        """Wait for another snapshot and return it."""
        (before,) = self.books()
        until(lambda: self.books() and self.books()[0].snapshot > before.snapshot)
        return self.books()[0]


def test_a_seed_gives_the_same_books_for_ever():
    """Also over Python versions and machines: these were written down once."""
    first, *_, last = islice(books(BTC, 42), 100)

    assert first == next(books(BTC, 42))
    assert first != next(books(BTC, 43))
    assert first[0][0] == (Decimal("59994.00"), Decimal("1.92352"))
    assert (last[0][0], last[1][-1]) == (
        (Decimal("60011.09"), Decimal("1.09313")),
        (Decimal("60036.61"), Decimal("8.00636")),
    )


@settings(max_examples=40)
@given(
    ticks=st.integers(40, 10**7),
    tick=st.sampled_from(["0.01", "0.5", "0.00001", "5"]),
    sigma=st.integers(0, 500),
    half_spread=st.integers(1, 500),
    seed=st.integers(0, 100),
)
def test_every_book_is_a_book(ticks, tick, sigma, half_spread, seed):
    """On tick and lot, sorted, above zero, never crossed, however wild the walk."""
    walk = Walk(
        Decimal(tick) * ticks,
        Decimal(tick),
        Decimal("0.001"),
        Decimal(sigma),
        Decimal(half_spread),
    )
    for bids, offers in islice(books(walk, seed), 20):
        bid_prices, offer_prices = [px for px, _ in bids], [px for px, _ in offers]

        assert len(bids) == len(offers) == 10
        assert bid_prices == sorted(set(bid_prices), reverse=True)
        assert offer_prices == sorted(set(offer_prices))
        assert bid_prices[-1] > 0
        assert bid_prices[0] < offer_prices[0]
        assert all(px % walk.tick == 0 for px in (*bid_prices, *offer_prices))
        assert all(qty > 0 and qty % walk.lot == 0 for _, qty in (*bids, *offers))


def test_the_walk_is_as_wide_as_it_says():
    """0.3 bp a step: 30 bp after 10,000 steps, give or take; no drift."""
    ends = []
    for seed in range(12):
        walker = Walker(BTC, seed)
        for _ in range(2_500):
            walker.step()
        ends.append(float(walker.mid / BTC.mid - 1) * 10_000)
    deviation = (sum(end * end for end in ends) / len(ends)) ** 0.5

    assert 7 < deviation < 25
    assert abs(sum(ends) / len(ends)) < 13


SECOND = Walk(BTC.mid, Decimal("0.5"), Decimal("0.001"), Decimal("0.1"), Decimal(2))


def distances(seed, leader_seed, steps=2_000):
    """How far a follower is from its leader after each step, in basis points of the leader."""
    leader = Walker(BTC, leader_seed)
    follower = Follower(SECOND, seed, lambda: leader.mid)
    found = []
    for _ in range(steps):
        leader.step()
        follower.step()
        found.append((follower.mid / leader.mid - 1) * 10_000)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_follower_stays_with_its_leader(seed):
    """Around him, on both sides, as far apart as its noise says, wherever the leader walks."""
    apart = distances(seed, leader_seed=seed + 10)
    deviation = (sum(one * one for one in apart) / len(apart)).sqrt()

    assert max(map(abs, apart)) < Decimal("1.2")
    assert Decimal("0.1") < deviation < Decimal("0.35")
    assert abs(sum(apart) / len(apart)) < Decimal("0.08")
    assert min(apart) < 0 < max(apart)


def test_a_follower_is_the_same_for_the_same_leader():
    """By seed, and only by seed."""
    assert distances(1, 5, 50) == distances(1, 5, 50)
    assert distances(1, 5, 50) != distances(2, 5, 50)
    # The last step was written down once: it holds on other machines too.
    assert distances(1, 5, 50)[-1].quantize(Decimal("1E-6")) == Decimal("0.203633")


def test_a_nudged_follower_comes_back():
    """What moves it alone wears off."""
    follower = Follower(SECOND, 1, lambda: BTC.mid)
    follower.nudge(Decimal(20))
    assert follower.mid == Decimal(60120)
    for _ in range(60):
        follower.step()
    assert abs(follower.mid / BTC.mid - 1) < Decimal("0.00012")


def test_a_venue_follows_while_both_run():
    """A jump of the leader is the follower's at its next step."""
    with Venue(seed=1) as leader, Venue(seed=2, follow=lambda: leader.feed.mid) as follower:
        leader.feed.nudge(Decimal(-100))
        there = leader.feed.mid
        until(lambda: abs(follower.feed.mid / there - 1) < Decimal("0.003"))
        (book,) = follower.books()
        assert abs(book.bids[0][0] / there - 1) < Decimal("0.004")


def test_the_spread_is_as_wide_as_it_says():
    """1 bp on each side of the mid."""
    bids, offers = next(books(BTC, 1))

    assert (bids[0][0], offers[0][0]) == (Decimal("59994.00"), Decimal("60006.00"))


@pytest.mark.parametrize(
    "wrong", [{"mid": Decimal(0)}, {"tick": Decimal(0)}, {"levels": 0}, {"mid": Decimal("0.3")}]
)
def test_a_walk_that_makes_no_book(wrong):
    """Is refused."""
    given_ = {"mid": BTC.mid, "tick": BTC.tick, "lot": BTC.lot, **wrong}
    with pytest.raises(ConfigError, match="simulated venue"):
        Walk(**given_)


def test_it_feeds_and_stops_promptly():
    """Stopped, it shows nothing."""
    with Venue(interval_ms=60_000) as venue:
        began = time.monotonic()
        venue.feed.stop()
        assert time.monotonic() - began < 0.5

        assert venue.books() == ()
        assert venue.why == "the feed was stopped"
        venue.feed.nudge(Decimal(1))
        assert venue.books() == ()


def test_it_moves():
    """A book every interval, of an age below it."""
    with Venue() as venue:
        first = venue.next_book()
        later = [venue.next_book() for _ in range(5)][-1]

        assert later.changed_at > first.changed_at
        assert later.bids != first.bids


def test_frozen_it_neither_moves_nor_ages():
    """For benchmarks: the same levels, a new time and a new snapshot (R16)."""
    with Venue(frozen=True) as venue:
        first = venue.next_book()
        later = venue.next_book()

        assert (later.bids, later.offers) == (first.bids, first.offers)
        assert later.changed_at > first.changed_at


@pytest.mark.parametrize("control", ["pause", "stall"])
def test_paused_or_stalled_the_price_ages(control):
    """A line that repeats itself is no fresher than one that is silent (A21)."""
    with Venue() as venue:
        getattr(venue.feed, control)()
        (before,) = venue.books()
        taken = venue.feed.intakes[0].taken
        if control == "stall":
            until(lambda: venue.feed.intakes[0].taken > taken + 3)
        else:
            time.sleep(0.02)
            assert venue.feed.intakes[0].taken == taken
        assert venue.books() == (before,)

        venue.feed.resume()
        assert venue.books()[0].changed_at > before.changed_at


def test_a_gap_takes_the_book_and_gives_it_back():
    """After the intervals named."""
    with Venue() as venue:
        venue.feed.gap(5)
        assert venue.books() == ()
        assert venue.why == "gap: the simulated venue lost an update"
        venue.feed.nudge(Decimal(1))
        assert venue.books() == ()
        until(venue.books)


def test_a_nudge_moves_the_market_at_once():
    """So that a resting order fills while people watch."""
    with Venue(interval_ms=60_000) as venue:
        (before,) = venue.books()
        venue.feed.nudge(Decimal(-50))
        (after,) = venue.books()

        assert venue.feed.mid == Decimal(59700)
        assert after.offers[0][0] == Decimal("59705.97")
        assert after.snapshot == before.snapshot + 1
        assert wall_clock() - after.changed_at < 5_000 * MS


def test_a_failure_clears_the_book_and_is_told():
    """Law 5; the thread does not die unheard."""
    with Venue(interval_ms=60_000) as venue:
        venue.feed.nudge(Decimal(1))
    broken = Venue()

    def fail():
        raise RuntimeError("the walk broke")

    broken.feed._walker.step = fail
    broken.feed.start()
    broken.feed.join(5)
    ((source, error),) = broken.failures

    assert (source, str(error)) == ("sim", "the walk broke")
    assert broken.books() == ()
    assert broken.why == "the feed failed: the walk broke"


def test_the_interval_must_be_above_zero():
    """Refused before it starts."""
    with pytest.raises(ConfigError, match="interval_ms"):
        Venue(interval_ms=0)
