"""Simulated clients that fail in every way, on a real desk: it lives, its books are theirs, and who
sits beside them notices nothing."""

import shutil
import time
from collections.abc import Iterator
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from msgspec import structs

from otcfix.sim import Plan, SimClient, Speech, WireFaults, read_rule
from otcfix.testing.desk import ServedDesk
from otcfix.testing.folder import secret_of, session_of
from otcfix.trials.line import Who
from otcfix.trials.reading import read
from tests.support.desk_process import ROOT

ENDS = 'end_clients = { "FUND1" = "FUND1", "FUND2" = "FUND2" }'
"""The shipped broker's; here he deals for clients whose deals are known."""

PLAN = Plan(
    ("BTC/USD",), (Decimal("0.01"),), ("hit", "rest", "cancel"), Decimal(40), 20, seed=5,
    patience_s=1.5,
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    """The shipped configuration, whose broker has two other end clients."""
    source = tmp_path_factory.mktemp("source") / "config"
    shutil.copytree(ROOT / "config", source)
    sessions = source / "sessions.toml"
    text = sessions.read_text()
    assert ENDS in text
    sessions.write_text(text.replace(ENDS, 'end_clients = { FUND1 = "ALPHA", FUND2 = "BETA" }'))
    made = ServedDesk(source, tmp_path_factory.mktemp("desk"))
    try:
        made.open()
        yield made
    finally:
        made.close()


def who(desk: ServedDesk, key: str) -> Who:
    """A session, from its client's side."""
    found = session_of(desk.config, key)
    return Who(
        "127.0.0.1", desk.port, found.version, found.target_comp_id, found.sender_comp_id,
        found.username, secret_of(found),
    )  # fmt: skip


class Neighbour:
    """A client on another session, who asks and deals all the time."""

    def __init__(self, desk: ServedDesk, key: str = "BETA42", symbol: str = "ETH/USD") -> None:
        self.symbol = symbol
        self.client = desk.client(key)
        self.slowest = 0.0
        self.count = 0
        self._stopped = False
        self.failure: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            while not self._stopped:
                started = time.monotonic()
                self.client.deal(self.client.ask(self.symbol, "0.01", "buy"), "buy")
                self.slowest = max(self.slowest, time.monotonic() - started)
                self.count += 1
                time.sleep(0.05)
        except BaseException as error:  # noqa: BLE001 - told at the end, on the test's thread
            self.failure = error

    def __enter__(self) -> "Neighbour":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._thread.join(10)
        self.client.log_out()
        assert self.failure is None, self.failure
        assert self.count
        assert self.slowest < 4
        assert self.client.session.breaks == 0


def dealt(desk: ServedDesk, client: str, symbol: str = "BTC/USD") -> tuple[Decimal, Decimal]:
    """What the desk has booked: bought and sold, in base."""
    sums = {"BUY": Decimal(0), "SELL": Decimal(0)}
    for trade in desk.trades(client, symbol):
        sums[trade.side.name] += trade.base_amount
    return sums["BUY"], sums["SELL"]


def told(found: dict[str, Any], end: str = "") -> tuple[Decimal, Decimal]:
    """What the client was told: bought and sold, in base."""
    books = [book for book in found["books"] if book["end_client"] == end]
    return tuple(sum((Decimal(b[w]) for b in books), Decimal(0)) for w in ("bought", "sold"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("key", "client", "faults"),
    [
        ("ALPHA44", "ALPHA", {"drop": "0.1"}),
        ("ALPHA44", "ALPHA", {"delay": "0.1", "delay_ms": "200"}),
        ("ALPHA44", "ALPHA", {"garble": "0.1"}),
        ("GAMMA50", "GAMMA", {"duplicate": "0.05"}),
        ("GAMMA50", "GAMMA", {"checksum": "0.1"}),
        ("GAMMA50", "GAMMA", {"never_read": "0.05", "deaf_ms": "700"}),
        ("GAMMA50", "GAMMA", {"cut": "0.06"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_the_desk_survives_a_client_whose_wire_is_bad(
    desk: ServedDesk, key: str, client: str, faults: dict[str, str]
) -> None:
    """Nothing is booked that he was not told, nothing twice; the neighbour deals on meanwhile."""
    before = dealt(desk, client)
    made = SimClient(
        who(desk, key), faults=WireFaults(**{n: Decimal(v) for n, v in faults.items()}), seed=3
    )
    with Neighbour(desk):
        found = made.work(Speech(made.who.version), PLAN)
    assert found["faults"], "nothing went wrong"
    assert found["unanswered"] == []
    assert found["open_orders"] == 0
    after = dealt(desk, client)
    assert told(found) == (after[0] - before[0], after[1] - before[1])
    hits = [trade.cl_ord_id for trade in desk.trades(client, "BTC/USD")]
    assert len(hits) == len(set(hits))  # each deals once, however often it was said
    assert desk.is_balanced()


@pytest.mark.parametrize("end_tag", [109, 115])
def test_an_order_system_deals_for_its_end_clients_and_repeats_itself(
    desk: ServedDesk, end_tag: int
) -> None:
    """Flat 4.2, own symbols, ClientID(109) or OnBehalfOfCompID(115); cut at an order, it says that
    again with 43=Y."""
    clients = {"FUND1": "ALPHA", "FUND2": "BETA"}
    before = {client: dealt(desk, client) for client in clients.values()}
    rules = [read_rule("type D 2: cut"), read_rule("type D 5: cut")]
    made = SimClient(who(desk, "PRIME42"), rules=rules)
    plan = structs.replace(PLAN, symbols=("BTC-USD",), ends=tuple(clients), repeats=True)
    with Neighbour(desk, "GAMMA50", "BTC/USD"):
        found = made.work(Speech("FIX.4.2", flat=True, end_tag=end_tag), plan)
    assert found["unanswered"] == []
    assert found["breaks"] >= 2  # and when it gives a line up
    assert found["said"]["D 43=Y"] >= 2
    assert {book["symbol"] for book in found["books"]} == {"BTC-USD"}
    for end, client in clients.items():
        after = dealt(desk, client)
        assert told(found, end) == tuple(
            now - then for now, then in zip(after, before[client], strict=True)
        )
    assert sum(b["fills"] for b in found["books"])


def test_a_script_is_a_scenario_over_the_same_wire(desk: ServedDesk) -> None:
    """The order is lost on its way and said again when it is asked for: the fill comes."""
    text = SCRIPT.format(extra="")
    made = SimClient(who(desk, "ALPHA44"), rules=[read_rule("type D 1: drop")])
    values = {"symbol": "BTC/USD", "qty": "0.01"}
    result = made.play(read(text, "lost.trial", "lost"), values, 5)
    assert (result.verdict, result.why) == ("passed", "")
    assert made.trouble.done == {"drop": 1}
    wrong = read(SCRIPT.format(extra="hear 35=9\n"), "lost.trial", "lost")
    failed = SimClient(who(desk, "ALPHA44")).play(wrong, values, 0.5)
    assert failed.verdict == "failed"


SCRIPT = """title  A deal whose order is lost
uses   symbol qty
ids    R1 A1 H1

logon
say   35=R|131={{R1}}|146=1|55={{symbol}}|54=1|38={{qty}}
hear  35=S|131={{R1}}|117=>quote|133=>offer
say   35=D|11={{A1}}|117={{quote}}|55={{symbol}}|54=1|38={{qty}}|40=D|44={{offer}}|60={{now}}
heartbeat
hear  35=8|11={{A1}}|150=0
hear  35=8|11={{A1}}|39=2
{extra}logout
"""


def test_it_outlives_a_desk_that_is_killed(desk: ServedDesk) -> None:
    """Numbers, orders and answers go on where they were."""
    before = dealt(desk, "ALPHA")
    made = SimClient(who(desk, "ALPHA44"))
    found: list[dict[str, Any]] = []
    plan = structs.replace(PLAN, count=30, rate=Decimal(10))
    working = Thread(target=lambda: found.append(made.work(Speech("FIX.4.4"), plan)), daemon=True)
    working.start()
    time.sleep(1.0)
    desk.restart()
    working.join(60)
    assert found[0]["breaks"] >= 1
    assert found[0]["unanswered"] == []
    after = dealt(desk, "ALPHA")
    assert told(found[0]) == (after[0] - before[0], after[1] - before[1])
    assert desk.is_balanced()
