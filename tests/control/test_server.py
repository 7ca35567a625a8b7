"""The control API by itself: who reaches it, what lies in its place, where it may listen."""

import contextlib
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from otcfix.config.loopback import loopback_address
from otcfix.control.client import Control, NoAnswer, NoDesk, Refused
from otcfix.control.desk import RunningDesk
from otcfix.control.server import AT_ONCE, ControlServer
from otcfix.desk.state import State
from otcfix.fix.lines import Lines
from otcfix.model.errors import ConfigError

Serve = Callable[..., ControlServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Open the API of a desk without sessions."""
    with ExitStack() as opened:

        def one(path: Path, listen: str = "") -> ControlServer:
            desk = RunningDesk(
                lines=Lines(),
                state=State(bytes(16)),
                store=None,
                wake=lambda: None,
                done={},
                depth=lambda key: 0,
                waits_s=lambda key, now: 0.0,
                version="test",
            )
            made = ControlServer(desk, path, listen)
            opened.callback(made.stop)
            made.start()
            return made

        yield one


def test_the_file_is_its_owner_s_and_goes_with_the_desk(serve: Serve, tmp_path: Path) -> None:
    """0600 from its first moment; nothing but the lock stays behind."""
    path = tmp_path / "state" / "control.sock"
    made = serve(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Control(path).get("/health") | {"started_at": ""} == {
        "ok": True, "version": "test", "started_at": "", "events": 0, "halted": False,
        "sessions": 0, "online": 0,
    }  # fmt: skip
    made.stop()
    assert [one.name for one in path.parent.iterdir()] == ["control.sock.lock"]
    with pytest.raises(NoDesk, match="no desk runs at"):
        Control(path).get("/health")


def test_two_desks_do_not_share_a_socket(serve: Serve, tmp_path: Path) -> None:
    """The second one is told; the first goes on; when it has ended the place is free."""
    path = tmp_path / "control.sock"
    first = serve(path)
    with pytest.raises(ConfigError, match="another desk answers there"):
        serve(path)
    assert Control(path).get("/health")["ok"] is True
    first.stop()
    serve(path)


def test_what_a_killed_desk_left_is_replaced(serve: Serve, tmp_path: Path) -> None:
    """A socket that nobody listens on goes; whatever else lies there stays, and is an error."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    serve(path)
    other = tmp_path / "notes"
    other.write_text("mine")
    with pytest.raises(ConfigError, match="a file that is no socket"):
        serve(other)
    assert other.read_text() == "mine"
    link = tmp_path / "link"
    link.symlink_to(other)
    with pytest.raises(ConfigError, match="a file that is no socket"):
        serve(link)


def test_a_path_of_any_length(serve: Serve, tmp_path: Path) -> None:
    """A Unix socket's path ends at 107 bytes; ours does not."""
    path = tmp_path / ("long" * 40) / "control.sock"
    serve(path)
    assert Control(path).get("/sessions") == {"sessions": []}


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:9879", "192.168.1.5:9879", "[::]:9879", "localhost:9879", "127.0.0.1", "127.0.0.1:x",
     "127.0.0.1:65536", ":9879", "example.com:80"],
)  # fmt: skip
def test_only_the_loopback_is_listened_on(serve: Serve, tmp_path: Path, listen: str) -> None:
    """Whatever the configuration says."""
    with pytest.raises(ValueError, match="loopback"):
        loopback_address(listen)
    with pytest.raises(ConfigError, match="loopback"):
        serve(tmp_path / "control.sock", listen)
    assert not (tmp_path / "control.sock").exists()


def test_over_tcp_the_token_says_who_may(serve: Serve, tmp_path: Path) -> None:
    """A random one, made once, in a file for its owner; without it not even health is told."""
    made = serve(tmp_path / "control.sock", "127.0.0.1:0")
    where, token = f"127.0.0.1:{made.port}", tmp_path / "control.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert Control(where, token).get("/health")["ok"] is True
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_text("x" * 43)
    for caller in (Control(where), Control(where, wrong)):
        with pytest.raises(NoAnswer, match="the token is missing or wrong"):
            caller.get("/health")
        with pytest.raises(NoAnswer, match="the token is missing or wrong"):
            caller.act("A44", act="hold", by="mallory", why="test")
    kept = token.read_text()
    made.stop()
    serve(tmp_path / "control.sock", "127.0.0.1:0")
    assert token.read_text() == kept


def test_a_token_that_others_may_read_is_no_token(serve: Serve, tmp_path: Path) -> None:
    """The desk does not start with it, nor does the client use it."""
    token = tmp_path / "control.token"
    token.write_text("x" * 43)
    token.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        serve(tmp_path / "control.sock", "127.0.0.1:0")
    with pytest.raises(ConfigError, match="chmod 600"):
        Control("127.0.0.1:1", token)
    mine = tmp_path / "elsewhere"
    token.rename(mine)
    mine.chmod(0o600)
    token.symlink_to(mine)
    with pytest.raises(ConfigError, match="cannot be read"):
        Control("127.0.0.1:1", token)
    token.unlink()
    mine.rename(token)
    token.chmod(0o600)
    token.write_text("short")
    with pytest.raises(ConfigError, match="holds no control token"):
        serve(tmp_path / "control.sock", "127.0.0.1:0")


def test_callers_that_say_nothing_are_given_up(serve: Serve, tmp_path: Path) -> None:
    """They take every place, and lose it after five seconds; others wait and are answered."""
    path = tmp_path / "control.sock"
    serve(path)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(AT_ONCE)]
    for one in silent:
        one.connect(str(path))
    began = time.monotonic()
    assert Control(path).get("/health")["ok"] is True
    assert time.monotonic() - began > 1
    for one in silent:
        one.close()


def test_callers_that_dawdle_are_given_up(serve: Serve, tmp_path: Path) -> None:
    """A byte now and then does not keep a place: over TCP nobody has shown his token by then."""
    path = tmp_path / "control.sock"
    serve(path)
    ends = threading.Event()

    def dawdle() -> None:
        with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
            sock.connect(str(path))
            while not ends.wait(0.5):
                sock.sendall(b"G")

    threads = [threading.Thread(target=dawdle, daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert Control(path).get("/health", timeout_s=8)["ok"]
    ends.set()


def test_readers_at_once(serve: Serve, tmp_path: Path) -> None:
    """More than have a place."""
    path = tmp_path / "control.sock"
    serve(path)
    found: list[bool] = []
    readers = [
        threading.Thread(target=lambda: found.append(Control(path).get("/health")["ok"]))
        for _ in range(100)
    ]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert found == [True] * 100


def test_pages_that_are_not_there(serve: Serve, tmp_path: Path) -> None:
    """404, and what there is."""
    path = tmp_path / "control.sock"
    serve(path)
    for page in ("/", "/sessions/", "/sessions/NOPE", "/sessions/A/acts", "/health?x=1"):
        with pytest.raises(Refused, match=r"no such page|no session"):
            Control(path).get(page)
    with pytest.raises(Refused, match="no session NOPE"):
        Control(path).act("NOPE", act="hold", by="c", why="w")


def test_somebody_else_who_answers_is_not_believed(tmp_path: Path) -> None:
    """What is no desk is said to be none, in one line."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)

        def answer() -> None:
            caller, _ = other.accept()
            with caller:
                caller.recv(1_000)
                caller.sendall(b"220 smtp ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoAnswer, match="no answer of a desk"):
            Control(path).get("/health")
        thread.join()
