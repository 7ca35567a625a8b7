"""Who is screened, and what screening found: the party, the hits and the pieces of their scores."""

from dataclasses import dataclass

from otcfix.screening.entry import Kind


@dataclass(frozen=True, slots=True)
class Party:
    """A client, an owner, a bank, a counterparty: whoever a list might name.

    births: ISO dates, months or years. countries: ISO 3166 alpha-2. identifiers: (kind, value)
    such as ("BIC", "SABRRUMM"). addresses: (asset code or "", address).
    """

    name: str
    aliases: tuple[str, ...] = ()
    kind: Kind = Kind.UNKNOWN
    births: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One word of the query set against one of the listed name; likeness and weight: 0 to 1."""

    query: str
    listed: str
    likeness: float
    weight: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What birth, country, kind or a weak alias did to a score: *points* were added."""

    what: str
    points: float
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that the party may be.

    stage: exact, joined, ratio, tokens, address or identifier. score: 0 to 1, with everything;
    name_score: of the names alone. unmatched: (word, weight) left over on either side.
    """

    entry_id: str
    list_name: str
    digest: str
    query: str
    matched_name: str
    score: float
    name_score: float
    stage: str
    pairs: tuple[Pair, ...] = ()
    unmatched_query: tuple[tuple[str, float], ...] = ()
    unmatched_listed: tuple[tuple[str, float], ...] = ()
    effects: tuple[Effect, ...] = ()

    def words(self) -> tuple[str, ...]:
        """Return the pieces of the score in plain words, one line each."""
        lines = [
            f"{self.stage}: {self.query!r} against {self.matched_name!r}: {self.name_score:.3f}"
        ]
        lines += [
            f"{p.query} ~ {p.listed}: {p.likeness:.2f} alike, weight {p.weight:.2f}"
            for p in self.pairs
        ]
        for side, left in (("query", self.unmatched_query), ("listed", self.unmatched_listed)):
            lines += [f"{word}: only in the {side} name, weight {w:.2f}" for word, w in left]
        return (*lines, *(f"{e.what} {e.points:+.2f}: {e.words}" for e in self.effects))


@dataclass(frozen=True, slots=True)
class ScreenResult:
    """Hits, the highest score first. notes: what could not be compared, or was cut, and why.

    unread: those of them that leave a part of the party unseen: without a hit it is not clear.
    """

    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Return the highest score; 0 without a hit."""
        return self.hits[0].score if self.hits else 0.0
