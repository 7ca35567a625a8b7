"""Where a message begins and ends in a log, and its text with SOH between the fields again.

BodyLength(9) decides, whatever stands between the fields and inside data fields; where it is
wrong, the first CheckSum(10); where there is none, the end of the line.
"""

import html
import re
from typing import NamedTuple

from otcfix.fixlog.fields import DATA_TAGS, LENGTHS, checksum
from otcfix.fixlog.logged import SOH

BEGIN = b"8=FIX"
WHOLE_MAX = 1 << 20
"""A BodyLength(9) from here on is not believed."""

ROOM = 1 << 16
"""How far a message that is not plain is looked for."""

TAILS = tuple([b"10=%03d\x01" % total for total in range(256)])
"""The last field for each sum."""

CUT = "cut off: no CheckSum(10)"
_VERSION = rb"(?<!\d)8=(FIXT?\.\d\.\d(?:SP\d)?)"
HEAD = re.compile(_VERSION + rb"([\x01|;^~])9=(\d{1,7})\2")
"""The usual beginning, one character between the fields."""

_KNOWN = re.compile(
    _VERSION + rb"(\x01|\||\^A|;|<SOH>|\[SOH\]|\{SOH\}|\\x01|\\u0001|\\001|\\1|%01|"
    rb"&#0*1;|&#[xX]0*1;|&#0*124;|&#[xX]0*7[cC];|&#0*59;|&vert;|&verbar;|&VerticalLine;|&semi;|"
    rb"&SOH;|\xe2\x90\x81|\xc2\xa6|\xa6|\xc2\xb6|\xc2\xa7)(?=[1-9]\d{0,4}=)"
)
_ANY = re.compile(_VERSION + rb"([^\d\n=][^\n=]{0,11}?)(?=(?:9|35)=)")
_ALONE = re.compile(_VERSION + rb"\r?\Z")
_FIELD = re.compile(rb"[1-9]\d{0,5}=")
_LENGTH = re.compile(rb"8=[^\x01]*\x019=(\d{1,7})\x01")
_TRAILER = re.compile(rb"\x0110=(\d{1,3})(?!\d)")
_DATA = re.compile(rb"(?:\A|\x01)" + LENGTHS + rb"=\d")
_LINES_MAX = 400


class Found(NamedTuple):
    """A message, how far into the buffer it reaches, and what is wrong with it."""

    message: bytes
    end: int
    faults: tuple[str, ...]


def head_of(delimiter: bytes) -> re.Pattern[bytes]:
    """The usual beginning of a message with that delimiter, any of the usual ones for b""."""
    if len(delimiter) == 1:
        return re.compile(_VERSION + rb"(%b)9=(\d{1,7})\2" % re.escape(delimiter))
    return HEAD if not delimiter else re.compile(rb"(?!)")


def delimiter_of(text: bytes) -> bytes:
    """Return what stands between the fields of the message that *text* begins with, or b""."""
    found = _KNOWN.match(text) or _ANY.match(text)
    return found[2] if found is not None else b""


def mended(text: bytes, delimiter: bytes) -> bytes:
    """Return whole *text* with SOH between its fields.

    A data field keeps what stands in it when its length or the checksum says so.
    """
    if delimiter == SOH:
        return text
    plain = _separated(text, delimiter)
    if _DATA.search(plain) is None:
        return plain
    literal = _literal(text, delimiter)
    for one in (literal, plain, text.replace(delimiter, SOH)):
        if _sum_holds(one):
            return one
    return literal


def faults_of(message: bytes) -> tuple[str, ...]:
    """What is wrong with the length and the checksum of one message, its fields ended by SOH."""
    faults = []
    place = message.rfind(b"\x0110=") + 1
    if not place:
        return (CUT,)
    head = _LENGTH.match(message)
    if head is None:
        faults.append("no BodyLength(9)")
    elif int(head[1]) != place - head.end():
        faults.append(f"BodyLength(9) is {int(head[1])}, counted {place - head.end()}")
    said, counted = message[place + 3 : -1], checksum(message[:place])
    if said != b"%03d" % counted:
        told = said.decode("ascii", "replace")
        faults.append(f"CheckSum(10) is {told}, counted {counted:03d}")
    return tuple(faults)


