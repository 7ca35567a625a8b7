"""QuickFIX's file store of a session, looked at before QuickFIX opens it, and made anew from the
outbox where it is gone or spoiled.

QuickFIX reads its index until the first thing that it does not understand, and passes over the rest
in silence: what was in it would be gap-filled, and a report never told again. Four files a session:
`.seqnums` (next out, next in), `.session` (when its numbers began), `.header` (number, place and
length of each message in it) and `.body`.
"""

import mmap
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from otcfix.config import SessionConfig
from otcfix.fix.outgoing import message_of
from otcfix.fix.settings import begin_string, session_id_text
from otcfix.fix.wire import SOH, field_of
from otcfix.model.errors import ConfigError
from otcfix.model.record import OutboxRow, SessionNumbers
from otcfix.model.time import Instant, utc_timestamp

log = structlog.get_logger("otcfix.fix")

KINDS = ("seqnums", "session", "header", "body")
_SEQNUMS = re.compile(rb"(\d{1,20}) : (\d{1,20})\s*")
_SESSION = re.compile(rb"\d{8}-\d\d:\d\d:\d\d(\.\d+)?\s*")
_ENTRY = re.compile(rb"(\d+),(\d+),(\d+) ")
_HEADER = re.compile(rb"(?:\d+,\d+,\d+ )*\s*")
_TIME = re.compile(r"\d{8}-\d\d:\d\d:\d\d(\.\d{1,9})?")
_LAST = re.compile(rb"\x0110=\d{3}\x01\Z")

LOOKED_AT = 10_000
"""Messages whose bytes are looked at, from the last one back."""

Said = Callable[[str, int], Iterable[tuple[int, OutboxRow]]]
"""(session, epoch) to what was said with which MsgSeqNum(34) in that epoch, prices left out."""

Made = Callable[[OutboxRow], Any]
"""A finished quickfix.Message of a row, in the words of its session."""


class StoreFiles:
    """The files of one session in QuickFIX's store folder."""

    def __init__(self, folder: Path, session: SessionConfig) -> None:
        begin = begin_string(session.version)
        name = f"{begin}-{session.sender_comp_id}-{session.target_comp_id}"
        self._session = session
        self.paths = {kind: folder / f"{name}.{kind}" for kind in KINDS}

    @property
    def absent(self) -> bool:
        """Whether there is none of them."""
        return not any(path.exists() for path in self.paths.values())

    def fault(self) -> str:
        """What is wrong with the files, naming the one; "" when QuickFIX reads them whole."""
        for kind, path in self.paths.items():
            if not path.is_file():
                return f"{path.name} is missing"
            found = self._fault_of(kind, path)
            if found:
                return f"{path.name}: {found}"
        return ""

    def _fault_of(self, kind: str, path: Path) -> str:
        if kind == "seqnums":
            return "" if self.numbers() else "no sequence numbers"
        if kind == "session":
            return "" if _SESSION.fullmatch(path.read_bytes()) else "no time at which it began"
        if kind == "header":
            return "" if _HEADER.fullmatch(path.read_bytes()) else "no list of number,place,length"
        return self._fault_of_body(path)

    def _fault_of_body(self, path: Path) -> str:
        last: deque[tuple[int, int, int]] = deque(maxlen=LOOKED_AT)
        size = path.stat().st_size
        for entry in self._entries():  # there may be millions
            if entry[1] + entry[2] > size:
                return "shorter than its header says"
            last.append(entry)
        if not last:
            return ""
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
            for number, start, length in last:
                if not _is_message(body[start : start + length], number):
                    return f"message {number} is not there"
        return ""

    def numbers(self) -> tuple[int, int] | None:
        """Next MsgSeqNum(34) out and in; None when they cannot be read."""
        path = self.paths["seqnums"]
        found = _SEQNUMS.fullmatch(path.read_bytes()) if path.is_file() else None
        return (int(found[1]), int(found[2])) if found else None

    def _entries(self) -> Iterator[tuple[int, int, int]]:
        for found in _ENTRY.finditer(self.paths["header"].read_bytes()):
            yield int(found[1]), int(found[2]), int(found[3])

    def messages(self, after: int) -> Iterator[tuple[int, str]]:
        """The messages kept with a number above *after*, as text."""
        with self.paths["body"].open("rb") as body:
            for number, start, length in self._entries():
                if number > after:
                    body.seek(start)
                    yield number, body.read(length).decode("utf-8", "surrogateescape")

    def set_aside(self, at: Instant) -> list[Path]:
        """Keep what is there under other names, for whoever looks into it; the new names."""
        stamp = utc_timestamp(at).replace(":", "")
        kept = []
        for path in self.paths.values():
            if path.exists():
                aside = path.with_name(f"{path.name}.spoiled-{stamp}")
                path.replace(aside)
                kept.append(aside)
        return kept

    def make_anew(
        self,
        next_out: int,
        next_in: int,
        said: Iterable[tuple[int, OutboxRow]],
        at: Instant,
        *,
        made: Made | None = None,
    ) -> int:
        """Write all four files; returns how many messages they hold. at: since when the numbers
        are known to run, for schedules: what fell due behind it is still to be done.

        A message's SendingTime(52) is its TransactTime(60) where it has one, else *at*: the time at
        which it was sent for the first time is not kept. Written apart and put in place whole.
        """
        began = datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y%m%d-%H:%M:%S")
        made = made or self._made
        drafts = {kind: path.with_name(f"{path.name}.new") for kind, path in self.paths.items()}
        index, place, count = [], 0, 0
        with drafts["body"].open("wb") as body:
            for number, row in said:
                data = self._message(made(row), number, row, at)
                body.write(data)
                index.append(f"{number},{place},{len(data)} ")
                place += len(data)
                count += 1
        drafts["header"].write_text("".join(index))
        drafts["seqnums"].write_text(f"{next_out:020d} : {next_in:020d}")
        drafts["session"].write_text(began)
        for kind, path in self.paths.items():
            drafts[kind].replace(path)
        return count

    def _made(self, row: OutboxRow) -> Any:
        return message_of(self._session.version, row, again=False)

    def _message(self, message: Any, number: int, row: OutboxRow, at: Instant) -> bytes:
        happened = field_of(SOH + row.text, 60)
        if not _TIME.fullmatch(happened):
            happened = utc_timestamp(at)  # none, or a dialect's own
        header = message.getHeader()
        header.setField(34, str(number))
        header.setField(49, self._session.sender_comp_id)
        header.setField(52, happened)
        header.setField(56, self._session.target_comp_id)
        return str(message.toString()).encode("utf-8", "surrogateescape")


