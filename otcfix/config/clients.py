"""The models of clients.toml: who the clients are, what they may deal in, and how they are known.

The file is the seed of the register: what a command sets wins over it from then on, field by field.
"""

import ipaddress
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from stdnum import bic, iban, lei
from stdnum.exceptions import ValidationError as BadNumber

from otcfix.config.models import Closed, Id, NotNegative, Positive
from otcfix.model.countries import is_country, is_jurisdiction
from otcfix.model.party import Client
from otcfix.model.profile import (
    APPROVED,
    BankAccount,
    Document,
    Kyc,
    Owner,
    Profile,
    Wallet,
)
from otcfix.model.proposal import same_person
from otcfix.model.time import day_start, is_day


def _day(value: str) -> str:
    if value and not is_day(value):
        raise ValueError('expected a date, as "2027-12-31"')
    return value


def _birth(value: str) -> str:
    if not (len(value) == 4 and value.isdecimal()):
        _day(value)
    return value


def _lei(value: str) -> str:
    try:
        return str(lei.validate(value)) if value else ""
    except BadNumber as error:
        raise ValueError(f"expected an LEI with its check digits: {error}") from None


def _iban(value: str) -> str:
    try:
        return str(iban.validate(value))
    except BadNumber as error:
        raise ValueError(f"expected an IBAN with its check digits: {error}") from None


def _bic(value: str) -> str:
    try:
        return str(bic.validate(value)) if value else ""
    except BadNumber as error:
        raise ValueError(f"expected a BIC: {error}") from None


def network(value: str) -> str:
    """An address or a network (CIDR), as it is kept. Errors: ValueError."""
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"expected an address or a network, as 192.0.2.0/24: {error}") from None


def _country(value: str) -> str:
    if value and not is_country(value):
        raise ValueError("expected a country of ISO 3166, as CH")
    return value


def _jurisdiction(value: str) -> str:
    if not is_jurisdiction(value):
        raise ValueError("expected ISO 3166, as CH or US-NY")
    return value


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


Day = Annotated[str, BeforeValidator(_text), AfterValidator(_day)]
"""A date of ISO 8601, quoted or not; "" for none."""

Birth = Annotated[str, BeforeValidator(_text), AfterValidator(_birth)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Country = Annotated[str, AfterValidator(_country)]
Jurisdiction = Annotated[str, AfterValidator(_jurisdiction)]


class OwnerConfig(Closed):
    """[[client.profile.owners]]: share in per cent; birth: a date or a year."""

    name: Name
    share: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    birth: Birth = ""
    country: Country = ""

    def made(self) -> Owner:
        """As decide reads it."""
        return Owner(self.name, self.share, self.birth, self.country)


class DocumentConfig(Closed):
    """[[client.profile.kyc.documents]]."""

    kind: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expires: Day = ""

    def made(self) -> Document:
        """As decide reads it."""
        return Document(self.kind, self.sha256, self.expires)


class KycConfig(Closed):
    """[client.profile.kyc]: APPROVED takes two people, made_by and approved_by."""

    status: Literal["NONE", "PENDING", "APPROVED", "UNDER_REVIEW", "REFUSED"] = "NONE"
    level: str = ""
    expires: Day = ""
    documents: tuple[DocumentConfig, ...] = ()
    made_by: str = ""
    approved_by: str = ""
    approved_on: Day = ""

    @model_validator(mode="after")
    def _two_people(self) -> "KycConfig":
        if self.status == APPROVED:
            if not (self.made_by.strip() and self.approved_by.strip()):
                raise ValueError("APPROVED: expected made_by and approved_by")
            if same_person(self.made_by, self.approved_by):
                raise ValueError(f"approved_by: expected another person than {self.made_by}")
        if self.status == "PENDING" and not self.made_by.strip():
            raise ValueError("PENDING: expected made_by, who does not approve it")
        return self

    def made(self) -> Kyc:
        """As decide reads it."""
        return Kyc(
            self.status,
            self.level,
            self.expires,
            tuple(one.made() for one in self.documents),
            self.made_by,
            self.approved_by,
            day_start(self.approved_on) if self.approved_on else 0,
        )


class WalletConfig(Closed):
    """wallets = [{...}] of a profile: an address that he may be paid to."""

    asset: str
    address: Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]

    def made(self) -> Wallet:
        """As decide reads it."""
        return Wallet(self.asset, self.address)


class BankConfig(Closed):
    """banks = [{...}] of a profile: an account that he may be paid to."""

    iban: Annotated[str, AfterValidator(_iban)]
    bic: Annotated[str, AfterValidator(_bic)] = ""
    bank: str = ""

    def made(self) -> BankAccount:
        """As decide reads it."""
        return BankAccount(self.iban, self.bic, self.bank)


class ProfileConfig(Closed):
    """[client.profile] of clients.toml."""

    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    lei: Annotated[str, AfterValidator(_lei)] = ""
    jurisdiction: Jurisdiction
    client_class: Literal["retail", "professional", "eligible_counterparty"]
    birth: Birth = ""
    owners: tuple[OwnerConfig, ...] = ()
    kyc: KycConfig = KycConfig()
    settlement_mode: Literal["prefunded", "credit"] = "prefunded"
    wallets: tuple[WalletConfig, ...] = ()
    banks: tuple[BankConfig, ...] = ()
    networks: tuple[Annotated[str, AfterValidator(network)], ...] = ()
    users: tuple[Name, ...] = ()

    def made(self) -> Profile:
        """As decide reads it."""
        return Profile(
            self.kind,
            self.lei,
            self.jurisdiction,
            self.client_class,
            self.birth,
            tuple(one.made() for one in self.owners),
            self.kyc.made(),
            self.settlement_mode,
            tuple(one.made() for one in self.wallets),
            tuple(one.made() for one in self.banks),
            self.networks,
            self.users,
        )


class ClientConfig(Closed):
    """[[client]] of clients.toml. Limits in the desk's limit currency.

    Without a profile nothing is known of him: no price, no deal.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
    name: Name
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
    settlement_limits: dict[str, NotNegative] = Field(default_factory=dict)
    prefund: dict[str, Positive] = Field(default_factory=dict)
    no_skew: bool = False
    profile: ProfileConfig | None = None

    def made(self, scales: dict[str, int]) -> Client:
        """As decide reads it. scales: decimals per asset; settlement limits are cut off there."""
        return Client(
            self.id,
            self.name,
            self.enabled,
            self.tier,
            self.accounts,
            self.instruments,
            self.quote_notional_max,
            self.order_notional_max,
            self.position_max,
            self.open_orders_max,
            self.open_quotes_max,
            self.slippage_default_bps,
            {
                code: int(limit.scaleb(scales[code]))
                for code, limit in sorted(self.settlement_limits.items())
            },
            self.no_skew,
            self.profile.made() if self.profile else Profile(),
        )


class KycRuleConfig(Closed):
    """[kyc] of clients.toml. reduce_when: how a KYC may stand of a client who may still make his
    positions smaller; none: nobody may."""

    reduce_when: tuple[Literal["EXPIRED", "UNDER_REVIEW"], ...] = ()


class ClientsConfig(Closed):
    """clients.toml."""

    kyc: KycRuleConfig = KycRuleConfig()
    client: tuple[ClientConfig, ...]
