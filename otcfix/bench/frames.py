"""FIX 4.4 as bytes, no faster than needed and no more than needed: the load generator's own.

QuickFIX stays out of it on purpose: what measures must not be what is measured.
"""

import time

SOH = b"\x01"
BEGIN = b"8=FIX.4.4\x019="
TRAILER = 7  # 10=nnn and its SOH


class BadFrame(Exception):
    """The bytes are no FIX 4.4 message: wrong begin, length or checksum."""


def framed(body: bytes, begin: bytes = BEGIN) -> bytes:
    """*body* (from 35= on, SOH at its end) with *begin* ("8=...|9="), BodyLength(9) and
    CheckSum(10)."""
    text = b"%b%d\x01%b" % (begin, len(body), body)
    return b"%b10=%03d\x01" % (text, sum(text) & 255)


def check(message: bytes) -> None:
    """Errors: BadFrame when length or checksum of one whole message is wrong."""
    frames, rest = frames_of(message)
    if len(frames) != 1 or rest:
        raise BadFrame(f"not one message: {message!r}")
    total = sum(message[:-TRAILER]) & 255
    if message[-TRAILER:] != b"10=%03d\x01" % total:
        raise BadFrame(f"checksum is not {total}: {message!r}")


def frames_of(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages in *data*, and the beginning of the next one. Errors: BadFrame."""
    found: list[bytes] = []
    start, size = 0, len(data)
    while size - start > len(BEGIN):
        if not data.startswith(BEGIN, start):
            raise BadFrame(f"not FIX.4.4: {data[start : start + 40]!r}")
        length_at = start + len(BEGIN)
        length_end = data.find(SOH, length_at, length_at + 8)
        if length_end < 0:
            break
        end = length_end + 1 + int(data[length_at:length_end]) + TRAILER
        if end > size:
            break
        if data[end - TRAILER : end - TRAILER + 3] != b"10=" or data[end - 1 : end] != SOH:
            raise BadFrame(f"BodyLength(9) is wrong: {data[start:end]!r}")
        found.append(data[start:end])
        start = end
    return found, data[start:]


def value(message: bytes, tag: bytes) -> bytes:
    """The first value of *tag* (digits only), b"" when absent."""
    start = message.find(b"\x01" + tag + b"=")
    if start < 0:
        return b""
    start += len(tag) + 2
    return message[start : message.index(SOH, start)]


class Stamps:
    """SendingTime(52) in milliseconds, written once a millisecond."""

    def __init__(self) -> None:
        self._ms = 0
        self._second = 0
        self._second_text = ""
        self._text = b""

    def now(self) -> bytes:
        """The wall clock as UTCTimestamp."""
        ms = time.time_ns() // 1_000_000
        if ms != self._ms:
            self._ms = ms
            second = ms // 1000
            if second != self._second:
                self._second = second
                self._second_text = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime(second))
            self._text = f"{self._second_text}.{ms % 1000:03d}".encode()
        return self._text
