"""What a drop copy of everybody costs: cycles on a desk without one and on one with one, in turn.

The cost is processor time of the sequencer's thread. A cycle is a quote and a deal on it, of which
the deal alone is copied; its cost is what a cycle costs more than a quote.
"""

from otcfix.bench.children import Answer
from otcfix.bench.measure import Meter, middle
from otcfix.bench.phases import MARGIN_S, faultless, per_unit
from otcfix.bench.stage import Desk, Stage

ROUNDS = 4


def measure(stage: Stage) -> Answer:
    """Errors: BenchFailed when anything was refused, or the copy did not hear everything."""
    spent: dict[bool, dict[str, list[float]]] = {
        copied: {"quote": [], "cycle": []} for copied in (False, True)
    }
    for _ in range(ROUNDS):
        for copied in (False, True):
            for flow, found in spent[copied].items():
                found.append(_run(stage, stage.desk("sqlite", copies=copied), flow, copied))
    without, with_copy = (
        {flow: middle(found) for flow, found in spent[copied].items()} for copied in (False, True)
    )
    added = with_copy["cycle"] - without["cycle"]
    return {
        "cycle_us": without["cycle"],
        "fill_us": without["cycle"] - without["quote"],
        "added_us": added,
        "added_to_a_cycle": added / without["cycle"],
        "added_to_a_fill": added / (without["cycle"] - without["quote"]),
    }


def _run(stage: Stage, desk: Desk, flow: str, copied: bool) -> float:
    """Microseconds of the sequencer's thread a unit."""
    plan, load = stage.plan, stage.load
    load.ask("log_on", port=desk.port, sessions=plan.few)
    if copied:
        stage.subscribers.ask("log_on", port=desk.port, first=plan.many - 1, sessions=1)
        stage.subscribers.ask("listen")
        stage.subscribers.ask("begin")
    child = desk.child
    meter = Meter({"desk": [child.pid]}, {"sequencer": (child.pid, child.about["sequencer"])})
    result = load.ask(
        *("run", plan.warm_s + plan.quote_s + MARGIN_S),
        flow=flow,
        window=plan.few_window,
        warm_s=plan.warm_s,
        seconds=plan.quote_s,
        two_way=plan.two_way,
    )
    cost = per_unit(meter.stop(), result["units"])["sequencer_us"]
    if flow == "quote":
        load.ask("pass_all")
    load.ask("log_off")
    if copied:
        stage.subscribers.ask("log_off")
    faultless(result)
    desk.cycles += result["units"] if flow == "cycle" else 0
    return float(cost)
