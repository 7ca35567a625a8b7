"""otcfix dialect: list, show, test a log, and what a dialect loses."""

import shutil
from pathlib import Path

import pytest

from tests.cli.support import Answer, run_here
from tests.support.desk_process import ROOT

LOSSY = """
base = "flat42"
[[tag]]
messages = "D"
client = 7001
desk = 1
[[tag]]
messages = "D"
client = 7002
desk = 1
[[tag]]
messages = "8"
way = "out"
client = 17
desk = 37
[[value]]
tag = 54
map = { "B" = "1", "BUY" = "1", "S" = "2" }
[[drop]]
way = "in"
messages = "D"
tags = [11, 18]
[[drop]]
way = "out"
messages = "S"
tags = [117]
"""

HEAD = "8=FIX.4.2|9=1|{}|34=2|52=20270113-12:00:00|"
ASKS = HEAD.format("35=R|49=C|56=D") + "131=R1|55=XBT/USD|38=1|54=1|10=000|"
HITS = (
    HEAD.format("35=D|49=C|56=D") + "11=A|21=1|55=XBT/USD|54=1|38=1|40=1|60=20270113-12:00:00|10=0|"
)
QUOTES = HEAD.format("35=S|49=D|56=C") + "131=R1|117=Q1|55=XBT/USD|132=1|134=1|10=000|"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped configuration with a dialect that loses a lot."""
    made = tmp_path / "config"
    shutil.copytree(ROOT / "config", made)
    (made / "dialects" / "lossy.toml").write_text(LOSSY)
    return made


def ask(folder: Path, *words: str) -> Answer:
    """Run `otcfix dialect`."""
    return run_here("dialect", *words, "--config", str(folder))


def log_of(tmp_path: Path, *lines: str) -> str:
    """A log file."""
    path = tmp_path / "some.log"
    path.write_text("\n".join(lines))
    return str(path)


def test_list_and_show(folder: Path) -> None:
    """What there is, what it inherits, who speaks it."""
    rows = {r["name"]: r for r in ask(folder, "list", "--json").document["dialects"]}
    assert rows["lossy"]["base"] == "flat42"
    assert rows["lossy"]["version"] == "FIX.4.2"

    shown = ask(folder, "show", "lossy", "--json").document
    assert shown["inherits"] == ["flat42"]
    assert [step["type"] for step in shown["inbound"]][:2] == ["Grouped", "Rename"]
    assert "tag 7001, to 1" in ask(folder, "show", "lossy").out
    assert ask(folder, "show", "nobody").code == 2


def test_check_says_which_message_loses_which_tag(folder: Path) -> None:
    """Two tags or values to one, an occupied tag, a needed tag that is dropped."""
    answer = ask(folder, "check", "lossy", "--json")
    found = {(r["way"], r["message"], r["tag"]): r for r in answer.document["losses"]}

    assert answer.code == 1
    assert "7001 and 7002 are both read as 1" in found["in", "D", 1]["why"]
    assert "B and BUY are both 1" in found["in", "D", 54]["why"]
    assert found["in", "D", 11]["needed"]
    assert not found["in", "D", 18]["needed"]
    assert "37 is said as 17" in found["out", "8", 17]["why"]
    assert found["out", "8", 17]["needed"]
    assert found["out", "S", 117]["needed"]


def test_the_shipped_ones_lose_nothing(folder: Path) -> None:
    """Not even under --strict."""
    for name in ("flat42", "plain44", "plain50sp2"):
        assert ask(folder, "check", name, "--strict").code == 0


def test_check_of_the_whole_desk_tells_of_dialects_that_are_spoken(folder: Path) -> None:
    """A needed tag is a problem, a lossy map a warning."""
    path = folder / "sessions.toml"
    path.write_text(path.read_text().replace('dialect = ""', 'dialect = "lossy"'))
    answer = run_here("check", "--config", str(folder), "--json")

    assert any("dialect lossy: in  D  11: LOST" in line for line in answer.document["problems"])
    assert any("B and BUY are both 1" in line for line in answer.document["warnings"])


def test_a_log_is_shown_before_and_after(folder: Path, tmp_path: Path) -> None:
    """Both ways, with a prefix, by SOH, | or ^A; session messages and junk are passed over."""
    lines = (
        f"20270113-12:00:00.000 : {ASKS}",
        "junk",
        HEAD.format("35=0|49=C|56=D") + "10=000|",
        QUOTES.replace("|", "\x01"),
    )
    answer = ask(folder, "test", "flat42", "--log", log_of(tmp_path, *lines), "--json")

    assert answer.code == 0
    request, quote = answer.document["messages"]
    assert (request["line"], request["way"], quote["way"]) == (1, "in", "out")
    assert request["before"] == "35=R|131=R1|55=XBT/USD|38=1|54=1"
    assert request["after"] == "35=R|131=R1|146=1|55=XBT/USD|38=1|54=1"
    assert quote["after"] == quote["before"]

    shown = ask(folder, "test", "flat42", "--log", log_of(tmp_path, ASKS.replace("|", "^A")))
    assert "read as  35=R|131=R1|146=1|55=XBT/USD" in shown.out


def test_what_would_be_refused_or_lost_ends_with_1(folder: Path, tmp_path: Path) -> None:
    """By the dictionary, by the parser, or in the mapping."""
    grouped = ASKS.replace("55=", "146=1|55=")
    unread = HITS.replace("38=1|", "38=x|")
    answer = ask(
        folder, "test", "flat42", "--log", log_of(tmp_path, grouped, unread, HITS), "--json"
    )

    assert answer.code == 1
    first, second, third = answer.document["messages"]
    assert "373=2 371=146" in first["refused"]
    assert "371=38" in second["refused"]
    assert third["refused"] == third["lost"] == ""

    lossy = ask(folder, "test", "lossy", "--log", log_of(tmp_path, HITS), "--json")
    (order,) = lossy.document["messages"]
    assert lossy.code == 1
    assert order["dropped"] == "11"
    assert "MISSING_FIELD tag=11" in order["refused"]


def test_a_file_that_no_session_speaks_yet(folder: Path, tmp_path: Path) -> None:
    """A path instead of a name; what it inherits stands in the configuration."""
    file = tmp_path / "new.toml"
    file.write_text('base = "flat42"\n[[tag]]\nclient = 7011\ndesk = 11\n')
    log = log_of(tmp_path, HITS.replace("|11=", "|7011="))
    answer = ask(folder, "test", str(file), "--log", log, "--json")

    assert answer.code == 0, answer.document
    assert "|11=A|" in answer.document["messages"][0]["after"]
    assert ask(folder, "test", str(file), "--log", "nowhere").code == 3
