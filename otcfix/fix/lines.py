"""Every session the acceptor has, by each name that it goes by."""

from collections.abc import Iterator
from typing import Any

from otcfix.fix.administration import Record
from otcfix.fix.line import Line
from otcfix.fix.settings import begin_string, session_id_text


class Lines:
    """The lines by key, by QuickFIX's SessionID and by BeginString and CompIDs."""

    def __init__(self) -> None:
        self._by_key: dict[str, Line] = {}
        self._by_id: dict[str, Line] = {}
        self._records: dict[str, Record] = {}
        self.by_comp_ids: dict[tuple[str, str, str], Line] = {}
        """BeginString, our CompID, theirs."""

    def add(self, line: Line) -> None:
        """Add a line; its key and CompIDs are new. What staff ordered of a session outlives it."""
        config = line.config
        line.record = self._records.setdefault(config.key, line.record)
        begin = begin_string(config.version)
        self._by_key[config.key] = line
        self._by_id[session_id_text(config)] = line
        self.by_comp_ids[begin, config.sender_comp_id, config.target_comp_id] = line

    def remove(self, line: Line) -> None:
        """Take a line away."""
        config = line.config
        begin = begin_string(config.version)
        del self._by_key[config.key]
        del self._by_id[session_id_text(config)]
        del self.by_comp_ids[begin, config.sender_comp_id, config.target_comp_id]

    def get(self, key: str) -> Line | None:
        """The line of a session; None when there is none."""
        return self._by_key.get(key)

    def __getitem__(self, key: str) -> Line:
        return self._by_key[key]

    def __iter__(self) -> Iterator[Line]:
        return iter(tuple(self._by_key.values()))

    def of(self, session_id: Any) -> Line:
        """The line of a quickfix.SessionID."""
        return self._by_id[session_id.toStringFrozen()]
