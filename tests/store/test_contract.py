"""What every store promises, on both databases."""

import contextlib
import threading
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.errors import InvariantBroken, StoreLost
from otcfix.model.event import Recalled
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.order import CANCELED, NEW, PARTIAL
from otcfix.model.quote import INDICATIVE, LIVE
from otcfix.model.record import SentMark, SessionNumbers
from otcfix.store import Store, open_store, progress
from otcfix.store import journal as chain
from otcfix.store.tables import metadata, obligations, quotes
from tests.store.days import NOON, Day, a_quote, a_trade, a_use, an_order, deposit, legs

Reopen = Callable[[], Store]

ACME = chart.client_account("acme", chart.AVAILABLE, "USD")
BANK = chart.venue_account("bank", "USD")


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.reading() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }


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


# -- the ledger ------------------------------------------------------------------------------


def test_balances_move_with_the_transfers(store: Store, day: Day) -> None:
    store.commit(day.funded())
    day.fill()
    day.fill()
    store.commit(day.done())

    assert store.balances("client/acme:") == {
        "client/acme:available:BTC": 2 * 150_000_000,
        "client/acme:available:USD": 10**15 - 2 * 15_015_000,
    }
    assert store.balances()["desk:pnl:USD"] == 2 * 7_500
    assert store.trial_balance() == {"BTC": 0, "USD": 0}
    assert store.check_balances() == []


def test_prefixes_are_exact(store: Store, day: Day) -> None:
    for client in ("acme", "ACME", "acm_", "acmé"):
        day.event(Decision(transfers=(deposit(client, amount=1),)))
    store.commit(day.done())

    assert list(store.balances("client/acme:")) == ["client/acme:available:USD"]
    assert list(store.balances("client/acm_")) == ["client/acm_:available:USD"]
    assert len(list(store.statement("client/ACME:"))) == 1


def test_a_client_cannot_go_below_his_settlement_limit(store: Store, reopened: Reopen) -> None:
    take = Transfer(ACME, BANK, "USD", 500, "withdrawal")

    def withdraw(store: Store) -> None:
        day = Day(seq=store.head().seq)
        day.event(Decision(transfers=(take,)))
        store.commit(day.done())

    store.floors = {("acme", "USD"): 1_000}
    withdraw(store)
    withdraw(store)
    with pytest.raises(StoreLost):
        withdraw(store)
    assert reopened().balances(ACME) == {ACME: -1_000}


def test_other_accounts_of_clients_have_their_floors(store: Store, day: Day) -> None:
    held = chart.client_account("acme", chart.HELD, "USD")
    payable = chart.client_account("acme", chart.PAYABLE, "USD")
    store.floors = {("acme", "USD"): 1_000}
    day.event(Decision(transfers=(Transfer(payable, BANK, "USD", 10, "terms_leg"),)))
    store.commit(day.done())
    day.event(Decision(transfers=(Transfer(held, BANK, "USD", 1, "terms_leg"),)))

    with pytest.raises(StoreLost):
        store.commit(day.done())


def test_a_changed_limit_holds_from_the_next_boot(store: Store, reopened: Reopen) -> None:
    day = Day()
    store.floors = {("acme", "USD"): 1_000, ("beta", "USD"): 1_000}
    for client, amount in (("acme", 800), ("beta", 300)):
        account = chart.client_account(client, chart.AVAILABLE, "USD")
        day.event(Decision(transfers=(Transfer(account, BANK, "USD", amount, "withdrawal"),)))
    store.commit(day.done())
    store.close()

    again = reopened()
    assert again.set_floors({("acme", "USD"): 500, ("beta", "USD"): 400}) == [ACME]

    day.event(Decision(transfers=(deposit("acme", amount=100),)))  # he may come back
    again.commit(day.done())
    day.event(Decision(transfers=(Transfer(ACME, BANK, "USD", 101, "withdrawal"),)))
    with pytest.raises(StoreLost):
        again.commit(day.done())

    last = reopened()
    assert not last.set_floor("acme", "USD", 500)
    assert last.set_floor("acme", "USD", 700)
    assert last.set_floor("nobody", "USD", 700), "he has no account yet"
    assert last.floors == {("acme", "USD"): 700, ("nobody", "USD"): 700}


