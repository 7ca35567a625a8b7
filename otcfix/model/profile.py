"""Who a client is: what the law wants known of him, and the commands that change it."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant

# How a client stands with the desk.
PROSPECT, ACTIVE, SUSPENDED, OFFBOARDED = "PROSPECT", "ACTIVE", "SUSPENDED", "OFFBOARDED"

# How his KYC stands; only APPROVED deals.
NONE, PENDING, APPROVED, UNDER_REVIEW, REFUSED = (
    *("NONE", "PENDING", "APPROVED"),
    *("UNDER_REVIEW", "REFUSED"),
)

RETAIL = "retail"


class Owner(Struct, frozen=True):
    """A beneficial owner, or somebody who controls. share: per cent. birth: ISO date or year."""

    name: str
    share: Decimal = Decimal(0)
    birth: str = ""
    country: str = ""


class Document(Struct, frozen=True):
    """A document that was seen: its SHA-256 (hex), and the ISO date on which it expires."""

    kind: str
    sha256: str
    expires: str = ""


class Kyc(Struct, frozen=True):
    """What is known of the client, who collected it and who approved it (never the same).

    expires: ISO date, the last day on which it holds; "" for no end.
    """

    status: str = NONE
    level: str = ""
    expires: str = ""
    documents: tuple[Document, ...] = ()
    made_by: str = ""
    approved_by: str = ""
    approved_at: Instant = 0


class Wallet(Struct, frozen=True):
    """An address that the client may be paid to."""

    asset: str
    address: str


class BankAccount(Struct, frozen=True):
    """A bank account that the client may be paid to."""

    iban: str
    bic: str = ""
    bank: str = ""


class Profile(Struct, frozen=True):
    """What is known of a client besides his limits.

    kind: fund, bank, broker, corporate, individual, ... jurisdiction: ISO 3166, `CH` or `US-NY`.
    client_class: retail, professional, eligible_counterparty. settlement_mode: prefunded or
    credit. networks: addresses that his people come from (CIDR). users: their names.
    """

    kind: str = ""
    lei: str = ""
    jurisdiction: str = ""
    client_class: str = ""
    birth: str = ""
    owners: tuple[Owner, ...] = ()
    kyc: Kyc = Kyc()
    settlement_mode: str = "prefunded"
    wallets: tuple[Wallet, ...] = ()
    banks: tuple[BankAccount, ...] = ()
    networks: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
