"""How far each session's numbers and the outbox have got.

Kept in memory while batches pass, written to meta now and then, in the batch's own transaction,
and completed at start from the rows that came after. So neither the journal nor the outbox nor
the sent marks need an index by session, which every event would pay for: what was said on one
session is a chain, each report naming the one before.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from otcfix.model.record import Batch, OutboxRow, SentMark

KEY = "progress"
"""The word of meta that holds it."""

EVERY = 4096
"""Rows after which it is written again: what a start has to read at most, give or take a batch."""


class Numbers(Struct, array_like=True):
    """One session's current epoch, and the highest MsgSeqNum(34) in and out of it.

    last_report is the outbox id of the last reply to it that is not a price.
    """

    epoch: int = 0
    last_in: int = 0
    last_out: int = 0
    last_report: int = 0


class Progress(Struct):
    """All that is known up to event *seq* and outbox row *outbox_id*.

    Every outbox row up to *sent_upto* is sent.
    """

    seq: int = 0
    outbox_id: int = 0
    sent_upto: int = 0
    sessions: dict[str, Numbers] = {}

    def heard(self, session: str, epoch: int, msg_seq_num: int) -> None:
        """Note one journaled event of *session*."""
        numbers = self._at(session, epoch)
        if epoch == numbers.epoch and msg_seq_num > numbers.last_in:
            numbers.last_in = msg_seq_num

    def said(self, session: str, epoch: int, msg_seq_num: int) -> None:
        """Note one sent mark of *session*. Number 0: it will never be sent."""
        numbers = self._at(session, epoch)
        if epoch == numbers.epoch and msg_seq_num > numbers.last_out:
            numbers.last_out = msg_seq_num

    def reported(self, session: str, outbox_id: int) -> int:
        """Note a reply to *session* that is not a price; return the one before, or 0."""
        numbers = self.sessions.get(session)
        if numbers is None:
            numbers = self.sessions[session] = Numbers()
        before = numbers.last_report
        numbers.last_report = outbox_id
        return before

    def _at(self, session: str, epoch: int) -> Numbers:
        numbers = self.sessions.get(session)
        if numbers is None:
            numbers = self.sessions[session] = Numbers(epoch)
        elif epoch > numbers.epoch:
            numbers.epoch, numbers.last_in, numbers.last_out = epoch, 0, 0
        return numbers


class Tracker:
    """Follows Progress through the batches of the one writer."""

    def __init__(self, progress: Progress, unsent: Iterable[int]) -> None:
        self.progress = progress
        self._unsent = set(unsent)
        self._rows = 0

    def link(self, replies: Iterable[OutboxRow]) -> list[int]:
        """Return what each reply has as `previous`: the session's report before it, else 0."""
        reported = self.progress.reported
        return [0 if row.price else reported(row.session, row.outbox_id) for row in replies]

    def take(self, batch: Batch) -> str | None:
        """Note *batch*; return what to write to meta with it, None when nothing is due."""
        progress = self.progress
        for row in batch.rows:
            if row.session:
                progress.heard(row.session, row.epoch, row.msg_seq_num)
        if batch.rows:
            progress.seq = batch.rows[-1].seq
        if batch.outbox:
            self._unsent.update([row.outbox_id for row in batch.outbox])
            progress.outbox_id = batch.outbox[-1].outbox_id
        late = self._take_marks(batch.sent) if batch.sent else False
        self._rows += len(batch.rows) + len(batch.sent)
        return self.written() if late or self._rows >= EVERY else None

    def _take_marks(self, marks: list[SentMark]) -> bool:
        """Note sent marks; return whether one would not be found after a start."""
        said = self.progress.said
        for mark in marks:
            said(mark.session, mark.epoch, mark.msg_seq_num)
        ids = [mark.outbox_id for mark in marks]
        self._unsent.difference_update(ids)
        # A start reads the marks above sent_upto only: a row said again may lie below it.
        return min(ids) <= self.progress.sent_upto

    def written(self) -> str:
        """The word of meta as of now; the count to the next time begins anew."""
        self._rows = 0
        progress = self.progress
        progress.sent_upto = min(self._unsent) - 1 if self._unsent else progress.outbox_id
        return msgspec.json.encode(progress).decode()


def read(word: str | None) -> Progress:
    """Read the word of meta; None when there is none yet."""
    return msgspec.json.decode(word, type=Progress) if word else Progress()
