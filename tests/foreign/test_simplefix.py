"""simplefix, from PyPI: encoding alone, with a session layer of a hundred lines around it."""

from collections.abc import Iterator

import pytest

from otcfix.sim import Wire, read_rule
from tests.foreign.booked import CLIENTS, trades, wait_for
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now


@pytest.fixture(params=CLIENTS)
def version(request: pytest.FixtureRequest) -> str:
    """What is spoken."""
    return str(request.param)


@pytest.fixture
def client(version: str, wire: Wire) -> Iterator[FixClient]:
    """Logged on through the wire."""
    me = CLIENTS[version]
    secret = f"trial-secret-{me.lower()}"
    made = FixClient(wire.port, version=version, me=me, username=me.lower(), secret=secret)
    assert made.logon()
    yield made
    made.drop()


def test_a_client_asks_deals_rests_is_resent_to_resends_and_comes_back(
    desk: DeskProcess, wire: Wire, client: FixClient, version: str
) -> None:
    """Logon, RFQ, order, resting order, resend both ways, a reconnect, cancel; booked once."""
    handling = "21=1|" if version == "FIX.4.2" else ""
    client.say("35=R|131=R1|146=1|55=BTC/USD|54=2|38=0.1")
    quote = client.hear("S", t131="R1")
    on_quote = f"117={quote[117]}|55=BTC/USD|54=2|38=0.1|40=D|44={quote[132]}"
    client.say(f"35=D|11=Q1|{handling}{on_quote}|60={utc_now()}")
    client.hear("8", t11="Q1", t39="0")
    fill = client.hear("8", t11="Q1", t39="2")
    assert fill[31] == quote[132]

    resting = f"{handling}55=BTC/USD|54=1|38=0.2|40=2|44=90000|59=1"
    wire.heard.add([read_rule("type 8 1: drop")])  # the desk's acceptance is lost
    client.say(f"35=D|11=L1|{resting}|60={utc_now()}")
    wait_for(lambda: wire.heard.done["drop"] == 1)
    client.say("35=H|11=Q1|55=BTC/USD|54=2")
    assert client.hear("8", t11="L1")[43] == "Y"
    assert client.asked_to_resend == 1

    wire.said.add([read_rule("type D 1: drop")])  # the client's next order is lost
    client.say(f"35=D|11=L2|{resting}|60={utc_now()}")
    wait_for(lambda: wire.said.done["drop"] == 1)
    client.say("35=H|11=Q1|55=BTC/USD|54=2")
    assert client.hear("8", t11="L2")[39] == "0"

    wire.cut()
    wait_for(lambda: client.poll(0.01) or client.sock is None)
    assert client.logon()
    client.received.clear()
    client.next_in = 1
    client.say("35=2|7=1|16=0")
    assert client.hear("8", t17=fill[17])[43] == "Y"
    for order in ("L1", "L2"):
        cancel = f"41={order}|55=BTC/USD|54=1|38=0.2|60={utc_now()}"
        client.say(f"35=F|11=C{order}|{cancel}")
        assert client.hear("8", t11=f"C{order}", t39="4")[41] == order
    client.logout()
    assert [row["cl_ord_id"] for row in trades(desk, CLIENTS[version])] == ["Q1"]
