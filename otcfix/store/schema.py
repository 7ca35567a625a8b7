"""Bringing a database to the present schema, and who may do what in it.

    otcfix db upgrade              run the migrations (a new SQLite file does so by itself)
    otcfix db upgrade --role desk  and let the role `desk` run a desk, see `grant_app_role`

On PostgreSQL the owner of the tables runs the upgrades and the desk connects as another role:
an owner could always take away the triggers that keep the append-only tables.
"""

from pathlib import Path

import sqlalchemy as sa

from otcfix.model.errors import StoreLost
from otcfix.store import tables

REVISION = "0005"
"""The schema that this code speaks: the newest one in `migrations`."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection) -> None:
    """Run what is missing of the migrations. The caller commits."""
    # Only an upgrade needs it, and it takes a tenth of a second to import.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision(connection: sa.Connection) -> str | None:
    """Return the revision of the schema, None when there is none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = sa.table("alembic_version", sa.column("version_num"))
    found: str | None = connection.scalar(sa.select(version.c.version_num))
    return found


def check(connection: sa.Connection) -> None:
    """Raise StoreLost unless the schema is the one that this code speaks."""
    found = revision(connection)
    if found == REVISION:
        return
    if found is None:
        raise StoreLost("the database has no tables of otcfix yet: run `otcfix db upgrade`")
    if found < REVISION:
        raise StoreLost(
            f"the database's schema is {found}, this program needs {REVISION}: "
            "run `otcfix db upgrade`"
        )
    raise StoreLost(
        f"the database's schema is {found}, this program knows {REVISION} only: "
        "it was upgraded by a newer otcfix"
    )


def grant_app_role(engine: sa.Engine, role: str) -> None:
    """Let *role* run a desk: add to the append-only tables, but change nothing in them.

    PostgreSQL only. The role must exist; what it had before on these tables is taken away.
    """
    if engine.dialect.name != "postgresql":
        raise ValueError("only PostgreSQL knows roles")
    prepare = engine.dialect.identifier_preparer
    name = prepare.quote(role)
    fixed = ", ".join(table.name for table in tables.APPEND_ONLY)
    others = ", ".join(
        table.name for table in tables.metadata.sorted_tables if table not in tables.APPEND_ONLY
    )
    with engine.begin() as connection:
        schema = prepare.quote(connection.scalar(sa.text("SELECT current_schema()")) or "public")
        for statement in (
            f"REVOKE ALL ON {fixed}, {others}, alembic_version FROM {name}",
            f"GRANT USAGE ON SCHEMA {schema} TO {name}",
            f"GRANT SELECT, INSERT ON {fixed} TO {name}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {others} TO {name}",
            f"GRANT SELECT ON alembic_version TO {name}",
        ):
            connection.exec_driver_sql(statement)
