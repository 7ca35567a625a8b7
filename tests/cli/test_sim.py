"""otcfix sim venue: says when it listens, ends when told, and names what it cannot read."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import run_here
from tests.support.desk_process import ROOT
from tests.support.fixclient import FixClient


def test_it_says_one_line_when_it_listens_and_ends_when_told(tmp_path: Path) -> None:
    """A program can start it, read where it is, and stop it."""
    command = [sys.executable, "-m", "otcfix", "sim", "venue", "--symbol", "BTC/USD=100000"]
    command += ["--symbol", "EUR/USD=1.08", "--port", "0", "--latency-ms", "5", "--reject", "0.05"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["symbols"] == ["BTC/USD", "EUR/USD"]
        assert ready["listening"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--symbol", "BTC/USD"), "--symbol"),
        (("--symbol", "BTC/USD=0"), "expected e.g. BTC/USD=100000"),
        (("--symbol", "BTC/USD=1", "--reject", "2"), "reject: 2 is not from 0 to 1"),
        (("--symbol", "BTC/USD=1", "--latency-ms", "soon"), "--latency-ms soon"),
        (("--symbol", "BTC/USD=1", "--version", "FIX.3"), "--version FIX.3"),
    ],
)
def test_what_cannot_be_is_named(arguments: tuple[str, ...], why: str) -> None:
    """Exit code 3, and which option it was."""
    answer = run_here("sim", "venue", "--port", "0", *arguments)
    assert answer.code == 3
    assert why in answer.out + answer.err


def test_a_venue_stands_behind_a_bad_wire(tmp_path: Path) -> None:
    """What it says is lost on the way: who is there asks for it again."""
    rules = tmp_path / "wire.txt"
    rules.write_text("type W 1: drop\n")
    command = [sys.executable, "-m", "otcfix", "sim", "venue", "--symbol", "BTC/USD=100000"]
    command += ["--port", "0", "--wire", str(rules), "--frozen", "--interval-ms", "50"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["listening"]
        desk = FixClient(port, me="DESK", desk="SIMLP")
        assert desk.logon((141, "Y"))
        desk.say("35=V|262=B1|263=1|264=0|265=0|267=2|269=0|269=1|146=1|55=BTC/USD")
        assert desk.hear("W")[34] != "2"
        assert desk.asked_to_resend == 1
        desk.drop()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
