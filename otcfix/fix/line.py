"""One session as the acceptor keeps it, and how its Logon is judged (R13, R14)."""

import contextlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import quickfix as fix

from otcfix.config import SessionConfig
from otcfix.config.geofence import NOWHERE, Geofence
from otcfix.fix.administration import Record
from otcfix.fix.dictionaries import left_out
from otcfix.fix.resends import NOTHING
from otcfix.fix.settings import begin_string
from otcfix.fix.tongues import Tongue
from otcfix.fix.users import is_secret
from otcfix.fix.wire import field_of
from otcfix.model.dialect import Dialect
from otcfix.model.event import Overflowed
from otcfix.model.time import Instant
from otcfix.model.unspoken import words_for


def session_id_of(config: SessionConfig) -> Any:
    """The session as QuickFIX names it, a quickfix.SessionID."""
    begin = begin_string(config.version)
    return fix.SessionID(begin, config.sender_comp_id, config.target_comp_id)


class Line:
    """One session as the acceptor keeps it."""

    __slots__ = (
        "again_from",
        "caller",
        "cancels_on_disconnect",
        "config",
        "dialect",
        "empty",
        "engine",
        "epoch",
        "forgiven",
        "held",
        "last_in",
        "last_out",
        "last_said",
        "left_out",
        "number",
        "numbers",
        "online",
        "peer",
        "proof_asked",
        "proof_of",
        "record",
        "refused_at",
        "resends_paid_at",
        "session",
        "session_id",
        "silent",
        "streamed",
        "tongue",
        "unproven",
    )

    def __init__(
        self,
        config: SessionConfig,
        session_id: Any,
        tongue: Tongue | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        self.config = config
        self.dialect = dialect
        self.session_id = session_id
        self.session: Any = None
        self.engine: Any = None  # the Engine that runs it; None while that is built anew
        self.caller = ""  # who tries to log on
        self.peer = ""  # who did
        self.cancels_on_disconnect: bool | None = None  # what the Logon said of it
        self.epoch = 0
        self.online = False
        self.last_in = 0
        self.last_out = 0
        self.number = 0
        self.numbers = (1, 1)
        self.unproven = 0
        self.streamed = 0
        self.last_said = 0
        self.held = False
        self.forgiven = False  # the next Logout to nobody counts as no failed logon
        self.proof_asked = ""
        self.proof_of = 0
        self.refused_at: Instant = 0
        self.again_from = 0
        self.resends_paid_at = 0  # see `resends`
        self.empty = NOTHING  # numbers behind which nothing was said
        # XMLnonFIX is a FIX message everywhere, whatever the dictionaries say of it. By the stock
        # dictionary QuickFIX says by itself what FIX means.
        left = left_out(config.version) | {"n"} if not config.stock_dictionary else frozenset()
        self.left_out: frozenset[str] = left
        self.tongue = tongue
        self.silent = False  # what is said now answers no logon
        self.record = Record()

    def note_numbers(self) -> None:
        """Read the numbers of the session: the next one out, the next one in."""
        session = self.session
        self.numbers = (session.getExpectedSenderNum(), session.getExpectedTargetNum())
        self.last_out = self.numbers[0] - 1
        self.last_in = self.numbers[1] - 1

    def go_on(self, message: Any) -> None:
        """Have a gap fill begin where what was sent again before it ends.

        For numbers that its store does not have at the end of a range, QuickFIX begins anew at the
        start of it: a number that the client has behind him, so he would pass over the fill.
        """
        if self.config.stock_dictionary:
            return
        if not (message.isSetField(123) and message.getField(123) == "Y"):
            return
        header, upto = message.getHeader(), int(message.getField(36))
        if int(header.getField(34)) < self.again_from < upto:
            header.setField(34, str(self.again_from))
        self.again_from = upto

    def call_unspoken(self, message: Any) -> None:
        """Turn QuickFIX's Reject(3) of a message that the version has, and we do not speak, into a
        j: it is no invalid type."""
        reason = message.getField(373) if message.isSetField(373) else ""
        about = message.getField(372) if message.isSetField(372) else ""
        if reason != "11" or about not in self.left_out:
            return
        message.getHeader().setField(35, "j")
        for tag in (373, 371):
            if message.isSetField(tag):
                message.removeField(tag)
        message.setField(380, "3")
        message.setField(58, f"UNSUPPORTED: {words_for(about)}")


def logon_refusal(config: SessionConfig, message: Any, wants_reset: bool, rotated: str = "") -> str:
    """Why a Logon is not accepted; "" when it is. The client is told only "not accepted".

    rotated: `salt$hash` of the secret that the client has set, "" for sessions.toml's.
    """
    if config.authentication == "none":
        return ""
    username = message.getField(553) if message.isSetField(553) else ""
    secret = message.getField(554) if message.isSetField(554) else ""
    same_user = hmac.compare_digest(
        username.encode("utf-8", "surrogateescape"), config.username.encode()
    )
    if not (is_secret(secret, rotated or config.password_hash) and same_user):
        return "username or password"
    if message.isSetField(1137) and message.getField(1137) != "9":
        return "DefaultApplVerID(1137) other than 9"  # its dictionary would check nothing
    tag = config.cancel_on_disconnect_tag
    if tag is not None and message.isSetField(tag) and message.getField(tag) not in YES_OR_NO:
        return f"{tag} is neither Y nor N"  # he must not believe that his orders would go
    if wants_reset and not config.allow_reset:
        return "141=Y is not allowed"
    with contextlib.suppress(ValueError):
        if config.heartbeat_min <= int(message.getField(108)) <= config.heartbeat_max:
            return ""
    return "HeartBtInt(108) out of bounds"


def cancels_on_disconnect(config: SessionConfig, message: Any) -> bool | None:
    """What a Logon says of the session's orders when it drops: Y (or 1) and N (or 0) in the tag
    that the configuration names. None: it does not say."""
    tag = config.cancel_on_disconnect_tag
    if tag is None or not message.isSetField(tag):
        return None
    return YES_OR_NO.get(message.getField(tag))


YES_OR_NO = {"Y": True, "1": True, "N": False, "0": False}


LOGON_VALUES = {
    34: re.compile(r"[1-9]\d{0,8}"),
    52: re.compile(r"\d{8}-\d\d:\d\d:\d\d(\.\d{1,9})?"),
    43: re.compile(r"[YN]"),
    97: re.compile(r"[YN]"),
    98: re.compile(r"\d"),
    108: re.compile(r"\d{1,6}"),
    141: re.compile(r"[YN]"),
    383: re.compile(r"\d{1,9}"),
    464: re.compile(r"[YN]"),
    789: re.compile(r"[1-9]\d{0,8}"),
}
"""What QuickFIX must be able to read of a Logon. One that it answers by a Reject(3) keeps its
connection, and with it the session from whoever it belongs to."""

LOGON_NEEDS = (34, 52, 98, 108)


class Caller(NamedTuple):
    """What the door thinks of a first message: the line that it is for, or why it is not let in.

    session: in whose name it came, where that is known; fault: it counts as a failed logon.
    """

    line: Line | None
    why: str = ""
    session: str = ""
    fault: bool = True


def caller_of(
    lines: Mapping[tuple[str, str, str], Line],
    allow_from: Sequence[str],
    address: str,
    fields: Mapping[int, str],
    geofence: Geofence = NOWHERE,
) -> Caller:
    """Whose first message this is: a readable Logon of a known session, from an address and a
    country of its own, is let in; whether it is accepted is said by `logon_refusal` (R14).

    lines: by BeginString, our CompID, theirs; allow_from: for sessions without addresses of their
    own, empty for anywhere; geofence: for sessions with countries.
    """
    begin, ours, theirs = (fields.get(tag, "") for tag in (8, 56, 49))
    line = lines.get((begin, ours, theirs))
    if line is None:
        return Caller(None, f"no session {begin} 49={theirs} 56={ours}")
    key = line.config.key
    allowed = line.config.allowed_remote_addresses or allow_from
    if allowed and address not in allowed:
        return Caller(None, f"not an address of session {key}")
    countries = line.config.countries
    if countries:
        country = geofence.country_of(address)
        if country not in countries:
            found = country or "no known country"
            there = ", ".join(countries)
            return Caller(None, f"session {key}: from {found}, which is none of {there}")
    if line.config.authentication == "none":
        return Caller(line)  # what else there is to say to him QuickFIX says
    if fields.get(35) != "A":
        return Caller(None, f"session {key}: the first message is no Logon", key)
    for tag, shape in LOGON_VALUES.items():
        value = fields.get(tag, "" if tag in LOGON_NEEDS else None)
        if value is not None and not shape.fullmatch(value):
            return Caller(None, f"session {key}: {tag} of the Logon is missing or unreadable", key)
    return Caller(line)


def overflow_of(line: Line, text: str, kind: str) -> Overflowed:
    """What is journaled of a message that found no room (R2)."""
    if line.tongue is not None:
        text = line.tongue.translation.in_our_words(text)
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
