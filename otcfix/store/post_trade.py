"""What is asked of trades after they were dealt: rarely, so by plain reads and not on the wire."""

from typing import Any

import msgspec
import sqlalchemy as sa

from otcfix.model.event import Recalled
from otcfix.model.messages import Side
from otcfix.model.order import Order
from otcfix.model.post_trade import Allocation, Confirmation, TradeBreak, TradeChange
from otcfix.model.trade import Trade
from otcfix.store import registering
from otcfix.store.reader import CHUNK, Reader
from otcfix.store.rows import order_of, packed, unpacked
from otcfix.store.tables import orders, outbox, register, sent, trades

LATE = ("trade", "report", "allocation", "confirmation")
"""Kinds of recall that are answered here."""

REPORTS_BACK = 50_000
"""How far back a report is looked for by its MsgSeqNum(34): there is no index of those."""

_SIDE = Trade.__struct_fields__.index("side")

change_of = msgspec.json.Decoder(TradeChange).decode
break_of = msgspec.json.Decoder(TradeBreak).decode
allocation_of = msgspec.json.Decoder(Allocation).decode
confirmation_of = msgspec.json.Decoder(Confirmation).decode


class PostTrade(Reader):
    """The reads of busts, breaks and allocations."""

    def late(self, kind: str, scope: str, name: str) -> Recalled:
        """Recall one id of LATE.

        trade: scope is the event that made the ExecID *name*. report: the session, and our
        MsgSeqNum(34). allocation, confirmation: the client, and his AllocID(70) or our
        ConfirmID(664). Errors: StoreLost.
        """
        nothing = Recalled(kind, f"{scope}\x1f{name}")
        with self.reading() as connection:
            if kind == "trade":
                return _trade(connection, nothing, int(scope), name)
            if kind == "report":
                return _report(connection, nothing, scope, int(name))
            if kind == "allocation":
                return _allocation(connection, nothing, f"{scope}|{name}")
            body = _registered(connection, registering.CONFIRMATION, f"{scope}|{name}")
            said = None if body is None else confirmation_of(body)
            return msgspec.structs.replace(nothing, confirmation=said)

    def trade_breaks(self) -> list[TradeBreak]:
        """Return every break, open or resolved, oldest first."""
        found = [break_of(body) for body in self._bodies(registering.BREAK)]
        return sorted(found, key=lambda one: (one.at, one.break_id))

    def allocations(self) -> list[Allocation]:
        """Return every allocation, oldest first."""
        found = [allocation_of(body) for body in self._bodies(registering.ALLOCATION)]
        return sorted(found, key=lambda one: (one.at, one.alloc_id))

    def confirmations(self) -> list[Confirmation]:
        """Return every confirmation, oldest first."""
        found = [confirmation_of(body) for body in self._bodies(registering.CONFIRMATION)]
        return sorted(found, key=lambda one: (one.at, one.confirm_id))

    def _bodies(self, kind: str) -> list[bytes]:
        query = sa.select(register.c.body).where(register.c.kind == kind)
        with self.reading() as connection:
            return [bytes(body) for body in connection.scalars(query)]


def changes_of(connection: sa.Connection, exec_ids: list[str]) -> dict[str, TradeChange]:
    """What became of these trades, by ExecID(17); those that stand are left out."""
    found: dict[str, TradeChange] = {}
    query = sa.select(register.c.body).where(register.c.kind == registering.TRADE_CHANGE)
    for start in range(0, len(exec_ids), CHUNK):
        some = [packed(one) for one in exec_ids[start : start + CHUNK]]
        for body in connection.scalars(query.where(register.c.key.in_(some))):
            change = change_of(bytes(body))
            found[change.trade.exec_id] = change
    return found


def _registered(connection: sa.Connection, kind: str, key: str) -> bytes | None:
    query = sa.select(register.c.body)
    query = query.where(register.c.kind == kind, register.c.key == packed(key))
    body = connection.scalar(query)
    return None if body is None else bytes(body)


def _trade(connection: sa.Connection, nothing: Recalled, seq: int, exec_id: str) -> Recalled:
    query = sa.select(trades).where(trades.c.seq == seq, trades.c.exec_id == packed(exec_id))
    row = connection.execute(query).first()
    if row is None:
        return nothing
    trade = trade_of(row)
    body = _registered(connection, registering.TRADE_CHANGE, exec_id)
    found = _orders(connection, (trade.order_id,))
    return msgspec.structs.replace(
        nothing,
        trade=trade,
        order=found[0] if found else None,
        change=None if body is None else change_of(body),
    )


def trade_of(row: sa.Row[Any]) -> Trade:
    """The trade that a row of `trades` holds."""
    values: list[Any] = [
        unpacked(value) if isinstance(value, str) else value for value in tuple(row)[2:]
    ]
    values[_SIDE] = Side(values[_SIDE])
    return Trade(*values)


def _report(connection: sa.Connection, nothing: Recalled, session: str, number: int) -> Recalled:
    """The newest report of the session that had this number."""
    last = connection.scalar(sa.select(sa.func.max(sent.c.outbox_id))) or 0
    query = (
        sa.select(outbox.c.seq, outbox.c.exec_id)
        .join(sent, sent.c.outbox_id == outbox.c.outbox_id)
        .where(
            sent.c.outbox_id > last - REPORTS_BACK,
            sent.c.session == packed(session),
            sent.c.msg_seq_num == number,
            outbox.c.exec_id != "",
        )
        .order_by(sent.c.outbox_id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return nothing
    known = _trade(connection, nothing, row.seq, unpacked(row.exec_id))
    return msgspec.structs.replace(known, exec_id=unpacked(row.exec_id))


def _allocation(connection: sa.Connection, nothing: Recalled, key: str) -> Recalled:
    body = _registered(connection, registering.ALLOCATION, key)
    if body is None:
        return nothing
    allocation = allocation_of(body)
    found = _orders(connection, allocation.order_ids)
    return msgspec.structs.replace(nothing, allocation=allocation, orders=found)


def _orders(connection: sa.Connection, ids: tuple[str, ...]) -> tuple[Order, ...]:
    """The orders as they stand, in the order of *ids*."""
    query = sa.select(orders.c.order_id, orders.c.body).where(orders.c.order_id.in_(ids))
    found = {row.order_id: order_of(bytes(row.body)) for row in connection.execute(query)}
    return tuple(found[one] for one in ids if one in found)
