"""Exchanges' WebSockets through ccxt, which is installed by `otcfix[exchanges]` only.

ccxt keeps the exchange's book; what it shows after each update is taken as a whole book and goes
through the same integrity as any other source's. Its numbers are floats, the nearest ones to what
the exchange wrote: their shortest text gives the written digits back.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any, Protocol

import structlog

from otcfix.model.errors import ConfigError
from otcfix.model.feed import BookSnapshot, Gap
from otcfix.model.rates import Level
from otcfix.model.time import MS
from otcfix.venues.book import Continuity
from otcfix.venues.feed import Clock, Feed, FeedBroken, OnError, wall_clock
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import SPOT, SourceSpec

log = structlog.get_logger("otcfix.venues")

BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""How long to wait before the next connection; the last one again and again."""

STEADY_S = 60.0
"""A connection that lasted so long begins the back-off anew when it breaks."""

CLOSE_S = 3.0
"""Closing a connection waits no longer."""

FATAL = frozenset({"BadSymbol", "NotSupported", "AuthenticationError", "ArgumentsRequired"})
"""Errors of ccxt that no further attempt can mend."""

EXTRA = "ccxt is not installed: install otcfix[exchanges]"


class Client(Protocol):
    """What is used of a ccxt.pro exchange."""

    async def load_markets(self) -> object:
        """Learn what is traded."""
        ...

    def market(self, symbol: str) -> Mapping[str, Any]:
        """What is known of *symbol*."""
        ...

    async def watch_order_book(self, symbol: str) -> Mapping[str, Any]:
        """The book after its next update."""
        ...

    async def close(self) -> object:
        """Let the connection go."""
        ...


class _Broken(Exception):
    """The connection can show nothing more: another one is needed."""


def known(exchange_id: str) -> Callable[[dict[str, object]], Client]:
    """Return what makes a connection to *exchange_id*.

    Errors: ConfigError without ccxt, and for an exchange that it does not know.
    """
    try:
        pro = import_module("ccxt.pro")
    except ImportError as error:
        raise ConfigError(f"{exchange_id}: {EXTRA}") from error
    if exchange_id not in pro.exchanges:
        raise ConfigError(f"{exchange_id}: ccxt has no WebSocket of an exchange of that name")
    made: Callable[[dict[str, object]], Client] = getattr(pro, exchange_id)
    return made


def connect(exchange_id: str) -> Client:
    """Return a ccxt.pro exchange; nothing is sent yet. Errors: as known()."""
    return known(exchange_id)({"enableRateLimit": True})


class ExchangeFeed(Feed):
    """Watches one book of one exchange, in an event loop of its own.

    symbol: in ccxt's words (BTC/USD, BTC/USDT:USDT). client: makes a connection; by default
    ccxt's. After an error, a nonce that goes back, or a silence longer than the source's
    silence_max_ms, the book is gone and a new connection is made after a while.
    """

    def __init__(
        self,
        spec: SourceSpec,
        rate_book: RateBook,
        on_error: OnError,
        *,
        exchange_id: str,
        symbol: str,
        client: Callable[[], Client] | None = None,
        back_off_s: Sequence[float] = BACK_OFF_S,
        clock: Clock = wall_clock,
    ) -> None:
        super().__init__(spec.name, (spec,), rate_book, on_error, clock, Continuity.WHOLE)
        self._spec = spec
        self._exchange_id = exchange_id
        self._symbol = symbol
        self._client = client or (lambda: connect(exchange_id))
        self._back_off = tuple(back_off_s)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._contract = Decimal(1)
        self._nonce: int | None = None
        self.connections = 0

    def play(self) -> None:
        """Watch until stopped. Errors: FeedBroken, ConfigError when no attempt can succeed."""
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._watch_until_stopped())

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the feed at once, whatever it waits for."""
        self._stopped.set()
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                loop.call_soon_threadsafe(task.cancel)
        super().stop(timeout_s)

    async def _watch_until_stopped(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        failures = 0
        while not self.stopped:
            began = time.monotonic()
            client = self._client()
            self.connections += 1
            try:
                await self._watch(client)
            except (ConfigError, FeedBroken):
                raise
            except Exception as error:
                if FATAL & {kind.__name__ for kind in type(error).__mro__}:
                    raise FeedBroken(f"{self._exchange_id} {self._symbol}: {error}") from error
                self._lose(f"{type(error).__name__}: {error}")
            finally:
                await self._close(client)
            failures = 1 if time.monotonic() - began > STEADY_S else failures + 1
            await asyncio.sleep(self._back_off[min(failures, len(self._back_off)) - 1])

    async def _watch(self, client: Client) -> None:
        """One connection, until it breaks."""
        await client.load_markets()
        self._contract = self._contract_of(client.market(self._symbol))
        self._nonce = None
        self.intakes[0].clear("connected, no book yet")
        patience = self._spec.silence_max_ms / 1_000 or None
        while not self.stopped:
            try:
                book = await asyncio.wait_for(client.watch_order_book(self._symbol), patience)
            except TimeoutError as error:
                raise _Broken(f"silence: no update for {self._spec.silence_max_ms} ms") from error
            self.intakes[0].take(self._snapshot(book))

    def _snapshot(self, book: Mapping[str, Any]) -> BookSnapshot | Gap:
        """The book as a message; a Gap for one that cannot be read. Errors: _Broken."""
        received_at = self._clock()
        nonce = book.get("nonce")
        if isinstance(nonce, int):
            if self._nonce is not None and nonce < self._nonce:
                raise _Broken(f"update {nonce} came after {self._nonce}")
            self._nonce = nonce
        stamp = book.get("timestamp")
        try:
            bids, offers = self._levels(book["bids"]), self._levels(book["asks"])
            venue_time = None if stamp is None else int(stamp) * MS
        except (InvalidOperation, LookupError, TypeError, ValueError) as error:
            return Gap(self._symbol, received_at, f"unreadable: {type(error).__name__}: {error}")
        return BookSnapshot(self._symbol, received_at, bids, offers, venue_time)

    def _levels(self, levels: Sequence[Sequence[Any]]) -> tuple[Level, ...]:
        contract = self._contract
        return tuple(
            [
                (Decimal(str(level[0])), Decimal(str(level[1])) * contract)
                for level in levels[: self._spec.depth]
            ]
        )

    def _contract_of(self, market: Mapping[str, Any]) -> Decimal:
        """Base quantity of one of what the exchange counts.

        Errors: FeedBroken when the market is not what the source says it is.
        """
        spec = self._spec
        where = f"{self._exchange_id} {self._symbol}"
        if (market["base"], market["quote"]) != (spec.base, spec.quote):
            raise FeedBroken(
                f"{where} is in {market['base']} and {market['quote']}, not in {spec.base} and "
                f"{spec.quote}"
            )
        if bool(market.get("spot")) != (spec.kind == SPOT):
            raise FeedBroken(f"{where} is no {spec.kind} market")
        if market.get("inverse"):
            raise FeedBroken(f"{where} counts contracts of a fixed worth, not base: not supported")
        size = market.get("contractSize") if market.get("contract") else None
        return Decimal(1) if size is None else Decimal(str(size))

    def _lose(self, why: str) -> None:
        log.warning("exchange_lost", source=self._spec.name, why=why)
        self.intakes[0].take(Gap(self._symbol, self._clock(), why))

    async def _close(self, client: Client) -> None:
        try:
            await asyncio.wait_for(client.close(), CLOSE_S)
        except Exception as error:  # noqa: BLE001 - it is being thrown away; the loop goes on
            log.warning("exchange_not_closed", source=self._spec.name, why=str(error))
