"""Callers at the door of a real desk: who is let in, and that nobody outside holds up who is in."""

import socket
import time

from tests.e2e.test_sessions import beta_of, client_of, deal
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient

REQUEST = "35=R|131={0}|146=1|55=BTC-USD|54=1|38=0.01"


def caller(desk: DeskProcess) -> socket.socket:
    """A connection without a word."""
    return socket.create_connection(("127.0.0.1", desk.port), timeout=5)


def logon_bytes(desk: DeskProcess) -> bytes:
    """ALPHA's Logon as it would go over the wire."""
    client = FixClient(desk.port)
    ours, theirs = socket.socketpair()
    with theirs:
        client.sock = ours
        client.send("A", [(98, "0"), (108, "30"), (553, "alpha"), (554, "trial-secret-alpha")])
        return theirs.recv(4096)


def test_a_logon_byte_by_byte_holds_nobody_up(desk: DeskProcess) -> None:
    """QuickFIX alone would wait a second for each byte, and everybody with it."""
    other = beta_of(desk)
    assert other.logon()
    with caller(desk) as slow:
        for place, byte in enumerate(logon_bytes(desk)):
            slow.sendall(bytes((byte,)))
            if place % 20 == 0:
                started = time.monotonic()
                other.say(REQUEST.format(f"R{place}"))
                other.hear("S", t131=f"R{place}")
                assert time.monotonic() - started < 0.8
        assert b"\x0135=A\x01" in slow.recv(4096)  # and in the end it is let in


def test_a_hundred_silent_callers_keep_nobody_out(desk: DeskProcess) -> None:
    """Who has waited longest goes when there are too many."""
    silent = [caller(desk) for _ in range(100)]
    for one in silent[::2]:
        one.sendall(b"8=FIX")
    client = client_of(desk)
    assert client.logon()
    deal(client, "A1")
    assert silent[0].recv(1) == b""
    for one in silent:
        one.close()


def test_strangers_are_sent_away_without_a_word_and_written_down(desk: DeskProcess) -> None:
    """R14: an unknown CompID, another protocol, a version that is not the session's."""
    for wrong in ({"me": "NOBODY"}, {"desk": "OTHER"}, {"version": "FIX.4.2"}):
        stranger = FixClient(desk.port, **wrong)  # type: ignore[arg-type]
        assert not stranger.logon(wait=2)
        assert not stranger.admin
    with caller(desk) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost:9878\r\n\r\n")
        assert browser.recv(1) == b""
    told = desk.log.read_text()
    assert "no session FIX.4.4 49=NOBODY 56=OTCFIX" in told
    assert "no session FIX.4.4 49=ALPHA 56=OTHER" in told
    assert "no session FIX.4.2 49=ALPHA 56=OTCFIX" in told
    assert "no BeginString(8) and BodyLength(9)" in told
