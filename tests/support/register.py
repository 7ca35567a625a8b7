"""What tests of the register say: a client to take in, and a profile whose KYC stands otherwise."""

from typing import Any

from msgspec import structs

from otcfix.model.client_commands import ApproveClient, OnboardClient
from otcfix.model.party import Client
from otcfix.model.profile import Kyc, Profile
from otcfix.model.proposal import Confirm
from tests.conversation import Conversation
from tests.support.house_desk import PROFILE, client


def with_kyc(**changes: Any) -> dict[str, Any]:
    """Changes of a client of the house desk: his KYC stands otherwise."""
    return {"profile": structs.replace(PROFILE, kyc=structs.replace(PROFILE.kyc, **changes))}


def a_prospect(client_id: str = "OMEGA", **changes: Any) -> Client:
    """Somebody who may be taken in."""
    profile = Profile("fund", jurisdiction="CH", client_class="professional", kyc=Kyc())
    return client(client_id, **{"profile": profile, **changes})


def onboarded(desk: Conversation, client_id: str = "OMEGA", **changes: Any) -> None:
    """Maker takes him in, checker approves him, and he is screened."""
    desk.tell(OnboardClient(a_prospect(client_id, **changes), "maker", "test"))
    desk.tell(ApproveClient(client_id, "2", "2027-12-31", "checker", "test"))
    desk.screened()


def waiting(desk: Conversation) -> str:
    """The one proposal that waits."""
    (proposal,) = desk.state.approvals.waiting
    return proposal


def confirmed(desk: Conversation, by: str = "second") -> None:
    """A second person confirms what waits."""
    desk.tell(Confirm(waiting(desk), by, "test"))
