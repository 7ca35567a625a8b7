"""What only the PostgreSQL store promises."""

import contextlib
import threading
import time

import psycopg
import pytest
import sqlalchemy as sa

from otcfix.model.errors import StoreLost
from otcfix.store import open_store
from otcfix.store import postgres as postgres_store
from otcfix.store.base import RECALLS
from otcfix.store.postgres import PostgresStore
from otcfix.store.wire import Wire, conninfo_of
from tests.store.days import NOON, Day, everything
from tests.support.postgres import PostgresServer


def conninfo(url: str) -> str:
    return conninfo_of(sa.make_url(url))


def backend(store: PostgresStore) -> int:
    """The server process of the connection that commits."""
    return int(store._connected().run("SELECT pg_backend_pid()")[0][0])


def test_both_ways_write_the_same(
    postgres_url: str, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(url: str) -> dict[str, list[tuple[object, ...]]]:
        day = Day()
        with contextlib.closing(open_store(url)) as store:
            store.put_command("{}", "ann", NOON)
            store.commit(day.funded("acme", "beta"))
            day.quote_request()
            day.fill("1", obligations=(day.owed(),), disputed=day.disputed("s", "E1").disputed)
            day.fill("2", "beta")
            day.sent(1, 1)
            day.batch.proven["acme-trade"] = 1
            store.commit(day.done())
            day.fill("3", "beta")
            day.batch.proven["acme-trade"] = 2
            store.commit(day.done())
            return {name: rows for name, rows in everything(store).items() if name != "commands"}

    server.create_database("twin", template="desk")
    try:
        one = written(postgres_url)
        monkeypatch.setattr(postgres_store, "PIPELINED_MAX", 0)
        assert written(server.url("twin")) == one
    finally:
        server.drop_database("twin")


def test_no_setting_of_a_role_softens_a_commit(server: PostgresServer, postgres_url: str) -> None:
    with psycopg.connect(server.conninfo("desk"), autocommit=True) as connection:
        connection.execute("ALTER ROLE otcfix SET synchronous_commit = off")
        connection.execute("ALTER ROLE otcfix SET statement_timeout = 1")
        try:
            with contextlib.closing(Wire(conninfo(postgres_url))) as wire:
                assert wire.run("SHOW synchronous_commit") == [(b"off",)]
            connection.execute("ALTER ROLE otcfix RESET statement_timeout")
            with contextlib.closing(open_store(postgres_url)) as store:
                assert store._connected().run("SHOW synchronous_commit") == [(b"on",)]
                assert store._connected().run("SHOW statement_timeout") == [(b"0",)]
        finally:
            connection.execute("ALTER ROLE otcfix RESET ALL")


def test_a_lost_connection_is_a_lost_store(server: PostgresServer, postgres_url: str) -> None:
    with contextlib.closing(PostgresStore(postgres_url)) as store:
        day = Day()
        store.commit(day.funded())
        with psycopg.connect(server.conninfo("desk"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [backend(store)])
        day.fill()

        with pytest.raises(StoreLost, match="terminating connection"):
            store.commit(day.done())
        with pytest.raises(StoreLost):
            store.recall([("order", "acme", "O1")])
        assert store.head().seq == 1


def test_the_lock_is_lost_with_the_right_to_write(
    server: PostgresServer, postgres_url: str
) -> None:
    with (
        contextlib.closing(PostgresStore(postgres_url)) as store,
        contextlib.closing(PostgresStore(postgres_url)) as other,
    ):
        assert other.lock_holder() == "nobody"
        store.lock()
        assert other.lock_holder() == f"otcfix of otcfix from 127.0.0.1 (backend {backend(store)})"
        assert not other.try_lock()
        with psycopg.connect(server.conninfo("desk"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [backend(store)])

        other.lock()
        with pytest.raises(StoreLost):
            store.commit(Day().funded())


def test_other_threads_run_while_the_server_works(postgres_url: str) -> None:
    ticks: list[float] = []
    over = threading.Event()

    def tick() -> None:
        while not over.wait(0.001):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    with contextlib.closing(Wire(conninfo(postgres_url))) as wire:
        wire.prepare([(b"sleep", "SELECT pg_sleep($1::float8)")])
        thread.start()
        wire.run("SELECT pg_sleep(0.1)")
        wire.ask(b"sleep", [b"0.1"])
        wire.pipeline([(b"sleep", [b"0.1"], None)])
        over.set()
        thread.join()

    assert len(ticks) > 30, "had one of the three held the interpreter, there were no more than 10"


def test_every_row_is_found_by_an_index_from_the_first_day_on(postgres_url: str) -> None:
    with contextlib.closing(PostgresStore(postgres_url)) as store:
        wire = store._connected()
        for name in [*(f"recall {kind}" for kind in RECALLS), "add", "add many"]:
            values = "'x', 1" if name == "add" else "'{}', '{}'"
            steps = wire.run(f'EXPLAIN EXECUTE "{name}" ({values})')
            plan = "\n".join(str(step[0], "utf8") for step in steps)
            assert "Index Scan" in plan, plan
            assert "Seq Scan" not in plan, plan


def test_addresses_become_connection_strings() -> None:
    url = sa.make_url("postgresql+psycopg://us%20er:p%40ss@db.example:6432/desk?sslmode=require")

    info = psycopg.conninfo.conninfo_to_dict(conninfo_of(url))

    assert info["user"] == "us er"
    assert info["password"] == "p@ss"
    assert (info["host"], info["port"], info["dbname"]) == ("db.example", "6432", "desk")
    assert (info["sslmode"], info["client_encoding"]) == ("require", "utf8")
