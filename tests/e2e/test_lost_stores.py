"""QuickFIX's stores lost or set back, or their sessions renamed, while the desk is down: nobody is
ever told numbers that he has behind him, for his engine hangs up then and stays away."""

import shutil
import time
from pathlib import Path

from tests.e2e.test_reload import edit
from tests.e2e.test_sessions import client_of, deal
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient


def chat(client: FixClient, count: int = 15) -> None:
    """Session messages, whose numbers stand in no table of the desk's."""
    for number in range(count):
        client.send("1", [(112, f"T{number}")])
    until = time.monotonic() + 5
    while time.monotonic() < until:
        client.poll(0.05)
        if any(one.get(112) == f"T{count - 1}" for one in client.admin):
            client.admin.clear()
            return
    raise AssertionError("no Heartbeat")


def is_back(client: FixClient, *, within: int = 200_000) -> None:
    """He logs on, hears a number that is new to him, and is told what he has missed."""
    expected = client.next_in
    client.drop()
    client.admin.clear()
    assert client.logon()
    logon = next(one for one in client.admin if one.kind == "A")
    assert expected <= int(logon[34]) < expected + within
    until = time.monotonic() + 5
    while client.next_in <= int(logon[34]) and time.monotonic() < until:
        client.poll(0.05)
    client.poll(0.3)  # what the desk asks for again, before more is said


def test_a_store_set_back_begins_above_every_number_that_was_said(
    desk: DeskProcess, tmp_path: Path
) -> None:
    """A folder from a backup: the reports since then were followed by session messages."""
    alpha, store = client_of(desk), tmp_path / "state" / "sessions"
    assert alpha.logon()
    deal(alpha, "A1")
    shutil.copytree(store, tmp_path / "saved")
    deal(alpha, "A2")
    chat(alpha)
    desk.kill()
    shutil.rmtree(store)
    shutil.copytree(tmp_path / "saved", store)
    desk.start()
    is_back(alpha)
    deal(alpha, "A3")


def test_a_store_lost_again_and_again(desk: DeskProcess, tmp_path: Path) -> None:
    """With nothing but session messages in between, as where it lies in memory overnight."""
    alpha = client_of(desk)
    assert alpha.logon()
    deal(alpha, "A1")
    for _ in range(3):
        chat(alpha)
        desk.kill()
        shutil.rmtree(tmp_path / "state" / "sessions")
        desk.start()
        is_back(alpha)
    deal(alpha, "A2")


def test_other_comp_ids_from_a_start_on_are_another_conversation(desk: DeskProcess) -> None:
    """Its client begins at 1: the numbers in the database are those of the old names."""
    alpha = client_of(desk)
    assert alpha.logon()
    deal(alpha, "A1")
    assert desk.stop() == 0
    alpha.drop()
    edit(desk, ('target_comp_id = "ALPHA"\n', 'target_comp_id = "ALPHAX"\n'))
    desk.start()
    other = FixClient(desk.port, me="ALPHAX")
    assert other.logon()
    assert other.admin[0][34] == "1"
    deal(other, "A2")
    desk.kill()
    desk.start()
    is_back(other)
    deal(other, "A3")
