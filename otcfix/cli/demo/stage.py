"""The demo's stage: a temporary desk with its venue, and the clients that log on to it."""

import contextlib
import shutil
import socket
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from otcfix.app import App
from otcfix.cli.demo.screen import Screen
from otcfix.cli.mailbox import put
from otcfix.cli.outcome import CONNECT, Failed
from otcfix.cli.secrets import trial_secret
from otcfix.config import hash_secret
from otcfix.fix.client import CannotConnect, Client, Login
from otcfix.model.errors import ConfigError
from otcfix.model.event import MoveFunds
from otcfix.venues.simulated import SimulatedVenue

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.config.models import SessionConfig

SYMBOL = "BTC/USD"
VERSIONS = ("FIX.4.4", "FIX.4.2")
QUICK_LIFE_MS = 600
READY_S = 10.0
HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def demo_secret(session: "SessionConfig") -> str:
    """The secret by which a session logs on in the demo."""
    return trial_secret(session) or f"demo-secret-{session.key}"


def demo_config(config: "Config", port: int, seed: int, quick: bool) -> "Config":
    """*config* for a demo: simulated sources only, this port, secrets that are known."""
    sources = []
    for source in config.venues.source:
        if source.simulated is not None:
            simulated = source.simulated.model_copy(update={"seed": source.simulated.seed + seed})
            sources.append(source.model_copy(update={"simulated": simulated}))
    sessions = [
        s.model_copy(
            update={
                "password_hash": hash_secret(demo_secret(s), s.password_hash.partition("$")[0]),
                "allow_reset": True,  # so that anybody may join a desk that is kept
                "schedule": None,
            }
        )
        for s in config.sessions.session
    ]
    desk = config.desk
    if quick:
        instruments = tuple(
            i.model_copy(update={"quote_life_ms": QUICK_LIFE_MS}) for i in desk.instrument
        )
        desk = desk.model_copy(update={"instrument": instruments})
    acceptor = config.sessions.acceptor.model_copy(update={"port": port, "allow_from": (HOST,)})
    return config.model_copy(
        update={
            "desk": desk,
            "venues": config.venues.model_copy(update={"source": tuple(sources)}),
            "sessions": config.sessions.model_copy(
                update={"acceptor": acceptor, "session": tuple(sessions)}
            ),
        }
    )


