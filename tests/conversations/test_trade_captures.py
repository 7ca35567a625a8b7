"""Trade captures, spoken: a client's trades by order, execution and time, and as they happen."""

from decimal import Decimal

import pytest

from otcfix.model.errors import StoreLost
from otcfix.model.event import SetSession
from otcfix.model.post_trade import BustTrade, CorrectTrade
from otcfix.model.throttle import Throttle
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.staff import agreed

NEW = ("44", "50")
T = "20270113-12:00:00.000"


def deals(client: Client, name: str, side: str = "1", quantity: str = "1") -> None:
    """A market order, filled at once."""
    client.C(f"35=D|11={name}|55=BTC/USD|54={side}|38={quantity}|40=1")
    assert client.hears_all()[-1].get(39) == "2"


@pytest.fixture(params=NEW)
def trader(desk: Conversation, request: pytest.FixtureRequest) -> Client:
    """ALPHA's session in the versions that have AD."""
    return desk.client(f"A{request.param}")


def test_all_trades_oldest_first(desk: Conversation, trader: Client) -> None:
    """AQ says how many, each AE one trade; 912=Y on the last one."""
    deals(trader, "A1")
    desk.at("+1s")
    deals(trader, "A2", "2", "0.5")
    trader.talk("""
        C 35=AD|568=T1|569=0
        D 35=AQ|568=T1|569=0|748=2|749=0|750=0|58=-
        D 35=AE|568=T1|748=2|912=N|571=E2|17=E2|487=0|856=0|570=Y|325=N|150=F|55=BTC/USD
        |32=1.00000000|31=100100.00|75=today|60=T-1s|64=today|552=1|54=1|37=O1|11=A1|1=ALPHA-1
        |453=1|448=ALPHA|447=D|452=3|381=100100.00|119=100100.00|120=USD|15=BTC|12=-
        D 35=AE|568=T1|748=2|912=Y|17=E4|55=BTC/USD|32=0.50000000|31=100000.00|54=2|37=O2|11=A2
    """)


@pytest.mark.parametrize("asked", ["37=O1", "11=A1", "17=E2", "60", "75", "55=BTC/USD|54=1"])
def test_some_of_them(desk: Conversation, trader: Client, asked: str) -> None:
    """By order, by execution, by time, by symbol and side."""
    trader.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    trader.talk("D 35=8|37=O1|17=E1|11=A1|150=0\nD 35=8|37=O1|17=E2|11=A1|150=F")
    desk.at("+1h")
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00")
    deals(trader, "A2", "2")
    some = {"60": f"580=2|60={T}|60=20270113-12:30:00.000", "75": "580=1|75=20270113|54=1"}
    trader.talk(f"""
        C 35=AD|568=T1|569=1|{some.get(asked, asked)}
        D 35=AQ|568=T1|569=1|748=1|749=0|750=0
        D 35=AE|17=E2|37=O1|11=A1|912=Y
    """)


def test_times_are_inclusive(desk: Conversation, trader: Client) -> None:
    """One 60 is open to the end, one 75 is that trading day, two are from and to."""
    deals(trader, "A1")
    for asked, count in (
        ("580=1|60=T", 1), ("580=1|60=T+1s", 0), ("580=2|60=T-1s|60=T", 1),
        ("580=2|60=T-2s|60=T-1s", 0), ("580=1|75=today", 1), ("580=1|75=today-1", 0),
        ("580=2|75=today-1|75=today", 1), ("580=2|75=today+1|75=today+2", 0),
    ):  # fmt: skip
        trader.C(f"35=AD|568=T{asked}|569=1|{asked}".replace(f"568=T{asked}", "568=T1"))
        assert trader.hears_all()[0].get(748) == str(count), asked


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        ("580=1|75=00010101", 0), ("580=1|75=00010102", 0), ("580=1|75=99991231", 0),
        ("580=2|75=00010101|75=99991231", 1), ("580=2|75=99991231|75=00010101", 0),
    ],
)  # fmt: skip
def test_the_first_and_the_last_day_of_the_calendar(trader: Client, dates: str, found: int) -> None:
    """No date that can be read ends the desk, however little there is before it or behind it."""
    deals(trader, "A1")
    trader.C(f"35=AD|568=T1|569=1|{dates}")
    assert trader.hears_all()[0].get(748) == str(found)


