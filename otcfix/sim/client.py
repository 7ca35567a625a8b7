"""`otcfix sim client` and `sim oms` as one thing to call: a session, a bad wire, and what to do."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import structs

from otcfix.sim.session import Session
from otcfix.sim.speech import Speech
from otcfix.sim.trader import Plan, Trader
from otcfix.sim.wire import Wire
from otcfix.sim.wirefaults import Rule, Trouble, WireFaults
from otcfix.trials.line import Numbers, Who
from otcfix.trials.playing import Player
from otcfix.trials.scenario import PASSED, Result, Said, Scenario

LOGON_TIMES = 3
"""How many times as long as an answer a first logon may take."""


class SimClient:
    """A simulated client, to be run once."""

    def __init__(
        self,
        who: Who,
        *,
        faults: WireFaults | None = None,
        rules: Iterable[Rule] = (),
        seed: int = 1,
    ) -> None:
        """faults, rules: of what it says. never_read stops its ears."""
        self.who = who
        self.trouble = Trouble(faults, rules, seed)

    def _wire(self) -> Wire:
        return Wire((self.who.host, self.who.port), said=self.trouble)

    def _behind(self, wire: Wire) -> Who:
        return structs.replace(self.who, host="127.0.0.1", port=wire.port)

    def work(
        self,
        speech: Speech,
        plan: Plan,
        *,
        transcript: list[Said] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Do what *plan* says; what it saw. Errors: NoSession."""
        with self._wire() as wire:
            session = Session(self._behind(wire), transcript)
            try:
                session.up(LOGON_TIMES * plan.patience_s)
                trader = Trader(session, speech, plan, stopped=stopped)
                trader.run()
            finally:
                session.close("")
        return trader.seen.report() | {
            "faults": dict(sorted(self.trouble.done.items())),
            "open_orders": sum(1 for o in trader.orders.values() if o.status == "open"),
            "unanswered": trader.unanswered,
        }

    def play(self, scenario: Scenario, values: dict[str, str], patience_s: float) -> Result:
        """Play a scenario of otcfix.trials over the same wire."""
        with self._wire() as wire:
            player = Player(
                scenario,
                self._behind(wire),
                Numbers(),
                values,
                prefix=_prefix(),
                patience_s=patience_s,
            )
            return player.play(self.who.sender)


def _prefix() -> str:
    """How the ids of a run begin, as those of trials do."""
    return f"{time.time_ns() // 1_000_000 % 16**7:07X}-00-"


def passed(result: Result) -> bool:
    """Whether a scenario went as it says."""
    return result.verdict == PASSED
