"""What came in, in one order for ever."""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from otcfix.model.client_commands import (
    ApproveClient,
    ChangeClient,
    ChangeSettlementLimit,
    OffboardClient,
    OnboardClient,
    ResumeClient,
    SuspendClient,
)
from otcfix.model.enquiries import UserRequested
from otcfix.model.hedge import Hedge, SettleHedge, VenueDown, VenueReport, VenueUp
from otcfix.model.limit import MarksMoved, SetLimit, SetTradingState
from otcfix.model.order import Order
from otcfix.model.party import Desk
from otcfix.model.policy import SetPolicy
from otcfix.model.post_trade import (
    Allocation,
    BustTrade,
    Confirmation,
    CorrectTrade,
    ResolveBreak,
    TradeChange,
)
from otcfix.model.pricing import Parameters
from otcfix.model.proposal import Confirm, Dismiss
from otcfix.model.quote import Quote
from otcfix.model.rates import Conversion, Rates
from otcfix.model.screening import ReleaseHit, ScreeningTrouble, ScreeningVerdicts
from otcfix.model.session_act import ActOnSession
from otcfix.model.session_commands import ResetSecret, SendNews, SetSessions
from otcfix.model.throttle import LoadMoved
from otcfix.model.time import Instant
from otcfix.model.trade import Trade


class IdUse(Struct, frozen=True, gc=False, array_like=True):
    """One ClOrdID(11) that was answered by an 8 or a 9: it is used up (R17).

    scope is the client, or client and end client; kind is D, G or F; order_id is "NONE" when a D
    was refused; answer keeps what is said again to a resend of the same body.
    """

    scope: str
    cl_ord_id: str
    kind: str
    order_id: str
    digest: str
    accepted: bool
    code: str = ""
    text: str = ""
    orig_cl_ord_id: str = ""


