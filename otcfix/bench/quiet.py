"""On a machine that is not ours alone: wait for a quiet moment, and repeat what was disturbed."""

import os
import time
from collections.abc import Callable

from otcfix.bench.children import Answer
from otcfix.bench.measure import Meter, children_of

LIMIT = 0.1
"""Of one processor: more than this by others, and a measurement counts as disturbed."""

LOOK_S = 0.5


def family(pid: int) -> list[int]:
    """A process with everything that it started."""
    found = [pid]
    for child in children_of(pid):
        found += family(child)
    return found


class Quiet:
    """Has *budget_s* seconds in all to spend on waiting and repeating; none: takes what comes."""

    def __init__(self, budget_s: float, say: Callable[[str], None]) -> None:
        self._left = budget_s
        self._say = say

    def measured(self, label: str, call: Callable[[], Answer]) -> Answer:
        """The answer of *call*, with the others' share of one processor meanwhile."""
        while True:
            self._wait()
            meter = Meter({"ours": family(os.getpid())})
            answer = call()
            spent = meter.stop()
            share = spent["others"] / spent["elapsed"]
            if share <= LIMIT or self._left <= 0:
                return {"others_share": share} | answer
            self._left -= spent["elapsed"]
            self._say(f"{label}: disturbed, others took {share:.0%} of a processor; again")

    def _wait(self) -> None:
        while self._left > 0:
            meter = Meter({"ours": family(os.getpid())})
            time.sleep(LOOK_S)
            if meter.stop()["others"] / LOOK_S <= LIMIT:
                return
            self._left -= LOOK_S
