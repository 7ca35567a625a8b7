"""A name as it is compared: the same words however they are written, and bounded."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.screening.normalise import (
    BARE,
    FULL,
    SYLLABLES,
    TEXT_MAX,
    TOKENS_MAX,
    consonants,
    folded,
    normalise,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("  PETROV,  Ivan ", ("petrov", "ivan")),
        ("Jörg Müller-Łódź", ("jorg", "muller", "lodz")),
        ("O’Brien Mus‘ab D'Arcy", ("obrien", "musab", "darcy")),
        ("Mus?ab", ("musab",)),
        ("A.B.C. Holding", ("abc", "holding")),
        ("J. R. Smith", ("j", "r", "smith")),
        ("SergeiLavrov", ("sergei", "lavrov")),
        ("Ig0r Sech1n", ("igor", "sechin")),
        ("Hall 9000", ("hall", "9000")),
        ("Владимир Волков", ("vladimir", "volkov")),
        ("Bashar al-Assad", ("bashar", "assad")),
        ("Sayf ash-Shami an-Nasr", ("sayf", "shami", "nasr")),
        ("Omar ibn Said", ("omar", "bin", "said")),
        ("习近平", ("xi", "jin", "ping")),
    ],
)
def test_words_of_a_name(text: str, tokens: tuple[str, ...]) -> None:
    """Scripts, signs, hyphens, articles and digits in place of letters come to plain words."""
    assert normalise(text).tokens == tokens


@pytest.mark.parametrize(
    ("text", "tokens", "forms"),
    [
        ("Blue Lantern Trading LLC", ("blue", "lantern", "trading"), ("llc",)),
        ("OOO Blue Lantern", ("blue", "lantern"), ("ooo",)),
        ("ООО Лантерн", ("lantern",), ("ooo",)),
        ("Strip Limited Liability Company", ("strip",), ("limited liability company",)),
        ("Deutsche Quartz Aktiengesellschaft", ("deutsche", "quartz"), ("aktiengesellschaft",)),
        ("Quartz S.A.", ("quartz",), ("sa",)),
        ("Company Limited", ("company", "limited"), ("company", "limited")),
    ],
)
def test_legal_forms_stand_apart(
    text: str, tokens: tuple[str, ...], forms: tuple[str, ...]
) -> None:
    """They are taken out whole; a name of nothing else keeps its words."""
    name = normalise(text)

    assert (name.tokens, name.forms) == (tokens, forms)


def test_a_persons_name_keeps_what_looks_like_a_legal_form() -> None:
    """Se and Co are syllables of names."""
    assert normalise("PAK SE GON", person=True).tokens == ("pak", "se", "gon")


def test_scripts_are_known_word_by_word() -> None:
    """A word without vowels, and a syllable, are compared in another way."""
    assert normalise("Ivan محمد 王").scripts == (FULL, BARE, SYLLABLES)


@pytest.mark.parametrize("text", ["", "   ", "!!! --- ...", "\x00\x01", "\u200b"])
def test_nothing_to_compare_is_said(text: str) -> None:
    """No tokens, and a note instead of an exception."""
    name = normalise(text)

    assert name.tokens == ()
    assert name.note == "nothing in the name can be compared"


def test_digits_only_are_compared_as_they_are() -> None:
    """A vessel may have a number for a name."""
    name = normalise("4711 12")

    assert (name.tokens, name.note) == (("4711", "12"), "digits only: compared as they are")


def test_a_name_of_ten_kilobytes_is_cut_and_it_is_said() -> None:
    """Only so many characters and words are read."""
    long, wordy = normalise("x" * 10_000), normalise("ab " * 120)

    assert len(long.key) < TEXT_MAX
    assert long.note == "name cut at 400 of 10000 characters"
    assert len(wordy.tokens) == TOKENS_MAX
    assert wordy.note == "name cut at 24 of 120 words"


@pytest.mark.parametrize(
    "same",
    [
        "mohammed muhammad mohamad mohammad muhamed",
        "yusuf yousuf yoosuf",
        "khalid halid",
        "hussein husain husayn hussain",
        "grigoryevich grigorievich",
        "qaeda qaida",
        "abdullah abdulla",
    ],
)
def test_other_spellings_of_the_same_sounds_fold_together(same: str) -> None:
    """By rule, not by a list of names."""
    assert len({folded(word) for word in same.split()}) == 1


@pytest.mark.parametrize(("one", "other"), [("hassan", "hussein"), ("omar", "amir"), ("li", "lu")])
def test_other_names_do_not_fold_together(one: str, other: str) -> None:
    """The same consonants are not the same name where vowels are written."""
    assert folded(one) != folded(other)


def test_a_word_without_vowels_has_the_consonants_of_the_whole_one() -> None:
    """Long vowels are kept in the first form, left out in the second."""
    assert consonants("mhmd")[1] == consonants("mohamed")[1] == "mhmd"
    assert consonants("khalid") == ("khlyd", "khld")


@given(st.text(max_size=2_000))
def test_any_text_is_read_in_bounded_time(text: str) -> None:
    """Whatever the characters are: a Name, no exception, no more words than allowed."""
    began = time.perf_counter()
    name = normalise(text)

    assert time.perf_counter() - began < 1
    assert len(name.tokens) == len(name.scripts) <= TOKENS_MAX
    assert all(token.isascii() and token.isalnum() for token in name.tokens)
    assert bool(name.tokens) or name.note


WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9)
WORDS = st.lists(WORD, min_size=1, max_size=6)


@given(WORDS)
def test_case_and_punctuation_do_not_matter(words: list[str]) -> None:
    """SHOUTED, comma'd, dashed or spaced: one name."""
    plain = normalise(" ".join(words))

    assert normalise(" ".join(words).upper()).key == plain.key
    assert normalise(f" {';  '.join(words)}!").key == plain.key
    assert normalise(", ".join(w.capitalize() for w in words)).key == plain.key
