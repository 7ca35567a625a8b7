"""What a log holds: one message, or one line that is none, with when and which way."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from otcfix.model.time import EPOCH, SECOND, Instant

SOH = b"\x01"


class Logged(Struct, frozen=True, gc=False):
    """One message of a log, or with *note* one line that holds none.

    line: where it begins, from 1 (in a store's body: the MsgSeqNum(34) of its header file).
    when: the log's own time as it is written there, "" where there is none (`instant` reads it).
    direction: "in", "out", or "" where the log does not say. message: fields ended by SOH, from
    8= to 10=, whatever stood between them in the log. faults: what is wrong with it, in words.
    """

    line: int
    when: str
    direction: str
    message: bytes
    faults: tuple[str, ...] = ()
    note: str = ""


_WHEN = re.compile(
    r"(\d{4})[-/]?(\d\d)[-/]?(\d\d)[-T_ ]?"
    r"(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?"
)


@lru_cache(maxsize=256)
def _minute(year: str, month: str, day: str, hour: str, minute: str) -> Instant:
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def instant(text: str) -> Instant | None:
    """Read a log's time or a UTCTimestamp, UTC unless it names an offset; None for what is none.

    Digits finer than a microsecond are cut off.
    """
    found = _WHEN.match(text)
    if found is None:
        return None
    *minute, second, fraction, zone = found.groups()
    try:
        at = _minute(*minute)
    except ValueError:
        return None
    at += int(second) * SECOND
    if fraction:
        at += int(fraction[:6].ljust(6, "0"))
    if zone and zone != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[-2:])) * 60 * SECOND
        at += offset if zone[0] == "-" else -offset
    return at
