"""The configuration: frozen, closed models of config/*.toml, and the Desk that decide reads.

A misspelt key is an error, never a silent default. `load` reports every problem at once, each with
file, key and what was expected. Numbers become Decimal in the TOML reader: no float is ever made.
"""

import hashlib
import os
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from otcfix.model.errors import ConfigError
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.money import Asset
from otcfix.model.party import Client, Desk, Session, Tier

FILES = ("desk.toml", "clients.toml", "sessions.toml", "venues.toml")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Positive = Annotated[Decimal, Field(gt=0)]
NotNegative = Annotated[Decimal, Field(ge=0)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


class Closed(BaseModel):
    """Frozen, and no key that is not named here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AssetConfig(Closed):
    """[[asset]] of desk.toml."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,12}$")]
    scale: Annotated[int, Field(ge=0, le=18)]


class HoursConfig(Closed):
    """[hours.NAME] of desk.toml: `sessions = ["sun 17:00 - fri 17:00"]`; none means 24/7."""

    zone: str = "UTC"
    sessions: tuple[str, ...] = ()
    holidays: tuple[date, ...] = ()

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected an IANA time zone such as America/New_York")
        return value

    @field_validator("sessions")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            _week_span(text)
        return value


def _week_span(text: str) -> tuple[int, int]:
    try:
        start, end = (part.split() for part in text.split(" - "))
        return _week_minute(*start), _week_minute(*end)
    except (ValueError, TypeError):
        raise ValueError(f'expected "sun 17:00 - fri 17:00", got "{text}"') from None


def _week_minute(day: str, clock: str) -> int:
    hour, minute = clock.split(":")
    if not (0 <= int(hour) < 24 and 0 <= int(minute) < 60):
        raise ValueError(clock)
    return WEEK.index(day.lower()) * 1440 + int(hour) * 60 + int(minute)


class TradingDayConfig(Closed):
    """[trading_day] of desk.toml (A8)."""

    zone: str = "America/New_York"
    end: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "17:00"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        return HoursConfig._known(value)


class InstrumentConfig(Closed):
    """[[instrument]] of desk.toml. Prices in terms per base, quantities in base."""

    symbol: Id
    base: str
    terms: str
    tick: Positive
    lot: Positive
    qty_min: Positive
    qty_max: Positive
    price_age_max_ms: Annotated[int, Field(gt=0, le=600_000)] = 2_000
    quote_life_ms: Annotated[int, Field(ge=100, le=600_000)] = 3_000
    collar_bps: Positive = Decimal(500)
    cancel_band_bps: NotNegative = Decimal(0)
    partial_min: Positive | None = None
    settl_days: Annotated[int, Field(ge=0, le=10)] = 0
    hours: str = ""


class TierConfig(Closed):
    """[[tier]] of desk.toml. Both in basis points."""

    name: Id
    half_spread_bps: NotNegative
    fee_bps: NotNegative = Decimal(0)


class DeskConfig(Closed):
    """desk.toml."""

    name: Id
    limit_currency: str
    id_key: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){16,32}$")] | None = None
    price_age_max_ms: Annotated[int, Field(gt=0)] = 5_000
    quote_request_lines_max: Annotated[int, Field(ge=1, le=100)] = 20
    refused_hits_max: Annotated[int, Field(ge=1, le=1000)] = 3
    indicative_life_ms: Annotated[int, Field(ge=1_000)] = 60_000
    clock_skew_max_ms: Annotated[int, Field(ge=100)] = 1_000
    trading_day: TradingDayConfig = TradingDayConfig()
    hours: dict[str, HoursConfig] = {}
    asset: tuple[AssetConfig, ...]
    instrument: tuple[InstrumentConfig, ...]
    tier: tuple[TierConfig, ...]


