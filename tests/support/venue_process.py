"""`otcfix sim venue` as a process of its own, and what it says of its orders when it is asked."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tests.support.fixclient import FixClient, utc_now

SECRET = "trial-secret-venue"
PATIENCE_S = 20


@dataclass(frozen=True)
class Standing:
    """How an order stands at the venue; status "UNKNOWN" for one that it never had."""

    status: str
    cum: Decimal
    average: Decimal


class VenueProcess:
    """One simulated liquidity provider. flags: as on the command line; script: its lines."""

    def __init__(
        self, folder: Path, key: str, symbols: dict[str, str], *flags: str, script: str = ""
    ) -> None:
        self.key, self.symbols = key, symbols
        command = [sys.executable, "-m", "otcfix", "sim", "venue", "--port", "0"]
        command += ["--comp-id", key, "--secret", SECRET, *flags]
        for symbol, price in symbols.items():
            command += ["--symbol", f"{symbol}={price}"]
        if script:
            path = folder / f"{key}.script"
            path.write_text(script)
            command += ["--script", str(path)]
        self._log = (folder / f"{key}.log").open("wb")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, cwd=folder
        )
        self.port = 0

    def wait_until_listening(self) -> None:
        """Read the line that it says when it listens."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.key} ended with {self.process.wait(5)}"
        self.port = int(json.loads(line)["listening"])

    def provider(self, port: int = 0, *, stream: bool = True, resets: bool = True) -> str:
        """Its [[provider]] of venues.toml; port: of a wire to it, if there is one."""
        words = {
            "key": f'"{self.key}"', "port": port or self.port, "sender_comp_id": '"DESK"',
            "target_comp_id": f'"{self.key}"', "username": '"desk"', "secret": f'"{SECRET}"',
            "heartbeat": 2, "reconnect_s": 1, "hedge": "true",
            "reset_on_logon": str(resets).lower(), "stream": str(stream).lower(),
        }  # fmt: skip
        return "\n[[provider]]\n" + "".join(f"{name} = {value}\n" for name, value in words.items())

    def source(self, symbol: str) -> str:
        """The [[source]] that it streams for *symbol*."""
        base, quote = symbol.split("/")
        name = f"{self.key}-{base}{quote}".lower()
        return (
            f'\n[[source]]\nname = "{name}"\nvenue = "{self.key}"\nprovider = "{self.key}"\n'
            f'selector = "{symbol}"\nbase = "{base}"\nquote = "{quote}"\n'
        )

    def says_of(self, orders: dict[str, str]) -> dict[str, Standing]:
        """Its own answer to 35=H about each ClOrdID of *orders* (and its symbol).

        The desk must be off the line: we take its place.
        """
        asking = FixClient(
            self.port, me="DESK", desk=self.key, username="desk", secret=SECRET, heartbeat=30
        )
        assert asking.logon((141, "Y")), f"{self.key} did not let us in"
        found: dict[str, Standing] = {}
        try:
            for cl_ord_id, symbol in orders.items():
                asking.send("H", [(11, cl_ord_id), (55, symbol), (54, "1"), (60, utc_now())])
            end = time.monotonic() + PATIENCE_S
            while len(found) < len(orders) and time.monotonic() < end:
                asking.poll(0.05)
                heard, asking.received = asking.received, []
                for said in heard:
                    status = "UNKNOWN" if said.get(103) == "5" else said[39]
                    found[said[11]] = Standing(status, Decimal(said[14]), Decimal(said[6]))
            asking.logout()
        finally:
            asking.drop()
        assert found.keys() == orders.keys(), f"{self.key} did not answer for all"
        return found

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
