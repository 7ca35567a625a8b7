"""Wallet addresses as they are looked up: one spelling of each, whatever the asset is called."""

import re

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_CASHADDR = re.compile(r"[qp][02-9ac-hj-np-z]{41,}")
_BECH32 = re.compile(r"[a-z]{2,5}1[02-9ac-hj-np-z]{6,100}")

ADDRESS_MAX = 200
"""Characters; Monero's integrated addresses have 106."""


def canonical(address: str) -> str:
    """Return the one spelling of *address* that the index has, without a prefix such as `XBT:`.

    Hex (every EVM chain) and bech32 have no case: lower. Base58 has: `1A` and `1a` are two.
    "" for what is no address by its length.
    """
    address = address.strip()
    if ":" in address:
        address = address.rpartition(":")[2].strip()
    size = len(address)
    if not 0 < size <= ADDRESS_MAX:
        return ""
    if size in (40, 42, 64, 66) and (found := _HEX.fullmatch(address)):
        return found[1].lower()
    first = address[0]
    if first in "bltBLTqpQPaA":
        lower = address.lower()
        one_case = address in (lower, address.upper())
        if one_case and (_CASHADDR.fullmatch(lower) or _BECH32.fullmatch(lower)):
            return lower
    return address
