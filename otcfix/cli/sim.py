"""otcfix sim: the other side of the desk, simulated."""

import contextlib
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import LogLevelOption, quiet
from otcfix.cli.sim_clients import client, oms
from otcfix.cli.sim_options import (
    DeafMs,
    DelayMs,
    FaultsOption,
    WireScript,
    any_number,
    known_version,
    wire_faults,
)
from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.venues.simulated import Walk

app = typer.Typer(no_args_is_help=True, help="Simulated counterparties that speak FIX.")

HOST = "127.0.0.1"
TICKS = 1_000_000
"""The tick of a simulated symbol, where none is given: its price over this, a power of ten."""

LOT_WORTH = 100
"""About what its smallest quantity is worth, in its terms."""

Chance = Annotated[str, typer.Option(metavar="0..1")]
Milliseconds = Annotated[str, typer.Option(metavar="MS")]


@app.callback()
def _sim() -> None:
    pass


@app.command()
def venue(
    symbol: Annotated[
        list[str],
        typer.Option("--symbol", metavar="SYMBOL=PRICE", help="What it deals in; several times."),
    ],
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 9900,
    seed: Annotated[int, typer.Option(help="The same seed, the same market and chances.")] = 1,
    version: Annotated[str, typer.Option(help="FIX.4.2, FIX.4.4 or FIX.5.0SP2.")] = "FIX.4.4",
    comp_id: Annotated[str, typer.Option(help="Its CompID.")] = "SIMLP",
    client: Annotated[str, typer.Option(help="The CompID of who may log on.")] = "DESK",
    secret: Annotated[str, typer.Option(help="Password(554) of who may log on; none: any.")] = "",
    interval_ms: Annotated[int, typer.Option(min=1, help="Between two updates.")] = 100,
    sigma_bps: Annotated[str, typer.Option(help="How far the market moves an update.")] = "0.3",
    half_spread_bps: Annotated[str, typer.Option(help="Half of its spread.")] = "1",
    notional: Annotated[str, typer.Option(help="What a level holds, in terms.")] = "100000",
    levels: Annotated[int, typer.Option(min=1, max=50, help="Levels of a side.")] = 10,
    frozen: Annotated[bool, typer.Option("--frozen", help="A market that stands still.")] = False,
    latency_ms: Milliseconds = "0",
    jitter_ms: Milliseconds = "0",
    reject: Chance = "0",
    partial: Chance = "0",
    partial_ratio: Chance = "0.5",
    last_look_ms: Milliseconds = "0",
    last_look_reject: Chance = "0",
    swallow: Chance = "0",
    drop_report: Chance = "0",
    duplicate: Chance = "0",
    no_quote: Chance = "0",
    every: Annotated[
        list[str] | None,
        typer.Option(metavar="DEED=SECONDS", help="A deed again and again; several times."),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="What happens when."),
    ] = None,
    fault: FaultsOption = [],  # noqa: B006
    delay_ms: DelayMs = "300",
    deaf_ms: DeafMs = "5000",
    wire: WireScript = None,
    log_level: LogLevelOption = "warning",
) -> None:
    """Run a liquidity provider: streams books (V, W, X), quotes (R, S), deals (D, H, F, 8, 9).

    Says one JSON line when it listens, and runs until SIGINT or SIGTERM. A script has lines such
    as `at 3.0s: gap` or `at 5s: latency_ms 200`; --every does one deed again and again (crossed,
    stall, one_sided and zero are over after half of the time). The deeds: gap, lost, crossed,
    stall, one_sided, zero, resume, disconnect, duplicate, out_of_order, garbage, negative, bust,
    nudge, reject, partial, last_look, swallow, drop_report, duplicate_report, no_quote, no_book.
    What goes wrong on its wire, message by message, is --fault and --wire.

    Examples:
      otcfix sim venue --symbol BTC/USD=100000 --symbol ETH/USD=4000 --seed 7
      otcfix sim venue --symbol BTC/USD=100000 --latency-ms 5 --jitter-ms 3 --reject 0.05
      otcfix sim venue --symbol EUR/USD=1.08 --last-look-ms 80 --last-look-reject 0.1
      otcfix sim venue --symbol BTC/USD=100000 --every gap=10 --every stall=20 --every disconnect=60
      otcfix sim venue --symbol BTC/USD=100000 --port 0 --script trouble.txt
      otcfix sim venue --symbol BTC/USD=100000 --fault drop=0.01 --fault checksum=0.01 --seed 3
    """
    quiet(log_level)
    from otcfix.cli.serve import stop_signals  # noqa: PLC0415
    from otcfix.sim import (  # noqa: PLC0415
        Faults,
        SimVenue,
        Trouble,
        Wire,
        read_rules,
        read_script,
    )

    texts = {
        "latency_ms": latency_ms, "jitter_ms": jitter_ms, "partial": partial,
        "partial_ratio": partial_ratio, "reject": reject, "last_look_ms": last_look_ms,
        "last_look_reject": last_look_reject, "swallow": swallow, "drop_report": drop_report,
        "duplicate": duplicate, "no_quote": no_quote,
    }  # fmt: skip
    looks = {
        "sigma_bps": any_number("sigma-bps", sigma_bps),
        "half_spread_bps": any_number("half-spread-bps", half_spread_bps),
        "level_notional": any_number("notional", notional),
        "levels": levels,
    }
    walks = dict(_walk(text, looks) for text in symbol)
    is_wired = bool(fault or wire)
    made = SimVenue(
        walks,
        seed=seed,
        port=0 if is_wired else port,
        version=known_version(version),
        comp_id=comp_id,
        client=client,
        secret=secret,
        interval_ms=interval_ms,
        frozen=frozen,
        faults=Faults(**{k: any_number(k.replace("_", "-"), text) for k, text in texts.items()}),
        script=read_script(script) if script else (),
        every=dict(_repeated(text) for text in every or ()),
    )
    stopping = stop_signals()
    trouble = Trouble(wire_faults(fault, delay_ms, deaf_ms), read_rules(wire) if wire else (), seed)
    with contextlib.ExitStack() as stack:
        stack.enter_context(made)
        where = made.port
        if is_wired:
            where = stack.enter_context(Wire((HOST, made.port), heard=trouble, port=port)).port
        ready = {"listening": where, "version": version, "sender_comp_id": comp_id}
        print(json.dumps(ready | {"target_comp_id": client, "symbols": list(walks)}), flush=True)
        stopping.wait()
    if made.failure is not None:
        print(f"otcfix: the venue failed: {made.failure}", file=sys.stderr)
        raise typer.Exit(1)


def _walk(text: str, looks: dict[str, Any]) -> tuple[str, "Walk"]:
    """SYMBOL=PRICE as a market. Errors: ConfigError."""
    from otcfix.venues.simulated import Walk  # noqa: PLC0415

    symbol, equals, price = text.rpartition("=")
    mid = any_number("symbol", price)
    if not (symbol and equals and mid > 0):
        raise ConfigError(f"--symbol {text}: expected e.g. BTC/USD=100000")
    tick = Decimal(1).scaleb((mid / TICKS).adjusted())
    lot = Decimal(1).scaleb((LOT_WORTH / mid).adjusted())
    return symbol, Walk(mid, min(tick, Decimal("0.01")), lot, **looks)


def _repeated(text: str) -> tuple[str, Decimal]:
    """`gap=10`: what, and every how many seconds. Errors: ConfigError."""
    what, _, seconds = text.partition("=")
    return what, any_number(f"every {what}", seconds)


app.command()(client)
app.command()(oms)
