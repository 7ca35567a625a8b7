"""The store in PostgreSQL: by its URL, for a desk that has one.

A small batch is one pipeline of prepared statements. From PIPELINED_MAX rows on COPY is cheaper
for the server and for us; what COPY cannot do, changing rows, follows as one pipeline.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import sqlalchemy as sa

from otcfix.store import progress, schema
from otcfix.store.base import PUTS, RECALLS, Store, Unstorable
from otcfix.store.rows import Row, Work, packed
from otcfix.store.tables import metadata
from otcfix.store.wire import BINARY, TEXT, Call, Wire, array, conninfo_of, encoded

PIPELINED_MAX = 50
"""Rows up to which a batch goes row by row in one pipeline."""

LOCK = 0x6F746366  # "otcf": the advisory lock's key, the same in every database
MAILBOX_LOCK = 0x6F746367

COPIED = (
    "journal", "outbox", "sent", "transfers", "trades", "id_uses", "obligations",
    "price_explanations",
)  # fmt: skip
"""Tables that may see many rows in a batch; the others of Work.tables see one now and then."""

_PUT = ("orders", "quotes", "hedges")
"""Tables whose rows change: with many of them, one statement each after the copies."""

_WRITTEN = (*COPIED, *_PUT, "disputes", "hedge_fills", "accounts", "register", "proven",
            "meta")  # fmt: skip


_Ready = tuple[list[tuple[str, bytes]] | None, list[Call]]
"""What is copied, per table, None for a small batch; then the statements of one pipeline."""


def _type(column: sa.Column[object]) -> str:
    return {
        "BIGINT": "int8",
        "TEXT": "text",
        "BLOB": "bytea",
        "BOOLEAN": "bool",
        "NUMERIC": "numeric",
    }[str(column.type).partition("(")[0]]


_TYPES = {
    name: [_type(column) for column in table.columns] for name, table in metadata.tables.items()
}
_FORMATS = {
    name: [BINARY if kind == "bytea" else TEXT for kind in kinds] for name, kinds in _TYPES.items()
}
_TEXTS = {
    name: [n for n, kind in enumerate(kinds) if kind == "text"] for name, kinds in _TYPES.items()
}
_BLOBS = {
    name: [n for n, kind in enumerate(kinds) if kind == "bytea"] for name, kinds in _TYPES.items()
}
_LINES = {
    name: "\t".join("\\\\x%s" if kind == "bytea" else "%s" for kind in kinds) + "\n"
    for name, kinds in _TYPES.items()
}

_KEYS = "unnest($1::text[], $2::text[]) AS k(scope, id)"

# What is to be added to an account that is not there must undo the transaction, so the statement
# itself has to fail; a cast is the one way to say why in plain SQL.
_ADD = """
    WITH done AS (
        UPDATE accounts SET balance = balance + $2::int8 WHERE account = $1::text RETURNING 1
    )
    SELECT CASE count(*) WHEN 1 THEN 0 ELSE ('no account ' || $1::text)::int END FROM done
"""
_ADD_MANY = """
    WITH done AS (
        UPDATE accounts a SET balance = a.balance + d.delta
        FROM unnest($1::text[], $2::int8[]) AS d(account, delta) WHERE a.account = d.account
        RETURNING 1
    )
    SELECT CASE count(*) WHEN cardinality($1::text[]) THEN 0
    ELSE ('no account for one of ' || $1::text)::int END FROM done
