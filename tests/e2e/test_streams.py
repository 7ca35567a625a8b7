"""Streams over real sockets: what a client receives is what the journal says again."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcfix.cli.streams import said_again
from otcfix.config import load
from otcfix.store import open_store
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, Received, utc_now

PREFUND = (("ALPHA", "USD", "500000"), ("ALPHA", "BTC", "5"), ("BETA", "USD", "250000"))
HEADER = frozenset((8, 9, 34, 35, 43, 49, 52, 56, 97, 122, 128, 129, 10))
ASK = "263=1|264=0|267=2|269=0|269=1|146=1|55=BTC/USD"


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[DeskProcess]:
    """The shipped configuration, funded and running, with a market that moves all the time."""
    made = DeskProcess(tmp_path, edits={"venues.toml": [("interval_ms = 100", "interval_ms = 20")]})
    made.fund(*PREFUND)
    made.start()
    yield made
    made.kill()


def clients_of(desk: DeskProcess) -> tuple[FixClient, FixClient]:
    """The shipped clients of 4.4 and 4.2."""
    beta = {"version": "FIX.4.2", "me": "BETA", "username": "beta", "secret": "trial-secret-beta"}
    return FixClient(desk.port), FixClient(desk.port, **beta)  # type: ignore[arg-type]


def listen(clients: tuple[FixClient, ...], seconds: float) -> None:
    """Read for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for client in clients:
            client.poll(0.01)


def body(message: Received) -> str:
    """All between header and trailer, as it was received."""
    return "".join(f"{tag}={value}\x01" for tag, value in message.pairs if tag not in HEADER)


def test_the_journal_says_again_every_byte_that_was_received(moving: DeskProcess) -> None:
    """W and X, in both versions, beside a deal on a rung and through a restart by kill."""
    alpha, beta = clients_of(moving)
    assert alpha.logon()
    assert beta.logon()
    alpha.say(f"35=V|262=W1|265=0|{ASK}")
    beta.say(f"35=V|262=X1|265=1|{ASK}")
    listen((alpha, beta), 1.5)
    rung = next(one for one in reversed(alpha.received) if one.kind == "W" and one[268] != "0")
    rung_id = next(value for tag, value in rung.pairs if tag == 299)
    size = next(value for tag, value in rung.pairs if tag == 271)
    alpha.say(f"35=D|11=A1|117={rung_id}|55=BTC/USD|54=2|38={size}|40=D|60={utc_now()}")
    fills = [alpha.hear("8", t11="A1"), alpha.hear("8", t11="A1")]
    assert [fill[39] for fill in fills] == ["0", "2"]
    assert fills[1][31] == next(value for tag, value in rung.pairs if tag == 270)
    moving.kill()
    alpha.drop(), beta.drop()
    moving.start()
    assert alpha.logon()
    alpha.say(f"35=V|262=W1|265=0|{ASK}")
    listen((alpha,), 0.7)
    assert moving.stop() == 0
    store = open_store(moving.database)
    said = list(said_again(store, load(moving.config).id_key))
    store.close()
    for client, key, kinds in ((alpha, "W1", {"W"}), (beta, "X1", {"W", "X"})):
        received = [body(one) for one in client.received if one.kind in "WX"]
        assert len(received) >= 5
        assert {one.kind for one in client.received if one.kind in "WX"} == kinds
        again = [one["body"] for one in said if f"262={key}\x01" in one["body"]]
        # What was said while the line or the desk went down was not received.
        left = iter(again)
        assert all(one in left for one in received), "received, and not in the journal"
    tables = sqlite3.connect(moving.database.removeprefix("sqlite:///"))
    assert not tables.execute("SELECT * FROM outbox WHERE msg_type IN ('W', 'X')").fetchall()
    shown = moving.run(
        *("journal", "streams", "--config", str(moving.config), "--database", moving.database),
        *("--md-req-id", "X1", "--limit", "3"),
    )
    assert shown.returncode == 0, shown.stderr
    assert [line.split()[2] for line in shown.stdout.splitlines()] == ["W", "X", "X"]


def test_prices_are_not_sent_again(moving: DeskProcess) -> None:
    """R10: a ResendRequest over a stream is answered by gap fills alone."""
    alpha, _ = clients_of(moving)
    assert alpha.logon()
    alpha.say(f"35=V|262=W1|{ASK}")
    listen((alpha,), 1.0)
    before = alpha.next_in
    alpha.received.clear()
    alpha.next_in = 2
    alpha.send("2", [(7, "2"), (16, str(before - 1))])
    listen((alpha,), 0.6)
    assert alpha.next_in > before - 1
    assert not [one for one in alpha.received if one.get(43) == "Y"]
    assert [one for one in alpha.received if one.kind == "W"]


def test_who_does_not_read_is_held_and_not_hung_up_on(tmp_path: Path) -> None:
    """His streams wait, others go on; when he reads again, they begin anew with a W."""
    desk = DeskProcess(
        tmp_path,
        edits={
            "venues.toml": [("interval_ms = 100", "interval_ms = 5")],
            "sessions.toml": [("stream_unproven_max = 500", "stream_unproven_max = 210")],
        },
    )
    desk.start()
    try:
        alpha, beta = clients_of(desk)
        assert alpha.logon()
        assert beta.logon()
        for number in range(60):
            alpha.say(f"35=V|262=W{number}|{ASK}")
        beta.say(f"35=V|262=B|{ASK}")
        end = time.monotonic() + 15
        while "stream_held" not in desk.log.read_text() and time.monotonic() < end:
            beta.poll(0.02)
        assert "stream_held" in desk.log.read_text()
        listen((beta,), 1.0)
        assert [one for one in beta.received if one.kind == "W"]
        listen((alpha,), 2.0)
        assert alpha.online
        held = [one for one in alpha.received if one.kind == "W"]
        assert len(held) > 210
        alpha.received.clear()
        listen((alpha,), 1.0)
        assert len([one for one in alpha.received if one.kind == "W"]) > 60
        assert "slow_reader" not in desk.log.read_text()
    finally:
        desk.kill()
