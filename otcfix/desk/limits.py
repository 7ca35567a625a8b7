"""Limits that staff set, and how much of them is used: a part of State."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.decision import Decision
from otcfix.model.event import Event
from otcfix.model.limit import Limit, SetLimit
from otcfix.model.time import Instant


class KeptLimits(Struct, array_like=True):
    """Limits and their use, as they stand in a snapshot."""

    said: list[SetLimit]
    marks: dict[str, tuple[Decimal, Instant]]


class Limits:
    """What commands set (it wins over limits.toml), and what is used. Only `take` changes it."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str, str], SetLimit] = {}
        self.marks: dict[str, tuple[Decimal, Instant]] = {}

    def rows(self, seeds: tuple[Limit, ...]) -> list[Limit]:
        """Every limit that holds, those of the file first."""
        rows = {one.key: one for one in seeds}
        for key, said in self.said.items():
            if said.amount is None:
                rows.pop(key, None)
            else:
                rows[key] = Limit(*key, said.amount)
        return list(rows.values())

    def take(self, event: Event, decision: Decision) -> None:
        """What *decision* sets and uses."""
        for said in decision.limits:
            self.said[said.who, said.what, said.measure] = said
        if event.kind == "MarksMoved":
            self.marks = event.body.marks

    def keep(self) -> KeptLimits:
        """For a snapshot."""
        return KeptLimits(list(self.said.values()), self.marks)

    @classmethod
    def load(cls, kept: KeptLimits) -> "Limits":
        """From a snapshot."""
        made = cls()
        made.said = {(one.who, one.what, one.measure): one for one in kept.said}
        made.marks = kept.marks
        return made
