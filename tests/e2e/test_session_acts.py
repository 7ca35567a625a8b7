"""Staff acts on sessions of a real desk, by its control API: on the wire, and in the journal."""

import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from otcfix.control.client import Control, NoDesk, Refused
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now

KEY = "ALPHA44"


class Reader:
    """A FIX client that reads all the time, as an engine does, while staff acts."""

    def __init__(self, port: int, row: dict[str, Any] | None = None) -> None:
        """row: the session as it stands, where it has numbers already."""
        self.client = FixClient(port)
        if row is not None:
            self.client.next_out, self.client.next_in = row["next_in"], row["next_out"]
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Reader":
        assert self.client.logon()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self.client.drop()

    def _run(self) -> None:
        while not self._ends.is_set():
            with self._lock:
                self.client.poll(0.01)
            time.sleep(0.001)

    def say(self, text: str) -> int:
        with self._lock:
            return self.client.say(text)

    def logon(self, *, wait: float = 5.0) -> bool:
        with self._lock:
            return self.client.logon(wait=wait)

    def hear(self, kind: str, **tags: str) -> Any:
        with self._lock:
            return self.client.hear(kind, **tags)

    def admin(self, kind: str, **tags: str) -> Any:
        """Wait for a session message."""
        wanted = {int(name[1:]): value for name, value in tags.items()}
        until = time.monotonic() + 5
        while time.monotonic() < until:
            for one in list(self.client.admin):
                if one.kind == kind and wanted.items() <= one.items():
                    return one
            time.sleep(0.01)
        raise AssertionError(f"no {kind} {wanted}: {[str(one) for one in self.client.admin]}")

    def is_off(self) -> bool:
        until = time.monotonic() + 5
        while time.monotonic() < until and self.client.sock is not None:
            time.sleep(0.01)
        return self.client.sock is None


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """One desk for all of this page; who stops it starts it again."""
    made = DeskProcess(
        tmp_path_factory.mktemp("desk"),
        edits={"venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")]},
    )
    made.fund(("ALPHA", "USD", "500000"), ("ALPHA", "BTC", "5"))
    made.start()
    yield made
    code = made.stop()
    assert code == 0, made.log.read_text()


@pytest.fixture
def control(desk: DeskProcess) -> Control:
    return Control(desk.folder / "state" / "control.sock")


@pytest.fixture
def alpha(desk: DeskProcess, control: Control) -> Iterator[Reader]:
    """Its client, logged on with the numbers that the session has."""
    with Reader(desk.port, control.get(f"/sessions/{KEY}")) as reader:
        yield reader


def acts(control: Control, act: str, **more: Any) -> dict[str, Any]:
    return control.act(KEY, act=act, by="carol", why=f"why {act}", **more)


def journaled(desk: DeskProcess, kind: str) -> list[dict[str, Any]]:
    found = desk.run("journal", "show", "--kind", kind, "--json", "--database", desk.database)
    return [json.loads(event["text"]) for event in json.loads(found.stdout)["events"]]


def deal(reader: Reader, name: str) -> str:
    reader.say(f"35=D|11={name}|55=BTC/USD|54=1|38=0.1|40=1|60={utc_now()}")
    return str(reader.hear("8", t11=name, t150="F")[17])


# -- acts --------------------------------------------------------------------------------------


def test_logout_disconnect_and_back(desk: DeskProcess, control: Control, alpha: Reader) -> None:
    """A Logout has words, a disconnect none; the client may come back; both are journaled."""
    done = acts(control, "logout")
    assert alpha.admin("5")[58] == "logged out by the desk"
    assert alpha.is_off()
    assert done["did"] == "Logout is sent"
    assert done["session"]["state"] == "down"
    assert alpha.logon()
    done = acts(control, "disconnect")
    assert alpha.is_off()
    assert done["session"]["state"] == "down"
    assert alpha.logon()
    with pytest.raises(Refused, match="no session NOPE"):
        control.act("NOPE", act="logout", by="carol", why="test")
    said = [(one["act"], one["by"], one["why"]) for one in journaled(desk, "ActOnSession")]
    assert said[-2:] == [
        ("logout", "carol", "why logout"),
        ("disconnect", "carol", "why disconnect"),
    ]


