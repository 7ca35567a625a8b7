"""What follows from one event: everything that apply, the store and the wire need to know."""

import hashlib
from decimal import Decimal

import msgspec
from msgspec import Struct

from otcfix.model.enquiries import Asked
from otcfix.model.event import IdUse
from otcfix.model.hedge import HedgeFill, HedgeOrder, VenueRequest
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.limit import SetLimit
from otcfix.model.messages import Side
from otcfix.model.order import Order
from otcfix.model.party import Client, Session
from otcfix.model.policy import Policy
from otcfix.model.post_trade import Allocation, Confirmation, TradeBreak, TradeChange
from otcfix.model.pricing import Explanation
from otcfix.model.proposal import Proposal
from otcfix.model.quote import Quote
from otcfix.model.replies import Reply
from otcfix.model.screening import GoodGuy, Screened
from otcfix.model.session_act import SessionAct
from otcfix.model.stream import QuoteStream, RungHit, StreamImage, StreamSaid, Subscription
from otcfix.model.time import Instant
from otcfix.model.trade import Trade
from otcfix.model.verdict import Verdict


class DepthTaken(Struct, frozen=True, gc=False, array_like=True):
    """How much of a source's snapshot clients have taken so far, in base (R16)."""

    source: str
    symbol: str
    snapshot: int
    side: Side
    quantity: Decimal


class Disputed(Struct, frozen=True, gc=False, array_like=True):
    """A client says that he could not read, or does not know, something we said.

    Names the execution by exec_id, or by the session and MsgSeqNum(34) of our report.
    """

    session: str
    exec_id: str
    ref_seq_num: int | None
    why: str


class DeskMoved(Struct, frozen=True, gc=False, array_like=True):
    """One word of State that the other fields do not carry: (what, key) becomes value."""

    what: str
    key: str
    value: str | int


class Decision(Struct, frozen=True, gc=False, array_like=True):
    """The whole consequence of one event. orders, quotes and clients are as they
    stand after it. logouts: sessions to be logged out when it is committed, and with what text.
    policy: the rules of jurisdiction from now on; None as they were; sessions likewise.
    session_acts: what is done to sessions when it is committed. changes: trades that do not stand
    any more; what replaces one is among trades."""

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
    explanations: tuple[Explanation, ...] = ()
    hedges: tuple[HedgeOrder, ...] = ()
    hedge_fills: tuple[HedgeFill, ...] = ()
    venue_requests: tuple[VenueRequest, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    images: tuple[StreamImage, ...] = ()
    streams: tuple[StreamSaid, ...] = ()
    rung_hits: tuple[RungHit, ...] = ()
    quote_streams: tuple[QuoteStream, ...] = ()
    looks_owed: tuple[str, ...] = ()
    clients: tuple[Client, ...] = ()
    screened: tuple[Screened, ...] = ()
    good_guys: tuple[GoodGuy, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    limits: tuple[SetLimit, ...] = ()
    logouts: tuple[tuple[str, str], ...] = ()
    policy: Policy | None = None
    session_acts: tuple[SessionAct, ...] = ()
    changes: tuple[TradeChange, ...] = ()
    breaks: tuple[TradeBreak, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    asked: tuple[Asked, ...] = ()
    sessions: tuple[Session, ...] | None = None

    @property
    def of_streams(self) -> bool:
        """Whether it says anything of streams."""
        return bool(
            self.images
            or self.subscriptions
            or self.streams
            or self.rung_hits
            or self.quote_streams
            or self.looks_owed
        )


NOTHING = Decision()

_encode = msgspec.msgpack.Encoder().encode

PIECE = 2047
"""hashlib lets go of the interpreter's lock above this many bytes at once; getting it back under
load costs more than the hashing."""


def sha256_of(data: bytes) -> bytes:
    """SHA-256 of *data*, fed in pieces that keep the interpreter's lock."""
    if len(data) <= PIECE:
        return hashlib.sha256(data).digest()
    total = hashlib.sha256(data[:PIECE])
    for start in range(PIECE, len(data), PIECE):
        total.update(data[start : start + PIECE])
    return total.digest()


def encoded_verdicts(decision: Decision) -> bytes:
    """The verdicts as they are journaled; empty when nothing was judged."""
    return _encode(decision.verdicts) if decision.verdicts else b""


def digest(decision: Decision, verdicts: bytes) -> bytes:
    """SHA-256 of the canonical bytes: equal decisions, equal bytes, on any machine.

    verdicts is `encoded_verdicts(decision)`, which is needed anyway.
    """
    rest = _encode(
        (
            decision.replies,
            decision.transfers,
            decision.trades,
            decision.orders,
            decision.quotes,
            decision.uses,
            decision.taken,
            decision.obligations,
            decision.moved,
            decision.disputed,
            decision.alerts,
            decision.timers,
            decision.failed,
            decision.explanations,
            decision.hedges,
            decision.hedge_fills,
            decision.venue_requests,
            decision.subscriptions,
            decision.images,
            decision.streams,
            decision.rung_hits,
            decision.quote_streams,
            decision.looks_owed,
            decision.clients,
            decision.screened,
            decision.good_guys,
            decision.proposals,
            decision.limits,
            decision.logouts,
            decision.policy.version if decision.policy else "",
            decision.session_acts,
            decision.changes,
            decision.breaks,
            decision.allocations,
            decision.confirmations,
            decision.asked,
            decision.sessions,
        )
    )
    return sha256_of(rest + verdicts)
