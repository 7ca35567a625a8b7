"""What of sessions.toml no single table can know: TLS files, and what a desk that deals refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from otcfix.config.models import SPOKEN, SessionsConfig

if TYPE_CHECKING:
    from otcfix.config import Config

Problem = Callable[[str, str, str], None]
FILE = "sessions.toml"


def check_sessions(config: "Config", problem: Problem) -> None:
    """Sessions of a desk that deals: it knows who it deals with, and speaks its own words."""
    check_tls(config.folder, config.sessions, problem)
    for s in config.sessions.session:
        where = f"session {s.key}"
        echo = "only `otcfix serve --echo` takes it"
        if s.authentication == "none":
            expected = f'expected "password": a desk knows who it deals with; {echo}'
            problem(FILE, f"{where}.authentication", expected)
        if s.version not in SPOKEN:
            problem(FILE, f"{where}.version", f"expected one of {', '.join(SPOKEN)}; {echo}")
        if s.stock_dictionary:
            problem(FILE, f"{where}.stock_dictionary", f"expected false; {echo}")
        if not s.check_values:
            problem(FILE, f"{where}.check_values", f"expected true; {echo}")


def check_echo(folder: Path, sessions: SessionsConfig, problem: Problem) -> None:
    """Sessions of `serve --echo`: any version, with or without authentication."""
    check_tls(folder, sessions, problem)
    keys = [s.key for s in sessions.session]
    # 5.0 and its service packs share a BeginString, and QuickFIX tells sessions apart by that.
    pairs = [f"{s.version[:5]} {s.sender_comp_id} {s.target_comp_id}" for s in sessions.session]
    for key, names in (("session.key", keys), ("session CompIDs", pairs)):
        for name in sorted({n for n in names if names.count(n) > 1}):
            problem(FILE, key, f"{name} stands there more than once")


def check_tls(folder: Path, sessions: SessionsConfig, problem: Problem) -> None:
    """That the files are there, and that no session asks for what the port cannot give."""
    acceptor = sessions.acceptor
    if acceptor.tls_port is not None:
        if acceptor.tls_port == acceptor.port:
            problem(FILE, "acceptor.tls_port", "expected another port than acceptor.port")
        for key in ("certificate", "private_key"):
            if not getattr(acceptor, key):
                problem(FILE, f"acceptor.{key}", "expected a PEM file, since tls_port is given")
    for key in ("certificate", "private_key", "client_ca"):
        name = getattr(acceptor, key)
        if name and not (folder / name).is_file():
            problem(FILE, f"acceptor.{key}", f"no file {folder / name}")
    if acceptor.client_certificate == "required" and not acceptor.client_ca:
        problem(FILE, "acceptor.client_ca", 'expected a PEM file, since they are "required"')
    for s in sessions.session:
        where = f"session {s.key}"
        if s.tls == "required" and acceptor.tls_port is None and not acceptor.proxy_from:
            expected = "expected [acceptor] tls_port, or proxy_from: nobody could log on"
            problem(FILE, f"{where}.tls", expected)
        if s.certificate and not acceptor.client_ca and not acceptor.proxy_from:
            expected = "expected [acceptor] client_ca: nobody would be asked for a certificate"
            problem(FILE, f"{where}.certificate", expected)
