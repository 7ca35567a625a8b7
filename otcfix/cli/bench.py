"""otcfix bench: hands over to `otcfix.bench`."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from otcfix.cli.options import JsonOption, quiet
from otcfix.cli.outcome import usage_error


def bench(
    full: Annotated[
        bool, typer.Option("--full", help="The long parts as well: memory, restart, replay.")
    ] = False,
    phase: Annotated[
        str, typer.Option("--phase", metavar="NAMES", help="Only these parts, by comma.")
    ] = "",
    database: Annotated[
        str, typer.Option("--database", metavar="NAMES", help="sqlite, postgresql; default: both.")
    ] = "",
    rounds: Annotated[
        int | None, typer.Option("--rounds", metavar="N", min=1, help="Runs of each part.")
    ] = None,
    postgresql: Annotated[
        str,
        typer.Option(
            "--postgresql",
            metavar="URL",
            envvar="OTCFIX_BENCH_POSTGRESQL",
            help="This server, not one of our own.",
        ),
    ] = "",
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="Where the desk spends its time."),
    ] = None,
    feed: Annotated[
        Path | None,
        typer.Option("--feed", metavar="FILE", help="A recorded market, for the market's part."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure this machine: a bare acceptor, the disk, and otcfix under the same load.

    The plain run takes some three minutes; progress goes to stderr.

    Examples:
      otcfix bench
      otcfix bench --json > bench.json
      otcfix bench --full --database sqlite
    """
    quiet("error")
    from otcfix.bench import run  # noqa: PLC0415

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is cleared away
    try:
        code = run(
            as_json,
            full,
            phase=phase,
            database=database,
            rounds=rounds,
            postgresql=postgresql,
            profile=profile,
            feed=feed,
        )
    except ValueError as error:
        raise usage_error(f"--phase, --database: {error}") from None
    if code:
        raise typer.Exit(code)
