"""The models of throttles.toml: rates of messages, what lowers them, and who may try to log on."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from otcfix.config.models import Closed, Id
from otcfix.model.throttle import EVERYBODY, HitRatio, HitStep, LoadTerms, Throttle

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.config.checks import Problem

FILE = "throttles.toml"

Part = Annotated[Decimal, Field(gt=0, le=1)]
Factor = Annotated[Decimal, Field(ge=Decimal("0.001"), le=1, decimal_places=3)]
Milliseconds = Annotated[int, Field(ge=100, le=3_600_000)]


class ThrottleConfig(Closed):
    """[[throttle]]: one message class of one session, or of "*"; see `model.throttle`."""

    session: Annotated[str, Field(pattern=r"^([A-Za-z0-9_.-]{1,32}|\*)$")]
    message_class: Annotated[
        Literal["quote", "order", "replace", "status", "stream", "resent"], Field(alias="class")
    ]
    per_second: Annotated[Decimal, Field(ge=Decimal("0.001"), le=1_000_000)]
    burst: Annotated[int, Field(ge=1, le=1_000_000)]
    weight: Annotated[int, Field(ge=0, le=1_000)] = 1
    hard_factor: Annotated[int, Field(ge=2, le=1_000)] = 2
    hard_ms: Milliseconds = 3_000

    @field_validator("message_class", mode="before")
    @classmethod
    def _not_a_cancel(cls, value: object) -> object:
        if value == "cancel":
            raise ValueError("a cancel weighs nothing and is never throttled: leave the row out")
        return value

    @property
    def name(self) -> str:
        """As a problem with it names it."""
        return f"{self.session} {self.message_class}"

    def made(self) -> Throttle:
        """As the core has it."""
        return Throttle(**self.model_dump())


class LoadConfig(Closed):
    """[load]: rates of quotes, streams and status requests halve while more than mark messages
    wait, and grow back by step a second. mark 0: never."""

    mark: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    floor: Factor = Decimal("0.25")
    step: Factor = Decimal("0.1")

    def made(self) -> LoadTerms:
        """As the core has it."""
        return LoadTerms(**self.model_dump())


class HitStepConfig(Closed):
    """[[hit_ratio.step]]: below this part of quotes dealt on, factor of the rates."""

    below: Part
    factor: Factor


class HitRatioConfig(Closed):
    """[hit_ratio]: who asks much and deals little may ask less. Without steps: nobody."""

    quotes_min: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    window: Annotated[int, Field(ge=2, le=1_000_000)] = 1_000
    step: tuple[HitStepConfig, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "HitRatioConfig":
        # Both counts are halved at the window: a sample that is never there would say nothing.
        if self.quotes_min > self.window // 2:
            raise ValueError(f"quotes_min: expected at most half of window, {self.window // 2}")
        below = [step.below for step in self.step]
        if len(set(below)) < len(below):
            raise ValueError("step: expected each below once")
        return self

    def made(self) -> HitRatio:
        """As the core has it."""
        steps = tuple(HitStep(step.below, step.factor) for step in self.step)
        return HitRatio(self.quotes_min, self.window, steps)


class LogonConfig(Closed):
    """[logon]: how often somebody may fail before he is turned away for a while (fix/backoff.py).

    failures: failed logons of an address, or of an address for one session, before the first
    back-off of backoff_s, which doubles with each further one, up to backoff_max_s.
    session_failures: of a session from addresses that never logged on to it. logons_per_second,
    logon_burst: attempts of any kind for one session from one address. addresses_max: what is
    remembered. proxies: addresses behind which many stand; none of this can tell them apart.
    """

    failures: Annotated[int, Field(ge=1, le=10_000)] = 10
    session_failures: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    backoff_s: Annotated[Decimal, Field(gt=0, le=3_600)] = Decimal(1)
    backoff_max_s: Annotated[Decimal, Field(gt=0, le=86_400)] = Decimal(300)
    logons_per_second: Annotated[Decimal, Field(ge=Decimal("0.01"), le=10_000)] = Decimal(2)
    logon_burst: Annotated[int, Field(ge=1, le=10_000)] = 20
    addresses_max: Annotated[int, Field(ge=10, le=10_000_000)] = 10_000
    proxies: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "LogonConfig":
        if self.backoff_s > self.backoff_max_s:
            raise ValueError(f"backoff_s: expected at most backoff_max_s, {self.backoff_max_s}")
        return self


class ThrottlesConfig(Closed):
    """throttles.toml. Without the file nothing but logons is limited."""

    throttle: tuple[ThrottleConfig, ...] = ()
    load: LoadConfig = LoadConfig()
    hit_ratio: HitRatioConfig = HitRatioConfig()
    logon: LogonConfig = LogonConfig()


def check_throttles(config: "Config", problem: "Problem") -> None:
    """Tell *problem* every row of a session that is none, and every row that stands there twice."""
    clients = {s.key for s in config.sessions.session if s.kind != "provider"}
    names: set[str] = set()
    for row in config.throttles.throttle:
        if row.name in names:
            problem(FILE, "throttle", f"{row.name} stands there more than once")
        names.add(row.name)
        if row.session not in clients | {EVERYBODY}:
            expected = f'expected "*" or one of {sorted(clients)}'
            problem(FILE, f"throttle {row.name}.session", expected)
