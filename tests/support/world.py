"""The world around a conversation: a clock that is set, rates that are set, a wire that records."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import quickfix as fix
from msgspec import structs

from otcfix.fix import dictionaries
from otcfix.fix.acceptor import NEVER_AGAIN
from otcfix.fix.administration import PASSES_HOLD
from otcfix.fix.dialect_dictionary import derived
from otcfix.fix.outgoing import message_of, stream_message_of
from otcfix.fix.settings import begin_string
from otcfix.fix.stock_client import SESSION_REJECT_REASON, stock_validator
from otcfix.fix.tongues import Tongue
from otcfix.model.party import Session
from otcfix.model.rates import Conversion, Level, Rates, SourceBook
from otcfix.model.record import OutboxRow, StreamRow
from otcfix.model.session_act import SessionAct
from otcfix.model.time import SECOND, Instant, from_datetime, utc_timestamp

SOH = "\x01"


def instant(text: str) -> Instant:
    """2027-01-13 12:00:00.000 (UTC) as an Instant."""
    return from_datetime(datetime.fromisoformat(f"{text.replace(' ', 'T')}+00:00"))


class Clock:
    """Two clocks that stand still until they are set."""

    def __init__(self, start: Instant) -> None:
        self.wall = start
        self.steady = start

    def wall_now(self) -> Instant:
        """The wall clock."""
        return self.wall

    def steady_now(self) -> Instant:
        """The monotonic clock."""
        return self.steady

    def go(self, until: Instant) -> None:
        """Let time pass on both."""
        assert until >= self.wall, "time goes forward: a step back is wall_steps"
        self.steady += until - self.wall
        self.wall = until


class SetRates:
    """A rate book that shows what it was told; its feeds tick until they are stopped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._books: dict[str, dict[str, SourceBook]] = {}
        self._cached: dict[str, Rates] = {}
        self._conversions: dict[str, Decimal] = {}
        self._conversion_stopped: dict[str, Instant] = {}
        self._stopped: set[tuple[str, str]] = set()
        self._moved: set[str] = set()
        self._snapshot = 0

    def show(
        self, symbol: str, source: str, bids: Sequence[Level], offers: Sequence[Level]
    ) -> None:
        """A new snapshot of one source."""
        self._snapshot += 1
        book = SourceBook(source, self._snapshot, self._clock.wall, tuple(bids), tuple(offers))
        self._books.setdefault(symbol, {})[source] = book
        self._stopped.discard((symbol, source))
        self._cached.pop(symbol, None)
        self._moved.add(symbol)

    def stop(self, symbol: str, source: str) -> None:
        """The source's book no longer changes, and ages."""
        self._stopped.add((symbol, source))

    def value(self, asset: str, rate: str, *, stopped: bool = False) -> None:
        """What one unit of *asset* is worth in the limit currency."""
        self._conversions[asset] = Decimal(rate)
        self._conversion_stopped.pop(asset, None)
        if stopped:
            self._conversion_stopped[asset] = self._clock.wall

    def forget_value(self, asset: str) -> None:
        """No conversion is known any more."""
        del self._conversions[asset]

    def tick(self) -> None:
        """Feeds that run say that their books still stand (A21: a venue timestamp)."""
        for symbol, sources in self._books.items():
            for name, book in sources.items():
                if (symbol, name) not in self._stopped and book.changed_at < self._clock.wall:
                    sources[name] = structs.replace(book, changed_at=self._clock.wall)
                    self._cached.pop(symbol, None)

    # -- what the sequencer asks -----------------------------------------------------------

    def rates(self, symbol: str, now: Instant) -> Rates:
        """The books of *symbol*; the same object until one changes."""
        found = self._cached.get(symbol)
        if found is None:
            found = Rates(symbol, tuple(self._books.get(symbol, {}).values()))
            self._cached[symbol] = found
        return found

    def conversion(self, asset: str, now: Instant) -> Conversion | None:
        """The rate of *asset* into the limit currency."""
        rate = self._conversions.get(asset)
        if rate is None:
            return None
        return Conversion(asset, rate, self._conversion_stopped.get(asset, self._clock.wall))

    def moved(self) -> set[str]:
        """The symbols that moved since the last call."""
        moved, self._moved = self._moved, set()
        return moved


STOCK_CLEAN = ("flat42", "plain44", "plain50sp2")
"""Dialects whose clients have the stock dictionary of their version: they are told no other tag."""


