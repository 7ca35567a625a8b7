"""OFAC's CSV: sdn (or cons_prim), alt, add and comments, joined on ent_num.

OFAC's data specification: no header; null is `-0-`; the last byte is 0x1A; persons are
`LAST, First`.
sdn: ent_num, SDN_Name, SDN_Type, Program, Title, Call_Sign, Vess_type, Tonnage, GRT, Vess_flag,
Vess_owner, Remarks. alt: ent_num, alt_num, alt_type, alt_name, alt_remarks. add: ent_num, add_num,
address, city/state/zip, country, add_remarks. comments: ent_num, the remark's overflow.
"""

from collections.abc import Iterator
from pathlib import Path

from otcfix.screening.countries import country_code
from otcfix.screening.entry import Kind
from otcfix.screening.loaders.draft import Draft, Loaded
from otcfix.screening.loaders.ofac_remarks import REMARK_MAX, is_cut, read_remarks
from otcfix.screening.loaders.reading import (
    Faults,
    ListRefused,
    csv_rows,
    decoded,
    read_bytes,
    whole_rows,
)

COLUMNS = {"sdn": 12, "alt": 5, "add": 6, "comments": 2}
KINDS = {
    "": Kind.ORGANISATION,
    "individual": Kind.PERSON,
    "entity": Kind.ORGANISATION,
    "vessel": Kind.VESSEL,
    "aircraft": Kind.AIRCRAFT,
}
ID_MAX = 10**9


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:
    """Join the files. orphans: "keep" makes entries (kind unknown) of alt and comments rows whose
    entity no sdn row has, as when the files are of different dates; "refuse" refuses more than 1 %.

    Errors: ListRefused.
    """
    by_role: dict[str, Path] = {}
    for path in files:
        role = role_of(path)
        if role in by_role:
            raise ListRefused(path, f"a second {role} file, beside {by_role[role].name}")
        by_role[role] = path
    if "sdn" not in by_role and orphans != "keep":
        names = ", ".join(path.name for path in files)
        raise ListRefused(files[0].parent, f"no sdn.csv or cons_prim.csv among {names}")
    consolidated = any(path.name.lower().startswith("cons") for path in files)
    join = _Join("OFAC-CONS" if consolidated else "OFAC", orphans == "keep")
    for role, take in (
        ("sdn", join.sdn), ("alt", join.alt), ("add", join.add), ("comments", join.comment)
    ):  # fmt: skip
        if role in by_role:
            join.file(by_role[role], role, take)
        elif role in ("sdn", "alt"):
            join.warnings.append(f"no {role} file: {WITHOUT[role]}")
    join.close()
    entries = tuple(draft.made(list_name) for draft in join.drafts.values() if _said(draft))
    return Loaded(list_name, "ofac_csv", entries, top=join.top, warnings=tuple(join.warnings))


WITHOUT = {"sdn": "primary names are missing", "alt": "aliases are missing"}


def role_of(path: Path) -> str:
    """Which of the four a file is, by its name."""
    name = path.stem.lower()
    for word, role in (("comment", "comments"), ("alt", "alt"), ("add", "add")):
        if word in name:
            return role
    if "sdn" in name or "prim" in name:
        return "sdn"
    raise ListRefused(path, "expected sdn, cons_prim, alt, add or comments in the file's name")


def _said(draft: Draft) -> bool:
    return bool(draft.names or draft.addresses)


def value(cell: str) -> str:
    """A cell without the null."""
    cell = cell.strip()
    return "" if cell == "-0-" else cell


