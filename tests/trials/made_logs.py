"""Logs for replays, made by a desk: a client's script of chance is said to it, and both sides kept.

The script is the same each time (its chance is seeded): requests, orders on the quotes that came,
market and limit orders, cancels, replacements, questions, and what is refused. It is said on
sessions of the bench's configuration, one for each version.
"""

import random
from decimal import Decimal
from pathlib import Path

from otcfix.bench import desk_config
from otcfix.bench.load import session_name
from otcfix.config import Config, load
from otcfix.fix.dictionaries import VERSIONS
from otcfix.fixlog.fields import Field, framed, value_of
from otcfix.fixlog.header import head_of
from otcfix.model.time import MS, SECOND, Instant, utc_timestamp
from otcfix.trials.staged_desk import StagedDesk, drained

BEGAN = 1_767_609_000 * SECOND  # Monday 2026-01-05 10:30 UTC
SESSIONS = {version: session_name(n) for n, version in enumerate(VERSIONS)}
BEGINS = {"FIX.4.2": b"FIX.4.2", "FIX.4.4": b"FIX.4.4", "FIX.5.0SP2": b"FIXT.1.1"}


def config_of(folder: Path) -> Config:
    """The bench's desk with a session of each version."""
    target = folder / "config"
    if not target.is_dir():
        target.mkdir(parents=True)
        desk_config.write(target, 0, len(SESSIONS), ("ETH",))
        path = target / "sessions.toml"
        text = path.read_text()
        for key, version in zip(SESSIONS.values(), SESSIONS, strict=True):
            before, mark, after = text.partition(f'key = "{key}"')
            text = before + mark + after.replace('"FIX.4.4"', f'"{version}"', 1)
        path.write_text(text)
    return load(target)


def rates_file(folder: Path, seconds: int) -> Path:
    """A table of rates: two pairs that walk, twice a second."""
    chance = random.Random(3)
    mids = {"BTC/USD": Decimal(100_000), "ETH/USD": Decimal(4_000)}
    rows = ["time,symbol,bid,offer,quantity"]
    for half in range(seconds * 2):
        for symbol, before in mids.items():
            mid = mids[symbol] = before * (1 + Decimal(chance.randint(-3, 3)) / 100_000)
            at = utc_timestamp(BEGAN + half * 500 * MS)
            rows.append(
                f"{at},{symbol},{mid * Decimal('0.9999'):.2f},{mid * Decimal('1.0001'):.2f},500"
            )
    path = folder / "rates.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


class Talker:
    """One client's script, and what it needs to remember of the answers."""

    def __init__(self, version: str, chance: random.Random) -> None:
        self.version = version
        self.chance = chance
        self.count = 0
        self.quotes: list[tuple[bytes, bytes, bytes, bytes]] = []
        self.orders: list[bytes] = []

    def next(self, at: Instant) -> tuple[bytes, list[Field]]:
        """What it says now."""
        chance = self.chance
        self.count += 1
        name = b"%b-%d" % (self.version[4:].encode(), self.count)
        time = (b"60", utc_timestamp(at).encode())
        symbol = chance.choice((b"BTC/USD", b"BTC/USD", b"ETH/USD", b"ETH/USD", b"XXX/USD"))
        size = b"0.%d" % chance.randint(1, 9)
        side = chance.choice((b"1", b"2"))
        roll = chance.random()
        if roll < 0.4 or not self.orders:
            if self.quotes and chance.random() < 0.6:
                return self._hit(name, time)
            lines = [(b"131", name), (b"146", b"1"), (b"55", symbol), (b"38", size)]
            return b"R", [*lines, time] if self.version != "FIX.4.2" else lines
        body = [(b"11", name), (b"55", symbol), (b"54", side), time, (b"38", size)]
        if self.version == "FIX.4.2":
            body.insert(1, (b"21", b"1"))
        if roll < 0.6:
            return b"D", [*body, (b"40", b"1"), (b"59", b"3")]
        if roll < 0.8:
            price = b"90000" if side == b"1" else b"110000"
            self.orders.append(name)
            return b"D", [*body, (b"40", b"2"), (b"44", price), (b"59", b"1")]
        known = chance.choice(self.orders[-20:])
        order = [(b"41", known), (b"11", name), (b"55", symbol), (b"54", side), time]
        if roll < 0.9:
            return b"F", [*order, (b"38", size)]
        return b"H", [(b"11", known), (b"55", symbol), (b"54", side)]

    def _hit(self, name: bytes, time: Field) -> tuple[bytes, list[Field]]:
        quote, symbol, size, price = self.quotes.pop()
        body = [(b"11", name), (b"117", quote), (b"55", symbol), (b"54", b"1"), time]
        if self.version == "FIX.4.2":
            body.insert(1, (b"21", b"1"))
        return b"D", [*body, (b"38", size), (b"40", b"D"), (b"44", price)]

    def heard(self, message: bytes) -> None:
        """Remember a quote."""
        if head_of(message)[0] == b"S" and value_of(message, b"133"):
            found = [value_of(message, tag) for tag in (b"117", b"55", b"135", b"133")]
            self.quotes.append((found[0], found[1], found[2], found[3]))
            del self.quotes[:-3]


def made_log(folder: Path, messages: int) -> tuple[Path, Path]:
    """Write a log of at least that many messages of clients, and the rates it was made at."""
    config = config_of(folder)
    chance = random.Random(11)
    rates = rates_file(folder, messages // 10)
    talkers = [Talker(version, chance) for version in SESSIONS]
    numbers = dict.fromkeys(SESSIONS, 0)
    names = {one.key: one for one in config.sessions.session}
    path = folder / "made.log"
    with StagedDesk(config, BEGAN, rates=rates) as desk, path.open("wb") as file:

        def keep() -> None:
            for talker in talkers:
                for text in drained(desk.said[SESSIONS[talker.version]]):
                    talker.heard(text)
                    file.write(b"%b : %b\n" % (utc_timestamp(desk.now).encode(), text))

        for key in SESSIONS.values():
            desk.log_on(key)
        for _ in range(messages):
            talker = chance.choice(talkers)
            desk.go(desk.now + chance.choice((5, 20, 50, 200)) * MS)
            keep()
            kind, body = talker.next(desk.now)
            numbers[talker.version] += 1
            session = names[SESSIONS[talker.version]]
            head = [
                (b"35", kind), (b"34", b"%d" % numbers[talker.version]),
                (b"49", session.target_comp_id.encode()),
                (b"52", utc_timestamp(desk.now).encode()), (b"56", session.sender_comp_id.encode()),
            ]  # fmt: skip
            text = b"".join(b"%b=%b\x01" % field for field in (*head, *body))
            text = framed(BEGINS[talker.version], text)
            file.write(b"%b : %b\n" % (utc_timestamp(desk.now).encode(), text))
            desk.hears(session.key, kind, body)
            keep()
    return path, rates
