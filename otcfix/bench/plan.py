"""What a run of the bench consists of."""

from dataclasses import dataclass
from pathlib import Path

DATABASES = ("sqlite", "postgresql")
PHASES = (
    *("echo", "commit", "quote", "cycles8", "cycles100", "streams", "market", "price"),
    *("screening", "gate", "copies", "dialect", "sessions", "fixlog"),
)
FULL_PHASES = ("memory", "restart", "replay", "engine")
"""Of `full`: restart and replay work on the journal that memory wrote."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts, in several interleaved rounds; figures are medians over the rounds.

    two_way: whether QuoteRequests leave Side(54) out, so that both sides are priced.
    feed: a recorded file for the market's part; without it one is made.
    names: how many listed names are made for screening's part. gate_clients: clients of the gate's
    part; it has half as many jurisdiction rules, and a tenth as many limits.
    sessions: how many log on at once. log_messages: of the log that fixlog's part reads.
    *_s: seconds that are measured, after warm_s. quiet_s: see `quiet`.
    """

    databases: tuple[str, ...] = DATABASES
    phases: tuple[str, ...] = PHASES
    full_phases: tuple[str, ...] = ()
    rounds: int = 3
    few: int = 8
    few_window: int = 32
    many: int = 100
    many_window: int = 2
    two_way: bool = True
    warm_s: float = 1.0
    echo_s: float = 1.5
    quote_s: float = 2.0
    cycles_s: float = 4.0
    commits: int = 250
    memory_cycles: int = 500_000
    memory_steps: int = 5
    engine_messages: int = 300_000
    folder: Path | None = None
    postgresql: str = ""
    profile: Path | None = None
    quiet_s: float = 0.0
    feed: Path | None = None
    names: int = 36_000
    gate_clients: int = 10_000
    sessions: int = 500
    log_messages: int = 500_000

    def has(self, *phases: str) -> bool:
        """Whether one of *phases* is asked for."""
        return bool(set(phases) & set(self.phases + self.full_phases))
