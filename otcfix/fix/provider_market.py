"""What a provider says of its books: 35=V asks, 35=W, X and Y answer. One subscription a source.

In doubt a book is void until the next W: a provider that sends changes sends each of them once,
so one that is lost, unreadable or about something unknown leaves a book that looks fine and is not.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from threading import Lock

import structlog
from msgspec import Struct

from otcfix.fix.building import Field, Group
from otcfix.fix.fields import Fields, Values, split
from otcfix.fix.provider_book import BID, OFFER, EntryBook, Unusable, entries_of
from otcfix.fix.wire import WireError, read_timestamp
from otcfix.model.feed import BookDelta, BookSnapshot, FeedMessage, Gap
from otcfix.model.time import SECOND, Instant

log = structlog.get_logger("otcfix.fix.provider")

Sink = Callable[[str, FeedMessage | Gap], bool]
"""(source, what is said of its book); whether the book is usable after it."""

AGAIN_AFTER = SECOND
"""A book that was lost is asked for again, but no more often than this."""

REFUSED_AFTER = 30 * SECOND
"""A subscription that was refused is tried again after this."""

ANSWER_WITHIN = 10 * SECOND
"""A subscription without a book for so long is made anew."""


class Words(Struct, frozen=True):
    """A message to send."""

    msg_type: str
    fields: tuple[Field, ...]
    groups: tuple[Group, ...] = ()


class ProvidedSource(Struct, frozen=True):
    """A source that a provider feeds. selector: its symbol in the provider's words. base: the
    asset that its sizes must count."""

    name: str
    selector: str
    base: str


class _Subscription:
    """One source: what was asked, and what is known."""

    def __init__(self, source: ProvidedSource) -> None:
        self.source = source
        self.book = EntryBook(source.base)
        self.request_id = ""
        self.ask_at: Instant | None = None
        self.asked_at: Instant = 0


class Market:
    """The subscriptions of one provider.

    `take` is called by the session's thread alone, `due` by any: it says what to send, and sends
    nothing itself, since whoever sends waits for the session.
    """

    def __init__(
        self,
        key: str,
        sources: Sequence[ProvidedSource],
        sink: Sink,
        *,
        incremental: bool,
        depth: int,
        skew_max: Instant,
        run: str,
    ) -> None:
        """skew_max: how far the provider's clock may lie behind ours before its prices count as
        old. run: what tells the request ids of this run from those of the last."""
        self._key = key
        self._sink = sink
        self._incremental = incremental
        self._depth = depth
        self._skew_max = skew_max
        self._run = run
        self._count = 0
        self._lock = Lock()
        self._all = [_Subscription(source) for source in sources]
        self._by_symbol = {one.source.selector: one for one in self._all}
        self._by_request: dict[str, _Subscription] = {}

    # -- the line --------------------------------------------------------------------------------

    def up(self, now: Instant) -> None:
        """The session is up: every price is void, every book asked for."""
        self.lost("a new session: no book yet", now)
        with self._lock:
            for one in self._all:
                one.request_id = ""
                one.ask_at = now

    def down(self, why: str, now: Instant) -> None:
        """The session went: nothing is known, and nothing is to be asked."""
        self.lost(why, now)
        with self._lock:
            self._by_request.clear()
            for one in self._all:
                one.request_id = ""
                one.ask_at = None

    def lost(self, why: str, now: Instant) -> None:
        """Something was lost that nobody can name: every book is void."""
        for one in self._all:
            self._lose(one, why, now)

    def due(self, now: Instant) -> list[Words]:
        """What is to be asked at *now*."""
        words: list[Words] = []
        with self._lock:
            for one in self._all:
                silent = one.request_id and not one.book.whole
                if silent and one.ask_at is None and now - one.asked_at > ANSWER_WITHIN:
                    one.ask_at = now
                if one.ask_at is None or one.ask_at > now:
                    continue
                if one.request_id:
                    words.append(self._ask(one, on=False))
                    self._by_request.pop(one.request_id, None)
                self._count += 1
                one.request_id = f"{self._run}-{self._count}"
                self._by_request[one.request_id] = one
                one.ask_at, one.asked_at = None, now
                words.append(self._ask(one, on=True))
        return words

    def _ask(self, one: _Subscription, *, on: bool) -> Words:
        fields = (
            (262, one.request_id),
            (263, "1" if on else "2"),
            (264, str(self._depth)),
            (265, "1" if self._incremental else "0"),
        )
        kinds = (267, (((269, BID),), ((269, OFFER),)))
        return Words("V", fields, (kinds, (146, (((55, one.source.selector),),))))

    # -- what comes ------------------------------------------------------------------------------

    def take(self, msg_type: str, text: str, now: Instant) -> None:
        """Take a W, X or Y."""
        fields: Fields = []
        try:
            fields = split(text)
            values = dict(reversed(fields))
            if values.get(43) == "Y":
                return  # what it says was so some time ago
            if msg_type == "Y":
                self.refused(values.get(262, ""), f"281={values.get(281, '')}", values, now)
                return
            said_at = read_timestamp(52, values[52]) if 52 in values else None
            if msg_type == "W":
                self._snapshot(values, fields, said_at, now)
            else:
                self._changes(values, fields, said_at, now)
        except WireError as error:  # no telling whose book it was about
            self.lost(f"35={msg_type} cannot be read: {error.text}", now)

    def refused(self, request_id: str, why: str, values: Values, now: Instant) -> None:
        """A subscription was refused (Y, or j about a V)."""
        one = self._by_request.get(request_id)
        if one is None:
            return
        why = f"{self._key} refused the subscription: {why} {values.get(58, '')}".strip()
        self._lose(one, why, now)
        with self._lock:
            one.request_id = ""
            one.ask_at = now + REFUSED_AFTER

    def _snapshot(
        self, values: Values, fields: Fields, said_at: Instant | None, now: Instant
    ) -> None:
        one = self._subscription(values, values)
        if one is None:
            return
        try:
            with self._lock:
                one.book.snapshot(values, entries_of(fields, 269))
        except (Unusable, WireError) as error:
            self._lose(one, f"35=W: {error}", now)
            return
        bids, offers = one.book.levels(BID), one.book.levels(OFFER)
        received_at = self._received(said_at, now)
        said = BookSnapshot(one.source.selector, received_at, bids, offers, said_at)
        if not self._sink(one.source.name, said) and self._incremental:
            self._lose(one, "", now)  # changes of a book that was refused would be changes of what

    def _changes(
        self, values: Values, fields: Fields, said_at: Instant | None, now: Instant
    ) -> None:
        moved: dict[int, tuple[_Subscription, dict[tuple[str, Decimal], None]]] = {}
        last: Values = values
        for entry in entries_of(fields, 279):
            if 55 in entry:
                last = entry
            one = self._subscription(last, values)
            if one is None or (not one.book.whole and one.ask_at is not None):
                continue
            try:
                if not one.book.whole:
                    raise Unusable("changes came before the book")
                change = one.book.change(entry)
            except (Unusable, WireError) as error:
                self._lose(one, f"35=X: {error}", now)
                moved.pop(id(one), None)
                continue
            if change is not None:
                side, *prices = change
                _, levels = moved.setdefault(id(one), (one, {}))
                levels |= dict.fromkeys((side, px) for px in prices)
        for one, levels in moved.values():
            sides = {
                side: tuple((px, one.book.quantity(s, px)) for s, px in levels if s == side)
                for side in (BID, OFFER)
            }
            delta = BookDelta(
                *(one.source.selector, self._received(said_at, now), sides[BID], sides[OFFER]),
                first_id=0,
                last_id=0,
                venue_time=said_at,
            )
            if not self._sink(one.source.name, delta):
                self._lose(one, "", now)

    def _subscription(self, about: Values, values: Values) -> _Subscription | None:
        """Whose book it is; None when nobody wants it (any more)."""
        by_request = self._by_request.get(values.get(262, ""))
        if by_request is None and 262 in values:
            return None  # of a subscription that was given up
        symbol = about.get(55)
        return by_request if symbol is None else self._by_symbol.get(symbol)

    def _received(self, said_at: Instant | None, now: Instant) -> Instant:
        """When it counts as received: what was said long ago is old, whoever's clock is wrong."""
        return now if said_at is None else min(now, said_at + self._skew_max)

    def _lose(self, one: _Subscription, why: str, now: Instant) -> None:
        """One book is void. Without *why* the reader has said so already."""
        with self._lock:
            one.book.lose()
            if one.request_id and one.ask_at is None:
                one.ask_at = max(now, one.asked_at + AGAIN_AFTER)
        if why:
            log.info("book_lost", provider=self._key, source=one.source.name, why=why)
            self._sink(one.source.name, Gap(one.source.selector, now, why))
