"""A real desk in a real process, one for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk_process import DeskProcess

PREFUND = (("ALPHA", "USD", "500000"), ("ALPHA", "BTC", "5"), ("BETA", "USD", "250000"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskProcess]:
    """The shipped configuration, funded and running, with a market that stands still."""
    made = DeskProcess(
        tmp_path,
        edits={"venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")]},
    )
    deposit(made)
    made.start()
    yield made
    made.kill()


def deposit(desk: DeskProcess) -> None:
    """Book the clients' money while the desk is down."""
    for client, asset, amount in PREFUND:
        done = desk.run(
            "ledger", "deposit", client, asset, amount,
            "--config", str(desk.config), "--database", desk.database,
        )
        assert done.returncode == 0, done.stdout + done.stderr
