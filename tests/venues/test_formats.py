"""The venues' own JSON, line by line."""

from decimal import Decimal

import pytest

from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot
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


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"stream":"abcusdt@trade","data":{"e":"trade"}}', Skipped("trade", "abcusdt")),
        (b'{"stream":"abcusdt@aggTrade","data":{}}', Skipped("aggTrade", "abcusdt")),
        (b'{"channel":"trades","data":[]}', Skipped("trades")),
        (b'{"channel":"pong"}', Skipped("pong")),
        (b'{"result":null,"id":1}', Skipped("reply")),
    ],
)
def test_what_changes_no_book_is_named(line, what):
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
