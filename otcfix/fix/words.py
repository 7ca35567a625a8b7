"""Reading and writing for the desk that State holds."""

from otcfix.desk.state import State
from otcfix.fix.parse import Parser
from otcfix.fix.render import Rendered, rendered
from otcfix.fix.render_prices import stream_rows
from otcfix.fix.wire import field_of
from otcfix.model.decision import Decision
from otcfix.model.messages import Head, Inbound, Orphan
from otcfix.model.record import StreamRow
from otcfix.model.replies import Reply
from otcfix.model.time import Instant


def orphan(session: str, text: str) -> Orphan:
    """What is made of a FIX text whose session was removed while it waited."""
    number = field_of(text, 34)
    seq = int(number) if number.isdecimal() else 0
    return Orphan(Head(session, field_of(text, 35), seq, 0))


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
        parser = self._parsers.get(session)
        return orphan(session, text) if parser is None else parser.parse(text)

    def render(self, reply: Reply) -> Rendered:
        """Write a reply in its session's version."""
        register = self._state.register
        return rendered(reply, register.sessions[reply.session], register.instruments)

    def render_streams(self, decision: Decision, at: Instant) -> list[StreamRow]:
        """Write what a decision, not yet applied, streams."""
        streams = self._state.streams
        return stream_rows(decision, streams.subscriptions, streams.images, at)
