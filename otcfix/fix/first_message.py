"""Reading the first message of a connection, before the FIX engine sees a byte of it."""

import re

FIRST_MAX = 8192
"""Bytes of a first message; a Logon has some two hundred."""

# Some engines write BodyLength(9) with zeros in front: 0000105.
_BEGIN = re.compile(rb"8=[^\x01]{1,16}\x019=(0{0,4}\d{1,5})\x01")
_FIELD = re.compile(rb"(\d{1,5})=([^\x01]*)\x01")
_TRAILER = re.compile(rb"\x0110=(\d{3})\x01")
_TRAILER_BYTES = 7  # 10=nnn and its SOH
_MAY_REPEAT = (372, 385)  # of the group NoMsgTypes(384)


class NotFix(ValueError):
    """What came is no FIX message, or none that the engine would read as we do."""


def first_message(data: bytes) -> dict[int, str] | None:
    """The fields of the first message of *data*; None while it is not complete.

    Strict: what passes is a message to QuickFIX's parser as well, with the same bounds. That one
    waits for more where it sees none. Errors: NotFix.
    """
    begins = _BEGIN.match(data)
    if begins is None:
        if len(data) > 32 or not data.startswith(b"8="[: len(data)]):
            raise NotFix("no BeginString(8) and BodyLength(9)")
        return None
    length = begins.end() + int(begins[1]) + _TRAILER_BYTES
    if length > FIRST_MAX:
        raise NotFix(f"a first message of {length} bytes")
    if len(data) < length:
        return None
    ends = _TRAILER.fullmatch(data, length - _TRAILER_BYTES - 1, length)
    if ends is None:
        raise NotFix("BodyLength(9) is wrong")
    if sum(data[: length - _TRAILER_BYTES]) % 256 != int(ends[1]):
        raise NotFix("CheckSum(10) is wrong")
    return _fields(data[:length])


def _fields(message: bytes) -> dict[int, str]:
    fields: dict[int, str] = {}
    place = 0
    while place < len(message):
        found = _FIELD.match(message, place)
        if found is None:
            raise NotFix("a field without a tag")
        tag = int(found[1])
        if tag in fields and tag not in _MAY_REPEAT:
            raise NotFix(f"{tag} stands twice")
        fields[tag] = found[2].decode("utf-8", "backslashreplace")
        place = found.end()
    return fields
