"""otcfix journal and replay: whole, or the first event that is not."""

import sqlite3
from pathlib import Path

from tests.cli.support import Run


def change(path: Path, statement: str) -> None:
    """Do what the triggers forbid, as somebody with the file could."""
    database = sqlite3.connect(path)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        database.execute(f"DROP TRIGGER {name}")
    database.execute(statement)
    database.commit()
    database.close()


def test_show_one_event(run: Run, funded: Path) -> None:
    """An event by its number, as it stands."""
    found = run("journal", "show", "2", "--facts", "--verdicts", "--json").document

    (event,) = found["events"]
    assert event["seq"] == 2
    assert event["kind"] == "MoveFunds"
    assert event["facts"] == {}
    assert len(event["hash"]) == 64


def test_show_by_kind(run: Run, funded: Path) -> None:
    """Kinds are named in any case; --limit ends early."""
    kinds = run("journal", "show", "--kind", "movefunds", "--json").document["events"]
    assert [event["kind"] for event in kinds] == ["MoveFunds"] * 4

    few = run("journal", "show", "--kind", "MoveFunds", "--limit", "2", "--json").document
    assert len(few["events"]) == 2


def test_show_for_people(run: Run, funded: Path) -> None:
    """Without arguments the last events, newest at the end."""
    out = run("journal", "show").out

    assert out.index("Boot") < out.index("MoveFunds")
    assert run("journal", "show", "999").code == 2


def test_a_whole_journal(run: Run, funded: Path) -> None:
    """The chain holds, the balances are the sums, replay comes to the same."""
    verified = run("journal", "verify", "--json")
    assert verified.code == 0
    assert verified.document["ok"] is True

    replayed = run("replay", "--json")
    assert replayed.code == 0
    assert replayed.document["events"] == verified.document["events"]
    assert len(replayed.document["fingerprint"]) == 64
    assert "Fingerprint: " + replayed.document["fingerprint"] in run("replay").out


def test_an_edited_event_is_found(run: Run, funded: Path) -> None:
    """The first bad event is named, exit code 1."""
    change(funded, "UPDATE journal SET text = replace(text, '250000.50', '350000.50')")

    found = run("journal", "verify", "--json")
    assert found.code == 1
    assert found.document["first_bad"] == 2
    assert "BROKEN at event 2" in run("journal", "verify").out


def test_a_missing_event_is_found(run: Run, funded: Path) -> None:
    """A gap is not whole."""
    change(funded, "DELETE FROM journal WHERE seq = 3")

    assert run("journal", "verify", "--json").document["first_bad"] == 3


def test_a_decision_that_differs_is_shown(run: Run, funded: Path) -> None:
    """Replay stops at the first difference: event, what the journal holds, what was found."""
    change(funded, "UPDATE journal SET digest = zeroblob(32) WHERE seq = 4")

    answer = run("replay", "--json")
    assert answer.code == 1
    difference = answer.document["difference"]
    assert difference["event"] == 4
    assert difference["stored"] == "00" * 32
    assert difference["found"] not in ("", difference["stored"])
    assert "DIFFERENT at event 4 (MoveFunds)" in run("replay").out


def test_an_event_that_cannot_be_read(run: Run, funded: Path) -> None:
    """A damaged text is a difference, not a traceback."""
    change(funded, "UPDATE journal SET text = '{broken' WHERE seq = 2")

    answer = run("replay")
    assert answer.code == 1
    assert "it cannot be decided" in answer.out
