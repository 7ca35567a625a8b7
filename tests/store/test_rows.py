"""Texts survive what a database cannot hold, and rows the ways they are written."""

import csv
import io
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.decision import Decision
from otcfix.model.hedge import HedgeFill
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.record import Batch, JournalRow, OutboxRow, SentMark
from otcfix.model.trade import Trade
from otcfix.store.base import Unstorable
from otcfix.store.postgres import COPIED, copy_text
from otcfix.store.rows import MARK, Work, packed, packed_work, unpacked, work_of
from otcfix.store.tables import metadata
from otcfix.store.wire import array
from tests.store.days import Day, a_trade, a_use

database_text = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
# Lone surrogates are what Python makes of bytes that are not UTF-8.
any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)


def the_work(batch: Batch, known: set[str] = frozenset()) -> Work:
    return work_of(batch, [0] * len(batch.outbox), known, {})


@given(any_text)
def test_packed_text_is_storable_and_comes_back(text: str) -> None:
    kept = packed(text)

    kept.encode()
    assert "\0" not in kept
    assert unpacked(kept) == text


@pytest.mark.parametrize("text", ["", "8=FIX.4.4\x0111=1\x01", "Zürich €", "back\\slash"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert packed(text) is text


@pytest.mark.parametrize("text", [MARK, MARK + "\\x", MARK + "é", MARK + "\\ud800\\"])
def test_nobody_can_send_what_cannot_be_read(text: str) -> None:
    assert isinstance(unpacked(text), str)


@given(st.lists(database_text, min_size=1))
def test_copy_escapes_what_copy_reads_as_structure(names: list[str]) -> None:
    text = copy_text("sent", [(n, name, 1, n) for n, name in enumerate(names)]).decode()

    assert "\r" not in text
    lines = text.removesuffix("\n").split("\n")
    fields = [line.split("\t") for line in lines]
    assert [field[0] for field in fields] == [str(n) for n in range(len(names))]
    assert [_read_by_copy(field[1]) for field in fields] == names


def _read_by_copy(field: str) -> str:
    back = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda found: back[found[1]], field)


def test_copy_refuses_what_postgresql_cannot_hold() -> None:
    with pytest.raises(Unstorable):
        copy_text("sent", [(1, "a\0", 1, 1)])
    with pytest.raises(UnicodeEncodeError):
        copy_text("sent", [(1, "\udcff", 1, 1)])


@given(st.lists(database_text, min_size=1))
def test_arrays_are_quoted(values: list[str]) -> None:
    text = array(values).decode()

    assert text[0] + text[-1] == "{}"
    reader = csv.reader(
        io.StringIO(text[1:-1], newline=""), doublequote=False, escapechar="\\", strict=True
    )
    assert next(reader) == values


def test_rows_have_the_columns_of_their_tables() -> None:
    day = Day()
    day.quote_request()
    day.fill(obligations=(day.owed(),), disputed=day.disputed("s", "E1").disputed)
    day.sent(1, 1)
    day.batch.proven["s"] = 1
    work = the_work(day.done())

    for name, rows in work.tables.items():
        assert rows, name
        assert {len(row) for row in rows} == {len(metadata.tables[name].columns)}, name
    for name, rows in (("orders", work.orders), ("quotes", work.quotes),
                       ("hedges", work.hedges),
                       ("accounts", work.opened), ("proven", work.proven)):  # fmt: skip
        assert {len(row) for row in rows} == {len(metadata.tables[name].columns)}, name
    assert set(COPIED) <= set(work.tables)
    assert work.size() == 2 + 3 + 1 + 3 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 5 + 1 + 1 + 1


@pytest.mark.parametrize(
    ("table", "kind", "form"),
    [
        ("journal", JournalRow, "{}"),
        ("outbox", OutboxRow, "{} previous"),
        ("sent", SentMark, "{}"),
        ("transfers", Transfer, "seq n {}"),
        ("trades", Trade, "seq n {}"),
        ("obligations", Obligation, "seq n {}"),
        ("hedge_fills", HedgeFill, "seq n {}"),
    ],
)
def test_tables_have_the_fields_of_the_model(
    table: str, kind: type[msgspec.Struct], form: str
) -> None:
    columns = [column.name for column in metadata.tables[table].columns]
    assert columns == form.format(" ".join(kind.__struct_fields__)).split()


def test_changes_of_known_accounts_are_summed_in_order() -> None:
    day = Day()
    day.fill()
    day.fill()
    batch = day.done()
    opened = {row[0] for row in the_work(batch).opened}

    work = the_work(batch, opened)

    assert work.opened == []
    assert work.deltas == sorted(work.deltas)
    assert dict(work.deltas)["desk:pnl:USD"] == 2 * 7_500
    assert sum(delta for account, delta in work.deltas if account.endswith("USD")) == 0


def test_a_text_is_packed_wherever_it_stands() -> None:
    day = Day()
    day.fill(uses=(a_use("1", text="\0"),), trades=(a_trade("1", account="\udc80"),), transfers=())
    work = packed_work(the_work(day.done()))

    assert work.tables["id_uses"][0][8] == MARK + "\\x00"
    assert work.tables["trades"][0][7] == MARK + "\\udc80"


def test_an_account_outside_the_chart_is_refused() -> None:
    day = Day()
    day.event(Decision(transfers=(Transfer("client/acme:pocket:USD", "x:y:z", "USD", 1, "?"),)))

    with pytest.raises(ValueError, match="no client account of kind pocket"):
        the_work(day.done())
