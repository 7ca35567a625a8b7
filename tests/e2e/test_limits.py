"""One limit, sixteen sessions at once, a real desk: what is accepted never exceeds it, and the last
unit can be used. On both databases."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from otcfix.config import hash_secret
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient
from tests.support.postgres import PostgresServer

SESSIONS, EACH = 16, 10
UNIT, FITS = 1_000, 100
SECRET = "trial-secret-of-sixteen"

LIMIT = f"""
[[limit]]
who = "client:ALPHA"
measure = "turnover_day"
amount = {UNIT * FITS}
"""


def session(number: int) -> str:
    """One more session of ALPHA."""
    return f"""
[[session]]
key = "LIM{number}"
version = "FIX.4.4"
sender_comp_id = "OTCFIX"
target_comp_id = "LIM{number}"
kind = "trade"
client = "ALPHA"
username = "lim{number}"
password_hash = "{hash_secret(SECRET, "00" * 16)}"
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskProcess]:
    """A desk with sixteen sessions of one client, on either database."""
    server = PostgresServer(fsync="off") if request.param == "postgresql" else None
    with server or nullcontext():
        desk = DeskProcess(
            tmp_path,
            server.create_database("desk") if server else "",
            files={"limits.toml": LIMIT},
            edits={
                "venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")],
                "clients.toml": [("open_orders_max = 100\n", "open_orders_max = 1000\n")],
            },
        )
        with (desk.config / "sessions.toml").open("a") as file:
            file.writelines(session(number) for number in range(SESSIONS))
        desk.fund(("ALPHA", "USD", "500000"))
        desk.start()
        yield desk
        desk.kill()


def rests(client: FixClient, name: str, quantity: int) -> str:
    """Leave an order for *quantity* USD of BTC, far from the market; its ExecType."""
    client.say(
        f"35=D|11={name}|55=BTC/USD|54=2|38={quantity}|15=USD|40=2|44=90000|59=1"
        f"|60={'20270101-00:00:00'}"
    )
    return client.hear("8", t11=name, timeout=20)[150]


def test_sixteen_sessions_never_exceed_one_limit(limited: DeskProcess) -> None:
    """160 orders of 1000 race for 100000: exactly 100 stand. One is cancelled: one more fits, and
    not a cent above it. After a kill the desk still knows."""
    clients = [
        FixClient(limited.port, me=f"LIM{n}", username=f"lim{n}", secret=SECRET)
        for n in range(SESSIONS)
    ]
    assert all(client.logon() for client in clients)
    start = threading.Barrier(SESSIONS)
    answers: dict[str, str] = {}

    def races(number: int) -> None:
        start.wait()
        for place in range(EACH):
            name = f"L{number}-{place}"
            answers[name] = rests(clients[number], name, UNIT)

    threads = [threading.Thread(target=races, args=(number,)) for number in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = [name for name, answer in answers.items() if answer == "0"]
    assert len(answers) == SESSIONS * EACH
    assert len(accepted) == FITS

    name = accepted[0]
    mine = clients[int(name[1:].partition("-")[0])]
    assert rests(mine, "over", UNIT) == "8"
    mine.say(f"35=F|11=CANCEL|41={name}|55=BTC/USD|54=2|60=20270101-00:00:00")
    assert mine.hear("8", t11="CANCEL")[150] == "4"
    mine.drop()
    limited.kill()
    limited.start()
    assert mine.logon()
    assert rests(mine, "above", UNIT + 1) == "8"
    assert rests(mine, "last", UNIT) == "0"
    assert rests(mine, "beyond", 1) == "8"
    shown = limited.run(
        *("limits", "show", "--client", "ALPHA", "--measure", "turnover_day"),
        *("--config", str(limited.config), "--database", limited.database),
    )
    assert "100000  100000" in " ".join(shown.stdout.split()).replace(" ", "  ")
    for client in clients:
        client.drop()
