"""What the acceptor must know of a session that speaks a dialect: what it calls things."""

from functools import cache
from typing import Any

import quickfix as fix

from otcfix.config import Config, SessionConfig
from otcfix.config.dialects import session_dialect
from otcfix.fix.dialect_dictionary import dialect_settings
from otcfix.fix.dialects import Translation
from otcfix.fix.dictionaries import Dictionaries
from otcfix.fix.settings import begin_string, spoken_key
from otcfix.fix.wire import SOH
from otcfix.model.dialect import Dialect
from otcfix.model.record import OutboxRow, StreamRow

_SAID = fix.Message()
"""Used for one message after another, as in `outgoing`."""


@cache
def _dictionary(path: str) -> Any:
    """A dictionary is big and never changes: one for all sessions that have it."""
    return fix.DataDictionary(path)


def tongue_of(
    config: Config, session: SessionConfig, dictionaries: Dictionaries
) -> "Tongue | None":
    """The tongue of a session; None for one that speaks as we do."""
    dialect = session_dialect(session, config.dialects)
    if dialect is None or not dialect.speaks:
        return None
    # Ours, whatever dictionary of his own he is checked by: it knows every group that we say.
    named = dialect_settings(dictionaries, session.version, dialect)
    return Tongue(dialect, session.symbols, named[spoken_key(named)])


class Tongue:
    """The dialect of one line. dictionary: a file of the groups that are said."""

    def __init__(self, dialect: Dialect, symbols: dict[str, str], dictionary: str) -> None:
        self.translation = Translation(dialect, symbols)
        self._dictionary = _dictionary(dictionary)

    def message_of(self, version: str, row: OutboxRow | StreamRow, again: bool) -> Any:
        """A finished quickfix.Message of a row in the client's words. It holds until the next call.

        The dictionary keeps its groups together; only who it is for is still in our words.
        """
        head, tail = "", ""
        for tag, value in self.translation.routed(row.msg_type, row.deliver_to, row.deliver_to_sub):
            if fix.Message.isHeaderField(tag):
                head += f"{tag}={value}{SOH}"
            else:
                tail += f"{tag}={value}{SOH}"
        if again:
            head += f"97=Y{SOH}"
        begin = f"8={begin_string(version)}{SOH}9=0{SOH}35={row.msg_type}{SOH}"
        text = f"{begin}{head}{row.text}{tail}10=000{SOH}"
        _SAID.setString(text, False, self._dictionary, self._dictionary)
        return _SAID

    def said(self, version: str, row: StreamRow) -> Any:
        """A finished quickfix.Message of a W or an X. It holds until the next call."""
        return self.message_of(version, row, again=False)
