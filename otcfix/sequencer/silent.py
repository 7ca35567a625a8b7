"""The wire of a desk that serves nobody: it decides one command and ends."""

from otcfix.model.party import Session
from otcfix.model.record import OutboxRow, StreamRow
from otcfix.model.session_act import SessionAct


class Silent:
    """A desk without sessions: what it would say waits in the outbox."""

    def say(self, row: OutboxRow, *, again: bool) -> None:
        """Say nothing now: it is owed until a desk with sessions runs."""

    def stream(self, row: StreamRow) -> None:
        """Nobody listens."""

    def logout(self, session: str, text: str) -> None:
        """Nobody is there."""

    def act(self, act: SessionAct) -> str:
        """Nobody is there; a word of State tells the next start, where one is needed."""
        return f"no desk serves {act.session}"

    def sessions_changed(self, sessions: tuple[Session, ...]) -> None:
        """Nobody listens."""
