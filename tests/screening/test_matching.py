"""How alike two names are, and why."""

import pytest

from otcfix.screening.matching import (
    OTHER_SPELLING,
    WORD_ALIKE_MIN,
    Likeness,
    Weights,
    bare_alike,
    compare,
    words_alike,
)
from otcfix.screening.normalise import normalise

REVIEW = 0.88


def alike(one: str, other: str) -> Likeness:
    return compare(normalise(one), normalise(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Petrov, Ivan", "IVAN PETROV"),
        ("Bashar al-Assad", "Bashar Al Assad"),
        ("Bashar Alassad", "Bashar al-Assad"),
        ("Mohammed Husayn", "Muhammad Hussein"),
        ("Abdul Rahman Osmani", "Abdulrahman Osmani"),
        ("Abdurrahman Osmani", "Abdul Rahman Osmani"),
        ("Ivan Petrov", "Ivan Sergeyevich Petrov"),
        ("I. Petrov", "Ivan Petrov"),
        ("Iavn Petrov", "Ivan Petrov"),
        ("Ivaan Petrv", "Ivan Petrov"),
        ("Lantern Trading GmbH", "Lantern Trading Ltd"),
        ("Сергей Волков", "Sergei Volkov"),
        ("خالد محمود", "Khaled Mahmoud"),
        ("عبد الله", "Abdullah"),
        ("王伟", "Wang Wei"),
        ("习近平", "Xi Jinping"),
        ("Sergey Sergey Volkov", "Sergey Volkov"),
    ],
)
def test_one_name_written_in_two_ways(one: str, other: str) -> None:
    """Order, articles, spelling, a word left out, typing slips, legal forms, scripts."""
    assert alike(one, other).score >= REVIEW
    assert alike(other, one).score >= 0.8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ivan Petrov", "Sergei Petrov"),
        ("Hafez al-Assad", "Bashar al-Assad"),
        ("Lantern Trading LLC", "Harbour Trading LLC"),
        ("LLC", "Harbour LLC"),
        ("vladimir levenshtein", "vladimirov vladimir vladimirovich"),
        ("brown", "browningweight"),
        ("Ivan Petrov Sidorov", "Ivan Petrov"),
        ("习近朋", "习近平"),
        ("Benjamin Borges", "Bor, Benjamin"),
        ("4711", "4712"),
    ],
)
def test_two_names(one: str, other: str) -> None:
    """A word in common, a legal form in common, or few letters apart, is not the same name."""
    assert alike(one, other).score < REVIEW


def test_stages_are_told() -> None:
    """The stage that found it, the pairs, and what was left over."""
    assert alike("Petrov Ivan", "ivan petrov").stage == "exact"
    assert alike("Harbourlight", "Harbour Light").stage == "joined"
    assert alike("Maurizio Colombo", "Maurrizio Colmbo").stage in {"ratio", "tokens"}
    found = alike("Ivan Volkov", "Ivan Sergeyevich Volkov")
    assert found.stage == "tokens"
    assert sorted((p.query, p.listed, p.likeness) for p in found.pairs) == [
        ("ivan", "ivan", 1.0),
        ("volkov", "volkov", 1.0),
    ]
    assert [word for word, _ in found.unmatched_listed] == ["sergeyevich"]
    assert found.unmatched_query == ()


def test_nothing_is_alike_to_nothing() -> None:
    """Two empty names are no match."""
    assert alike("", "").score == 0.0
    assert alike("", "Ivan").score == 0.0


def test_a_common_word_left_out_costs_less_than_a_rare_one() -> None:
    """By how many listed names have it."""
    weigh = Weights({"mohammad": 500, "zardari": 1, "karim": 40}, 1_000)
    full = normalise("Mohammad Karim Zardari")

    without_common = compare(normalise("Karim Zardari"), full, weigh).score
    without_rare = compare(normalise("Mohammad Karim"), full, weigh).score

    assert without_rare < REVIEW < without_common


def test_titles_and_particles_weigh_little() -> None:
    """Mr and van say less than any name; one letter says least."""
    weigh = Weights({}, 1_000)

    assert weigh("mr") == weigh("van") < weigh("zardari") == 1.0
    assert weigh("x") < weigh("mr")


def test_words_alike() -> None:
    """Neighbours swapped cost half a letter; another spelling a little; another word the rest."""
    assert words_alike("faiz", "afiz") == 0.875
    assert words_alike("mohammed", "muhammad") == OTHER_SPELLING
    assert words_alike("alassad", "assad") == OTHER_SPELLING
    assert words_alike("ivan", "ivan") == 1.0
    assert words_alike("ivan", "oleg") < WORD_ALIKE_MIN


def test_a_word_without_vowels_is_never_as_sure_as_one_with() -> None:
    """The same consonants stand for several names."""
    assert WORD_ALIKE_MIN < bare_alike("mhmd", "mohammed") < OTHER_SPELLING
    assert bare_alike("mhmd", "ahmed") < REVIEW
