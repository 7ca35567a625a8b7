"""Screening beside a desk that serves: lists that change or spoil, a worker that is killed."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import PREFUND
from tests.e2e.test_sessions import beta_of, client_of
from tests.support.desk_process import ROOT, DeskProcess
from tests.support.fixclient import utc_now

ASK = "35=R|131={0}|146=1|55=BTC/USD|54=1|38=0.01"
REST = "35=D|11={0}|55=BTC/USD|54=1|38=0.01|40=2|44=97000|59=1|60={1}"
LISTED = "99,organisation,Alpha Capital LP,,,,,added by a test\n"


def answer(desk: DeskProcess, *words: str, code: int = 0) -> Any:
    """The JSON of a command against the desk's own database and lists."""
    where = ["--config", str(desk.config)]
    if words[:2] != ("sanctions", "update"):
        where += ["--database", desk.database]
    done = desk.run(*words, *where, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)


def soon(what: Callable[[], Any], seconds: float = 10) -> Any:
    """What becomes true within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def worker_of(desk: DeskProcess) -> psutil.Process | None:
    """The desk's screening worker, if there is one."""
    assert desk.process is not None
    for child in psutil.Process(desk.process.pid).children():
        with contextlib.suppress(psutil.Error):  # it has just ended
            if "otcfix.screening.worker" in child.cmdline():
                return child
    return None


def lists_alpha(desk: DeskProcess) -> None:
    """Somebody writes ALPHA into the desk's own list and has it taken in."""
    own = desk.config / "sanctions_own.csv"
    own.write_text(own.read_text() + LISTED)
    (taken,) = answer(desk, "sanctions", "update", "own")["lists"]
    assert taken["what"] == "accepted"


def test_who_is_listed_while_he_rests_an_order_is_cancelled_and_two_people_let_him_back(
    desk: DeskProcess,
) -> None:
    """The list reaches the desk by itself; nothing on the wire says why."""
    alpha, beta = client_of(desk), beta_of(desk)
    assert alpha.logon()
    assert beta.logon()
    alpha.say(REST.format("A1", utc_now()))
    alpha.hear("8", t11="A1", t150="0")
    lists_alpha(desk)
    gone = alpha.hear("8", t11="A1", t150="4")
    assert gone[58].startswith("CANCELLED_BY_DESK")
    alpha.say(ASK.format("R1"))
    refused = alpha.hear("AG", t131="R1")
    assert (refused[658], refused[58].partition(":")[0]) == ("6", "NOT_AUTHORISED")
    beta.say(ASK.format("R1").replace("BTC/USD", "BTC-USD"))
    beta.hear("S", t131="R1")

    (hit,) = answer(desk, "sanctions", "reviews")["hits"]
    assert (hit["client"], hit["entry"], hit["outcome"]) == ("ALPHA", "OWN:99", "BLOCK")
    answer_of_one = desk.run("ledger", "withdraw", "ALPHA", "USD", "1", "--database", desk.database)
    assert answer_of_one.returncode == 1
    assert "frozen" in answer_of_one.stderr
    (judged,) = answer(desk, "decision", "list", "--refused", "--client", "ALPHA")["decisions"]
    shown = answer(desk, "decision", "show", str(judged["seq"]))
    (told,) = [one for one in shown["verdicts"][0]["findings"] if one["told"]]
    assert told["check"] == "screened"
    assert "OWN:99" in told["measured"]
    assert "OWN:99" not in "".join(reply["text"] for reply in shown["replies"])

    waits = answer(desk, "sanctions", "release", "ALPHA", "OWN:99", "--why", "x", "--by", "kim")
    proposal = waits["result"].split(" as ")[1].partition(":")[0]
    confirm = ("approvals", "confirm", proposal, "--why", "y")
    done = desk.run(*confirm, "--by", "kim", "--config", str(desk.config),
                    "--database", desk.database)  # fmt: skip
    assert done.returncode == 1
    answer(desk, *confirm, "--by", "lee")
    alpha.say(ASK.format("R2"))
    alpha.hear("S", t131="R2")


