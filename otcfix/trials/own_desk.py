"""A desk of our own to try scenarios on: the user's configuration, prices that stand still, and
clients and sessions of the trial's own, so that nothing depends on what else is there."""

import contextlib
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_UP, Decimal
from pathlib import Path

import structlog

from otcfix.app import App
from otcfix.commands import put
from otcfix.config import Config, SessionConfig, hash_secret
from otcfix.config.clients import ClientConfig
from otcfix.config.models import InstrumentConfig
from otcfix.config.venue_models import SimulatedConfig, SourceConfig
from otcfix.model.errors import ConfigError, OtcfixError
from otcfix.model.event import Kill, MoveFunds, SetInstrument, SetSession
from otcfix.trials.line import Who
from otcfix.trials.parties import Lane, Party
from otcfix.trials.scenario import NEEDS, Unexpected
from otcfix.trials.values import plain
from otcfix.venues.simulated import SimulatedVenue

log = structlog.get_logger("otcfix.trials.own_desk")

HOST = "127.0.0.1"
DESK = "OTCFIX"
SECRET = "trial-of-our-own"
VERSIONS = {"42": "FIX.4.2", "44": "FIX.4.4", "50": "FIX.5.0SP2"}
PORTS = range(15_000, 20_000)
READY_S = 20.0
LOOK_S = 0.02
MAINS = 3
ROLES = ("quote_only", "trade_only", "reset", "slow", "broker", "flat", "cod")
RICH = Decimal(10_000_000)
WIDE = {"position_max": Decimal(10**18), "open_orders_max": 1_000, "open_quotes_max": 1_000,
        "slippage_default_bps": Decimal(500)}  # fmt: skip
"""Limits that scenarios do not try; the spread doubles when they move the market."""
END_CLIENTS = ("END1", "END2")


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
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="otcfix-trial-"))
        self._prices = prices
        self._template = _template(config)
        self.lanes: list[Lane] = []
        self._funded: list[str] = []
        self.config = self._made(config, mains)
        self._app: App | None = None

    # -- configuration -------------------------------------------------------------------------

    def _made(self, config: Config, mains: int) -> Config:
        values = _values(config, self._prices)
        sessions, clients = [], []
        for number, version in VERSIONS.items():
            keys = [("main", f"TRY{number}-{n}") for n in range(mains)]
            keys += [(role, f"TRY{number}-{role.replace('_', '-').upper()}") for role in ROLES]
            for role, key in keys:
                if role == "flat" and number != "42":
                    continue
                ends = [f"{key}-{name}" for name in END_CLIENTS] if role == "broker" else []
                self._funded += [key, *ends]
                clients += [self._client(one, values) for one in (key, *ends)]
                sessions.append(self._session(key, role, version))
                own = {"account": f"{key}-A", "account2": f"{key}-B"}
                who = Who(HOST, self.port, version, key, DESK, key, SECRET)
                self.lanes.append(Lane(key, role, who, {**values, **own}))
        acceptor = config.sessions.acceptor.model_copy(
            update={"port": self.port, "allow_from": (HOST,)}
        )
        logon = config.throttles.logon.model_copy(
            update={
                "failures": 10_000, "session_failures": 1_000_000, "logon_burst": 10_000,
                "logons_per_second": Decimal(10_000),
            }
        )  # fmt: skip
        wide = tuple(t for t in config.throttles.throttle if t.session == "*")
        return config.model_copy(
            update={
                "sessions": config.sessions.model_copy(
                    update={"acceptor": acceptor, "session": tuple(sessions)}
                ),
                "clients": config.clients.model_copy(update={"client": tuple(clients)}),
                "venues": config.venues.model_copy(
                    update={"source": _sources(config, self._prices), "provider": ()}
                ),
                "hedging": type(config.hedging)(),
                "limits": type(config.limits)(),
                "throttles": config.throttles.model_copy(update={"logon": logon, "throttle": wide}),
            }
        )

    def _client(self, key: str, values: Mapping[str, str]) -> ClientConfig:
        wide = WIDE | {"order_notional_max": Decimal(values["notional_max"])}
        return self._template.model_copy(
            update={
                "id": key, "name": f"Trial {key}", "enabled": True, "instruments": ("*",),
                "accounts": (f"{key}-A", f"{key}-B"), "settlement_limits": {}, "prefund": {},
                "quote_notional_max": Decimal(values["notional_max"]), **wide,
            }
        )  # fmt: skip

    @staticmethod
    def _session(key: str, role: str, version: str) -> SessionConfig:
        kind = {"quote_only": "quote", "trade_only": "trade"}.get(role, "both")
        return SessionConfig(
            key=key,
            version=version,  # type: ignore[arg-type]
            sender_comp_id=DESK,
            target_comp_id=key,
            kind=kind,  # type: ignore[arg-type]
            client=key,
            account="" if role == "broker" else f"{key}-A",
            username=key,
            password_hash=hash_secret(SECRET, "7a" * 16),
            allow_reset=role == "reset",
            cancel_on_disconnect=role == "cod",
            messages_per_second=2 if role == "slow" else 0,
            broker=role == "broker",
            end_clients={n: f"{key}-{n}" for n in END_CLIENTS} if role == "broker" else {},
            dialect="flat42" if role == "flat" else "",
        )

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
        return Party("our own desk", self.lanes, has=frozenset(NEEDS), stage=self)

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
            self._wait(lambda one=command_id: self._result(one) is not None, "answer to a command")  # type: ignore[misc]
            result = self._result(command_id)
            if result != "done":
                raise NoTrial(f"the trial's desk: {result}")

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
        """See `playing.Stage`: operator kill | unkill | pause S | resume S | disable | enable
        KEY; market nudge S BPS | stall S | resume S."""
        acts = OPERATOR if what == "operator" else MARKET
        verb, *rest = words
        if verb not in acts or acts[verb][0] != len(rest):
            known = ", ".join(acts)
            raise Unexpected(f"an act of the {what}: {known}", " ".join(words))
        acts[verb][1](self, *rest)

    def restore(self) -> None:
        """Deal, price and let in again, whatever a scenario that failed has left behind."""
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


