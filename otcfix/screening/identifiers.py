"""IBAN, BIC, LEI and numbers of documents: checked, in one spelling, and what they share."""

import re
from collections.abc import Iterable

from stdnum import bic, iban, lei
from stdnum.exceptions import ValidationError

_MARKS = re.compile(r"[\W_]+")

Keys = tuple[tuple[str, str], ...]

IDENTIFIER_MAX = 64


def keys_of(kind: str, value: str) -> tuple[Keys, str]:
    """Return what an identifier is found by, and a note on what is wrong with it, "" if nothing.

    A BIC is found by its first eight characters: its branches are the bank. An IBAN by itself, by
    its country and bank code, and, where that code is the bank's four letters, by the BIC's six.
    Any other kind is found by kind and value. An identifier with wrong check digits is compared as
    it is, and the note says so.
    """
    plain = _MARKS.sub("", value[: IDENTIFIER_MAX * 2]).upper()
    name = _MARKS.sub("", kind).upper() or "ID"
    if not plain or len(plain) > IDENTIFIER_MAX:
        return (), f"{kind} {value[:20]!r} is empty or too long to be compared"
    if name in ("BIC", "SWIFT", "SWIFTBIC"):
        return _bic(plain)
    if name == "IBAN":
        return _iban(plain)
    if name == "LEI":
        return (("LEI", plain),), _fault("LEI", plain, lei.validate)
    return ((name, plain),), ""


def bank_of(value: str) -> tuple[str, str]:
    """Return country and bank code of a valid IBAN; two empty texts for another."""
    plain = _MARKS.sub("", value).upper()
    if _fault("IBAN", plain, iban.validate):
        return "", ""
    return plain[:2], _bank_code(plain)


def _bic(plain: str) -> tuple[Keys, str]:
    fault = _fault("BIC", plain, bic.validate)
    if fault:
        return (("BIC", plain),), fault
    return (("BIC", plain[:8]), ("BANK", plain[:6])), ""


def _iban(plain: str) -> tuple[Keys, str]:
    fault = _fault("IBAN", plain, iban.validate)
    if fault:
        return (("IBAN", plain),), fault
    code = _bank_code(plain)
    keys = [("IBAN", plain), ("IBANBANK", plain[:2] + code)]
    if len(code) == 4 and code.isalpha():
        keys.append(("BANK", code + plain[:2]))
    return tuple(keys), ""


def _bank_code(plain: str) -> str:
    """Return the bank's part of an IBAN: its letters, or the digits that the country's form has."""
    if plain[4:8].isalpha():
        return plain[4:8]
    return plain[4 : 4 + _BANK_DIGITS.get(plain[:2], 4)]


_BANK_DIGITS = {
    "AT": 5, "BE": 3, "CH": 5, "CY": 3, "DE": 8, "EE": 2, "FI": 3, "FR": 5, "GR": 3, "HR": 7,
    "HU": 3, "IL": 3, "IS": 4, "LI": 5, "LT": 5, "LU": 3, "MC": 5, "PL": 8, "SE": 3, "SI": 5,
    "TR": 5, "SA": 2, "AE": 3, "RS": 3, "ME": 3, "MK": 3, "AL": 3, "BA": 3, "UA": 6, "KZ": 3,
}  # fmt: skip
"""Digits of the bank in the national part, where they are not four (ISO 13616 registry)."""


def _fault(name: str, plain: str, validate: object) -> str:
    try:
        validate(plain)  # type: ignore[operator]
    except ValidationError as error:
        return f"{name} {plain}: {error}"
    return ""


def all_keys(identifiers: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the keys of several identifiers and the notes on those that are wrong."""
    keys: list[tuple[str, str]] = []
    notes: list[str] = []
    for kind, value in identifiers:
        found, note = keys_of(kind, value)
        keys += found
        if note:
            notes.append(note)
    return keys, notes
