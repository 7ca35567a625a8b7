"""One source's way in: its messages to its book, the venue's time to ours, its book to the desk."""

from decimal import Decimal, InvalidOperation

from otcfix.model.feed import (
    BookSnapshot,
    FeedMessage,
    Gap,
    Heartbeat,
    VenueMessage,
    VenueTrade,
)
from otcfix.model.time import MS, SECOND, Instant
from otcfix.venues.book import ABSURD, Book, Continuity, Outcome
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import PERPETUAL, SourceSpec, silence_of

DRIFT = 10_000
"""One part in so many is what two clocks may drift apart: 0.1 ms a second."""

STEP_MAX = 10 * SECOND
"""A venue's clock that steps by more, against ours, says nothing of the age of a price."""

_ZERO = Decimal(0)


def continuity_of(spec: SourceSpec) -> Continuity:
    """Return how *spec*'s venue lets us see a lost update."""
    if spec.venue != "binance":
        return Continuity.WHOLE
    return Continuity.FUTURES if spec.kind == PERPETUAL else Continuity.SPOT


class VenueClock:
    """Puts a venue's timestamps on our receive time scale (A21).

    The two clocks may be seconds apart, so a plain difference is no age. The message that came
    fastest is taken to have come at once; what came slower by comparison is older by that much.
    What is known of the clocks fades only as fast as clocks drift: a line that falls behind for an
    hour is not taken for a clock that is an hour off. The result is never after the receive time.
    """

    def __init__(self) -> None:
        self._offset: int | None = None  # receive time less venue time of the fastest message
        self._sampled_at: Instant = 0
        self._venue_time: Instant = 0

    def newer(self, venue_time: Instant) -> bool:
        """Whether the venue has not said a time as late as *venue_time* yet."""
        return self._offset is None or venue_time > self._venue_time

    def overtaken(self, venue_time: Instant) -> bool:
        """Whether the venue has said a later time than *venue_time* already."""
        return self._offset is not None and venue_time < self._venue_time

    def stepped(self, venue_time: Instant, received_at: Instant) -> str:
        """Say how the venue's clock has been set since the last message; "" when it was not.

        Back: its time is STEP_MAX before one that it said already. Ahead: the message would have
        come STEP_MAX faster than the fastest one, which no line does.
        """
        if self._offset is None:
            return ""
        if (back := self._venue_time - venue_time) > STEP_MAX:
            return f"clock: the venue's time went back by {back // SECOND} s"
        if (ahead := self._offset - (received_at - venue_time)) > STEP_MAX:
            return f"clock: the venue's time jumped ahead by {ahead // SECOND} s"
        return ""

    def translate(self, venue_time: Instant, received_at: Instant) -> Instant:
        """Return the instant on our clock at which the venue said *venue_time*."""
        offset = received_at - venue_time
        if self._offset is None:
            self._offset = offset
        elif venue_time > self._venue_time:  # a repeated time tells nothing of the clocks
            drift = max(received_at - self._sampled_at, 0) // DRIFT
            self._offset = offset = min(self._offset + drift, offset)
        else:
            return venue_time + min(self._offset, offset)
        self._sampled_at = received_at
        self._venue_time = venue_time
        return venue_time + offset


class Intake:
    """Applies one source's messages; not thread-safe, one feed owns it.

    A message that only repeats the book is no news (A21): it refreshes the age when it carries a
    newer venue time, and otherwise nothing. A heartbeat and a deal change neither book nor age.
    After a gap, a crossing, a step of the venue's clock, or a silence longer than the source's
    silence_max_ms, nothing is shown until a new snapshot has come.

    continuity: None takes that of the source's venue. taken: messages about the book. heartbeats,
    trades: how many came. last_trade: the last deal that makes sense, None before any.
    """

    def __init__(
        self, spec: SourceSpec, rate_book: RateBook, continuity: Continuity | None = None
    ) -> None:
        self.spec = spec
        self.taken = 0
        self.heartbeats = 0
        self.trades = 0
        self.last_trade: VenueTrade | None = None
        self._rate_book = rate_book
        self._book = Book(continuity or continuity_of(spec), spec.depth)
        self._clock = VenueClock()
        self._changed_at: Instant = 0
        self._silence_max = spec.silence_max_ms * MS

    @property
    def book(self) -> Book:
        """The source's book, for reading."""
        return self._book

    def take(self, message: VenueMessage, shift: int = 0) -> Outcome:
        """Apply *message*; *shift* (microseconds) moves recorded times to the present."""
        if isinstance(message, VenueTrade | Heartbeat | Gap):
            return self._take_aside(message)
        self.taken += 1
        book, at, venue_time = self._book, message.received_at, message.venue_time
        if self._silence_max and book.usable and at - self._changed_at > self._silence_max:
            self._drop(silence_of(self.spec))
        newer = False
        if venue_time is not None:
            clock = self._clock
            if why := clock.stepped(venue_time, at):
                return self._distrust(why)
            newer = clock.newer(venue_time)
            if not newer and self._late(message, venue_time):
                return Outcome.IGNORED
        outcome = book.take(message)
        if outcome is Outcome.IGNORED:
            return outcome
        if not book.usable:
            self._rate_book.clear(self.spec.name, book.why)
            return outcome
        if venue_time is not None:
            at = self._clock.translate(venue_time, at)
        if outcome is Outcome.CONFIRMED and not (newer and at > self._changed_at):
            return outcome
        self._changed_at = max(at, self._changed_at)
        bids, offers = book.top()
        self._rate_book.update(self.spec.name, bids, offers, self._changed_at + shift, trim=False)
        return outcome

    def clear(self, why: str) -> None:
        """Forget book and clock: what comes next is another connection, or the file again."""
        self._clock = VenueClock()
        self._changed_at = 0
        self._drop(why)

    def _take_aside(self, message: VenueTrade | Heartbeat | Gap) -> Outcome:
        """What is said beside the book."""
        if isinstance(message, Gap):
            self._drop(f"gap: {message.why}")
            return Outcome.MOVED
        if isinstance(message, Heartbeat):
            self.heartbeats += 1
            return Outcome.IGNORED
        self.trades += 1
        try:
            sound = _ZERO < message.px < ABSURD and _ZERO < message.quantity < ABSURD
        except InvalidOperation:  # NaN has no order
            sound = False
        if sound:
            self.last_trade = message
        return Outcome.IGNORED

    def _late(self, message: FeedMessage, venue_time: Instant) -> bool:
        """Whether a newer whole book has overtaken this one. Books with ids are joined by them."""
        return (
            isinstance(message, BookSnapshot)
            and message.last_id is None
            and self._book.usable
            and self._clock.overtaken(venue_time)
        )

    def _distrust(self, why: str) -> Outcome:
        """The venue's clock was set: what its times meant is unknown."""
        self._clock = VenueClock()
        self._drop(why)
        return Outcome.MOVED

    def _drop(self, why: str) -> None:
        self._book.clear(why)
        self._rate_book.clear(self.spec.name, why)
