"""What the door makes of bytes, and what it must leave alone."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.config import LogonConfig
from otcfix.fix import descriptors
from otcfix.fix.backoff import Admission
from otcfix.fix.door import Door
from otcfix.fix.first_message import FIRST_MAX, NotFix, first_message
from otcfix.fix.line import Caller


def message(body: str) -> bytes:
    """A whole FIX message."""
    text = body.replace("|", "\x01").encode()
    head = b"8=FIX.4.4\x019=%d\x01" % len(text)
    return b"%b%b10=%03d\x01" % (head, text, sum(head + text) % 256)


LOGON = message("35=A|49=ALPHA|56=OTCFIX|34=1|52=20261122-20:00:00|98=0|108=30|")


@given(st.integers(0, len(LOGON) - 1))
def test_a_message_that_is_not_whole_is_waited_for(length: int) -> None:
    """At any byte it may end for now."""
    assert first_message(LOGON[:length]) is None


@given(st.binary(max_size=200))
def test_what_follows_the_first_message_is_not_looked_at(rest: bytes) -> None:
    """It is the engine's."""
    fields = first_message(LOGON + rest)
    assert fields is not None
    assert (fields[35], fields[49], fields[108]) == ("A", "ALPHA", "30")


@pytest.mark.parametrize("zeros", [1, 4])
def test_a_length_may_have_zeros_in_front(zeros: int) -> None:
    """As jspurefix writes it: 9=0000105."""
    front, _, rest = LOGON.partition(b"\x019=")
    padded = front + b"\x019=" + b"0" * zeros + rest[: rest.rindex(b"10=")]
    fields = first_message(padded + b"10=%03d\x01" % (sum(padded) % 256))
    assert fields is not None
    assert fields[49] == "ALPHA"


@given(st.binary(min_size=33, max_size=300))
def test_bytes_are_a_message_or_not_fix(data: bytes) -> None:
    """Whatever comes, it is judged."""
    try:
        first_message(data)
    except NotFix:
        return
    assert data.startswith(b"8=")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
        b"8=FIX.4.4\x019=%d\x0135=A\x01" % FIRST_MAX,
        LOGON.replace(b"\x019=", b"\x019=1"),
        b"8=FIX.4.4\x0135=A\x0149=ALPHA\x0156=OTCFIX\x01",
        b"8=X\x019=8\x0135=A\x0149=10=123X",  # no SOH behind the last field, none at the end
        LOGON[:-1] + b"X",
        LOGON.replace(b"98=0", b"98=1"),  # the checksum
        message("35=A|49=ALPHA|49=BETA|56=OTCFIX|34=1|"),
        message("35=A|x=1|"),
        message("35=A|=1|"),
    ],
)
def test_what_is_no_fix_is_not_let_in(data: bytes) -> None:
    """Another protocol, a length that is too large or wrong, no length at all."""
    with pytest.raises(NotFix):
        first_message(data.ljust(400, b"x"))


def test_the_database_s_locks_survive_a_look_at_the_descriptors(tmp_path: Path) -> None:
    """Closing any copy of a file's descriptor would let go of all POSIX locks on it."""
    path = tmp_path / "held.db"
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("CREATE TABLE t (n)")
    held.execute("BEGIN EXCLUSIVE")
    descriptors.sockets()
    assert descriptors.connected_to(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert not descriptors.listens(os.open(path, os.O_RDONLY))
    insert = "INSERT INTO t VALUES (1)"
    script = f"import sqlite3; sqlite3.connect({str(path)!r}, 0).execute({insert!r})"
    other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "database is locked" in other.stderr
    held.execute("ROLLBACK")


def test_a_connection_is_known_by_both_of_its_ends() -> None:
    """A client on this machine may have the port of the decoy: his line is not the one."""
    here = ("127.0.0.1", 0)
    with (
        socket.create_server(here) as first,
        socket.create_server(here) as second,
        socket.socket() as client,
        socket.socket() as decoy,
    ):
        for one in (client, decoy):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(here)
        client.connect(first.getsockname())
        decoy.bind(client.getsockname())
        decoy.connect(second.getsockname())
        theirs, ours = first.accept()[0], second.accept()[0]
        with theirs, ours:
            name = decoy.getsockname()
            assert theirs.getpeername() == ours.getpeername() == name
            assert descriptors.connected_to(name, first.getsockname()) == theirs.fileno()
            assert descriptors.connected_to(name, second.getsockname()) == ours.fileno()


def test_a_ring_ends_a_wait_from_another_thread() -> None:
    """And a ring while nobody waits is none."""
    one = Door(0, lambda *_: Caller(None), Admission(LogonConfig(), lambda *_: None))
    one.open()
    one.ring()
    threading.Timer(0.05, one.ring).start()
    started = time.monotonic()
    one.wait(10)
    assert 0.03 < time.monotonic() - started < 5
    one.close()


def test_closing_twice_closes_nobody_else_s_descriptors() -> None:
    """A desk that fails behind its stop stops again; the numbers may belong to others by then."""
    one = Door(0, lambda *_: Caller(None), Admission(LogonConfig(), lambda *_: None))
    one.open()
    one.close()
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(12)]
    one.close()
    one.ring()
    for other in others:
        os.close(other)  # OSError when it was closed already
