"""otcfix sim client, otcfix sim oms: clients of the desk, simulated."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct

from otcfix.cli.options import JsonOption, quiet
from otcfix.cli.outcome import CONNECT, NO, Failed, usage_error
from otcfix.cli.show import print_json
from otcfix.cli.sim_options import (
    ConfigDir,
    Count,
    DeafMs,
    Deeds,
    DelayMs,
    Ends,
    EndTag,
    FaultsOption,
    Grouped,
    Heartbeat,
    Host,
    LeaveOpen,
    Patience,
    Port,
    Quantities,
    Rate,
    RestBps,
    Script,
    Secret,
    Seed,
    Sender,
    Session,
    Show,
    Symbols,
    Target,
    Username,
    Values,
    Version,
    WireScript,
    named,
    plan_of,
    who_of,
    wire_faults,
)

if TYPE_CHECKING:
    from otcfix.sim import Plan, SimClient, Speech
    from otcfix.trials.line import Who
    from otcfix.trials.scenario import Said


class Given(Struct):
    """What both commands take, as the command line has it."""

    who: "Who"
    plan: "Plan"
    speech: "Speech"
    client: "SimClient"
    script: Path | None
    values: list[str]
    show: bool
    as_json: bool


def client(
    session: Session = "ALPHA44",
    config: ConfigDir = None,
    host: Host = "127.0.0.1",
    port: Port = 0,
    version: Version = "",
    sender: Sender = "",
    target: Target = "OTCFIX",
    username: Username = "",
    secret: Secret = "",
    heartbeat: Heartbeat = 30,
    symbol: Symbols = ["BTC/USD"],  # noqa: B006
    qty: Quantities = ["0.1"],  # noqa: B006
    do: Deeds = "ask,hit,hit,rest,cancel",
    rate: Rate = "5",
    count: Count = 20,
    seed: Seed = 1,
    rest_bps: RestBps = "100",
    leave_open: LeaveOpen = False,
    patience: Patience = "3",
    script: Script = None,
    value: Values = [],  # noqa: B006
    fault: FaultsOption = [],  # noqa: B006
    delay_ms: DelayMs = "300",
    deaf_ms: DeafMs = "5000",
    wire: WireScript = None,
    show: Show = False,
    as_json: JsonOption = False,
) -> None:
    """Be a client of a desk: ask for quotes, hit them, rest orders, cancel them; as badly as told.

    It comes back after every break, sends again what it is asked for, and says at the end what it
    said, heard and dealt. Exit code 1 when it never learned what became of an order or a cancel, or
    the script failed; 5 when nobody lets it in.

    Examples:
      otcfix sim client --session GAMMA50 --count 100 --rate 20 --seed 7
      otcfix sim client --do ask,hit --symbol BTC/USD --symbol ETH/USD --rate 0 --count 1000
      otcfix sim client --fault drop=0.02 --fault duplicate=0.01 --fault checksum=0.01 --json
      otcfix sim client --wire trouble.txt --script rfq.trial --value symbol=BTC/USD --value qty=1
      otcfix sim client --version FIX.4.4 --sender ALPHA --username alpha --port 9878
    """
    quiet("warning")
    who = (
        named(version or "FIX.4.4", sender, target, username, secret, host, port, heartbeat)
        if sender
        else who_of(session, config, host, port, secret, heartbeat)
    )
    from otcfix.sim import Speech  # noqa: PLC0415

    plan = plan_of(symbol, qty, do, rate, count, seed, rest_bps, leave_open, patience)
    _run(
        Given(
            who, plan, Speech(who.version), _client(who, fault, delay_ms, deaf_ms, wire, seed),
            script, value, show, as_json,
        )
    )  # fmt: skip


def oms(
    session: Session = "BETAFLAT",
    config: ConfigDir = None,
    host: Host = "127.0.0.1",
    port: Port = 0,
    sender: Sender = "",
    target: Target = "OTCFIX",
    username: Username = "",
    secret: Secret = "",
    heartbeat: Heartbeat = 30,
    end_client: Ends = [],  # noqa: B006
    end_tag: EndTag = 109,
    grouped: Grouped = False,
    symbol: Symbols = ["BTC-USD"],  # noqa: B006
    qty: Quantities = ["0.1"],  # noqa: B006
    do: Deeds = "hit,hit,hit,rest,cancel",
    rate: Rate = "5",
    count: Count = 20,
    seed: Seed = 1,
    rest_bps: RestBps = "100",
    leave_open: LeaveOpen = False,
    patience: Patience = "3",
    script: Script = None,
    value: Values = [],  # noqa: B006
    fault: FaultsOption = [],  # noqa: B006
    delay_ms: DelayMs = "300",
    deaf_ms: DeafMs = "5000",
    wire: WireScript = None,
    show: Show = False,
    as_json: JsonOption = False,
) -> None:
    """Be a broker's order system, in FIX 4.2, that will not change: flat QuoteRequests, its own
    symbols, end clients in ClientID(109) or OnBehalfOfCompID(115).

    After a break it says again what was not answered: under its number with 43=Y, then under a new
    one with 97=Y. Exit codes as of `otcfix sim client`.

    Examples:
      otcfix sim oms --count 50 --seed 3
      otcfix sim oms --session PRIME42 --end-client FUND1 --end-client FUND2 --fault cut=0.05
      otcfix sim oms --end-client FUND1 --end-tag 115 --symbol XBT/USD --grouped --json
    """
    quiet("warning")
    who = (
        named("FIX.4.2", sender, target, username, secret, host, port, heartbeat)
        if sender
        else who_of(session, config, host, port, secret, heartbeat)
    )
    _speaks_42(who, session)
    ends = tuple(end_client)
    plan = plan_of(
        symbol, qty, do, rate, count, seed, rest_bps, leave_open, patience, ends or ("",)
    )
    speech = _flat(not grouped, end_tag if ends else 0)
    wired = _client(who, fault, delay_ms, deaf_ms, wire, seed)
    _run(Given(who, plan, speech, wired, script, value, show, as_json))


# -- what the options mean ------------------------------------------------------------------------


def _speaks_42(who: "Who", session: str) -> None:
    if who.version != "FIX.4.2":
        raise usage_error(f"--session: {session} speaks {who.version}; this one speaks FIX.4.2")


def _flat(flat: bool, end_tag: int) -> "Speech":
    """How an order system says it. Errors: BadParameter."""
    from otcfix.sim import Speech  # noqa: PLC0415

    if end_tag not in (0, 1, 109, 115):
        raise usage_error(f"--end-tag {end_tag}: expected 109, 115 or 1")
    return Speech("FIX.4.2", flat, end_tag)


def _client(
    who: "Who", faults: list[str], delay_ms: str, deaf_ms: str, wire: Path | None, seed: int
) -> "SimClient":
    from otcfix.sim import SimClient, read_rules  # noqa: PLC0415

    rules = read_rules(wire) if wire else ()
    return SimClient(who, faults=wire_faults(faults, delay_ms, deaf_ms), rules=rules, seed=seed)


# -- running --------------------------------------------------------------------------------------


def _run(given: Given) -> None:
    from otcfix.cli.serve import stop_signals  # noqa: PLC0415
    from otcfix.sim.session import NoSession  # noqa: PLC0415

    if given.script is not None:
        _play(given)
        return
    stopping = stop_signals()
    try:
        found = given.client.work(
            given.speech,
            given.plan,
            transcript=printed() if given.show else None,
            stopped=stopping.is_set,
        )
    except NoSession as error:
        raise Failed(CONNECT, str(error)) from None
    ok = not found["unanswered"]
    if given.as_json:
        print_json({"ok": ok} | found)
    else:
        _tell(found)
    if not ok:
        raise typer.Exit(NO)


def _play(given: Given) -> None:
    from otcfix.sim.client import passed  # noqa: PLC0415
    from otcfix.trials.reading import read_file  # noqa: PLC0415

    values: dict[str, str] = {}
    for text in given.values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise usage_error(f"--value {text}: expected NAME=VALUE")
        values[name] = value
    assert given.script is not None
    scenario = read_file(given.script)
    missing = [name for name in scenario.uses if name not in values]
    if missing:
        raise usage_error(f"--value: {given.script} uses {', '.join(missing)}")
    result = given.client.play(scenario, values, given.plan.patience_s)
    steps = [
        {"line": s.line, "step": s.text, "verdict": s.verdict, "got": s.got} for s in result.steps
    ]
    faults = dict(given.client.trouble.done)
    if given.as_json:
        print_json({"ok": passed(result), "why": result.why, "steps": steps, "faults": faults})
    else:
        for said in result.transcript if given.show else ():
            print(_line(said))
        print(f"{result.verdict}: {scenario.title}{': ' + result.why if result.why else ''}")
    if not passed(result):
        raise typer.Exit(NO)


def printed() -> "list[Said]":
    """A transcript that is printed as it comes, and not kept."""

    class Printed(list[Any]):
        def append(self, said: Any) -> None:
            print(_line(said), file=sys.stderr, flush=True)

    return Printed()


def _line(said: "Said") -> str:
    at = time.strftime("%H:%M:%S", time.gmtime(said.at))
    return f"{at}.{int(said.at * 1_000) % 1_000:03d} {said.way} {said.text}"


def _tell(found: dict[str, Any]) -> None:
    """The summary for people."""
    for name in ("said", "heard", "refused", "faults"):
        words = ", ".join(f"{key} {count}" for key, count in found[name].items())
        print(f"{name:<9}{words or 'nothing'}")
    for book in found["books"]:
        who = f"{book['end_client']} " if book["end_client"] else ""
        print(
            f"{'dealt':<9}{who}{book['symbol']}: {book['fills']} fills, "
            f"bought {book['bought']} for {book['paid']}, "
            f"sold {book['sold']} for {book['received']}"
        )
    took = found["answer_ms"]
    print(f"{'answers':<9}p50 {took['p50'] or '-'} ms, p99 {took['p99'] or '-'} ms")
    print(
        f"{'session':<9}{found['logons']} logons, {found['breaks']} breaks, "
        f"{found['open_orders']} orders open, {len(found['unanswered'])} unanswered"
    )
