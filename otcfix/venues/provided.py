"""Sources whose messages come from elsewhere: a session with a provider that has its own thread."""

from collections.abc import Sequence
from threading import Lock

from otcfix.model.feed import FeedMessage, Gap, Heartbeat, VenueTrade
from otcfix.venues.intake import Intake
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import SourceSpec


class Provided:
    """One intake a source, each behind a lock of its own."""

    def __init__(self, specs: Sequence[SourceSpec], rate_book: RateBook) -> None:
        self._intakes = {spec.name: (Intake(spec, rate_book), Lock()) for spec in specs}

    def take(self, source: str, message: FeedMessage | VenueTrade | Heartbeat | Gap) -> bool:
        """Take what is said of *source*; whether its book is usable after it.

        A Gap clears book and clock at once. A heartbeat or a deal makes no price younger (A21).
        Errors: KeyError for a source that is not fed so.
        """
        intake, lock = self._intakes[source]
        with lock:
            if isinstance(message, Gap):
                intake.clear(message.why)
            elif not isinstance(message, Heartbeat | VenueTrade):
                intake.take(message)
            return intake.book.usable
