"""What is rare: ids by OrderID, small lots, two dates, timers close together, laws that stop."""

import pytest
from msgspec import structs

from otcfix.desk.decide import decide
from otcfix.desk.state import State
from otcfix.model.decision import Decision
from otcfix.model.errors import InvariantBroken
from otcfix.model.event import Event
from otcfix.model.ledger import Transfer
from otcfix.sequencer.recovery import event_of
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.house_desk import ID_KEY, house_desk

ORDER = "35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"
new_only = pytest.mark.parametrize("number", ["44", "50"], indirect=True)


# -- enquiries ---------------------------------------------------------------------------------


def test_the_status_by_order_id(desk: Conversation) -> None:
    """H with 37 alone, where the version allows it: open, closed, another client's, none."""
    client = desk.client("A50")
    client.talk(f"""
        C {ORDER}
        D 35=8|37=O1|150=0
        C 35=H|37=O1|55=BTC/USD|54=1
        D 35=8|37=O1|11=A1|150=I|39=0
        C 35=F|11=F1|41=A1
        D 35=8|37=O1|150=4
        C 35=H|37=O1|55=BTC/USD|54=1
        D 35=8|37=O1|11=A1|150=I|39=4
        C 35=H|37=nope|55=BTC/USD|54=1
        D 35=8|37=NONE|150=I|39=8|103=5
        C 35=H|55=BTC/USD|54=1
        D 35=j|372=H|380=5|58=MISSING_FIELD tag=11: ...
    """)
    desk.client("B50").talk("""
        C 35=H|37=O1|55=BTC/USD|54=1
        D 35=8|37=NONE|150=I|39=8|103=5
    """)


@new_only
def test_other_mass_status_requests(client: Client) -> None:
    """AF by anything but a symbol or all: j 380=3."""
    client.talk_44("""
        C 35=AF|584=S1|585=3
        D 35=j|372=AF|379=S1|380=3|58=UNSUPPORTED tag=585: ...
    """)


@new_only
def test_a_mass_cancel_on_the_wrong_session(desk: Conversation, number: str) -> None:
    """q belongs on trade sessions."""
    desk.client(f"ASK{number}").talk_44("""
        C 35=q|11=M1|530=7
        D 35=j|372=q|379=M1|380=(WRONG_SESSION)
    """)


def test_a_pass_that_names_nothing(client: Client) -> None:
    """Z without 117, 131 and 298=4: j 380=5."""
    if client.number == "50":
        line = "35=Z|298=5"
    elif client.number == "44":
        line = "35=Z|298=1"
    else:
        line = "35=Z|298=1|295=1|55=BTC/USD"
    client.C(line)
    client.talk_44("D 35=j|372=Z|380=5|58=MISSING_FIELD tag=117: ...")


def test_a_drop_copy_ends_no_quotes(open_desk: OpenDesk) -> None:
    """Z belongs on sessions that ask or trade."""
    desk = open_desk(drop_copies={"DC44": "FIX.4.4"})
    desk.client("A44").talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    desk.client("DC44").talk("C 35=Z|131=X|298=4\nD 35=j|372=Z|380=6")
    assert len(desk.state.quotes) == 1


# -- small and different -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "35=D|11=A1|55=BTC/USD|54=1|152=50|40=1",
        "35=D|11=A1|55=BTC/USD|54=1|152=50|40=2|44=100000",
        "35=R|131=R1|146=1|55=BTC/USD|54=1|152=50",
    ],
)
def test_cash_for_less_than_a_lot(client: Client, line: str) -> None:
    """50 USD buy no thousandth of a bitcoin."""
    client.C(line)
    kind = "35=AG|658=(BAD_QUANTITY)" if "35=R" in line else "35=8|150=8|103=(BAD_QUANTITY)"
    client.talk_44(f"D {kind}|58=BAD_QUANTITY tag=152: less than one lot")


