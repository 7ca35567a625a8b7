"""otcfix limits: what may be used, what is used, and setting it."""

import time
from decimal import Decimal
from typing import Annotated, Any

import typer

from otcfix.cli.mailbox import send
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    WhyOption,
    load_config,
    open_database,
    quiet,
    read_amount,
    whoami,
)
from otcfix.cli.outcome import usage_error
from otcfix.cli.show import print_json, print_table
from otcfix.model.limit import CLIENT, DESK, MEASURES, TIER, SetLimit
from otcfix.model.time import iso

app = typer.Typer(help="Limits: what holds, what of it is used, setting one.", no_args_is_help=True)

WhoArgument = Annotated[str, typer.Argument(metavar="WHO", help="client:NAME, tier:NAME or desk.")]
MeasureArgument = Annotated[str, typer.Argument(metavar="MEASURE", help=", ".join(MEASURES))]
WhatOption = Annotated[
    str,
    typer.Option("--what", metavar="WHAT", help="instrument:BTC/USD or class:crypto; else all."),
]


@app.command("show")
def show(
    client: Annotated[
        str, typer.Option("--client", metavar="ID", help="Only what binds this client.")
    ] = "",
    measure: Annotated[
        str, typer.Option("--measure", metavar="NAME", help="Only this measure.")
    ] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show limits with what is used and left of them, and where each comes from.

    Read from the newest snapshot and the journal behind it; a desk may run meanwhile.

    Examples:
      otcfix limits show
      otcfix limits show --client ALPHA --measure turnover_day --json
    """
    quiet("error")
    if measure and measure not in MEASURES:
        raise usage_error(f"--measure: expected one of {', '.join(MEASURES)}")
    rows = _standings(load_config(config), database, client, measure)
    if as_json:
        print_json({"limits": rows})
        return
    print_table(
        ("limit", "client", "what", "measure", "amount", "used", "left", "%", "from", "by",
         "since (UTC)"),
        [
            (r["who"], r["client"], r["what"] or "all", r["measure"], _plain(r["amount"]),
             _plain(r["used"]), _plain(r["left"]), _plain(r["per_cent"]), r["source"], r["by"],
             r["since"])
            for r in rows
        ],
        right=("amount", "used", "left", "%"),
    )  # fmt: skip


def _standings(config: Any, database: str, client: str, measure: str) -> list[dict[str, Any]]:
    from otcfix.cli.state_now import state_now  # noqa: PLC0415
    from otcfix.desk.limit_report import standings  # noqa: PLC0415

    store = open_database(database)
    try:
        state = state_now(store, config)
    finally:
        store.close()
    if client and client not in state.register.clients:
        known = ", ".join(sorted(state.register.clients)) or "none: no desk has run yet"
        raise usage_error(f"--client: no client {client}; there are {known}")
    found = standings(state, time.time_ns() // 1_000, client, measure)
    return [_document(one) for one in found]


def _document(one: Any) -> dict[str, Any]:
    limit, said = one.limit, one.said
    has_use = one.used is not None and limit.measure != "median_multiple"
    left = limit.amount - one.used if has_use else None
    share = one.used / limit.amount * 100 if has_use and limit.amount else None
    return {
        "who": limit.who, "client": one.client, "what": limit.what, "measure": limit.measure,
        "amount": limit.amount, "used": one.used, "left": left,
        "per_cent": None if share is None else share.quantize(Decimal("0.1")),
        "source": one.source, "by": said.by if said else "", "why": said.why if said else "",
        "since": iso(one.said_at) if said else "",
    }  # fmt: skip


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


@app.command("set")
def set_limit(
    who: WhoArgument,
    measure: MeasureArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="0 lets nothing pass.")],
    why: WhyOption,
    what: WhatOption = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Set a limit; it wins over the files. Raising one waits for a second person.

    Examples:
      otcfix limits set client:ALPHA turnover_day 5000000 --why "new mandate"
      otcfix limits set tier:gold order_size 20 --what instrument:BTC/USD --why "thin weekend"
    """
    value = Decimal(0) if amount in ("0", "0.0") else read_amount(amount, "AMOUNT")
    _send(SetLimit(who, what, measure, value, by or whoami(), why), config, database, as_json)


@app.command("remove")
def remove(
    who: WhoArgument,
    measure: MeasureArgument,
    why: WhyOption,
    what: WhatOption = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Remove a limit, wherever it came from; it waits for a second person.

    Examples:
      otcfix limits remove desk turnover_day --why "replaced by one per class"
    """
    _send(SetLimit(who, what, measure, None, by or whoami(), why), config, database, as_json)


def _send(command: SetLimit, config: Any, database: str, as_json: bool) -> None:
    quiet("error")
    if not command.who.startswith((CLIENT, TIER)) and command.who != DESK:
        raise usage_error(f"WHO: expected client:NAME, tier:NAME or desk, got {command.who!r}")
    if command.measure not in MEASURES:
        raise usage_error(f"MEASURE: expected one of {', '.join(MEASURES)}")
    done = send(load_config(config), database, command, command.by)
    waits = done.result.startswith("waits")
    if as_json:
        print_json(
            {"ok": True, "event": done.seq, "offline": done.offline, "waits": waits,
             "result": done.result}
        )  # fmt: skip
        return
    late = " No desk runs: it holds from the next start on." if done.offline and not waits else ""
    print(f"{done.result if waits else 'Set'}: event {done.seq}.{late}")