def test_a_disabled_session_is_out_until_it_is_enabled(
    desk: DeskProcess, control: Control, alpha: Reader
) -> None:
    """Its order is cancelled and told, then it is logged out; a restart changes nothing; failing
    meanwhile costs it no back-off."""
    alpha.say(f"35=D|11=DI1|55=BTC/USD|54=1|38=0.1|40=2|44=90000|59=1|60={utc_now()}")
    alpha.hear("8", t11="DI1", t150="0")
    done = acts(control, "disable")
    assert done["session"]["state"] == "disabled"
    assert alpha.hear("8", t11="DI1", t150="4")[58].startswith("CANCELLED_BY_DESK")
    assert alpha.admin("5")[58] == "disabled by the desk"
    assert not alpha.logon(wait=1)
    assert desk.stop() == 0
    desk.start()
    for _ in range(12):
        assert not alpha.logon(wait=1)
    assert control.get(f"/sessions/{KEY}")["failed_logons"] == 12
    assert acts(control, "enable")["session"]["state"] == "down"
    assert alpha.logon()
    said = [(one["enabled"], one["by"]) for one in journaled(desk, "SetSession")]
    assert said == [(False, "carol"), (True, "carol")]


def test_a_hold_survives_a_kill(desk: DeskProcess, control: Control, alpha: Reader) -> None:
    """HELD at once, the cancel's report after the release, across kill -9."""
    alpha.say(f"35=D|11=HO1|55=BTC/USD|54=1|38=0.1|40=2|44=90000|59=1|60={utc_now()}")
    alpha.hear("8", t11="HO1", t150="0")
    assert acts(control, "hold")["session"]["state"] == "held"
    alpha.say("35=R|131=RH1|146=1|55=BTC/USD|38=0.1")
    assert alpha.hear("j", t379="RH1")[58].startswith("HELD: ")
    alpha.say(f"35=F|11=HOF|41=HO1|55=BTC/USD|54=1|38=0.1|60={utc_now()}")
    until = time.monotonic() + 5
    while control.get(f"/sessions/{KEY}")["owed"] == 0 and time.monotonic() < until:
        time.sleep(0.02)
    desk.kill()
    alpha.is_off()
    desk.start()
    row = control.get(f"/sessions/{KEY}")
    assert (row["state"], row["owed"]) == ("held", 1)
    assert alpha.logon()
    alpha.say("35=R|131=RH2|146=1|55=BTC/USD|38=0.1")
    alpha.hear("j", t379="RH2")
    assert not alpha.client.received
    done = acts(control, "release")
    assert "1 messages that waited are said" in done["did"]
    assert alpha.hear("8", t11="HOF", t150="4").get(97) is None
    alpha.say("35=R|131=RH3|146=1|55=BTC/USD|38=0.1")
    alpha.hear("S", t131="RH3")


def test_a_reset_keeps_orders_and_says_reports_again(
    desk: DeskProcess, control: Control, alpha: Reader
) -> None:
    """R1, R21: a new epoch, numbers 1 and 1, the order stands, unproven fills come with 97=Y; a
    restart keeps the epoch."""
    fill = deal(alpha, "RE1")
    alpha.say(f"35=D|11=RE2|55=BTC/USD|54=1|38=0.1|40=2|44=90000|59=1|60={utc_now()}")
    alpha.hear("8", t11="RE2", t150="0")
    epoch = control.get(f"/sessions/{KEY}")["epoch"] + 1
    done = acts(control, "reset")
    assert alpha.is_off()
    row = done["session"]
    assert (row["epoch"], row["next_in"], row["next_out"]) == (epoch, 1, 1)
    again = FixClient(desk.port)
    assert again.logon()
    assert again.admin[0][34] == "1"
    heard = again.hear("8", t11="RE1", t150="F")
    assert (heard[97], heard[17]) == ("Y", fill)
    again.say(f"35=F|11=REF|41=RE2|55=BTC/USD|54=1|38=0.1|60={utc_now()}")
    again.hear("8", t11="REF", t150="4")
    again.logout()
    desk.kill()
    desk.start()
    assert control.get(f"/sessions/{KEY}")["epoch"] == epoch
    assert again.logon()
    assert journaled(desk, "EpochMoved")[-1]["reason"] == "reset by staff"
    again.drop()


