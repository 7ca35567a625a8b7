"""serve --echo: our acceptor with an application that sends some messages back and deals nothing.

What a tester of FIX engines compares with is QuickFIX's own test acceptor, so sessions here may be
of any version, checked by the stock dictionaries, and without authentication.
"""

import time
from pathlib import Path
from typing import Any

import quickfix as fix

from otcfix.config import Config
from otcfix.fix import dictionaries
from otcfix.fix.acceptor import Acceptor
from otcfix.fix.application import Application
from otcfix.fix.callbacks import guarded
from otcfix.fix.line import Line

ECHOED = ("D", "d")
"""NewOrderSingle and SecurityDefinition come back."""

IDLE_S = 0.1
FIRST_S, LOGON_S = 1.0, 10.0
"""As long as QuickFIX gives a connection for its first message, and for its logon."""


class EchoApplication(Application):
    """Our callbacks, but for a business message: it is sent back, in the callback, or rejected."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._seen: dict[str, set[str]] = {}

    def fromApp(self, message: Any, session_id: Any) -> None:
        """Send it back, or have QuickFIX answer 35=j 380=3."""
        if message.getHeader().getField(35) not in ECHOED:
            raise fix.UnsupportedMessageType
        self._send_back(message, session_id)

    @guarded
    def _send_back(self, message: Any, session_id: Any) -> None:
        line = self._lines.of(session_id)
        header = message.getHeader()
        line.last_in = int(header.getField(34))
        if header.getField(35) == "D" and self._was_seen(line, message):
            return
        self._mouth.send(line, fix.Message(message))

    def _was_seen(self, line: Line, message: Any) -> bool:
        """Whether a PossResend(97)=Y carries a ClOrdID(11) of this logon; it is known from now."""
        seen = self._seen.setdefault(line.config.key, set())
        cl_ord_id = message.getField(11)
        header = message.getHeader()
        again = header.isSetField(97) and header.getField(97) == "Y"
        if again and cl_ord_id in seen:
            return True
        seen.add(cl_ord_id)
        return False

    def onLogout(self, session_id: Any) -> None:
        """The session is down: its ClOrdIDs are forgotten."""
        super().onLogout(session_id)
        self._forget(session_id)

    @guarded
    def _forget(self, session_id: Any) -> None:
        self._seen.pop(self._lines.of(session_id).config.key, None)


class Echo:
    """The acceptor of a folder with a sessions.toml, and the loop that polls it."""

    def __init__(self, config: Config, store: Path) -> None:
        """store: QuickFIX's files. Errors: ConfigError for a port that is taken, at `open`."""
        self.acceptor = Acceptor(
            config,
            dictionaries.build(store / "dictionaries"),
            store / "sessions",
            put=lambda *_: True,
            put_behind=lambda *_: None,
            depth=lambda _: 0,
            clock=lambda: time.time_ns() // 1_000,
            proven=lambda *_: None,
            told=lambda *_: None,
            epoch_of=lambda _: 0,
            application=EchoApplication,
        )
        self.acceptor.be_patient(FIRST_S, LOGON_S)

    def run(self, stopping: Any) -> None:
        """Serve until *stopping*, a threading.Event, is set."""
        try:
            while not stopping.is_set():
                self.acceptor.take()
                self.acceptor.wait(IDLE_S)
        finally:
            self.acceptor.stop()
