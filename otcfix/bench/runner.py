"""A whole run: the rounds, the long ones, the checks at the end."""

import time
from collections.abc import Callable
from functools import partial

from rich.console import Console

from otcfix.bench import (
    copying,
    dialects,
    figures,
    fixlog,
    gate,
    long,
    machine,
    market,
    phases,
    prices,
    screening,
    sessions,
)
from otcfix.bench.children import Answer
from otcfix.bench.measure import rounded
from otcfix.bench.plan import Plan
from otcfix.bench.profiling import Profile
from otcfix.bench.quiet import Quiet
from otcfix.bench.stage import Stage
from otcfix.bench.streaming import streams

STREAM_ROUNDS = 2
"""The longest of the phases: a plain run is to stay near three minutes."""


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
        found |= _prices(plan, say)
        if plan.has("copies") and "sqlite" in databases:
            found["copies"] = one = copying.measure(stage)
            say(f"drop copy: {one['added_us']:.0f} µs more a fill, {one['added_to_a_fill']:.0%}")
        if plan.full_phases:
            found["full"] = long.measure(stage, databases, say)
        found["checks"] = _finish(stage, found, say)
        version = stage.server.version if stage.server else ""
        found["machine"] = machine.facts(stage.folder, version)
    for name in set(plan.databases) - set(databases):
        for part in ("commit", "otcfix", "ratios"):
            found[part][name] = None
    for label, table in profile.tables.items():
        progress.print(f"\n{label}: {table}", markup=False, soft_wrap=True)
    return found | {
        "targets": figures.verdicts(found, databases),
        "why_no_postgresql": stage.why_no_postgresql,
        "rounds": {" ".join(key).strip(): value for key, value in results.items()},
        "took_s": rounded(time.monotonic() - started),
    }


def _prices(plan: Plan, say: long.Say) -> Answer:
    """What needs no desk: a book's change, a recorded market, one price per strategy, one name."""
    found: Answer = {}
    if plan.has("market"):
        found["market"] = {
            "composite": market.composite_update(),
            "perpetual": market.composite_update(perpetual=True),
            "recorded": market.recorded_file(plan.feed),
        }
        say(f"market: {found['market']['composite']['intake']['p50_us']:.1f} µs a book change")
    if plan.has("price"):
        found["price"] = prices.measure()
        told = ", ".join(f"{name} {one['p50_us']:.0f}" for name, one in found["price"].items())
        say(f"price: {told} µs")
    if plan.has("screening"):
        found["screening"] = one = screening.measure(plan.names)
        say(f"screening: {one['name_p50_ms']:.1f} ms a name of {one['names']:,}")
    if plan.has("gate"):
        found["gate"] = laid = gate.measure(plan.gate_clients)
        told = ", ".join(f"{laid[kind]['p50_us']:.0f} µs a {kind}" for kind in ("quote", "order"))
        say(f"gate: {told}")
    if plan.has("dialect"):
        found["dialect"] = mapped = dialects.measure()
        told = ", ".join(f"{kind} {one['p50_us']:.1f}" for kind, one in mapped["flat42"].items())
        say(f"dialect flat42: {told} µs")
    if plan.has("sessions"):
        found["sessions"] = one = sessions.measure(plan.sessions)
        say(f"sessions: {one['sessions']} in {one['logged_on_s']:.1f} s, {one['mb']:.0f} MB")
    if plan.has("fixlog"):
        found["fixlog"] = read = fixlog.measure(plan.log_messages)
        say(f"fixlog: {read['per_s']:,.0f} messages/s, {read['peak_mb']:.0f} MB")
    return found


def _rounds(stage: Stage, profile: Profile, say: long.Say) -> figures.Results:
    """The phases, interleaved, so that a slow minute of the machine falls on all of them."""
    plan = stage.plan
    results: figures.Results = {}

    quiet = Quiet(plan.quiet_s, say)

    def take(phase: str, database: str, call: Callable[[], Answer]) -> None:
        label = f"{phase} {database}".strip()
        answer = quiet.measured(label, call)
        results.setdefault((phase, database), []).append(answer)
        rate = f", {answer['per_s']:,.0f}/s" if "per_s" in answer else ""
        took = f"p50 {answer['p50_us']:,.0f} µs, p99 {answer['p99_us']:,.0f} µs"
        say(f"{label}: {took}{rate}; others {answer['others_share']:.0%}")

    for number in range(plan.rounds):
        if plan.has("echo"):
            take("echo", "", partial(phases.echo, stage))
        for database in stage.databases:
            if plan.has("commit"):
                take("commit", database, partial(phases.commit, stage, database))
        for name, phase in (phases.DESK_PHASES | {"streams": streams}).items():
            for database in stage.databases:
                if plan.has(name) and (name != "streams" or number < STREAM_ROUNDS):
                    if name in phases.DESK_PHASES:
                        stage.desk(database)
                    take(name, database, partial(phase, stage, database, profile))
    return results


def _finish(stage: Stage, found: Answer, say: long.Say) -> Answer:
    """Stop the desks and look what their databases hold."""
    checks: Answer = {}
    for key, desk in stage.desks.items():
        desk.stop()
        peak = rounded(desk.last.get("peak_rss_mb", 0.0))
        if key in found["otcfix"]:
            found["otcfix"][key]["peak_rss_mb"] = peak
        checks[key] = phases.check(desk.database, desk.cycles)
        say(f"{key}: {desk.cycles:,} cycles, as many trades, the ledger balances; {peak:.0f} MB")
    return checks
