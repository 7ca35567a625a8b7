"""What one commit puts into the database, and what comes back from it."""

from msgspec import Struct

from otcfix.model.decision import Decision
from otcfix.model.event import Event
from otcfix.model.time import Instant


class JournalRow(Struct, frozen=True, gc=False):
    """One event as journaled. facts is its JSON; digest the decision's SHA-256; hash the chain:

    SHA-256(previous hash + canonical event + digest); see `chained`.
    """

    seq: int
    at: Instant
    kind: str
    session: str
    epoch: int
    msg_seq_num: int
    received_at: Instant
    text: str
    facts: str
    digest: bytes
    hash: bytes
    verdicts: bytes = b""


class OutboxRow(Struct, frozen=True, gc=False):
    """One reply as rendered. price marks what is never sent again (R10).

    exec_id is ExecID(17) of a report, "" otherwise; text is the body without header and trailer.
    """

    outbox_id: int
    seq: int
    session: str
    msg_type: str
    exec_id: str
    price: bool
    deliver_to: str
    deliver_to_sub: str
    text: str


class StreamRow(Struct, frozen=True, gc=False):
    """One W or X as rendered, in the order of the wire. It is in no table: the journal says it
    again (`otcfix journal streams`). text is the body without header and trailer."""

    session: str
    msg_type: str
    deliver_to: str
    deliver_to_sub: str
    text: str


class SentMark(Struct, frozen=True, gc=False):
    """An outbox row went to the socket (or the session's store) with this MsgSeqNum(34)."""

    outbox_id: int
    session: str
    epoch: int
    msg_seq_num: int


class Batch(Struct):
    """Everything that one transaction commits, in order."""

    rows: list[JournalRow]
    decided: list[tuple[Event, Decision]]
    outbox: list[OutboxRow]
    sent: list[SentMark]
    proven: dict[str, int]
    commands_done: list[tuple[int, int, str]]
    streams: list[StreamRow] = []


class SessionNumbers(Struct, frozen=True):
    """What the database knows of a session's numbers in its current epoch (house.md, Recovery)."""

    session: str
    epoch: int
    last_in: int
    last_out: int
    proven: int
