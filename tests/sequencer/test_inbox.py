"""The inbox: fair, bounded, the urgent first, and room for cancels when orders have none."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from otcfix.sequencer.inbox import Inbox, Incoming

NAMES = ("alpha", "beta", "gamma")


def inbox(share: int = 100, reserve: int = 10) -> Inbox:
    made = Inbox(share, reserve)
    for name in NAMES:
        made.open_lane(name)
    return made


def said(session: str, number: int, at: int = 0) -> Incoming:
    return Incoming(session, 0, f"{session}-{number}", at)


def fill(box: Inbox, session: str, count: int) -> None:
    for number in range(count):
        assert box.put(said(session, number), "D")


def texts(taken: list[Incoming]) -> list[str]:
    return [one.text for one in taken]


# -- in turn -----------------------------------------------------------------------------------


def test_sessions_are_heard_in_turn() -> None:
    """A session that says much waits behind each one that says little."""
    box = inbox()
    fill(box, "alpha", 50)
    fill(box, "beta", 2)
    fill(box, "gamma", 1)
    first = Counter(one.session for one in box.take(6))
    assert first == {"alpha": 3, "beta": 2, "gamma": 1}


def test_the_turn_goes_on_where_it_stopped() -> None:
    """One message at a time, a batch of one is as fair as a batch of many."""
    box = inbox()
    for name in NAMES:
        fill(box, name, 3)
    turns = [box.take(1)[0].session for _ in range(9)]
    assert {tuple(sorted(turns[n : n + 3])) for n in (0, 3, 6)} == {NAMES}


@given(
    counts=st.tuples(*[st.integers(0, 30)] * 3),
    batch=st.integers(1, 40),
)
def test_nothing_is_lost_doubled_or_reordered(counts: tuple[int, ...], batch: int) -> None:
    """Whatever waits is taken once, and each session's own in the order that it was said."""
    box = inbox()
    for name, count in zip(NAMES, counts, strict=True):
        fill(box, name, count)
    taken: list[Incoming] = []
    while some := box.take(batch):
        assert len(some) <= batch
        taken += some
    assert len(box) == 0
    for name, count in zip(NAMES, counts, strict=True):
        mine = [one.text for one in taken if one.session == name]
        assert mine == [f"{name}-{number}" for number in range(count)]


@given(counts=st.tuples(*[st.integers(0, 30)] * 3), most=st.integers(1, 60))
def test_no_session_gets_more_than_its_turn(counts: tuple[int, ...], most: int) -> None:
    """In one batch, two sessions that both still wait were heard equally often, but for one."""
    box = inbox()
    for name, count in zip(NAMES, counts, strict=True):
        fill(box, name, count)
    heard = Counter(one.session for one in box.take(most))
    waiting = [heard[name] for name in NAMES if box.depth(name)]
    assert not waiting or max(waiting) - min(waiting) <= 1


# -- room --------------------------------------------------------------------------------------


def test_a_share_is_full_for_its_session_alone() -> None:
    """A flood is refused to who makes it; the others have all of their room."""
    box = inbox(share=3, reserve=0)
    fill(box, "alpha", 3)
    assert not box.put(said("alpha", 3), "D")
    fill(box, "beta", 3)
    assert box.depth("alpha") == 3
    assert len(box) == 6


def test_there_is_room_again_once_something_is_taken() -> None:
    """What is full is refused, not closed."""
    box = inbox(share=1, reserve=0)
    fill(box, "alpha", 1)
    box.take(1)
    assert box.put(said("alpha", 1), "D")


def test_cancels_have_a_reserve() -> None:
    """F and q go in when orders, replaces and quote requests are refused; then they are, too."""
    box = inbox(share=2, reserve=2)
    fill(box, "alpha", 2)
    for kind in ("D", "G", "R", "H"):
        assert not box.put(said("alpha", 9), kind)
    assert box.put(said("alpha", 2), "F")
    assert box.put(said("alpha", 3), "q")
    assert not box.put(said("alpha", 4), "F")
    assert not box.put(said("alpha", 4), "D")


def test_cancels_use_the_share_first() -> None:
    """The reserve is beyond the share, not beside it: cancels alone fill both."""
    box = inbox(share=2, reserve=1)
    assert [box.put(said("alpha", n), "F") for n in range(4)] == [True, True, True, False]


# -- what is never refused ---------------------------------------------------------------------


def test_the_urgent_goes_first() -> None:
    """Commands and overflows are taken before any session's messages, in their own order."""
    box = inbox()
    fill(box, "alpha", 2)
    for number in range(3):
        box.put_urgent(said("", number))
    assert texts(box.take(2)) == ["-0", "-1"]
    assert texts(box.take(9)) == ["-2", "alpha-0", "alpha-1"]


def test_a_session_s_own_event_stands_behind_its_messages() -> None:
    """A logout does not overtake what was said before it, and a full share does not refuse it."""
    box = inbox(share=2, reserve=0)
    fill(box, "alpha", 2)
    box.put_behind(said("alpha", 99))
    assert texts(box.take(9)) == ["alpha-0", "alpha-1", "alpha-99"]


def test_an_event_of_a_session_without_a_lane_is_urgent() -> None:
    """A provider's session has no lane; what happens to it is not lost."""
    box = inbox()
    box.put_behind(said("nobody", 0))
    assert texts(box.take(9)) == ["nobody-0"]


def test_a_lane_is_opened_once() -> None:
    """To open it again keeps what waits in it, and gives nobody a second turn."""
    box = inbox()
    fill(box, "alpha", 4)
    box.open_lane("alpha")
    fill(box, "beta", 4)
    assert Counter(one.session for one in box.take(4)) == {"alpha": 2, "beta": 2}


# -- waiting -----------------------------------------------------------------------------------


def test_the_oldest_is_known() -> None:
    """How long the head of the longest queue has waited is what overload is measured by."""
    box = inbox()
    assert box.oldest() is None
    box.put(said("beta", 0, at=20), "D")
    box.put(said("alpha", 0, at=30), "D")
    assert box.oldest() == 20


def test_notices_of_a_flood_do_not_use_up_the_cancels_places() -> None:
    """A session that floods itself may still cancel: its overflow notices are not counted."""
    box = inbox(share=5, reserve=3)
    fill(box, "alpha", 5)
    for number in range(50):
        assert not box.put(said("alpha", 100 + number), "D")
        box.put_behind(Incoming("alpha", 0, "", 0, object()))
    assert [box.put(said("alpha", 900 + n), "F") for n in range(4)] == [True, True, True, False]
