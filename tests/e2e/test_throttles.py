"""Throttles and back-off over real sockets, on a desk in a process of its own."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_sessions import beta_of, client_of
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient

QUOTE = "35=R|131={0}|146=1|55=BTC/USD|38=0.01"
ROWS = """
[[throttle]]
session = "*"
class = "quote"
per_second = 20
burst = 20
hard_ms = 500

[[throttle]]
session = "*"
class = "status"
per_second = 20
burst = 20
hard_ms = 500

[logon]
failures = 3
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskProcess]:
    """Twenty quotes a second, and three failed logons."""
    made = DeskProcess(tmp_path, files={"throttles.toml": ROWS})
    made.fund(("ALPHA", "USD", "500000"), ("ALPHA", "BTC", "5"), ("BETA", "USD", "250000"))
    made.start()
    yield made
    made.kill()


def until_gone(client: FixClient, most_s: float = 15.0, line: str = QUOTE) -> int:
    """Say QuoteRequests at a hundred a second until the desk logs the client out."""
    said, started = 0, time.monotonic()
    while client.sock is not None and time.monotonic() - started < most_s:
        client.say(line.format(f"F{said}"))
        said += 1
        client.poll(0.01)
    return said


def back(client: FixClient, most_s: float = 10.0) -> float:
    """Try to log on until it works; how long that took."""
    started = time.monotonic()
    while time.monotonic() - started < most_s:
        if client.logon(wait=0.3):
            return time.monotonic() - started
        client.drop()
        client.next_out -= 1  # nobody has read that Logon
    raise AssertionError("does not get in again")


def test_a_flood_is_logged_out_with_the_reason_and_may_come_back(desk: DeskProcess) -> None:
    """Others are quoted all the while; the second time he waits twice as long."""
    flood, calm = client_of(desk), beta_of(desk)
    assert flood.logon()
    assert calm.logon()
    for turn in range(2):
        said = until_gone(flood)
        assert 60 < said < 1_000
        reasons = [m.get(58) for m in flood.admin if m.kind == "5"]
        assert reasons[-1] == "THROTTLED: more than quote messages: 2 times 20 a second for 500 ms"
        calm.say(f"35=R|131=C{turn}|146=1|55=BTC-USD|54=1|38=0.01")
        calm.hear("S", t131=f"C{turn}", timeout=1)
        refused = [m for m in flood.received if m.kind == "j"]
        assert refused[0][58].startswith("THROTTLED: too many messages, try again in ")
        flood.received.clear()
        waited = back(flood)
        assert waited > 0.6 * 2**turn
    alerts = desk.log.read_text()
    assert "ALPHA44 is logged out: more than quote messages" in alerts
    assert "may come back in 2 s" in alerts
    desk.stop()
    shown = desk.run(
        *("throttles", "show", "--session", "ALPHA44", "--config", str(desk.config)),
        *("--database", desk.database, "--json"),
    )
    assert shown.returncode == 0, shown.stderr
    assert '"class": "quote"' in shown.stdout
    again = desk.run("replay", "--config", str(desk.config), "--database", desk.database)
    assert again.returncode == 0, again.stdout


def test_a_flood_of_orders_that_no_dictionary_allows_is_logged_out(desk: DeskProcess) -> None:
    """QuickFIX answers them by itself, and each answer is a row of the journal."""
    flood = client_of(desk)
    assert flood.logon()
    assert 60 < until_gone(flood, line="35=D|11={0}") < 1_000
    reasons = [m.get(58) for m in flood.admin if m.kind == "5"]
    assert reasons == ["THROTTLED: more than status messages: 2 times 20 a second for 500 ms"]


def test_a_back_off_is_for_the_address_that_flooded(tmp_path: Path) -> None:
    """Whoever else has knocked in the session's name meanwhile, from wherever."""
    edits = {"sessions.toml": [('allow_from = ["127.0.0.1"]', "allow_from = []")]}
    desk = DeskProcess(tmp_path, files={"throttles.toml": ROWS}, edits=edits)
    desk.start()
    try:
        flood, other = client_of(desk), client_of(desk)
        assert flood.logon()
        other.sock = socket.create_connection(("127.0.0.1", desk.port), 5, ("127.0.0.2", 0))
        other.send("A", [(98, "0"), (108, "30"), (553, "alpha"), (554, "guess")])
        flood.poll(0.3)
        until_gone(flood)
        assert not flood.logon(wait=0.3)
    finally:
        desk.kill()


