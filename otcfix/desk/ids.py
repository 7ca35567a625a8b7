"""Ids that do not count (R22): a keyed permutation of the event's sequence number."""

import hashlib
from functools import lru_cache

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to misread
HALF = 24
MASK = (1 << HALF) - 1
ROUNDS = 4


def key_hash(key: bytes) -> str:
    """What the journal holds of the key: its SHA-256."""
    return hashlib.sha256(b"otcfix id key" + key).hexdigest()


@lru_cache(maxsize=8)
def _rounds(key: bytes) -> tuple["hashlib.blake2b", ...]:
    # Copying a keyed hash saves hashing the key again for each id.
    return tuple(hashlib.blake2b(digest_size=3, key=key, salt=bytes((n,))) for n in range(ROUNDS))


def permute(seq: int, key: bytes) -> int:
    """Permute 48 bits by a four-round Feistel network keyed with BLAKE2b.

    A bijection on [0, 2^48): two events never share an id, and from two ids nobody reads how
    many events lie between them.
    """
    left, right = seq >> HALF & MASK, seq & MASK
    for keyed in _rounds(key):
        mixer = keyed.copy()
        mixer.update(right.to_bytes(3, "big"))
        left, right = right, left ^ int.from_bytes(mixer.digest(), "big")
    return left << HALF | right


def unpermuted(value: int, key: bytes) -> int:
    """The event's number behind `permute`."""
    left, right = value >> HALF & MASK, value & MASK
    for keyed in reversed(_rounds(key)):
        mixer = keyed.copy()
        mixer.update(left.to_bytes(3, "big"))
        left, right = right ^ int.from_bytes(mixer.digest(), "big"), left
    return left << HALF | right


def seq_of(name: str, letter: str, key: bytes, shard: str = "") -> int | None:
    """The event that made an id of kind *letter*; None when it cannot be one."""
    start = len(letter) + len(shard)
    stem = name[start : start + 10]
    if not name.startswith(letter + shard) or len(stem) < 10 or set(stem) - set(ALPHABET):
        return None
    value = 0
    for digit in stem:
        value = value << 5 | ALPHABET.index(digit)
    return unpermuted(value & ((1 << 2 * HALF) - 1), key) if value < 1 << 2 * HALF else None


PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)


def base32(value: int, width: int) -> str:
    """Write *value* in *width* base-32 digits, more if it needs them."""
    digits = ""
    while value > 31:
        digits = PAIRS[value & 1023] + digits
        value >>= 10
    if value or not digits:
        digits = ALPHABET[value] + digits
    return digits.lstrip("0").rjust(width, "0")


class Ids:
    """The ids of one event: a letter for the kind, the permuted seq, a counter within the event."""

    __slots__ = ("_count", "_key", "_seq", "_shard", "_stem")

    def __init__(self, seq: int, key: bytes, shard: str = "") -> None:
        self._seq = seq
        self._key = key
        self._shard = shard
        self._stem = ""
        self._count = 0

    def next(self, letter: str) -> str:
        """The next id of kind *letter*: at most 16 characters."""
        if not self._stem:
            self._stem = self._shard + base32(permute(self._seq, self._key), 10)
        count = self._count
        self._count = count + 1
        return f"{letter}{self._stem}{base32(count, 1)}"
