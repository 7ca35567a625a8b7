"""otcfix sessions reload: what it says, and what it refuses."""

from pathlib import Path

from tests.cli.support import Run
from tests.e2e.test_reload import DELTA

FILE = Path("config/sessions.toml")


def test_reload_names_what_came_changed_and_went(run: Run, funded: Path) -> None:
    """Journaled with who and why, without a secret; the journal replays."""
    same = run("sessions", "reload", "--why", "test")
    assert (same.code, "the same sessions" in same.out) == (0, True)
    text = FILE.read_text()
    text = text.replace('key = "LP1"', 'key = "LP9"').replace("tell_expiry = true", "")
    FILE.write_text(text + DELTA)
    done = run("sessions", "reload", "--why", "new client", "--by", "carol", "--json").document
    assert done["added"] == ["DELTA44", "LP9"]
    assert done["changed"] == ["ALPHA44"]
    assert done["removed"] == ["LP1"]
    assert (done["ok"], done["offline"]) == (True, True)
    events = run("journal", "show", "--kind", "SetSessions", "--json").document["events"]
    last = events[-1]["text"]
    assert '"by":"carol","why":"new client"' in last
    assert "DELTA44" in last
    assert "password" not in last
    assert run("replay").code == 0


def test_reload_refuses_a_broken_configuration_whole(run: Run, funded: Path) -> None:
    """Each problem with file and key; nothing is journaled."""
    text = FILE.read_text()
    FILE.write_text(
        text.replace('account = "ALPHA-1"', 'account = "NONE"').replace(
            'key = "BETA42"', 'key = "BETA42"\nschedule = { zone = "Mars/Olympus", start = "8" }'
        )
    )
    answer = run("sessions", "reload", "--why", "test")
    assert answer.code == 3
    assert "sessions.toml" in answer.err
    assert "schedule" in answer.err
    FILE.write_text(text.replace('account = "ALPHA-1"', 'account = "NONE"'))
    answer = run("sessions", "reload", "--why", "test")
    assert (answer.code, "session ALPHA44.account" in answer.err) == (3, True)
    (FILE.parent / "own.xml").write_text("<fix>")
    FILE.write_text(text.replace('key = "BETA42"', 'key = "BETA42"\ndictionary = "own.xml"'))
    answer = run("sessions", "reload", "--why", "test")
    assert (answer.code, "session BETA42.dictionary" in answer.err) == (3, True)
    FILE.write_text(text)
    assert run("journal", "show", "--kind", "SetSessions", "--json").document["events"] == []