def test_a_question_that_cannot_be_looked_up_ends_no_desk(
    desk: Conversation, trader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in the look-up is refused like a store that does not answer; replay refuses it too."""

    def fails(*_: object, **__: object) -> None:
        raise OverflowError

    monkeypatch.setattr(desk.store, "trades_wanted", fails)
    trader.C("35=AD|568=T1|569=0")
    trader.D("35=AQ|568=T1|749=99|750=2|58=OVERLOADED: ...")
    monkeypatch.undo()
    trader.talk("C 35=AD|568=T2|569=0\nD 35=AQ|568=T2|748=0")


def test_who_asks_for_many_trades_soon_waits(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request counts ten messages, and one more for every five trades; what will be refused for
    that is not looked for, nor journaled."""
    desk = open_desk(throttles=(Throttle("A44", "status", Decimal(10), 20),))
    trader = desk.client("A44")
    for number in range(10):
        deals(trader, f"A{number}", quantity="0.1")
    looked: list[str] = []
    find = desk.store.store.trades_wanted
    monkeypatch.setattr(
        desk.store.store, "trades_wanted", lambda *asked: (looked.append(""), find(*asked))[1]
    )
    for expected in (11, 1, 1):
        trader.C("35=AD|568=T1|569=0")
        assert len(trader.hears_all()) == expected
    assert len(looked) == 1
    assert desk.told[-1][0].facts.trades == ()
    assert "THROTTLED" in desk.told[-1][2][0].text
    desk.at("+200ms")  # 12 of the 20 are taken, 10 must fit
    trader.C("35=AD|568=T2|569=1|37=nope")
    trader.D("35=AQ|568=T2|748=0")


def test_a_replaced_order_by_any_of_its_ids(trader: Client, desk: Conversation) -> None:
    """A ClOrdID of the chain names the order, also when the fill was told under the next one."""
    trader.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1")
    trader.C("35=G|11=A2|41=A1|55=BTC/USD|54=1|38=1|40=2|44=99950|59=1")
    desk.prices("BTC/USD", bid="99800.00", offer="99900.00")
    trader.hears_all()
    for name in ("A1", "A2"):
        trader.C(f"35=AD|568=T1|569=1|11={name}")
        acked, told = trader.hears_all()
        assert (acked.get(748), told.get(11)) == ("1", "A2")


def test_of_a_batch_that_is_not_committed_yet(desk: Conversation, trader: Client) -> None:
    """A fill and the question after it in one batch: the answer has the fill."""
    with desk.busy():
        trader.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
        trader.C("35=AD|568=T1|569=0")
        trader.C("35=AD|568=T2|569=1|11=A1")
    heard = [(one.kind, one.get(748)) for one in trader.hears_all()]
    assert heard == [("8", ""), ("8", ""), ("AQ", "1"), ("AE", "1"), ("AQ", "1"), ("AE", "1")]


def test_none(trader: Client) -> None:
    """Nothing found is no refusal: completed, none."""
    trader.talk("C 35=AD|568=T1|569=0\nD 35=AQ|568=T1|748=0|749=0|750=1|58=-")
    trader.talk("C 35=AD|568=T1|569=1|11=nope\nD 35=AQ|568=T1|748=0|749=0|750=1")
    trader.talk("C 35=AD|568=T1|569=1|17=nope\nD 35=AQ|568=T1|748=0|749=0|750=1")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("569=2", "749=8|58=UNSUPPORTED tag=569: ..."),
        ("569=9", "749=8|58=UNSUPPORTED tag=569: ..."),
        ("569=0|263=7", "749=99|58=UNSUPPORTED tag=263: ..."),
        ("569=0|55=DOGE/USD", "749=1|55=DOGE/USD|58=UNKNOWN_SYMBOL tag=55: ..."),
        ("569=0|263=2", "749=99|58=UNKNOWN_QUOTE tag=568: no such subscription"),
    ],
)
def test_refused(trader: Client, asked: str, answer: str) -> None:
    """The message's own reject, with the reason FIX has for it."""
    trader.talk(f"C 35=AD|568=T1|{asked}\nD 35=AQ|568=T1|750=2|748=-|{answer}")


