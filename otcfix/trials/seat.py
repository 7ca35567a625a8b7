"""Where a scenario is played: its sessions, and who stands behind the counterparty."""

from typing import Protocol

from otcfix.trials.hearing import Ear
from otcfix.trials.line import Line, Who


class Stage(Protocol):
    """What can be done behind a counterparty's back: its staff and its market."""

    def act(self, what: str, words: list[str]) -> None:
        """Do it (what: "operator" or "market"). Errors: Unexpected when it cannot be done."""

    def restore(self, key: str, *, everything: bool) -> None:
        """Release the session of our CompID *key*; with *everything* put back all that others see.
        Errors: Unexpected when it cannot be done."""


class Seat:
    """One session of a scenario: who we are there, its line, and what listens to it."""

    def __init__(self, who: Who, line: Line, ear: Ear) -> None:
        self.who = who
        self.line = line
        self.ear = ear
