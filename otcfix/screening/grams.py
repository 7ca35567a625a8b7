"""Which of many short texts are near to one: pairs of letters as bit maps, counted all at once."""

from collections.abc import Sequence

from rapidfuzz.fuzz import ratio


def _pairs(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[i : i + 2] for i in range(len(padded) - 1)}


class Grams:
    """Texts by their pairs of letters.

    One integer per pair of letters holds a bit for every text that has it; adding such integers
    in binary planes counts the shared pairs of all texts together, some thousands a microsecond.
    """

    __slots__ = ("_maps", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        places: dict[str, list[int]] = {}
        for place, text in enumerate(self.texts):
            for pair in _pairs(text):
                places.setdefault(pair, []).append(place)
        size = len(self.texts) // 8 + 1
        self._maps: dict[str, int] = {}
        for pair, found in places.items():
            bits = bytearray(size)
            for place in found:
                bits[place >> 3] |= 1 << (place & 7)
            self._maps[pair] = int.from_bytes(bits, "little")

    def sharing(self, text: str, share: float) -> list[int]:
        """Return the places of texts that have at least *share* of this text's pairs."""
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
        return _places(_at_least(planes, needed))

    def near(self, text: str, cutoff: float, share: float) -> list[tuple[int, float]]:
        """Return (place, ratio 0..1) of the texts at least *cutoff* alike; no order is promised."""
        found = []
        texts = self.texts
        least = cutoff * 100
        for place in self.sharing(text, share):
            alike = ratio(text, texts[place], score_cutoff=least)
            if alike:
                found.append((place, alike / 100))
        return found


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
