"""What the sequencer reads of a client's trades (35=AD)."""

import contextlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from otcfix.model.enquiries import TradesWanted
from otcfix.model.order import NEW, PARTIAL
from otcfix.model.time import SECOND, Instant
from otcfix.model.trade import Trade
from otcfix.store import registering
from otcfix.store.books import first_at
from otcfix.store.post_trade import trade_of
from otcfix.store.reader import Reader
from otcfix.store.rows import packed
from otcfix.store.tables import orders as order_rows
from otcfix.store.tables import register, trades

AROUND = timedelta(days=2)
"""A trading day lies within this of its date, whatever its zone."""


LOOKED_THROUGH = 20_000
"""A client's trades that are read for those that fit: the desk decides nothing meanwhile."""


class Captures(Reader):
    """Trades by client: the index `trades_of_client` bounds what is read."""

    def trades_wanted(
        self,
        clients: tuple[str, ...],
        wanted: TradesWanted,
        end_client: str,
        orders: tuple[str, ...] | None,
        first: int,
        last: int | None,
        limit: int,
    ) -> list[Trade] | None:
        """Return the oldest *limit* trades of *clients* that fit, in order; None: too many would
        have to be looked through.

        end_client: a broker's, "" for all; orders: of these alone; first and last: of these events
        alone, both inclusive. Errors: StoreLost.
        """
        seq = trades.c.seq
        # What was busted or corrected does not stand; what replaces it is a trade of its own.
        gone = sa.exists().where(
            register.c.kind == registering.TRADE_CHANGE, register.c.key == trades.c.exec_id
        )
        query = sa.select(trades).where(trades.c.client_id.in_(list(clients)), ~gone)
        for column, value in (
            (trades.c.end_client, end_client),
            (trades.c.exec_id, wanted.exec_id),
            (trades.c.symbol, wanted.symbol),
        ):
            if value:
                query = query.where(column.in_(self._as_stored(value)))
        if wanted.side:
            query = query.where(trades.c.side == wanted.side)
        if wanted.date_from:
            query = query.where(trades.c.trade_date >= wanted.date_from)
        if wanted.date_to:
            query = query.where(trades.c.trade_date <= wanted.date_to)
        if orders is not None:
            stored = [text for one in orders for text in self._as_stored(one)]
            query = query.where(trades.c.order_id.in_(stored))
        filtered = orders is not None or end_client or wanted.symbol or wanted.side
        filtered = filtered or wanted.date_from or wanted.date_to
        with self.reading() as connection:
            if orders is not None and last is None:
                last = _closed_by(connection, orders)
            when = _when(connection, wanted, first, last)
            if filtered and self._too_many(connection, clients, when):
                return None
            query = query.where(*when)
            rows = connection.execute(query.order_by(seq, trades.c.n).limit(limit)).all()
        return [trade_of(row) for row in rows]

    @staticmethod
    def _too_many(
        connection: sa.Connection,
        clients: tuple[str, ...],
        when: list[sa.ColumnElement[bool]],
    ) -> bool:
        """Whether more of the clients' trades lie in a time than are looked through for a few."""
        seq = trades.c.seq
        query = sa.select(seq).where(trades.c.client_id.in_(list(clients)), *when)
        behind = query.order_by(seq).offset(LOOKED_THROUGH).limit(1)
        return connection.scalar(behind) is not None

    def _as_stored(self, text: str) -> list[str]:
        """As it may stand in a row: SQLite holds what PostgreSQL must have packed."""
        if self.readers.dialect.name == "sqlite":
            return list(dict.fromkeys((text, packed(text))))
        return [packed(text)]


def _closed_by(connection: sa.Connection, orders: tuple[str, ...]) -> int | None:
    """The event behind which none of *orders* fills any more; None while one is open."""
    query = sa.select(order_rows.c.status, order_rows.c.seq)
    rows = connection.execute(query.where(order_rows.c.order_id.in_(list(orders)))).all()
    if any(row.status in (NEW, PARTIAL) for row in rows):
        return None
    return max((row.seq for row in rows), default=None)


def _when(
    connection: sa.Connection, wanted: TradesWanted, first: int, last: int | None
) -> list[sa.ColumnElement[bool]]:
    """One bound on either side: SQLite seeks by the first of several that it is given."""
    since, until = _since(wanted), _until(wanted)
    low = max(first, first_at(connection, since) if since else 0)
    ends = [] if last is None else [last]
    if until is not None:
        ends.append(first_at(connection, until) - 1)
    bounds = [trades.c.seq >= low]
    if ends:
        bounds.append(trades.c.seq <= min(ends))
    return bounds


def _since(wanted: TradesWanted) -> Instant:
    """Rather too early than too late: the trades themselves are compared as well."""
    return max(wanted.since, _day(wanted.date_from, -AROUND) if wanted.date_from else 0)


def _until(wanted: TradesWanted) -> Instant | None:
    ends = [wanted.until + 1] if wanted.until else []
    if wanted.date_to:
        ends.append(_day(wanted.date_to, AROUND))
    return min(ends, default=None)


def _day(date: str, step: timedelta) -> Instant:
    """The calendar ends with the year 9999 and begins with the year 1, wherever *step* leads."""
    moment = datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC)
    with contextlib.suppress(OverflowError):
        moment += step
    return max(int(moment.timestamp()) * SECOND, 0)