def test_set_seq_holds_across_a_restart(desk: DeskProcess, control: Control, alpha: Reader) -> None:
    """A client whose numbers are elsewhere is let in where staff says, also after a kill."""
    deal(alpha, "SE1")
    epoch = control.get(f"/sessions/{KEY}")["epoch"] + 1
    done = acts(control, "set-seq", incoming=500, outgoing=70)
    assert alpha.is_off()
    row = done["session"]
    assert (row["epoch"], row["next_in"], row["next_out"]) == (epoch, 500, 70)
    until = time.monotonic() + 5
    while (
        epoch not in [one["epoch"] for one in journaled(desk, "EpochMoved")]
        and time.monotonic() < until
    ):
        time.sleep(0.05)
    desk.kill()
    desk.start()
    row = control.get(f"/sessions/{KEY}")
    assert (row["epoch"], row["next_in"], row["next_out"]) == (epoch, 500, 70)
    alpha.client.next_out, alpha.client.next_in = 500, 70
    alpha.client.admin.clear()
    assert alpha.logon()
    deal(alpha, "SE2")
    assert not [one for one in alpha.client.admin if one.kind == "2"]
    with pytest.raises(Refused, match="set-seq needs the next number"):
        acts(control, "set-seq")
    with pytest.raises(Refused, match="a MsgSeqNum is 1 to"):
        acts(control, "set-seq", incoming=10**9)


def test_a_test_request_is_timed(desk: DeskProcess, control: Control, alpha: Reader) -> None:
    """The round trip stands in the answer and in the session's row."""
    done = acts(control, "test-request")
    assert alpha.admin("1")[112].startswith("otcfix-staff-")
    assert "answered in" in done["did"]
    row = control.get(f"/sessions/{KEY}")
    assert 0 < row["round_trip_ms"] < 5_000
    assert row["peer"] == "127.0.0.1"
    assert row["last_message_in"]["type"] == "0"
    assert row["age_max_ms"] >= row["age_p50_ms"]


def test_a_client_is_asked_to_send_again(
    desk: DeskProcess, control: Control, alpha: Reader
) -> None:
    """35=2 for the range; the order in it comes with 43=Y and is not executed twice."""
    deal(alpha, "S1")
    number = alpha.client.next_out - 1
    acts(control, "resend", begin=number, end=number)
    asked = alpha.admin("2")
    assert (asked[7], asked[16]) == (str(number), str(number))
    assert alpha.hear("8", t11="S1", t150="I")[14] == "0.1"
    deal(alpha, "S2")
    with pytest.raises(Refused, match="5-4 is no range"):
        acts(control, "resend", begin=5, end=4)