def test_a_limit_that_is_no_longer_there_is_zero(store: Store, day: Day) -> None:
    store.floors = {("acme", "USD"): 1_000}
    day.event(Decision(transfers=(deposit(amount=10),)))
    store.commit(day.done())

    assert store.set_floors({}) == []

    day.event(Decision(transfers=(Transfer(ACME, BANK, "USD", 11, "withdrawal"),)))
    with pytest.raises(StoreLost):
        store.commit(day.done())


def test_a_balance_that_somebody_changed_is_found(store: Store, day: Day) -> None:
    store.commit(day.funded())
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE accounts SET balance = balance + 1"))
        connection.execute(sa.text("DELETE FROM accounts WHERE account = 'venue/bank:custody:BTC'"))

    found = store.check_balances()

    assert f"{ACME}: the balance is {10**15 + 1}, its transfers sum up to {10**15}" in found
    assert any("no such account" in line for line in found)
    assert len(found) == 4
    assert set(store.trial_balance().values()) == {2, 10**15 + 1}


@pytest.mark.usefixtures("way")
def test_an_account_that_is_gone_stops_the_desk(store: Store, reopened: Reopen, day: Day) -> None:
    store.commit(day.funded())
    with store.writing() as connection:
        connection.execute(sa.text("DELETE FROM accounts WHERE account = 'desk:position:BTC'"))
    before = everything(store)
    day.fill()

    with pytest.raises(StoreLost, match="account"):
        store.commit(day.done())
    assert everything(reopened()) == before


def test_a_statement_holds_both_sides_of_the_time_asked_for(store: Store, day: Day) -> None:
    store.commit(day.funded())
    first = day.fill() and day.seq
    day.fill(client="beta", transfers=())
    second = day.fill() and day.seq
    store.commit(day.done())

    lines = list(store.statement("client/acme:"))
    assert [(line.seq, line.code) for line in lines] == [
        (1, "deposit"),
        (first, "terms_leg"),
        (first, "base_leg"),
        (second, "terms_leg"),
        (second, "base_leg"),
    ]
    assert (lines[1].debit, lines[1].credit, lines[1].asset) == (ACME, "desk:position:USD", "USD")
    assert (lines[1].at, lines[1].amount) == (NOON + first * 100, 15_015_000)

    at = NOON + first * 100
    assert {line.seq for line in store.statement("client/acme:", since=at + 1)} == {second}
    assert {line.seq for line in store.statement("client/acme:", until=at)} == {1}
    assert {line.seq for line in store.statement("client/acme:", at, at + 1)} == {first}


def test_obligations_are_kept(store: Store, day: Day) -> None:
    owed = (Obligation("acme", "USD", -5, "20260923"), Obligation("acme", "BTC", 7, "20260923"))
    day.event(Decision(obligations=owed))
    store.commit(day.done())

    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(sa.select(obligations))]
    assert rows == [(1, 0, "acme", "USD", -5, "20260923"), (1, 1, "acme", "BTC", 7, "20260923")]


# -- trades and orders -----------------------------------------------------------------------


@pytest.mark.usefixtures("way")
def test_a_trade_comes_back_exactly(store: Store, day: Day) -> None:
    trade = a_trade(
        "1", base_amount=Decimal("123456789012345678.123456789012345678"), fee=Decimal("0E-8"),
        spread=Decimal("-0.01"), mid=Decimal("1E+3"),
    )  # fmt: skip
    day.fill("1", trades=(trade, a_trade("2")), transfers=())
    store.commit(day.done())

    first, second = store.trades()

    assert first.trade == trade
    assert str(first.trade.base_amount) == str(trade.base_amount)
    assert (second.trade, second.seq, second.disputed) == (a_trade("2"), 1, "")


