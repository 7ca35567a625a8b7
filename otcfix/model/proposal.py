"""Four eyes: a command that waits for a second person."""

from msgspec import Struct

from otcfix.model.time import Instant

OPEN, CONFIRMED, DISMISSED, REFUSED = "OPEN", "CONFIRMED", "DISMISSED", "REFUSED"
"""REFUSED: it was confirmed, and could not be done any more."""


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: case, blanks, points and what cannot be seen do not make
    another of him. A name without a letter or a digit is nobody's, and not another's."""
    mine, theirs = _letters(one), _letters(other)
    return mine == theirs or not mine or not theirs


def _letters(name: str) -> str:
    return "".join([letter for letter in name.casefold() if letter.isalnum()])


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
