"""otcfix client onboard, list and show."""

from typing import Annotated, Any

import msgspec
import typer

from otcfix.cli.clients import IdArgument, command, tell
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
)
from otcfix.cli.outcome import NO, Failed, complain
from otcfix.cli.show import print_json, print_table

_Text = dict[str, Any]


@command
def onboard(
    why: WhyOption,
    file: Annotated[
        str,
        typer.Argument(metavar="[FILE|-]", help="JSON or TOML, as one [[client]] of clients.toml."),
    ] = "",
    client_id: Annotated[str, typer.Option("--id", metavar="ID", help="Used once.")] = "",
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Legal name.")] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="WORD", help="fund, bank, ...")] = "",
    jurisdiction: Annotated[
        str, typer.Option("--jurisdiction", metavar="CODE", help="As CH or US-NY.")
    ] = "",
    client_class: Annotated[
        str, typer.Option("--class", metavar="WORD", help="professional, ...")
    ] = "",
    lei: Annotated[str, typer.Option("--lei", metavar="CODE", help="20 characters.")] = "",
    tier: Annotated[str, typer.Option("--tier", metavar="NAME", help="Of desk.toml.")] = "",
    account: Annotated[
        list[str], typer.Option("--account", metavar="NAME", help="Repeatable.")
    ] = [],  # noqa: B006 - typer reads it, nobody writes it
    instrument: Annotated[
        list[str], typer.Option("--instrument", metavar="SYMBOL", help='Repeatable; "*": all.')
    ] = [],  # noqa: B006
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Take a client in: a PROSPECT, whose KYC another person approves. Options win over the file.

    Examples:
      otcfix client onboard omega.toml --why "signed on 3 May"
      otcfix client onboard omega.json --id OMEGA2 --account OMEGA2-1 --why "second entity"
    """
    from otcfix.cli.client_files import client_of  # noqa: PLC0415
    from otcfix.model.client_commands import OnboardClient  # noqa: PLC0415

    said = {
        "id": client_id, "name": name, "tier": tier, "accounts": tuple(account),
        "instruments": tuple(instrument), "profile.kind": kind, "profile.lei": lei,
        "profile.jurisdiction": jurisdiction, "profile.client_class": client_class,
    }  # fmt: skip
    made = client_of(
        file, {key: value for key, value in said.items() if value}, load_config(config)
    )
    tell(config, database, OnboardClient(made, by, why), as_json)


def _clients(config: Any, database: str) -> tuple[dict[str, Any], Any]:
    """Every client, and the register of the database; before the first start those of the file."""
    from otcfix.commands import registered  # noqa: PLC0415

    try:
        store = open_database(database)
    except Failed as error:
        complain(f"{error}; these are the clients of the file")  # no desk has run yet
        store = None
    found = None
    if store is not None:
        try:
            found = registered(store)
        finally:
            store.close()
    if found is not None and found.desk is not None:
        return found.clients, found
    return {one.client_id: one for one in load_config(config).to_desk().clients}, found


def clients_made(database: str) -> list[str]:
    """The ids of the clients in the database's register; none before the first start."""
    from otcfix.commands import registered  # noqa: PLC0415

    try:
        store = open_database(database)
    except Failed:
        return []
    try:
        return list(registered(store).clients)
    finally:
        store.close()


@command
def change_list(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show every client: how he stands, his KYC, and what commands have set.

    Examples:
      otcfix client list
      otcfix client list --json
    """
    quiet("error")
    clients, _ = _clients(config, database)
    rows = [_row(clients[key]) for key in sorted(clients)]
    if as_json:
        print_json({"clients": rows})
        return
    print_table(
        ("id", "name", "status", "KYC", "until", "tier", "jurisdiction", "class", "set by command"),
        [
            (r["client_id"], r["name"], r["status"] if r["enabled"] else "disabled", r["kyc"],
             r["kyc_until"], r["tier"], r["jurisdiction"], r["client_class"],
             ", ".join(r["changed"]))
            for r in rows
        ],
    )  # fmt: skip


def _row(client: Any) -> _Text:
    known = client.profile
    return {
        "client_id": client.client_id, "name": client.name, "enabled": client.enabled,
        "status": client.status, "kyc": known.kyc.status, "kyc_until": known.kyc.last_day,
        "tier": client.tier, "jurisdiction": known.jurisdiction,
        "client_class": known.client_class, "changed": list(client.changed),
    }  # fmt: skip


@command
def show(
    client_id: IdArgument,
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show everything that is known of a client, what waits for a second person, and his state.

    Examples:
      otcfix client show ALPHA
      otcfix client show ALPHA --json
    """
    quiet("error")
    clients, found = _clients(config, database)
    client = clients.get(client_id)
    if client is None:
        raise Failed(NO, f"no client {client_id}; there are {', '.join(sorted(clients))}")
    document = msgspec.to_builtins(client, builtin_types=())
    document["trading_state"] = "ACTIVE"
    document["screened"], document["waiting"] = None, []
    if found is not None:
        document["trading_state"] = found.states.get(f"client:{client_id}", "ACTIVE")
        screened = found.screened.get(client_id)
        document["screened"] = screened and {
            "outcome": screened.outcome, "list_version": screened.list_version,
        }  # fmt: skip
        document["waiting"] = [
            one.proposal_id
            for one in found.proposals.values()
            if one.state == "OPEN" and f'"{client_id}"' in one.command
        ]
    if as_json:
        print_json(document)
        return
    for key, value in _flat(document, ""):
        print(f"{key:<28} {value}")


def _flat(value: Any, key: str) -> list[tuple[str, Any]]:
    """A document as lines: `profile.kyc.status  APPROVED`."""
    if isinstance(value, dict) and value:
        return [row for k, v in value.items() for row in _flat(v, f"{key}.{k}" if key else str(k))]
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return [row for n, v in enumerate(value, 1) for row in _flat(v, f"{key}[{n}]")]
    if isinstance(value, list | tuple):
        return [(key, ", ".join(map(str, value)) or "-")]
    return [(key, "-" if value in ("", None, {}) else value)]
