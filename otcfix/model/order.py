"""Our state of an order (rules.md section 5)."""

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from otcfix.model.messages import Side, Unit
from otcfix.model.time import Instant

NEW = "0"
PARTIAL = "1"
FILLED = "2"
CANCELED = "4"
REJECTED = "8"
EXPIRED = "C"
"""OrdStatus(39), as the field's values."""

STATUS_WORDS = {
    NEW: "new",
    PARTIAL: "partially filled",
    FILLED: "filled",
    CANCELED: "canceled",
    REJECTED: "rejected",
    EXPIRED: "expired",
}

MARKET = "1"
LIMIT = "2"
PREVIOUSLY_QUOTED = "D"
"""OrdType(40)."""

DAY = "0"
GTC = "1"
IOC = "3"
FOK = "4"
GTD = "6"
"""TimeInForce(59)."""


AVERAGE = Decimal("1E-10")


class Order(Struct, frozen=True, gc=False, array_like=True):
    """An order as the desk holds it. quantity, cum_qty and min_qty count *unit* (BASE or TERMS).

    cum_value is the sum of LastPx times LastQty, so AvgPx(6) = cum_value / cum_qty. chain holds
    (ClOrdID, body digest) of every accepted request, the current one last. held is the amount of
    *held_asset*, in minor units, that the order's hold still keeps. accepted_seq gives its place
    in time; worst is the worst price of a market order. REJECTED orders have order_id "NONE".
    gross and fees are what its fills have posted in terms; trade_date and settl_date the last
    one's; allocated is the AllocID(70) that it was allocated under.
    """

    order_id: str
    client_id: str
    scope: str
    end_client: str
    account: str
    session: str
    cl_ord_id: str
    symbol: str
    symbol_sent: str
    side: Side
    wire_side: str
    quantity: Decimal
    unit: Unit
    currency: str
    cash_order_qty: Decimal | None
    ord_type: str
    price: Decimal | None
    time_in_force: str
    expire_at: Instant | None
    expire_time: Instant | None
    expire_date: str
    min_qty: Decimal | None
    quote_id: str
    quote_resp_id: str
    status: str
    accepted_seq: int
    accepted_at: Instant
    chain: tuple[tuple[str, str], ...] = ()
    cum_qty: Decimal = Decimal(0)
    cum_value: Decimal = Decimal(0)
    held_asset: str = ""
    held: int = 0
    deliver_to: str = ""
    deliver_to_sub: str = ""
    cancel_on_disconnect: bool = False
    last_text: str = ""
    gross: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    trade_date: str = ""
    settl_date: str = ""
    allocated: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it can still fill or be cancelled."""
        return self.status == NEW or self.status == PARTIAL

    @property
    def leaves_qty(self) -> Decimal:
        """LeavesQty(151): zero once closed."""
        return self.quantity - self.cum_qty if self.is_open else Decimal(0)

    @property
    def avg_px(self) -> Decimal:
        """AvgPx(6): ROUND_HALF_UP at ten decimals, zero before the first fill."""
        if not self.cum_qty:
            return Decimal(0)
        return (self.cum_value / self.cum_qty).quantize(AVERAGE, rounding=ROUND_HALF_UP)
