"""Law 6: nothing told is lost, nothing is done twice, whatever the instant of the kill."""

import random
from pathlib import Path

import pytest

from tests.crash.hedging import (
    break_wires,
    hedged,
    hedging_traders,
    hedging_violations,
    settle_hedges,
)
from tests.crash.rounds import fund, last_life, make_traders, one_life, violations
from tests.support.desk_process import DeskProcess
from tests.support.postgres import PostgresServer


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_desk_killed_at_random_instants_breaks_no_law(tmp_path: Path, database: str) -> None:
    """Every fill told is booked once, every trade is told, nothing executes twice."""
    if database == "sqlite":
        check(DeskProcess(tmp_path), kills=5)
        return
    with PostgresServer() as server:
        check(DeskProcess(tmp_path, server.create_database("crash")), kills=4)


def check(desk: DeskProcess, kills: int) -> None:
    """Kill *kills* times, then look for broken laws."""
    rng = random.Random(7)
    fund(desk)
    traders = make_traders(desk, 7)
    try:
        for _ in range(kills):
            one_life(desk, traders, rng.uniform(0.2, 0.8))
        last_life(desk, traders)
        assert violations(desk, traders) == []
        assert sum(len(trader.fills) for trader in traders) > 0
    finally:
        desk.kill()


def test_a_desk_killed_while_it_hedges_books_what_its_venues_executed(tmp_path: Path) -> None:
    """No hedge executes twice, none is lost; what the venues say is what is booked."""
    rng = random.Random(11)
    with hedged(tmp_path, seed=11) as world:
        traders = hedging_traders(world.desk, 11)
        for _ in range(2):
            break_wires(world, rng)
            one_life(world.desk, traders, rng.uniform(0.6, 1.0))
        last_life(world.desk, traders)
        assert settle_hedges(world) == []
        assert hedging_violations(world, traders) == []
        assert sum(len(trader.fills) for trader in traders) > 0
        assert {one.venue for one in world.hedges()} == {"LPX", "LPY"}
