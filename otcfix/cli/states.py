"""otcfix state: ACTIVE, REDUCING or HALTED, of the desk, of a client, of an instrument."""

from enum import StrEnum
from typing import Annotated

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
)
from otcfix.cli.show import print_json, print_table

app = typer.Typer(help="Trading states of desk, clients, instruments.", no_args_is_help=True)


class TradingState(StrEnum):
    """What may be dealt."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


@app.command()
def show(database: DatabaseOption = DATABASE, as_json: JsonOption = False) -> None:
    """Show the trading states; what is not listed is ACTIVE.

    Examples:
      otcfix state show
      otcfix state show --json
    """
    quiet("error")
    from otcfix.commands import registered  # noqa: PLC0415

    store = open_database(database)
    try:
        states = {"desk": "ACTIVE"} | registered(store).states
    finally:
        store.close()
    if as_json:
        print_json({"states": states})
    else:
        print_table(("scope", "state"), sorted(states.items()))


@app.command("set")
def set_state(
    scope: Annotated[
        str, typer.Argument(metavar="SCOPE", help="desk, client:ID or instrument:SYMBOL.")
    ],
    state: Annotated[
        TradingState, typer.Argument(case_sensitive=False, help="What may be dealt there.")
    ],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Set a trading state. HALTED withdraws and cancels what stands there; REDUCING lets only
    orders pass that make a position smaller, and cancels the others.

    Examples:
      otcfix state set desk REDUCING --why "end of the quarter"
      otcfix state set client:ALPHA HALTED --why "does not answer"
      otcfix state set instrument:BTC/USD ACTIVE --why "venue is back"
    """
    from otcfix.model.limit import SetTradingState  # noqa: PLC0415

    tell(config, database, SetTradingState(scope, state.value, by, why), as_json)
