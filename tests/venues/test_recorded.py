"""Recorded files: read, guessed at, replayed as if they happened now."""

import gzip
import math
import time
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from otcfix.model.errors import ConfigError
from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot, VenueTrade
from otcfix.model.time import MS, SECOND
from otcfix.venues.feed import FeedBroken, wall_clock
from otcfix.venues.ratebook import RateBook
from otcfix.venues.recorded import RecordedFeed, guess, read
from tests.venues.fixtures.make import files
from tests.venues.support import instrument, spot

FIXTURES = Path(__file__).parent / "fixtures"
SPOT = FIXTURES / "spot_abcusdt.txt"
USDM = FIXTURES / "usdm_abcusdt.txt"
HYPERLIQUID = FIXTURES / "hyperliquid_abc.txt"

DEPTH = '{"stream":"%s@depth","data":{"E":1,"U":1,"u":2,"b":[],"a":[]}}'


class Played:
    """A feed of one file into a RateBook of the pair that the file prices."""

    def __init__(self, path, *, like=None, **more):
        told = guess(like or path)
        self.symbol = told.symbol
        spec = told.spec("src")
        self.failures = []
        self.rate_book = RateBook([instrument(self.symbol)], [spec], "USD")
        self.feed = RecordedFeed(path, [spec], self.rate_book, self.on_error, **more)

    def on_error(self, source, error):
        self.failures.append((source, error))

    def books(self, now=None):
        return self.rate_book.rates(self.symbol, now or wall_clock()).books

    @property
    def why(self):
        return self.rate_book.statuses(wall_clock())[0].why


