"""The index: one hit an entry, every stage finds what it must, and nothing is too much for it."""

import time
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from otcfix.screening.index import FLOOR, NAMES_MAX, Index, build, readings
from otcfix.screening.matching import compare
from otcfix.screening.normalise import normalise
from otcfix.screening.party import Party
from tests.screening.listed import CROWD, ORGANISATION, PERSON, entry, index_of

REVIEW = 0.88
INDEX = index_of(*CROWD)


def best(name: str) -> tuple[str, float]:
    hits = INDEX.screen(Party(name)).hits
    return (hits[0].matched_name, hits[0].score) if hits else ("", 0.0)


@pytest.mark.parametrize("name", CROWD)
def test_every_listed_name_is_found_whole(name: str) -> None:
    """Untouched names have the score 1, by the exact stage."""
    hit = INDEX.screen(Party(name)).hits[0]

    assert (hit.matched_name, hit.score, hit.stage) == (name, 1.0, "exact")


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("ZARDARI, MOHAMMAD KARIM", "MOHAMMAD KARIM ZARDARI"),
        ("Muhamad Karim Zardari", "MOHAMMAD KARIM ZARDARI"),
        ("Karim Zardari", "MOHAMMAD KARIM ZARDARI"),
        ("Muhammad Ali Bakhtawar", "Mohammed Ali Bakhtavar"),
        ("Ahmad Sattar Al Qasimi", "Ahmad Sattar al-Qasimi"),
        ("Ivan Volkov", "Ivan Sergeyevich Volkov"),
        ("Иван Петров", "Petrov, Ivan"),
        ("Abdulrahman Osmani", "Abdul Rahman Osmani"),
        ("Quarz Harbor Shipping", "Quartz Harbour Shipping Co., Ltd."),
        ("Blue Lantern Tradings OOO", "Blue Lantern Trading LLC"),
        ("HydraNine Exchange", "Hydra Nine Exchange"),
    ],
)
def test_mangled_names_are_found(query: str, listed: str) -> None:
    """Order, spelling, a middle name left out, scripts, words run together, other legal forms."""
    name, score = best(query)

    assert name == listed
    assert score >= REVIEW


@pytest.mark.parametrize(
    "stranger",
    [
        "Maria Petrov", "Blue Ocean LLC", "Trading LLC", "Bank of Southern Hills", "Karim",
        "Olga Brandt", "Mohammed", "LLC", "van der",
    ],
)  # fmt: skip
def test_innocents_are_not(stranger: str) -> None:
    """A word in common or a legal form in common is below review."""
    assert best(stranger)[1] < REVIEW


def test_one_hit_an_entry_by_its_likeliest_name() -> None:
    """Aliases of one entry are one hit; hits come with the highest score first."""
    index = build(
        [
            entry(1, "Ivan Petrov", "Ivan Petroff", "I. Petrov", kind=PERSON),
            entry(2, "Ivan Petrovskiy", kind=PERSON),
        ]
    )
    hits = index.screen(Party("Ivan Petrov")).hits

    assert hits[0].entry_id == "OWN:1"
    assert len({h.entry_id for h in hits}) == len(hits)
    assert [h.score for h in hits] == sorted([h.score for h in hits], reverse=True)
    assert hits[0].digest == "digest 1"


def test_an_alias_of_the_party_finds_as_well() -> None:
    """Former names count; beyond a bound they are left out, and it is said."""
    party = Party("Nobody Atall", aliases=("Karim Zardari",))
    many = Party("Nobody Atall", aliases=tuple(f"Name {n}" for n in range(NAMES_MAX + 5)))

    assert INDEX.screen(party).score >= REVIEW
    assert INDEX.screen(many).notes == (f"only the first {NAMES_MAX} of 26 names were compared",)


def test_an_organisation_named_like_a_person_is_less_of_a_hit() -> None:
    """The kind contradicts: an inexact name is no review any more."""
    index = build([entry(1, "Petrov Ivan", kind=PERSON)])

    person = index.screen(Party("Petrow Ivan", kind=PERSON)).score
    company = index.screen(Party("Petrow Ivan", kind=ORGANISATION)).score

    assert person >= REVIEW > company


