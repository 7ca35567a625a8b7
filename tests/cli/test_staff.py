"""Staff's orders while no desk runs, and what is shown of sessions and the database."""

from pathlib import Path

import pytest

from otcfix.config import hash_secret
from tests.cli.support import Run


def test_kill_and_unkill_are_events(run: Run, funded: Path) -> None:
    """Both are journaled with who and why; a desk that starts finds itself halted."""
    killed = run("kill", "--why", "wrong prices", "--by", "carol")
    assert killed.code == 0
    assert "No desk runs" in killed.out

    (event,) = run("journal", "show", "--kind", "Kill", "--json").document["events"]
    assert '"why":"wrong prices"' in event["text"]
    assert run("unkill", "--why", "fixed", "--json").document["ok"] is True


def test_a_kill_needs_a_reason(run: Run) -> None:
    """Nobody stops a desk without saying why."""
    answer = run("kill")

    assert answer.code == 2
    assert "--why" in answer.err


@pytest.mark.parametrize(
    "said", [("--why", ""), ("--why", "  "), ("--why", "x", "--by", " "),
             ("--why", "x\n2026-01-01 approved by dave"), ("--why", "x", "--by", "\x1b[2Jdave")],
)  # fmt: skip
def test_who_and_why_can_be_read_in_the_journal(
    run: Run, funded: Path, said: tuple[str, ...]
) -> None:
    """Nobody, nothing, and what writes on a terminal is refused before it is journaled."""
    answer = run("kill", *said)
    assert (answer.code, "expected printable characters" in answer.err) == (1, True)
    assert run("journal", "show", "--kind", "Kill", "--json").document["events"] == []


def test_sessions_are_listed_from_their_own_side(run: Run, funded: Path) -> None:
    """The CompIDs are those that the client sends; staff's switch is seen."""
    assert run("sessions", "disable", "BETA42", "--why", "test").code == 0

    rows = {r["key"]: r for r in run("sessions", "list", "--json").document["sessions"]}
    assert rows["ALPHA44"]["sender_comp_id"] == "ALPHA"
    assert rows["ALPHA44"]["target_comp_id"] == "OTCFIX"
    assert rows["ALPHA44"]["enabled"] is True
    assert rows["BETA42"]["enabled"] is False
    assert run("sessions", "enable", "BETA42", "--why", "test").code == 0
    assert "disabled" not in run("sessions", "list").out


def test_sessions_are_listed_without_a_database(run: Run) -> None:
    """What is configured is known before the first start."""
    assert len(run("sessions", "list", "--json").document["sessions"]) == 8


def test_a_secret_fits_its_line(run: Run) -> None:
    """The line for sessions.toml is the hash of the secret that is shown, and random."""
    first = run("sessions", "secret", "ALPHA44", "--json").document
    second = run("sessions", "secret", "ALPHA44", "--json").document

    salt = first["password_hash"].partition("$")[0]
    assert hash_secret(first["secret"], salt) == first["password_hash"]
    assert first["secret"] != second["secret"]
    assert 'password_hash = "' in run("sessions", "secret", "ALPHA44").out


@pytest.mark.parametrize("command", ["secret", "enable", "disable"])
def test_no_such_session(run: Run, command: str) -> None:
    """Those that are there are named."""
    more = [] if command == "secret" else ["--why", "test"]
    answer = run("sessions", command, "NOPE", *more)

    assert answer.code == 2
    assert "no session NOPE in config/sessions.toml; there are ALPHA44" in answer.err


def test_pause_an_instrument(run: Run, funded: Path) -> None:
    """An instrument that is not there is refused by the desk."""
    assert run("instrument", "pause", "BTC/USD", "--why", "test").code == 0
    assert run("instrument", "resume", "BTC/USD", "--why", "test").code == 0

    answer = run("instrument", "pause", "DOGE/USD", "--why", "test")
    assert answer.code == 1
    assert "no instrument DOGE/USD" in answer.err


def test_upgrade_and_status(run: Run) -> None:
    """A new database is made, with the program's schema, and nothing in it."""
    assert "schema" in run("db", "upgrade").out

    found = run("db", "status", "--json").document
    assert found["events"] == 0
    assert found["desk"] is None
    assert found["schema"]
    assert "events" in run("db", "status").out


def test_a_file_that_is_no_database(run: Run, here: Path) -> None:
    """One line and exit code 4."""
    (here / "notes.txt").write_text("these are no tables, " * 100)

    answer = run("db", "status", "--database", "sqlite:///notes.txt")
    assert answer.code == 4
    assert answer.err.startswith("otcfix: ")
    assert "Traceback" not in answer.err