@pytest.mark.parametrize("size", ["38=0.009", "152=950", "38=950|15=USD"])
@pytest.mark.parametrize("kind", ["order", "quote"])
def test_below_the_minimum(open_desk: OpenDesk, number: str, size: str, kind: str) -> None:
    """qty_min is counted in base, whatever the order counts."""
    desk = open_desk(instruments={"BTC/USD": {"qty_min": "0.01"}})
    client = desk.client(f"A{number}")
    tag = size.partition("=")[0]
    if kind == "order":
        client.C(f"35=D|11=A1|55=BTC/USD|54=1|{size}|40=1")
        client.talk_44(f"D 35=8|103=(BAD_QUANTITY)|58=BAD_QUANTITY tag={tag}: below the minimum...")
    else:
        client.C(f"35=R|131=R1|146=1|55=BTC/USD|54=1|{size}")
        client.talk_44(
            f"D 35=AG|658=(BAD_QUANTITY)|58=BAD_QUANTITY tag={tag}: below the minimum..."
        )


@pytest.mark.parametrize("terms", ["0.001", "100.005"])
def test_terms_below_their_minor_unit(client: Client, terms: str) -> None:
    """A quantity in terms is a multiple of their minor unit."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=2|38={terms}|15=USD|40=1
        D 35=8|103=(BAD_QUANTITY)|58=BAD_QUANTITY tag=38: not a multiple of 0.01
    """)


def test_a_quote_of_another_symbol(desk: Conversation, client: Client) -> None:
    """55 of the order must be the quote's."""
    desk.prices("ETH/USD", bid="4000", offer="4010")
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=ETH/USD|54=1|38=1|40=D
        D 35=8|103=(QUOTE_DIFFERS)|58=QUOTE_DIFFERS tag=55: ...
    """)


def test_a_quote_of_another_end_client(desk: Conversation, number: str) -> None:
    """A broker's quote is dealt for the end client that it was made for."""
    desk.client(f"P{number}").talk_44("""
        C 35=R|115=END1|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q1
        C 35=D|115=END2|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|103=(UNKNOWN_QUOTE)|58=UNKNOWN_QUOTE tag=117: ...
        C 35=D|115=END1|11=A2|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F
    """)


def test_a_replace_in_cash(client: Client) -> None:
    """An order that counts base is not replaced in cash."""
    client.talk_44(f"""
        C {ORDER}
        D 35=8|150=0
        C 35=G|11=A2|41=A1|152=1000
        D 35=9|39=0|102=(IMMUTABLE)|58=IMMUTABLE tag=152: ...
    """)


@new_only
def test_legs_are_not_quoted_as_outright(client: Client) -> None:
    """A request with legs is refused, never priced as something else."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|555=2|600=BTC/USD|624=1|600=BTC/USD|624=2
        D 35=AG|658=(UNSUPPORTED)
    """)


# -- time --------------------------------------------------------------------------------------


def test_an_order_past_its_expiry_never_fills(desk: Conversation) -> None:
    """Rates that come before the timer is served wake no order whose time is over."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=6|126=T+1000ms
        D 35=8|150=0
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=6|126=T+1003ms
        D 35=8|150=0
        @ +1000ms
        D 35=8|11=A1|150=C
    """)
    with desk.busy():
        desk.at("+4ms")  # the second expiry is due, and the timer rests for ten milliseconds
        desk.prices("BTC/USD", bid="99800", offer="99900")
    client.says_nothing_more()
    client.talk("""
        @ +10ms
        D 35=8|11=A2|150=C
    """)


def test_each_value_date_has_its_own_day(desk: Conversation) -> None:
    """The first date settles what is due on it, and leaves the second alone."""
    client = desk.client("T44")
    for when in ("2027-01-13 12:00:00", "2027-01-14 12:00:00"):
        desk.at(when)
        desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="5000000")
        client.C(f"35=D|11={when[:10]}|55=EUR/USD|54=1|38=1000|40=1")
    assert sorted(desk.state.obligations) == [
        "TREASURY|EUR|20270115",
        "TREASURY|EUR|20270118",
        "TREASURY|USD|20270115",
        "TREASURY|USD|20270118",
    ]
    desk.at("2027-01-15 00:00:00")
    desk.books("TREASURY", "receivable", EUR="1000.00")
    desk.books("TREASURY", EUR="1000.00", USD="-1082.00")
    desk.at("2027-01-18 00:00:00")
    desk.books("TREASURY", EUR="2000.00", USD="-2164.00")


