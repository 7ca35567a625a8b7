"""Reading and writing for the desk that State holds."""

from msgspec import structs

from otcfix.desk.state import State
from otcfix.fix.body import Rendered
from otcfix.fix.copies import Spoken, spoken
from otcfix.fix.dialects import Translation, translation_of
from otcfix.fix.parse import Parser
from otcfix.fix.render import rendered
from otcfix.fix.render_prices import stream_rows
from otcfix.fix.wire import SOH, field_of
from otcfix.model.decision import Decision
from otcfix.model.enquiries import Spoken as Inbound
from otcfix.model.messages import Head, Orphan
from otcfix.model.party import Session
from otcfix.model.record import OutboxRow, StreamRow
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
        self._translations: dict[str, Translation] = {}

    def _read_anew(self) -> None:
        """The desk is another one than last time."""
        register = self._state.register
        self._parsers = {
            key: Parser(known, register.instruments) for key, known in register.sessions.items()
        }
        made = {key: translation_of(known) for key, known in register.sessions.items()}
        self._translations = {key: found for key, found in made.items() if found is not None}
        self._hash = self._state.desk_hash

    def parse(self, session: str, text: str) -> Inbound:
        """Read a FIX text of a session: what the client sent, in whatever dialect."""
        if self._hash != self._state.desk_hash:
            self._read_anew()
        parser = self._parsers.get(session)
        return orphan(session, text) if parser is None else parser.parse(text)

    def render(self, reply: Reply) -> list[Spoken]:
        """Write a reply in its session's version and dialect, as it goes over the wire, and
        in those of its drop copies."""
        if self._hash != self._state.desk_hash:
            self._read_anew()
        return spoken(reply, self._state.register.sessions, self._rendered)

    def _rendered(self, reply: Reply, session: Session) -> Rendered:
        said = rendered(reply, session, self._state.register.instruments)
        translation = self._translations.get(session.key)
        if translation is None:
            return said
        return said._replace(body=translation.said(said.msg_type, said.body))

    def said_tag(self, row: OutboxRow, tag: int) -> str:
        """One of our tags in what was said, whatever its session calls it; "" when absent."""
        if self._hash != self._state.desk_hash:
            self._read_anew()
        translation = self._translations.get(row.session)
        if translation is not None:
            tag = translation.name_out(row.msg_type, tag)
        return field_of(SOH + row.text, tag)

    def render_streams(self, decision: Decision, at: Instant) -> list[StreamRow]:
        """Write what a decision, not yet applied, streams."""
        streams = self._state.streams
        rows = stream_rows(decision, streams.subscriptions, streams.images, at)
        if not self._translations:
            return rows
        return [self._translated(row) for row in rows]

    def _translated(self, row: StreamRow) -> StreamRow:
        translation = self._translations.get(row.session)
        if translation is None:
            return row
        return structs.replace(row, text=translation.said(row.msg_type, row.text))
