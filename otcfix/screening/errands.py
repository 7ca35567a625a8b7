"""What the desk asks of the screening worker, and what it hears: JSON, one a line."""

from msgspec import Struct

from otcfix.model.party import Client
from otcfix.model.screening import ScreeningVerdict


class SetUp(Struct, frozen=True):
    """The first line: screening.toml as JSON, and the folder that it lies in."""

    folder: str
    screening: str


class Look(Struct, frozen=True, tag=True):
    """Are there other lists than those that are held? Take them. update: read the sources first."""

    update: bool = False


class Asked(Struct, frozen=True, array_like=True):
    """A client, and the digest of everything of him that is screened."""

    client: Client
    digest: str


class Screen(Struct, frozen=True, tag=True):
    """Screen these. delta: against what the last refresh brought alone."""

    clients: tuple[Asked, ...]
    delta: bool = False


class Lists(Struct, frozen=True, tag=True):
    """The lists that are held. base: the version before, when what is gone since is known.

    gone: entries that a refresh removed or changed. problem: why they cannot be used, or the new
    ones; told: what is worth saying besides.
    """

    version: str
    entries: int = 0
    names: int = 0
    base: str = ""
    gone: tuple[str, ...] = ()
    problem: str = ""
    told: tuple[str, ...] = ()
    seconds: float = 0


class Found(Struct, frozen=True, tag=True):
    """What came of a Screen, by the lists of *version*."""

    version: str
    verdicts: tuple[ScreeningVerdict, ...]


class Failed(Struct, frozen=True, tag=True):
    """An errand could not be done."""

    why: str


Errand = Look | Screen
Answer = Lists | Found | Failed
