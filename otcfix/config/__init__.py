"""The configuration: frozen, closed models of config/*.toml, and the Desk that decide reads.

A misspelt key is an error, never a silent default. `load` reports every problem at once, each with
file, key and what was expected. Numbers become Decimal in the TOML reader: no float is ever made.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field

from otcfix.config.checks import cross_check
from otcfix.config.clients import ClientsConfig
from otcfix.config.dialects import DialectConfig, read_dialects, session_dialect
from otcfix.config.hedging import HedgingConfig
from otcfix.config.jurisdictions import JurisdictionsConfig
from otcfix.config.limits import LimitsConfig
from otcfix.config.models import (
    AcceptorConfig,
    Closed,
    DeskConfig,
    InstrumentConfig,
    SessionConfig,
    SessionsConfig,
    week_span,
)
from otcfix.config.pricing import MeasureConfig, PricingConfig
from otcfix.config.reading import read
from otcfix.config.screening import ListConfig, ScreeningConfig
from otcfix.config.throttles import LogonConfig, ThrottlesConfig
from otcfix.config.venue_models import SourceConfig, VenuesConfig
from otcfix.model.errors import ConfigError
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.money import Asset
from otcfix.model.party import Desk, Session, Tier
from otcfix.model.pricing import SourceTerms
from otcfix.model.screening import ScreeningPolicy

__all__ = [
    "AcceptorConfig",
    "Config",
    "HedgingConfig",
    "InstrumentConfig",
    "ListConfig",
    "LogonConfig",
    "MeasureConfig",
    "PricingConfig",
    "ScreeningConfig",
    "SessionConfig",
    "SourceConfig",
    "desk_hash",
    "hash_secret",
    "load",
    "read_sessions",
    "session_of",
]

FILES: dict[str, type[Closed]] = {
    "desk.toml": DeskConfig,
    "clients.toml": ClientsConfig,
    "sessions.toml": SessionsConfig,
    "venues.toml": VenuesConfig,
    "pricing.toml": PricingConfig,
    "hedging.toml": HedgingConfig,
    "screening.toml": ScreeningConfig,
    "jurisdictions.toml": JurisdictionsConfig,
    "limits.toml": LimitsConfig,
    "throttles.toml": ThrottlesConfig,
}
OPTIONAL = ("pricing.toml", "hedging.toml", "screening.toml", "limits.toml", "throttles.toml")
"""Files that may be absent: no rules of prices, no hedging, only the lists that are accepted, no
limits but those in clients.toml, no rates of messages."""

WITHOUT = {"jurisdictions.toml": "without rules of jurisdiction nothing is allowed"}
"""What it means that a file is absent."""


class Config(Closed):
    """All of it, with where it came from."""

    folder: Path
    desk: DeskConfig
    clients: ClientsConfig
    sessions: SessionsConfig
    venues: VenuesConfig
    pricing: PricingConfig = PricingConfig()
    hedging: HedgingConfig = HedgingConfig()
    screening: ScreeningConfig = ScreeningConfig()
    jurisdictions: JurisdictionsConfig = JurisdictionsConfig()
    limits: LimitsConfig = LimitsConfig()
    throttles: ThrottlesConfig = ThrottlesConfig()
    dialects: dict[str, DialectConfig] = Field(default_factory=dict)

    @property
    def id_key(self) -> bytes:
        """The key of the id permutation (R22): OTCFIX_ID_KEY, else desk.toml."""
        text = os.environ.get("OTCFIX_ID_KEY") or self.desk.id_key or ""
        return bytes.fromhex(text)

    def to_desk(self) -> Desk:
        """The part of the configuration that decisions depend on."""
        return _desk(self)


def load(folder: Path) -> Config:
    """Read *folder*. Errors: ConfigError naming every problem, one a line."""
    problems: list[str] = []
    parts: dict[str, Any] = {}
    for name, model in FILES.items():
        absent = WITHOUT.get(name, "")
        parts[name] = read(folder / name, model, problems, optional=name in OPTIONAL, absent=absent)
    dialects = read_dialects(folder, problems)
    if not problems:
        named = {name.split(".")[0]: part for name, part in parts.items()}
        config = Config(folder=folder, dialects=dialects, **named)
        problems += cross_check(config)
        if not problems:
            return config
    raise ConfigError("\n".join(problems))


def _desk(config: Config) -> Desk:
    desk = config.desk
    assets = {a.code: Asset(a.code, a.scale) for a in desk.asset}
    hour, minute = desk.trading_day.end.split(":")
    hours = {
        name: Hours(h.zone, tuple(week_span(text) for text in h.sessions), h.holidays)
        for name, h in desk.hours.items()
    }
    instruments = tuple(
        Instrument(
            i.symbol,
            assets[i.base],
            assets[i.terms],
            i.tick,
            i.lot,
            i.qty_min,
            i.qty_max,
            i.price_age_max_ms,
            i.quote_life_ms,
            i.collar_bps,
            i.cancel_band_bps,
            i.partial_min or i.lot,
            i.settl_days,
            desk.trading_day.zone,
            int(hour) * 60 + int(minute),
            hours[i.hours] if i.hours else Hours("UTC"),
            i.asset_class,
            i.product,
        )
        for i in desk.instrument
    )
    scales = {code: asset.scale for code, asset in assets.items()}
    clients = tuple(c.made(scales) for c in config.clients.client)
    accounts = {c.id: c.accounts[0] for c in config.clients.client if c.accounts}
    sessions = tuple(
        session_of(s, s.account or accounts.get(s.client, ""), config.dialects)
        for s in config.sessions.session
    )
    return Desk(
        desk.name,
        desk.limit_currency,
        tuple(assets.values()),
        instruments,
        tuple(Tier(t.name, t.half_spread_bps, t.fee_bps) for t in desk.tier),
        clients,
        sessions,
        desk.price_age_max_ms,
        desk.quote_request_lines_max,
        desk.refused_hits_max,
        desk.indicative_life_ms,
        (config.venues.custody,),
        hashlib.sha256(b"otcfix id key" + config.id_key).hexdigest(),
        pricing=tuple(rule.made() for rule in config.pricing.rule),
        hedging=tuple(hedge.made() for hedge in config.hedging.hedge),
        sources=tuple(
            SourceTerms(s.name, s.fee_bps, s.weight, s.basis == "ewma", s.reference_of)
            for s in config.venues.source
        ),
        stream=config.pricing.stream.made(),
        policy=config.jurisdictions.made(),
        reduce_when=config.clients.kyc.reduce_when,
        limits=tuple(limit.made() for limit in config.limits.limit),
        throttles=tuple(row.made() for row in config.throttles.throttle),
        load=config.throttles.load.made(),
        hit_ratio=config.throttles.hit_ratio.made(),
        screening=ScreeningPolicy(
            config.screening.block_min,
            config.screening.review_min,
            config.screening.verdict_age_max_days,
        ),
    )


def _symbols_of(session: SessionConfig, dialects: dict[str, DialectConfig]) -> dict[str, str]:
    """What the session calls our symbols: its dialect's names, and its own."""
    dialect = session_dialect(session, dialects)
    names = dialect.symbols if dialect is not None else {}
    return dict(sorted((names | session.symbols).items()))


