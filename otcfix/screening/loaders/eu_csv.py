"""The EU's consolidated financial sanctions, CSV 1.1 of the FSF: `;`, UTF-8 with BOM.

One row for each alias, address, birth, document or citizenship; rows of one Entity_LogicalId are
one entry. The columns used: fileGenerationDate, Entity_LogicalId, Entity_SubjectType and its
_ClassificationCode (P or person), Entity_Regulation_Programme, Entity_DesignationDate,
Entity_Remark, NameAlias_*, BirthDate_*, Identification_*, Citizenship_*, Address_Country*.
"""

import re
from pathlib import Path

from otcfix.screening.countries import country_code
from otcfix.screening.entry import Kind
from otcfix.screening.loaders.dates import in_figures, iso, span
from otcfix.screening.loaders.draft import Draft, Loaded
from otcfix.screening.loaders.reading import ListRefused
from otcfix.screening.loaders.table import Row, Table, one_file

NEEDED = ("fileGenerationDate", "Entity_LogicalId", "NameAlias_WholeName")
KINDS = {
    "p": Kind.PERSON,
    "person": Kind.PERSON,
    "e": Kind.ORGANISATION,
    "enterprise": Kind.ORGANISATION,
}
DOCUMENTS = {
    "passport": "passport",
    "diplomatic-passport": "passport",
    "id": "national id",
    "ssn": "national id",
    "fiscalcode": "tax id",
    "taxid": "tax id",
    "regnumber": "registration",
    "swiftbic": "BIC",
    "iban": "IBAN",
    "lei": "LEI",
    "imo": "IMO",
}

_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
COUNTRIES = ("BirthDate", "Citizenship", "Address")


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:  # noqa: ARG001 - one signature
    """Errors: ListRefused."""
    path = one_file(files)
    table = Table(path, NEEDED, delimiter=";")
    drafts: dict[str, Draft] = {}
    dated = ""
    for line, row in table.rows():
        number = row["Entity_LogicalId"]
        if not number.isascii() or not number.isalnum():
            table.faults.skip(line, f"Entity_LogicalId {number!r:.40}, expected a number")
            continue
        dated = dated or in_figures(row["fileGenerationDate"])
        draft = drafts.setdefault(number, Draft(f"EU:{number}"))
        _take(draft, row)
    table.faults.close()
    if not dated:
        raise ListRefused(path, "no fileGenerationDate that is a date", 2)
    nameless = [draft.entry_id for draft in drafts.values() if not draft.names]
    if nameless:
        table.faults.say(f"{len(nameless)} entries without a name, the first {nameless[0]}")
    entries = tuple(draft.made(list_name) for draft in drafts.values() if draft.names)
    return Loaded(list_name, "eu_csv", entries, dated, warnings=tuple(table.faults.told))


def _take(draft: Draft, row: Row) -> None:
    for column in ("Entity_SubjectType_ClassificationCode", "Entity_SubjectType"):
        draft.kind = KINDS.get(row[column].lower(), draft.kind)
    parts = (row[f"NameAlias_{which}Name"] for which in ("First", "Middle", "Last"))
    name = row["NameAlias_WholeName"] or " ".join(part for part in parts if part)
    weak = "low quality" in row["NameAlias_Remark"].lower()
    draft.name(name, weak=weak, original_script=not _LATIN.search(name))
    _birth(draft, row)
    for which in COUNTRIES:
        code = country_code(row[f"{which}_CountryIso2Code"])
        draft.country(code or country_code(row[f"{which}_CountryDescription"]))
    kind = row["Identification_TypeCode"].lower() or row["Identification_TypeDescription"].lower()
    if row["Identification_Number"]:
        told = DOCUMENTS.get(kind) or ("passport" if "passport" in kind else "document")
        draft.identifier(told, row["Identification_Number"])
    if row["Entity_Regulation_Programme"]:
        draft.programmes[row["Entity_Regulation_Programme"]] = None
    draft.listed_on = (
        draft.listed_on
        or in_figures(row["Entity_DesignationDate"])
        or in_figures(row["Entity_Regulation_PublicationDate"])
    )
    draft.remarks = draft.remarks or row["Entity_Remark"]


def _birth(draft: Draft, row: Row) -> None:
    dated = in_figures(row["BirthDate_BirthDate"])
    numbers = [_number(row[f"BirthDate_{which}"]) for which in ("Year", "Month", "Day")]
    draft.born(dated or iso(*numbers))
    first, last = (_number(row[f"BirthDate_YearRange{which}"]) for which in ("From", "To"))
    if first and last:
        draft.born(*span(first, last))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 0
