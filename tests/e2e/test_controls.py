"""What staff may do to one session: its numbers, its connection. On the desk's own thread."""

import queue
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from otcfix.app import App, wall_clock
from otcfix.config import load
from otcfix.fix.acceptor import Acceptor
from otcfix.model.event import MoveFunds, RatesMoved
from otcfix.sequencer.inbox import Incoming
from tests.e2e.test_reload import hear_logout, logged_on
from tests.e2e.test_sessions import deal
from tests.support.desk_process import ROOT, free_port
from tests.support.fixclient import FixClient, utc_now


class Served:
    """A desk in this process, and a way onto its thread."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        config = folder / "config"
        shutil.copytree(ROOT / "config", config)
        for name, old, new in (
            ("sessions.toml", "port = 9878", f"port = {self.port}"),
            ("venues.toml", "mid = 100000,", "mid = 100000, frozen = true,"),
        ):
            path = config / name
            path.write_text(path.read_text().replace(old, new))
        self._calls: queue.Queue[Callable[[Acceptor], Any]] = queue.Queue()
        self._done: queue.Queue[Any] = queue.Queue()
        loaded, database = load(config), f"sqlite:///{folder}/desk.db"
        offline = App(loaded, database, state_folder=folder / "state", serve_fix=False)
        with offline:
            for asset, amount in (("USD", "500000"), ("BTC", "5")):
                command = MoveFunds("ALPHA", asset, Decimal(amount), "custody", "t", "t")
                assert offline.command(command) == "done"
        self.app = App(
            *(loaded, database), state_folder=folder / "state", on_event=lambda *_: self._call()
        )

    def _call(self) -> None:
        acceptor = self.app.acceptor
        while acceptor is not None and not self._calls.empty():
            try:
                self._done.put(self._calls.get()(acceptor))
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                self._done.put(error)

    def do(self, call: Callable[[Acceptor], Any]) -> Any:
        """Have *call* done on the thread that takes; what it returned."""
        self._calls.put(call)
        self.app.inbox.put_urgent(Incoming("", 0, "", wall_clock(), RatesMoved(())))
        assert self.app.acceptor is not None
        self.app.acceptor.ring()
        found = self._done.get(timeout=5)
        if isinstance(found, Exception):
            raise found
        return found

    def client(self) -> FixClient:
        """ALPHA, logged on."""
        client = FixClient(self.port)
        assert client.logon()
        return client


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    """The shipped desk, funded."""
    served = Served(tmp_path)
    with served.app:
        yield served


def rest(client: FixClient, name: str) -> str:
    """Leave an order; its OrderID."""
    client.say(f"35=D|11={name}|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    return client.hear("8", t11=name)[37]


def test_a_reset_with_open_orders_keeps_them(desk: Served) -> None:
    """Numbers begin at 1 in a new epoch, unproven reports are said again, the order stands."""
    client = desk.client()
    filled = deal(client, "A1")
    order_id = rest(client, "A2")
    epoch = desk.do(lambda acceptor: acceptor.reset("ALPHA44"))
    assert "34=1" in hear_logout(client)
    assert desk.app.state.order_of_id["ALPHA", "A2"] == order_id
    client.next_in = client.next_out = 1
    client.sent.clear()
    logged_on(client)
    again = client.hear("8", t11="A1", t150="F")
    assert (again[17], again[97]) == (filled, "Y")
    assert desk.app.state.word("epoch", "ALPHA44") == epoch
    client.say(f"35=F|11=A3|41=A2|55=BTC/USD|54=1|60={utc_now()}")
    assert client.hear("8", t11="A3", t150="4")[37] == order_id


def test_a_reset_of_a_session_that_is_off_is_no_failed_logon(desk: Served) -> None:
    """QuickFIX says a Logout to nobody then; the client is not kept out for it."""
    for _ in range(6):
        desk.do(lambda acceptor: acceptor.reset("ALPHA44"))
    deal(desk.client(), "A1")


def test_numbers_that_are_set_hold(desk: Served) -> None:
    """The desk asks for what it is told to miss, and goes on where it is told to."""
    client = desk.client()
    deal(client, "A1")
    desk.do(lambda acceptor: acceptor.set_numbers("ALPHA44", incoming=50, outgoing=70))
    hear_logout(client)
    client.next_out, client.next_in = 50, 70
    client.sent.clear()
    logged_on(client)
    deal(client, "A2")
    assert client.next_in > 70
    with pytest.raises(ValueError, match="from 1 on"):
        desk.do(lambda acceptor: acceptor.set_numbers("ALPHA44"))
    with pytest.raises(KeyError):
        desk.do(lambda acceptor: acceptor.reset("NOBODY"))


def test_a_test_request_and_a_resend_request_reach_the_client(desk: Served) -> None:
    """He answers both as FIX says; nothing is executed twice."""
    client = desk.client()
    deal(client, "A1")
    assert desk.do(lambda acceptor: acceptor.test_request("ALPHA44", "PING"))
    assert desk.do(lambda acceptor: acceptor.send_resend_request("ALPHA44", 1))
    seen: dict[str, str] = {}
    while {"1", "2"} - set(seen):
        client.poll(0.1)
        seen |= {m.kind: m.get(112, "") or m.get(7, "") for m in client.admin}
    assert seen["1"] == "PING"
    assert seen["2"] == "1"
    deal(client, "A2")
    assert not desk.do(lambda acceptor: acceptor.test_request("BETA42", "PING"))


def test_a_log_out_has_its_text_and_no_back_off(desk: Served) -> None:
    """Whoever staff logs out may come back at once; whoever is disconnected, too."""
    client = desk.client()
    assert desk.do(lambda acceptor: acceptor.log_out("ALPHA44", "maintenance"))
    assert hear_logout(client) == "maintenance"
    assert client.logon(wait=3)
    assert desk.do(lambda acceptor: acceptor.disconnect("ALPHA44"))
    client.drop()
    assert client.logon(wait=3)
    deal(client, "A1")
