"""Bringing State back: the newest snapshot, then the journal's tail, decided again and compared."""

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache

import msgspec

import otcfix
from otcfix.desk.state import State
from otcfix.model.decision import Decision
from otcfix.model.errors import ReplayDiffers
from otcfix.model.event import Boot, Event, Facts, Typed
from otcfix.model.record import JournalRow
from otcfix.sequencer.deciding import Decided, decide_in_words
from otcfix.sequencer.loop import SNAPSHOT_VERSION
from otcfix.sequencer.ports import Parse, Render, StorePort
from otcfix.sequencer.seen import Seen
from otcfix.sequencer.stamping import NO_FACTS

_facts = msgspec.json.Decoder(Facts).decode
_typed = msgspec.json.Decoder(Typed)


@lru_cache(maxsize=64)
def _facts_of(text: str) -> Facts:
    """Facts are frozen, and one book serves many events before it moves."""
    return _facts(text)


def event_of(row: JournalRow, parse: Parse) -> Event:
    """The event that a journal row holds."""
    is_fix = not row.text.startswith("{")
    body = parse(row.session, row.text) if is_fix else _typed.decode(row.text)
    facts = NO_FACTS if row.facts == "{}" else _facts_of(row.facts)
    return Event(
        row.seq,
        row.at,
        row.kind,
        body,
        row.received_at,
        row.session,
        row.epoch,
        row.msg_seq_num,
        row.text,
        facts,
    )


class Replay:
    """Decides journal rows again, one by one, onto a State.

    on_decided sees each event and what was decided while State is as it was before.
    """

    def __init__(
        self,
        state: State,
        parse: Parse,
        render: Render,
        on_decided: Callable[[Event, Decided], None] | None = None,
    ) -> None:
        self.state = state
        self.count = 0
        self._parse = parse
        self._render = render
        self._on_decided = on_decided
        self._written_by = ""
        self._print = hashlib.sha256()

    def step(self, row: JournalRow) -> Decision:
        """Decide one row again. Errors: ReplayDiffers with the event's number."""
        event = event_of(row, self._parse)
        if isinstance(event.body, Boot):
            self._written_by = event.body.version
        decided = decide_in_words(self.state, event, self._render)
        if decided.digest != row.digest:
            what = f"{row.kind} of {row.session}" if row.session else row.kind
            if self.other_version:
                what += f"; {self.other_version}"
            raise ReplayDiffers(row.seq, row.digest.hex(), decided.digest.hex(), what)
        if self._on_decided is not None:
            self._on_decided(event, decided)
        self.state.apply(event, decided.decision)
        self._print.update(decided.digest)
        self.count += 1
        return decided.decision

    @property
    def other_version(self) -> str:
        """Who wrote the journal where that was not this version, and what to do; else ""."""
        if self._written_by in ("", otcfix.__version__):
            return ""
        return (
            f"otcfix {self._written_by} wrote it, and this is {otcfix.__version__}, which may "
            "decide otherwise: give this one a new database, and keep that one for reading"
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the digests of every decision so far."""
        return self._print.hexdigest()


def fingerprint(rows: Iterable[JournalRow]) -> str:
    """The fingerprint that a journal claims: what `Replay` must arrive at."""
    total = hashlib.sha256()
    for row in rows:
        total.update(row.digest)
    return total.hexdigest()


def recover(
    store: StorePort,
    id_key: bytes,
    bind: Callable[[State], tuple[Parse, Render]],
    progress: Callable[[int], None] | None = None,
) -> tuple[State, Seen]:
    """State and the filter of seen ids as they stood at the journal's head.

    bind gives parse and render for a State, since both look at the desk that it holds.
    Errors: ReplayDiffers stops the start: what was said and what would be decided now differ.
    """
    kept = store.newest_snapshot(SNAPSHOT_VERSION)
    state = State.load(kept[2], id_key) if kept else State(id_key)
    seen = Seen(kept[3]) if kept else Seen()
    parse, render = bind(state)
    replay = Replay(state, parse, render)
    for row in store.journal(after=state.seq):
        decision = replay.step(row)
        for use in decision.uses:
            seen.add("cl_ord_id", use.scope, use.cl_ord_id)
        for quote in decision.quotes:
            if not quote.lives:
                seen.add("quote_request", quote.client_id, quote.quote_req_id)
        if progress and replay.count % 10_000 == 0:
            progress(replay.count)
    return state, seen
