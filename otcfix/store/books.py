"""What people and reports read: balances, statements, trades, open orders, counts."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from otcfix.model.order import Order
from otcfix.model.post_trade import TradeChange
from otcfix.model.pricing import Explanation
from otcfix.model.quote import Quote
from otcfix.model.time import Instant
from otcfix.model.trade import Trade
from otcfix.store import reader
from otcfix.store.post_trade import changes_of, trade_of
from otcfix.store.reader import Reader
from otcfix.store.recovery import progress_now, unsent_ids
from otcfix.store.rows import explanation_of, order_of, quote_of, unpacked
from otcfix.store.tables import (
    accounts,
    commands,
    disputes,
    journal,
    orders,
    outbox,
    price_explanations,
    quotes,
    register,
    sent,
    trades,
    transfers,
)


class TradeRow(Struct, frozen=True):
    """A trade, the event that made it, why the client disputes it ("" when he does not), and what
    became of it (None: it stands)."""

    seq: int
    trade: Trade
    disputed: str
    change: TradeChange | None = None

    @property
    def status(self) -> str:
        """good, busted or corrected."""
        return "good" if self.change is None else self.change.kind.lower()


class StatementLine(Struct, frozen=True):
    """One transfer that touched the accounts asked for; amount in minor units."""

    seq: int
    at: Instant
    code: str
    debit: str
    credit: str
    asset: str
    amount: int


class Books(Reader):
    """The reads of people. None of it is on the message path."""

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
            .execution_options(yield_per=reader.CHUNK)
        )  # fmt: skip
        with self.reading() as connection:
            query = query.where(*between(connection, transfers.c.seq, since, until))
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
            query = query.where(*between(connection, trades.c.seq, since, until))
            why = _disputes(connection)
            if disputed:
                query = query.where(trades.c.exec_id.in_(list(why)))
            query = query.order_by(trades.c.seq.desc(), trades.c.n.desc()).limit(limit)
            found = [
                TradeRow(row.seq, trade := trade_of(row), why.get(trade.exec_id, ""))
                for row in connection.execute(query)
            ]
            changes = changes_of(connection, [row.trade.exec_id for row in found])
        return [
            TradeRow(row.seq, row.trade, row.disputed, changes.get(row.trade.exec_id))
            for row in found[::-1]
        ]

    def explanation(self, ref_id: str, seq: int | None = None) -> tuple[int, Explanation] | None:
        """Return why a price was what it was, and the event that made it.

        ref_id: a QuoteID(117), or the ExecID(17) of a deal without a quote. seq: the event that
        made the id, where that is known. There is no index of ids that do not count: it would cost
        every quote a page; without *seq*, or with a wrong one, the whole table is read.
        None: not explained.
        """
        table = price_explanations
        query = sa.select(table.c.seq, table.c.body).where(table.c.ref_id == ref_id)
        with self.reading() as connection:
            row = None
            if seq is not None:
                row = connection.execute(query.where(table.c.seq == seq)).first()
            row = row or connection.execute(query).first()
        return (row.seq, explanation_of(row.body)) if row else None

    def quote(self, quote_id: str) -> Quote | None:
        """Return a quote that is over as it ended. None: nobody knows it, or it still lives."""
        query = sa.select(quotes.c.body).where(quotes.c.quote_id == quote_id)
        with self.reading() as connection:
            body = connection.scalar(query)
        return quote_of(body) if body is not None else None

    def facts_back(self) -> Iterator[tuple[int, Instant, str]]:
        """Yield number, time and facts (JSON) of the events that carry any, the newest first."""
        columns = (journal.c.seq, journal.c.at, journal.c.facts)
        query = (
            sa.select(*columns)
            .where(journal.c.facts != "{}", journal.c.seq < sa.bindparam("before"))
            .order_by(journal.c.seq.desc())
            .limit(reader.CHUNK)
        )
        before = 1 << 62
        while True:
            with self.reading() as connection:
                rows = connection.execute(query, {"before": before}).all()
            for row in rows:
                yield row.seq, row.at, unpacked(row.facts)
            if len(rows) < reader.CHUNK:
                return
            before = rows[-1].seq

    def registered(self, kind: str) -> dict[str, bytes]:
        """Return what commands have set of a *kind* (see `registering`), by key, as JSON."""
        rows = sa.select(register.c.key, register.c.body).where(register.c.kind == kind)
        with self.reading() as connection:
            found = connection.execute(rows.order_by(register.c.key))
            return {row.key: bytes(row.body) for row in found}

    def boots(self, after: int = 0) -> Iterator[str]:
        """Yield the texts of the Boot events behind *after*, the newest first."""
        query = sa.select(journal.c.text).where(journal.c.kind == "Boot", journal.c.seq > after)
        with self.reading() as connection:
            for text in connection.scalars(query.order_by(journal.c.seq.desc())):
                yield unpacked(text)

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
            upto = progress_now(connection).sent_upto
            unsent = len(unsent_ids(connection, upto))
            first = between(connection, trades.c.seq, since, None)

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


def between(
    connection: sa.Connection, seq: sa.ColumnElement[int], since: Instant, until: Instant | None
) -> list[sa.ColumnElement[bool]]:
    """Say since <= at < until in sequence numbers: the journal is in order of both."""
    where = []
    if since:
        where.append(seq >= first_at(connection, since))
    if until is not None:
        where.append(seq < first_at(connection, until))
    return where


def first_at(connection: sa.Connection, moment: Instant) -> int:
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
