"""Measures this machine: a bare acceptor, the disk, and otcfix under the same load.

    otcfix bench [--json] [--full]        python -m otcfix.bench --help

`plan` says what a run is, `runner` runs it, `stage` starts what it needs, `phases` and `long`
measure, `figures` and `report` sum up. `load`, `echo`, `desk`, `commit`, `replaying` are processes
of their own: for their sake nothing heavy is imported here.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TextIO

from otcfix.bench.children import BenchFailed
from otcfix.bench.plan import DATABASES, FULL_PHASES, PHASES, Plan

__all__ = ["DATABASES", "FULL_PHASES", "PHASES", "BenchFailed", "Plan", "run"]


def run(
    json_output: bool,
    full: bool,
    *,
    phase: str = "",
    database: str = "",
    rounds: int | None = None,
    cycles: int | None = None,
    postgresql: str = "",
    profile: Path | None = None,
    folder: Path | None = None,
    one_way: bool = False,
    quiet_s: float = 0.0,
    feed: Path | None = None,
    out: TextIO | None = None,
) -> int:
    """Measure and write the figures to *out* (stdout): JSON, or tables. Progress: stderr.

    phase, database: comma-separated names; empty: all. cycles: of the memory phase. feed: a
    recorded file for the market's part.
    Returns the exit code: 1 when a part did not do what it must (a timing is never a failure).
    Errors: ValueError for a name that is none.
    """
    from rich.console import Console  # noqa: PLC0415 - see above

    from otcfix.bench import report, runner  # noqa: PLC0415

    plan = Plan(
        databases=_chosen(database, DATABASES, DATABASES),
        phases=_chosen(phase, PHASES, PHASES, FULL_PHASES),
        full_phases=_chosen(phase, FULL_PHASES if full else (), FULL_PHASES, PHASES),
        postgresql=postgresql,
        profile=profile,
        folder=folder,
        two_way=not one_way,
        quiet_s=quiet_s,
        feed=feed,
    )
    if rounds is not None:
        plan = dataclasses.replace(plan, rounds=rounds)
    if cycles is not None:
        plan = dataclasses.replace(plan, memory_cycles=cycles)
    out = out or sys.stdout
    progress = Console(stderr=True, highlight=False)
    try:
        found = runner.measure(plan, progress)
    except BenchFailed as error:
        progress.print(f"bench: {error}", style="bold", markup=False)
        return 1
    if json_output:
        out.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        width = None if out.isatty() else 100
        report.write(found, list(found["otcfix"]), Console(file=out, highlight=False, width=width))
    return 0


def _chosen(
    text: str, default: tuple[str, ...], known: tuple[str, ...], also: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The names in *text* that are in *known*; *default* without a text."""
    names = tuple(name for name in text.replace(" ", "").split(",") if name)
    strange = [name for name in names if name not in known + also]
    if strange:
        raise ValueError(f"no such part: {', '.join(strange)}; there are {', '.join(known + also)}")
    return tuple(name for name in known if name in names) if names else default
