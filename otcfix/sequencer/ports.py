"""What the sequencer needs of the world, as it needs it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from otcfix.model.decision import Decision
from otcfix.model.enquiries import Spoken, TradesWanted
from otcfix.model.event import ParametersMoved, Recalled
from otcfix.model.hedge import VenueRequest
from otcfix.model.party import Session
from otcfix.model.rates import Conversion, Rates
from otcfix.model.record import Batch, JournalRow, OutboxRow, SessionNumbers, StreamRow
from otcfix.model.replies import Reply
from otcfix.model.session_act import SessionAct
from otcfix.model.time import Instant
from otcfix.model.trade import Trade

Clock = Callable[[], Instant]
Parse = Callable[[str, str], Spoken]
"""(session key, FIX text) to a typed message."""

Said = tuple[str, str, str, str, bool]
"""(session, MsgType, body, ExecID, is a price)."""

Render = Callable[[Reply], Sequence[Said]]
"""A reply in words: to its own session, then to each drop copy."""


RenderStreams = Callable[[Decision, Instant], list[StreamRow]]
"""What a decision, not yet applied, streams at that instant."""


class Mailed(Protocol):
    """A command as it waits: its number and its JSON."""

    @property
    def id(self) -> int:
        """Its number in the mailbox."""
        ...

    @property
    def body(self) -> str:
        """The command as typed JSON."""
        ...

    @property
    def by(self) -> str:
        """Who gave it."""
        ...


class StorePort(Protocol):
    """The database. concurrent: whether `write` may run while others read."""

    concurrent: bool

    def commit(self, batch: Batch) -> None:
        """Commit everything in one durable transaction. Errors: StoreLost."""
        ...

    def prepare(self, batch: Batch) -> Any:
        """Make of *batch* what `write` takes. Errors: StoreLost."""
        ...

    def write(self, prepared: Any) -> None:
        """Commit it, on any one thread; batches in the order of `prepare`. Errors: StoreLost."""
        ...

    def recall(self, keys: Sequence[tuple[str, str, str]]) -> list[Recalled]:
        """Look ids up: (kind, scope, id)."""
        ...

    def trades_wanted(
        self,
        clients: tuple[str, ...],
        wanted: TradesWanted,
        end_client: str,
        orders: tuple[str, ...] | None,
        first: int,
        last: int | None,
        limit: int,
    ) -> list[Trade] | None:
        """The oldest *limit* trades of *clients* that fit, in order; None: too many would have to
        be looked through. orders: of these alone; first and last: of these events alone, both
        inclusive. Errors: StoreLost."""
        ...

    def head(self) -> tuple[int, bytes, Instant, int]:
        """Last journaled seq, its hash, its at, the last outbox id."""
        ...

    def journal(self, after: int = 0, until: int | None = None) -> Iterator[JournalRow]:
        """Journal rows in order."""
        ...

    def newest_snapshot(self, version: str) -> tuple[int, Instant, bytes, bytes] | None:
        """The newest snapshot written by code of *version*."""
        ...

    def save_snapshot(self, seq: int, at: Instant, version: str, body: bytes, seen: bytes) -> None:
        """Keep a snapshot."""
        ...

    def session_numbers(self) -> dict[str, SessionNumbers]:
        """Sequence numbers per session."""
        ...

    def unsent(self) -> Iterator[OutboxRow]:
        """Outbox rows without any sent mark."""
        ...

    def said_since(self, session: str, outbox_id: int) -> Iterator[OutboxRow]:
        """What was said to a session after an outbox id, prices left out."""
        ...

    def said_from_number(self, session: str, epoch: int, msg_seq_num: int) -> Iterator[OutboxRow]:
        """What was said to a session with this number or a higher one, prices left out."""
        ...

    def reports(self, session: str, begin: int, end: int, since: Instant) -> Iterator[OutboxRow]:
        """What was said to a session, prices left out: with these numbers of its present epoch, or
        decided since that time."""
        ...

    def new_commands(self, after_id: int) -> Sequence[Mailed]:
        """Commands that staff left in the mailbox."""
        ...


class WirePort(Protocol):
    """The sessions."""

    def say(self, row: OutboxRow, *, again: bool) -> tuple[int, int] | None:
        """Send one reply; returns (epoch, MsgSeqNum(34)).

        (epoch, 0) when it will never be sent; None when it is owed still. again marks it
        PossResend(97)=Y.
        """
        ...

    def stream(self, row: StreamRow) -> None:
        """Send one W or X, if its session is there; it is never owed."""
        ...

    def logout(self, session: str, text: str) -> None:
        """Log a session out, and say why in Text(58); it may come back after its back-off."""
        ...

    def act(self, act: SessionAct) -> str:
        """Carry out what staff decided for a session; in words, what was done."""
        ...

    def sessions_changed(self, sessions: tuple[Session, ...]) -> None:
        """These are the sessions from now on."""
        ...


class VenuePort(Protocol):
    """The sessions on which the desk is the client: hedge orders go out on them."""

    def send(self, request: VenueRequest) -> bool:
        """Hand one request over; whether the venue's session took it.

        False costs nothing: nobody notes what was sent. An order that a venue does not speak of
        is asked about (35=H), after a silence and whenever its session comes up. So a session
        must never resend an old 35=D by itself (FIX's gap fill is right for it), and must not
        keep one for later: it would come behind the answer that denied it.
        """
        ...


class GatePort(Protocol):
    """Where messages come in; all but `ring` is called by the sequencer's thread alone."""

    def take(self) -> None:
        """Put what has arrived into the inbox."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Sleep until something arrives or rings, or *timeout_s* passes."""
        ...

    def ring(self) -> None:
        """End a `wait`, from any thread."""
        ...

    def stop(self) -> None:
        """Let everybody go and nobody in."""
        ...


class RatesPort(Protocol):
    """The live rate book."""

    def rates(self, symbol: str, now: Instant) -> Rates:
        """The books that may contribute to *symbol*; the same object until one changes."""
        ...

    def conversion(self, asset: str, now: Instant) -> Conversion | None:
        """The rate of *asset* into the limit currency."""
        ...

    def moved(self) -> set[str]:
        """The symbols that moved since the last call."""
        ...


class MeasuresPort(Protocol):
    """What is measured of markets and clients, outside (R12)."""

    def due(self, now: Instant) -> ParametersMoved | None:
        """What has changed enough to be told now; None: nothing. Cheap: asked before each batch."""
        ...
