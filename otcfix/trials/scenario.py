"""Nouns of a trial: a scenario, its steps, and what came of them."""

from msgspec import Struct

from otcfix.trials.matching import Field, Versions
from otcfix.trials.wire import Heard

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

NEEDS = {
    "operator": "needs an operator of the counterparty",
    "market": "needs a market that can be moved",
    "steady": "needs prices that stand still",
    "reset": "needs a session that may be reset at logon (141=Y)",
    "funds": "needs an asset without funds",
}
"""What a scenario may ask of a counterparty, and why it is skipped where that is not there."""


class Step(Struct, frozen=True):
    """One line of a scenario. text: as written; within_s: 0 means the counterparty's own; beside:
    the role of the other session that it is played on."""

    line: int
    verb: str
    text: str
    fields: tuple[Field, ...] = ()
    words: tuple[str, ...] = ()
    within_s: float = 0.0
    versions: Versions = frozenset()
    parts: tuple["Step", ...] = ()
    beside: str = ""

    def counts(self, version: str) -> bool:
        """Whether the step is meant for *version*."""
        return not self.versions or version in self.versions


SESSION_ACTS = ("hold", "release", "disable", "enable", "bust", "correct", "news")
"""What an operator does to one session: others may play meanwhile."""


class Scenario(Struct, frozen=True):
    """One file. name: its path in the pack without the ending. beside: roles of sessions that are
    used besides its own; holds: values that no other scenario may use meanwhile."""

    name: str
    path: str
    title: str
    steps: tuple[Step, ...]
    tags: tuple[str, ...] = ()
    only: Versions = frozenset()
    session: str = "main"
    uses: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    about: str = ""
    beside: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    def speaks(self, version: str) -> bool:
        """Whether it can be run in *version*."""
        return not self.only or version in self.only

    @property
    def alone(self) -> bool:
        """Whether others must not run meanwhile: it touches what all sessions see."""
        acts = (s for s in self.steps if s.verb in ("operator", "market"))
        return any(s.verb == "market" or s.words[0] not in SESSION_ACTS for s in acts)

    @property
    def plain_market(self) -> bool:
        """Whether it says a market order without a worst price: the agreed tolerance counts."""
        said = ({f.tag: f.value for f in step.fields} for step in self.steps)
        return any(
            (one.get(35), one.get(40)) == ("D", "1") and not {44, 2676} & set(one) for one in said
        )


class Said(Struct, frozen=True):
    """One entry of a transcript. way: > said by us, < heard, - a note. at: seconds since 1970."""

    at: float
    way: str
    text: str


class StepResult(Struct, frozen=True):
    """What came of a step. got: what was heard instead, or what it amounts to."""

    line: int
    text: str
    verdict: str
    took_s: float
    expected: str = ""
    got: str = ""


class Result(Struct, frozen=True):
    """What came of a scenario in one version on one session."""

    scenario: Scenario
    version: str
    session: str
    verdict: str
    why: str = ""
    at: float = 0.0
    took_s: float = 0.0
    steps: tuple[StepResult, ...] = ()
    transcript: tuple[Said, ...] = ()


class Unexpected(Exception):
    """A step did not go as expected: what was, and what came instead."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got


def told(heard: Heard | None) -> str:
    """A message for a verdict."""
    return "nothing" if heard is None else str(heard)
