"""What a start owes its sessions: their numbers from the database, and what they have not heard."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from otcfix.config import SessionConfig
from otcfix.fix.acceptor import Acceptor
from otcfix.fix.store_files import StoreFiles, mend
from otcfix.fix.wire import field_of
from otcfix.model.record import OutboxRow, SentMark, SessionNumbers
from otcfix.model.time import Instant


class Records(Protocol):
    """What is read of the database."""

    def session_numbers(self) -> dict[str, SessionNumbers]:
        """Sequence numbers per session."""
        ...

    def said_under(self, session: str, epoch: int) -> Iterator[tuple[int, OutboxRow]]:
        """What was sent in an epoch, with its number, prices left out."""
        ...

    def said_from_number(self, session: str, epoch: int, msg_seq_num: int) -> Iterator[OutboxRow]:
        """What was said with this number or a higher one, prices left out."""
        ...

    def unsent(self) -> Iterator[OutboxRow]:
        """Outbox rows without any sent mark."""
        ...


class Owed(NamedTuple):
    """What is to be said before anybody is let in, and what is not to be said any more.

    again: reports that may have been said, so with 97=Y; copies: of drop copies, never said before.
    prices: never said again (R10); said: found in QuickFIX's own store.
    """

    again: list[OutboxRow]
    copies: list[OutboxRow]
    prices: list[OutboxRow]
    said: list[SentMark]

    @property
    def done(self) -> list[SentMark]:
        """Marks for all that will not be said."""
        return self.said + [SentMark(row.outbox_id, row.session, 0, 0) for row in self.prices]


def mend_all(
    sessions: Iterable[SessionConfig], folder: Path, records: Records, at: Instant
) -> None:
    """Make QuickFIX's stores anew where they are spoiled: it would read one as far as it
    understands it. Before the acceptor is made. Errors: ConfigError."""
    numbers = records.session_numbers()
    for session in sessions:
        if session.key in numbers:
            folder.mkdir(parents=True, exist_ok=True)
            mend(session, folder, numbers[session.key], records.said_under, at)


class Recovering:
    """Brings the sessions back to where the database says that they were."""

    def __init__(
        self,
        sessions: Iterable[SessionConfig],
        folder: Path,
        records: Records,
        acceptor: Acceptor | None,
    ) -> None:
        self._sessions = {session.key: session for session in sessions}
        self._folder = folder
        self._records = records
        self._acceptor = acceptor
        self._lost: list[OutboxRow] = []

    def numbers(self, epochs: dict[str, int]) -> list[str]:
        """Set each session's numbers (R1). epochs: as State knows them. Returns the sessions whose
        reset must have gone unrecorded."""
        unrecorded: list[str] = []
        if self._acceptor is None:
            return unrecorded
        for key, known in self._records.session_numbers().items():
            epoch = max(known.epoch, epochs.get(key, 0))
            was_reset, store_out = self._acceptor.recover(key, epoch, known.last_in, known.last_out)
            if was_reset:
                unrecorded.append(key)
            if store_out and store_out <= known.last_out:
                rows = self._records.said_from_number(key, known.epoch, store_out)
                self._lost += [row for row in rows if row.exec_id or row.msg_type in ("9", "r")]
        return unrecorded

    def owed(self) -> Owed:
        """What is still to be said: what QuickFIX's store lost, and what a stop kept from being
        said or from being marked."""
        unsent = list(self._records.unsent())
        lost = {row.outbox_id for row in self._lost}
        reports = [row for row in unsent if not row.price and row.outbox_id not in lost]
        copies = [row for row in reports if self._copies(row)]
        marked = {mark.outbox_id: mark for mark in self._said(copies)}
        return Owed(
            self._lost + [row for row in reports if not self._copies(row)],
            [row for row in copies if row.outbox_id not in marked],
            [row for row in unsent if row.price],
            list(marked.values()),
        )

    def _copies(self, row: OutboxRow) -> bool:
        session = self._sessions.get(row.session)
        return session is not None and session.kind == "drop_copy" and row.exec_id != ""

    def _said(self, copies: list[OutboxRow]) -> list[SentMark]:
        """A kill may fall between the saying and its mark. What stands in QuickFIX's store was
        said, and a drop copy never hears it twice (R23)."""
        if not copies or self._acceptor is None:
            return []
        numbers = self._records.session_numbers()
        wanted = {(row.session, row.exec_id): row.outbox_id for row in copies}
        found: list[SentMark] = []
        for key in dict.fromkeys(row.session for row in copies):
            known = numbers.get(key, SessionNumbers(key, 0, 0, 0, 0))
            files = StoreFiles(self._folder, self._sessions[key])
            for number, text in () if files.absent else files.messages(after=known.last_out):
                outbox_id = wanted.get((key, field_of(text, 17)))
                if outbox_id is not None:
                    found.append(SentMark(outbox_id, key, known.epoch, number))
        return found
