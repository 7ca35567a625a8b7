"""The server: a few threads of its own beside the sequencer's, which it never waits for it to stop.

Whoever may open the socket's file may do everything; over TCP the token says who may.
"""

import contextlib
import hmac
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, ThreadingMixIn
from typing import Any

import structlog

from otcfix.config.loopback import loopback_address
from otcfix.control.address import TOKEN, claim, listening, token_at
from otcfix.control.asked import BadRequest, command_of
from otcfix.control.desk import Busy, Refused, RunningDesk
from otcfix.model.errors import ConfigError, OtcfixError

log = structlog.get_logger("otcfix.control")

BODY_MAX = 16_384
TIMEOUT_S = 5.0
"""A request that is not whole by then is given up."""

AT_ONCE = 16
"""Requests answered at once; the others wait in the socket's queue."""

_ONE = re.compile(r"/sessions/([A-Za-z0-9_.-]{1,32})")
_ACTS = re.compile(r"/sessions/([A-Za-z0-9_.-]{1,32})/acts")


class _Answerer(BaseHTTPRequestHandler):
    """One request; the connection ends with its answer."""

    protocol_version = "HTTP/1.1"
    server_version = "otcfix"
    sys_version = ""
    timeout = TIMEOUT_S
    server: "_Listener"

    def setup(self) -> None:
        """`timeout` alone would begin anew with every byte."""
        super().setup()
        self._patience = threading.Timer(TIMEOUT_S, self._give_up)
        self._patience.daemon = True
        self._patience.start()

    def finish(self) -> None:
        """The connection ends."""
        self._patience.cancel()
        super().finish()

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def do_GET(self) -> None:
        """A read."""
        self._guarded(self._read)

    def do_POST(self) -> None:
        """An act. Its body is read whatever the answer: the caller may not look for one before."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"\d{1,9}", length):
            self.send_error(411, "Content-Length is missing")
        elif int(length) > BODY_MAX:
            self.send_error(413, f"the body is longer than {BODY_MAX} bytes")
        else:
            body = self.rfile.read(int(length))
            self._guarded(lambda: self._act(body))

    def _guarded(self, answer: Callable[[], tuple[int, Any]]) -> None:
        self.close_connection = True
        self._patience.cancel()  # it is whole
        if not self._may():
            self._say(401, {"ok": False, "error": "the token is missing or wrong"})
            return
        try:
            code, document = answer()
        except BadRequest as error:
            code, document = 400, {"ok": False, "error": str(error)}
        except Refused as error:
            code, document = 409, {"ok": False, "error": str(error)}
        except Busy as error:
            code, document = 503, {"ok": False, "error": str(error)}
        except OtcfixError as error:
            code, document = 500, {"ok": False, "error": str(error)}
        self._say(code, document)

    def _may(self) -> bool:
        token = self.server.token
        said = self.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        return not token or hmac.compare_digest(said, f"Bearer {token}".encode())

    def _read(self) -> tuple[int, Any]:
        desk = self.server.desk
        if self.path == "/health":
            return 200, desk.health()
        if self.path == "/sessions":
            return 200, {"sessions": desk.sessions()}
        found = _ONE.fullmatch(self.path)
        row = desk.session(found[1]) if found else None
        if row is None:
            return self._nothing(found[1] if found else "")
        return 200, row

    def _act(self, body: bytes) -> tuple[int, Any]:
        found = _ACTS.fullmatch(self.path)
        if found is None or self.server.desk.session(found[1]) is None:
            return self._nothing(found[1] if found else "")
        return 200, self.server.desk.act(command_of(found[1], body))

    def _nothing(self, key: str) -> tuple[int, Any]:
        what = f"no session {key}" if key else "no such page: /health, /sessions, /sessions/KEY"
        return 404, {"ok": False, "error": what}

    def _say(self, code: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses, in our form."""
        self.close_connection = True
        self._say(code, {"ok": False, "error": message or explain or "bad request"})

    def address_string(self) -> str:
        """Whoever it is, it is this machine."""
        return "local"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """One line an access, for whoever debugs."""
        log.debug("control", said=format % args)


class _Listener(ThreadingMixIn, BaseServer):
    """Answers on one listening socket, with a bounded number of threads."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, made: socket.socket, desk: RunningDesk, token: str) -> None:
        super().__init__(made.getsockname(), _Answerer)
        self.socket = made
        self.desk = desk
        self.token = token
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def fileno(self) -> int:
        """For the selector of `serve_forever`."""
        return self.socket.fileno()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next caller, as soon as there is a place for him."""
        if not self._places.acquire(timeout=0.1):
            raise OSError("every place is taken")  # he waits; `serve_forever` looks again
        try:
            return self.socket.accept()
        except OSError:
            self._places.release()
            raise

    def shutdown_request(self, request: Any) -> None:
        """The answer is said."""
        try:
            request.close()
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A caller that went away, or a bug of ours: neither stops anybody else."""
        log.debug("control_failed", error=str(sys.exc_info()[1]))

    def server_close(self) -> None:
        """Listen no more."""
        self.socket.close()


class ControlServer:
    """The API of one desk: on its socket, and on the loopback where that is configured."""

    def __init__(self, desk: RunningDesk, path: Path, listen: str = "") -> None:
        """Listens at once. Errors: ConfigError when the socket or the port cannot be had."""
        self.path = path
        self._lock = claim(path)
        self._listeners: list[_Listener] = []
        try:
            self._listeners.append(_Listener(listening(path), desk, ""))
            if listen:
                token = token_at(path.with_name(TOKEN))
                self._listeners.append(_Listener(_on_loopback(listen), desk, token))
        except BaseException:
            self.stop()
            raise
        self._threads = [
            threading.Thread(
                target=one.serve_forever, kwargs={"poll_interval": 0.1}, name="control", daemon=True
            )
            for one in self._listeners
        ]

    @property
    def port(self) -> int:
        """The TCP port; 0 when there is none."""
        return int(self._listeners[1].socket.getsockname()[1]) if self._listeners[1:] else 0

    def start(self) -> None:
        """Answer from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Answer nobody any more; the socket's file goes."""
        for one in self._listeners:
            if any(thread.ident for thread in getattr(self, "_threads", ())):
                one.shutdown()
            one.server_close()
        if self._lock >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1


def _on_loopback(listen: str) -> socket.socket:
    try:
        host, port = loopback_address(listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
    except (ValueError, OSError) as error:
        raise ConfigError(f"[control] listen: {error}") from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise ConfigError(f"[control] listen {listen}: {error.strerror}") from error
    return made