def test_trades_can_be_looked_for(store: Store, day: Day) -> None:
    store.commit(day.funded("acme", "beta"))
    for name, client in (("1", "acme"), ("2", "beta"), ("3", "acme")):
        day.fill(name, client)
    store.commit(day.done())

    def ids(**wanted: object) -> list[str]:
        return [row.trade.exec_id for row in store.trades(**wanted)]

    assert ids() == ["E1", "E2", "E3"]
    assert ids(client_id="acme") == ["E1", "E3"]
    assert ids(limit=2) == ["E2", "E3"]
    assert ids(exec_id="E2") == ids(order_id="O2") == ["E2"]
    assert ids(symbol="ETH/USD") == []
    assert ids(since=NOON + 300) == ["E2", "E3"]
    assert ids(until=NOON + 300) == ["E1"]
    assert store.counts(since=NOON + 300)["trades"] == 2


def test_a_dispute_is_seen_on_its_trade(store: Store, day: Day) -> None:
    store.commit(day.funded())
    for name in ("1", "2", "3", "4"):
        report = day.fill(name)
        day.sent(report, 50 + int(name))
    day.sent(1, 52, epoch=2)
    store.commit(day.done())

    day.event(day.disputed("acme-trade", "E1"), "Q")
    day.event(day.disputed("acme-trade", ref_seq_num=52), "3")
    day.event(day.disputed("acme-trade", ref_seq_num=999), "3")
    day.event(day.disputed("other", ref_seq_num=53), "3", session="other")
    store.commit(day.done())

    why = {row.trade.exec_id: row.disputed for row in store.trades()}
    assert why == {"E1": "cannot read it", "E2": "cannot read it", "E3": "", "E4": ""}
    assert [row.trade.exec_id for row in store.trades(disputed=True)] == ["E1", "E2"]
    assert store.counts()["disputes"] == 4


@pytest.mark.usefixtures("way")
def test_orders_are_kept_as_they_stand_last(store: Store, day: Day) -> None:
    resting = an_order("1", status=NEW, accepted_seq=5)
    part = msgspec.structs.replace(resting, status=PARTIAL, cum_qty=Decimal("0.5"))
    older = an_order("0", "beta", status=NEW, accepted_seq=4)
    refused = an_order("x", order_id="NONE")
    day.event(Decision(orders=(resting, older, refused)))
    day.event(Decision(orders=(part,)))
    store.commit(day.done())
    assert store.orders_open() == [older, part]
    assert store.orders_open("acme") == [part]

    day.event(Decision(orders=(msgspec.structs.replace(part, status=CANCELED),)))
    store.commit(day.done())
    assert store.orders_open("acme") == []
    assert store.counts()["orders_open"] == 1
    (found,) = store.recall([("order", "acme", "O1")])
    assert found.order == msgspec.structs.replace(part, status=CANCELED)


# -- recall ----------------------------------------------------------------------------------


def test_recall_finds_what_is_the_clients_own(store: Store, day: Day) -> None:
    store.commit(day.funded("acme", "beta"))
    day.fill("1")
    day.fill("2", "beta")
    store.commit(day.done())

    found = store.recall(
        [
            ("quote", "acme", "Q1"),
            ("cl_ord_id", "acme", "c-1"),
            ("order", "acme", "O1"),
            ("quote_request", "acme", "r-1"),
            ("quote", "acme", "Q2"),
            ("cl_ord_id", "acme", "c-2"),
            ("order", "acme", "O2"),
            ("quote_request", "acme", "r-2"),
            ("cl_ord_id", "beta", "c-2"),
            ("cl_ord_id", "beta", "c-2"),
        ]
    )

    beta = Recalled("cl_ord_id", "beta\x1fc-2", a_use("2", "beta"), an_order("2", "beta"))
    assert found == [
        Recalled("quote", "acme\x1fQ1", quotes=(a_quote("1"),)),
        Recalled("cl_ord_id", "acme\x1fc-1", a_use("1"), an_order("1")),
        Recalled("order", "acme\x1fO1", order=an_order("1")),
        Recalled("quote_request", "acme\x1fr-1", quotes=(a_quote("1"),)),
        Recalled("quote", "acme\x1fQ2"),
        Recalled("cl_ord_id", "acme\x1fc-2"),
        Recalled("order", "acme\x1fO2"),
        Recalled("quote_request", "acme\x1fr-2"),
        beta,
        beta,
    ]
    assert store.recall([]) == []


