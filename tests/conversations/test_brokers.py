"""A broker bridges many through one session: limits, KYC, purse and books are each end client's."""

from decimal import Decimal

import pytest
from msgspec import structs

from otcfix.model.client_commands import SuspendClient
from otcfix.model.limit import SetTradingState
from otcfix.model.profile import Kyc
from otcfix.model.screening import CLEAR, ScreeningHit
from otcfix.model.session_commands import SetSessions
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.house_desk import CLIENTS
from tests.support.streams import TERMS

LIMIT = "55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"


def deals(desk: Conversation, number: str, end: str, name: str) -> None:
    """The end client asks, and deals on the quote."""
    desk.client(f"P{number}").talk_44(
        f"""
        C 35=R|115={end}|131=R{name}|146=1|55=BTC/USD|54=1|38=1
        D 35=S|128={end}|131=R{name}|117=Q1
        C 35=D|115={end}|11=A{name}|117=^|55=BTC/USD|54=1|38=1|40=D
        D 35=8|128={end}|11=A{name}|150=0
        D 35=8|128={end}|11=A{name}|150=F|31=100100.00
    """.replace("Q1", f"Q{name}").replace("117=^", f"117=Q{name}")
    )


def test_each_end_client_has_a_purse_of_his_own(desk: Conversation, number: str) -> None:
    """What END1 buys is END1's; the broker and END2 have what they had."""
    deals(desk, number, "END1", "1")
    desk.books("END1", USD="399900.00", BTC="6.00000000")
    desk.books("END2", USD="500000.00", BTC="5.00000000")
    desk.books("PRIME", USD="500000.00", BTC="5.00000000")
    deals(desk, number, "END2", "2")
    desk.books("END2", USD="399900.00", BTC="6.00000000")


def test_one_end_client_s_money_pays_for_no_other(desk: Conversation, number: str) -> None:
    """END1 has spent all: FUNDS for him, while END2 deals on."""
    desk.moves_funds("END1", "USD", "-500000")
    desk.client(f"P{number}").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|128=END1|150=8|103=(FUNDS)|58=FUNDS: ...
        C 35=D|115=END2|11=A1|{LIMIT}
        D 35=8|128=END2|150=0
    """)


@pytest.mark.parametrize("number", ["44"], indirect=True)
def test_limits_are_each_end_client_s(open_desk: OpenDesk, number: str) -> None:
    """Open orders of END1 do not count for END2, nor those of both for the broker."""
    desk = open_desk(clients={"END1": {"open_orders_max": 1}, "END2": {"open_orders_max": 1}})
    desk.client(f"P{number}").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|150=0
        C 35=D|115=END1|11=A2|{LIMIT}
        D 35=8|150=8|103=(LIMIT)|58=LIMIT: ...
        C 35=D|115=END2|11=A1|{LIMIT}
        D 35=8|150=0
    """)


def test_kyc_is_each_end_client_s(open_desk: OpenDesk, number: str) -> None:
    """END1 is not approved: NOT_AUTHORISED for him alone."""
    profile = structs.replace(CLIENTS["END1"].profile, kyc=Kyc())
    desk = open_desk(clients={"END1": {"profile": profile}})
    desk.client(f"P{number}").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|128=END1|150=8|103=(NOT_AUTHORISED)|58=NOT_AUTHORISED: ...
        C 35=D|115=END2|11=A1|{LIMIT}
        D 35=8|128=END2|150=0
    """)


def test_an_end_client_nobody_screened(open_desk: OpenDesk, number: str) -> None:
    """An end client is screened like any client: listed, he deals no more."""
    desk = open_desk()
    assert desk.state.clientele.screened["END1"].outcome == CLEAR
    hit = ScreeningHit("client END1", "OWN:1", "own", "d", "End One", Decimal(1))
    desk.screened(hit, client_id="END1")
    desk.client(f"P{number}").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|128=END1|150=8|103=(NOT_AUTHORISED)
        C 35=D|115=END2|11=A1|{LIMIT}
        D 35=8|128=END2|150=0
    """)


