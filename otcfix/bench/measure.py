"""Numbers from samples, and what processes cost: percentiles, memory, processor time."""

import contextlib
import math
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

TICKS = os.sysconf("SC_CLK_TCK")


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the *ordered* samples that *share* of them do not exceed (nearest rank).

    Errors: ValueError without samples or for a share outside 0 to 1.
    """
    if not ordered or not 0 <= share <= 1:
        raise ValueError("percentile of nothing, or not a share")
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def middle(values: Iterable[float]) -> float:
    """The median over rounds."""
    return median(values)


def rounded(value: float, digits: int = 4) -> float:
    """*value* to so many significant digits; whole numbers stay whole."""
    if not value or not math.isfinite(value):
        return 0.0
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return round(value, places) if places > 0 else float(round(value))


def memory_mb(pid: int | str, field: str = "VmRSS") -> float:
    """What a process holds (VmRSS) or held at most (VmHWM), in MB of a million bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024 / 1e6
    return 0.0


def _stat_seconds(path: Path) -> float:
    with contextlib.suppress(OSError):
        fields = path.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0.0


def process_s(pid: int) -> float:
    """Processor seconds of a process so far; 0 when it is gone."""
    return _stat_seconds(Path(f"/proc/{pid}/stat"))


def thread_s(pid: int, thread: int) -> float:
    """Processor seconds of one thread so far."""
    return _stat_seconds(Path(f"/proc/{pid}/task/{thread}/stat"))


def machine_s() -> float:
    """Processor seconds that the whole machine was busy so far."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = (int(field) for field in fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS


def children_of(pid: int) -> list[int]:
    """The processes that *pid* started and that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


class Meter:
    """Processor time between two looks: of named processes and threads, and of everybody else.

    processes: name to process ids. threads: name to (process id, thread id).
    """

    def __init__(
        self, processes: dict[str, list[int]], threads: dict[str, tuple[int, int]] | None = None
    ) -> None:
        self._processes = processes
        self._threads = threads or {}
        self._before = self._look()
        self._machine = machine_s()
        self._start = time.monotonic()

    def _look(self) -> dict[str, float]:
        look = {name: sum(map(process_s, pids)) for name, pids in self._processes.items()}
        return look | {name: thread_s(*thread) for name, thread in self._threads.items()}

    def stop(self) -> dict[str, float]:
        """Seconds of each since the start, `others` (the rest of the machine), `elapsed`."""
        machine = machine_s() - self._machine
        spent = {name: now - self._before[name] for name, now in self._look().items()}
        ours = sum(spent[name] for name in self._processes)
        elapsed = time.monotonic() - self._start
        return spent | {"others": max(machine - ours, 0.0), "elapsed": elapsed}
