"""A FIX initiator for people: the other end of the wire, for `otcfix client` and the demo.

It reads with the stock dictionaries, as a client does who never saw ours (R7), and keeps its
sequence numbers in a folder, because a trade session does not start anew at every logon.
"""

import contextlib
import re
import socket
import ssl
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import quickfix as fix
import structlog
from msgspec import Struct

from otcfix.fix.dictionaries import stock_path
from otcfix.fix.settings import begin_string
from otcfix.fix.tunnel import Tls, Tunnel, in_words
from otcfix.fix.wire import SOH
from otcfix.model.errors import OtcfixError

log = structlog.get_logger("otcfix.fix.client")

Field = tuple[int, str]
Entry = Sequence[Field]

STOCK = {"FIX.4.2": "FIX42", "FIX.4.4": "FIX44"}
TOO_LOW = re.compile(r"MsgSeqNum too low, expecting (\d+)")
HEARTBEAT_S = 30
RECONNECT_S = 1
SILENT_MAX = 2
"""Connections closed without a word before we stop trying."""


class CannotConnect(OtcfixError):
    """No session with the desk; the text says what was tried, what came back and what to do."""


class Login(Struct, frozen=True):
    """Who we are, as the client: sender is us. The secret goes into Password(554)."""

    version: str
    sender_comp_id: str
    target_comp_id: str
    username: str
    secret: str

    @property
    def name(self) -> str:
        """The session as people name it."""
        return f"{self.version} {self.sender_comp_id}->{self.target_comp_id}"


class Heard(NamedTuple):
    """One message on the wire: sent by us or not, its MsgType(35), its text (SOH)."""

    sent: bool
    msg_type: str
    text: str

    def value(self, tag: int) -> str:
        """The first value of *tag*, "" when absent."""
        start = self.text.find(f"{SOH}{tag}=")
        if start < 0:
            return ""
        start = self.text.index("=", start) + 1
        return self.text[start : self.text.index(SOH, start)]

    @property
    def again(self) -> bool:
        """Whether it was said before: 43=Y or 97=Y."""
        return self.value(43) == "Y" or self.value(97) == "Y"


_KEPT: list[Any] = []
"""Stores and settings of all clients. QuickFIX's sessions look into them when they end, and the
garbage collector takes a client apart in any order: without them the process would end."""


