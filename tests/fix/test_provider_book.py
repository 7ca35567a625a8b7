"""A provider's entries as a book, without a line: ids, prices, counters, and what cannot be."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.fix.provider_book import BID, OFFER, EntryBook, Unusable
from otcfix.fix.provider_market import AGAIN_AFTER, Market, ProvidedSource
from otcfix.fix.wire import SOH, WireError
from otcfix.model.feed import BookDelta, BookSnapshot, Gap
from otcfix.model.time import SECOND, Instant

NOW: Instant = 1_790_000_000_000_000
SENT_AT = "20260921-14:13:20"  # NOW in FIX's words


def dec(value: object) -> Decimal:
    return Decimal(str(value))


def entry(**tags: object) -> dict[int, str]:
    return {int(tag[1:]): str(value) for tag, value in tags.items()}


@pytest.fixture
def book() -> EntryBook:
    made = EntryBook("BTC")
    made.snapshot(
        {},
        [
            entry(t269=0, t278="b1", t270=99, t271=1),
            entry(t269=0, t278="b2", t270=99, t271=2),
            entry(t269=1, t278="o1", t270=101, t271=4),
        ],
    )
    return made


def test_a_level_is_the_sum_of_its_entries(book: EntryBook) -> None:
    """Two orders at one price are one level."""
    assert book.levels(BID) == ((dec(99), dec(3)),)
    book.change(entry(t279=2, t278="b1"))
    assert book.levels(BID) == ((dec(99), dec(2)),)


def test_a_change_by_id_may_move_the_price(book: EntryBook) -> None:
    """Both prices are named, so that the old one is taken away."""
    assert book.change(entry(t279=1, t278="o1", t269=1, t270=102)) == (OFFER, dec(102), dec(101))
    assert book.levels(OFFER) == ((dec(102), dec(4)),)


def test_a_change_keeps_what_it_does_not_say(book: EntryBook) -> None:
    """A new size alone leaves the price."""
    book.change(entry(t279=1, t278="o1", t271=7))
    assert book.levels(OFFER) == ((dec(101), dec(7)),)


def test_entries_without_ids_go_by_their_price() -> None:
    """Side and price name the entry."""
    book = EntryBook("BTC")
    book.snapshot({}, [entry(t269=0, t270="99.0", t271=1)])
    book.change(entry(t279=1, t269=0, t270=99, t271=5))
    assert book.quantity(BID, dec(99)) == 5
    book.change(entry(t279=2, t269=0, t270="99.00"))
    assert book.levels(BID) == ()


def test_trades_and_statistics_are_no_part_of_the_book(book: EntryBook) -> None:
    """269=2 and the like say nothing of what may be dealt."""
    assert book.change(entry(t279=0, t269=2, t278="t1", t270=100, t271=9)) is None
    assert len(book.levels(BID)) == 1


def test_a_price_that_is_only_for_show_is_left_out(book: EntryBook) -> None:
    """QuoteCondition(276)=B."""
    book.change(entry(t279=1, t278="o1", t276="B"))
    assert book.levels(OFFER) == ()


@pytest.mark.parametrize(
    "broken",
    [
        entry(t279=0, t269=0, t278="b9", t270="NaN", t271=1),
        entry(t279=0, t269=0, t278="b9", t270="1e5", t271=1),
        entry(t279=0, t269=0, t278="b9", t270="12,5", t271=1),
        entry(t279=0, t269=0, t278="b9", t270=0, t271=1),
        entry(t279=0, t269=0, t278="b9", t270=-1, t271=1),
        entry(t279=0, t269=0, t278="b9", t270=1, t271=-1),
        entry(t279=0, t269=0, t278="b9", t270=1, t271="9" * 19),
        entry(t279=0, t269=0, t278="b9", t270=1),
        entry(t279=0, t269=0, t278="b9", t271=1),
        entry(t279=0, t269=0, t278="b9", t270=1, t271=1, t15="USD"),
        entry(t279=0, t269=1, t278="b1", t270=1, t271=1),
        entry(t279=0, t278="b9", t270=1, t271=1),
        entry(t279=1, t278="never", t271=1),
        entry(t279=2, t278="never"),
        entry(t279=2, t269=0, t270=50),
        entry(t279=7, t278="b1"),
        entry(t269=0, t278="b1", t270=99, t271=1),
        entry(t279=2),
    ],
)
def test_what_cannot_be_known_is_refused(book: EntryBook, broken: dict[int, str]) -> None:
    """NaN, exponents, what is not above zero, what was never there: nothing is guessed."""
    with pytest.raises((Unusable, WireError)):
        book.change(broken)


def test_an_id_twice_in_a_whole_book_is_refused(book: EntryBook) -> None:
    """Which of the two would a change mean?"""
    twice = [entry(t269=0, t278="x", t270=p, t271=1) for p in (1, 2)]
    with pytest.raises(Unusable, match="twice"):
        book.snapshot({}, twice)


def test_counters_tell_what_was_said_before_and_what_was_lost(book: EntryBook) -> None:
    """RptSeq(83): the same again is passed over, one missing voids."""
    first = entry(t279=1, t278="o1", t271=7, t83=5)
    assert book.change(first) is not None
    assert book.change(first) is None
    assert book.change(entry(t279=1, t278="o1", t271=9, t83=6)) is not None
    assert book.change(entry(t279=1, t278="o1", t271=7, t83=5)) is None
    with pytest.raises(Unusable, match="gap"):
        book.change(entry(t279=1, t278="o1", t271=8, t83=8))


def test_a_change_that_comes_behind_the_first_was_missing(book: EntryBook) -> None:
    """A W without a number hides that the first change was overtaken: passing over it when it
    comes would leave a book that looks fine and is not."""
    assert book.change(entry(t279=1, t278="o1", t271=7, t83=5)) is not None
    with pytest.raises(Unusable, match="gap"):
        book.change(entry(t279=1, t278="b1", t271=9, t83=4))


@given(
    st.lists(
        st.tuples(st.sampled_from("012"), st.sampled_from("01"), st.integers(1, 4),
                  st.integers(1, 9), st.sampled_from(["a", "b", "c"])),
        max_size=30,
    )
)  # fmt: skip
def test_levels_are_always_the_sums_of_the_entries(
    changes: Sequence[tuple[str, str, int, int, str]],
) -> None:
    """Whatever comes, in whatever order: either refused, or counted exactly."""
    book = EntryBook("BTC")
    book.snapshot({}, [])
    expected: dict[str, tuple[str, int, int]] = {}
    for action, side, px, qty, name in changes:
        try:
            book.change(entry(t279=action, t269=side, t270=px, t271=qty, t278=name))
        except Unusable:
            assert name not in expected or expected[name][0] != side
            continue
        if action == "2":
            del expected[name]
        else:
            old = expected.get(name, (side,))[0]
            expected[name] = (old, px, qty)
    for side in (BID, OFFER):
        sums: dict[Decimal, Decimal] = {}
        for kind, px, qty in expected.values():
            if kind == side:
                sums[dec(px)] = sums.get(dec(px), dec(0)) + qty
        assert dict(book.levels(side)) == sums


# -- the subscriptions of a line -------------------------------------------------------------------


class Ear:
    """What a Market says, and whether the book is usable after it."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.usable = True
        self.market = Market(
            "LPX",
            [ProvidedSource("one", "ONE", "BTC"), ProvidedSource("two", "TWO", "ETH")],
            self._take,
            incremental=True,
            depth=0,
            skew_max=SECOND,
            run="r",
        )

    def _take(self, source: str, message: Any) -> bool:
        self.said.append((source, message))
        return self.usable

    def hears(self, line: str, now: Instant = NOW) -> None:
        kind = line.partition("|")[0].removeprefix("35=")
        text = line.replace("|", SOH) + SOH
        self.market.take(kind, f"8=FIX.4.4{SOH}{text}10=000{SOH}", now)


