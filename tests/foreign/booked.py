"""What both foreign engines are held against: the desk's own books."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.support.desk_process import DeskProcess

CLIENTS = {"FIX.4.2": "BETA", "FIX.4.4": "ALPHA", "FIX.5.0SP2": "GAMMA"}
"""Who speaks what, of the shipped sessions."""


def trades(desk: DeskProcess, client: str) -> list[dict[str, Any]]:
    """What the desk has booked of a client."""
    done = desk.run("trades", "--client", client, "--database", desk.database, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    return list(found["trades"] if isinstance(found, dict) else found)


def wait_for(what: Callable[[], object], patience_s: float = 5.0) -> None:
    """Until it is so."""
    end = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)
