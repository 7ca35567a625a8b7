"""Identifiers: check digits looked at, banks found by BIC and IBAN, wrong ones said."""

import pytest

from otcfix.screening.identifiers import bank_of, keys_of
from otcfix.screening.index import build
from otcfix.screening.party import Party
from tests.screening.listed import entry

IBAN_GB, IBAN_DE = "GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00"
LEI = "253400WSS48YWMBUA688"

INDEX = build(
    [
        entry(1, "West Bank", identifiers=[("BIC", "WESTGB22")]),
        entry(2, "Somebody", identifiers=[("IBAN", IBAN_DE.replace(" ", ""))]),
        entry(3, "Company", identifiers=[("LEI", LEI)]),
        entry(4, "Traveller", identifiers=[("passport", "AB 123-456")]),
    ]
)


@pytest.mark.parametrize(
    ("kind", "value", "entry_id"),
    [
        ("BIC", "WESTGB22", "OWN:1"),
        ("SWIFT/BIC", "westgb22xxx", "OWN:1"),
        ("BIC", "WESTGB2LXXX", "OWN:1"),
        ("IBAN", IBAN_GB, "OWN:1"),
        ("iban", IBAN_DE.lower(), "OWN:2"),
        ("LEI", LEI.lower(), "OWN:3"),
        ("Passport", "ab123456", "OWN:4"),
    ],
)
def test_identifiers_are_found_however_written(kind: str, value: str, entry_id: str) -> None:
    """A branch is its bank, an IBAN of a listed bank leads to it."""
    (hit,) = INDEX.screen(Party("", identifiers=((kind, value),))).hits

    assert (hit.entry_id, hit.stage, hit.score) == (entry_id, "identifier", 1.0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("BIC", "DEUTDEFF"), ("IBAN", "FR1420041010050500013M02606"), ("passport", "AB123457")],
)
def test_other_identifiers_find_nobody(kind: str, value: str) -> None:
    """No likeness among numbers."""
    assert INDEX.screen(Party("", identifiers=((kind, value),))).hits == ()


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("IBAN", "DE89 3704 0044 0532 0130 01", "IBAN DE89370400440532013001: "),
        ("BIC", "WEST", "BIC WEST: "),
        ("LEI", "253400WSS48YWMBUA689", "LEI 253400WSS48YWMBUA689: "),
        ("passport", "", "passport '' is empty"),
        ("IBAN", "9" * 5_000, "IBAN '99999999999999999999' is empty or too long"),
    ],
)
def test_a_wrong_identifier_is_said_not_thrown(kind: str, value: str, said: str) -> None:
    """The result has a note; screening goes on."""
    result = INDEX.screen(Party("West Bank", identifiers=((kind, value),)))

    assert [note for note in result.notes if note.startswith(said)]
    assert result.score == 1.0


def test_bank_of_an_iban() -> None:
    """Country and bank; nothing of a wrong one."""
    assert bank_of(IBAN_GB) == ("GB", "WEST")
    assert bank_of(IBAN_DE) == ("DE", "37040044")
    assert bank_of("DE00") == ("", "")
    assert ("IBANBANK", "DE37040044") in keys_of("IBAN", IBAN_DE)[0]
