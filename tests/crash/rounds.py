"""Rounds of: deal, kill -9, restart, reconnect. And what must be true at the end."""

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from tests.support.desk_process import DeskProcess
from tests.support.fixclient import Fields, FixClient, Received, utc_now

SESSIONS = (
    ("ALPHA44", "FIX.4.4", "ALPHA", "alpha"),
    ("BETA42", "FIX.4.2", "BETA", "beta"),
    ("GAMMA50", "FIX.5.0SP2", "GAMMA", "gamma"),
)

BUYS: Fields = [(54, "1"), (38, "0.01")]


@dataclass
class Trader:
    """A client that deals as fast as answers come and keeps what it was told."""

    client: FixClient
    name: str
    symbol: str
    rng: random.Random
    count: int = 0
    requests: int = 0
    fills: dict[str, Received] = field(default_factory=dict)
    acks: set[str] = field(default_factory=set)
    told_twice: list[str] = field(default_factory=list)
    final: dict[str, str] = field(default_factory=dict)
    resting: list[str] = field(default_factory=list)

    @property
    def group_price(self) -> bool:
        return self.client.version == "FIX.4.2"

    def act(self) -> None:
        """Ask for a quote, leave a limit order, or cancel one."""
        choice = self.rng.random()
        if choice < 0.6:
            self.requests += 1
            number = f"{self.name}R{self.requests}"
            self.client.send(
                "R", [(131, number), (146, "1"), (55, self.symbol), (54, "1"), (38, "0.01")]
            )
        elif choice < 0.9 or not self.resting:
            self.count += 1
            name = f"{self.name}L{self.count}"
            price = self.rng.choice(("103000", "50000"))
            self._order(name, [(40, "2"), (44, price), (59, "1")])
            if price == "50000":
                self.resting.append(name)
        else:
            self.count += 1
            target = self.resting.pop(0)
            name = f"{self.name}C{self.count}"
            self.client.send(
                "F",
                [
                    (41, target),
                    (11, name),
                    (55, self.symbol),
                    (54, "1"),
                    (60, utc_now()),
                    (38, "0.01"),
                ],
            )

    def deal(self, quote: Received) -> Fields:
        """Side and quantity of the deal on *quote*."""
        return BUYS

    def _order(self, name: str, extra: Fields, what: Fields = BUYS) -> None:
        head = [(11, name), (21, "1")] if self.client.version == "FIX.4.2" else [(11, name)]
        body = [(55, self.symbol), *what, (60, utc_now())]
        self.client.send("D", [*head, *body, *extra])

    def listen(self) -> None:
        """Take what came; deal on quotes."""
        self.client.poll(0.001)
        heard, self.client.received = self.client.received, []
        for message in heard:
            if message.kind == "S" and self.client.online:
                self.count += 1
                quoted = [(40, "D"), (117, message[117]), (59, "4")]
                self._order(f"{self.name}Q{self.count}", quoted, self.deal(message))
            elif message.kind == "8":
                self._report(message)

    def _report(self, message: Received) -> None:
        if message.get(150) == "I" or message.get(20) == "3":
            return
        self.final[message[11]] = message[39]
        if message[39] in ("1", "2") and 32 in message:
            known = self.fills.get(message[17])
            if known is None:
                self.fills[message[17]] = message
            elif message.get(97) != "Y" and message.get(43) != "Y":
                self.told_twice.append(message[17])
        elif message[39] == "0":
            self.acks.add(message[11])


def make_traders(desk: DeskProcess, seed: int) -> list[Trader]:
    """One trader a version."""
    traders = []
    for number, (_, version, comp_id, user) in enumerate(SESSIONS):
        client = FixClient(
            desk.port,
            version=version,
            me=comp_id,
            username=user,
            secret=f"trial-secret-{user}",
            heartbeat=10,
        )
        symbol = "BTC-USD" if version == "FIX.4.2" else "BTC/USD"
        traders.append(Trader(client, comp_id, symbol, random.Random(seed * 10 + number)))
    return traders


def fund(desk: DeskProcess) -> None:
    """Deposit, with the desk not running."""
    desk.fund(*((name, "USD", "90000000") for name in ("ALPHA", "BETA", "GAMMA")))


def one_life(desk: DeskProcess, traders: list[Trader], seconds: float) -> None:
    """Start, log on, deal for a while, kill."""
    desk.start()
    for trader in traders:
        trader.client.logon()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for trader in traders:
            if trader.client.sock is None:
                trader.client.logon(wait=1)
            if len(trader.client.received) < 50:
                trader.act()
            trader.listen()
    desk.kill()
    for trader in traders:
        trader.listen()
        trader.client.drop()


def last_life(desk: DeskProcess, traders: list[Trader]) -> None:
    """Start once more, let everybody hear what is owed, stop in order."""
    desk.start()
    for trader in traders:
        assert trader.client.logon(), f"{trader.name} was not let in again"
    quiet = time.monotonic() + 1.5
    while time.monotonic() < quiet:
        for trader in traders:
            before = trader.client.next_in
            trader.client.poll(0.01)
            heard, trader.client.received = trader.client.received, []
            for message in heard:
                if message.kind == "8":
                    trader._report(message)
            if trader.client.next_in != before:
                quiet = time.monotonic() + 1.5
    for trader in traders:
        trader.client.logout()
    code = desk.stop()
    assert code == 0, f"the desk stopped with {code}: {desk.log.read_text()[-3000:]}"


def violations(desk: DeskProcess, traders: list[Trader]) -> list[str]:
    """Everything that is not as the laws say."""
    base = ("--database", desk.database, "--json")
    configured = ("--config", str(desk.config), *base)
    booked = json.loads(desk.run("trades", *base, "--limit", "1000000").stdout)
    trades = {row["exec_id"]: row for row in booked["trades"]}
    wrong: list[str] = []
    per_order = Counter(row["cl_ord_id"] for row in booked["trades"])
    wrong += [f"{name} executed {n} times" for name, n in per_order.items() if n > 1]
    told: dict[str, Received] = {}
    for trader in traders:
        told |= trader.fills
        wrong += [f"{exec_id} told twice without a flag" for exec_id in trader.told_twice]
    for exec_id, message in told.items():
        row = trades.get(exec_id)
        if row is None:
            wrong.append(f"fill {exec_id} was told and is not in the ledger")
        elif Decimal(row["price"]) != Decimal(message[31]):
            wrong.append(f"fill {exec_id} was told at {message[31]}, booked at {row['price']}")
    wrong += [f"trade {exec_id} was never told" for exec_id in trades if exec_id not in told]
    if len(trades) != len(booked["trades"]):
        wrong.append("an ExecID stands twice in the book")
    verify = desk.run("journal", "verify", *base)
    if verify.returncode != 0:
        wrong.append(f"journal verify: {verify.stdout} {verify.stderr[-500:]}")
    balance = desk.run("ledger", "trial-balance", *configured)
    if balance.returncode != 0:
        wrong.append(f"trial balance: {balance.stdout} {balance.stderr[-500:]}")
    prints = [desk.run("replay", *configured, timeout=600) for _ in range(2)]
    if any(one.returncode for one in prints) or prints[0].stdout == "":
        wrong.append(f"replay: {prints[0].stdout} {prints[0].stderr[-500:]}")
    elif len({json.loads(one.stdout)["fingerprint"] for one in prints}) != 1:
        wrong.append("two replays gave two fingerprints")
    return wrong
