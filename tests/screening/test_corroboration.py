"""Birth, country, kind and weak aliases move a score, by how much is told."""

import pytest

from otcfix.screening.corroboration import (
    BIRTH_FAR,
    BIRTH_NEAR,
    BIRTH_SAME,
    BIRTH_SAME_YEAR,
    births_alike,
    is_birth,
)
from otcfix.screening.index import build
from otcfix.screening.party import Party
from tests.screening.listed import ORGANISATION, PERSON, entry


@pytest.mark.parametrize(
    ("ours", "listed", "points"),
    [
        ("1965-03-01", "1965-03-01", BIRTH_SAME),
        ("1965-03", "1965-03-01", BIRTH_SAME),
        ("1965", "1965-03-01", BIRTH_SAME_YEAR),
        ("1965-01-03", "1965-03-01", BIRTH_SAME_YEAR),
        ("1965-07-03", "1965-03-01", 0.0),
        ("1966-03-01", "1965-03-01", BIRTH_NEAR),
        ("1962", "1965", BIRTH_NEAR),
        ("1975", "1965", BIRTH_NEAR),
        ("1983", "1965", BIRTH_FAR),
        ("2001-01-01", "1965", BIRTH_FAR),
        ("about 1965", "1965", 0.0),
        ("", "1965", 0.0),
    ],
)
def test_births(ours: str, listed: str, points: float) -> None:
    """The day, the year, a year near by or one digit off, or another life."""
    assert births_alike((ours,), (listed,))[0] == points


def test_the_best_of_several_births_counts() -> None:
    """Lists give several dates; one that fits is enough."""
    assert births_alike(("1983",), ("1965", "1983-05-01"))[0] == BIRTH_SAME_YEAR


def test_dates_are_on_the_calendar() -> None:
    """A day that never was is no birth."""
    assert all(is_birth(text) for text in ("1965", "1965-03", "1964-02-29"))
    assert not any(is_birth(text) for text in ("1965-02-29", "65", "1965-13", "0000", "1965-3-1"))


LISTED = entry(
    1, "Ivan Petrov", kind=PERSON, births=["1965-03-01"], countries=["RU"], weak=["Vanya Petrov"]
)
INDEX = build([LISTED])


@pytest.mark.parametrize(
    ("party", "score"),
    [
        (Party("Ivan Petrov"), 1.0),
        (Party("Ivan Petrov", births=("1965-03-01",), countries=("RU",)), 1.0),
        (Party("Ivan Petrov", births=("1999-12-31",)), 0.90),
        (Party("Ivan Petrov", births=("1999-12-31",), countries=("US",)), 0.88),
        (Party("Ivan Petrov", countries=("us", "ru")), 1.0),
        (Party("Ivan Petrov", kind=ORGANISATION), 0.90),
        (Party("Vanya Petrov"), 0.95),
    ],
)
def test_what_contradicts_takes_away(party: Party, score: float) -> None:
    """A whole name stays a review whatever its birth; the pieces say what was taken."""
    (hit,) = INDEX.screen(party).hits

    assert hit.score == score
    assert hit.score == round(min(1.0, hit.name_score + sum(e.points for e in hit.effects)), 4)


def test_what_agrees_raises_what_is_there_and_nothing_else() -> None:
    """Birth and country lift a likeness; alone they are nothing."""
    near = Party("Ivan Petrow")
    agreeing = Party("Ivan Petrow", births=("1965-03-01",), countries=("RU",))
    stranger = Party("Olga Smith", births=("1965-03-01",), countries=("RU",))

    assert INDEX.screen(agreeing).score > INDEX.screen(near).score > 0.9
    assert INDEX.screen(stranger).hits == ()


def test_whatever_somebody_says_of_himself_a_whole_name_stays_a_review() -> None:
    """Another kind, birth and country at once: people who are listed say so."""
    index = build([entry(1, "Ivan Volkov", kind=PERSON, births=("1960",), countries=("RU",))])
    told = Party("Ivan Volkov", kind=ORGANISATION, births=("1999",), countries=("CH",))
    (hit,) = index.screen(told).hits
    assert hit.score == 0.88