class ClientConfig(Closed):
    """[[client]] of clients.toml. Limits in the desk's limit currency."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    name: str
    enabled: bool = True
    tier: str
    accounts: tuple[Id, ...]
    instruments: tuple[str, ...]
    quote_notional_max: Positive
    order_notional_max: Positive
    position_max: Positive
    open_orders_max: Annotated[int, Field(ge=0)] = 100
    open_quotes_max: Annotated[int, Field(ge=0)] = 100
    slippage_default_bps: Annotated[Decimal, Field(ge=0, lt=10_000)]
    settlement_limits: dict[str, NotNegative] = {}
    prefund: dict[str, Positive] = {}


class ClientsConfig(Closed):
    """clients.toml."""

    client: tuple[ClientConfig, ...]


class ScheduleConfig(Closed):
    """schedule of a session: UTC times; days for a weekly session. Absent: non-stop."""

    start: Annotated[str, Field(pattern=r"^\d\d:\d\d:\d\d$")]
    end: Annotated[str, Field(pattern=r"^\d\d:\d\d:\d\d$")]
    start_day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None
    end_day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None


class SessionConfig(Closed):
    """[[session]] of sessions.toml."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    version: Literal["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"]
    sender_comp_id: Id
    target_comp_id: Id
    kind: Literal["quote", "trade", "both", "drop_copy", "provider"] = "both"
    client: str
    account: str = ""
    username: Id
    password_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}\$[0-9a-f]{64}$")]
    allowed_remote_addresses: tuple[str, ...] = ()
    heartbeat_min: Annotated[int, Field(ge=5, le=60)] = 5
    heartbeat_max: Annotated[int, Field(ge=5, le=60)] = 60
    schedule: ScheduleConfig | None = None
    allow_reset: bool = False
    reset_on_logon: bool = False
    dictionary: str = ""
    enabled: bool = True
    broker: bool = False
    end_clients: tuple[Id, ...] = ()
    drop_copy_of: tuple[str, ...] = ()
    side_of: Literal["currency", "base"] = "currency"
    flat_quote_request: bool = False
    quote_type_default: Literal[0, 1] = 1
    indicative_42: Literal["refuse", "sizeless"] = "refuse"
    tell_expiry: bool = False
    age_by_transact_time: bool = False
    order_age_max_ms: Annotated[int, Field(gt=0)] = 5_000
    quote_request_age_max_ms: Annotated[int, Field(gt=0)] = 2_000
    clock_skew_max_ms: Annotated[int, Field(ge=0)] = 1_000
    cancel_on_disconnect: bool = False
    cancel_grace_ms: Annotated[int, Field(ge=0)] = 0
    unknown_tags: Literal["reject", "ignore"] = "reject"
    symbols: dict[str, str] = {}
    messages_per_second: Annotated[int, Field(ge=0)] = 0
    unproven_max: Annotated[int, Field(ge=10)] = 2_000


class AcceptorConfig(Closed):
    """[acceptor] of sessions.toml."""

    allow_from: tuple[str, ...] = ("127.0.0.1",)
    port: Annotated[int, Field(ge=0, le=65_535)] = 9878
    store: str = "state/fix"
    inbox_share: Annotated[int, Field(ge=8)] = 512
    inbox_cancel_reserve: Annotated[int, Field(ge=1)] = 256


class SessionsConfig(Closed):
    """sessions.toml."""

    acceptor: AcceptorConfig = AcceptorConfig()
    session: tuple[SessionConfig, ...]


class SimulatedConfig(Closed):
    """simulated = {...} of a source: a seeded random walk around *mid* (see venues/simulated)."""

    seed: int
    mid: Positive
    tick: Positive = Decimal("0.01")
    lot: Positive = Decimal("0.001")
    half_spread_bps: Positive = Decimal(1)
    sigma_bps: NotNegative = Decimal("0.3")
    levels: Annotated[int, Field(ge=1, le=50)] = 10
    level_notional: Positive = Decimal(100_000)
    interval_ms: Annotated[int, Field(ge=1)] = 100
    frozen: bool = False


class RecordedConfig(Closed):
    """recorded = {...} of a source: a file of venue messages, replayed."""

    file: str
    speed: Positive = Decimal(1)
    loop: bool = True


