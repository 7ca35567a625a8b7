"""Percentiles, figures and tables from samples that are known."""

import math
import os
import time

import pytest

from otcfix.bench import figures, report
from otcfix.bench.measure import Meter, memory_mb, percentile, rounded
from otcfix.bench.profiling import table


def test_percentile_is_the_nearest_rank() -> None:
    """Of 1 to 100 the 99th percentile is 99: no value is made up between two samples."""
    ordered = list(range(1, 101))

    assert [percentile(ordered, share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7.0


def test_percentile_of_nothing_is_an_error() -> None:
    """A phase that did nothing has no figure."""
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], 99)


def test_rounded_keeps_significant_digits() -> None:
    """Four digits say more than any run can repeat."""
    values = [0.012345, 1.23456, 1234.56, 123456.7, 0.0, math.inf]

    assert [rounded(value) for value in values] == [0.01235, 1.235, 1235.0, 123457.0, 0.0, 0.0]


def test_meter_sees_what_a_process_burns() -> None:
    """Half of a second of work is about half of a second of processor time."""
    meter = Meter({"me": [os.getpid()]})
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass

    spent = meter.stop()

    assert 0.25 <= spent["me"] <= 0.4
    assert spent["others"] >= 0
    assert memory_mb("self") > 1


def _results() -> figures.Results:
    cpu = {"desk_us": 300.0, "others_share": 0.0}
    lone = {"p50_us": 400.0, "p99_us": 900.0, "cpu": cpu}
    few = {"p50_us": 9e4, "p99_us": 1.2e5, "per_s": 3000.0, "cpu": cpu}
    many = {"p50_us": 9e4, "p99_us": 1.9e5, "per_s": 2700.0, "cpu": cpu, "rss_mb_logged_on": 150.0}
    return {
        ("echo", ""): [{"p50_us": 50.0, "per_s": 30000.0}] * 3,
        ("commit", "sqlite"): [{"p50_us": us, "plain_row_p50_us": 200.0} for us in (240, 250, 990)],
        ("quote", "sqlite"): [lone],
        ("cycles8", "sqlite"): [few],
        ("cycles100", "sqlite"): [many],
    }


def test_figures_are_medians_and_ratios_to_the_yardsticks() -> None:
    """One disturbed round of three changes nothing."""
    found = figures.summed_up(_results(), ["sqlite"])

    assert found["commit"]["sqlite"]["p50_us"] == 250
    assert found["otcfix"]["sqlite"]["cycles_p99_ms_8"] == 120
    assert found["ratios"]["sqlite"]["quote"] == 1.33
    assert found["ratios"]["sqlite"]["cycles_100_to_8"] == 0.9


def test_targets_are_judged_only_where_there_is_a_figure() -> None:
    """What was not measured is neither met nor missed."""
    results = _results()
    del results["cycles100", "sqlite"]
    found = figures.summed_up(results, ["sqlite"])

    verdicts = {one["what"]: one["met"] for one in figures.verdicts(found, ["sqlite"])}

    assert verdicts == {
        "quote p50 / (echo p50 + commit p50)": True,
        "cycles/s, 8 sessions × 32": True,
        "cycle p99 ms, 8 × 32": True,
    }
    assert report.shown(None) == "–"
    assert report.shown(2543.7) == "2,544"


def test_profile_table_counts_the_sequencer_alone() -> None:
    """Own time is the last frame's; recursion does not count twice."""
    stacks = (
        "thread (77): sequencer;run (loop.py:1);step (loop.py:5);decide (decide.py:9) 3\n"
        "thread (77): sequencer;run (loop.py:1);step (loop.py:6) 1\n"
        "thread (78): feed;play (feed.py:2) 50\n"
    )

    lines = table(stacks, 77).splitlines()

    assert lines[0].startswith("4 samples")
    assert "   75.0   75.0  decide (decide.py)" in lines
    assert "   25.0  100.0  step (loop.py)" in lines
