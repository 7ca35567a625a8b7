"""Carrying out what staff decided on sessions, in its place between the replies of a batch."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

import structlog

from otcfix.desk.state import State
from otcfix.model.enquiries import TradeCaptureReportRequest
from otcfix.model.event import EpochMoved, SessionUp
from otcfix.model.record import Batch, OutboxRow
from otcfix.model.session_act import (
    RELEASE,
    RESEND_REPORTS,
    ActOnSession,
    SessionAct,
)
from otcfix.sequencer.ports import StorePort, WirePort

log = structlog.get_logger("otcfix.sequencer")

DONE_KEPT = 256
"""Acts whose outcome is remembered for whoever asked for them."""

REPORTS_MAX = 1_000
"""Reports that one act says again: more would hold up everybody else, and look like nobody read."""

REPORTS = ("9", "r", "AE", "AU")
"""What is said again besides executions."""

ALONE = (SessionUp, EpochMoved, ActOnSession, TradeCaptureReportRequest)
"""Events for which the store is asked what a session has heard, or dealt: it must be whole then."""

Say = Callable[[OutboxRow, bool], None]


class Acting:
    """Carries out acts on the sequencer's thread. done: what each did, by the event's seq; other
    threads look here."""

    def __init__(
        self,
        store: StorePort,
        wire: WirePort,
        say: Say,
        say_unproven: Callable[[str], None],
        flush: Callable[[], None],
    ) -> None:
        """say: (row, again), of what was decided before; say_unproven: R21; flush: writes the marks
        of what was said."""
        self._store = store
        self._wire = wire
        self._say = say
        self._say_unproven = say_unproven
        self._flush = flush
        self.done: OrderedDict[int, str] = OrderedDict()
        self._at_logon: list[str] = []
        self._at_release: set[str] = set()

    def note(self, body: object, state: State) -> None:
        """Before *body* is applied: who comes to hear again what he may have missed (R21), now that
        he logs on, or that his hold ends."""
        if not isinstance(body, SessionUp | ActOnSession):
            return
        key = body.session
        if not state.word("say_again", key):
            return
        if isinstance(body, SessionUp):
            if not state.word("held", key):
                self._at_logon.append(key)
        elif body.act == RELEASE and state.word("online", key):
            self._at_release.add(key)

    def say_between(self, batch: Batch) -> Iterator[OutboxRow]:
        """The replies of *batch* in order, each act done behind those of its own event."""
        waiting = [(e.seq, act) for e, decision in batch.decided for act in decision.session_acts]
        waiting.reverse()
        if waiting:  # the last books that a session hears go before its hold
            for stream in batch.streams:
                self._wire.stream(stream)
            batch.streams.clear()
        for row in batch.outbox:
            while waiting and waiting[-1][0] < row.seq:
                self._carry_out(*waiting.pop())
            yield row
        while waiting:
            self._carry_out(*waiting.pop())
        for session in self._at_logon:
            self._say_unproven(session)
        self._at_logon.clear()

    def _carry_out(self, seq: int, act: SessionAct) -> None:
        if act.act == RESEND_REPORTS:
            told = self._say_reports(act)
        else:
            told = self._wire.act(act)
        if act.act == RELEASE:
            told = f"{told}; {self._say_owed(seq, act.session)}"
        log.info("session_act", seq=seq, session=act.session, act=act.act, did=told)
        before = self.done.get(seq)
        self.done[seq] = f"{before}; {told}" if before else told
        if len(self.done) > DONE_KEPT:
            self.done.popitem(last=False)

    def _say_owed(self, seq: int, session: str) -> str:
        """Say what waited for the end of a hold, in its order: all of it is older than *seq*."""
        self._flush()
        if session in self._at_release:
            self._at_release.discard(session)
            self._say_unproven(session)  # a reset came in between: what waited is among it
            self._flush()
        count = 0
        for row in list(self._store.unsent()):
            if row.session == session and row.seq <= seq:
                self._say(row, False)
                count += 1
        return f"{count} messages that waited are said"

    def _say_reports(self, act: SessionAct) -> str:
        """Say reports again, with PossResend(97)=Y."""
        self._flush()
        said = count = 0
        for row in self._store.reports(act.session, act.begin, act.end, act.since):
            if not row.exec_id and row.msg_type not in REPORTS:
                continue
            if count == REPORTS_MAX:
                return f"{count} reports are said again, and there are more: ask for a later part"
            self._say(row, True)
            count += 1
            said = row.outbox_id
        return f"{count} reports are said again" if said else "there are no such reports"
