"""Sessions that speak a dialect: quoted, dealt with and refused in their own words.

At the end of each the journal replays to the same State and the same words (tests/support/laws).
"""

from typing import Any

import pytest

from otcfix.fix.dialects import Translation
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.dialects import dialect
from tests.support.streams import TERMS, asks

ODD42 = """
    base = ""
    [symbols]
    "XBT/USD" = "BTC/USD"
    "BTC-USD" = "BTC/USD"
    [[tag]]
    client = 7001
    desk = 1
    [[tag]]
    client = 7011
    desk = 11
    [[tag]]
    messages = "R S b Z"
    client = 7131
    desk = 131
    [[tag]]
    messages = "R S Z"
    client = 48
    desk = 55
    [[value]]
    tag = 54
    map = { "B" = "1", "S" = "2" }
    [[default]]
    way = "in"
    messages = "D"
    tag = 59
    value = "4"
    [[group]]
    messages = "R"
    count = 146
    members = [55, 54, 38, 15, 1]
    client = "flat"
    [[add]]
    way = "out"
    messages = "8 9"
    tag = 50
    value = "DESK1"
"""

LOTS44 = """
    [[quantity]]
    symbols = ["BTC/USD"]
    contract = 0.01
    currency = "BTC"
    [[party]]
    messages = "D G 8 9"
    tag = 1
    role = 24
    [[tag]]
    way = "in"
    client = 50
    desk = 115
    [[tag]]
    way = "out"
    client = 57
    desk = 128
"""

SYMBOLS = {"XBT/USD": "BTC/USD", "BTC-USD": "BTC/USD"}
ODD: dict[str, Any] = {"dialect": dialect(ODD42, "odd"), "symbols": SYMBOLS}
LOTS: dict[str, Any] = {"dialect": dialect(LOTS44, "lots")}


@pytest.fixture
def odd(open_desk: OpenDesk) -> Conversation:
    """FLAT42 calls most things otherwise, B44 counts in lots."""
    return open_desk(sessions={"FLAT42": ODD, "B44": LOTS}, stream=TERMS)


def test_a_quote_and_a_deal_in_his_words(odd: Conversation) -> None:
    """Tags, values and the symbol's spelling come back as he sent them."""
    odd.client("FLAT42").talk("""
        C 35=R|7131=R1|48=XBT/USD|54=B|38=1|11=-|60=-
        D 35=S|7131=R1|117=Q1|48=XBT/USD|133=100100.00|135=1|131=-|55=-
        C 35=D|7011=A1|7001=ALPHA-1|117=Q1|55=BTC-USD|54=B|38=1|40=D|60=T|11=-
        D 35=8|37=O1|7011=A1|17=E1|150=0|39=0|54=B|7001=ALPHA-1|50=DESK1|55=BTC-USD|59=4|1=-|11=-
        D 35=8|37=O1|7011=A1|17=E2|150=2|39=2|54=B|32=1|31=100100.00
    """)
    odd.books("ALPHA", USD="399900.00", BTC="6.00000000")


def test_refusals_in_his_words(odd: Conversation) -> None:
    """b, 8, 9, j and 3: what is wrong is named as he calls it."""
    odd.client("FLAT42").talk("""
        C 35=R|7131=R1|48=DOGE-XYZ|54=B|38=1
        D 35=b|7131=R1|297=5|300=1|58=UNKNOWN_SYMBOL tag=48: ...|131=-
        C 35=R|7131=R2|48=XBT/USD|54=B
        D 35=j|372=R|380=5|379=R2|58=MISSING_FIELD tag=38: ...
        C 35=D|7011=B1|7001=NOBODY|55=BTC/USD|54=B|38=1|40=2|44=9|60=T|11=-
        D 35=8|7011=B1|150=8|39=8|103=0|58=UNKNOWN_ACCOUNT tag=7001: ...
        C 35=F|7011=B2|41=nope|55=BTC/USD|54=B|60=T|11=-
        D 35=9|37=NONE|7011=B2|41=nope|39=8|102=1|50=DESK1
        C 34=77|35=D|7011=B3|11=B3|55=BTC/USD|54=B|38=1|40=1|60=T
        D 35=3|45=77|371=11|372=D|373=2
    """)


def test_contracts_parties_and_routes(odd: Conversation) -> None:
    """Lots of 0.01 BTC, the account as a party, the desk's answer to 50 in 57."""
    odd.client("B44").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=50|54=1
        D 35=S|131=R1|117=Q1|38=50|135=50|133=100100.00|15=-
        C 50=TRADER|35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=50|40=D|60=T|453=1|448=BETA-1|447=D|452=24
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0|38=50|151=50|14=0|453=1|448=BETA-1|452=24|1=-|57=TRADER
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|32=50|14=50|31=100100.00|381=50050.00|119=50050.00
        C 35=D|11=A2|55=BTC/USD|54=1|38=50|15=USD|40=1|60=T
        D 35=3|371=15|372=D|373=5
        C 35=D|11=A3|55=BTC/USD|54=1|38=0.05|40=1|60=T
        D 35=8|11=A3|150=8|103=13|38=0.05
    """)
    odd.books("BETA", USD="449950.00", BTC="5.50000000")


BROKER = """
    [[party]]
    messages = "R D"
    tag = 7003
    role = 3
    has = "desk"
