"""Markets as they were: recorded files of venues, replayed whole.

They are no part of the project: OTCFIX_MARKET_DATA names their folder, else ../shared/data/market
beside the repository is looked for, else these tests are skipped.
"""

import math
import os
from bisect import bisect_right
from collections import Counter
from pathlib import Path

import pytest

from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot, VenueTrade
from otcfix.venues.book import Book, Outcome
from otcfix.venues.feed import wall_clock
from otcfix.venues.intake import Intake, continuity_of
from otcfix.venues.ratebook import RateBook
from otcfix.venues.recorded import RecordedFeed, guess, read
from otcfix.venues.source import SourceSpec
from tests.venues.support import instrument

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("OTCFIX_MARKET_DATA") or ROOT / "../shared/data/market")

SPOT = "binance_spot_btcusdt_20240808.gz"
ETH = "binance_spot_ethusdt_20240808.gz"
USDM = "binance_usdm_btcusdt_20240808.gz"
HYPERLIQUID = "hyperliquid_btcusd_20250126.gz"

# file: pair, messages about the book, deals, best bid and offer at the end
FILES = {
    SPOT: ("BTC/USDT", 31_492, 9_757, "61685.99", "61686"),
    ETH: ("ETH/USDT", 27_512, 6_106, "2682.5", "2682.51"),
    USDM: ("BTC/USDT-PERP", 72_641, 21_313, "61659.7", "61659.8"),
    HYPERLIQUID: ("BTC/USD-PERP", 46, 64, "105050", "105051"),
}


def recorded(name: str) -> Path:
    """Return the path of a recorded file, or skip."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"no recorded market data: {path} (set OTCFIX_MARKET_DATA)")
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_market_replays_without_a_gap(name):
    """As fast as possible, to the book that the venue showed last; nothing fails on the way."""
    symbol, about_book, deals, bid, offer = FILES[name]
    path = recorded(name)
    told = guess(path)
    assert told.symbol == symbol
    spec = told.spec("recorded")
    failures: list[object] = []
    rate_book = RateBook([instrument(symbol)], [spec], "USD")
    feed = RecordedFeed(
        path, [spec], rate_book, lambda *what: failures.append(what), speed=math.inf
    )
    began = wall_clock()
    feed.start()
    feed.join(60)
    took = (wall_clock() - began) / 1e6
    (book,) = rate_book.rates(symbol, wall_clock()).books
    messages = about_book + deals
    print(f"{name}: {messages} messages in {took:.2f} s, {messages / took:,.0f} a second")

    assert failures == []
    assert rate_book.statuses(wall_clock())[0].why == ""
    assert (feed.intakes[0].taken, feed.intakes[0].trades) == (about_book, deals)
    assert feed.skipped.total() == 0
    assert (str(book.bids[0][0]), str(book.offers[0][0])) == (bid, offer)
    assert len(book.bids) == len(book.offers) == 10


@pytest.mark.parametrize("name", [SPOT, ETH, USDM])
def test_depth_agrees_with_every_best_price(name):
    """After each delta, the book made of depth alone has the best levels that bookTicker told.

    Two streams of one venue, price and quantity: a wrong delete or a lost update would show.
    """
    path = recorded(name)
    book = Book(continuity_of(guess(path).spec()))
    messages = list(read(path))
    best = [message for message in messages if isinstance(message, BestBidOffer)]
    ids = [message.update_id for message in best]
    unusable: Counter[str] = Counter()
    compared = 0
    for message in messages:
        if isinstance(message, BestBidOffer | VenueTrade):
            continue
        outcome = book.take(message)
        if not book.usable:
            unusable[book.why] += 1
            continue
        before = bisect_right(ids, book._last_id) - 1
        if not isinstance(message, BookDelta) or outcome is Outcome.IGNORED or before < 0:
            continue
        told = best[before]
        bids, offers = book.top()
        assert bids[0] == (told.bid, told.bid_quantity)
        assert offers[0] == (told.offer, told.offer_quantity)
        compared += 1

    assert compared > 3_400
    assert set(unusable) <= {"no snapshot yet", "no delta has joined the snapshot yet"}
    assert unusable.total() < 20


def test_a_perpetual_stands_at_spots_height_beside_it():
    """Two venues, one asset, the same minutes: shifted by its basis it agrees with spot (R11)."""
    specs = [
        SourceSpec("spot", "binance", "spot", "BTC", "USDT", "btcusdt"),
        SourceSpec(
            *("perp", "binance", "perpetual", "BTC", "USDT", "btcusdt"),
            basis="ewma",
            half_life_s=30,
            warm_up_s=60,
        ),
    ]
    rate_book = RateBook([instrument("BTC/USDT")], specs, "USD")
    intakes = [Intake(spec, rate_book) for spec in specs]
    streams = [
        [
            (m.received_at, n, m)
            for m in read(recorded(name))
            if isinstance(m, BookSnapshot | BookDelta)
        ]
        for n, name in enumerate((SPOT, USDM))
    ]
    began = max(stream[0][0] for stream in streams)
    raw, shifted, alone = [], [], 0
    for at, n, message in sorted(streams[0] + streams[1], key=lambda entry: entry[0]):
        intakes[n].take(message)
        if n == 0:
            continue
        books = {book.source: book for book in rate_book.rates("BTC/USDT", at).books}
        alone += set(books) == {"perp"}
        if len(books) < 2:
            continue
        assert at - began > 59_000_000
        spot_mid = books["spot"].bids[0][0] + books["spot"].offers[0][0]
        mid = books["perp"].bids[0][0] + books["perp"].offers[0][0]
        shifted.append(abs(float(mid - spot_mid)) / 2)
        bids, offers = intakes[1].book.top()
        raw.append(abs(float(bids[0][0] + offers[0][0] - spot_mid)) / 2)

    assert alone == 0
    assert len(shifted) > 4_000
    assert sum(raw) / len(raw) > 20
    assert sum(shifted) / len(shifted) < 3
