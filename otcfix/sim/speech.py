"""How a simulated client says it: the same wishes in each version, and as a flat OMS says them."""

import time
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from otcfix.fix.wire import plain
from otcfix.trials.wire import timestamp

Fields = list[tuple[int, str]]
BUY, SELL = "1", "2"
HUNDREDTH_BPS = Decimal(10_000)


class Speech(Struct, frozen=True):
    """version: of FIX. flat: QuoteRequest(R) without the group 146. end_tag: where an end client is
    named: 109 or 115, 0 for nowhere (453 with 452=3 in 4.4 and later, whatever it is)."""

    version: str
    flat: bool = False
    end_tag: int = 0

    @property
    def is_42(self) -> bool:
        """Whether it is FIX.4.2."""
        return self.version == "FIX.4.2"

    def _who(self, end: str) -> Fields:
        if not end or not self.end_tag:
            return []
        if self.is_42 or self.end_tag != 109:
            return [(self.end_tag, end)]
        return [(453, "1"), (448, end), (447, "D"), (452, "3")]

    def ask(self, name: str, symbol: str, side: str, qty: Decimal, end: str = "") -> Fields:
        """QuoteRequest(R); side "" for both."""
        inside: Fields = [(55, symbol), (54, side), (38, plain(qty))]
        group: Fields = [] if self.flat else [(146, "1")]
        who = self._who(end)
        if self.end_tag == 109 and not self.is_42:
            return _said([(131, name), *who, *group, *inside])  # 453 stands in front of the group
        return _said([(131, name), *group, *inside, *who])

    def hit(
        self, name: str, quote: str, order: tuple[str, str, Decimal], px: str, end: str
    ) -> Fields:
        """NewOrderSingle(D) on a quote; *order*: symbol, side, quantity."""
        on_quote: Fields = [(117, quote), (40, "D"), (44, px)]
        return self._order(name, order, [*on_quote, *self._who(end)])

    def rest(self, name: str, order: tuple[str, str, Decimal], px: Decimal, end: str) -> Fields:
        """NewOrderSingle(D): a limit order, good till cancelled."""
        limit: Fields = [(40, "2"), (44, plain(px)), (59, "1")]
        return self._order(name, order, [*limit, *self._who(end)])

    def _order(self, name: str, order: tuple[str, str, Decimal], more: Fields) -> Fields:
        symbol, side, qty = order
        handling: Fields = [(21, "1")] if self.is_42 else []
        return _said(
            [(11, name), *handling, (55, symbol), (54, side), (38, plain(qty)), (60, now()), *more]
        )

    def cancel(self, name: str, original: str, order: tuple[str, str, Decimal], end: str) -> Fields:
        """OrderCancelRequest(F)."""
        symbol, side, qty = order
        known: Fields = [(55, symbol), (54, side), (38, plain(qty)), (60, now())]
        return _said([(11, name), (41, original), *known, *self._who(end)])

    def status(self, name: str, order: tuple[str, str, Decimal], end: str) -> Fields:
        """OrderStatusRequest(H)."""
        return _said([(11, name), (55, order[0]), (54, order[1]), *self._who(end)])


def _said(fields: Fields) -> Fields:
    return [(tag, value) for tag, value in fields if value]


def now() -> str:
    """Now, as a UTCTimestamp."""
    return timestamp(time.time())


def away(px: Decimal, side: str, bps: Decimal) -> Decimal:
    """*px*, so many basis points where nobody deals; as many decimals as it has, half up."""
    by = bps / HUNDREDTH_BPS
    moved = px * (1 - by if side == BUY else 1 + by)
    return moved.quantize(px, ROUND_HALF_UP)
