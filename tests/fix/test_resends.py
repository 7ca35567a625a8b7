"""What a ResendRequest costs: nobody has the desk say everything again and again."""

from otcfix.fix.resends import BURST, COST_NS, messages_asked, paid


def test_a_range_is_as_many_messages_as_it_covers() -> None:
    """0, and whatever lies behind the last one, is to the last; nothing is for nothing."""
    for begin, end, expected in (
        (1, 0, 100), (1, 999_999, 100), (90, 0, 11), (90, 92, 3), (101, 0, 1), (0, 5, 5),
    ):  # fmt: skip
        assert messages_asked(begin, end, 100) == expected


def test_a_burst_passes_then_a_rate() -> None:
    """Twenty thousand at once, then one for each thousandth of a second."""
    at = 10**15
    debt = 0
    for _ in range(BURST // 100):
        found = paid(debt, at, 100)
        assert found is not None
        debt = found
    assert paid(debt, at, 1) is None
    assert paid(debt, at + 99 * COST_NS, 100) is None
    assert paid(debt, at + 100 * COST_NS, 100) is not None


def test_who_was_away_for_long_hears_all_of_it_once() -> None:
    """A range longer than the burst passes when nothing is owed, and not again at once."""
    at = 10**15
    debt = paid(0, at, 50 * BURST)
    assert debt is not None
    assert paid(debt, at + 1_000_000_000, 1) is None
    assert paid(debt, at + 50 * BURST * COST_NS, 1) is not None


def test_numbers_behind_which_there_is_nothing_cost_nothing() -> None:
    """A store that was made anew leaves a hundred thousand of them out."""
    assert messages_asked(1, 0, 100_010, range(8, 100_008)) == 10
    assert messages_asked(50, 60, 100_010, range(8, 100_008)) == 1
    assert messages_asked(100_008, 0, 100_010, range(8, 100_008)) == 3
    assert messages_asked(1, 0, 5, range(8, 9)) == 5
