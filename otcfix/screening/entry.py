"""One entry of a sanctions list, as every loader makes it and the index takes it."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What is listed. UNKNOWN is compared with everybody."""

    PERSON = "person"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ListedName:
    """One name of an entry as the list writes it; weak: a low-quality alias."""

    text: str
    weak: bool = False
    original_script: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Who is listed.

    list_name: ofac_sdn, ofac_consolidated, un, eu, uk, or the name of an own list.
    entry_id: unique over all lists and the same in every version of one: `OFAC:36216`,
    `UN:TAi.108`, `EU:13`, `UK:7001`, `OWN:17`.
    births: ISO dates, months or years (`1965-03-01`, `1965-03`, `1965`).
    countries: ISO 3166 alpha-2. addresses: (asset code of the list, address) of crypto wallets.
    identifiers: (kind, value) such as ("BIC", ...), ("IBAN", ...), ("LEI", ...), ("passport", ...).
    digest: SHA-256 (hex) of all the rest, so that a changed entry is seen.
    """

    list_name: str
    entry_id: str
    kind: Kind
    names: tuple[ListedName, ...]
    births: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    programmes: tuple[str, ...] = ()
    listed_on: str = ""
    remarks: str = ""
    digest: str = ""
