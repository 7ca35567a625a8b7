"""otcfix trades bust, correct: what was dealt is taken back or put right; a second person confirms.

Also otcfix allocations: for which accounts deals were.
"""

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
from otcfix.cli.outcome import usage_error
from otcfix.cli.show import clock, print_json, print_table
from otcfix.cli.trades import app
from otcfix.model.time import iso

allocations = typer.Typer(
    help="Allocations: for which accounts of a client deals were.", no_args_is_help=True
)

ExecArgument = Annotated[str, typer.Argument(metavar="EXEC_ID", help="ExecID(17) of the trade.")]
OwingOption = Annotated[
    bool, typer.Option("--owing", help="What the client lacks for it, he owes from then on.")
]


@app.command()
def bust(
    exec_id: ExecArgument,
    why: WhyOption,
    owing: OwingOption = False,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Take a trade back: its transfers are reversed, the client is told. A second person confirms.

    Refused when the client has no longer what he got, unless --owing: then he owes it, and gets
    what is his when he has paid. A hedge that was made for the trade stands.

    Examples:
      otcfix trades bust E10ACH6PW662 --why "venue's price was wrong" --by ann
      otcfix trades bust E10ACH6PW662 --owing --why "dealt in error" --by ann
    """
    from otcfix.model.post_trade import BustTrade  # noqa: PLC0415

    tell(config, database, BustTrade(exec_id, by, why, owing), as_json)


@app.command()
def correct(
    exec_id: ExecArgument,
    why: WhyOption,
    price: Annotated[str, typer.Option("--price", metavar="PRICE", help="The right price.")] = "",
    quantity: Annotated[
        str, typer.Option("--quantity", metavar="QTY", help="The right quantity, in base.")
    ] = "",
    owing: OwingOption = False,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Put a trade right: it is reversed, and posted anew under another ExecID. A second confirms.

    Examples:
      otcfix trades correct E10ACH6PW662 --price 100090.50 --why "mistyped" --by ann
      otcfix trades correct E10ACH6PW662 --quantity 0.9 --why "dealt 0.9 by phone" --by ann
    """
    from otcfix.model.post_trade import CorrectTrade  # noqa: PLC0415

    if not (price or quantity):
        raise usage_error("--price or --quantity: one of them says what is right")
    command = CorrectTrade(
        exec_id,
        read_amount(price, "--price") if price else None,
        read_amount(quantity, "--quantity") if quantity else None,
        by,
        why,
        owing,
    )
    tell(config, database, command, as_json)


@allocations.command("list")
def list_allocations(
    client: Annotated[str, typer.Option("--client", metavar="ID", help="Only this client.")] = "",
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show allocations with each account's part, oldest first.

    Examples:
      otcfix allocations list
      otcfix allocations list --client ALPHA --json
    """
    quiet("error")
    store = open_database(database)
    try:
        found = [one for one in store.allocations() if client in ("", one.client_id)]
        states = {one.confirm_id: one.state for one in store.confirmations()}
    finally:
        store.close()
    if as_json:
        print_json({"allocations": [_document(one, states) for one in found]})
        return
    if not found:
        print("No allocations.")
        return
    names = ("time (UTC)", "client", "AllocID", "state", "symbol", "side", "account", "quantity",
             "price", "gross", "fee", "net", "confirmation")  # fmt: skip
    rows = [
        (
            clock(one.at), one.client_id, one.alloc_id, one.state, one.symbol, one.wire_side,
            part.account, f"{part.quantity:f}", f"{one.avg_px.normalize():f}", f"{part.gross:f}",
            f"{part.fee:f}", f"{part.net:f}", states.get(part.confirm_id, ""),
        )
        for one in found
        for part in one.parts
    ]  # fmt: skip
    print_table(names, rows, right=("quantity", "price", "gross", "fee", "net"))


def _document(one: Any, states: dict[str, str]) -> dict[str, Any]:
    return {
        "alloc_id": one.alloc_id, "client": one.client_id, "session": one.session,
        "at": iso(one.at), "state": one.state, "symbol": one.symbol, "side": one.wire_side,
        "quantity": one.quantity, "price": one.avg_px, "orders": list(one.order_ids),
        "trade_date": one.trade_date, "settl_date": one.settl_date,
        "accounts": [
            {
                "account": p.account, "quantity": p.quantity, "gross": p.gross, "fee": p.fee,
                "net": p.net, "confirm_id": p.confirm_id,
                "confirmation": states.get(p.confirm_id, ""),
            }
            for p in one.parts
        ],
    }  # fmt: skip