def test_our_reports_are_said_again(desk: DeskProcess, control: Control, alpha: Reader) -> None:
    """By our numbers, or since a time: 97=Y and the same ExecID; the quote is not among them."""
    since, first = time.time_ns() // 1_000, alpha.client.next_in
    alpha.say("35=R|131=RP|146=1|55=BTC/USD|38=0.1")
    alpha.hear("S", t131="RP")
    fill = deal(alpha, "P1")
    alpha.client.received.clear()
    done = acts(control, "resend-reports", begin=first)
    assert done["did"] == "2 reports are said again"
    assert alpha.hear("8", t150="0")[97] == "Y"
    assert alpha.hear("8", t150="F")[17] == fill
    done = acts(control, "resend-reports", since=since)
    assert done["did"] == "2 reports are said again"
    assert alpha.hear("8", t150="F")[97] == "Y"
    assert not [one for one in alpha.client.received if one.kind == "S"]
    done = acts(control, "resend-reports", since=time.time_ns() // 1_000)
    assert done["did"] == "there are no such reports"


def test_logon_forgives_a_back_off(desk: DeskProcess, control: Control) -> None:
    """Somebody failed too often in a client's name, from its own address."""
    for _ in range(12):
        FixClient(desk.port, secret="guess").logon(wait=0.5)
    assert control.get(f"/sessions/{KEY}")["turned_away_s"] > 0
    assert not FixClient(desk.port).logon(wait=0.5)
    acts(control, "logon")
    assert control.get(f"/sessions/{KEY}")["turned_away_s"] == 0
    with Reader(desk.port, control.get(f"/sessions/{KEY}")):
        until = time.monotonic() + 5
        while control.get(f"/sessions/{KEY}")["state"] != "up":
            assert time.monotonic() < until


# -- the socket --------------------------------------------------------------------------------


def test_the_socket_is_its_owner_s(desk: DeskProcess, control: Control) -> None:
    """0600; left behind by a kill it is replaced."""
    path = desk.folder / "state" / "control.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    desk.kill()
    assert path.exists()
    with pytest.raises(NoDesk, match="no desk runs at"):
        control.get("/health")
    desk.start()
    assert control.get("/health")["ok"] is True


GARBAGE = [
    b"\x00\xff" * 4000,
    b"GET /sessions\r\n\r\n",
    b"POST /sessions/ALPHA44/acts HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
    b"POST /sessions/ALPHA44/acts HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /sessions/ALPHA44/acts HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b'POST /sessions/ALPHA44/acts HTTP/1.1\r\nContent-Length: 20\r\n\r\n{"act":"hold"',
    b"POST /sessions/ALPHA44/acts HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]",
    b"GET /../../etc/passwd HTTP/1.1\r\n\r\n",
    b"GET /sessions HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"BREW /sessions HTTP/1.1\r\n\r\n",
    b"",
]


def test_garbage_on_the_socket_hurts_nobody(
    desk: DeskProcess, control: Control, alpha: Reader
) -> None:
    """Each is answered or closed; nothing is journaled; the desk deals on."""
    path = str(desk.folder / "state" / "control.sock")
    before = journaled(desk, "ActOnSession")
    for one in GARBAGE:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(path)
            caller.sendall(one)
            caller.shutdown(socket.SHUT_WR)
            caller.settimeout(8)
            answer = caller.recv(65_536)
            assert b'"ok": true' not in answer
            assert b"200 OK" not in answer
    silent = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for caller in silent:
        caller.connect(path)
    deal(alpha, "G1")
    for caller in silent:
        caller.close()
    assert control.get("/health")["online"] == 1
    assert journaled(desk, "ActOnSession") == before
    for body, why in (
        ({"act": "explode", "by": "c", "why": "w"}, "act: expected one of"),
        ({"act": "hold", "by": " ", "why": "w"}, "by: expected"),
        ({"act": "hold", "by": "c", "why": "a\nb"}, "why: expected"),
        ({"act": "hold", "by": "c"}, "why"),
        ({"act": "hold", "by": "c", "why": "w", "more": 1}, "more"),
        ({"act": "set-seq", "by": "c", "why": "w", "incoming": "5"}, "incoming"),
        ({"act": "enable", "by": "c", "why": "w", "begin": 1}, "enable has no numbers"),
    ):
        with pytest.raises(Refused, match=why):
            control.act(KEY, **body)


def test_a_hundred_readers_at_once(desk: DeskProcess, control: Control, alpha: Reader) -> None:
    """All are answered, and dealing goes on meanwhile."""
    answers: list[int] = []

    def read() -> None:
        answers.append(len(control.get("/sessions")["sessions"]))

    readers = [threading.Thread(target=read) for _ in range(100)]
    for one in readers:
        one.start()
    deal(alpha, "H1")
    for one in readers:
        one.join()
    assert answers == [6] * 100
