"""The tables, as SQLAlchemy Core knows them: for reads, and as the one list of columns.

Amounts are integers in the asset's minor unit, prices and quantities exact decimals in major
units (NUMERIC; TEXT on SQLite, which has no exact decimal), instants microseconds since the
epoch, UTC. A row of a table is written in the order of its columns. How a table is made, its
indexes and triggers stand in `migrations`; a test compares the two.
"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData()

Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Exact(TypeDecorator[Decimal]):
    """A Decimal that comes back as it went in: NUMERIC on PostgreSQL, TEXT on SQLite."""

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """Name the column's type in this database."""
        kind: Any = sa.Text() if dialect.name == "sqlite" else sa.Numeric()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        """Write plain digits, never an exponent, where the column is text."""
        return f"{value:f}" if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Read it back."""
        return Decimal(value) if value is not None and dialect.name == "sqlite" else value


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, metadata, *columns)


def _key(name: str, kind: Any = Integer) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _number(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Integer, nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _exact(name: str) -> sa.Column[Any]:
    return sa.Column(name, Exact, nullable=False)


# -- what is only ever added to --------------------------------------------------------------

journal = _table(
    "journal",
    _key("seq"),
    _number("at"),
    _text("kind"),
    _text("session"),
    _number("epoch"),
    _number("msg_seq_num"),
    _number("received_at"),
    _text("text"),
    _text("facts"),
    _bytes("digest"),
    _bytes("hash"),
    _bytes("verdicts"),
)

outbox = _table(
    "outbox",
    _key("outbox_id"),
    _number("seq"),
    _text("session"),
    _text("msg_type"),
    _text("exec_id"),
    _flag("price"),
    _text("deliver_to"),
    _text("deliver_to_sub"),
    _text("text"),
    _number("previous"),  # the report before this one on the same session, see `progress`
)

sent = _table(
    "sent",
    _number("outbox_id"),
    _text("session"),
    _number("epoch"),
    _number("msg_seq_num"),
)

transfers = _table(
    "transfers",
    _key("seq"),
    _key("n"),
    _text("debit"),
    _text("credit"),
    _text("asset"),
    _number("amount"),
    _text("code"),
)

trades = _table(
    "trades",
    _key("seq"),
    _key("n"),
    _text("exec_id"),
    _text("order_id"),
    _text("cl_ord_id"),
    _text("client_id"),
    _text("end_client"),
    _text("account"),
    _text("session"),
    _text("symbol"),
    _number("side"),
    _exact("base_amount"),
    _exact("terms_amount"),
    _exact("price"),
    _exact("mid"),
    _exact("spread"),
    _exact("fee"),
    _text("quote_id"),
    _number("at"),
    _text("trade_date"),
    _text("settl_date"),
    sa.Column("last_look", sa.Text, nullable=False, server_default="NONE"),
)

disputes = _table(
    "disputes",
    _key("seq"),
    _key("n"),
    _text("session"),
    _number("epoch"),
    _text("exec_id"),
    _number("ref_seq_num", null=True),
    _text("why"),
)

obligations = _table(
    "obligations",
    _key("seq"),
    _key("n"),
    _text("client_id"),
    _text("asset"),
    _number("amount"),
    _text("value_date"),
)

id_uses = _table(
    "id_uses",
    _key("scope", sa.Text),
    _key("cl_ord_id", sa.Text),
    _number("seq"),
    _text("kind"),
    _text("order_id"),
    _text("digest"),
    _flag("accepted"),
    _text("code"),
    _text("text"),
    _text("orig_cl_ord_id"),
)

hedge_fills = _table(
    "hedge_fills",
    _key("seq"),
    _key("n"),
    _text("exec_id"),
    _text("venue"),
    _text("hedge_id"),
    _text("symbol"),
    _number("side"),
    _exact("base_amount"),
    _exact("terms_amount"),
    _exact("price"),
    _exact("mid"),
    _number("at"),
    _text("status"),
)

price_explanations = _table(
    "price_explanations",
    _key("seq"),
    _key("n"),
    _text("ref_id"),
    _text("symbol"),
    _text("client_id"),
    _bytes("body"),
)

APPEND_ONLY = (
    journal,
    outbox,
    sent,
    transfers,
    trades,
    disputes,
    obligations,
    id_uses,
    price_explanations,
    hedge_fills,
)
"""Tables whose rows are never changed or deleted: triggers refuse it."""

# -- what has a present state ----------------------------------------------------------------

orders = _table(
    "orders",
    _key("order_id", sa.Text),
    _text("client_id"),
    _text("symbol"),
    _text("status"),
    _number("seq"),
    _bytes("body"),
)

quotes = _table(
    "quotes",
    _key("quote_id", sa.Text),
    _text("client_id"),
    _text("quote_req_id"),
    _text("state"),
    _number("seq"),
    _bytes("body"),
)

hedges = _table(
    "hedges",
    _key("hedge_id", sa.Text),
    _text("venue"),
    _text("symbol"),
    _text("status"),
    _number("sent_at"),
    _number("seq"),
    _bytes("body"),
)

register = _table(
    "register",
    _key("kind", sa.Text),
    _key("key", sa.Text),
    _number("seq"),
    _bytes("body"),
)

accounts = _table(
    "accounts",
    _key("account", sa.Text),
    _text("owner"),
    _text("kind"),
    _text("asset"),
    _number("floor", null=True),
    _number("balance"),
)

proven = _table("proven", _key("session", sa.Text), _number("outbox_id"))

snapshots = _table(
    "snapshots",
    _key("seq"),
    _number("at"),
    _text("version"),
    _bytes("body"),
    _bytes("filter"),
)

commands = _table(
    "commands",
    sa.Column("id", Integer, primary_key=True, autoincrement=True),
    _number("inserted_at"),
    _text("body"),
    _text("by"),
    _number("done_seq", null=True),
    _text("result", null=True),
)

meta = _table("meta", _key("key", sa.Text), _text("value"))
