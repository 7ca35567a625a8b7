"""State's part of streaming: who listens, what he was told last, and which rungs still stand.

`take` writes what a decision says and decides nothing. What can be counted (references, the index
of rungs) is not in a snapshot.
"""

from collections import deque

from msgspec import Struct

from otcfix.model.decision import Decision
from otcfix.model.event import Boot, Event, RatesMoved, SessionDown, StreamHeld
from otcfix.model.party import Desk
from otcfix.model.session_act import HOLD, RELEASE, ActOnSession
from otcfix.model.stream import (
    EMPTY,
    UNTOLD,
    QuoteStream,
    RungHit,
    Shape,
    StreamImage,
    StreamSaid,
    Subscription,
    shape_of,
)
from otcfix.model.time import MS, SECOND, Instant

KEPT = 2 * SECOND
"""An image outlives its last rung's grace by this: a hit may have waited in the queue (R18)."""


AT_ONCE = -1
"""The grace of a rung whose book was emptied, or whose session broke or does not read: none. The
market that returns is another one."""


class Told(Struct):
    """What one subscription knows of one symbol: the image, and when it may hear the next one.

    shape: subscriptions of equal shape that were told the same are told the same next.
    """

    image: str
    next_at: Instant
    shape: Shape


HEARD = (RatesMoved, StreamHeld, SessionDown, Boot, ActOnSession)
"""Events that mean something to streams by themselves."""


class StreamsKept(Struct, array_like=True):
    """Streams as they stand in a snapshot."""

    subscriptions: list[Subscription] = []
    told: list[tuple[int, str, str, Instant]] = []
    images: list[StreamImage] = []
    current: list[tuple[str, str, str]] = []
    replaced: list[tuple[Instant, str, str]] = []
    held: list[str] = []
    owed: list[str] = []
    hits: list[RungHit] = []
    quote_streams: list[QuoteStream] = []


