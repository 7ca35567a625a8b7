"""FIX text as a trial sees it: fields in their order, headers, frames right and wrong."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from otcfix.fix.wire import SOH

VERSIONS = tuple(f"FIX.{n}" for n in "4.0 4.1 4.2 4.3 4.4 5.0 5.0SP1 5.0SP2".split())
APPL_VER_IDS = {"FIX.5.0": "7", "FIX.5.0SP1": "8", "FIX.5.0SP2": "9"}
"""DefaultApplVerID(1137) of what is spoken over FIXT.1.1."""

HEADER = (49, 56, 115, 116, 128, 129, 50, 57, 142, 143, 144, 145, 34, 43, 97, 52, 122, 1128)
"""What stands in front of the body, in the order in which we write it; 8, 9 and 35 go first."""

HOUSEKEEPING = frozenset("0 1 2 4 A".split())
"""Session messages that a scenario need not name."""

SECRETS = frozenset((96, 554, 925, 1402, 1404))
NUMBERS = frozenset(
    (
        *(6, 12, 14, 31, 32, 38, 44, 53, 99, 110, 111, 118, 119, 132, 133, 134, 135, 140, 151),
        *(80, 152, 188, 190, 192, 194, 270, 271, 381, 387, 479, 561, 562, 704, 705, 708, 899, 900),
        *(901, 921, 969, 1138, 1140, 2676),
    )
)
"""Tags whose values are compared as numbers: 100100 is 100100.00."""

BLANK = "***"
FRAME_MAX = 1_000_000
Fields = Sequence[tuple[int, str]]

_BEGIN = re.compile(rb"8=FIXT?\.\d\.\d\x019=(\d{1,7})\x01")
_END = re.compile(rb"\x0110=(\d{3})\x01")


def begin_string(version: str) -> str:
    """BeginString(8) of *version*: FIXT.1.1 from 5.0 on."""
    return "FIXT.1.1" if version in APPL_VER_IDS else version


def timestamp(at: float) -> str:
    """Seconds since 1970 as a UTCTimestamp with milliseconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]


def seconds_of(text: str) -> float:
    """A UTCTimestamp as seconds since 1970. Errors: ValueError."""
    form = "%Y%m%d-%H:%M:%S.%f" if "." in text else "%Y%m%d-%H:%M:%S"
    return datetime.strptime(text[:24], form).replace(tzinfo=UTC).timestamp()


class Heard(Struct, frozen=True):
    """A message on the wire. at: seconds since 1970; fault: what is wrong with its frame, or ""."""

    pairs: tuple[tuple[int, str], ...]
    at: float
    fault: str = ""

    def get(self, tag: int, otherwise: str = "") -> str:
        """The first value of *tag*."""
        return next((value for one, value in self.pairs if one == tag), otherwise)

    def has(self, tag: int) -> bool:
        """Whether *tag* is there."""
        return any(one == tag for one, _ in self.pairs)

    @property
    def kind(self) -> str:
        """MsgType(35)."""
        return self.get(35)

    @property
    def number(self) -> int:
        """MsgSeqNum(34), 0 when it is none."""
        text = self.get(34)
        return int(text) if text.isdecimal() else 0

    def __str__(self) -> str:
        return shown(self.pairs)


def shown(pairs: Iterable[tuple[int, str]]) -> str:
    """Fields for people: | between them, secrets blanked."""
    return "|".join(f"{tag}={BLANK if tag in SECRETS else value}" for tag, value in pairs)


def pairs_of(text: str, separator: str = SOH) -> tuple[tuple[int, str], ...]:
    """The fields of a FIX text; what is no field is left out."""
    parts = (part.partition("=") for part in text.split(separator))
    return tuple((int(tag), value) for tag, equals, value in parts if equals and tag.isdecimal())


def framed(begin: str, kind: str, header: Fields, body: Fields, wrong: dict[int, str]) -> bytes:
    """A whole message. wrong: 8, 9 or 10 as they shall be; 9 may be an offset, "+5"."""
    inner = "".join(f"{tag}={value}{SOH}" for tag, value in ((35, kind), *header, *body))
    encoded = inner.encode("latin-1", "replace")
    length = wrong.get(9, str(len(encoded)))
    if length[:1] in ("+", "-"):
        length = str(len(encoded) + int(length))
    front = f"8={wrong.get(8, begin)}{SOH}9={length}{SOH}".encode("latin-1")
    check = wrong.get(10, f"{sum(front + encoded) % 256:03d}")
    return front + encoded + f"10={check}{SOH}".encode("latin-1")


def split_frames(waiting: bytes, at: float) -> tuple[list[Heard], bytes]:
    """The whole messages at the head of *waiting*, and what is left.

    A frame is taken by its BodyLength where a trailer stands there, else up to the next trailer;
    what is wrong with it is noted, for a counterparty that cannot count must be told so.
    """
    found: list[Heard] = []
    while begin := _BEGIN.search(waiting):
        if len(waiting) > FRAME_MAX and not _END.search(waiting, begin.end()):
            return found, b""
        end = _END.match(waiting, begin.end() + int(begin[1]) - 1)
        fault = ""
        if end is None:
            end = _END.search(waiting, begin.end())
            fault = "BodyLength(9) is wrong"
        if end is None:
            break
        whole = waiting[begin.start() : end.end()]
        if sum(waiting[begin.start() : end.start() + 1]) % 256 != int(end[1]):
            fault = fault or "CheckSum(10) is wrong"
        found.append(Heard(pairs_of(whole.decode("latin-1")), at, fault))
        waiting = waiting[end.end() :]
    return found, waiting