@pytest.fixture
def ear() -> Ear:
    made = Ear()
    made.market.up(NOW)
    asked = made.market.due(NOW)
    assert [words.fields[0] for words in asked] == [(262, "r-1"), (262, "r-2")]
    made.said.clear()
    return made


WHOLE = f"35=W|52={SENT_AT}|262=r-1|55=ONE|268=2|269=0|278=b|270=99|271=1|269=1|278=o|270=101|271=1"
CHANGE = f"35=X|52={SENT_AT}|262=r-1|268=1|279=1|269=0|278=b|55=ONE|271=2"


def test_changes_before_the_book_are_asked_about(ear: Ear) -> None:
    """An X without its W: void, and a new subscription; the old one is given up."""
    ear.hears(CHANGE)
    assert isinstance(ear.said[-1][1], Gap)
    assert ear.market.due(NOW) == []
    off, on = ear.market.due(NOW + AGAIN_AFTER)
    assert (off.fields[:2], on.fields[:2]) == (
        ((262, "r-1"), (263, "2")),
        ((262, "r-3"), (263, "1")),
    )


def test_what_a_given_up_subscription_says_is_not_heard(ear: Ear) -> None:
    """Its numbers are of another time."""
    ear.hears(CHANGE)
    ear.market.due(NOW + AGAIN_AFTER)
    ear.said.clear()
    ear.hears(WHOLE)
    assert ear.said == []


