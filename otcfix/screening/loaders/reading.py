"""Bytes of a published list read with suspicion: encodings, quoting, truncation.

Whatever is wrong ends in ListRefused, which names file, line and what is wrong. A few rows that
cannot be read are skipped and counted; more than BAD_SHARE_MAX of them refuse the file.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from otcfix.model.errors import OtcfixError

BAD_SHARE_MAX = 0.01
"""Above this share of rows that cannot be read, the file is refused."""

BYTES_MAX = 512 * 1024 * 1024
"""sdn_advanced.xml has 80 MB; what is six times that is not a list."""

ROW_LINES_MAX = 60
"""A quoted cell of more lines than this is a quote that was never closed."""

WARNINGS_MAX = 20
"""Rows named one by one; the rest is told as a number."""

END_OF_FILE = "\x1a"
"""CP/M's end of file, which OFAC still writes as the last byte."""

_BINARY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x19\x1b-\x1f]")
SPOILT = re.compile(
    "\u00c3[\u0080-\u00bf]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac|\ufffd"
    "|[\u00d0\u00d1][\u0080-\u00bf]|[\u00d8\u00d9][\u0080-\u00bf\u2020\u201e\u0160]"
)
"""UTF-8 that was once read as cp1252 (`M\u00c3\u00bcller`), or letters somebody gave up on."""


class ListRefused(OtcfixError):
    """A list that cannot be used. The text names the file, the line where there is one, and why."""

    def __init__(self, file: Path | str, wrong: str, line: int = 0) -> None:
        super().__init__(f"{file}{f':{line}' if line else ''}: {wrong}")
        self.file = str(file)
        self.line = line
        self.wrong = wrong


@dataclass(slots=True)
class Faults:
    """What could not be read in one file, and whether that is too much."""

    file: Path
    rows: int = 0
    bad: int = 0
    hurt: int = 0
    first: str = ""
    told: list[str] = field(default_factory=list)

    def skip(self, line: int, why: str) -> None:
        """Count a row that is left out."""
        self.bad += 1
        self.first = self.first or f"line {line}: {why}"
        if len(self.told) < WARNINGS_MAX:
            self.told.append(f"{self.file.name}:{line}: skipped: {why}")

    def damaged(self, line: int, why: str) -> None:
        """Count a row that is used though something is wrong with it."""
        self.hurt += 1
        self.first = self.first or f"line {line}: {why}"
        if len(self.told) < WARNINGS_MAX:
            self.told.append(f"{self.file.name}:{line}: {why}")

    def say(self, text: str) -> None:
        """Warn of something that loses no row."""
        self.told.append(f"{self.file.name}: {text}")

    def close(self, what: str = "rows") -> None:
        """Errors: ListRefused for no row at all, or more than 1 % that cannot be read."""
        if not self.rows:
            raise ListRefused(self.file, f"empty: no {what}")
        if max(self.bad, self.hurt) > self.rows * BAD_SHARE_MAX:
            share = f"{max(self.bad, self.hurt)} of {self.rows} {what} cannot be read"
            raise ListRefused(self.file, f"{share} (at most 1 %); the first: {self.first}")
        if self.bad > WARNINGS_MAX:
            self.told.append(f"{self.file.name}: {self.bad} {what} skipped in all")


def read_bytes(path: Path) -> bytes:
    """All bytes of a file. Errors: ListRefused for none, too many, or no such file."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise ListRefused(path, f"more than {BYTES_MAX // 1024 // 1024} MB: not a list")
        raw = path.read_bytes()
    except OSError as error:
        raise ListRefused(path, f"cannot be read: {error.strerror or error}") from None
    if not raw.strip(b" \t\r\n\x1a\xef\xbb\xbf"):
        raise ListRefused(path, "empty")
    return raw


def sha256_of(paths: list[Path]) -> str:
    """SHA-256 (hex) over the files' own and their names, whatever their order."""
    each = []
    for path in paths:
        try:
            with path.open("rb") as file:
                each.append(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}")
        except OSError as error:
            raise ListRefused(path, f"cannot be read: {error.strerror or error}") from None
    return hashlib.sha256("\n".join(sorted(each)).encode()).hexdigest()


