"""Which of many short texts are near to one: pairs of letters as bit maps, counted all at once."""

from collections.abc import Sequence

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract


def _pairs(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[i : i + 2] for i in range(len(padded) - 1)}


class Grams:
    """Texts by their pairs of letters.

    One integer per pair of letters holds a bit for every text that has it; adding such integers
    in binary planes counts the shared pairs of all texts together, some thousands a microsecond.
    """

    __slots__ = ("_lengths", "_maps", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        places: dict[str, list[int]] = {}
        lengths: dict[int, list[int]] = {}
        for place, text in enumerate(self.texts):
            lengths.setdefault(len(text), []).append(place)
            for pair in _pairs(text):
                places.setdefault(pair, []).append(place)
        size = len(self.texts) // 8 + 1
        self._maps = {pair: _map(found, size) for pair, found in places.items()}
        self._lengths = sorted([(length, _map(found, size)) for length, found in lengths.items()])

    def sharing(self, text: str, share: float) -> int:
        """Return a bit for every text that has at least *share* of this text's pairs."""
        pairs = _pairs(text)
        needed = max(1, int(len(pairs) * share))
        maps = self._maps
        planes: list[int] = []
        for pair in pairs:
            carry = maps.get(pair, 0)
            for n, plane in enumerate(planes):
                if not carry:
                    break
                planes[n], carry = plane ^ carry, plane & carry
            if carry:
                planes.append(carry)
        return _at_least(planes, needed)

    def near(self, text: str, cutoff: float, share: float) -> list[tuple[int, float]]:
        """Return (place, ratio 0..1) of the texts at least *cutoff* alike; no order is promised."""
        found = self.sharing(text, share)
        if not found:
            return []
        # Two texts are no more alike than the shorter one would be as a part of the longer.
        shortest, longest = len(text) * cutoff / (2 - cutoff), len(text) * (2 - cutoff) / cutoff
        fitting = 0
        for length, having in self._lengths:
            if shortest <= length <= longest:
                fitting |= having
        places = _places(found & fitting)
        texts = self.texts
        rows = extract(
            *(text, [texts[place] for place in places]),
            scorer=ratio, score_cutoff=cutoff * 100, limit=None,
        )  # fmt: skip
        return [(places[row], alike / 100) for _, alike, row in rows]


def _map(places: Sequence[int], size: int) -> int:
    """Return an integer with a bit for each place."""
    bits = bytearray(size)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _at_least(planes: list[int], needed: int) -> int:
    """Return the bits whose count, written across *planes* (lowest first), is >= *needed*."""
    if needed >= 1 << len(planes):
        return 0
    above, equal = 0, -1
    for n in range(len(planes) - 1, -1, -1):
        plane = planes[n]
        if needed >> n & 1:
            equal &= plane
        else:
            above |= equal & plane
            equal &= ~plane
    return above | (max(equal, 0))


def _places(bits: int) -> list[int]:
    if not bits:
        return []
    text = bin(bits)[:1:-1]
    found = []
    place = text.find("1")
    while place >= 0:
        found.append(place)
        place = text.find("1", place + 1)
    return found
