"""`otcfix serve --echo` in a process of its own, and a caller that says and hears raw FIX."""

import re
import select
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.desk_process import ROOT, free_port

SOH = "\x01"
WHOLE = re.compile(rb"8=[^\x01]*\x019=(\d+)\x01")


class EchoProcess:
    """The shipped examples/echo on a free port."""

    def __init__(self, folder: Path, config: str = "") -> None:
        """config: a sessions.toml instead of the shipped one; `port = 5001` becomes a free one."""
        self.port = free_port()
        text = config or (ROOT / "examples/echo/sessions.toml").read_text()
        assert "port = 5001" in text
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sessions.toml").write_text(text.replace("port = 5001", f"port = {self.port}"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "otcfix", "serve", "--echo", "--config", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self._process.poll() is None, "the echo ended"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the echo does not listen")

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._process.terminate()
        try:
            return self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()


def stamp(seconds: float = 0) -> str:
    """A SendingTime(52) of now, shifted."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y%m%d-%H:%M:%S")


def framed(begin: str, body: str) -> bytes:
    """A whole message of *body*, which has bars for SOH and no BodyLength or CheckSum."""
    text = body.replace("|", SOH)
    whole = f"8={begin}{SOH}9={len(text.encode())}{SOH}{text}".encode()
    return whole + f"10={sum(whole) % 256:03d}{SOH}".encode()


class RawCaller:
    """One connection. Messages are read whole; nothing is answered by itself."""

    def __init__(self, port: int, version: str, me: str, sock: socket.socket | None = None) -> None:
        self.begin = "FIXT.1.1" if version.startswith("FIX.5") else version
        self.me = me
        appl = {"FIX.5.0": "7", "FIX.5.0SP1": "8", "FIX.5.0SP2": "9"}.get(version, "")
        self.logon_body = "98=0|108=30|" + (f"1137={appl}|" if appl else "")
        self.sock = sock or socket.create_connection(("127.0.0.1", port), timeout=10)
        self.next = 1
        self._kept = b""

    def __enter__(self) -> "RawCaller":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def say(self, kind: str, body: str = "", head: str = "", *, number: int = 0) -> None:
        """Send a message; number: another one than the next."""
        number = number or self.next
        self.next = number + 1
        text = f"35={kind}|34={number}|49={self.me}|52={stamp()}|56=ISLD|{head}{body}"
        self.sock.sendall(framed(self.begin, text))

    def hear(self, timeout: float = 10) -> str:
        """The next message with bars, without its times; "" when the line is closed."""
        end = time.monotonic() + timeout
        while True:
            found = WHOLE.match(self._kept)
            if found and len(self._kept) >= (length := found.end() + int(found[1]) + 7):
                whole, self._kept = self._kept[:length], self._kept[length:]
                text = whole.decode().replace(SOH, "|")
                return re.sub(r"\|10=\d{3}\|$", "|", re.sub(r"(?<==)\d{8}-[\d:.]+", "T", text))
            self.sock.settimeout(max(end - time.monotonic(), 0.001))
            try:
                got = self.sock.recv(65_536)
            except ConnectionError:
                got = b""
            if not got:
                assert not self._kept, self._kept
                return ""
            self._kept += got

    def hears_nothing(self, seconds: float = 0.3) -> None:
        """Nothing comes, and the line stays open."""
        assert not self._kept
        assert not select.select([self.sock], [], [], seconds)[0]

    def logon(self) -> str:
        """Log on; the answer."""
        self.say("A", self.logon_body)
        return self.hear()
