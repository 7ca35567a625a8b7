"""The hash chain notices whatever was changed."""

from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.decision import Decision
from otcfix.model.record import JournalRow
from otcfix.store import Store
from otcfix.store.journal import GENESIS, Verified, canonical, chained, verify
from otcfix.store.tables import journal
from tests.store.days import Day

CHANGES = {
    "seq": 7,
    "at": 1,
    "kind": "d",
    "session": "acme-trade2",
    "epoch": 2,
    "msg_seq_num": 9,
    "received_at": 1,
    "text": "8=FIX.4.4\x0138=2\x01",
    "facts": '{"rates":{}}',
    "digest": bytes(31) + b"\1",
    "hash": bytes(32),
    "verdicts": b"\0",
}


def a_journal(events: int = 3) -> list[JournalRow]:
    day = Day()
    for _ in range(events):
        day.event(Decision(), verdicts=b"v", text="8=FIX.4.4\x0138=1\x01")
    return day.done().rows


def test_a_whole_journal_verifies() -> None:
    rows = a_journal()

    assert verify(rows) == Verified(3, rows[-1].hash)
    assert verify(rows[1:], after=1, head=rows[0].hash) == Verified(2, rows[-1].hash)
    assert verify([]) == Verified(0, GENESIS)


def test_every_column_is_in_the_chain() -> None:
    assert tuple(CHANGES) == JournalRow.__struct_fields__


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_in_any_column_is_found(column: str) -> None:
    rows = a_journal()
    rows[1] = msgspec.structs.replace(rows[1], **{column: CHANGES[column]})

    found = verify(rows)

    assert (found.count, found.head, found.first_bad) == (1, rows[0].hash, 2)
    assert found.why


def test_what_is_missing_is_found() -> None:
    rows = a_journal()

    assert verify(rows[1:]).first_bad == 1
    assert verify([rows[0], rows[2]]).first_bad == 2
    assert verify([rows[0], rows[0]]).first_bad == 2
    assert verify(rows[:2]).head != rows[2].hash, "a cut off end shows against a noted head"


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_byte_in_the_file_is_found(sqlite_store: Store, column: str, day: Day) -> None:
    for _ in range(3):
        day.event(Decision(), verdicts=b"v", text="8=FIX.4.4\x0138=1\x01")
    sqlite_store.commit(day.done())
    assert verify(sqlite_store.journal()).first_bad is None
    with sqlite_store.writing() as connection:
        connection.execute(sa.text("DROP TRIGGER journal_no_update"))
        change = sa.update(journal).where(journal.c.seq == 2)
        connection.execute(change.values({column: CHANGES[column]}))

    assert verify(sqlite_store.journal()).first_bad == 2


texts = st.text(max_size=12)
numbers = st.integers(0, 2**63 - 1)
rows = st.builds(
    JournalRow, numbers, numbers, texts, texts, numbers, numbers, numbers, texts, texts,
    st.just(bytes(32)), st.just(bytes(32)), st.binary(max_size=12),
)  # fmt: skip


@given(rows, rows)
def test_different_events_have_different_bytes(one: JournalRow, other: JournalRow) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


@given(st.text("1,a\x01é\udc80", max_size=6), st.text("1,a\x01é\udc80", max_size=6))
def test_text_cannot_move_between_columns(text: str, facts: str) -> None:
    def link(text: str, facts: str) -> bytes:
        return chained(GENESIS, 1, 2, "k", "s", 1, 1, 2, text, facts, bytes(32))

    if facts:
        assert link(text, facts) != link(text + facts[0], facts[1:])
    assert link(text, facts) != link(text, facts + ",")


def test_reading_is_lazy(sqlite_store: Store, day: Day) -> None:
    for _ in range(3):
        day.event(Decision())
    sqlite_store.commit(day.done())
    read: Callable[[], JournalRow] = iter(sqlite_store.journal()).__next__

    assert read().seq == 1
    day.event(Decision())
    sqlite_store.commit(day.done())  # nothing is held open between two rows
    assert [read().seq, read().seq] == [2, 3]
