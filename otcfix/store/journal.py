"""The journal's hash chain: what is hashed, how a link is made, how a whole journal is checked.

A link is SHA-256(the link before + the decision's digest + canonical event); the first follows
GENESIS. Whoever can write to the database can also build the whole chain anew, so by itself it
shows damage and careless edits; against a head that was noted elsewhere it shows everything.
"""

from collections.abc import Iterable

from msgspec import Struct

from otcfix.model.decision import sha256_of
from otcfix.model.record import JournalRow
from otcfix.model.time import Instant

GENESIS = bytes(32)
"""The link before the first event."""


def canonical(row: JournalRow) -> bytes:
    """Return the bytes that stand for the event, and only for it: numbers, lengths, contents.

    The lengths of the texts are in characters; a lone surrogate is encoded as if it were one.
    """
    return _canonical(
        row.seq,
        row.at,
        row.kind,
        row.session,
        row.epoch,
        row.msg_seq_num,
        row.received_at,
        row.text,
        row.facts,
        row.verdicts,
    )


def _canonical(
    seq: int,
    at: Instant,
    kind: str,
    session: str,
    epoch: int,
    msg_seq_num: int,
    received_at: Instant,
    text: str,
    facts: str,
    verdicts: bytes,
) -> bytes:
    framed = (
        f"{seq},{at},{epoch},{msg_seq_num},{received_at},{len(kind)},{len(session)},{len(text)},"
        f"{len(facts)},{kind}{session}{text}{facts}"
    )
    return framed.encode("utf-8", "surrogatepass") + verdicts


def chained(
    previous: bytes,
    seq: int,
    at: Instant,
    kind: str,
    session: str,
    epoch: int,
    msg_seq_num: int,
    received_at: Instant,
    text: str,
    facts: str,
    digest: bytes,
    verdicts: bytes = b"",
) -> bytes:
    """Return the link of one event: the arguments of JournalRow in their order, but the hash.

    *previous* is the link before, 32 bytes as *digest* and the result are.
    """
    framed = _canonical(
        seq, at, kind, session, epoch, msg_seq_num, received_at, text, facts, verdicts
    )
    return sha256_of(previous + digest + framed)


class Verified(Struct, frozen=True):
    """What a check found: events that are in order, and the link of the last of them.

    first_bad is the first event that is not, None when all are; why says what is wrong with it.
    """

    count: int
    head: bytes
    first_bad: int | None = None
    why: str = ""


def verify(rows: Iterable[JournalRow], after: int = 0, head: bytes = GENESIS) -> Verified:
    """Check that *rows*, which follow event *after* with link *head*, are gapless and chained.

    `verify(store.journal())` checks a whole journal, in constant memory.
    """
    count, at = 0, 0
    for row in rows:
        expected = after + count + 1
        if row.seq != expected:
            return Verified(count, head, expected, f"missing: the next event is {row.seq}")
        if row.at < at:
            return Verified(count, head, row.seq, "it is older than the event before it")
        link = chained(
            head, row.seq, row.at, row.kind, row.session, row.epoch, row.msg_seq_num,
            row.received_at, row.text, row.facts, row.digest, row.verdicts,
        )  # fmt: skip
        if link != row.hash:
            return Verified(count, head, row.seq, "its content does not fit its hash")
        count, head, at = count + 1, link, row.at
    return Verified(count, head)