def _tongue(session: Session) -> Tongue | None:
    if session.dialect is None or not session.dialect.speaks:
        return None
    ours = _our_dictionaries()
    plain = {"FIX.4.2": ours.fix42, "FIX.4.4": ours.fix44, "FIX.5.0SP2": ours.fix50sp2}
    path = derived(plain[session.version], session.dialect)
    return Tongue(session.dialect, session.symbols, str(path))


class Heard:
    """One message that a client received."""

    def __init__(self, text: str, row: OutboxRow | None = None) -> None:
        self.text = text
        self.row = row
        self.fields = [
            (int(tag), value)
            for tag, _, value in (field.partition("=") for field in text.split(SOH)[:-1])
        ]

    def values(self, tag: int) -> list[str]:
        """Every value of *tag*, in order."""
        return [value for found, value in self.fields if found == tag]

    def get(self, tag: int, default: str = "") -> str:
        """The first value of *tag*."""
        return next(iter(self.values(tag)), default)

    @property
    def kind(self) -> str:
        """MsgType(35)."""
        return self.get(35)

    def __repr__(self) -> str:
        return self.text.replace(SOH, "|")


class Line:
    """The desk's end of one session, and the client's ear at the other."""

    def __init__(self, session: Session) -> None:
        self.key = session.key
        self.version = session.version
        self.copies = session.kind == "drop_copy"
        self.tongue = _tongue(session)
        dialect = session.dialect.name if self.tongue is not None and session.dialect else ""
        self.own_words = dialect not in ("", *STOCK_CLEAN)
        self.online = False
        self.epoch = 0
        self.number_in = 0
        self.number_out = 0
        self.unread: list[Heard] = []
        self.heard: list[Heard] = []
        self.waiting: list[Heard] = []


class IdleGate:
    """A gate through which nothing comes by itself: the client puts into the inbox."""

    def __init__(self) -> None:
        self._bell = threading.Event()

    def take(self) -> None:
        """Nothing has arrived."""

    def wait(self, timeout_s: float) -> None:
        """Sleep."""
        self._bell.wait(timeout_s)
        self._bell.clear()

    def ring(self) -> None:
        """Wake."""
        self._bell.set()

    def stop(self) -> None:
        """Nobody is in."""


class Wire:
    """Builds every message as the acceptor does, and checks it as a stock client does (R7)."""

    def __init__(self, clock: Clock, committed: Callable[[int], bool]) -> None:
        self._clock = clock
        self._committed = committed
        self.lines: dict[str, Line] = {}
        self.logged_out: list[tuple[str, str]] = []
        self.acts: list[SessionAct] = []
        self.on_hold: set[str] = set()
        self.dead = False

    def say(self, row: OutboxRow, *, again: bool) -> tuple[int, int] | None:
        """Send one reply."""
        if self.dead:
            raise Killed
        assert self._committed(row.outbox_id), f"law 1: said before it was committed: {row}"
        line = self.lines[row.session]
        if row.session in self.on_hold and not again and row.msg_type not in PASSES_HOLD:
            return (line.epoch, 0) if row.price else None
        if not line.online and (row.price or row.msg_type in NEVER_AGAIN):
            return line.epoch, 0
        line.number_out += 1
        heard = self._built(line, row, again)
        if line.online:
            line.unread.append(heard)
            line.heard.append(heard)
        else:
            line.waiting.append(heard)
        return line.epoch, line.number_out

    def stream(self, row: StreamRow) -> None:
        """Send one W or X."""
        if self.dead:
            raise Killed
        line = self.lines[row.session]
        if not line.online or row.session in self.on_hold:
            return
        line.number_out += 1
        tongue, version = line.tongue, line.version
        said = stream_message_of(version, row) if tongue is None else tongue.said(version, row)
        heard = self._finished(line, said)
        line.unread.append(heard)
        line.heard.append(heard)

    def logout(self, session: str, text: str) -> None:
        """Note that the session is logged out, and why."""
        if self.dead:
            raise Killed
        self.logged_out.append((session, text))

    def act(self, act: SessionAct) -> str:
        """Note what staff has done to a session; a hold holds."""
        if self.dead:
            raise Killed
        self.acts.append(act)
        if act.act == "hold":
            self.on_hold.add(act.session)
        elif act.act == "release":
            self.on_hold.discard(act.session)
        return act.act

    def sessions_changed(self, sessions: tuple[Session, ...]) -> None:
        """Lines of new sessions come when they are asked for."""

    def _built(self, line: Line, row: OutboxRow, again: bool) -> Heard:
        if line.tongue is not None:
            return self._finished(line, line.tongue.message_of(line.version, row, again), row)
        return self._finished(line, message_of(line.version, row, again), row)

    def _finished(self, line: Line, message: Any, row: OutboxRow | None = None) -> Heard:
        header = message.getHeader()
        for tag, value in (
            (34, str(line.number_out)),
            (49, "OTCFIX"),
            (52, utc_timestamp(self._clock.wall)),
            (56, line.key),
        ):
            header.setField(tag, value)
        text = message.toString()
        if not line.own_words:
            stock_validator(line.version)(text)
        return Heard(text, row)

    def logs_on(self, line: Line) -> None:
        """The client is back, sees the gap, and gets what it missed by ResendRequest."""
        line.online = True
        for heard in line.waiting:
            again = Heard(heard.text.replace(f"{SOH}49=", f"{SOH}43=Y{SOH}49=", 1), heard.row)
            line.unread.append(again)
            line.heard.append(again)
        line.waiting.clear()


