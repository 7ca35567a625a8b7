"""What staff may order: kill and unkill, instruments."""

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
    quiet,
    whoami,
)
from otcfix.cli.show import print_json

instrument = typer.Typer(help="Pause an instrument, or take it up again.", no_args_is_help=True)

SymbolArgument = Annotated[str, typer.Argument(metavar="SYMBOL", help="Such as BTC/USD.")]


def _tell(
    config_folder: Any, database: str, command: Any, by: str, as_json: bool, what: str
) -> None:
    done = send(load_config(config_folder), database, command, by)
    if as_json:
        print_json({"ok": True, "event": done.seq, "offline": done.offline})
    else:
        late = " No desk runs: it holds from the next start on." if done.offline else ""
        print(f"{what}: event {done.seq}.{late}")


def kill(
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Stop dealing at once: every quote and resting order is withdrawn, and told.

    Survives a restart; `otcfix unkill` opens the desk again.

    Examples:
      otcfix kill --why "wrong prices from the venue"
    """
    quiet("error")
    from otcfix.model.event import Kill  # noqa: PLC0415

    by = by or whoami()
    _tell(config, database, Kill(True, by, why), by, as_json, "Killed: the desk deals no more")


def unkill(
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Deal again after a kill.

    Examples:
      otcfix unkill --why "the venue is back"
    """
    quiet("error")
    from otcfix.model.event import Kill  # noqa: PLC0415

    by = by or whoami()
    _tell(config, database, Kill(False, by, why), by, as_json, "The desk deals again")


def _set_instrument(
    symbol: str, state: str, why: str, by: str, config: Any, database: str, as_json: bool
) -> None:
    quiet("error")
    from otcfix.model.event import SetInstrument  # noqa: PLC0415

    by = by or whoami()
    what = f"{symbol} is {'paused' if state == 'PAUSED' else 'dealt in again'}"
    _tell(config, database, SetInstrument(symbol, state, by, why), by, as_json, what)


@instrument.command()
def pause(
    symbol: SymbolArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Quote and deal no more in an instrument; live quotes are withdrawn, orders rest.

    Examples:
      otcfix instrument pause BTC/USD --why "venue outage"
    """
    _set_instrument(symbol, "PAUSED", why, by, config, database, as_json)


@instrument.command()
def resume(
    symbol: SymbolArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Quote and deal in a paused instrument again.

    Examples:
      otcfix instrument resume BTC/USD --why "venue is back"
    """
    _set_instrument(symbol, "OPEN", why, by, config, database, as_json)
