"""Cases labelled by others, on the real lists, at one frozen threshold.

They are no part of the project: OTCFIX_SANCTIONS_DATA names their folder, else
../shared/data/sanctions. The constants of matching were chosen on the half of the cases whose
hash is even; this test is about the other half, and about every address.
`otcfix sanctions evaluate` runs all of them.
"""

import hashlib
import os
import time
from pathlib import Path

import pytest

from otcfix.screening.cases import Case, read
from otcfix.screening.entry import Entry
from otcfix.screening.evaluating import REVIEW, Evaluation, Group, evaluate
from otcfix.screening.index import Index, build
from otcfix.screening.lists_corpus import merged
from otcfix.screening.loaders import load

ROOT = Path(__file__).parents[2]
DATA = Path(
    os.environ.get("OTCFIX_SANCTIONS_DATA") or ROOT.parent / "shared" / "data" / "sanctions"
)

pytestmark = pytest.mark.skipif(
    not (DATA / "cases.jsonl").is_file(),
    reason=f"no labelled cases in {DATA}; OTCFIX_SANCTIONS_DATA names another folder",
)

STRONG_MISSED: frozenset[str] = frozenset()
"""Ids of STRONG pairs that are not got right."""

OTHER_WRITING = ("cross_script",)
"""Missed in part: Han read as Mandarin is not the Korean or Japanese of a name, Hangul comes in
another romanisation than passports have, and two consonants are too few to tell names apart."""


@pytest.fixture(scope="module")
def index() -> Index:
    ofac = [DATA / "ofac_2023/sdn.csv", DATA / "ofac_2025/alt.csv"]
    lists = [
        load("un", "un_xml", [DATA / "un/UN_consolidated.xml"]),
        load("ofac_sdn", "ofac_csv", [*ofac, DATA / "ofac_2025/sdn_comments.csv"], orphans="keep"),
        load("crypto", "addresses", sorted((DATA / "crypto").glob("*.txt"))),
    ]
    entries: dict[str, Entry] = {}
    for one in lists:
        for entry in one.entries:
            known = entries.get(entry.entry_id)
            entries[entry.entry_id] = merged(known, entry) if known else entry
    return build(entries.values())


def odd(case: Case) -> bool:
    return case.kind == "crypto" or hashlib.sha256(case.id.encode()).digest()[0] % 2 == 1


@pytest.fixture(scope="module")
def found(index: Index) -> Evaluation:
    lines = (DATA / "cases.jsonl").read_text("utf-8").splitlines()
    cases = [case for case in read(lines) if isinstance(case, Case) and odd(case)]
    return evaluate(index, cases, REVIEW)


def group(found: Evaluation, name: str) -> Group:
    return next(g for g in found.groups if g.name == name)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("un_positive untreated", 1.0),
        ("un_positive treated", 0.995),
        ("un_positive_partial token_dropped", 0.93),
    ],
)
def test_listed_names_are_found(found: Evaluation, name: str, least: float) -> None:
    """Untouched, mangled, and with a word left out."""
    recall = group(found, name).recall

    assert recall is not None
    assert recall >= least


@pytest.mark.parametrize("name", ["neg_global", "neg_us"])
def test_innocents_are_left_alone(found: Evaluation, name: str) -> None:
    """At most 6 in 1,000."""
    rate = group(found, name).false_rate

    assert rate is not None
    assert rate <= 0.006


def test_every_listed_address_hits_and_no_other(found: Evaluation, index: Index) -> None:
    """All of the cases', all of the files', none that differs in a sign."""
    crypto = group(found, "crypto")
    assert (crypto.recall, crypto.false) == (1.0, 0)

    addresses = [
        line.strip()
        for path in sorted((DATA / "crypto").glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ]
    assert addresses
    assert all(index.listed_address(address) for address in addresses)
    assert not any(index.listed_address(address[:-2] + "zz") for address in addresses)


def test_strong_pairs_are_told_apart_and_other_writing_is_what_is_missed(index: Index) -> None:
    """Every pair of quality STRONG; of the pairs of two scripts those that letters can show."""
    import json  # noqa: PLC0415

    lines = (DATA / "cases.jsonl").read_text("utf-8").splitlines()
    strong = [line for line in lines if json.loads(line).get("quality") == "STRONG"]
    missed = {miss.case.id for miss in evaluate(index, read(strong), REVIEW).misses}
    assert missed == STRONG_MISSED

    across = [line for line in lines if json.loads(line).get("group") in OTHER_WRITING]
    told = evaluate(index, read(across), REVIEW)
    assert told.pairs.recall is not None
    assert told.pairs.recall >= 0.6


def test_pairs_as_a_whole(found: Evaluation) -> None:
    """As good as the best published figure on all of them, 0.79."""
    assert found.pairs.f1 is not None
    assert found.pairs.f1 >= 0.79


def test_the_index_is_made_and_asked_in_time(index: Index, found: Evaluation) -> None:
    """10 s, 5 ms and 15 ms of the processor: a busy machine does not fail it."""
    began = time.process_time()
    again = build(index.entries)

    assert time.process_time() - began < 10
    assert again.names == index.names > 35_000
    assert found.screening.percentile_ms(0.5, cpu=True) < 5
    assert found.screening.percentile_ms(0.99, cpu=True) < 15
