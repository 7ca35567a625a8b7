"""What screening found of a client, as an event and as it is remembered.

Screening itself is done outside (`otcfix.screening`); a decision reads only what stands here.
"""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant

CLEAR, REVIEW, BLOCK = "CLEAR", "REVIEW", "BLOCK"


class ScreeningHit(Struct, frozen=True, array_like=True):
    """One listed entry that resembles one party of a client.

    party: which of his names, owners, banks or wallets (`owner 2: Jane Doe`). score: 0 to 1, four
    decimals. entry_digest: of the entry as it stood. pieces: what the score is made of, in words.
    """

    party: str
    entry_id: str
    list_name: str
    entry_digest: str
    matched: str
    score: Decimal
    pieces: str = ""


class ScreeningVerdict(Struct, frozen=True, array_like=True):
    """What came of one client. subject_digest: of everything of him that was screened; when that
    has changed since, the verdict says nothing any more. hits: all at or above review_min."""

    client_id: str
    subject_digest: str
    hits: tuple[ScreeningHit, ...] = ()


class ScreeningVerdicts(Struct, frozen=True, tag=True):
    """Clients were screened against the lists of *list_version* (onboarding, change, refresh),
    which names the scores from which on a hit counts as well."""

    list_version: str
    verdicts: tuple[ScreeningVerdict, ...]
    why: str = ""


class Screened(Struct, frozen=True, array_like=True):
    """How a client stands after screening. outcome: CLEAR, REVIEW or BLOCK, released hits left
    out."""

    client_id: str
    outcome: str
    list_version: str
    at: Instant
    subject_digest: str
    hits: tuple[ScreeningHit, ...] = ()


class GoodGuy(Struct, frozen=True, array_like=True):
    """A hit that two people have released: these parties of this client are not this entry as it
    stood then. Another entry of the same name, the entry once it has changed, and another party
    are looked at anew."""

    client_id: str
    entry_id: str
    entry_digest: str
    made_by: str
    checked_by: str
    at: Instant
    parties: tuple[str, ...] = ()

    def covers(self, hit: ScreeningHit) -> bool:
        """Whether this is what was released."""
        same = (self.entry_id, self.entry_digest) == (hit.entry_id, hit.entry_digest)
        return same and hit.party in self.parties


class ReleaseHit(Struct, frozen=True, tag=True):
    """Staff says that a client is not the listed entry; waits for a second person.

    entry_digest and parties: what stood there when it was proposed; the desk fills them in, so that
    a second person confirms no more than the first one has looked at.
    """

    client_id: str
    entry_id: str
    by: str
    why: str
    entry_digest: str = ""
    parties: tuple[str, ...] = ()


class ScreeningTrouble(Struct, frozen=True, tag=True):
    """Screening itself does not go as it should: journaled, and alerted."""

    what: str


class ScreeningPolicy(Struct, frozen=True):
    """From when a hit blocks or waits for review, and how long a verdict holds."""

    block_min: Decimal = Decimal("0.95")
    review_min: Decimal = Decimal("0.88")
    verdict_age_max_days: int = 30