def test_recall_gives_all_quotes_of_a_request(store: Store, day: Day) -> None:
    lines = [a_quote(str(n), quote_req_id="r", line=n % 3, made_at=NOON) for n in (4, 3, 2)]
    later = a_quote("1", quote_req_id="r", made_at=NOON + 1)
    day.event(Decision(quotes=(later, *lines)))
    store.commit(day.done())

    (found,) = store.recall([("quote_request", "acme", "r")])

    assert [quote.quote_id for quote in found.quotes] == ["Q3", "Q4", "Q2", "Q1"]


@pytest.mark.usefixtures("way")
def test_quotes_that_live_are_not_stored(store: Store, day: Day) -> None:
    live = (a_quote("1", state=LIVE), a_quote("2", state=INDICATIVE, firm=False))
    day.event(Decision(quotes=live))
    store.commit(day.done())
    with store.reading() as connection:
        assert connection.execute(sa.select(quotes)).all() == []

    dead = a_quote("1")
    day.event(Decision(quotes=(dead,)))
    day.event(Decision(quotes=(msgspec.structs.replace(dead, refused_hits=3),)))
    store.commit(day.done())
    (found,) = store.recall([("quote", "acme", "Q1")])
    assert found.quotes[0].refused_hits == 3


def test_recall_tells_a_refused_use_from_an_accepted_one(store: Store, day: Day) -> None:
    refused = a_use("1", order_id="NONE", accepted=False, code="FUNDS", text="no", kind="G",
                    orig_cl_ord_id="c-0")  # fmt: skip
    day.event(Decision(uses=(refused,)))
    store.commit(day.done())

    (found,) = store.recall([("cl_ord_id", "acme", "c-1")])

    assert found == Recalled("cl_ord_id", "acme\x1fc-1", refused)


@pytest.mark.usefixtures("way")
def test_ids_are_only_text(store: Store, day: Day) -> None:
    names = ['"', "\\", "{a,b}", "NULL", "'; DROP TABLE journal; --", "", "%", "a\tb"]
    day.event(Decision(uses=tuple(a_use("1", cl_ord_id=name) for name in names)))
    store.commit(day.done())

    found = store.recall([("cl_ord_id", "acme", name) for name in [*names, "_", "null"]])

    assert [answer.use.cl_ord_id if answer.use else None for answer in found] == [
        *names,
        None,
        None,
    ]


def test_a_clord_id_is_used_once_for_ever(store: Store, reopened: Reopen, day: Day) -> None:
    day.event(Decision(uses=(a_use("1"),)))
    store.commit(day.done())
    day.event(Decision(uses=(a_use("1", order_id="O2"),)))

    with pytest.raises(StoreLost):
        store.commit(day.done())
    (found,) = reopened().recall([("cl_ord_id", "acme", "c-1")])
    assert found.use == a_use("1")


# -- the outbox and the sessions -------------------------------------------------------------


def test_replies_wait_until_they_are_marked(store: Store, reopened: Reopen, day: Day) -> None:
    store.commit(day.funded())
    day.quote_request()
    day.fill()
    batch = day.done()
    store.commit(batch)
    assert list(store.unsent()) == batch.outbox

    day.sent(1, 1)
    day.sent(3, 2)
    store.commit(day.done())
    assert [row.outbox_id for row in store.unsent()] == [2]
    assert store.counts()["unsent"] == 1

    day.sent(2, 0)  # given up: it will never be sent
    store.commit(day.done())
    assert list(reopened().unsent()) == []
    assert reopened().session_numbers()["acme-trade"].last_out == 2


