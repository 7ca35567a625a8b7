"""The market's benches measure what they say, on seeded data."""

from pathlib import Path

import pytest

from otcfix.bench.market import composite_update, recorded_file, write_recording
from otcfix.venues.feed import FeedBroken
from otcfix.venues.recorded import guess


@pytest.mark.parametrize("perpetual", [False, True])
def test_a_book_change_is_measured_in_three_ways(perpetual: bool) -> None:
    """Each has its percentiles in order; the target has room even on a busy machine."""
    figures = composite_update(changes=300, perpetual=perpetual)

    assert set(figures) == {"update", "untrimmed", "intake"}
    for one in figures.values():
        assert 0 < one["p50_us"] <= one["p90_us"] <= one["p99_us"]
    assert figures["update"]["p50_us"] < 250


def test_a_seeded_recording_is_read_whole(tmp_path: Path) -> None:
    """Snapshot, deltas and best prices; every book change is composed, what waits is conflated."""
    path = tmp_path / "seeded.txt"
    write_recording(path, deltas=200)
    figures = recorded_file(path)

    assert guess(path).symbol == "BTC/USDT"
    assert figures["messages"] == 401
    assert figures["composed"] > 390
    assert 100 < figures["conflated"] <= 201
    assert figures["seconds_recorded"] == pytest.approx(200 * 0.05, rel=0.01)
    assert figures["times_real"] > 20


def test_the_same_seed_writes_the_same_recording(tmp_path: Path) -> None:
    """So that figures of two machines are of one input."""
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    write_recording(one, deltas=20)
    write_recording(two, deltas=20)
    write_recording(other, deltas=20, seed=8)

    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Not a figure."""
    path = tmp_path / "garbage.txt"
    path.write_text("garbage\n")
    with pytest.raises(FeedBroken):
        recorded_file(path)
