"""otcfix client account, instrument, user, network, wallet, bank, owner: what a client has several
of. To add one waits for a second person."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from otcfix.cli.clients import IdArgument, command, number_of, tell
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    WhyOption,
)
from otcfix.cli.outcome import usage_error
from otcfix.model.client_commands import ChangeClient
from otcfix.model.profile import BankAccount, Owner, Wallet

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What to add or remove.")]


class Way(StrEnum):
    """Into the list, or out of it."""

    ADD = "add"
    REMOVE = "remove"


WayArgument = Annotated[Way, typer.Argument(metavar="add|remove", help="Into the list, or out.")]


def _item(client_id: str, field: str, way: Way, item: Any, by: str, why: str) -> ChangeClient:
    """A change of one item of a list."""
    listed = {field: msgspec.json.encode([item]).decode()}
    if way is Way.ADD:
        return ChangeClient(client_id, {}, by, why, add=listed)
    return ChangeClient(client_id, {}, by, why, remove=listed)


@command
def change_account(
    client_id: IdArgument,
    way: WayArgument,
    name: NameArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add or remove an account.

    To add waits for a second person.

    Examples:
      otcfix client account ALPHA add ALPHA-3 --why "as agreed"
    """
    tell(config, database, _item(client_id, "accounts", way, name, by, why), as_json)


@command
def change_instrument(
    client_id: IdArgument,
    way: WayArgument,
    name: NameArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add or remove an instrument; * is all of them.

    To add waits for a second person.

    Examples:
      otcfix client instrument ALPHA add EUR/USD --why "as agreed"
    """
    tell(config, database, _item(client_id, "instruments", way, name, by, why), as_json)


@command
def change_user(
    client_id: IdArgument,
    way: WayArgument,
    name: NameArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add or remove somebody who may act for him.

    To add waits for a second person.

    Examples:
      otcfix client user ALPHA add "Trader Two" --why "as agreed"
    """
    tell(config, database, _item(client_id, "users", way, name, by, why), as_json)


@command
def change_network(
    client_id: IdArgument,
    way: WayArgument,
    name: NameArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add or remove where his people come from (CIDR).

    To add waits for a second person.

    Examples:
      otcfix client network ALPHA add 192.0.2.0/24 --why "as agreed"
    """
    from otcfix.config.clients import network  # noqa: PLC0415

    if way is Way.ADD:
        try:
            name = network(name)
        except ValueError as error:
            raise usage_error(f"NETWORK: {name}: {error}") from None
    tell(config, database, _item(client_id, "networks", way, name, by, why), as_json)


@command
def change_wallet(
    client_id: IdArgument,
    way: WayArgument,
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="A code of desk.toml.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="On its chain.")],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add or remove an address that he is paid to; to add waits for a second person.

    Examples:
      otcfix client wallet ALPHA add BTC bc1qexample --why "by signed letter"
    """
    said = _item(client_id, "wallets", way, Wallet(asset, address), by, why)
    tell(config, database, said, as_json)


@command
def change_bank(
    client_id: IdArgument,
    way: WayArgument,
    iban: Annotated[str, typer.Argument(metavar="IBAN", help="Its check digits are looked at.")],
    why: WhyOption,
    bic: Annotated[str, typer.Option("--bic", metavar="CODE", help="8 or 11 characters.")] = "",
    bank: Annotated[str, typer.Option("--bank", metavar="NAME", help="Its name.")] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add or remove a bank account that he is paid to; to add waits for a second person.

    Examples:
      otcfix client bank ALPHA add CH9300762011623852957 --bic EXBECHZZ --why "by signed letter"
    """
    from otcfix.cli.client_files import bank_of  # noqa: PLC0415

    item: BankAccount = bank_of(iban, bic, bank)
    tell(config, database, _item(client_id, "banks", way, item, by, why), as_json)


@command
def change_owner(
    client_id: IdArgument,
    way: WayArgument,
    name: NameArgument,
    why: WhyOption,
    share: Annotated[str, typer.Option("--share", metavar="PERCENT", help="0 to 100.")] = "0",
    birth: Annotated[str, typer.Option("--birth", metavar="DATE", help="Or a year.")] = "",
    country: Annotated[str, typer.Option("--country", metavar="CODE", help="As CH.")] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Add, change or remove a beneficial owner; each waits for a second person.

    Examples:
      otcfix client owner ALPHA add "Jane Roe" --share 25 --birth 1970-02-01 --country CH --why new
    """
    item = Owner(name, number_of(share), birth, country)
    tell(config, database, _item(client_id, "owners", way, item, by, why), as_json)
