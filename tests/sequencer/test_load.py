"""The load factor: halved while too much waits, grown back by steps, told only when it changes."""

from decimal import Decimal

from otcfix.desk.state import State
from otcfix.desk.throttling import FULL
from otcfix.model.decision import DeskMoved
from otcfix.model.throttle import LoadTerms, Throttle
from otcfix.model.time import MS, SECOND
from otcfix.sequencer.load import Load
from tests.support.house_desk import ID_KEY, house_desk

START = 1_000 * SECOND


def state_of(*, mark: int = 100, rows: bool = True, floor: str = "0.25") -> State:
    throttles = (Throttle("*", "quote", Decimal(1), 1),) if rows else ()
    state = State(ID_KEY)
    terms = LoadTerms(mark, Decimal(floor), Decimal("0.25"))
    state.set_desk(house_desk(throttles=throttles, load=terms), "hash")
    return state


def told(state: State, depths: list[int], every: int = SECOND) -> list[str | None]:
    """What is told at each look, with the state following."""
    load, found = Load(state), []
    for turn, depth in enumerate(depths):
        moved = load.due(depth, START + turn * every)
        found.append(str(moved.factor) if moved else None)
        if moved is not None:
            milli = int(moved.factor * FULL)
            word = DeskMoved("load", "factor", 0 if milli == FULL else milli)
            state._move(word.what, word.key, word.value)
    return found


def test_rates_halve_while_too_much_waits_and_grow_back_by_steps() -> None:
    assert told(state_of(), [0, 101, 500, 500, 0, 100, 0, 0]) == [
        *(None, "0.500", "0.250", None),
        *("0.500", "0.750", "1.000", None),
    ]


def test_it_is_looked_at_once_a_second_and_the_worst_moment_counts() -> None:
    """Ten looks in a second: one event, of the longest inbox in it."""
    depths = [0, 0, 0, 400, 0, 0, 0, 0, 0, 0, 0, 0]
    found = told(state_of(), depths, every=100 * MS)
    assert [turn for turn, factor in enumerate(found) if factor] == [10]


def test_a_desk_without_rates_or_without_a_mark_says_nothing() -> None:
    assert told(state_of(rows=False), [500, 500]) == [None, None]
    assert told(state_of(mark=0), [500, 500]) == [None, None]


def test_a_floor_with_many_digits_is_not_told_for_ever() -> None:
    assert told(state_of(floor="0.333"), [500, 500, 500, 500]) == ["0.500", "0.333", None, None]


def test_a_clock_that_is_set_back_does_not_end_the_looks() -> None:
    """An hour back: the next look is not an hour away."""
    load = Load(state_of())
    assert load.due(500, START + 3_600 * SECOND) is not None
    assert load.due(500, START) is not None
