"""What birth, country and kind say about a name that hit: points off where they contradict."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from otcfix.screening.entry import Entry, Kind
from otcfix.screening.party import Effect, Party

BIRTH_SAME = 0.03
BIRTH_SAME_YEAR = 0.02
BIRTH_NEAR = -0.02
BIRTH_FAR = -0.10
"""A whole name with another birth stays a review: 1.00 - 0.10 is above review_min."""

COUNTRY_SAME = 0.02
COUNTRY_OTHER = -0.02
"""People have several countries and lists name some: it says little."""

KIND_OTHER = -0.10
WEAK_ALIAS = -0.05

CONTRADICTED = -0.12
"""All contradictions together take no more off: a whole name stays a review whatever its bearer
says of himself."""

WEAK = "weak alias"

_BIRTH = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?", re.ASCII)

YEARS_NEAR = 3
"""Lists round years of birth; so far apart they may still be one person."""


def effects(party: Party, entry: Entry, *, weak: bool) -> tuple[Effect, ...]:
    """Return what is added to the score of a name of *entry* and why."""
    found = tuple(_effects(party, entry, weak))
    against = sum([one.points for one in found if one.points < 0 and one.what != WEAK])
    if against < CONTRADICTED:
        back = round(CONTRADICTED - against, 4)
        found += (Effect("bound", back, f"contradictions take {-CONTRADICTED} off at most"),)
    return found


def _effects(party: Party, entry: Entry, weak: bool) -> Iterator[Effect]:
    if weak:
        yield Effect(WEAK, WEAK_ALIAS, "the list calls this name weak")
    if contradict(party.kind, entry.kind):
        yield Effect("kind", KIND_OTHER, f"{party.kind.value}, listed is a {entry.kind.value}")
    if party.births and entry.births:
        points, words = births_alike(party.births, entry.births)
        if points:
            yield Effect("birth", points, words)
    if party.countries and entry.countries:
        same = sorted({c.upper() for c in party.countries} & {c.upper() for c in entry.countries})
        if same:
            yield Effect("country", COUNTRY_SAME, f"both {', '.join(same)}")
        else:
            listed = ", ".join(entry.countries[:5])
            yield Effect("country", COUNTRY_OTHER, f"{', '.join(party.countries)}, listed {listed}")


def contradict(one: Kind, other: Kind) -> bool:
    """Return whether two kinds cannot be the same; UNKNOWN goes with everything."""
    return one is not other and Kind.UNKNOWN not in (one, other)


def births_alike(ours: Sequence[str], listed: Sequence[str]) -> tuple[float, str]:
    """Return the best of all pairs of births: points and words. What is no date says nothing."""
    best: tuple[float, str] | None = None
    for one in ours:
        for other in listed:
            found = _birth_alike(one.strip(), other.strip())
            if found is not None and (best is None or found[0] > best[0]):
                best = found
    return best or (0.0, "")


def _birth_alike(one: str, other: str) -> tuple[float, str] | None:
    year, year_other = one[:4], other[:4]
    if not (_is_year(year) and _is_year(year_other)):
        return None
    said = f"{one}, listed {other}"
    if year == year_other:
        short = min(len(one), len(other))
        if short == 4:
            return BIRTH_SAME_YEAR, f"the year agrees: {said}"
        if one[:short] == other[:short]:
            return BIRTH_SAME, f"agrees: {said}"
        swapped = one[5:7] == other[8:10] and one[8:10] == other[5:7]
        return (BIRTH_SAME_YEAR if swapped else 0.0), f"the year agrees, the day does not: {said}"
    slip = sum(a != b for a, b in zip(year, year_other, strict=True)) == 1
    if slip or abs(int(year) - int(year_other)) <= YEARS_NEAR:
        return BIRTH_NEAR, f"the years are near or differ in one digit: {said}"
    return BIRTH_FAR, f"the years are far apart: {said}"


def is_birth(text: str) -> bool:
    """Return whether *text* is an ISO date, month or year that is on the calendar."""
    if not _BIRTH.fullmatch(text):
        return False
    year, month, day = [*text.split("-"), "01", "01"][:3]
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdigit()
