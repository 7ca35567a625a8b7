"""The store as the rest of otcfix sees it. What differs between databases is in the two others.

The sequencer alone calls commit, prepare and recall. `write` may run on another thread meanwhile,
one at a time, and never beside `recall`. Everything else may be called from anywhere.
"""

import contextlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import Struct

from otcfix.ledger import chart
from otcfix.model.errors import InvariantBroken, StoreLost
from otcfix.model.event import IdUse, Recalled
from otcfix.model.record import Batch
from otcfix.model.time import Instant
from otcfix.store import progress
from otcfix.store.books import Books
from otcfix.store.captures import Captures
from otcfix.store.hedges import Hedges
from otcfix.store.post_trade import LATE, PostTrade
from otcfix.store.progress import Tracker
from otcfix.store.recovery import Recovery, tracker
from otcfix.store.registering import Floors, moved_floors
from otcfix.store.rows import Row, Work, order_of, packed_work, quote_of, unpacked, work_of
from otcfix.store.tables import accounts, commands, journal, meta, proven, snapshots

Key = tuple[str, str, str]
"""What to recall: kind (cl_ord_id, order, quote, quote_request), scope, id."""

SNAPSHOTS_KEPT = 2

PATIENCE_S = 3.0
"""How long a start waits for the lock of a desk that has just ended."""


class Unstorable(ValueError):
    """A text that the database cannot hold as it is: it is packed then."""


class Prepared(NamedTuple):
    """A batch that only has to be written: its rows, and the same as the database takes them."""

    work: Work
    ready: Any


class CommandRow(Struct, frozen=True):
    """A command for the running desk; result is None until it is done."""

    id: int
    inserted_at: Instant
    body: str
    by: str
    done_seq: int | None
    result: str | None


