"""R4, A8: balances by value date, trading days, hours and expiries."""

from decimal import Decimal

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

EURUSD = {"bid": "1.08000", "offer": "1.08200", "depth": "5000000"}


def buys_eur(client: Client, cl_ord_id: str = "A1", quantity: str = "100000") -> None:
    client.C(f"35=D|11={cl_ord_id}|55=EUR/USD|54=1|38={quantity}|40=1")
    assert [heard.get(150) for heard in client.hears_all()] == (
        ["0", "2"] if client.number == "42" else ["0", "F"]
    )


def test_a_spot_deal_is_owed_until_its_value_date(desk: Conversation, number: str) -> None:
    """settl_days 2: the legs stand on receivable and payable, and move on the value date."""
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client(f"T{number}")
    client.C("35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1")
    client.talk_44("""
        D 35=8|150=0
        D 35=8|150=F|31=1.08200|381=108200.00|75=20270113|64=20270115
    """)
    desk.books("TREASURY", "receivable", EUR="100000.00", USD="0.00")
    desk.books("TREASURY", "payable", USD="-108200.00", EUR="0.00")
    desk.books("TREASURY", EUR="0.00", USD="0.00")
    desk.at("2027-01-14 23:59:59.999")
    desk.books("TREASURY", EUR="0.00", USD="0.00")
    desk.at("2027-01-15 00:00:00")
    desk.books("TREASURY", EUR="100000.00", USD="-108200.00")
    desk.books("TREASURY", "receivable", EUR="0.00")
    desk.books("TREASURY", "payable", USD="0.00")
    assert not desk.state.obligations


def test_a_sale_is_owed_as_well(desk: Conversation) -> None:
    """The seller owes base and is owed terms."""
    desk.prices("EUR/USD", **EURUSD)
    desk.client("T44").talk("""
        C 35=D|11=A1|55=EUR/USD|54=2|38=100000|40=1
        D 35=8|150=0
        D 35=8|150=F|31=1.08000|381=108000.00
    """)
    desk.books("TREASURY", "receivable", USD="108000.00")
    desk.books("TREASURY", "payable", EUR="-100000.00")
    desk.at("2027-01-15 00:00:00")
    desk.books("TREASURY", EUR="-100000.00", USD="108000.00")


def test_deals_of_one_value_date_net(desk: Conversation) -> None:
    """What is owed both ways on one date is settled as one amount an asset."""
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client("T44")
    buys_eur(client)
    client.talk("""
        C 35=D|11=A2|55=EUR/USD|54=2|38=100000|40=1
        D 35=8|150=0
        D 35=8|150=F|31=1.08000
    """)
    assert desk.state.obligations == {"TREASURY|USD|20270115": -200_00}
    desk.books("TREASURY", "receivable", EUR="0.00", USD="0.00")
    desk.books("TREASURY", "payable", EUR="0.00", USD="-200.00")
    desk.at("2027-01-15 00:00:00")
    desk.books("TREASURY", EUR="0.00", USD="-200.00")
    desk.books("TREASURY", "payable", USD="0.00")


def test_the_fee_of_a_spot_deal_is_owed_with_it(open_desk: OpenDesk) -> None:
    """A client without a cent today deals and pays his fee on the value date."""
    desk = open_desk(clients={"TREASURY": {"tier": "dear", "settlement_limits": {}}})
    desk.prices("EUR/USD", **EURUSD)
    desk.moves_funds("TREASURY", "EUR", "100000")
    client = desk.client("T44")
    client.talk("""
        C 35=D|11=A1|55=EUR/USD|54=2|38=100000|40=1
        D 35=8|150=0
        D 35=8|150=F|381=108000.00|12=108.00
    """)
    desk.books("TREASURY", "receivable", USD="107892.00")
    desk.books("TREASURY", USD="0.00")
    client.talk("""
        C 35=D|11=A2|55=EUR/USD|54=1|38=50000|40=1
        D 35=8|150=0
        D 35=8|150=F|381=54100.00|12=54.10
    """)
    desk.books("TREASURY", "receivable", USD="53737.90")
    desk.books("TREASURY", "payable", EUR="-50000.00", USD="0.00")
    desk.at("2027-01-15 00:00:00")
    desk.books("TREASURY", USD="53737.90", EUR="50000.00")


