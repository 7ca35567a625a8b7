"""The venues' own JSON, as recorded: receive time in nanoseconds, a space, the message.

Binance: the combined stream ({"stream": ..., "data": ...}) of depth and bookTicker, spot or USD-M
futures, trade and aggTrade, and the REST depth snapshot, which names no symbol. Hyperliquid:
channel l2Book, always a whole book, and trades, several in a message. Everything else a venue sends
(replies to subscriptions) says nothing of the market and is named, so that it can be counted.
"""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from otcfix.model.feed import (
    BestBidOffer,
    BookDelta,
    BookSnapshot,
    Heartbeat,
    VenueMessage,
    VenueTrade,
)
from otcfix.model.rates import Level
from otcfix.model.time import MS, Instant

Levels = tuple[Level, ...]


class Skipped(Struct, frozen=True):
    """A line that says nothing: what it is, and which book it is about ("" unknown)."""

    what: str
    selector: str = ""


Parsed = VenueMessage | Skipped | list[VenueTrade]
"""What a line says; some venues put several deals into one message."""


class _Line(Struct):
    stream: str = ""
    channel: str = ""
    data: Raw = Raw()
    last_update_id: int | None = field(default=None, name="lastUpdateId")
    bids: Levels = ()
    asks: Levels = ()
    event_time: int | None = field(default=None, name="E")
    book_time: int | None = field(default=None, name="T")
    reply_id: Any = field(default=None, name="id")


class _Depth(Struct):
    first_id: int = field(name="U")
    last_id: int = field(name="u")
    event_time: int = field(name="E")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")
    previous_id: int | None = field(default=None, name="pu")
    book_time: int | None = field(default=None, name="T")


class _BookTicker(Struct):
    update_id: int = field(name="u")
    bid: Decimal = field(name="b")
    bid_quantity: Decimal = field(name="B")
    offer: Decimal = field(name="a")
    offer_quantity: Decimal = field(name="A")
    event_time: int | None = field(default=None, name="E")
    book_time: int | None = field(default=None, name="T")


class _HyperliquidLevel(Struct):
    px: Decimal
    sz: Decimal


class _L2Book(Struct):
    coin: str
    time: int
    levels: tuple[list[_HyperliquidLevel], list[_HyperliquidLevel]]


class _Trade(Struct):
    px: Decimal = field(name="p")
    quantity: Decimal = field(name="q")
    event_time: int | None = field(default=None, name="E")
    trade_time: int | None = field(default=None, name="T")


class _HyperliquidTrade(Struct):
    coin: str
    px: Decimal
    sz: Decimal
    time: int


_line = msgspec.json.Decoder(_Line)
_depth = msgspec.json.Decoder(_Depth)
_book_ticker = msgspec.json.Decoder(_BookTicker)
_l2_book = msgspec.json.Decoder(_L2Book)
_trade = msgspec.json.Decoder(_Trade)
_hyperliquid_trades = msgspec.json.Decoder(list[_HyperliquidTrade])


def parse_line(line: bytes) -> Parsed:
    """Read one recorded line.

    Errors: ValueError saying what is wrong (msgspec's are ValueErrors too).
    """
    stamp, _, text = line.partition(b" ")
    if not stamp.isdigit() or not text:
        raise ValueError("not a receive time in nanoseconds, a space and a message")
    return parse_message(text, int(stamp) // 1_000)


def parse_message(text: bytes, received_at: Instant) -> Parsed:
    """Read one message of a venue. Errors: ValueError saying what is wrong."""
    line = _line.decode(text)
    if line.stream:
        return _binance(line, received_at)
    if line.last_update_id is not None:
        return BookSnapshot(
            selector="",
            received_at=received_at,
            bids=line.bids,
            offers=line.asks,
            venue_time=_venue_time(line.book_time, line.event_time),
            last_id=line.last_update_id,
        )
    if line.channel == "l2Book":
        return _hyperliquid(line, received_at)
    if line.channel == "trades":
        return _hyperliquid_deals(line, received_at)
    if line.channel == "pong":
        return Heartbeat("", received_at)
    if line.channel:
        return Skipped(line.channel)
    if line.reply_id is not None:
        return Skipped("reply")
    raise ValueError("neither a Binance stream or depth snapshot nor a Hyperliquid channel")


def _binance(line: _Line, received_at: Instant) -> Parsed:
    selector, _, stream = line.stream.partition("@")
    if stream == "depth" or stream.startswith("depth@"):
        depth = _depth.decode(line.data)
        return BookDelta(
            selector=selector,
            received_at=received_at,
            bids=depth.bids,
            offers=depth.asks,
            first_id=depth.first_id,
            last_id=depth.last_id,
            previous_id=depth.previous_id,
            venue_time=_venue_time(depth.book_time, depth.event_time),
        )
    if stream == "bookTicker":
        best = _book_ticker.decode(line.data)
        return BestBidOffer(
            selector=selector,
            received_at=received_at,
            update_id=best.update_id,
            bid=best.bid,
            bid_quantity=best.bid_quantity,
            offer=best.offer,
            offer_quantity=best.offer_quantity,
            venue_time=_venue_time(best.book_time, best.event_time),
        )
    if stream in ("trade", "aggTrade"):
        trade = _trade.decode(line.data)
        return VenueTrade(
            selector=selector,
            received_at=received_at,
            px=trade.px,
            quantity=trade.quantity,
            venue_time=_venue_time(trade.trade_time, trade.event_time),
        )
    return Skipped(stream, selector)


def _hyperliquid_deals(line: _Line, received_at: Instant) -> list[VenueTrade]:
    return [
        VenueTrade(trade.coin, received_at, trade.px, trade.sz, trade.time * MS)
        for trade in _hyperliquid_trades.decode(line.data)
    ]


def _hyperliquid(line: _Line, received_at: Instant) -> BookSnapshot:
    book = _l2_book.decode(line.data)
    bids, offers = book.levels
    return BookSnapshot(
        selector=book.coin,
        received_at=received_at,
        bids=tuple([(level.px, level.sz) for level in bids]),
        offers=tuple([(level.px, level.sz) for level in offers]),
        venue_time=book.time * MS,
    )


def _venue_time(book_time: int | None, event_time: int | None) -> Instant | None:
    # T is when the book changed, E when the venue wrote the message: the older one is the price's.
    millis = event_time if book_time is None else book_time
    return None if millis is None else millis * MS
