"""sessions.toml read again for a running acceptor, on a thread of its own: a list of countries may
have millions of lines, and nobody is to wait for it."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from otcfix.config import Config, read_sessions, session_of
from otcfix.config.geofence import NOWHERE, Geofence, geofence_of
from otcfix.model.errors import ConfigError
from otcfix.model.party import Session

CHANGED = "sessions.toml has changed since it was read for this command"


class Reread(NamedTuple):
    """What was found. config: with the sessions of the file; None: it is not to be used, and why.
    sessions: those that were decided."""

    sessions: Sequence[Session]
    config: Config | None
    geofence: Geofence
    why: str = ""


class Rereading:
    """Reads when it is asked to; `done` gives what was found to the newest request."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """ring: called, from the other thread, when something was found."""
        self._ring = ring
        self._found: queue.SimpleQueue[tuple[int, Reread]] = queue.SimpleQueue()
        self._asked = 0

    def begin(self, config: Config, geofence: Geofence, sessions: Sequence[Session]) -> None:
        """Read the file of *config* again, for *sessions* that were decided."""
        self._asked += 1
        arguments = (self._asked, config, geofence, sessions)
        threading.Thread(target=self._read, args=arguments, name="reread", daemon=True).start()

    def _read(
        self, number: int, config: Config, geofence: Geofence, sessions: Sequence[Session]
    ) -> None:
        try:
            found = reread(config, geofence, sessions)
        except Exception as error:  # noqa: BLE001 - told by whoever asks `done`
            found = Reread(sessions, None, geofence, f"{type(error).__name__}: {error}")
        self._found.put((number, found))
        self._ring()

    def done(self) -> Reread | None:
        """What was found since; None: nothing, or only what has been overtaken."""
        while not self._found.empty():
            number, found = self._found.get()
            if number == self._asked:
                return found
        return None


def reread(config: Config, geofence: Geofence, sessions: Sequence[Session]) -> Reread:
    """Read the file again, and see that it says what was decided. Errors: ConfigError is a value.

    An account that a session has for want of one is as it was decided. The list of countries is
    read only where nobody needed it so far.
    """
    try:
        read, dialects = read_sessions(config.folder)
        decided = {one.key: one for one in sessions}
        nouns = [
            session_of(one, one.account or decided[one.key].account, dialects)
            for one in read.session
            if one.key in decided
        ]
        if len(nouns) != len(read.session) or nouns != list(sessions):
            return Reread(sessions, None, geofence, CHANGED)
        changed = config.model_copy(update={"sessions": read, "dialects": dialects})
        if geofence is NOWHERE:
            geofence = geofence_of(changed)
    except ConfigError as error:
        return Reread(sessions, None, geofence, str(error))
    return Reread(sessions, changed, geofence)