def odd(buffer: bytes, start: int, given: bytes) -> Found | None:
    """Find the message that begins at *start* and is not plain; None where none begins.

    The buffer must reach ROOM beyond, or to the end of what there is.
    """
    line_end = buffer.find(b"\n", start)
    line_end = len(buffer) if line_end < 0 else line_end
    stop = buffer.find(BEGIN, start + len(BEGIN), line_end)
    stop = line_end if stop < 0 else stop
    piece = buffer[start : min(stop, start + WHOLE_MAX)].rstrip(b"\r")
    delimiter = given or delimiter_of(piece)
    if not delimiter:
        return _a_field_a_line(buffer, start, piece)
    message = _whole(piece, delimiter)
    if message:
        return Found(message, stop, _told(message))
    return (
        _longer(buffer, start, stop, delimiter)
        or _rewritten(piece, stop, delimiter)
        or _wrapped(buffer, piece, stop, delimiter)
        or _broken(piece, stop, delimiter)
    )


def _told(message: bytes) -> tuple[str, ...]:
    return () if _sum_holds(message) else faults_of(message)


def _sum_holds(message: bytes) -> bool:
    return message[-7:] == TAILS[checksum(message[:-7])]


def _separated(text: bytes, delimiter: bytes) -> bytes:
    """Put SOH between the fields; a value may hold the delimiter where no tag follows."""
    plain = text.replace(delimiter, SOH)
    if plain.count(SOH) - plain.count(b"=") in (0, -1):
        return plain
    return re.sub(re.escape(delimiter) + rb"(?=[1-9]\d{0,5}=|\s*\Z)", SOH, text)


def _literal(text: bytes, delimiter: bytes) -> bytes:
    """Put SOH between the fields, and leave data fields as they stand."""
    made, place, tag, length = [], 0, b"", 0
    size = len(delimiter)
    while place < len(text):
        field = _FIELD.match(text, place)
        end = -1
        if field is not None and tag and field[0][:-1] == tag:
            end = field.end() + length
            end = end if text[end : end + size] in (delimiter, b"") else -1
        if end < 0:
            end = text.find(delimiter, place)
            end = len(text) if end < 0 else end
        value = text[field.end() : end] if field is not None else b""
        tag = DATA_TAGS.get(field[0][:-1], b"") if field is not None and value.isdigit() else b""
        length = int(value[:9]) if tag else 0
        made.append(text[place:end])
        place = end + size
    return SOH.join(made) + (SOH if text.endswith(delimiter) else b"")


def _whole(text: bytes, delimiter: bytes) -> bytes:
    """The message that *text* begins with, when its BodyLength(9) is right; or b""."""
    plain = text if delimiter == SOH else _separated(text, delimiter)
    message = _measured(plain)
    if delimiter == SOH or _DATA.search(plain) is None:
        return message
    literal = _measured(_literal(text, delimiter))
    for one in (literal, message, _measured(text.replace(delimiter, SOH))):
        if one and _sum_holds(one):
            return one
    return literal or message


def _measured(plain: bytes) -> bytes:
    head = _LENGTH.match(plain)
    if head is None:
        return b""
    end = head.end() + int(head[1])
    trailer = _TRAILER.match(plain, end - 1)
    if trailer is None or len(trailer[1]) != 3:
        return b""
    return plain[:end] + trailer[0][1:] + SOH


