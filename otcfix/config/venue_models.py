"""The models of venues.toml: where prices come from, and who is dealt with."""

import os
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from otcfix.config.models import Closed, Id, NotNegative, Positive


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
    symbols: dict[str, str] = Field(default_factory=dict)
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
    fixed_rates: dict[str, Positive] = Field(default_factory=dict)
    custody: str = "custody"
