"""The trades that a TradeCaptureReportRequest asks for, found for its event's facts: in the store,
and in what this batch has decided before it. State holds none.

The request must see every earlier batch in the store: the loop has them committed first.
"""

from collections.abc import Callable
from typing import Protocol

from otcfix.desk.captures import TRADES_MAX, fits
from otcfix.desk.ids import seq_of
from otcfix.desk.lookups import scope_of
from otcfix.desk.state import State
from otcfix.desk.whose import end_client_of, is_seen, whose
from otcfix.model.enquiries import TradeCaptureReportRequest, TradesWanted
from otcfix.model.errors import StoreLost
from otcfix.model.event import Facts, Recalled
from otcfix.model.party import Session
from otcfix.model.trade import Trade
from otcfix.sequencer.ports import StorePort

Find = Callable[[str, str, str], Recalled | None]
"""(kind, scope, id) to what a batch that is not committed yet knows of it."""


class Unsaved(Protocol):
    """What the batch that is being decided has done. undone: trades that do not stand any more."""

    def find(self, kind: str, scope: str, key: str) -> Recalled | None:
        """What it knows of an id."""
        ...

    @property
    def trades(self) -> list[Trade]:
        """Its trades."""
        ...

    @property
    def undone(self) -> set[str]:
        """ExecIDs(17)."""
        ...


MORE = Facts(more_trades=True)
LOST = Facts(store_failed=True)


class TradesAsked:
    """Finds trades by client, order, execution, symbol, side and time."""

    def __init__(self, state: State, store: StorePort) -> None:
        self._state = state
        self._store = store

    def facts(self, asked: TradeCaptureReportRequest, unsaved: Unsaved) -> Facts:
        """Facts with the trades, oldest first, or with more_trades, or with store_failed.

        unsaved: what the batch that is being decided has done.
        """
        session = self._state.register.sessions[asked.head.session]
        clients = whose(session, asked.wanted.end_client)
        end_client = end_client_of(session, asked.wanted.end_client)
        try:
            orders = self._orders(asked.wanted, session, clients, unsaved.find)
            if orders == () or not clients:
                return Facts()
            found = self._stored(asked.wanted, clients, end_client, orders)
        except StoreLost:
            return LOST
        if found is None:
            return MORE
        known = {trade.exec_id for trade in found}
        found += [
            trade
            for trade in unsaved.trades
            if trade.client_id in clients
            and trade.exec_id not in known
            and fits(trade, asked.wanted, end_client)
            and (orders is None or trade.order_id in orders)
        ]
        register, undone = self._state.register, unsaved.undone
        stand = [
            trade
            for trade in found
            if trade.exec_id not in undone and is_seen(register, session, trade)
        ]
        return MORE if len(found) > TRADES_MAX else Facts(trades=tuple(stand))

    def _stored(
        self,
        wanted: TradesWanted,
        clients: tuple[str, ...],
        end_client: str,
        orders: tuple[str, ...] | None,
    ) -> list[Trade] | None:
        first, last = 0, None
        if wanted.exec_id:
            seq = self._made_by(wanted.exec_id, "E")
            if seq is None:
                return []
            first, last = seq, seq
        elif orders is not None:
            made = [seq for one in orders if (seq := self._made_by(one, "O")) is not None]
            if not made:
                return []
            first = min(made)
        return self._store.trades_wanted(
            clients, wanted, end_client, orders, first, last, TRADES_MAX + 1
        )

    def _made_by(self, name: str, letter: str) -> int | None:
        """The event that made an id: it need not be looked for."""
        desk = self._state.register.desk
        return seq_of(name, letter, self._state.id_key, desk.shard if desk else "")

    def _orders(
        self,
        wanted: TradesWanted,
        session: Session,
        clients: tuple[str, ...],
        find: Find,
    ) -> tuple[str, ...] | None:
        """The orders that 37 or 11 names; None: none is named; (): it names none of theirs."""
        if wanted.order_id:
            return (wanted.order_id,)
        if not wanted.cl_ord_id:
            return None
        scopes = clients
        if session.broker:
            ends = (wanted.end_client,) if wanted.end_client else session.end_clients
            scopes = tuple(scope_of(session, end) for end in ends)
        found = [self._order_of(scope, wanted.cl_ord_id, find) for scope in scopes]
        return tuple(one for one in found if one)

    def _order_of(self, scope: str, cl_ord_id: str, find: Find) -> str:
        known = self._state.order_of_id.get((scope, cl_ord_id))
        if known is not None:
            return known
        recalled = find("cl_ord_id", scope, cl_ord_id)
        if recalled is None:
            (recalled,) = self._store.recall([("cl_ord_id", scope, cl_ord_id)])
        use = recalled.use if recalled is not None else None
        return use.order_id if use is not None and use.accepted else ""
