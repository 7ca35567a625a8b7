"""The twelve dialogues of rules.md, section 6."""

from tests.conversation import Conversation


def test_1_two_way_quote_offer_hit(desk: Conversation) -> None:
    """A two-way quote is dealt on its offer once; its other side is gone with it."""
    alpha = desk.client("A44")
    alpha.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|15=BTC
        D 35=S|131=R1|117=Q1|537=1|55=BTC/USD|38=1|15=BTC|132=100000.00|133=100100.00|134=1|135=1|62=T+3s|64=today
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|15=BTC|40=D|44=100100|59=4|60=T
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0|55=BTC/USD|54=1|38=1|14=0|151=1|6=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|54=1|38=1|32=1|31=100100.00|14=1|151=0|6=100100|381=100100.00|119=100100.00|120=USD|64=today|75=today
        C 35=D|11=A2|117=Q1|55=BTC/USD|54=2|38=1|40=D|60=T
        D 35=8|37=NONE|11=A2|150=8|39=8|103=4|14=0|151=0|6=0|58=QUOTE_GONE: ...
    """)
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")