def test_a_worker_that_is_killed_comes_back_and_the_desk_goes_on(desk: DeskProcess) -> None:
    """Verdicts that stand go on to hold; a list that comes later is taken in by the new one."""
    alpha = client_of(desk)
    assert alpha.logon()
    first = worker_of(desk)
    assert first is not None
    assert first.nice() >= 10
    os.kill(first.pid, signal.SIGKILL)
    alpha.say(ASK.format("R1"))
    alpha.hear("S", t131="R1")
    again = soon(lambda: (now := worker_of(desk)) and now.pid != first.pid and now)
    assert again
    alpha.say(REST.format("A1", utc_now()))
    alpha.hear("8", t11="A1", t150="0")
    lists_alpha(desk)
    alpha.hear("8", t11="A1", t150="4")
    kinds = [one["kind"] for one in _events(desk, "ScreeningTrouble")]
    assert kinds


def test_the_worker_ends_with_the_desk(desk: DeskProcess) -> None:
    """Also when the desk is killed: nothing is left behind."""
    worker = soon(lambda: worker_of(desk))
    desk.kill()
    worker.wait(10)
    assert not worker.is_running()


def test_a_stop_of_the_whole_group_is_no_trouble(desk: DeskProcess) -> None:
    """A supervisor may send SIGTERM to every process at once: the worker leaves it to the desk."""
    worker = soon(lambda: worker_of(desk))
    worker.terminate()
    time.sleep(0.5)
    assert worker.is_running()
    desk.stop()
    worker.wait(10)
    assert "the worker ended" not in desk.log.read_text()


def test_a_list_that_is_spoilt_on_disk_leaves_the_old_index_and_an_alert(
    desk: DeskProcess,
) -> None:
    """What the folder holds cannot be read any more: it is refused, the verdicts stand."""
    alpha = client_of(desk)
    assert alpha.logon()
    folder = desk.folder / "state" / "sanctions" / "own"
    (folder / "current.json").write_text("{")
    found = soon(lambda: _events(desk, "ScreeningTrouble"))
    assert "lists refused" in found[0]["text"]
    alpha.say(ASK.format("R1"))
    alpha.hear("S", t131="R1")


@pytest.fixture
def bare(tmp_path: Path) -> DeskProcess:
    """A desk without any list, not started."""
    made = DeskProcess(tmp_path, files={"screening.toml": ""})
    made.fund(*PREFUND)
    return made


def test_a_desk_without_lists_opens_and_deals_with_nobody(bare: DeskProcess) -> None:
    """No list, no verdict, no quote; the log says what is missing."""
    bare.start()
    try:
        alpha = client_of(bare)
        assert alpha.logon()
        alpha.say(ASK.format("R1"))
        alpha.hear("AG", t131="R1", t658="6")
        assert "screening.toml names none" in bare.log.read_text()
    finally:
        bare.kill()


def _events(desk: DeskProcess, kind: str) -> list[dict[str, Any]]:
    done = desk.run("journal", "show", "--kind", kind, "--json", "--database", desk.database)
    found: list[dict[str, Any]] = json.loads(done.stdout)["events"]
    return found


def test_a_folder_that_cannot_be_is_told_with_its_key(bare: DeskProcess) -> None:
    """The desk opens, deals with nobody, and says which line of which file to change."""
    settings = (ROOT / "config" / "screening.toml").read_text()
    barred = bare.folder / "a_link"
    barred.symlink_to(bare.folder / "nowhere")
    text = settings.replace('"state/sanctions"', f'"{barred}"')
    (bare.config / "screening.toml").write_text(text)
    bare.start()
    try:
        told = soon(lambda: [one for one in bare.log.read_text().splitlines() if "not_scr" in one])
        assert "screening.toml: folder: " in told[0]
        assert "a_link" in told[0]
    finally:
        bare.kill()
