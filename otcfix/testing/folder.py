"""The configuration of a desk for one test: the user's folder, with a venue of the test's own."""

import re
import shutil
import socket
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from otcfix.config import Config, hash_secret, load
from otcfix.config.models import SessionConfig
from otcfix.model.errors import ConfigError
from otcfix.venues.simulated import Walk

HOST = "127.0.0.1"
VENUE = "TESTVENUE"
VENUE_SECRET = "trial-secret-testvenue"
MID = Decimal(100)
"""Of a symbol for which neither the test nor a simulated source of the configuration names one."""

HALF_SPREAD_BPS = Decimal(1)
DEPTH = 100
"""Every level holds so many times the largest quantity that may be dealt."""

_PORT = re.compile(r"(?m)^port\s*=.*$")


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def mids(config: Config, prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Where the market of each instrument begins. Errors: ConfigError for an unknown symbol."""
    symbols = {i.symbol: f"{i.base}/{i.terms}" for i in config.desk.instrument}
    unknown = [symbol for symbol in prices if symbol not in symbols]
    if unknown:
        raise ConfigError(f"prices: no instrument {unknown[0]}; there are {', '.join(symbols)}")
    simulated = {
        f"{source.base}/{source.quote}": source.simulated.mid
        for source in reversed(config.venues.source)
        if source.simulated is not None and source.simulated.mid is not None
    }
    return {
        symbol: Decimal(prices.get(symbol, simulated.get(pair, MID)))
        for symbol, pair in symbols.items()
    }


def walks(config: Config, prices: Mapping[str, Decimal]) -> dict[str, Walk]:
    """The books of the venue, by pair: deep, and standing still until they are moved."""
    found: dict[str, Walk] = {}
    at = mids(config, prices)
    for one in config.desk.instrument:
        mid = at[one.symbol]
        found.setdefault(
            f"{one.base}/{one.terms}",
            Walk(
                mid,
                min(one.tick, mid / 10_000),
                one.lot,
                sigma_bps=Decimal(0),
                half_spread_bps=HALF_SPREAD_BPS,
                level_notional=DEPTH * one.qty_max * mid,
            ),
        )
    return found


def prepared(source: Path, folder: Path, venue_port: int, venue_client: str, hedged: bool) -> int:
    """Copy the configuration *source* to *folder* and let the venue price it; the desk's port.

    Of venues.toml only custody and fixed_rates are kept; hedging.toml is left out, or covers each
    deal at the venue (*hedged*). Errors: ConfigError.
    """
    config = load(source)
    shutil.copytree(source, folder)
    port = free_port()
    sessions = folder / "sessions.toml"
    text, count = _PORT.subn(f"port = {port}", sessions.read_text(), count=1)
    if not count:
        text = text.replace("[acceptor]", f"[acceptor]\nport = {port}", 1)
    sessions.write_text(text)
    venues = folder / "venues.toml"
    kept = tomllib.loads(venues.read_text(), parse_float=Decimal) if venues.exists() else {}
    venues.write_text(_venues(config, kept, venue_port, venue_client))
    (folder / "hedging.toml").write_text(_hedging(config) if hedged else "")
    return port


def _venues(config: Config, kept: Mapping[str, object], port: int, client: str) -> str:
    rates = kept.get("fixed_rates") or {}
    assert isinstance(rates, dict)
    fixed = ", ".join(f"{asset} = {rate}" for asset, rate in rates.items())
    text = f'custody = "{kept.get("custody", "custody")}"\nfixed_rates = {{ {fixed} }}\n'
    text += (
        f'\n[[provider]]\nkey = "{VENUE}"\nport = {port}\nsender_comp_id = "{client}"\n'
        f'target_comp_id = "{VENUE}"\nusername = "desk"\nsecret = "{VENUE_SECRET}"\n'
        "heartbeat = 5\nreconnect_s = 1\nreset_on_logon = true\nstream = true\nhedge = true\n"
    )
    for pair in walks(config, {}):
        base, terms = pair.split("/")
        text += (
            f'\n[[source]]\nname = "test-{base.lower()}{terms.lower()}"\nvenue = "{VENUE}"\n'
            f'provider = "{VENUE}"\nselector = "{pair}"\nbase = "{base}"\nquote = "{terms}"\n'
        )
    return text


def _hedging(config: Config) -> str:
    return "".join(
        f'[[hedge]]\nsymbol = "{one.symbol}"\nmode = "back_to_back"\nvenues = ["{VENUE}"]\n\n'
        for one in config.desk.instrument
    )


def session_of(config: Config, wanted: str) -> SessionConfig:
    """The session of a key; or the first of a version that may ask and deal.

    Errors: ConfigError naming those that are there.
    """
    for session in config.sessions.session:
        if session.key == wanted:
            return session
    for session in config.sessions.session:
        if session.version == wanted and session.kind == "both" and session.enabled:
            return session
    there = ", ".join(f"{s.key} ({s.version})" for s in config.sessions.session)
    raise ConfigError(f"{wanted}: no such session, and none of that version; there are {there}")


def secret_of(session: SessionConfig) -> str:
    """The public trial secret of a session. Errors: ConfigError when it has one of its own."""
    secret = f"trial-secret-{session.target_comp_id.lower()}"
    salt = session.password_hash.partition("$")[0]
    if hash_secret(secret, salt) != session.password_hash:
        raise ConfigError(f"{session.key}: its secret is not the trial one; give secret=...")
    return secret
