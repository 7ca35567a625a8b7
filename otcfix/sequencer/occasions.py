"""What happens by itself: measures change, the clock jumps, timers end, rates move or grow old,
staff command."""

import msgspec

from otcfix.desk.state import State
from otcfix.model.event import ClockJumped, RatesMoved, TimerFired, Typed, UnreadCommand
from otcfix.model.time import MS, SECOND, Instant
from otcfix.sequencer.inbox import Inbox, Incoming
from otcfix.sequencer.load import Load
from otcfix.sequencer.marks import Marks
from otcfix.sequencer.ports import Clock, Mailed, MeasuresPort, RatesPort, StorePort

TIMER_SPACING = 10 * MS
STALE_CHECK = 100 * MS
COMMAND_CHECK = 200 * MS
LOOKS = 4
"""Looks at a symbol in a stream's interval, at most."""


def read(command: Mailed) -> object:
    """What the mailbox holds, as an event's body: whatever cannot be read is one too."""
    try:
        return msgspec.json.decode(command.body, type=Typed)
    except (ValueError, RecursionError) as error:  # MsgspecError is a ValueError
        return UnreadCommand(command.by, str(error)[:200])


def _is_time(now: Instant, then: Instant, spacing: Instant) -> bool:
    """Whether *then* has come; also where it lies further off than it was ever put: the clock was
    set back, and staff must not wait for its next command until that hour comes again."""
    return now >= then or then > now + spacing


class Listeners:
    """Which streams are to be looked at now: the latest price wins (conflation).

    A symbol that moved waits until the first of its listeners may hear of it, and again until the
    next one may, so that nobody is left behind when the market falls silent.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: dict[str, Instant] = {}
        self._looked: dict[str, Instant] = {}

    def due(self, shown: set[str], now: Instant) -> set[str]:
        """The symbols whose rates are to be laid before the listeners. shown: what moved."""
        streams, waiting = self._state.streams, self._waiting
        for symbol in [*shown, *streams.owed]:
            if symbol not in waiting and streams.listens(symbol):
                waiting[symbol] = streams.next_at(symbol) or 0
                if symbol in streams.owed:
                    self._looked.pop(symbol, None)
        if not waiting:
            return set()
        desk = self._state.register.desk
        # A price that moves without changing anybody's ladder is not looked at each time.
        since = now - (desk.stream.interval_ms * MS // LOOKS if desk else 0)
        found = {
            symbol
            for symbol, wake in waiting.items()
            if wake <= now and self._looked.get(symbol, 0) <= since
        }
        for symbol in found:
            later = streams.next_at(symbol, after=now)
            if later is None:
                del waiting[symbol]
            else:
                waiting[symbol] = later
            self._looked[symbol] = now
        return found


class Occasions:
    """Looks at the clocks, the rates and the mailbox before each batch."""

    def __init__(
        self,
        state: State,
        store: StorePort,
        rates: RatesPort,
        inbox: Inbox,
        *,
        clock: Clock,
        monotonic: Clock,
        clock_step_max: Instant = SECOND,
        measures: MeasuresPort | None = None,
    ) -> None:
        self._state = state
        self._store = store
        self._rates = rates
        self._inbox = inbox
        self._measures = measures
        self._marks = Marks(state, rates)
        self._monotonic = monotonic
        self._clock_step_max = clock_step_max
        self._offset = clock() - monotonic()
        self._next_timer: Instant = 0
        self._next_stale_check: Instant = 0
        self._gone: dict[str, set[tuple[str, int]]] = {}
        self._listeners = Listeners(state)
        self._load = Load(state)
        self._next_command_check: Instant = 0
        self.command_id = 0

    def look_for_commands(self) -> None:
        """Look into the mailbox at the next occasion, whenever the last look was."""
        self._next_command_check = 0

    def due(self, now: Instant) -> list[Incoming]:
        """What happens by itself: measures, the clock's jumps, timers, rates, staff commands.

        What was measured goes first: whatever is decided in this batch is decided with it.
        """
        own: list[Incoming] = []
        measured = None if self._measures is None else self._measures.due(now)
        if measured is not None:
            own.append(self._typed(measured, now))
        marks = self._marks.due(now)
        if marks is not None:
            own.append(self._typed(marks, now))
        load = self._load.due(len(self._inbox), now)
        if load is not None:
            own.append(self._typed(load, now))
        jump = self._clock_jump(now)
        if jump is not None:
            own.append(self._typed(jump, now))
        due = self._state.next_due()
        if due is not None and _is_time(now, self._next_timer, TIMER_SPACING):
            # A message received before an expiry is decided before it, whatever queue stood
            # in front of it (R18): timers never run ahead of the oldest message waiting.
            oldest = self._inbox.oldest()
            until = now if oldest is None else min(now, oldest)
            if due <= until:
                own.append(self._typed(TimerFired(until), now))
                self._next_timer = now + TIMER_SPACING
        stale = self._newly_stale(now)
        shown = self._rates.moved()
        moved = {symbol for symbol in shown if self._state.waits_on(symbol)}
        symbols = tuple(sorted(moved | stale | self._listeners.due(shown, now)))
        if symbols:
            own.append(self._typed(RatesMoved(symbols), now))
        if _is_time(now, self._next_command_check, COMMAND_CHECK):
            self._next_command_check = now + COMMAND_CHECK
            for command in self._store.new_commands(self.command_id):
                self.command_id = command.id
                own.append(Incoming("", 0, "", now, read(command), command.id))
        return own

    @staticmethod
    def _typed(body: object, now: Instant) -> Incoming:
        return Incoming("", 0, "", now, body)

    def _clock_jump(self, now: Instant) -> ClockJumped | None:
        """The wall clock against the monotonic one: a step beyond the limit stops dealing."""
        drift = now - self._monotonic() - self._offset
        distrusted = self._state.word("desk", "clock") != ""
        if abs(drift) > self._clock_step_max and not distrusted:
            return ClockJumped(False, drift // MS)
        if distrusted and abs(drift) <= self._clock_step_max and now >= self._state.at:
            return ClockJumped(True, drift // MS)
        return None

    def _newly_stale(self, now: Instant) -> set[str]:
        """Symbols of which a source has just gone or grown older than somebody takes it: quotes
        must die, books be emptied."""
        found: set[str] = set()
        if not _is_time(now, self._next_stale_check, STALE_CHECK):
            return found
        self._next_stale_check = now + STALE_CHECK
        for symbol in sorted({*self._state.quoted, *self._state.streams.symbols}):
            rates = self._rates.rates(symbol, now)
            gone = {(name, 0) for name, _ in rates.missing} if rates.books else {("", 0)}
            for age_ms in self._ages_ms(symbol):
                oldest = now - age_ms * MS
                gone.update(
                    [(book.source, age_ms) for book in rates.books if book.changed_at < oldest]
                )
            if gone - self._gone.get(symbol, set()):
                found.add(symbol)
            self._gone[symbol] = gone
        return found

    def _ages_ms(self, symbol: str) -> set[int]:
        """How old a source may be: the instrument's word, and that of each rule on sources."""
        register = self._state.register
        instrument = register.instruments[symbol]
        ages = {instrument.price_age_max_ms}
        for rule in register.desk.pricing if register.desk else ():
            if rule.sources is not None and rule.sources.age_max_ms is not None:
                ages.add(rule.sources.age_max_ms)
        return ages
