"""Drop copies and QuickFIX's own stores over real processes: killed behind, spoiled, lost."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcfix.control.client import Control
from otcfix.store import open_store
from tests.e2e.conftest import PREFUND
from tests.e2e.test_sessions import client_of
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, Received, utc_now

DELAY = 700

ORDER = "35=D|11={name}|55=BTC/USD|54=1|38=0.01|40=1|60={now}"


def made(folder: Path, *edits: tuple[str, str]) -> DeskProcess:
    """A desk with a market that stands still."""
    return DeskProcess(
        folder,
        edits={
            "venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")],
            "sessions.toml": list(edits),
        },
    )


def waits(delay_ms: int) -> tuple[str, str]:
    """The drop copy with a delay."""
    return "drop_copy_delay_ms = 0", f"drop_copy_delay_ms = {delay_ms}"


@pytest.fixture
def delayed(tmp_path: Path) -> Iterator[DeskProcess]:
    """Its drop copy is told 700 ms later."""
    desk = made(tmp_path, waits(DELAY))
    desk.fund(*PREFUND)
    desk.start()
    yield desk
    desk.kill()


def copy_of(desk: DeskProcess) -> FixClient:
    """ALPHA's drop copy."""
    return FixClient(desk.port, me="ALPHADC", username="alpha-dc", secret="trial-secret-alphadc")


def orders(client: FixClient, count: int, name: str = "A") -> list[str]:
    """Market orders; the ExecIDs of all reports, in order."""
    for number in range(count):
        client.say(ORDER.format(name=f"{name}{number}", now=utc_now()))
    return [
        client.hear("8", t11=f"{name}{number}", t150=exec_type)[17]
        for number in range(count)
        for exec_type in "0F"
    ]


def hears_reports(client: FixClient, count: int, timeout: float = 20) -> list[Received]:
    """The next *count* reports, and a moment in which no more may come."""
    found: list[Received] = []
    end = time.monotonic() + timeout
    while len(found) < count and time.monotonic() < end:
        client.poll(0.05)
        found += [one for one in client.received if one.kind == "8"]
        client.received.clear()
    client.poll(0.3)
    return found + [one for one in client.received if one.kind == "8"]


def in_the_outbox(desk: DeskProcess, session: str) -> list[str]:
    """The ExecIDs of everything that a session is to hear, in the order of the journal."""
    store = open_store(desk.database)
    try:
        epoch = store.session_numbers()[session].epoch
        said = [row.exec_id for _, row in store.said_under(session, epoch)]
        return said + [row.exec_id for row in store.unsent() if row.session == session]
    finally:
        store.close()


def spoiled(desk: DeskProcess, session: str, kind: str) -> Path:
    """A file of a session's store."""
    return next((desk.folder / "state" / "sessions").glob(f"*-{session}.{kind}"))


def test_a_delay_is_kept(delayed: DeskProcess) -> None:
    """Nothing before its time; then everything, in order."""
    copy, client = copy_of(delayed), FixClient(delayed.port)
    assert copy.logon()
    assert client.logon()
    begun = time.monotonic()
    told = orders(client, 3)
    copy.poll(0.1)
    assert not copy.received
    heard = hears_reports(copy, len(told))
    assert time.monotonic() - begun > DELAY / 1000
    assert [one[17] for one in heard] == told


@pytest.mark.parametrize(("online", "delay"), [(True, 0), (False, 0), (True, DELAY)])
def test_killed_while_the_drop_copy_is_behind(tmp_path: Path, online: bool, delay: int) -> None:
    """kill -9 in the middle of it: every execution once, in order, never with 97=Y."""
    desk = made(tmp_path, waits(delay))
    desk.fund(*PREFUND)
    desk.start()
    try:
        copy, client = copy_of(desk), FixClient(desk.port)
        if online:
            assert copy.logon()
        assert client.logon()
        killer = threading.Timer(0.25, desk.kill)
        killer.start()
        number = 0
        while killer.is_alive() and client.sock is not None and number < 400:
            try:
                client.say(ORDER.format(name=f"K{number}", now=utc_now()))
                client.poll(0.001)
            except OSError:
                break
            number += 1
        killer.join()
        if online:
            copy.poll(0.2)  # what was on its way
            copy.drop()
        desk.start()
        wanted = in_the_outbox(desk, "ALPHADC")
        assert wanted
        known = [one for one in copy.received if one.kind == "8"]
        copy.received.clear()
        assert copy.logon()
        heard = known + hears_reports(copy, len(wanted) - len(known))
        assert [one[17] for one in heard] == wanted
        assert all(one.get(97) is None for one in heard)
        assert all(one[797] == "Y" for one in heard)
    finally:
        desk.kill()


SPOILS = {
    "garbage in the header": ("header", lambda data: data[:8] + b"\0x;?" + data[8:]),
    "a body of zeros": ("body", lambda data: b"\0" * len(data)),
    "numbers that are none": ("seqnums", lambda _: b"garbage"),
}


