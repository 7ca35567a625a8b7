"""A whole desk with liquidity providers on both sides: one that it logs on to, one that logs on."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcfix.app import App
from otcfix.config import load
from otcfix.model.hedge import ORDER, VenueRequest
from otcfix.sim import SimVenue
from otcfix.store import upgrade
from tests.support.desk_process import ROOT, free_port
from tests.support.fixclient import FixClient
from tests.support.provider import BTC, order, until

LP1 = """
[[source]]
name = "lp1-ethusd"
venue = "LP1"
session = "LP1"
base = "ETH"
quote = "USD"
selector = "ETH/USD"
"""


def example_of(text: str) -> str:
    """venues.toml with its commented-out provider switched on."""
    head, mark, tail = text.partition("# [[provider]]")
    assert mark, "venues.toml has no example of a provider"
    return head + (mark + tail).replace("\n# ", "\n").replace("\n#\n", "\n\n").removeprefix("# ")


@pytest.fixture
def venue() -> Iterator[SimVenue]:
    with SimVenue({"BTC/USD": BTC}, seed=7, interval_ms=20, frozen=True) as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, venue: SimVenue) -> Iterator[App]:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    file = config / "venues.toml"
    shown = example_of(file.read_text()).replace("port = 9900", f"port = {venue.port}")
    file.write_text(shown.replace("reconnect_s = 2", "reconnect_s = 1") + LP1)
    sessions = config / "sessions.toml"
    sessions.write_text(sessions.read_text().replace("port = 9878", f"port = {free_port()}"))
    database = f"sqlite:///{tmp_path}/desk.db"
    upgrade(database)
    with App(load(config), database, state_folder=tmp_path / "state") as made:
        yield made


def usable(app: App, source: str) -> bool:
    return any(s.name == source and s.usable for s in app.rates.statuses(time.time_ns() // 1_000))


def journaled(app: App, kind: str) -> list[str]:
    return [row.text for row in app.store.journal() if row.kind == kind]


def test_the_shipped_example_prices_and_deals(app: App, venue: SimVenue) -> None:
    """Its books reach the composite, its session and its reports the journal."""
    until(lambda: usable(app, "lpx-btcusd"))
    assert app.providers.online == ["LPX"]
    assert app.providers.send(VenueRequest(ORDER, order()))
    until(lambda: any('"TRADE"' in text for text in journaled(app, "VenueReport")))
    assert len(journaled(app, "VenueUp")) == 1
    venue.fault("disconnect")
    until(lambda: journaled(app, "VenueDown"))
    assert not app.providers.send(VenueRequest(ORDER, order("H2")))
    until(lambda: len(journaled(app, "VenueUp")) == 2)


def test_a_provider_on_our_own_session_quotes_pulls_and_goes(app: App) -> None:
    """MassQuote in, b out, Z pulls, the logoff takes the rest."""
    port = app.config.sessions.acceptor.port
    provider = FixClient(port, me="LP1", username="lp1", secret="trial-secret-lp1")
    assert provider.logon()
    mass = (
        "35=i|117=M1|301=2|296=1|302=S|304=1|295=1|299=1|55=ETH/USD|132=3990|133=4010|134=1|135=1"
    )
    provider.say(mass)
    assert provider.hear("b")[297] == "0"
    until(lambda: usable(app, "lp1-ethusd"))
    provider.say("35=Z|117=M1|298=4")
    until(lambda: not usable(app, "lp1-ethusd"))
    provider.say(mass)
    until(lambda: usable(app, "lp1-ethusd"))
    provider.drop()
    until(lambda: not usable(app, "lp1-ethusd"))
    whys = {s.name: s.why for s in app.rates.statuses(time.time_ns() // 1_000)}
    assert whys["lp1-ethusd"] == "the session is down"
