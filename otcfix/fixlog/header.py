"""The head of a message: what everybody who looks at a log needs of it, fast."""

import re

from otcfix.fixlog.fields import Field, split
from otcfix.fixlog.logged import SOH

_USUAL = re.compile(
    rb"8=[^\x01]+\x019=\d+\x0135=([^\x01]+)\x01(?:34=(\d+)\x01)?49=([^\x01]+)\x01"
    rb"(?:56=([^\x01]+)\x01)?(?:34=(\d+)\x01)?52=([^\x01]+)\x01(?:56=([^\x01]+)\x01)?"
)
"""As QuickFIX orders it, and as most others do."""

_TAGS = frozenset((b"8", b"9", b"35", b"34", b"49", b"56", b"52", b"10"))

Head = tuple[bytes, bytes, bytes, bytes, bytes, int]
"""MsgType(35), MsgSeqNum(34), SenderCompID(49), TargetCompID(56), SendingTime(52), and where the
body begins; 0 where the head is not the usual one."""


def head_of(message: bytes) -> Head:
    """Read the head; b"" for what is absent."""
    found = _USUAL.match(message)
    if found is not None:
        kind, first, sender, target, second, sent, last = found.groups()
        return kind, first or second or b"", sender, target or last or b"", sent, found.end()
    held: dict[bytes, bytes] = {}
    for part in message.split(SOH, 40):
        tag, _, value = part.partition(b"=")
        if tag in _TAGS and tag not in held:
            held[tag] = value
    get = held.get
    return get(b"35", b""), get(b"34", b""), get(b"49", b""), get(b"56", b""), get(b"52", b""), 0


def body_of(message: bytes) -> list[Field]:
    """The fields of a message that are not in its head or trailer."""
    return [field for field in split(message) if field[0] not in _TAGS]