def test_numbers_are_those_of_the_current_epoch(store: Store, reopened: Reopen, day: Day) -> None:
    for number in (1, 2, 9):
        day.event(Decision(), msg_seq_num=number, epoch=1)
        day.sent(day.say(), number + 100, epoch=1)
    day.event(Decision(), session="quiet", msg_seq_num=3)
    day.batch.proven["never heard of"] = 2
    store.commit(day.done())
    assert store.session_numbers() == {
        "acme-trade": SessionNumbers("acme-trade", 1, 9, 109, 0),
        "never heard of": SessionNumbers("never heard of", 0, 0, 0, 2),
        "quiet": SessionNumbers("quiet", 1, 3, 0, 0),
    }

    day.event(Decision(), "EpochMoved", epoch=2, msg_seq_num=0)
    store.commit(day.done())
    assert reopened().session_numbers()["acme-trade"] == SessionNumbers("acme-trade", 2, 0, 0, 0)

    day.event(Decision(), msg_seq_num=2, epoch=2)
    day.sent(1, 110, epoch=1)  # a straggler of the old epoch
    day.sent(2, 5, epoch=2)
    day.batch.proven["acme-trade"] = 2
    store.commit(day.done())
    assert reopened().session_numbers()["acme-trade"] == SessionNumbers("acme-trade", 2, 2, 5, 2)


def test_what_was_said_since_leaves_prices_out(store: Store, day: Day) -> None:
    store.commit(day.funded())
    day.quote_request()
    day.fill()
    day.quote_request()
    day.fill(client="beta", transfers=())
    last = day.fill("9")
    store.commit(day.done())

    assert [row.outbox_id for row in store.said_since("acme-trade", 0)] == [2, 3, last - 1, last]
    assert [row.outbox_id for row in store.said_since("acme-trade", 3)] == [last - 1, last]
    assert list(store.said_since("acme-trade", last)) == []
    assert list(store.said_since("nobody", 0)) == []


def test_what_was_said_from_a_number_on(
    store: Store, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otcfix.store.reader.CHUNK", 2)
    store.commit(day.funded())
    for _ in range(3):
        day.quote_request()
        day.fill()
    for outbox_id in range(1, 8):
        day.sent(outbox_id, 10 + outbox_id)
    day.sent(9, 0)
    store.commit(day.done())
    day.sent(2, 18)  # said again, with a new number
    day.sent(3, 1, epoch=2)
    store.commit(day.done())

    def ids(number: int, epoch: int = 1, session: str = "acme-trade") -> list[int]:
        return [row.outbox_id for row in store.said_from_number(session, epoch, number)]

    assert ids(15) == [5, 6, 2], "without the prices 1, 4 and 7"
    assert ids(0) == [2, 3, 5, 6]
    assert ids(19) == ids(1, epoch=3) == ids(1, session="x") == []
    assert ids(1, epoch=2) == [3]


def test_the_watermark_never_hides_anything(
    store: Store, reopened: Reopen, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY", 3)
    store.commit(day.funded())
    for _ in range(4):
        day.quote_request()
        store.commit(day.done())
    for outbox_id in (1, 2, 4):
        day.sent(outbox_id, outbox_id)
        store.commit(day.done())
    assert [row.outbox_id for row in reopened().unsent()] == [3]

    day.sent(3, 5)
    store.commit(day.done())
    for _ in range(4):
        day.event(Decision())
        store.commit(day.done())
    again = reopened()
    with again.reading() as connection:
        table = metadata.tables["meta"]
        word = connection.scalar(sa.select(table.c.value).where(table.c.key == progress.KEY))
    assert progress.read(word).sent_upto == 4
    assert list(again.unsent()) == []

    day.sent(1, 99)  # below the watermark: said again
    store.commit(day.done())
    assert reopened().session_numbers()["acme-trade"].last_out == 99


def test_the_same_mark_twice_does_no_harm(store: Store, day: Day) -> None:
    day.event(Decision())
    day.say()
    store.commit(day.done())
    for _ in range(2):
        day.batch.sent += [SentMark(1, "acme-trade", 1, 1)] * 2
        store.commit(day.done())

    assert list(store.unsent()) == []
    assert [row.outbox_id for row in store.said_from_number("acme-trade", 1, 1)] == [1]


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
