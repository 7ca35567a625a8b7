"""What every store promises of what it is asked again: ids, replies, sequence numbers."""

from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.errors import StoreLost
from otcfix.model.event import Recalled
from otcfix.model.quote import INDICATIVE, LIVE
from otcfix.model.record import SentMark, SessionNumbers
from otcfix.store import Store, progress
from otcfix.store.tables import metadata, quotes
from tests.store.days import NOON, Day, a_quote, a_use, an_order

Reopen = Callable[[], Store]

ACME = chart.client_account("acme", chart.AVAILABLE, "USD")
BANK = chart.venue_account("bank", "USD")


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


def test_reports_by_number_and_by_time(
    store: Store, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the present epoch by number, from both ends; or since a time, sent or not; no prices."""
    monkeypatch.setattr("otcfix.store.reader.CHUNK", 2)
    store.commit(day.funded())
    for _ in range(3):
        day.quote_request()
        day.fill()
    for outbox_id in range(1, 7):
        day.sent(outbox_id, 10 + outbox_id)
    store.commit(day.done())

    def ids(begin: int = 0, end: int = 0, since: int = 0, session: str = "acme-trade") -> list[int]:
        return [row.outbox_id for row in store.reports(session, begin, end, since)]

    assert ids(1) == [2, 3, 5, 6]
    assert ids(13, 15) == [3, 5]
    assert ids(17) == ids(1, 12, session="nobody") == []
    ats = [row.at for row in store.journal()]
    assert ids(since=ats[0]) == [2, 3, 5, 6, 8, 9]
    assert ids(since=ats[-1]) == [8, 9]
    assert ids(since=ats[-1] + 1) == []
    day.sent(2, 1, epoch=2)
    store.commit(day.done())
    assert ids(1) == [2], "said again in a new epoch"
