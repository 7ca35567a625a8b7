"""A PostgreSQL to measure on: one that is given, else the throw-away server of our tests."""

import importlib.util
import secrets
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

import otcfix
from otcfix.bench.measure import children_of

GLUE = "tests/support/postgres.py"


class Server:
    """Databases of our own on one server; all of them are dropped at the end."""

    def __init__(self, conninfo: str, throw_away: Any = None) -> None:
        self._conninfo = conninfo
        self._throw_away = throw_away
        self._names: list[str] = []
        with psycopg.connect(conninfo) as connection:
            version = connection.info.server_version
        self.version = f"{version // 10_000}.{version % 10_000}"

    @property
    def pids(self) -> list[int]:
        """The processes of the server; none when it is not ours."""
        if self._throw_away is None:
            return []
        pid = int(self._throw_away.pid)
        return [pid, *children_of(pid)]

    def create(self) -> str:
        """Make an empty database; returns its address for SQLAlchemy."""
        name = f"otcfix_bench_{secrets.token_hex(4)}"
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self._names.append(name)
        info = psycopg.conninfo.make_conninfo(self._conninfo, dbname=name)
        with psycopg.connect(info) as connection:
            at = connection.info
            address = sa.URL.create(
                "postgresql+psycopg", at.user, at.password or None, at.host, at.port, name
            )
        return address.render_as_string(hide_password=False)

    def close(self) -> None:
        """Drop what was made; end the server if it is ours."""
        if self._throw_away is not None:
            self._throw_away.close()
            return
        for name in self._names:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            self._administer(drop.format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(statement)


def server(address: str) -> tuple[Server | None, str]:
    """The server at *address*, else a throw-away one; or None and the reason."""
    if address:
        try:
            return Server(address.replace("postgresql+psycopg", "postgresql")), ""
        except psycopg.Error as error:
            return None, f"{error}".strip()
    glue = _glue()
    if glue is None:
        return None, f"no --postgresql URL, and {GLUE} is not beside this installation"
    try:
        throw_away = glue.PostgresServer()
        throw_away.start()
    except Exception as error:  # noqa: BLE001 - whatever it was: told as the reason
        return None, f"{type(error).__name__}: {error}"
    return Server(throw_away.conninfo(), throw_away), ""


def _glue() -> ModuleType | None:
    """The tests' own PostgreSQL glue, when we run from a checkout."""
    path = Path(otcfix.__file__).parents[1] / GLUE
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("otcfix_bench_postgres_glue", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError:
        return None
    return module
