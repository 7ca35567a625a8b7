"""One dictionary for all sessions that are checked by it.

Left to itself QuickFIX gives every session a copy of its own: 0.4 MB of our FIX.4.4, 0.8 of our
FIX.5.0SP2, read anew from the XML by every acceptor. So the sessions of the desk are made without
any, and are then shown to the dictionaries of a session that nobody can log on to.
"""

import itertools
import tempfile
from collections.abc import Mapping
from typing import Any

import quickfix as fix

_NOBODY = "otcfix"
_numbers = itertools.count()  # QuickFIX knows every session of the process by its names


class _Quiet(fix.Application):  # type: ignore[misc]
    """What a session calls that never speaks."""

    def onCreate(self, session_id: Any) -> None:
        """It was made."""


class Rulers:
    """Dictionaries in memory, by the settings that name them.

    They go when this object and the last session that was given them have gone.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[tuple[str, str], ...], tuple[Any, Any]] = {}
        self._application = _Quiet()
        self._stores = fix.MemoryStoreFactory()

    def give(self, session: Any, settings: Mapping[str, str]) -> None:
        """Have *session* checked by what *settings* name.

        Errors: fix.ConfigError when QuickFIX cannot read a dictionary.
        """
        name = tuple(sorted(settings.items()))
        if name not in self._made:
            self._made[name] = self._make(settings)
        _, template = self._made[name]
        session.setDataDictionaryProvider(template.getDataDictionaryProvider())

    def _make(self, settings: Mapping[str, str]) -> tuple[Any, Any]:
        number = str(next(_numbers))
        lines = [
            "[SESSION]",
            "ConnectionType=acceptor",
            "SocketAcceptPort=1",
            "NonStopSession=Y",
            f"SenderCompID={_NOBODY}",
            f"TargetCompID={number}",
            *(f"{key}={value}" for key, value in settings.items()),
        ]
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            known = fix.SessionSettings(file.name)
        # It is never started: an acceptor only because a session belongs to one.
        acceptor = fix.SocketAcceptor(self._application, self._stores, known)
        session_id = fix.SessionID(settings["BeginString"], _NOBODY, number)
        return acceptor, fix.Session.lookupSession(session_id)
