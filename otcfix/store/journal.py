"""The journal's hash chain: what is hashed, how a link is made, how a whole journal is checked.

Link n is SHA-256(link n-1 + digest of the decision + canonical bytes of the event and its
verdicts); the first follows GENESIS. Someone who can write to the database can build the whole
chain anew: it shows damage and careless edits, and, against a head that was noted elsewhere,
everything else.
"""

import hashlib
from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from otcfix.model.record import JournalRow
from otcfix.model.time import Instant

GENESIS = bytes(32)
"""The link before the first event."""

_sha256 = hashlib.sha256


def chained(
    previous: bytes,
    seq: int,
    at: Instant,
    kind: str,
    session: str,
    epoch: int,
    msg_seq_num: int,
    received_at: Instant,
    text: str,
    facts: str,
    digest: bytes,
    verdicts: bytes = b"",
) -> bytes:
    """Return the link of one event: 32 bytes. *previous* and *digest* are 32 bytes as well."""
    # The framing of `_canonical`, written out: this runs for every event.
    framed = (
        f"{seq},{at},{epoch},{msg_seq_num},{received_at},{len(kind)},{len(session)},{len(text)},"
        f"{len(facts)},{kind}{session}{text}{facts}"
    ).encode("utf-8", "surrogatepass")
    return _sha256(b"".join((previous, digest, framed, verdicts))).digest()
