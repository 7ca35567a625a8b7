"""The throw-away PostgreSQL server that other tests stand on keeps what it promises."""

import contextlib
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.support import postgres
from tests.support.postgres import PostgresError, PostgresServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer(log_min_duration_statement="0") as server:
        yield server
        if not server.running:
            server.start()
        postmaster = server.pid
    server.close()  # a second time there is nothing to do
    assert not server.folder.exists(), "it leaves nothing behind"
    assert not psutil.pid_exists(postmaster)


@pytest.fixture
def database(server: PostgresServer) -> Iterator[str]:
    """A running server and an empty database in it, as libpq takes it."""
    if not server.running:
        server.start()
    server.create_database("desk")
    yield server.conninfo("desk")
    if not server.running:
        server.start()
    server.drop_database("desk")


def test_it_is_durable_and_listens_on_loopback_only(server: PostgresServer, database: str) -> None:
    shown = "SELECT current_setting(%s)"
    with psycopg.connect(database) as connection:
        settings = {
            name: connection.execute(shown, [name]).fetchone()[0]
            for name in ("fsync", "synchronous_commit", "listen_addresses", "server_encoding")
        }
        logged = connection.execute(shown, ["log_min_duration_statement"]).fetchone()

    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "127.0.0.1",
        "server_encoding": "UTF8",
    }
    assert logged == ("0",), "a setting given to the server holds"


def test_it_is_version_18(server: PostgresServer, database: str) -> None:
    with psycopg.connect(database) as connection:
        assert connection.info.server_version // 10_000 == 18


def test_the_url_is_what_sqlalchemy_takes(server: PostgresServer, database: str) -> None:
    scheme, rest = server.url("desk").split("://")

    assert scheme == "postgresql+psycopg"
    assert database == f"postgresql://{rest}"
    assert rest.startswith("otcfix@127.0.0.1:")
    assert rest.endswith("/desk")


def test_what_was_committed_survives_a_killed_postmaster(
    server: PostgresServer, database: str
) -> None:
    url, postmaster = server.url("desk"), server.pid
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE fill (id int PRIMARY KEY)")
        connection.execute("INSERT INTO fill VALUES (1)")
        connection.commit()
        connection.execute("INSERT INTO fill VALUES (2)")  # never committed

        server.kill()
        with pytest.raises(psycopg.OperationalError):
            _ask_forever(connection)

    server.start()

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT id FROM fill").fetchall() == [(1,)]
    assert server.pid != postmaster
    assert server.url("desk") == url, "clients find it where it was"


def _ask_forever(connection: psycopg.Connection) -> None:
    while True:
        connection.execute("SELECT 1")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_it_stops_and_starts_again_with_its_data(
    server: PostgresServer, database: str, mode: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE fill AS SELECT 7 AS id")

    server.stop(mode)
    assert not server.running
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database)
    server.start()

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT id FROM fill").fetchall() == [(7,)]


def test_a_database_can_be_copied_and_dropped_while_in_use(
    server: PostgresServer, database: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE fill AS SELECT 7 AS id")
    server.create_database("copy", template="desk")

    with contextlib.closing(psycopg.connect(server.conninfo("copy"))) as connection:
        assert connection.execute("SELECT id FROM fill").fetchall() == [(7,)]
        server.drop_database("copy")
    server.drop_database("copy")  # the second time there is nothing to do

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(server.conninfo("copy"))


def test_a_setting_that_postgresql_refuses_is_told_in_its_words(server: PostgresServer) -> None:
    if server.running:
        server.stop()
    settings = server.folder / "data/postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("fsync = perhaps")

    with pytest.raises(PostgresError, match='parameter "fsync" requires a Boolean value'):
        server.start()

    assert not server.running
    settings.write_text(before)


def test_a_server_whose_tests_were_killed_is_swept_by_the_next() -> None:
    program = (
        "from tests.support.postgres import PostgresServer\n"
        "server = PostgresServer()\n"
        "server.start()\n"
        "print(server.folder, server.pid, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        folder, pid = tests.stdout.readline().split()
        postgres.sweep()
        assert psutil.pid_exists(int(pid)), "while its tests live it is left alone"
        tests.kill()

    postgres.sweep()

    assert not Path(folder).exists()
    assert postgres.wait_until_ended(int(pid))


def test_binaries_that_nobody_can_reach_are_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if we were root and the wheel lay in root's home. The copy is a real one.
    monkeypatch.setattr(postgres, "_base_folder", lambda user: tmp_path)
    monkeypatch.setattr(postgres, "_anyone_reaches", lambda path: False)
    user = pwd.getpwuid(os.geteuid())

    tree = postgres._server_tree(user)
    (copy,) = tmp_path.iterdir()
    made = copy.stat().st_ino
    assert tree.is_relative_to(copy)
    for program in ("initdb", "postgres"):
        version = subprocess.check_output([tree / "bin" / program, "--version"], text=True)
        assert "(PostgreSQL) 18." in version, "it finds its libraries"
    assert postgres._server_tree(user) == tree
    assert copy.stat().st_ino == made, "the second time it is there"

    (tree / "bin/postgres").unlink()
    assert postgres._server_tree(user) == tree
    assert (tree / "bin/postgres").exists(), "what a cleaner took is put back"
    assert list(tmp_path.iterdir()) == [copy]

    copy.chmod(0o777)
    with pytest.raises(PostgresError, match="not made by this user"):
        postgres._server_tree(user)
