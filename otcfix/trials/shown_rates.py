"""Rates for a desk that stands still: those of a log, of a table, or of a recorded market.

The rate book is the real one. Its sources stand as fresh as the clock says, until another price
is shown; a recorded market is read as its own time passes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from otcfix.config import Config
from otcfix.fixlog.logged import instant
from otcfix.model.errors import ConfigError
from otcfix.model.feed import VenueMessage
from otcfix.model.instrument import Instrument
from otcfix.model.rates import Level
from otcfix.model.time import Instant
from otcfix.venues import recorded
from otcfix.venues.conversion import FixedRate
from otcfix.venues.feed import FeedBroken
from otcfix.venues.ratebook import RateBook
from otcfix.venues.recorded import RecordedFeed
from otcfix.venues.source import PERPETUAL, SPOT, SourceSpec

DEEP = Decimal(1_000_000_000)
COLUMNS = ("time", "symbol", "bid", "offer")
HALF = Decimal("0.00005")
"""Half of the spread around a price that stands alone: half a basis point."""


class Shown(NamedTuple):
    """A row of a table of rates."""

    at: Instant
    symbol: str
    bid: Decimal
    offer: Decimal
    quantity: Decimal


class ShownRates:
    """Feeds a rate book from what it is shown."""

    def __init__(
        self, config: Config, instruments: Sequence[Instrument], at: Instant, path: Path | None
    ) -> None:
        """path: a table (CSV with time, symbol, bid, offer and quantity) or a recorded market.

        Errors: ConfigError, FeedBroken naming the file and the line.
        """
        desk = config.desk
        self._now = at
        self._books: dict[str, tuple[tuple[Level, ...], tuple[Level, ...]]] = {}
        self._rows: Iterator[Shown] = iter(())
        self._feed: RecordedFeed | None = None
        self._messages: Iterator[VenueMessage] = iter(())
        self._next: VenueMessage | None = None
        specs = [_spec(one) for one in instruments]
        is_table = path is not None and _is_table(path)
        if path is not None and not is_table:
            found = recorded.guess(path).spec()
            pair = (found.base, found.quote)
            specs = [one for one in specs if (one.base, one.quote) != pair] + [found]
        fixed = [
            FixedRate(asset, desk.limit_currency, rate)
            for asset, rate in config.venues.fixed_rates.items()
        ]
        limits = desk.limit_currency
        self.book = RateBook(instruments, specs, limits, fixed, desk.price_age_max_ms)
        self._names = {one.selector: one.name for one in specs if one.venue == "replay"}
        self.from_file = path is not None
        if path is not None and is_table:
            self._rows = _table(path)
            self._row = next(self._rows, None)
        elif path is not None:
            self._feed = RecordedFeed(path, specs[-1:], self.book, _raised)
            self._messages = recorded.read(path)
            self._next = next(self._messages, None)
            self._shift = at - self._next.received_at if self._next is not None else 0
        self.go(at)

    def show(self, symbol: str, bid: Decimal, offer: Decimal, quantity: Decimal = DEEP) -> None:
        """The market of a symbol from now on; a symbol that the desk does not know is left."""
        if symbol not in self._names or not (bid.is_finite() and offer.is_finite()):
            return
        if 0 < bid < offer and quantity > 0:
            self._books[symbol] = (((bid, quantity),), ((offer, quantity),))
            self._put(symbol)

    def show_one(self, symbol: str, price: Decimal) -> None:
        """A price that was dealt or quoted on one side, as a narrow market around it."""
        if price.is_finite() and price > 0:
            half = price * HALF
            self.show(symbol, price - half, price + half)

    def _put(self, symbol: str) -> None:
        bids, offers = self._books[symbol]
        self.book.update(self._names[symbol], bids, offers, self._now)

    def go(self, now: Instant) -> None:
        """It is *now*: what was shown still stands, what a file holds until now is read."""
        self._now = now
        if self._feed is not None:
            while self._next is not None and self._next.received_at + self._shift <= now:
                self._feed.intakes[0].take(self._next, self._shift)
                self._next = next(self._messages, None)
        elif self.from_file:
            while self._row is not None and self._row.at <= now:
                self.show(*self._row[1:])
                self._row = next(self._rows, None)
        for symbol in self._books:
            self._put(symbol)


def _spec(instrument: Instrument) -> SourceSpec:
    """Its own source: a spot market, or the perpetual that it is named for (R11)."""
    pair = instrument.base.code, instrument.terms.code
    is_spot = instrument.symbol == "/".join(pair)
    return SourceSpec(
        *(f"replay {instrument.symbol}", "replay", SPOT if is_spot else PERPETUAL, *pair),
        selector=instrument.symbol,
        reference_of="" if is_spot else instrument.symbol,
    )


def _raised(source: str, error: Exception) -> None:
    raise FeedBroken(f"{source}: {error}")


def _is_table(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.readline(200)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    return head.lower().startswith(b"time,")


def _table(path: Path) -> Iterator[Shown]:
    """The rows of a table. Errors: FeedBroken naming file and line."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        before = 0
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise FeedBroken(f"{path}:1: no column {', '.join(missing)}")
        for row in reader:
            at = instant(row["time"] or "")
            if at is None or at < before:
                why = "is no time" if at is None else "goes back"
                raise FeedBroken(f"{path}:{reader.line_num}: time {row['time']!r} {why}")
            before = at
            try:
                bid, offer = Decimal(row["bid"]), Decimal(row["offer"])
                quantity = Decimal(row.get("quantity") or DEEP)
            except (InvalidOperation, TypeError) as error:
                raise FeedBroken(f"{path}:{reader.line_num}: not a number: {error}") from None
            yield Shown(at, row["symbol"], bid, offer, quantity)