def test_a_broker_who_may_not_deal_deals_for_nobody(desk: Conversation, number: str) -> None:
    """Suspending the broker withdraws and cancels what he asked for others, and refuses the rest;
    an end client's own session, if he has one, is not touched."""
    client = desk.client(f"P{number}")
    client.talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|37=O1|150=0
        C 35=R|115=END2|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q1
    """)
    desk.tell(SuspendClient("PRIME", "carol", "papers"))
    kinds = sorted(heard.kind for heard in client.hears_all())
    assert kinds == ["8", "Z"]
    client.talk_44(f"""
        C 35=D|115=END1|11=A2|{LIMIT}
        D 35=8|128=END1|150=8|103=(NOT_AUTHORISED)|58=NOT_AUTHORISED: ...
    """)


def test_a_reducing_broker_lets_his_end_clients_reduce(desk: Conversation, number: str) -> None:
    """The broker's REDUCING holds for each end client's own position."""
    desk.tell(SetTradingState("client:PRIME", "REDUCING", "carol", "test"))
    desk.client(f"P{number}").talk_44("""
        C 35=D|115=END1|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|128=END1|150=8|103=(NOT_AUTHORISED)
        C 35=D|115=END1|11=A2|55=BTC/USD|54=2|38=1|40=1
        D 35=8|150=0
        D 35=8|150=F
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_his_own_session_is_another_matter(open_desk: OpenDesk, number: str) -> None:
    """An end client with a session of his own: same purse, but neither sees the other's quotes,
    orders and ClOrdIDs."""
    his = {"client_id": "END1", "account": "END1-1", "kind": "both"}
    desk = open_desk(sessions={f"DEAL{number}": his})
    desk.client(f"P{number}").talk_44(f"""
        C 35=R|115=END1|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q1
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|37=O1|150=0
    """)
    desk.client(f"DEAL{number}").talk_44(f"""
        C 35=D|11=A9|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=8|103=(UNKNOWN_QUOTE)
        C 35=F|11=F1|41=A1
        D 35=9|102=(UNKNOWN_ORDER)|37=NONE
        C 35=D|11=A1|{LIMIT}
        D 35=8|150=0
        C 35=Z|298=4|117=*
        D 35=AI|297=4
    """)
    desk.client(f"P{number}").talk_44("""
        C 35=D|115=END1|11=A3|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F
    """)


def test_two_end_clients_may_use_the_same_ids(desk: Conversation, number: str) -> None:
    """131 and 11 are each end client's own."""
    for end in ("END1", "END2"):
        desk.client(f"P{number}").talk_44(f"""
            C 35=R|115={end}|131=R1|146=1|55=BTC/USD|54=1|38=1
            D 35=S|131=R1
            C 35=D|115={end}|11=A1|55=BTC/USD|54=2|38=1|40=1
            D 35=8|11=A1|150=0
            D 35=8|11=A1|150=F
        """)


def test_a_report_says_whose_it_is(desk: Conversation, number: str) -> None:
    """453 with role 3, in 4.2 ClientID(109): in the words that the broker used."""
    client = desk.client(f"P{number}")
    client.C(f"35=D|115=END1|11=A1|{LIMIT}")
    heard = client.hears()
    assert heard.get(448 if number != "42" else 109) == "END1"
    assert heard.get(1) == "END1-1"


def test_names_need_not_be_client_ids(open_desk: OpenDesk, number: str) -> None:
    """The session says which client each of the broker's names is."""
    desk = open_desk(sessions={f"P{number}": {"end_clients": {"acme-7": "END1"}}})
    desk.client(f"P{number}").talk_44("""
        C 35=D|115=acme-7|11=A1|55=BTC/USD|54=2|38=1|40=1
        D 35=8|128=acme-7|150=0
        D 35=8|128=acme-7|150=F
        C 35=D|115=END1|11=A2|55=BTC/USD|54=2|38=1|40=1
        D 35=8|150=8|103=(UNKNOWN_ACCOUNT)
    """)
    desk.books("END1", BTC="4.00000000")


