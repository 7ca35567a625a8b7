"""A PostgreSQL connection without a layer above libpq, for the message path.

psycopg's own cursors cost some 40 µs a statement and two round trips a COPY. Here what one batch
needs goes out in one piece and the answers are read in one go: a lone quote takes one round
trip. Nothing is waited for in Python, so other threads run while the server works.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from psycopg import conninfo, pq

from otcfix.model.errors import StoreLost

COMMAND_OK = pq.ExecStatus.COMMAND_OK
TUPLES_OK = pq.ExecStatus.TUPLES_OK
COPY_IN = pq.ExecStatus.COPY_IN

TEXT, BINARY = 0, 1

# A server that is gone without a word is noticed in about this time, not after hours.
DEFAULTS = {
    "client_encoding": "utf8",
    "application_name": "otcfix",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}

Call = tuple[bytes, Sequence[bytes | None], Sequence[int] | None]
"""One execution of a prepared statement: its name, the values, their formats."""


def conninfo_of(url: sa.URL) -> str:
    """Return the libpq connection string of a SQLAlchemy URL, DEFAULTS below it."""
    given = url.translate_connect_args(username="user", database="dbname")
    given |= {name: value for name, value in url.query.items() if isinstance(value, str)}
    return conninfo.make_conninfo(**{**DEFAULTS, **{k: str(v) for k, v in given.items()}})


class Wire:
    """One connection. Every method raises StoreLost when the server does not do as told."""

    def __init__(self, info: str) -> None:
        self._conn = pq.PGconn.connect(info.encode())
        if self._conn.status != pq.ConnStatus.OK:
            raise StoreLost(self._conn.get_error_message().strip())

    @property
    def open(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._conn.status == pq.ConnStatus.OK

    def close(self) -> None:
        """Close; a transaction that is open is rolled back by the server."""
        self._conn.finish()

    def run(self, sql: str, *values: str) -> list[tuple[bytes | None, ...]]:
        """Execute one statement with text values and return its rows, as text."""
        params = [value.encode() for value in values]
        result = self._good(self._conn.exec_params(sql.encode(), params))
        return rows_of(result)

    def prepare(self, statements: Iterable[tuple[bytes, str]]) -> None:
        """Prepare statements under their names, in one round trip."""
        with self._pipelined() as pending:
            for name, sql in statements:
                self._conn.send_prepare(name, sql.encode())
                pending.append(name)

    def ask(self, name: bytes, values: Sequence[bytes]) -> list[tuple[bytes | None, ...]]:
        """Execute a prepared query and return its rows, in binary format."""
        return rows_of(self._good(self._conn.exec_prepared(name, values, None, BINARY)))

    def pipeline(self, calls: Sequence[Call]) -> None:
        """Execute prepared statements in one round trip.

        Outside a transaction they are one: all are done, durably, or none.
        """
        with self._pipelined() as pending:
            for name, values, formats in calls:
                self._conn.send_query_prepared(name, values, formats)
                pending.append(name)

    @contextmanager
    def _pipelined(self) -> Iterator[list[bytes]]:
        """Send what is sent within, then read an answer for each name that was noted.

        The answers must be so short that the server can write them while we still send.
        """
        conn = self._conn
        pending: list[bytes] = []
        conn.enter_pipeline_mode()
        yield pending
        conn.pipeline_sync()
        for _ in pending:
            self._good(self._next())
            if conn.get_result() is not None:
                raise StoreLost("the server answered twice")
        if self._next().status != pq.ExecStatus.PIPELINE_SYNC:
            raise StoreLost("the server lost its place")
        conn.exit_pipeline_mode()

    def copy(self, begin: str, texts: Sequence[tuple[str, bytes]]) -> None:
        """Execute *begin*, then COPY each table's text: one round trip each."""
        conn = self._conn
        script = "".join(f"; COPY {table} FROM STDIN" for table, _ in texts)
        conn.send_query((begin + script).encode())
        self._good(self._next())
        for _, text in texts:
            result = self._next()
            if result.status != COPY_IN:
                self._good(result)
                raise StoreLost("the server does not take a COPY")
            conn.put_copy_data(text)
            conn.put_copy_end()
            self._good(self._next())
        if conn.get_result() is not None:
            raise StoreLost("the server answered more than it was asked")

    def _next(self) -> pq.abc.PGresult:
        result = self._conn.get_result()
        if result is None:
            raise StoreLost(self._conn.get_error_message().strip() or "the server does not answer")
        return result

    @staticmethod
    def _good(result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status not in (COMMAND_OK, TUPLES_OK):
            raise StoreLost(result.get_error_message().strip() or f"PostgreSQL: {result.status}")
        return result


def rows_of(result: pq.abc.PGresult) -> list[tuple[bytes | None, ...]]:
    """Return the rows of *result*."""
    columns = range(result.nfields)
    value = result.get_value
    return [tuple([value(row, column) for column in columns]) for row in range(result.ntuples)]


# -- values ----------------------------------------------------------------------------------

_ENCODERS: dict[type, Any] = {
    int: b"%d".__mod__,
    str: str.encode,
    bytes: bytes,
    bool: lambda flag: b"t" if flag else b"f",
    Decimal: lambda value: str(value).encode(),
    type(None): lambda _: None,
}


def encoded(row: Iterable[Any]) -> list[bytes | None]:
    """Return the values of *row* as parameters: bytea goes in binary format, all else as text."""
    return [_ENCODERS[type(value)](value) for value in row]


def array(values: Iterable[Any]) -> bytes:
    """Write *values* (text, numbers or bytes) as a PostgreSQL array."""
    return ("{" + ",".join([_element(value) for value in values]) + "}").encode()


def _element(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
