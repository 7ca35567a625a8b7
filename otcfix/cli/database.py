"""otcfix db: the schema of the database."""

from typing import Annotated

import typer

from otcfix.cli.options import (
    DATABASE,
    DatabaseOption,
    JsonOption,
    open_database,
    quiet,
    sqlite_path,
)
from otcfix.cli.show import print_json
from otcfix.log import redacted
from otcfix.model.time import iso

app = typer.Typer(help="The database's schema and state.", no_args_is_help=True)


@app.command()
def upgrade(
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="NAME",
            help="PostgreSQL: let this role run a desk, without the right to change what is "
            "append-only.",
        ),
    ] = "",
    database: DatabaseOption = DATABASE,
) -> None:
    """Bring the database to the schema of this program; makes a new one where there is none.

    Examples:
      otcfix db upgrade
      otcfix db upgrade --database postgresql+psycopg://owner@localhost/otcfix --role desk
    """
    quiet()
    from otcfix.store import upgrade as upgrade_store  # noqa: PLC0415
    from otcfix.store.schema import REVISION  # noqa: PLC0415

    path = sqlite_path(database)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    upgrade_store(database, role)
    print(f"{redacted(database)}: schema {REVISION}")


@app.command()
def status(database: DatabaseOption = DATABASE, as_json: JsonOption = False) -> None:
    """Show what is in the database, its schema, and whether a desk runs on it.

    Exit code 4 when it cannot be opened, or its schema is not this program's.

    Examples:
      otcfix db status
      otcfix db status --json
    """
    quiet()
    store = open_database(database)
    try:
        from otcfix.store.schema import revision  # noqa: PLC0415

        with store.reading() as connection:
            schema = revision(connection)
        runs = "" if store.try_lock() else store.lock_holder()
        head, counts = store.head(), store.counts()
    finally:
        store.close()
    found = {
        "database": redacted(database), "schema": schema, "desk": runs or None,
        "last_event_at": iso(head.at) if head.seq else None, "head": head.hash.hex(), **counts,
    }  # fmt: skip
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<17} {'none' if value is None else value}")
