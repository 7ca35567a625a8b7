"""The UK's lists as CSV: OFSI's ConList, and the UK Sanctions List which took its place in 2026.

Both: a line with the date, then the header, then one row for each name of an entry.
ConList: `Last Updated,03/06/2026`; Name 1..6 (6 is the surname, or an organisation's whole name);
rows of one Group ID are one entry. UK Sanctions List: `Report Date: 13-Feb-2026`; OFSI Group ID
where there is one, else Unique ID.
"""

import re
from pathlib import Path

from otcfix.screening.countries import country_code
from otcfix.screening.entry import Kind
from otcfix.screening.loaders.dates import in_figures, in_words
from otcfix.screening.loaders.draft import Draft, Loaded
from otcfix.screening.loaders.reading import ListRefused
from otcfix.screening.loaders.table import Row, Table, one_file

NEEDED = ("Name 6", "Name 1")
KINDS = {
    "individual": Kind.PERSON,
    "entity": Kind.ORGANISATION,
    "ship": Kind.VESSEL,
    "vessel": Kind.VESSEL,
    "aircraft": Kind.AIRCRAFT,
}
GROUP = ("Group ID", "OFSI Group ID", "Unique ID")
KIND = ("Group Type", "Designation Type", "Individual, Entity, Ship")
NON_LATIN = ("Name Non-Latin Script", "Name non-latin script")
STRENGTH = ("Alias Quality", "Alias strength")
BORN = ("DOB", "D.O.B")
COUNTRY = ("Nationality", "Nationality(/ies)", "Country of Birth", "Country of birth", "Country",
           "Address Country", "Current believed flag of ship")  # fmt: skip
DOCUMENTS = (
    ("passport", ("Passport Number", "Passport number")),
    ("national id", ("National Identification Number", "National Identifier number")),
    ("registration", ("Business registration number (s)",)),
    ("IMO", ("IMO number",)),
)
LISTED = ("Listed On", "UK Sanctions List Date Designated", "Date Designated")
PROGRAMME = ("Regime", "Regime Name")

_MARKED = re.compile(r"\(\d+\)")
"""Several values in one cell are marked (1), (2), ..."""


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:  # noqa: ARG001 - one signature
    """Errors: ListRefused."""
    path = one_file(files)
    table = Table(path, NEEDED, cp1252=True)
    dated = _dated(table.above)
    if not dated:
        raise ListRefused(path, "no date in the first line, as in `Last Updated,03/06/2026`", 1)
    if not set(GROUP) & set(table.columns):
        raise ListRefused(path, f"no column {' or '.join(GROUP)}")
    drafts: dict[str, Draft] = {}
    for line, row in table.rows():
        group = _first(row, GROUP)
        if not group.isascii() or not group.isalnum():
            table.faults.skip(line, f"Group ID {group!r:.40}, expected a number")
            continue
        draft = drafts.setdefault(group, Draft(f"UK:{group}"))
        if not _take(draft, row):
            table.faults.skip(line, "no name")
    table.faults.close()
    entries = tuple(draft.made(list_name) for draft in drafts.values() if draft.names)
    return Loaded(list_name, "uk_csv", entries, dated, warnings=tuple(table.faults.told))


def _dated(above: list[list[str]]) -> str:
    for cells in above:
        for cell in cells:
            text = cell.removeprefix("Report Date:").strip().replace("-", " ")
            found = in_figures(text.replace(" ", "-")) or in_figures(text)
            if found or in_words(text):
                return found or in_words(text)[0]
    return ""


def _first(row: Row, columns: tuple[str, ...]) -> str:
    return next((row[column] for column in columns if row[column]), "")


def _take(draft: Draft, row: Row) -> bool:
    draft.kind = KINDS.get(_first(row, KIND).lower(), draft.kind)
    parts = [row[f"Name {number}"] for number in (1, 2, 3, 4, 5, 6)]
    weak = "low" in _first(row, STRENGTH).lower() or "weak" in _first(row, STRENGTH).lower()
    named = draft.name(" ".join(part for part in parts if part), weak=weak)
    own_script = draft.name(_first(row, NON_LATIN), original_script=True)
    for born in _values(_first(row, BORN)):
        draft.born(in_figures(born))
    for column in COUNTRY:
        for country in _values(row[column]):
            draft.country(country_code(country))
    for kind, columns in DOCUMENTS:
        for value in _values(_first(row, columns)):
            draft.identifier(kind, value)
    programme = _first(row, PROGRAMME)
    if programme:
        draft.programmes[programme] = None
    draft.listed_on = draft.listed_on or in_figures(_first(row, LISTED))
    draft.remarks = draft.remarks or row["Other Information"]
    return named or own_script


def _values(cell: str) -> list[str]:
    return [part.strip(" ;,.") for part in _MARKED.sub("|", cell).split("|") if part.strip(" ;,.")]
