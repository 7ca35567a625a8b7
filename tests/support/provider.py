"""A simulated venue, a line of ours to it, and what both of them made of it."""

import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from otcfix.config.venue_models import ProviderConfig
from otcfix.fix.provider import Provider
from otcfix.fix.provider_market import ProvidedSource
from otcfix.fix.provider_quotes import ProviderAnswer
from otcfix.fix.providers import Providers
from otcfix.model.event import AdminSeen
from otcfix.model.feed import FeedMessage, Gap
from otcfix.model.hedge import (
    ORDER,
    PENDING,
    STATUS,
    HedgeOrder,
    VenueReport,
    VenueRequest,
)
from otcfix.model.messages import Side
from otcfix.model.time import Instant
from otcfix.sim import SimVenue
from otcfix.venues.held import SourceStatus
from otcfix.venues.provided import Provided
from otcfix.venues.ratebook import RateBook
from otcfix.venues.simulated import Walk
from otcfix.venues.source import SourceSpec
from tests.support.house_desk import INSTRUMENTS

PATIENCE_S = 5.0
NAMES = count(1)
"""A name for each line: QuickFIX knows sessions by their names, for the whole process."""

BTC = Walk(Decimal(100_000), Decimal("0.01"), Decimal("0.001"))
EUR = Walk(Decimal("1.08"), Decimal("0.00001"), Decimal(1000), level_notional=Decimal(2_000_000))


def clock() -> Instant:
    return time.time_ns() // 1_000


def until(what: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Wait until *what* gives something, and return that."""
    end = time.monotonic() + patience_s
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


class Trade:
    """Both ends of a line."""

    def __init__(
        self, folder: Path, venue: dict[str, Any], ask_for: tuple[str, ...] = (), **line: Any
    ) -> None:
        symbols = venue.pop("symbols", {"BTCUSD": BTC})
        client = line.get("sender_comp_id") or f"DESK{next(NAMES)}"
        self.venue = SimVenue(symbols, **{"seed": 7, "interval_ms": 20, "client": client, **venue})
        self.said: list[tuple[str, FeedMessage | Gap]] = []
        self.events: list[Any] = []
        self.answers: list[ProviderAnswer] = []
        config = ProviderConfig(
            **{
                "key": "LPX", "port": self.venue.port, "sender_comp_id": client,
                "target_comp_id": "SIMLP", "heartbeat": 1, "reconnect_s": 1, "rfq": True,
                "hedge": True, **line,
            }
        )  # fmt: skip
        bases = {"BTCUSD": ("BTC", "USD"), "EURUSD": ("EUR", "USD"), "NONE": ("ETH", "USD")}
        self.names = {symbol: f"lpx-{symbol.lower()}" for symbol in ask_for or symbols}
        specs = [
            SourceSpec(name, "LPX", "spot", *bases[symbol], symbol)
            for symbol, name in self.names.items()
        ]
        self.rates = RateBook(list(INSTRUMENTS.values()), specs, "USD")
        self.provided = Provided(specs, self.rates)
        self.line = Provider(
            config,
            [ProvidedSource(spec.name, spec.selector, spec.base) for spec in specs],
            folder,
            sink=self._sink,
            on_event=self.events.append,
            on_answer=self.answers.append,
            clock=clock,
            symbols={"BTC/USD": "BTCUSD", "EUR/USD": "EURUSD"},
        )
        self.lines = Providers([self.line])

    def _sink(self, source: str, message: FeedMessage | Gap) -> bool:
        self.said.append((source, message))
        return self.provided.take(source, message)

    def __enter__(self) -> "Trade":
        self.venue.start()
        self.lines.start()
        until(lambda: self.line.online)
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.stop()
        self.venue.stop()

    # -- prices ----------------------------------------------------------------------------------

    def status(self, symbol: str = "BTCUSD") -> SourceStatus:
        name = self.names[symbol]
        return next(s for s in self.rates.statuses(clock()) if s.name == name)

    def usable(self, symbol: str = "BTCUSD") -> bool:
        return self.status(symbol).usable

    def priced(self) -> "Trade":
        until(self.usable)
        return self

    def lost(self, why: str) -> None:
        """Wait for a Gap that says *why*."""
        until(lambda: any(isinstance(m, Gap) and why in m.why for _, m in list(self.said)))

    def kinds(self) -> list[str]:
        return [type(message).__name__ for _, message in list(self.said)]

    # -- orders ----------------------------------------------------------------------------------

    def order(self, hedge_id: str = "H1", **changes: Any) -> HedgeOrder:
        return order(hedge_id, **changes)

    def send(self, made: HedgeOrder) -> bool:
        return self.lines.send(VenueRequest(ORDER, made))

    def asks_about(self, made: HedgeOrder) -> bool:
        return self.lines.send(VenueRequest(STATUS, made))

    def course(self) -> list[Any]:
        """What was handed over, but for what is only journaled."""
        return [event for event in list(self.events) if not isinstance(event, AdminSeen)]

    def reports(self, hedge_id: str = "H1") -> list[VenueReport]:
        return [
            e for e in list(self.events) if isinstance(e, VenueReport) and e.hedge_id == hedge_id
        ]

    def hears(self, exec_type: str, hedge_id: str = "H1") -> VenueReport:
        """The first report of a type."""

        def found() -> VenueReport | None:
            return next((r for r in self.reports(hedge_id) if r.exec_type == exec_type), None)

        report: VenueReport = until(found)
        return report


def order(hedge_id: str = "H1", **changes: Any) -> HedgeOrder:
    """An order that the simulated book fills at once, but for *changes*."""
    given = {"side": Side.BUY, "quantity": "0.5", "price": "101000", "symbol": "BTC/USD", **changes}
    return HedgeOrder(
        *(hedge_id, "LPX", given["symbol"], given["side"]),
        *(Decimal(given["quantity"]), Decimal(given["price"]), PENDING, "E1", 1),
        *(Decimal(100_000), clock()),
    )
