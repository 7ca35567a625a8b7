"""From a venue's messages to the RateBook: what is news, and how old it is (A21)."""

from otcfix.model.time import MS, SECOND
from otcfix.venues.book import Continuity
from otcfix.venues.intake import DRIFT, Intake, VenueClock, continuity_of
from otcfix.venues.ratebook import RateBook
from tests.venues.support import NOW, delta, instrument, perpetual, snapshot, spot

AHEAD = 1_272 * MS
"""A venue's clock may be ahead of ours by more than a price may be old."""


def wired(**more):
    """Return an intake of BTC/USD and its RateBook."""
    spec = spot("src", "BTC/USD", **more)
    rate_book = RateBook([instrument("BTC/USD")], [spec], "USD")
    return Intake(spec, rate_book), rate_book


def book_of(rate_book, now=NOW):
    """Return the one source's book."""
    (book,) = rate_book.rates("BTC/USD", now).books
    return book


def test_the_fastest_message_sets_the_clocks_apart():
    """What came slower by comparison is older by that much; nothing is younger than its receipt."""
    clock = VenueClock()

    assert clock.translate(NOW + AHEAD, NOW) == NOW
    slower = clock.translate(NOW + SECOND + AHEAD, NOW + SECOND + 30 * MS)
    assert slower == NOW + SECOND + 1_030 * MS // DRIFT
    faster = clock.translate(NOW + 2 * SECOND + AHEAD, NOW + 2 * SECOND - 5 * MS)
    assert faster == NOW + 2 * SECOND - 5 * MS


def test_clocks_that_drift_apart_are_followed_no_faster_than_clocks_drift():
    """0.1 ms a second: an hour of a line that is 5 s behind is not taken for the clock."""
    clock = VenueClock()
    clock.translate(NOW, NOW)
    for second in range(1, 3_600):
        at = clock.translate(NOW + (second - 5) * SECOND, NOW + second * SECOND)
    lag = NOW + 3_599 * SECOND - at

    assert 4_600 * MS < lag < 5 * SECOND


def test_a_repeated_venue_time_says_nothing_new():
    """However long it is repeated."""
    clock = VenueClock()
    clock.translate(NOW, NOW)

    assert not clock.newer(NOW)
    assert clock.translate(NOW, NOW + 3_600 * SECOND) == NOW
    assert clock.newer(NOW + 1)


def test_a_change_makes_the_price_young():
    """Without a venue time, by its receipt."""
    intake, rate_book = wired()
    intake.take(snapshot())
    intake.take(snapshot([(98, 1)], at=NOW + SECOND))

    assert book_of(rate_book).changed_at == NOW + SECOND


def test_the_same_book_again_is_a_heartbeat():
    """It neither makes the price younger nor gives depth back (A21, R16)."""
    intake, rate_book = wired()
    intake.take(snapshot())
    before = book_of(rate_book)
    rate_book.moved()
    intake.take(snapshot(at=NOW + SECOND))

    assert book_of(rate_book) is before
    assert rate_book.moved() == set()


def test_the_same_book_with_a_newer_venue_time_is_news():
    """The venue says that the book still stands so."""
    intake, rate_book = wired()
    intake.take(snapshot(venue_time=NOW))
    before = book_of(rate_book)
    intake.take(snapshot(at=NOW + SECOND, venue_time=NOW + SECOND))
    after = book_of(rate_book)

    assert after.changed_at == NOW + SECOND
    assert after.snapshot == before.snapshot + 1


def test_a_stalled_venue_ages_for_as_long_as_it_repeats_itself():
    """An hour of the same book with the same time: an hour old."""
    intake, rate_book = wired()
    for second in range(3_600):
        intake.take(snapshot(at=NOW + second * SECOND, venue_time=NOW))

    assert book_of(rate_book).changed_at == NOW


def test_a_price_is_as_old_as_the_venue_says_on_our_clock():
    """A delta that was 300 ms slower than the fastest is 300 ms old on arrival."""
    intake, rate_book = wired(venue="binance", selector="abcusdt")
    intake.take(snapshot(last_id=1))
    intake.take(delta(2, 2, at=NOW, venue_time=NOW + AHEAD))
    late = NOW + SECOND
    intake.take(delta(3, 3, [(98, 1)], at=late, venue_time=late + AHEAD - 300 * MS))

    assert book_of(rate_book).changed_at == late - 300 * MS + SECOND // DRIFT


def test_a_price_never_grows_older_by_an_update():
    """A message overtaken on the way does not take changed_at back."""
    intake, rate_book = wired()
    intake.take(snapshot(at=NOW, venue_time=NOW))
    intake.take(snapshot([(98, 1)], at=NOW + MS, venue_time=NOW - SECOND))

    assert book_of(rate_book).changed_at == NOW


def test_a_broken_book_is_cleared_with_its_reason_and_comes_back():
    """Law 5: no book rather than a wrong one."""
    intake, rate_book = wired()
    intake.take(snapshot())
    intake.take(snapshot([(102, 1)]))
    assert rate_book.rates("BTC/USD", NOW).books == ()
    (status,) = rate_book.statuses(NOW)
    assert not status.usable
    assert status.why == "crossed: bid 102 is not below offer 101"

    intake.take(snapshot(at=NOW + 1))
    assert book_of(rate_book).changed_at == NOW + 1


def test_recorded_times_are_moved_to_the_present():
    """By a shift."""
    intake, rate_book = wired()
    intake.take(snapshot(at=5 * SECOND, venue_time=6 * SECOND), shift=NOW)

    assert book_of(rate_book).changed_at == NOW + 5 * SECOND


def test_each_venue_has_its_continuity():
    """Binance counts its updates, spot and futures differently; the others send whole books."""
    assert continuity_of(spot("a", "BTC/USDT", venue="binance")) is Continuity.SPOT
    assert continuity_of(perpetual("a", "BTC/USDT", venue="binance")) is Continuity.FUTURES
    assert continuity_of(perpetual("a", "BTC/USD", venue="hyperliquid")) is Continuity.WHOLE
