"""What a venue says about one book. Prices are quote per base, quantities base, best level first.

selector names the book in the venue's words: a stream's symbol ("btcusdt") or a coin ("BTC"); ""
where the message does not say (Binance's REST snapshot). received_at is ours, venue_time is the
venue's own clock, both Instants; the two may differ by more than the age of a price.
"""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.rates import Level
from otcfix.model.time import Instant


class BookSnapshot(Struct, frozen=True, gc=False):
    """The whole book. last_id is the last update in it, where the venue counts its updates."""

    selector: str
    received_at: Instant
    bids: tuple[Level, ...]
    offers: tuple[Level, ...]
    venue_time: Instant | None = None
    last_id: int | None = None


class BookDelta(Struct, frozen=True, gc=False):
    """New quantities of some levels; a quantity of zero takes the level away.

    first_id..last_id are the updates in it (U, u); previous_id is the last_id of the delta before
    (pu), where the venue says it (futures).
    """

    selector: str
    received_at: Instant
    bids: tuple[Level, ...]
    offers: tuple[Level, ...]
    first_id: int
    last_id: int
    previous_id: int | None = None
    venue_time: Instant | None = None


class BestBidOffer(Struct, frozen=True, gc=False):
    """The best level of each side after update *update_id* (Binance's bookTicker)."""

    selector: str
    received_at: Instant
    update_id: int
    bid: Decimal
    bid_quantity: Decimal
    offer: Decimal
    offer_quantity: Decimal
    venue_time: Instant | None = None


class VenueTrade(Struct, frozen=True, gc=False):
    """A deal on the venue: what was paid, how much. It changes no book (venues send that apart)."""

    selector: str
    received_at: Instant
    px: Decimal
    quantity: Decimal
    venue_time: Instant | None = None


class Heartbeat(Struct, frozen=True, gc=False):
    """The line lives. It says nothing of the book: a price does not get younger by it (A21)."""

    selector: str
    received_at: Instant


class Gap(Struct, frozen=True, gc=False):
    """Something was lost, or the venue went: the book is unusable until its next snapshot."""

    selector: str
    received_at: Instant
    why: str


FeedMessage = BookSnapshot | BookDelta | BestBidOffer
"""What changes a book."""

VenueMessage = FeedMessage | VenueTrade | Heartbeat | Gap
"""The whole contract of an adapter: what it may hand to its source's Intake."""