class SourceConfig(Closed):
    """[[source]] of venues.toml (R11): venue, what is quoted, in which asset."""

    name: Id
    venue: Id
    kind: Literal["spot", "perpetual"] = "spot"
    base: str
    quote: str
    selector: str = ""
    basis: Literal["none", "ewma"] = "none"
    half_life_s: Annotated[int, Field(ge=1)] = 60
    warm_up_s: Annotated[int, Field(ge=1)] = 120
    reference_of: str = ""
    depth: Annotated[int, Field(ge=1, le=50)] = 10
    simulated: SimulatedConfig | None = None
    recorded: RecordedConfig | None = None
    session: str = ""


class VenuesConfig(Closed):
    """venues.toml. fixed_rates: what one unit is worth in the limit currency, by decree."""

    source: tuple[SourceConfig, ...] = ()
    fixed_rates: dict[str, Positive] = {}
    custody: str = "custody"


class Config(Closed):
    """All of it, with where it came from."""

    folder: Path
    desk: DeskConfig
    clients: ClientsConfig
    sessions: SessionsConfig
    venues: VenuesConfig

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
    models = (DeskConfig, ClientsConfig, SessionsConfig, VenuesConfig)
    for name, model in zip(FILES, models, strict=True):
        parts[name] = _read(folder / name, model, problems)
    if not problems:
        config = Config(folder=folder, **{n.split(".")[0]: part for n, part in parts.items()})
        problems += _cross_check(config)
        if not problems:
            return config
    raise ConfigError("\n".join(problems))


def _read(path: Path, model: type[Closed], problems: list[str]) -> Closed | None:
    try:
        with path.open("rb") as file:
            document = tomllib.load(file, parse_float=Decimal)
    except FileNotFoundError:
        problems.append(f"{path}: not there; expected a TOML file (see the shipped config/)")
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: not TOML: {error}")
        return None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        for detail in error.errors():
            key = _key(detail["loc"], document)
            got = "" if detail["type"] in ("missing",) else f" (got {detail['input']!r:.60})"
            problems.append(f"{path}: {key}: {detail['msg']}{got}")
        return None


def _key(location: tuple[int | str, ...], document: Any) -> str:
    """session[2].version (FUND_A): the place of a problem, with the entry's own name."""
    words, here, name = "", document, ""
    for part in location:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else str(part)
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(here, dict):
            name = str(here.get("key") or here.get("id") or here.get("symbol") or name)
    return f"{words} ({name})" if name else words


