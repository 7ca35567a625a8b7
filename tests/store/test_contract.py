"""What every store promises, on both databases: the journal, whole batches, one writer."""

import contextlib
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.errors import InvariantBroken, StoreLost
from otcfix.model.ledger import Transfer
from otcfix.model.record import SessionNumbers
from otcfix.store import Store, open_store
from otcfix.store import journal as chain
from otcfix.store.tables import metadata
from tests.store.days import NOON, Day, a_quote, a_trade, a_use, deposit, everything, legs

Reopen = Callable[[], Store]

ACME = chart.client_account("acme", chart.AVAILABLE, "USD")
BANK = chart.venue_account("bank", "USD")


# -- the journal -----------------------------------------------------------------------------


def test_an_empty_store_begins_before_the_first_event(store: Store) -> None:
    assert store.head() == (0, bytes(32), 0, 0)
    assert list(store.journal()) == []
    assert list(store.unsent()) == []
    assert store.session_numbers() == {}
    assert store.trial_balance() == {}
    assert store.counts()["events"] == 0


@pytest.mark.usefixtures("way")
def test_events_come_back_as_they_went_in(store: Store, reopened: Reopen, day: Day) -> None:
    store.commit(day.funded())
    day.quote_request()
    day.fill()
    batch = day.done()
    store.commit(batch)

    again = reopened()

    assert again.head() == (3, batch.rows[-1].hash, batch.rows[-1].at, 3)
    assert list(again.journal(after=1)) == batch.rows
    assert list(again.journal(until=1)) == list(store.journal())[:1]
    assert chain.verify(again.journal()) == chain.Verified(3, batch.rows[-1].hash)