def test_a_persons_syllable_is_no_legal_form() -> None:
    """PAK SE GON is found by PAK SE GON, by Pak Se Gon Ltd as a company, and without Se."""
    index = build([entry(1, "PAK SE GON", kind=PERSON), entry(2, "Foo Corp", kind=PERSON)])

    assert index.screen(Party("Pak Se Gon")).score == 1.0
    assert index.screen(Party("Foo Corp")).score == 1.0
    assert index.screen(Party("Pak Gon")).score >= REVIEW


@pytest.mark.parametrize(
    ("junk", "note"),
    [
        ("", "nothing in the name can be compared"),
        (" \t\n", "nothing in the name can be compared"),
        ("\x00\ud800", "nothing in the name can be compared"),
        ("12345", "digits only: compared as they are"),
        ("z" * 10_000, "name cut at 400 of 10000 characters"),
        ("Mohammed Ali " * 800, "name cut at 400 of 10400 characters"),
        ("al " * 100, "name cut at 24 of 100 words"),
    ],
)
def test_junk_has_a_note_and_no_exception(junk: str, note: str) -> None:
    """Empty, digits, 10 kB: bounded, and the result says what was not compared."""
    began = time.perf_counter()
    result = INDEX.screen(Party(junk))

    assert time.perf_counter() - began < 1
    assert note in result.notes


def test_an_empty_index_finds_nobody() -> None:
    """No list, no hit: whoever asks must know that no list is there."""
    index = build([])

    assert index.screen(Party("Ivan Petrov")).hits == ()
    assert (index.names, index.listed_address("0x00")) == (0, False)


def test_many_parties_are_answered_in_order_one_at_a_time() -> None:
    """The caller may pause, or stop, after each."""
    names = ["Karim Zardari", "Olga Brandt", "Faiz"]
    answers = INDEX.screen_many(Party(name) for name in names)

    assert next(answers).score >= REVIEW
    assert [r.score >= REVIEW for r in answers] == [False, True]


def test_new_entries_are_screened_as_the_whole_index_would() -> None:
    """The delta of a refresh gives the scores of the new index, for the new entries alone."""
    fresh = [entry(100, "Konrad Ali Zimmer"), entry(101, "Olga Brandt")]
    whole = build([*INDEX.entries, *fresh])
    parties = [Party("Konrad Zimmer"), Party("Olga Brand"), Party("Karim Zardari")]

    deltas = list(Index(fresh, whole.weights).screen_many(parties))

    ids = {"OWN:100", "OWN:101"}
    for party, found in zip(parties, deltas, strict=True):
        assert found.hits == tuple(h for h in whole.screen(party).hits if h.entry_id in ids)
    assert [bool(found.hits) for found in deltas] == [True, True, False]


def test_the_index_of_the_same_entries_answers_the_same() -> None:
    """Pieces, order and scores do not depend on the run."""
    again = index_of(*CROWD)

    for name in ("Mohammed Ali", "Ivan Petrov", "Karim Zardari"):
        assert again.screen(Party(name)) == INDEX.screen(Party(name))


# -- properties --------------------------------------------------------------------------------

WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=10)
NAME = st.lists(WORD, min_size=1, max_size=5, unique=True)


@given(NAME, st.randoms(use_true_random=False))
def test_the_order_of_words_does_not_matter(words: list[str], random: object) -> None:
    """Whatever the order, the exact stage finds it."""
    index = build([*INDEX.entries, entry(99, " ".join(words), kind=PERSON)])
    random.shuffle(words)  # type: ignore[attr-defined]
    found = {h.entry_id: h.score for h in index.screen(Party(" ".join(words))).hits}

    assert found["OWN:99"] == 1.0


@given(st.text(min_size=1, max_size=60))
def test_an_identical_name_is_always_a_hit(text: str) -> None:
    """Any text with something to compare hits itself with the score 1, whatever its script."""
    index = build([entry(1, text), entry(2, text, kind=PERSON)])
    assume(index.names)

    assert [h.score for h in index.screen(Party(text)).hits] == [1.0, 1.0]


