"""One source's way in: its messages to its book, the venue's time to ours, its book to the desk."""

from otcfix.model.feed import FeedMessage
from otcfix.model.time import Instant
from otcfix.venues.book import Book, Continuity, Outcome
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import PERPETUAL, SourceSpec

DRIFT = 10_000
"""One part in so many is what two clocks may drift apart: 0.1 ms a second."""


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
    newer venue time, and otherwise nothing.
    """

    def __init__(self, spec: SourceSpec, rate_book: RateBook) -> None:
        self.spec = spec
        self.taken = 0
        self._rate_book = rate_book
        self._book = Book(continuity_of(spec), spec.depth)
        self._clock = VenueClock()
        self._changed_at: Instant = 0

    @property
    def book(self) -> Book:
        """The source's book, for reading."""
        return self._book

    def take(self, message: FeedMessage, shift: int = 0) -> Outcome:
        """Apply *message*; *shift* (microseconds) moves recorded times to the present."""
        self.taken += 1
        book = self._book
        outcome = book.take(message)
        if outcome is Outcome.IGNORED:
            return outcome
        if not book.usable:
            self._rate_book.clear(self.spec.name, book.why)
            return outcome
        at, venue_time = message.received_at, message.venue_time
        newer = venue_time is not None and self._clock.newer(venue_time)
        if venue_time is not None:
            at = self._clock.translate(venue_time, at)
        if outcome is Outcome.CONFIRMED and not (newer and at > self._changed_at):
            return outcome
        self._changed_at = max(at, self._changed_at)
        bids, offers = book.top()
        self._rate_book.update(self.spec.name, bids, offers, self._changed_at + shift)
        return outcome

    def clear(self, why: str) -> None:
        """Forget book and clock: what comes next is another connection, or the file again."""
        self._book.clear(why)
        self._clock = VenueClock()
        self._changed_at = 0
        self._rate_book.clear(self.spec.name, why)
