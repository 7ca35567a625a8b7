"""What people and reports read of the desk's own orders at venues, and of their fills."""

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from otcfix.model.hedge import FINAL, HedgeFill, HedgeOrder
from otcfix.model.messages import Side
from otcfix.model.time import Instant
from otcfix.store.reader import Reader
from otcfix.store.rows import hedge_of, unpacked
from otcfix.store.tables import hedge_fills, hedges

_SIDE = HedgeFill.__struct_fields__.index("side")


class HedgeFillRow(Struct, frozen=True):
    """A fill and the event that booked it."""

    seq: int
    fill: HedgeFill


class Hedges(Reader):
    """Reads of hedge orders. None of it is on the message path."""

    def hedges(
        self,
        *,
        venue: str = "",
        symbol: str = "",
        hedge_id: str = "",
        open_only: bool = False,
        since: Instant = 0,
        limit: int | None = None,
    ) -> list[HedgeOrder]:
        """Return the orders that fit as they stand now, oldest first; with *limit* the newest."""
        query = sa.select(hedges.c.body).where(hedges.c.sent_at >= since)
        for column, wanted in (
            (hedges.c.venue, venue), (hedges.c.symbol, symbol), (hedges.c.hedge_id, hedge_id),
        ):  # fmt: skip
            if wanted:
                query = query.where(column == wanted)
        if open_only:
            query = query.where(hedges.c.status.not_in(FINAL))
        query = query.order_by(hedges.c.sent_at.desc(), hedges.c.hedge_id.desc()).limit(limit)
        with self.reading() as connection:
            return [hedge_of(row.body) for row in connection.execute(query)][::-1]

    def hedge_fills(self, hedge_ids: list[str]) -> list[HedgeFillRow]:
        """Return the fills of these orders, reversals included, in the order of their booking."""
        query = sa.select(hedge_fills).order_by(hedge_fills.c.seq, hedge_fills.c.n)
        found: list[HedgeFillRow] = []
        with self.reading() as connection:
            for start in range(0, len(hedge_ids), _AT_ONCE):
                some = hedge_ids[start : start + _AT_ONCE]
                rows = connection.execute(query.where(hedge_fills.c.hedge_id.in_(some)))
                found += [_fill_row(row) for row in rows]
        return sorted(found, key=lambda row: row.seq)


_AT_ONCE = 500
"""Ids in one question: databases bound how many values one may have."""


def _fill_row(row: sa.Row[Any]) -> HedgeFillRow:
    seq, _, *read = tuple(row)
    values: list[Any] = [unpacked(value) if isinstance(value, str) else value for value in read]
    values[_SIDE] = Side(values[_SIDE])
    return HedgeFillRow(seq, HedgeFill(*values))
