"""otcfix sanctions screen, screen-address and evaluate: answers, exit codes, usage errors."""

import json
from pathlib import Path

import pytest

from tests.cli.support import Run

ETH = "0x7F367cC41522cE07553e823bf3be79A889DEbe1B"
SDN = """\
1,"PETROV, Ivan","individual","TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 01 Mar 1965; nationality Russia."
2,"HARBOUR LIGHT BANK",-0- ,"TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"SWIFT/BIC WESTGB22; Digital Currency Address - ETH 0x7F367cC41522cE07553e823bf3be79A889DEbe1B."
"""  # noqa: E501 - lines as the publisher writes them


@pytest.fixture
def lists(here: Path) -> tuple[str, str]:
    """--lists with two entries."""
    path = here / "sdn.csv"
    path.write_text(SDN, "utf-8")
    return ("--lists", f"ofac_sdn=ofac_csv:{path}")


def test_a_listed_name_is_a_no_with_its_pieces(run: Run, lists: tuple[str, str]) -> None:
    """Exit code 1; the words of the score, for people and for programs."""
    told = run("sanctions", "screen", "Ivan Petrof", "--dob", "1965-03-01", *lists)
    answer = run("sanctions", "screen", "Ivan Petrof", "--dob", "1965", *lists, "--json")

    assert told.code == 1
    assert "OFAC:1" in told.out
    assert "petrof ~ petrov" in told.out
    assert "birth +0.03: agrees" in told.out
    assert answer.code == 1
    (hit,) = answer.document["hits"]
    assert (hit["entry"], hit["name"], answer.document["review"]) == (
        "OFAC:1",
        "PETROV, Ivan",
        True,
    )
    assert hit["score"] == pytest.approx(
        hit["name_score"] + sum(e["points"] for e in hit["effects"]), abs=0.001
    )


def test_what_would_block_is_told_apart_from_what_waits_for_a_person(
    run: Run, lists: tuple[str, str]
) -> None:
    """By block_min and review_min of screening.toml."""
    assert "(block)" in run("sanctions", "screen", "Ivan Petrov", *lists).out
    assert "(review)" in run("sanctions", "screen", "Ivan Petrof", *lists).out


def test_a_stranger_is_a_yes(run: Run, lists: tuple[str, str]) -> None:
    """Exit code 0, and how many entries and names were looked at."""
    answer = run("sanctions", "screen", "Olga Brandt", *lists)

    assert answer.code == 0
    assert "0 of 2 entries at 0.88 or more, 0 below; 2 names." in answer.out


@pytest.mark.parametrize("name", ["", "...", "x " * 40 + "4dam Zzyzx" * 40])
def test_who_cannot_be_compared_is_no_yes(run: Run, lists: tuple[str, str], name: str) -> None:
    """Nothing in it, or more than is read: a script must not take it for clear."""
    answer = run("sanctions", "screen", name, *lists, "--json")
    assert answer.code == 1
    assert answer.document["review"]
    assert answer.document["notes"]


def test_another_life_clears_a_likeness(run: Run, lists: tuple[str, str]) -> None:
    """The same likeness with another birth is below review, and shown all the same."""
    answer = run("sanctions", "screen", "Ivan Petrof", "--dob", "1999-12-31", *lists)

    assert answer.code == 0
    assert "(below review)" in answer.out
    assert "far apart" in answer.out


def test_an_identifier_finds_the_bank(run: Run, lists: tuple[str, str]) -> None:
    """By an IBAN of the listed bank; a wrong one is said."""
    ids = ("--id", "IBAN=GB82WEST12345698765432")
    found = run("sanctions", "screen", "Nobody", *ids, *lists)
    wrong = run("sanctions", "screen", "Nobody", "--id", "LEI=123", *lists)

    assert found.code == 1
    assert "OFAC:2" in found.out
    assert (wrong.code, "Note: LEI 123:" in wrong.out) == (0, True)


def test_an_address_is_found_however_it_is_written(run: Run, lists: tuple[str, str]) -> None:
    """Another chain's asset does not matter; another address is a yes."""
    found = run("sanctions", "screen-address", f" {ETH.lower()} ", "--asset", "MATIC", *lists)
    other = run("sanctions", "screen-address", ETH[:-1] + "c", *lists, "--json")

    bare = run("sanctions", "screen-address", ETH, *lists)

    assert found.code == 1
    assert "OFAC:2" in found.out
    assert f"address: '{ETH}' against" in bare.out
    assert (other.code, other.document["hits"]) == (0, [])