def until(condition, seconds=5.0):
    """Wait for *condition*, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.001)


def written(tmp_path, *lines, name="feed.txt"):
    """Write a recording and return its path."""
    path = tmp_path / name
    path.write_bytes(b"".join(f"{line}\n".encode() for line in lines))
    return path


def test_the_recordings_are_what_the_simulated_venue_makes():
    """The same books from the same seed on this machine as on the one that wrote them."""
    for name, text in files().items():
        assert (FIXTURES / name).read_text() == text


# -- read -------------------------------------------------------------------------------------


def test_a_file_is_read_in_its_order():
    """Books, best prices and deals."""
    skipped = Counter()
    messages = list(read(SPOT, skipped))

    assert Counter(type(message) for message in messages) == {
        BookDelta: 13,
        BestBidOffer: 13,
        BookSnapshot: 1,
        VenueTrade: 2,
    }
    assert skipped == {}
    assert [m.received_at for m in messages] == sorted(m.received_at for m in messages)


def test_plain_and_packed_files_are_the_same(tmp_path):
    """Told apart by their first bytes, whatever the name."""
    packed = tmp_path / "feed.log"
    packed.write_bytes(gzip.compress(HYPERLIQUID.read_bytes()))

    assert list(read(packed)) == list(read(HYPERLIQUID))


def test_garbage_names_file_and_line(tmp_path):
    """Blank lines count."""
    path = written(tmp_path, f"1 {DEPTH % 'abcusdt'}", "", "garbage")
    skipped = Counter()

    with pytest.raises(FeedBroken, match=r"feed.txt:3: not a receive time"):
        list(read(path, skipped))
    assert skipped == {"blank": 1}


def test_a_torn_file_is_said_to_be_torn(tmp_path):
    """After the last line that could be read."""
    path = tmp_path / "feed.gz"
    path.write_bytes(gzip.compress(SPOT.read_bytes())[:-400])

    with pytest.raises(FeedBroken, match=r"feed.gz: after line \d+: "):
        list(read(path))


def test_no_file(tmp_path):
    """The same kind of error."""
    with pytest.raises(FeedBroken, match=r"nothing\.gz: after line 0"):
        list(read(tmp_path / "nothing.gz"))


# -- guess ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "venue", "kind", "symbol"),
    [
        (SPOT, "binance", "spot", "ABC/USDT"),
        (USDM, "binance", "perpetual", "ABC/USDT-PERP"),
        (HYPERLIQUID, "hyperliquid", "perpetual", "ABC/USD-PERP"),
    ],
)
def test_a_file_tells_what_it_holds(path, venue, kind, symbol):
    """A perpetual prices an instrument that is named for it, alone (R11)."""
    told = guess(path)
    spec = told.spec("src")

    assert (told.venue, told.kind, told.symbol) == (venue, kind, symbol)
    assert (spec.name, spec.kind, spec.selector) == ("src", kind, told.selector)
    assert spec.reference_of == ("" if kind == "spot" else symbol)


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [("btcfdusd", "BTC", "FDUSD"), ("ethbtc", "ETH", "BTC"), ("usdcusdt", "USDC", "USDT")],
)
def test_binance_symbols_are_split(tmp_path, symbol, base, quote):
    """By the longest quote asset."""
    told = guess(written(tmp_path, f"1 {DEPTH % symbol}"))

    assert (told.base, told.quote) == (base, quote)


def test_hyperliquid_spot(tmp_path):
    """PURR/USDC is spot."""
    book = '{"channel":"l2Book","data":{"coin":"PURR/USDC","time":1,"levels":[[],[]]}}'

    assert guess(written(tmp_path, f"1 {book}")).symbol == "PURR/USDC"


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([], "no book"),
        (['{"channel":"trades","data":[]}'], "no book"),
        ([DEPTH % "btcusdt", DEPTH % "ethusdt"], "binance spot btcusdt, binance spot ethusdt"),
        ([DEPTH % "btcusd_perp"], "coin-margined"),
        ([DEPTH % "xyz"], "cannot split xyz"),
        (['{"channel":"l2Book","data":{"coin":"@7","time":1,"levels":[[],[]]}}'], "an index"),
    ],
)
def test_a_file_that_does_not_tell(tmp_path, lines, what):
    """Is not guessed at: its sources are to be configured."""
    with pytest.raises(FeedBroken, match=what):
        guess(written(tmp_path, *(f"1 {line}" for line in lines)))


# -- replay -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [SPOT, USDM, HYPERLIQUID])
def test_as_fast_as_possible(path):
    """The last book stands, and ages from there."""
    played = Played(path, speed=math.inf)
    began = wall_clock()
    played.feed.start()
    played.feed.join(5)
    (book,) = played.books()
    want = [m for m in read(path) if not isinstance(m, BookDelta)][-1]
    last = (
        (want.bids[0], want.offers[0])
        if isinstance(want, BookSnapshot)
        else (
            (want.bid, want.bid_quantity),
            (want.offer, want.offer_quantity),
        )
    )

    assert played.failures == []
    assert (book.bids[0], book.offers[0]) == last
    assert len(book.bids) == 4
    assert began - SECOND < book.changed_at <= wall_clock()
    assert played.books(wall_clock() + 3_600 * SECOND)[0] is book


def test_at_a_scaled_speed():
    """1.3 recorded seconds in a tenth of the time, each message at its own."""
    played = Played(SPOT, speed=10.0)
    began = wall_clock()
    played.feed.start()
    played.feed.join(5)
    took = wall_clock() - began
    (book,) = played.books()

    assert 124 * MS <= took < 2 * SECOND
    # The last delta was received 1.24 s after the first message.
    assert began + 124 * MS <= book.changed_at <= began + 124 * MS + took


def test_it_starts_over_with_a_fresh_book(monkeypatch):
    """Snapshots never repeat, and between the rounds there is no price."""
    played = Played(SPOT, speed=math.inf, loop=True)
    told = []
    clear, update = played.rate_book.clear, played.rate_book.update
    monkeypatch.setattr(
        played.rate_book, "clear", lambda source, why: (told.append(why), clear(source, why))
    )
    monkeypatch.setattr(
        played.rate_book,
        "update",
        lambda *book, **more: (told.append("shown"), update(*book, **more)),
    )
    played.feed.start()
    until(lambda: played.feed.rounds >= 3)
    played.feed.stop()
    rounds = [list(group) for _, group in groupby(told, "shown".__eq__)]

    assert played.failures == []
    assert rounds[1] == rounds[3] == ["the recording starts over"]
    assert rounds[0] == rounds[2] == rounds[4]
    assert len(rounds[0]) > 10


def test_deals_and_heartbeats_of_a_recording_reach_their_sources(tmp_path):
    """A pong names no book: it is about the line, and so about each of them."""
    coins = ("ABC", "XYZ")
    book = '{"channel":"l2Book","data":{"coin":"%s","time":1,"levels":[[],[]]}}'
    deal = '{"coin":"ABC","px":"1.5","sz":"2","time":1}'
    path = written(
        tmp_path,
        *(f"{n} {book % coin}" for n, coin in enumerate(coins)),
        f'2 {{"channel":"trades","data":[{deal},{deal}]}}',
        '3 {"channel":"pong"}',
    )
    specs = [spot(coin, "BTC/USD", selector=coin) for coin in coins]
    failures = []
    rate_book = RateBook([], specs, "USD")
    feed = RecordedFeed(path, specs, rate_book, lambda *told: failures.append(told), speed=math.inf)
    feed.start()
    feed.join(5)

    assert failures == []
    assert [(i.taken, i.trades, i.heartbeats) for i in feed.intakes] == [(1, 2, 1), (1, 0, 1)]


def test_it_stops_promptly_in_the_middle_of_a_pause():
    """A second of recorded silence is not waited for; a stopped feed shows no price."""
    played = Played(HYPERLIQUID, speed=0.01)
    played.feed.start()
    until(played.books)
    began = time.monotonic()
    played.feed.stop()

    assert time.monotonic() - began < 0.5
    assert not played.feed.is_alive()
    assert played.books() == ()
    assert played.why == "the feed was stopped"


def test_a_feed_that_never_started_can_be_stopped():
    """Shutting down half-way through starting."""
    Played(SPOT).feed.stop()


def test_garbage_in_the_middle_clears_the_book_and_is_told(tmp_path):
    """Law 5: the feed does not go on by guesswork, and does not die unheard."""
    lines = HYPERLIQUID.read_text().splitlines()
    path = written(tmp_path, *lines[:6], "garbage", *lines[6:])
    played = Played(path, like=HYPERLIQUID, speed=math.inf)
    played.feed.start()
    played.feed.join(5)
    ((source, error),) = played.failures

    assert source == "src"
    assert "feed.txt:7: " in str(error)
    assert played.books() == ()
    assert played.why.startswith("the feed failed: ")


def test_a_gap_leaves_no_book(tmp_path):
    """The file holds no second snapshot."""
    lines = [line for line in SPOT.read_text().splitlines() if '"U":1071' not in line]
    played = Played(written(tmp_path, *lines), speed=math.inf)
    played.feed.start()
    played.feed.join(5)

    assert played.failures == []
    assert played.why == "gap: update 1081 came after 1070"


def test_a_source_that_is_not_in_the_file_is_told(tmp_path):
    """Rather than a desk without prices and without a reason."""
    failures = []
    spec = spot("src", "BTC/USDT", venue="binance", selector="btcusdt")
    rate_book = RateBook([], [spec], "USD")
    feed = RecordedFeed(
        SPOT, [spec], rate_book, lambda *told: failures.append(told), speed=math.inf
    )
    feed.start()
    feed.join(5)

    assert "nothing of 'btcusdt' in it" in str(failures[0][1])
    assert feed.skipped["another book"] == 28


def test_a_snapshot_without_a_name_needs_a_file_of_one_source():
    """Nothing says whose it is."""
    specs = [
        spot("a", "BTC/USDT", venue="binance", selector="abcusdt"),
        spot("b", "ETH/USDT", venue="binance", selector="xyzusdt"),
    ]
    failures = []
    feed = RecordedFeed(
        SPOT, specs, RateBook([], specs, "USD"), lambda *t: failures.append(t), speed=math.inf
    )
    feed.start()
    feed.join(5)

    assert [source for source, _ in failures] == ["a", "b"]
    assert "a snapshot that names no book" in str(failures[0][1])


@pytest.mark.parametrize(
    ("selectors", "speed"),
    [(["x"], 0.0), (["x"], math.nan), (["x", "x"], 1.0), ([""], 1.0), ([], 1)],
)
def test_a_feed_that_makes_no_sense(selectors, speed):
    """Is refused before it starts."""
    specs = [spot(f"s{n}", "BTC/USDT", selector=s) for n, s in enumerate(selectors)]

    with pytest.raises(ConfigError, match="spot_abcusdt"):
        RecordedFeed(SPOT, specs, RateBook([], specs, "USD"), print, speed=speed)
