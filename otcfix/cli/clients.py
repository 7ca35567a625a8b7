"""otcfix client, the register: take a client in, approve, change, suspend, let go.

Each is a command to the desk, journaled with who and why. What gives more waits for a second
person: `otcfix approvals confirm`.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from otcfix.cli.client import app
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
from otcfix.cli.outcome import usage_error
from otcfix.cli.show import print_json
from otcfix.model import client_commands as commands

REGISTER = "The register"

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The client's id.")]


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Put a function into `otcfix client`, under the register's heading."""
    name = function.__name__.removeprefix("change_")
    app.command(name, rich_help_panel=REGISTER)(function)
    return function


def tell(config: Path, database: str, said: Any, as_json: bool) -> None:
    """Send a command and say what became of it. *said* may name nobody: it is whoever asks."""
    quiet("error")
    if not said.by:
        said = msgspec.structs.replace(said, by=whoami())
    done = send(load_config(config), database, said, said.by)
    if as_json:
        print_json({"ok": True, "event": done.seq, "result": done.result, "offline": done.offline})
        return
    late = " No desk runs: it holds from the next start on." if done.offline else ""
    words = done.result if done.waits else "done"
    print(f"{words[:1].upper()}{words[1:]}: event {done.seq}.{late}")


@command
def approve(
    client_id: IdArgument,
    level: Annotated[str, typer.Option("--level", metavar="NAME", help="Of the KYC.")],
    expires: Annotated[
        str, typer.Option("--expires", metavar="DATE", help="The last day on which it holds.")
    ],
    why: WhyOption,
    document: Annotated[
        list[str],
        typer.Option(
            "--document",
            metavar="KIND=FILE|SHA256[@DATE]",
            help="Seen; its hash is kept, and its last day.",
        ),
    ] = [],  # noqa: B006 - typer reads it, nobody writes it
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Approve a client's KYC: not by who took him in. A PROSPECT deals from then on.

    A renewal, or one under review, waits for a second person.

    Examples:
      otcfix client approve OMEGA --level standard --expires 2028-12-31 --why "file complete"
      otcfix client approve OMEGA --level full --expires 2028-12-31 --why renewal \\
              --document passport=passport.pdf@2031-05-04
    """
    from otcfix.cli.client_files import document_of  # noqa: PLC0415

    seen = tuple(document_of(text) for text in document)
    said = commands.ApproveClient(client_id, level, expires, by, why, seen)
    tell(config, database, said, as_json)


@command
def suspend(
    client_id: IdArgument,
    why: WhyOption,
    review: Annotated[
        bool, typer.Option("--review", help="His KYC needs a new approval as well.")
    ] = False,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Suspend a client: quotes are withdrawn, resting orders cancelled, streams emptied.

    Examples:
      otcfix client suspend ALPHA --why "unusual payments"
      otcfix client suspend ALPHA --review --why "new owner"
    """
    tell(config, database, commands.SuspendClient(client_id, by, why, review), as_json)


@command
def review(
    client_id: IdArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Put a client's KYC under review: no deals until it is approved again.

    He may reduce what he has where [kyc] reduce_when of clients.toml says so.

    Examples:
      otcfix client review ALPHA --why "a new owner was named"
    """
    changes = {"kyc_status": '"UNDER_REVIEW"'}
    tell(config, database, commands.ChangeClient(client_id, changes, by, why), as_json)


@command
def resume(
    client_id: IdArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Take a suspended client up again; waits for a second person.

    Examples:
      otcfix client resume ALPHA --why "explained"
    """
    tell(config, database, commands.ResumeClient(client_id, by, why), as_json)


@command
def offboard(
    client_id: IdArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Let a client go for good; refused while he has balances, obligations or orders.

    Examples:
      otcfix client offboard ALPHA --why "closed his account"
    """
    tell(config, database, commands.OffboardClient(client_id, by, why), as_json)


@command
def change_tier(
    client_id: IdArgument,
    tier: Annotated[str, typer.Argument(metavar="TIER", help="A [[tier]] of desk.toml.")],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Give a client another tier; waits for a second person.

    Examples:
      otcfix client tier ALPHA standard --why "less volume"
    """
    changes = {"tier": msgspec.json.encode(tier).decode()}
    tell(config, database, commands.ChangeClient(client_id, changes, by, why), as_json)


@command
def change_limit(
    client_id: IdArgument,
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="A code of desk.toml.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Major units; 0: prefunded.")],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Set how far below zero an asset may go; a raise waits for a second person.

    Lowered under what he uses, nothing is forced: he may only come back.

    Examples:
      otcfix client limit GAMMA USD 5000000 --why "less credit"
    """
    value = number_of(amount)
    said = commands.ChangeSettlementLimit(client_id, asset, value, by, why)
    tell(config, database, said, as_json)


@command
def change_set(
    client_id: IdArgument,
    changes: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE", help="One or more.", show_default=False)
    ],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Set fields of a client, as in clients.toml; what gives more waits for a second person.

    Examples:
      otcfix client set ALPHA position_max=1000000 --why "smaller book"
      otcfix client set ALPHA jurisdiction=CH client_class=professional --why "moved"
    """
    read = dict(_field(text) for text in changes)
    tell(config, database, commands.ChangeClient(client_id, read, by, why), as_json)


def number_of(text: str) -> Decimal:
    try:
        return msgspec.json.decode(msgspec.json.encode(text), type=Decimal)
    except msgspec.MsgspecError:
        raise usage_error(f"{text!r} is not a plain decimal number such as 1250.50") from None


def _field(text: str) -> tuple[str, str]:
    """FIELD=VALUE as the name and the JSON of a change. Errors: BadParameter."""
    from otcfix.desk.client_fields import FIELDS  # noqa: PLC0415

    name, equals, value = text.partition("=")
    field = FIELDS.get(name)
    if field is None or not equals:
        raise usage_error(f"{text}: expected FIELD=VALUE, FIELD one of {', '.join(FIELDS)}")
    if field.kind in (bool, int):
        return name, value
    if field.kind is Decimal:
        number_of(value)
    return name, msgspec.json.encode(value).decode()