def test_cases_are_counted_by_group(run: Run, lists: tuple[str, str], here: Path) -> None:
    """A table for people, figures for programs, misses with their pieces, broken lines named."""
    rows = [
        {
            "id": 1,
            "kind": "screen",
            "group": "listed",
            "query": "Petrov Ivan",
            "expect": ["OFAC:1"],
        },
        {"id": 2, "kind": "screen", "group": "listed", "query": "Unknown", "expect": ["OFAC:1"]},
        {"id": 3, "kind": "screen", "group": "free", "query": "Olga Brandt", "expect": None},
        {"id": 4, "kind": "crypto", "group": "wallets", "query": ETH, "expect": ["OFAC:2"]},
        {"id": 5, "kind": "dance", "group": "wallets", "query": ETH},
    ]
    path = here / "cases.jsonl"
    path.write_text("\n".join([json.dumps(row) for row in rows] + ["{broken"]), "utf-8")

    told = run("sanctions", "evaluate", str(path), "--misses", *lists)
    answer = run("sanctions", "evaluate", str(path), "--json", *lists)

    assert told.code == 0
    assert f"{path}: line 5: kind 'dance'" in told.err
    assert f"{path}: line 6: no JSON" in told.err
    assert "line 2, listed: 'Unknown', wanted OFAC:1; score 0.000" in told.out
    found = {group["group"]: group for group in answer.document["groups"]}
    assert (found["listed"]["recall"], found["free"]["false_positives"]) == (0.5, 0)
    assert found["wallets"]["recall"] == 1.0
    assert answer.document["threshold"] == 0.88
    assert [b["line"] for b in answer.document["broken_lines"]] == [5, 6]
    assert found["listed"].keys() >= {"cases", "recall", "false_positives", "p50_ms", "p99_ms"}


def test_a_byte_order_mark_is_no_fault_of_a_case(
    run: Run, lists: tuple[str, str], here: Path
) -> None:
    """As an editor on Windows leaves it."""
    case = '{"kind": "screen", "query": "Nobody Special", "expect": null}\n'
    (here / "cases.jsonl").write_text(case, "utf-8-sig")
    answer = run("sanctions", "evaluate", "cases.jsonl", *lists, "--json")
    assert answer.document["broken_lines"] == []
    assert answer.document["screening"]["cases"] == 1


def test_a_file_without_a_case_is_a_no(run: Run, lists: tuple[str, str], here: Path) -> None:
    """Nothing was evaluated: that is not success."""
    path = here / "cases.jsonl"
    path.write_text("\n{}\n", "utf-8")

    answer = run("sanctions", "evaluate", str(path), *lists)

    assert answer.code == 1
    assert "no case in it" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("screen", "A", "--dob", "1965-02-30"), "--dob: '1965-02-30'"),
        (("screen", "A", "--country", "Russia"), "--country: 'Russia'"),
        (("screen", "A", "--kind", "ship"), "--kind: 'ship' is none of person, organisation"),
        (("screen", "A", "--id", "BIC"), "--id: 'BIC' is not KIND=VALUE"),
        (("screen", "A", "--lists", "un:un.xml"), "--lists: 'un:un.xml' is not NAME=FORMAT:PATH"),
        (("screen-address", "x" * 500), "ADDRESS: "),
        (("evaluate", "nowhere.jsonl"), "CASES: nowhere.jsonl: no such file"),
        (("evaluate", "nowhere.jsonl", "--threshold", "88"), "--threshold: 88"),
    ],
)
def test_what_cannot_be_used_is_a_usage_error(run: Run, words: tuple[str, ...], said: str) -> None:
    """Argument and reason."""
    answer = run("sanctions", *words)

    assert answer.code == 2
    assert said in answer.err


def test_a_list_that_cannot_be_read_is_named(run: Run, here: Path) -> None:
    """Exit code 3, the file in the text."""
    answer = run("sanctions", "screen", "A", "--lists", f"un=un_xml:{here / 'gone.xml'}")

    assert answer.code == 3
    assert "gone.xml" in answer.err


def test_the_accepted_lists_are_screened_and_a_missing_one_clears_nobody(
    run: Run, here: Path
) -> None:
    """Before the first update there is no list: exit code 3. After it the own list is asked."""
    before = run("sanctions", "screen", "Olga Brandt")
    assert run("sanctions", "update").code == 0
    after = run("sanctions", "screen", "Olga Brandt", "--json")

    assert before.code == 3
    assert "otcfix sanctions update" in before.err
    assert after.code == 0
    assert after.document["missing"] == []
    assert after.document["lists"][0].startswith("own ")