def test_the_journal_is_read_in_chunks(
    store: Store, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otcfix.store.reader.CHUNK", 4)
    for _ in range(9):
        day.event(Decision(), session="x")
        day.say(session="x")
    store.commit(day.done())

    for until in (None, 4, 8, 9):
        seqs = [row.seq for row in store.journal(until=until)]
        assert seqs == list(range(1, (until or 9) + 1))
    assert [row.outbox_id for row in store.said_since("x", 1)] == list(range(2, 10))
    assert [row.outbox_id for row in store.unsent()] == list(range(1, 10))


@pytest.mark.parametrize(
    "text", ["58=NUL\0here", "58=not UTF-8 \udcff", "58=tab\tline\nback\\slash\r", "58=Zürich €"]
)
@pytest.mark.usefixtures("way")
def test_no_text_of_a_client_can_stop_the_desk(store: Store, day: Day, text: str) -> None:
    use = a_use("1", cl_ord_id=text, text=text, orig_cl_ord_id=text)
    trade = a_trade("1", account=text)
    day.event(Decision(uses=(use,), trades=(trade,)), text=f"8=FIX.4.4\x01{text}\x01")
    day.say(text=text)
    batch = day.done()
    store.commit(batch)

    assert list(store.journal()) == batch.rows
    assert list(store.unsent()) == batch.outbox
    assert chain.verify(store.journal()).first_bad is None
    (found,) = store.recall([("cl_ord_id", "acme", text)])
    assert found.use == use
    assert [row.trade for row in store.trades()] == [trade]


@pytest.mark.usefixtures("way")
def test_a_text_at_the_end_of_a_batch_cannot_either(store: Store, day: Day) -> None:
    store.commit(day.funded())
    quote = a_quote("1", quote_req_id="r\0")
    day.fill("1", quotes=(quote,))
    day.event(Decision(uses=(a_use("2", cl_ord_id="\udcff"),)))
    batch = day.done()
    store.commit(batch)

    assert list(store.journal(after=1)) == batch.rows
    (found,) = store.recall([("quote_request", "acme", "r\0")])
    assert found.quotes == (quote,)
    assert store.check_balances() == []


def test_events_must_follow_the_last_one(store: Store, reopened: Reopen) -> None:
    ahead = Day(seq=1)
    ahead.event(Decision())

    with pytest.raises(InvariantBroken, match="do not follow event 0"):
        store.commit(ahead.done())
    with pytest.raises(StoreLost, match="lost before"):
        store.commit(Day().funded())

    assert reopened().head().seq == 0


def test_events_of_a_batch_must_be_gapless(store: Store, day: Day) -> None:
    for _ in range(3):
        day.event(Decision())
    batch = day.done()
    del batch.rows[1]

    with pytest.raises(InvariantBroken):
        store.commit(batch)


# -- all or nothing --------------------------------------------------------------------------


def a_broken_fill(day: Day, what: str) -> None:
    """Add an event that the database refuses at its last rows."""
    broken = {
        "duplicate ClOrdID": {"uses": (a_use("9"), a_use("9"))},
        "overdraft": {"transfers": (Transfer(ACME, BANK, "USD", 10**16, "withdrawal"),)},
        "overflow": {"transfers": (deposit(amount=2**63 - 1), deposit(amount=2**63 - 1))},
    }
    day.fill("9", **broken[what])


@pytest.mark.parametrize("what", ["duplicate ClOrdID", "overdraft", "overflow"])
@pytest.mark.usefixtures("way")
def test_a_batch_that_fails_leaves_nothing(
    store: Store, reopened: Reopen, day: Day, what: str
) -> None:
    store.commit(day.funded())
    before = everything(store)
    day.fill("8")
    a_broken_fill(day, what)
    day.sent(1, 1)

    with pytest.raises(StoreLost):
        store.commit(day.done())
    assert everything(reopened()) == before

    with pytest.raises(StoreLost, match="lost before"):
        store.commit(Day(seq=1).done())


def test_a_second_writer_cannot_write(store: Store, reopened: Reopen, day: Day) -> None:
    store.commit(day.funded())
    late = reopened()
    late.commit(Day(seq=1).done())  # it looked at the journal when event 1 was the last
    day.quote_request()
    store.commit(day.done())

    other = Day(seq=1)
    other.event(Decision())
    with pytest.raises(StoreLost):
        late.commit(other.done())
    assert reopened().head().seq == 2


@pytest.mark.usefixtures("way")
def test_only_marks_may_be_committed(store: Store, day: Day) -> None:
    day.quote_request()
    store.commit(day.done())
    day.sent(1, 7)
    day.batch.proven["acme-trade"] = 1
    store.commit(day.done())
    store.commit(day.done())  # nothing at all

    assert store.session_numbers() == {"acme-trade": SessionNumbers("acme-trade", 1, 1, 7, 1)}


# -- snapshots and commands ------------------------------------------------------------------


def test_the_last_two_snapshots_are_kept(store: Store, reopened: Reopen, day: Day) -> None:
    for _ in range(4):
        day.event(Decision())
    store.commit(day.done())
    assert store.newest_snapshot("1") is None
    body = bytes(range(256)) * 4_000
    for seq in (1, 2, 3):
        store.save_snapshot(seq, NOON + seq, "1", body + bytes([seq]), b"filter")
    store.save_snapshot(4, NOON, "2", b"new", b"")
    again = reopened()

    assert again.newest_snapshot("1") == (3, NOON + 3, body + b"\3", b"filter")
    assert again.newest_snapshot("2") == (4, NOON, b"new", b"")
    assert again.newest_snapshot("3") is None
    with again.reading() as connection:
        table = metadata.tables["snapshots"]
        assert sorted(connection.scalars(sa.select(table.c.seq))) == [3, 4]

    again.save_snapshot(4, NOON, "2", b"newer", b"")
    assert again.newest_snapshot("2") == (4, NOON, b"newer", b"")
    with pytest.raises(InvariantBroken):
        again.save_snapshot(5, NOON, "2", b"", b"")


def test_commands_are_done_with_their_event(store: Store, reopened: Reopen, day: Day) -> None:
    other = reopened()
    first = other.put_command({"kill": True}, "ann", NOON)
    second = other.put_command('{"kill": false}', "bob", NOON + 1)
    assert [(c.id, c.body, c.by) for c in store.new_commands()] == [
        (first, '{"kill": true}', "ann"),
        (second, '{"kill": false}', "bob"),
    ]
    assert [command.id for command in store.new_commands(first)] == [second]
    assert store.counts()["commands_waiting"] == 2

    day.event(Decision(), "Kill", session="", msg_seq_num=0)
    day.batch.commands_done.append((first, 1, "done: €"))
    store.commit(day.done())

    assert [command.id for command in reopened().new_commands()] == [second]
    done = other.command_result(first)
    assert done is not None
    assert (done.done_seq, done.result) == (1, "done: €")
    assert other.command_result(second).result is None
    assert other.command_result(99) is None


# -- one writer, many readers ----------------------------------------------------------------


def test_only_one_desk_runs(store: Store, url: str) -> None:
    store.lock()
    assert store.try_lock(), "it is ours already"
    with contextlib.closing(open_store(url)) as other:
        assert not other.try_lock()
        with pytest.raises(StoreLost, match=r"another desk runs on this database: .*\d"):
            other.lock(patience_s=0)
        store.close()
        other.lock()


def test_readers_see_whole_batches_while_the_desk_writes(url: str, day: Day) -> None:
    writer, reader = open_store(url), open_store(url)
    over = threading.Event()
    seen: list[set[int]] = []

    def read() -> None:
        while not over.is_set():
            seen.append(set(reader.trial_balance().values()))
            reader.put_command("{}", "somebody", NOON)

    with contextlib.closing(writer), contextlib.closing(reader):
        thread = threading.Thread(target=read)
        thread.start()
        try:
            writer.commit(day.funded())
            for _ in range(60):
                day.fill()
                writer.commit(day.done())
        finally:
            over.set()
            thread.join()

        assert all(totals <= {0} for totals in seen)
        assert len(seen) > 1
        assert writer.counts()["commands_waiting"] == len(seen)


def test_one_look_sees_one_state(store: Store, reopened: Reopen, day: Day) -> None:
    store.commit(day.funded())
    count = sa.select(sa.func.count()).select_from(metadata.tables["journal"])
    other = reopened()
    with other.reading() as connection:
        assert connection.scalar(count) == 1
        day.fill()
        store.commit(day.done())
        assert connection.scalar(count) == 1

    assert other.head().seq == 2


@pytest.mark.usefixtures("way")
def test_proofs_are_kept(store: Store, reopened: Reopen, day: Day) -> None:
    for proof in (1, 1, 3, 2):
        day.batch.proven |= {"acme-trade": proof, "beta-trade": 7}
        store.commit(day.done())
        found = reopened().session_numbers()
        assert (found["acme-trade"].proven, found["beta-trade"].proven) == (proof, 7)

    store.close()
    last = reopened()
    day.batch.proven["acme-trade"] = 2
    last.commit(day.done())
    day.batch.proven["acme-trade"] = 4
    last.commit(day.done())
    assert reopened().session_numbers()["acme-trade"].proven == 4


@pytest.mark.usefixtures("way")
def test_a_large_batch_goes_the_same_way(store: Store, day: Day) -> None:
    store.commit(day.funded())
    for _ in range(64):
        day.quote_request()
        day.fill(obligations=(day.owed(),))
    day.event(Decision(transfers=legs("acme")))
    batch = day.done()
    store.commit(batch)

    assert list(store.journal(after=1)) == batch.rows
    assert list(store.unsent()) == batch.outbox
    assert len(store.trades()) == 64
    assert store.check_balances() == []
