"""TLS for our own FIX client: a socket on this machine whose other side is a TLS connection.

QuickFIX connects to the socket; this end checks the desk's certificate against its host name,
which the engine's own TLS does not, and shows ours.
"""

import contextlib
import socket
import ssl
import threading
from pathlib import Path

from msgspec import Struct

from otcfix.fix.descriptors import sockets
from otcfix.fix.pump import Pipe, run

CONNECT_S = 10.0
ALERT_S = 0.1


class Tls(Struct, frozen=True):
    """How a client speaks TLS. ca: whom it believes, None for the system's; certificate and key:
    its own, in PEM; name: the host name that the desk's certificate must bear, "" for the host."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""

    def connect(self, host: str, port: int, timeout_s: float) -> ssl.SSLSocket:
        """A connection after its handshake. Errors: OSError (ssl.SSLError is one)."""
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        plain = socket.create_connection((host, port), timeout_s)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            return context.wrap_socket(plain, server_hostname=self.name or host)
        except BaseException:
            plain.close()
            raise

    def knock(self, host: str, port: int, timeout_s: float) -> None:
        """See whether somebody is there who takes our certificate. Errors: as `connect`.

        By TLS 1.3 our side is done before the other one has looked at it: its alert comes after.
        """
        with self.connect(host, port, timeout_s) as sock:
            sock.settimeout(ALERT_S)
            with contextlib.suppress(TimeoutError):
                sock.recv(1)


def in_words(error: ssl.SSLError) -> str:
    """What went wrong between two ends of TLS, and what to look at."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the desk's certificate: {error.verify_message}; --ca names whom to believe"
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "alert" in reason:
        return f"the desk says {reason}; --certificate and --key name our own certificate"
    return f"{reason}; is it the TLS port?"


class Tunnel:
    """A port of this machine behind which a desk's TLS port is."""

    def __init__(self, tls: Tls, host: str, port: int) -> None:
        self._tls, self._host, self._port = tls, host, port
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(4)
        self.port: int = self._listener.getsockname()[1]
        self.error = ""
        """Why the last connection could not be made."""
        self._thread = threading.Thread(target=self._accept, name="tunnel", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No new connection; those that are there end with their own sockets."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                inner, name = self._listener.accept()
            except OSError:
                return  # closed
            if not _is_ours(name):
                inner.close()  # another program of this machine has no business with our key
                continue
            threading.Thread(target=self._carry, args=(inner,), daemon=True).start()

    def _carry(self, inner: socket.socket) -> None:
        try:
            outer = self._tls.connect(self._host, self._port, CONNECT_S)
        except (OSError, ValueError) as error:
            self.error = str(error)
            inner.close()
            return
        inner.setblocking(False)
        outer.setblocking(False)
        run(Pipe(outer, inner))


def _is_ours(name: tuple[str, int]) -> bool:
    """Whether a socket of this process is called *name*."""
    for descriptor in sockets():
        with contextlib.suppress(OSError):
            seen = socket.socket(fileno=descriptor)
            try:
                if seen.family == socket.AF_INET and seen.getsockname() == name:
                    return True
            finally:
                seen.detach()
    return False
