"""A whole desk that hedges: itself, its venues, each a process; and the wires between them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from otcfix.model.hedge import HedgeFill, HedgeOrder
from otcfix.store import open_store
from tests.support.desk_process import ROOT, DeskProcess
from tests.support.fixclient import FixClient, Received, utc_now
from tests.support.venue_process import VenueProcess
from tests.support.wiretap import WireTap

SCALE = 8
"""Decimals of each base that is not shipped."""

SHIPPED = ("BTC", "ETH", "EUR")
CUSTODY = 'custody = "custody"\nfixed_rates = { USDT = 1 }\n'


@dataclass
class Listed:
    """One pair: who makes its prices, how it is covered, and where. rule: more of [[hedge]]."""

    base: str
    prices: tuple[str, ...]
    venues: tuple[str, ...]
    mode: str = "back_to_back"
    rule: str = ""
    age_max_ms: int = 2_000
    slippage_max_bps: int = 50

    @property
    def symbol(self) -> str:
        return f"{self.base}/USD"

    def of_desk(self) -> str:
        """Its [[asset]] and [[instrument]]; nothing where it is shipped."""
        if self.base in SHIPPED:
            return ""
        return (
            f'\n[[asset]]\ncode = "{self.base}"\nscale = {SCALE}\n'
            f'\n[[instrument]]\nsymbol = "{self.symbol}"\nasset_class = "crypto"\n'
            f'base = "{self.base}"\nterms = "USD"\ntick = 0.01\nlot = 0.001\nqty_min = 0.001\n'
            f"qty_max = 100\nprice_age_max_ms = {self.age_max_ms}\n"
        )

    def of_hedging(self) -> str:
        """Its [[hedge]]."""
        return (
            f'\n[[hedge]]\nsymbol = "{self.symbol}"\nmode = "{self.mode}"\n'
            f"venues = {json.dumps(self.venues)}\nslippage_max_bps = {self.slippage_max_bps}\n"
            f"answer_within_ms = 400\n{self.rule}\n"
        )


@dataclass
class Hedged:
    """A desk on *listed*, beside the shipped instruments; its venues run, it does not yet."""

    folder: Path
    venues: dict[str, VenueProcess]
    listed: list[Listed]
    tapped: tuple[str, ...] = ()
    keeps_numbers: tuple[str, ...] = ()
    pricing: str = ""
    database: str = ""
    edits: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for venue in self.venues.values():
            venue.wait_until_listening()
        self.taps = {key: WireTap(self.venues[key].port) for key in self.tapped}
        shipped = (ROOT / "config" / "desk.toml").read_text()
        sources = ""
        for key, venue in self.venues.items():
            tap = self.taps.get(key)
            sources += venue.provider(tap.port if tap else 0, resets=key not in self.keeps_numbers)
            sources += "".join(venue.source(one.symbol) for one in self.listed if key in one.prices)
        files = {
            "desk.toml": shipped + "".join(one.of_desk() for one in self.listed),
            "hedging.toml": "".join(one.of_hedging() for one in self.listed),
            "venues.toml": CUSTODY + sources,
            "pricing.toml": self.pricing,
        }
        self.desk = DeskProcess(self.folder, self.database, files=files, edits=self.edits)

    def close(self) -> None:
        """End every process and wire."""
        self.desk.kill()
        for tap in self.taps.values():
            tap.close()
        for venue in self.venues.values():
            venue.process.terminate()
        for venue in self.venues.values():
            venue.stop()

    # -- looking ---------------------------------------------------------------------------

    def hedges(self, symbol: str = "") -> list[HedgeOrder]:
        """The hedge orders as they stand, oldest first."""
        store = open_store(self.desk.database)
        try:
            return store.hedges(symbol=symbol, limit=1_000_000)
        finally:
            store.close()

    def fills(self, hedge_id: str) -> list[HedgeFill]:
        """What is booked on a hedge order, oldest first."""
        store = open_store(self.desk.database)
        try:
            return [row.fill for row in store.hedge_fills([hedge_id])]
        finally:
            store.close()

    def ended(self, symbol: str, count: int = 1, patience_s: float = 10) -> list[HedgeOrder]:
        """The *count* hedge orders of *symbol*, once all have ended."""

        def looked() -> list[HedgeOrder]:
            found = self.hedges(symbol)
            over = len(found) >= count and not any(one.is_open for one in found)
            return found if over else []

        found: list[HedgeOrder] = until(
            looked, patience_s, lambda: f"{self.hedges(symbol)}\n{self.log()}"
        )
        assert len(found) == count, found
        return found

    def log(self) -> str:
        """The end of the desk's log."""
        return self.desk.log.read_text()[-4000:]

    def logged(self, *words: str, patience_s: float = 5) -> str:
        """The line of the desk's log that has all *words*."""

        def looked() -> str:
            lines = self.desk.log.read_text().splitlines()
            return next((one for one in lines if all(word in one for word in words)), "")

        return str(until(looked, patience_s, self.log))

    def says(self, *command: str) -> Any:
        """What `otcfix COMMAND --json` says of the database."""
        done = self.desk.run(*command, "--database", self.desk.database, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def held(self, account: str) -> Decimal:
        """What an account in a base holds, zero when there is none; e.g. "desk:position:BTC"."""
        store = open_store(self.desk.database)
        try:
            return Decimal(store.balances(account).get(account, 0)).scaleb(-SCALE)
        finally:
            store.close()


def until(what: Callable[[], Any], patience_s: float, otherwise: Callable[[], str]) -> Any:
    """Wait until *what* gives something, and return that."""
    end = time.monotonic() + patience_s
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"it never came: {otherwise()}"
        time.sleep(0.05)


@dataclass
class Dealer:
    """A client that asks and deals; every request and order of his has a number."""

    client: FixClient
    count: int = 0

    def asks(self, symbol: str, quantity: str = "1", side: str = "1") -> Received:
        """Ask for a quote; the answer, S or AG."""
        self.count += 1
        name = f"R{self.count}"
        self.client.say(f"35=R|131={name}|146=1|55={symbol}|54={side}|38={quantity}")
        return self.client.hear(t131=name)

    def is_quoted(self, symbol: str, quantity: str = "1", side: str = "1") -> Received:
        """Ask until there is a quote, as long as the desk has no price."""
        end = time.monotonic() + 10
        while (answer := self.asks(symbol, quantity, side)).kind != "S":
            assert time.monotonic() < end, f"no quote: {answer}"
            time.sleep(0.1)
        return answer

    def deals(self, symbol: str, quantity: str = "1", side: str = "1") -> Received:
        """Ask, and deal on the quote; the fill."""
        quote = self.is_quoted(symbol, quantity, side)
        self.count += 1
        name = f"D{self.count}"
        self.client.say(
            f"35=D|11={name}|117={quote[117]}|55={symbol}|54={side}|38={quantity}|40=D"
            f"|60={utc_now()}"
        )
        self.client.hear("8", t11=name, t39="0")
        return self.client.hear("8", t11=name, t39="2")
