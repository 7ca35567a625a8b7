"""Labelled cases: read line by line without trust, counted group by group."""

import json
from typing import Any

import pytest

from otcfix.screening.cases import BadCase, Case, read
from otcfix.screening.entry import Kind
from otcfix.screening.evaluating import Evaluation, Group, evaluate
from otcfix.screening.index import build
from tests.screening.listed import CROWD, entry

WALLET = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"
INDEX = build(
    [
        *[entry(number, name) for number, name in enumerate(CROWD)],
        entry(90, "Dated Person", kind=Kind.PERSON, births=["1965"]),
        entry(91, "Wallet Owner", addresses=[("XBT", WALLET)]),
    ]
)


def case(kind: str = "screen", query: str = "Faiz", **more: Any) -> str:
    return json.dumps({"id": 7, "kind": kind, "query": query, "group": "g", **more})


def evaluated(*lines: str, threshold: float = 0.88) -> Evaluation:
    return evaluate(INDEX, read(lines), threshold)


def group(*lines: str) -> Group:
    (found,) = evaluated(*lines).groups
    return found


def test_a_screen_case_hits_on_any_expected_entry() -> None:
    """One of several ids is enough; another entry is none."""
    right = case(expect=["OWN:13", "OWN:99"])
    wrong = case(expect=["OWN:3"])
    found = group(right, wrong)

    assert (found.cases, found.positives, found.found, found.recall) == (2, 2, 1, 0.5)
    assert found.percentile_ms(0.5) > 0


def test_an_innocent_that_hits_is_a_false_positive() -> None:
    """expect null: no hit is right, and the pieces of the wrong one are kept."""
    found = evaluated(case(expect=None), case(query="Olga Brandt", expect=None))

    assert (found.groups[0].negatives, found.groups[0].false) == (2, 1)
    assert found.groups[0].false_rate == 0.5
    (miss,) = found.misses
    assert miss.score == 1.0
    assert miss.words[0] == "OWN:13 Faiz"


def test_birth_and_schema_are_used() -> None:
    """A near name of another birth is no hit; nor is a company with a person's."""
    near = case(query="Datd Person", expect=["OWN:90"], dob="1965")
    far = case(query="Datd Person", expect=None, dob="1999-12-31")
    company = case(query="Datd Person", expect=None, schema="business")
    found = group(near, far, company)

    assert (found.recall, found.false) == (1.0, 0)


def test_an_expected_entry_that_is_not_loaded_is_a_miss_and_is_told() -> None:
    """The lists are another edition: that is seen, not hidden."""
    found = evaluated(case(expect=["OFAC:1"]))

    assert (found.groups[0].recall, found.groups[0].absent) == (0.0, 1)
    assert found.misses[0].words == ("none of the expected entries is on the lists loaded",)


def test_an_address_hits_whoever_has_it() -> None:
    """A plain file of addresses does not name the owner."""
    listed = case("crypto", WALLET, expect=["OFAC:1"], currency="XBT")
    other = case("crypto", WALLET.swapcase(), expect=None, currency="XBT")
    found = group(listed, other)

    assert (found.recall, found.false, found.absent) == (1.0, 0, 0)


def test_pairs_give_an_f1_and_published_scores_an_agreement() -> None:
    """Two names and whether they are one; another program's score beside ours."""
    found = evaluated(
        case("pair", "Ivan Petrov", expect="Petrov, Ivan", match=True),
        case("pair", "Ivan Petrov", expect="Olga Brandt", match=True),
        case("pair", "Ivan Petrov", expect="Ivan Petroff", match=False),
        case("pair", "Ivan Petrov", expect="Olga Brandt", match=False),
        case("pair_score", "Ivan Petrov", expect="Petrov, Ivan", score_best_pairs=0.95),
        case("pair_score", "Ivan Petrov", expect="Olga", score_best_pairs=0.95),
    )
    pairs, published = found.groups

    assert (pairs.found, pairs.false, pairs.f1) == (1, 1, 0.5)
    assert found.pairs.cases == 4
    assert (published.cases, published.agreed) == (2, 1)


def test_variants_are_groups_of_their_own_and_all_screenings_one_more() -> None:
    """Untreated and treated names are told apart."""
    found = evaluated(
        case(expect=["OWN:13"], variant="untreated"),
        case(expect=["OWN:13"], variant="treated"),
        case("pair", "A", expect="B", match=False),
    )

    assert [g.name for g in found.groups] == ["g untreated", "g treated", "g"]
    assert found.screening.cases == 2


def test_the_threshold_is_the_callers() -> None:
    """The same case above and below."""
    one = case(query="Karim Zardari", expect=["OWN:0"])

    assert evaluated(one, threshold=0.8).groups[0].recall == 1.0
    assert evaluated(one, threshold=1.0).groups[0].recall == 0.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ("[1]", "expected an object, found list"),
        ("null", "expected an object"),
        (case("magic"), "kind 'magic': expected one of screen, pair, pair_score, crypto"),
        ('{"kind": ["screen"]}', "kind ['screen']"),
        ('{"kind": "screen"}', "query: expected text"),
        (case(query=7), "query: expected text"),  # type: ignore[arg-type]
        (case(), "expect: missing"),
        (case(expect=[1]), "expect: expected text or a list of texts"),
        (case(expect=None, dob=1965), "dob: expected text"),
        (case("pair", expect="x"), "match: expected true or false"),
        (case("pair", match=True), "expect: expected text"),
        (case("pair_score", expect="x"), "score_best_pairs: expected a number"),
        ("[" * 100_000, "no JSON"),
        ("\x00", "no JSON"),
    ],
)
def test_a_broken_line_is_named_and_left_out(line: str, said: str) -> None:
    """Line and reason; the others count."""
    found = evaluated("", case(expect=None, query="Olga Brandt"), line)

    (bad,) = found.broken
    assert bad.line == 3
    assert said in bad.words
    assert found.groups[0].cases == 1


def test_read_takes_what_the_format_leaves_open() -> None:
    """One id as text, several births, no group, no id, an unknown key."""
    line = '{"kind":"screen","query":"A B","expect":"OWN:1","dob":["1965","1966"],"new":{}}'
    (found,) = read([line])

    assert isinstance(found, Case)
    assert (found.id, found.group, found.wanted) == ("1", "screen", ("OWN:1",))
    assert found.party.births == ("1965", "1966")
    assert found.party.kind is Kind.PERSON
    assert not isinstance(found, BadCase)


def test_progress_is_told_and_figures_are_plain() -> None:
    """Every so many cases; None where there is nothing to divide by."""
    told: list[int] = []
    lines = [case(query="Olga Brandt", expect=None)] * 501
    found = evaluate(INDEX, read(lines), 0.88, told.append)

    assert told == [250, 500]
    figures = found.groups[0].as_dict()
    assert (figures["cases"], figures["recall"], figures["false_positives"]) == (501, None, 0)
    assert json.loads(json.dumps(figures)) == figures
