"""Batches that are written while the next one is decided: nobody hears or sees any difference."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otcfix.model.errors import StoreLost
from otcfix.sequencer import loop
from otcfix.store.sqlite import SqliteStore
from tests.conftest import OpenDesk
from tests.conversation import Conversation

REQUEST = "35=R|131={0}|146=1|55=BTC/USD|38=0.01"
LIMIT = "35=D|11={0}|55=BTC/USD|54=1|38=0.01|40=2|44=99000"
MARKET = "35=D|11={0}|55=BTC/USD|54=1|38=0.01|40=1"
CANCEL = "35=F|11={0}|41={1}"


@contextmanager
def overlapping(desk: Conversation) -> Iterator[None]:
    """Let the desk write on a thread of its own."""
    committer = desk.sequencer._committer
    committer.start()
    try:
        yield
        desk.step()
    finally:
        committer.stop()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a handful of messages is several batches."""
    monkeypatch.setattr(loop, "BATCH_MAX", 3)
    monkeypatch.setattr(loop, "FEW", 1)


def burst(desk: Conversation) -> list[str]:
    """What a client hears who sends ids again while the batch that used them up is under way."""
    client = desk.client("A44")
    with desk.busy():
        for number in range(12):
            client.C(LIMIT.format(f"L{number}"))
            client.C(CANCEL.format(f"C{number}", f"L{number}"))
            client.C(CANCEL.format(f"D{number}", f"L{number}"))  # closed, in a batch before
            client.C(MARKET.format(f"M{number}"))
            client.C(MARKET.format(f"M{max(number - 1, 0)}"))  # used up, in a batch before
            client.C(f"35=H|11=L{max(number - 2, 0)}|54=1")
            client.C(REQUEST.format(f"R{number}"))
            client.C(REQUEST.format(f"R{max(number - 1, 0)}"))
    return [str(heard) for heard in client.hears_all()]


def test_what_is_said_is_the_same(
    open_desk: OpenDesk, tmp_path: Path, small_batches: None, number: str
) -> None:
    """Ids that the batch under way used up are known to the next one, as if it were committed."""
    plain = burst(open_desk(store=SqliteStore(str(tmp_path / f"plain{number}.db"))))
    desk = open_desk(store=SqliteStore(str(tmp_path / f"other{number}.db")))
    with overlapping(desk):
        assert burst(desk) == plain
    assert any("58=DUPLICATE" in said for said in plain)
    assert any("58=TOO_LATE" in said for said in plain)


def test_the_next_batch_is_decided_before_the_first_is_written(
    open_desk: OpenDesk, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is the point of it; and still nothing of either is said."""
    desk = open_desk(store=SqliteStore(str(tmp_path / "desk.db")))
    client = desk.client("A44")
    may_write, held = threading.Event(), desk.store.write

    def write(prepared: object) -> None:
        assert may_write.wait(10)
        held(prepared)

    monkeypatch.setattr(desk.store, "write", write)
    with overlapping(desk), desk.busy():
        for place in range(6):
            client.C(MARKET.format(f"M{place}"))
        seq = desk.state.seq
        desk.sequencer.step()
        assert desk.state.seq == seq + 3
        threading.Timer(0.2, may_write.set).start()
        desk.sequencer.step()
        assert desk.state.seq == seq + 6
        assert len(client.hears_all()) == 6  # the first batch: two reports of each order
        desk.sequencer.step()
        assert len(client.hears_all()) == 6


def test_a_failed_write_ends_the_loop_and_nothing_of_it_is_said(
    open_desk: OpenDesk, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of the batch that failed nor of the one behind it, which was decided already."""
    desk = open_desk(store=SqliteStore(str(tmp_path / "desk.db")))
    client = desk.client("A44")

    def lost(_: object) -> None:
        raise StoreLost("the disk is full")

    with monkeypatch.context() as patched, desk.busy():
        patched.setattr(desk.store, "write", lost)
        for place in range(6):
            client.C(MARKET.format(f"M{place}"))
        committer = desk.sequencer._committer
        committer.start()
        desk.sequencer.step()
        with pytest.raises(StoreLost):
            desk.sequencer.step()
        committer.stop()
    client.says_nothing_more()
    desk._dead = True  # as after a crash
    desk.store.store.close()
    desk.store.store = SqliteStore(str(tmp_path / "desk.db"))
    desk.restarts()
    client.logs_on()
    client.talk(f"C {MARKET.format('M0')}\nD 35=8|11=M0|150=0\nD 35=8|11=M0|150=F")
