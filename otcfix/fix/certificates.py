"""Our certificate and key, and whom we believe: read anew when the files change."""

import hashlib
import ssl
from pathlib import Path
from typing import Any

import structlog

from otcfix.config import AcceptorConfig, SessionConfig
from otcfix.fix.proxy import Peer
from otcfix.log import escaped
from otcfix.model.errors import ConfigError

log = structlog.get_logger("otcfix.fix.tls")

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Certificates:
    """The context that new connections are met with."""

    def __init__(self, config: AcceptorConfig, folder: Path) -> None:
        """folder: where the names in *config* are looked for. Errors: ConfigError."""
        self._config = config
        self._certificate = folder / config.certificate
        self._key = folder / config.private_key
        self._client_ca = folder / config.client_ca if config.client_ca else None
        self._seen = self._look()
        try:
            self.context = self._read()
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{folder / 'sessions.toml'}: acceptor.certificate: {error}"
            ) from None

    def reload(self, *, anyway: bool = False) -> bool:
        """Read the files again if they changed, or *anyway*; whether they are in use now.

        Files that cannot be used leave everything as it was, with an error in the log.
        """
        found = self._look()
        if found == self._seen and not anyway:
            return False
        self._seen = found
        try:
            self.context = self._read()
        except (OSError, ValueError) as error:
            log.error("certificates_not_reloaded", error=str(error))
            return False
        log.info("certificates_reloaded", certificate=str(self._certificate))
        return True

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        seen = []
        for path in (self._certificate, self._key, self._client_ca):
            try:
                found = path.stat() if path else None
            except OSError:
                found = None
            seen.append((found.st_ino, found.st_mtime_ns, found.st_size) if found else (0, 0, 0))
        return tuple(seen)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = VERSIONS[self._config.tls_version_min]
        # A resumed connection would not be asked for its certificate again.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.num_tickets = 0
        context.load_cert_chain(self._certificate, self._key, _no_passphrase)
        if self._client_ca is not None:
            context.load_verify_locations(self._client_ca)
            required = self._config.client_certificate == "required"
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        return context


def _no_passphrase() -> str:
    """Without this OpenSSL asks the terminal, and whoever reads the files waits for an answer."""
    raise ValueError("private_key: is encrypted; a desk that starts by itself has no passphrase")


def peer_of(sock: ssl.SSLSocket, address: str) -> Peer:
    """Who a finished handshake has shown."""
    binary = sock.getpeercert(binary_form=True)
    if not binary:
        return Peer(address, tls=True)
    subject: Any = (sock.getpeercert() or {}).get("subject", ())
    names = [str(value) for part in subject for name, value in part if name == "commonName"]
    fingerprint = hashlib.sha256(binary).hexdigest()
    # Of two names one may be meant for us and the other for whoever signed it: it has none then.
    return Peer(address, True, fingerprint, names[0] if len(names) == 1 else "")


def transport_refusal(session: SessionConfig, peer: Peer) -> str:
    """Why a session does not take a connection of this kind; "" when it does."""
    if session.tls == "required" and not peer.tls:
        return "not over TLS"
    if session.tls == "refused" and peer.tls:
        return "over TLS, which is refused"
    if not session.certificate:
        return ""
    shown = {f"sha256:{peer.fingerprint}"} if peer.fingerprint else set()
    if peer.common_name:
        shown.add(f"CN={peer.common_name}")
    if not shown:
        return "no client certificate"
    pins = {p.lower() if p.startswith("sha256:") else p for p in session.certificate}
    if shown & pins:
        return ""
    return f"client certificate of another: {', '.join(map(escaped, sorted(shown)))}"
