"""otcfix sanctions update and status: lists in, and how they stand."""

from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.screening.fixtures import HERE

UN = f"""
[[list]]
name = "un"
format = "un_xml"
files = ["{HERE / "un.xml"}"]
"""


def add(text: str) -> None:
    """Write more into screening.toml."""
    path = Path("config/screening.toml")
    path.write_text(path.read_text() + text)


def own(rows: int) -> None:
    """So many entries on the desk's own list."""
    header = "id,kind,name,aliases,dob,country,addresses,remarks"
    lines = [f"{n},person,Invented Number {n},,,,," for n in range(rows)]
    Path("config/sanctions_own.csv").write_text("\n".join([header, *lines, ""]))


def test_update_takes_in_the_shipped_list(run: Run, here: Path) -> None:
    """The desk's own list is there, and says what to expect of it."""
    answer = run("sanctions", "update", "--by", "kim")

    assert answer.code == 0
    assert "own                  accepted   undated-" in answer.out
    assert "2 entries" in answer.out
    assert "own: reading 1 files" in answer.err
    status = run("sanctions", "status", "--json").document
    assert status["ok"]
    assert status["folder"] == "state/sanctions"
    (row,) = status["lists"]
    assert (row["accepted_by"], row["entries"], row["addresses"]) == ("kim", 2, 1)
    assert len(row["sha256"]) == 64


def test_update_again_changes_nothing(run: Run, here: Path) -> None:
    """Unchanged is a good answer."""
    run("sanctions", "update")
    answer = run("sanctions", "update", "--json")

    assert answer.code == 0
    assert answer.document["lists"][0]["what"] == "unchanged"


def test_update_from_a_file(run: Run, here: Path) -> None:
    """One list, named; a relative path is where we are."""
    add(UN)
    (here / "new.xml").write_bytes((HERE / "un.xml").read_bytes())
    answer = run("sanctions", "update", "un", "--from", "new.xml", "--json")

    assert answer.code == 0
    (row,) = answer.document["lists"]
    assert (row["list"], row["what"], row["entries"]) == ("un", "accepted", 2)


def test_a_refused_update_is_told_and_shown(run: Run, here: Path) -> None:
    """Exit code 1, file and reason; status keeps saying it; what was accepted stays."""
    run("sanctions", "update")
    Path("config/sanctions_own.csv").write_text("id,kind\n")

    answer = run("sanctions", "update")
    assert answer.code == 1
    assert "own                  REFUSED    config/sanctions_own.csv:1: no header" in answer.out
    status = run("sanctions", "status")
    assert status.code == 1
    assert "2 entries" in status.out
    assert "PROBLEM  the last update was refused: config/sanctions_own.csv:1" in status.out


def test_a_list_that_shrinks_waits_and_is_accepted(run: Run, here: Path) -> None:
    """Held with exit code 1 and the command that takes it; accepted with a reason."""
    own(100)
    run("sanctions", "update")
    own(10)

    answer = run("sanctions", "update")
    assert answer.code == 1
    assert "HELD" in answer.out
    assert "entries shrink by 90.0 %, from 100 to 10" in answer.out
    assert "otcfix sanctions update --accept own --why TEXT" in answer.out
    status = run("sanctions", "status")
    assert status.code == 1
    assert "100 entries" in status.out
    assert "waits for review" in status.out

    words = ("sanctions", "update", "--accept", "own", "--why", "doubled rows", "--by", "lee")
    assert run(*words).code == 0
    (row,) = run("sanctions", "status", "--json").document["lists"]
    assert (row["entries"], row["accepted_by"], row["why"]) == (10, "lee", "doubled rows")
    assert run(*words).code == 1


def test_status_of_an_old_list(run: Run, here: Path) -> None:
    """Exit code 1: the UN's list of ours has a date long past."""
    add(UN)
    run("sanctions", "update")
    status = run("sanctions", "status")

    assert status.code == 1
    assert "2026-03-05" in status.out
    assert "days old, at most 14" in status.out


def test_status_before_the_first_update(run: Run, here: Path) -> None:
    """Exit code 1, and what to do."""
    status = run("sanctions", "status")

    assert status.code == 1
    assert "no version was accepted: `otcfix sanctions update`" in status.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "no list nobody in config/screening.toml; there are own"),
        (("--from", "x.csv"), "--from and --accept want exactly one"),
        (("own", "--accept"), "--accept wants the reason"),
        (("own", "--why", "x"), "only with --accept"),
        (("own", "--accept", "--why", "x", "--from", "y"), "takes the version that waits"),
    ],
)
def test_words_that_do_not_go_together(
    run: Run, here: Path, words: tuple[str, ...], said: str
) -> None:
    """Exit code 2, naming the option."""
    answer = run("sanctions", "update", *words)

    assert answer.code == 2
    assert said in " ".join(answer.err.split())


def test_a_configuration_without_lists(run: Run, here: Path) -> None:
    """The file may be absent: then nothing can be cleared, and that is said."""
    Path("config/screening.toml").unlink()

    assert "No [[list]] in config/screening.toml" in run("sanctions", "update").out
    assert run("sanctions", "status", "--json").document["lists"] == []


def test_check_reports_a_list_that_cannot_be_read(run: Run, here: Path) -> None:
    """A problem that names file, line and reason; no published list is a warning."""
    Path("config/sanctions_own.csv").write_bytes(b"\xff\xfe")
    answer = run("check", "--json")

    assert answer.code == 1
    assert any(
        "list own.files: config/sanctions_own.csv: UTF-16" in p for p in answer.document["problems"]
    )
    assert any(
        "no list of OFAC, the UN, the EU or the UK" in w for w in answer.document["warnings"]
    )
