"""What a client and its counterparty said: overheard between the two, or read from a log."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from otcfix.fixlog.fields import split, value_of
from otcfix.fixlog.logged import instant
from otcfix.fixlog.reader import read
from otcfix.model.errors import ConfigError, OtcfixError
from otcfix.model.time import SECOND
from otcfix.trials.wire import BLANK, SECRETS, Heard, split_frames

READ_MAX = 65_536
CONNECT_S = 5.0
LOOK_S = 0.2


class Overheard(Struct, frozen=True):
    """One message, secrets blanked. way: > from the client, < to it, x the connection ended."""

    way: str
    heard: Heard


class CannotListen(OtcfixError):
    """The proxy's port or its target is not to be had; the text says which."""


def blanked(heard: Heard) -> Heard:
    """Without its secrets."""
    pairs = tuple((tag, BLANK if tag in SECRETS else value) for tag, value in heard.pairs)
    return Heard(pairs, heard.at, heard.fault)


class Proxy:
    """Stands between a client and its counterparty, hands every byte on, and writes down what it
    was. One connection after the other; what breaks FIX is handed on and not written down."""

    def __init__(self, listen: int, host: str, port: int) -> None:
        """Errors: CannotListen."""
        self._to = host, port
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.ended = threading.Event()
        self.overheard: list[Overheard] = []
        try:
            self._ear = socket.create_server(("127.0.0.1", listen))
        except OSError as error:
            raise CannotListen(f"port {listen}: {error.strerror or error}") from None
        self._ear.settimeout(LOOK_S)
        self.port: int = self._ear.getsockname()[1]
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name="trial-proxy", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        self._stopped.set()
        self._thread.join(CONNECT_S)
        self._ear.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._ear.accept()
            except TimeoutError:
                continue
            except OSError as error:
                self.failure = str(error)
                break
            with client:
                self._between(client)
            with self._lock:
                self.overheard.append(Overheard("x", Heard((), time.time())))
            self.ended.set()

    def _between(self, client: socket.socket) -> None:
        try:
            other = socket.create_connection(self._to, CONNECT_S)
        except OSError as error:
            self.failure = f"{self._to[0]}:{self._to[1]}: {error.strerror or error}"
            return
        with other:
            for one in (client, other):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                one.settimeout(LOOK_S)
            back = threading.Thread(target=self._pump, args=(other, client, "<"), daemon=True)
            back.start()
            self._pump(client, other, ">")
            back.join(CONNECT_S)

    def _pump(self, source: socket.socket, target: socket.socket, way: str) -> None:
        waiting = b""
        while not self._stopped.is_set():
            try:
                data = source.recv(READ_MAX)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            # Written down before it goes on: what answers it must stand behind it.
            found, waiting = split_frames(waiting + data, time.time())
            with self._lock:
                self.overheard += [Overheard(way, blanked(heard)) for heard in found]
            try:
                target.sendall(data)
            except OSError:
                break
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def read_log(path: Path, client: str = "") -> list[Overheard]:
    """The messages of a log of any make (`otcfix.fixlog`); - is what is piped in.

    client: the CompID whose side is ours; without it, who sent the first Logon.
    Errors: ConfigError when there is nothing to read, or nobody logs on.
    """
    try:
        found = list(messages_of(path))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    if not found:
        raise ConfigError(f"{path}: no FIX message in it")
    logon = next((heard for heard in found if heard.kind == "A"), None)
    client = client or (logon.get(49) if logon else "")
    if not client:
        raise ConfigError(f"{path}: no Logon: say with --client which CompID is ours")
    ways = [">" if heard.get(49) == client else "<" for heard in found]
    if ">" not in ways:
        raise ConfigError(f"{path}: nothing is from {client}")
    made = [Overheard(way, blanked(one)) for way, one in zip(ways, found, strict=True)]
    return [*made, Overheard("x", Heard((), found[-1].at))]


def messages_of(path: Path) -> Iterator[Heard]:
    """Every message of a log; at: its SendingTime(52), or that of the one before."""
    at = 0
    for logged in read("-" if str(path) == "-" else path):
        pairs = [(int(tag), text.decode("latin-1")) for tag, text in split(logged.message) if tag]
        at = instant(value_of(logged.message, b"52").decode("latin-1")) or at
        yield Heard(tuple(pairs), at / SECOND)
