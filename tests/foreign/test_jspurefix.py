"""jspurefix, an engine in TypeScript: a whole day of a client, with lost messages and a break."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from otcfix.sim import Wire, read_rule
from tests.foreign.booked import CLIENTS, trades, wait_for
from tests.foreign.jspurefix import JsPureFix, description
from tests.support.desk_process import DeskProcess

DICTIONARIES = {"FIX.4.2": "FIX42.xml", "FIX.4.4": "FIX44.xml", "FIX.5.0SP2": "FIX50SP2.xml"}
FILL = {"FIX.4.2": "2"}
"""ExecType(150) of a fill, where it is not F."""


def with_username(dictionary: str) -> str:
    """FIX42.xml as a client needs it: Username(553) and Password(554) in Logon."""
    own = '<field name="Username" required="N" /><field name="Password" required="N" />'
    numbered = (
        '<field number="553" name="Username" type="STRING" />'
        '<field number="554" name="Password" type="STRING" />'
    )
    logon, fields = "<field name='EncryptMethod' required='Y' />", "<fields>"
    assert logon in dictionary
    assert fields in dictionary
    return dictionary.replace(logon, logon + own, 1).replace(fields, fields + numbered, 1)


@pytest.fixture(params=DICTIONARIES)
def version(request: pytest.FixtureRequest) -> str:
    """What is spoken."""
    return str(request.param)


@pytest.fixture
def client(version: str, wire: Wire, node_modules: Path, tmp_path: Path) -> Iterator[JsPureFix]:
    """Its process, logged on through the wire."""
    path = node_modules / "jspurefix" / "data" / DICTIONARIES[version]
    if version == "FIX.4.2":
        ours = tmp_path / path.name
        ours.write_text(with_username(path.read_text()))
        path = ours
    made = JsPureFix(node_modules, description(version, wire.port, tmp_path / "store", str(path)))
    try:
        made.is_ready()
        yield made
    finally:
        made.end()


def words(version: str, symbol: str, side: str, qty: float) -> dict[str, Any]:
    """What an order names, in the shape of each version's dictionary."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if version == "FIX.4.2":
        own = {"HandlInst": "1", "Symbol": symbol, "Side": side, "OrderQty": qty}
    else:
        own = {"Instrument": {"Symbol": symbol}, "Side": side, "OrderQtyData": {"OrderQty": qty}}
    return own | {"TransactTime": now}


def request(version: str, symbol: str, side: str, qty: float) -> dict[str, Any]:
    """The group of a QuoteRequest."""
    if version == "FIX.4.2":
        return {"NoRelatedSym": [{"Symbol": symbol, "Side": side, "OrderQty": qty}]}
    one = {"Instrument": {"Symbol": symbol}, "Side": side, "OrderQtyData": {"OrderQty": qty}}
    return {"QuotReqGrp": {"NoRelatedSym": [one]}}


def test_a_client_asks_deals_rests_is_resent_to_resends_and_comes_back(
    desk: DeskProcess, wire: Wire, client: JsPureFix, version: str
) -> None:
    """Logon, RFQ, order, resting order, resend both ways, a reconnect, cancel; booked once."""
    sold = ("BTC/USD", "2", 0.1)
    client.says("R", QuoteReqID="R1", **request(version, *sold))
    quote = client.hears("S", QuoteReqID="R1")
    on_quote = {"QuoteID": quote["QuoteID"], "OrdType": "D", "Price": quote["BidPx"]}
    client.says("D", ClOrdID="Q1", **words(version, *sold), **on_quote)
    client.hears("8", ClOrdID="Q1", ExecType="0", OrdStatus="0")
    fill = client.hears("8", ClOrdID="Q1", ExecType=FILL.get(version, "F"))
    assert (fill["OrdStatus"], fill["LastPx"]) == ("2", quote["BidPx"])

    resting = words(version, "BTC/USD", "1", 0.2) | {
        "OrdType": "2", "Price": 90_000, "TimeInForce": "1",
    }  # fmt: skip
    wire.heard.add([read_rule("type 8 1: drop")])  # the desk's acceptance is lost
    client.says("D", ClOrdID="L1", **resting)
    wait_for(lambda: wire.heard.done["drop"] == 1)
    client.says("H", ClOrdID="Q1", **status(version))
    client.passed("out", "2")
    assert client.hears("8", ClOrdID="L1")["StandardHeader"]["PossDupFlag"] is True

    wire.said.add([read_rule("type D 1: drop")])  # the client's next order is lost
    client.says("D", ClOrdID="L2", **resting)
    wait_for(lambda: wire.said.done["drop"] == 1)
    client.says("H", ClOrdID="Q1", **status(version))
    client.passed("in", "2")
    client.passed("out", "D", "43=Y", "11=L2")
    assert client.hears("8", ClOrdID="L2")["OrdStatus"] == "0"

    wire.cut()
    client.is_ready()
    client.asks(1, 0)
    again = client.hears("8", ClOrdID="Q1", ExecID=fill["ExecID"])
    assert again["StandardHeader"]["PossDupFlag"] is True
    for order in ("L1", "L2"):
        cancel = words(version, "BTC/USD", "1", 0.2)
        cancel.pop("HandlInst", None)
        client.says("F", ClOrdID=f"C{order}", OrigClOrdID=order, **cancel)
        assert client.hears("8", ClOrdID=f"C{order}", OrdStatus="4")["OrigClOrdID"] == order
    client.logs_out()
    assert [row["cl_ord_id"] for row in trades(desk, CLIENTS[version])] == ["Q1"]


def status(version: str) -> dict[str, Any]:
    """What an OrderStatusRequest names besides the order."""
    if version == "FIX.4.2":
        return {"Symbol": "BTC/USD", "Side": "2"}
    return {"Instrument": {"Symbol": "BTC/USD"}, "Side": "2"}
