"""What only the SQLite store promises."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from otcfix.model.decision import Decision
from otcfix.model.errors import StoreLost
from otcfix.store import open_store
from otcfix.store import sqlite as sqlite_store_module
from otcfix.store.base import RECALLS
from otcfix.store.sqlite import PAGE_SIZE, SqliteStore
from tests.store.days import NOON, Day

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lite(sqlite_store: SqliteStore) -> SqliteStore:
    return sqlite_store


def test_a_commit_is_durable(lite: SqliteStore) -> None:
    def pragma(name: str) -> object:
        return lite._connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2, "FULL"
    assert pragma("busy_timeout") == 10_000
    assert pragma("recursive_triggers") == 1
    assert pragma("page_size") == PAGE_SIZE
    with lite.reading() as connection:
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2, "beside the message path too"


def test_in_memory_it_does_the_same() -> None:
    with contextlib.closing(open_store("sqlite://")) as store:
        store.lock()
        day = Day()
        store.commit(day.funded())
        day.fill()
        store.commit(day.done())
        command = store.put_command("{}", "ann", NOON)
        assert store.command_result(command).by == "ann"
        store.save_snapshot(2, NOON, "1", b"body", b"")

        assert store.newest_snapshot("1") == (2, NOON, b"body", b"")
        assert store.check_balances() == []


def test_the_lock_names_its_process(lite: SqliteStore, sqlite_url: str) -> None:
    assert lite.lock_holder() == "nobody"
    lite.lock()

    assert lite.lock_holder() == f"process {os.getpid()}"
    with (
        contextlib.closing(open_store(sqlite_url)) as other,
        pytest.raises(StoreLost, match=f"process {os.getpid()}"),
    ):
        other.lock(patience_s=0)


def test_the_lock_goes_with_its_process(lite: SqliteStore, sqlite_url: str) -> None:
    program = (
        "import sys\n"
        "from otcfix.store import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "store.lock()\n"
        "print('locked', flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, sqlite_url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as desk:
        assert desk.stdout.readline() == "locked\n"
        assert not lite.try_lock()
        assert lite.lock_holder() == f"process {desk.pid}"
        desk.kill()
        desk.wait()

    lite.lock()


def test_a_writer_waits_for_another_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store_module, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(
        sqlite_store_module,
        "PRAGMAS",
        sqlite_store_module.PRAGMAS.replace("busy_timeout = 10000", "busy_timeout = 50"),
    )
    path = tmp_path / "desk.db"
    with (
        contextlib.closing(SqliteStore(str(path))) as store,
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        day = Day()
        day.event(Decision())

        with pytest.raises(StoreLost, match="database is locked"):
            store.commit(day.done())


@pytest.mark.parametrize("kind", RECALLS)
def test_recall_goes_by_an_index(lite: SqliteStore, kind: str) -> None:
    query = f"EXPLAIN QUERY PLAN {sqlite_store_module._RECALLS[kind]}"
    steps = [row[3] for row in lite._connection.execute(query, ("[]",))]

    assert steps[0] == "SCAN json_each VIRTUAL TABLE INDEX 1:"
    assert all(step.startswith("SEARCH ") and " INDEX " in step for step in steps[1:]), steps


def test_a_sum_beyond_64_bits_is_refused(lite: SqliteStore) -> None:
    day = Day()
    day.event(Decision())
    lite.commit(day.done())
    lite._connection.execute(
        "INSERT INTO accounts VALUES ('a:b:USD', 'a', 'b', 'USD', NULL, 9223372036854775807)"
    )

    with pytest.raises(sqlite3.IntegrityError):
        lite._connection.execute("UPDATE accounts SET balance = balance + 1")
