"""The store in one SQLite file: what a desk has when nothing else is said."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.pool import QueuePool, StaticPool

from otcfix.model.errors import StoreLost
from otcfix.store import progress, schema
from otcfix.store.base import PUTS, RECALLS, Store, Unstorable
from otcfix.store.rows import Row, Work, packed
from otcfix.store.tables import metadata

MEMORY = ":memory:"
PAGE_SIZE = 4096
BUSY_TIMEOUT_S = 10.0

# synchronous: FULL makes each commit durable; NORMAL would lose the last ones in a power cut.
# fullfsync: without it macOS calls a write done that is in the disk's own memory.
# recursive_triggers: so that INSERT OR REPLACE cannot delete past the append-only triggers.
# wal_autocheckpoint: 8 MB of log. A smaller one writes hot pages twice more often, a larger one
# holds up the commit that empties it for longer.
PRAGMAS = f"""
    PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)};
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA recursive_triggers = ON;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 2048;
"""

_keys = (
    "(SELECT json_extract(value, '$[0]') AS scope, json_extract(value, '$[1]') AS id "
    "FROM json_each(?)) AS k"
)
_RECALLS = {kind: query.format(keys=_keys) for kind, query in RECALLS.items()}


ROWS_AT_ONCE = (*range(256, 15, -16), *range(15, 0, -1))
"""Sizes of the statements that a batch is cut into: two a table, mostly. Each is a single step of
SQLite; row by row the driver would give the interpreter's lock up, and have to win it back, for
every row."""

_Steps = list[tuple[str, Row]]
_Ready = tuple[_Steps, _Steps, int, _Steps]
"""Statements with their values; those that add to accounts; how many accounts they add to; those
that set the last floors."""

_TAILS = PUTS | {
    # Said again after a restart, a reply may carry the same number twice: once is enough.
    "sent": " ON CONFLICT DO NOTHING",
}


@cache
def _insert(table: str, rows: int) -> str:
    one = f"({', '.join('?' * len(metadata.tables[table].columns))})"
    return f"INSERT INTO {table} VALUES {', '.join([one] * rows)}{_TAILS.get(table, '')}"  # noqa: S608


@cache
def _add(rows: int) -> str:
    # The driver counts rows of what begins with UPDATE alone, so no WITH in front.
    values = ", ".join(["(?, ?)"] * rows)
    return (
        "UPDATE accounts SET balance = balance + d.column2 "  # noqa: S608
        f"FROM (VALUES {values}) AS d WHERE account = d.column1"
    )


_LOOSEN = "UPDATE accounts SET floor = ? WHERE account = ? AND floor > ?"
_TIGHTEN = "UPDATE accounts SET floor = MIN(balance, ?) WHERE account = ?"
_DONE = "UPDATE commands SET done_seq = ?, result = ? WHERE id = ?"


class SqliteStore(Store):
    """One file, `<file>-wal` and `<file>-shm` beside it, `<file>.lock` while a desk runs."""

    def __init__(self, path: str, *, create: bool = True, upgrading: bool = False) -> None:
        """Open *path* (":memory:" for none, in tests), making it when it is not there.

        upgrading: whether another schema than the present one may be found.
        Errors: StoreLost when it is not there and not to be made, or is of another schema.
        """
        self.path = path
        self.concurrent = path != MEMORY  # in memory there is one connection for all
        self._lock_file: int | None = None
        new = path == MEMORY or not Path(path).exists()
        if new and not create:
            raise StoreLost(f"there is no database {path}")
        try:
            if new and path != MEMORY:
                # Everything the desk's clients do is in it: for its owner's eyes.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = connect(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreLost(f"{path}: {error}") from error
        engine = _engine(path, self._connection)
        super().__init__(engine, engine)
        try:
            self._prepare(upgrading)
        except BaseException:
            self.close()
            raise

    def _prepare(self, upgrading: bool) -> None:
        """Make the tables when there are none, otherwise see that they are the present ones."""
        try:
            # A file without a single table is as new as none: a crash may have left it so.
            empty = not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            if empty:
                self._connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
                mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                if mode != "wal" and self.path != MEMORY:
                    raise StoreLost(f"{self.path}: this file system does not let SQLite log ahead")
        except sqlite3.Error as error:
            raise StoreLost(f"{self.path}: {error}") from error
        if empty:
            self.upgrade()
        if not upgrading:
            with self.reading() as connection:
                schema.check(connection)

    def upgrade(self) -> None:
        """Run the migrations that are missing."""
        with self.writing() as connection:
            schema.upgrade(connection)

    # -- the message path ------------------------------------------------------------------

    def _ready(self, work: Work) -> _Ready:
        # A NUL would be taken, but an id with one could not be asked for again.
        ids = [row[1] for row in work.tables["id_uses"]] + [row[2] for row in work.quotes]
        if "\0" in "".join(ids):
            raise Unstorable("an id with NUL")
        steps: list[tuple[str, Row]] = [(_LOOSEN, (low, name, low)) for name, low, _ in work.floors]
        for table, rows in work.tables.items():
            steps += _inserts(table, rows)
        steps += _inserts("orders", work.orders)
        steps += _inserts("quotes", work.quotes)
        steps += _inserts("hedges", work.hedges)
        steps += _inserts("accounts", work.opened)
        steps += _inserts("register", work.register)
        steps += _inserts("proven", work.proven)
        steps += [(_DONE, command) for command in work.commands]
        if work.progress is not None:
            steps += _inserts("meta", [(progress.KEY, work.progress)])
        deltas = [(_add(size), flat) for size, flat in _cut(work.deltas)]
        tighten = [(_TIGHTEN, (floor, name)) for name, _, floor in work.floors]
        return steps, deltas, len(work.deltas), tighten

    def _write(self, ready: _Ready) -> None:
        steps, deltas, accounts, tighten = ready
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for statement, values in steps:
                execute(statement, values)
            if sum(execute(statement, values).rowcount for statement, values in deltas) != accounts:
                raise StoreLost("an account that was there is gone")
            for statement, values in tighten:
                execute(statement, values)
            execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # it may have been rolled back already
                execute("ROLLBACK")
            raise

    def _fetch(self, kind: str, pairs: list[tuple[str, str]]) -> list[Row]:
        original = {(packed(scope), packed(name)): (scope, name) for scope, name in pairs}
        keys = msgspec.json.encode(list(original)).decode()
        found = self._connection.execute(_RECALLS[kind], (keys,))
        return [(*original[row[:2]], *row[2:]) for row in found]

    # -- one writer ------------------------------------------------------------------------

    def try_lock(self) -> bool:
        """Lock `<file>.lock` for as long as this process lives; the file stays behind."""
        if self.path == MEMORY or self._lock_file is not None:
            return True
        descriptor = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock_file = descriptor
        return True

    def lock_holder(self) -> str:
        """The process id that stands in the lock file."""
        with contextlib.suppress(FileNotFoundError):
            pid = Path(f"{self.path}.lock").read_text().strip()
            return f"process {pid}" if pid else "a process that just starts"
        return "nobody"

    def close(self) -> None:
        """Close the file and let go of the lock."""
        super().close()
        self._connection.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _cut(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Cut *rows* into as few pieces as there are; yield how many each one has, and its values."""
    done, count = 0, len(rows)
    for size in ROWS_AT_ONCE:
        while count - done >= size:
            yield size, tuple(chain.from_iterable(rows[done : done + size]))
            done += size


def _inserts(table: str, rows: Sequence[Row]) -> list[tuple[str, Row]]:
    return [(_insert(table, size), values) for size, values in _cut(rows)]


def connect(path: str) -> sqlite3.Connection:
    """Open *path* with the settings that a desk needs, in autocommit mode."""
    connection = sqlite3.connect(
        path, BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.executescript(PRAGMAS)
    return connection


def _engine(path: str, connection: sqlite3.Connection) -> sa.Engine:
    """SQLAlchemy on connections of its own; in memory there can only be the one."""
    if path == MEMORY:
        engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    else:
        engine = sa.create_engine(
            "sqlite://", creator=lambda: connect(path), poolclass=QueuePool, pool_size=2
        )

    # The driver itself would begin a transaction before a write only, and one that reads first
    # and then writes fails when somebody else wrote in between.
    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
