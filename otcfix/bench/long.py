"""The long measurements of --full: memory over many cycles, restart, replay, the engine's share."""

from collections.abc import Callable

from otcfix.bench import desk_config
from otcfix.bench.children import Answer
from otcfix.bench.phases import faultless
from otcfix.bench.stage import Desk, Stage
from otcfix.sequencer.loop import SNAPSHOT_EVERY, SNAPSHOT_VERSION
from otcfix.store import open_store

Say = Callable[[str], None]

CYCLE_S = 1 / 400
"""No desk worth measuring is slower: the limit for waiting."""


def measure(stage: Stage, databases: list[str], say: Say) -> Answer:
    """Every long phase of the plan."""
    found: Answer = {}
    plan = stage.plan
    if plan.has("engine"):
        found["engine"] = engine(stage)
        say(f"engine: {found['engine']}")
    for database in databases:
        here = found.setdefault(database, {})
        if plan.has("memory", "restart", "replay"):
            here["memory"] = memory(stage, database, say)
        if plan.has("restart"):
            here["restart"] = restart(stage, database, say)
        if plan.has("replay"):
            here["replay"] = replay(stage, database)
            say(f"{database}: replay {here['replay']}")
    return found


def engine(stage: Stage) -> Answer:
    """What QuickFIX keeps in memory per message sent: the bare acceptor, with its file store."""
    plan, load = stage.plan, stage.load
    port = desk_config.free_port()
    folder = stage.folder / "engine"
    child = stage.start("engine", "echo", str(port), "1", str(folder))
    load.ask("log_on", port=port, sessions=1)
    load.ask("run", flow="echo", window=32, count=plan.engine_messages // 10)
    before = child.ask("stats")
    limit = plan.engine_messages * CYCLE_S
    load.ask("run", limit, flow="echo", window=32, count=plan.engine_messages)
    after = child.ask("stats")
    load.ask("log_off")
    child.close()
    messages = after["answered"] - before["answered"]
    grown = (after["rss_mb"] - before["rss_mb"]) * 1e6
    return {"messages": messages, "bytes_per_message": grown / messages}


def memory(stage: Stage, database: str, say: Say) -> Answer:
    """Cycles on few sessions, with a look at the desk's memory at each step."""
    plan, load, desk = stage.plan, stage.load, stage.desk(database)
    load.ask("log_on", port=desk.port, sessions=plan.few)
    step = plan.memory_cycles // plan.memory_steps
    _cycles(stage, desk, step // 10)
    points = [{"cycles": 0, "messages_said": 0, **desk.child.ask("stats", collect=True)}]
    said = 0
    for number in range(plan.memory_steps):
        said += _cycles(stage, desk, step)
        here = {"cycles": (number + 1) * step, "messages_said": said}
        points.append(here | desk.child.ask("stats", collect=True))
        rss, blocks = points[-1]["rss_mb"], points[-1]["blocks"]
        say(f"{database}: {here['cycles']:,} cycles, {rss:.0f} MB, {blocks:,} Python objects")
    load.ask("log_off")
    return _grown(points) | {"points": points}


def _grown(points: list[Answer]) -> Answer:
    """How memory grew, and how fast in the second half: by then the database's cache is full."""
    first, half, last = points[0], points[len(points) // 2], points[-1]
    said = last["messages_said"] - half["messages_said"]
    return {
        "cycles": last["cycles"],
        "messages_said": last["messages_said"],
        "rss_mb_first": first["rss_mb"],
        "rss_mb_half": half["rss_mb"],
        "rss_mb_last": last["rss_mb"],
        "rss_bytes_per_message": (last["rss_mb"] - half["rss_mb"]) * 1e6 / max(said, 1),
        "python_blocks_per_cycle": (last["blocks"] - first["blocks"]) / max(last["cycles"], 1),
        "open_first": first["open"],
        "open_last": last["open"],
    }


def _cycles(stage: Stage, desk: Desk, count: int) -> int:
    """Run *count* cycles; returns how many messages the desk said."""
    plan = stage.plan
    result = stage.load.ask(
        *("run", max(count * CYCLE_S, 60.0)),
        flow="cycle",
        window=plan.few_window,
        count=count,
        two_way=plan.two_way,
    )
    faultless(result)
    desk.cycles += result["units"]
    return int(result["units"]) * 3


def restart(stage: Stage, database: str, say: Say) -> Answer:
    """Start again after SIGKILL (newest snapshot, and the tail behind it), then after a stop.

    The tail is as long as chance has it; killed_worst_s is what the longest one would take.
    """
    desk = stage.desk(database)
    desk.child.kill()
    found: Answer = {"newest_snapshot": _snapshot_seq(desk.database)}
    for how in ("killed", "snapshot"):
        desk.child = stage.start_desk(database, desk.database)
        about = desk.child.about
        found |= {
            f"{how}_seq": about["seq"],
            f"{how}_s": about["ready_s"],
            f"{how}_recovery_s": about["recovery_s"],
        }
        say(f"{database}: restart ({how}): {about}")
        if how == "killed":
            desk.stop()
    tail = max(found["killed_seq"] - found["newest_snapshot"], 1)
    longest = found["killed_recovery_s"] / tail * SNAPSHOT_EVERY
    rest = found["killed_s"] - found["killed_recovery_s"]
    return found | {"killed_tail": tail, "killed_worst_s": rest + longest}


def _snapshot_seq(address: str) -> int:
    """The event up to which the newest snapshot goes; 0 without one."""
    store = open_store(address)
    try:
        kept = store.newest_snapshot(SNAPSHOT_VERSION)
    finally:
        store.close()
    return kept[0] if kept else 0


def replay(stage: Stage, database: str) -> Answer:
    """Decide the whole journal again from nothing."""
    desk = stage.desk(database)
    desk.stop()
    config = stage.folder / f"desk-{database}" / "config"
    child = stage.start(f"replay-{database}", "replaying", str(config), desk.database)
    answer = child.ask("replay", 3600.0)
    child.close()
    return answer
