"""A quote and its life (rules.md section 5)."""

from decimal import ROUND_DOWN, Decimal

from msgspec import Struct

from otcfix.model.messages import Side, Unit
from otcfix.model.money import to_multiple
from otcfix.model.pricing import Life
from otcfix.model.time import Instant

INDICATIVE = "INDICATIVE"
LIVE = "LIVE"
DEALT = "DEALT"
EXPIRED = "EXPIRED"
WITHDRAWN = "WITHDRAWN"
PASSED = "PASSED"


class Quote(Struct, frozen=True, gc=False, array_like=True):
    """One Quote(35=S). bid and offer are ours: the client sells at bid, buys at offer.

    quantity counts *unit*; side None is two-way; line is the place in the request; mid is the
    stamped reference before spread (R20); firm is what QuoteType(537) said. valid_until is
    ValidUntilTime(62), for an indicative quote the instant at which the desk forgets it; firmness
    what the pricing rules said when it was made.
    """

    quote_id: str
    quote_req_id: str
    line: int
    client_id: str
    end_client: str
    account: str
    session: str
    symbol: str
    symbol_sent: str
    side: Side | None
    wire_side: str
    quantity: Decimal
    unit: Unit
    currency: str
    bid: Decimal | None
    offer: Decimal | None
    mid: Decimal
    made_at: Instant
    valid_until: Instant
    settl_date: str
    state: str
    firm: bool
    refused_hits: int = 0
    deliver_to: str = ""
    deliver_to_sub: str = ""
    firmness: Life = Life()

    @property
    def lives(self) -> bool:
        """Whether State still holds it."""
        return self.state in (LIVE, INDICATIVE)

    def price_for(self, side: Side) -> Decimal | None:
        """What a client on *side* deals at; None when the quote has no such side."""
        return self.offer if side is Side.BUY else self.bid

    def size_for(self, side: Side, lot: Decimal) -> Decimal | None:
        """BidSize(134) or OfferSize(135), in the quote's unit; cash becomes base (R6).

        Rounds: cash divided by the price, down to the lot.
        """
        px = self.price_for(side)
        if px is None:
            return None
        if self.unit is Unit.CASH:
            return to_multiple(self.quantity / px, lot, ROUND_DOWN)
        return self.quantity
