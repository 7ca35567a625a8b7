"""The simulated venue's orders: what becomes of each, and how it is told in 35=8 and 35=9."""

from decimal import Decimal

from msgspec import Struct

from otcfix.fix.fields import Values
from otcfix.fix.wire import plain

V42 = "FIX.4.2"
Fields = list[tuple[int, str]]

NEW, PARTIAL, FILLED, CANCELED, REJECTED = "0", "1", "2", "4", "8"
_ZERO = Decimal(0)


class SimOrder(Struct):
    """One order of the other side, and how it stands."""

    cl_ord_id: str
    order_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal | None
    ord_type: str
    time_in_force: str
    account: str = ""
    status: str = NEW
    cum_qty: Decimal = _ZERO
    cum_value: Decimal = _ZERO
    text: str = ""
    silent: bool = False

    @property
    def buys(self) -> bool:
        """Whether it buys base."""
        return self.side == "1"

    @property
    def leaves_qty(self) -> Decimal:
        """What may still be dealt."""
        return self.quantity - self.cum_qty if self.status in (NEW, PARTIAL) else _ZERO

    @property
    def avg_px(self) -> Decimal:
        """The mean price of what was dealt, to 10 decimals; 0 for nothing."""
        return round(self.cum_value / self.cum_qty, 10).normalize() if self.cum_qty else _ZERO


class SimFill(Struct, frozen=True):
    """One deal."""

    exec_id: str
    order: SimOrder
    quantity: Decimal
    price: Decimal


def fault_of(values: Values, symbols: object, known: bool) -> tuple[str, str]:
    """OrdRejReason(103) and words for what is wrong with a D; ("", "") for a good one."""
    if known:
        return "6", "the ClOrdID was used before"
    if values.get(55) not in symbols:  # type: ignore[operator]
        return "1", "unknown symbol"
    if values.get(54) not in ("1", "2"):
        return "0", "unknown side"
    if values.get(40) not in ("1", "2"):
        return "0", "only market and limit orders"
    return "", ""


class Reports:
    """Writes ExecutionReports in the words of a version; exec ids count from 1."""

    def __init__(self, version: str, run: str) -> None:
        self._old = version == V42
        self._run = run
        self._count = 0

    def exec_id(self) -> str:
        """A new ExecID(17)."""
        self._count += 1
        return f"{self._run}E{self._count}"

    def state(self, order: SimOrder, exec_type: str) -> Fields:
        """A report that deals nothing: new, canceled, rejected."""
        kind = "4" if exec_type == CANCELED else exec_type
        return self._report(order, self.exec_id(), kind, "0")

    def status(self, order: SimOrder) -> Fields:
        """The answer to 35=H."""
        kind = order.status if self._old else "I"
        return self._report(order, self.exec_id(), kind, "3")

    def unknown(self, values: Values) -> Fields:
        """The answer to 35=H about an order that was never here."""
        ghost = SimOrder(
            values.get(11, ""), "NONE", values.get(55, ""), values.get(54, "1"), _ZERO, None,
            "2", "3", status=REJECTED, text="unknown order",
        )  # fmt: skip
        return [*self.status(ghost), (103, "5")]

    def rejected(self, order: SimOrder, reason: str) -> Fields:
        """A refused order."""
        return [*self.state(order, REJECTED), (103, reason)]

    def fill(self, fill: SimFill) -> Fields:
        """A deal."""
        kind = fill.order.status if self._old else "F"
        return [
            *self._report(fill.order, fill.exec_id, kind, "0"),
            (32, plain(fill.quantity)),
            (31, plain(fill.price)),
        ]

    def bust(self, fill: SimFill) -> Fields:
        """A deal that is taken back."""
        return [
            *self._report(fill.order, self.exec_id(), fill.order.status if self._old else "H", "1"),
            (19, fill.exec_id),
            (32, plain(fill.quantity)),
            (31, plain(fill.price)),
        ]

    def _report(self, order: SimOrder, exec_id: str, kind: str, trans_type: str) -> Fields:
        return [
            (37, order.order_id),
            (11, order.cl_ord_id),
            (17, exec_id),
            (20, trans_type if self._old else ""),
            (150, kind),
            (39, order.status),
            (1, order.account),
            (55, order.symbol),
            (54, order.side),
            (38, plain(order.quantity)),
            (40, order.ord_type),
            (44, "" if order.price is None else plain(order.price)),
            (59, order.time_in_force),
            (151, plain(order.leaves_qty)),
            (14, plain(order.cum_qty)),
            (6, plain(order.avg_px)),
            (58, order.text),
        ]
