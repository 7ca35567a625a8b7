"""From a Batch to the rows that one transaction writes, the same for both databases. Pure.

The order of the values in a row is the order of the columns in `tables`. This runs for every
event: `astuple` is four times as fast as naming the fields.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.event import Event, IdUse
from otcfix.model.hedge import HedgeOrder
from otcfix.model.order import Order
from otcfix.model.pricing import Explanation
from otcfix.model.quote import Quote
from otcfix.model.record import Batch
from otcfix.model.trade import Trade
from otcfix.store.registering import (
    FloorRow,
    Floors,
    register_rows,
)

Row = tuple[Any, ...]

MARK = "\x02packed\x02"
"""Begins a text that was packed; no FIX text, JSON text or id of ours begins with it."""

order_of = msgspec.msgpack.Decoder(Order).decode
hedge_of = msgspec.msgpack.Decoder(HedgeOrder).decode
quote_of = msgspec.msgpack.Decoder(Quote).decode
explanation_of = msgspec.msgpack.Decoder(Explanation).decode
_body = msgspec.msgpack.Encoder().encode


class Work(Struct):
    """What one transaction writes.

    tables: rows to insert, by table; orders, quotes, hedges: rows to put, the latest of each id;
    opened: accounts seen for the first time, with the batch's change as balance; deltas: change
    per known account, in sorted order; progress: the new value of that word of meta, if due;
    register: rows to put; floors: of accounts whose settlement limit has changed.
    """

    tables: dict[str, list[Row]]
    orders: list[Row]
    quotes: list[Row]
    opened: list[Row]
    deltas: list[tuple[str, int]]
    proven: list[tuple[str, int]]
    commands: list[Row]
    progress: str | None = None
    hedges: list[Row] = []
    register: list[Row] = []
    floors: list[FloorRow] = []

    def size(self) -> int:
        """How many rows it writes."""
        return (
            sum(map(len, self.tables.values()))
            + len(self.orders)
            + len(self.quotes)
            + len(self.hedges)
            + len(self.opened)
            + len(self.deltas)
            + len(self.proven)
            + len(self.commands)
            + len(self.register)
            + len(self.floors)
        )


def work_of(batch: Batch, links: Iterable[int], known: set[str], floors: Floors) -> Work:
    """Return the rows of *batch*.

    links: the `previous` of each reply; known: the accounts that the database has.
    """
    tables: dict[str, list[Row]] = {
        "journal": list(map(astuple, batch.rows)),
        "outbox": [(*astuple(row), link) for row, link in zip(batch.outbox, links, strict=True)],
        "sent": list(map(astuple, batch.sent)),
        "transfers": [],
        "trades": [],
        "id_uses": [],
        "obligations": [],
        "disputes": [],
        "hedge_fills": [],
        "price_explanations": [],
    }
    hedges: dict[str, Row] = {}
    register: dict[Row, Row] = {}
    orders: dict[str, Row] = {}
    quotes: dict[str, Row] = {}
    moved: dict[str, int] = {}
    for event, decision in batch.decided:
        seq = event.seq
        if decision.transfers:
            _transfers(seq, decision, tables["transfers"], moved)
        if decision.uses:
            tables["id_uses"] += [_use(seq, use) for use in decision.uses]
        if decision.trades:
            tables["trades"] += [_trade(seq, n, trade) for n, trade in enumerate(decision.trades)]
        for order in decision.orders:
            key = order.order_id
            if key == "NONE":
                continue  # refused: nothing to come back to
            orders[key] = (key, order.client_id, order.symbol, order.status, seq, _body(order))
        for quote in decision.quotes:
            if not quote.lives:
                key = quote.quote_id
                quotes[key] = (
                    key, quote.client_id, quote.quote_req_id, quote.state, seq, _body(quote)
                )  # fmt: skip
        if decision.explanations:
            tables["price_explanations"] += _explained(seq, decision)
        if decision.obligations or decision.disputed:
            _rare(event, decision, tables)
        if decision.hedges or decision.hedge_fills:
            _hedges(seq, decision, tables["hedge_fills"], hedges)
        register.update(register_rows(event, decision))
    opened = [_opened(name, moved.pop(name), floors) for name in sorted(moved.keys() - known)]
    return Work(
        tables,
        list(orders.values()),
        list(quotes.values()),
        opened,
        sorted(moved.items()),
        sorted(batch.proven.items()),
        [(seq, result, command_id) for command_id, seq, result in batch.commands_done],
        hedges=list(hedges.values()),
        register=list(register.values()),
    )


def _explained(seq: int, decision: Decision) -> list[Row]:
    return [
        (seq, n, why.ref_id, why.symbol, why.client_id, _body(why))
        for n, why in enumerate(decision.explanations)
    ]


def _use(seq: int, use: IdUse) -> Row:
    return (
        use.scope, use.cl_ord_id, seq, use.kind, use.order_id, use.digest, use.accepted,
        use.code, use.text, use.orig_cl_ord_id,
    )  # fmt: skip


def _transfers(seq: int, decision: Decision, rows: list[Row], moved: dict[str, int]) -> None:
    """Add the rows of a decision's transfers, and their sums per account to *moved*."""
    for n, transfer in enumerate(decision.transfers):
        debit, credit, amount = transfer.debit, transfer.credit, transfer.amount
        rows.append((seq, n, debit, credit, transfer.asset, amount, transfer.code))
        moved[debit] = moved.get(debit, 0) - amount
        moved[credit] = moved.get(credit, 0) + amount


