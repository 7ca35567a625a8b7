"""`scripts/crash`: kill the desk N times on each database, then look for broken laws."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.hedging import (
    break_wires,
    hedged,
    hedging_traders,
    hedging_violations,
    settle_hedges,
)
from tests.crash.rounds import fund, last_life, make_traders, one_life, violations
from tests.support.desk_process import DeskProcess
from tests.support.hedged_desk import Hedged
from tests.support.postgres import PostgresServer


def campaign(database: str, kills: int, seed: int) -> bool:
    """One database: True when no law was broken."""
    with tempfile.TemporaryDirectory(prefix="otcfix-crash-") as name:
        folder = Path(name)
        if database == "sqlite":
            return _campaign(DeskProcess(folder), database, kills, seed)
        with PostgresServer() as server:
            url = server.create_database("crash")
            return _campaign(DeskProcess(folder, url), database, kills, seed)


def hedging_campaign(database: str, kills: int, seed: int) -> bool:
    """The same with hedging on: True when books and venues agree, and no law was broken."""
    with tempfile.TemporaryDirectory(prefix="otcfix-crash-") as name:
        if database == "sqlite":
            with hedged(Path(name), seed) as world:
                return _hedging_campaign(world, database, kills, seed)
        with (
            PostgresServer() as server,
            hedged(Path(name), seed, server.create_database("crash")) as world,
        ):
            return _hedging_campaign(world, database, kills, seed)


def _hedging_campaign(world: Hedged, database: str, kills: int, seed: int) -> bool:
    rng = random.Random(seed)
    traders = hedging_traders(world.desk, seed)
    started = time.monotonic()
    for number in range(1, kills + 1):
        break_wires(world, rng)
        one_life(world.desk, traders, rng.uniform(0.3, 1.5))
        if number % 10 == 0 or number == kills:
            took = time.monotonic() - started
            print(f"{database}: {number}/{kills} kills, {len(world.hedges())} hedges, {took:.0f} s")
    last_life(world.desk, traders)
    wrong = [*settle_hedges(world), *hedging_violations(world, traders)]
    for line in wrong[:50]:
        print(f"{database}: BROKEN: {line}")
    orders = world.hedges()
    resent = sum(one.sends > 1 for one in orders)
    fills = sum(len(trader.fills) for trader in traders)
    print(
        f"{database}: {fills} fills, {len(orders)} hedges, {resent} sent again, "
        f"{len(wrong)} violations"
    )
    return not wrong


def _campaign(desk: DeskProcess, database: str, kills: int, seed: int) -> bool:
    rng = random.Random(seed)
    fund(desk)
    traders = make_traders(desk, seed)
    started = time.monotonic()
    for number in range(1, kills + 1):
        one_life(desk, traders, rng.uniform(0.15, 1.0))
        if number % 10 == 0 or number == kills:
            fills = sum(len(trader.fills) for trader in traders)
            took = time.monotonic() - started
            print(f"{database}: {number}/{kills} kills, {fills} fills told, {took:.0f} s")
    last_life(desk, traders)
    wrong = violations(desk, traders)
    for line in wrong[:50]:
        print(f"{database}: BROKEN: {line}")
    orders = sum(trader.count for trader in traders)
    fills = sum(len(trader.fills) for trader in traders)
    print(f"{database}: {orders} requests, {fills} fills, {len(wrong)} violations")
    return not wrong


def main() -> int:
    """Exit 0 when nothing was broken."""
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills per database (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--hedging", action="store_true", help="cover at two venues that misbehave, meanwhile"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    chosen = parser.parse_args()
    names = ("sqlite", "postgresql") if chosen.database == "both" else (chosen.database,)
    run = hedging_campaign if chosen.hedging else campaign
    passed = [run(name, chosen.kills, chosen.seed) for name in names]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
