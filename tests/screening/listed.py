"""Invented entries and the index of them."""

from collections.abc import Sequence

from otcfix.screening.entry import Entry, Kind, ListedName
from otcfix.screening.index import Index, build

PERSON, ORGANISATION = Kind.PERSON, Kind.ORGANISATION


def entry(
    number: int,
    *names: str,
    kind: Kind = Kind.UNKNOWN,
    births: Sequence[str] = (),
    countries: Sequence[str] = (),
    weak: Sequence[str] = (),
    addresses: Sequence[tuple[str, str]] = (),
    identifiers: Sequence[tuple[str, str]] = (),
) -> Entry:
    """Entry OWN:number with these names, and these weak ones."""
    listed = [ListedName(name) for name in names] + [ListedName(name, weak=True) for name in weak]
    return Entry(
        "own", f"OWN:{number}", kind, tuple(listed), tuple(births), tuple(countries),
        tuple(addresses), tuple(identifiers), digest=f"digest {number}",
    )  # fmt: skip


def index_of(*names: str) -> Index:
    """An index of one entry a name, OWN:0 and on."""
    return build([entry(number, name) for number, name in enumerate(names)])


CROWD = (
    "MOHAMMAD KARIM ZARDARI", "Mohammed Ali Bakhtavar", "Ahmad Sattar al-Qasimi", "Petrov, Ivan",
    "Ivan Sergeyevich Volkov", "Sergei Morozov", "Quartz Harbour Shipping Co., Ltd.",
    "Blue Lantern Trading LLC", "Bank of Northern Isles", "Kim Chol Sam", "Maria Delgado Ruiz",
    "Abdul Rahman Osmani", "Usman Karimov", "Faiz", "Hydra Nine Exchange", "Mohammed Yusuf Darwish",
)  # fmt: skip
"""Names enough that some words are common and others rare."""
