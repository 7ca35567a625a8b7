"""otcfix throttles show: rates, what moves them now, what is left, what was refused today."""

import time
from typing import Annotated

import typer

from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    open_database,
    quiet,
)
from otcfix.cli.outcome import usage_error
from otcfix.cli.show import print_json, print_table

app = typer.Typer(help="Rates of messages, as they are now.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Rates of messages, as they are now."""


@app.command()
def show(
    session: Annotated[str, typer.Option("--session", metavar="KEY", help="Of one session.")] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show each session's rates: what it may send now, and what was refused today (UTC).

    As the desk that ran last, or runs, has them in its journal; factor is what is left of a rate
    while the desk is busy, or for a client who deals on few of his quotes.

    Examples:
      otcfix throttles show
      otcfix throttles show --session ALPHA44 --json
    """
    quiet("error")
    from otcfix.cli.state_now import state_now  # noqa: PLC0415
    from otcfix.control.rates import rows_of  # noqa: PLC0415

    loaded = load_config(config)
    store = open_database(database)
    try:
        state = state_now(store, loaded)
    finally:
        store.close()
    if session and session not in state.register.sessions:
        known = ", ".join(sorted(state.register.sessions)) or "none: no desk has run"
        raise usage_error(f"--session: {session!r} is no session; expected one of: {known}")
    rows = rows_of(state, time.time_ns() // 1_000, session)
    if as_json:
        print_json({"throttles": rows})
    elif not rows:
        print("Nothing is limited: no rows in throttles.toml, no messages_per_second.")
    else:
        print_table(
            ("session", "class", "a second", "burst", "weight", "factor", "left", "refused today"),
            [
                (r["session"], r["class"], r["per_second"], r["burst"], r["weight"], r["factor"],
                 r["left"], r["refused_today"])
                for r in rows
            ],
            right=("a second", "burst", "weight", "factor", "left", "refused today"),
        )  # fmt: skip
