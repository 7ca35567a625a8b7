"""A start: the newest snapshot, the journal's tail decided again, and no start when it differs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec import structs

import otcfix
from otcfix.desk.state import State
from otcfix.model.errors import ReplayDiffers
from otcfix.model.record import JournalRow
from otcfix.sequencer.recovery import fingerprint, recover
from otcfix.sequencer.seen import Seen
from tests.conversation import Conversation
from tests.support.house_desk import ID_KEY

DAY = """
    C 35=R|131=R1|146=1|55=BTC/USD|38=1
    D 35=S|117=Q1
    C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
    D 35=8|11=A1|150=0
    D 35=8|11=A1|150=F
    C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
    D 35=8|11=A2|150=0
"""


def recovered(desk: Conversation) -> tuple[State, Seen]:
    return recover(desk.store, ID_KEY, desk._bind)


@contextmanager
def changed(desk: Conversation, place: int, **changes: object) -> Iterator[JournalRow]:
    """The journal's row at *place* says something else for a while."""
    rows = desk.store.rows
    was = rows[place]
    rows[place] = structs.replace(was, **changes)
    try:
        yield was
    finally:
        rows[place] = was


def place_of(desk: Conversation, kind: str) -> int:
    return next(n for n, row in enumerate(desk.store.rows) if row.kind == kind)


def test_the_journal_alone_brings_everything_back(desk: Conversation) -> None:
    """Without a snapshot the whole journal is decided again."""
    desk.client("A44").talk(DAY)
    state, seen = recovered(desk)
    assert state.dump() == desk.state.dump()
    assert all(seen.perhaps("cl_ord_id", "ALPHA", one) for one in ("A1", "A2"))
    assert seen.perhaps("quote_request", "ALPHA", "R1")
    assert not seen.perhaps("cl_ord_id", "ALPHA", "A3")


def test_a_snapshot_and_the_tail_bring_everything_back(desk: Conversation) -> None:
    """With a snapshot in the middle State and the filter are the same."""
    client = desk.client("A44")
    client.talk(DAY)
    desk.snapshots()
    client.talk("C 35=F|11=A3|41=A2\nD 35=8|11=A3|150=4")
    state, seen = recovered(desk)
    assert state.dump() == desk.state.dump()
    assert all(seen.perhaps("cl_ord_id", "ALPHA", one) for one in ("A1", "A2", "A3"))


def test_what_a_snapshot_holds_is_not_decided_again(desk: Conversation) -> None:
    """Rows before it are not looked at: a start is as long as the tail."""
    desk.client("A44").talk(DAY)
    desk.snapshots()
    with changed(desk, 3, digest=bytes(32)):
        state, _ = recovered(desk)
    assert state.dump() == desk.state.dump()


def test_a_snapshot_of_another_version_is_passed_over(desk: Conversation) -> None:
    """One that an older program wrote is not read; the journal is."""
    desk.client("A44").talk(DAY)
    desk.store.save_snapshot(desk.state.seq, desk.state.at, "another", b"unreadable", b"")
    state, _ = recovered(desk)
    assert state.dump() == desk.state.dump()


def test_another_decision_stops_the_start(desk: Conversation) -> None:
    """Where the digest differs, the start ends with the event's number and what it was."""
    desk.client("A44").talk(DAY)
    place = place_of(desk, "NewOrderSingle")
    with changed(desk, place, digest=bytes(32)) as row, pytest.raises(ReplayDiffers) as stopped:
        recovered(desk)
    assert stopped.value.seq == row.seq
    assert "NewOrderSingle of A44" in str(stopped.value)


def test_a_journal_of_another_version_is_named_and_what_to_do(desk: Conversation) -> None:
    """Whoever starts a newer otcfix on it is told which one wrote it, and to begin a new one."""
    place = place_of(desk, "Boot")
    text = desk.store.rows[place].text
    for version, told in (("0.1.9", True), (otcfix.__version__, False)):
        body = text.replace('"version":"test"', f'"version":"{version}"')
        with changed(desk, place, text=body, digest=bytes(32)), pytest.raises(ReplayDiffers) as it:
            recovered(desk)
        words = f"Boot; otcfix {version} wrote it, and this is {otcfix.__version__}"
        assert (words in str(it.value)) is told
        assert ("give this one a new database" in str(it.value)) is told


@pytest.mark.parametrize(
    ("kind", "part", "old", "new"),
    [
        ("QuoteRequest", "text", "\x0138=1\x01", "\x0138=2\x01"),
        ("QuoteRequest", "facts", "100050", "100051"),
        ("MoveFunds", "text", '"500000"', '"500001"'),
    ],
)
def test_another_input_gives_another_decision(
    desk: Conversation, kind: str, part: str, old: str, new: str
) -> None:
    """Whoever changes what the journal heard, or the rates it heard it at, stops the start."""
    desk.client("A44").talk(DAY)
    place = place_of(desk, kind)
    was = getattr(desk.store.rows[place], part)
    assert old in was
    with (
        changed(desk, place, **{part: was.replace(old, new)}),
        pytest.raises(ReplayDiffers) as stopped,
    ):
        recovered(desk)
    assert stopped.value.seq == place + 1


def test_another_id_key_is_noticed(desk: Conversation) -> None:
    """The ids that were given out cannot be given out again under another key."""
    desk.client("A44").talk(DAY)
    with pytest.raises(ReplayDiffers):
        recover(desk.store, bytes(24), desk._bind)


def test_a_fingerprint_is_of_every_decision(desk: Conversation) -> None:
    """The replay's fingerprint is the journal's, and changes with its last row."""
    desk.client("A44").talk(DAY)
    rows = list(desk.store.journal())
    replay = desk.replay_onto(State(ID_KEY))
    for row in rows:
        replay.step(row)
    assert replay.count == len(rows)
    assert replay.fingerprint == fingerprint(rows) != fingerprint(rows[:-1])