def _trade(seq: int, n: int, trade: Trade) -> Row:
    # Decimals as text, in full digits: PostgreSQL reads a NUMERIC from it, SQLite keeps it.
    return (
        seq, n, trade.exec_id, trade.order_id, trade.cl_ord_id, trade.client_id,
        trade.end_client, trade.account, trade.session, trade.symbol, int(trade.side),
        _digits(trade.base_amount), _digits(trade.terms_amount), _digits(trade.price),
        _digits(trade.mid), _digits(trade.spread), _digits(trade.fee), trade.quote_id, trade.at,
        trade.trade_date, trade.settl_date, trade.last_look,
    )  # fmt: skip


def _digits(value: Decimal) -> str:
    text = str(value)
    return text if "E" not in text else f"{value:f}"


def _rare(event: Event, decision: Decision, tables: dict[str, list[Row]]) -> None:
    tables["obligations"] += [
        (event.seq, n, *astuple(obligation)) for n, obligation in enumerate(decision.obligations)
    ]
    tables["disputes"] += [
        (event.seq, n, said.session, event.epoch, said.exec_id, said.ref_seq_num, said.why)
        for n, said in enumerate(decision.disputed)
    ]


def _hedges(seq: int, decision: Decision, rows: list[Row], hedges: dict[str, Row]) -> None:
    """Add the rows of a decision's hedge fills, and how its hedge orders stand to *hedges*."""
    rows += [
        (seq, n, f.exec_id, f.venue, f.hedge_id, f.symbol, int(f.side), _digits(f.base_amount),
         _digits(f.terms_amount), _digits(f.price), _digits(f.mid), f.at, f.status)
        for n, f in enumerate(decision.hedge_fills)
    ]  # fmt: skip
    for order in decision.hedges:
        key = order.hedge_id
        hedges[key] = (
            key, order.venue, order.symbol, order.status, order.sent_at, seq, _body(order)
        )  # fmt: skip


def _opened(name: str, balance: int, floors: Floors) -> Row:
    account = chart.describe(name)
    if account.kind == chart.AVAILABLE:
        client_id = account.owner.removeprefix(chart.CLIENT_PREFIX)
        account = chart.describe(name, floors.get((client_id, account.asset), 0))
    return (*astuple(account), balance)


# -- text that a database cannot hold --------------------------------------------------------


def packed(text: str) -> str:
    """Return *text* in a form that both databases hold, with MARK in front when it differs.

    PostgreSQL takes no NUL, and neither takes the lone surrogates by which Python stands for
    bytes that are not UTF-8. A client may send either, and must not stop the desk by it.
    """
    if _storable(text):
        return text
    return MARK + text.encode("unicode_escape").decode("ascii")


def unpacked(text: str) -> str:
    """Undo `packed`."""
    if not text.startswith(MARK):
        return text
    try:
        return text[len(MARK) :].encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return text  # somebody sent the mark itself


def _storable(text: str) -> bool:
    if "\0" in text or text.startswith(MARK):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def packed_work(work: Work) -> Work:
    """Return *work* with every text packed."""
    return Work(
        {name: _packed_rows(rows) for name, rows in work.tables.items()},
        _packed_rows(work.orders),
        _packed_rows(work.quotes),
        _packed_rows(work.opened),
        work.deltas,
        work.proven,
        _packed_rows(work.commands),
        work.progress,
        _packed_rows(work.hedges),
        _packed_rows(work.register),
        work.floors,
    )


def _packed_rows(rows: Iterable[Row]) -> list[Row]:
    return [
        tuple(packed(value) if isinstance(value, str) else value for value in row) for row in rows
    ]
