"""What one event led to, read back for people: its replies, its transfers, and what was judged."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from otcfix.model.record import JournalRow, OutboxRow
from otcfix.model.time import Instant
from otcfix.store import reader
from otcfix.store.books import StatementLine, between
from otcfix.store.reader import Reader
from otcfix.store.rows import unpacked
from otcfix.store.tables import journal, outbox, sent, transfers


class Said(NamedTuple):
    """A reply, and the MsgSeqNum(34) it went out with; 0 when it was not sent (yet)."""

    row: OutboxRow
    msg_seq_num: int


def said_in(store: Reader, seq: int) -> list[Said]:
    """Return the replies of event *seq*, in their order.

    There is no index by event; numbers of replies rise with those of events, so it is found by
    halving.
    """
    columns = (outbox.c[name] for name in OutboxRow.__struct_fields__)
    number = sa.select(sa.func.max(sent.c.msg_seq_num)).where(
        sent.c.outbox_id == outbox.c.outbox_id
    )
    query = sa.select(*columns, number.scalar_subquery()).order_by(outbox.c.outbox_id)
    with store.reading() as connection:
        first, last = _first(connection, seq), _first(connection, seq + 1)
        rows = connection.execute(
            query.where(outbox.c.outbox_id >= first, outbox.c.outbox_id < last)
        )
        return [_said(row) for row in rows]


def _said(row: Any) -> Said:
    *fields, text, number = row
    return Said(OutboxRow(*(*fields, unpacked(text))), number or 0)


def _first(connection: sa.Connection, seq: int) -> int:
    """The first reply of event *seq* or of a later one."""
    low, high = 1, (connection.scalar(sa.select(sa.func.max(outbox.c.outbox_id))) or 0) + 1
    seq_of = sa.select(outbox.c.seq).where(outbox.c.outbox_id == sa.bindparam("id"))
    while low < high:
        middle = (low + high) // 2
        found = connection.scalar(seq_of, {"id": middle})
        if found is not None and found < seq:
            low = middle + 1
        else:
            high = middle
    return low


def transfers_in(store: Reader, seq: int) -> list[StatementLine]:
    """Return the transfers of event *seq*, in their order. Minor units."""
    query = (
        sa.select(
            transfers.c.seq, journal.c.at, transfers.c.code, transfers.c.debit, transfers.c.credit,
            transfers.c.asset, transfers.c.amount,
        )
        .join(journal, journal.c.seq == transfers.c.seq)
        .where(transfers.c.seq == seq)
        .order_by(transfers.c.n)
    )  # fmt: skip
    with store.reading() as connection:
        return [StatementLine(*row) for row in connection.execute(query)]


def judged_back(
    store: Reader, *, sessions: Sequence[str] | None = None, since: Instant = 0
) -> Iterator[JournalRow]:
    """Yield the events that were judged, the newest first; sessions: of these alone.

    There is no index of them: rows are looked through, a chunk at a time.
    """
    yield from _back(store, since, journal.c.verdicts != b"", sessions)


def told_before(store: Reader, kinds: Sequence[str], seq: int) -> Iterator[JournalRow]:
    """Yield the events of *kinds* up to *seq*, the newest first."""
    yield from _back(store, 0, sa.and_(journal.c.kind.in_(kinds), journal.c.seq <= seq), None)


def _back(
    store: Reader, since: Instant, which: sa.ColumnElement[bool], sessions: Sequence[str] | None
) -> Iterator[JournalRow]:
    columns = [journal.c[name] for name in JournalRow.__struct_fields__]
    query = sa.select(*columns).where(which).order_by(journal.c.seq.desc()).limit(reader.CHUNK)
    if sessions is not None:
        query = query.where(journal.c.session.in_(sessions))
    before = 1 << 62
    while True:
        with store.reading() as connection:
            chunk = query.where(
                journal.c.seq < before, *between(connection, journal.c.seq, since, None)
            )
            rows = connection.execute(chunk).all()
        for row in rows:
            fields = row._asdict()
            for name in ("text", "facts"):
                fields[name] = unpacked(fields[name])
            yield JournalRow(**fields)
        if len(rows) < reader.CHUNK:
            return
        before = rows[-1].seq
