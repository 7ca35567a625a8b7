"""How the simulated venue deals: what comes of each D, F, H and R. Whatever it answers is handed to
`later`, with the time that it takes."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

from otcfix.fix.building import Field, Group
from otcfix.fix.fields import Values
from otcfix.fix.wire import WireError, plain, read_decimal
from otcfix.model.time import SECOND, Instant, utc_timestamp
from otcfix.sim.faults import Faults
from otcfix.sim.market import Market
from otcfix.sim.orders import (
    CANCELED,
    FILLED,
    NEW,
    PARTIAL,
    REJECTED,
    Fields,
    Reports,
    SimFill,
    SimOrder,
    fault_of,
)

V42 = "FIX.4.2"
IOC, FOK = "3", "4"
QUOTE_LIFE = 3 * SECOND

Say = Callable[[str, list[Field], tuple[Group, ...]], None]
Later = Callable[[Decimal, Callable[[], None]], None]
"""(milliseconds from now, what happens then)."""


class Dealing:
    """The orders of the venue. A seed decides every chance, in the order in which things come."""

    def __init__(
        self,
        version: str,
        markets: Mapping[str, Market],
        seed: int,
        *,
        say: Say,
        later: Later,
        clock: Callable[[], Instant],
    ) -> None:
        self.faults = Faults()
        self.once: set[str] = set()
        self.fills: list[SimFill] = []
        self.orders: dict[str, SimOrder] = {}
        self._version = version
        self._markets = markets
        self._random = Random(seed)  # noqa: S311 - a market, not a secret
        self._say = say
        self._later = later
        self._clock = clock
        self._reports = Reports(version, f"S{seed}-")
        self._count = 0

    # -- chance ----------------------------------------------------------------------------------

    def chance(self, of: Decimal) -> bool:
        """Whether it happens this time. Whole numbers: no float's last bit can differ."""
        return bool(of) and self._random.getrandbits(20) < of * (1 << 20)

    def latency(self) -> Decimal:
        """Milliseconds until the next answer."""
        jitter = self.faults.jitter_ms
        more = jitter * self._random.getrandbits(10) / 1023 if jitter else Decimal(0)
        return self.faults.latency_ms + more

    def _happens(self, what: str, of: Decimal) -> bool:
        drawn = self.chance(of)
        if what in self.once:
            self.once.discard(what)
            return True
        return drawn

    # -- orders ----------------------------------------------------------------------------------

    def on_order(self, values: Values) -> None:
        """A D came."""
        if self._happens("swallow", self.faults.swallow):
            return
        cl_ord_id = values.get(11, "")
        reason, why = fault_of(values, self._markets, cl_ord_id in self.orders)
        try:
            quantity = read_decimal(38, values.get(38, ""))
            price = read_decimal(44, values[44]) if values.get(40) == "2" else None
            if quantity <= 0 or (price is not None and price <= 0):
                reason, why = "0", "quantity and price must be above zero"
        except (WireError, KeyError):
            reason, why, quantity, price = "0", "no quantity or price", Decimal(0), None
        self._count += 1
        order = SimOrder(
            cl_ord_id,
            f"SIM{self._count}",
            values.get(55, ""),
            values.get(54, ""),
            quantity,
            price,
            values.get(40, ""),
            values.get(59, "0"),
            values.get(1, ""),
        )
        order.silent = self._happens("drop_report", self.faults.drop_report)
        if not reason and self._happens("reject", self.faults.reject):
            reason, why = "0", "not today"
        wait = self.latency()
        if reason:
            order.status, order.text = REJECTED, why
            if reason != "6":
                self.orders[cl_ord_id] = order
            self._later(wait, lambda: self._report(order, self._reports.rejected(order, reason)))
            return
        self.orders[cl_ord_id] = order
        refuse = self._happens("last_look", self.faults.last_look_reject)
        part = self._happens("partial", self.faults.partial)
        self._later(wait, lambda: self._report(order, self._reports.state(order, NEW)))
        hold = self.faults.last_look_ms
        self._later(wait + hold, lambda: self._decide(order, refuse=refuse, part=part))

    def _decide(self, order: SimOrder, *, refuse: bool, part: bool) -> None:
        if order.status != NEW:
            return  # canceled meanwhile
        if refuse:
            order.status, order.text = REJECTED, "last look"
            self._report(order, self._reports.rejected(order, "0"))
            return
        market = self._markets[order.symbol]
        quantity = order.quantity
        if part:
            quantity *= self.faults.partial_ratio
        if order.time_in_force == FOK and self._within(market, order) < order.quantity:
            quantity = Decimal(0)
        for px, qty in market.deal(buys=order.buys, limit=order.price, quantity=quantity):
            self._fill(order, px, qty)
        if order.leaves_qty and (order.time_in_force in (IOC, FOK) or order.price is None):
            self._cancel(order, "no more within the limit")

    @staticmethod
    def _within(market: Market, order: SimOrder) -> Decimal:
        side = market.offers if order.buys else market.bids
        limit = order.price
        good = [
            qty for px, qty in side
            if limit is None or (px <= limit if order.buys else px >= limit)
        ]  # fmt: skip
        return sum(good, Decimal(0))

    def rest(self) -> None:
        """The market moved: resting orders that it has come to are filled."""
        for order in self.orders.values():
            if order.leaves_qty and order.status in (NEW, PARTIAL) and order.price is not None:
                if order.time_in_force in (IOC, FOK):
                    continue
                market = self._markets[order.symbol]
                left = order.leaves_qty
                for px, qty in market.deal(buys=order.buys, limit=order.price, quantity=left):
                    self._fill(order, px, qty)

    def _fill(self, order: SimOrder, px: Decimal, qty: Decimal) -> None:
        order.cum_qty += qty
        order.cum_value += qty * px
        order.status = FILLED if order.cum_qty == order.quantity else PARTIAL
        fill = SimFill(self._reports.exec_id(), order, qty, px)
        self.fills.append(fill)
        words = self._reports.fill(fill)
        self._report(order, words)
        if self._happens("duplicate_report", self.faults.duplicate):
            self._report(order, words)

    def _cancel(self, order: SimOrder, why: str) -> None:
        order.status, order.text = CANCELED, why
        self._report(order, self._reports.state(order, CANCELED))

    def _report(self, order: SimOrder, words: Fields) -> None:
        if not order.silent:
            self._tell("8", [*words, (60, utc_timestamp(self._clock()))])

    def _tell(self, msg_type: str, fields: Fields) -> None:
        self._say(msg_type, fields, ())

    def bust(self) -> None:
        """Take the last fill back."""
        if self.fills:
            fill = self.fills.pop()
            order = fill.order
            order.cum_qty -= fill.quantity
            order.cum_value -= fill.quantity * fill.price
            order.status = PARTIAL if order.cum_qty else CANCELED
            self._tell("8", [*self._reports.bust(fill), (60, utc_timestamp(self._clock()))])

    def on_status_request(self, values: Values) -> None:
        """An H came: also what was dealt in silence is told."""
        order = self.orders.get(values.get(11, ""))
        if order is None:
            words = self._reports.unknown(values)
        else:
            order.silent = False
            words = self._reports.status(order)
        words.append((60, utc_timestamp(self._clock())))
        self._later(self.latency(), lambda: self._tell("8", words))

    def on_cancel_request(self, values: Values) -> None:
        """An F came."""
        order = self.orders.get(values.get(41, ""))
        if order is not None and order.status in (NEW, PARTIAL):
            self._later(self.latency(), lambda: self._cancel(order, "canceled by request"))
            return
        fields = [
            (37, order.order_id if order else "NONE"),
            (11, values.get(11, "")),
            (41, values.get(41, "")),
            (39, order.status if order else REJECTED),
            (434, "1"),
            (102, "0" if order else "1"),
            (58, "too late" if order else "unknown order"),
        ]
        self._later(self.latency(), lambda: self._tell("9", fields))

    # -- quotes ----------------------------------------------------------------------------------

    def on_quote_request(self, values: Values) -> None:
        """An R came, for one symbol."""
        if self._happens("no_quote", self.faults.no_quote):
            return
        self._later(self.latency(), lambda: self._quote(values))

    def _quote(self, values: Values) -> None:
        market = self._markets.get(values.get(55, ""))
        try:
            quantity = read_decimal(38, values.get(38, ""))
        except WireError:
            quantity = Decimal(0)
        side = values.get(54, "")
        prices: dict[bool, Decimal | None] = {}
        if market is not None and quantity > 0:
            for buys in (True, False):
                if side in ("", "1" if buys else "2"):
                    prices[buys] = market.price_for(buys=buys, quantity=quantity)
        head = [(131, values.get(131, ""))]
        if not any(prices.values()):
            self._no_quote(head, values)
            return
        self._count += 1
        bid, offer = prices.get(False), prices.get(True)
        until = utc_timestamp(self._clock() + QUOTE_LIFE)
        size = plain(quantity)
        fields = [
            *head,
            (117, f"SQ{self._count}"),
            (537, "" if self._version == V42 else "1"),
            (55, values.get(55, "")),
            (132, "" if bid is None else plain(bid)),
            (133, "" if offer is None else plain(offer)),
            (134, "" if bid is None else size),
            (135, "" if offer is None else size),
            (62, until),
            (60, utc_timestamp(self._clock())),
        ]
        self._tell("S", fields)

    def _no_quote(self, head: Fields, values: Values) -> None:
        why = (58, "no price for that")
        if self._version == V42:
            self._tell("b", [*head, (297, "5"), why])
            return
        entry = (146, (((55, values.get(55, "")),),))
        self._say("AG", [*head, (658, "99"), why], (entry,))
