"""The demo's stage: a temporary desk with its venues, and the clients that log on to it."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otcfix.app import App
from otcfix.cli.demo.bridge import Bridge, bridge_of, with_bridge
from otcfix.cli.demo.guests import LISTED_OWNER, Guests, list_person, named, with_guests
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import (
    BAND,
    HOST,
    LPX,
    LPX_COMP_ID,
    LPX_SECRET,
    LPX_SOURCE,
    OUR_COMP_ID,
    SYMBOL,
    TARGET,
    Ports,
    demo_config,
    demo_secret,
    free_port,
)
from otcfix.cli.mailbox import put
from otcfix.cli.outcome import CONNECT, Failed
from otcfix.fix.client import CannotConnect, Client, Heard, Login
from otcfix.model.errors import ConfigError
from otcfix.model.event import MoveFunds
from otcfix.sim import SimVenue
from otcfix.store import open_store
from otcfix.venues.simulated import SimulatedVenue, Walk

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.config.models import SessionConfig

VERSIONS = ("FIX.4.4", "FIX.4.2")
READY_S = 10.0
LOOK_S = 0.02
LPX_HALF_SPREAD_BPS = Decimal("1.5")


def _own_lists(config: "Config", folder: Path) -> "Config":
    """Sanctions lists that lie in files are taken in anew, into *folder*; none is fetched."""
    lists = tuple(one for one in config.screening.list if one.files)
    kept = str(folder / "sanctions")
    screening = config.screening.model_copy(update={"folder": kept, "list": lists})
    return config.model_copy(update={"screening": screening})


class Stage:
    """Everything that the demo started, and ends."""

    def __init__(self, config: "Config", *, seed: int, quick: bool, keep: bool) -> None:
        """Errors: ConfigError when *config* has not what the script needs."""
        self.shipped = config
        self.ports = Ports(free_port(), free_port())
        self.port = self.ports.desk
        self.seed = seed
        self.keep = keep
        self.folder = Path(tempfile.mkdtemp(prefix="otcfix-demo-"))
        self.config = config
        self.names: Guests = named(config)
        self.bridge: Bridge = bridge_of(config)
        like = self._session_of(VERSIONS[0]).client
        asked = with_bridge(with_guests(config, like, self.folder), like)
        self.config = _own_lists(demo_config(asked, self.ports, seed, quick), self.folder)
        self.sessions = [self._session_of(version) for version in VERSIONS]
        self.database = f"sqlite:///{self.folder / 'otcfix.db'}"
        self.clients: list[Client] = []
        self.guests: dict[str, Client] = {}
        """By the client's id."""
        self.later: list[Client] = []
        self.heard_fills: list[str] = []
        self.heard_refusals: list[str] = []
        self.heard_streams: list[str] = []
        self.overheard: list[Heard] = []
        """What the desk and its provider said to each other about orders."""
        self.sources = tuple(
            s.name for s in self.config.venues.source if f"{s.base}/{s.quote}" == SYMBOL
        )
        self._left: list[Client] = []
        self._app: App | None = None
        self._provider: SimVenue | None = None
        self._provider_stopped = False

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

    @property
    def provider(self) -> SimVenue:
        """The liquidity provider that the desk is logged on to."""
        if self._provider is None:
            raise RuntimeError("the stage is not open")
        return self._provider

    def venues(self) -> list[SimulatedVenue]:
        """The simulated sources of SYMBOL; the first one leads. Errors: ConfigError without any."""
        found = [
            feed
            for feed in self.app.feeds
            if isinstance(feed, SimulatedVenue) and feed.intakes[0].spec.name in self.sources
        ]
        leads = {
            s.name for s in self.config.venues.source if s.simulated and not s.simulated.follows
        }
        found.sort(key=lambda feed: feed.intakes[0].spec.name not in leads)
        if not found:
            raise ConfigError(
                f"{self.config.folder / 'venues.toml'}: source: the demo needs a simulated {SYMBOL}"
            )
        return found

    # -- up and down -------------------------------------------------------------------------

    def open(self, screen: Screen) -> None:
        """Start venues and desk, fund the clients, log them on."""
        list_person(self.folder, "person", LISTED_OWNER)
        self._app = App(self.config, self.database, state_folder=self.folder / "fix")
        venues = self.venues()
        self._provider = self._lpx(venues[0])
        self._provider.start()
        self._app.start()
        screen.say("otcfix demo: three venues, a desk and six clients over loopback", "bold")
        screen.say(f"  venue   {venues[0].intakes[0].spec.name}, a seeded random walk")
        for venue in venues[1:]:
            screen.say(f"  venue   {venue.intakes[0].spec.name}, which follows it")
        screen.say(f"  venue   {LPX}, a liquidity provider over FIX, port {self.ports.provider}")
        screen.say(f"  desk    port {self.port}, database {self.folder / 'otcfix.db'}")
        screen.say(f"  hedges  {SYMBOL}: {BAND} is kept; beyond, {LPX} takes all but {TARGET}")
        self._fund(screen)
        if not self.wait(lambda: self.priced_by() == set(self.sources), READY_S):
            late = ", ".join(sorted(set(self.sources) - self.priced_by()))
            raise Failed(CONNECT, f"no price of {SYMBOL} from {late}")
        self.clients += [self._log_on(session, screen) for session in self.sessions]
        for session in self.config.sessions.session:
            if session.client in self.names.all():
                self.guests[session.client] = self._log_on(session, screen)

    def join(self, key: str, screen: Screen) -> Client:
        """A client who comes later, by the key of his session. Errors: Failed (5)."""
        session = next(s for s in self.config.sessions.session if s.key == key)
        self.later.append(self._log_on(session, screen))
        return self.later[-1]

    def _log_on(self, session: "SessionConfig", screen: Screen) -> Client:
        """A client of *session*, logged on. Errors: Failed (5)."""
        client = Client(self._login(session), HOST, self.port)
        self._left.append(client)
        try:
            client.connect(READY_S)
        except CannotConnect as error:
            raise Failed(CONNECT, str(error)) from None
        screen.say(f"  client  {client.login.name}, logged on")
        return client

    def _lpx(self, leader: SimulatedVenue) -> SimVenue:
        """A provider whose market goes with *leader*'s; what is said about orders is overheard."""
        instrument = next(i for i in self.config.desk.instrument if i.symbol == SYMBOL)
        walk = Walk(
            *(leader.mid, instrument.tick, instrument.lot, Decimal("0.1"), LPX_HALF_SPREAD_BPS),
            level_notional=Decimal(200_000),
        )

        def overhear(heard: bool, msg_type: str, text: str) -> None:
            self.overheard.append(Heard(not heard, msg_type, f"\x01{text}"))

        return SimVenue(
            {SYMBOL: walk},
            seed=self.seed + 1,
            port=self.ports.provider,
            comp_id=LPX_COMP_ID,
            client=OUR_COMP_ID,
            secret=LPX_SECRET,
            follow={SYMBOL: lambda: leader.mid},
            on_dealing=overhear,
        )

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

    # -- what happens ----------------------------------------------------------------------------

    @staticmethod
    def wait(condition: Callable[[], bool], timeout_s: float) -> bool:
        """Look until *condition* holds; whether it did in time."""
        until = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
        return True

    def priced_by(self) -> set[str]:
        """The sources that show a price of SYMBOL now."""
        rates = self.app.rates.rates(SYMBOL, time.time_ns() // 1_000)
        return {book.source for book in rates.books}

    def cross(self, timeout_s: float) -> bool:
        """Let the provider's book cross itself; whether the desk has seen it in time."""
        self.provider.fault("crossed")
        return self.wait(lambda: LPX_SOURCE not in self.priced_by(), timeout_s)

    def stall(self) -> None:
        """Let every source of SYMBOL go on as if it lived, and say nothing new."""
        self.provider.fault("stall")
        for venue in self.venues():
            venue.stall()

    def resume(self, timeout_s: float) -> bool:
        """End what ails the sources; whether all of them price again in time."""
        self.provider.fault("resume")
        for venue in self.venues():
            venue.resume()
        return self.wait(lambda: self.priced_by() == set(self.sources), timeout_s)

    def settled(self, timeout_s: float) -> bool:
        """Whether every hedge order has come to its end, in time."""

        def over() -> bool:
            with self.books() as store:
                return not store.hedges(open_only=True)

        return self.wait(over, timeout_s)

    def inventory(self) -> Decimal:
        """The desk's own position in the base of SYMBOL."""
        return self.app.state.inventory(SYMBOL)

    @contextlib.contextmanager
    def books(self) -> Iterator[Any]:
        """The database, as anybody could read it."""
        with contextlib.closing(open_store(self.database, create=False)) as store:
            yield store

    def send_home(self) -> None:
        """Log the clients out."""
        for client in (*self.clients, *self.guests.values(), *self.later):
            client.stop()
        self.clients.clear()
        self.guests.clear()
        self.later.clear()

    def close(self) -> None:
        """End everything; the files go, unless they are to be kept."""
        for client in self._left:
            client.stop()
        app, self._app = self._app, None
        if app is not None:
            app.stop()
            self._stopped = app  # QuickFIX must outlive its last thread
        provider = self._provider
        if provider is not None and not self._provider_stopped:
            self._provider_stopped = True
            provider.stop()

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
            f"  otcfix hedges list --database {self.database}",
            f"  otcfix decision list --refused --database {self.database}",
            f"  otcfix trades --database {self.database}",
        ]
        return lines
