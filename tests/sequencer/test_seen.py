"""The filter of seen ids: never seen is certain, perhaps is checked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from otcfix.sequencer.seen import BITS, Seen

used = st.tuples(
    st.sampled_from(["cl_ord_id", "quote_request"]), st.text(max_size=8), st.text(max_size=20)
)


@settings(max_examples=20)
@given(ids=st.lists(used, max_size=50))
def test_what_was_used_is_perhaps_used(ids: list[tuple[str, str, str]]) -> None:
    """No id that was added is ever called new, before and after a snapshot."""
    seen = Seen()
    for one in ids:
        seen.add(*one)
    assert all(seen.perhaps(*one) for one in ids)
    again = Seen(seen.pack())
    assert all(again.perhaps(*one) for one in ids)


def test_a_snapshot_knows_what_the_filter_knew() -> None:
    """Packed and unpacked it gives the same answers, and learns on."""
    seen = Seen()
    for number in range(1_000):
        seen.add("cl_ord_id", "ALPHA", f"C{number}")
    again = Seen(seen.pack())
    probes = [("cl_ord_id", "ALPHA", f"C{number}") for number in range(5_000)]
    assert [again.perhaps(*probe) for probe in probes] == [seen.perhaps(*probe) for probe in probes]
    again.add("cl_ord_id", "ALPHA", "later")
    assert again.perhaps("cl_ord_id", "ALPHA", "later")
    assert again.pack() != seen.pack()


def test_what_is_new_is_mostly_called_new() -> None:
    """Ten thousand ids do not make the next ten thousand look used: one in a thousand at most."""
    seen = Seen()
    for number in range(10_000):
        seen.add("cl_ord_id", "ALPHA", f"C{number}")
    asked_in_vain = sum(seen.perhaps("cl_ord_id", "ALPHA", f"N{n}") for n in range(10_000))
    assert asked_in_vain <= 10


def test_kind_scope_and_id_are_told_apart() -> None:
    """The same letters in another place are another id."""
    seen = Seen()
    seen.add("cl_ord_id", "AB", "C")
    assert seen.perhaps("cl_ord_id", "AB", "C")
    for other in (("cl_ord_id", "A", "BC"), ("cl_ord_idA", "B", "C"), ("quote_request", "AB", "C")):
        assert not seen.perhaps(*other)


def test_nothing_is_seen_at_first() -> None:
    """An empty filter knows no id, and packs small."""
    seen = Seen()
    assert not seen.perhaps("cl_ord_id", "ALPHA", "C1")
    assert len(seen.pack()) < BITS // 8 // 100