class Store(Recovery, Books, Captures, Hedges, PostTrade, ABC):
    """The database of one desk.

    floors: per (client_id, asset code), minor units that a client's available account may go
    below zero (R20); read when an account is opened. See `set_floors` for those that exist.
    """

    concurrent = True

    def __init__(self, engine: sa.Engine, readers: sa.Engine) -> None:
        self.engine = engine
        self.readers = readers
        self.floors: Floors = {}
        self._known: set[str] = set()
        self._proven: dict[str, int] = {}
        self._tracker: Tracker | None = None
        self._next_seq = 0
        self._lost = ""
        self._unwritten = 0

    # -- the message path ------------------------------------------------------------------

    def commit(self, batch: Batch) -> None:
        """Write *batch* durably, all or nothing. Errors: as `prepare` and `write`."""
        self.write(self.prepare(batch))

    def prepare(self, batch: Batch) -> Prepared:
        """Make of *batch* what `write` sends, so that writing is the database's work alone.

        Every prepared batch must be written, in the order in which they were prepared.
        Errors: InvariantBroken when its events do not follow the journal's last one; StoreLost
        for everything else. After either this store commits no more.
        """
        with self._guarded():
            work = self._work(batch)
            self._unwritten += 1
            if not work.size():
                return Prepared(work, None)
            try:
                return Prepared(work, self._ready(work))
            except (UnicodeEncodeError, Unstorable):
                packed = packed_work(work)
                return Prepared(packed, self._ready(packed))

    def write(self, prepared: Prepared) -> None:
        """Write what was prepared, durably, in one transaction, on whatever thread calls.

        Errors: StoreLost; then nothing of it is there, and this store commits no more.
        """
        with self._guarded():
            if prepared.ready is not None:
                try:
                    self._write(prepared.ready)
                except (UnicodeEncodeError, Unstorable):
                    self._write(self._ready(packed_work(prepared.work)))
            self._unwritten -= 1

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._lost:
            raise StoreLost(f"the store was lost before: {self._lost}")
        try:
            yield
        except InvariantBroken as error:
            self._lost = str(error)
            raise
        except Exception as error:  # whatever it was, the batch is not there: stop
            self._lost = str(error)
            raise StoreLost(f"the batch was not committed: {error}") from error

    def _work(self, batch: Batch) -> Work:
        followed = self._tracker or self._follow()
        if batch.rows:
            first, last = batch.rows[0].seq, batch.rows[-1].seq
            if first != self._next_seq or last - first + 1 != len(batch.rows):
                raise InvariantBroken(
                    f"events {first} to {last} ({len(batch.rows)} of them) do not follow "
                    f"event {self._next_seq - 1}"
                )
            self._next_seq = last + 1
        floors = moved_floors(batch, self.floors)
        work = work_of(batch, followed.link(batch.outbox), self._known, floors.opening)
        self.floors, work.floors = floors.floors, floors.rows
        work.proven = [row for row in work.proven if self._proven.get(row[0]) != row[1]]
        work.progress = followed.take(batch)
        self._known.update(row[0] for row in work.opened)
        self._proven.update(work.proven)
        return work

    def _follow(self) -> Tracker:
        with self.reading() as connection:
            self._known = set(connection.scalars(sa.select(accounts.c.account)))
            self._proven = {row[0]: row[1] for row in connection.execute(sa.select(proven))}
            self._tracker = tracker(connection)
        self._next_seq = self._tracker.progress.seq + 1
        return self._tracker

    @abstractmethod
    def _ready(self, work: Work) -> Any:
        """Return *work* as `_write` takes it. Errors: Unstorable, UnicodeEncodeError."""

    @abstractmethod
    def _write(self, ready: Any) -> None:
        """Write it in one transaction; leave nothing of it when anything fails."""

    def recall(self, keys: Sequence[Key]) -> list[Recalled]:
        """Return what is known of each of *keys*, in their order.

        Scope is the ClOrdID's scope (R17) for cl_ord_id, the client_id for the others: what
        belongs to another client is not found. Errors: StoreLost.
        """
        wanted: dict[str, list[tuple[str, str]]] = {}
        for kind, scope, name in keys:
            if kind not in LATE:
                wanted.setdefault(kind, []).append((scope, name))
        try:
            found = {kind: self._found(kind, pairs) for kind, pairs in wanted.items()}
        except StoreLost:
            raise
        except Exception as error:  # without an answer the desk must not decide (law 5)
            raise StoreLost(f"the database did not answer: {error}") from error
        return [self.late(*k) if k[0] in LATE else _recalled(*k, found[k[0]]) for k in keys]

    def _found(self, kind: str, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = {}
        for scope, name, *rest in self._fetch(kind, pairs):
            found.setdefault((scope, name), []).append(tuple(rest))
        return found

    @abstractmethod
    def _fetch(self, kind: str, pairs: list[tuple[str, str]]) -> list[Row]:
        """Return the rows of RECALLS[kind] for these (scope, id)."""

    # -- one writer ------------------------------------------------------------------------

    @abstractmethod
    def try_lock(self) -> bool:
        """Become the one desk on this database; False when another one is."""

    @abstractmethod
    def lock_holder(self) -> str:
        """Say who holds the lock, as well as the database knows."""

    def lock(self, patience_s: float = PATIENCE_S) -> None:
        """Become the one desk on this database: before anything of it is read.

        After a kill PostgreSQL may still be busy with the last batch of the desk that was: its
        lock goes when that is done. Errors: StoreLost after *patience_s*, naming who holds it.
        """
        deadline = time.monotonic() + patience_s
        while not self.try_lock():
            if time.monotonic() >= deadline:
                raise StoreLost(f"another desk runs on this database: {self.lock_holder()}")
            time.sleep(0.02)

    def close(self) -> None:
        """Let go of the database. What was committed stays; nothing else was there."""
        if self._tracker is not None and not self._lost and not self._unwritten:
            # It only shortens the next start, which finds the same without it.
            with contextlib.suppress(StoreLost):
                self._note_progress()
        self.engine.dispose()

    # -- what is written now and then ------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction beside the message path. Errors: StoreLost."""
        try:
            with self.engine.execution_options(writes=True).begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise StoreLost(f"the database did not take it: {error.orig}") from error

    def _note_progress(self) -> None:
        assert self._tracker is not None
        word = self._tracker.written()
        with self.writing() as connection:
            where = meta.c.key == progress.KEY
            if not connection.execute(sa.update(meta).where(where).values(value=word)).rowcount:
                connection.execute(sa.insert(meta).values(key=progress.KEY, value=word))

    def set_floors(self, floors: Floors) -> list[str]:
        """Set the settlement limits, at boot: of accounts to come and of those that exist.

        A client whose limit was lowered below what he uses keeps the floor at his present
        balance: nothing is forced, he may only come back (R23); the next boot tries again.
        Returns the accounts for which that is so.
        """
        self.floors = floors
        held, changed = [], []
        of_clients = sa.and_(
            accounts.c.kind == chart.AVAILABLE,
            sa.func.substr(accounts.c.owner, 1, len(chart.CLIENT_PREFIX)) == chart.CLIENT_PREFIX,
        )
        with self.writing() as connection:
            for row in connection.execute(sa.select(accounts).where(of_clients)):
                client_id = row.owner.removeprefix(chart.CLIENT_PREFIX)
                wanted = -floors.get((client_id, row.asset), 0)
                if wanted > row.balance:
                    held.append(row.account)
                if row.floor != (floor := min(wanted, row.balance)):
                    changed.append({"name": row.account, "to": floor})
            if changed:
                same = accounts.c.account == sa.bindparam("name")
                change = sa.update(accounts).where(same).values(floor=sa.bindparam("to"))
                connection.execute(change, changed)
        return sorted(held)

    def set_floor(self, client_id: str, asset: str, settlement_limit: int) -> bool:
        """Set one settlement limit as `set_floors` does; False when it is above the balance."""
        self.floors = {**self.floors, (client_id, asset): settlement_limit}
        name = chart.client_account(client_id, chart.AVAILABLE, asset)
        floor = -settlement_limit
        lowest = sa.case((accounts.c.balance < floor, accounts.c.balance), else_=floor)
        with self.writing() as connection:
            where = accounts.c.account == name
            connection.execute(sa.update(accounts).where(where).values(floor=lowest))
            balance = connection.scalar(sa.select(accounts.c.balance).where(where))
        return balance is None or balance >= floor

    def save_snapshot(
        self, seq: int, at: Instant, version: str, body: bytes, filter_: bytes
    ) -> None:
        """Keep State as of event *seq*, which must be in the journal; drop all but the last two.

        Errors: InvariantBroken when the journal has not come that far; StoreLost.
        """
        row = {"seq": seq, "at": at, "version": version, "body": body, "filter": filter_}
        with self.writing() as connection:
            connection.execute(sa.delete(snapshots).where(snapshots.c.seq >= seq))
            if seq > (connection.scalar(sa.select(sa.func.max(journal.c.seq))) or 0):
                raise InvariantBroken(f"a snapshot of event {seq}, which the journal has not")
            connection.execute(sa.insert(snapshots).values(row))
            newest = sa.select(snapshots.c.seq).order_by(snapshots.c.seq.desc())
            kept = list(connection.scalars(newest.limit(SNAPSHOTS_KEPT)))
            connection.execute(sa.delete(snapshots).where(snapshots.c.seq < kept[-1]))
        if self._tracker is not None:
            self._note_progress()

    def newest_snapshot(self, version: str) -> tuple[int, Instant, bytes, bytes] | None:
        """Return (seq, at, body, filter) of the newest snapshot that *version* wrote, or None."""
        query = sa.select(
            snapshots.c.seq, snapshots.c.at, snapshots.c.body, snapshots.c.filter
        ).where(snapshots.c.version == version)
        with self.reading() as connection:
            row = connection.execute(query.order_by(snapshots.c.seq.desc()).limit(1)).first()
        return (row[0], row[1], bytes(row[2]), bytes(row[3])) if row else None

    # -- the mailbox -----------------------------------------------------------------------

    def put_command(self, body: Mapping[str, object] | str, by: str, at: Instant) -> int:
        """Leave a command (JSON) for the running desk; return its id. Callable beside it."""
        text = body if isinstance(body, str) else json.dumps(body)
        row = {"inserted_at": at, "body": text, "by": by}
        with self.writing() as connection:
            self._one_at_a_time(connection)
            key = connection.execute(sa.insert(commands).values(row)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _one_at_a_time(self, connection: sa.Connection) -> None:
        """Let ids become visible in their order, where the database does not do so by itself."""

    def new_commands(self, after_id: int = 0) -> list[CommandRow]:
        """Return the commands after *after_id* that are not done, oldest first."""
        query = sa.select(commands).where(commands.c.id > after_id, commands.c.done_seq.is_(None))
        with self.reading() as connection:
            return [CommandRow(*row) for row in connection.execute(query.order_by(commands.c.id))]

    def command_result(self, command_id: int) -> CommandRow | None:
        """Return the command; its result is None as long as it is not done. None: no such id."""
        with self.reading() as connection:
            row = connection.execute(sa.select(commands).where(commands.c.id == command_id)).first()
        return CommandRow(*row) if row else None


# -- recall ----------------------------------------------------------------------------------

_ANEW = " DO UPDATE SET {0} = excluded.{0}, seq = excluded.seq, body = excluded.body"

PUTS = {
    "orders": " ON CONFLICT (order_id)" + _ANEW.format("status"),
    "quotes": " ON CONFLICT (quote_id)" + _ANEW.format("state"),
    "hedges": " ON CONFLICT (hedge_id)" + _ANEW.format("status"),
    "register": " ON CONFLICT (kind, key) DO UPDATE SET seq = excluded.seq, body = excluded.body",
    "proven": " ON CONFLICT (session) DO UPDATE SET outbox_id = excluded.outbox_id",
    "meta": " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
}
"""What follows an INSERT into a table whose rows may be there already; for both databases."""

RECALLS = {
    "cl_ord_id": (
        "SELECT k.scope, k.id, u.kind, u.order_id, u.digest, u.accepted, u.code, u.text, "
        "u.orig_cl_ord_id, o.body FROM {keys} CROSS JOIN id_uses u "
        "LEFT JOIN orders o ON o.order_id = u.order_id "
        "WHERE u.scope = k.scope AND u.cl_ord_id = k.id"
    ),
    "order": (
        "SELECT k.scope, k.id, o.body FROM {keys} CROSS JOIN orders o "
        "WHERE o.order_id = k.id AND o.client_id = k.scope"
    ),
    "quote": (
        "SELECT k.scope, k.id, q.body FROM {keys} CROSS JOIN quotes q "
        "WHERE q.quote_id = k.id AND q.client_id = k.scope"
    ),
    "quote_request": (
        "SELECT k.scope, k.id, q.body FROM {keys} CROSS JOIN quotes q "
        "WHERE q.client_id = k.scope AND q.quote_req_id = k.id"
    ),
}
"""The query of each kind; {keys} is a relation k(scope, id). CROSS JOIN: SQLite keeps the order."""


def _recalled(
    kind: str, scope: str, name: str, found: dict[tuple[str, str], list[Row]]
) -> Recalled:
    key, rows = f"{scope}\x1f{name}", found.get((scope, name))
    if not rows:
        return Recalled(kind, key)
    if kind == "cl_ord_id":
        *use, body = rows[0]
        used, order_id, digest, accepted, code, text, orig = use
        return Recalled(
            kind,
            key,
            IdUse(
                scope, name, used, order_id, digest, bool(accepted), code, unpacked(text),
                unpacked(orig),
            ),
            order_of(body) if body is not None else None,
        )  # fmt: skip
    if kind == "order":
        return Recalled(kind, key, order=order_of(rows[0][0]))
    quotes = [quote_of(row[0]) for row in rows]
    quotes.sort(key=lambda q: (q.made_at, q.line, q.quote_id))
    return Recalled(kind, key, quotes=tuple(quotes))
