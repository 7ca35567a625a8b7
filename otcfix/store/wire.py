"""A PostgreSQL connection without a layer above libpq, for the message path.

psycopg's own cursors cost some 40 µs a statement and two round trips a COPY. Here what one batch
needs goes out in one piece and the answers are read in one go: a lone quote takes one round
trip. While the server works other threads run.
"""

import select
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import conninfo, pq

from otcfix.model.errors import StoreLost

TEXT, BINARY = 0, 1

PIECE = 1 << 17
"""Bytes of a COPY that are handed over at once: libpq copies them with the GIL held."""

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
        # psycopg calls libpq with the GIL held: it must never be left to wait. We do, in poll.
        self._conn.nonblocking = 1
        self._readable, self._ready = select.poll(), select.poll()
        self._readable.register(self._conn.socket, select.POLLIN)
        self._ready.register(self._conn.socket, select.POLLIN | select.POLLOUT)

    def close(self) -> None:
        """Close; a transaction that is open is rolled back by the server."""
        self._conn.finish()

    def run(self, sql: str, *values: str) -> list[tuple[bytes | None, ...]]:
        """Execute one statement with text values and return its rows, as text."""
        with _told():
            self._conn.send_query_params(sql.encode(), [value.encode() for value in values])
            return self._rows()

    def ask(self, name: bytes, values: Sequence[bytes]) -> list[tuple[bytes | None, ...]]:
        """Execute a prepared query and return its rows, in binary format."""
        with _told():
            self._conn.send_query_prepared(name, values, None, BINARY)
            return self._rows()

    def prepare(self, statements: Iterable[tuple[bytes, str]]) -> None:
        """Prepare statements under their names, in one round trip."""
        with _told():
            self._conn.enter_pipeline_mode()
            count = 0
            for name, sql in statements:
                self._conn.send_prepare(name, sql.encode())
                count += 1
            self._end_pipeline(count)

    def pipeline(self, calls: Sequence[Call]) -> None:
        """Execute prepared statements in one round trip.

        Outside a transaction they are one: all are done, durably, or none.
        """
        with _told():
            send = self._conn.send_query_prepared
            self._conn.enter_pipeline_mode()
            for name, values, formats in calls:
                send(name, values, formats)
            self._end_pipeline(len(calls))

    def _end_pipeline(self, count: int) -> None:
        """Send what is queued and read *count* answers."""
        self._conn.pipeline_sync()
        self._flush()
        for _ in range(count):
            self._good(self._next())
            self._nothing_more()
        if self._next().status != pq.ExecStatus.PIPELINE_SYNC:
            raise StoreLost("the server lost its place")
        self._conn.exit_pipeline_mode()

    def copy(self, begin: str, texts: Sequence[tuple[str, bytes]]) -> None:
        """Execute *begin*, then COPY each table's text: one round trip each."""
        with _told():
            script = "".join(f"; COPY {table} FROM STDIN" for table, _ in texts)
            self._conn.send_query((begin + script).encode())
            self._flush()
            self._good(self._next())
            for _, text in texts:
                result = self._next()
                if result.status != pq.ExecStatus.COPY_IN:
                    self._good(result)
                    raise StoreLost("the server does not take a COPY")
                for start in range(0, len(text), PIECE):
                    self._conn.put_copy_data(text[start : start + PIECE])
                    self._flush()
                self._conn.put_copy_end()
                self._flush()
                self._good(self._next())
            self._nothing_more()

    # -- waiting ---------------------------------------------------------------------------

    def _flush(self) -> None:
        """Send what libpq has queued; take what the server says meanwhile."""
        conn = self._conn
        while conn.flush():
            for _, event in self._ready.poll():
                if event & ~select.POLLOUT:
                    conn.consume_input()

    def _next(self) -> pq.abc.PGresult:
        result = self._answer()
        if result is None:
            raise StoreLost(self._conn.get_error_message().strip() or "the server does not answer")
        return result

    def _nothing_more(self) -> None:
        if self._answer() is not None:
            raise StoreLost("the server answered more than it was asked")

    def _answer(self) -> pq.abc.PGresult | None:
        conn = self._conn
        while conn.is_busy():
            self._readable.poll()
            conn.consume_input()
        return conn.get_result()

    def _rows(self) -> list[tuple[bytes | None, ...]]:
        self._flush()
        rows = rows_of(self._good(self._next()))
        self._nothing_more()
        return rows

    @staticmethod
    def _good(result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            raise StoreLost(result.get_error_message().strip() or f"PostgreSQL: {result.status}")
        return result


@contextmanager
def _told() -> Iterator[None]:
    """Tell what libpq itself complains about in our words."""
    try:
        yield
    except psycopg.Error as error:
        raise StoreLost(str(error).strip()) from error


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