def decoded(path: Path, raw: bytes, faults: Faults, *, cp1252: bool) -> str:
    """The text: UTF-8, or where the format allows it cp1252 with a warning.

    Errors: ListRefused for UTF-16, for binary bytes, and for a mixture of encodings.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ListRefused(path, "UTF-16; expected UTF-8")
    zero = raw.find(b"\x00")
    if zero >= 0:
        raise ListRefused(path, "binary, or UTF-16; expected UTF-8 text", _line(raw, zero))
    plain: str | None = None
    try:
        text = plain = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raw = error.object  # without the byte order mark, as its position counts
        where = _line(raw, error.start)
        if not cp1252:
            raise ListRefused(path, f"not UTF-8: byte 0x{raw[error.start]:02x}", where) from None
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            raise ListRefused(path, "neither UTF-8 nor cp1252", where) from None
        faults.say(f"not UTF-8 (line {where}); read as cp1252")
    binary = _BINARY.search(text)
    if binary:
        line = text.count("\n", 0, binary.start()) + 1
        raise ListRefused(path, f"binary: control byte 0x{ord(binary[0]):02x}", line)
    if plain is None:
        spoilt = SPOILT.search(text)
        if spoilt:
            line = text.count("\n", 0, spoilt.start()) + 1
            raise ListRefused(path, f"some of it UTF-8, some not ({spoilt[0]!r})", line)
    return text


def _line(raw: bytes, at: int) -> int:
    return raw.count(b"\n", 0, at) + 1


def csv_rows(
    path: Path, text: str, faults: Faults, *, delimiter: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that is not blank; the trailing 0x1A is no row.

    Quoting is read strictly; a row with broken quotes is counted and taken as it stands.
    Errors: ListRefused for a quote that is still open at the end of the file.
    """
    body = text.rstrip(END_OF_FILE)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        found = []
        for cells in reader:
            found.append((before + 1, cells))
            before = reader.line_num
    except csv.Error:
        found = list(_row_by_row(path, body, faults, delimiter))
    for line, cells in found:
        if not any(cells):
            continue
        if cells[0].strip() == END_OF_FILE and not any(cells[1:]):
            continue  # somebody saved the 0x1A as a row of its own
        faults.rows += 1
        yield line, cells


def _row_by_row(
    path: Path, text: str, faults: Faults, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """The slow way, for a file with a quote out of place: lose that row, not those behind it."""
    lines = io.StringIO(text, newline="").readlines()
    at = 0
    while at < len(lines):
        size, quotes = 1, lines[at].count('"')
        while quotes % 2 and size < ROW_LINES_MAX and at + size < len(lines):
            quotes += lines[at + size].count('"')
            size += 1
        if quotes % 2 and at + size == len(lines):
            raise ListRefused(path, "truncated, or a quote that is never closed", at + 1)
        try:
            row = next(csv.reader(lines[at : at + size], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            # a quote that was meant as a letter: as the line stands, if that has all its columns
            row, size = [_bare(cell) for cell in lines[at].split(delimiter)], 1
            faults.damaged(at + 1, f"quoting: {error}")
        yield at + 1, row
        at += size


def _bare(cell: str) -> str:
    cell = cell.strip("\r\n")
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def whole_rows(
    path: Path, rows: Iterator[tuple[int, list[str]]], columns: int, faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    """The rows of exactly *columns* cells (empty ones too many are cut off); others are skipped.

    Errors: ListRefused when the last row is short: the file ends in the middle of it.
    """
    short = 0
    for line, cells in rows:
        short = 0
        if len(cells) > columns and not any(cells[columns:]):
            cells = cells[:columns]  # noqa: PLW2901
        if len(cells) != columns:
            short = line if len(cells) < columns else 0
            faults.skip(line, f"{len(cells)} columns, expected {columns}")
            continue
        yield line, cells
    if short:
        raise ListRefused(path, f"truncated: the last row has fewer than {columns} columns", short)
