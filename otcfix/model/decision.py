"""What follows from one event: everything that apply, the store and the wire need to know."""

import hashlib
from decimal import Decimal

import msgspec
from msgspec import Struct

from otcfix.model.event import IdUse
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.messages import Side
from otcfix.model.order import Order
from otcfix.model.quote import Quote
from otcfix.model.replies import Reply
from otcfix.model.time import Instant
from otcfix.model.trade import Trade
from otcfix.model.verdict import Verdict


class DepthTaken(Struct, frozen=True, gc=False):
    """How much of a source's snapshot clients have taken so far, in base (R16)."""

    source: str
    symbol: str
    snapshot: int
    side: Side
    quantity: Decimal


class Disputed(Struct, frozen=True, gc=False):
    """A client says that he could not read, or does not know, something we said.

    Names the execution by exec_id, or by the session and MsgSeqNum(34) of our report.
    """

    session: str
    exec_id: str
    ref_seq_num: int | None
    why: str


class DeskMoved(Struct, frozen=True, gc=False):
    """One word of State that the other fields do not carry: (what, key) becomes value."""

    what: str
    key: str
    value: str | int


class Decision(Struct, frozen=True, gc=False):
    """The whole consequence of one event. orders and quotes are as they stand after it."""

    replies: tuple[Reply, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    trades: tuple[Trade, ...] = ()
    orders: tuple[Order, ...] = ()
    quotes: tuple[Quote, ...] = ()
    uses: tuple[IdUse, ...] = ()
    taken: tuple[DepthTaken, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    moved: tuple[DeskMoved, ...] = ()
    disputed: tuple[Disputed, ...] = ()
    alerts: tuple[str, ...] = ()
    timers: tuple[tuple[Instant, str, str], ...] = ()
    failed: str = ""


NOTHING = Decision()

_encoder = msgspec.msgpack.Encoder()


def encoded(decision: Decision) -> bytes:
    """Return the canonical bytes of *decision*: equal decisions, equal bytes, on any machine."""
    return _encoder.encode(decision)


def digest(decision: Decision) -> bytes:
    """Return the SHA-256 of the canonical bytes."""
    return hashlib.sha256(_encoder.encode(decision)).digest()
