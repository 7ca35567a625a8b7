"""Exchanges through ccxt: by a stand-in with its interface, and, where ccxt is, against a server.

No exchange is contacted: the server is the test's own and speaks one exchange's protocol.
"""

import asyncio
import contextlib
import importlib
import json
import threading
import time

import pytest

from otcfix.model.errors import ConfigError
from otcfix.venues import exchange
from otcfix.venues.exchange import ExchangeFeed, connect
from otcfix.venues.feed import FeedBroken, wall_clock
from otcfix.venues.ratebook import RateBook
from tests.venues.support import instrument, levels, perpetual, spot

SYMBOL = "BTC/USD"
MARKET = {"base": "BTC", "quote": "USD", "spot": True, "contract": False, "contractSize": None}
GOOD = {"bids": [[99.5, 1.5]], "asks": [[100.1, 2.0]], "nonce": None, "timestamp": None}


class NetworkError(Exception):
    """As ccxt's: worth another attempt."""


class BadSymbol(Exception):
    """As ccxt's: no attempt will mend it."""


class Exchange:
    """One connection that says what the test gives it, then waits for more for ever."""

    def __init__(self, said, market=MARKET):
        self.said = list(said)
        self.closed = False
        self._market = market

    async def load_markets(self):
        return {SYMBOL: self._market}

    def market(self, symbol):
        if symbol != SYMBOL:
            raise BadSymbol(f"no market {symbol}")
        return self._market

    async def watch_order_book(self, symbol):
        await asyncio.sleep(0.001)
        if not self.said:
            await asyncio.Event().wait()
        word = self.said.pop(0)
        if isinstance(word, Exception):
            raise word
        return {**GOOD, **word}

    async def close(self):
        self.closed = True


class Watched:
    """A feed of BTC/USD over the given connections, and what the desk would see of it."""

    def __init__(self, *connections, spec=None, **more):
        self.spec = spec or spot("src", SYMBOL, venue="binance")
        self.rate_book = RateBook([instrument(SYMBOL)], [self.spec], "USD")
        self.failures = []
        left = iter(connections)
        self.feed = ExchangeFeed(
            *(self.spec, self.rate_book, lambda source, error: self.failures.append(error)),
            exchange_id="fake",
            client=lambda: next(left),
            **{"symbol": SYMBOL, "back_off_s": (0.01,), **more},
        )

    def __enter__(self):
        self.feed.start()
        return self

    def __exit__(self, *_):
        self.feed.stop()

    @property
    def books(self):
        return self.rate_book.rates(SYMBOL, wall_clock()).books

    @property
    def why(self):
        return self.rate_book.statuses(wall_clock())[0].why