def session_of(s: SessionConfig, account: str, dialects: dict[str, DialectConfig]) -> Session:
    """What decisions know of a session. account: its own, or the one it has for want of one."""
    return Session(
        s.key,
        s.version,
        s.kind,
        s.client,
        account,
        s.broker,
        dict(sorted(s.end_clients.items())),
        s.drop_copy_of,
        s.side_of,
        s.quote_type_default,
        s.indicative_42,
        s.tell_expiry,
        s.age_by_transact_time,
        s.order_age_max_ms,
        s.quote_request_age_max_ms,
        s.clock_skew_max_ms,
        s.cancel_on_disconnect,
        s.cancel_grace_ms,
        s.allow_reset,
        s.unknown_tags,
        _symbols_of(s, dialects),
        s.messages_per_second,
        s.enabled,
        s.stream_interval_ms,
        s.drop_copy_accounts,
        s.drop_copy_delay_ms,
        session_dialect(s, dialects),
    )


def read_sessions(folder: Path) -> tuple[SessionsConfig, dict[str, DialectConfig]]:
    """Read sessions.toml of *folder* alone, and the dialects. Errors: ConfigError naming every
    problem in them."""
    problems: list[str] = []
    found = read(folder / "sessions.toml", SessionsConfig, problems)
    dialects = read_dialects(folder, problems)
    if found is None or problems:
        raise ConfigError("\n".join(problems))
    return found, dialects


def desk_hash(desk: Desk) -> str:
    """SHA-256 of the Desk's canonical bytes: what the journal compares at each boot."""
    return hashlib.sha256(msgspec.msgpack.encode(desk)).hexdigest()


def hash_secret(secret: str, salt: str) -> str:
    """`salt$sha256(salt + secret)`: how a session's random secret is kept (R13)."""
    return f"{salt}${hashlib.sha256((salt + secret).encode()).hexdigest()}"
