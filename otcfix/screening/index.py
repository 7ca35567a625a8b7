"""The immutable index of all lists: built once, then only read; a refresh builds another one."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from otcfix.screening import addresses, identifiers
from otcfix.screening.corroboration import contradict, effects
from otcfix.screening.entry import Entry, Kind
from otcfix.screening.grams import Grams
from otcfix.screening.looks import as_seen
from otcfix.screening.matching import Likeness, Weights, compare
from otcfix.screening.near import Words
from otcfix.screening.normalise import SYLLABLES, TEXT_MAX, Name, normalise
from otcfix.screening.party import Hit, Party, ScreenResult

FLOOR = 0.80
"""Hits below are not kept. It lies below every review_min by more than corroboration can add."""

LETTERS_SHARE = 0.6
"""Share of a name's pairs of letters that a near name has: less is below FLOOR."""

NAMES_MAX = 20
"""Names and aliases of one party that are screened."""

FORM_OR_NAME = 3
"""Letters of a legal form that may be a name as well: Se, As, Co, Sia."""

COMPARED_MAX = 400
"""Listed names that one name is compared with word by word: the likeliest ones."""


WITHIN_MAX = 6
"""Words of a name in which shorter listed names are looked for, whole, in any order."""


class Index:
    """Entries by name, word, address and identifier. Nothing in it changes after `build`."""

    def __init__(self, entries: Iterable[Entry], weights: Weights | None = None) -> None:
        self.entries = tuple(entries)
        places: dict[tuple[tuple[str, ...], tuple[int, ...]], int] = {}
        spellings: list[Name] = []
        where: list[list[tuple[int, int]]] = []
        for entry_no, entry in enumerate(self.entries):
            for name_no, listed in enumerate(entry.names):
                name = normalise(listed.text, person=entry.kind is Kind.PERSON)
                if not name.tokens:
                    continue
                place = places.setdefault((name.tokens, name.scripts), len(spellings))
                if place == len(spellings):
                    spellings.append(name)
                    where.append([])
                where[place].append((entry_no, name_no))
        self.spellings = tuple(spellings)
        self._where = tuple([tuple(found) for found in where])
        self._people = frozenset(
            place
            for place, found in enumerate(where)
            if any(self.entries[entry_no].kind is Kind.PERSON for entry_no, _ in found)
        )
        self._exact: dict[str, list[int]] = {}
        self._joined: dict[str, list[int]] = {}
        for place, name in enumerate(spellings):
            self._exact.setdefault(name.key, []).append(place)
            self._joined.setdefault(_same_letters(name), []).append(place)
        self._letters = Grams(tuple(self._exact))
        self._written: dict[str, list[int]] = {}
        for place, name in enumerate(spellings):
            self._written.setdefault(name.plain, []).append(place)
        self._order = Grams(tuple(self._written))
        counts = Counter([word for name in spellings for word in set(name.tokens)])
        self.weights = weights or Weights(counts, len(spellings))
        self._words = Words(self.spellings, self.weights)
        self._addresses = self._by_address()
        self._identifiers = self._by_identifier()

    @property
    def names(self) -> int:
        """Return how many names of entries are in the index."""
        return sum([len(found) for found in self._where])

    # -- parties -------------------------------------------------------------------------------

    def screen(self, party: Party, floor: float = FLOOR) -> ScreenResult:
        """Return every entry that *party* may be, at *floor* or more, the likeliest first.

        Scores are rounded to four places, half to even. One hit an entry, by its likeliest name.
        Never fails: notes say what was not compared.
        """
        notes: list[str] = []
        unread: list[str] = []
        best: dict[int, Hit] = {}
        texts = dict.fromkeys((party.name, *party.aliases))
        if len(texts) > NAMES_MAX:
            unread.append(f"only the first {NAMES_MAX} of {len(texts)} names were compared")
        for text in list(texts)[:NAMES_MAX]:
            read = readings(text)
            for name in read:
                for place, hit in self._named(party, name, floor):
                    _keep(best, place, hit)
            name = read[0]
            if name.note and (text.strip() or not (party.addresses or party.identifiers)):
                (unread if name.unread else notes).append(name.note)
        for asset, address in party.addresses:
            if not addresses.canonical(address):
                unread.append(f"address {address[:20]!r} is empty or too long to be compared")
            for place, listed in self._addresses.get(addresses.canonical(address), ()):
                _keep(
                    best, place, self._plain(place, "address", f"{asset} {address}".strip(), listed)
                )
        keys, wrong = identifiers.all_keys(party.identifiers)
        for key in keys:
            for place in self._identifiers.get(key, ()):
                said = " ".join(key)
                _keep(best, place, self._plain(place, "identifier", said, said))
        hits = sorted(best.values(), key=lambda hit: (-hit.score, hit.entry_id))
        return ScreenResult(tuple(hits), (*unread, *notes, *wrong), tuple(unread))

    def screen_many(self, parties: Iterable[Party], floor: float = FLOOR) -> Iterator[ScreenResult]:
        """Yield the result of each party in order, one at a time: the caller may pause between."""
        for party in parties:
            yield self.screen(party, floor)

    def compare(self, one: str, other: str) -> Likeness:
        """Return how alike two names are, with the weights of the words on these lists."""
        return max(
            [
                compare(a, b, self.weights)
                for a in readings(one, FORM_OR_NAME)
                for b in readings(other, FORM_OR_NAME)
            ],
            key=lambda likeness: likeness.score,
        )

    # -- addresses -----------------------------------------------------------------------------

    def listed_address(self, address: str) -> bool:
        """Return whether *address* is listed, under whatever asset."""
        return addresses.canonical(address) in self._addresses

    def screen_address(self, address: str, asset: str = "") -> ScreenResult:
        """Return the entries with this address. *asset* does not narrow it: keys cross chains."""
        return self.screen(Party("", addresses=((asset, address),)))

    # -- inside --------------------------------------------------------------------------------

    def _named(self, party: Party, name: Name, floor: float) -> Iterator[tuple[int, Hit]]:
        if not name.tokens:
            return
        may_be_one = not contradict(party.kind, Kind.PERSON)
        for place in self._candidates(name, floor):
            person = may_be_one and place in self._people
            alike = compare(name, self.spellings[place], self.weights, person=person)
            if alike.score < floor:
                continue
            for entry_no, name_no in self._where[place]:
                entry = self.entries[entry_no]
                listed = entry.names[name_no]
                done = effects(party, entry, weak=listed.weak)
                score = round(min(1.0, alike.score + sum([e.points for e in done])), 4)
                if score >= floor:
                    hit = Hit(
                        entry_id=entry.entry_id,
                        list_name=entry.list_name,
                        digest=entry.digest,
                        query=name.text,
                        matched_name=listed.text,
                        score=score,
                        name_score=alike.score,
                        stage=alike.stage,
                        pairs=alike.pairs,
                        unmatched_query=alike.unmatched_query,
                        unmatched_listed=alike.unmatched_listed,
                        effects=done,
                    )
                    yield entry_no, hit

    def _candidates(self, name: Name, floor: float) -> set[int]:
        """Return the places of all spellings that may reach *floor*, by any stage."""
        found = set(self._exact.get(name.key, ()))
        found.update(self._joined.get(_same_letters(name), ()))
        if SYLLABLES not in name.scripts:
            # A slip in a first letter moves a word when they are sorted: as written as well.
            for place, _ in self._letters.near(name.key, floor, LETTERS_SHARE):
                found.update(self._exact[self._letters.texts[place]])
            for place, _ in self._order.near(name.plain, floor, LETTERS_SHARE):
                found.update(self._written[self._order.texts[place]])
        if len(name.tokens) <= WITHIN_MAX:
            for size in range(2, len(name.tokens)):
                for part in combinations(sorted(name.tokens), size):
                    found.update(self._exact.get(" ".join(part), ()))
        found.update(self._words.candidates(name, floor, COMPARED_MAX))
        return found

    def _plain(self, place: int, stage: str, query: str, matched: str) -> Hit:
        entry = self.entries[place]
        return Hit(
            *(entry.entry_id, entry.list_name, entry.digest, query, matched, 1.0, 1.0, stage)
        )

    def _by_address(self) -> dict[str, tuple[tuple[int, str], ...]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for place, entry in enumerate(self.entries):
            for asset, address in entry.addresses:
                key = addresses.canonical(address)
                if key:
                    found.setdefault(key, []).append((place, f"{asset} {address}"))
        return {key: tuple(rows) for key, rows in found.items()}

    def _by_identifier(self) -> dict[tuple[str, str], tuple[int, ...]]:
        found: dict[tuple[str, str], list[int]] = {}
        for place, entry in enumerate(self.entries):
            for key in identifiers.all_keys(entry.identifiers)[0]:
                if key[0] != "IBANBANK":
                    found.setdefault(key, []).append(place)
        return {key: tuple(places) for key, places in found.items()}


def readings(text: str, letters: int = TEXT_MAX) -> tuple[Name, ...]:
    """Return *text* as a Name without legal forms, and with them, as people's names are listed;
    and so as it looks where figures or another alphabet stand for its letters.

    letters: only where one of the forms has no more than these.
    """
    found = []
    for seen in (text, *as_seen(text)):
        name = normalise(seen)
        found.append(name)
        if any(len(form) <= letters for form in name.forms):
            found.append(normalise(seen, person=True))
    return tuple(found)


def _same_letters(name: Name) -> str:
    """Return what two names have in common whose words are cut and put in another way."""
    return "".join(sorted(name.joined))


def _keep(best: dict[int, Hit], place: int, hit: Hit) -> None:
    held = best.get(place)
    if held is None or hit.score > held.score:
        best[place] = hit


def build(entries: Iterable[Entry]) -> Index:
    """Build the index of *entries*: a few seconds for some ten thousand of them."""
    return Index(entries)
