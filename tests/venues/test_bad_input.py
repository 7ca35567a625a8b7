"""What a venue must not say, and sources that are not what they seem: dropped, with the reason."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.feed import Gap, Heartbeat, VenueTrade
from otcfix.model.time import MS, SECOND
from otcfix.venues.intake import STEP_MAX, Intake
from otcfix.venues.ratebook import RateBook
from tests.venues.support import NOW, best, dec, delta, instrument, levels, snapshot, spot

SYMBOL = "BTC/USD"


class Source:
    """One source of BTC/USD and what the sequencer would be shown of it."""

    def __init__(self, **more):
        spec = spot("src", SYMBOL, **more)
        self.rate_book = RateBook([instrument(SYMBOL)], [spec], "USD")
        self.intake = Intake(spec, self.rate_book)

    def take(self, *messages):
        for message in messages:
            self.intake.take(message)
        return self

    def book(self, now=NOW):
        """The book as it is stamped."""
        (book,) = self.rate_book.rates(SYMBOL, now).books
        return book

    def why(self, now=NOW):
        """The reason why there is no book at all, "" while there is one."""
        rates = self.rate_book.rates(SYMBOL, now)
        reasons = dict(rates.missing)
        assert bool(rates.books) == (not reasons)
        return reasons.get("src", "")


def counted(**more):
    """A source that numbers its updates, with a book of which update 2 is the last."""
    source = Source(venue="binance", selector="abcusdt", **more)
    return source.take(snapshot(last_id=1), delta(2, 2))


# -- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "why"),
    [
        (((99, -1),), "refused: bids: price 99, quantity -1"),
        (((-99, 1),), "refused: bids: price -99, quantity 1"),
        (((0, 1),), "refused: bids: price 0, quantity 1"),
        (((99, "NaN"),), "refused: bids: price 99, quantity NaN"),
        ((("sNaN", 1),), "refused: bids: price sNaN, quantity 1"),
        ((("Infinity", 1),), "refused: bids: price Infinity, quantity 1"),
        (((99, 1), (98, "-Infinity")), "refused: bids: price 98, quantity -Infinity"),
    ],
)
@pytest.mark.parametrize("how", ["snapshot", "delta"])
def test_a_number_that_no_venue_can_mean_drops_the_source(bids, why, how):
    """Also when it stands deep in the book: what else in the message is wrong is unknown."""
    source = counted()
    assert source.why() == ""
    bad = snapshot(bids, last_id=9) if how == "snapshot" else delta(3, 3, bids)

    assert source.take(bad).why() == why
    assert source.take(delta(4, 4)).why() == why
    assert source.take(snapshot(last_id=10), delta(11, 11)).why() == ""


def test_a_size_of_zero_is_no_level():
    """A snapshot leaves it out, a delta takes its level away; an empty book is dropped."""
    source = Source().take(snapshot([(99, 0), (98, 1)], [(101, 0), (102, 1)]))
    assert source.book().bids == levels((98, 1))
    assert source.book().offers == levels((102, 1))

    assert source.take(delta(1, 1, [(98, 0)], [(102, 0)])).why() == "an empty book"


def test_a_best_price_of_nothing_drops_the_source():
    """Its bookTicker contradicts itself."""
    source = counted()
    assert source.take(best(3, (99, 0), (101, 1))).why() == "refused: a best level of nothing"


_Number = st.decimals(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [Decimal(n) for n in ("99", "100", "101", "0", "-1")]
)


@given(st.lists(st.tuples(st.booleans(), _Number, _Number), max_size=12))
def test_whatever_numbers_come_what_is_shown_can_be_dealt_on(changes):
    """Prices and sizes above zero, sorted, never crossed; otherwise there is a reason."""
    source = Source().take(snapshot())
    for n, (bid, px, qty) in enumerate(changes):
        level = ((px, qty),)
        message = replaced_levels(n, level if bid else (), () if bid else level)
        source.take(message)
        rates = source.rate_book.rates(SYMBOL, NOW)
        if not rates.books:
            assert rates.missing[0][1]
            source.take(snapshot())
            continue
        bids, offers = rates.books[0].bids, rates.books[0].offers
        assert all(px > 0 and qty > 0 for px, qty in (*bids, *offers))
        assert [px for px, _ in bids] == sorted((px for px, _ in bids), reverse=True)
        assert [px for px, _ in offers] == sorted(px for px, _ in offers)
        assert not (bids and offers) or bids[0][0] < offers[0][0]


def replaced_levels(n, bids, offers):
    """A delta of any levels, good or bad."""
    made = delta(n + 3, n + 3)
    return type(made)("abcusdt", NOW, bids, offers, n + 3, n + 3)


# -- order ---------------------------------------------------------------------------------------


def test_a_duplicate_update_changes_nothing():
    """Said twice, it is taken once."""
    again = delta(3, 3, [(99, 5)])
    source = counted().take(again)
    before = source.book()

    assert source.take(again).book() is before


def test_an_update_out_of_its_order_drops_the_source():
    """The one that was overtaken is missing, and cannot be taken later."""
    source = counted().take(delta(4, 4, [(99, 5)]))
    assert source.why() == "gap: update 4 came after 2"
    assert source.take(delta(3, 3, [(99, 7)])).why() == "gap: update 4 came after 2"

    source.take(snapshot(last_id=5), delta(6, 6))
    assert source.why() == ""


def test_a_whole_book_that_was_overtaken_is_not_shown():
    """The newer one stands, and its age too."""
    source = Source().take(snapshot([(98, 1)], at=NOW, venue_time=NOW))
    before = source.book()
    source.take(snapshot([(97, 1)], at=NOW + MS, venue_time=NOW - SECOND))

    assert source.book() is before
    source.take(snapshot([(96, 1)], at=NOW + 2 * MS, venue_time=NOW + 1))
    assert source.book().bids == levels((96, 1))


def test_a_gap_that_the_feed_saw_drops_the_source():
    """Until the next snapshot, whatever deltas come."""
    source = Source().take(snapshot())
    source.take(Gap("abcusdt", NOW, "the line broke"))
    assert source.why() == "gap: the line broke"
    assert source.take(delta(1, 1, [(99, 3)])).why() == "gap: the line broke"

    assert source.take(snapshot()).why() == ""


# -- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [3 * 3_600 * SECOND, -5 * 3_600 * SECOND])
def test_a_venue_clock_that_is_hours_off_ages_like_any_other(skew):
    """The clocks are compared, not believed: half a second late is half a second old."""
    source = Source()
    source.take(snapshot(at=NOW, venue_time=NOW + skew))
    assert source.book().changed_at == NOW
    source.take(snapshot([(98, 1)], at=NOW + SECOND, venue_time=NOW + skew + SECOND // 2))

    assert 0 <= source.book().changed_at - (NOW + SECOND // 2) < MS


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (-3_600 * SECOND, "clock: the venue's time went back by 3599 s"),
        (3_600 * SECOND, "clock: the venue's time jumped ahead by 3600 s"),
    ],
)
@pytest.mark.parametrize("numbered", [True, False])
def test_a_venue_clock_that_is_set_drops_the_source(step, why, numbered):
    """What its times mean is unknown then: until the next snapshot."""
    ids = iter(range(1, 9))

    def said(second, skew):
        n = next(ids)
        at = NOW + second * SECOND
        if numbered and n > 1:
            return delta(n, n, [(98, n)], at=at, venue_time=at + skew)
        return snapshot([(98, n)], at=at, venue_time=at + skew, last_id=n if numbered else None)

    venue = {"venue": "binance", "selector": "abcusdt"} if numbered else {}
    source = Source(**venue).take(said(0, 0), said(1, 0))
    assert source.why() == ""
    assert source.take(said(2, step)).why() == why

    at = NOW + 3 * SECOND
    source.take(snapshot(at=at, venue_time=at + step, last_id=50 if numbered else None))
    source.take(delta(51, 51, [(98, 9)], at=at, venue_time=at + step))
    assert source.why() == ""
    assert source.book().changed_at == at


def test_a_small_step_of_the_clock_only_makes_the_price_older():
    """A clock that is disciplined by a second is no reason to drop a source."""
    source = counted()
    source.take(delta(3, 3, [(98, 3)], at=NOW, venue_time=NOW))
    later = NOW + SECOND
    source.take(delta(4, 4, [(98, 4)], at=later, venue_time=later - STEP_MAX + SECOND))

    assert source.why() == ""
    assert source.book().changed_at == NOW


# -- books ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("offer", [99, "98.5"])
def test_a_venue_that_crosses_its_own_book_is_dropped(offer):
    """Locked counts as crossed; the next delta mends nothing."""
    why = f"crossed: bid 99 is not below offer {offer}"
    source = counted().take(delta(3, 3, (), [(offer, 1)]))
    assert source.why() == why
    assert source.take(delta(4, 4, (), [(offer, 0)])).why() == why

    assert source.take(snapshot(last_id=5), delta(6, 6)).why() == ""


def test_a_source_that_freezes_while_still_heartbeating_ages_and_is_dropped():
    """Heartbeats, deals and the same book with the same time are no news (A21)."""
    source = Source(silence_max_ms=3_000).take(snapshot(venue_time=NOW))
    for second in range(1, 4):
        at = NOW + second * SECOND
        source.take(
            Heartbeat("abcusdt", at),
            VenueTrade("abcusdt", at, dec(100), dec(1), at),
            snapshot(at=at, venue_time=NOW),
        )
        assert source.book(at).changed_at == NOW
    assert (source.intake.heartbeats, source.intake.trades) == (3, 3)
    assert source.intake.last_trade.px == 100

    silent = "silence: no news for more than 3000 ms"
    assert source.why(NOW + 3 * SECOND + 1) == silent
    at = NOW + 4 * SECOND
    source.take(snapshot(at=at, venue_time=at))
    assert source.why(at) == ""


def test_after_a_silence_only_a_new_snapshot_counts():
    """Deltas that follow it may hide what was lost."""
    source = counted(silence_max_ms=1_000)
    at = NOW + SECOND + 1
    silent = "silence: no news for more than 1000 ms"
    assert source.take(delta(3, 3, [(98, 1)], at=at)).why(at) == silent
    assert source.take(delta(4, 4, [(98, 2)], at=at)).why(at) == silent

    source.take(snapshot(at=at, last_id=4), delta(5, 5, at=at))
    assert source.why(at) == ""


def test_without_a_limit_silence_only_makes_old():
    """As configured: 0."""
    source = counted()
    at = NOW + 3_600 * SECOND
    assert source.book(at).changed_at == NOW

    assert source.take(delta(3, 3, [(98, 1)], at=at)).book(at).changed_at == at


def test_a_depth_of_one_level_is_a_book():
    """And no more than that one level is ever shown."""
    source = counted(depth=1)
    assert (source.book().bids, source.book().offers) == (levels((99, 1)), levels((101, 1)))
    source.take(delta(3, 3, [(100, 2), (98, 7)]))
    assert source.book().bids == levels((100, 2))
    source.take(delta(4, 4, [(100, 0), (99, 0), (98, 0)]))

    assert source.book().bids == ()
    assert source.take(delta(5, 5, (), [(101, 0)])).why() == "an empty book"


@pytest.mark.parametrize(("px", "qty"), [("NaN", 1), (0, 1), (1, 0), (1, -1), ("Infinity", 1)])
def test_a_deal_that_makes_no_sense_is_counted_and_forgotten(px, qty):
    """It touches neither the book nor the last sound deal."""
    sound = VenueTrade("abcusdt", NOW, dec(100), dec(1))
    source = Source().take(snapshot(), sound)
    source.take(VenueTrade("abcusdt", NOW, dec(px), dec(qty)))

    assert (source.intake.trades, source.intake.last_trade) == (2, sound)
    assert source.why() == ""


def test_silence_must_be_a_length_of_time():
    """Negative is refused."""
    with pytest.raises(Exception, match="silence_max_ms: must not be below 0"):
        replace(spot("src", SYMBOL), silence_max_ms=-1)
