"""The breaks that are open: a part of State. What is done with them: `breaks`."""

from msgspec import Struct

from otcfix.model.decision import Decision
from otcfix.model.post_trade import OPEN, TradeBreak


class KeptBreaks(Struct, array_like=True):
    """Open breaks, as they stand in a snapshot."""

    waiting: list[TradeBreak] = []


class Breaks:
    """By id, and by the ExecID(17) that they are about. Only `take` changes it."""

    def __init__(self) -> None:
        self.waiting: dict[str, TradeBreak] = {}
        self.of_exec: dict[str, str] = {}

    def take(self, decision: Decision) -> None:
        """Breaks opened and resolved."""
        for one in decision.breaks:
            if one.state == OPEN:
                self.waiting[one.break_id] = one
                self.of_exec[one.exec_id] = one.break_id
            else:
                self.waiting.pop(one.break_id, None)
                self.of_exec.pop(one.exec_id, None)

    def keep(self) -> KeptBreaks:
        """For a snapshot."""
        return KeptBreaks(list(self.waiting.values()))

    @classmethod
    def load(cls, kept: KeptBreaks) -> "Breaks":
        """From a snapshot."""
        made = cls()
        for one in kept.waiting:
            made.waiting[one.break_id] = one
            made.of_exec[one.exec_id] = one.break_id
        return made
