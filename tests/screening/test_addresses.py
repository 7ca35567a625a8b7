"""Wallet addresses: one spelling each, whatever is around them; base58 keeps its case."""

import pytest

from otcfix.screening.addresses import canonical
from otcfix.screening.index import build
from otcfix.screening.party import Party
from tests.screening.listed import entry

ETH = "0x7F367cC41522cE07553e823bf3be79A889DEbe1B"
XBT = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"
BECH32 = "bc1qvhnfknw852ephxyc5hm4q520zmvf9maphetc9z"
CASHADDR = "qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq"
XMR = "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320"
TRX = "TBHTJqAy4DhHhmT3dNceJYNRz4SdLofLre"

INDEX = build(
    [
        entry(1, "A", addresses=[("ETH", ETH)]),
        entry(2, "B", addresses=[("XBT", XBT), ("XBT", BECH32)]),
        entry(3, "C", addresses=[("BCH", CASHADDR), ("XMR", XMR), ("USDT", TRX)]),
        entry(4, "D", addresses=[("ETC", ETH.lower())]),
    ]
)


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        (ETH.lower(), ETH),
        (ETH.upper().replace("0X", "0x"), ETH),
        (ETH[2:], ETH),
        (f"  ETH:{ETH}\n", ETH),
        (f"ethereum:{ETH}", ETH),
        (f"XBT:{XBT}", XBT),
        (BECH32.upper(), BECH32),
        (f"bitcoin: {BECH32}", BECH32),
        (f"bitcoincash:{CASHADDR}", CASHADDR),
        (XMR.upper(), XMR),
        (f"USDT: {TRX}", TRX),
    ],
)
def test_spellings_of_one_address(written: str, listed: str) -> None:
    """Prefixes, spaces, and case where the format has none."""
    assert canonical(written) == canonical(listed)
    assert INDEX.listed_address(written)


@pytest.mark.parametrize(
    "other",
    [XBT.swapcase(), TRX.lower(), XBT[:-1], ETH[:-1] + "c", BECH32[:-1] + "q", "", "  ", "x" * 500],
)
def test_other_addresses(other: str) -> None:
    """Base58 in another case is another address; what is no address is none."""
    assert not INDEX.listed_address(other)


def test_an_address_is_listed_on_every_chain() -> None:
    """A key opens the same address on all EVM chains: the asset does not narrow it."""
    hits = INDEX.screen_address(ETH, "MATIC").hits

    assert [(h.entry_id, h.stage, h.score) for h in hits] == [
        ("OWN:1", "address", 1.0),
        ("OWN:4", "address", 1.0),
    ]


def test_a_partys_wallets_are_screened_with_its_name() -> None:
    """One result for all of it."""
    result = INDEX.screen(Party("Somebody Else", addresses=(("BTC", XBT), ("ETH", "0x00"))))

    assert [h.entry_id for h in result.hits] == ["OWN:2"]
    assert "XBT" in result.hits[0].matched_name
