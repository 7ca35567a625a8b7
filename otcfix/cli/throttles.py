"""otcfix throttles show: rates, what moves them now, what is left, what was refused today."""

import time
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from otcfix.desk.state import State

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

    loaded = load_config(config)
    store = open_database(database)
    try:
        state = state_now(store, loaded)
    finally:
        store.close()
    if session and session not in state.register.sessions:
        known = ", ".join(sorted(state.register.sessions)) or "none: no desk has run"
        raise usage_error(f"--session: {session!r} is no session; expected one of: {known}")
    rows = [
        row for row in rows_of(state, time.time_ns() // 1_000) if session in ("", row["session"])
    ]
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


def rows_of(state: "State", now: int) -> list[dict[str, Any]]:
    """One row for each limit that *state* counts with; now: the Instant of it. left: messages that
    would pass at once."""
    from otcfix.desk import throttling  # noqa: PLC0415
    from otcfix.desk.draft import Draft  # noqa: PLC0415
    from otcfix.model.event import Event  # noqa: PLC0415

    draft = Draft(state, Event(state.seq, now, "Look", None, now))
    words, day = state.words.get(throttling.WORD, {}), throttling.day_of(now)
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for (session, name), rate in sorted(state.register.rates.items()):
        refused = throttling.refused_on(day, state.word(throttling.REFUSED, f"{session}|{name}"))
        for bucket in rate.buckets:
            together = bucket.key == session
            factor = 1_000 if together else throttling.factor_of(draft, session, name)
            owed = max(0, int(words.get(bucket.key, 0)) - now * 1_000)
            left = (bucket.room - owed) * factor // (bucket.cost * 1_000)
            shown = "together" if together else name
            row: dict[str, Any] = {
                "session": session,
                "class": shown,
                "per_second": f"{1_000_000_000 / bucket.cost:.3f}".rstrip("0").rstrip("."),
                "burst": bucket.room // bucket.cost,
                "weight": 1 if together else rate.weight,
                "factor": f"{factor / 1_000:g}",
                "left": max(0, left),
                "refused_today": 0 if together else refused,
                "hard_ms": bucket.hard_for // 1_000_000 if bucket.hard_cost else None,
            }
            seen = told.setdefault((session, shown), row)
            if together:
                seen["refused_today"] += refused
    return list(told.values())
