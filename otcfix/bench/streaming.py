"""Streams beside dealing: how much of the cycles' rate is left, and whether the streams keep up.

A desk of its own: ten instruments whose simulated books move five times a second, and the frozen
one that is dealt in. Cycles are measured without and with the subscribers, one after the other.
"""

import time

from otcfix.bench.children import Answer, BenchFailed
from otcfix.bench.phases import MARGIN_S, faultless
from otcfix.bench.profiling import Profile
from otcfix.bench.stage import STREAMED, Stage

SYMBOLS = tuple(f"{base}/USD" for base in STREAMED)
UPDATES_PER_S = 5
DEPTH = 0
SETTLE_S = 1.0


def streams(stage: Stage, database: str, _profile: Profile) -> Answer:
    """(d) cycles without and with streams. Errors: BenchFailed when anything was refused."""
    plan, load = stage.plan, stage.load
    desk = stage.desk(database, streams=True)
    load.ask("log_on", port=desk.port, sessions=plan.few)
    without = _cycles(stage)
    subscribers = stage.subscribers
    subscribers.ask("log_on", port=desk.port, first=plan.few, sessions=plan.many)
    subscribers.ask("subscribe", symbols=list(SYMBOLS), depth=DEPTH)
    time.sleep(SETTLE_S)
    before = desk.child.ask("stats")["rss_mb"]
    subscribers.ask("begin")
    time.sleep(plan.cycles_s / 2)
    alone = subscribers.ask("counted")
    subscribers.ask("begin")
    beside = _cycles(stage)
    told = subscribers.ask("counted")
    after = desk.child.ask("stats")["rss_mb"]
    subscribers.ask("log_off")
    load.ask("log_off")
    desk.cycles += without["units"] + beside["units"]
    expected = plan.many * len(SYMBOLS) * UPDATES_PER_S
    if not told["updates"]:
        raise BenchFailed("no stream update came")
    return {
        "p50_us": beside["p50_us"],
        "p99_us": beside["p99_us"],
        "per_s": beside["per_s"],
        "per_s_without": without["per_s"],
        "ratio": beside["per_s"] / without["per_s"],
        "updates_per_s": told["per_s"],
        "updates_per_s_alone": alone["per_s"],
        "updates_share": told["per_s"] / expected,
        "updates_delay_p99_ms": told["delay_p99_ms"],
        "update_bytes": told["bytes"],
        "grew_mb": after - before,
    }


def _cycles(stage: Stage) -> Answer:
    plan = stage.plan
    result = stage.load.ask(
        *("run", plan.warm_s + plan.cycles_s + MARGIN_S),
        flow="cycle",
        window=plan.few_window,
        warm_s=plan.warm_s,
        seconds=plan.cycles_s,
        two_way=plan.two_way,
    )
    faultless(result)
    return result
