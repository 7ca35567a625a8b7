"""Commands on the register of clients. What a command sets wins over clients.toml from then on."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.party import Client
from otcfix.model.profile import Document


class OnboardClient(Struct, frozen=True, tag=True):
    """Staff takes a client in: PROSPECT with KYC PENDING until somebody else approves."""

    client: Client
    by: str
    why: str


class ApproveClient(Struct, frozen=True, tag=True):
    """A second person approves the KYC. expires: ISO date; documents: added to those known."""

    client_id: str
    level: str
    expires: str
    by: str
    why: str
    documents: tuple[Document, ...] = ()


class SuspendClient(Struct, frozen=True, tag=True):
    """Staff suspends a client: his quotes and orders are withdrawn and told. review: his KYC is
    UNDER_REVIEW as well, so that he needs a new approval."""

    client_id: str
    by: str
    why: str
    review: bool = False


class ResumeClient(Struct, frozen=True, tag=True):
    """Staff takes a suspended client up again; waits for a second person."""

    client_id: str
    by: str
    why: str


class OffboardClient(Struct, frozen=True, tag=True):
    """Staff lets a client go for good; refused while he has balances or obligations."""

    client_id: str
    by: str
    why: str


class ChangeClient(Struct, frozen=True, tag=True):
    """Staff changes fields of a client, each value as JSON.

    changes: a field that has one value, to its new one. add, remove: a field that is a list, to
    what goes in and what goes out. So a change that waits cannot undo another made meanwhile.
    Which fields there are, and what waits for a second person, stands in desk/client_fields.py.
    """

    client_id: str
    changes: dict[str, str]
    by: str
    why: str
    add: dict[str, str] = {}
    remove: dict[str, str] = {}


class ChangeSettlementLimit(Struct, frozen=True, tag=True):
    """Staff sets how far below zero an asset may go (major units); a raise waits for a second."""

    client_id: str
    asset: str
    amount: Decimal
    by: str
    why: str
