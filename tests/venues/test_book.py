"""A source's book: sorted, gapless, never crossed; in doubt it shows nothing and says why."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.venues.book import PENDING_MAX, Book, Continuity, Ladder, Outcome
from tests.venues.support import best, delta, levels, snapshot

IGNORED, CONFIRMED, MOVED = Outcome.IGNORED, Outcome.CONFIRMED, Outcome.MOVED

prices = st.integers(1, 40).map(lambda n: Decimal(n) / 2)
quantities = st.integers(0, 3).map(Decimal)
some_levels = st.lists(st.tuples(prices, quantities), max_size=12).map(tuple)


@given(bid=st.booleans(), depth=st.integers(1, 5), steps=st.lists(some_levels, max_size=12))
def test_a_ladder_shows_what_a_plain_dict_would(bid, depth, steps):
    """Its top is the best levels of everything put so far, in order, and moves when it says so."""
    ladder = Ladder(bid=bid, depth=depth)
    plain: dict[Decimal, Decimal] = {}
    for number, step in enumerate(steps):
        before = dict(plain)
        if number % 4 == 3:
            plain.clear()
        plain.update(step)
        plain = {px: qty for px, qty in plain.items() if qty}
        moved = ladder.replace(step) if number % 4 == 3 else ladder.put(step)
        expected = tuple(sorted(plain.items(), reverse=bid))[:depth]

        assert ladder.top() == expected
        assert ladder.best() == (expected[0][0] if expected else None)
        assert len(ladder) == len(plain)
        assert moved or plain == before


def test_the_top_is_not_cut_again_while_only_deeper_levels_move():
    """The same tuple: an update far from the touch costs nothing downstream."""
    ladder = Ladder(bid=True, depth=2)
    ladder.replace(levels((10, 1), (9, 1), (8, 1)))
    top = ladder.top()
    ladder.put(levels((8, 5), (7, 1)))

    assert ladder.top() is top


messages = st.one_of(
    st.builds(lambda b, o: ("snapshot", b, o), some_levels, some_levels),
    st.builds(lambda b, o: ("delta", b, o), some_levels, some_levels),
    st.builds(lambda b, o, q: ("best", ((b, q),), ((o, q),)), prices, prices, st.integers(0, 2)),
)


@given(st.lists(messages, max_size=20))
def test_whatever_comes_the_shown_book_is_sorted_and_not_crossed(steps):
    """Unusable books show nothing; usable ones are strictly sorted, with bids below offers."""
    book = Book(Continuity.SPOT, depth=4)
    book.take(delta(1, 1))
    for number, (kind, bids, offers) in enumerate(steps, 2):
        if kind == "snapshot":
            book.take(snapshot(bids, offers, last_id=number - 1))
            book.take(delta(number, number))
        elif kind == "delta":
            book.take(delta(number, number, bids, offers))
        else:
            book.take(best(number + 1, bids[0], offers[0]))
        shown_bids, shown_offers = book.top()
        bid_prices = [px for px, _ in shown_bids]
        offer_prices = [px for px, _ in shown_offers]

        assert book.usable or not (bid_prices or offer_prices)
        assert book.usable == (book.why == "")
        assert bid_prices == sorted(set(bid_prices), reverse=True)
        assert offer_prices == sorted(set(offer_prices))
        assert all(qty > 0 for _, qty in (*shown_bids, *shown_offers))
        assert len(bid_prices) <= 4
        assert len(offer_prices) <= 4
        if bid_prices and offer_prices:
            assert bid_prices[0] < offer_prices[0]


def joined(continuity=Continuity.SPOT):
    """Return a book that stands at update 100: bid 99, offer 101."""
    book = Book(continuity)
    book.take(snapshot(last_id=99))
    book.take(delta(98, 100, previous_id=97))
    assert book.usable
    return book


def test_spot_needs_a_snapshot_first():
    """Deltas alone show nothing."""
    book = Book(Continuity.SPOT)

    assert book.take(delta(1, 5, [(99, 1)])) is IGNORED
    assert not book.usable
    assert book.why == "no snapshot yet"


def test_deltas_that_came_before_the_snapshot_are_applied_after_it():
    """The stream is opened before the snapshot is asked for: what it covers is dropped."""
    book = Book(Continuity.SPOT)
    book.take(delta(90, 95, [(98, 7)]))
    book.take(delta(96, 102, [(99, 4)]))
    book.take(delta(103, 104, (), [(101, 6)]))

    assert book.take(snapshot(last_id=100)) is MOVED
    assert book.top() == (levels((99, 4)), levels((101, 6)))


def test_only_so_many_deltas_wait():
    """A snapshot that never comes does not fill the memory."""
    book = Book(Continuity.SPOT)
    for n in range(PENDING_MAX + 50):
        book.take(delta(n, n, [(99, n + 1)]))
    book.take(snapshot(last_id=PENDING_MAX + 48))

    assert book.usable
    assert book.top()[0] == levels((99, PENDING_MAX + 50))


def test_a_snapshot_is_not_shown_until_a_delta_joins_it():
    """Alone it may be another symbol's: Binance's names none."""
    book = Book(Continuity.SPOT)

    book.take(snapshot(last_id=100))
    assert not book.usable
    assert book.why == "no delta has joined the snapshot yet"
    book.take(delta(40, 60))
    assert not book.usable
    book.take(delta(101, 101))
    assert book.usable


@pytest.mark.parametrize(
    ("first", "last", "outcome"),
    [
        (101, 105, MOVED),  # U == last + 1
        (95, 101, MOVED),  # overlapping: U < last + 1 <= u
        (90, 100, IGNORED),  # u == last: known
        (40, 60, IGNORED),
        (102, 105, "gap"),
    ],
)
def test_spot_continuity(first, last, outcome):
    """U <= last + 1 <= u, or it is old, or something is missing."""
    book = joined()
    happened = book.take(delta(first, last, [(98, 1)]))

    assert happened is (MOVED if outcome == "gap" else outcome)
    assert book.usable == (outcome != "gap")
    if outcome == "gap":
        assert book.why == "gap: update 102 came after 100"


@pytest.mark.parametrize(
    ("first", "last", "previous", "outcome"),
    [
        (150, 160, 100, MOVED),  # ids jump; pu says what came before
        (101, 160, 100, MOVED),
        (90, 100, 80, IGNORED),
        (101, 160, 99, "gap"),
        (150, 160, 149, "gap"),
        (101, 160, None, "gap"),  # not a futures delta at all
    ],
)
def test_futures_continuity(first, last, previous, outcome):
    """Pu equals the last u, whatever U says."""
    book = joined(Continuity.FUTURES)
    book.take(delta(first, last, [(98, 1)], previous_id=previous))

    assert book.usable == (outcome != "gap")
    assert (len(book.top()[0]) == 2) == (outcome is MOVED)


@pytest.mark.parametrize(("previous", "usable"), [(95, True), (99, True), (100, False)])
def test_the_first_futures_delta_joins_when_nothing_lies_between(previous, usable):
    """It may begin before the snapshot (99), not after it."""
    book = Book(Continuity.FUTURES)
    book.take(snapshot(last_id=99))
    book.take(delta(120, 130, previous_id=previous))

    assert book.usable == usable


def test_a_gap_lasts_until_a_new_snapshot():
    """Later deltas wait; the snapshot brings the book back with all of them."""
    book = joined()
    book.take(delta(110, 111, [(98, 1)]))
    assert book.take(delta(112, 113, [(97, 1)])) is IGNORED
    assert not book.usable

    book.take(snapshot(last_id=111))

    assert book.usable
    assert book.top()[0] == levels((99, 1), (97, 1))


def test_a_snapshot_older_than_a_gapless_book_changes_nothing():
    """A late REST answer does not take the book back in time."""
    book = joined()

    assert book.take(snapshot([(50, 1)], last_id=100)) is IGNORED
    assert book.top()[0] == levels((99, 1))


def test_a_snapshot_ahead_of_the_book_replaces_it():
    """And is shown once a delta joins it."""
    book = joined()
    book.take(snapshot([(50, 1)], last_id=120))
    assert not book.usable
    book.take(delta(121, 121))

    assert book.top()[0] == levels((50, 1))


def test_a_counted_snapshot_needs_its_number():
    """Without lastUpdateId nothing could be joined to it."""
    book = Book(Continuity.SPOT)
    book.take(snapshot())

    assert book.why == "refused: a snapshot without its update id"


def test_zero_takes_a_level_away():
    """Also one that was never there."""
    book = joined()

    assert book.take(delta(101, 101, [(99, 0), (42, 0)])) is MOVED
    assert book.top() == ((), levels((101, 1)))


def test_a_delta_that_changes_nothing_confirms():
    """Nothing moved: whether it makes the price younger is for its time to say (A21)."""
    assert joined().take(delta(101, 101, [(99, 1)])) is CONFIRMED


@pytest.mark.parametrize(
    "bad",
    [("NaN", 1), (99, "NaN"), ("sNaN", 1), ("Infinity", 1), (0, 1), (-5, 1), (99, -1), ("1e15", 1)],
)
def test_a_level_that_no_venue_can_mean_ends_the_book(bad):
    """With the reason; the rest of the message is not believed either."""
    for message in (delta(101, 101, [(98, 1), bad]), snapshot([bad], last_id=200)):
        book = joined()

        assert book.take(message) is MOVED
        assert not book.usable
        assert book.why.startswith("refused: bids: price ")
        assert book.top() == ((), ())


@pytest.mark.parametrize("bid", [101, 102])
def test_a_crossed_or_locked_book_is_unusable(bid):
    """One venue matches what crosses: a delete was lost. Only a snapshot heals it."""
    book = joined()
    book.take(delta(101, 101, [(bid, 1)]))
    assert book.why == f"crossed: bid {bid} is not below offer 101"
    book.take(delta(102, 102, [(bid, 0)]))
    assert not book.usable

    book.take(snapshot(last_id=102))
    book.take(delta(103, 103))
    assert book.usable


def test_a_whole_book_venue_heals_with_the_next_message():
    """Hyperliquid sends the whole book each time; deltas before one mean nothing."""
    book = Book()
    assert book.take(delta(1, 1, [(99, 1)])) is IGNORED
    assert book.take(snapshot()) is MOVED
    assert book.take(snapshot()) is CONFIRMED
    assert book.take(snapshot([(103, 1)])) is MOVED
    assert not book.usable
    assert book.take(snapshot()) is MOVED
    assert book.usable


# -- the best bid and offer over the depth ---------------------------------------------------


def test_a_newer_best_replaces_what_it_proves_gone():
    """Bids above the best bid and offers below the best offer are no more."""
    book = joined()
    book.take(delta(101, 101, [(98, 2), (97, 3)], [(102, 2), (103, 3)]))

    assert book.take(best(105, (98, 5), (102, 6))) is MOVED
    assert book.top() == (levels((98, 5), (97, 3)), levels((102, 6), (103, 3)))
    assert book.take(best(106, (98, 5), (102, 6))) is CONFIRMED


def test_a_best_outside_the_book_is_put_in_front():
    """A level that depth has not told yet."""
    book = joined()
    book.take(best(105, ("99.5", 5), (101, 1)))

    assert book.top() == (levels(("99.5", 5), (99, 1)), levels((101, 1)))


def test_depth_that_has_not_caught_up_does_not_undo_it():
    """The best of update 105 stays over the depth of 103, and goes with that of 105."""
    book = joined()
    book.take(best(105, (98, 5), (102, 6)))
    book.take(delta(101, 103, [(99, 9)]))
    assert book.top()[0] == levels((98, 5))

    book.take(delta(104, 105, [(99, 0), (98, 5)], [(101, 0), (102, 6)]))
    assert book.top() == (levels((98, 5)), levels((102, 6)))
    book.take(delta(106, 106, [(99, 1)]))
    assert book.top()[0] == levels((99, 1), (98, 5))


@pytest.mark.parametrize("update_id", [99, 100])
def test_an_old_best_is_ignored(update_id):
    """What the depth already holds is better known."""
    book = joined()

    assert book.take(best(update_id, (90, 1), (110, 1))) is IGNORED
    book.take(best(110, (98, 1), (102, 1)))
    assert book.take(best(109, (97, 1), (103, 1))) is IGNORED


def test_a_best_alone_makes_no_book():
    """Before the depth there is nothing to lay it over."""
    assert Book(Continuity.SPOT).take(best(5, (99, 1), (101, 1))) is IGNORED


@pytest.mark.parametrize(
    ("bid", "offer", "why"),
    [
        ((0, 0), (101, 1), "refused: best bid: price 0, quantity 0"),
        ((99, 1), (101, 0), "refused: a best level of nothing"),
        ((101, 1), (101, 1), "crossed: bid 101 is not below offer 101"),
    ],
)
def test_a_bad_best_ends_the_book(bid, offer, why):
    """A side that is empty or crossed cannot be dealt on."""
    book = joined()
    book.take(best(105, bid, offer))

    assert book.why == why
