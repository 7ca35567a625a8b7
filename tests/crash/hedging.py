"""Rounds of: deal, hedge, kill -9, restart; and what desk and venues must then agree on.

Two venues that misbehave outlive the desk. One is asked anew on every logon, the other keeps its
numbers, so that its reports come again beside its answers. A wire in between writes down what was
sent, and the venues themselves say at the end what they executed.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from otcfix.model.hedge import HedgeOrder
from otcfix.model.messages import Side
from otcfix.store import open_store
from tests.crash.rounds import SESSIONS, Trader, violations
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import Fields, FixClient, Received
from tests.support.hedged_desk import Hedged, Listed
from tests.support.venue_process import VenueProcess
from tests.support.wiretap import Cut

FAULTS = (
    *("--interval-ms", "100", "--sigma-bps", "0.2", "--latency-ms", "4", "--jitter-ms", "60"),
    *("--reject", "0.1", "--partial", "0.2", "--swallow", "0.05", "--drop-report", "0.05"),
    *("--last-look-ms", "20", "--last-look-reject", "0.1", "--duplicate", "0.1"),
)
PATIENCE_S = 20


@dataclass
class HedgedTrader(Trader):
    """A client that asks for quotes on both sides and deals on them."""

    def act(self) -> None:
        """Ask for a quote."""
        self.requests += 1
        side, quantity = self.rng.choice("12"), self.rng.choice(("0.01", "0.03", "0.05"))
        self.client.send(
            "R",
            [
                (131, f"{self.name}R{self.requests}"),
                *((146, "1"), (55, self.symbol), (54, side), (38, quantity)),
            ],
        )

    def deal(self, quote: Received) -> Fields:
        """On which side and how much, as quoted."""
        buys = 133 in quote
        return [(54, "1" if buys else "2"), (38, quote[135 if buys else 134])]


def hedging_traders(desk: DeskProcess, seed: int) -> list[Trader]:
    """One a version: two deal in what is covered at once, one in what is kept in a band."""
    traders: list[Trader] = []
    for number, (_, version, comp_id, user) in enumerate(SESSIONS):
        client = FixClient(
            desk.port, version=version, me=comp_id, username=user,
            secret=f"trial-secret-{user}", heartbeat=10,
        )  # fmt: skip
        symbol = {"FIX.4.2": "BTC-USD", "FIX.4.4": "ETH/USD"}.get(version, "BTC/USD")
        traders.append(HedgedTrader(client, comp_id, symbol, random.Random(seed * 10 + number)))
    return traders


@contextmanager
def hedged(folder: Path, seed: int, database: str = "") -> Iterator[Hedged]:
    """The venues, running, and a desk that covers there, funded, not yet running."""
    symbols = {"BTC/USD": "100000", "ETH/USD": "4000"}
    venues = {
        key: VenueProcess(folder, key, symbols, "--seed", str(seed * 10 + place), *FAULTS)
        for place, key in enumerate(("LPX", "LPY"))
    }
    listed = [
        Listed("BTC", ("LPX", "LPY"), ("LPX", "LPY"), rule="attempts_max = 5"),
        Listed("ETH", ("LPX", "LPY"), ("LPY", "LPX"), "band", "band = 0.1\nattempts_max = 5"),
    ]
    made = Hedged(
        folder, venues, listed, tapped=("LPX", "LPY"), keeps_numbers=("LPY",), database=database
    )
    try:
        money = [(name, "USD", "90000000") for name in ("ALPHA", "BETA", "GAMMA")]
        things = [(name, code, "1000") for name in ("BETA", "GAMMA") for code in ("BTC",)]
        made.desk.fund(*money, *things, ("ALPHA", "ETH", "1000"))
        yield made
    finally:
        made.close()


def break_wires(world: Hedged, rng: random.Random) -> None:
    """In the life to come each wire breaks once or not at all: at an order or a question, before
    it arrives or behind it."""
    for tap in world.taps.values():
        cut = Cut(rng.choice("DDH"), is_delivered=rng.random() < 0.5)
        tap.cut = cut if rng.random() < 0.5 else None


def settle_hedges(world: Hedged) -> list[str]:
    """Start again while a hedge is open, and wait for its end; what never ended."""
    if not _open(world):
        return []
    world.desk.start()
    end = time.monotonic() + PATIENCE_S
    while _open(world) and time.monotonic() < end:
        time.sleep(0.1)
    code = world.desk.stop()
    assert code == 0, f"the desk stopped with {code}: {world.log()}"
    return [f"hedge {one.hedge_id} never ended: {one}" for one in _open(world)]


def _open(world: Hedged) -> list[HedgeOrder]:
    return [one for one in world.hedges() if one.is_open]


def hedging_violations(world: Hedged, traders: list[Trader]) -> list[str]:
    """Everything that is not as the laws say. The desk is down."""
    wrong = violations(world.desk, traders)
    store = open_store(world.desk.database)
    orders = {one.hedge_id: one for one in store.hedges(limit=1_000_000)}
    fills = [row.fill for row in store.hedge_fills(list(orders))]
    trades = [row.trade for row in store.trades(limit=1_000_000)]
    balances = store.balances("desk:position:")
    store.close()
    booked: Counter[str] = Counter()
    inventory: Counter[str] = Counter()
    for fill in fills:
        booked[fill.hedge_id] += fill.base_amount  # type: ignore[assignment]
        sign = 1 if fill.side is Side.BUY else -1
        inventory[fill.symbol] += sign * fill.base_amount  # type: ignore[assignment]
    for trade in trades:
        sign = -1 if trade.side is Side.BUY else 1
        inventory[trade.symbol] += sign * trade.base_amount  # type: ignore[assignment]
    for base, scale in (("BTC", 8), ("ETH", 9)):
        held = Decimal(balances.get(f"desk:position:{base}", 0)).scaleb(-scale)
        if held != inventory[f"{base}/USD"]:
            wrong.append(f"{base}: {held} in the ledger, {inventory[f'{base}/USD']} dealt")
    for key in world.venues:
        wrong += _against_venue(world, key, orders, booked)
    return wrong


def _against_venue(
    world: Hedged, key: str, orders: dict[str, HedgeOrder], booked: Counter[str]
) -> list[str]:
    """The venue's own word against our books, order by order."""
    wrong = []
    sent = Counter(world.taps[key].orders())
    mine = {name: one for name, one in orders.items() if one.venue == key}
    wrong += [f"{name} reached {key} and is not journaled" for name in sent if name not in mine]
    asked = {name: mine[name].symbol if name in mine else "BTC/USD" for name in (*mine, *sent)}
    for name, stands in world.venues[key].says_of(asked).items():
        order = mine.get(name)
        if stands.cum != booked[name]:
            wrong.append(f"{key} executed {stands.cum} of {name}, {booked[name]} is booked")
        if order is None:
            continue
        if stands.cum > order.quantity:
            wrong.append(f"{name}: {stands.cum} executed of {order.quantity}")
        if order.cum_qty != booked[name]:
            wrong.append(f"{name} says {order.cum_qty}, its fills {booked[name]}")
        if sent[name] > 2:
            wrong.append(f"{name} was sent {sent[name]} times")
    return wrong
