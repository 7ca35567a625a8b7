"""What stands out in a log: gaps, low numbers, resends, rejects, clocks that jump, broken messages.

watch = Watch()
for logged in read(path):
    for flag in watch.flags(logged, head_of(logged.message)): ...
"""

from __future__ import annotations

from msgspec import Struct

from otcfix.fixlog.fields import value_of
from otcfix.fixlog.header import Head
from otcfix.fixlog.logged import Logged, instant
from otcfix.model.time import MINUTE, SECOND

BACK = SECOND // 10
"""How far a clock may go back without a word: threads race for the log."""

SILENT = 60 * MINUTE
SESSIONS_MAX = 10_000
TEXT_MAX = 120

REJECTS = {
    b"3": "Reject", b"j": "BusinessMessageReject", b"9": "OrderCancelReject",
    b"AG": "QuoteRequestReject", b"Y": "MarketDataRequestReject",
}  # fmt: skip
_MAYBE = {
    b"8": (b"\x01150=8\x01", b"\x0139=8\x01"), b"b": (b"\x01297=5\x01",),
    b"AI": (b"\x01297=5\x01",), b"AR": (b"\x01939=1\x01",), b"P": (b"\x0187=1\x01",),
    b"AQ": (b"\x01750=2\x01",), b"r": (b"\x01531=0\x01",), b"AU": (b"\x01940=2\x01",),
}  # fmt: skip
"""What makes a no of a report."""

_SPECIAL = frozenset((b"2", b"4", b"A", *REJECTS))
_REASONS = (b"103", b"102", b"373", b"380", b"658", b"300", b"281", b"532", b"751", b"88")


class Flag(Struct, frozen=True):
    """One thing that stands out. kind: gap, low, resend, reset, reject, clock or broken."""

    kind: str
    text: str


class _Side:
    """One direction of a session."""

    __slots__ = ("due", "minute", "sent")

    def __init__(self) -> None:
        self.due = 0  # the next MsgSeqNum(34); 0 before the first
        self.sent = b""
        self.minute = b""


def is_reject(kind: bytes, message: bytes) -> bool:
    """Whether a message says no: a Reject of any kind, or a report of one."""
    if kind in REJECTS:
        return True
    texts = _MAYBE.get(kind)
    return texts is not None and (texts[0] in message or texts[-1] in message)


def reason_of(message: bytes) -> str:
    """Why it says no: its reason's tag and value, and its Text(58)."""
    said = [
        f"{tag.decode()}={_text(value)}" for tag in _REASONS if (value := value_of(message, tag))
    ]
    text = _text(value_of(message, b"58"))
    return " ".join([*said[:1], text]).strip()


class Watch:
    """Looks at every message of a log once, in its order."""

    def __init__(self) -> None:
        self._sides: dict[tuple[bytes, bytes], _Side] = {}

    def flags(self, logged: Logged, head: Head) -> list[Flag]:
        """What stands out in this message, after those before it."""
        kind, number, sender, target, sent, _ = head
        side = self._sides.get((sender, target))
        if side is None:
            if len(self._sides) >= SESSIONS_MAX:
                self._sides.clear()
            side = self._sides[sender, target] = _Side()
        message = logged.message
        again = b"\x0143=Y\x01" in message
        count = int(number) if number.isdigit() and len(number) < 19 else -1
        if (
            count == side.due
            and kind not in _SPECIAL
            and (kind not in _MAYBE or not is_reject(kind, message))
            and not again
            and not logged.faults
            and sent >= side.sent
            and sent[:12] == side.minute
        ):
            side.due = count + 1
            side.sent = sent
            return []
        found = [Flag("broken", fault) for fault in logged.faults]
        if not again:
            found += self._clock(side, sent)
        if count >= 0:
            found += self._number(side, kind, count, again, message)
        if kind in _SPECIAL or kind in _MAYBE:
            found += self._special(kind, message)
        return found

    @staticmethod
    def _number(side: _Side, kind: bytes, count: int, again: bool, message: bytes) -> list[Flag]:
        due = side.due
        if again:
            side.due = max(due, count + 1)
            return [Flag("resend", f"said again: {count}")] if kind != b"4" else []
        if kind == b"4":
            new = value_of(message, b"36")
            side.due = int(new) if new.isdigit() and len(new) < 19 else count + 1
            return []
        found = []
        if due and count > due:
            found = [Flag("gap", f"{due} expected, {count} came: {count - due} missing")]
        elif count < due:
            if kind == b"A" and (count == 1 or b"\x01141=Y\x01" in message):
                found = [Flag("reset", f"numbers begin again at {count}, {due} was expected")]
            else:
                found = [Flag("low", f"{due} expected, {count} came")]
                count = due - 1
        side.due = count + 1
        return found

    @staticmethod
    def _clock(side: _Side, sent: bytes) -> list[Flag]:
        before, side.sent, side.minute = side.sent, sent, sent[:12]
        if not before or not sent:
            return []
        then, now = (
            instant(before.decode("ascii", "replace")),
            instant(sent.decode("ascii", "replace")),
        )
        if then is None or now is None:
            return [] if now is not None else [Flag("clock", f"SendingTime(52) is {_text(sent)}")]
        if then - now >= BACK:
            return [Flag("clock", f"SendingTime(52) goes back by {span(then - now)}")]
        if now - then >= SILENT:
            return [Flag("clock", f"SendingTime(52) jumps ahead by {span(now - then)}")]
        return []

    @staticmethod
    def _special(kind: bytes, message: bytes) -> list[Flag]:
        if kind == b"2":
            first, last = _text(value_of(message, b"7")), _text(value_of(message, b"16"))
            return [Flag("resend", f"asks for {first} to {'the last' if last == '0' else last}")]
        if kind == b"4":
            how = "gap filled" if value_of(message, b"123") == b"Y" else "reset"
            return [Flag("resend", f"{how} to {_text(value_of(message, b'36'))}")]
        if is_reject(kind, message):
            return [Flag("reject", reason_of(message) or "no reason given")]
        return []


def _text(value: bytes) -> str:
    text = value[:TEXT_MAX].decode("utf-8", "replace")
    return text if text.isprintable() else ascii(text)[1:-1]


def span(micros: int) -> str:
    """Write a length of time for people: 1.234 ms, 2.5 s, 1h02m."""
    if micros < 1_000:
        return f"{micros} µs"
    if micros < SECOND:
        return f"{micros / 1_000:.3f}".rstrip("0").rstrip(".") + " ms"
    if micros < MINUTE:
        return f"{micros / SECOND:.3f}".rstrip("0").rstrip(".") + " s"
    minutes = micros // MINUTE
    if minutes < 60:
        return f"{minutes}m{micros % MINUTE // SECOND:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"
