"""R22: ids that do not count."""

from hypothesis import given
from hypothesis import strategies as st

from otcfix.desk.ids import Ids, permute
from tests.conversation import Conversation

KEY = bytes(range(24))
BITS = 48


@given(st.sets(st.integers(0, 2**BITS - 1), min_size=2, max_size=50))
def test_two_events_never_share_an_id(seqs: set[int]) -> None:
    """The permutation is one to one and stays within 48 bits."""
    found = {permute(seq, KEY) for seq in seqs}
    assert len(found) == len(seqs)
    assert all(0 <= value < 2**BITS for value in found)


def test_a_million_neighbours_do_not_collide() -> None:
    """The first hundred thousand events have a hundred thousand ids."""
    assert len({permute(seq, KEY) for seq in range(100_000)}) == 100_000


@given(st.integers(0, 2**BITS - 2))
def test_neighbours_are_far_apart(seq: int) -> None:
    """Nobody reads from two ids how many events lie between: they differ in many bits."""
    assert (permute(seq, KEY) ^ permute(seq + 1, KEY)).bit_count() > 4


def test_the_average_distance_of_neighbours_is_that_of_chance() -> None:
    """Half of the 48 bits change from one event to the next, as they would by chance."""
    flips = [(permute(n, KEY) ^ permute(n + 1, KEY)).bit_count() for n in range(2_000)]
    assert 23 < sum(flips) / len(flips) < 25


def test_another_key_gives_other_ids() -> None:
    """The order of ids is the desk's secret."""
    other = bytes(24)
    assert all(permute(n, KEY) != permute(n, other) for n in range(1_000))


@given(st.integers(1, 2**BITS - 1), st.sampled_from("QOEMI"), st.sampled_from(["", "A"]))
def test_ids_are_short_and_plain(seq: int, letter: str, shard: str) -> None:
    """At most 16 characters, the kind's letter first, base 32 behind it."""
    ids = Ids(seq, KEY, shard)
    made = [ids.next(letter) for _ in range(40)]
    assert len(set(made)) == 40
    for one in made:
        assert len(one) <= 16
        assert one[0] == letter
        assert one[1:].isalnum()
        assert one.isupper()


def test_ids_of_one_event_share_its_stem(desk: Conversation) -> None:
    """Order and executions of one decision are told apart by their counter."""
    desk.client("A44").talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O1|17=E1|150=0
        D 35=8|37=O1|17=E2|150=F
    """)
    names = desk.names
    assert names["O1"][1:11] == names["E1"][1:11] == names["E2"][1:11]
    assert len({names["O1"], names["E1"], names["E2"]}) == 3