def test_an_account_of_another_end_client(desk: Conversation, number: str) -> None:
    """END1 named by 115 deals on no account but his own."""
    desk.client(f"P{number}").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|1=END1-1|150=0
    """)
    if number != "42":
        desk.client(f"P{number}").talk_44(f"""
            C 35=D|453=1|448=END1|447=D|452=3|11=A2|1=END2-1|{LIMIT}
            D 35=8|150=8|103=(UNKNOWN_ACCOUNT)|58=UNKNOWN_ACCOUNT tag=1: ...
            C 35=D|453=1|448=END1|447=D|452=3|11=A3|1=END1-2|{LIMIT}
            D 35=8|1=END1-2|150=0
        """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_what_is_asked_about_a_quote(desk: Conversation, number: str) -> None:
    """a, Z and a pass: for the end client named; without one for any of the broker's."""
    desk.client(f"P{number}").talk_44("""
        C 35=R|115=END1|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q1
        C 35=R|115=END2|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q2
        C 35=a|115=END2|649=s1|117=Q1|55=BTC/USD
        D 35=AI|649=s1|297=9
        C 35=a|649=s2|117=Q1|55=BTC/USD
        D 35=AI|649=s2|117=Q1
        C 35=Z|115=END1|131=R1|298=1|295=1|55=BTC/USD
        D 35=AI|131=R1
        C 35=a|649=s3|117=Q2|55=BTC/USD
        D 35=AI|649=s3|117=Q2
        C 35=Z|117=Q2|298=1|295=1|55=BTC/USD
        D 35=AI|117=Q2
    """)
    assert not any(quote.lives for quote in desk.state.quotes.values())


