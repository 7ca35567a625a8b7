"""What people, recovery and reports read: the same queries for both databases.

None of it is on the message path, and each call reads one consistent state.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import Struct

from otcfix.model.errors import StoreLost
from otcfix.model.messages import Side
from otcfix.model.order import Order
from otcfix.model.record import JournalRow, OutboxRow, SessionNumbers
from otcfix.model.time import Instant
from otcfix.model.trade import Trade
from otcfix.store import progress
from otcfix.store.journal import GENESIS
from otcfix.store.progress import Progress
from otcfix.store.rows import order_of, unpacked
from otcfix.store.tables import (
    accounts,
    commands,
    disputes,
    journal,
    meta,
    orders,
    outbox,
    proven,
    sent,
    trades,
    transfers,
)

CHUNK = 2_000
"""Rows read at once where a whole table may pass by."""


class Head(NamedTuple):
    """The last event in the journal, and the last row of the outbox."""

    seq: int
    hash: bytes
    at: Instant
    outbox_id: int


class TradeRow(Struct, frozen=True):
    """A trade, the event that made it, and why the client disputes it ("" when he does not)."""

    seq: int
    trade: Trade
    disputed: str


class StatementLine(Struct, frozen=True):
    """One transfer that touched the accounts asked for; amount in minor units."""

    seq: int
    at: Instant
    code: str
    debit: str
    credit: str
    asset: str
    amount: int


class Reads:
    """The reading half of a store."""

    engine: sa.Engine

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database. Errors: StoreLost."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise StoreLost(f"the database does not answer: {error.orig}") from error

    # -- recovery --------------------------------------------------------------------------

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
        query = query.order_by(journal.c.seq).limit(CHUNK)
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
            if len(rows) < CHUNK:
                return
            after = rows[-1].seq

    def session_numbers(self) -> dict[str, SessionNumbers]:
        """Return each session's numbers in its current epoch.

        The current epoch is the highest that any event or sent mark of the session names.
        """
        with self.reading() as connection:
            sessions = _progress(connection).sessions
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
            ids = unsent_ids(connection, _progress(connection).sent_upto)
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            query = sa.select(outbox).where(outbox.c.outbox_id.in_(some))
            yield from self._outbox(query.order_by(outbox.c.outbox_id))

    def said_since(self, session: str, outbox_id: int) -> Iterator[OutboxRow]:
        """Yield the replies to *session* after *outbox_id*, in order, without prices (R10)."""
        query = sa.select(outbox).where(
            outbox.c.session == session,
            outbox.c.outbox_id > sa.bindparam("after"),
            sa.not_(outbox.c.price),
        )
        query = query.order_by(outbox.c.outbox_id).limit(CHUNK)
        while True:
            rows = self._outbox(query, after=outbox_id)
            yield from rows
            if len(rows) < CHUNK:
                return
            outbox_id = rows[-1].outbox_id

    def said_from_number(self, session: str, epoch: int, msg_seq_num: int) -> Iterator[OutboxRow]:
        """Yield the replies sent with MsgSeqNum(34) *msg_seq_num* or higher, by that number.

        Reads all sent marks: for the rare start after QuickFIX's own store was lost.
        """
        number = sa.func.min(sent.c.msg_seq_num).label("number")
        query = (
            sa.select(sent.c.outbox_id, number)
            .where(
                sent.c.session == session,
                sent.c.epoch == epoch,
                sent.c.msg_seq_num >= max(msg_seq_num, 1),
            )
            .group_by(sent.c.outbox_id)
            .order_by(number, sent.c.outbox_id)
        )
        with self.reading() as connection:
            ids = [row.outbox_id for row in connection.execute(query)]
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            rows = self._outbox(sa.select(outbox).where(outbox.c.outbox_id.in_(some)))
            by_id = {row.outbox_id: row for row in rows}
            yield from (by_id[outbox_id] for outbox_id in some)

    def _outbox(self, query: sa.Select[Any], **values: Any) -> list[OutboxRow]:
        with self.reading() as connection:
            rows = connection.execute(query, values).all()
        return [
            OutboxRow(*first, unpacked(to), unpacked(to_sub), unpacked(text))
            for *first, to, to_sub, text in rows
        ]

    # -- the ledger ------------------------------------------------------------------------

    def balances(self, prefix: str | None = None) -> dict[str, int]:
        """Return the balance of each account whose name begins with *prefix*. Minor units."""
        query = sa.select(accounts.c.account, accounts.c.balance).order_by(accounts.c.account)
        if prefix:
            query = query.where(_begins(accounts.c.account, prefix))
        with self.reading() as connection:
            return {row.account: row.balance for row in connection.execute(query)}

    def trial_balance(self) -> dict[str, int]:
        """Return the sum of all balances per asset: each must be 0."""
        total = sa.func.sum(accounts.c.balance).label("total")
        query = sa.select(accounts.c.asset, total).group_by(accounts.c.asset)
        with self.reading() as connection:
            return {row.asset: int(row.total) for row in connection.execute(query)}

    def check_balances(self) -> list[str]:
        """Return every difference between an account and the sum of its transfers."""
        sides = sa.union_all(
            sa.select(transfers.c.credit.label("account"), transfers.c.asset, transfers.c.amount),
            sa.select(transfers.c.debit, transfers.c.asset, -transfers.c.amount),
        ).subquery()
        total = sa.func.sum(sides.c.amount).label("total")
        sums = (
            sa.select(sides.c.account, sides.c.asset, total)
            .group_by(sides.c.account, sides.c.asset)
            .subquery()
        )
        same = sa.and_(accounts.c.account == sums.c.account, accounts.c.asset == sums.c.asset)
        moved = sa.func.coalesce(sums.c.total, 0)
        wrong = (
            sa.select(accounts.c.account, accounts.c.balance, moved)
            .select_from(accounts.outerjoin(sums, same))
            .where(accounts.c.balance != moved)
        )
        homeless = (
            sa.select(sums.c.account, sums.c.asset, sums.c.total)
            .select_from(sums.outerjoin(accounts, same))
            .where(accounts.c.account.is_(None))
        )
        with self.reading() as connection:
            found = [
                f"{account}: the balance is {balance}, its transfers sum up to {int(moved_)}"
                for account, balance, moved_ in connection.execute(wrong)
            ]
            found += [
                f"{account}: transfers of {int(moved_)} {asset}, but no such account"
                for account, asset, moved_ in connection.execute(homeless)
            ]
        return sorted(found)

    def statement(
        self, prefix: str, since: Instant = 0, until: Instant | None = None
    ) -> Iterator[StatementLine]:
        """Yield the transfers of the accounts that begin with *prefix*, since <= at < until.

        There is no index by account, because every event would pay for it: all transfers of
        the time asked for are looked through.
        """
        query = (
            sa.select(
                transfers.c.seq, journal.c.at, transfers.c.code, transfers.c.debit,
                transfers.c.credit, transfers.c.asset, transfers.c.amount,
            )
            .join(journal, journal.c.seq == transfers.c.seq)
            .where(
                sa.or_(_begins(transfers.c.debit, prefix), _begins(transfers.c.credit, prefix))
            )
            .order_by(transfers.c.seq, transfers.c.n)
            .execution_options(yield_per=CHUNK)
        )  # fmt: skip
        with self.reading() as connection:
            query = query.where(*_between(connection, transfers.c.seq, since, until))
            for row in connection.execute(query):
                yield StatementLine(*row)

    # -- deals -----------------------------------------------------------------------------

    def trades(
        self,
        *,
        client_id: str = "",
        symbol: str = "",
        order_id: str = "",
        exec_id: str = "",
        since: Instant = 0,
        until: Instant | None = None,
        disputed: bool = False,
        limit: int | None = None,
    ) -> list[TradeRow]:
        """Return the trades that fit, oldest first; with *limit* the newest ones only."""
        query = sa.select(trades)
        for column, wanted in (
            (trades.c.client_id, client_id),
            (trades.c.symbol, symbol),
            (trades.c.order_id, order_id),
            (trades.c.exec_id, exec_id),
        ):
            if wanted:
                query = query.where(column == wanted)
        with self.reading() as connection:
            query = query.where(*_between(connection, trades.c.seq, since, until))
            why = _disputes(connection)
            if disputed:
                query = query.where(trades.c.exec_id.in_(list(why)))
            query = query.order_by(trades.c.seq.desc(), trades.c.n.desc()).limit(limit)
            found = [_trade_row(row, why) for row in connection.execute(query)]
        return found[::-1]

    def orders_open(self, client_id: str = "") -> list[Order]:
        """Return the orders that can still fill or be cancelled, oldest first."""
        query = sa.select(orders.c.body).where(orders.c.status.in_(["0", "1"]))
        if client_id:
            query = query.where(orders.c.client_id == client_id)
        with self.reading() as connection:
            found = [order_of(row.body) for row in connection.execute(query)]
        return sorted(found, key=lambda order: (order.accepted_seq, order.order_id))

    def counts(self, since: Instant = 0) -> dict[str, int]:
        """Return how much there is, trades those since then: for `otcfix status`."""
        waiting = commands.c.done_seq.is_(None)
        with self.reading() as connection:
            upto = _progress(connection).sent_upto
            unsent = len(unsent_ids(connection, upto))
            first = _between(connection, trades.c.seq, since, None)

            def count(of: sa.FromClause, *where: Any) -> int:
                counted = sa.select(sa.func.count()).select_from(of).where(*where)
                return connection.scalar(counted) or 0

            return {
                "events": connection.scalar(sa.select(sa.func.max(journal.c.seq))) or 0,
                "trades": count(trades, *first),
                "orders_open": count(orders, orders.c.status.in_(["0", "1"])),
                "unsent": unsent,
                "accounts": count(accounts),
                "disputes": count(disputes),
                "commands_waiting": count(commands, waiting),
            }


# -- what several of them need ---------------------------------------------------------------


def _begins(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    # LIKE would fold case on SQLite and take % for a wildcard.
    return sa.func.substr(column, 1, len(prefix)) == prefix


def _between(
    connection: sa.Connection, seq: sa.ColumnElement[int], since: Instant, until: Instant | None
) -> list[sa.ColumnElement[bool]]:
    """Say since <= at < until in sequence numbers: the journal is in order of both."""
    where = []
    if since:
        where.append(seq >= _first_at(connection, since))
    if until is not None:
        where.append(seq < _first_at(connection, until))
    return where


def _first_at(connection: sa.Connection, moment: Instant) -> int:
    """Return the first event at or after *moment*, by halving: there is no index by time."""
    low, high = 1, (connection.scalar(sa.select(sa.func.max(journal.c.seq))) or 0) + 1
    at_of = sa.select(journal.c.at).where(journal.c.seq == sa.bindparam("seq"))
    while low < high:
        middle = (low + high) // 2
        at = connection.scalar(at_of, {"seq": middle})
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _progress(connection: sa.Connection) -> Progress:
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
    known = _progress(connection)
    known.seq = connection.scalar(sa.select(sa.func.max(journal.c.seq))) or 0
    last = connection.scalar(sa.select(sa.func.max(outbox.c.outbox_id))) or 0
    return progress.Tracker(known, unsent_ids(connection, known.sent_upto), last)


def unsent_ids(connection: sa.Connection, sent_upto: int) -> Sequence[int]:
    """Return the outbox ids without a sent mark; all at or below *sent_upto* have one."""
    marked = sa.select(sent.c.outbox_id).where(sent.c.outbox_id > sent_upto)
    above = sa.select(outbox.c.outbox_id).where(outbox.c.outbox_id > sent_upto)
    query = above.except_(marked).order_by(sa.literal_column("1"))
    return connection.scalars(query).all()


def _disputes(connection: sa.Connection) -> dict[str, str]:
    """Return why each ExecID(17) is disputed: named by itself, or by our report's number."""
    marked = sa.and_(
        disputes.c.exec_id == "",
        sent.c.session == disputes.c.session,
        sent.c.epoch == disputes.c.epoch,
        sent.c.msg_seq_num == disputes.c.ref_seq_num,
    )
    query = (
        sa.select(
            sa.func.coalesce(sa.func.nullif(disputes.c.exec_id, ""), outbox.c.exec_id),
            disputes.c.why,
        )
        .select_from(
            disputes.outerjoin(sent, marked).outerjoin(
                outbox, outbox.c.outbox_id == sent.c.outbox_id
            )
        )
        .order_by(disputes.c.seq, disputes.c.n)
    )
    return {exec_id: why or "disputed" for exec_id, why in connection.execute(query) if exec_id}


def _trade_row(row: sa.Row[Any], why: dict[str, str]) -> TradeRow:
    values = dict(row._mapping)
    seq, _ = values.pop("seq"), values.pop("n")
    values["side"] = Side(values["side"])
    trade = Trade(**values)
    return TradeRow(seq, trade, why.get(trade.exec_id, ""))
