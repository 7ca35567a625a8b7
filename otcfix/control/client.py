"""Asking a running desk: what the command line does, in a few lines for any program.

desk = Control(Path("state/fix/control.sock"))
desk.get("/sessions")
desk.act("ALPHA44", act="hold", by="carol", why="runaway algorithm")
"""

import contextlib
import http.client
import json
import socket
from pathlib import Path
from typing import Any

from otcfix.config.loopback import loopback_address
from otcfix.control.address import reachable, read_token
from otcfix.model.errors import OtcfixError

TIMEOUT_S = 20.0
ANSWER_MAX = 64 * 1024 * 1024


class NoDesk(OtcfixError):
    """No desk answers there."""


class NoAnswer(OtcfixError):
    """A desk is there, and does not answer as it should: busy, or the token is wrong."""


class Refused(OtcfixError):
    """The desk decided and journaled that it will not, or the request is wrong."""


class _OverUnix(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("desk", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket's file instead of a port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with reachable(self._path) as name:
            self.sock.connect(name)


class Control:
    """One desk, by its socket, or by HOST:PORT and the file of its token."""

    def __init__(self, where: Path | str, token: Path | None = None) -> None:
        """where: a Path of a socket, or a loopback HOST:PORT. Errors: ConfigError, ValueError."""
        if isinstance(where, str):
            loopback_address(where)
        self._where = where
        self._token = read_token(token) if token is not None else ""

    def get(self, page: str, timeout_s: float = TIMEOUT_S) -> Any:
        """The document at *page*. Errors: NoDesk, NoAnswer, Refused."""
        return self._ask("GET", page, None, timeout_s)

    def act(self, session: str, **asked: Any) -> dict[str, Any]:
        """Have an act done; what was done, and the session after it. Errors: as `get`."""
        body = json.dumps(asked).encode()
        found: dict[str, Any] = self._ask("POST", f"/sessions/{session}/acts", body, TIMEOUT_S)
        return found

    def _ask(self, method: str, page: str, body: bytes | None, timeout_s: float) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection: http.client.HTTPConnection
        if isinstance(self._where, Path):
            connection = _OverUnix(self._where, timeout_s)
        else:
            connection = http.client.HTTPConnection(*loopback_address(self._where), timeout_s)
        with contextlib.closing(connection):
            try:
                connection.connect()
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
                raise NoDesk(f"no desk runs at {self._where}") from error
            except OSError as error:
                raise NoAnswer(f"{self._where}: {error.strerror or error}") from error
            try:
                with contextlib.suppress(BrokenPipeError):  # answered before all was read
                    connection.request(method, page, body, headers)
                answer = connection.getresponse()
                document = json.loads(answer.read(ANSWER_MAX))
            except TimeoutError:
                raise NoAnswer(f"{self._where}: no answer within {timeout_s:g} s") from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise NoAnswer(f"{self._where}: no answer of a desk: {error!r}") from error
        if answer.status == http.client.OK:
            return document
        said = str(document.get("error", "")) if isinstance(document, dict) else ""
        if answer.status in (http.client.UNAUTHORIZED, http.client.SERVICE_UNAVAILABLE):
            raise NoAnswer(f"{self._where}: {said}")
        raise Refused(said or f"{self._where}: HTTP status {answer.status}")
