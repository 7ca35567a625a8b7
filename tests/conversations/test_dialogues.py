"""The twelve dialogues of rules.md, section 6, as they are written there.

What needs a socket (gaps, resends, resets) is told in tests/e2e; here the sequencer, the store and
the recovery are the real ones.
"""

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.memory_store import MemoryStore


@pytest.fixture(params=["sqlite", "memory"])
def desk(open_desk: OpenDesk, request: pytest.FixtureRequest) -> Conversation:
    """The house's desk, on the real store and on the one that the properties run on."""
    return open_desk(store=MemoryStore() if request.param == "memory" else None)


def test_1_two_way_quote_offer_hit(desk: Conversation) -> None:
    """A two-way quote is dealt on its offer once; its other side is gone with it."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|15=BTC
        D 35=S|131=R1|117=Q1|537=1|55=BTC/USD|38=1|15=BTC|132=100000.00|133=100100.00|134=1|135=1
          |62=T+3s|64=today
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|15=BTC|40=D|44=100100|59=4|60=T
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0|55=BTC/USD|54=1|38=1|14=0|151=1|6=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|54=1|38=1|32=1|31=100100.00|14=1|151=0|6=100100
          |381=100100.00|119=100100.00|120=USD|64=today|75=today
        C 35=D|11=A2|117=Q1|55=BTC/USD|54=2|38=1|40=D|60=T
        D 35=8|37=NONE|11=A2|150=8|39=8|103=4|14=0|151=0|6=0|58=QUOTE_GONE: ...
    """)
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")


def test_2_wrong_side(desk: Conversation) -> None:
    """A hit on a side that was not quoted, or at the other side's price, leaves the quote alive."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=R2|146=1|55=BTC/USD|54=1|38=1
        D 35=S|131=R2|117=Q2|537=1|54=1|133=100100.00|135=1|62=..|132=-|134=-
        C 35=D|11=B1|117=Q2|55=BTC/USD|54=2|38=1|40=D
        D 35=8|11=B1|150=8|103=99|58=QUOTE_DIFFERS tag=54: ...
        C 35=R|131=R3|146=1|55=BTC/USD|38=1
        D 35=S|131=R3|117=Q3|132=100000.00|133=100100.00
        C 35=D|11=B2|117=Q3|55=BTC/USD|54=2|38=1|40=D|44=100100
        D 35=8|11=B2|150=8|103=99|58=QUOTE_DIFFERS tag=44: ...
        C 35=D|11=B3|117=Q3|55=BTC/USD|54=2|38=1|40=D|44=100000
        D 35=8|37=O1|11=B3|17=E1|150=0|39=0
        D 35=8|37=O1|11=B3|17=E2|150=F|39=2|31=100000.00
    """)
    desk.books("ALPHA", USD="600000.00", BTC="4.00000000")


def test_3_expired_quote(desk: Conversation) -> None:
    """A quote is dealt on up to the very instant of ValidUntilTime(62), and not a moment longer."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=R4|146=1|55=BTC/USD|38=1
        D 35=S|117=Q4|62=12:00:03.000
        @ 12:00:03.000
        C 35=D|11=C1|117=Q4|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=C1|150=0
        D 35=8|11=C1|150=F|39=2
        @ 12:00:06.000
        C 35=R|131=R5|146=1|55=BTC/USD|38=1
        D 35=S|117=Q5|62=12:00:09.000
        @ 12:00:09.001
        C 35=D|11=C2|117=Q5|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=C2|150=8|39=8|103=4|58=QUOTE_GONE: expired
        C 35=a|649=s1|117=Q5|55=BTC/USD
        D 35=AI|649=s1|117=Q5|55=BTC/USD|297=7
    """)


def test_3_expired_quote_behind_a_queue(desk: Conversation) -> None:
    """A hit that was received in time deals, however long the queue in front of it is (R18)."""
    alpha = desk.client("A44")
    desk.at("12:00:06.000")
    alpha.talk("""
        C 35=R|131=R5|146=1|55=BTC/USD|38=1
        D 35=S|117=Q5|62=12:00:09.000
    """)
    with desk.busy():
        desk.at("12:00:08.999")
        alpha.C("35=D|11=C2|117=Q5|55=BTC/USD|54=1|38=1|40=D")
        desk.at("12:00:09.199")
    alpha.talk("""
        D 35=8|11=C2|150=0
        D 35=8|11=C2|150=F|39=2
    """)