def _is_message(data: bytes, number: int) -> bool:
    return (
        data.startswith(b"8=FIX")
        and b"\x0134=%d\x01" % number in data
        and _LAST.search(data) is not None
    )


def mend(
    session: SessionConfig,
    folder: Path,
    numbers: SessionNumbers,
    said: Said,
    at: Instant,
    made: Made | None = None,
) -> bool:
    """Make the files of *session* anew from what the database says of it, where they are spoiled or
    gone; whether that was so. Its client then notices nothing: the numbers go on, and whatever of
    this epoch he asks for again is there. Before QuickFIX opens them.

    numbers: of the session's epoch; said: what was said in it; at: until when it is known that no
    schedule asked for a reset; made: a message in the session's words. Errors: ConfigError when the
    folder cannot be written.
    """
    files = StoreFiles(folder, session)
    try:
        wrong = "the store is gone" if files.absent else files.fault()
        short = "" if wrong else _short(files, session, numbers)
        if not wrong and not short:
            return False
        if files.absent and numbers.last_out == numbers.last_in == 0:
            return False  # nothing has been said yet
        next_out, next_in = _numbers(files, numbers)
        aside = files.set_aside(at)
        rows = said(session.key, numbers.epoch)
        kept = files.make_anew(next_out, next_in, rows, at, made=made)
    except OSError as error:
        raise ConfigError(f"QuickFIX's store of session {session.key}: {error}") from error
    log.error(
        "session_store_made_anew",
        session=session.key,
        why=wrong or short,
        messages=kept,
        next_out=next_out,
        next_in=next_in,
        kept_aside=[str(path) for path in aside],
    )
    return True


UNKNOWN = 100_000
"""How far the next number out is set above the last one known, where QuickFIX's own is lost: its
session messages took numbers that nobody else has written down. Too high a number is gap-filled,
too low a one ends the session at the client's end."""


def note_names(session: SessionConfig, folder: Path) -> None:
    """Note under which names a session's numbers run. Errors: OSError."""
    path, names = _names(session, folder)
    if not path.is_file() or path.read_text("utf-8") != names:
        path.write_text(names, "utf-8")


def is_renamed(session: SessionConfig, folder: Path) -> bool:
    """Whether a session had another version or other CompIDs when it was last run: what the
    database says of its numbers is of a conversation that nobody goes on with."""
    path, names = _names(session, folder)
    return path.is_file() and path.read_text("utf-8", "replace") != names


def _names(session: SessionConfig, folder: Path) -> tuple[Path, str]:
    return folder / f"{session.key}.names", session_id_text(session)


def _numbers(files: StoreFiles, known: SessionNumbers) -> tuple[int, int]:
    """Next out and next in; in is never too high (R1): what was not journaled is asked for."""
    found = None if files.absent else files.numbers()
    if found is not None and found[0] > known.last_out:
        return found[0], min(found[1], known.last_in + 1)
    return known.last_out + 1 + UNKNOWN, known.last_in + 1


def _short(files: StoreFiles, session: SessionConfig, numbers: SessionNumbers) -> str:
    """A drop copy whose store has lost what was sent: nothing of it may be said under another
    number (R23). Other sessions' reports are said again instead."""
    found = files.numbers()
    if session.kind != "drop_copy" or found is None or found[0] > numbers.last_out:
        return ""
    return f"it ends at {found[0] - 1}, and {numbers.last_out} was sent"