def test_what_could_not_be_paid_is_paid_by_what_comes_in(desk: Conversation) -> None:
    """A payable that failed for want of funds is settled by a later deposit, and nets no more."""
    desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="5000000")
    client = desk.client("A44")
    client.C("35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1")
    desk.moves_funds("ALPHA", "USD", "-450000")
    desk.at("2027-01-15 12:00:00")
    desk.books("ALPHA", "payable", USD="-108200.00")
    desk.moves_funds("ALPHA", "USD", "100000")
    desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="5000000")
    client.C("35=D|11=A2|55=EUR/USD|54=1|38=1000|40=1")
    desk.at("2027-01-19 00:00:00")
    desk.books("ALPHA", "payable", USD="0.00")
    desk.books("ALPHA", USD="40718.00", EUR="101000.00")


def test_the_last_cent_of_a_hold(open_desk: OpenDesk) -> None:
    """Parts may round up to a cent more than the hold keeps: the last one waits for the cent."""
    desk = open_desk(instruments={"BTC/USD": {"partial_min": "0.001"}})
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=0.003|40=2|44=100095|59=1
        D 35=8|150=0
    """)
    desk.books("ALPHA", "held", USD="300.29")  # 300.285
    desk.moves_funds("ALPHA", "USD", "-499699.71")
    for left in ("0.002", "0.001"):
        desk.prices("BTC/USD", bid="99990", offer="100095", depth="0.001")
        client.talk(f"D 35=8|150=F|31=100095.00|381=100.10|151={left}")
    desk.prices("BTC/USD", bid="99990", offer="100095", depth="0.001")
    client.says_nothing_more()  # 100.10 is due, and 100.09 is there
    desk.moves_funds("ALPHA", "USD", "0.01")
    desk.prices("BTC/USD", bid="99990", offer="100095", depth="0.001")
    client.talk("D 35=8|150=F|39=2|381=100.10|151=0")
    desk.books("ALPHA", USD="0.00")


def test_a_session_that_is_gone_from_the_configuration(desk: Conversation) -> None:
    """Orders of a session that no longer exists could not be reported on: they are cancelled."""
    client = desk.client("A42")
    client.talk(f"C {ORDER}\nD 35=8|150=0")
    whole = house_desk()
    fewer = tuple(s for s in whole.sessions if s.key != "A42")
    desk.restarts(structs.replace(whole, sessions=fewer))
    assert not desk.state.orders
    desk.books("ALPHA", "held", USD="0.00")


# -- the laws stop the process -----------------------------------------------------------------


def event(seq: int, at: int) -> Event:
    return Event(seq, at, "AdminSeen", None, at)


def test_events_follow_each_other() -> None:
    """A gap in seq or a step back of `at` is a broken invariant."""
    state = State(ID_KEY)
    state.apply(event(1, 100), Decision())
    for wrong in (event(3, 100), event(1, 100), event(2, 99)):
        with pytest.raises(InvariantBroken, match="does not follow"):
            state.apply(wrong, Decision())
    state.apply(event(2, 100), Decision())


@pytest.mark.parametrize("kind", ["available", "held", "receivable"])
def test_no_account_falls_below_its_floor(kind: str) -> None:
    """A transfer that would take a client below his floor stops the process."""
    state = State(ID_KEY)
    below = Transfer(f"client/ALPHA:{kind}:USD", "desk:pnl:USD", "USD", 1, "fee")
    with pytest.raises(InvariantBroken, match="would fall to -1"):
        state.apply(event(1, 100), Decision(transfers=(below,)))


def test_deciding_never_writes(desk: Conversation) -> None:
    """Law 2: State is the same, to the byte, before and after every decision."""
    desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="5000000")
    desk.client("T50").C("35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1")
    client = desk.client("A44")
    for line in (
        "35=R|131=R1|146=2|55=BTC/USD|38=1|55=NOPE/USD|38=1",
        ORDER,
        "35=G|11=G1|41=A1|38=2",
        "35=q|11=M1|530=7",
        "35=D|11=A2|55=BTC/USD|54=1|38=2|40=2|44=99900|59=0",
    ):
        client.C(line)
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="1.5")
    client.drops()
    desk.kills()
    desk.restarts()
    desk.at("+3d")
    state = State(ID_KEY)
    parse, _ = desk._bind(state)
    kinds = set()
    for row in desk.store.journal():
        before = state.dump()
        found = event_of(row, parse)
        decision = decide(state, found)
        assert state.dump() == before, row.kind
        state.apply(found, decision)
        kinds.add(row.kind)
    assert {"Boot", "TimerFired", "RatesMoved", "NewOrderSingle", "Kill", "SessionDown"} <= kinds
