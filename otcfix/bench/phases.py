"""The measured parts, each a few seconds on what the stage has running."""

from collections.abc import Callable

from otcfix.bench.children import Answer, BenchFailed
from otcfix.bench.measure import Meter
from otcfix.bench.profiling import Profile
from otcfix.bench.stage import Stage
from otcfix.store import open_store

MARGIN_S = 60.0


def echo(stage: Stage) -> Answer:
    """(a) the bare acceptor: round trip at one in flight, messages a second at the window."""
    plan, load = stage.plan, stage.load
    _, port = stage.echo
    load.ask("log_on", port=port, sessions=1)
    lone = load.ask("run", flow="echo", window=1, warm_s=0.2, seconds=plan.echo_s)
    load.ask("log_off")
    load.ask("log_on", port=port, sessions=plan.few)
    many = load.ask(
        *("run", plan.echo_s + MARGIN_S),
        flow="echo",
        window=plan.few_window,
        warm_s=0.2,
        seconds=plan.echo_s,
    )
    load.ask("log_off")
    return {"p50_us": lone["p50_us"], "p99_us": lone["p99_us"], "per_s": many["per_s"]}


def commit(stage: Stage, database: str) -> Answer:
    """(b) durable commits of a QuoteRequest's rows, one after the other."""
    return stage.commit(database).ask("run", count=stage.plan.commits)


def quote(stage: Stage, database: str, profile: Profile) -> Answer:
    """(c) QuoteRequest to Quote, one in flight."""
    return _on_desk(stage, database, "quote", (1, 1, stage.plan.quote_s), profile)


def cycles8(stage: Stage, database: str, profile: Profile) -> Answer:
    """(c) complete cycles on few sessions with a wide window."""
    plan = stage.plan
    shape = (plan.few, plan.few_window, plan.cycles_s)
    return _on_desk(stage, database, "cycles8", shape, profile)


def cycles100(stage: Stage, database: str, profile: Profile) -> Answer:
    """(c) complete cycles on many sessions."""
    plan = stage.plan
    shape = (plan.many, plan.many_window, plan.cycles_s)
    return _on_desk(stage, database, "cycles100", shape, profile)


DESK_PHASES: dict[str, Callable[[Stage, str, Profile], Answer]] = {
    "quote": quote,
    "cycles8": cycles8,
    "cycles100": cycles100,
}


def _on_desk(
    stage: Stage, database: str, phase: str, shape: tuple[int, int, float], profile: Profile
) -> Answer:
    """Log on, measure, log off. Errors: BenchFailed when anything was refused."""
    plan, load, desk = stage.plan, stage.load, stage.desk(database)
    sessions, window, seconds = shape
    load.ask("log_on", port=desk.port, sessions=sessions)
    rss = desk.child.ask("stats")["rss_mb"]
    with profile.of(desk.child.pid, desk.child.about["sequencer"], f"{database}-{phase}"):
        meter = meter_of(stage, database)
        try:
            result = load.ask(
                *("run", plan.warm_s + seconds + MARGIN_S),
                flow="quote" if phase == "quote" else "cycle",
                window=window,
                warm_s=plan.warm_s,
                seconds=seconds,
                two_way=plan.two_way,
            )
        except BenchFailed:
            desk.child.ask("stats")  # when the desk is what failed, it says why
            raise
        spent = meter.stop()
    if phase == "quote":
        load.ask("pass_all")
    load.ask("log_off")
    faultless(result)
    desk.messages_said += result["units"] + result["acknowledged"] * 2
    if phase != "quote":
        desk.cycles += result["units"]
    return result | {"cpu": per_unit(spent, result["units"]), "rss_mb_logged_on": rss}


def meter_of(stage: Stage, database: str) -> Meter:
    """A meter of everything that takes part in measuring a desk."""
    child = stage.desk(database).child
    processes = {"desk": [child.pid], "load": [stage.load.pid]}
    server = stage.postgres_pids(database)
    if server:
        processes["postgresql"] = server
    return Meter(processes, {"sequencer": (child.pid, child.about["sequencer"])})


def per_unit(spent: dict[str, float], units: int) -> dict[str, float]:
    """Microseconds of processor time per unit of work; `others_share` of one processor."""
    elapsed, others = spent["elapsed"], spent["others"]
    named = {name: s for name, s in spent.items() if name not in ("elapsed", "others")}
    costs = {f"{name}_us": s * 1e6 / max(units, 1) for name, s in named.items()}
    return costs | {"others_share": others / max(elapsed, 1e-9)}


def faultless(result: Answer) -> None:
    """Errors: BenchFailed unless every unit ended as it must."""
    if result["errors"] or result["failed"]:
        first = "\n    ".join(result["errors"])
        raise BenchFailed(f"{result['failed']} units were refused:\n    {first}")
    if not result["measured"]:
        raise BenchFailed("nothing was done in the time measured")


def check(address: str, cycles: int) -> Answer:
    """What the database holds in the end. Errors: BenchFailed unless it is what was done."""
    store = open_store(address)
    try:
        trades = store.counts()["trades"]
        balance = store.trial_balance()
        wrong = store.check_balances()
    finally:
        store.close()
    if trades != cycles:
        raise BenchFailed(f"{cycles} cycles were filled, the database holds {trades} trades")
    if any(balance.values()) or wrong:
        raise BenchFailed(f"the ledger does not balance: {balance} {wrong[:5]}")
    return {"trades": trades, "trial_balance": balance}
