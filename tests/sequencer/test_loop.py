"""The one loop: it says what is committed, ends where a law breaks, finishes when stopped."""

import threading

import pytest

from otcfix.model.errors import InvariantBroken, StoreLost
from otcfix.model.event import Kill
from otcfix.model.record import Batch
from otcfix.sequencer.inbox import Incoming
from otcfix.sequencer.loop import BATCH_MAX, SNAPSHOT_VERSION
from tests.conversation import Conversation
from tests.support.world import IdleGate

REQUEST = "35=R|131={}|146=1|55=BTC/USD|38=1"


def test_a_batch_has_a_limit_and_one_commit(
    desk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is decided 128 at a time, and each batch is one transaction."""
    sizes: list[int] = []
    commit = desk.store.commit

    def counted(batch: Batch) -> None:
        sizes.append(len(batch.rows))
        commit(batch)

    monkeypatch.setattr(desk.store, "commit", counted)
    for _ in range(BATCH_MAX + 5):
        desk.inbox.put_urgent(Incoming("", 0, "", desk.now, Kill(False, "staff", "test")))
    desk.step()
    assert [size for size in sizes if size] == [BATCH_MAX, 5]


def test_what_was_said_is_marked_when_it_is_quiet(desk: Conversation) -> None:
    """The marks of the last batch wait for the next, and on a quiet desk go down by themselves."""
    client = desk.client("A44")
    client.C(REQUEST.format("R1"))
    client.hears()
    assert list(desk.store.unsent())
    desk.at("+1s")
    assert not list(desk.store.unsent())


def test_a_lost_store_ends_the_loop(desk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails stops the process; nobody hears of what was not committed."""
    client = desk.client("A44")

    def lost(_: Batch) -> None:
        raise StoreLost("the disk is full")

    with monkeypatch.context() as patched, desk.busy():
        patched.setattr(desk.store, "commit", lost)
        client.C(REQUEST.format("R1"))
        with pytest.raises(StoreLost):
            desk.sequencer.run(IdleGate())
    assert isinstance(desk.sequencer.failure, StoreLost)
    client.says_nothing_more()
    desk._dead = True  # as after a crash: the next start begins at what was committed
    desk.restarts()
    client.logs_on()
    client.talk(f"C {REQUEST.format('R1')}\nD 35=S|131=R1")


def test_a_broken_law_ends_the_loop(desk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invariant that breaks is no failed decision: the process stops, nothing is committed."""
    client = desk.client("A44")
    seq = desk.store.head()[0]

    def broken(*_: object) -> None:
        raise InvariantBroken("value was made")

    with monkeypatch.context() as patched, desk.busy():
        patched.setattr(type(desk.state), "apply", broken)
        client.C(REQUEST.format("R1"))
        with pytest.raises(InvariantBroken):
            desk.sequencer.run(IdleGate())
    assert desk.store.head()[0] == seq
    client.says_nothing_more()
    desk._dead = True
    desk.restarts()


def test_what_waits_is_decided_before_the_stop(desk: Conversation) -> None:
    """An orderly stop finishes what was received, and leaves a snapshot for the next start."""
    client = desk.client("A44")
    with desk.busy():
        for number in range(3):
            client.C(REQUEST.format(f"R{number}"))
        desk.sequencer.stop()
        desk.sequencer.run(IdleGate())
    assert [heard.get(131) for heard in client.hears_all()] == ["R0", "R1", "R2"]
    assert not list(desk.store.unsent())
    kept = desk.store.newest_snapshot(SNAPSHOT_VERSION)
    assert kept is not None
    assert kept[0] == desk.state.seq
    desk.restarts()


def test_the_loop_wakes_for_a_message(desk: Conversation) -> None:
    """It runs in a thread of its own: what is put is decided, and a stop ends it."""
    client = desk.client("A44")
    loop = threading.Thread(target=desk.sequencer.run, args=(IdleGate(),))
    with desk.busy():
        loop.start()
        client.C(REQUEST.format("R1"))
        for _ in range(500):
            if client.line.unread:
                break
            threading.Event().wait(0.01)
        desk.sequencer.stop()
        loop.join(10)
    assert not loop.is_alive()
    assert desk.sequencer.failure is None
    client.talk("D 35=S|131=R1")
    desk.restarts()
