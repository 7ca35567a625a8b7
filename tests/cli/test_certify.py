"""otcfix certify and otcfix record, as commands."""

import json
import shutil
import socket
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from otcfix.trials.parties import read_parties
from tests.cli.support import Run
from tests.support.desk_process import ROOT, DeskProcess

QUICK = ("2-heartbeats/test-request", "5-quotes/unknown-symbol")


def test_the_pack_is_listed(run: Run) -> None:
    """Names, titles, tags, what is needed; a tag picks."""
    listed = run("certify", "--list", "--json").document["scenarios"]
    picked = run("certify", "--list", "--tag", "smoke", "--json").document["scenarios"]

    assert len(listed) >= 60
    assert {"name", "title", "tags", "needs", "uses"} <= set(listed[0])
    assert 0 < len(picked) < len(listed)
    assert "5-quotes/unknown-symbol" in run("certify", "5-quotes", "--list").out


def test_a_desk_of_our_own_is_certified(run: Run, here: Path) -> None:
    """Every form of the report holds every result; nothing of the trial is left behind."""
    forms = [here / f"result{ending}" for ending in (".html", ".txt", ".json", ".xml")]
    reports = [word for path in forms for word in ("--report", str(path))]
    answer = run("certify", *QUICK, "--desk", "config", "--json", *reports)

    assert answer.code == 0, answer.out + answer.err
    assert answer.document["counts"] == {"passed": 6, "failed": 0, "skipped": 0}
    html, text, document, xml = (path.read_text() for path in forms)
    assert "PASSED" in html
    assert "UNKNOWN_SYMBOL" in html
    assert "<script" not in html
    assert "href" not in html
    assert text.count("ok  ") == 6
    assert json.loads(document) == answer.document
    suites = ET.fromstring(xml)
    assert suites.get("tests") == "6"
    assert len(list(suites.iter("testcase"))) == 6
    assert "trial-of-our-own" not in html + text + document + xml


def test_a_failure_is_an_exit_code_and_told(run: Run, here: Path) -> None:
    """What was expected and what came, on the terminal and in JUnit."""
    scenario = here / "mine.trial"
    scenario.write_text(
        "title Mine\nonly 4.4\nuses no_symbol\nids R1\nlogon\n"
        "say 35=R|131={R1}|146=1|55={no_symbol}|38=1\nhear 35=S|131={R1}\nlogout\n"
    )
    answer = run("certify", "--desk", "config", "--pack", str(scenario), "--report", "r.xml")

    assert answer.code == 1
    assert "expected 35=S" in answer.out
    assert "UNKNOWN_SYMBOL" in answer.out
    failure = ET.parse(here / "r.xml").getroot().find(".//failure")
    assert failure is not None
    assert "35=AG" in (failure.text or "")


def test_a_scenario_with_a_mistake_is_named(run: Run, here: Path) -> None:
    """File, line, exit code 3."""
    (here / "mine.trial").write_text("title Mine\nlogon\nsing 35=R\n")
    answer = run("certify", "--desk", "config", "--pack", "mine.trial")

    assert answer.code == 3
    assert "mine.trial:3: 'sing': no such step" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--counterparty, --desk, or all of"),
        (("--counterparty", "nobody"), "there are shipped-desk"),
        (("--desk", "config", "--port", "1"), "stands alone"),
        (("--desk", "config", "--report", "x.pdf"), ".html, .txt, .json, .xml"),
        (("--desk", "config", "--price", "BTC/USD"), "NAME=VALUE"),
    ],
)
def test_usage(run: Run, words: tuple[str, ...], said: str) -> None:
    """One line, exit code 2."""
    answer = run("certify", *words)

    assert answer.code == 2
    assert said in answer.err


def test_nobody_answers(run: Run) -> None:
    """Exit code 5, and where."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = run("certify", "--counterparty", "shipped-desk", "--port", str(port))

    assert answer.code == 5
    assert f"127.0.0.1:{port}" in answer.err


def test_a_served_desk_is_certified_and_recorded(run: Run, served: DeskProcess, here: Path) -> None:
    """The shipped profile against `otcfix serve`; numbers are kept from run to run."""
    there = ("--counterparty", "shipped-desk", "--port", str(served.port), "--version", "FIX.4.2",
             "--state", str(here / "numbers"), "--json")  # fmt: skip
    first = run("certify", *QUICK, "7-orders/desk-halted", *there)
    second = run("certify", *QUICK, *there)

    assert first.code == second.code == 0, first.out + first.err
    assert first.document["counts"] == {"passed": 2, "failed": 0, "skipped": 1}
    assert len(list((here / "numbers").iterdir())) == 1


def test_other_sessions_of_the_shipped_profile(run: Run, served: DeskProcess, here: Path) -> None:
    """The drop copy and the flat session are there; what a session has not is skipped, with why."""
    answer = run("certify", "12-drop-copy/asks-and-does-not-deal", "15-dialects/flat-refused",
                 "7-orders/unknown-symbol", "--counterparty", "shipped-desk", "--port",
                 str(served.port), "--state", str(here / "numbers"),
                 "--json")  # fmt: skip

    assert answer.document["counts"]["failed"] == 0, answer.out
    verdicts = {(r["name"], r["version"]): r for r in answer.document["results"]}
    assert verdicts["12-drop-copy/asks-and-does-not-deal", "FIX.4.4"]["verdict"] == "passed"
    assert verdicts["15-dialects/flat-refused", "FIX.4.2"]["verdict"] == "passed"
    there = verdicts["7-orders/unknown-symbol", "FIX.5.0SP2"]
    assert (there["verdict"], "needs 44 or 2676" in there["why"]) == ("skipped", True)


def test_a_log_is_recorded(run: Run, here: Path) -> None:
    """Into a file that is read again; without a log or an address it is a usage error."""
    beat = "8=FIX.4.4|9=1|35={}|34=1|49={}|56={}|52=20270113-12:00:00.000|{}10=000|\n"
    said = [
        beat.format("A", "ME", "YOU", "98=0|108=30|554=hush|"),
        beat.format("A", "YOU", "ME", "98=0|108=30|"),
        beat.format("R", "ME", "YOU", "131=q1|146=1|55=X/Y|38=1|"),
        beat.format("AG", "YOU", "ME", "131=q1|658=1|58=UNKNOWN_SYMBOL: no|"),
        beat.format("5", "ME", "YOU", ""),
    ]
    (here / "m.log").write_text("".join(said))
    answer = run("record", "out.trial", "--log", "m.log", "--json")

    assert answer.document == {"ok": True, "file": "out.trial", "messages": 5}
    text = (here / "out.trial").read_text()
    assert "hush" not in text
    assert "35=AG|131={R1}|658=1|58=UNKNOWN_SYMBOL..." in text
    assert run("certify", "--list", "--pack", "out.trial").code == 0
    assert run("record", "out.trial").code == 2


def test_the_shipped_profile_is_read_and_a_mistake_in_one_is_named(here: Path) -> None:
    """Closed models: a key that is none is named with its file."""
    from otcfix.model.errors import ConfigError  # noqa: PLC0415

    shipped = ROOT / "config" / "counterparties.toml"
    assert read_parties(shipped)["shipped-desk"].session[1].role == "main"
    shutil.copy(shipped, here / "c.toml")
    (here / "c.toml").write_text(shipped.read_text().replace("patience_s", "patience"))
    with pytest.raises(ConfigError, match=r"c\.toml: counterparty.*patience"):
        read_parties(here / "c.toml")
