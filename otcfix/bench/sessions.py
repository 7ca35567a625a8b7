"""Many sessions at once: how long until all are logged on, and what they cost in memory.

A desk of its own, started as users start it; clients of all versions on bare sockets, in this
process, all connected before the first of them says a word.
"""

import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from otcfix.bench import desk_config
from otcfix.bench.children import Answer, BenchFailed
from otcfix.bench.frames import framed
from otcfix.bench.load import DESK, secret_of, session_name
from otcfix.bench.measure import memory_mb, rounded

SESSIONS = 500
VERSIONS = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")
START_S = 60.0
LOGON_S = 60.0


def measure(sessions: int = SESSIONS) -> Answer:
    """Return seconds until all were logged on, and MB of the desk before and after.

    Errors: BenchFailed when one of them was not accepted.
    """
    folder = Path(tempfile.mkdtemp(prefix="otcfix-bench-sessions-"))
    try:
        port = desk_config.free_port()
        _write(folder / "config", port, sessions)
        return _measured(folder, port, sessions)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(config: Path, port: int, sessions: int) -> None:
    config.mkdir()
    desk_config.write(config, port, sessions)
    path = config / "sessions.toml"
    head, *tables = path.read_text("utf-8").split("[[session]]")
    versions = [
        table.replace(VERSIONS[1], VERSIONS[number % len(VERSIONS)])
        for number, table in enumerate(tables)
    ]
    path.write_text("[[session]]".join([head, *versions]), "utf-8")


def _measured(folder: Path, port: int, sessions: int) -> Answer:
    command = (
        *(sys.executable, "-m", "otcfix", "serve", "--config", str(folder / "config")),
        *("--database", f"sqlite:///{folder}/desk.db", "--state", str(folder / "state")),
        *("--log-level", "error"),
    )
    log = folder / "desk.log"
    with log.open("wb") as told:
        began = time.perf_counter()
        desk = subprocess.Popen(command, stdout=told, stderr=told, cwd=folder)  # noqa: S603
        try:
            _listens(desk, port, log)
            started = time.perf_counter() - began
            before = memory_mb(desk.pid)
            took = _log_on(port, sessions)
            return {
                "sessions": sessions,
                "start_s": rounded(started),
                "logged_on_s": rounded(took),
                "mb_before": rounded(before),
                "mb": rounded(memory_mb(desk.pid)),
                "mb_at_most": rounded(memory_mb(desk.pid, "VmHWM")),
            }
        finally:
            desk.kill()
            desk.wait()


def _listens(desk: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and desk.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise BenchFailed(f"the desk does not listen: {log.read_text()[-1000:]}")


def _logon(number: int) -> bytes:
    name = session_name(number)
    version = VERSIONS[number % len(VERSIONS)]
    begin = "FIXT.1.1" if version == "FIX.5.0SP2" else version
    now = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime())
    body = (
        f"35=A\x0134=1\x0149={name}\x0152={now}\x0156={DESK.decode()}\x01"
        f"98=0\x01108=30\x01553={name}\x01554={secret_of(name)}\x01"
    )
    if begin == "FIXT.1.1":
        body += "1137=9\x01"
    return framed(body.encode(), f"8={begin}\x019=".encode())


def _log_on(port: int, sessions: int) -> float:
    """Log all of them on at once; the seconds that it took."""
    began = time.perf_counter()
    socks = []
    with selectors.DefaultSelector() as waiting:
        try:
            for number in range(sessions):
                sock = socket.create_connection(("127.0.0.1", port), 10)
                socks.append(sock)
                waiting.register(sock, selectors.EVENT_READ, number)
            for number, sock in enumerate(socks):
                sock.sendall(_logon(number))
            until = time.monotonic() + LOGON_S
            while waiting.get_map() and time.monotonic() < until:
                for key, _ in waiting.select(1.0):
                    said = key.fileobj.recv(4096)  # type: ignore[union-attr]
                    if b"\x0135=A\x01" not in said:
                        raise BenchFailed(f"{session_name(key.data)} was answered {said!r}")
                    waiting.unregister(key.fileobj)
            if waiting.get_map():
                raise BenchFailed(f"{len(waiting.get_map())} sessions were not answered")
            return time.perf_counter() - began
        finally:
            for sock in socks:
                sock.close()