"""


@pytest.mark.parametrize("version", ["44", "50"])
def test_a_broker_names_his_clients_in_a_field_of_his_own(
    open_desk: OpenDesk, version: str
) -> None:
    """His field is the party with role 3: known ones deal, others are refused."""
    known = dialect(BROKER, "broker")
    desk = open_desk(sessions={f"P{version}": {"dialect": known}})
    desk.client(f"P{version}").talk_44("""
        C 35=R|131=R1|7003=END1|146=1|55=BTC/USD|54=1|38=1
        D 35=S|131=R1|117=Q1|133=100100.00
        C 35=D|11=A1|7003=END1|117=Q1|55=BTC/USD|54=1|38=1|40=D|60=T
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2
        C 35=D|11=A2|7003=NOBODY|55=BTC/USD|54=1|38=1|40=1|60=T
        D 35=8|11=A2|150=8|39=8|103=15|58=UNKNOWN_ACCOUNT: ...
    """)


def test_contracts_in_50sp2(open_desk: OpenDesk) -> None:
    """The same dialect on another version; a dictionary of its own for the messages."""
    desk = open_desk(sessions={"B50": LOTS})
    desk.client("B50").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=50|54=1
        D 35=S|131=R1|117=Q1|38=50|135=50|133=100100.00|15=-
        C 50=TRADER|35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=50|40=D|60=T|453=1|448=BETA-1|447=D|452=24
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0|38=50|453=1|448=BETA-1|452=24|1=-|57=TRADER
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|32=50|14=50|31=100100.00
    """)


def test_an_unsaid_quote_is_answered_after_a_restart(odd: Conversation) -> None:
    """R10: the request is found in what was to be said, whatever the client calls it."""
    client = odd.client("FLAT42")
    with odd.killed("before saying"):
        client.C("35=R|7131=R9|48=XBT/USD|54=B|38=1")
    odd.restarts()
    client.logs_on()
    client.talk("""
        D 35=b|7131=R9|297=5|58=DESK_RESTARTED: ...
        D 35=Z|7131=R9|117=Q1|298=1|295=1|48=XBT/USD|55=-
    """)


def test_an_overflow_is_known_by_our_names() -> None:
    """R2: the request that found no room is named by its id, which he calls 7131."""
    text = "8=FIX.4.2|35=R|34=7|7131=R1|48=XBT/USD|10=000|".replace("|", "\x01")

    assert "\x01131=R1\x01" in Translation(ODD["dialect"], SYMBOLS).in_our_words(text)


def test_streams_in_his_words(odd: Conversation) -> None:
    """W and X: sizes in contracts, and the journal says the same again."""
    client = odd.client("B44")
    asks(client)
    (whole,) = client.hears_all()
    assert whole.kind == "W"
    assert whole.values(271) == ["100", "300", "100", "300"]
    assert whole.values(269) == ["0", "0", "1", "1"]


DOLLARS = """
    [[quantity]]
    contract = 100
    currency = "USD"
"""


def test_contracts_of_the_terms(open_desk: OpenDesk) -> None:
    """38=250 is 25000 USD; what counts BTC, a book and a copy of another's order, says so."""
    known = {"dialect": dialect(DOLLARS, "dollars")}
    copy = {"kind": "drop_copy", "drop_copy_of": ("ALPHA",)}
    desk = open_desk(sessions={"B44": known, "DEAL44": {**known, **copy}}, stream=TERMS)
    client, heard = desk.client("B44"), desk.client("DEAL44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=250|40=1|60=T
        D 35=8|11=A1|150=0|38=250|15=-
        D 35=8|11=A1|150=F|32=250|14=250|15=-|381=25000.00|119=0.25000000|120=BTC
    """)
    asks(client)
    (whole,) = client.hears_all()
    assert whole.values(15) == ["BTC"] * len(whole.values(271))
    for number, order in enumerate(("38=2", "38=50000|15=USD")):
        desk.client("A44").C(f"35=D|11=C{number}|55=BTC/USD|54=2|{order}|40=1")
    sums = [(said.get(15), said.get(14)) for said in heard.hears_all() if said.get(150) == "F"]
    assert sums == [("BTC", "2"), ("", "500")]


def test_a_copy_in_contracts_of_an_order_in_the_terms(open_desk: OpenDesk) -> None:
    """Lots of 0.01 BTC: dollars are not counted in them."""
    copy = {"kind": "drop_copy", "drop_copy_of": ("ALPHA",)}
    desk = open_desk(sessions={"DEAL44": {**LOTS, **copy}})
    desk.client("DEAL44")
    desk.client("A44").C("35=D|11=A1|55=BTC/USD|54=2|38=50000|15=USD|40=1")
    (_, filled) = desk.client("DEAL44").hears_all()
    assert (filled.get(15), filled.get(14), filled.get(32)) == ("USD", "50000", "50000")