class Killed(BaseException):
    """The process was killed at this instant. Not an Exception: nothing may catch it."""


# -- what QuickFIX does before a message reaches us --------------------------------------------

_REASONS = {kind: reason for kind, reason in SESSION_REJECT_REASON.items() if reason != 99}
"""SessionRejectReason(373) that QuickFIX answers for what its validation raises."""


class Refused(Exception):
    """QuickFIX answers Reject(35=3) by itself: SessionRejectReason(373) and RefTagID(371)."""

    def __init__(self, reason: int, tag: int | None) -> None:
        super().__init__(f"373={reason} 371={tag}")
        self.reason = reason
        self.tag = tag


@cache
def _our_dictionaries() -> dictionaries.Dictionaries:
    return dictionaries.build(Path(tempfile.gettempdir(), "otcfix-test-dictionaries"))


@cache
def _loaded(path: Path, unknown_tags: str) -> fix.DataDictionary:
    loaded = fix.DataDictionary(str(path))
    loaded.checkUserDefinedFields(False)
    loaded.allowUnknownMsgFields(unknown_tags == "ignore")
    return loaded


def received(session: Session, raw: str) -> str:
    """The canonical text of *raw* as QuickFIX hands it over. Errors: Refused."""
    ours = _our_dictionaries()
    paths = {
        "FIX.4.2": (ours.fix42,),
        "FIX.4.4": (ours.fix44,),
        "FIX.5.0SP2": (ours.fixt11, ours.fix50sp2),
    }[session.version]
    if session.dialect is not None:
        paths = (*paths[:-1], derived(paths[-1], session.dialect))
    transport, app = (_loaded(path, session.unknown_tags) for path in (paths[0], paths[-1]))
    kind = raw.split(f"{SOH}35=", 1)[-1].split(SOH, 1)[0]
    body = transport if kind in "0 1 2 3 4 5 A".split() else app
    try:
        message = fix.Message(raw, transport, body, True)
        fix.DataDictionary.validate(message, transport, body)
    except tuple(_REASONS) as error:
        raise Refused(_REASONS[type(error)], getattr(error, "field", None)) from None
    return str(message.toString())


def framed(session: Session, header: list[tuple[int, str]], body: list[tuple[int, str]]) -> str:
    """A whole FIX message, with BodyLength(9) and CheckSum(10)."""
    inner = "".join(f"{tag}={value}{SOH}" for tag, value in header + body)
    length = len(inner.encode("utf-8", "surrogateescape"))
    text = f"8={begin_string(session.version)}{SOH}9={length}{SOH}{inner}"
    check = sum(text.encode("utf-8", "surrogateescape")) % 256
    return f"{text}10={check:03d}{SOH}"


def stamp(at: Instant) -> str:
    """A UTCTimestamp with milliseconds."""
    return utc_timestamp(at)


__all__ = [
    "SECOND",
    "Clock",
    "Heard",
    "Killed",
    "Line",
    "Refused",
    "SetRates",
    "Wire",
    "framed",
    "instant",
    "received",
    "stamp",
]
