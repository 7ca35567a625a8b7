"""What the sequencer reads of a client's trades (35=AD)."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from otcfix.model.enquiries import TradesWanted
from otcfix.model.order import NEW, PARTIAL
from otcfix.model.time import SECOND, Instant
from otcfix.model.trade import Trade
from otcfix.store.books import between, trade_of
from otcfix.store.reader import Reader
from otcfix.store.rows import packed
from otcfix.store.tables import orders as order_rows
from otcfix.store.tables import trades

AROUND = timedelta(days=2)
"""A trading day lies within this of its date, whatever its zone."""


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
    ) -> list[Trade]:
        """Return the oldest *limit* trades of *clients* that fit, in order.

        end_client: a broker's, "" for all; orders: of these alone; first and last: of these events
        alone, both inclusive. Errors: StoreLost.
        """
        seq = trades.c.seq
        query = sa.select(trades).where(trades.c.client_id.in_(list(clients)), seq >= first)
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
        with self.reading() as connection:
            if orders is not None and last is None:
                last = _closed_by(connection, orders)
            if last is not None:
                query = query.where(seq <= last)
            query = query.where(*between(connection, seq, _since(wanted), _until(wanted)))
            found = connection.execute(query.order_by(seq, trades.c.n).limit(limit)).all()
        return [trade_of(row) for row in found]

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


def _since(wanted: TradesWanted) -> Instant:
    """Rather too early than too late: the trades themselves are compared as well."""
    return max(wanted.since, _day(wanted.date_from, -AROUND) if wanted.date_from else 0)


def _until(wanted: TradesWanted) -> Instant | None:
    ends = [wanted.until + 1] if wanted.until else []
    if wanted.date_to:
        ends.append(_day(wanted.date_to, AROUND))
    return min(ends, default=None)


def _day(date: str, step: timedelta) -> Instant:
    moment = datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC) + step
    return max(int(moment.timestamp()) * SECOND, 0)
