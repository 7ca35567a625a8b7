"""Wallet addresses as they are looked up: one spelling of each, whatever the asset is called."""

import re

_HEX = re.compile(r"[0-9a-fA-F]+")
_HEX_SIZES = frozenset((40, 64))
_X = frozenset("xX")
_CASHADDR = re.compile(r"[qp][02-9ac-hj-np-z]{41,}")
_BECH32 = re.compile(r"[a-z]{2,5}1[02-9ac-hj-np-z]{6,100}")

_MAY_LACK_CASE = frozenset("bltBLTqpQPaA")
"""What bech32 and cash addresses begin with."""

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
    first = address[0]
    if first == "0" and address[1:2] in _X:  # base58 has no 0
        return address[2:].lower()
    if first in _MAY_LACK_CASE:
        lower = address.lower()
        one_case = address == lower or address == address.upper()
        if one_case and (_CASHADDR.fullmatch(lower) or _BECH32.fullmatch(lower)):
            return lower
    if size in _HEX_SIZES and _HEX.fullmatch(address):
        return address.lower()
    return address