class Stage:
    """Everything that the demo started, and ends."""

    def __init__(self, config: "Config", *, seed: int, quick: bool, keep: bool) -> None:
        """Errors: ConfigError when *config* has not what the script needs."""
        self.shipped = config
        self.port = free_port()
        self.config = demo_config(config, self.port, seed, quick)
        self.keep = keep
        self.sessions = [self._session_of(version) for version in VERSIONS]
        self.folder = Path(tempfile.mkdtemp(prefix="otcfix-demo-"))
        self.database = f"sqlite:///{self.folder / 'otcfix.db'}"
        self.clients: list[Client] = []
        self.heard_fills: list[str] = []
        self.heard_refusals: list[str] = []
        self._left: list[Client] = []
        self._app: App | None = None

    def _session_of(self, version: str) -> "SessionConfig":
        for session in self.config.sessions.session:
            if session.version == version and session.kind == "both":
                return session
        raise ConfigError(
            f"{self.config.folder / 'sessions.toml'}: session: the demo needs one of "
            f'{version} with kind = "both"'
        )

    @property
    def app(self) -> App:
        """The desk."""
        if self._app is None:
            raise RuntimeError("the stage is not open")
        return self._app

    def venue(self) -> SimulatedVenue:
        """The simulated market of SYMBOL. Errors: ConfigError without one."""
        base, _, quote = SYMBOL.partition("/")
        for feed in self.app.feeds:
            spec = feed.intakes[0].spec
            if isinstance(feed, SimulatedVenue) and (spec.base, spec.quote) == (base, quote):
                return feed
        raise ConfigError(
            f"{self.config.folder / 'venues.toml'}: source: the demo needs a simulated {SYMBOL}"
        )

    # -- up and down -------------------------------------------------------------------------

    def open(self, screen: Screen) -> None:
        """Start venue and desk, fund the clients, log them on."""
        self._app = App(self.config, self.database, state_folder=self.folder / "fix")
        venue = self.venue()
        self._app.start()
        screen.say("otcfix demo: a venue, a desk and two clients over loopback", "bold")
        screen.say(f"  venue   {venue.intakes[0].spec.name}, a seeded random walk")
        screen.say(f"  desk    port {self.port}, database {self.folder / 'otcfix.db'}")
        self._fund(screen)
        self._wait_for_prices()
        for session in self.sessions:
            client = Client(self._login(session), HOST, self.port)
            self._left.append(client)
            try:
                client.connect(READY_S)
            except CannotConnect as error:
                raise Failed(CONNECT, str(error)) from None
            self.clients.append(client)
            screen.say(f"  client  {client.login.name}, logged on")

    def _login(self, session: "SessionConfig") -> Login:
        return Login(
            session.version,
            session.target_comp_id,
            session.sender_comp_id,
            session.username,
            demo_secret(session),
        )

    def _fund(self, screen: Screen) -> None:
        """Book what clients.toml prefunds, as deposits through the staff's mailbox."""
        store = self.app.store
        waiting = []
        for client in self.config.clients.client:
            for asset, amount in sorted(client.prefund.items()):
                command = MoveFunds(
                    client.id, asset, Decimal(amount), self.config.venues.custody, "prefund", "demo"
                )
                waiting.append(put(store, command, "demo"))
            if client.prefund:
                held = ", ".join(f"{amount:f} {code}" for code, amount in client.prefund.items())
                screen.say(f"  funds   {client.id}: {held}")
        until = time.monotonic() + READY_S
        for command_id in waiting:
            while True:
                row = store.command_result(command_id)
                if row is not None and row.result is not None:
                    break
                if time.monotonic() > until:
                    raise Failed(CONNECT, "the desk did not book the prefunding in time")
                time.sleep(0.02)
            if row.result != "done":
                raise Failed(CONNECT, f"prefunding: {row.result}")

    def _wait_for_prices(self) -> None:
        until = time.monotonic() + READY_S
        while not self.app.rates.rates(SYMBOL, time.time_ns() // 1_000).books:
            if time.monotonic() > until:
                raise Failed(CONNECT, f"the venue shows no price of {SYMBOL}")
            time.sleep(0.02)

    def send_home(self) -> None:
        """Log the clients out."""
        for client in self.clients:
            client.stop()
        self.clients.clear()

    def close(self) -> None:
        """End everything; the files go, unless they are to be kept."""
        for client in self._left:
            client.stop()
        app, self._app = self._app, None
        if app is not None:
            app.stop()
            self._stopped = app  # QuickFIX must outlive its last thread

    def remove(self) -> None:
        """Delete the temporary files."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self.folder)

    # -- for people ----------------------------------------------------------------------------

    def directions(self) -> list[str]:
        """How to connect to a desk that is kept."""
        lines = [
            "",
            f"The desk runs on: {HOST}:{self.port}, until Ctrl-C.",
            f"Database: {self.database}",
            "",
            "Any FIX client, from this machine (the sender is you):",
        ]
        lines += [
            f"  {s.version:<10} SenderCompID(49)={s.target_comp_id} "
            f"TargetCompID(56)={s.sender_comp_id} Username(553)={s.username} "
            f"Password(554)={demo_secret(s)}"
            for s in self.config.sessions.session
            if s.kind == "both"
        ]
        lines.append(
            "  The demo has used numbers up: log on with ResetSeqNumFlag(141)=Y, or go on:"
        )
        for client in self._left:
            lines.append(f"    {client.login.sender_comp_id}: MsgSeqNum(34)={client.next_number}")
        config = f" --config {self.shipped.folder.resolve()}"
        lines += [
            "",
            "With otcfix:",
            f"  otcfix client rfq {SYMBOL} 1 --port {self.port}{config}",
            f"  otcfix client rfq {SYMBOL} 0.5 --side buy --hit --port {self.port}{config}",
            f"  otcfix trades --database {self.database}",
        ]
        return lines
