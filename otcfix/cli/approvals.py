"""otcfix approvals: four eyes. What one person asked for and another confirms."""

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
)
from otcfix.cli.show import clock, print_json, print_table

app = typer.Typer(help="Four eyes: what waits for a second person.", no_args_is_help=True)

ProposalArgument = Annotated[str, typer.Argument(metavar="PROPOSAL", help="As list shows it.")]


@app.command("list")
def list_approvals(
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are confirmed, dismissed, refused as well.")
    ] = False,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show what waits for a second person.

    Examples:
      otcfix approvals list
      otcfix approvals list --all --json
    """
    quiet("error")
    from otcfix.commands import registered  # noqa: PLC0415

    store = open_database(database)
    try:
        found = registered(store).proposals.values()
    finally:
        store.close()
    wanted = sorted((one for one in found if everything or one.state == "OPEN"), key=_age)
    rows: list[dict[str, Any]] = [
        {
            "proposal": one.proposal_id, "kind": one.kind, "about": one.about, "by": one.by,
            "at": clock(one.at), "state": one.state, "checked_by": one.checked_by,
            "command": one.command,
        }
        for one in wanted
    ]  # fmt: skip
    if as_json:
        print_json({"approvals": rows})
    elif not rows:
        print("Nothing waits.")
    else:
        names = ("proposal", "at", "by", "about", "state", "checked_by")
        print_table(names, [[row[name] for name in names] for row in rows])


def _age(one: Any) -> tuple[int, str]:
    return one.at, one.proposal_id


@app.command()
def confirm(
    proposal: ProposalArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Confirm what somebody else asked for: it is done now.

    Examples:
      otcfix approvals confirm W1A2B3 --why "letter seen" --by dora
    """
    from otcfix.model.proposal import Confirm  # noqa: PLC0415

    tell(config, database, Confirm(proposal, by, why), as_json)


@app.command()
def dismiss(
    proposal: ProposalArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Drop what was asked for: nothing is done.

    Examples:
      otcfix approvals dismiss W1A2B3 --why "asked twice"
    """
    from otcfix.model.proposal import Dismiss  # noqa: PLC0415

    tell(config, database, Dismiss(proposal, by, why), as_json)
