"""A real desk in a real process, on free ports and a folder of its own."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

from otcfix.app import App
from otcfix.config import load
from otcfix.model.event import MoveFunds
from otcfix.store import upgrade

ROOT = Path(__file__).resolve().parents[2]


PORTS = range(20_000, 32_000)
"""Below what systems hand out to outgoing connections: nobody gets one between the choice of a port
and the desk that opens it, but for another test that chooses at the same moment."""


def free_port() -> int:
    """A port that nobody listens on now."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port


class DeskProcess:
    """`otcfix serve` on a copy of the shipped configuration, killed and started at will."""

    def __init__(
        self,
        folder: Path,
        database: str = "",
        *,
        edits: dict[str, list[tuple[str, str]]] | None = None,
        arguments: tuple[str, ...] = (),
        files: dict[str, str] | None = None,
    ) -> None:
        """edits: (old, new) in shipped files, by name; files: whole ones instead of the shipped."""
        self.folder = folder
        self.port = free_port()
        self.config = folder / "config"
        self.database = database or f"sqlite:///{folder}/desk.db"
        self.arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "desk.log"
        shutil.copytree(ROOT / "config", self.config)
        for name, text in (files or {}).items():
            (self.config / name).write_text(text)
        everywhere = {"sessions.toml": [("port = 9878", f"port = {self.port}")]}
        for name, changes in [*everywhere.items(), *(edits or {}).items()]:
            path = self.config / name
            changed = path.read_text()
            for old, new in changes:
                assert old in changed, f"{name} has no {old!r}"
                changed = changed.replace(old, new)
            path.write_text(changed)

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run another otcfix command on the same configuration and database."""
        return subprocess.run(
            [sys.executable, "-m", "otcfix", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.folder,
            check=False,
        )

    def fund(self, *deposits: tuple[str, str, str]) -> None:
        """Book deposits (client, asset, amount) while the desk is down."""
        upgrade(self.database)
        config = load(self.config)
        app = App(config, self.database, state_folder=self.folder / "state", serve_fix=False)
        with app:
            for client, asset, amount in deposits:
                deposit = MoveFunds(client, asset, Decimal(amount), "custody", "test", "test")
                assert app.command(deposit) == "done"

    def start(self, timeout: float = 30) -> None:
        """Start and wait until the port answers."""
        command = [
            sys.executable,
            "-m",
            "otcfix",
            "serve",
            "--config",
            str(self.config),
            "--database",
            self.database,
            "--state",
            str(self.folder / "state"),
            *self.arguments,
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, "PYTHONFAULTHANDLER": "1"},
            )
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the desk ended: {self.log.read_text()[-4000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the desk does not listen: {self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, timeout: float = 20) -> int:
        """SIGTERM, and wait."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        finally:
            self.kill()
        return code
