"""A desk of our own to try scenarios on, and what can be done behind its back: by its staff, and in
its market. Nothing depends on what else is there."""

import contextlib
import random
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import structlog

from otcfix.app import App
from otcfix.commands import put
from otcfix.config import Config
from otcfix.model.errors import OtcfixError
from otcfix.model.event import Kill, MoveFunds, SetInstrument, SetSession
from otcfix.model.limit import SetTradingState
from otcfix.model.post_trade import BustTrade, CorrectTrade
from otcfix.model.proposal import Confirm
from otcfix.model.session_act import HOLD, RELEASE, ActOnSession
from otcfix.model.session_commands import SendNews
from otcfix.trials.own_config import RICH, Ports, certificate, tried
from otcfix.trials.parties import Party
from otcfix.trials.scenario import NEEDS, Unexpected
from otcfix.venues.simulated import SimulatedVenue

log = structlog.get_logger("otcfix.trials.own_desk")

PORTS = range(15_000, 20_000)
READY_S = 20.0
PATIENCE_S = 10.0
"""It shares a machine, and a process, with who plays."""

LOOK_S = 0.02
MAINS = 3
WAITS = re.compile(r"waits for a second person as (\S+):")


class NoTrial(OtcfixError):
    """The desk of the trial cannot be started or funded; the text says why."""


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to callers.

    Errors: NoTrial.
    """
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            return port
    raise NoTrial(f"no free port in {PORTS}")


class OwnDesk:
    """A desk in this process, and the counterparty that it is for a run."""

    def __init__(self, config: Config, prices: Mapping[str, Decimal], mains: int = MAINS) -> None:
        """prices: the middle of a symbol, where the configuration simulates none.

        Errors: ConfigError when the configuration cannot be tried.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="otcfix-trial-"))
        try:
            ports = Ports(free_port(), free_port(), *certificate(self._folder))
            made = tried(config, prices, mains, ports)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.config, self.lanes, self._funded = made.config, made.lanes, made.funded
        self._app: App | None = None

    # -- life ------------------------------------------------------------------------------------

    @property
    def app(self) -> App:
        """The desk. Errors: NoTrial when it is not open."""
        if self._app is None:
            raise NoTrial("the trial's desk is not open")
        return self._app

    def open(self) -> Party:
        """Start it, fund the clients, wait for prices. Errors: NoTrial, ConfigError."""
        database = f"sqlite:///{self._folder / 'trial.db'}"
        self._app = App(self.config, database, state_folder=self._folder / "fix")
        self._app.start()
        self._fund()
        symbols = [i.symbol for i in self.config.desk.instrument]
        self._wait(lambda: all(self._priced(s) for s in symbols), "prices of every instrument")
        self._wait(lambda: not self.app.state.clientele.unscreened(), "the screening of clients")
        return Party(
            "our own desk", self.lanes, has=frozenset(NEEDS), stage=self, patience_s=PATIENCE_S
        )

    def _priced(self, symbol: str) -> bool:
        return bool(self.app.rates.rates(symbol, time.time_ns() // 1_000).books)

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + READY_S
        while not holds():
            if time.monotonic() > until or self.app.ended.is_set():
                raise NoTrial(f"the trial's desk: no {what} within {READY_S:g} s")
            time.sleep(LOOK_S)

    def _fund(self) -> None:
        """Give every client much of every asset but the one that scenarios find empty."""
        unfunded = self.lanes[0].values.get("unfunded_base", "")
        commands = [
            MoveFunds(client, asset.code, RICH, self.config.venues.custody, "trial", "trial")
            for client in self._funded
            for asset in self.config.desk.asset
            if asset.code != unfunded
        ]
        waiting = [put(self.app.store, command, "trial") for command in commands]
        self._done(waiting)

    def _done(self, waiting: list[int]) -> None:
        for command_id in waiting:
            result = self._answer(command_id)
            if second := WAITS.match(result):
                confirmed = Confirm(second[1], "trial-2", "trial")
                result = self._answer(put(self.app.store, confirmed, "trial-2"))
            if result != "done":
                raise NoTrial(f"the trial's desk: {result}")

    def _answer(self, command_id: int) -> str:
        self._wait(lambda: self._result(command_id) is not None, "answer to a command")
        return self._result(command_id) or ""

    def _result(self, command_id: int) -> str | None:
        row = self.app.store.command_result(command_id)
        return None if row is None else row.result

    def close(self) -> None:
        """Stop it; its files go."""
        app, self._app = self._app, None
        if app is not None:
            app.stop()
            self._stopped = app  # QuickFIX must outlive its last thread
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder)

    # -- the stage -------------------------------------------------------------------------------

    def act(self, what: str, words: list[str]) -> None:
        """See `playing.Stage`; the acts are those of OPERATOR and MARKET."""
        acts = OPERATOR if what == "operator" else MARKET
        verb, *rest = words
        if verb not in acts or acts[verb][0] != len(rest):
            known = ", ".join(acts)
            raise Unexpected(f"an act of the {what}: {known}", " ".join(words))
        acts[verb][1](self, *rest)

    def restore(self, key: str, *, everything: bool) -> None:
        """See `playing.Stage`: release a session; or deal, price and let in again everywhere."""
        with contextlib.suppress(Unexpected):  # it was on no hold
            self.act_on(key, RELEASE)
        self.set_session(key, True)
        if not everything:
            return
        self.set_desk("ACTIVE")
        self.unkill()
        for instrument in self.config.desk.instrument:
            self.set_instrument(instrument.symbol, "OPEN")
            self.go_on(instrument.symbol)
        for lane in self.lanes:
            self.set_session(lane.key, True)

    def _command(self, command: object) -> None:
        try:
            self._done([put(self.app.store, command, "trial")])
        except NoTrial as error:
            raise Unexpected("the command to be done", str(error)) from None

    def _venues(self, symbol: str) -> list[SimulatedVenue]:
        base, _, quote = symbol.partition("/")
        found = [
            feed
            for feed in self.app.feeds
            if isinstance(feed, SimulatedVenue)
            and (feed.intakes[0].spec.base, feed.intakes[0].spec.quote) == (base, quote)
        ]
        if not found:
            raise Unexpected(f"a simulated source of {symbol}", "none")
        return found

    def nudge(self, symbol: str, bps: str) -> None:
        """Move the market of a symbol by basis points."""
        for venue in self._venues(symbol):
            venue.nudge(Decimal(bps))

    def stall(self, symbol: str) -> None:
        """Let the prices of a symbol grow old."""
        for venue in self._venues(symbol):
            venue.stall()

    def go_on(self, symbol: str) -> None:
        """End a stall."""
        for venue in self._venues(symbol):
            venue.resume()
        self._wait(lambda: self._priced(symbol), f"price of {symbol}")

    def kill(self) -> None:
        """Halt the desk."""
        self._command(Kill(True, "trial", "trial"))

    def unkill(self) -> None:
        """Open it again."""
        self._command(Kill(False, "trial", "trial"))

    def set_instrument(self, symbol: str, state: str) -> None:
        """PAUSED or OPEN."""
        self._command(SetInstrument(symbol, state, "trial", "trial"))

    def set_session(self, key: str, enabled: bool) -> None:
        """Disable or enable a session, by the CompID that we use."""
        self._command(SetSession(key, enabled, "trial", "trial"))

    def set_desk(self, state: str) -> None:
        """ACTIVE or REDUCING: every client may only make positions smaller."""
        self._command(SetTradingState("desk", state, "trial", "trial"))

    def act_on(self, key: str, act: str) -> None:
        """Hold or release a session."""
        self._command(ActOnSession(key, act, "trial", "trial"))

    def bust(self, exec_id: str) -> None:
        """Take a trade back, by two persons."""
        self._command(BustTrade(exec_id, "trial", "trial"))

    def correct(self, exec_id: str, price: str) -> None:
        """Put a trade's price right, by two persons."""
        self._command(CorrectTrade(exec_id, Decimal(price), None, "trial", "trial"))

    def news(self, key: str, text: str) -> None:
        """Say News to a session."""
        self._command(SendNews(text, (text,), False, (key,), "trial"))


OPERATOR: dict[str, tuple[int, Callable[..., None]]] = {
    "kill": (0, OwnDesk.kill),
    "unkill": (0, OwnDesk.unkill),
    "reduce": (0, lambda desk: desk.set_desk("REDUCING")),
    "unreduce": (0, lambda desk: desk.set_desk("ACTIVE")),
    "pause": (1, lambda desk, symbol: desk.set_instrument(symbol, "PAUSED")),
    "resume": (1, lambda desk, symbol: desk.set_instrument(symbol, "OPEN")),
    "disable": (1, lambda desk, key: desk.set_session(key, False)),
    "enable": (1, lambda desk, key: desk.set_session(key, True)),
    "hold": (1, lambda desk, key: desk.act_on(key, HOLD)),
    "release": (1, lambda desk, key: desk.act_on(key, RELEASE)),
    "bust": (1, OwnDesk.bust),
    "correct": (2, OwnDesk.correct),
    "news": (2, OwnDesk.news),
}
"""Verbs, and how many words each takes."""

MARKET: dict[str, tuple[int, Callable[..., None]]] = {
    "nudge": (2, OwnDesk.nudge),
    "stall": (1, OwnDesk.stall),
    "resume": (1, OwnDesk.go_on),
}


@contextlib.contextmanager
def own_desk(config: Config, prices: Mapping[str, Decimal], mains: int = MAINS) -> Iterator[Party]:
    """A desk for the length of a `with`. Errors: NoTrial, ConfigError."""
    desk = OwnDesk(config, prices, mains)
    try:
        yield desk.open()
    finally:
        desk.close()
