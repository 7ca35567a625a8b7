"""The models of config/*.toml: frozen, closed, bounded, one class a table."""

import os
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

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
            week_span(text)
        return value


def week_span(text: str) -> tuple[int, int]:
    """`sun 17:00 - fri 17:00` as minutes from Monday 00:00. Errors: ValueError."""
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
    asset_class: Annotated[str, Field(pattern=r"^[a-z0-9_]{0,32}$")] = ""
    product: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")] = "spot"


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
    countries: tuple[str, ...] = ()
    heartbeat_min: Annotated[int, Field(ge=5, le=60)] = 5
    heartbeat_max: Annotated[int, Field(ge=5, le=60)] = 60
    schedule: ScheduleConfig | None = None
    allow_reset: bool = False
    reset_on_logon: bool = False
    next_expected: bool = False
    dictionary: str = ""
    enabled: bool = True
    broker: bool = False
    end_clients: dict[Id, Id] = {}
    drop_copy_of: tuple[str, ...] = ()
    drop_copy_accounts: tuple[Id, ...] = ()
    drop_copy_delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
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
    cancel_on_disconnect_tag: Annotated[int, Field(ge=5_000, le=99_999)] | None = None
    cancel_grace_ms: Annotated[int, Field(ge=0)] = 0
    unknown_tags: Literal["reject", "ignore"] = "reject"
    symbols: dict[str, str] = {}
    messages_per_second: Annotated[int, Field(ge=0)] = 0
    unproven_max: Annotated[int, Field(ge=10)] = 2_000
    stream_interval_ms: Annotated[int, Field(ge=0, le=5_000)] = 0
    stream_unproven_max: Annotated[int, Field(ge=210)] = 500

    @field_validator("end_clients", mode="before")
    @classmethod
    def _named_as_they_are(cls, value: object) -> object:
        """["ACME", "BOLT"] are end clients who go by their client ids."""
        return {name: name for name in value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _only_drop_copies_copy(self) -> "SessionConfig":
        copies = self.drop_copy_of or self.drop_copy_accounts or self.drop_copy_delay_ms
        if copies and self.kind != "drop_copy":
            raise ValueError("drop_copy_of, _accounts, _delay_ms: expected only with drop_copy")
        return self

    @model_validator(mode="after")
    def _only_brokers_bridge(self) -> "SessionConfig":
        if self.broker != bool(self.end_clients):
            raise ValueError("broker, end_clients: expected both or none of them")
        return self


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
    """simulated = {...} of a source: a seeded random walk around *mid* (see venues/simulated).

    follows: another simulated source of the same base, whose mid it goes with instead of a walk of
    its own; sigma_bps is its own noise then.
    """

    seed: int
    mid: Positive | None = None
    follows: str = ""
    tick: Positive = Decimal("0.01")
    lot: Positive = Decimal("0.001")
    half_spread_bps: Positive = Decimal(1)
    sigma_bps: NotNegative = Decimal("0.3")
    levels: Annotated[int, Field(ge=1, le=50)] = 10
    level_notional: Positive = Decimal(100_000)
    interval_ms: Annotated[int, Field(ge=1)] = 100
    frozen: bool = False

    @model_validator(mode="after")
    def _begins_somewhere(self) -> "SimulatedConfig":
        if (self.mid is None) == (not self.follows):
            raise ValueError("mid, follows: expected one of them")
        return self


class RecordedConfig(Closed):
    """recorded = {...} of a source: a file of venue messages, replayed."""

    file: str
    speed: Positive = Decimal(1)
    loop: bool = True


class ProviderConfig(Closed):
    """[[provider]] of venues.toml: a liquidity provider that we log on to.

    stream: its sources are subscribed to (35=V); incremental: by changes (265=1) rather than whole
    books; depth: 264, 0 for all of it. rfq: it may be asked for quotes (35=R). hedge: it takes our
    orders (35=D). symbols: the desk's symbols in its words, where no source says them. secret_env
    names the environment variable that holds the password. clock_skew_max_ms: how far its clock may
    lie behind ours before its prices count as old.
    """

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)]
    version: Literal["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"] = "FIX.4.4"
    sender_comp_id: Id
    target_comp_id: Id
    username: str = ""
    secret: str = ""
    secret_env: str = ""
    heartbeat: Annotated[int, Field(ge=1, le=60)] = 10
    reconnect_s: Annotated[int, Field(ge=1, le=600)] = 2
    reset_on_logon: bool = False
    next_expected: bool = False
    stream: bool = True
    incremental: bool = True
    depth: Annotated[int, Field(ge=0, le=1_000)] = 0
    rfq: bool = False
    rfq_timeout_ms: Annotated[int, Field(ge=10, le=60_000)] = 1_000
    hedge: bool = False
    account: str = ""
    symbols: dict[str, str] = {}
    clock_skew_max_ms: Annotated[int, Field(ge=0)] = 1_000

    def the_secret(self) -> str:
        """The password: of the environment where secret_env names a variable, else as written."""
        return os.environ.get(self.secret_env, "") if self.secret_env else self.secret


class ExchangeConfig(Closed):
    """exchange = {...} of a source: its WebSocket, through ccxt (otcfix[exchanges]).

    id and symbol in ccxt's words: "kraken" and "BTC/USD", "binanceusdm" and "BTC/USDT:USDT".
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    symbol: Id


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
    fee_bps: Annotated[Decimal, Field(ge=0, lt=4_000)] = Decimal(0)  # a cross pays two of them
    weight: Positive = Decimal(1)
    silence_max_ms: Annotated[int, Field(ge=0)] = 0
    simulated: SimulatedConfig | None = None
    recorded: RecordedConfig | None = None
    exchange: ExchangeConfig | None = None
    session: str = ""
    provider: str = ""


class VenuesConfig(Closed):
    """venues.toml. fixed_rates: what one unit is worth in the limit currency, by decree."""

    source: tuple[SourceConfig, ...] = ()
    provider: tuple[ProviderConfig, ...] = ()
    fixed_rates: dict[str, Positive] = {}
    custody: str = "custody"
