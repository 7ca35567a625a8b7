"""The long measurements of --full: memory over many cycles, restart, replay, the engine's share."""

from collections.abc import Callable

from otcfix.bench import desk_config
from otcfix.bench.children import Answer
from otcfix.bench.phases import faultless
from otcfix.bench.stage import Desk, Stage

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
    points = [{"cycles": 0, **desk.child.ask("stats", collect=True)}]
    said = 0
    for number in range(plan.memory_steps):
        said += _cycles(stage, desk, step)
        points.append({"cycles": (number + 1) * step, **desk.child.ask("stats", collect=True)})
        say(f"{database}: {points[-1]}")
    load.ask("log_off")
    first, last = points[0], points[-1]
    grown = (last["rss_mb"] - first["rss_mb"]) * 1e6
    return {
        "points": points,
        "messages_said": said,
        "rss_bytes_per_message": grown / max(said, 1),
        "blocks_per_cycle": (last["blocks"] - first["blocks"]) / max(last["cycles"], 1),
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
    """Start again after SIGKILL (newest snapshot, and the tail behind it), then after a stop."""
    desk = stage.desk(database)
    desk.child.kill()
    found: Answer = {}
    for how in ("killed", "snapshot"):
        desk.child = stage.start_desk(database, desk.database)
        about = desk.child.about
        found |= {
            "events": about["seq"],
            f"{how}_s": about["ready_s"],
            f"{how}_recovery_s": about["recovery_s"],
        }
        say(f"{database}: restart ({how}): {about}")
        if how == "killed":
            desk.stop()
    return found


def replay(stage: Stage, database: str) -> Answer:
    """Decide the whole journal again from nothing."""
    desk = stage.desk(database)
    desk.stop()
    config = stage.folder / f"desk-{database}" / "config"
    child = stage.start(f"replay-{database}", "replaying", str(config), desk.database)
    answer = child.ask("replay", 3600.0)
    child.close()
    return answer
