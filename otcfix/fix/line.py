"""One session as the acceptor keeps it, and how its Logon is judged (R13, R14)."""

import contextlib
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from otcfix.config import SessionConfig
from otcfix.fix.dictionaries import left_out
from otcfix.fix.wire import SOH, field_of
from otcfix.model.event import Overflowed
from otcfix.model.time import Instant


class Line:
    """One session as the acceptor keeps it."""

    __slots__ = (
        "config",
        "epoch",
        "last_in",
        "last_out",
        "left_out",
        "number",
        "numbers",
        "online",
        "proof_asked",
        "refused_at",
        "session",
        "session_id",
        "unproven",
    )

    def __init__(self, config: SessionConfig, session_id: Any) -> None:
        self.config = config
        self.session_id = session_id
        self.session: Any = None
        self.epoch = 0
        self.online = False
        self.last_in = 0
        self.last_out = 0
        self.number = 0
        self.numbers = (1, 1)
        self.unproven = 0
        self.proof_asked = False
        self.refused_at: Instant = 0
        self.left_out = left_out(config.version)


def logon_refusal(config: SessionConfig, message: Any, wants_reset: bool) -> str:
    """Why a Logon is not accepted; "" when it is. The client is told only "not accepted"."""
    username = message.getField(553) if message.isSetField(553) else ""
    secret = message.getField(554) if message.isSetField(554) else ""
    salt, _, wanted = config.password_hash.partition("$")
    found = hashlib.sha256((salt + secret).encode("utf-8", "surrogateescape")).hexdigest()
    same_user = hmac.compare_digest(
        username.encode("utf-8", "surrogateescape"), config.username.encode()
    )
    if not (hmac.compare_digest(found, wanted) and same_user):
        return "username or password"
    if message.isSetField(1137) and message.getField(1137) != "9":
        return "DefaultApplVerID(1137) other than 9"  # its dictionary would check nothing
    if wants_reset and not config.allow_reset:
        return "141=Y is not allowed"
    with contextlib.suppress(ValueError):
        if config.heartbeat_min <= int(message.getField(108)) <= config.heartbeat_max:
            return ""
    return "HeartBtInt(108) out of bounds"


def stranger(
    lines: Mapping[tuple[str, str, str], Line],
    allow_from: Sequence[str],
    address: str,
    text: str,
) -> str:
    """Why the sender of this first message is not let in; "" for a known session's from an address
    of its own (R14).

    lines: by BeginString, our CompID, theirs; allow_from: for sessions without addresses of their
    own, empty for anywhere.
    """
    begin = text[2 : text.index(SOH)]
    ours, theirs = field_of(text, 56), field_of(text, 49)
    line = lines.get((begin, ours, theirs))
    if line is None:
        return f"no session {begin} 49={theirs} 56={ours}"
    allowed = line.config.allowed_remote_addresses or allow_from
    if allowed and address not in allowed:
        return f"not an address of session {line.config.key}"
    return ""


def overflow_of(line: Line, text: str, kind: str) -> Overflowed:
    """What is journaled of a message that found no room (R2)."""
    return Overflowed(
        line.config.key,
        line.epoch,
        int(field_of(text, 34) or 0),
        kind,
        field_of(text, 131 if kind == "R" else 11),
        field_of(text, 41),
        field_of(text, 115),
        field_of(text, 116),
    )
