"""Commands that wait for a second person: a part of State. What is done with them: `four_eyes`."""

from msgspec import Struct

from otcfix.model.decision import Decision
from otcfix.model.proposal import OPEN, Proposal


class KeptApprovals(Struct, array_like=True):
    """What waits, as it stands in a snapshot."""

    waiting: list[Proposal]


class Approvals:
    """Proposals that are open, by id: a part of State. Only `take` changes it."""

    def __init__(self) -> None:
        self.waiting: dict[str, Proposal] = {}

    def take(self, decision: Decision) -> None:
        """Proposals made, confirmed or dismissed."""
        for proposal in decision.proposals:
            if proposal.state == OPEN:
                self.waiting[proposal.proposal_id] = proposal
            else:
                self.waiting.pop(proposal.proposal_id, None)

    def keep(self) -> KeptApprovals:
        """For a snapshot."""
        return KeptApprovals(list(self.waiting.values()))

    @classmethod
    def load(cls, kept: KeptApprovals) -> "Approvals":
        """From a snapshot."""
        made = cls()
        made.waiting = {one.proposal_id: one for one in kept.waiting}
        return made
