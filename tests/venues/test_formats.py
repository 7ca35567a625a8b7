"""The venues' own JSON, line by line."""

from decimal import Decimal

import pytest

from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot, Heartbeat, VenueTrade
from otcfix.venues.formats import Skipped, parse_line
from tests.venues.support import levels

RECEIVED = b"1600000000123456789 "
AT = 1_600_000_000_123_456


def test_binance_spot_depth():
    """U and u number its updates, E is the venue's time in milliseconds."""
    line = (
        b'{"stream":"abcusdt@depth@100ms","data":{"e":"depthUpdate","E":1600000000500,'
        b'"s":"ABCUSDT","U":11,"u":20,"b":[["1.50000000","2.0"]],"a":[["1.60","0.0"]]}}'
    )

    assert parse_line(RECEIVED + line) == BookDelta(
        selector="abcusdt",
        received_at=AT,
        bids=levels(("1.5", 2)),
        offers=levels(("1.6", 0)),
        first_id=11,
        last_id=20,
        venue_time=1_600_000_000_500_000,
    )


def test_binance_futures_depth():
    """Pu is the update before; T, when the book changed, is older than E."""
    line = (
        b'{"stream":"abcusdt@depth","data":{"E":1600000000500,"T":1600000000498,'
        b'"U":11,"u":20,"pu":9,"b":[],"a":[]}}'
    )
    found = parse_line(RECEIVED + line)

    assert isinstance(found, BookDelta)
    assert (found.previous_id, found.venue_time) == (9, 1_600_000_000_498_000)


def test_binance_book_ticker():
    """Spot's has no time."""
    line = (
        b'{"stream":"abcusdt@bookTicker","data":'
        b'{"u":7,"s":"ABCUSDT","b":"1.5","B":"2","a":"1.6","A":"3"}}'
    )

    assert parse_line(RECEIVED + line) == BestBidOffer(
        selector="abcusdt",
        received_at=AT,
        update_id=7,
        bid=Decimal("1.5"),
        bid_quantity=Decimal(2),
        offer=Decimal("1.6"),
        offer_quantity=Decimal(3),
    )


def test_binance_snapshot():
    """It names no symbol."""
    line = b'{"lastUpdateId":20,"bids":[["1.5","2"]],"asks":[["1.6","3"]]}'

    assert parse_line(RECEIVED + line) == BookSnapshot(
        selector="",
        received_at=AT,
        bids=levels(("1.5", 2)),
        offers=levels(("1.6", 3)),
        last_id=20,
    )


def test_hyperliquid_l2_book():
    """Always the whole book."""
    line = (
        b'{"channel":"l2Book","data":{"coin":"ABC","time":1600000000500,'
        b'"levels":[[{"px":"1.5","sz":"2","n":1}],[{"px":"1.6","sz":"3","n":2}]]}}'
    )

    assert parse_line(RECEIVED + line) == BookSnapshot(
        selector="ABC",
        received_at=AT,
        bids=levels(("1.5", 2)),
        offers=levels(("1.6", 3)),
        venue_time=1_600_000_000_500_000,
    )


@pytest.mark.parametrize("stream", ["trade", "aggTrade"])
def test_binance_trades(stream):
    """T is when it was dealt, E when it was said."""
    line = (
        f'{{"stream":"abcusdt@{stream}","data":{{"e":"{stream}","E":1600000000500,"p":"1.50",'
        '"q":"0.2","T":1600000000498,"m":true}}'
    ).encode()

    assert parse_line(RECEIVED + line) == VenueTrade(
        selector="abcusdt",
        received_at=AT,
        px=Decimal("1.5"),
        quantity=Decimal("0.2"),
        venue_time=1_600_000_000_498_000,
    )


def test_hyperliquid_trades():
    """Several in one message."""
    line = (
        b'{"channel":"trades","data":[{"coin":"ABC","px":"1.5","sz":"2","side":"B",'
        b'"time":1600000000500},{"coin":"XYZ","px":"3","sz":"4","side":"A","time":1600000000501}]}'
    )

    assert parse_line(RECEIVED + line) == [
        VenueTrade("ABC", AT, Decimal("1.5"), Decimal(2), 1_600_000_000_500_000),
        VenueTrade("XYZ", AT, Decimal(3), Decimal(4), 1_600_000_000_501_000),
    ]


def test_hyperliquid_pong():
    """The line lives."""
    assert parse_line(RECEIVED + b'{"channel":"pong"}') == Heartbeat("", AT)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"stream":"abcusdt@kline_1m","data":{}}', Skipped("kline_1m", "abcusdt")),
        (b'{"channel":"subscriptionResponse","data":{}}', Skipped("subscriptionResponse")),
        (b'{"result":null,"id":1}', Skipped("reply")),
    ],
)
def test_what_says_nothing_is_named(line, what):
    """So that it can be counted."""
    assert parse_line(RECEIVED + line) == what


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"garbage",
        b'{"lastUpdateId":1}',
        b"12",
        b"-12 {}",
        b"12 {}",
        b"12 []",
        b'12 {"stream":"abcusdt@depth","data":{"U":1,"u":2}}',
        b'12 {"stream":"abcusdt@depth"}',
        b'12 {"stream":"abcusdt@trade","data":{"p":"1"}}',
        b'12 {"stream":"abcusdt@aggTrade","data":{"p":"one","q":"1"}}',
        b'12 {"channel":"trades","data":[{"coin":"ABC"}]}',
        b'12 {"lastUpdateId":1,"bids":[["one","2"]]}',
        b'12 {"channel":"l2Book","data":{"coin":"ABC","time":1,"levels":[[]]}}',
        b'12 {"stream":"abcus',
        b"\xff\xfe\x00",
    ],
)
def test_garbage_is_refused(line):
    """As a ValueError that says something."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_line(line)
