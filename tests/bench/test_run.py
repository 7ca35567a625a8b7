"""A tiny run of everything: the figures mean nothing, their shape and the checks do."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from otcfix import bench
from otcfix.bench import prices, report, runner
from otcfix.bench.children import BenchFailed, Child
from otcfix.bench.phases import check

TINY = bench.Plan(
    databases=("sqlite",),
    rounds=1,
    few=2,
    few_window=4,
    many=4,
    many_window=2,
    warm_s=0.1,
    echo_s=0.2,
    quote_s=0.3,
    cycles_s=0.5,
    commits=20,
    names=600,
    gate_clients=200,
    sessions=12,
    log_messages=2_000,
)


@pytest.fixture(scope="module")
def figures() -> dict:
    """What a run of half a minute's worth in a few seconds gives."""
    return runner.measure(TINY, Console(file=io.StringIO()))


def test_the_figures_have_the_promised_shape(figures: dict) -> None:
    """The names that others read."""
    assert figures.keys() >= {"echo", "commit", "otcfix", "ratios", "machine", "cpu"}
    assert figures["echo"].keys() == {"p50_us", "per_s"}
    assert "p50_us" in figures["commit"]["sqlite"]
    assert figures["otcfix"]["sqlite"].keys() == {
        *("quote_p50_us", "quote_p99_us", "cycles_per_s_8", "cycles_p99_ms_8"),
        *("cycles_per_s_100", "peak_rss_mb"),
    }
    assert figures["streams"]["sqlite"]["updates_per_s"] > 0
    assert figures["price"].keys() == prices.STRATEGIES.keys()
    assert figures["sessions"]["sessions"] == 12
    assert figures["screening"]["names"] == 600
    assert all(value > 0 for key, value in figures["screening"].items() if "mb" not in key)
    assert figures["gate"].keys() >= {"quote", "order", "quote_first", "desk_mb"}
    assert figures["gate"]["quote"]["p99_us"] >= figures["gate"]["quote"]["p50_us"] > 0
    assert figures["gate"]["findings_a_quote"] > 25
    assert all(
        figures["dialect"][name][kind]["p50_us"] > 0
        for name in ("flat42", "odd42")
        for kind in "RD8"
    )
    assert figures["fixlog"]["messages"] >= 2_000
    assert min(figures["fixlog"][key] for key in ("per_s", "peak_mb", "stats_per_s")) > 0
    assert figures["market"]["recorded"]["times_real"] > 0
    assert all(value > 0 for value in figures["otcfix"]["sqlite"].values())
    assert json.loads(json.dumps(figures)) == figures


def test_every_cycle_is_a_trade_in_the_database(figures: dict) -> None:
    """The run itself has compared them; here that there were some."""
    assert figures["checks"]["sqlite"]["trades"] > 10
    assert not any(figures["checks"]["sqlite"]["trial_balance"].values())


def test_the_table_is_written(figures: dict) -> None:
    """For people."""
    out = io.StringIO()
    report.write(figures, ["sqlite"], Console(file=out, width=100))

    assert "cycles/s, 8 sessions × 32" in out.getvalue()


def test_a_trade_too_few_is_noticed(tmp_path: Path) -> None:
    """A bench that measured a desk which loses trades would be worth nothing."""
    with pytest.raises(BenchFailed, match="1 cycles were filled, the database holds 0 trades"):
        check(f"sqlite:///{tmp_path / 'empty.db'}", 1)


def test_a_helper_that_fails_says_why(tmp_path: Path) -> None:
    """Its log comes with the error, and the helper goes on."""
    child = Child("load", log=tmp_path / "load.log")
    with pytest.raises(BenchFailed, match="ConnectionRefused"):
        child.ask("log_on", port=1, sessions=1)

    assert child.close() == {}


def test_a_strange_part_is_an_error() -> None:
    """The names that there are stand in the text."""
    with pytest.raises(ValueError, match="no such part: nonsense; there are echo, commit"):
        bench.run(json_output=True, full=False, phase="nonsense")