def _cross_check(config: Config) -> list[str]:
    found: list[str] = []

    def problem(file: str, key: str, expected: str) -> None:
        found.append(f"{config.folder / file}: {key}: {expected}")

    desk = config.desk
    assets = {a.code for a in desk.asset}
    symbols = {i.symbol for i in desk.instrument}
    tiers = {t.name for t in desk.tier}
    clients = {c.id: c for c in config.clients.client}
    _unique([a.code for a in desk.asset], "asset.code", "desk.toml", problem)
    _unique([i.symbol for i in desk.instrument], "instrument.symbol", "desk.toml", problem)
    _unique([c.id for c in config.clients.client], "client.id", "clients.toml", problem)
    _unique([s.key for s in config.sessions.session], "session.key", "sessions.toml", problem)
    pairs = [f"{s.version} {s.sender_comp_id} {s.target_comp_id}" for s in config.sessions.session]
    _unique(pairs, "session CompIDs", "sessions.toml", problem)
    if desk.limit_currency not in assets:
        problem("desk.toml", "limit_currency", f"expected one of {sorted(assets)}")
    if not (os.environ.get("OTCFIX_ID_KEY") or desk.id_key):
        problem("desk.toml", "id_key", "expected 32 to 64 hex digits, here or in OTCFIX_ID_KEY")
    for i in desk.instrument:
        for leg in (i.base, i.terms):
            if leg not in assets:
                problem("desk.toml", f"instrument {i.symbol}", f"asset {leg} is not listed")
        if i.hours and i.hours not in desk.hours:
            problem("desk.toml", f"instrument {i.symbol}.hours", f"no [hours.{i.hours}]")
        if i.qty_min > i.qty_max:
            problem("desk.toml", f"instrument {i.symbol}.qty_min", "expected at most qty_max")
    for c in config.clients.client:
        if c.tier not in tiers:
            problem("clients.toml", f"client {c.id}.tier", f"expected one of {sorted(tiers)}")
        for symbol in set(c.instruments) - symbols - {"*"}:
            problem("clients.toml", f"client {c.id}.instruments", f"unknown symbol {symbol}")
        for code in (set(c.settlement_limits) | set(c.prefund)) - assets:
            problem("clients.toml", f"client {c.id}", f"unknown asset {code}")
    for s in config.sessions.session:
        where = f"session {s.key}"
        if s.kind not in ("provider", "drop_copy") and s.client not in clients:
            problem("sessions.toml", f"{where}.client", f"expected one of {sorted(clients)}")
        known = clients.get(s.client)
        if s.account and known and s.account not in known.accounts:
            problem("sessions.toml", f"{where}.account", f"not an account of {s.client}")
        for client in set(s.drop_copy_of) - set(clients):
            problem("sessions.toml", f"{where}.drop_copy_of", f"unknown client {client}")
        for symbol in set(s.symbols.values()) - symbols:
            problem("sessions.toml", f"{where}.symbols", f"unknown symbol {symbol}")
        if s.flat_quote_request and s.version != "FIX.4.2":
            problem("sessions.toml", f"{where}.flat_quote_request", "expected only in FIX.4.2")
        if s.dictionary and not (config.folder / s.dictionary).is_file():
            problem("sessions.toml", f"{where}.dictionary", f"no file {s.dictionary}")
        if s.heartbeat_min > s.heartbeat_max:
            problem("sessions.toml", f"{where}.heartbeat_min", "expected at most heartbeat_max")
    for source in config.venues.source:
        if (source.simulated is None) == (source.recorded is None) and not source.session:
            problem(
                "venues.toml", f"source {source.name}", "expected simulated, recorded or session"
            )
    return found


def _unique(names: list[str], key: str, file: str, problem: Any) -> None:
    for name in sorted({n for n in names if names.count(n) > 1}):
        problem(file, key, f"{name} stands there more than once")


def _desk(config: Config) -> Desk:
    desk = config.desk
    assets = {a.code: Asset(a.code, a.scale) for a in desk.asset}
    hour, minute = desk.trading_day.end.split(":")
    hours = {
        name: Hours(h.zone, tuple(_week_span(text) for text in h.sessions), h.holidays)
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
        )
        for i in desk.instrument
    )
    every = tuple(i.symbol for i in instruments)
    clients = tuple(
        Client(
            c.id,
            c.name,
            c.enabled,
            c.tier,
            c.accounts,
            every if "*" in c.instruments else c.instruments,
            c.quote_notional_max,
            c.order_notional_max,
            c.position_max,
            c.open_orders_max,
            c.open_quotes_max,
            c.slippage_default_bps,
            {
                code: int(limit.scaleb(assets[code].scale))
                for code, limit in sorted(c.settlement_limits.items())
            },
        )
        for c in config.clients.client
    )
    accounts = {c.id: c.accounts[0] for c in config.clients.client if c.accounts}
    sessions = tuple(
        Session(
            s.key,
            s.version,
            s.kind,
            s.client,
            s.account or accounts.get(s.client, ""),
            s.broker,
            s.end_clients,
            s.drop_copy_of,
            s.side_of,
            s.flat_quote_request,
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
            dict(sorted(s.symbols.items())),
            s.messages_per_second,
            s.enabled,
        )
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
    )


def desk_hash(desk: Desk) -> str:
    """SHA-256 of the Desk's canonical bytes: what the journal compares at each boot."""
    return hashlib.sha256(msgspec.msgpack.encode(desk)).hexdigest()


def hash_secret(secret: str, salt: str) -> str:
    """`salt$sha256(salt + secret)`: how a session's random secret is kept (R13)."""
    return f"{salt}${hashlib.sha256((salt + secret).encode()).hexdigest()}"
