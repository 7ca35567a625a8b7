"""A desk for one test: `otcfix serve` in a process of its own, on a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from otcfix.commands import put, send
from otcfix.config import load
from otcfix.ledger.chart import CLIENT_PREFIX
from otcfix.model.errors import OtcfixError
from otcfix.model.event import Kill, MoveFunds, SetInstrument
from otcfix.sim import SimVenue
from otcfix.store import open_store, upgrade
from otcfix.testing.client import FixClient
from otcfix.testing.folder import (
    HOST,
    VENUE,
    VENUE_SECRET,
    prepared,
    secret_of,
    session_of,
    walks,
)
from otcfix.trials.line import Who

INTERVAL_MS = 20
START_S = 30.0
STOP_S = 20.0
LOOK_S = 0.02
SEEN_AFTER_S = 5 * INTERVAL_MS / 1_000
"""A price that was set has come to the desk by then: four updates later."""

BY, FUNDS = "test", "funds of the test"
_NUMBERS = count(1)


def _result(store: Any, command_id: int) -> str | None:
    row = store.command_result(command_id)
    return None if row is None else row.result


class NoDesk(OtcfixError):
    """The desk does not run; the text holds the end of its log."""


class ServedDesk:
    """A desk that is served, with clients that have funds, and a market that the test moves."""

    def __init__(
        self,
        source: Path,
        folder: Path,
        *,
        prices: Mapping[str, Decimal] | None = None,
        hedged: bool = False,
    ) -> None:
        """source: a folder of configuration; folder: a new one. prices: where the market of a
        symbol begins. Errors: ConfigError."""
        self.folder = folder
        self.database = f"sqlite:///{folder}/desk.db"
        self.log_path = folder / "desk.log"
        self.clients: list[FixClient] = []
        self._process: subprocess.Popen[bytes] | None = None
        config = load(source)
        begin = walks(config, prices or {})
        me = (
            f"TESTDESK{next(_NUMBERS)}"  # QuickFIX knows sessions of a process by their names alone
        )
        self.venue = SimVenue(
            begin, comp_id=VENUE, client=me, secret=VENUE_SECRET, interval_ms=INTERVAL_MS,
            frozen=True,
        )  # fmt: skip
        self._pairs = {i.symbol: f"{i.base}/{i.terms}" for i in config.desk.instrument}
        self._sources = len(begin)
        self.port = prepared(source, folder / "config", self.venue.port, me, hedged)
        self.config = load(folder / "config")

    # -- life ------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start the venue and the desk for the first time, and give the clients their funds."""
        upgrade(self.database)
        self.venue.start()
        self.start()
        self._fund_all()

    def _fund_all(self) -> None:
        """All at once: one after the other would take seconds."""
        clients, custody = self.config.clients.client, self.config.venues.custody
        usual = next((c.prefund for c in clients if c.prefund), {})
        store = open_store(self.database)
        try:
            waiting = [
                put(store, MoveFunds(client.id, asset, amount, custody, BY, FUNDS), BY)
                for client in clients
                for asset, amount in (client.prefund or usual).items()
            ]
            results = [
                self.wait(partial(_result, store, one), START_S, "funds of the clients")
                for one in waiting
            ]
        finally:
            store.close()
        bad = [result for result in results if result != "done"]
        if bad:
            raise NoDesk(f"the clients could not be given their funds: {bad[0]}")

    def start(self) -> None:
        """Start the desk; it listens and has prices when this returns. Errors: NoDesk."""
        command = [sys.executable, "-m", "otcfix", "serve", "--config", str(self.folder / "config")]
        command += ["--database", self.database, "--state", str(self.folder / "state")]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                command, stdout=log, stderr=log, cwd=self.folder, env={**os.environ}
            )
        self.wait(self._listens, START_S, "a desk that listens")
        self.wait(lambda: self.venue.subscribed >= self._sources, START_S, "a desk that has prices")
        time.sleep(SEEN_AFTER_S)

    def _listens(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise NoDesk(f"the desk ended:\n{self.log()}")
        try:
            socket.create_connection((HOST, self.port), 0.2).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM, and wait; its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_S)
        finally:
            self.kill()

    def restart(self, *, kill: bool = True) -> None:
        """Kill it (or end it in order) and start it again; who was logged on is so again."""
        if kill:
            self.kill()
        else:
            self.stop()
        here = [client for client in self.clients if client.session.online]
        for client in here:
            client.lose_line()
        self.start()
        for client in here:
            client.log_on()

    def close(self) -> None:
        """End everything."""
        for client in self.clients:
            client.drop()
        self.kill()
        self.venue.stop()

    # -- clients ---------------------------------------------------------------------------------

    def client(self, session: str = "FIX.4.4", *, secret: str = "") -> FixClient:
        """A client that is logged on: by the key of a session, or the first one of a version.

        Errors: ConfigError, NoSession.
        """
        found = session_of(self.config, session)
        who = Who(
            HOST, self.port, found.version, found.target_comp_id, found.sender_comp_id,
            found.username, secret or secret_of(found),
        )  # fmt: skip
        client = FixClient(who, found.client)
        client.log_on()
        self.clients.append(client)
        return client

    # -- the market, the staff -------------------------------------------------------------------

    def set_price(self, symbol: str, mid: str | Decimal) -> None:
        """Move the market to *mid*; the desk has it when this returns. Errors: KeyError."""
        self.venue.place(self._pairs[symbol], Decimal(mid))
        time.sleep(SEEN_AFTER_S)

    def stall(self, *, over: bool = False) -> None:
        """Let the prices grow old, until *over*; what they are too old for is a matter of time."""
        self.venue.fault("resume" if over else "stall")
        time.sleep(SEEN_AFTER_S)

    def command(self, command: Any) -> str:
        """Have a staff command decided (nouns of otcfix.model). Errors: Refused, NoAnswer."""
        return send(self.database, command, by=BY).result

    def fund(self, client_id: str, asset: str, amount: str | Decimal) -> None:
        """Book a deposit, in major units."""
        custody = self.config.venues.custody
        self.command(MoveFunds(client_id, asset, Decimal(amount), custody, BY, FUNDS))

    def halt(self, *, over: bool = False) -> None:
        """Pull the kill switch; or put it back."""
        self.command(Kill(not over, BY, "the test"))

    def pause(self, symbol: str, *, over: bool = False) -> None:
        """Pause an instrument; or open it again."""
        self.command(SetInstrument(symbol, "OPEN" if over else "PAUSED", BY, "the test"))

    # -- looking ---------------------------------------------------------------------------------

    def books(self, client_id: str) -> dict[str, Decimal]:
        """What a client has, held amounts included, by asset in major units."""
        scales = {asset.code: asset.scale for asset in self.config.desk.asset}
        found: dict[str, Decimal] = {}
        for name, balance in self._read(
            lambda store: store.balances(f"{CLIENT_PREFIX}{client_id}:")
        ).items():
            asset = name.rpartition(":")[2]
            found[asset] = found.get(asset, Decimal(0)) + Decimal(balance).scaleb(-scales[asset])
        return found

    def trades(self, client_id: str = "", symbol: str = "") -> list[Any]:
        """What was dealt, oldest first (otcfix.model.trade.Trade)."""
        rows = self._read(lambda store: store.trades(client_id=client_id, symbol=symbol))
        return [row.trade for row in rows]

    def is_balanced(self) -> bool:
        """Whether the ledger's balances sum up to nothing in each asset, as they always must."""
        return not any(self._read(lambda store: store.trial_balance()).values())

    def _read(self, what: Callable[[Any], Any]) -> Any:
        store = open_store(self.database)
        try:
            return what(store)
        finally:
            store.close()

    def log(self) -> str:
        """The end of the desk's log."""
        return self.log_path.read_text()[-4000:] if self.log_path.exists() else ""

    def wait(self, what: Callable[[], Any], within_s: float = 5.0, told: str = "") -> Any:
        """Wait until *what* gives something, and return that. Errors: NoDesk when it never does."""
        until = time.monotonic() + within_s
        while True:
            found = what()
            if found:
                return found
            if time.monotonic() > until:
                raise NoDesk(f"within {within_s:g} s: no {told or 'such thing'}\n{self.log()}")
            time.sleep(LOOK_S)
