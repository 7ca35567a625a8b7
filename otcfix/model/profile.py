"""Who a client is: what the law wants known of him, and the commands that change it."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import DAY, Instant, day_start

# How a client stands with the desk.
PROSPECT, ACTIVE, SUSPENDED, OFFBOARDED = "PROSPECT", "ACTIVE", "SUSPENDED", "OFFBOARDED"

# How his KYC stands; only APPROVED deals.
NONE, PENDING, APPROVED, UNDER_REVIEW, REFUSED = (
    *("NONE", "PENDING", "APPROVED"),
    *("UNDER_REVIEW", "REFUSED"),
)

EXPIRED = "EXPIRED"
"""An approved KYC behind its last day: it is not a status but a matter of the date."""

RETAIL = "retail"
CLASSES = (RETAIL, "professional", "eligible_counterparty")
SETTLEMENT_MODES = ("prefunded", "credit")


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

    @property
    def last_day(self) -> str:
        """The last day (ISO, UTC) on which it holds: of itself and of every document, whichever is
        first; "" for no end. ISO dates compare as text."""
        last = self.expires
        for one in self.documents:
            if one.expires and (not last or one.expires < last):
                last = one.expires
        return last

    @property
    def ends_at(self) -> Instant:
        """The first instant at which an approved one does not hold any more; 0: none."""
        last = self.last_day
        return day_start(last) + DAY if self.status == APPROVED and last else 0

    def faults(self, day: str) -> tuple[str, ...]:
        """What keeps it from holding on *day*: a status that is not APPROVED, EXPIRED, or both."""
        found = () if self.status == APPROVED else (self.status,)
        last = self.last_day
        return (*found, EXPIRED) if last and last < day else found


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
