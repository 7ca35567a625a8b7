"""The models of config/*.toml: frozen, closed, bounded, one class a table."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from otcfix.config.loopback import loopback_address

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Positive = Annotated[Decimal, Field(gt=0)]
NotNegative = Annotated[Decimal, Field(ge=0)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


Version = Literal[
    "FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIX.5.0", "FIX.5.0SP1", "FIX.5.0SP2"
]
SPOKEN = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")
"""The versions that a desk deals in; the others are for `serve --echo`."""

CertificateName = Annotated[
    str, Field(pattern=r"^(sha256:[0-9A-Fa-f]{64}|CN=[ -~]{1,64})$", max_length=80)
]
"""A client certificate: `sha256:` and its SHA-256 fingerprint, or `CN=` and its subject's name."""


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


CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ScheduleConfig(Closed):
    """schedule of a session, in the local time of *zone*. Absent: non-stop, numbers run on.

    start, end: of every day, of *days* alone, or from start_day to end_day once a week; neither:
    always open. resets: when numbers start anew, "17:00" or "sun 17:00"; absent: at each start,
    none: never.
    """

    zone: str = "UTC"
    start: Annotated[str, Field(pattern=f"^({CLOCK})?$")] = ""
    end: Annotated[str, Field(pattern=f"^({CLOCK})?$")] = ""
    start_day: Weekday | None = None
    end_day: Weekday | None = None
    days: tuple[Weekday, ...] = ()
    resets: (
        tuple[Annotated[str, Field(pattern=f"^((mon|tue|wed|thu|fri|sat|sun) )?{CLOCK}$")], ...]
        | None
    ) = None

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        return HoursConfig._known(value)

    @model_validator(mode="after")
    def _is_whole(self) -> "ScheduleConfig":
        if bool(self.start) != bool(self.end):
            raise ValueError("expected start and end, or neither")
        if bool(self.start_day) != bool(self.end_day):
            raise ValueError("expected start_day and end_day, or neither")
        if self.start_day and self.days:
            raise ValueError("expected days, or start_day and end_day, not both")
        if not self.start and (self.start_day or self.days):
            raise ValueError("days without start and end")
        if not self.start and not self.resets:
            raise ValueError("expected start and end, resets, or no schedule at all")
        return self


class SessionConfig(Closed):
    """[[session]] of sessions.toml."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    stock_dictionary: bool = False
    version: Version
    sender_comp_id: Id
    target_comp_id: Id
    kind: Literal["quote", "trade", "both", "drop_copy", "provider"] = "both"
    client: str = ""
    account: str = ""
    authentication: Literal["password", "none"] = "password"
    username: Id = ""
    password_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}\$[0-9a-f]{64}$")] = ""
    check_values: bool = True
    tls: Literal["required", "optional", "refused"] = "optional"
    certificate: tuple[CertificateName, ...] = ()
    allowed_remote_addresses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    heartbeat_min: Annotated[int, Field(ge=5, le=60)] = 5
    heartbeat_max: Annotated[int, Field(ge=5, le=60)] = 60
    schedule: ScheduleConfig | None = None
    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,32}$")] = ""
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
    dialect: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,32}$")] = ""

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

    @field_validator("version")
    @classmethod
    def _spoken(cls, value: str, others: ValidationInfo) -> str:
        if value not in SPOKEN and not others.data.get("stock_dictionary"):
            raise ValueError(f"expected one of {', '.join(SPOKEN)}; more with stock_dictionary")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "SessionConfig":
        if self.authentication == "password":
            for name in ("client", "username", "password_hash"):
                if name not in self.model_fields_set:
                    raise PydanticCustomError("missing", f"{name}: Field required")
        if self.certificate and self.tls != "required":
            expected = 'tls: expected "required" where a certificate is named'
            raise PydanticCustomError("missing", expected)
        return self


class AcceptorConfig(Closed):
    """[acceptor] of sessions.toml."""

    allow_from: tuple[str, ...] = ("127.0.0.1",)
    port: Annotated[int, Field(ge=0, le=65_535)] = 9878
    store: str = "state/fix"
    inbox_share: Annotated[int, Field(ge=8)] = 512
    inbox_cancel_reserve: Annotated[int, Field(ge=1)] = 256
    proxy_from: tuple[str, ...] = ()
    tls_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    certificate: str = ""
    private_key: str = ""
    client_ca: str = ""
    client_certificate: Literal["optional", "required"] = "optional"
    tls_version_min: Literal["1.2", "1.3"] = "1.2"


class ControlConfig(Closed):
    """[control] of sessions.toml: where a running desk is asked and told of its sessions.

    socket: its Unix socket, "" for control.sock in the acceptor's store; listen: besides, over TCP,
    by the token in the file beside the socket.
    """

    socket: str = ""
    listen: str = ""

    @field_validator("listen")
    @classmethod
    def _nobody_else(cls, value: str) -> str:
        if value:
            loopback_address(value)
        return value


class SessionsConfig(Closed):
    """sessions.toml."""

    acceptor: AcceptorConfig = AcceptorConfig()
    control: ControlConfig = ControlConfig()
    session: tuple[SessionConfig, ...]
