"""UserRequest(35=BE): its secrets are looked at here and go no further (R13).

What comes out is a typed event for the journal: that the old secret was right, and the salted hash
of the new one. A logon, too, is judged by the secret that a client has set, where he has set one.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import NamedTuple

from otcfix.desk.state import State
from otcfix.desk.users import BASE, SECRET, TURN
from otcfix.fix.fields import Values, split
from otcfix.fix.wire import SOH, read_id, read_int, read_timestamp
from otcfix.model.enquiries import UserRequested
from otcfix.model.messages import Head

LENGTH_MIN, LENGTH_MAX = 32, 128
DIFFERENT_MIN = 12
"""Different characters that a new secret has at the least: it is to be random, not chosen."""

CHANGE = "3"


class Rotation(NamedTuple):
    """The secret that a client has set: `salt$hash`, "" where he has set none; how often it has
    been changed; and the `fingerprint` of the password_hash that it stands in place of."""

    hash: str
    turn: int
    base: str = ""

    def counts_for(self, password_hash: str) -> str:
        """What counts where sessions.toml says *password_hash*: the client's own secret, or "".

        A new line in sessions.toml is staff's word: whoever has got hold of a session's secret and
        changed it must not keep the session by that.
        """
        stands = not self.base or self.base == fingerprint(password_hash)
        return self.hash if stands else ""


NEVER = Rotation("", 0)

Rotated = Callable[[str], Rotation]
"""By session key."""


def rotation_of(state: State, session: str) -> Rotation:
    """What State keeps of a session's secret."""
    return Rotation(
        str(state.word(SECRET, session)),
        int(state.word(TURN, session, 0)),
        str(state.word(BASE, session)),
    )


def never_rotated(_session: str) -> Rotation:
    """Of a desk without a State: nobody has changed anything."""
    return NEVER


def is_secret(secret: str, salted: str) -> bool:
    """Whether *secret* is the one behind `salt$hash`; takes as long when it is not."""
    salt, _, wanted = salted.partition("$")
    found = hashlib.sha256((salt + secret).encode("utf-8", "surrogateescape")).hexdigest()
    return hmac.compare_digest(found, wanted)


def salted_hash(secret: str) -> str:
    """`salt$hash` of a new secret, with a new salt."""
    salt = secrets.token_hex(16)
    return f"{salt}${hashlib.sha256((salt + secret).encode()).hexdigest()}"


def fingerprint(password_hash: str) -> str:
    """What tells one password_hash of sessions.toml from another: 16 hex digits."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def fault_of(new: str, old: str) -> str:
    """Why *new* is no secret for a session; "" when it is one. See `USER_VERDICTS`."""
    if len(new) < LENGTH_MIN:
        return "SECRET_TOO_SHORT"
    if len(new) > LENGTH_MAX:
        return "SECRET_TOO_LONG"
    if not (new.isascii() and new.isprintable()):
        return "SECRET_NOT_PRINTABLE"
    if len(dict.fromkeys(new)) < DIFFERENT_MIN:
        return "SECRET_TOO_PLAIN"
    return "SECRET_NOT_NEW" if hmac.compare_digest(new.encode(), old.encode()) else ""


class User(NamedTuple):
    """Who a session is: its username, the hash in sessions.toml, and what it has set since."""

    session: str
    username: str
    password_hash: str
    rotation: Rotation

    @property
    def salted(self) -> str:
        """`salt$hash` of the secret that counts."""
        return self.rotation.counts_for(self.password_hash) or self.password_hash


def requested(user: User, text: str, *, barred: bool) -> UserRequested | None:
    """What a UserRequest asks for, without its secrets. barred: too many wrong ones have come.

    None: it cannot be read. Then the parser says why, of the text with its secrets blanked.
    """
    try:
        # The first of a repeated tag.
        values = dict(reversed(split(text)))
        head = _head(user.session, values)
        unreadable = head.poss_dup and head.orig_sending_time is None
        if unreadable or values.get(1128, "9") != "9":
            return None
        return _read(user, head, values, barred=barred)
    except Exception:  # noqa: BLE001 - whatever a message holds, it ends no desk
        return None


def _head(session: str, values: Values) -> Head:
    original = values.get(122)
    return Head(
        session,
        "BE",
        read_int(34, values.get(34, "0")),
        read_timestamp(52, values[52]) if 52 in values else 0,
        values.get(43) == "Y",
        values.get(97) == "Y",
        read_timestamp(122, original) if original else None,
        values.get(115, ""),
        values.get(116, ""),
    )


def _read(user: User, head: Head, values: Values, *, barred: bool) -> UserRequested:
    kind = values.get(924, "")
    required = (923, 924, 553, 554, 925) if kind == CHANGE else (923, 924, 553)
    missing = tuple(tag for tag in required if not values.get(tag))
    request_id = read_id(923, values[923]) if values.get(923) else ""
    username = read_id(553, values[553]) if values.get(553) else ""
    asked = (head, request_id, kind[:8], username)
    if missing:
        return UserRequested(*asked, missing=missing)
    verdict, rotated = "", ""
    if not hmac.compare_digest(username.encode(), user.username.encode()):
        verdict = "UNKNOWN_USER"
    elif barred:
        verdict = "TOO_MANY_FAILURES"
    elif kind == CHANGE or 554 in values:
        old = values.get(554, "")[: 2 * LENGTH_MAX]
        if not is_secret(old, user.salted):
            verdict = "WRONG_SECRET"
        elif kind == CHANGE:
            new = values[925]
            verdict = fault_of(new, old)
            rotated = "" if verdict else salted_hash(new)
    base = fingerprint(user.password_hash)
    return UserRequested(*asked, verdict, rotated, user.rotation.turn, base=base)


RAW, PASSWORD, NEW_PASSWORD, ENCRYPTED, NEW_ENCRYPTED = (
    f"{SOH}{tag}=" for tag in (96, 554, 925, 1402, 1404)
)


def holds_secrets(text: str) -> bool:
    """Whether a message has fields whose values are blanked before it is journaled (R13). Written
    out: every message of a client passes here."""
    return (
        RAW in text
        or PASSWORD in text
        or NEW_PASSWORD in text
        or ENCRYPTED in text
        or NEW_ENCRYPTED in text
    )