def test_what_is_owed_later_backs_no_hold(open_desk: OpenDesk) -> None:
    """A resting order's hold is of money that is there today, not of a receivable."""
    desk = open_desk(clients={"TREASURY": {"settlement_limits": {}}})
    desk.prices("EUR/USD", **EURUSD)
    desk.moves_funds("TREASURY", "EUR", "100000")
    desk.client("T44").talk("""
        C 35=D|11=A1|55=EUR/USD|54=2|38=100000|40=1
        D 35=8|150=0
        D 35=8|150=F|381=108000.00
        C 35=D|11=A2|55=EUR/USD|54=1|38=50000|40=2|44=1.07000|59=1
        D 35=8|150=8|103=3|58=FUNDS: ...
        C 35=D|11=A3|55=EUR/USD|54=1|38=50000|40=1
        D 35=8|150=0
        D 35=8|150=F|381=54100.00
    """)


@pytest.mark.parametrize(
    ("traded", "value"),
    [
        ("2027-01-13 12:00:00", "20270115"),  # Wednesday: Friday
        ("2027-01-14 12:00:00", "20270118"),  # Thursday: Monday
        ("2027-01-15 12:00:00", "20270119"),  # Friday: Tuesday
        ("2027-01-13 21:59:59", "20270115"),
        ("2027-01-13 22:00:00", "20270118"),  # past 17:00 in New York it is Thursday's
    ],
)
def test_value_dates_count_business_days(open_desk: OpenDesk, traded: str, value: str) -> None:
    """Two days from the trading day, Monday to Friday."""
    desk = open_desk(start=traded)
    desk.prices("EUR/USD", **EURUSD)
    desk.client("T44").talk(f"""
        C 35=R|131=R1|146=1|55=EUR/USD|54=1|38=100000
        D 35=S|64={value}
        C 35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1
        D 35=8|150=0
        D 35=8|150=F|64={value}
    """)


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ("64=20270115", True),
        ("64=20270114", False),
        ("64=20270118", False),
        ("63=0", True),
        ("63=3", True),  # T+2
        ("63=2", False),
        ("63=1", False),
        ("63=M1", False),
        ("63=6|64=20270115", True),
        ("63=6|64=20270116", False),
        ("63=6", False),
    ],
)
def test_another_settlement_is_refused(
    desk: Conversation, number: str, fields: str, accepted: bool
) -> None:
    """64 and 63 other than the instrument's own are refused, on orders and on requests."""
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client(f"T{number}")
    client.C(f"35=D|11=A1|55=EUR/USD|54=1|38=1000|40=1|{fields}")
    client.C(f"35=R|131=R1|146=1|55=EUR/USD|54=1|38=1000|{fields}")
    if accepted:
        assert [heard.kind for heard in client.hears_all()] == ["8", "8", "S"]
        return
    client.talk_44("""
        D 35=8|150=8|103=(UNSUPPORTED)|58=UNSUPPORTED tag=6...
        D 35=AG|658=(UNSUPPORTED)|58=UNSUPPORTED tag=6...
    """)


def test_limits_see_what_is_owed(desk: Conversation) -> None:
    """A payable is spent already: the credit line is 5 000 000 USD, all dates together."""
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client("T44")
    for count in range(2):
        buys_eur(client, f"A{count}", "900000")
        desk.prices("EUR/USD", **EURUSD)
    # 1 947 600 of 5 000 000 is owed; 2 900 000 EUR would be 3 137 800 USD, 1 EUR above its limit
    client.talk("""
        C 35=D|11=B1|55=EUR/USD|54=2|38=2000|15=EUR|40=1
        D 35=8|150=0
        D 35=8|150=F
    """)
    free = desk.state.floor("TREASURY", "USD")
    assert free == -5_000_000_00


