"""The thread under every feed: stops promptly, fails closed, never dies unheard."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Thread, current_thread

from otcfix.model.errors import OtcfixError
from otcfix.model.time import MS, Instant
from otcfix.venues.book import Continuity
from otcfix.venues.intake import Intake
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import SourceSpec

Clock = Callable[[], Instant]
OnError = Callable[[str, Exception], None]


class FeedBroken(OtcfixError):
    """A feed cannot go on; the text names the file and line, or the source, and the reason."""


def wall_clock() -> Instant:
    """Return the present as an Instant."""
    return time.time_ns() // 1_000


class Feed(Thread):
    """A daemon thread that feeds the books of *specs*.

    on_error(source, exception) is called, by this thread, for each source of a feed that failed;
    its books are cleared before (law 5). A stopped feed clears them too; one that came to its end
    leaves them to age (A21). continuity: None takes the one of each source's venue.
    """

    def __init__(
        self,
        name: str,
        specs: Sequence[SourceSpec],
        rate_book: RateBook,
        on_error: OnError,
        clock: Clock = wall_clock,
        continuity: Continuity | None = None,
    ) -> None:
        super().__init__(name=f"feed {name}", daemon=True)
        self.intakes = tuple(Intake(spec, rate_book, continuity) for spec in specs)
        self._on_error = on_error
        self._clock = clock
        self._stopped = Event()

    def run(self) -> None:
        """Play until the end, stop() or a failure."""
        try:
            self.play()
        except Exception as error:  # noqa: BLE001 - whatever it was: no price, and somebody told
            self._fail(error)
            return
        if self._stopped.is_set():
            self._clear("the feed was stopped")

    def play(self) -> None:
        """Feed; return at the end or soon after `stopped`. For the feeds to write."""
        raise NotImplementedError

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the feed and wait for it.

        Errors: FeedBroken when it does not end in time.
        """
        self._stopped.set()
        if self.ident is None or self is current_thread():
            return
        self.join(timeout_s)
        if self.is_alive():
            raise FeedBroken(f"{self.name} did not stop within {timeout_s} s")

    @property
    def stopped(self) -> bool:
        """Whether stop() was called."""
        return self._stopped.is_set()

    def _sleep_until(self, at: Instant) -> bool:
        """Wait until *at* on the feed's clock; return False when the feed is to stop."""
        while (left := at - self._clock()) > 0:
            if self._stopped.wait(max(left, MS) / 1_000_000):
                return False
        return not self._stopped.is_set()

    def _clear(self, why: str) -> None:
        for intake in self.intakes:
            intake.clear(why)

    def _fail(self, error: Exception) -> None:
        try:
            self._clear(f"the feed failed: {error}")
        finally:
            for intake in self.intakes:
                self._on_error(intake.spec.name, error)