class Streams:
    """Everything that streaming remembers between events."""

    def __init__(self) -> None:
        self.subscriptions: dict[int, Subscription] = {}
        self.number_of: dict[tuple[str, str], int] = {}
        self.of_symbol: dict[str, dict[int, Told]] = {}
        self.images: dict[str, StreamImage] = {}
        self.current: dict[tuple[str, str], str] = {}
        self.replaced: deque[tuple[Instant, str, str]] = deque()
        self.held: dict[str, None] = {}
        self.owed: dict[str, None] = {}
        self.hits: dict[tuple[str, str], RungHit] = {}
        self.used: dict[str, None] = {}
        self.quote_streams: dict[str, QuoteStream] = {}
        self.streamed: dict[str, dict[str, None]] = {}
        self.rungs: dict[str, dict[str, None]] = {}
        self._told_to: dict[tuple[str, str], int] = {}
        self._standing: dict[tuple[str, str], int] = {}
        self._until: dict[tuple[str, str], Instant] = {}
        self._references: dict[str, int] = {}
        self._void: set[tuple[str, str]] = set()

    # -- reading -----------------------------------------------------------------------------

    def listens(self, symbol: str) -> bool:
        """Whether anybody is to be told of *symbol*."""
        return symbol in self.of_symbol or symbol in self.streamed

    @property
    def symbols(self) -> list[str]:
        """Every symbol that somebody listens to."""
        return sorted({*self.of_symbol, *self.streamed})

    def next_at(self, symbol: str, after: Instant = -1) -> Instant | None:
        """The earliest instant later than *after* at which somebody may hear of *symbol*."""
        dues = [told.next_at for told in self.of_symbol.get(symbol, {}).values()]
        dues += [self.quote_streams[key].next_at for key in self.streamed.get(symbol, ())]
        return min((due for due in dues if due > after), default=None)

    def image(self, image_id: str) -> StreamImage | None:
        """An image by its id; None for the empty book."""
        return self.images.get(image_id)

    def image_of_rung(self, client_id: str, rung_id: str) -> StreamImage | None:
        """The latest image with this rung that the client was told."""
        for image_id in reversed(self.rungs.get(rung_id, {})):
            if (client_id, image_id) in self._told_to:
                return self.images[image_id]
        return None

    def dealt_until(self, client_id: str, rung_id: str) -> Instant | None:
        """Until when a client may deal on a rung that he was told; None while it stands."""
        latest: Instant = 0
        for image_id in self.rungs.get(rung_id, ()):
            key = (client_id, image_id)
            if key in self._standing:
                return None
            latest = max(latest, self._until.get(key, 0))
        return latest

    # -- writing -----------------------------------------------------------------------------

    def take(self, event: Event, decision: Decision, desk: Desk | None) -> None:
        """Write what *event* and its decision say of streams."""
        if not self.replaced and not isinstance(event.body, HEARD) and not decision.of_streams:
            return
        at = event.at
        grace = desk.stream.rung_grace_ms * MS if desk else 0
        if isinstance(event.body, SessionDown | Boot):
            grace = AT_ONCE
        self._heard(event)
        for image in decision.images:
            self._put_image(image)
        for subscription in decision.subscriptions:
            if subscription.state != "ONCE":
                self._subscribe(at, subscription, grace)
        once = {s.number: s for s in decision.subscriptions if s.state == "ONCE"}
        for said in decision.streams:
            self._said(at, said, once, grace)
        self._held_by_staff(decision, at)
        for image in decision.images:
            self._drop_unused(image.image_id)
        if self._void:
            self._end_graces(at)
        for hit in decision.rung_hits:
            self.hits[hit.client_id, hit.rung_id] = hit
            self.used[hit.rung_id] = None
        for stream in decision.quote_streams:
            self._put_quote_stream(stream)
        for symbol in decision.looks_owed:
            self.owed[symbol] = None
        self._forget_old(at)

    def _forget_old(self, at: Instant) -> None:
        while self.replaced and self.replaced[0][0] + KEPT < at:
            self._forget(*self.replaced.popleft()[1:])

    def _heard(self, event: Event) -> None:
        """What follows from the event alone."""
        body = event.body
        if isinstance(body, RatesMoved):
            for symbol in body.symbols:
                self.owed.pop(symbol, None)
        elif isinstance(body, StreamHeld):
            self._hold(body.session, event.at, held=body.held)
        elif isinstance(body, SessionDown):
            self.held.pop(body.session, None)
        elif isinstance(body, Boot):
            self.held.clear()
            self._void.update((who, self.images[of].symbol) for _, who, of in self.replaced)

    def _hold(self, session: str, at: Instant, *, held: bool) -> None:
        """Streams of *session* stop; what it was told last is dead."""
        if not held:
            self.held.pop(session, None)
            return
        self.held[session] = None
        for number, subscription in self.subscriptions.items():
            if subscription.session == session:
                for symbol, _ in subscription.symbols:
                    told = self.of_symbol[symbol][number]
                    before, told.image = told.image, UNTOLD
                    self._replace(at, subscription.client_id, before, AT_ONCE)
                    self._left(before)

    def _held_by_staff(self, decision: Decision, at: Instant) -> None:
        for act in decision.session_acts:
            if act.act in (HOLD, RELEASE):  # whole books follow a release, whatever was told last
                self._hold(act.session, at, held=True)
                self._hold(act.session, at, held=act.act == HOLD)

    def _subscribe(self, at: Instant, subscription: Subscription, grace: Instant) -> None:
        if subscription.state == "ENDED":
            self._end(at, subscription, grace)
        else:
            self._begin(at, subscription)

    def _begin(self, at: Instant, subscription: Subscription) -> None:
        number = subscription.number
        self.subscriptions[number] = subscription
        self.number_of[subscription.session, subscription.md_req_id] = number
        for symbol, _ in subscription.symbols:
            shape = shape_of(subscription, symbol)
            self.of_symbol.setdefault(symbol, {})[number] = Told(UNTOLD, at, shape)

    def _end(self, at: Instant, subscription: Subscription, grace: Instant) -> None:
        del self.subscriptions[subscription.number]
        del self.number_of[subscription.session, subscription.md_req_id]
        for symbol, _ in subscription.symbols:
            listeners = self.of_symbol[symbol]
            told = listeners.pop(subscription.number)
            self._replace(at, subscription.client_id, told.image, grace)
            if not listeners:
                del self.of_symbol[symbol]
            self._left(told.image)

    def _said(
        self, at: Instant, said: StreamSaid, once: dict[int, Subscription], grace: Instant
    ) -> None:
        listeners = self.of_symbol.get(said.symbol, {})
        if said.image == EMPTY:
            grace = AT_ONCE
        before = EMPTY
        for number in said.to:
            told = listeners.get(number)
            if told is None:
                client_id = once[number].client_id
                self._refer(client_id, said.image)
                self._replace(at, client_id, said.image, grace)
                continue
            subscription = self.subscriptions[number]
            if told.image != said.image:
                self._refer(subscription.client_id, said.image)
                self._replace(at, subscription.client_id, told.image, grace)
                before, told.image = told.image, said.image
            told.next_at = at + subscription.interval
        self._left(before)

    # -- images ------------------------------------------------------------------------------

    def _put_image(self, image: StreamImage) -> None:
        key = (image.symbol, image.group)
        before = self.current.get(key)
        self.images[image.image_id] = image
        self.current[key] = image.image_id
        for rung in image.bids + image.offers:
            self.rungs.setdefault(rung.rung_id, {})[image.image_id] = None
        if before is not None:
            self._drop_unused(before)

    def _refer(self, client_id: str, image_id: str) -> None:
        """One subscription of a client stands by an image."""
        if image_id in (EMPTY, UNTOLD):
            return
        key = (client_id, image_id)
        self._told_to[key] = self._told_to.get(key, 0) + 1
        self._standing[key] = self._standing.get(key, 0) + 1
        self._references[image_id] = self._references.get(image_id, 0) + 1

    def _replace(self, at: Instant, client_id: str, image_id: str, grace: Instant) -> None:
        """It no longer does; he may deal on the image until the grace is over."""
        if image_id in (EMPTY, UNTOLD):
            return
        if grace == AT_ONCE:
            self._void.add((client_id, self.images[image_id].symbol))
        self.replaced.append((at + grace, client_id, image_id))
        self._replaced(at + grace, client_id, image_id)

    def _replaced(self, until: Instant, client_id: str, image_id: str) -> None:
        key = (client_id, image_id)
        self._until[key] = until
        left = self._standing[key] - 1
        if left:
            self._standing[key] = left
        else:
            del self._standing[key]

    def _end_graces(self, at: Instant) -> None:
        """Whose book was emptied, or is not read, deals on none of its former rungs either."""
        for place, (until, client_id, image_id) in enumerate(self.replaced):
            if until >= at and (client_id, self.images[image_id].symbol) in self._void:
                self.replaced[place] = (at + AT_ONCE, client_id, image_id)
                self._until[client_id, image_id] = at + AT_ONCE
        self._void.clear()

    def _forget(self, client_id: str, image_id: str) -> None:
        key = (client_id, image_id)
        left = self._told_to[key] - 1
        if left:
            self._told_to[key] = left
        else:
            del self._told_to[key]
            del self._until[key]
        self._references[image_id] -= 1
        self._drop_unused(image_id)

    def _left(self, image_id: str) -> None:
        """Somebody no longer stands by an image; perhaps nobody follows its group any more."""
        image = self.images.get(image_id)
        current = self.current.get((image.symbol, image.group), image_id) if image else image_id
        if image is not None and current != image_id:
            self._drop_unused(current)

    def _followed(self, symbol: str, group: str) -> bool:
        """Whether somebody was told a ladder of the group: a client's group changes with what is
        measured of him, so a group may be left for ever."""
        for told in self.of_symbol.get(symbol, {}).values():
            image = self.images.get(told.image)
            if image is not None and image.group == group:
                return True
        return False

    def _drop_unused(self, image_id: str) -> None:
        image = self.images[image_id]
        if self._references.get(image_id):
            return
        is_current = self.current.get((image.symbol, image.group)) == image_id
        if is_current and self._followed(image.symbol, image.group):
            return
        self._references.pop(image_id, None)
        del self.images[image_id]
        if is_current:
            del self.current[image.symbol, image.group]
        for rung in image.bids + image.offers:
            holders = self.rungs[rung.rung_id]
            del holders[image_id]
            if not holders:
                del self.rungs[rung.rung_id]
                if rung.rung_id in self.used:
                    del self.used[rung.rung_id]
                    self.hits = {k: hit for k, hit in self.hits.items() if k[1] != rung.rung_id}

    def _put_quote_stream(self, stream: QuoteStream) -> None:
        symbol, key = stream.quote.symbol, stream.key
        if not stream.ended:
            self.quote_streams[key] = stream
            self.streamed.setdefault(symbol, {})[key] = None
        elif self.quote_streams.pop(key, None) is not None:
            listeners = self.streamed[symbol]
            del listeners[key]
            if not listeners:
                del self.streamed[symbol]

    # -- keeping -----------------------------------------------------------------------------

    def dump(self) -> StreamsKept:
        """What a snapshot keeps."""
        return StreamsKept(
            list(self.subscriptions.values()),
            [
                (number, symbol, told.image, told.next_at)
                for symbol, listeners in self.of_symbol.items()
                for number, told in listeners.items()
            ],
            list(self.images.values()),
            [(*key, image_id) for key, image_id in self.current.items()],
            list(self.replaced),
            list(self.held),
            list(self.owed),
            list(self.hits.values()),
            list(self.quote_streams.values()),
        )

    @classmethod
    def load(cls, kept: StreamsKept) -> "Streams":
        """The same again, in the same order."""
        made = cls()
        for image in kept.images:
            made.images[image.image_id] = image
            for rung in image.bids + image.offers:
                made.rungs.setdefault(rung.rung_id, {})[image.image_id] = None
        made.current = {(symbol, group): image_id for symbol, group, image_id in kept.current}
        for subscription in kept.subscriptions:
            made.subscriptions[subscription.number] = subscription
            key = (subscription.session, subscription.md_req_id)
            made.number_of[key] = subscription.number
        for number, symbol, image_id, next_at in kept.told:
            subscription = made.subscriptions[number]
            told = Told(image_id, next_at, shape_of(subscription, symbol))
            made.of_symbol.setdefault(symbol, {})[number] = told
            made._refer(subscription.client_id, image_id)
        for until, client_id, image_id in kept.replaced:
            made._refer(client_id, image_id)
            made.replaced.append((until, client_id, image_id))
            made._replaced(until, client_id, image_id)
        made.held = dict.fromkeys(kept.held)
        made.owed = dict.fromkeys(kept.owed)
        for hit in kept.hits:
            made.hits[hit.client_id, hit.rung_id] = hit
            made.used[hit.rung_id] = None
        for stream in kept.quote_streams:
            made._put_quote_stream(stream)
        return made
