"""What sanctions screening costs: building the index, one name, one address, the whole register.

No desk around it, and no published list: as many names as those have, made of syllables, common
and rare as in real ones. `otcfix sanctions evaluate` gives the same figures on real lists.
"""

import random
import time
from dataclasses import replace

from otcfix.bench.children import Answer
from otcfix.bench.measure import memory_mb, percentile, rounded
from otcfix.screening.entry import Entry, Kind, ListedName
from otcfix.screening.index import Index, build
from otcfix.screening.party import Party

NAMES_AN_ENTRY = 3
PARTIES = 1_000
REGISTER = 10_000
"""Parties of a whole register: its time is computed from that of PARTIES."""

ADDRESSES = 800
LOOK_UPS = 20_000
WORDS = 16_000
SEED = 11

_ONSETS = "b d f g h j k l m n p r s t v z sh ch kh br dr gr st tr al".split()
_VOWELS = "a e i o u aa ei ou ya".split()
_ENDS = ["", "", "", "n", "r", "d", "m", "sh", "v", "ki", "lla", "rov", "din"]


def measure(names: int, parties: int = PARTIES) -> Answer:
    """Return seconds and MB of a build, ms of one name, ns of one address, s of a register."""
    chance = random.Random(SEED)  # noqa: S311 - the same names on every machine
    entries = _entries(names, chance)
    before, began = memory_mb("self"), time.perf_counter()
    index = build(entries)
    built = time.perf_counter() - began
    grew = memory_mb("self") - before
    took = sorted(_screened(index, _parties(entries, parties, chance)))
    total = sum(took)
    return {
        "names": index.names,
        "build_s": rounded(built),
        "build_mb": rounded(grew),
        "name_p50_ms": rounded(percentile(took, 0.5) * 1e3),
        "name_p99_ms": rounded(percentile(took, 0.99) * 1e3),
        "address_ns": rounded(_address_ns(index, entries)),
        "register_10000_s": rounded(total * REGISTER / parties),
        "with_all_mb": rounded(memory_mb("self") - before),
    }


def _screened(index: Index, parties: list[Party]) -> list[float]:
    took = []
    for party in parties:
        began = time.perf_counter()
        index.screen(party)
        took.append(time.perf_counter() - began)
    return took


def _address_ns(index: Index, entries: list[Entry]) -> float:
    """Nanoseconds of one look-up, half of them listed, prefixes and case as people write them."""
    listed = [address for entry in entries for _, address in entry.addresses]
    asked = [*listed, *(f"0x{'ab' * 19}{n % 100:02d}" for n in range(len(listed)))]
    rounds = max(1, LOOK_UPS // len(asked))
    look_up = index.listed_address
    began = time.perf_counter_ns()
    for _ in range(rounds):
        for address in asked:
            look_up(address)
    return (time.perf_counter_ns() - began) / (rounds * len(asked))


def _entries(names: int, chance: random.Random) -> list[Entry]:
    words = [_word(chance) for _ in range(WORDS)]
    entries = []
    for number in range(names // NAMES_AN_ENTRY):
        base = _name(words, chance)
        listed = [base, *(_slipped(base, chance) for _ in range(NAMES_AN_ENTRY - 1))]
        wallet = f"0x{chance.getrandbits(160):040x}" if number < ADDRESSES else ""
        entries.append(
            Entry(
                *("bench", f"BENCH:{number}", chance.choice((Kind.PERSON, Kind.ORGANISATION))),
                names=tuple([ListedName(text) for text in listed]),
                births=(str(chance.randint(1930, 2000)),),
                addresses=(("ETH", wallet),) if wallet else (),
            )
        )
    return entries


def _word(chance: random.Random) -> str:
    count = chance.choice((1, 2, 2, 3))
    syllables = [chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(count)]
    return "".join(syllables) + chance.choice(_ENDS)


def _name(words: list[str], chance: random.Random) -> str:
    """Two to five words, the first ones of the list far commoner than the last ones."""
    count = chance.choice((2, 2, 3, 3, 3, 4, 5))
    return " ".join([words[int(len(words) * chance.random() ** 3)] for _ in range(count)])


def _slipped(name: str, chance: random.Random) -> str:
    place = chance.randrange(len(name))
    return name[:place] + chance.choice("aeiourstln") + name[place + 1 :]


def _parties(entries: list[Entry], count: int, chance: random.Random) -> list[Party]:
    """Nine strangers of the same words for each one that is listed, with a slip."""
    words = [word for entry in entries for word in entry.names[0].text.split()]
    strangers = Party("", kind=Kind.PERSON, births=("1971-05-04",), countries=("DE",))
    parties = []
    for number in range(count):
        if number % 10:
            name = " ".join([chance.choice(words) for _ in range(chance.choice((2, 3)))])
        else:
            name = _slipped(chance.choice(entries).names[0].text, chance)
        parties.append(replace(strangers, name=name))
    return parties
