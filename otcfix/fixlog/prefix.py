"""What stands before a message on its line: the log's own time, and which way it went."""

import re

_STAMP = re.compile(
    rb"(?:\d{4}[-/]?\d\d[-/]?\d\d[-T_ ]{1,2})?"
    rb"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:\s?(?:Z|[+-]\d\d:?\d\d)(?![\d:]))?"
)
_IN = re.compile(
    rb"\b(?:in|incoming|inbound|recv|rcvd|received|receiving|receive|rx|from|fromapp|fromadmin)\b",
    re.IGNORECASE,
)
_OUT = re.compile(
    rb"\b(?:out|outgoing|outbound|sent|sending|send|tx|to|toapp|toadmin)\b", re.IGNORECASE
)
_SESSION = re.compile(rb"FIX[T.\d SP]*:[^\s,>]*->[^\s,>]*|\S+:\S+->\S+")
_ARROWS = (
    (b"<--", "in"), (b"-->", "out"), (b"<<", "in"), (b">>", "out"), (b"<-", "in"), (b"->", "out"),
    (b"<=", "in"), (b"=>", "out"),
)  # fmt: skip
_QUICKFIX = re.compile(rb"(\d{8}-\d\d:\d\d:\d\d(?:\.\d{1,9})?) : \Z")
_KNOWN_MAX = 4096

_known: dict[bytes, str] = {}


def of(prefix: bytes) -> tuple[str, str]:
    """Return the time as written ("" where there is none) and "in", "out" or ""."""
    if not prefix:
        return "", ""
    plain = _QUICKFIX.match(prefix)
    if plain is not None:
        return plain[1].decode("ascii"), ""
    found = _STAMP.search(prefix)
    if found is None:
        return "", _direction(prefix)
    when = found[0].decode("ascii")
    return when, _direction(prefix[: found.start()] + b" " + prefix[found.end() :])


def _direction(rest: bytes) -> str:
    """Which way, from words or arrows beside the time; kept, because few differ."""
    known = _known.get(rest)
    if known is None:
        if len(_known) >= _KNOWN_MAX:
            _known.clear()
        known = _known[rest] = _read(rest)
    return known


def _read(rest: bytes) -> str:
    text = _SESSION.sub(b" ", rest)
    inward, outward = _last(_IN, text), _last(_OUT, text)
    if inward != outward:
        return "in" if inward > outward else "out"
    for arrow, direction in _ARROWS:
        if arrow in text:
            return direction
    return ""


def _last(pattern: re.Pattern[bytes], text: bytes) -> int:
    """Where the last word of that kind stands: the one nearest to the message counts; or -1."""
    place = -1
    for found in pattern.finditer(text):
        place = found.start()
    return place
