"""otcfix breaks: what clients say is not right, and what staff decides."""

from typing import Annotated, Any

import typer

from otcfix.cli.clients import tell
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    WhyOption,
    open_database,
    quiet,
    read_amount,
)
from otcfix.cli.outcome import NO, Failed, usage_error
from otcfix.cli.show import clock, print_json, print_table
from otcfix.cli.trades import document as trade_document
from otcfix.cli.trades import show_trades
from otcfix.model.time import iso

app = typer.Typer(
    help="Breaks: trades that a client disputes, and what is decided.", no_args_is_help=True
)

BreakArgument = Annotated[str, typer.Argument(metavar="ID", help="As list shows it.")]


@app.command("list")
def list_breaks(
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are resolved as well.")
    ] = False,
    client: Annotated[str, typer.Option("--client", metavar="ID", help="Only this client.")] = "",
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show the breaks that are open, oldest first.

    Examples:
      otcfix breaks list
      otcfix breaks list --all --client ALPHA --json
    """
    quiet("error")
    store = open_database(database)
    try:
        found = store.trade_breaks()
    finally:
        store.close()
    wanted = [
        one
        for one in found
        if (everything or one.state == "OPEN") and client in ("", one.client_id)
    ]
    if as_json:
        print_json({"breaks": [document(one) for one in wanted]})
    elif not wanted:
        print("No breaks.")
    else:
        _print(wanted)


def _print(found: list[Any]) -> None:
    print_table(
        ("break", "since (UTC)", "client", "session", "about", "said", "state", "by", "why"),
        [
            (o.break_id, clock(o.at), o.client_id, o.session, o.exec_id, o.reason, o.state, o.by,
             o.why)
            for o in found
        ],
    )  # fmt: skip


def document(one: Any) -> dict[str, Any]:
    """One break for JSON. about: the ExecID(17), or the ConfirmID(664) of a ConfirmationAck."""
    return {
        "break": one.break_id, "at": iso(one.at), "client": one.client_id,
        "session": one.session, "about": one.exec_id, "msg_type": one.what,
        "reason": one.reason, "state": one.state, "by": one.by, "why": one.why,
    }  # fmt: skip


@app.command()
def show(
    break_id: BreakArgument, database: DatabaseOption = DATABASE, as_json: JsonOption = False
) -> None:
    """Show one break, and the trade that it is about.

    Examples:
      otcfix breaks show X1BTFG8WES60
      otcfix breaks show X1BTFG8WES60 --json
    """
    quiet("error")
    store = open_database(database)
    try:
        found = [one for one in store.trade_breaks() if one.break_id == break_id]
        trades = store.trades(exec_id=found[0].exec_id) if found else []
    finally:
        store.close()
    if not found:
        raise Failed(NO, f"no break {break_id}")
    if as_json:
        print_json({**document(found[0]), "trades": [trade_document(row) for row in trades]})
        return
    _print(found)
    if trades:
        print()
        show_trades(trades)


@app.command()
def resolve(
    break_id: BreakArgument,
    resolved_as: Annotated[
        str, typer.Option("--as", metavar="bust|correct|stands", help="What is decided.")
    ],
    why: WhyOption,
    price: Annotated[
        str, typer.Option("--price", metavar="PRICE", help="correct: the right price.")
    ] = "",
    quantity: Annotated[
        str, typer.Option("--quantity", metavar="QTY", help="correct: the right quantity, in base.")
    ] = "",
    owing: Annotated[
        bool, typer.Option("--owing", help="What the client lacks for it, he owes from then on.")
    ] = False,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Decide a break. Bust and correct move money: they wait for a second person.

    Examples:
      otcfix breaks resolve X1BTFG8WES60 --as stands --why "tape sent, client agrees"
      otcfix breaks resolve X1BTFG8WES60 --as bust --why "wrong account" --by ann
      otcfix breaks resolve X1BTFG8WES60 --as correct --price 100090.5 --why "mistyped"
    """
    from otcfix.model.post_trade import ResolveBreak  # noqa: PLC0415

    if resolved_as not in ("bust", "correct", "stands"):
        raise usage_error(f"--as: {resolved_as!r} is neither bust, correct nor stands")
    command = ResolveBreak(
        break_id, resolved_as, by, why,
        read_amount(price, "--price") if price else None,
        read_amount(quantity, "--quantity") if quantity else None,
        owing,
    )  # fmt: skip
    tell(config, database, command, as_json)
