"""What one source shows now, and how its numbers are written on an event."""

from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from otcfix.model.messages import ProviderQuote
from otcfix.model.rates import Level, SourceBook
from otcfix.model.time import Instant
from otcfix.venues.book import BadLevel, check
from otcfix.venues.source import SourceSpec

Levels = tuple[Level, ...]

FOR_EVER: Instant = 2**62
_ZERO = Decimal(0)


class SourceStatus(Struct, frozen=True):
    """How a source stands, for people. why says the reason when it is not usable."""

    name: str
    usable: bool
    why: str
    snapshot: int
    changed_at: Instant
    best_bid: Level | None
    best_offer: Level | None


@dataclass(slots=True)
class Held:
    """The last book of one source, as the venue wrote it. The RateBook's lock guards it."""

    spec: SourceSpec
    usable: bool = False
    why: str = "nothing received yet"
    snapshot: int = 0
    changed_at: Instant = 0
    valid_until: Instant = FOR_EVER
    bids: Levels = ()
    offers: Levels = ()

    def show(self, bids: Levels, offers: Levels, changed_at: Instant, until: Instant) -> None:
        """Take a new book; it counts as a new snapshot (R16)."""
        # Counting begins at the time, so that no two runs of the desk share a snapshot.
        self.snapshot = self.snapshot + 1 if self.snapshot else changed_at
        self.usable = True
        self.why = ""
        self.changed_at = changed_at
        self.valid_until = until
        self.bids = bids
        self.offers = offers

    def hide(self, why: str) -> bool:
        """Show nothing any more; return whether that changes anything."""
        self.why = why
        if not self.usable:
            return False
        self.usable = False
        self.bids = self.offers = ()
        return True

    def live(self, now: Instant) -> bool:
        """Whether there is a book at *now*, of whatever age."""
        return self.usable and now <= self.valid_until

    def mid(self) -> Decimal | None:
        """Return the middle of the best prices, None for a one-sided book."""
        if not self.bids or not self.offers:
            return None
        return (self.bids[0][0] + self.offers[0][0]) / 2

    def as_book(self) -> SourceBook:
        """Return the book as it is stamped."""
        return SourceBook(
            source=self.spec.name,
            snapshot=self.snapshot,
            changed_at=self.changed_at,
            bids=trimmed_levels(self.bids),
            offers=trimmed_levels(self.offers),
        )

    def status(self, now: Instant) -> SourceStatus:
        """Return how the source stands at *now*."""
        over = self.usable and now > self.valid_until
        return SourceStatus(
            name=self.spec.name,
            usable=self.live(now),
            why="the quote is over" if over else self.why,
            snapshot=self.snapshot,
            changed_at=self.changed_at,
            best_bid=self.bids[0] if self.bids else None,
            best_offer=self.offers[0] if self.offers else None,
        )


def trimmed(value: Decimal) -> Decimal:
    """Return *value* without trailing zeros and without an exponent: 61837.63000 is 61837.63."""
    return value.normalize() + _ZERO


def trimmed_levels(levels: Levels) -> Levels:
    """Return *levels* trimmed: venues pad with zeros, and every event would carry them."""
    return tuple([(trimmed(px), trimmed(qty)) for px, qty in levels])


def provider_sides(quote: ProviderQuote) -> tuple[Levels, Levels]:
    """Return the one level of each side. A price without a size deals nothing: left out."""
    bids: Levels = ()
    offers: Levels = ()
    if quote.bid is not None and quote.bid_size is not None:
        bids = ((quote.bid, quote.bid_size),)
    if quote.offer is not None and quote.offer_size is not None:
        offers = ((quote.offer, quote.offer_size),)
    return bids, offers


def provider_fault(bids: Levels, offers: Levels) -> str:
    """Return why a provider's quote cannot be used, or ""."""
    if not bids and not offers:
        return "no side has a price and a size"
    try:
        check(bids, "bid")
        check(offers, "offer")
    except BadLevel as error:
        return str(error)
    if not all(qty for _, qty in (*bids, *offers)):
        return "a size of zero"
    if bids and offers and bids[0][0] >= offers[0][0]:
        return f"crossed: bid {bids[0][0]} is not below offer {offers[0][0]}"
    return ""
