"""otcfix demo: the main job, from nothing, in a process of its own."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import run_here

DEMO = [sys.executable, "-m", "otcfix", "demo", "--quick"]


class Demos:
    """Two demos at once: they mostly wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "empty").mkdir()
        self.short = self._start("--json", cwd=folder / "empty")
        self.kept = self._start("--keep", "--seed", "3", cwd=folder)

    def _start(self, *words: str, cwd: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*DEMO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
        )


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demos]:
    """Both, started in folders without anything."""
    both = Demos(tmp_path_factory.mktemp("demos"))
    yield both
    for process in (both.short, both.kept):
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_demo_deals(demos: Demos) -> None:
    """Two trades, two refusals, books that agree; nothing is left behind."""
    out, err = demos.short.communicate(timeout=60)

    assert demos.short.returncode == 0, err
    found = json.loads(out)
    assert list(found) == ["trades", "refusals", "trial_balance_ok", "journal_ok", "fingerprint"]
    assert found["trades"] == 2
    assert found["refusals"] == 2
    assert found["trial_balance_ok"] is True
    assert found["journal_ok"] is True
    assert len(found["fingerprint"]) == 64
    assert list((demos.folder / "empty").iterdir()) == []


def test_a_kept_demo_says_how_to_connect(demos: Demos) -> None:
    """The conversation in words and FIX, the ledger, then directions that work as they stand."""
    lines = _until_directions(demos.kept)
    shown = "\n".join(lines)
    assert "desk → ALPHA  FILLS: buy 1 BTC/USD" in shown
    assert "35=8|" in shown
    assert "REFUSES the order: QUOTE_GONE: expired" in shown
    assert "REFUSES the order: FUNDS" in shown
    assert "the hash chain holds" in shown
    assert "SenderCompID(49)=BETA TargetCompID(56)=OTCFIX Username(553)=beta" in shown
    assert max(map(len, shown.partition("The desk runs on")[0].splitlines())) <= 100

    (command,) = [line.split() for line in lines if "--side buy --hit --port" in line]
    deal = subprocess.run(
        [sys.executable, "-m", *command, "--state", str(demos.folder / "me"), "--json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert deal.returncode == 0, deal.stderr
    database = lines[-1].split()[-1]
    assert len(run_here("trades", "--database", database, "--json").document["trades"]) == 3

    demos.kept.send_signal(signal.SIGINT)
    assert demos.kept.wait(20) == 0
    shutil.rmtree(Path(database.removeprefix("sqlite:///")).parent)


def _until_directions(process: subprocess.Popen[str]) -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if "otcfix trades --database" in line:
            break
    return lines


def test_a_demo_needs_its_sessions(tmp_path: Path) -> None:
    """A configuration that it cannot play is told: exit code 3."""
    answer = run_here("demo", "--config", str(tmp_path))

    assert answer.code == 3
    assert "desk.toml: not there" in answer.err