def answer_to_a_guess(desk: DeskProcess, address: str = "127.0.0.1") -> bytes:
    """All that the desk says to a Logon with a wrong password, until it hangs up."""
    guess, said = beta_of(desk), b""
    guess.sock = socket.create_connection(
        ("127.0.0.1", desk.port), timeout=5, source_address=(address, 0)
    )
    assert guess.sock is not None
    with contextlib.suppress(OSError):
        guess.send("A", [(98, "0"), (108, "30"), (553, "beta"), (554, "guess")])
        while guess.sock is not None and (more := guess.sock.recv(4096)):
            said += more
    guess.drop()
    return said


def test_a_wrong_password_too_often_is_turned_away_for_a_while(desk: DeskProcess) -> None:
    """R14: the neutral Logout for three, then no answer at all; then the right one is let in."""
    answers = [answer_to_a_guess(desk) for _ in range(6)]
    assert all(b"\x0158=Rejected Logon Attempt: not accepted\x01" in said for said in answers[:3])
    assert answers[3:] == [b""] * 3
    time.sleep(1.1)
    assert beta_of(desk).logon()
    told = desk.log.read_text()
    assert told.count("BETA42: 3 failed logons from 127.0.0.1: turned away for 1 s") == 1


def test_guessing_in_a_client_s_name_keeps_neither_him_nor_others_out(desk: DeskProcess) -> None:
    """From his own address even: he who logged on before comes in at other sessions' cost not."""
    mine = client_of(desk)
    assert mine.logon()
    mine.drop()
    for _ in range(5):
        guess = beta_of(desk)
        guess.secret = "guess"
        guess.logon(wait=1)
    assert not beta_of(desk).logon(wait=0.5)
    mine = client_of(desk)
    mine.next_out = 3
    assert back(mine) < 2


def test_a_session_under_attack_stays_open_to_its_client(tmp_path: Path) -> None:
    """Guesses from many addresses shut it to all but those that it knows; staff is told."""
    desk = DeskProcess(
        tmp_path,
        files={"throttles.toml": "[logon]\nsession_failures = 5\nbackoff_s = 60\n"},
        edits={"sessions.toml": [('allow_from = ["127.0.0.1"]', "allow_from = []")]},
    )
    desk.start()
    mine = beta_of(desk)
    assert mine.logon()
    mine.drop()
    answers = [answer_to_a_guess(desk, f"127.0.1.{place}") for place in range(1, 9)]
    assert [bool(said) for said in answers] == [True] * 5 + [False] * 3
    mine.next_out = 2
    assert mine.logon()
    told = desk.log.read_text()
    desk.kill()
    assert "BETA42: under attack: 5 failed logons; for 60 s only addresses that it" in told


def test_a_storm_of_logons_holds_nobody_up(desk: DeskProcess) -> None:
    """Hundreds of connections a second from one address, half of them with a whole wrong Logon.

    Another session, which is quoted all the while, hardly notices.
    """
    calm = beta_of(desk)
    assert calm.logon()
    before = times(calm, "B")
    stopping, count = threading.Event(), [0]

    def storm() -> None:
        wrong = FixClient(desk.port, me="MALLORY")
        while not stopping.is_set():
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", desk.port), timeout=1) as sock,
            ):
                wrong.sock, wrong.next_out = sock, 1
                if count[0] % 2:
                    wrong.send("A", [(98, "0"), (108, "30"), (553, "x"), (554, "y")])
                wrong.sock = None
                count[0] += 1
            time.sleep(0.002)

    thread = threading.Thread(target=storm)
    started = time.monotonic()
    thread.start()
    try:
        during = times(calm, "D")
    finally:
        stopping.set()
        thread.join()
    rate = count[0] / (time.monotonic() - started)
    print(f"storm {rate:.0f}/s; p50, p99 before {before}, during {during} ms")
    assert rate > 100
    assert during[1] < max(10 * before[1], 100)


def times(client: FixClient, name: str, quotes: int = 40) -> tuple[float, float]:
    """Milliseconds from QuoteRequest to Quote: p50 and p99."""
    found = []
    for turn in range(quotes):
        started = time.perf_counter()
        client.say(f"35=R|131={name}{turn}|146=1|55=BTC-USD|54=1|38=0.01")
        client.hear("S", t131=f"{name}{turn}")
        found.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.055)
    found.sort()
    return round(found[len(found) // 2], 1), round(found[-1], 1)