"""

_LOOSEN = "UPDATE accounts SET floor = $2::int8 WHERE account = $1::text AND floor > $2::int8"
_TIGHTEN = "UPDATE accounts SET floor = LEAST(balance, $2::int8) WHERE account = $1::text"

# Every statement here finds single rows by a key. Plans are made once, perhaps while the tables
# are empty, where reading all of a table would look cheaper, and must not be made so.
_SETTINGS = (
    "statement_timeout = 0",
    "lock_timeout = '20s'",
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
)


def _statements() -> Iterable[tuple[bytes, str]]:
    for name in _WRITTEN:
        kinds = _TYPES[name]
        put = PUTS.get(name, "")
        one = ", ".join(f"${n}::{kind}" for n, kind in enumerate(kinds, 1))
        yield name.encode(), f"INSERT INTO {name} VALUES ({one}){put}"  # noqa: S608
        if name in _PUT:
            many = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
            into = f"INSERT INTO {name} SELECT * FROM unnest({many}){put}"  # noqa: S608
            yield b"many " + name.encode(), into
    for kind, query in RECALLS.items():
        yield b"recall " + kind.encode(), query.format(keys=_KEYS)
    yield b"add", _ADD
    yield b"add many", _ADD_MANY
    yield b"loosen", _LOOSEN
    yield b"tighten", _TIGHTEN
    yield b"done", "UPDATE commands SET done_seq = $1::int8, result = $2::text WHERE id = $3::int8"
    yield b"commit", "COMMIT"


class PostgresStore(Store):
    """A database that `otcfix db upgrade` has made. The desk holds one connection for itself."""

    def __init__(self, url: str) -> None:
        """Connect. Errors: StoreLost when there is no server, or the schema is another."""
        parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
        self._info = conninfo_of(parsed)
        self._wire: Wire | None = None
        self._locked = False
        engine = sa.create_engine(
            parsed,
            pool_size=2,
            use_native_hstore=False,  # saves a question at every start
            connect_args={"connect_timeout": 10},
        )
        super().__init__(engine, engine.execution_options(isolation_level="REPEATABLE READ"))
        try:
            with self.reading() as connection:
                schema.check(connection)
        except BaseException:
            self.engine.dispose()
            raise

    def _connected(self) -> Wire:
        """The connection of the message path, made when first needed: most programs only read."""
        if self._wire is None:
            wire = Wire(self._info)
            # A batch is either durable or the desk stops: no setting of a role may soften that.
            if wire.run("SHOW synchronous_commit") in ([(b"off",)], [(b"local",)]):
                wire.run("SET synchronous_commit = on")
            for setting in _SETTINGS:
                wire.run(f"SET {setting}")
            wire.prepare(_statements())
            self._wire = wire
        return self._wire

    # -- the message path ------------------------------------------------------------------

    def _ready(self, work: Work) -> _Ready:
        # Everything is encoded before anything is sent: an Unstorable must leave nothing behind.
        if work.size() <= PIPELINED_MAX:
            return None, list(_small(work))
        texts = [(name, copy_text(name, rows)) for name in COPIED if (rows := work.tables[name])]
        return texts, list(_rest(work))

    def _write(self, ready: _Ready) -> None:
        wire = self._connected()
        texts, calls = ready
        try:
            if texts is not None:
                wire.copy("BEGIN", texts)
            wire.pipeline(calls)
        except BaseException:
            wire.close()  # the server rolls back
            raise

    def _fetch(self, kind: str, pairs: list[tuple[str, str]]) -> list[Row]:
        original = {(packed(scope), packed(name)): (scope, name) for scope, name in pairs}
        columns = [array(column) for column in zip(*original, strict=True)]
        found = self._connected().ask(b"recall " + kind.encode(), columns)
        if kind != "cl_ord_id":
            return [(*original[_text(scope), _text(name)], body) for scope, name, body in found]
        return [
            (
                *original[_text(scope), _text(name)], _text(used), _text(order_id), _text(digest),
                accepted == b"\1", _text(code), _text(text), _text(orig), body,
            )
            for scope, name, used, order_id, digest, accepted, code, text, orig, body in found
        ]  # fmt: skip

    # -- one writer ------------------------------------------------------------------------

    def try_lock(self) -> bool:
        """Take the database's advisory lock, on the very connection that commits.

        So the lock cannot be lost while this desk can still write.
        """
        if not self._locked:
            (answer,) = self._connected().run(f"SELECT pg_try_advisory_lock({LOCK})")
            self._locked = answer == (b"t",)
        return self._locked

    def lock_holder(self) -> str:
        """The server process that holds the lock, and where it is connected from."""
        query = sa.text(
            "SELECT a.pid, a.usename, a.application_name, a.client_addr FROM pg_locks l "
            "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND l.classid = 0 AND l.objid = :lock AND l.granted"
        )
        with self.reading() as connection:
            row = connection.execute(query, {"lock": LOCK}).first()
        if row is None:
            return "nobody"
        return f"{row.application_name} of {row.usename} from {row.client_addr} (backend {row.pid})"

    def _one_at_a_time(self, connection: sa.Connection) -> None:
        # Ids are given out before they are committed: 6 could become visible before 5.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MAILBOX_LOCK)))

    def close(self) -> None:
        """Close the connections, and with them let go of the lock."""
        super().close()
        if self._wire is not None:
            self._wire.close()
            self._wire = None
            self._locked = False


# -- what a batch becomes --------------------------------------------------------------------


def _small(work: Work) -> Iterable[Call]:
    """The whole of *work*, row by row."""
    yield from _loosened(work)
    for name, rows in work.tables.items():
        yield from _each(name, rows)
    yield from _each("orders", work.orders)
    yield from _each("quotes", work.quotes)
    yield from _each("hedges", work.hedges)
    for delta in work.deltas:
        yield b"add", encoded(delta), None
    yield from _always(work)


def _rest(work: Work) -> Iterable[Call]:
    """What COPY has left over, and the end of the transaction."""
    for name, rows in work.tables.items():
        if name not in COPIED:
            yield from _each(name, rows)
    for name, rows in zip(_PUT, (work.orders, work.quotes, work.hedges), strict=True):
        if rows:
            columns = list(zip(*rows, strict=True))
            _needs_escapes(name, columns)
            yield b"many " + name.encode(), [array(column) for column in columns], None
    yield from _loosened(work)
    if work.deltas:
        columns = list(zip(*work.deltas, strict=True))
        yield b"add many", [array(column) for column in columns], None
    yield from _always(work)
    yield b"commit", [], None


def _loosened(work: Work) -> Iterable[Call]:
    for name, lowest, _ in work.floors:
        yield b"loosen", encoded((name, lowest)), None


def _always(work: Work) -> Iterable[Call]:
    yield from _each("accounts", work.opened)
    for name, _, floor in work.floors:
        yield b"tighten", encoded((name, floor)), None
    yield from _each("register", work.register)
    yield from _each("proven", work.proven)
    for seq, result, command_id in work.commands:
        yield b"done", encoded((seq, packed(result), command_id)), None
    if work.progress is not None:
        yield b"meta", encoded((progress.KEY, work.progress)), None


def _each(name: str, rows: Iterable[Row]) -> Iterable[Call]:
    statement, formats = name.encode(), _FORMATS[name]
    for row in rows:
        yield statement, _params(name, row), formats


def _params(name: str, row: Row) -> list[bytes | None]:
    params = encoded(row)
    # libpq would silently end a text at its first NUL.
    for value, kind in zip(params, _TYPES[name], strict=True):
        if kind == "text" and value and b"\0" in value:
            raise Unstorable("a text with NUL")
    return params


def _text(value: bytes | None) -> str:
    assert value is not None
    return value.decode()


# -- COPY ------------------------------------------------------------------------------------


def copy_text(name: str, rows: list[Row]) -> bytes:
    """Write *rows* of table *name* as COPY reads them: tab, newline, backslash escaped.

    Errors: Unstorable for a NUL, UnicodeEncodeError for a lone surrogate.
    """
    columns = list(zip(*rows, strict=True))
    if _needs_escapes(name, columns):
        rows = [tuple(_escaped(value) for value in row) for row in rows]
        columns = list(zip(*rows, strict=True))
    if _BLOBS[name]:
        for n in _BLOBS[name]:
            columns[n] = tuple([value.hex() for value in columns[n]])
        rows = list(zip(*columns, strict=True))
    return (_LINES[name] * len(rows) % tuple(chain.from_iterable(rows))).encode()


def _needs_escapes(name: str, columns: Sequence[Sequence[str]]) -> bool:
    """Return whether any text needs escaping. Errors: Unstorable for a NUL."""
    # One look through all of it, joined: a hundred times as fast as one per field.
    together = "".join(chain.from_iterable([columns[n] for n in _TEXTS[name]]))
    if "\0" in together:
        raise Unstorable("a text with NUL")
    return "\\" in together or "\n" in together or "\t" in together or "\r" in together


def _escaped(value: object) -> object:
    return value.translate(_ESCAPES) if isinstance(value, str) else value


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
