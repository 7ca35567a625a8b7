"""otcfix demo: three venues, a desk, six clients and a broker, dealing before your eyes.

`setting` with `guests` and `bridge` is their configuration, `stage` starts them, `script` with
`prices`, `streams`, `refused` and `bridged` is what happens, a `player` speaks for each client,
`screen` shows it, `audit` looks at the books.
"""

import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from otcfix.cli.options import JsonOption, load_config, quiet, shipped_config
from otcfix.cli.outcome import NO, complain
from otcfix.cli.show import print_json


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the desk running, and say how to connect.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Another market.")] = 0,
    fast: Annotated[
        bool, typer.Option("--quick", help="Quotes live 0.6 s instead of the configured time.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="DIR", help="Default: ./config, else the shipped one."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Start venues, a desk and six clients on a temporary database, and let them deal.

    The desk prices from two simulated venues and a liquidity provider over FIX, and covers there.
    Trades (a quote hit, a streamed price hit, a limit order that rests and fills), three
    refusals (no fresh source, an expired quote, an order beyond the client's funds); why a price
    was as it was, a hedge, a source left out. Then the gate: clients without KYC, in a country
    that no rule allows, on a sanctions list: one answer to all three, and what the journal has of
    each; a throttle; a limit that two people raise; a client who is listed while an order of his
    rests. Then a broker's flat FIX 4.2 order system with two end clients: its drop copy with a
    delay, trades asked for, a trade that two people bust, a hold, a line that breaks and cancels.
    Last the ledger, the journal's check and its replay.
    Nothing is canned: what is counted is what the clients heard. Exit code 1 when anything that
    had to happen did not.

    Examples:
      otcfix demo
      otcfix demo --quick --json
      otcfix demo --keep
    """
    quiet("error")
    loaded = load_config(config or shipped_config())
    missing = _play(loaded, keep, seed, fast, as_json)
    for line in missing:
        complain(f"demo: did not happen: {line}")
    if missing:
        raise typer.Exit(NO)


def _play(config: Any, keep: bool, seed: int, fast: bool, as_json: bool) -> list[str]:
    """Start everything, let it deal, look at the books; what did not happen."""
    from otcfix.cli.demo.audit import audited, show_audit  # noqa: PLC0415
    from otcfix.cli.demo.screen import Screen  # noqa: PLC0415
    from otcfix.cli.demo.script import perform  # noqa: PLC0415
    from otcfix.cli.demo.stage import Stage  # noqa: PLC0415

    # Importing QuickFIX has set SIGINT to end the process at once.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    screen = Screen(shown=not as_json)
    stage = Stage(config, seed=seed, quick=fast, keep=keep)
    try:
        stage.open(screen)
        missing = perform(stage, screen)
        stage.send_home()
        if not keep:
            stage.close()
        found = audited(stage)
        if as_json:
            print_json(found.document)
        else:
            show_audit(found, screen)
            screen.say(f"Done in {time.monotonic() - started:.1f} s.")
        sys.stdout.flush()
        if keep:
            _stay(stage, as_json)
    finally:
        stage.close()
        if not keep:
            stage.remove()
    return missing + found.missing


def _stay(stage: Any, as_json: bool) -> None:
    """Leave the desk running until a signal; how to connect goes to stderr beside --json."""
    from otcfix.cli.serve import LOOK_S, stop_signals  # noqa: PLC0415

    out = sys.stderr if as_json else sys.stdout
    for line in stage.directions():
        print(line, file=out)
    out.flush()
    stopping = stop_signals()
    while not stopping.is_set() and not stage.app.ended.wait(LOOK_S):
        pass
    print(f"otcfix: stopped; the database stays: {stage.database}", file=out, flush=True)
