"""Both databases, empty and migrated, for every test that asks for `url` or `store`."""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from otcfix.store import Store, open_store, upgrade
from otcfix.store import postgres as postgres_store
from otcfix.store.tables import metadata
from tests.store.days import Day
from tests.support.postgres import PostgresServer

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    # None of these tests cuts the power: without fsync they take less time.
    with PostgresServer(fsync="off") as server:
        upgrade(server.create_database("desk"))
        yield server


@pytest.fixture
def postgres_url(server: PostgresServer) -> str:
    """A database without a row. Emptied, not made: making one takes half a second."""
    with psycopg.connect(server.conninfo("desk")) as connection:
        # Only a superuser can do so: it passes by the triggers of the append-only tables.
        connection.execute("SET session_replication_role = replica")
        for table in metadata.tables:
            connection.execute(f"DELETE FROM {table}")
    return server.url("desk")


@pytest.fixture
def fresh_postgres_url(server: PostgresServer) -> Iterator[str]:
    """A database without a table."""
    name = f"fresh{next(_names)}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "desk.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    shutil.copy(migrated_file, tmp_path / "desk.db")
    return f"sqlite:///{tmp_path}/desk.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Each test runs on both databases."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    return request.getfixturevalue(f"{kind}_url")


@pytest.fixture(params=["pipeline", "copy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The two ways in which the PostgreSQL store writes, for tests of writing."""
    limit = 10**9 if request.param == "pipeline" else 0
    monkeypatch.setattr(postgres_store, "PIPELINED_MAX", limit)
    return request.param


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with contextlib.closing(open_store(url)) as store:
        yield store


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
def reopened(url: str) -> Iterator[Callable[[], Store]]:
    """Opens the database once more, as the next process would."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(contextlib.closing(open_store(url)))


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    with contextlib.closing(open_store(sqlite_url)) as store:
        yield store


@pytest.fixture
def postgres_store_open(postgres_url: str) -> Iterator[Store]:
    with contextlib.closing(open_store(postgres_url)) as store:
        yield store
