"""How alike two names are: exact, sorted words letter by letter, or word by word by weight."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.fuzz import ratio

from otcfix.screening.normalise import BARE, SYLLABLES, Name, consonants, folded
from otcfix.screening.party import Pair
from otcfix.screening.words import LITTLE, TITLES

WORD_ALIKE_MIN = 0.78
"""Two words less alike than this are two different words."""

OTHER_SPELLING = 0.95
"""Likeness of two words that only write the same sounds in another way."""

NO_VOWELS = 0.92
"""Highest likeness of a word from a script without vowels and a word in full."""

LONG_VOWELS_MIN = 0.75
"""So much alike with their long vowels are two words of the same consonants at least."""

INITIAL = 0.90
"""A letter standing for a word that begins with it."""

JOINED_MIN = 0.85
"""Two words written as one have to be this much alike."""

JOINED_LETTERS_MAX = 3
"""And have lengths so near: a script without vowels leaves some out."""

UNPAIRED = 0.96
"""What is left of a likeness by letters where a word on each side has no counterpart."""

LITTLE_FACTOR = 0.4
"""Weight of particles and titles, against that of a name as rare."""

INITIAL_FACTOR = 0.3
"""Weight of a single letter."""

WEIGHT_MIN = 0.2
"""Weight of the commonest word; a word that one entry alone has weighs 1."""

UNMATCHED_QUERY = 1.0
UNMATCHED_LISTED = 0.4
"""Cost of a word left over; less for the list's, since people give a part of the full name."""

UNMATCHED_AROUND = 0.4
"""Cost of a word put to a listed name that is there whole: people leave middle names out of a list
and have them in their passports."""

Weigh = Callable[[str], float]


class Weights:
    """How much each word says: 1 for one that a single name has, WEIGHT_MIN for the commonest."""

    __slots__ = ("_seen",)

    def __init__(self, counts: Mapping[str, int], names: int) -> None:
        """*counts*: in how many of the *names* a word stands."""
        top = math.log(max(names, 2))
        self._seen = {
            word: _weight(word, 1 - math.log(count) / top) for word, count in counts.items()
        }

    def __call__(self, word: str) -> float:
        """Return the weight of *word*; a word never seen weighs as one seen once."""
        found = self._seen.get(word)
        if found is None:
            found = _weight(word, 1.0)
        return found


def _weight(word: str, rarity: float) -> float:
    weight = WEIGHT_MIN + (1 - WEIGHT_MIN) * max(rarity, 0.0)
    if len(word) == 1:
        return weight * INITIAL_FACTOR
    return weight * LITTLE_FACTOR if word in LITTLE or word in TITLES else weight