def _longer(buffer: bytes, start: int, stop: int, delimiter: bytes) -> Found | None:
    """The same message over the next lines or beginnings: they stand in a data field."""
    head = _LENGTH.match(_separated(buffer[start : min(stop, start + 200)], delimiter))
    if head is None:
        return None
    if len(delimiter) == 1 and stop - start > head.end() + int(head[1]) + 7:
        return None
    reach = start + (int(head[1]) + 64) * len(delimiter)
    if int(head[1]) >= ROOM or reach <= stop:
        return None
    text = buffer[start:reach]
    message = _measured(_literal(text, delimiter))
    if not message or not _sum_holds(message):
        return None
    raw = _raw_end(text, delimiter, len(message))
    return Found(message, start + raw, ())


def _raw_end(text: bytes, delimiter: bytes, length: int) -> int:
    """Where in *text* the first *length* bytes of its literal form end."""
    literal = _literal(text, delimiter)[:length]
    place = made = 0
    while made < length:
        if text.startswith(delimiter, place) and literal[made : made + 1] == SOH:
            place += len(delimiter)
        else:
            place += 1
        made += 1
    return min(place, len(text))


def _rewritten(piece: bytes, stop: int, delimiter: bytes) -> Found | None:
    """The message as it was before its log escaped it for HTML, or wrote Latin-1 as UTF-8."""
    if b"&" in piece:
        text = html.unescape(piece.replace(delimiter, b"\x00").decode("latin-1"))
        message = _whole(text.encode("latin-1", "replace"), b"\x00")
        if message and _sum_holds(message):
            return Found(message, stop, ())
    if not piece.isascii():
        try:
            narrow = piece.decode("utf-8").encode("latin-1")
        except UnicodeError:
            return None
        message = _whole(narrow, delimiter)
        if message and _sum_holds(message):
            return Found(message, stop, ())
    return None


def _wrapped(buffer: bytes, piece: bytes, stop: int, delimiter: bytes) -> Found | None:
    """A message over several lines, broken anywhere or after each field."""
    head = _LENGTH.match(_separated(piece[:200], delimiter))
    if head is None or buffer[stop : stop + 1] != b"\n":
        return None
    reach = (head.end() + int(head[1]) + 16) * len(delimiter)
    text, place = {b"": piece, delimiter: piece}, stop + 1
    while place < len(buffer) and len(text[b""]) < min(reach, ROOM):
        end = buffer.find(b"\n", place)
        end = len(buffer) if end < 0 else end
        line = buffer[place:end].rstrip(b"\r")
        if not line or BEGIN in line:
            return None
        for glue, before in text.items():
            text[glue] = before + glue + line
            message = _whole(text[glue], delimiter)
            if message and _sum_holds(message):
                return Found(message, end, ())
        place = end + 1
    return None


def _a_field_a_line(buffer: bytes, start: int, piece: bytes) -> Found | None:
    """A message with each field on a line of its own; None where it is only a beginning."""
    if _ALONE.match(piece) is None:
        return None
    lines: list[bytes] = []
    place = start
    while place < len(buffer) and len(lines) < _LINES_MAX:
        end = buffer.find(b"\n", place)
        end = len(buffer) if end < 0 else end
        line = buffer[place:end].strip()
        if _FIELD.match(line) is None or (lines and line.startswith(BEGIN)):
            break
        lines.append(line)
        place = end + 1
        if line.startswith(b"10="):
            break
    if len(lines) == 1:
        return Found(piece + SOH, start + len(piece), (CUT,))
    message = SOH.join(lines) + SOH
    return Found(message, place - 1, faults_of(message))


def _broken(piece: bytes, stop: int, delimiter: bytes) -> Found:
    """What there is of a message whose BodyLength(9) is wrong, or that is cut off."""
    plain = mended(piece, delimiter)
    trailer = _TRAILER.search(plain)
    text = plain.rstrip(b" \r\n") if trailer is None else plain[: trailer.end()]
    if not text.endswith(SOH):
        text += SOH
    return Found(text, stop, faults_of(text))