def until(condition, seconds=5.0):
    """Wait for *condition*, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def test_a_book_is_shown_with_the_digits_that_the_exchange_wrote():
    """0.1 is 0.1, not what a float makes of it; no deeper than configured."""
    book = {"bids": [[0.1, 1e-8, 3], [0.09, 2]], "asks": [[0.3, 12345678.9], [0.31, 1]]}
    with Watched(Exchange([book]), spec=spot("src", SYMBOL, depth=1)) as watched:
        until(lambda: watched.books)
        (shown,) = watched.books

    assert shown.bids == levels(("0.1", "0.00000001"))
    assert shown.offers == levels(("0.3", "12345678.9"))
    assert watched.failures == []


def test_contracts_are_counted_in_base():
    """A contract of a thousandth: 5 of them are 0.005."""
    market = {**MARKET, "spot": False, "contract": True, "contractSize": 0.001}
    spec = perpetual("src", SYMBOL)
    with Watched(Exchange([{"bids": [[99, 5]]}], market), spec=spec) as watched:
        until(lambda: watched.rate_book.statuses(wall_clock())[0].usable)

        assert watched.rate_book.statuses(wall_clock())[0].best_bid == levels((99, "0.005"))[0]


def test_the_exchanges_time_ages_the_price():
    """A book that repeats with its old timestamp does not get younger (A21)."""
    stamp = wall_clock() // 1_000
    words = [{"timestamp": stamp}] * 5
    with Watched(Exchange(words)) as watched:
        until(lambda: watched.feed.intakes[0].taken == 5)
        (shown,) = watched.books
        first = shown.changed_at
        time.sleep(0.02)

        assert watched.books[0].changed_at == first


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ({"bids": [[101, 1]]}, "crossed: bid 101 is not below offer 100.1"),
        ({"bids": [[float("nan"), 1]]}, "refused: bids: price NaN, quantity 1"),
        ({"asks": [[100.1, -2]]}, "refused: offers: price 100.1, quantity -2"),
        ({"asks": [[float("inf"), 2]]}, "refused: offers: price Infinity, quantity 2"),
        ({"bids": [[None, 1]]}, "gap: unreadable: InvalidOperation"),
        ({"bids": [[99]]}, "gap: unreadable: IndexError"),
        ({"bids": None}, "gap: unreadable: TypeError"),
        ({"timestamp": "soon"}, "gap: unreadable: ValueError"),
    ],
)
def test_a_book_that_cannot_be_is_not_shown_and_the_next_one_is(word, why):
    """The same guard as for every source."""
    one = Exchange([{}, word])
    with Watched(one) as watched:
        until(lambda: why in watched.why)
        assert watched.books == ()
        assert watched.failures == []

    with Watched(Exchange([{}, word, {"bids": [[99, 1]]}])) as watched:
        until(lambda: watched.books and watched.books[0].bids == levels((99, 1)))


def test_a_nonce_that_goes_back_needs_another_connection():
    """What was overtaken is not known."""
    first = Exchange([{"nonce": 7}, {"nonce": 7}, {"nonce": 6, "bids": [[98, 1]]}])
    second = Exchange([{"nonce": 2, "bids": [[97, 1]]}])
    with Watched(first, second) as watched:
        until(lambda: watched.books and watched.books[0].bids == levels((97, 1)))

    assert first.closed
    assert watched.feed.connections == 2


def test_a_lost_connection_is_told_and_made_again():
    """No price meanwhile; the back-off is waited for."""
    lost = Exchange([{}, NetworkError("the line broke")])
    with Watched(lost, Exchange([])) as watched:
        until(lambda: watched.feed.connections == 2)
        assert lost.closed
        assert watched.books == ()
        assert watched.why in ("gap: NetworkError: the line broke", "connected, no book yet")

    connections = [Exchange([NetworkError("no")]), Exchange([NetworkError("no")]), Exchange([{}])]
    with Watched(*connections) as watched:
        until(lambda: watched.books)
        assert watched.failures == []


def test_after_a_steady_connection_the_back_off_begins_anew(monkeypatch):
    """With the shortest wait, not the longest."""
    monkeypatch.setattr(exchange, "STEADY_S", 0.0)
    lost = Exchange([{}, NetworkError("the line broke")])
    with Watched(lost, Exchange([{}]), back_off_s=(0.01, 60.0)) as watched:
        until(lambda: watched.feed.connections == 2)


def test_a_silent_exchange_is_left_for_a_new_connection():
    """Where the source says how long it may be silent."""
    spec = spot("src", SYMBOL, silence_max_ms=50)
    with Watched(Exchange([{}]), Exchange([{"bids": [[98, 1]]}]), Exchange([]), spec=spec) as it:
        until(lambda: it.feed.connections == 3)
        until(lambda: "no book yet" in it.why or "silence" in it.why)
        assert it.books == ()


@pytest.mark.parametrize(
    ("market", "more", "why"),
    [
        (MARKET, {"symbol": "NO/PE"}, "no market NO/PE"),
        ({**MARKET, "quote": "USDT"}, {}, "is in BTC and USDT, not in BTC and USD"),
        ({**MARKET, "spot": False}, {}, "is no spot market"),
        ({**MARKET, "inverse": True}, {}, "contracts of a fixed worth"),
    ],
)
def test_what_no_attempt_can_mend_ends_the_feed_and_is_told(market, more, why):
    """Sources are not interchangeable (R11)."""
    one = Exchange([{}], market)
    with Watched(one, **more) as watched:
        watched.feed.join(5)
        (failure,) = watched.failures

    assert isinstance(failure, FeedBroken)
    assert why in str(failure)
    assert "the feed failed" in watched.why
    assert one.closed


def test_it_stops_promptly_while_it_waits_for_an_update():
    """The connection is closed, and nothing is shown any more."""
    one = Exchange([{}])
    with Watched(one) as watched:
        until(lambda: watched.books)
        began = time.monotonic()
        watched.feed.stop()
        assert time.monotonic() - began < 0.5

    assert one.closed
    assert not watched.feed.is_alive()
    assert watched.why == "the feed was stopped"


def test_it_stops_promptly_while_it_backs_off():
    """And one that never started can be stopped."""
    watched = Watched(Exchange([NetworkError("x")]), Exchange([]))
    watched.feed._back_off = (60.0,)
    with watched:
        until(lambda: "NetworkError" in watched.why)
        began = time.monotonic()
        watched.feed.stop()
        assert time.monotonic() - began < 0.5
    Watched().feed.stop()


def test_without_ccxt_the_extra_is_named(monkeypatch):
    """It is imported when it is needed, and not before."""

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(exchange, "import_module", missing)
    with pytest.raises(ConfigError, match=r"install otcfix\[exchanges\]"):
        connect("kraken")


# -- with ccxt itself ----------------------------------------------------------------------------


def test_an_exchange_that_ccxt_does_not_know_is_refused():
    """By its name."""
    pytest.importorskip("ccxt.pro")
    with pytest.raises(ConfigError, match="no WebSocket of an exchange of that name"):
        connect("no_such_exchange")


class Server:
    """A WebSocket server that answers a subscription as Hyperliquid does."""

    def __init__(self, web):
        self._web = web
        self.said = [("99.5", "100.1"), ("99.6", "100.2")]
        self.subscribed = []
        self.port = 0
        self._ready = threading.Event()
        self._stop = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop = None
        self._open = []

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = self._web.Application()
        app.router.add_get("/ws", self._talk)
        runner = self._web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        site = self._web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _talk(self, request):
        line = self._web.WebSocketResponse()
        await line.prepare(request)
        self._open.append(line)
        async for message in line:
            word = json.loads(message.data)
            if word.get("method") != "subscribe":
                continue
            self.subscribed.append(word["subscription"])
            for n, (bid, offer) in enumerate(self.said):
                sides = [[{"px": px, "sz": "2.5", "n": 1}] for px in (bid, offer)]
                book = {"coin": "BTC", "time": 1_700_000_000_000 + n, "levels": sides}
                await line.send_str(json.dumps({"channel": "l2Book", "data": book}))
        return line

    def hang_up(self):
        """Close every line."""

        async def close():
            for line in self._open:
                await line.close()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(5)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_ccxt_itself_reads_a_server_and_comes_back_after_it_hung_up():
    """ccxt's own client and parser, over a real socket on this machine."""
    pytest.importorskip("ccxt.pro")
    web = importlib.import_module("aiohttp.web")
    spec = perpetual("src", "BTC/USDC", reference_of="BTC/USDC-PERP")
    rate_book = RateBook([instrument("BTC/USDC-PERP")], [spec], "USD")
    failures = []

    def books():
        return rate_book.rates("BTC/USDC-PERP", wall_clock()).books

    with Server(web) as server:

        def client():
            made = connect("hyperliquid")
            made.urls["api"]["ws"]["public"] = f"ws://127.0.0.1:{server.port}/ws"
            made.set_markets([hyperliquid_market()])
            return made

        feed = ExchangeFeed(
            *(spec, rate_book, lambda source, error: failures.append(error)),
            exchange_id="hyperliquid",
            symbol="BTC/USDC:USDC",
            client=client,
            back_off_s=(0.05,),
        )
        feed.start()
        try:
            until(lambda: books() and books()[0].bids == levels(("99.6", "2.5")))
            assert books()[0].offers == levels(("100.2", "2.5"))
            assert server.subscribed == [{"type": "l2Book", "coin": "BTC"}]
            server.said = [("97", "98")]
            server.hang_up()
            until(lambda: feed.connections >= 2 and books())
            assert books()[0].bids == levels((97, "2.5"))
        finally:
            feed.stop()
    assert failures == []


def hyperliquid_market():
    """One perpetual, as ccxt describes it."""
    return {
        "id": "0",
        "baseName": "BTC",
        "symbol": "BTC/USDC:USDC",
        "active": True,
        "base": "BTC",
        "quote": "USDC",
        "settle": "USDC",
        "baseId": "BTC",
        "quoteId": "USDC",
        "type": "swap",
        "spot": False,
        "swap": True,
        "future": False,
        "option": False,
        "contract": True,
        "linear": True,
        "inverse": False,
        "contractSize": 1,
        "precision": {"amount": 0.00001, "price": 0.1},
        "limits": {},
        "info": {},
    }
