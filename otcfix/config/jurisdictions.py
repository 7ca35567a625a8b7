"""jurisdictions.toml: who may deal in what by the law of where he is. Required: without it nothing
is allowed."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from otcfix.config.models import Closed, Id, NotNegative
from otcfix.gate.policy import canonical
from otcfix.model.limit import MEASURES
from otcfix.model.policy import ALLOW, ANY, CLASS_PREFIX, LIMIT, Licence, Policy, PolicyRule
from otcfix.model.profile import CLASSES

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,32}$")]
Place = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9_-]{2,32})$")]


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


class _Dated(Closed):
    """What holds from one day to another, both included (UTC); no date is open."""

    id: Id
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "_Dated":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")
        return self


class RuleConfig(_Dated):
    """[[rule]]: a name or "*" in each dimension, and what follows."""

    effect: Literal["ALLOW", "DENY", "LIMIT", "REVIEW"]
    jurisdiction: Place = ANY
    asset: Annotated[str, Field(min_length=1, max_length=64)] = ANY
    client_class: str = ANY
    product: Annotated[str, Field(pattern=r"^(\*|[a-z0-9_]{1,32})$")] = ANY
    side: Literal["*", "buy", "sell"] = "*"
    limits: dict[str, NotNegative] = Field(default_factory=dict)
    licence: str = ""
    legal_reference: str = ""

    @field_validator("client_class")
    @classmethod
    def _known_class(cls, value: str) -> str:
        if value not in (ANY, *CLASSES):
            raise ValueError(f"expected * or one of {', '.join(CLASSES)}")
        return value

    @field_validator("asset")
    @classmethod
    def _whole(cls, value: str) -> str:
        if value == CLASS_PREFIX:
            raise ValueError("expected a class behind class:")
        return value

    @model_validator(mode="after")
    def _fits_its_effect(self) -> "RuleConfig":
        if (self.effect == LIMIT) != bool(self.limits):
            raise ValueError("limits: expected in a rule of effect LIMIT, and only there")
        for measure in sorted(set(self.limits) - set(MEASURES)):
            raise ValueError(f"limits: no measure {measure}; there are {', '.join(MEASURES)}")
        if self.licence and self.effect not in (ALLOW, LIMIT):
            raise ValueError(f"licence: a rule of effect {self.effect} allows nothing")
        return self

    def made(self) -> PolicyRule:
        """As decide reads it."""
        return PolicyRule(
            self.id,
            self.effect,
            self.jurisdiction,
            self.asset,
            self.client_class,
            self.product,
            self.side,
            tuple((name, _plain(amount)) for name, amount in sorted(self.limits.items())),
            self.licence,
            self.legal_reference,
            _day(self.valid_from),
            _day(self.valid_to),
        )


def _plain(amount: Decimal) -> Decimal:
    """The same number however it was written (exact): 1e6, 1000000.0 and 1000000 are one rule."""
    return Decimal(f"{amount.normalize():f}")


class LicenceConfig(_Dated):
    """[[licence]]: what the desk may do, and where."""

    kind: Id
    jurisdiction: Place
    entity: str = ""
    scope: str = ""
    active: bool = True

    def made(self) -> Licence:
        """As decide reads it."""
        return Licence(
            self.id,
            self.kind,
            self.jurisdiction,
            self.entity,
            self.scope,
            self.active,
            _day(self.valid_from),
            _day(self.valid_to),
        )


class GeofenceConfig(Closed):
    """[geofence]: where addresses lie. file: lines of network,country beside this file. It is read
    when the desk starts."""

    file: str = ""


class JurisdictionsConfig(Closed):
    """jurisdictions.toml. other_assets: what the desk does not deal in, and rules may name."""

    other_assets: tuple[str, ...] = ()
    regions: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    rule: tuple[RuleConfig, ...] = ()
    licence: tuple[LicenceConfig, ...] = ()
    geofence: GeofenceConfig = GeofenceConfig()

    def made(self) -> Policy:
        """As decide reads it, with its version."""
        return canonical(
            Policy(
                "",
                dict(self.regions),
                tuple(rule.made() for rule in self.rule),
                tuple(licence.made() for licence in self.licence),
            )
        )
