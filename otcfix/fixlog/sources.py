"""Where logs come from: files, gzip, stdin, a file that grows, a message store of QuickFIX."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from otcfix.fixlog.fields import value_of
from otcfix.fixlog.framing import faults_of
from otcfix.fixlog.logged import Logged

CHUNK = 1 << 18
TAIL_MAX = 1 << 26
GZIP = b"\x1f\x8b"
SIZE_MAX = 1 << 24

_BINARY = struct.Struct(">iqi")  # QuickFIX/J: number, place, size


def chunks(
    source: Path | str | IO[bytes], idle: Callable[[], bool] | None = None, start: int = 0
) -> Iterator[bytes]:
    """Read *source* in pieces, gunzipped where it is gzip; b"" when there is nothing new yet.

    start: where in a plain file to begin, bytes. A gzip file that ends early ends here as well.
    Errors: OSError where it cannot be opened.
    """
    if isinstance(source, str | Path) and str(source) != "-":
        path = Path(source)
        file = path.open("rb")  # here, so that what is missing is said at once
        file.seek(start)
        return _followed(path, file, idle) if idle is not None else _closing(file)
    stream = sys.stdin.buffer if isinstance(source, str | Path) else source
    return _stream(stream)


def _closing(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from _stream(file)


def _stream(stream: IO[bytes]) -> Iterator[bytes]:
    read = getattr(stream, "read1", stream.read)
    first = read(CHUNK)
    while len(first) == 1 and (more := read(CHUNK)):
        first += more
    if first.startswith(GZIP):
        yield from _gunzipped(first, read)
        return
    while first:
        yield first
        first = read(CHUNK)


def _gunzipped(first: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Members of gzip one after the other, each in pieces; stops at what is damaged."""
    inflater, piece = zlib.decompressobj(31), first
    while piece:
        try:
            made = inflater.decompress(piece, CHUNK)
        except zlib.error:
            return
        if made:
            yield made
        piece = inflater.unconsumed_tail
        if inflater.eof:
            piece = inflater.unused_data.lstrip(b"\0") or read(CHUNK)
            inflater = zlib.decompressobj(31)
        elif not piece:
            piece = read(CHUNK)
    rest = b"" if inflater.eof else _flushed(inflater)
    if rest:
        yield rest


def _flushed(inflater: zlib._Decompress) -> bytes:
    try:
        return inflater.flush()
    except zlib.error:
        return b""


def _followed(path: Path, file: IO[bytes], idle: Callable[[], bool]) -> Iterator[bytes]:
    """A file that grows; when another takes its name, or it is cut, that is read from its start."""
    while True:
        with file:
            while True:
                piece = file.read(CHUNK)
                if piece:
                    yield piece
                    continue
                yield b""
                if not idle():
                    return
                if _is_another(path, file):
                    break
        file = path.open("rb")


def _is_another(path: Path, file: IO[bytes]) -> bool:
    """Whether the name stands for another file now, or this one was cut."""
    try:
        now = path.stat()
    except OSError:
        return False  # between two names: it comes
    held = os.fstat(file.fileno())
    return (now.st_ino, now.st_dev) != (held.st_ino, held.st_dev) or now.st_size < file.tell()


def tail(path: Path, size: int) -> tuple[bytes, int]:
    """Return the last *size* bytes of a plain file, and where in it they begin."""
    with path.open("rb") as file:
        begin = max(file.seek(0, 2) - size, 0)
        file.seek(begin)
        return file.read(size), begin


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


# -- message stores ----------------------------------------------------------------------------


def store_of(source: object) -> tuple[Path, Path] | None:
    """Return the header and body file when *source* is one of them, or their common name."""
    if not isinstance(source, str | Path) or str(source) == "-":
        return None
    path = Path(source)
    if path.suffix in (".body", ".header"):
        header, body = path.with_suffix(".header"), path.with_suffix(".body")
    elif path.is_file() or path.is_dir():
        return None
    else:
        header, body = path.with_name(f"{path.name}.header"), path.with_name(f"{path.name}.body")
    return (header, body) if header.is_file() and body.is_file() else None


def stored(header: Path, body: Path) -> Iterator[Logged]:
    """The messages of a store, in the order of its header: what the session has sent.

    `line` is the number that the header gives. A place outside of the body, or another number in
    the message, is a fault of it.
    """
    with header.open("rb") as places, body.open("rb") as file:
        length = file.seek(0, 2)
        for number, place, size in _places(places):
            if place < 0 or not 0 < size <= SIZE_MAX or place + size > length:
                words = f"the header's place {place}+{size} is outside of the body's {length} bytes"
                yield Logged(number, "", "out", b"", (words,), words)
                continue
            file.seek(place)
            message = file.read(size)
            faults = faults_of(message)
            held = value_of(message, b"34")
            if held != b"%d" % number:
                told = held.decode("ascii", "replace")
                faults = (*faults, f"the header says {number}, MsgSeqNum(34) {told or 'is absent'}")
            yield Logged(number, "", "out", message, faults)


def _places(file: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    """Number, place and size of each entry: text (C++, Go) or binary (QuickFIX/J)."""
    first = file.read(CHUNK)
    if b"\0" in first:
        while first:
            whole = len(first) // _BINARY.size * _BINARY.size
            yield from _BINARY.iter_unpack(first[:whole])
            more = file.read(CHUNK)
            first = first[whole:] + more if more else b""
        return
    rest = b""
    while first or rest:
        pieces = (rest + first).split()
        rest = b""
        if first and pieces and not first[-1:].isspace():
            rest = pieces.pop()
        for piece in pieces:
            numbers = piece.split(b",")
            if len(numbers) == 3 and all(part.isdigit() and len(part) < 19 for part in numbers):
                yield int(numbers[0]), int(numbers[1]), int(numbers[2])
        first = file.read(CHUNK)