def test_funds_of_a_later_date_do_not_pay_today(desk: Conversation) -> None:
    """A leg that settles today is bounded by what is available today, whatever is receivable."""
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client("A44")
    desk.moves_funds("ALPHA", "EUR", "900000")
    client.talk("""
        C 35=D|11=A1|55=EUR/USD|54=2|38=900000|40=1
        D 35=8|150=0
        D 35=8|150=F
        C 35=D|11=A2|55=BTC/USD|54=1|38=6|40=1
        D 35=8|150=8|103=3|58=FUNDS: ...
        C 35=D|11=A3|55=EUR/USD|54=1|38=1000000|40=1
        D 35=8|150=0
        D 35=8|150=F|381=1082000.00
    """)


def test_a_withdrawal_sees_available_only(desk: Conversation) -> None:
    """Neither what is receivable nor the credit line can be withdrawn."""
    desk.prices("EUR/USD", **EURUSD)
    buys_eur(desk.client("T44"))
    refused = desk.moves_funds("TREASURY", "EUR", "-1")
    assert refused.transfers == ()
    assert refused.alerts == ("refused: TREASURY has available 0.00 EUR",)
    desk.at("2027-01-15 00:00:00")
    assert desk.moves_funds("TREASURY", "EUR", "-100000").transfers
    assert not desk.moves_funds("TREASURY", "USD", "-1").transfers


def test_who_cannot_pay_on_the_value_date(desk: Conversation) -> None:
    """Payment before delivery: who cannot pay gets nothing, is alerted, and pays when he can."""
    desk.prices("EUR/USD", **EURUSD)
    buys_eur(desk.client("A44"))
    desk.moves_funds("ALPHA", "USD", "-450000")
    desk.at("2027-01-15 00:00:00")
    assert desk.alerts[-1] == "ALPHA cannot pay 10820000 USD due 20270115"
    desk.books("ALPHA", USD="50000.00", EUR="0.00")
    desk.books("ALPHA", "payable", USD="-108200.00")
    desk.books("ALPHA", "receivable", EUR="100000.00")
    desk.moves_funds("ALPHA", "USD", "58199.99")
    desk.books("ALPHA", EUR="0.00")
    desk.moves_funds("ALPHA", "USD", "0.01")
    desk.books("ALPHA", USD="0.00", EUR="100000.00")
    desk.books("ALPHA", "payable", USD="0.00")