class _Join:
    """The drafts of one list by ent_num, and what was found wrong on the way."""

    def __init__(self, prefix: str, keep: bool) -> None:
        self.prefix = prefix
        self.keep = keep
        self.drafts: dict[int, Draft] = {}
        self.remarks: dict[int, str] = {}
        self.overflow: dict[int, str] = {}
        self.warnings: list[str] = []
        self.strays = 0
        self.top = 0

    def file(self, path: Path, role: str, take: object) -> None:
        """Read one file into the drafts. Errors: ListRefused."""
        assert callable(take)
        faults = Faults(path)
        text = decoded(path, read_bytes(path), faults, cp1252=True)
        self.strays, before = 0, len(self.drafts)
        for line, cells in _numbered(path, text, COLUMNS[role], faults):
            why = take(int(cells[0]), cells)
            if why:
                faults.skip(line, why)
        if not text.endswith(("\n", "\r", "\x1a")) and "\x1a" not in text[-16:]:
            raise ListRefused(path, "truncated: the last line has no end", text.count("\n") + 1)
        faults.close()
        if self.strays and self.keep:
            made = len(self.drafts) - before
            faults.say(
                f"{self.strays} entities or addresses without a primary row, {made} of them kept"
            )
        self.warnings += faults.told

    def draft(self, number: int) -> Draft | None:
        """The entity of a row; a new one for nobody's row where those are kept."""
        found = self.drafts.get(number)
        if found is None:
            self.strays += 1
            if self.keep:
                found = self.drafts[number] = Draft(f"{self.prefix}:{number}")
        return found

    def sdn(self, number: int, cells: list[str]) -> str:
        """Take a primary row."""
        self.top = max(self.top, number)
        _, name, kind, program, _, _, _, _, _, flag, _, remarks = cells
        kind = value(kind).lower()
        if kind not in KINDS:
            return f"SDN_Type {kind!r:.40}, expected individual, vessel, aircraft or -0-"
        if number in self.drafts:
            return f"ent_num {number} stands there twice"
        draft = Draft(f"{self.prefix}:{number}", KINDS[kind])
        if not draft.name(value(name)):
            return "no name"
        for code in value(program).split("] ["):
            if code.strip("[] "):
                draft.programmes[code.strip("[] ")] = None
        draft.country(country_code(value(flag)))
        self.drafts[number] = draft
        self.remarks[number] = remarks if remarks.strip() != "-0-" else ""
        return ""

    def alt(self, number: int, cells: list[str]) -> str:
        """Take an alias."""
        if not value(cells[3]):
            return "no alt_name"
        self.top = max(self.top, number)
        draft = self.draft(number)
        if draft is None:
            return f"an alias of {number}, which no sdn row has"
        return "" if draft.name(value(cells[3])) else "no alt_name"

    def add(self, number: int, cells: list[str]) -> str:
        """Take the country of an address."""
        draft = self.drafts.get(number)
        if draft is None:
            self.strays += 1
            return "" if self.keep else f"an address of {number}, which no sdn row has"
        draft.country(country_code(value(cells[4])))
        return ""

    def comment(self, number: int, cells: list[str]) -> str:
        """Take a remark's overflow; several rows of one entity follow one another."""
        if self.draft(number) is None:
            return f"a remark of {number}, which no sdn row has"
        self.overflow[number] = self.overflow.get(number, "") + cells[1]
        return ""

    def close(self) -> None:
        """Read the remarks, now that they are whole."""
        cut = 0
        for number, draft in self.drafts.items():
            remark, more = self.remarks.get(number, ""), self.overflow.get(number, "")
            cut += is_cut(remark, more)
            read_remarks(draft, remark, more)
        if cut:
            said = f"{cut} remarks are cut at {REMARK_MAX} characters and have no overflow"
            self.warnings.append(f"{said}: what stood behind (addresses too) is missing")


def _numbered(
    path: Path, text: str, columns: int, faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    """The rows that begin with an ent_num; a header row, which some republishers add, is none."""
    first = True
    for line, cells in whole_rows(path, csv_rows(path, text, faults), columns, faults):
        number = cells[0].strip()
        if number.isascii() and number.isdecimal() and 0 < int(number[:10]) < ID_MAX:
            yield line, cells
        elif first and number.replace("_", "").isalpha():
            faults.rows -= 1
        else:
            faults.skip(line, f"ent_num {number!r:.40}, expected a number")
        first = False
