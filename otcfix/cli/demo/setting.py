"""The configuration that the demo plays in: the user's, with a provider and hedging added."""

import socket
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from otcfix.cli.secrets import trial_secret
from otcfix.config import HedgingConfig, hash_secret
from otcfix.config.hedging import HedgeConfig
from otcfix.config.venue_models import ProviderConfig, SourceConfig

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.config.models import SessionConfig

SYMBOL = "BTC/USD"
BASE, TERMS = SYMBOL.split("/")
QUICK_LIFE_MS = 600
HOST = "127.0.0.1"

LPX = "LPX"
LPX_SOURCE = "lpx-btcusd"
LPX_COMP_ID, OUR_COMP_ID = "SIMLP", "DESK"
LPX_SECRET = "trial-secret-lpx"
BAND = Decimal(1)
"""The desk keeps so much of the base, long or short, and covers what is beyond."""
TARGET = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the desk listens, and where its liquidity provider does."""

    desk: int
    provider: int


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def demo_secret(session: "SessionConfig") -> str:
    """The secret by which a session logs on in the demo."""
    return trial_secret(session) or f"demo-secret-{session.key}"


def demo_config(config: "Config", ports: Ports, seed: int, quick: bool) -> "Config":
    """*config* for a demo: simulated sources, one provider, these ports, secrets that are known.

    Inventory of SYMBOL is kept within a band, and what is beyond is covered at the provider.
    """
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
    acceptor = config.sessions.acceptor.model_copy(
        update={"port": ports.desk, "allow_from": (HOST,)}
    )
    venues = config.venues.model_copy(
        update={"source": _sources(config, seed), "provider": (_provider(ports.provider),)}
    )
    rule = HedgeConfig(symbol=SYMBOL, mode="band", venues=(LPX,), band=BAND, target=TARGET)
    return config.model_copy(
        update={
            "desk": desk,
            "venues": venues,
            "hedging": HedgingConfig(hedge=(rule,)),
            "sessions": config.sessions.model_copy(
                update={"acceptor": acceptor, "session": tuple(sessions)}
            ),
        }
    )


def _sources(config: "Config", seed: int) -> tuple[SourceConfig, ...]:
    """The simulated ones, each moved on by *seed*, and the provider's books."""
    sources = []
    for source in config.venues.source:
        if source.simulated is not None:
            simulated = source.simulated.model_copy(update={"seed": source.simulated.seed + seed})
            sources.append(source.model_copy(update={"simulated": simulated}))
    provided = SourceConfig(
        name=LPX_SOURCE, venue=LPX, provider=LPX, selector=SYMBOL, base=BASE, quote=TERMS
    )
    return (*sources, provided)


def _provider(port: int) -> ProviderConfig:
    """The example of venues.toml, at this port."""
    return ProviderConfig(
        key=LPX,
        host=HOST,
        port=port,
        sender_comp_id=OUR_COMP_ID,
        target_comp_id=LPX_COMP_ID,
        username="desk",
        secret=LPX_SECRET,
        reconnect_s=1,
        reset_on_logon=True,
        hedge=True,
    )