def test_one_message_may_speak_of_several_books(ear: Ear) -> None:
    """A symbol holds for the entries behind it, too."""
    ear.hears(WHOLE)
    ear.hears(WHOLE.replace("r-1", "r-2").replace("ONE", "TWO"))
    ear.said.clear()
    ear.hears(
        "35=X|268=3|279=1|269=0|278=b|55=ONE|271=2|279=1|269=1|278=o|271=5|279=1|269=0|278=b|55=TWO|271=3"
    )
    (one, first), (two, second) = ear.said
    assert (one, two) == ("one", "two")
    assert first == BookDelta("ONE", NOW, ((dec(99), dec(2)),), ((dec(101), dec(5)),), 0, 0)
    assert second.bids == ((dec(99), dec(3)),)


def test_a_broken_entry_voids_its_book_and_no_other(ear: Ear) -> None:
    """The rest of the message still counts."""
    ear.hears(WHOLE)
    ear.hears(WHOLE.replace("r-1", "r-2").replace("ONE", "TWO"))
    ear.said.clear()
    ear.hears("35=X|268=2|279=1|269=0|278=b|55=ONE|271=x|279=1|269=0|278=b|55=TWO|271=3")
    assert [(source, type(message)) for source, message in ear.said] == [
        ("one", Gap),
        ("two", BookDelta),
    ]


@pytest.mark.parametrize(
    "torn",
    [
        WHOLE.replace("268=2", "268=3"),
        WHOLE.replace("268=2", "268=x"),
        WHOLE.replace("|268=2", ""),
        WHOLE.replace(SENT_AT, "yesterday"),
        WHOLE.replace("270=99", "270=NaN"),
    ],
)
def test_a_torn_book_is_none(ear: Ear, torn: str) -> None:
    """Too few entries, a count that is none, a time that is none."""
    ear.hears(WHOLE)
    ear.hears(torn)
    assert isinstance(next(m for s, m in reversed(ear.said) if s == "one"), Gap)
    assert ear.market.due(NOW + AGAIN_AFTER)


def test_what_is_said_again_is_not_new(ear: Ear) -> None:
    """43=Y: it was so some time ago."""
    ear.hears(WHOLE.replace("35=W", "35=W|43=Y"))
    assert ear.said == []


def test_a_book_said_long_ago_is_old(ear: Ear) -> None:
    """By SendingTime(52): beyond what clocks may differ, the line held it up."""
    late = NOW + 10 * SECOND
    ear.hears(WHOLE, late)
    message = ear.said[-1][1]
    assert isinstance(message, BookSnapshot)
    assert message.received_at == NOW + SECOND
    assert message.venue_time == NOW


def test_a_book_that_the_desk_finds_crossed_is_asked_for_anew(ear: Ear) -> None:
    """What is a change of a book that was refused?"""
    ear.hears(WHOLE)
    ear.usable = False
    ear.hears(CHANGE)
    ear.usable = True
    ear.said.clear()
    ear.hears(CHANGE)
    assert ear.said == []
    assert len(ear.market.due(NOW + AGAIN_AFTER)) == 2


def test_an_empty_book_is_a_book(ear: Ear) -> None:
    """268=0, or 269=J: nothing is offered."""
    ear.hears(f"35=W|52={SENT_AT}|262=r-1|55=ONE|268=1|269=J")
    assert ear.said[-1][1] == BookSnapshot("ONE", NOW, (), (), NOW)