class Client(fix.Application):  # type: ignore[misc]
    """One session with the desk. Callbacks copy and queue; `take` gives what they queued."""

    def __init__(
        self,
        login: Login,
        host: str,
        port: int,
        folder: Path | None = None,
        tls: Tls | None = None,
    ) -> None:
        """folder: where numbers and sent messages are kept; None keeps them in memory.

        tls: how to speak TLS; None speaks plain text. Errors: CannotConnect for a key that is none.
        """
        super().__init__()
        self.login = login
        self.host, self.port = host, port
        begin = begin_string(login.version)
        self._id = fix.SessionID(begin, login.sender_comp_id, login.target_comp_id)
        self._heard: SimpleQueue[Heard] = SimpleQueue()
        self._signals: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._goodbye = ""
        self.online = False
        self._tls = tls
        self._tunnel = Tunnel(tls, host, port) if tls else None
        where = ("127.0.0.1", self._tunnel.port) if self._tunnel else (host, port)
        with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
            file.write(_settings(login, *where, folder))
            file.flush()
            self._settings = fix.SessionSettings(file.name)
        if folder is None:
            self._stores: Any = fix.MemoryStoreFactory()
        else:
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(PermissionError):  # somebody else's folder
                folder.chmod(0o700)  # QuickFIX keeps what it sends, a Logon with its secret too
            self._stores = fix.FileStoreFactory(self._settings)
        _KEPT.append((self._stores, self._settings))
        self._initiator = fix.SocketInitiator(self, self._stores, self._settings)
        self._session = fix.Session.lookupSession(self._id)
        self._started = False

    # -- life --------------------------------------------------------------------------------

    def connect(self, timeout_s: float = 10.0) -> None:
        """Log on. Errors: CannotConnect, which says why; the client is stopped then."""
        self._knock(timeout_s)
        self._started = True
        self._initiator.start()
        try:
            self._wait_logon(time.monotonic() + timeout_s)
        except BaseException:
            self.stop()
            raise

    def _knock(self, timeout_s: float) -> None:
        """See whether anybody listens at all: QuickFIX would only try again and again."""
        try:
            if self._tls is not None:
                self._tls.knock(self.host, self.port, timeout_s)
            else:
                socket.create_connection((self.host, self.port), timeout_s).close()
        except ssl.SSLError as error:
            raise CannotConnect(f"{self.host}:{self.port}: TLS: {in_words(error)}") from None
        except OSError as error:
            raise CannotConnect(
                f"{self.host}:{self.port}: {error.strerror or error}; is `otcfix serve` running "
                "there? --host and --port name another place"
            ) from None

    def _wait_logon(self, until: float) -> None:
        silent = 0
        while True:
            try:
                what, text = self._signals.get(timeout=max(until - time.monotonic(), 0.001))
            except Empty:
                raise CannotConnect(
                    f"{self.host}:{self.port} did not answer the Logon of {self.login.name} in time"
                ) from None
            if what == "on":
                return
            if what == "objected":
                raise CannotConnect(
                    f"the desk's numbers of {self.login.name} are lower than those kept here "
                    f"({text}): its database is another one; start this side anew with --fresh"
                )
            behind = TOO_LOW.search(text)
            if behind:
                # Our own numbers were lost: go on where the desk is.
                log.info("continuing_at", session=self.login.name, msg_seq_num=behind[1])
                self._session.setNextSenderMsgSeqNum(int(behind[1]))
                continue
            if text:
                raise CannotConnect(
                    f"the desk refused the Logon of {self.login.name}: {text}; it does not say "
                    "why: see username, secret and heartbeat of the session, or the desk's log"
                )
            silent += 1
            if silent >= SILENT_MAX:
                raise CannotConnect(
                    f"{self.host}:{self.port} closed the connection of {self.login.name} without "
                    "a word: the CompIDs are not known there, this address is not allowed, the "
                    "session is logged on elsewhere, or it wants TLS or a certificate of its own"
                )

    def stop(self) -> None:
        """Log out and close. The client must be kept until this returns."""
        if self._tunnel is not None:
            self._tunnel.close()
        if not self._started:
            return
        self._started = False
        if self.online:
            # Left alone, QuickFIX would see at its next tick that it is to log out, and look once
            # a second whether it has. Said now, the desk's answer ends its thread.
            self._session.logout()
            self._session.next(fix.UtcTimeStamp())
            self._initiator.stop(True)
        else:
            self._initiator.stop()

    @property
    def next_number(self) -> int:
        """The MsgSeqNum(34) of our next message."""
        return int(self._session.getExpectedSenderNum())

    def __enter__(self) -> "Client":
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- speaking ----------------------------------------------------------------------------

    def send(
        self,
        msg_type: str,
        fields: Sequence[Field],
        *groups: tuple[int, Sequence[Entry]] | None,
    ) -> None:
        """Send one message; header and trailer are the session's. Groups come at their places."""
        words = "".join(f"{tag}={value}{SOH}" for tag, value in fields)
        begin = begin_string(self.login.version)
        message = fix.Message(f"8={begin}{SOH}9=0{SOH}35={msg_type}{SOH}{words}10=000{SOH}", False)
        # Without a dictionary QuickFIX sorts every field by tag, and a group would come apart.
        for group in groups:
            if group is None:
                continue
            count_tag, entries = group
            for entry in entries:
                built = fix.Group(count_tag, entry[0][0])
                for tag, value in entry:
                    built.setField(tag, value)
                message.addGroup(built)
        fix.Session.sendToTarget(message, self._id)

    # -- hearing -----------------------------------------------------------------------------

    def take(self, timeout_s: float) -> Heard | None:
        """The next message that went either way; None when there was none in time.

        Session messages are left out, but for Reject(3) and a Logout(5) of the desk's.
        """
        try:
            return self._heard.get(timeout=max(timeout_s, 0.0))
        except Empty:
            return None

    # -- callbacks: nothing may leave them, or the process ends --------------------------------

    def onCreate(self, session_id: Any) -> None:
        """QuickFIX made the session."""

    def onLogon(self, session_id: Any) -> None:
        """The session is up."""
        self.online = True
        self._signals.put(("on", ""))

    def onLogout(self, session_id: Any) -> None:
        """The session is down, or never came up."""
        self.online = False
        self._signals.put(("off", self._goodbye))
        self._goodbye = ""

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """A session message leaves: a Logon says who we are."""
        try:
            kind = message.getHeader().getField(35)
            if kind == "A":
                message.setField(553, self.login.username)
                message.setField(554, self.login.secret)
            elif kind == "5" and message.isSetField(58):
                text = message.getField(58)
                if TOO_LOW.search(text):
                    self._signals.put(("objected", text))
        except Exception:
            log.exception("callback_failed", callback="toAdmin")

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """A session message came."""
        try:
            kind = message.getHeader().getField(35)
            if kind == "5":
                self._goodbye = message.getField(58) if message.isSetField(58) else ""
            if kind == "3" or (kind == "5" and self.online):
                self._heard.put(Heard(False, kind, message.toString()))
        except Exception:
            log.exception("callback_failed", callback="fromAdmin")

    def toApp(self, message: Any, session_id: Any) -> None:
        """A business message leaves."""
        try:
            text = message.toString()
            self._heard.put(Heard(True, message.getHeader().getField(35), text))
        except Exception:
            log.exception("callback_failed", callback="toApp")

    def fromApp(self, message: Any, session_id: Any) -> None:
        """A business message came."""
        try:
            text = message.toString()
            self._heard.put(Heard(False, message.getHeader().getField(35), text))
        except Exception:
            log.exception("callback_failed", callback="fromApp")


def _settings(login: Login, host: str, port: int, folder: Path | None) -> str:
    keys = {
        "BeginString": begin_string(login.version),
        "SenderCompID": login.sender_comp_id,
        "TargetCompID": login.target_comp_id,
        "SocketConnectHost": host,
        "SocketConnectPort": str(port),
        "HeartBtInt": str(HEARTBEAT_S),
        "ReconnectInterval": str(RECONNECT_S),
        "LogonTimeout": "10",
        "LogoutTimeout": "2",
        "NonStopSession": "Y",
        "SocketNodelay": "Y",
        "TimestampPrecision": "3",
        "CheckLatency": "N",
        "ResetOnLogon": "N",
        "UseDataDictionary": "Y",
        "ValidateUserDefinedFields": "N",
    }
    if folder is not None:
        keys["FileStorePath"] = str(folder)
    if login.version == "FIX.5.0SP2":
        keys["DefaultApplVerID"] = login.version
        keys["TransportDataDictionary"] = str(stock_path("FIXT11"))
        keys["AppDataDictionary"] = str(stock_path("FIX50SP2"))
    else:
        keys["DataDictionary"] = str(stock_path(STOCK[login.version]))
    lines = ["[DEFAULT]", "ConnectionType=initiator", "[SESSION]"]
    return "\n".join(lines + [f"{name}={value}" for name, value in keys.items()]) + "\n"
