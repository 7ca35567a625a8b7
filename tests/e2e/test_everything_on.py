"""Streams, hedges, model strategies and toxicity at once: the journal reproduces all of it."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.store import open_store
from tests.support.desk_process import ROOT
from tests.support.fixclient import FixClient, Received
from tests.support.hedged_desk import Dealer, Hedged, Listed, until
from tests.support.venue_process import VenueProcess

HEADER = frozenset((8, 9, 34, 35, 43, 49, 52, 56, 97, 122, 128, 129, 10))
GLFT = """
[[rule]]
id = "eth-glft"
match = { symbols = ["ETH/USD"] }
strategy = { kind = "glft", unit = 1, gamma = 0.01, k = 0.3, arrivals_per_day = 900 }
"""
RISES = "".join(f"at {tenth / 2}s: nudge 12\n" for tenth in range(400))
"""The market goes up all the time: whoever buys, hurts the desk."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Hedged]:
    """The shipped rules and a glft; one venue with a rising market that deals badly."""
    venue = VenueProcess(
        tmp_path,
        "LPX",
        {"BTC/USD": "100000", "ETH/USD": "4000", "EUR/USD": "1.08"},
        *("--interval-ms", "100", "--sigma-bps", "0.2", "--notional", "2000000"),
        *("--partial", "0.3", "--reject", "0.1", "--latency-ms", "5", "--jitter-ms", "20"),
        script=RISES,
    )
    made = Hedged(
        tmp_path,
        {"LPX": venue},
        [
            Listed("BTC", ("LPX",), ("LPX",)),
            Listed("ETH", ("LPX",), ("LPX",), "band", "band = 0.5\ntarget = 0.2"),
            Listed("EUR", ("LPX",), ("LPX",), "band", "band = 100000"),
        ],
        pricing=GLFT + (ROOT / "config" / "pricing.toml").read_text(),
        edits={"desk.toml": [('hours = "fx"\n', "")]},
    )
    try:
        made.desk.fund(("ALPHA", "USD", "4000000"), ("GAMMA", "USD", "4000000"))
        made.desk.start()
        yield made
    finally:
        made.close()


def subscribe(client: FixClient, name: str, updates: str, *symbols: str) -> None:
    """Both sides of *symbols*: whole books (updates "0") or changes ("1")."""
    listed = "|".join(f"55={symbol}" for symbol in symbols)
    client.say(
        f"35=V|262={name}|263=1|264=0|265={updates}|267=2|269=0|269=1|146={len(symbols)}|{listed}"
    )


def deal_for(seconds: float, alpha: Dealer, gamma: Dealer) -> None:
    """Both deal as fast as answers come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        alpha.deals("BTC/USD", "0.1")
        alpha.deals("ETH/USD", "0.3")
        gamma.deals("EUR/USD", "50000")


def body(message: Received) -> str:
    """All between header and trailer, as it was received."""
    return "".join(f"{tag}={value}\x01" for tag, value in message.pairs if tag not in HEADER)


def test_all_of_it_at_once_is_said_again_by_the_journal(world: Hedged) -> None:
    """Through a kill and a restart; the same fingerprint twice, every W and X byte for byte."""
    port = world.desk.port
    fix5 = {"version": "FIX.5.0SP2", "me": "GAMMA", "username": "gamma"}
    alpha = Dealer(FixClient(port))
    gamma = Dealer(FixClient(port, **fix5, secret="trial-secret-gamma"))  # type: ignore[arg-type]
    for life in (1, 2):
        assert alpha.client.logon()
        assert gamma.client.logon()
        subscribe(alpha.client, f"W{life}", "0", "BTC/USD", "ETH/USD")
        subscribe(gamma.client, f"X{life}", "1", "EUR/USD")
        deal_for(0.8, alpha, gamma)
        if life == 1:
            world.desk.kill()
            alpha.client.poll()
            gamma.client.poll()
            alpha.client.drop()
            gamma.client.drop()
            world.desk.start()
    rules = until(lambda: charged_for_toxicity(world, alpha), 15, world.log)
    assert (rules["strategy"], rules["toxicity"]) == ("eth-glft", "house")
    assert rules_of(world, gamma, "EUR/USD", "50000")["strategy"] == "eurusd-standard"
    until(lambda: not [one for one in world.hedges() if one.is_open], 10, world.log)
    assert {one.symbol for one in world.hedges()} == {"BTC/USD", "ETH/USD", "EUR/USD"}
    assert world.desk.stop() == 0
    for client in (alpha.client, gamma.client):
        client.poll(0.1)
        client.drop()
    config = ("--config", str(world.desk.config))
    first, second = (world.says("replay", *config) for _ in range(2))
    assert first["ok"]
    assert first["fingerprint"] == second["fingerprint"]
    said = world.says("journal", "streams", *config, "--limit", "1000000")["messages"]
    for client, kinds in ((alpha.client, {"W"}), (gamma.client, {"W", "X"})):
        received = [one for one in client.received if one.kind in "WX"]
        assert {one.kind for one in received} == kinds
        for life in (1, 2):
            name = f"262={'WX'[client is gamma.client]}{life}\x01"
            heard = [body(one) for one in received if name in body(one)]
            assert len(heard) >= 4
            again = iter([one["body"] for one in said if name in one["body"]])
            assert all(one in again for one in heard), "received, and not said by the journal"


def charged_for_toxicity(world: Hedged, dealer: Dealer) -> dict[str, str]:
    """Who buys what rises pays for it, as soon as that is measured."""
    dealer.deals("ETH/USD", "0.3")
    rules = rules_of(world, dealer, "ETH/USD", "0.3")
    return rules if "toxicity" in rules else {}


def rules_of(world: Hedged, dealer: Dealer, symbol: str, quantity: str) -> dict[str, str]:
    """The rule of each part of a quote that is made now; the parts come to its price."""
    quote = dealer.is_quoted(symbol, quantity)
    store = open_store(world.desk.database)
    try:
        found = store.explanation(quote[117])
    finally:
        store.close()
    assert found is not None
    (side,) = found[1].sides
    total = sum((part.amount for part in side.components), found[1].mid)
    assert total == side.price == Decimal(quote[133])
    return {part.name: part.rule for part in side.components}
