"""A list of the desk's own: UTF-8 CSV with the header

    id,kind,name,aliases,dob,country,addresses,remarks

id: letters, digits, `-`, `_` or `.`, once. kind: person, organisation, vessel, aircraft, or empty.
Several values of one cell stand between `|`: aliases (`~` in front makes one weak), dob (ISO day,
month or year), country (code or name), addresses (`XBT:bc1q...`; a row of addresses alone needs no
name). An IBAN, BIC or LEI goes into an optional column `identifiers` as `IBAN:DE02...`.
One bad row refuses the file: its author sits at the same table.
"""

import re
from collections.abc import Callable
from pathlib import Path

from otcfix.screening.countries import country_code
from otcfix.screening.entry import Kind
from otcfix.screening.loaders.dates import in_figures
from otcfix.screening.loaders.draft import Draft, Loaded
from otcfix.screening.loaders.reading import ListRefused
from otcfix.screening.loaders.table import Row, Table, one_file

COLUMNS = ("id", "kind", "name", "aliases", "dob", "country", "addresses", "remarks")
OPTIONAL = ("identifiers",)
KINDS = {"": Kind.UNKNOWN, **{kind.value: kind for kind in Kind}}

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ADDRESS = re.compile(r"([A-Z0-9]{2,12}):([!-~]{4,128})")
_IDENTIFIER = re.compile(r"([A-Za-z ]{2,20}):(.{2,64})")


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:  # noqa: ARG001 - one signature
    """Errors: ListRefused."""
    path = one_file(files)
    table = Table(path, COLUMNS)
    unknown = sorted(set(table.columns) - set(COLUMNS) - set(OPTIONAL))
    if unknown:
        raise ListRefused(path, f"unknown column {unknown[0]}", 1)
    drafts: dict[str, Draft] = {}
    for line, row in table.rows():
        try:
            draft = _entry(list_name, row)
        except ValueError as error:
            raise ListRefused(path, str(error), line) from None
        if draft.entry_id in drafts:
            raise ListRefused(path, f"id {row['id']} stands there twice", line)
        drafts[draft.entry_id] = draft
    table.faults.close()
    entries = tuple(draft.made(list_name) for draft in drafts.values())
    return Loaded(list_name, "own_csv", entries, warnings=tuple(table.faults.told))


def _entry(list_name: str, row: Row) -> Draft:
    """Errors: ValueError naming column and value."""
    if not _ID.fullmatch(row["id"]):
        raise ValueError(f"id {row['id']!r:.40}: expected letters, digits, -, _ or .")
    if row["kind"] not in KINDS:
        raise ValueError(f"kind {row['kind']!r:.40}: expected one of {', '.join(KINDS)}")
    draft = Draft(f"{list_name.upper()}:{row['id']}", KINDS[row["kind"]])
    draft.name(row["name"])
    for alias in _parts(row["aliases"]):
        draft.name(alias.removeprefix("~"), weak=alias.startswith("~"))
    draft.born(*_read(row, "dob", _dated, "1965-03-01, 1965-03 or 1965"))
    for code in _read(row, "country", country_code, "two letters of ISO 3166"):
        draft.country(code)
    for address in _parts(row["addresses"]):
        match = _ADDRESS.fullmatch(address)
        if not match:
            raise ValueError(f"addresses {address!r:.60}: expected ASSET:ADDRESS")
        draft.addresses[match[1], match[2]] = None
    for identifier in _parts(row["identifiers"]):
        match = _IDENTIFIER.fullmatch(identifier)
        if not match:
            raise ValueError(f"identifiers {identifier!r:.60}: expected KIND:VALUE")
        draft.identifier(match[1], match[2])
    if not (draft.names or draft.addresses or draft.identifiers):
        raise ValueError("name: expected one, or addresses")
    draft.remarks = row["remarks"]
    return draft


def _read(row: Row, column: str, reading: Callable[[str], str], expected: str) -> list[str]:
    found = []
    for part in _parts(row[column]):
        read_as = reading(part)
        if not read_as:
            raise ValueError(f"{column} {part!r:.40}: expected {expected}")
        found.append(read_as)
    return found


def _dated(text: str) -> str:
    return text if in_figures(text) == text else ""


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]
