"""What one source shows now."""

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
    """The last book of one source, its levels trimmed. The RateBook's lock guards it.

    over: why it shows nothing once valid_until has passed.
    """

    spec: SourceSpec
    usable: bool = False
    why: str = "nothing received yet"
    snapshot: int = 0
    changed_at: Instant = 0
    valid_until: Instant = FOR_EVER
    over: str = ""
    bids: Levels = ()
    offers: Levels = ()
    _book: SourceBook | None = None

    def show(
        self, bids: Levels, offers: Levels, changed_at: Instant, until: Instant, over: str
    ) -> None:
        """Take a new book; it counts as a new snapshot (R16)."""
        # Counting begins at the time, so that no two runs of the desk share a snapshot.
        self.snapshot = self.snapshot + 1 if self.snapshot else changed_at
        self.usable = True
        self.why = ""
        self.changed_at = changed_at
        self.valid_until = until
        self.over = over
        self.bids = bids
        self.offers = offers
        self._book = None

    def hide(self, why: str) -> bool:
        """Show nothing any more; return whether that takes a book away."""
        self.why = why
        if not self.usable:
            return False
        self.usable = False
        self.bids = self.offers = ()
        self._book = None
        return True

    def reason(self, now: Instant) -> str:
        """Why it shows nothing at *now*; "" when it does."""
        return self.over if self.usable and now > self.valid_until else self.why

    def live(self, now: Instant) -> bool:
        """Whether there is a book at *now*, of whatever age."""
        return self.usable and now <= self.valid_until

    def mid(self) -> Decimal | None:
        """Return the middle of the best prices, None for a one-sided book."""
        if not self.bids or not self.offers:
            return None
        return (self.bids[0][0] + self.offers[0][0]) / 2

    def as_book(self) -> SourceBook:
        """Return the book as it is stamped: the same object until the next one is shown."""
        book = self._book
        if book is None:
            book = self._book = SourceBook(
                self.spec.name, self.snapshot, self.changed_at, self.bids, self.offers
            )
        return book

    def status(self, now: Instant) -> SourceStatus:
        """Return how the source stands at *now*."""
        return SourceStatus(
            name=self.spec.name,
            usable=self.live(now),
            why=self.reason(now),
            snapshot=self.snapshot,
            changed_at=self.changed_at,
            best_bid=self.bids[0] if self.bids else None,
            best_offer=self.offers[0] if self.offers else None,
        )


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