def test_a_resting_spot_order_holds_and_then_owes(desk: Conversation) -> None:
    """The hold of a resting order is given back when its fill is owed for a later date."""
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=EUR/USD|54=1|38=100000|40=2|44=1.08000|59=1
        D 35=8|37=O1|150=0
    """)
    desk.books("ALPHA", "held", USD="108000.00")
    desk.prices("EUR/USD", bid="1.07800", offer="1.08000", depth="40000")
    client.talk("D 35=8|150=F|32=40000|381=43200.00|64=20270115")
    desk.books("ALPHA", "held", USD="64800.00")
    desk.books("ALPHA", "payable", USD="-43200.00")
    desk.books("ALPHA", USD="435200.00")


# -- trading days ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2027-03-12 12:00:00", "2027-03-12 22:00:00"),  # Friday, winter time
        ("2027-03-13 23:00:00", "2027-03-14 21:00:00"),  # the day the clocks go forward
        ("2027-03-15 12:00:00", "2027-03-15 21:00:00"),  # summer time
        ("2027-11-06 22:00:00", "2027-11-07 22:00:00"),  # the day they go back
        ("2027-11-05 12:00:00", "2027-11-05 21:00:00"),
    ],
)
def test_a_day_order_ends_with_the_trading_day(open_desk: OpenDesk, start: str, end: str) -> None:
    """17:00 in New York, on both Sundays of the year as well."""
    desk = open_desk(start=start)
    client = desk.client("A44")
    client.talk("C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=0\nD 35=8|150=0")
    desk.clock.go(desk.instant_of(end) - 1_000)
    desk.step()
    client.says_nothing_more()
    desk.at(end)
    client.talk("D 35=8|11=A1|150=C|39=C")


@pytest.mark.parametrize(
    ("at", "day"), [("2027-01-13 21:59:59.999", "20270113"), ("2027-01-13 22:00:00", "20270114")]
)
def test_trade_date_is_the_trading_day(open_desk: OpenDesk, at: str, day: str) -> None:
    """75 moves on at the trading day's end, not at midnight."""
    desk = open_desk(start=at)
    desk.client("A44").talk(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=0
        D 35=8|150=F|75={day}|64={day}
    """)


@pytest.mark.parametrize("fields", ["126=T-1s", "126=T", "432=20270112", "126=T-1s|432=20270120"])
def test_an_expiry_in_the_past(client: Client, fields: str) -> None:
    """126 or 432 that lies behind: 103=4; 126 wins over 432."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=6|{fields}
        D 35=8|150=8|103=(EXPIRES_PAST)|58=EXPIRES_PAST: ...
    """)


def test_good_till_nothing(client: Client) -> None:
    """59=6 with neither 126 nor 432: j 380=5."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=6
        D 35=j|372=D|379=A1|380=5|58=MISSING_FIELD tag=126: ...
    """)


# -- hours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2027-01-15 21:59:59.999", True),  # Friday before 17:00 in New York
        ("2027-01-15 22:00:00", False),
        ("2027-01-16 12:00:00", False),  # Saturday
        ("2027-01-17 21:59:59.999", False),
        ("2027-01-17 22:00:00", True),  # Sunday 17:00
        ("2027-12-24 05:00:00", False),  # a holiday, from midnight in New York
        ("2027-12-24 04:59:59.999", True),
        ("2027-07-16 20:59:59.999", True),  # summer time
        ("2027-07-16 21:00:00", False),
    ],
)
def test_trading_hours(open_desk: OpenDesk, number: str, at: str, is_open: bool) -> None:
    """Closed: 658=2, 103=2, in 4.2 300=2; crypto never is."""
    desk = open_desk(start=at)
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client(f"T{number}")
    client.C("35=R|131=R1|146=1|55=EUR/USD|54=1|38=1000")
    client.C("35=D|11=A1|55=EUR/USD|54=1|38=1000|40=2|44=1.05000|59=1")
    if is_open:
        client.talk_44("D 35=S|131=R1\nD 35=8|150=0")
    else:
        client.talk_44("""
            D 35=AG|131=R1|658=(CLOSED)|58=CLOSED: ...
            D 35=8|150=8|103=(CLOSED)|58=CLOSED: ...
        """)
    desk.client("A44").talk("C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1\nD 35=S|131=R1")


def test_the_close_withdraws_quotes_and_puts_orders_to_sleep(open_desk: OpenDesk) -> None:
    """At the close a live quote is withdrawn; a GTC order sleeps and wakes at the open."""
    desk = open_desk(start="2027-01-15 21:59:59.000")
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client("T44")
    client.talk("""
        C 35=D|11=A1|55=EUR/USD|54=1|38=1000|40=2|44=1.08000|59=1
        D 35=8|150=0
        C 35=R|131=R1|146=1|55=EUR/USD|54=1|38=1000
        D 35=S|117=Q1
        @ +1s
        D 35=Z|117=Q1|298=1
    """)
    better = {"bid": "1.07800", "offer": "1.08000", "depth": "5000000"}
    desk.prices("EUR/USD", **better)
    client.says_nothing_more()
    desk.at("2027-01-17 22:00:00")
    desk.prices("EUR/USD", **better)
    client.talk("D 35=8|11=A1|150=F|39=2")


def test_hours_that_changed_while_the_desk_was_down(open_desk: OpenDesk) -> None:
    """After a start in the weekend the instrument is closed, whatever it was before."""
    desk = open_desk(start="2027-01-15 12:00:00")
    desk.restarts()
    desk.at("2027-01-16 12:00:00")
    desk.restarts()
    desk.prices("EUR/USD", **EURUSD)
    client = desk.client("T44")
    client.talk("""
        C 35=R|131=R1|146=1|55=EUR/USD|54=1|38=1000
        D 35=AG|131=R1|658=2
    """)
    desk.at("2027-01-17 22:00:00")
    desk.prices("EUR/USD", **EURUSD)
    client.talk("""
        C 35=R|131=R2|146=1|55=EUR/USD|54=1|38=1000
        D 35=S|131=R2
    """)
    assert desk.state.instrument_state("EUR/USD") == "OPEN"
    assert Decimal(desk.balance("TREASURY", "USD")) == 0
