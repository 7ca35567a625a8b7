"""Whatever is committed in whatever batches: balances are sums, numbers are the highest."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.ledger import Transfer
from otcfix.store import Store, open_store, progress
from otcfix.store import journal as chain
from otcfix.store import postgres as postgres_store
from otcfix.store.tables import metadata
from tests.store.days import Day
from tests.support.postgres import PostgresServer

ACCOUNTS = [
    chart.desk_account(chart.POSITION, "USD"),
    chart.desk_account(chart.PNL, "USD"),
    chart.venue_account("bank", "USD"),
    chart.client_account("acme", chart.PAYABLE, "USD"),
    chart.client_account("beta", chart.PAYABLE, "USD"),
]
SESSIONS = ["acme-trade", "beta-trade"]

transfers = st.builds(
    lambda pair, amount: Transfer(pair[0], pair[1], "USD", amount, "t"),
    st.permutations(ACCOUNTS).map(lambda names: names[:2]),
    st.integers(1, 2**40),
)
events = st.tuples(st.lists(transfers, max_size=4), st.sampled_from(SESSIONS), st.integers(0, 3))
batches = st.lists(
    st.tuples(
        st.lists(events, max_size=4),  # what happens, and how many replies to it
        st.lists(st.integers(0, 40), max_size=6),  # which of the replies so far are marked
        st.booleans(),  # whether the desk is started again after it
        st.integers(0, 3),  # a session's new epoch, if 1 or 2
    ),
    min_size=1,
    max_size=8,
)


class Expected:
    """What a store must know, kept the plain way."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        self.unsent: set[int] = set()
        self.said: dict[int, str] = {}
        self.reports: dict[str, list[int]] = {session: [] for session in SESSIONS}
        self.epoch = dict.fromkeys(SESSIONS, 1)
        self.last_in: dict[str, int] = {}
        self.last_out: dict[str, int] = {}
        self.seen: set[str] = set()

    def post(self, transfer: Transfer) -> None:
        balances, amount = self.balances, transfer.amount
        balances[transfer.debit] = balances.get(transfer.debit, 0) - amount
        balances[transfer.credit] = balances.get(transfer.credit, 0) + amount

    def check(self, store: Store) -> None:
        assert store.balances() == self.balances
        assert store.check_balances() == []
        assert set(store.trial_balance().values()) <= {0}
        assert [row.outbox_id for row in store.unsent()] == sorted(self.unsent)
        for session, ids in self.reports.items():
            for since in (0, *ids[len(ids) // 2 :][:1]):
                found = [row.outbox_id for row in store.said_since(session, since)]
                assert found == [outbox_id for outbox_id in ids if outbox_id > since]
        numbers = store.session_numbers()
        assert set(numbers) == self.seen
        for session, known in numbers.items():
            assert known.epoch == self.epoch[session]
            assert known.last_in == self.last_in.get(session, 0)
            assert known.last_out == self.last_out.get(session, 0)
        assert chain.verify(store.journal()).first_bad is None


def live_through(plan: list[tuple], begin: Callable[[], Store]) -> None:
    day, expected, numbers = Day(), Expected(), iter(range(1, 10_000))
    store = begin()
    for happened, marked, restarts, epoch in plan:
        if epoch in {1, 2}:
            session = SESSIONS[epoch - 1]
            expected.epoch[session] += 1
            expected.last_in[session] = expected.last_out[session] = 0
            expected.seen.add(session)
            day.event(Decision(), "EpochMoved", session=session, epoch=expected.epoch[session],
                      msg_seq_num=0)  # fmt: skip
        for moves, session, replies in happened:
            number = next(numbers)
            day.event(Decision(transfers=tuple(moves)), session=session,
                      epoch=expected.epoch[session], msg_seq_num=number)  # fmt: skip
            expected.seen.add(session)
            expected.last_in[session] = number
            for transfer in moves:
                expected.post(transfer)
            for kind in ("8", "S", "9")[:replies]:
                expected.said[outbox_id := day.say(kind, session=session)] = session
                expected.unsent.add(outbox_id)
                if kind != "S":
                    expected.reports[session].append(outbox_id)
        for outbox_id in marked:
            if session := expected.said.get(outbox_id):
                number = next(numbers)
                day.sent(outbox_id, number, session=session, epoch=expected.epoch[session])
                expected.unsent.discard(outbox_id)
                expected.last_out[session] = number
        store.commit(day.done())
        expected.check(store)
        if restarts:
            store = begin()
            expected.check(store)


plainly = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@plainly
@given(batches)
def test_sqlite_keeps_the_books(migrated_file: Path, plan: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        shutil.copy(migrated_file, f"{folder}/desk.db")
        stack.enter_context(_written_often())
        live_through(plan, _beginner(stack, f"sqlite:///{folder}/desk.db"))


@plainly
@given(batches, st.booleans())
def test_postgresql_keeps_the_books(server: PostgresServer, plan: list[tuple], copy: bool) -> None:
    with psycopg.connect(server.conninfo("desk")) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in metadata.tables:
            connection.execute(f"DELETE FROM {table}")
    limit, postgres_store.PIPELINED_MAX = postgres_store.PIPELINED_MAX, 0 if copy else 10**9
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, postgres_store, "PIPELINED_MAX", limit)
        stack.enter_context(_written_often())
        live_through(plan, _beginner(stack, server.url("desk")))


def _beginner(stack: contextlib.ExitStack, url: str) -> Callable[[], Store]:
    """Start a desk on *url*; the one before ends without a word, as if it were killed."""

    def begin() -> Store:
        store = open_store(url)
        stack.callback(store.close)
        stack.callback(setattr, store, "_tracker", None)
        return store

    return begin


@contextlib.contextmanager
def _written_often():
    every, progress.EVERY = progress.EVERY, 5
    try:
        yield
    finally:
        progress.EVERY = every
