"""Four eyes: a command that waits for a second person."""

from unicodedata import normalize

from msgspec import Struct

from otcfix.model.time import Instant

OPEN, CONFIRMED, DISMISSED, REFUSED = "OPEN", "CONFIRMED", "DISMISSED", "REFUSED"
"""REFUSED: it was confirmed, and could not be done any more."""


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: case, blanks, points, accents, what cannot be seen and
    letters that look like Latin ones do not make another of him. A name without a letter or a digit
    is nobody's, and not another's."""
    mine, theirs = _letters(one), _letters(other)
    return mine == theirs or not mine or not theirs


def _letters(name: str) -> str:
    # Folded twice: what decomposes may be a capital, and what is folded may decompose.
    plain = normalize("NFKD", normalize("NFKD", name).casefold()).casefold()
    return "".join([one for one in plain.translate(_LOOKS_LIKE) if one.isalnum()])


_LOOKS_LIKE = str.maketrans(
    "авсеіјкмнорԛѕтухѡһԁӏԝѵ" + "αβγεζηικνορτυχω" + "ıłøđħɑɡ",
    "abceijkmhopqstyxwhdlwv" + "abyeznikvoptuxw" + "ilodhag",
)
"""Cyrillic, Greek and other small letters, and the Latin ones that a reader takes them for."""


class Proposal(Struct, frozen=True, array_like=True):
    """A command that somebody asked for, and how it stands. command: its JSON; about: in words."""

    proposal_id: str
    kind: str
    about: str
    command: str
    by: str
    at: Instant
    state: str = OPEN
    checked_by: str = ""


class Confirm(Struct, frozen=True, tag=True):
    """A second person confirms: the command is done now. by must not be who proposed it."""

    proposal_id: str
    by: str
    why: str


class Dismiss(Struct, frozen=True, tag=True):
    """A proposal is dropped, by whomever."""

    proposal_id: str
    by: str
    why: str
