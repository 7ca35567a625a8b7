"""How good screening is on labelled cases: recall, false positives and time, group by group."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from otcfix.screening.cases import BadCase, Case
from otcfix.screening.index import Index
from otcfix.screening.matching import Likeness
from otcfix.screening.party import Hit

REVIEW = 0.88
"""The threshold when none is given: review_min of the shipped configuration."""

PROGRESS_EVERY = 250


@dataclass(slots=True)
class Group:
    """What came of the cases of one group.

    positives: cases that should hit; found: those that did. negatives: cases that should not;
    false: those that did. absent: positives none of whose ids is on the lists loaded; they count
    as missed. agreed: pair_score cases on the same side of the threshold as the published score.
    """

    name: str
    kind: str
    cases: int = 0
    positives: int = 0
    found: int = 0
    negatives: int = 0
    false: int = 0
    absent: int = 0
    agreed: int = 0
    times: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        """Return found of positives, 0 to 1; None without positives."""
        return self.found / self.positives if self.positives else None

    @property
    def false_rate(self) -> float | None:
        """Return false of negatives, 0 to 1; None without negatives."""
        return self.false / self.negatives if self.negatives else None

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of precision and recall; None unless both kinds are there."""
        if not self.positives or not self.negatives:
            return None
        return 2 * self.found / (self.positives + self.found + self.false)

    def percentile_ms(self, share: float, *, cpu: bool = False) -> float:
        """Return the time that *share* of the cases needed at most, in milliseconds."""
        ordered = sorted(self.cpu if cpu else self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 if ordered else 0.0

    def timed(self, took: tuple[float, float]) -> None:
        """Add the time of one case: clock and processor."""
        self.times.append(took[0])
        self.cpu.append(took[1])

    def as_dict(self) -> dict[str, object]:
        """Return the figures for JSON."""
        return {
            "group": self.name,
            "kind": self.kind,
            "cases": self.cases,
            "positives": self.positives,
            "recall": _round(self.recall),
            "missed": self.positives - self.found,
            "negatives": self.negatives,
            "false_positives": self.false,
            "false_positive_rate": _round(self.false_rate),
            "f1": _round(self.f1),
            "agreed": self.agreed if self.kind == "pair_score" else None,
            "not_on_lists": self.absent,
            "p50_ms": round(self.percentile_ms(0.5), 3),
            "p99_ms": round(self.percentile_ms(0.99), 3),
            "p50_cpu_ms": round(self.percentile_ms(0.5, cpu=True), 3),
            "p99_cpu_ms": round(self.percentile_ms(0.99, cpu=True), 3),
        }


def _round(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)


@dataclass(frozen=True, slots=True)
class Miss:
    """A case that came out wrong: hit is what it found instead, or the right entry too low."""

    case: Case
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All groups, all screenings and all pairs together, what came out wrong, lines not used."""

    threshold: float
    groups: tuple[Group, ...]
    screening: Group
    pairs: Group
    misses: tuple[Miss, ...]
    broken: tuple[BadCase, ...]


def evaluate(
    index: Index,
    cases: Iterable[Case | BadCase],
    threshold: float = REVIEW,
    said: Callable[[int], None] = lambda _: None,
) -> Evaluation:
    """Screen every case. *said* is told from time to time how many are done."""
    known = {entry.entry_id for entry in index.entries}
    groups: dict[tuple[str, str], Group] = {}
    screening, pairs = Group("all screenings", "screen"), Group("all pairs", "pair")
    misses: list[Miss] = []
    broken: list[BadCase] = []
    for done, case in enumerate(cases, start=1):
        if done % PROGRESS_EVERY == 0:
            said(done)
        if isinstance(case, BadCase):
            broken.append(case)
            continue
        group = groups.setdefault((case.kind, case.group), Group(case.group, case.kind))
        into = [group]
        if case.kind == "screen":
            into.append(screening)
        elif case.kind == "pair":
            into.append(pairs)
        judge = _screened if case.kind in ("screen", "crypto") else _paired
        miss = judge(index, case, threshold, known, into)
        if miss is not None:
            misses.append(miss)
    return Evaluation(
        threshold, tuple(groups.values()), screening, pairs, tuple(misses), tuple(broken)
    )


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    return time.perf_counter() - began[0], time.thread_time() - began[1]


def _screened(
    index: Index, case: Case, threshold: float, known: set[str], into: list[Group]
) -> Miss | None:
    began = _now()
    result = index.screen(case.party)
    took = _since(began)
    wanted = set(case.wanted)
    # An address that hits is a hit, also where another list has it without the owner.
    anybody = not wanted or case.kind == "crypto"
    hits = [h for h in result.hits if anybody or h.entry_id in wanted]
    score = hits[0].score if hits else 0.0
    absent = bool(wanted) and not wanted & known and not hits
    _count(into, took, right=bool(wanted), hit=score >= threshold, absent=absent)
    if bool(wanted) == (score >= threshold):
        return None
    about = "none of the expected entries is on the lists loaded" if absent else ""
    return Miss(case, score, _words(hits[0] if hits else None, about))


def _words(hit: Hit | None, about: str) -> tuple[str, ...]:
    if hit is None:
        return (about or "not found",)
    return (f"{hit.entry_id} {hit.matched_name}", *hit.words())


def _paired(
    index: Index,
    case: Case,
    threshold: float,
    known: set[str],  # noqa: ARG001 - one signature
    into: list[Group],
) -> Miss | None:
    began = _now()
    alike = index.compare(case.party.name, case.wanted[0])
    took = _since(began)
    hit = alike.score >= threshold
    if case.kind == "pair_score":
        for group in into:
            group.cases += 1
            group.timed(took)
            group.agreed += hit == (case.published >= threshold)
        return None
    _count(into, took, right=case.match, hit=hit)
    return None if hit == case.match else Miss(case, alike.score, _pieces(alike, case))


def _pieces(alike: Likeness, case: Case) -> tuple[str, ...]:
    return Hit(
        *("", "", "", case.party.name, case.wanted[0], alike.score, alike.score, alike.stage),
        *(alike.pairs, alike.unmatched_query, alike.unmatched_listed),
    ).words()


def _count(
    into: list[Group], took: tuple[float, float], *, right: bool, hit: bool, absent: bool = False
) -> None:
    for group in into:
        group.cases += 1
        group.timed(took)
        if right:
            group.positives += 1
            group.found += hit
            group.absent += absent
        else:
            group.negatives += 1
            group.false += hit