OPERATOR: dict[str, tuple[int, Callable[..., None]]] = {
    "kill": (0, OwnDesk.kill),
    "unkill": (0, OwnDesk.unkill),
    "pause": (1, lambda desk, symbol: desk.set_instrument(symbol, "PAUSED")),
    "resume": (1, lambda desk, symbol: desk.set_instrument(symbol, "OPEN")),
    "disable": (1, lambda desk, key: desk.set_session(key, False)),
    "enable": (1, lambda desk, key: desk.set_session(key, True)),
}
MARKET: dict[str, tuple[int, Callable[..., None]]] = {
    "nudge": (2, OwnDesk.nudge),
    "stall": (1, OwnDesk.stall),
    "resume": (1, OwnDesk.go_on),
}


def _template(config: Config) -> ClientConfig:
    """The client of the first session that may ask and deal: ours are known as well as he is."""
    wanted = {s.client for s in config.sessions.session if s.kind == "both" and s.enabled}
    for client in config.clients.client:
        if client.id in wanted and client.enabled:
            return client
    raise ConfigError(
        f"{config.folder / 'sessions.toml'}: session: a trial needs one client with a session of "
        'kind = "both", to be like him'
    )


def _mids(config: Config, prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The middle of each pair: given, simulated, or 100."""
    found: dict[str, Decimal] = {}
    for source in config.venues.source:
        if source.simulated is not None and source.simulated.mid is not None:
            found.setdefault(f"{source.base}/{source.quote}", source.simulated.mid)
    for instrument in config.desk.instrument:
        pair = f"{instrument.base}/{instrument.terms}"
        found[pair] = prices.get(instrument.symbol, found.get(pair, Decimal(100)))
    return found


def _sources(config: Config, prices: Mapping[str, Decimal]) -> tuple[SourceConfig, ...]:
    """One source for each instrument, deep, and standing still."""
    mids = _mids(config, prices)
    thin = _values(config, prices).get("symbol2", "")
    made: dict[str, SourceConfig] = {}
    for instrument in config.desk.instrument:
        pair = f"{instrument.base}/{instrument.terms}"
        mid = mids[pair]
        simulated = SimulatedConfig(
            seed=7, mid=mid, tick=instrument.tick, lot=instrument.lot, sigma_bps=Decimal(0),
            level_notional=_depth(instrument, instrument.symbol == thin) * mid,
            interval_ms=100, frozen=True,
        )  # fmt: skip
        made[pair] = SourceConfig(
            name=f"trial-{pair.replace('/', '-').lower()}", venue="trial", base=instrument.base,
            quote=instrument.terms, simulated=simulated,
        )  # fmt: skip
    return tuple(made.values())


def _depth(instrument: InstrumentConfig, thin: bool) -> Decimal:
    """What a level holds: all that can be ordered, or so little that orders fill in part."""
    return 2 * _some(instrument) if thin else instrument.qty_max


def _some(instrument: InstrumentConfig) -> Decimal:
    """A quantity of the second instrument."""
    return max(instrument.qty_min, instrument.lot * 100)


def _values(config: Config, prices: Mapping[str, Decimal]) -> dict[str, str]:
    """What scenarios read of a desk: its first instrument, and others where there are some."""
    mids = _mids(config, prices)
    open_now = [i for i in config.desk.instrument if not i.hours] or list(config.desk.instrument)
    first = open_now[0]
    mid = mids[f"{first.base}/{first.terms}"]
    qty = max(first.qty_min, (1 / (mid / 10_000) / first.lot).to_integral_value() * first.lot)
    scales = {asset.code: asset.scale for asset in config.desk.asset}
    notional = qty * mid * 50
    dear = (notional / mid / first.lot * Decimal("1.2")).to_integral_value(ROUND_UP) * first.lot
    found = {
        "symbol": first.symbol, "base": first.base, "terms": first.terms,
        "tick": plain(first.tick), "lot": plain(first.lot), "qty": plain(qty),
        "qty_max": plain(first.qty_max), "qty_min": plain(first.qty_min),
        "life": f"{first.quote_life_ms}", "notional_max": plain(notional),
        "dear_qty": plain(dear),
        "terms_unit": plain(Decimal(1).scaleb(-scales[first.terms])),
        "no_symbol": "NOPE/USD", "heartbeat_min": "5", "heartbeat_max": "60",
        "end_client": END_CLIENTS[0], "end_client2": END_CLIENTS[1],
    }  # fmt: skip
    others = [i for i in open_now[1:] if i.terms == first.terms]
    if others:
        second = others[0]
        found |= {
            "symbol2": second.symbol, "base2": second.base, "tick2": plain(second.tick),
            "qty2": plain(_some(second)), "unfunded_base": second.base,
        }  # fmt: skip
    return found


@contextlib.contextmanager
def own_desk(config: Config, prices: Mapping[str, Decimal], mains: int = MAINS) -> Iterator[Party]:
    """A desk for the length of a `with`. Errors: NoTrial, ConfigError."""
    desk = OwnDesk(config, prices, mains)
    try:
        yield desk.open()
    finally:
        desk.close()
