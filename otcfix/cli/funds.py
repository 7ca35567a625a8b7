"""otcfix ledger deposit and withdraw: money in and out, as commands to the desk."""

from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otcfix.cli.client_register import clients_made
from otcfix.cli.ledger import app
from otcfix.cli.mailbox import send
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    quiet,
    read_amount,
    whoami,
)
from otcfix.cli.outcome import usage_error
from otcfix.cli.show import print_json
from otcfix.model.money import AMOUNT_MAX

if TYPE_CHECKING:
    from otcfix.config import Config

ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT", help="Id in clients.toml.")]
AssetArgument = Annotated[str, typer.Argument(metavar="ASSET", help="Code in desk.toml.")]
AmountArgument = Annotated[
    str, typer.Argument(metavar="AMOUNT", help="Exact decimal in major units, above zero.")
]
ReferenceOption = Annotated[
    str, typer.Option("--reference", metavar="TEXT", help="The bank's or chain's reference.")
]
VenueOption = Annotated[
    str, typer.Option("--venue", metavar="NAME", help="Custody account; default: venues.toml's.")
]
_NEGATIVES = {"ignore_unknown_options": True}  # so that -5 is an amount, and refused as one


@app.command(context_settings=_NEGATIVES)
def deposit(
    client: ClientArgument,
    asset: AssetArgument,
    amount: AmountArgument,
    reference: ReferenceOption = "",
    venue: VenueOption = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Book money that arrived for a client.

    A running desk does it; without one it is done here, journaled in the same way.

    Examples:
      otcfix ledger deposit ALPHA USD 250000 --reference "wire 4711"
      otcfix ledger deposit ALPHA BTC 1.5
    """
    _move(1, client, asset, amount, reference, venue, "", by, config, database, as_json)


@app.command(context_settings=_NEGATIVES)
def withdraw(
    client: ClientArgument,
    asset: AssetArgument,
    amount: AmountArgument,
    reference: ReferenceOption = "",
    venue: VenueOption = "",
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="The client's own wallet or IBAN.")
    ] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Book money that leaves a client; never more than is available. Exit code 1 if refused.

    Nothing leaves while a sanctions hit stands against him. With --to, the address must be one of
    those that his profile names, and screening have cleared him as he is now.

    Examples:
      otcfix ledger withdraw ALPHA USD 1000.50 --reference "payout 17"
      otcfix ledger withdraw ALPHA ETH 2 --to 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
    """
    _move(-1, client, asset, amount, reference, venue, to, by, config, database, as_json)


def _move(
    sign: int,
    client: str,
    asset: str,
    amount: str,
    reference: str,
    venue: str,
    to: str,
    by: str,
    folder: Path,
    database: str,
    as_json: bool,
) -> None:
    quiet("error")
    value = read_amount(amount, "AMOUNT")
    config = load_config(folder)
    check_names(config, client, asset, value, amount, clients_made(database))
    from otcfix.model.event import MoveFunds  # noqa: PLC0415 - msgspec comes with it

    by = by or whoami()
    place = venue or config.venues.custody
    moved = MoveFunds(client, asset, sign * value, place, reference, by, to)
    done = send(config, database, moved, by)
    if as_json:
        print_json(
            {
                "ok": True, "event": done.seq, "client": client, "asset": asset,
                "amount": sign * value, "offline": done.offline,
            }
        )  # fmt: skip
    else:
        what = "Deposited" if sign > 0 else "Withdrew"
        print(f"{what} {value:f} {asset} for {client}: event {done.seq}.")


def check_names(
    config: "Config",
    client: str,
    asset: str,
    value: Decimal,
    text: str,
    made: Collection[str] = (),
) -> None:
    """made: clients whom only a command made.

    Errors: BadParameter for a client or asset not known, or digits below its scale.
    """
    clients = [c.id for c in config.clients.client]
    if client not in clients and client not in made:
        raise usage_error(
            f"CLIENT: no client {client} in {config.folder / 'clients.toml'}; "
            f"there are {', '.join(clients)}"
        )
    scales = {a.code: a.scale for a in config.desk.asset}
    if asset not in scales:
        raise usage_error(
            f"ASSET: no asset {asset} in {config.folder / 'desk.toml'}; "
            f"there are {', '.join(scales)}"
        )
    scale = scales[asset]
    if len(f"{value:f}".partition(".")[2].rstrip("0")) > scale:
        raise usage_error(f"AMOUNT: {text} is finer than {asset}'s {scale} decimals")
    if int(value * 10**scale) > AMOUNT_MAX:
        raise usage_error(f"AMOUNT: {text} {asset} is more than an account can hold")
