"""Callers at the door of a real desk: who is let in, and that nobody outside holds up who is in."""

import socket
import time
from pathlib import Path

import pytest

from tests.e2e.test_sessions import beta_of, client_of, deal
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now

REQUEST = "35=R|131={0}|146=1|55=BTC-USD|54=1|38=0.01"


def caller(desk: DeskProcess) -> socket.socket:
    """A connection without a word."""
    return socket.create_connection(("127.0.0.1", desk.port), timeout=5)


def message(body: str, begin: str = "FIX.4.2") -> bytes:
    """A whole FIX message of *body*, which has bars for SOH."""
    text = body.replace("|", "\x01")
    head = f"8={begin}\x019={len(text)}\x01{text}"
    return f"{head}10={sum(head.encode()) % 256:03d}\x01".encode()


def beta_says(body: str) -> bytes:
    """A first message in BETA's name, without a password."""
    return message(f"35=A|49=BETA|56=OTCFIX|{body}")


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
                assert time.monotonic() - started < 2.5
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


@pytest.mark.parametrize(
    "body",
    [
        "34=1|52={now}|90=-5|91=x|98=0|108=30|",
        "34=1|52={now}|90=2000000000|91=x|98=0|108=30|",
        "34=1|52={now}|98=0|108=30|95=2000000000|96=x|",
        "34=1|52={now}|98=0|108=abc|",
        "34=abc|52={now}|98=0|108=30|",
        "34=99999999999999999999999|52={now}|98=0|108=30|",
        "52={now}|98=0|108=30|",
        "34=1|52={now}|98=0|108=30|38=1|",
        "34=1|52=xx|98=0|108=30|",
        "34=1|52={now}|98=0|108=30|789=abc|",
        "34=1|52={now}|98=0|108=30|141=Q|",
        "34=1|52={now}|98=0|108=30|553=|",
        "34=1|52=20200101-00:00:00|98=0|108=30|",
    ],
)
def test_nobody_keeps_a_client_out_of_his_session(desk: DeskProcess, body: str) -> None:
    """Whoever knows the CompIDs but no password neither ends the desk nor holds the session."""
    with caller(desk) as attacker:
        attacker.sendall(beta_says(body.format(now=utc_now())))
        time.sleep(0.3)
        client = beta_of(desk)
        until = time.monotonic() + 12
        while not client.logon(wait=1) and time.monotonic() < until:
            client.drop()
            client.next_out = client.next_in = 1
        assert client.online
    assert desk.process is not None
    assert desk.process.poll() is None


@pytest.mark.parametrize("last", [b"8=X\x019=8\x0135=A\x0149=10=123X", None])
def test_a_first_message_without_its_end_ends_only_itself(
    desk: DeskProcess, last: bytes | None
) -> None:
    """The engine would wait for the SOH that never comes, on the thread that decides."""
    other = client_of(desk)
    assert other.logon()
    with caller(desk) as attacker:
        whole = beta_says(f"34=1|52={utc_now()}|98=0|108=30|")
        attacker.sendall(last or whole[:-1] + b"X")
        assert attacker.recv(1) == b""
    deal(other, "A1")


@pytest.mark.parametrize("field", ["95=2000000000|96=x", "95=-7|96=x", "354=99999999|355=x"])
def test_a_client_s_data_field_is_no_longer_than_it_is(desk: DeskProcess, field: str) -> None:
    """QuickFIX believes the length in front of data; our dictionaries know no data."""
    client = client_of(desk)
    assert client.logon()
    now = utc_now()
    order = f"35=D|11=A1|55=BTC/USD|54=1|38=0.01|40=1|60={now}"
    client.say(f"{order}|{field}")
    client.say("35=R|131=R1|146=1|55=BTC/USD|38=0.1")
    client.hear("S", t131="R1")


def test_an_address_that_is_not_the_session_s_is_not_answered(tmp_path: Path) -> None:
    """However good the Logon is."""
    elsewhere = [('allow_from = ["127.0.0.1"]', 'allow_from = ["10.9.9.9"]')]
    desk = DeskProcess(tmp_path, edits={"sessions.toml": elsewhere})
    desk.start()
    client = client_of(desk)
    assert not client.logon(wait=2)
    assert not client.admin
    told = desk.log.read_text()
    desk.kill()
    assert "not an address of session ALPHA44" in told


def test_reconnects_and_half_connections_in_any_order(desk: DeskProcess) -> None:
    """Descriptors' numbers are used again at once, on a desk that has no quiet moment."""
    busy = client_of(desk)
    assert busy.logon()
    for turn in range(25):
        busy.say(f"35=H|11=N{turn}|55=BTC/USD|54=1")
        wrong = beta_of(desk)
        wrong.secret = "guess"
        wrong.connect()
        wrong.send("A", [(98, "0"), (108, "30"), (553, "beta"), (554, "guess")])
        halves = [caller(desk) for _ in range(3)]
        for half in halves:
            half.sendall(b"8=FI")
        wrong.drop()
        for half in halves:
            half.close()
        busy.hear("8", t11=f"N{turn}")
    deal(busy, "A1")