@given(NAME, st.sampled_from(["upper", "title", "commas", "dots"]))
def test_case_and_punctuation_do_not_change_a_hit(words: list[str], how: str) -> None:
    """SHOUTED, titled, with commas or full stops: the same score."""
    text = " ".join(words)
    written = {
        "upper": text.upper(),
        "title": " ".join(w.capitalize() for w in words),
        "commas": ", ".join(words),
        "dots": f"{text}.",
    }[how]
    index = build([entry(1, text)])

    assert index.screen(Party(written)).score == 1.0


@given(st.sampled_from(CROWD), NAME, st.integers(0, 40))
def test_an_entry_more_never_removes_a_hit(name: str, unrelated: list[str], place: int) -> None:
    """With a slip in it a listed name is found as before when a list grows."""
    place %= len(name)
    slipped = name[:place] + name[place] + name[place:]
    before = INDEX.screen(Party(slipped))
    assume(before.score >= REVIEW + 0.02)
    after = build([*INDEX.entries, entry(99, " ".join(unrelated))]).screen(Party(slipped))

    assert before.hits[0].entry_id in {h.entry_id for h in after.hits if h.score >= REVIEW}


@st.composite
def variations(draw: st.DrawFn) -> str:
    """A listed name with a word less or more, a slip, two words as one, in any order."""
    words = draw(st.sampled_from(CROWD)).replace(",", "").lower().split()
    if len(words) > 2 and draw(st.booleans()):
        words.pop(draw(st.integers(0, len(words) - 1)))
    if draw(st.booleans()):
        words.insert(0, draw(st.sampled_from(["dr", "van", "k", "bin", "abdul", "mr", "ivan"])))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(words) - 1))
        cut = draw(st.integers(0, len(words[place]) - 1))
        words[place] = words[place][:cut] + draw(st.sampled_from("aeinr")) + words[place][cut:]
    if len(words) > 1 and draw(st.booleans()):
        words[:2] = ["".join(words[:2])]
    return " ".join(draw(st.permutations(words)) if draw(st.booleans()) else words)


@given(variations())
@example("nbankof isles northern")
def test_nothing_is_left_out_that_comparing_with_every_name_finds(query: str) -> None:
    """The index only saves comparisons: at review or more it has every hit that there is."""
    hits = {h.entry_id for h in INDEX.screen(Party(query)).hits if h.score >= REVIEW}
    every = {
        f"OWN:{number}"
        for number, name in enumerate(CROWD)
        if max(compare(one, normalise(name), INDEX.weights).score for one in readings(query))
        >= REVIEW + 0.0001
    }

    assert every <= hits


@given(st.text(max_size=3_000))
def test_any_query_is_answered_in_bounded_time(text: str) -> None:
    """No exception, no second spent, scores between the floor and 1."""
    began = time.perf_counter()
    result = INDEX.screen(replace(Party("x"), name=text, births=(text[:10],), countries=(text,)))

    assert time.perf_counter() - began < 1
    assert all(FLOOR <= hit.score <= 1 for hit in result.hits)


LISTED_PEOPLE = build([entry(number, name, kind=PERSON) for number, name in enumerate(CROWD)])


@pytest.mark.parametrize(
    "name",
    ["Sergei Ivanovich Morozov", "Morozov Sergei Anatoly", "Sergei Quvzexy Morozov",
     "Morozova Maria Elena Delgado Ruiz"],
)  # fmt: skip
def test_a_name_put_to_a_listed_one_does_not_hide_it(name: str) -> None:
    """Lists leave middle names out that a passport has; with a company it makes another one."""
    assert LISTED_PEOPLE.screen(Party(name), 0.88).hits
    assert not LISTED_PEOPLE.screen(Party(name, kind=ORGANISATION), 0.88).hits


def test_a_common_name_within_a_rarer_one_is_somebody_else() -> None:
    """The word put to it says more than what is listed does."""
    names = [f"Ali Hassan {word}" for word in "Karimov Osmani Darwish Sattar Zardari".split()]
    index = build([entry(n, name, kind=PERSON) for n, name in enumerate(["Ali Hassan", *names])])

    assert not index.screen(Party("Ali Hassan Brzezinski"), 0.88).hits
