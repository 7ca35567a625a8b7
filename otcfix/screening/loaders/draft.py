"""An entry while its rows are being joined, and a list as it was read."""

import hashlib
import json
import re
from dataclasses import dataclass, field

from otcfix.screening.entry import Entry, Kind, ListedName

REMARKS_MAX = 2_000
"""Remarks kept for people to read; what is looked up stands in fields of its own."""

NAME_MAX = 500
"""OFAC's names have at most 350 characters; longer ones are cut."""

ACRONYM = re.compile(r" *\(([A-Z][A-Z/&]{2,9})\)")


@dataclass(slots=True)
class Draft:
    """An entry in the making: every row of a list adds what it knows."""

    entry_id: str
    kind: Kind = Kind.UNKNOWN
    names: dict[str, ListedName] = field(default_factory=dict)
    births: dict[str, None] = field(default_factory=dict)
    countries: dict[str, None] = field(default_factory=dict)
    addresses: dict[tuple[str, str], None] = field(default_factory=dict)
    identifiers: dict[tuple[str, str], None] = field(default_factory=dict)
    programmes: dict[str, None] = field(default_factory=dict)
    listed_on: str = ""
    remarks: str = ""

    def name(self, text: str, *, weak: bool = False, original_script: bool = False) -> bool:
        """Add a name once; a good one takes the place of the same weak one."""
        text = " ".join(text.split())[:NAME_MAX]
        if not any(c.isalnum() for c in text):
            return False
        known = self.names.get(text)
        if known is None or (known.weak and not weak):
            self.names[text] = ListedName(text, weak, original_script)
        return True

    def born(self, *dates: str) -> None:
        """Add dates of birth that were read."""
        self.births.update(dict.fromkeys(d for d in dates if d))

    def country(self, code: str) -> None:
        """Add a country; none for a name that no table has."""
        if code:
            self.countries[code] = None

    def identifier(self, kind: str, value: str) -> None:
        """Add a document or number."""
        value = " ".join(value.split())
        if value:
            self.identifiers[kind, value] = None

    def _acronyms(self) -> None:
        """`EXAMPLE TRADE BANK (ETB)` is also known without the brackets and, weakly, as what is
        in them; `(PVT)`, `(HK)` and other remarks do not begin as the name does.
        """
        for name in list(self.names.values()):
            for match in ACRONYM.finditer(name.text):
                if match[1][0] == name.text[:1].upper():
                    self.name(ACRONYM.sub(" ", name.text), weak=name.weak)
                    self.name(match[1], weak=True)

    def made(self, list_name: str) -> Entry:
        """As the index has it, with the digest of all of it."""
        if self.kind in (Kind.ORGANISATION, Kind.UNKNOWN):
            self._acronyms()
        remarks = " ".join(self.remarks.split())[:REMARKS_MAX]
        entry = Entry(
            list_name,
            self.entry_id,
            self.kind,
            tuple(self.names.values()),
            tuple(sorted(self.births)),
            tuple(sorted(self.countries)),
            tuple(sorted(self.addresses)),
            tuple(sorted(self.identifiers)),
            tuple(sorted(self.programmes)),
            self.listed_on,
            remarks,
        )
        return digested(entry)


def digested(entry: Entry) -> Entry:
    """The entry with its digest made anew: SHA-256 of all other fields; the order of its names and
    of the like says nothing, or a list written out anew would be all news."""
    fields = [
        entry.list_name, entry.entry_id, entry.kind.value,
        sorted([n.text, n.weak, n.original_script] for n in entry.names),
        sorted(entry.births), sorted(entry.countries), sorted(entry.addresses),
        sorted(entry.identifiers), sorted(entry.programmes), entry.listed_on, entry.remarks,
    ]  # fmt: skip
    text = json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
    object.__setattr__(entry, "digest", hashlib.sha256(text.encode()).hexdigest())
    return entry


@dataclass(frozen=True, slots=True)
class Loaded:
    """A list as its files say it.

    dated: the day the list gives as its own (ISO), empty where its files have none.
    top: the highest number given to an entry so far, where numbers only grow (OFAC); else 0.
    sha256: over all files. warnings: what was left out, for people to read.
    """

    list_name: str
    format: str
    entries: tuple[Entry, ...]
    dated: str = ""
    top: int = 0
    warnings: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def version(self) -> str:
        """The list's date, or its highest number, with the beginning of its hash."""
        named = self.dated or (f"no{self.top}" if self.top else "undated")
        return f"{named}-{self.sha256[:8]}"

    @property
    def names(self) -> int:
        """How many names its entries have."""
        return sum(len(e.names) for e in self.entries)

    @property
    def addresses(self) -> int:
        """How many distinct crypto addresses they have."""
        return len({a for e in self.entries for a in e.addresses})
