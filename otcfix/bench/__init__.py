"""Measures this machine: a bare acceptor, the disk, and otcfix under the same load.

    otcfix bench [--json] [--full]        python -m otcfix.bench --help

`plan` says what a run is, `stage` starts what it needs, `phases` and `long` measure, `figures`
and `report` sum up. `load`, `echo`, `desk`, `commit`, `replaying` are processes of their own.
"""

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import TextIO

from rich.console import Console

from otcfix.bench import figures, long, machine, phases, report
from otcfix.bench.children import Answer, BenchFailed
from otcfix.bench.measure import rounded
from otcfix.bench.plan import DATABASES, FULL_PHASES, PHASES, Plan
from otcfix.bench.profiling import Profile
from otcfix.bench.stage import Stage

__all__ = ["DATABASES", "FULL_PHASES", "PHASES", "BenchFailed", "Plan", "measure", "run"]


def run(
    json_output: bool,
    full: bool,
    *,
    phase: str = "",
    database: str = "",
    rounds: int | None = None,
    postgresql: str = "",
    profile: Path | None = None,
    folder: Path | None = None,
    one_way: bool = False,
    out: TextIO | None = None,
) -> int:
    """Measure and write the figures to *out* (stdout): JSON, or tables. Progress: stderr.

    phase, database: comma-separated names; empty: all. Returns the exit code: 0, 1 when a part
    did not do what it must (a timing is never a failure).
    Errors: ValueError for a name that is none.
    """
    plan = Plan(
        databases=_chosen(database, DATABASES, DATABASES),
        phases=_chosen(phase, PHASES, PHASES, FULL_PHASES),
        full_phases=_chosen(phase, FULL_PHASES if full else (), FULL_PHASES, PHASES),
        postgresql=postgresql,
        profile=profile,
        folder=folder,
        two_way=not one_way,
    )
    if rounds is not None:
        plan = dataclasses.replace(plan, rounds=rounds)
    out = out or sys.stdout
    progress = Console(stderr=True, highlight=False)
    try:
        found = measure(plan, progress)
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


def measure(plan: Plan, progress: Console) -> Answer:
    """Run the whole plan. Errors: BenchFailed."""
    started = time.monotonic()

    def say(text: str) -> None:
        progress.print(f"{time.monotonic() - started:6.1f} s  {text}", markup=False)

    profile = Profile(plan.profile)
    with Stage(plan) as stage:
        if stage.why_no_postgresql:
            say(f"no PostgreSQL: {stage.why_no_postgresql}")
        databases = stage.databases
        results = _rounds(stage, profile, say)
        found = figures.summed_up(results, databases)
        if plan.full_phases:
            found["full"] = long.measure(stage, databases, say)
        found["checks"] = _finish(stage, found, say)
        version = stage.server.version if stage.server else ""
        found["machine"] = machine.facts(stage.folder, version)
    for name in set(plan.databases) - set(databases):
        for part in ("commit", "otcfix", "ratios"):
            found[part][name] = None
    for label, table in profile.tables.items():
        progress.print(f"\n{label}: {table}", markup=False)
    return found | {
        "targets": figures.verdicts(found, databases),
        "why_no_postgresql": stage.why_no_postgresql,
        "rounds": {" ".join(key).strip(): value for key, value in results.items()},
        "took_s": rounded(time.monotonic() - started),
    }


def _rounds(stage: Stage, profile: Profile, say: long.Say) -> figures.Results:
    """The phases, interleaved, so that a slow minute of the machine falls on all of them."""
    plan = stage.plan
    results: figures.Results = {}

    def note(number: int, phase: str, database: str, answer: Answer) -> None:
        results.setdefault((phase, database), []).append(answer)
        rate = f", {answer['per_s']:,.0f}/s" if "per_s" in answer else ""
        took = f"p50 {answer['p50_us']:,.0f} µs, p99 {answer['p99_us']:,.0f} µs"
        say(f"round {number + 1}: {phase} {database}: {took}{rate}")

    for number in range(plan.rounds):
        if plan.has("echo"):
            note(number, "echo", "", phases.echo(stage))
        for database in stage.databases:
            if plan.has("commit"):
                note(number, "commit", database, phases.commit(stage, database))
        for name, phase in phases.DESK_PHASES.items():
            for database in stage.databases:
                if plan.has(name):
                    note(number, name, database, phase(stage, database, profile))
    return results


def _finish(stage: Stage, found: Answer, say: long.Say) -> Answer:
    """Stop the desks and look what their databases hold."""
    checks: Answer = {}
    for database, desk in stage.desks.items():
        desk.stop()
        peak = desk.last.get("peak_rss_mb", 0.0)
        found["otcfix"][database]["peak_rss_mb"] = rounded(peak)
        checks[database] = phases.check(desk.database, desk.cycles)
        say(f"{database}: {desk.cycles:,} cycles, as many trades, the ledger balances")
    return checks
