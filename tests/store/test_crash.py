"""A desk that is killed while it writes: what it was told is committed is there, nothing half."""

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from otcfix.store import open_store
from otcfix.store.journal import verify

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2, 3)

DESK = """
import sys
from otcfix.store import open_store
from tests.store.days import Day
store = open_store(sys.argv[1])
store.lock()
head = store.head()
day = Day(head.seq, head.outbox_id, head.hash)
store.commit(day.funded())
while True:
    for _ in range(8):
        outbox_id = day.quote_request()
        day.fill()
        day.sent(outbox_id, outbox_id)
    store.commit(day.done())
    print(day.seq, flush=True)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_was_committed_survives_a_kill(kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    for seed in SEEDS:
        told = killed(url, after_s=0.05 + random.Random(seed).random() / 5)

        with contextlib.closing(open_store(url)) as store:
            store.lock()  # the server may be at the last batch still
            head = store.head()
            assert head.seq >= told > 0
            assert (head.seq - seed) % 16 == 0, "a batch is there or it is not"
            found = verify(store.journal())
            assert (found.count, found.head, found.first_bad) == (head.seq, head.hash, None)
            fills = (head.seq - seed) // 2
            assert len(store.trades()) == fills
            assert head.outbox_id == 3 * fills
            assert len(list(store.unsent())) == 2 * fills
            assert store.check_balances() == []
            assert set(store.trial_balance().values()) == {0}


def killed(url: str, after_s: float) -> int:
    """Run a desk, kill it in the middle of its work, return the last event it was sure of."""
    with subprocess.Popen(
        [sys.executable, "-c", DESK, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as desk:
        told = desk.stdout.readline()
        time.sleep(after_s)
        desk.kill()
        told += desk.stdout.read()
    whole = told[: told.rindex("\n")]
    return int(whole.split("\n")[-1])
