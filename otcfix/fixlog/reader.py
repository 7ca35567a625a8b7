"""Reading FIX logs of any make, in constant memory.

    for logged in read(Path("FIX.4.4-A-B.messages.current.log")):
        print(logged.line, logged.direction, logged.message)

A source is a path (plain, gzip, or the body of a QuickFIX message store), "-" for stdin, or a
binary stream. Nothing in a log raises: what cannot be read as a message is told as a fault of it,
or with *notes* as a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from otcfix.fixlog import prefix, sources
from otcfix.fixlog.fields import checksum
from otcfix.fixlog.framing import (
    BEGIN,
    ROOM,
    TAILS,
    WHOLE_MAX,
    Found,
    faults_of,
    head_of,
    mended,
    odd,
)
from otcfix.fixlog.logged import SOH, Logged

KEPT = WHOLE_MAX + 2 * ROOM
"""No more of a source is held than this, and what is read at once."""

LOOKED_AT = 200
"""How much of a line without a message is looked at for its time."""

Source = Path | str | IO[bytes]


def read(
    source: Source,
    *,
    delimiter: bytes = b"",
    notes: bool = False,
    idle: Callable[[], bool] | None = None,
    start: int = 0,
) -> Iterator[Logged]:
    """Read every message of *source* in its order.

    delimiter: what stands between fields; b"" finds it out for each message. notes: tell lines
    without a message as well (events, junk). idle: follow the source: called whenever there is
    nothing new, waits and says whether to go on. start: where in a plain file to begin, bytes;
    lines are counted from there. Errors: OSError where it cannot be opened.
    """
    if idle is None and not start and (store := sources.store_of(source)) is not None:
        return sources.stored(*store)
    return Scan(sources.chunks(source, idle, start), delimiter, notes).logged()


class Scan:
    """One pass over the bytes of a log."""

    def __init__(self, chunks: Iterator[bytes], delimiter: bytes = b"", notes: bool = False):
        self._chunks = chunks
        self._delimiter = delimiter
        self._head = head_of(delimiter).match
        self._notes = notes
        self._buffer = b""
        self._done = False  # the source has ended
        self._settled = False  # nothing new at the last look
        self._line = 1  # of what stands at _counted
        self._counted = 0
        self._inline = False  # a message of this line was told already
        self._mark = ("", "")

    def logged(self) -> Iterator[Logged]:
        """Tell the messages, and with notes the lines between them."""
        place = 0
        while True:
            buffer = self._buffer
            start = buffer.find(BEGIN, place)
            if start < 0:
                if self._notes:
                    yield from self._between(place, len(buffer) if self._done else -1)
                if self._done:
                    return
                place = self._more(max(buffer.rfind(b"\n") + 1, place))
                continue
            head = self._head(buffer, start)
            text = b""
            faults: tuple[str, ...] = ()
            if head is not None:
                end = head.end() + int(head[3])
                if end + 7 > len(buffer) and not self._done and end - start < WHOLE_MAX:
                    place = self._more(self._line_of(place, start))
                    continue
                text = buffer[start : end + 7] if end + 7 <= len(buffer) else b""
                if head[2] != SOH or text[-7:] != TAILS[checksum(text[:-7])]:
                    text, faults = _mended(text, head[2])
            if text:
                end += 7
            else:
                found = self._odd(start)
                if found is None:
                    place = self._more(self._line_of(place, start))
                    continue
                text, end, faults = found
            if self._notes:
                yield from self._between(place, start)
            if text:
                when, direction = self._marks(place, start)
                yield Logged(self._line, when, direction, text, faults)
                self._inline = True
            place = end

    def _odd(self, start: int) -> Found | None:
        """What begins at *start* and is not plain; None until more of the source is read.

        A message of no bytes is none: only its beginning is passed over.
        """
        buffer = self._buffer
        enough = len(buffer) - start >= ROOM or self._done
        if not enough and not (self._settled and buffer.find(b"\n", start) >= 0):
            return None
        return odd(buffer, start, self._delimiter) or Found(b"", start + len(BEGIN), ())

    def _more(self, keep: int) -> int:
        """Read on, forgetting what stands before *keep*; return where that is now."""
        buffer = self._buffer
        keep = max(keep, len(buffer) - KEPT)
        self._count(keep)
        if keep and buffer[keep - 1 : keep] == b"\n":
            self._inline = False
        chunk = next(self._chunks, None)
        self._done = chunk is None
        self._settled = chunk == b""
        self._buffer = buffer[keep:] + (chunk or b"")
        self._counted = 0
        return 0

    def _count(self, place: int) -> None:
        self._line += self._buffer.count(b"\n", self._counted, place)
        self._counted = max(place, self._counted)

    def _line_of(self, place: int, start: int) -> int:
        """Where the line of *start* begins, or what is not told yet of it."""
        if self._notes:
            return place
        return max(self._buffer.rfind(b"\n", place, start) + 1, place)

    def _marks(self, place: int, start: int) -> tuple[str, str]:
        """Time and direction of the message at *start*; of one line they hold on."""
        self._count(start)
        begin = self._buffer.rfind(b"\n", place, start) + 1
        if begin:
            self._inline = False
        marks = prefix.of(self._buffer[begin or place : start])
        if not self._inline or marks[0]:
            self._mark = marks
        return self._mark

    def _between(self, place: int, stop: int) -> Iterator[Logged]:
        """The lines up to *stop* that hold no message; -1: up to the last line end."""
        buffer = self._buffer
        last = stop == len(buffer)
        end = buffer.rfind(b"\n", place, None if stop < 0 else stop) + 1
        if last and stop > end:
            end = stop
        if end <= place:
            return
        lines = buffer[place:end].split(b"\n")
        number = self._line + buffer.count(b"\n", self._counted, place)
        for at, line in enumerate(lines):
            text = line.strip()
            if text and not (at == 0 and self._inline):
                when, direction = prefix.of(line[:LOOKED_AT])
                yield Logged(number + at, when, direction, b"", (), text.decode("utf-8", "replace"))


def _mended(text: bytes, delimiter: bytes) -> tuple[bytes, tuple[str, ...]]:
    """One message of the length it says, with any delimiter; b"" when it does not end there."""
    if text[-7:-4] != b"10=" or text[-1:] != delimiter or text[-8:-7] != delimiter:
        return b"", ()
    if not text[-4:-1].isdigit():
        return b"", ()
    message = mended(text, delimiter)
    return message, () if message[-7:] == TAILS[checksum(message[:-7])] else faults_of(message)