@pytest.mark.parametrize(
    ("how", "session"), list(zip(SPOILS, ("ALPHA", "ALPHADC", "ALPHA"), strict=True))
)
def test_a_spoiled_store_loses_nothing(desk: DeskProcess, how: str, session: str) -> None:
    """It is made anew from the outbox: the numbers go on, every report is there to be asked for."""
    copy, client = copy_of(desk), FixClient(desk.port)
    who = client if session == "ALPHA" else copy
    assert copy.logon()
    assert client.logon()
    told = orders(client, 3)
    assert [one[17] for one in hears_reports(copy, 6)] == told
    client.logout()
    copy.logout()
    desk.stop()
    kind, spoil = SPOILS[how]
    path = spoiled(desk, session, kind)
    path.write_bytes(spoil(path.read_bytes()))
    desk.start()
    assert "session_store_made_anew" in desk.log.read_text()
    assert list(path.parent.glob("*.spoiled-*"))
    before = who.next_in
    assert who.logon()
    end = time.monotonic() + 5
    while who.next_in <= before and time.monotonic() < end:
        who.poll(0.02)  # a gap is asked for, and filled
    assert who.next_in > before
    who.next_in = 1
    who.received.clear()
    who.say(f"35=2|7=1|16={before - 1}")
    again = hears_reports(who, 6)
    assert [one[17] for one in again] == told
    assert all(one[43] == "Y" and one.get(97) is None for one in again)
    assert all(one[34] for one in again)


def test_a_store_that_is_gone(desk: DeskProcess) -> None:
    """All four files removed: as if it had been spoiled."""
    client = FixClient(desk.port)
    assert client.logon()
    told = orders(client, 2)
    client.logout()
    desk.stop()
    for path in (desk.folder / "state" / "sessions").glob("*-ALPHA.*"):
        path.unlink()
    desk.start()
    assert client.logon()
    client.next_in = 1
    client.say("35=2|7=1|16=0")
    assert [one[17] for one in hears_reports(client, 4)] == told


class Trusting(FixClient):
    """A client that says what it expects (789), and so asks for nothing at a logon."""

    def connect(self) -> None:
        """Connect; a gap from here on is filled without being asked for."""
        super().connect()
        self._asked_from = self.next_in


def test_next_expected_number_at_logon(tmp_path: Path) -> None:
    """789 of the Logon says what the client has not heard; it is sent without being asked for."""
    desk = made(tmp_path, ("next_expected = false", "next_expected = true"))
    desk.fund(*PREFUND)
    desk.start()
    try:
        client = Trusting(desk.port)
        assert client.logon((789, "1"))
        told = orders(client, 2)
        client.drop()
        client.next_in = 2
        assert client.logon((789, "2"))
        assert [one[17] for one in hears_reports(client, 4)] == told
        assert client.asked_to_resend == 0
    finally:
        desk.kill()


def test_cancel_on_disconnect_asked_for_at_logon(tmp_path: Path) -> None:
    """By a tag of the Logon: Y cancels every order when the line drops, N none."""
    desk = made(tmp_path, ('key = "ALPHA44"', 'key = "ALPHA44"\ncancel_on_disconnect_tag = 9001'))
    desk.fund(*PREFUND)
    desk.start()
    try:
        copy, client = copy_of(desk), FixClient(desk.port)
        assert copy.logon()
        assert client.logon((9001, "N"))
        resting = "35=D|11={}|55=BTC/USD|54=1|38=0.01|40=2|44=90000|59=1|60={}"
        client.say(resting.format("C1", utc_now()))
        client.hear("8", t11="C1", t150="0")
        copy.hear("8", t11="C1", t150="0")
        client.drop()
        copy.hears_nothing(0.5)
        assert client.logon((9001, "Y"))
        client.drop()
        assert copy.hear("8", t11="C1", t150="4")[378] == "99"
        assert client.logon((9001, "Y"))
        assert client.hear("8", t11="C1", t150="4")[39] == "4"
        client.logout()
        assert not client.logon((9001, "perhaps"), wait=1)
    finally:
        desk.kill()


def test_a_hold_or_a_reset_within_the_delay_says_nothing_twice(tmp_path: Path) -> None:
    """What waits for its time is said then, once, whatever staff does to the session meanwhile;
    what has had its time goes at the end of the hold at once."""
    desk = made(tmp_path, waits(1_500))
    desk.fund(*PREFUND)
    desk.start()
    try:
        control = Control(tmp_path / "state" / "control.sock")

        def act(what: str) -> None:
            control.act("ALPHADC", act=what, by="carol", why="test")

        alpha, copies = client_of(desk), copy_of(desk)
        assert alpha.logon()
        assert copies.logon()
        act("hold")
        first = orders(alpha, 1, "A")
        act("release")
        assert [one[17] for one in hears_reports(copies, 2)] == first
        copies.hears_nothing(2)
        act("hold")
        second = orders(alpha, 1, "B")
        time.sleep(1.8)
        act("release")
        assert [one[17] for one in hears_reports(copies, 2, 1)] == second
        third = orders(alpha, 1, "C")
        act("reset")
        copies.drop()
        copies.next_in = copies.next_out = 1
        copies.received.clear()
        assert copies.logon()
        heard = hears_reports(copies, 6)
        copies.hears_nothing(2)
        assert [one[17] for one in heard] == first + second + third
        assert [one.get(97) for one in heard] == ["Y"] * 4 + [None] * 2
    finally:
        desk.kill()
