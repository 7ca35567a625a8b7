"""Which ids were certainly never used: a Bloom filter in front of the store (R9).

"Never seen" is certain; "perhaps" always goes to the store. Full or lost, it only costs look-ups.
"""

import hashlib
import zlib
from functools import lru_cache

BITS = 1 << 25
PROBES = 4


class Seen:
    """4 MB: after a million ids, 1 in 5,000 new ones asks in vain; after 4 million 1 in 40."""

    def __init__(self, packed: bytes = b"") -> None:
        self._bits = bytearray(zlib.decompress(packed)) if packed else bytearray(BITS // 8)

    @staticmethod
    @lru_cache(maxsize=1024)  # asked for when an id comes, and again when it is used up
    def _positions(kind: str, scope: str, key: str) -> tuple[int, int, int, int]:
        text = f"{kind}\x1f{scope}\x1f{key}".encode()
        value = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
        mask = BITS - 1
        return value & mask, value >> 25 & mask, value >> 50 & mask, value >> 75 & mask

    def add(self, kind: str, scope: str, key: str) -> None:
        """Remember an id."""
        bits = self._bits
        for position in self._positions(kind, scope, key):
            bits[position >> 3] |= 1 << (position & 7)

    def perhaps(self, kind: str, scope: str, key: str) -> bool:
        """False only for an id that was never added."""
        bits = self._bits
        return all(
            bits[position >> 3] & 1 << (position & 7)
            for position in self._positions(kind, scope, key)
        )

    def pack(self) -> bytes:
        """The filter for a snapshot."""
        return zlib.compress(self._bits, 1)