def test_4_indicative_dealt_on(desk: Conversation) -> None:
    """An indicative quote carries no 62 and is dealt on neither by D nor by AJ."""
    desk.client("A44").talk("""
        C 35=R|131=R6|146=1|55=BTC/USD|537=0|38=1
        D 35=S|131=R6|117=Q6|537=0|132=100000.00|133=100100.00|62=-
        C 35=D|11=D1|117=Q6|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=D1|150=8|39=8|103=11|58=INDICATIVE: ...
        C 35=AJ|693=x|117=Q6|694=1|11=D2|55=BTC/USD|54=1|38=1
        D 35=8|11=D2|693=x|150=8|39=8|103=11|58=INDICATIVE: ...
    """)


def test_5_flat_request_of_a_4_2_client(desk: Conversation) -> None:
    """A 4.2 client with the flat dialect and its own symbols is quoted, dealt with and refused."""
    desk.client("FLAT42").talk("""
        C 8=FIX.4.2|35=R|131=R7|55=BTC-USD|54=1|38=1|40=2|44=100500|59=4
        D 35=S|131=R7|117=Q7|55=BTC-USD|133=100100.00|135=1|62=..|60=..|537=-|38=-|54=-|58=-
        C 35=D|11=F1|21=1|117=Q7|55=BTC-USD|54=1|38=1|40=H|44=100100|59=4|60=T
        D 35=8|37=O2|11=F1|17=E3|20=0|150=0|39=0
        D 35=8|37=O2|11=F1|17=E4|20=0|150=2|39=2|32=1|31=100100.00|14=1|151=0|6=100100
        C 35=R|131=R8|55=DOGE-XYZ|54=1|38=1
        D 35=b|131=R8|297=5|300=1|58=UNKNOWN_SYMBOL...
        C 35=H|11=F1|55=BTC-USD|54=1
        D 35=8|20=3|17=0|150=2|39=2|37=O2|11=F1|14=1|151=0
    """)


def test_5_group_required_by_the_dictionary_of_4_2(desk: Conversation) -> None:
    """Without the flat dialect QuickFIX refuses an R without 146, and a q, which 4.2 has not."""
    desk.client("A42").talk("""
        C 34=41|35=R|131=R7|55=BTC/USD|54=1|38=1
        D 35=3|45=41|371=146|372=R|373=1
        C 35=q|11=m1|530=7
        D 35=3|372=q|373=11
    """)


def test_6_partial_fill_of_a_limit_order_and_expiry(desk: Conversation) -> None:
    """A resting order fills in part at a better price, frees the improvement, and expires."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=D|11=G1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=6|126=12:10:00|60=T
        D 35=8|37=O1|11=G1|17=E1|150=0|39=0|38=3|14=0|151=3|59=6|126=12:10:00
    """)
    desk.books("ALPHA", "held", USD="299700.00")
    desk.prices("BTC/USD", bid="99790", offer="99890", depth="2")
    alpha.talk("""
        D 35=8|37=O1|11=G1|17=E2|150=F|39=1|32=2|31=99890.00|14=2|151=1|6=99890|381=199780.00
    """)
    desk.books("ALPHA", "held", USD="99900.00")
    desk.books("ALPHA", USD="200320.00", BTC="7.00000000")  # 20.00 of the hold came back
    desk.at("+1s")  # the same snapshot again: nothing
    alpha.says_nothing_more()
    alpha.talk("""
        @ 12:09:59.999
        @ 12:10:00.000
        D 35=8|37=O1|11=G1|17=E3|150=C|39=C|38=3|14=2|151=0|6=99890
    """)
    desk.books("ALPHA", "held", USD="0.00")


def test_6_the_rest_fills_on_the_next_snapshot(desk: Conversation) -> None:
    """What was taken of a snapshot is gone from it; the next snapshot fills the rest."""
    alpha = desk.client("A44")
    alpha.C("35=D|11=G1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=6|126=12:10:00|60=T")
    alpha.D("35=8|37=O1|11=G1|150=0|39=0")
    desk.prices("BTC/USD", bid="99790", offer="99890", depth="2")
    alpha.D("35=8|37=O1|150=F|39=1|32=2|31=99890.00|14=2|151=1")
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="1")
    alpha.D("35=8|37=O1|150=F|39=2|32=1|31=99900.00|14=3|151=0|6=99893.3333333333")
    alpha.says_nothing_more()
    desk.books("ALPHA", "held", USD="0.00")


