"""Certificates for tests, good and bad, made with openssl."""

import os
import socket
import ssl
import subprocess
import warnings
from pathlib import Path
from typing import Any

from tests.support.fixclient import FixClient


def openssl(*arguments: str) -> str:
    """Run openssl. Errors: CalledProcessError."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


class Ca:
    """A certificate authority in a folder; NAME.pem and NAME.key are what it signed."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        self._new_key(self._key)
        openssl(
            *(
                "req",
                "-x509",
                "-new",
                "-key",
                str(self._key),
                "-days",
                "30",
                "-subj",
                f"/CN={name}",
            ),
            *("-addext", "basicConstraints=critical,CA:TRUE", "-out", str(self.path)),
        )

    @staticmethod
    def _new_key(path: Path) -> None:
        openssl(
            *("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-out", str(path)),
        )

    def sign(self, name: str, *, common_name: str = "", days: int = 30) -> tuple[Path, Path]:
        """A certificate and its key; days: negative for one that has expired."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, more = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        self._new_key(key)
        more.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        subject = f"/CN={common_name or name}"
        openssl("req", "-new", "-key", str(key), "-subj", subject, "-out", str(request))
        draft = self.folder / f"{name}.new"
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.path), "-CAkey", str(self._key)),
            *("-days", str(days), "-extfile", str(more), "-out", str(draft)),
        )
        draft.replace(certificate)
        return certificate, key


def fingerprint(certificate: Path) -> str:
    """As a session names it."""
    said = openssl("x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256")
    return "sha256:" + said.strip().split("=")[1].replace(":", "")


def context(ca: Path, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """A client's, that believes *ca* and shows *pair*."""
    made = ssl.create_default_context(cafile=str(ca))
    if pair is not None:
        made.load_cert_chain(*pair)
    return made


def old_context(ca: Path) -> ssl.SSLContext:
    """A client's that speaks TLS 1.1 at most."""
    made = ssl.create_default_context(cafile=str(ca))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion.TLSv1_1
    return made


class TlsClient(FixClient):
    """A FixClient over TLS, from an address of its own on this machine.

    tls None: plain text; before: bytes that go ahead of everything else.
    """

    def __init__(
        self,
        port: int,
        tls: ssl.SSLContext | None,
        *,
        source: str = "127.0.0.1",
        before: bytes = b"",
        **options: Any,
    ) -> None:
        super().__init__(port, **options)
        self.tls, self.source, self.before = tls, source, before

    def connect(self) -> None:
        """Open a socket and shake hands. Errors: ssl.SSLError."""
        self.start_anew()
        self.sock = socket.create_connection(("127.0.0.1", self.port), 5, (self.source, 0))
        plain = self.sock
        if self.tls is not None:
            self.sock = self.tls.wrap_socket(
                plain, server_hostname="localhost", do_handshake_on_connect=False
            )
        os.write(self.sock.fileno(), self.before)
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def logon(self, *extra: tuple[int, str], wait: float = 5.0) -> bool:
        """Connect and log on with new numbers; False when the desk does not let us."""
        self.next_out = self.next_in = 1
        return super().logon((141, "Y"), *extra, wait=wait)
