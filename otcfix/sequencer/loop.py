"""The loop itself. One thread owns it; nothing else touches State or the store's writes."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import msgspec
import structlog

from otcfix.desk.state import State
from otcfix.model.decision import Decision
from otcfix.model.event import Boot, Event, Recalled
from otcfix.model.record import Batch, JournalRow, OutboxRow, SentMark
from otcfix.model.time import MS, SECOND, Instant
from otcfix.sequencer.acting import ALONE, Acting
from otcfix.sequencer.committing import Committer
from otcfix.sequencer.deciding import Decided, decide_in_words, outcome_of
from otcfix.sequencer.delays import Delays
from otcfix.sequencer.inbox import Inbox, Incoming, parts
from otcfix.sequencer.occasions import Occasions
from otcfix.sequencer.ports import (
    Clock,
    GatePort,
    MeasuresPort,
    Parse,
    RatesPort,
    Render,
    RenderStreams,
    StorePort,
    VenuePort,
    WirePort,
)
from otcfix.sequencer.seen import Seen
from otcfix.sequencer.stamping import Key, Stamper

log = structlog.get_logger("otcfix.sequencer")

BATCH_MAX = 128
FEW = 8
IDLE_S = 0.02
QUIET = 50 * MS
SNAPSHOT_EVERY = 50_000
SNAPSHOT_VERSION = "7"

Chain = Callable[..., bytes]
"""(previous hash, the journal row's fields up to verdicts, hash left out) to the row's hash."""

Observer = Callable[[Event, Decision, list[OutboxRow]], None]


class _Stamped(NamedTuple):
    """An event, and its facts as they are journaled."""

    event: Event
    facts_json: str


class Sequencer:
    """Takes what waits in the inbox and turns it into journal, state and replies."""

    def __init__(
        self,
        state: State,
        store: StorePort,
        wire: WirePort,
        rates: RatesPort,
        inbox: Inbox,
        *,
        parse: Parse,
        render: Render,
        render_streams: RenderStreams,
        chain: Chain,
        clock: Clock,
        monotonic: Clock,
        seen: Seen | None = None,
        clock_step_max: Instant = SECOND,
        on_event: Observer | None = None,
        venues: VenuePort | None = None,
        measures: MeasuresPort | None = None,
    ) -> None:
        self.state = state
        self.inbox = inbox
        self.seen = seen or Seen()
        self._store = store
        self._committer = Committer(store)
        self._wire = wire
        self._venues = venues
        self._parse = parse
        self._render = render
        self._render_streams = render_streams
        self._chain = chain
        self._clock = clock
        self._stamper = Stamper(state, store, rates, self.seen)
        self._on_event = on_event
        self._encode = msgspec.json.Encoder().encode
        self._hash = b""
        self._outbox_id = 0
        self._sent: list[SentMark] = []
        self._delays = Delays(state)
        self.proven: dict[str, int] = {}
        late = partial(self._say, late=True)
        self.acting = Acting(store, wire, late, self._say_unproven, self._flush)
        self._occasions = Occasions(
            *(state, store, rates, inbox),
            clock=clock,
            monotonic=monotonic,
            clock_step_max=clock_step_max,
            measures=measures,
        )
        self._snapshot_seq = 0
        self._last_batch: Instant = 0
        self._gate: GatePort | None = None
        self._stopping = threading.Event()
        self.failure: BaseException | None = None
        self.events = 0

    def start_from(self, seq_hash: bytes, outbox_id: int, command_id: int) -> None:
        """Continue behind what the database holds; State must already be there."""
        self._hash = seq_hash
        self._outbox_id = outbox_id
        self._occasions.command_id = command_id
        self._snapshot_seq = self.state.seq

    # -- running ---------------------------------------------------------------------------

    def run(self, gate: GatePort) -> None:
        """Loop until stopped. An exception ends the loop and is kept in `failure`."""
        self._gate = gate
        if self._store.concurrent:
            self._committer.start()
        try:
            while not self._stopping.is_set():
                # What has arrived by now is in the inbox before any timer of now fires (R18).
                now = self._clock()
                gate.take()
                if not self.step(now):
                    gate.wait(IDLE_S)
            while self.step():
                pass  # its answers still reach those who are there
            gate.stop()
            while self.step():
                pass  # what was received before the stop is decided before the stop
            self._flush()
            self.snapshot()
        except BaseException as error:
            self.failure = error
            log.critical("sequencer_stopped", error=str(error), exc_info=True)
            raise
        finally:
            self._committer.stop()
            if self.failure is not None:
                self._leave(gate)

    @staticmethod
    def _leave(gate: GatePort) -> None:
        """Nobody may stay connected to a desk that does not decide any more."""
        try:
            gate.stop()
        except Exception:
            log.exception("gate_not_stopped")

    def stop(self) -> None:
        """Ask the loop to finish what it has."""
        self._stopping.set()
        if self._gate is not None:
            self._gate.ring()

    def rates_moved(self, symbol: str) -> None:
        """Called by feeds: wake the loop if somebody waits on *symbol*."""
        if self._gate is not None and self.state.waits_on(symbol):
            self._gate.ring()

    def step(self, now: Instant | None = None) -> bool:
        """One batch; False when there was nothing to do. now: until when timers may fire."""
        now = self._clock() if now is None else now
        for row in self._delays.due(now):
            self._say_now(row)
        waiting = self._occasions.due(now)
        room = BATCH_MAX - len(waiting)
        taken = self.inbox.take(room)
        if not taken and not waiting:
            if self._committer.busy:
                self._finish()
                return True
            # The marks of the last batch go down with the next one; only a quiet desk pays a
            # commit for them alone. A stop in between says those reports again, with 97=Y.
            if self._sent and now - self._last_batch > QUIET:
                self._flush()
            return False
        for part in parts(waiting + taken):
            self._batch(part)
        self._last_batch = now
        if self.state.seq - self._snapshot_seq >= SNAPSHOT_EVERY:
            self._finish()
            self.snapshot()
        return True

    # -- one batch -------------------------------------------------------------------------

    def _batch(self, incoming: list[Incoming]) -> None:
        """Decide *incoming* and have it committed; say the batch before, and this one if it can
        be finished at once."""
        bodies: list[object] = []
        all_keys: list[list[Key]] = []
        for one in incoming:
            body = one.body if one.body is not None else self._parse(one.session, one.text)
            bodies.append(body)
            all_keys.append(self._stamper.keys_of(body))
        # What a session has heard, or dealt, is asked of the store: the answer must be whole.
        alone = any(isinstance(body, ALONE) for body in bodies)
        wanted = self._stamper.wanted(key for keys in all_keys for key in keys)
        if alone or wanted:
            self._finish()
        if any(key[0] == "report" for key in wanted):
            self._flush()  # by its number a report is known once its mark is down
        fetched = self._stamper.fetch(wanted)
        batch = Batch([], [], [], self._sent, dict(self.proven), [])
        self._sent = []
        self._stamper.recent.begin()
        for one, body, keys in zip(incoming, bodies, all_keys, strict=True):
            self._decide(batch, one, body, keys, fetched)
        self.events += len(incoming)
        before = self._committer.finish()
        # For a few events with nothing behind them a thread's wake-up would only come on top.
        overlaps = not alone and (len(incoming) >= FEW or len(self.inbox) > 0)
        if overlaps and self._committer.begin(batch):
            self._say_all(before)
            return
        self._say_all(before)
        self._committer.commit(batch)
        self._say_all(batch)

    def _finish(self) -> None:
        """Have the batch that is under way committed and said."""
        self._say_all(self._committer.finish())

    def _say_all(self, batch: Batch | None) -> None:
        """Say what *batch*, now durable, has to say."""
        if batch is None:
            return
        self._stamper.recent.committed()
        for row in self.acting.say_between(batch):
            self._say(row)
        for _, decision in batch.decided:
            if self._venues is not None:
                for request in decision.venue_requests:
                    self._venues.send(request)
            for session, text in decision.logouts:
                self._wire.logout(session, text)
            if decision.sessions is not None:
                self._wire.sessions_changed(decision.sessions)
        for stream in batch.streams:
            self._wire.stream(stream)

    def _decide(
        self,
        batch: Batch,
        one: Incoming,
        body: object,
        keys: list[Key],
        fetched: dict[Key, Recalled] | None,
    ) -> None:
        """Stamp, decide and apply one event, and add it to the batch."""
        state = self.state
        event = self._event(one, body, keys, fetched)
        self.acting.note(body, state)
        decided = decide_in_words(state, event.event, self._render)
        decision = decided.decision
        if decision.streams:
            batch.streams += self._render_streams(decision, event.event.at)
        state.apply(event.event, decision)
        self._stamper.remember(decision)
        outbox = self._outbox(event.event, decided)
        self._journal(batch, event, decided)
        batch.decided.append((event.event, decision))
        batch.outbox.extend(outbox)
        if one.command_id:
            done = (one.command_id, event.event.seq, outcome_of(decision))
            batch.commands_done.append(done)
        for alert in decision.alerts:
            log.warning("alert", seq=event.event.seq, alert=alert)
        if self._on_event is not None:
            self._on_event(event.event, decision, outbox)

    def _event(
        self, one: Incoming, body: object, keys: list[Key], fetched: dict[Key, Recalled] | None
    ) -> "_Stamped":
        state = self.state
        at = max(self._clock(), state.at)
        facts, facts_json = self._stamper.stamp(body, keys, fetched, at)
        head = getattr(body, "head", None)
        number = head.msg_seq_num if head is not None else getattr(body, "msg_seq_num", 0)
        event = Event(
            state.seq + 1,
            at,
            type(body).__name__,
            body,
            one.received_at,
            one.session,
            one.epoch,
            number,
            one.text or self._encode(body).decode(),
            facts,
        )
        return _Stamped(event, facts_json)

    def _outbox(self, event: Event, decided: Decided) -> list[OutboxRow]:
        rows: list[OutboxRow] = []
        for reply, said in zip(decided.decision.replies, decided.words, strict=True):
            # A report or a quote is routed as its order or quote is; other replies say it.
            route: Any = getattr(reply, "order", None) or getattr(reply, "quote", None) or reply
            to, to_sub = route.deliver_to, route.deliver_to_sub
            for session, msg_type, text, exec_id, price in said:
                self._outbox_id += 1
                about = (session, msg_type, exec_id, price, to, to_sub, text)
                rows.append(OutboxRow(self._outbox_id, event.seq, *about))
        return rows

    def _journal(self, batch: Batch, stamped: "_Stamped", decided: Decided) -> None:
        event = stamped.event
        fields = (
            event.seq,
            event.at,
            event.kind,
            event.session,
            event.epoch,
            event.msg_seq_num,
            event.received_at,
            event.text,
            stamped.facts_json,
            decided.digest,
        )
        self._hash = self._chain(self._hash, *fields, decided.verdicts)
        batch.rows.append(JournalRow(*fields, self._hash, decided.verdicts))

    def _say(self, row: OutboxRow, again: bool = False, *, late: bool = False) -> None:
        if not self._delays.keeps(row, self._clock(), late=late or again):
            self._say_now(row, again)

    def _say_now(self, row: OutboxRow, again: bool = False) -> None:
        said = self._wire.say(row, again=again)
        if said is not None:
            self._sent.append(SentMark(row.outbox_id, row.session, *said))

    def _say_unproven(self, session: str) -> None:
        """R21: after a reset, every report whose receipt was not proven is said again."""
        for row in list(self._store.said_since(session, self.proven.get(session, 0))):
            if row.exec_id:
                self._say(row, True)

    def _flush(self) -> None:
        """Put the last sent marks down: nothing else is to do, or they are asked for."""
        if self._sent or self.proven:
            self._committer.commit(Batch([], [], [], self._sent, dict(self.proven), []))
            self._sent = []

    # -- starting and stopping -------------------------------------------------------------

    def boot(self, boot: Boot) -> None:
        """Sequence the boot event by itself, before any client is let in."""
        self._batch([Incoming("", 0, "", self._clock(), boot)])

    def take_waiting(self) -> None:
        """Decide what waits in the inbox, and nothing that is due: before any client is let in."""
        while taken := self.inbox.take(BATCH_MAX):
            self._batch(taken)
        self._finish()

    def note_sent(self, marks: list[SentMark]) -> None:
        """Note, with the next commit, what became of replies that are not to be said any more."""
        self._sent += marks

    def look_for_commands(self) -> None:
        """Look into the mailbox at the next turn of the loop; from any thread."""
        self._occasions.look_for_commands()

    def check_commands(self) -> None:
        """Take what staff left in the mailbox now, without waiting for the next look."""
        self._occasions.look_for_commands()
        while self.step():
            pass

    def say_owed(self, rows: list[OutboxRow], *, again: bool) -> None:
        """Say what is owed from before any client is let in; again: with 97=Y, for it may have been
        said (R10)."""
        for row in rows:
            self._say(row, again)
        self._flush()

    def snapshot(self) -> None:
        """Write State and the filter of seen ids, so that the next start is short."""
        state = self.state
        if not state.seq or state.seq == self._snapshot_seq:
            return
        self._store.save_snapshot(
            state.seq, state.at, SNAPSHOT_VERSION, state.dump(), self.seen.pack()
        )
        self._snapshot_seq = state.seq
