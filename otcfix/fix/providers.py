"""All providers that we log on to, and the one thread that looks after what they owe us."""

from collections.abc import Sequence
from decimal import Decimal
from threading import Event, Thread

import structlog

from otcfix.fix.provider import Provider
from otcfix.model.hedge import VenueRequest
from otcfix.model.messages import Side

log = structlog.get_logger("otcfix.fix.provider")

TICK_S = 0.02


class Providers:
    """The lines by key; what the sequencer sends hedges through."""

    def __init__(self, lines: Sequence[Provider]) -> None:
        self.lines = {line.key: line for line in lines}
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="providers", daemon=True)

    def start(self) -> None:
        """Log on everywhere."""
        for line in self.lines.values():
            line.start()
        if self.lines:
            self._thread.start()

    def stop(self) -> None:
        """Log out everywhere."""
        self._stopped.set()
        if self._thread.ident:
            self._thread.join(5)
        for line in self.lines.values():
            line.stop()

    def send(self, request: VenueRequest) -> bool:
        """Say *request* to its venue; False when there is no such line, or it is down."""
        line = self.lines.get(request.order.venue)
        return line is not None and line.send(request)

    def ask(self, venue: str, symbol: str, side: Side | None, quantity: Decimal) -> str:
        """Ask *venue* for a quote; "" when it cannot be asked. See Provider.ask."""
        line = self.lines.get(venue)
        return "" if line is None else line.ask(symbol, side, quantity)

    @property
    def online(self) -> list[str]:
        """The lines that are logged on."""
        return [key for key, line in self.lines.items() if line.online]

    def _run(self) -> None:
        while not self._stopped.wait(TICK_S):
            for line in self.lines.values():
                try:
                    line.tick()
                except Exception:
                    log.exception("tick_failed", provider=line.key)