def test_a_store_that_does_not_answer(
    desk: Conversation, trader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail closed: no answer is no \"none\"."""

    def lost(*asked: object) -> None:
        raise StoreLost("the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(desk.store.store, "trades_wanted", lost)
        trader.talk("C 35=AD|568=T1|569=0\nD 35=AQ|568=T1|749=99|750=2|58=OVERLOADED: ...")
    trader.talk("C 35=AD|568=T1|569=0\nD 35=AQ|568=T1|749=0|750=1|748=0")


def test_too_many(open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are ever told at once: none is, and the client asks for less."""
    monkeypatch.setattr("otcfix.sequencer.trades_asked.TRADES_MAX", 2)
    desk = open_desk()
    trader = desk.client("A44")
    for n in range(3):
        deals(trader, f"A{n}", quantity="0.1")
    trader.talk("C 35=AD|568=T1|569=0\nD 35=AQ|568=T1|749=99|750=2|58=TOO_LARGE: too many ...")
    trader.C("35=AD|568=T1|569=1|11=A1")
    assert [one.kind for one in trader.hears_all()] == ["AQ", "AE"]


def test_what_is_missing(trader: Client) -> None:
    """The dictionary refuses what it requires."""
    trader.talk("C 35=AD|569=0\nD 35=3|373=1|371=568")
    trader.talk("C 35=AD|568=T1\nD 35=3|373=1|371=569")


def test_42_has_no_word_for_it(desk: Conversation) -> None:
    """QuickFIX answers by itself (R8)."""
    desk.client("A42").talk("C 35=AD|568=T1|569=0\nD 35=3|372=AD|373=11")


def test_nobody_sees_another_clients(desk: Conversation, trader: Client) -> None:
    """Neither all, nor by an order's or an execution's id that he has come to know."""
    trader.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    trader.talk("D 35=8|37=O1|17=E1|150=0\nD 35=8|37=O1|17=E2|150=F")
    other = desk.client("B44")
    for asked in ("569=0", "569=1|37=O1", "569=1|17=E2", "569=1|11=A1"):
        other.talk(f"C 35=AD|568=T1|{asked}\nD 35=AQ|568=T1|748=0|749=0|750=1")


def test_a_provider_asks_nothing(desk: Conversation) -> None:
    """It has no trades here."""
    desk.client("LP44").talk("C 35=AD|568=T1|569=0\nD 35=j|372=AD|379=T1|380=6")


def test_later_trades_are_pushed(desk: Conversation, trader: Client) -> None:
    """263=1: what is there, then each trade behind its fill, on whatever session; until 263=2."""
    deals(trader, "A1")
    trader.talk("""
        C 35=AD|568=T1|569=0|263=1
        D 35=AQ|568=T1|263=1|748=1|749=0|750=0
        D 35=AE|568=T1|11=A1|912=Y|325=N
        C 35=D|11=A2|55=BTC/USD|54=2|38=1|40=1
        D 35=8|11=A2|150=0
        D 35=8|11=A2|150=F|17=E9
        D 35=AE|568=T1|11=A2|17=E9|571=E9|325=Y|570=N|748=-|912=-
    """)
    deals(desk.client("DEAL42"), "A3")
    trader.talk("D 35=AE|568=T1|11=A3|325=Y")
    deals(desk.client("B44"), "B1")
    trader.says_nothing_more()
    trader.talk("""
        C 35=AD|568=T1|569=0|263=1
        D 35=AQ|568=T1|749=99|750=2|58=DUPLICATE tag=568: ...
        C 35=AD|568=T1|569=0|263=2
        D 35=AQ|568=T1|263=2|749=0|750=1|748=0
    """)
    deals(trader, "A4")
    trader.says_nothing_more()


def test_a_subscription_for_one_order(desk: Conversation, trader: Client) -> None:
    """What it was asked for bounds what is pushed."""
    trader.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1")
    trader.hears_all()
    trader.talk("C 35=AD|568=T1|569=1|11=A1|263=1\nD 35=AQ|568=T1|748=0|750=1")
    deals(trader, "A2")
    desk.prices("BTC/USD", bid="99700.00", offer="99800.00")
    trader.talk("D 35=8|11=A1|150=F\nD 35=AE|568=T1|11=A1|325=Y")


def test_it_ends_with_the_session(desk: Conversation, trader: Client) -> None:
    """Like market data; and with the desk's run."""
    trader.C("35=AD|568=T1|569=0|263=1")
    trader.drops()
    trader.logs_on()
    trader.hears_all()
    deals(trader, "A1")
    trader.says_nothing_more()
    trader.C("35=AD|568=T1|569=0|263=1")
    trader.hears_all()
    desk.restarts()
    trader.logs_on()
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00")
    trader.hears_all()
    deals(trader, "A2")
    trader.says_nothing_more()


def test_only_so_many_subscriptions(trader: Client) -> None:
    """Twenty a session."""
    for n in range(20):
        trader.talk(f"C 35=AD|568=T{n}|569=0|263=1\nD 35=AQ|568=T{n}|749=0")
    trader.talk("C 35=AD|568=T20|569=0|263=1\nD 35=AQ|749=99|750=2|58=TOO_LARGE tag=568: ...")


def test_a_broker_and_his_end_clients(desk: Conversation) -> None:
    """All of them, or one that he names; who is none of his is an invalid party."""
    broker = desk.client("P44")
    for end in ("END1", "END2"):
        broker.C(f"35=D|11=A1|55=BTC/USD|54=1|38=1|40=1|453=1|448={end}|447=D|452=3")
        assert broker.hears_all()[-1].get(39) == "2"
    broker.talk("""
        C 35=AD|568=T1|569=0
        D 35=AQ|568=T1|748=2|749=0
        D 35=AE|448=END1|11=A1|912=N
        D 35=AE|448=END2|11=A1|912=Y
        C 35=AD|568=T2|569=1|11=A1|453=1|448=END2|447=D|452=3
        D 35=AQ|568=T2|748=1|749=0
        D 35=AE|448=END2|11=A1|912=Y
        C 35=AD|568=T3|569=0|453=1|448=END3|447=D|452=3
        D 35=AQ|568=T3|749=3|750=2|58=UNKNOWN_ACCOUNT: ...
    """)


def test_a_drop_copy_session_asks_for_those_it_copies(open_desk: OpenDesk) -> None:
    """And for nobody else."""
    desk = open_desk(drop_copies={"COPY44": "FIX.4.4"})
    copy = desk.client("COPY44")
    deals(desk.client("A44"), "A1")
    deals(desk.client("B44"), "B1")
    copy.hears_all()
    copy.talk("""
        C 35=AD|568=T1|569=0
        D 35=AQ|568=T1|748=1|749=0
        D 35=AE|11=A1|448=ALPHA|912=Y
        C 35=AD|568=T1|569=0|453=1|448=BETA|447=D|452=3
        D 35=AQ|568=T1|749=3|750=2
    """)


def test_who_may_not_deal_may_still_look(open_desk: OpenDesk) -> None:
    """A client who is disabled sees what was; a session that is disabled sees nothing."""
    desk = open_desk()
    trader = desk.client("A44")
    deals(trader, "A1")
    desk.restarts(open_desk(clients={"ALPHA": {"enabled": False}}).desk)
    trader.logs_on()
    trader.hears_all()
    trader.C("35=AD|568=T1|569=0")
    assert [one.kind for one in trader.hears_all()] == ["AQ", "AE"]
    desk.tell(SetSession("A44", False, "staff", "test"))
    trader.talk("C 35=AD|568=T1|569=0\nD 35=AQ|568=T1|749=9|750=2|58=NOT_AUTHORISED: ...")


def test_the_sum_of_the_captures_is_what_the_ledger_moved(open_desk: OpenDesk) -> None:
    """Base, terms and fees of every AE together are the client's balances, to the minor unit."""
    desk = open_desk(clients={"FEES": {"position_max": 90_000_000}})
    client = desk.client("FEE50")
    for n, (side, quantity) in enumerate((("1", "1.234"), ("2", "0.517"), ("1", "0.003"))):
        deals(client, f"A{n}", side, quantity)
    client.C("35=AD|568=T1|569=0")
    base, terms = Decimal(5), Decimal(500_000)
    for told in client.hears_all()[1:]:
        sign = 1 if told.get(54) == "1" else -1
        base += sign * Decimal(told.get(32))
        terms -= sign * Decimal(told.get(381)) + Decimal(told.get(12))
    desk.books("FEES", BTC=f"{base:f}", USD=f"{terms:f}")


def test_a_bust_and_a_correction_are_pushed(desk: Conversation, trader: Client) -> None:
    """Who adds up what is pushed to him has what the ledger has: 572 names what does not stand."""
    trader.talk("""
        C 35=AD|568=T1|569=0|263=1
        D 35=AQ|568=T1|748=0
        C 35=D|11=A1|55=BTC/USD|54=1|38=2|40=1
        D 35=8|150=0
        D 35=8|150=F|17=E1
        D 35=AE|568=T1|571=E1|487=0|572=-|32=2.00000000
    """)
    agreed(desk, CorrectTrade(desk.names["E1"], Decimal(100000), None, "ann", "x"))
    trader.D("35=8|150=G|17=E2|19=E1")
    told = trader.D("35=AE|568=T1|571=E2|17=E2|487=2|150=G|325=Y|32=2.00000000|31=100000|64=today")
    assert told.get(572) == desk.names["E1"]
    desk.at("+1s")
    agreed(desk, BustTrade(desk.names["E2"], "ann", "x"))
    trader.D("35=8|150=H|17=E3|19=E2")
    told = trader.D("35=AE|568=T1|571=E3|17=E3|487=1|150=H|325=Y|32=2.00000000|31=100000|60=T")
    assert told.get(572) == desk.names["E2"]
    trader.talk("C 35=AD|568=T2|569=0\nD 35=AQ|568=T2|748=0")