class Recalled(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the store knew of an id that State no longer holds (R9). All None: nothing.

    trade: of an ExecID(17), with its order; change: what became of it. exec_id: of a report that a
    client named by its MsgSeqNum(34). orders: those of the allocation.
    """

    kind: str
    key: str
    use: IdUse | None = None
    order: Order | None = None
    quotes: tuple[Quote, ...] = ()
    session_seq: tuple[str, str] | None = None
    exec_id: str = ""
    trade: Trade | None = None
    change: TradeChange | None = None
    allocation: Allocation | None = None
    confirmation: Confirmation | None = None
    orders: tuple[Order, ...] = ()


class Facts(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the sequencer stamped on an event. trades: those that an AD asks for, oldest first;
    more_trades: there are more than are ever told at once, and none is here."""

    rates: dict[str, Rates] = {}
    conversions: dict[str, Conversion] = {}
    recalled: tuple[Recalled, ...] = ()
    store_failed: bool = False
    trades: tuple[Trade, ...] = ()
    more_trades: bool = False


NO_FACTS = Facts()


class UnsentQuote(Struct, frozen=True):
    """A Quote that was committed and, as far as the journal knows, never said (R10)."""

    session: str
    quote_req_id: str
    symbol_sent: str
    deliver_to: str = ""
    deliver_to_sub: str = ""


class Boot(Struct, frozen=True, tag=True):
    """The desk started: quotes of the last run are void. desk is given when it changed."""

    desk_hash: str
    desk: Desk | None
    version: str
    unsent_quotes: tuple["UnsentQuote", ...] = ()


class TimerFired(Struct, frozen=True, tag=True):
    """Everything due at or before *due* happens now."""

    due: Instant


class RatesMoved(Struct, frozen=True, tag=True):
    """The rates of *symbols*, on which somebody waits, have moved (conflated)."""

    symbols: tuple[str, ...]


class ParametersMoved(Struct, frozen=True, tag=True):
    """What is measured outside has moved (R12); becomes State. toxicity: per client_id, his
    adverse markout in bps of the price (positive: he is right too often)."""

    instruments: tuple[Parameters, ...] = ()
    toxicity: tuple[tuple[str, Decimal], ...] = ()


class StreamHeld(Struct, frozen=True, tag=True):
    """A session does not read: its streams wait (held), or go on with a full refresh (not held)."""

    session: str
    held: bool


class SessionUp(Struct, frozen=True, tag=True):
    """A client's session logged on. cancel_on_disconnect: what its Logon asked for, by the tag that
    the session's configuration names; None when it did not say."""

    session: str
    epoch: int
    remote: str = ""
    cancel_on_disconnect: bool | None = None


class SessionDown(Struct, frozen=True, tag=True):
    """A client's session went off."""

    session: str


class EpochMoved(Struct, frozen=True, tag=True):
    """The session's sequence numbers started anew (R1); its reports are said again (R21).

    msg_seq_num: of the last message in, where the numbers do not begin at 1.
    """

    session: str
    epoch: int
    reason: str
    msg_seq_num: int = 0


class Overflowed(Struct, frozen=True, tag=True):
    """The session's share of the inbox was full: journaled, then answered by j 380=4 (R2).

    An F or a G is answered by a 9: orig_cl_ord_id is its OrigClOrdID(41).
    """

    session: str
    epoch: int
    msg_seq_num: int
    msg_type: str
    ref_id: str
    orig_cl_ord_id: str = ""
    on_behalf_of: str = ""
    on_behalf_of_sub: str = ""


class AdminSeen(Struct, frozen=True, tag=True):
    """A session message that QuickFIX handled, journaled with its secrets blanked (R13, R14).

    alert: staff should know: somebody has been turned away for a while.
    """

    session: str
    outbound: bool
    msg_type: str
    note: str = ""
    alert: bool = False


class Kill(Struct, frozen=True, tag=True):
    """Staff stops (on) or reopens the desk: quotes and resting orders are withdrawn and told."""

    on: bool
    by: str
    why: str


class SetSession(Struct, frozen=True, tag=True):
    """Staff enables or disables one session."""

    session: str
    enabled: bool
    by: str
    why: str


class SetInstrument(Struct, frozen=True, tag=True):
    """An instrument opens, closes (trading hours) or is paused by staff."""

    symbol: str
    state: str
    by: str
    why: str


class ClockJumped(Struct, frozen=True, tag=True):
    """The desk's own clock cannot be trusted (or can again): no dealing meanwhile (2.10)."""

    trusted: bool
    by_ms: int


class MoveFunds(Struct, frozen=True, tag=True):
    """A deposit (amount > 0) or withdrawal (amount < 0) through venue account *venue*.

    amount in major units; what is finer than the asset's minor unit is kept as a memo only.
    destination: the wallet or IBAN that a withdrawal goes to; "" when that is settled elsewhere.
    """

    client_id: str
    asset: str
    amount: Decimal
    venue: str
    reference: str
    by: str
    destination: str = ""


class CancelOrder(Struct, frozen=True, tag=True):
    """Staff cancels one resting order."""

    order_id: str
    by: str
    why: str


class UnreadCommand(Struct, frozen=True, tag=True):
    """A command in the mailbox that this desk cannot read: of another version, or spoiled."""

    by: str
    fault: str


Command = (
    Kill
    | SetSession
    | SetInstrument
    | MoveFunds
    | CancelOrder
    | ActOnSession
    | Hedge
    | SettleHedge
    | OnboardClient
    | ApproveClient
    | SuspendClient
    | ResumeClient
    | OffboardClient
    | ChangeClient
    | ChangeSettlementLimit
    | SetLimit
    | SetTradingState
    | SetPolicy
    | SetSessions
    | ReleaseHit
    | BustTrade
    | CorrectTrade
    | ResolveBreak
    | Confirm
    | Dismiss
    | SendNews
    | ResetSecret
)
"""What staff may ask for."""

Typed = (
    Boot
    | TimerFired
    | RatesMoved
    | ParametersMoved
    | StreamHeld
    | SessionUp
    | SessionDown
    | EpochMoved
    | Overflowed
    | AdminSeen
    | ClockJumped
    | Command
    | UnreadCommand
    | ScreeningVerdicts
    | ScreeningTrouble
    | MarksMoved
    | LoadMoved
    | VenueUp
    | VenueDown
    | VenueReport
    | UserRequested
)
"""Events that are journaled as typed JSON; the others are FIX messages."""


class Event(Struct, frozen=True, gc=False):
    """One input. seq is gapless; at never goes back; received_at judges age and expiry (R18).

    text is the canonical FIX text (fields end with SOH) or the typed JSON, secrets blanked.
    """

    seq: int
    at: Instant
    kind: str
    body: Any
    received_at: Instant
    session: str = ""
    epoch: int = 0
    msg_seq_num: int = 0
    text: str = ""
    facts: Facts = NO_FACTS
