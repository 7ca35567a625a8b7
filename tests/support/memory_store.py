"""A store in memory with the whole contract of StorePort: what conversations run on by default."""

from collections.abc import Iterator, Sequence

from otcfix.desk.captures import fits
from otcfix.model.enquiries import TradesWanted
from otcfix.model.event import IdUse, Recalled
from otcfix.model.ledger import Transfer
from otcfix.model.order import Order
from otcfix.model.post_trade import Allocation, Confirmation, TradeChange
from otcfix.model.quote import Quote
from otcfix.model.record import Batch, JournalRow, OutboxRow, SentMark, SessionNumbers
from otcfix.model.time import Instant
from otcfix.model.trade import Trade
from otcfix.sequencer.ports import Mailed
from otcfix.store.journal import GENESIS

SEP = "\x1f"


class MemoryStore:
    """Keeps everything that was committed, and nothing else."""

    concurrent = False

    def __init__(self) -> None:
        self.rows: list[JournalRow] = []
        self.transfers: list[Transfer] = []
        self.uses: dict[tuple[str, str], IdUse] = {}
        self.orders: dict[str, Order] = {}
        self.quotes: dict[str, Quote] = {}
        self.outbox: dict[int, OutboxRow] = {}
        self.dealt: list[tuple[int, Trade]] = []
        self.sent: dict[int, SentMark] = {}
        self.proven: dict[str, int] = {}
        self.trades: dict[str, Trade] = {}
        self.changes: dict[str, TradeChange] = {}
        self.allocations: dict[tuple[str, str], Allocation] = {}
        self.confirmations: dict[tuple[str, str], Confirmation] = {}
        self.snapshots: list[tuple[int, Instant, str, bytes, bytes]] = []

    # -- written ---------------------------------------------------------------------------

    def commit(self, batch: Batch) -> None:
        """Take everything of *batch*."""
        self.rows += batch.rows
        for event, decision in batch.decided:
            self.dealt += [(event.seq, trade) for trade in decision.trades]
            self.transfers += decision.transfers
            for use in decision.uses:
                self.uses[use.scope, use.cl_ord_id] = use
            for order in decision.orders:
                self.orders[order.order_id] = order
            for quote in decision.quotes:
                self.quotes[quote.quote_id] = quote
            for trade in decision.trades:
                self.trades[trade.exec_id] = trade
            for change in decision.changes:
                self.changes[change.trade.exec_id] = change
            for made in decision.allocations:
                self.allocations[made.client_id, made.alloc_id] = made
            for said in decision.confirmations:
                self.confirmations[said.client_id, said.confirm_id] = said
        for row in batch.outbox:
            self.outbox[row.outbox_id] = row
        for mark in batch.sent:
            self.sent[mark.outbox_id] = mark
        self.proven |= batch.proven

    def save_snapshot(self, seq: int, at: Instant, version: str, body: bytes, seen: bytes) -> None:
        """Keep a snapshot."""
        self.snapshots.append((seq, at, version, body, seen))

    def set_floors(self, floors: dict[tuple[str, str], int]) -> list[str]:
        """Floors are State's here: there is no second line of defence."""
        return []

    def close(self) -> None:
        """Nothing is open."""

    # -- read ------------------------------------------------------------------------------

    def recall(self, keys: Sequence[tuple[str, str, str]]) -> list[Recalled]:
        """Look ids up."""
        return [self._recall(*key) for key in keys]

    def _recall(self, kind: str, scope: str, key: str) -> Recalled:
        full = f"{scope}{SEP}{key}"
        if kind == "cl_ord_id":
            use = self.uses.get((scope, key))
            return Recalled(kind, full, use, self.orders.get(use.order_id) if use else None)
        if kind == "order":
            order = self.orders.get(key)
            mine = order is not None and order.client_id == scope
            return Recalled(kind, full, order=order if mine else None)
        if kind in ("trade", "report"):
            return self._trade(kind, scope, key, full)
        if kind == "allocation":
            allocation = self.allocations.get((scope, key))
            orders = [self.orders[one] for one in allocation.order_ids] if allocation else []
            return Recalled(kind, full, allocation=allocation, orders=tuple(orders))
        if kind == "confirmation":
            return Recalled(kind, full, confirmation=self.confirmations.get((scope, key)))
        wanted = "quote_id" if kind == "quote" else "quote_req_id"
        found = [q for q in self.quotes.values() if getattr(q, wanted) == key]
        found.sort(key=lambda quote: (quote.made_at, quote.line, quote.quote_id))
        return Recalled(kind, full, quotes=tuple(q for q in found if q.client_id == scope))

    def _trade(self, kind: str, scope: str, key: str, full: str) -> Recalled:
        exec_id = key
        if kind == "report":
            marks = [
                m for m in self.sent.values() if (m.session, m.msg_seq_num) == (scope, int(key))
            ]
            said = [self.outbox[m.outbox_id].exec_id for m in marks]
            exec_id = next((one for one in reversed(said) if one), "")
        trade = self.trades.get(exec_id)
        return Recalled(
            kind,
            full,
            order=self.orders[trade.order_id] if trade else None,
            exec_id=exec_id if kind == "report" else "",
            trade=trade,
            change=self.changes.get(exec_id),
        )

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
        """The trades that fit."""
        return [
            trade
            for seq, trade in self.dealt
            if seq >= first
            and (last is None or seq <= last)
            and trade.client_id in clients
            and (orders is None or trade.order_id in orders)
            and trade.exec_id not in self.changes
            and fits(trade, wanted, end_client)
        ][:limit]

    def balances(self) -> dict[str, int]:
        """What the transfers sum up to, account by account."""
        sums: dict[str, int] = {}
        for transfer in self.transfers:
            sums[transfer.debit] = sums.get(transfer.debit, 0) - transfer.amount
            sums[transfer.credit] = sums.get(transfer.credit, 0) + transfer.amount
        return sums

    def head(self) -> tuple[int, bytes, Instant, int]:
        """Last journaled seq, its hash, its at, the last outbox id."""
        outbox_id = max(self.outbox, default=0)
        if not self.rows:
            return 0, GENESIS, 0, outbox_id
        last = self.rows[-1]
        return last.seq, last.hash, last.at, outbox_id

    def journal(self, after: int = 0, until: int | None = None) -> Iterator[JournalRow]:
        """Journal rows in order."""
        return iter([r for r in self.rows if r.seq > after and (until is None or r.seq <= until)])

    def newest_snapshot(self, version: str) -> tuple[int, Instant, bytes, bytes] | None:
        """The newest snapshot of *version*."""
        for seq, at, found, body, packed in reversed(self.snapshots):
            if found == version:
                return seq, at, body, packed
        return None

    def session_numbers(self) -> dict[str, SessionNumbers]:
        """Sequence numbers per session."""
        epochs = {row.session: row.epoch for row in self.rows if row.session}
        epochs = {mark.session: mark.epoch for mark in self.sent.values()} | epochs
        return {key: self._numbers(key, epoch) for key, epoch in epochs.items()}

    def _numbers(self, session: str, epoch: int) -> SessionNumbers:
        here = (session, epoch)
        heard = [row.msg_seq_num for row in self.rows if (row.session, row.epoch) == here]
        said = [m.msg_seq_num for m in self.sent.values() if (m.session, m.epoch) == here]
        proven = self.proven.get(session, 0)
        return SessionNumbers(session, epoch, max(heard, default=0), max(said, default=0), proven)

    def unsent(self) -> Iterator[OutboxRow]:
        """Outbox rows without any sent mark."""
        return iter([row for key, row in self.outbox.items() if key not in self.sent])

    def said_since(self, session: str, outbox_id: int) -> Iterator[OutboxRow]:
        """What was said to a session after an outbox id, prices left out."""
        found = [r for key, r in self.outbox.items() if key > outbox_id and key in self.sent]
        return iter([row for row in found if row.session == session and not row.price])

    def said_from_number(self, session: str, epoch: int, msg_seq_num: int) -> Iterator[OutboxRow]:
        """What was said to a session with this number or a higher one, prices left out."""
        wanted = [
            mark.outbox_id
            for mark in self.sent.values()
            if (mark.session, mark.epoch) == (session, epoch) and mark.msg_seq_num >= msg_seq_num
        ]
        return iter([self.outbox[key] for key in sorted(wanted) if not self.outbox[key].price])

    def reports(self, session: str, begin: int, end: int, since: Instant) -> Iterator[OutboxRow]:
        """What was said to a session, by number in its present epoch or by time, without prices."""
        at = {row.seq: row.at for row in self.rows}
        numbers = self.session_numbers().get(session)
        epoch = numbers.epoch if numbers else 0
        for key, row in sorted(self.outbox.items()):
            mark = self.sent.get(key)
            if row.session != session or row.price:
                continue
            if since:
                if at[row.seq] >= since:
                    yield row
            elif mark and mark.epoch == epoch and begin <= mark.msg_seq_num <= (end or 10**9):
                yield row

    def check_balances(self) -> list[str]:
        """Balances are summed up from the transfers here: they cannot differ."""
        return []

    def new_commands(self, after_id: int) -> Sequence[Mailed]:
        """Nobody uses the mailbox: conversations tell the sequencer directly."""
        return ()
