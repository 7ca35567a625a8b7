"""otcfix limits: what holds and what is used, and setting it; without and with a desk that runs."""

from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.model.limit import MEASURES
from tests.cli.support import Run
from tests.support.desk_process import DeskProcess


def test_what_holds_is_shown_with_its_use_and_source(run: Run, funded: Path) -> None:
    """The client's own keys, those of the file, and what a command set; by client."""
    assert run("limits", "set", "client:ALPHA", "position", "300000", "--why", "w", "--by", "ann",
               "--config", "config").code == 0  # fmt: skip
    found = run("limits", "show", "--json").document["limits"]
    (mine,) = [r for r in found if (r["who"], r["measure"]) == ("client:ALPHA", "position")]
    assert (mine["source"], mine["by"], mine["why"]) == ("command", "ann", "w")
    assert mine["amount"] == "300000"
    own = [r for r in found if r["who"] == "client:ALPHA" and r["measure"] == "open_orders"]
    assert [(r["source"], r["used"], r["left"], r["per_cent"]) for r in own] == [
        ("clients.toml", "0", "100", "0.0")
    ]
    tier = {r["client"] for r in found if r["who"] == "tier:standard"}
    assert tier == {"BETA", "FUND1", "FUND2", "GAMMA", "PRIME"}
    assert {r["source"] for r in found} == {"clients.toml", "limits.toml", "command"}
    shown = run("limits", "show", "--client", "BETA", "--measure", "turnover_day").out
    assert "tier:standard" in shown
    assert "ALPHA" not in shown


def test_raising_waits_and_nonsense_is_refused(run: Run, funded: Path) -> None:
    """Exit 0 for what waits, 1 for a no, 2 for words that are none."""
    raised = run("limits", "set", "client:ALPHA", "position", "30000000", "--why", "w", "--json")
    assert raised.code == 0
    assert raised.document["waits"] is True
    removed = run("limits", "remove", "client:ALPHA", "position", "--why", "w")
    assert "waits for a second person" in removed.out
    assert run("limits", "set", "client:NOBODY", "position", "1", "--why", "w").code == 1
    for words in (
        ("client:ALPHA", "sizes", "1"),
        ("ALPHA", "position", "1"),
        ("desk", "position", "-1"),
        ("desk", "position", "NaN"),
    ):
        assert run("limits", "set", *words, "--why", "w").code == 2
    assert run("limits", "show", "--measure", "sizes").code == 2
    assert run("limits", "show", "--client", "NOBODY").code == 2


def test_a_desk_that_runs_takes_it_at_once(served: DeskProcess, run: Run) -> None:
    """Set from beside it, seen by the next look; so large that the desk's other guests deal on."""
    url = ("--config", str(served.config), "--database", served.database)
    large = "900000000000"
    assert run("limits", "set", "desk", "turnover_day", large, "--why", "w", *url).code == 0
    found = run("limits", "show", "--measure", "turnover_day", "--json", *url).document["limits"]
    (row,) = [one for one in found if one["who"] == "desk"]
    assert (row["client"], row["amount"]) == ("", large)
    assert Decimal(row["used"]) + Decimal(row["left"]) == Decimal(large)


LOSS = 'who = "desk"\nmeasure = "loss"\namount = '
LOSS_OF_TIER = LOSS.replace("desk", "tier:gold")
LOSS_OF_ALPHA = LOSS.replace("desk", "client:ALPHA")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('who = "client:NOBODY"\nmeasure = "loss"\namount = 1', "no client 'NOBODY'"),
        ('who = "desk"\nwhat = "class:none"\nmeasure = "loss"\namount = 1', "no class 'none'"),
        ('who = "desk"\nmeasure = "sizes"\namount = 1', "no measure 'sizes'"),
        ('who = "desk"\nmeasure = "loss"\namount = -1', "greater than or equal to 0"),
        ('who = "desk"\nmeasure = "loss"\namount = nan', "finite number"),
        ('who = "desk"\nmeasure = "loss"\namont = 1', "unknown key"),
        (
            'who = "client:ALPHA"\nmeasure = "position"\namount = 1',
            "is said by position_max of client ALPHA in clients.toml",
        ),
        (f"{LOSS}1\n[[limit]]\n{LOSS}2", "loss desk is said twice"),
        (f"{LOSS_OF_TIER}1\n[[limit]]\n{LOSS_OF_ALPHA}2", "can never bind"),
    ],
)
def test_check_tells_what_is_wrong_with_the_file(
    run: Run, here: Path, text: str, said: str
) -> None:
    """Unknown names, limits said twice, and those that another one makes meaningless."""
    (here / "config" / "limits.toml").write_text(f"[[limit]]\n{text}\n")
    answer = run("check", "--json")
    assert answer.code != 0
    assert said in answer.out + answer.err


def test_the_file_may_be_left_out(run: Run, here: Path) -> None:
    """Those of clients.toml hold anyway."""
    (here / "config" / "limits.toml").unlink()
    assert "limits.toml" not in run("check").out + run("check").err


def test_every_measure_is_explained_in_the_shipped_file(here: Path) -> None:
    """And in the help of `limits set`."""
    text = (here / "config" / "limits.toml").read_text()
    assert all(measure in text for measure in MEASURES)
