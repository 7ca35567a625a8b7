"""Every error that otcfix raises on purpose.

OtcfixError
├── ConfigError        the configuration is wrong; the text names file, key and what was expected
├── InvariantBroken    a law does not hold: stop, and let a supervisor restart the process
├── StoreLost          the database did not take or give what it must: stop
├── ReplayDiffers      a journal re-decided gives another decision than the one recorded
├── FeedBroken         a price feed cannot go on (venues/feed.py): its book is cleared
└── ListRefused        a sanctions list cannot be used (screening/loaders): the accepted one stays

A refused trade is not an error: see `otcfix.model.refusal.Refusal`.
"""


class OtcfixError(Exception):
    """The root of the tree above."""


class ConfigError(OtcfixError):
    """The configuration cannot be used; the text names every file, key and expectation."""


class InvariantBroken(OtcfixError):
    """A law of the house does not hold. The process must not go on."""


class StoreLost(OtcfixError):
    """The database failed in the middle of its duty. The process must not go on."""


class ReplayDiffers(OtcfixError):
    """Deciding the journal again gave a different decision; carries the event's number."""

    def __init__(self, seq: int, expected: str, found: str, detail: str = "") -> None:
        super().__init__(
            f"event {seq}: the journal holds decision {expected[:16]}…, "
            f"deciding it again gives {found[:16]}…{': ' + detail if detail else ''}"
        )
        self.seq = seq
        self.expected = expected
        self.found = found