def test_a_drop_copy_of_the_broker_hears_all_his_end_clients(open_desk: OpenDesk) -> None:
    """drop_copy_of = the broker: what he does for others; of = END2: what is END2's."""
    copies = {"kind": "drop_copy", "drop_copy_of": ("PRIME",)}
    desk = open_desk(sessions={"DEAL44": copies})
    desk.client("P44").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|150=0
    """)
    heard = desk.client("DEAL44").hears()
    assert (heard.get(11), heard.get(448), heard.get(797)) == ("A1", "END1", "Y")


@pytest.mark.parametrize("number", ["44"], indirect=True)
def test_a_stream_is_the_broker_s_and_any_end_client_deals_on_it(
    open_desk: OpenDesk, number: str
) -> None:
    """V names nobody: the price is the broker's tier; what is dealt is the end client's, and what
    one has taken of a rung the other finds gone."""
    desk = open_desk(stream=TERMS)
    client = desk.client(f"P{number}")
    client.C("35=V|262=V1|263=1|264=0|265=0|267=2|269=0|269=1|146=1|55=BTC/USD")
    book = client.hears()
    rung = [value for tag, value in book.fields if tag == 299][-1]
    client.C(f"35=D|115=END1|11=A1|117={rung}|55=BTC/USD|54=1|38=0.1|40=D")
    reports = [heard for heard in client.hears_all() if heard.kind == "8"]
    assert [heard.get(150) for heard in reports] == ["0", "F"]
    assert Decimal(desk.balance("END1", "BTC")) == Decimal("5.1")
    desk.books("PRIME", USD="500000.00", BTC="5.00000000")


HIS = {"client_id": "END1", "account": "END1-1", "kind": "both"}
"""A session of END1's own."""


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_his_broker_uses_up_no_quote_req_id_of_his(open_desk: OpenDesk, number: str) -> None:
    """131 is unique for him, and for him by his broker: neither hears the other's quote again."""
    desk = open_desk(sessions={f"DEAL{number}": HIS})
    desk.client(f"P{number}").talk_44("""
        C 35=R|115=END1|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q1
        C 35=R|115=END1|131=R2|146=1|55=BTC/USD|54=1|38=1
        D 35=S|117=Q2
    """)
    desk.client(f"DEAL{number}").talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=2
        D 35=S|131=R1|117=Q3|135=2
        C 35=R|97=Y|131=R2|146=1|55=BTC/USD|54=1|38=2
        D 35=S|131=R2|117=Q4|135=2
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=2
        D 35=AG|131=R1|58=DUPLICATE: ...
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_a_deal_by_his_broker_ends_no_request_of_his(open_desk: OpenDesk, number: str) -> None:
    """The same 131 on both sessions, streamed: the broker's deal ends the broker's line alone."""
    desk = open_desk(stream=TERMS, sessions={f"DEAL{number}": HIS})
    client = desk.client(f"P{number}")
    client.talk_44("""
        C 35=R|115=END1|131=R1|146=1|55=BTC/USD|303=2|54=1|38=1
        D 35=S|117=Q1
    """)
    his = desk.client(f"DEAL{number}")
    his.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|303=2|54=1|38=1
        D 35=S|117=Q2
    """)
    client.talk_44("""
        C 35=D|115=END1|11=A3|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F
    """)
    assert his.hears_all() == []
    desk.at("+1s")
    desk.prices("BTC/USD", bid="100000.00", offer="100200.00")
    assert [heard.kind for heard in his.hears_all()] == ["S"]
    assert client.hears_all() == []


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_what_his_broker_dealt_is_the_broker_s_to_see_and_dispute(
    open_desk: OpenDesk, number: str
) -> None:
    """On his own session an AD shows none of it, and a Q about it opens nothing; nor when the
    broker's session is gone."""
    desk = open_desk(sessions={f"DEAL{number}": HIS})
    broker, his = desk.client(f"P{number}"), desk.client(f"DEAL{number}")
    broker.talk_44("""
        C 35=D|115=END1|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=0
        D 35=8|150=F|17=E1
    """)
    dispute = f"35=Q|37=O|17={desk.names['E1']}|127=F|58=not mine|55=BTC/USD|54=1|38=1"
    his.C(dispute)
    assert desk.state.breaks.waiting == {}
    known = desk.state.register.desk
    assert known is not None
    left = tuple(one for one in known.sessions if one.key != broker.key)
    asks = "C 35=AD|568=T1|569=0\nD 35=AQ|748=0"
    his.talk_44(asks)
    desk.tell(SetSessions(left, "carol", "test"))
    his.talk_44(asks)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_a_mass_cancel_for_nobody_he_knows(desk: Conversation, number: str) -> None:
    """Without an end client, or with an unknown one, it is refused: 531=7 533=0 would sound as if
    all were gone."""
    desk.client(f"P{number}").talk_44(f"""
        C 35=D|115=END1|11=A1|{LIMIT}
        D 35=8|37=O1|150=0
        C 35=q|11=M1|530=7
        D 35=r|11=M1|530=7|531=0|532=99|58=UNKNOWN_ACCOUNT: ...
        C 35=q|115=END9|11=M1|530=7
        D 35=r|11=M1|530=7|531=0|532=99|58=UNKNOWN_ACCOUNT: ...
        C 35=q|115=END1|11=M1|530=7
        D 35=r|11=M1|530=7|531=7|533=1
        D 35=8|37=O1|150=4
    """)


def test_one_request_is_for_one_end_client(desk: Conversation) -> None:
    """Parties stand in each line of an R: a second name is not priced as the first one's."""
    one = "55={}|38=1|54=1|453=1|448={}|447=D|452=3"
    desk.client("P44").talk(f"""
        C 35=R|131=R1|146=2|{one.format("BTC/USD", "END1")}|{one.format("ETH/USD", "END2")}
        D 35=3|371=448|372=R|373=5
        C 35=R|131=R1|146=2|{one.format("BTC/USD", "END1")}|{one.format("ETH/USD", "END1")}
        D 35=S|131=R1
        D 35=AG|131=R1
    """)


def test_a_copy_of_one_account_has_what_was_named_by_account(open_desk: OpenDesk) -> None:
    """1=END1 is how the broker names END1: it is on END1's first account."""
    copies = {"kind": "drop_copy", "drop_copy_of": ("END1",), "drop_copy_accounts": ("END1-1",)}
    desk = open_desk(sessions={"DEAL44": copies})
    for number, named in enumerate(("1=END1", "115=END1", "1=END2")):
        desk.client("P44").C(f"35=D|{named}|11=A{number}|{LIMIT}")
    assert [heard.get(11) for heard in desk.client("DEAL44").hears_all()] == ["A0", "A1"]
