"""What a request asks for, read strictly: an unknown key, or one that is missing, is an error."""

import msgspec
from msgspec import Struct

from otcfix.model import session_act as acts
from otcfix.model.event import SetSession
from otcfix.model.session_act import ActOnSession

WORDS_MAX = 1_000


class BadRequest(ValueError):
    """The request cannot be read; the text says why."""


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /sessions/KEY/acts: as `ActOnSession`."""

    act: str
    by: str
    why: str
    incoming: int = 0
    outgoing: int = 0
    begin: int = 0
    end: int = 0
    since: int = 0


_decode = msgspec.json.Decoder(Asked).decode


def command_of(session: str, body: bytes) -> ActOnSession | SetSession:
    """The staff command that *body* asks for. Errors: BadRequest."""
    try:
        asked = _decode(body)
    except (ValueError, RecursionError) as error:  # MsgspecError is a ValueError
        raise BadRequest(str(error)) from None
    known = (*acts.ACTS, acts.ENABLE, acts.DISABLE)
    if asked.act not in known:
        raise BadRequest(f"act: expected one of {', '.join(known)}; got {asked.act[:40]!r}")
    for name, text in (("by", asked.by), ("why", asked.why)):
        if not text.strip() or len(text) > WORDS_MAX or not text.isprintable():
            raise BadRequest(f"{name}: expected 1 to {WORDS_MAX} printable characters")
    numbers = (asked.incoming, asked.outgoing, asked.begin, asked.end, asked.since)
    if any(not 0 <= number < 1 << 62 for number in numbers):
        raise BadRequest("a number is out of range")
    if asked.act in (acts.ENABLE, acts.DISABLE):
        if any(numbers):
            raise BadRequest(f"{asked.act} has no numbers")
        return SetSession(session, asked.act == acts.ENABLE, asked.by, asked.why)
    return ActOnSession(session, asked.act, asked.by, asked.why, *numbers)
