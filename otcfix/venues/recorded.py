"""Recorded feeds: read a file, tell what it holds, replay it as if it happened now."""

import gzip
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from otcfix.model.errors import ConfigError
from otcfix.model.feed import (
    BestBidOffer,
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    VenueMessage,
    VenueTrade,
)
from otcfix.model.time import Instant
from otcfix.venues.feed import Clock, Feed, FeedBroken, OnError, wall_clock
from otcfix.venues.formats import Skipped, parse_line
from otcfix.venues.intake import Intake
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import PERPETUAL, SPOT, SourceSpec

GUESS_LINES = 500
"""How far `guess` reads: two seconds of a busy stream."""

QUOTES = (
    "FDUSD",
    *("USDT", "USDC", "BUSD", "TUSD"),
    *("USD", "EUR", "GBP", "BRL", "TRY", "JPY", "AUD", "BTC", "ETH", "BNB"),
)
"""Quote assets that end a Binance symbol, the longer first: BTCUSDT is BTC and USDT."""


def read(path: Path, skipped: Counter[str] | None = None) -> Iterator[VenueMessage]:
    """Yield the messages of *path* (plain or gzip) in its order.

    skipped: counts the lines that were passed over, by kind (reply, blank, ...).
    Errors: FeedBroken naming the file and the line that cannot be read.
    """
    counts: Counter[str] = Counter() if skipped is None else skipped
    number = 0
    try:
        with _open(path) as lines:
            for line in lines:
                number += 1
                if line.isspace():
                    counts["blank"] += 1
                    continue
                found = parse_line(line)
                if isinstance(found, Skipped):
                    counts[found.what] += 1
                elif isinstance(found, list):
                    yield from found
                else:
                    yield found
    except ValueError as error:
        raise FeedBroken(f"{path}:{number}: {error}") from error
    except (OSError, EOFError) as error:  # no such file, or a torn or broken gzip
        raise FeedBroken(f"{path}: after line {number}: {error}") from error


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a recorded file holds, as far as its first lines tell."""

    venue: str
    kind: str
    base: str
    quote: str
    selector: str

    @property
    def symbol(self) -> str:
        """The pair that this file prices.

        A perpetual is no price of the spot pair (R11), so it gets an instrument that says so:
        BTC/USD-PERP.
        """
        pair = f"{self.base}/{self.quote}"
        return pair if self.kind == SPOT else f"{pair}-PERP"

    def spec(self, name: str = "recorded") -> SourceSpec:
        """Return the source that prices `symbol` from this file, alone."""
        return SourceSpec(
            name=name,
            venue=self.venue,
            kind=self.kind,
            base=self.base,
            quote=self.quote,
            selector=self.selector,
            reference_of="" if self.kind == SPOT else self.symbol,
        )


def guess(path: Path) -> Guess:
    """Tell what *path* holds from its first lines.

    Binance: depth with pu, or a bookTicker with its time, is USD-M futures. Hyperliquid: a plain
    coin is a perpetual in USD (margin in USDC), "PURR/USDC" is spot.
    Errors: FeedBroken when the lines do not tell, or contradict each other.
    """
    found: set[Guess] = set()
    for message in islice(read(path), GUESS_LINES):
        if isinstance(message, BookSnapshot):
            if message.selector:
                found.add(_guess_hyperliquid(path, message.selector))
        elif isinstance(message, BookDelta):
            futures = message.previous_id is not None
            found.add(_guess_binance(path, message.selector, futures=futures))
        elif isinstance(message, BestBidOffer):
            futures = message.venue_time is not None
            found.add(_guess_binance(path, message.selector, futures=futures))
    if len(found) != 1:
        names = ", ".join(sorted(f"{g.venue} {g.kind} {g.selector}" for g in found)) or "no book"
        raise FeedBroken(f"{path}: cannot tell what it holds: {names}; configure its sources")
    return found.pop()


def _guess_binance(path: Path, selector: str, *, futures: bool) -> Guess:
    symbol = selector.upper()
    if "_" in symbol:
        # Quantities of coin-margined contracts count contracts, and dated futures are no perpetual.
        raise FeedBroken(f"{path}: {selector}: coin-margined and dated futures are not supported")
    for quote in QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            kind = PERPETUAL if futures else SPOT
            return Guess("binance", kind, symbol[: -len(quote)], quote, selector)
    raise FeedBroken(f"{path}: cannot split {selector} into base and quote; configure its source")


def _guess_hyperliquid(path: Path, coin: str) -> Guess:
    if coin.startswith("@"):
        raise FeedBroken(f"{path}: {coin} is an index of a spot pair; configure its source")
    if "/" in coin:
        base, _, quote = coin.partition("/")
        return Guess("hyperliquid", SPOT, base, quote, coin)
    return Guess("hyperliquid", PERPETUAL, coin, "USD", coin)


class RecordedFeed(Feed):
    """Replays *path* as if its first message came now.

    specs: the sources in the file, told apart by selector; of a file with one source, messages
    without a selector are that one's. speed: 1.0 as recorded, 10.0 ten times as fast, inf as fast
    as possible (for tests and benchmarks). loop: at the end start over, with fresh books: prices
    jump and are gone until the first snapshot, as after a reconnection.
    """

    def __init__(
        self,
        path: Path,
        specs: Sequence[SourceSpec],
        rate_book: RateBook,
        on_error: OnError,
        *,
        speed: float = 1.0,
        loop: bool = False,
        clock: Clock = wall_clock,
    ) -> None:
        """Errors: ConfigError for a speed that is not above zero, or no or equal selectors."""
        super().__init__(path.name, specs, rate_book, on_error, clock)
        if not speed > 0:
            raise ConfigError(f"{path}: speed {speed} is not above 0")
        self._by_selector = {intake.spec.selector: intake for intake in self.intakes}
        if not specs or len(self._by_selector) != len(specs) or "" in self._by_selector:
            raise ConfigError(f"{path}: every source of a file needs a selector of its own")
        self._path = path
        self._speed = speed
        self._loop = loop
        self.rounds = 0
        self.skipped: Counter[str] = Counter()

    def play(self) -> None:
        """Replay once, or for ever."""
        while True:
            self._replay()
            self.rounds += 1
            if not self._loop or self.stopped:
                return
            for intake in self.intakes:
                intake.clear("the recording starts over")

    def _replay(self) -> None:
        started: Instant | None = None
        first = 0
        seen: set[str] = set()
        for message in read(self._path, self.skipped):
            if self.stopped:
                return
            if started is None:
                started, first = self._clock(), message.received_at
            if math.isinf(self._speed):
                due = self._clock()
            else:
                due = started + int((message.received_at - first) / self._speed)
                if not self._sleep_until(due):
                    return
            if isinstance(message, Heartbeat | Gap) and not message.selector:
                for intake in self.intakes:  # it is about the line
                    intake.take(message)
                continue
            found = self._intake_of(message)
            if found is None:
                self.skipped["another book"] += 1
            else:
                if not isinstance(message, VenueTrade):
                    seen.add(message.selector)
                found.take(message, due - message.received_at)
        for selector in self._by_selector:
            if selector not in seen:
                raise FeedBroken(f"{self._path}: nothing of {selector!r} in it")

    def _intake_of(self, message: VenueMessage) -> Intake | None:
        if message.selector:
            return self._by_selector.get(message.selector)
        if len(self.intakes) > 1:
            raise FeedBroken(f"{self._path}: a snapshot that names no book, and several sources")
        return self.intakes[0]
