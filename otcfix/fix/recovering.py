"""What a start owes its sessions: their numbers from the database, and what they have not heard."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from otcfix.config import Config, SessionConfig
from otcfix.fix.acceptor import Acceptor
from otcfix.fix.changing import RENAMED
from otcfix.fix.dictionaries import Dictionaries
from otcfix.fix.outgoing import message_of
from otcfix.fix.store_files import StoreFiles, is_renamed, mend
from otcfix.fix.tongues import tongue_of
from otcfix.fix.wire import SOH, field_of
from otcfix.model.event import EpochMoved
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
    config: Config, dictionaries: Dictionaries, folder: Path, records: Records, at: Instant
) -> frozenset[str]:
    """Make QuickFIX's stores anew where they are spoiled: it would read one as far as it
    understands it. Before the acceptor is made. Returns the sessions whose version or CompIDs have
    changed while the desk was down: they begin with what stands under their new names.

    at: of the journal's last event. Until then the desk ran, and made the resets that fell due;
    those since then are still to be made, though the store is new. Errors: ConfigError.
    """
    numbers = records.session_numbers()
    renamed = set()
    for session in config.sessions.session:
        known = numbers.get(session.key)
        if known is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        if is_renamed(session, folder):
            renamed.add(session.key)
            continue
        said_by = partial(_in_its_words, config, session, dictionaries)
        mend(session, folder, known, records.said_under, at, said_by)
    return frozenset(renamed)


def _in_its_words(
    config: Config, session: SessionConfig, dictionaries: Dictionaries, row: OutboxRow
) -> Any:
    tongue = tongue_of(config, session, dictionaries)
    said_by = message_of if tongue is None else tongue.message_of
    return said_by(session.version, row, False)


class Recovering:
    """Brings the sessions back to where the database says that they were."""

    def __init__(
        self,
        sessions: Iterable[SessionConfig],
        folder: Path,
        records: Records,
        acceptor: Acceptor | None,
        renamed: frozenset[str] = frozenset(),
    ) -> None:
        """renamed: sessions that go by other names than the database knows (`mend_all`)."""
        self._sessions = {session.key: session for session in sessions}
        self._folder = folder
        self._records = records
        self._acceptor = acceptor
        self._renamed = renamed
        self._begins: dict[str, str] = {}
        self._lost: list[OutboxRow] = []

    def numbers(self, epochs: dict[str, int]) -> None:
        """Set each session's numbers (R1). epochs: as State knows them."""
        if self._acceptor is None:
            return
        for key, known in self._records.session_numbers().items():
            epoch = max(known.epoch, epochs.get(key, 0))
            if key in self._renamed:
                self._acceptor.lines[key].epoch = epoch
                self._begins[key] = RENAMED
                continue
            was_reset, store_out = self._acceptor.recover(key, epoch, known.last_in, known.last_out)
            if was_reset:
                self._begins[key] = "a reset went unrecorded"
            if store_out and store_out <= known.last_out:
                rows = self._records.said_from_number(key, known.epoch, store_out)
                self._lost += [row for row in rows if row.exec_id or row.msg_type in ("9", "r")]

    def moved(self) -> Iterator[EpochMoved]:
        """The epochs that begin with this start, opened: names that have changed, and resets that
        must have gone unrecorded."""
        acceptor = self._acceptor
        if acceptor is None:
            return
        for key, why in self._begins.items():
            last_in = acceptor.lines[key].last_in if why == RENAMED else 0
            yield EpochMoved(key, acceptor.open_epoch(key), why, last_in)

    def owed(self, unsent: list[OutboxRow]) -> Owed:
        """What is still to be said: what QuickFIX's store lost, and what a stop kept from being
        said or from being marked. unsent: rows without a mark that are not to wait any longer."""
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
        tags = {_tag_of(row) for row in copies}
        for key in dict.fromkeys(row.session for row in copies):
            known = numbers.get(key, SessionNumbers(key, 0, 0, 0, 0))
            files = StoreFiles(self._folder, self._sessions[key])
            for number, text in () if files.absent else files.messages(after=known.last_out):
                named = {(key, field_of(text, tag)) for tag in tags} & wanted.keys()
                found += [SentMark(wanted[one], key, known.epoch, number) for one in named]
        return found


def _tag_of(row: OutboxRow) -> int:
    """Where ExecID(17) stands in the words of the session: a dialect may have moved it."""
    fields = (field.partition("=") for field in row.text.split(SOH))
    return next((int(tag) for tag, _, value in fields if value == row.exec_id), 17)