def test_7_replace_against_fill_the_fill_is_first(desk: Conversation) -> None:
    """A replace to less than is filled meanwhile amends the order to what is filled."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=D|11=H1|55=BTC/USD|54=1|38=5|40=2|44=90000|59=1
        D 35=8|37=O1|11=H1|150=0|39=0
    """)
    with desk.busy():
        desk.prices("BTC/USD", bid="89900", offer="90000", depth="3")
        alpha.C("35=G|41=H1|11=H2|38=2|44=99900")
    alpha.talk("""
        D 35=8|37=O1|11=H1|150=F|39=1|32=3|14=3|151=2
        D 35=8|37=O1|11=H2|41=H1|150=5|39=2|38=3|14=3|151=0
        C 35=F|41=H2|11=H3
        D 35=9|37=O1|11=H3|41=H2|39=2|434=1|102=0
        C 35=F|41=H1|11=H5
        D 35=9|37=O1|11=H5|41=H1|39=2|434=1|102=1
    """)
    desk.books("ALPHA", "held", USD="0.00")
    desk.books("ALPHA", USD="230000.00", BTC="8.00000000")


def test_7_replace_against_fill_the_replace_is_first(desk: Conversation) -> None:
    """After an accepted replace fills carry the new ClOrdID and never exceed the new quantity."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=D|11=H1|55=BTC/USD|54=1|38=5|40=2|44=90000|59=1
        D 35=8|37=O1|11=H1|150=0|39=0
        C 35=G|41=H1|11=H2|38=2|44=99900
        D 35=8|37=O1|11=H2|41=H1|150=5|39=0|38=2|14=0|151=2
    """)
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="3")
    alpha.talk("""
        D 35=8|37=O1|11=H2|150=F|39=2|32=2|31=99900.00|14=2|151=0
    """)


def test_7_refused_replace(desk: Conversation) -> None:
    """A replace that is refused leaves the order and its ClOrdID as they were (A12)."""
    desk.client("A44").talk("""
        C 35=D|11=H2|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1
        D 35=8|37=O1|11=H2|150=0|39=0
        C 35=G|41=H2|11=H4|38=6
        D 35=9|37=O1|11=H4|41=H2|39=0|434=2|102=99|58=FUNDS...
        C 35=F|41=H4|11=H5
        D 35=9|37=O1|11=H5|41=H4|39=0|434=1|102=1
        C 35=F|41=H2|11=H6
        D 35=8|37=O1|11=H6|41=H2|150=4|39=4|14=0|151=0
    """)


def test_8_cancel_loses(desk: Conversation) -> None:
    """A cancel that is decided after the fill is too late, and says so with the true status."""
    alpha = desk.client("A44")
    alpha.C("35=D|11=I1|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1")
    alpha.D("35=8|37=O9|11=I1|150=0")
    with desk.busy():
        desk.prices("BTC/USD", bid="99800", offer="99900")
        alpha.C("35=F|41=I1|11=I2")
    alpha.talk("""
        D 35=8|37=O9|11=I1|150=F|39=2
        D 35=9|37=O9|11=I2|41=I1|39=2|434=1|102=0
    """)


def test_8_cancel_of_nothing_and_with_an_id_used_before(desk: Conversation) -> None:
    """A cancel of an unknown order, and one whose own ClOrdID is used up, are refused as such."""
    desk.client("A44").talk("""
        C 35=F|41=nope|11=I3
        D 35=9|37=NONE|11=I3|41=nope|39=8|434=1|102=1
        C 35=D|11=I1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|11=I1|150=0
        D 35=8|11=I1|150=F|39=2
        C 35=D|11=I9|55=BTC/USD|54=1|38=1|40=2|44=99900
        D 35=8|37=O2|11=I9|150=0
        C 35=F|41=I9|11=I1
        D 35=9|37=O2|11=I1|41=I9|39=0|434=1|102=6|58=DUPLICATE...
    """)
    desk.client("A42").talk("""
        C 35=F|41=I9|11=I1
        D 35=9|37=O2|11=I1|41=I9|39=0|102=-|58=DUPLICATE...
    """)


