"""A message as fields: splitting where length fields decide, looking one up, counting checksums."""

import re
from collections.abc import Iterable
from zlib import adler32

from otcfix.fixlog.logged import SOH

Field = tuple[bytes, bytes]

DATA_OF = {
    90: 91, 93: 89, 95: 96, 212: 213, 348: 349, 350: 351, 352: 353, 354: 355, 356: 357, 358: 359,
    360: 361, 362: 363, 364: 365, 445: 446, 618: 619, 621: 622, 1184: 1185, 1277: 1278,
    1280: 1281, 1282: 1283, 1397: 1398, 1401: 1402, 1403: 1404, 1468: 1469, 1525: 1527,
    1578: 1579, 1620: 1621, 1664: 1665, 1678: 1697, 1733: 1734, 1871: 1872, 1874: 1875,
    2072: 2073, 2074: 2075, 2111: 2112, 2179: 2180, 2287: 2288, 2351: 2352, 2372: 2371,
    2481: 2482, 2494: 2493, 2522: 2521, 2637: 2638, 2651: 2652, 2665: 2666, 2715: 2716,
    2718: 2719, 2721: 2722, 2797: 2798, 2802: 2801, 2809: 2808, 2815: 2814, 40004: 40005,
    40008: 40009, 40978: 40979, 40980: 40981, 40982: 40983, 40984: 40985, 40986: 40987,
    40988: 40989, 41083: 41084, 41101: 41102, 41107: 41108, 41256: 41257, 41320: 41321,
    41324: 41325, 41458: 41459, 41476: 41477, 41482: 41483, 41653: 41654, 41710: 41711,
    41806: 41807, 41811: 41812, 41873: 41874, 41969: 41970, 42025: 42026, 42171: 42172,
    42451: 42452, 42652: 42653, 42947: 42948, 43109: 42684, 43110: 42486, 43111: 42982,
}  # fmt: skip
"""Length fields and the data field that follows each (stock FIX.5.0SP2, which has all of them).

A data field may hold anything: separators, line ends, whole messages."""

DATA_TAGS = {b"%d" % length: b"%d" % tag for length, tag in DATA_OF.items()}

LENGTHS = b"(?:" + b"|".join(sorted(DATA_TAGS)) + b")"

_HAS_DATA = re.compile(rb"\x01" + LENGTHS + rb"=\d")
_TAG = re.compile(rb"\d{1,9}=")
_LEN_MAX = 9  # digits of a length that is believed


def split(message: bytes) -> list[Field]:
    """Return the fields of *message* in their order, tags and values as they stand there.

    A data field is as long as its length field says, if a separator follows there. What is no
    tag=value is a field with the tag b"".
    """
    if _HAS_DATA.search(message) is not None:
        return _with_data(message)
    fields = []
    for part in message.split(SOH):
        tag, equals, value = part.partition(b"=")
        if equals and tag.isdigit():
            fields.append((tag, value))
        elif part:
            fields.append((b"", part))
    return fields


def _with_data(message: bytes) -> list[Field]:
    """The slow way: where a length field stands, its data field is as long as that says."""
    fields: list[Field] = []
    place, data_end, data_tag = 0, -1, b""
    length = 0
    while place < len(message):
        found = _TAG.match(message, place)
        begin = found.end() if found is not None else place
        tag = message[place : begin - 1] if found is not None else b""
        end = -1
        if data_tag and tag == data_tag:
            data_end = begin + length
            if message[data_end : data_end + 1] in (SOH, b""):
                end = min(data_end, len(message))
        if end < 0:
            end = message.find(SOH, begin)
            end = len(message) if end < 0 else end
        value = message[begin:end]
        if tag or value:
            fields.append((tag, value))
        data_tag = DATA_TAGS.get(tag, b"") if value.isdigit() and len(value) <= _LEN_MAX else b""
        length = int(value) if data_tag else 0
        place = end + 1
    return fields


def value_of(message: bytes, tag: bytes) -> bytes:
    """Return the first value of *tag* (its digits), b"" when absent.

    Does not look whether it stands inside a data field.
    """
    start = message.find(b"\x01" + tag + b"=")
    if start < 0:
        return b""
    start += len(tag) + 2
    end = message.find(SOH, start)
    return message[start:] if end < 0 else message[start:end]


def first_of(fields: Iterable[Field], tag: bytes) -> bytes:
    """Return the first value of *tag* among *fields*, b"" when absent."""
    for name, value in fields:
        if name == tag:
            return value
    return b""


def checksum(data: bytes) -> int:
    """Return the sum of all bytes modulo 256, as CheckSum(10) wants it.

    The low half of Adler-32 is 1 + the sum, modulo 65521: exact for pieces of this length, and
    many times faster than `sum`.
    """
    if len(data) <= 256:
        return ((adler32(data) & 0xFFFF) - 1) & 0xFF
    total = 0
    for place in range(0, len(data), 256):
        total += (adler32(data[place : place + 256]) & 0xFFFF) - 1
    return total & 0xFF


def joined(fields: Iterable[Field]) -> bytes:
    """Return *fields* as text, each ended by SOH."""
    return b"".join([b"%b=%b\x01" % field if field[0] else field[1] + SOH for field in fields])


def framed(begin: bytes, body: bytes) -> bytes:
    """Return a message: BeginString(8), BodyLength(9), *body* (ended by SOH) and CheckSum(10)."""
    text = b"8=%b\x019=%d\x01%b" % (begin, len(body), body)
    return b"%b10=%03d\x01" % (text, checksum(text))
