"""The yardstick: a bare QuickFIX acceptor in Python that answers each message with a canned one.

Nothing cheaper can be built on QuickFIX: no parsing, no file, no decision. Run by `children`.
"""
# ruff: noqa: ARG002, N802 - the callbacks are named and called by QuickFIX

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import quickfix as fix

from otcfix.bench.children import Answer, serve
from otcfix.bench.load import DESK, session_name
from otcfix.bench.measure import memory_mb
from otcfix.fix.dictionaries import stock_path

CANNED = "8=FIX.4.4|9=0|35=S|131=C1|117=Q1|55=BTC/USD|132=99940|133=100060|10=000|"


class Echo(fix.Application):  # type: ignore[misc]
    """Answers."""

    def __init__(self) -> None:
        super().__init__()
        self._text = CANNED.replace("|", "\x01")
        self.answered = 0

    def fromApp(self, message: Any, session_id: Any) -> None:
        """Say the canned reply."""
        fix.Session.sendToTarget(fix.Message(self._text, False), session_id)
        self.answered += 1

    def onCreate(self, session_id: Any) -> None:
        """Nothing."""

    def onLogon(self, session_id: Any) -> None:
        """Nothing."""

    def onLogout(self, session_id: Any) -> None:
        """Nothing."""

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing."""

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """Nothing."""

    def toApp(self, message: Any, session_id: Any) -> None:
        """Nothing."""


def settings(port: int, sessions: int, store: str = "") -> str:
    """QuickFIX's settings: stock dictionary, everything else as it comes."""
    lines = [
        "[DEFAULT]",
        "ConnectionType=acceptor",
        f"SocketAcceptPort={port}",
        "SocketNodelay=Y",
        "SocketReuseAddress=Y",
        "NonStopSession=Y",
        "HeartBtInt=60",
        f"DataDictionary={stock_path('FIX44')}",
    ]
    if store:
        lines.append(f"FileStorePath={store}")
    for number in range(sessions):
        lines += ["[SESSION]", "BeginString=FIX.4.4", f"SenderCompID={DESK.decode()}"]
        lines.append(f"TargetCompID={session_name(number)}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """`echo PORT SESSIONS [STORE]`: with STORE a FileStore there, else nothing is kept."""
    port, sessions = int(sys.argv[1]), int(sys.argv[2])
    store = sys.argv[3] if len(sys.argv) > 3 else ""
    application = Echo()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "echo.cfg")
        file.write_text(settings(port, sessions, store), "utf-8")
        known = fix.SessionSettings(str(file))
    factory = fix.FileStoreFactory(known) if store else fix.NullStoreFactory()
    acceptor = fix.SocketAcceptor(application, factory, known)

    def begin() -> tuple[Answer, dict[str, Callable[..., Answer]]]:
        acceptor.start()
        return {"port": port}, {"stats": stats, "stop": stop}

    def stats() -> Answer:
        return {"answered": application.answered, "rss_mb": memory_mb("self")}

    def stop() -> Answer:
        acceptor.stop()
        return {}

    serve(begin)


if __name__ == "__main__":
    main()
