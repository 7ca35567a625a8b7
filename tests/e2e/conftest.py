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
    made.fund(*PREFUND)
    made.start()
    yield made
    made.kill()
