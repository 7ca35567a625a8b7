"""otcfix sim client and sim oms: what they say at the end, and how they end."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Run
from tests.support.desk_process import DeskProcess, free_port

LOST = """title An order that is lost
uses symbol
ids R1

logon
say  35=R|131={R1}|146=1|55={symbol}|38=0.1
hear 35=S|131={R1}
"""


def sim(desk: DeskProcess, *arguments: str, code: int = 0) -> Any:
    """Run it against the desk, in a process of its own; its document."""
    done = desk.run("sim", *arguments, "--config", str(desk.config), "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_client_works_and_says_what_it_saw(served: DeskProcess) -> None:
    """Over a wire that loses an order: it is asked for again, and everything is answered."""
    wire = served.folder / "wire.txt"
    wire.write_text("type D 2: drop\n")
    words = ("--count", "12", "--rate", "0", "--do", "hit,rest", "--qty", "0.01")
    found = sim(served, "client", *words, "--wire", str(wire), "--seed", "4")
    assert (found["ok"], found["unanswered"], found["open_orders"]) == (True, [], 0)
    assert found["faults"] == {"drop": 1}
    assert found["said"]["R"] + found["said"]["D"] >= 12
    (book,) = found["books"]
    assert (book["symbol"], book["fills"] > 0) == ("BTC/USD", True)
    assert float(found["answer_ms"]["p50"]) > 0


def test_an_order_system_is_flat_and_calls_symbols_as_it_likes(served: DeskProcess) -> None:
    """The shipped session of one is what it is without options; people read a summary."""
    done = served.run(
        *("sim", "oms", "--config", str(served.config), "--count", "6", "--rate", "0", "--show"),
        *("--do", "hit", "--qty", "0.01"),
    )
    assert done.returncode == 0, done.stderr
    assert "BTC-USD" in done.stdout
    assert "0 unanswered" in done.stdout
    said = [line for line in done.stderr.splitlines() if "|35=R|" in line]
    assert len(said) == 6
    assert not any("|146=" in line for line in said)


def test_a_script_that_fails_is_told_with_its_line(served: DeskProcess, tmp_path: Path) -> None:
    """Exit code 1; without a value that it uses, 2."""
    path = tmp_path / "quote.trial"
    path.write_text(LOST)
    words = ("client", "--script", str(path))
    assert sim(served, *words, "--value", "symbol=BTC/USD")["ok"]
    found = sim(served, *words, "--value", "symbol=NOPE/USD", code=1)
    assert "line 7" in found["why"]
    done = served.run("sim", *words, "--config", str(served.config))
    assert done.returncode == 2
    assert "uses symbol" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("client", "--do", "dance"), 2, "--do dance"),
        (("client", "--fault", "explode=1"), 2, "--fault explode=1"),
        (("client", "--fault", "drop=2"), 3, "drop: 2 is not from 0 to 1"),
        (("client", "--qty", "much"), 3, "--qty much"),
        (("client", "--session", "NOBODY"), 2, "no session NOBODY"),
        (("client", "--sender", "ME"), 2, "--port"),
        (("oms", "--session", "ALPHA44"), 2, "this one speaks FIX.4.2"),
        (("oms", "--end-client", "F", "--end-tag", "7"), 2, "--end-tag 7"),
    ],
)
def test_what_cannot_be_is_named(run: Run, arguments: tuple[str, ...], code: int, why: str) -> None:
    """Which option, and what was expected."""
    answer = run("sim", *arguments)
    assert answer.code == code, answer.out + answer.err
    assert why in answer.out + answer.err


def test_nobody_there_is_5(served: DeskProcess) -> None:
    """And says where nobody was."""
    words = ("sim", "client", "--config", str(served.config), "--port", str(free_port()))
    done = served.run(*words, "--patience", "0.5")
    assert done.returncode == 5
    assert "no session FIX.4.4 ALPHA->OTCFIX" in done.stderr
