"""otcfix sessions against the served desk, and without one."""

import json
from pathlib import Path

import pytest

from tests.cli.support import Answer, Run, run_here
from tests.support.desk_process import DeskProcess

KEY = "BETA42"


@pytest.fixture
def sessions(served: DeskProcess) -> Run:
    """Run `otcfix sessions` at the served desk."""

    def command(*arguments: str) -> Answer:
        return run_here(
            "sessions", *arguments, "--config", str(served.config), "--database", served.database,
            "--state", str(served.folder / "state"),
        )  # fmt: skip

    return command


def test_list_and_show(sessions: Run) -> None:
    """Of the desk that runs: the same row in both, in words and as JSON."""
    listed = sessions("list", "--json").document
    assert listed["desk_runs"] is True
    rows = {row["key"]: row for row in listed["sessions"]}
    shown = sessions("show", KEY, "--json").document
    assert shown["desk_runs"] is True
    assert set(rows[KEY]) <= set(shown)
    assert shown["state"] == rows[KEY]["state"] == "down"
    assert {one["class"] for one in shown["throttles"]} >= {"quote", "order", "stream"}
    sheet = sessions("show", KEY)
    assert sheet.code == 0
    for words in ("next in", "PossDup", "cancel on disconnect", "non-stop", "failed logons"):
        assert words in sheet.out
    assert KEY in sessions("list").out


def test_acts_tell_what_was_done_and_are_journaled(sessions: Run, staff: Run) -> None:
    """Who and why stand in the journal; the numbers in the answer."""
    held = sessions("hold", KEY, "--by", "carol", "--why", "limits under review")
    assert held.code == 0, held.err
    assert f"Session {KEY} is on hold: event " in held.out
    assert f"{KEY} is held: epoch " in held.out
    again = sessions("hold", KEY, "--why", "again")
    assert (again.code, again.out) == (1, "")
    assert "refused: BETA42 is on hold already" in again.err
    waits = sessions("resend", KEY, "--since", "1h", "--why", "lost", "--json").document
    assert waits["result"].startswith("waits: ")
    released = sessions("release", KEY, "--by", "carol", "--why", "agreed", "--json").document
    assert released["session"]["state"] == "down"
    assert released["did"].startswith("it is released")
    events = staff("journal", "show", "--kind", "ActOnSession", "--json").document["events"]
    mine = [json.loads(event["text"]) for event in events]
    told = [(one["act"], one["by"]) for one in mine if one["session"] == KEY]
    assert ("hold", "carol") in told
    assert ("release", "carol") in told


def test_numbers(sessions: Run) -> None:
    """set-seq and reset answer with the numbers after them, and begin an epoch each."""
    before = sessions("show", KEY, "--json").document["epoch"]
    row = sessions("set-seq", KEY, "--in", "7", "--out", "9", "--why", "t", "--json").document
    assert [row["session"][name] for name in ("epoch", "next_in", "next_out")] == [before + 1, 7, 9]
    answer = sessions("reset", KEY, "--why", "test")
    assert f"{KEY} is down: epoch {before + 2}, next in 1, next out 1" in answer.out


@pytest.mark.parametrize("act", ["logout", "disconnect", "test-request"])
def test_what_needs_a_line(sessions: Run, act: str) -> None:
    """A session that is not logged on: 1, and why."""
    answer = sessions(act, KEY, "--why", "test")
    assert answer.code == 1
    assert answer.err == "otcfix: refused: BETA42 is not logged on\n"


def test_logon_enable_disable(sessions: Run) -> None:
    """A disabled session is enabled, not logged on."""
    assert "is disabled: epoch" in sessions("disable", KEY, "--why", "test").out
    refused = sessions("logon", KEY, "--why", "test")
    assert "refused: BETA42 is disabled: enable it" in refused.err
    assert "is down: epoch" in sessions("enable", KEY, "--why", "test").out
    assert "It is let in at its next logon" in sessions("logon", KEY, "--why", "test").out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("hold", KEY), "--why"),
        (("hold", "NOPE", "--why", "t"), "no session NOPE in"),
        (("set-seq", KEY, "--why", "t"), "--in, --out: name at least one of them"),
        (("set-seq", KEY, "--in", "0", "--why", "t"), "--in"),
        (("resend", KEY, "--why", "t"), "FROM-TO: expected numbers such as 57-60"),
        (("resend", KEY, "9-5", "--why", "t"), "FROM-TO: 9-5 is no range"),
        (("resend", KEY, "0-5", "--why", "t"), "FROM-TO: 0-5 is no range"),
        (("resend", KEY, "5", "--since", "1h", "--why", "t"), "name one of them"),
        (("resend", KEY, "--since", "soon", "--why", "t"), "--since: 'soon' is no time"),
        (("list", "--control", "10.0.0.1:99"), "loopback"),
    ],
)
def test_a_wrong_command_line(sessions: Run, arguments: tuple[str, ...], why: str) -> None:
    """2, before anybody is asked."""
    answer = sessions(*arguments)
    assert answer.code in (2, 3)
    assert why in answer.err


# -- without a desk ----------------------------------------------------------------------------


def test_without_a_desk_it_is_said_and_the_database_answers(run: Run, funded: Path) -> None:
    """Reads work; acts on a line end with 5 and name the socket."""
    listed = run("sessions", "list", "--json").document
    assert listed["desk_runs"] is False
    assert len(listed["sessions"]) == 8
    assert "no desk runs at state/fix/control.sock" in run("sessions", "list").err
    assert run("sessions", "show", "ALPHA44", "--json").document["state"] == "down"
    for act in (("logout",), ("reset",), ("set-seq", "--in", "1"), ("resend", "1-2")):
        answer = run("sessions", act[0], "ALPHA44", *act[1:], "--why", "test")
        assert answer.code == 5
        assert "no desk runs at state/fix/control.sock" in answer.err
        assert "--state DIR" in answer.err


def test_a_hold_without_a_desk_holds_from_the_next_start(run: Run, funded: Path) -> None:
    """It is a word of the desk's State, as disabling is."""
    answer = run("sessions", "hold", "ALPHA44", "--why", "test")
    assert answer.code == 0
    assert "it holds from the next start on" in answer.out
    assert run("sessions", "show", "ALPHA44", "--json").document["state"] == "held"
    assert run("sessions", "release", "ALPHA44", "--why", "test").code == 0
    refused = run("sessions", "release", "ALPHA44", "--why", "test")
    assert (refused.code, "is not on hold" in refused.err) == (1, True)
    assert run("sessions", "show", "ALPHA44", "--json").document["state"] == "down"
