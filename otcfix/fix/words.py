"""Reading and writing for the desk that State holds."""

from otcfix.desk.state import State
from otcfix.fix.copies import Spoken, spoken
from otcfix.fix.parse import Parser
from otcfix.fix.render import Rendered, rendered
from otcfix.fix.render_prices import stream_rows
from otcfix.model.decision import Decision
from otcfix.model.messages import Inbound
from otcfix.model.party import Session
from otcfix.model.record import StreamRow
from otcfix.model.replies import Reply
from otcfix.model.time import Instant


class Words:
    """Parse and render by the desk that State holds; readers are made once per desk."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._hash = ""
        self._parsers: dict[str, Parser] = {}

    def parse(self, session: str, text: str) -> Inbound:
        """Read a FIX text of a session."""
        register = self._state.register
        if self._hash != self._state.desk_hash:
            self._parsers = {
                key: Parser(known, register.instruments) for key, known in register.sessions.items()
            }
            self._hash = self._state.desk_hash
        return self._parsers[session].parse(text)

    def render(self, reply: Reply) -> list[Spoken]:
        """Write a reply in its session's version, and in those of its drop copies."""
        return spoken(reply, self._state.register.sessions, self._rendered)

    def _rendered(self, reply: Reply, session: Session) -> Rendered:
        return rendered(reply, session, self._state.register.instruments)

    def render_streams(self, decision: Decision, at: Instant) -> list[StreamRow]:
        """Write what a decision, not yet applied, streams."""
        streams = self._state.streams
        return stream_rows(decision, streams.subscriptions, streams.images, at)
