"""The words of all listed names: which are near to a word, and which names have enough of them."""

from collections.abc import Sequence

from rapidfuzz.fuzz import ratio

from otcfix.screening.grams import Grams
from otcfix.screening.matching import (
    JOINED_MIN,
    OTHER_SPELLING,
    UNMATCHED_LISTED,
    UNMATCHED_QUERY,
    WORD_ALIKE_MIN,
    Weights,
    bare_alike,
    words_alike,
)
from otcfix.screening.normalise import BARE, FULL, SYLLABLES, Name, consonants, folded

WORD_SHARE = 0.5
"""Share of a word's pairs of letters that a near word has: two letters swapped leave that much."""

FOLDED_MIN = 0.75
"""Ratio of the folded words below which the words are not compared."""

PART_MIN = 2
"""Letters of a listed word that another word is looked for behind or before."""

REMEMBERED_MAX = 20_000
"""Words whose near words are kept: parties share first names."""

Near = tuple[tuple[float, int], ...]
"""(likeness, place of the word), the least alike first."""


class Words:
    """All words of all spellings, with the places of the spellings that have them."""

    def __init__(self, spellings: Sequence[Name], weights: Weights) -> None:
        self._weights = weights
        self._places: dict[str, int] = {}
        having: list[list[int]] = []
        totals: list[float] = []
        for place, name in enumerate(spellings):
            total = 0.0
            for word in dict.fromkeys(name.tokens):
                number = self._places.setdefault(word, len(having))
                if number == len(having):
                    having.append([])
                having[number].append(place)
                total += weights(word)
            totals.append(total)
        self._words = tuple(self._places)
        self._having = tuple([tuple(found) for found in having])
        self._totals = tuple(totals)
        self._weight = tuple([weights(word) for word in self._words])
        by_sound: dict[str, list[int]] = {}
        by_consonants: dict[str, list[int]] = {}
        for number, word in enumerate(self._words):
            by_sound.setdefault(folded(word), []).append(number)
            by_consonants.setdefault(consonants(word)[1], []).append(number)
        self._by_sound = by_sound
        self._by_consonants = by_consonants
        self._sounds = Grams(tuple(by_sound))
        self._remembered: dict[tuple[str, int], Near] = {}

    def near(self, word: str, script: int = FULL) -> Near:
        """Return the words that may be the same as *word*, with their likeness."""
        key = (word, script)
        found = self._remembered.get(key)
        if found is None:
            if script == SYLLABLES:
                place = self._places.get(word)
                found = () if place is None else ((1.0, place),)
            else:
                found = self._bare(word) if script == BARE else self._full(word)
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def _full(self, word: str) -> Near:
        rows: dict[int, float] = {}
        swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
        for twin in (word, "al" + word, word.removeprefix("al"), *swapped):
            number = self._places.get(twin)
            if number is not None and (alike := words_alike(word, twin)) >= WORD_ALIKE_MIN:
                rows[number] = alike
        if len(word) > 2:
            least = WORD_ALIKE_MIN * 100
            for place, sound in self._sounds.near(folded(word), FOLDED_MIN, WORD_SHARE):
                for number in self._by_sound[self._sounds.texts[place]]:
                    other = self._words[number]
                    if sound * OTHER_SPELLING >= WORD_ALIKE_MIN or ratio(
                        word, other, score_cutoff=least
                    ):
                        rows[number] = words_alike(word, other)
        return tuple(sorted([(alike, number) for number, alike in rows.items()]))

    def _bare(self, word: str) -> Near:
        rows = []
        if word in self._places:
            rows.append((1.0, self._places[word]))
        for number in self._by_consonants.get(consonants(word)[1], ()):
            alike = bare_alike(word, self._words[number])
            if alike >= WORD_ALIKE_MIN:
                rows.append((alike, number))
        return tuple(sorted(rows))

    # -- spellings -----------------------------------------------------------------------------

    def candidates(self, name: Name, floor: float, most: int) -> list[int]:
        """Return the places of spellings whose words may reach *floor*, at most *most*."""
        rows = self._rows(name)
        if not rows:
            return []
        allowed = 2 * (1 / floor - 1) / UNMATCHED_QUERY
        heaviest = sum([row.most for row in rows])
        must = [r for r in rows if r.weight > allowed * (heaviest - r.most)]
        if must:
            must.sort(key=lambda r: len(r.alike))
            open_to = set(must[0].alike)
            for row in must[1:]:
                open_to.intersection_update(row.alike)
        else:
            open_to = set()
            missed = 0.0
            for row in sorted(rows, key=lambda r: len(r.alike)):
                open_to.update(row.alike)
                missed += row.weight + allowed * row.most
                if missed > allowed * heaviest:
                    break
        bounds = []
        totals = self._totals
        pieces = [(row.alike.get, row.weight, row.most) for row in rows]
        for place in open_to:
            earned = matched = left = 0.0
            for alike_in, weight, most_weight in pieces:
                alike = alike_in(place)
                if alike is None:
                    left += weight
                else:
                    earned += alike * most_weight
                    matched += most_weight
            over = max(0.0, totals[place] - matched)
            bound = (
                2 * earned
                / (2 * matched + UNMATCHED_QUERY * left + UNMATCHED_LISTED * over)
            )  # fmt: skip
            if bound >= floor:
                bounds.append((bound, place))
        if len(bounds) > most:
            bounds.sort(reverse=True)
            del bounds[most:]
        return [place for _, place in bounds]

    def _rows(self, name: Name) -> list["_Row"]:
        """One row a word: which spellings have it or something near. Single letters say nothing."""
        tokens = name.tokens
        rows = [_Row(self._weights(word), {}, 0.0) if len(word) > 1 else None for word in tokens]
        for i, row in enumerate(rows):
            if row is None:
                continue
            near = self.near(tokens[i], name.scripts[i])
            self._add(row, near)
            known = bool(near) and near[-1][0] >= JOINED_MIN
            self._add_split(row, tokens[i], known=known)
        for i in range(len(tokens) - 1):
            if name.scripts[i] != name.scripts[i + 1]:
                continue
            both = tokens[i] + tokens[i + 1]
            whole = [r for r in self.near(both, name.scripts[i]) if r[0] >= JOINED_MIN]
            for row in (rows[i], rows[i + 1]):
                if whole and row is not None:
                    self._add(row, whole)
        return [row for row in rows if row is not None]

    def _add(self, row: "_Row", near: Sequence[tuple[float, int]]) -> None:
        for alike, number in near:
            row.most = max(row.most, self._weight[number])
            fresh = dict.fromkeys(self._having[number], alike)
            fresh |= {p: a for p in fresh.keys() & row.alike.keys() if (a := row.alike[p]) > alike}
            row.alike |= fresh

    def _add_split(self, row: "_Row", word: str, *, known: bool) -> None:
        """A word that is two listed words in one; not *known*: with a slip in one of the two."""
        for cut in range(2, len(word) - 1):
            parts = word[:cut], word[cut:]
            one, other = (self._places.get(part) for part in parts)
            if one is not None and other is not None:
                self._add_both(row, one, other)
            elif not known and one is not None and cut >= PART_MIN:
                for _, number in self.near(parts[1]):
                    self._add_both(row, one, number)
            elif not known and other is not None and len(word) - cut >= PART_MIN:
                for _, number in self.near(parts[0]):
                    self._add_both(row, number, other)

    def _add_both(self, row: "_Row", one: int, other: int) -> None:
        """Names that have both words; as alike as can be, since a slip counts less in the two."""
        both = set(self._having[one]).intersection(self._having[other])
        if both:
            row.most = max(row.most, self._weight[one] + self._weight[other])
            row.alike |= dict.fromkeys(both, 1.0)


class _Row:
    """A word of the query: its weight, the spellings near to it, the heaviest listed word."""

    __slots__ = ("alike", "most", "weight")

    def __init__(self, weight: float, alike: dict[int, float], most: float) -> None:
        self.weight = weight
        self.alike = alike
        self.most = most
