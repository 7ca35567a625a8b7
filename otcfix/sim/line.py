"""The simulated venue's session: a QuickFIX acceptor that one thread polls."""

import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import quickfix as fix
import structlog

from otcfix.fix.building import Field, Group, built
from otcfix.fix.provider_settings import HEARD, STOCK, loose
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import field_of, readable
from otcfix.model.errors import ConfigError

log = structlog.get_logger("otcfix.sim")

TICK_S = 0.2
HEARTBEAT_MAX = 60
SPOKEN = HEARD | frozenset("V R D F H Q".split())
NEVER_AGAIN = frozenset("W X S Y".split())


class Line(fix.Application):  # type: ignore[misc]
    """One session with whoever trades with the venue. Everything happens on the polling thread."""

    def __init__(
        self, version: str, comp_id: str, client: str, port: int, secret: str, folder: Path
    ) -> None:
        """port 0 takes a free one. secret "": whoever knows the CompIDs may come."""
        super().__init__()
        self.version = version
        self._secret = secret
        self.heard: list[tuple[str, str]] = []
        self.ups = 0
        self.online = False
        self._next_tick = 0.0
        self._id = fix.SessionID(begin_string(version), comp_id, client)
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._reserved.bind(("127.0.0.1" if not port else "", port))
        except OSError as error:
            self._reserved.close()
            raise ConfigError(f"cannot listen on port {port}: {error.strerror}") from error
        self.port = int(self._reserved.getsockname()[1])
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(_settings(version, comp_id, client, self.port, folder))
            file.flush()
            self._settings = fix.SessionSettings(file.name)
        self._stores = fix.MemoryStoreFactory()
        self._acceptor: Any = fix.SocketAcceptor(self, self._stores, self._settings)
        self._session: Any = fix.Session.lookupSession(self._id)

    def open(self) -> None:
        """Begin to listen."""
        self._acceptor.poll()
        self._reserved.close()

    def poll(self) -> list[tuple[str, str]]:
        """Let the engine work once; what was heard, as (MsgType(35), text)."""
        self._acceptor.poll()
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK_S
            if self.online:
                self._session.next(fix.UtcTimeStamp())
        heard, self.heard = self.heard, []
        return heard

    def say(self, msg_type: str, fields: Sequence[Field], groups: Sequence[Group] = ()) -> None:
        """Send one message, while somebody is there."""
        if self.online:
            self._session.send(built(self.version, msg_type, fields, groups))

    def skip_number(self) -> None:
        """Count a message that is never sent."""
        self._session.setNextSenderMsgSeqNum(self._session.getExpectedSenderNum() + 1)

    def cut(self) -> None:
        """End the connection without a word."""
        self._session.disconnect()

    def close(self) -> None:
        """Log out and stop listening."""
        if self.online:
            self._session.logout("the venue closes")
            until = time.monotonic() + 1
            while self.online and time.monotonic() < until:
                self._acceptor.poll()
                time.sleep(0.002)
        self._reserved.close()
        self._acceptor.stop(True)
        # QuickFIX knows sessions by their name alone: one that is freed late would take the next
        # one of that name with it.
        self._session = self._acceptor = None

    # -- callbacks: nothing may leave them, or the process ends --------------------------------

    def onCreate(self, session_id: Any) -> None:
        """QuickFIX made the session."""

    def onLogon(self, session_id: Any) -> None:
        """Somebody is there."""
        self.online = True
        self.ups += 1

    def onLogout(self, session_id: Any) -> None:
        """Nobody is there."""
        self.online = False

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """A session message leaves."""

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """A session message came."""
        refused = False
        try:
            if message.getHeader().getField(35) == "A" and self._secret:
                given = message.getField(554) if message.isSetField(554) else ""
                refused = given != self._secret
        except Exception:
            log.exception("callback_failed", callback="fromAdmin")
        if refused:
            raise fix.RejectLogon("wrong password")

    def toApp(self, message: Any, session_id: Any) -> None:
        """A business message leaves; prices do not leave twice."""
        again = False
        try:
            header = message.getHeader()
            again = header.isSetField(43) and header.getField(35) in NEVER_AGAIN
        except Exception:
            log.exception("callback_failed", callback="toApp")
        if again:
            raise fix.DoNotSend

    def fromApp(self, message: Any, session_id: Any) -> None:
        """A business message came."""
        try:
            text = readable(message.toString())
            self.heard.append((field_of(text, 35), text))
        except Exception:
            log.exception("callback_failed", callback="fromApp")


def _settings(version: str, comp_id: str, client: str, port: int, folder: Path) -> str:
    keys = {
        "BeginString": begin_string(version),
        "SenderCompID": comp_id,
        "TargetCompID": client,
        "HeartBtInt": str(HEARTBEAT_MAX),
        "NonStopSession": "Y",
        "SocketNodelay": "Y",
        "CheckLatency": "N",
        "TimestampPrecision": "3",
        "UseDataDictionary": "Y",
        "ValidateUserDefinedFields": "N",
        "AllowUnknownMsgFields": "Y",
        "ValidateFieldsHaveValues": "N",
        "ValidateFieldsOutOfOrder": "N",
        "LogoutTimeout": "1",
    }
    if version == "FIX.5.0SP2":
        keys["DefaultApplVerID"] = version
        keys["TransportDataDictionary"] = str(loose("FIXT11", folder, SPOKEN))
        keys["AppDataDictionary"] = str(loose("FIX50SP2", folder, SPOKEN))
    else:
        keys["DataDictionary"] = str(loose(STOCK[version], folder, SPOKEN))
    lines = ["[DEFAULT]", "ConnectionType=acceptor", f"SocketAcceptPort={port}"]
    lines += ["SocketReuseAddress=Y", "[SESSION]"]
    return "\n".join(lines + [f"{name}={value}" for name, value in keys.items()]) + "\n"
