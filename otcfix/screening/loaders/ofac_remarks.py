"""What OFAC writes into Remarks: births, countries, documents, weak aliases, crypto addresses.

`DOB 22 May 1964; POB Lamerd, Iran; nationality Iran; Passport A2463775 (Iran); a.k.a. 'ABU X';
alt. Digital Currency Address - XBT 12Vr...`. A remark has 1,000 characters and then goes on, in the
middle of a word, in the file of comments.
"""

import re

from otcfix.screening.countries import country_code
from otcfix.screening.loaders.dates import in_words
from otcfix.screening.loaders.draft import Draft

REMARK_MAX = 1_000
"""Width of the Remarks column: what is as long was cut there."""

_ALIAS = re.compile(
    r"(?:^|[;:,]\s*|\s)(?:a\.k\.a\.|f\.k\.a\.|n\.k\.a\.)[,;:]? *'((?:[^']|'(?=\w))*)'"
)
_ADDRESS = re.compile(r"Address - ([A-Z0-9]{2,6}) ([A-Za-z0-9:]{20,110})(?![A-Za-z0-9])")
_LEADING = (
    ("SWIFT/BIC ", "BIC"),
    ("Legal Entity Number ", "LEI"),
    ("Vessel Registration Identification ", "IMO"),
    ("Vessel Registration Number ", "IMO"),
    ("MMSI ", "MMSI"),
    ("Aircraft Tail Number ", "tail"),
    ("Passport ", "passport"),
    ("National ID No. ", "national id"),
    ("Identification Number ", "national id"),
    ("Cedula No. ", "national id"),
    ("Tax ID No. ", "tax id"),
    ("Registration Number ", "registration"),
    ("Registration ID ", "registration"),
    ("Business Registration Number ", "registration"),
    ("Company Number ", "registration"),
    ("Commercial Registry Number ", "registration"),
    ("IBAN ", "IBAN"),
)
_NOTE = re.compile(r" *\(.*$| +(?:issued|expires) .*$")


def joined(remark: str, overflow: str) -> str:
    """The whole remark: cut in the middle of a word, or ended before another version's overflow."""
    if not overflow or len(remark) >= REMARK_MAX or not remark.rstrip().endswith("."):
        return remark + overflow
    return f"{remark}; {overflow}"


def is_cut(remark: str, overflow: str) -> bool:
    """Whether the column was too narrow and what stood behind it is not there."""
    return len(remark) >= REMARK_MAX and not overflow and not remark.endswith(".")


def read_remarks(draft: Draft, remark: str, overflow: str) -> None:
    """Take out of both all that is looked up; of a cut remark its last item, only half there, not.

    An address is found as the column alone has it too, even cut: lists made from sdn.csv without
    its comments hand it on in that form, and nobody else's address can be equal to it.
    """
    text = draft.remarks = joined(remark, overflow)
    for asset, address in _ADDRESS.findall(text) + _ADDRESS.findall(remark):
        draft.addresses[asset, address] = None
    if is_cut(remark, overflow):
        text = text.rpartition(";")[0]
    for alias in _ALIAS.findall(text):
        draft.name(alias, weak=True)
    for item in text.split(";"):
        _item(draft, item.strip().removeprefix("alt. ").rstrip("."))


def _item(draft: Draft, item: str) -> None:
    if item.startswith("DOB "):
        draft.born(*in_words(item[4:]))
    elif item.startswith("POB "):
        *_, before, last = ["", *item[4:].split(", ")]  # Korea, North is one country
        draft.country(country_code(f"{before}, {last}") or country_code(last))
    elif item.startswith(("nationality ", "citizen ")):
        draft.country(country_code(item.partition(" ")[2]))
    else:
        for beginning, kind in _LEADING:
            if item.startswith(beginning):
                draft.identifier(kind, _NOTE.sub("", item[len(beginning) :]).removeprefix("IMO "))
                return
