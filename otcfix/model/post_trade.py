"""What happens to a trade once it is dealt: taken back, corrected, disputed, allocated, confirmed.

Nothing of it changes a trade: a bust or a correction is a noun of its own that names the trade.
"""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant
from otcfix.model.trade import Trade

BUSTED, CORRECTED = "BUSTED", "CORRECTED"
"""What became of a trade that does not stand any more."""

OPEN, STANDS = "OPEN", "STANDS"
"""How a break stands, besides BUSTED and CORRECTED: the trade was right."""

ENTRIES_MAX = 100
"""Orders (73), and accounts (78), of one AllocationInstruction: each order is looked up, while
nobody else is decided for."""

AFFIRMED, DISPUTED, CONFIRMED, CANCELLED = "AFFIRMED", "DISPUTED", "CONFIRMED", "CANCELLED"
"""How a confirmation stands (CONFIRMED: said, and not answered yet); an allocation is ACCEPTED or
CANCELLED."""

ACCEPTED = "ACCEPTED"

BUST, CORRECT = "bust", "correct"
"""What a break is resolved as, besides `stands`."""


class TradeChange(Struct, frozen=True, array_like=True):
    """A trade taken back (BUSTED), or replaced by another (CORRECTED).

    exec_id is ExecID(17) of the report that says so: of a correction, the new trade's. last_qty and
    now_qty: what the trade dealt before and after, in the order's unit (in_terms: it is terms).
    """

    kind: str
    exec_id: str
    trade: Trade
    now: Trade | None
    last_qty: Decimal
    now_qty: Decimal
    at: Instant
    by: str
    checked_by: str
    why: str
    in_terms: bool = False
    owing: bool = False


class TradeBreak(Struct, frozen=True, array_like=True):
    """A client says that a trade, or our word on it, is not right; staff decides what is.

    what: MsgType(35) of what said so: Q, 3, j or AU. state: OPEN, BUSTED, CORRECTED or STANDS.
    """

    break_id: str
    client_id: str
    session: str
    exec_id: str
    what: str
    reason: str
    at: Instant
    state: str = OPEN
    by: str = ""
    why: str = ""


class AllocatedTo(Struct, frozen=True, array_like=True):
    """One account's part of an allocation, in the orders' unit; confirm_id "" where none is said.

    gross, fee, net in terms, major units: the parts sum up to what the fills have posted.
    """

    account: str
    quantity: Decimal
    confirm_id: str
    gross: Decimal
    fee: Decimal
    net: Decimal


class Allocation(Struct, frozen=True, array_like=True):
    """Which accounts of a client filled orders are for. state: ACCEPTED or CANCELLED. digest: of
    the message, by which a resend is known."""

    client_id: str
    alloc_id: str
    session: str
    order_ids: tuple[str, ...]
    symbol: str
    symbol_sent: str
    wire_side: str
    currency: str
    quantity: Decimal
    avg_px: Decimal
    trade_date: str
    settl_date: str
    parts: tuple[AllocatedTo, ...]
    at: Instant
    state: str = ACCEPTED
    digest: str = ""


class Confirmation(Struct, frozen=True, array_like=True):
    """What a client was told of one account's part: 35=AK. state: see AFFIRMED."""

    confirm_id: str
    client_id: str
    alloc_id: str
    account: str
    state: str
    at: Instant
    why: str = ""


class BustTrade(Struct, frozen=True, tag=True):
    """Staff takes a trade back; waits for a second person. owing: what the client has not is owed
    by him from then on, instead of the bust being refused."""

    exec_id: str
    by: str
    why: str
    owing: bool = False


class CorrectTrade(Struct, frozen=True, tag=True):
    """Staff corrects a trade's price (terms per base), its quantity (in base), or both; waits for a
    second person. None: as it was."""

    exec_id: str
    price: Decimal | None
    quantity: Decimal | None
    by: str
    why: str
    owing: bool = False


class ResolveBreak(Struct, frozen=True, tag=True):
    """Staff decides a break: resolved_as is bust, correct or stands. The first two move money and
    wait for a second person."""

    break_id: str
    resolved_as: str
    by: str
    why: str
    price: Decimal | None = None
    quantity: Decimal | None = None
    owing: bool = False
