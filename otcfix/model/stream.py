"""Streams: what a client asks for, the image of a ladder, and what was said of it to whom.

An image is made once for all clients of a group. What is said names images by id, so that one
event with a thousand receivers stays small in the journal's digest.
"""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.pricing import Explanation
from otcfix.model.quote import Quote
from otcfix.model.time import Instant

EMPTY = ""
"""The image of a book without prices."""

UNTOLD = "?"
"""What a receiver knows before his first full refresh, or after he was held."""

SNAPSHOT, SUBSCRIBE, UNSUBSCRIBE = "0", "1", "2"
FULL, INCREMENTAL = "0", "1"
BID, OFFER = "0", "1"


class Rung(Struct, frozen=True, gc=False, array_like=True):
    """One price for one size: rung_id is its QuoteEntryID(299); price in terms per base, size in
    base. An unchanged rung keeps its id from image to image."""

    rung_id: str
    price: Decimal
    size: Decimal


class StreamImage(Struct, frozen=True, gc=False, array_like=True):
    """One group's ladder of one symbol; sides are ours: the client sells at bids. Smallest first.

    mid is the reference before any spread (R20); why explains every rung by the client's
    side and the size.
    """

    image_id: str
    symbol: str
    group: str
    bids: tuple[Rung, ...]
    offers: tuple[Rung, ...]
    mid: Decimal
    made_at: Instant
    why: Explanation

    def side(self, entry_type: str) -> tuple[Rung, ...]:
        """The rungs of an MDEntryType(269)."""
        return self.bids if entry_type == BID else self.offers


class Subscription(Struct, frozen=True, gc=False, array_like=True):
    """Who is to be told what. number is the seq of the event that asked for it.

    symbols: (ours, as the client names it). interval: microseconds between two updates of one
    symbol, at least. state: LIVE, ONCE (a snapshot only), or ENDED.
    """

    number: int
    session: str
    client_id: str
    md_req_id: str
    version: str
    symbols: tuple[tuple[str, str], ...]
    depth: int
    incremental: bool
    sides: tuple[str, ...]
    interval: Instant
    state: str = "LIVE"
    deliver_to: str = ""
    deliver_to_sub: str = ""

    def sent(self, symbol: str) -> str:
        """The client's own name of *symbol*."""
        return next(sent for ours, sent in self.symbols if ours == symbol)

    def seen(self, image: StreamImage | None, side: str) -> tuple[Rung, ...]:
        """What this subscription shows of a side of *image*."""
        if image is None:
            return ()
        rungs = image.side(side)
        return rungs[: self.depth] if self.depth else rungs


class StreamSaid(Struct, frozen=True, gc=False, array_like=True):
    """One W or X to every subscription in *to*; all of them show the same (see `shape_of`).

    image: what the book is now; before: what an X is told against.
    """

    msg_type: str
    symbol: str
    image: str
    before: str
    to: tuple[int, ...]


class RungHit(Struct, frozen=True, gc=False, array_like=True):
    """How much of a rung a client has dealt on so far, in base."""

    client_id: str
    rung_id: str
    taken: Decimal


class QuoteStream(Struct, frozen=True, gc=False, array_like=True):
    """A request line that is answered again whenever the price moves, until *until*.

    quote is the last answer; ended takes it out of State.
    """

    quote: Quote
    until: Instant
    next_at: Instant
    ended: bool = False

    @property
    def key(self) -> str:
        """The request line: client, QuoteReqID(131) and the line's place."""
        return stream_key(self.quote)


def stream_key(quote: Quote) -> str:
    """The key of the stream of the request line that *quote* answers. What a broker asks for an end
    client is another request than the client's own of that QuoteReqID(131)."""
    who = quote.client_id
    if quote.end_client:
        who += f"\x1f{quote.session}\x1f{quote.end_client}"
    return f"{who}\x1f{quote.quote_req_id}\x1f{quote.line}"


Shape = tuple[bool, str, str, int, tuple[str, ...]]


def shape_of(subscription: Subscription, symbol: str) -> Shape:
    """What decides how a book is told to a subscription: whether by X, version, its name of the
    symbol, depth and sides."""
    return (
        subscription.incremental,
        subscription.version,
        subscription.sent(symbol),
        subscription.depth,
        subscription.sides,
    )