def test_9_ioc_and_fok(desk: Conversation) -> None:
    """FOK fills all or nothing, IOC takes what there is once."""
    desk.prices("BTC/USD", bid="100000", offer="100100", depth="2")
    desk.client("A44").talk("""
        C 35=D|11=J2|55=BTC/USD|54=1|38=3|40=2|44=100100|59=4
        D 35=8|37=O2|11=J2|150=0|39=0
        D 35=8|37=O2|11=J2|150=4|39=4|14=0|151=0|58=FOK
        C 35=D|11=J1|55=BTC/USD|54=1|38=3|40=2|44=100100|59=3|110=1
        D 35=8|37=O1|11=J1|17=E1|150=0|39=0
        D 35=8|37=O1|11=J1|17=E2|150=F|39=1|32=2|14=2|151=1
        D 35=8|37=O1|11=J1|17=E3|150=4|39=4|14=2|151=0
    """)


def test_9_market_with_tolerance(desk: Conversation) -> None:
    """A market order deals within 2676, which is a fraction; on a quoted order it is refused."""
    desk.sees("BTC/USD", bid="100050", offer="100050")
    desk.client("A44").talk("""
        C 35=R|131=R9|146=1|55=BTC/USD|38=1
        D 35=S|117=Q9|133=100100.00
        C 35=D|11=J3|55=BTC/USD|54=1|38=1|40=1|2676=0.0001
        D 35=8|37=NONE|11=J3|150=8|103=99|58=PRICE_MOVED...
        C 35=D|11=J4|55=BTC/USD|54=1|38=1|40=1|2676=1.5
        D 35=8|11=J4|150=8|103=11|58=UNSUPPORTED tag=2676...
        C 35=D|11=J5|117=Q9|55=BTC/USD|54=1|38=1|40=D|2676=0.01
        D 35=8|11=J5|150=8|103=11|58=UNSUPPORTED tag=2676...
    """)


def test_10_killed_before_the_commit(desk: Conversation) -> None:
    """An order that was never committed is decided once when it comes again, by its first age."""
    alpha = desk.client("A44")
    for cl_ord_id in ("K1", "K2"):
        with desk.killed("before commit"):
            alpha.C(f"35=D|11={cl_ord_id}|55=BTC/USD|54=1|38=1|40=1|60=12:00:00")
        desk.restarts()
    desk.at("12:00:02.000")
    desk.prices("BTC/USD", bid="100000", offer="100100")
    alpha.logs_on()
    alpha.talk("""
        C 43=Y|122=12:00:00|35=D|11=K1|55=BTC/USD|54=1|38=1|40=1|60=12:00:00
        D 35=8|37=O1|11=K1|150=0|39=0
        D 35=8|37=O1|11=K1|150=F|39=2
        @ 12:00:09.000
        C 43=Y|122=12:00:00|35=D|11=K2|55=BTC/USD|54=1|38=1|40=1|60=12:00:00
        D 35=8|11=K2|150=8|103=8|58=TOO_OLD...
    """)
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")


def test_10_killed_after_the_commit(desk: Conversation) -> None:
    """What was committed and not said is said once at the next logon, with PossResend(97)."""
    alpha = desk.client("A44")
    with desk.killed("before saying"):
        alpha.C("35=D|11=K1|55=BTC/USD|54=1|38=1|40=1")
    desk.restarts()
    alpha.logs_on()
    alpha.talk("""
        D 97=Y|35=8|37=O7|11=K1|17=E7|150=0|39=0
        D 97=Y|35=8|37=O7|11=K1|17=E8|150=F|39=2
    """)
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")
    desk.restarts()
    alpha.logs_on()
    alpha.says_nothing_more()


def test_10_what_was_missed(desk: Conversation) -> None:
    """A quote that nobody could hear is not said late; a report is (R10)."""
    alpha = desk.client("A44")
    alpha.C("35=D|11=K3|55=BTC/USD|54=1|38=1|40=2|44=99900")
    alpha.D("35=8|37=O1|11=K3|150=0|17=E1")
    with desk.busy():
        alpha.C("35=R|131=R10|146=1|55=BTC/USD|38=1")
        alpha.drops()
    desk.prices("BTC/USD", bid="99800", offer="99900")
    alpha.says_nothing_more()
    alpha.logs_on()
    alpha.talk("""
        D 43=Y|35=8|37=O1|11=K3|17=E9|150=F|39=2
    """)


