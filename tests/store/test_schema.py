"""Migrations on both databases, the tables they make, and what nobody may change."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec import structs

from otcfix.model.errors import StoreLost
from otcfix.store import Store, open_store, schema, upgrade
from otcfix.store.sqlite import SqliteStore
from otcfix.store.tables import APPEND_ONLY, metadata
from tests.store.days import Day, a_trade
from tests.support.postgres import PostgresServer

MIGRATIONS = Path(schema.__file__).parent / "migrations"
TRADE_COLUMNS = {column.name for column in metadata.tables["trades"].columns} - {"last_look"}
APPEND_ONLY_NAMES = [table.name for table in APPEND_ONLY]


def a_full_day(store: Store) -> None:
    """Leave at least one row in each append-only table."""
    day = Day(seq=store.head().seq, outbox_id=store.head().outbox_id)
    store.commit(day.funded())
    day.fill(obligations=(day.owed(),), disputed=day.disputed("s", "E1").disputed)
    day.sent(1, 1)
    store.commit(day.done())


def test_the_code_speaks_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]


def test_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.reading() as connection:
        found = sa.inspect(connection)
        assert set(found.get_table_names()) == {*metadata.tables, "alembic_version"}
        for name, table in metadata.tables.items():
            columns = found.get_columns(name)
            assert [column["name"] for column in columns] == [c.name for c in table.columns]
            assert [column["nullable"] for column in columns] == [
                bool(c.nullable) for c in table.columns
            ], name


def test_types_on_postgresql_are_those_that_the_code_knows(postgres_store_open: Store) -> None:
    with postgres_store_open.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    # Indexes stand in the migrations alone; the copy of the version table is Alembic's.
    assert [change for change in differences if change[0] != "remove_index"] == []


# -- coming to the present schema ------------------------------------------------------------


def test_a_new_file_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with contextlib.closing(open_store(f"sqlite:///{path}")) as store:
        a_full_day(store)
    assert path.stat().st_mode & 0o777 == 0o600

    upgrade(f"sqlite:///{path}")  # the second time there is nothing to do
    with contextlib.closing(open_store(f"sqlite:///{path}", create=False)) as store:
        assert store.head().seq == 2


def test_a_file_is_not_made_when_it_should_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreLost, match="there is no database"):
        open_store(f"sqlite:///{tmp_path}/desk.db", create=False)
    with pytest.raises(StoreLost, match="No such file or directory"):
        open_store(f"sqlite:///{tmp_path}/nowhere/desk.db")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_as_new_as_none(tmp_path: Path) -> None:
    (tmp_path / "desk.db").touch()

    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/desk.db")) as store:
        assert store.head().seq == 0


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be one" * 100)
    with pytest.raises(StoreLost):
        open_store(f"sqlite:///{tmp_path}/notes.txt")

    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE journal (what)")
    with pytest.raises(StoreLost, match="otcfix db upgrade"):
        open_store(f"sqlite:///{tmp_path}/other.db")


def test_an_empty_postgresql_is_made_by_upgrade(fresh_postgres_url: str) -> None:
    with pytest.raises(StoreLost, match="otcfix db upgrade"):
        open_store(fresh_postgres_url)

    for _ in range(2):
        upgrade(fresh_postgres_url)
    with contextlib.closing(open_store(fresh_postgres_url)) as store:
        a_full_day(store)
        assert store.head().seq == 2


@pytest.mark.parametrize(
    ("revision", "words"), [("0000", "run `otcfix db upgrade`"), ("9999", "a newer otcfix")]
)
def test_another_schema_is_refused(url: str, revision: str, words: str) -> None:
    with contextlib.closing(open_store(url)) as store, store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": revision})
    try:
        with pytest.raises(StoreLost, match=words):
            open_store(url)
    finally:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE alembic_version SET version_num = :v"), {"v": schema.REVISION}
            )
        engine.dispose()


def test_an_upgrade_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def fail(connection: sa.Connection) -> None:
        run(connection)
        made.extend(sa.inspect(connection).get_table_names())
        raise RuntimeError("out of disk")

    run = schema.upgrade
    monkeypatch.setattr(schema, "upgrade", fail)
    with pytest.raises(RuntimeError):
        SqliteStore(str(tmp_path / "desk.db"))
    monkeypatch.undo()

    assert "journal" in made
    with contextlib.closing(sqlite3.connect(tmp_path / "desk.db")) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_running_desk_is_not_upgraded(sqlite_store: Store, sqlite_url: str) -> None:
    sqlite_store.lock()

    with pytest.raises(StoreLost, match="another desk runs"):
        upgrade(sqlite_url)


@pytest.mark.parametrize("url", ["desk.db", "mysql://x/y", "", "sqlite:/x"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(StoreLost):
        open_store(url)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreLost, match="onnection"):
        open_store("postgresql://nobody@127.0.0.1:1/desk?connect_timeout=2")


# -- what is only ever added to --------------------------------------------------------------


@pytest.mark.parametrize("table", APPEND_ONLY, ids=APPEND_ONLY_NAMES)
def test_rows_are_never_changed_or_deleted(store: Store, table: sa.Table) -> None:
    a_full_day(store)
    column = list(table.columns)[-1]
    same = sa.update(table).values({column: column})

    for statement in (same, sa.delete(table)):
        with pytest.raises(StoreLost, match="append-only"), store.writing() as connection:
            connection.execute(statement)
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) >= 1


def test_replacing_is_changing(sqlite_store: SqliteStore) -> None:
    a_full_day(sqlite_store)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sqlite_store._connection.execute(
            "INSERT OR REPLACE INTO transfers SELECT seq, n, debit, credit, asset, 1, code "
            "FROM transfers"
        )


@pytest.mark.parametrize("table", APPEND_ONLY_NAMES)
def test_tables_are_not_truncated(postgres_store_open: Store, table: str) -> None:
    with (
        pytest.raises(StoreLost, match="append-only"),
        postgres_store_open.writing() as connection,
    ):
        connection.execute(sa.text(f"TRUNCATE {table}"))


@pytest.mark.parametrize(
    ("amount", "debit", "credit"), [(0, "a", "b"), (-1, "a", "b"), (1, "a", "a")]
)
def test_a_transfer_moves_something_somewhere(
    store: Store, amount: int, debit: str, credit: str
) -> None:
    row = {"seq": 1, "n": 0, "debit": debit, "credit": credit, "asset": "USD", "amount": amount}
    table = metadata.tables["transfers"]

    with pytest.raises(StoreLost), store.writing() as connection:
        connection.execute(sa.insert(table).values(**row, code="x"))


# -- the role of a desk ----------------------------------------------------------------------


@pytest.fixture
def app_url(server: PostgresServer, fresh_postgres_url: str) -> Iterator[str]:
    """The address of a desk that does not own its tables."""
    owner = sa.make_url(fresh_postgres_url)
    with psycopg.connect(server.conninfo(owner.database), autocommit=True) as connection:
        connection.execute('CREATE ROLE "a desk" LOGIN')
        connection.execute(
            "ALTER DEFAULT PRIVILEGES GRANT UPDATE, DELETE, TRUNCATE ON TABLES TO PUBLIC"
        )
        try:
            upgrade(fresh_postgres_url, role="a desk")
            yield owner.set(username="a desk").render_as_string()
        finally:
            connection.execute('DROP OWNED BY "a desk"')
            connection.execute('DROP ROLE "a desk"')


def test_the_desks_role_can_run_a_desk(app_url: str) -> None:
    with contextlib.closing(open_store(app_url)) as store:
        store.lock()
        store.set_floors({("acme", "USD"): 5})
        a_full_day(store)
        day = Day(seq=2, outbox_id=2)
        for _ in range(30):
            day.quote_request()
            day.fill()
        store.commit(day.done())  # by COPY
        command = store.put_command("{}", "ann", 1)
        day.batch.commands_done.append((command, 62, "done"))
        day.batch.proven["acme-trade"] = 5
        day.sent(5, 1)
        store.commit(day.done())
        for seq in (10, 20, 30):
            store.save_snapshot(seq, 1, "1", b"", b"")

        assert store.command_result(command).result == "done"
        assert store.check_balances() == []
        assert len(store.trades()) == 31


def test_the_desks_role_cannot_rewrite_history(app_url: str) -> None:
    with contextlib.closing(open_store(app_url)) as store:
        a_full_day(store)
        attempts: list[Callable[[str], str]] = [
            "UPDATE {} SET seq = 1".format,
            "DELETE FROM {}".format,
            "TRUNCATE {}".format,
            "ALTER TABLE {} DISABLE TRIGGER ALL".format,
            "DROP TABLE {}".format,
        ]
        for table in APPEND_ONLY_NAMES:
            for attempt in attempts:
                if table == "sent":
                    continue
                with (
                    pytest.raises(StoreLost, match=r"permission denied|must be owner"),
                    store.writing() as connection,
                ):
                    connection.execute(sa.text(attempt(table)))


def test_only_postgresql_has_roles(sqlite_store: Store) -> None:
    with pytest.raises(ValueError, match="only PostgreSQL"):
        schema.grant_app_role(sqlite_store.engine, "desk")


def test_a_database_of_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with contextlib.closing(open_store(f"sqlite:///{path}")) as store:
        store.commit(Day().funded())
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(
            "DROP TABLE price_explanations; DROP TABLE hedges; DROP TABLE hedge_fills;"
            "DROP TABLE register; DROP INDEX trades_of_client;"
            "ALTER TABLE trades DROP COLUMN last_look;"
            "UPDATE alembic_version SET version_num = '0001'"
        )
    with pytest.raises(StoreLost, match="otcfix db upgrade"):
        open_store(f"sqlite:///{path}")

    upgrade(f"sqlite:///{path}")
    with contextlib.closing(open_store(f"sqlite:///{path}")) as store:
        assert store.head().seq == 1
        assert store.explanation("Q1") is None


def test_a_database_of_the_first_schema_keeps_its_trades(
    tmp_path: Path, fresh_postgres_url: str
) -> None:
    """Trades from before last look are shown as dealt without; what follows goes on as ever."""
    for url in (f"sqlite:///{tmp_path}/old.db", fresh_postgres_url):
        first = Config()
        first.set_main_option("script_location", str(MIGRATIONS))
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        trade = structs.asdict(a_trade("1")) | {"seq": 1, "n": 0}
        trade = {k: v for k, v in trade.items() if k in TRADE_COLUMNS}
        trade |= {
            name: str(value) if "sqlite" in url else value
            for name, value in trade.items()
            if isinstance(value, Decimal)
        }
        trade["side"] = int(trade["side"])
        with engine.begin() as connection:
            first.attributes["connection"] = connection
            command.upgrade(first, "0001")
            names = ", ".join(trade)
            values = ", ".join(f":{name}" for name in trade)
            connection.execute(sa.text(f"INSERT INTO trades ({names}) VALUES ({values})"), trade)
        engine.dispose()
        with pytest.raises(StoreLost, match="otcfix db upgrade"):
            open_store(url)

        upgrade(url)
        with contextlib.closing(open_store(url)) as store:
            found = store.trades()
            assert [(row.seq, row.trade) for row in found] == [(1, a_trade("1"))]
            assert found[0].trade.last_look == "NONE"
            a_full_day(store)
            assert len(store.trades()) == 2
            with pytest.raises(StoreLost, match="append-only"), store.writing() as connection:
                connection.execute(sa.text("DELETE FROM trades"))
