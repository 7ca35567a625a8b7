"""Commands on the register of clients: onboarding, approval, suspension, changes, offboarding."""

from otcfix.desk.draft import Draft
from otcfix.model.client_commands import (
    ApproveClient,
    ChangeClient,
    ChangeSettlementLimit,
    OffboardClient,
    OnboardClient,
    ResumeClient,
    SuspendClient,
)


def on_onboard_client(draft: Draft, command: OnboardClient) -> None:
    """Take a client in; somebody else approves him."""
    draft.alerts.append("refused: not done here yet")


def on_approve_client(draft: Draft, command: ApproveClient) -> None:
    """Approve a client's KYC; never by who onboarded him."""
    draft.alerts.append("refused: not done here yet")


def on_suspend_client(draft: Draft, command: SuspendClient) -> None:
    """Suspend a client; what he has standing is withdrawn and told."""
    draft.alerts.append("refused: not done here yet")


def on_resume_client(draft: Draft, command: ResumeClient) -> None:
    """Take a suspended client up again, by two people."""
    draft.alerts.append("refused: not done here yet")


def on_offboard_client(draft: Draft, command: OffboardClient) -> None:
    """Let a client go for good."""
    draft.alerts.append("refused: not done here yet")


def on_change_client(draft: Draft, command: ChangeClient) -> None:
    """Change fields of a client."""
    draft.alerts.append("refused: not done here yet")


def on_change_settlement_limit(draft: Draft, command: ChangeSettlementLimit) -> None:
    """Change how far below zero one of his assets may go."""
    draft.alerts.append("refused: not done here yet")
