"""The database: journal, ledger rows, orders, quotes, outbox. SQLite by default, or PostgreSQL.

    with contextlib.closing(open_store("sqlite:///desk.db")) as store:
        store.lock()
        store.commit(batch)

Where to start reading: `base` for what a store does, `tables` for what it holds, `rows` for how
a batch becomes rows, `journal` for the hash chain. `sqlite` and `postgres` are fast by writing
through their drivers; what is not on the message path is SQLAlchemy: `recovery`, `books`.
"""

import contextlib

import sqlalchemy as sa

from otcfix.model.errors import StoreLost
from otcfix.store.base import CommandRow, Store
from otcfix.store.books import StatementLine, TradeRow
from otcfix.store.recovery import Head

__all__ = ["CommandRow", "Head", "StatementLine", "Store", "TradeRow", "open_store", "upgrade"]

MEMORY = ":memory:"


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the database at *url*: sqlite:///file, sqlite:// (in memory) or postgresql://…

    create: whether a SQLite file that is not there is made.
    Errors: StoreLost when it cannot be opened, or its schema is not the present one; the text
    then names `otcfix db upgrade`.
    """
    # Neither driver is loaded by a desk that uses the other.
    if _is_sqlite(parsed := _parsed(url)):
        from otcfix.store.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(parsed.database or MEMORY, create=create)
    from otcfix.store.postgres import PostgresStore  # noqa: PLC0415

    return PostgresStore(url)


def upgrade(url: str, role: str = "") -> None:
    """Bring the database at *url* to the present schema; let PostgreSQL's *role* run a desk.

    Errors: StoreLost.
    """
    from otcfix.store import schema  # noqa: PLC0415

    parsed = _parsed(url)
    if _is_sqlite(parsed):
        from otcfix.store.sqlite import SqliteStore  # noqa: PLC0415

        with contextlib.closing(SqliteStore(parsed.database or MEMORY, upgrading=True)) as store:
            store.lock(patience_s=0)
            store.upgrade()
        return
    engine = sa.create_engine(parsed.set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            schema.upgrade(connection)
        if role:
            schema.grant_app_role(engine, role)
    except sa.exc.DBAPIError as error:
        raise StoreLost(f"the database was not upgraded: {error.orig}") from error
    finally:
        engine.dispose()


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StoreLost(
            f"not the address of a database: {url!r}; sqlite:///desk.db is one"
        ) from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreLost(f"{parsed.get_backend_name()}: neither sqlite nor postgresql")
    return parsed


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"