NO_WEIGHTS = Weights({}, 2)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are, 0 to 1, and by which stage."""

    score: float
    stage: str
    pairs: tuple[Pair, ...] = ()
    unmatched_query: tuple[tuple[str, float], ...] = ()
    unmatched_listed: tuple[tuple[str, float], ...] = ()


@lru_cache(maxsize=65_536)
def words_alike(query: str, listed: str) -> float:
    """Return how alike two words are, 0 to 1; two neighbours swapped cost half a letter."""
    if query == listed:
        return 1.0
    alike = ratio(query, listed) / 100
    if len(query) == len(listed) and _swapped(query, listed):
        alike = max(alike, 1 - 0.5 / len(query))
    elif "al" + query == listed or query == "al" + listed:
        alike = max(alike, OTHER_SPELLING)
    one, other = folded(query), folded(listed)
    if one == other:
        return max(alike, OTHER_SPELLING)
    return max(alike, OTHER_SPELLING * ratio(one, other) / 100)


def _swapped(one: str, other: str) -> bool:
    differing = [i for i in range(len(one)) if one[i] != other[i]]
    if len(differing) != 2 or differing[1] != differing[0] + 1:
        return False
    i, j = differing
    return one[i] == other[j] and one[j] == other[i]


@lru_cache(maxsize=16_384)
def bare_alike(bare: str, full: str) -> float:
    """Return how alike a word without vowels and one in full are, 0 to NO_VOWELS."""
    if bare == full:
        return 1.0
    soft, hard = consonants(bare)
    other_soft, other_hard = consonants(full)
    alike = ratio(soft, other_soft) / 100
    if hard == other_hard and len(hard) >= 3 and alike >= LONG_VOWELS_MIN:
        return NO_VOWELS
    return NO_VOWELS * alike


def compare(
    query: Name, listed: Name, weigh: Weigh = NO_WEIGHTS, *, person: bool = False
) -> Likeness:
    """Return how alike two names are, by the stage that finds them most alike.

    person: both may be people, and a word put to the whole listed name counts for less; with a
    company it makes another company.
    """
    if not query.tokens or not listed.tokens:
        return Likeness(0.0, "nothing to compare")
    if query.key == listed.key:
        pairs = tuple([Pair(t, t, 1.0, weigh(t)) for t in query.tokens])
        return Likeness(1.0, "exact", pairs)
    by_words = _by_words(query, listed, weigh, person=person)
    if len(query.joined) == len(listed.joined) and (
        _made_of(query.joined, listed.tokens) or _made_of(listed.joined, query.tokens)
    ):
        return Likeness(0.98, "joined", by_words.pairs)
    if SYLLABLES in query.scripts or SYLLABLES in listed.scripts:
        return by_words
    letters = max(ratio(query.key, listed.key), ratio(query.plain, listed.plain)) / 100
    if by_words.unmatched_query and by_words.unmatched_listed:
        letters *= UNPAIRED
    if letters > by_words.score:
        return Likeness(
            letters, "ratio", by_words.pairs, by_words.unmatched_query, by_words.unmatched_listed
        )
    return by_words


def _made_of(joined: str, words: tuple[str, ...]) -> bool:
    """Return whether *joined* is these words, each once, in whatever order."""
    if not words:
        return not joined
    return any(
        joined.startswith(word) and _made_of(joined[len(word) :], words[:i] + words[i + 1 :])
        for i, word in enumerate(words)
        if word not in words[:i]
    )


def _by_words(query: Name, listed: Name, weigh: Weigh, *, person: bool) -> Likeness:
    """Pair the words, the most alike and heaviest first; each word is used once."""
    offers = _offers(query, listed)
    weights_q = [weigh(t) for t in query.tokens]
    weights_l = [weigh(t) for t in listed.tokens]
    rows = []
    for alike, ours, theirs in offers:
        weight = sum([weights_l[j] for j in theirs])
        rows.append((alike, weight, ours, theirs))
    rows.sort(reverse=True)
    free_q, free_l = set(range(len(query.tokens))), set(range(len(listed.tokens)))
    pairs: list[Pair] = []
    earned = possible = 0.0
    for alike, weight, ours, theirs in rows:
        if free_q.issuperset(ours) and free_l.issuperset(theirs):
            free_q.difference_update(ours)
            free_l.difference_update(theirs)
            earned += 2 * alike * weight
            possible += 2 * weight
            words = (query.tokens, ours), (listed.tokens, theirs)
            one, other = (" ".join([tokens[i] for i in places]) for tokens, places in words)
            pairs.append(Pair(one, other, alike, weight))
    left_q = _left(query.tokens, weights_q, free_q)
    left_l = _left(listed.tokens, weights_l, free_l)
    around = person and not left_l and len(pairs) > 1
    around = around and all(pair.likeness >= OTHER_SPELLING for pair in pairs)
    cost = UNMATCHED_AROUND if around else UNMATCHED_QUERY
    possible += cost * sum([w for _, w in left_q])
    possible += UNMATCHED_LISTED * sum([w for _, w in left_l])
    score = earned / possible if possible else 0.0
    return Likeness(score, "tokens", tuple(pairs), left_q, left_l)


def _left(
    tokens: tuple[str, ...], weights: list[float], free: set[int]
) -> tuple[tuple[str, float], ...]:
    """Return the words without a counterpart; one said twice and paired once is not left over."""
    paired = {token for i, token in enumerate(tokens) if i not in free}
    return tuple([(tokens[i], weights[i]) for i in sorted(free) if tokens[i] not in paired])


_Offer = tuple[float, tuple[int, ...], tuple[int, ...]]


def _offers(query: Name, listed: Name) -> Iterator[_Offer]:
    """Yield every pair of words that may be the same, and of two words written as one."""
    for i, one in enumerate(query.tokens):
        for j, other in enumerate(listed.tokens):
            alike = _alike(one, query.scripts[i], other, listed.scripts[j])
            if alike >= WORD_ALIKE_MIN:
                yield alike, (i,), (j,)
    for alike, pair, j in _joined(query, listed):
        yield alike, pair, (j,)
    for alike, pair, i in _joined(listed, query):
        yield alike, (i,), pair


def _joined(apart: Name, whole: Name) -> Iterator[tuple[float, tuple[int, int], int]]:
    """Yield two neighbours of *apart* and a word of *whole* that may be the two as one."""
    for i in range(len(apart.tokens) - 1):
        script = apart.scripts[i]
        if script != apart.scripts[i + 1]:
            continue
        both = apart.tokens[i] + apart.tokens[i + 1]
        for j, word in enumerate(whole.tokens):
            if abs(len(both) - len(word)) <= JOINED_LETTERS_MAX:
                alike = _alike(both, script, word, whole.scripts[j])
                if alike >= JOINED_MIN:
                    yield alike, (i, i + 1), j


def _alike(one: str, script: int, other: str, other_script: int) -> float:
    if SYLLABLES in (script, other_script):
        return float(one == other)  # the next syllable is another sign, not a slip of one
    if script != other_script:
        return bare_alike(one, other) if script == BARE else bare_alike(other, one)
    if len(one) == 1 or len(other) == 1:
        if one == other:
            return 1.0
        return INITIAL if one[0] == other[0] and len(one) != len(other) else 0.0
    return words_alike(one, other)
