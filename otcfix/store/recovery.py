"""What a start and the sequencer read: where everything ended, and what is still to be said."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from otcfix.model.record import JournalRow, OutboxRow, SessionNumbers
from otcfix.model.time import Instant
from otcfix.store import progress, reader
from otcfix.store.journal import GENESIS
from otcfix.store.reader import Reader
from otcfix.store.rows import unpacked
from otcfix.store.tables import journal, meta, outbox, proven, sent


class Head(NamedTuple):
    """The last event in the journal, and the last row of the outbox."""

    seq: int
    hash: bytes
    at: Instant
    outbox_id: int


class Recovery(Reader):
    """The reads of a start."""

    def head(self) -> Head:
        """Return where the journal and the outbox end; all zero when they are empty."""
        last = sa.select(journal.c.seq, journal.c.hash, journal.c.at)
        with self.reading() as connection:
            row = connection.execute(last.order_by(journal.c.seq.desc()).limit(1)).first()
            said = connection.scalar(sa.select(sa.func.max(outbox.c.outbox_id))) or 0
        return Head(*row, said) if row else Head(0, GENESIS, 0, said)

    def journal(self, after: int = 0, until: int | None = None) -> Iterator[JournalRow]:
        """Yield the events with after < seq <= until, in order, in constant memory."""
        query = sa.select(journal).where(journal.c.seq > sa.bindparam("after"))
        if until is not None:
            query = query.where(journal.c.seq <= until)
        query = query.order_by(journal.c.seq).limit(reader.CHUNK)
        while True:
            # A new look per chunk: an old one would keep SQLite's log from being emptied.
            with self.reading() as connection:
                rows = connection.execute(query, {"after": after}).all()
            for row in rows:
                seq, at, kind, session, epoch, number, received, text, facts, *rest = row
                yield JournalRow(
                    seq, at, kind, session, epoch, number, received, unpacked(text),
                    unpacked(facts), *rest,
                )  # fmt: skip
            if len(rows) < reader.CHUNK:
                return
            after = rows[-1].seq

    def session_numbers(self) -> dict[str, SessionNumbers]:
        """Return each session's numbers in its current epoch.

        The current epoch is the highest that any event or sent mark of the session names.
        """
        with self.reading() as connection:
            sessions = progress_now(connection).sessions
            proofs = {row.session: row.outbox_id for row in connection.execute(sa.select(proven))}
        for session in proofs.keys() - sessions.keys():
            sessions[session] = progress.Numbers()
        return {
            session: SessionNumbers(
                session, numbers.epoch, numbers.last_in, numbers.last_out, proofs.get(session, 0)
            )
            for session, numbers in sorted(sessions.items())
        }

    # -- the outbox ------------------------------------------------------------------------

    def unsent(self) -> Iterator[OutboxRow]:
        """Yield the replies without any sent mark, in order."""
        with self.reading() as connection:
            ids = unsent_ids(connection, progress_now(connection).sent_upto)
        yield from self._replies(ids)

    def said_since(self, session: str, outbox_id: int) -> Iterator[OutboxRow]:
        """Yield the replies to *session* after *outbox_id*, in order, without prices (R10)."""
        with self.reading() as connection:
            numbers = progress_now(connection).sessions.get(session)
            last = numbers.last_report if numbers else 0
            if last <= outbox_id:
                return
            # From the last report back along the chain: see `progress`.
            start = sa.literal(last, outbox.c.outbox_id.type).label("outbox_id")
            walk = sa.select(start).cte("walk", recursive=True)
            before = sa.select(outbox.c.previous).join(walk, walk.c.outbox_id == outbox.c.outbox_id)
            walk = walk.union_all(before.where(outbox.c.previous > outbox_id))
            ids = sorted(connection.scalars(sa.select(walk.c.outbox_id)))
        yield from self._replies(ids)

    def said_from_number(self, session: str, epoch: int, msg_seq_num: int) -> Iterator[OutboxRow]:
        """Yield the replies sent with MsgSeqNum(34) *msg_seq_num* or higher, by that number.

        Prices are left out (R10). Reads all sent marks: for the rare start after QuickFIX's own
        store was lost.
        """
        number = sa.func.min(sent.c.msg_seq_num).label("number")
        query = (
            sa.select(sent.c.outbox_id, number)
            .join(outbox, outbox.c.outbox_id == sent.c.outbox_id)
            .where(
                sa.not_(outbox.c.price),
                sent.c.session == session,
                sent.c.epoch == epoch,
                sent.c.msg_seq_num >= max(msg_seq_num, 1),
            )
            .group_by(sent.c.outbox_id)
            .order_by(number, sent.c.outbox_id)
        )
        with self.reading() as connection:
            ids = [row.outbox_id for row in connection.execute(query)]
        yield from self._replies(ids)

    def said_under(self, session: str, epoch: int) -> Iterator[tuple[int, OutboxRow]]:
        """Yield what was sent in an epoch, each with its MsgSeqNum(34), by that number.

        Prices are left out (R10). Reads all sent marks: for the start after QuickFIX's own store
        was lost.
        """
        query = (
            sa.select(sent.c.msg_seq_num, sent.c.outbox_id)
            .join(outbox, outbox.c.outbox_id == sent.c.outbox_id)
            .where(
                sa.not_(outbox.c.price),
                sent.c.session == session,
                sent.c.epoch == epoch,
                sent.c.msg_seq_num > 0,
            )
            .order_by(sent.c.msg_seq_num)
        )
        with self.reading() as connection:
            numbers = [tuple(row) for row in connection.execute(query)]
        rows = self._replies([outbox_id for _, outbox_id in numbers])
        yield from zip([number for number, _ in numbers], rows, strict=True)

    def _replies(self, ids: Sequence[int]) -> Iterator[OutboxRow]:
        """Yield the outbox rows of *ids*, in that order, in constant memory."""
        query = sa.select(outbox).where(outbox.c.outbox_id.in_(sa.bindparam("ids", expanding=True)))
        for start in range(0, len(ids), reader.CHUNK):
            some = ids[start : start + reader.CHUNK]
            with self.reading() as connection:
                rows = connection.execute(query, {"ids": some}).all()
            by_id = {
                outbox_id: OutboxRow(
                    outbox_id, seq, session, msg_type, exec_id, price, unpacked(to),
                    unpacked(to_sub), unpacked(text),
                )
                for outbox_id, seq, session, msg_type, exec_id, price, to, to_sub, text, _ in rows
            }  # fmt: skip
            yield from (by_id[outbox_id] for outbox_id in some)


# -- progress --------------------------------------------------------------------------------


def progress_now(connection: sa.Connection) -> progress.Progress:
    """Return the progress as of now: as written last, and what came after it."""
    word = connection.scalar(sa.select(meta.c.value).where(meta.c.key == progress.KEY))
    known = progress.read(word)
    heard = (
        sa.select(journal.c.session, journal.c.epoch, sa.func.max(journal.c.msg_seq_num))
        .where(journal.c.seq > known.seq, journal.c.session != "")
        .group_by(journal.c.session, journal.c.epoch)
    )
    for session, epoch, number in connection.execute(heard):
        known.heard(session, epoch, number)
    reports = (
        sa.select(outbox.c.session, sa.func.max(outbox.c.outbox_id))
        .where(outbox.c.outbox_id > known.outbox_id, sa.not_(outbox.c.price))
        .group_by(outbox.c.session)
    )
    for session, outbox_id in connection.execute(reports):
        known.reported(session, outbox_id)
    said = (
        sa.select(sent.c.session, sent.c.epoch, sa.func.max(sent.c.msg_seq_num))
        .where(sent.c.outbox_id > known.sent_upto)
        .group_by(sent.c.session, sent.c.epoch)
    )
    for session, epoch, number in connection.execute(said):
        known.said(session, epoch, number)
    return known


def tracker(connection: sa.Connection) -> progress.Tracker:
    """Return what the writer needs to go on from here."""
    known = progress_now(connection)
    known.seq = connection.scalar(sa.select(sa.func.max(journal.c.seq))) or 0
    known.outbox_id = connection.scalar(sa.select(sa.func.max(outbox.c.outbox_id))) or 0
    return progress.Tracker(known, unsent_ids(connection, known.sent_upto))


def unsent_ids(connection: sa.Connection, sent_upto: int) -> Sequence[int]:
    """Return the outbox ids without a sent mark; all at or below *sent_upto* have one."""
    marked = sa.select(sent.c.outbox_id).where(sent.c.outbox_id > sent_upto)
    above = sa.select(outbox.c.outbox_id).where(outbox.c.outbox_id > sent_upto)
    query = above.except_(marked).order_by(sa.literal_column("1"))
    return connection.scalars(query).all()
