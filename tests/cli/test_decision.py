"""otcfix decision: all of one event, and which events there were."""

from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.support.desk_process import DeskProcess


@pytest.fixture
def asked(served: DeskProcess, ask: Run) -> DeskProcess:
    """A desk that has quoted ALPHA, and refused him what is not dealt in."""
    assert ask("rfq", "BTC/USD", "0.5").code == 0
    assert ask("rfq", "BTC/USD", "100000").code == 1
    return served


def test_list_shows_what_was_judged_and_which_check_told(asked: DeskProcess, run: Run) -> None:
    """The newest last; --refused leaves out what passed."""
    where = ("--database", asked.database, "--config", str(asked.config), "--json")
    every = run("decision", "list", *where).document["decisions"]
    refused = run("decision", "list", "--refused", "--client", "ALPHA", *where).document[
        "decisions"
    ]
    assert [one["seq"] for one in every] == sorted(one["seq"] for one in every)
    assert {one["refusal"] for one in every} > {None}
    assert refused
    assert all(one["refusal"] and one["check"] for one in refused)
    assert refused[-1]["symbol"] == "BTC/USD"
    assert refused[-1]["id"]
    assert len(run("decision", "list", "--limit", "1", *where).document["decisions"]) == 1
    assert run("decision", "list", "--since", "2999-01-01", *where).document["decisions"] == []


def test_show_tells_every_check_what_was_said_and_by_which_rates(
    asked: DeskProcess, run: Run
) -> None:
    """In order of precedence; the one that was told is marked, and is the only one on the wire."""
    where = ("--database", asked.database, "--config", str(asked.config))
    refused = run("decision", "list", "--refused", *where, "--json").document["decisions"][-1]
    shown = run("decision", "show", str(refused["seq"]), *where, "--json").document
    (verdict,) = shown["verdicts"]
    checks = [one["check"] for one in verdict["findings"]]
    assert checks.index("screened") > checks.index("client_enabled")
    assert [one["check"] for one in verdict["findings"] if one["told"]] == [refused["check"]]
    assert shown["list_version"].endswith("own=undated from 0.88 to 0.95")
    assert shown["rates"][0]["symbol"] == "BTC/USD"
    assert {one["asset"] for one in shown["conversions"]} >= {"BTC"}
    (reply,) = shown["replies"]
    assert reply["msg_type"] in ("AG", "b")
    assert reply["msg_seq_num"] > 0
    plain = run("decision", "show", str(refused["seq"]), *where).out
    assert f"Refused: {refused['refusal']}, by {refused['check']}" in plain
    assert "List version:" in plain


def test_a_quote_s_id_names_its_event(asked: DeskProcess, run: Run) -> None:
    """By the id key of the configuration."""
    where = ("--database", asked.database, "--config", str(asked.config), "--json")
    every = run("decision", "list", *where).document["decisions"]
    passed = [one["seq"] for one in every if one["refusal"] is None][-1]
    shown = run("decision", "show", str(passed), *where).document
    (quote_id,) = [
        field.removeprefix("117=")
        for field in shown["replies"][0]["text"].split("|")
        if field.startswith("117=")
    ]
    assert run("decision", "show", quote_id, *where).document == shown


def test_transfers_are_in_major_units(funded: Path, run: Run) -> None:
    """A deposit was judged by nobody, and moved money."""
    shown = run("decision", "show", "2", "--json").document
    assert shown["kind"] == "MoveFunds"
    assert shown["verdicts"] == []
    assert [(one["amount"], one["code"]) for one in shown["transfers"]] == [
        ("250000.50", "deposit")
    ]


@pytest.mark.parametrize("what", ["0", "999999", "nonsense", "Q0000000000"])
def test_an_event_that_is_not_there_is_named(funded: Path, run: Run, what: str) -> None:
    """Exit code 2, and where the journal ends."""
    answer = run("decision", "show", what)
    assert answer.code == 2
    assert "the journal ends at event" in answer.err


def test_sessions_of_a_client_who_has_none(funded: Path, run: Run) -> None:
    """The clients that have sessions are named."""
    answer = run("decision", "list", "--client", "NOBODY")
    assert answer.code == 2
    assert "ALPHA" in answer.err


def test_reviews_of_a_desk_that_never_served(funded: Path, run: Run) -> None:
    """Nobody was screened: --all says so; a release of nothing is refused."""
    assert "Nothing waits for a review." in run("sanctions", "reviews").out
    found = run("sanctions", "reviews", "--all", "--json").document
    assert found["hits"] == []
    assert "ALPHA" in found["unscreened"]
    refused = run("sanctions", "release", "ALPHA", "OWN:1", "--why", "x", "--by", "kim")
    assert refused.code == 1
    assert "ALPHA has no hit on OWN:1" in refused.err
    nothing = run("approvals", "confirm", "W0", "--why", "x", "--by", "lee")
    assert nothing.code == 1


def test_a_destination_that_is_not_his_is_refused(funded: Path, run: Run) -> None:
    """Staff reads why; nothing moves."""
    answer = run("ledger", "withdraw", "ALPHA", "USD", "1", "--to", "CH9300762011623852957")
    assert answer.code == 1
    assert "no IBAN of his" in answer.err
