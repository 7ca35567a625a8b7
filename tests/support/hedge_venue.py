"""Hedge venues as they are met in practice: they fill, reject, hold back, fall silent, deny.

A venue is judged by what it executed itself: `executed` is what the books must come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import structs

from otcfix.model.hedge import (
    DONT_KNOW,
    ORDER,
    HedgeOrder,
    VenueDown,
    VenueReport,
    VenueRequest,
    VenueUp,
)
from otcfix.model.messages import Side
from otcfix.sequencer.inbox import Incoming
from tests.support.world import Killed

if TYPE_CHECKING:
    from tests.conversation import Conversation

ZERO = Decimal(0)


@dataclass
class Known:
    """An order as the venue has it."""

    order: HedgeOrder
    status: str = "NEW"
    cum: Decimal = ZERO
    value: Decimal = ZERO
    executions: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    @property
    def leaves(self) -> Decimal:
        return self.order.quantity - self.cum if self.status in ("NEW", "PARTIAL") else ZERO


class HedgeVenue:
    """One venue and the line to it.

    manner: "fills" at once, "rejects", "cancels" (an IOC that finds nothing), "waits" (accepts, and
    fills when the test says so), "loses" (the order never arrives). answers: whether it answers H.
    """

    def __init__(self, conversation: Conversation, name: str) -> None:
        self.conversation = conversation
        self.name = name
        self.up = False
        self.manner = "fills"
        self.answers = True
        self.orders: dict[str, Known] = {}
        self.said: list[VenueRequest] = []
        self.denied: set[str] = set()
        self.unread: list[VenueReport] = []
        self._number = 0

    # -- the line --------------------------------------------------------------------------

    def comes_up(self, *, resends: bool = True) -> None:
        """The session is up; the venue resends what was missed, or it is gone for good."""
        self.up = True
        missed, self.unread = self.unread, []
        for report in missed if resends else []:
            self._arrives(report)
        self._arrives(VenueUp(self.name))
        self.conversation.step()

    def goes_down(self) -> None:
        """The session breaks."""
        self.up = False
        self._arrives(VenueDown(self.name))
        self.conversation.step()

    def _arrives(self, body: object) -> None:
        here = self.conversation
        here.inbox.put_urgent(Incoming("", 0, "", here.now, body))

    def reports(self, known: Known | None, hedge_id: str, exec_type: str, **more: object) -> None:
        """Say an ExecutionReport; it waits when the line is down."""
        self._number += 1
        said = VenueReport(
            self.name, hedge_id, f"{self.name}-{hedge_id}", f"{self.name}{self._number}", exec_type,
            known.status if known else "",
        )  # fmt: skip
        if known is not None:
            average = known.value / known.cum if known.cum else ZERO
            said = structs.replace(said, cum_qty=known.cum, leaves_qty=known.leaves, avg_px=average)
        said = structs.replace(said, **more)
        if self.up:
            self._arrives(said)
        else:
            self.unread.append(said)

    # -- what it is told -------------------------------------------------------------------

    def takes(self, request: VenueRequest) -> bool:
        """A request reaches the session; False when it does not."""
        if not self.up:
            return False
        self.said.append(request)
        hedge_id = request.order.hedge_id
        if request.what == DONT_KNOW:
            return True
        if request.what == ORDER:
            assert hedge_id not in self.orders, f"{hedge_id} sent twice"
            repeated = sum(s.what == ORDER and s.order.hedge_id == hedge_id for s in self.said) > 1
            assert not repeated or hedge_id in self.denied, f"{hedge_id} sent again, not denied"
            if self.manner != "loses":
                self._works(request.order)
            return True
        if self.answers:
            known = self.orders.get(hedge_id)
            if known is None:
                self.denied.add(hedge_id)
            self.reports(known, hedge_id, "STATUS", exec_id="0", unknown=known is None)
        return True

    def _works(self, order: HedgeOrder) -> None:
        known = self.orders[order.hedge_id] = Known(order)
        if self.manner == "rejects":
            known.status = "REJECTED"
            self.reports(known, order.hedge_id, "REJECTED", text="last look")
            return
        self.reports(known, order.hedge_id, "NEW")
        if self.manner == "fills":
            self.executes(order.hedge_id)
        elif self.manner == "cancels":
            self.ends(order.hedge_id)

    # -- what it does ----------------------------------------------------------------------

    def executes(
        self, hedge_id: str = "", quantity: str = "", px: str = "", *, is_told: bool = True
    ) -> str:
        """It fills an order (the newest), wholly unless told otherwise; returns the ExecID."""
        hedge_id = hedge_id or list(self.orders)[-1]
        known = self.orders[hedge_id]
        last = Decimal(quantity) if quantity else known.leaves
        price = Decimal(px) if px else known.order.price
        known.cum += last
        known.value += last * price
        known.status = "FILLED" if known.cum >= known.order.quantity else "PARTIAL"
        exec_id = f"{self.name}{self._number + 1}"
        known.executions[exec_id] = (last, price)
        if is_told:
            self.reports(known, hedge_id, "TRADE", last_qty=last, last_px=price)
        else:
            self._number += 1
        return exec_id

    def ends(self, hedge_id: str = "", *, is_told: bool = True) -> None:
        """What is left of an IOC is cancelled."""
        hedge_id = hedge_id or list(self.orders)[-1]
        known = self.orders[hedge_id]
        if known.status not in ("NEW", "PARTIAL"):
            return
        known.status = "CANCELED"
        if is_told:
            self.reports(known, hedge_id, "CANCELED")

    def takes_back(self, exec_id: str, *, corrected: tuple[str, str] | None = None) -> str:
        """It busts (150=H) a fill, or corrects (150=G) it to (quantity, price)."""
        hedge_id, known = next(
            (key, known) for key, known in self.orders.items() if exec_id in known.executions
        )
        quantity, px = known.executions.pop(exec_id)
        known.cum -= quantity
        known.value -= quantity * px
        new_id = f"{self.name}{self._number + 1}"
        if corrected is None:
            self.reports(known, hedge_id, "BUST", exec_ref_id=exec_id)
            return new_id
        last, price = map(Decimal, corrected)
        known.executions[new_id] = (last, price)
        known.cum += last
        known.value += last * price
        self.reports(known, hedge_id, "CORRECT", exec_ref_id=exec_id, last_qty=last, last_px=price)
        return new_id

    # -- looking ---------------------------------------------------------------------------

    def executed(self, symbol: str = "BTC/USD") -> Decimal:
        """What it bought for the desk, less what it sold, in base."""
        total = ZERO
        for known in self.orders.values():
            if known.order.symbol == symbol:
                total += known.cum if known.order.side is Side.BUY else -known.cum
        return total

    @property
    def heard(self) -> list[str]:
        """What it was told, in words."""
        return [request.what for request in self.said]

    @property
    def newest(self) -> HedgeOrder:
        """The order that it was sent last."""
        return [request.order for request in self.said if request.what == ORDER][-1]


class Venues:
    """The sequencer's port: hands requests to their venue, and sees to law 1."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.known: dict[str, HedgeVenue] = {}
        self.dead = False

    def open(self, *names: str) -> list[HedgeVenue]:
        """Venues whose lines are up."""
        for name in names:
            self.known[name] = HedgeVenue(self._conversation, name)
            self.known[name].comes_up()
        return [self.known[name] for name in names]

    def send(self, request: VenueRequest) -> bool:
        """Hand over one request."""
        if self.dead:
            raise Killed
        if request.what != DONT_KNOW:
            committed = request.order.hedge_id in self._conversation.store.hedges
            assert committed, f"law 1: sent before it was committed: {request}"
        return self.known[request.order.venue].takes(request)