def test_11_poss_resend_and_plain_duplicate(desk: Conversation) -> None:
    """A ClOrdID is executed once, whatever is said again; an honest repetition gets the state."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1|117=Q1
        C 35=D|11=L1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O12|11=L1|150=0
        D 35=8|37=O12|11=L1|150=F|39=2
        C 97=Y|35=D|11=L1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|11=L1|37=O12|150=I|39=2|14=1|151=0
        C 97=Y|35=D|11=L1|55=BTC/USD|54=1|38=2|40=1
        D 35=8|11=L1|37=NONE|150=8|39=8|103=6|14=0|151=0
        C 35=D|11=L1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|11=L1|37=NONE|150=8|39=8|103=6|14=0|151=0|6=0|58=DUPLICATE of OrderID ...
        C 97=Y|35=D|11=L2|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O13|11=L2|150=0
        D 35=8|37=O13|11=L2|150=F|39=2
        C 97=Y|35=R|131=R1|146=1|55=BTC/USD|38=1
        D 97=Y|35=S|131=R1|117=Q1|132=100000.00|133=100100.00
        @ +3001ms
        C 97=Y|35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=AG|131=R1|658=4
    """)
    alpha.C("35=D|11=L1|55=BTC/USD|54=1|38=1|40=1")
    heard = alpha.hears()
    assert heard.get(58) == f"DUPLICATE of OrderID {desk.names['O12']} (filled)"
    desk.books("ALPHA", USD="299800.00", BTC="7.00000000")


def test_12_dealt_currency_several_symbols_and_aj(desk: Conversation) -> None:
    """Buying terms deals on our bid; each symbol is answered alone; AJ hits and passes."""
    desk.prices("ETH/USD", bid="4000", offer="4010", depth="100")
    desk.moves_funds("ALPHA", "ETH", "10")  # A24: the worse side of a two-way request is checked
    desk.client("A44").talk("""
        C 35=R|131=M1|146=3|55=BTC/USD|54=1|38=100000|15=USD|55=ETH/USD|38=10|55=NOPE/USD|38=1
        D 35=S|131=M1|117=Q20|537=1|55=BTC/USD|54=1|38=100000|15=USD|132=100000.00|134=100000
          |62=..|133=-|135=-
        D 35=S|131=M1|117=Q21|537=1|55=ETH/USD|132=4000.00|133=4010.00
        D 35=AG|131=M1|658=1|146=1|55=NOPE/USD|38=1
        C 35=AJ|693=N1|117=Q20|694=1|11=P1|55=BTC/USD|54=1|38=100000|15=USD
        D 35=8|37=O1|150=0|11=P1|693=N1
        D 35=8|37=O1|150=F|39=2|54=1|15=USD|38=100000|32=100000|31=100000.00|14=100000|151=0
          |119=1.00000000|120=BTC|381=100000.00|693=N1
        C 35=AJ|693=N2|117=Q21|694=6|55=ETH/USD
        D 35=AI|693=N2|117=Q21|55=ETH/USD|297=11
    """)
    desk.books("ALPHA", USD="600000.00", BTC="4.00000000")


def test_12_a_live_quote_is_withdrawn_after_a_restart(desk: Conversation) -> None:
    """A quote that lived when the desk stopped is void after it, and withdrawn at the logon."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=M2|146=1|55=BTC/USD|38=1
        D 35=S|131=M2|117=Q22|62=T+3s
    """)
    desk.restarts()
    desk.at("+2s")
    alpha.logs_on()
    alpha.talk("""
        D 35=Z|117=Q22|298=1|295=1|55=BTC/USD
        C 35=D|11=P2|117=Q22|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=P2|150=8|103=4|58=QUOTE_GONE: withdrawn
    """)


def test_12_a_dead_quote_is_not_withdrawn_after_a_restart(desk: Conversation) -> None:
    """A quote whose 62 passed before the logon needs no withdrawal."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=M2|146=1|55=BTC/USD|38=1
        D 35=S|131=M2|117=Q22|62=T+3s
    """)
    desk.restarts()
    desk.at("+3001ms")
    alpha.logs_on()
    alpha.says_nothing_more()
