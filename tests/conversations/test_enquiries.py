"""Enquiries, spoken: what may be dealt in, whether it is open, positions, balances and limits."""

import pytest

from otcfix.model.event import Kill, SessionDown, SetInstrument, SetSession
from otcfix.model.limit import MarksMoved, SetTradingState
from otcfix.model.session_commands import SendNews
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

NEW = ("44", "50")
MINE = ("BTC/USD", "ETH/USD", "BTC/USDT", "EUR/USD", "USD/JPY")


@pytest.fixture(params=NEW)
def asker(desk: Conversation, request: pytest.FixtureRequest) -> Client:
    """ALPHA's session in the versions that have all enquiries."""
    return desk.client(f"A{request.param}")


# -- x and y, c and d ----------------------------------------------------------------------------


def test_the_list_of_what_he_may_deal_in(asker: Client) -> None:
    """LTC/USD is not his; quantities are in base."""
    asker.C("35=x|320=L1|559=4")
    (told,) = asker.hears_all()
    assert told.values(55) == list(MINE)
    assert (told.kind, told.get(560), told.get(393), told.get(893)) == ("y", "0", "5", "Y")
    assert told.values(561)[1] == "0.01"
    if asker.number == "50":
        assert (told.values(969)[3], told.values(1140)[3]) == ("0.00001", "10000000")
    else:
        assert told.values(58)[3] == "MinPriceIncrement=0.00001 MaxTradeVol=10000000"


def test_one_symbol_of_the_list(asker: Client) -> None:
    """559=0 with 55; what he may not deal in is as unknown as what there is not."""
    asker.talk("C 35=x|320=L1|559=0|55=ETH/USD\nD 35=y|320=L1|560=0|146=1|55=ETH/USD|15=ETH|231=1")
    for symbol in ("LTC/USD", "DOGE/USD"):
        asker.talk(f"""
            C 35=x|320=L1|559=0|55={symbol}
            D 35=y|320=L1|560=2|146=1|55=NONE|58=UNKNOWN_SYMBOL tag=55: ...
        """)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("35=x|320=L1|559=1", "35=y|560=5|58=UNSUPPORTED tag=559: ..."),
        ("35=x|320=L1|559=77", "35=y|560=5|58=UNSUPPORTED tag=559: ..."),
        ("35=x|320=L1|559=4|263=1", "35=y|560=1|58=UNSUPPORTED tag=263: ..."),
        ("35=x|320=L1|559=0", "35=j|372=x|379=L1|380=5|58=MISSING_FIELD tag=55: ..."),
        ("35=x|559=4", "35=3|372=x|373=1|371=320"),
        ("35=c|320=L1|321=2", "35=d|323=5|58=UNSUPPORTED tag=321: ..."),
    ],
)
def test_a_list_that_is_not_given(asker: Client, asked: str, answer: str) -> None:
    """The message's own answer says why."""
    asker.talk(f"C {asked}\nD {answer}")


def test_own_names_of_symbols(open_desk: OpenDesk) -> None:
    """The session's names come and go."""
    desk = open_desk(sessions={"A44": {"symbols": {"BTC-USD": "BTC/USD"}}})
    client = desk.client("A44")
    client.talk("C 35=x|320=L1|559=0|55=BTC-USD\nD 35=y|55=BTC-USD|560=0")
    client.talk("C 35=c|320=L1|321=0|55=BTC-USD\nD 35=d|55=BTC-USD|323=1")
    client.talk("C 35=g|335=S1|263=0|336=BTC-USD\nD 35=h|336=BTC-USD|340=2")
    client.C("35=D|11=A1|55=BTC-USD|54=1|38=1|40=1")
    client.hears_all()
    client.talk("C 35=AD|568=T1|569=0\nD 35=AQ|748=1\nD 35=AE|55=BTC-USD")


def test_definitions_in_every_version(client: Client) -> None:
    """One by 321=0, all by 321=3; no match is told as such."""
    client.C("35=c|320=L1|321=0|55=EUR/USD")
    (told,) = client.hears_all()
    assert (told.kind, told.get(323), told.get(55), told.get(15)) == ("d", "1", "EUR/USD", "EUR")
    words = f"{told.get(561)} {told.get(562)} {told.get(969)} {told.get(58)}"
    for value in ("1000", "10000000", "0.00001"):
        assert value in words
    client.C("35=c|320=L2|321=3")
    heard = client.hears_all()
    assert [one.get(55) for one in heard] == list(MINE)
    assert {one.get(323) for one in heard} == {"1" if client.number == "44" else "4"}
    client.talk("C 35=c|320=L3|321=0|55=LTC/USD\nD 35=d|320=L3|323=6|58=UNKNOWN_SYMBOL tag=55: ...")


def test_nothing_is_listed_for_whom_nothing_is_authorised(open_desk: OpenDesk) -> None:
    """No word on why (R23)."""
    desk = open_desk(clients={"ALPHA": {"enabled": False}})
    client = desk.client("A44")
    client.talk("C 35=x|320=L1|559=4\nD 35=y|560=3|146=1|55=NONE|58=NOT_AUTHORISED: ...")
    client.talk("C 35=c|320=L1|321=3\nD 35=d|323=5|58=NOT_AUTHORISED: ...")


# -- g and h -------------------------------------------------------------------------------------


def of(client: Client) -> int:
    """The tag that names what a status is of: 5.0SP2 has a list of values for 336."""
    return 1300 if client.number == "50" else 336


def test_open_closed_halted(client: Client, desk: Conversation) -> None:
    """Once for all: the desk, then each instrument of his."""
    client.C("35=g|335=S1|263=0")
    heard = client.hears_all()
    assert [(one.get(of(client)), one.get(340)) for one in heard] == [
        ("DESK", "2"), *((symbol, "2") for symbol in MINE),
    ]  # fmt: skip
    assert heard[4].get(344)  # EUR/USD closes some time, BTC/USD does not
    assert not heard[1].get(344)
    desk.tell(SetInstrument("BTC/USD", "PAUSED", "staff", "test"))
    client.talk(
        "C 35=g|335=S2|263=0|336=BTC/USD\nD 35=h|335=S2|336=BTC/USD|340=1|325=N".replace(
            "336=", f"{of(client)}="
        )
    )
    desk.at("2027-01-16 12:00:00")
    client.talk(
        "C 35=g|335=S3|263=0|336=EUR/USD\nD 35=h|336=EUR/USD|340=3|342=..|344=-".replace(
            "336=", f"{of(client)}="
        )
    )
    desk.tell(SetTradingState("desk", "REDUCING", "staff", "test"))
    client.talk(
        "C 35=g|335=S4|263=0|336=DESK\nD 35=h|336=DESK|340=2|58=REDUCING".replace(
            "336=", f"{of(client)}="
        )
    )
    desk.kills()
    client.talk(
        "C 35=g|335=S5|263=0|336=ETH/USD\nD 35=h|336=ETH/USD|340=1".replace(
            "336=", f"{of(client)}="
        )
    )


def test_halts_are_pushed(client: Client, desk: Conversation) -> None:
    """What changes is told once, as it changes, until 263=2."""
    client.C("35=g|335=S1|263=1")
    assert len(client.hears_all()) == 6
    desk.tell(SetInstrument("BTC/USD", "PAUSED", "staff", "test"))
    client.talk("D 35=h|335=S1|336=BTC/USD|340=1|325=Y".replace("336=", f"{of(client)}="))
    desk.tell(SetInstrument("LTC/USD", "PAUSED", "staff", "test"))
    client.says_nothing_more()  # not his
    desk.kills()
    heard = [(one.get(of(client)), one.get(340)) for one in client.hears_all()]
    assert heard == [("DESK", "1"), *((s, "1") for s in MINE if s != "BTC/USD")]
    desk.tell(Kill(False, "staff", "test"))
    heard = [(one.get(of(client)), one.get(340)) for one in client.hears_all()]
    assert heard == [("DESK", "2"), *((s, "2") for s in MINE if s != "BTC/USD")]
    client.talk("C 35=g|335=S1|263=2")
    desk.kills()
    client.says_nothing_more()


def test_hours_are_pushed_to_who_asked_for_one_symbol(client: Client, desk: Conversation) -> None:
    """EUR/USD closes on Friday, 17:00 in New York."""
    client.C(f"35=g|335=S1|263=1|{of(client)}=EUR/USD")
    client.hears_all()
    desk.at("2027-01-15 22:00:00.100")
    client.talk("D 35=h|335=S1|336=EUR/USD|340=3|325=Y|342=..".replace("336=", f"{of(client)}="))
    desk.tell(SessionDown(client.key))
    desk.at("2027-01-17 22:00:00.100")
    client.says_nothing_more()


def test_states_that_are_not_told(asker: Client) -> None:
    """340=6 with 567."""
    asker.talk(
        """
        C 35=g|335=S1|263=0|336=LTC/USD
        D 35=h|335=S1|336=LTC/USD|340=6|567=1|58=UNKNOWN_SYMBOL: ...
        C 35=g|335=S1|263=5
        D 35=h|335=S1|336=DESK|340=6|567=99|58=UNSUPPORTED tag=263: ...
        C 35=g|335=S1|263=2
        D 35=h|340=6|567=99|58=UNKNOWN_QUOTE tag=335: no such subscription
        C 35=g|335=S1|263=1|336=DESK
        D 35=h|336=DESK|340=2
        C 35=g|335=S1|263=1|336=DESK
        D 35=h|340=6|567=99|58=DUPLICATE tag=335: ...
    """.replace("|336=", f"|{of(asker)}=")
    )


def test_states_that_are_not_told_in_42(desk: Conversation) -> None:
    """4.2 has no 340=6: a j."""
    desk.client("A42").talk("""
        C 35=g|335=S1|263=0|336=LTC/USD
        D 35=j|372=g|379=S1|380=2|58=UNKNOWN_SYMBOL: ...
        C 35=g|335=S1|263=5
        D 35=j|372=g|380=3|58=UNSUPPORTED: ...
        C 35=g|335=S1|263=1|336=DESK
        D 35=h|336=DESK|340=2
        C 35=g|335=S1|263=1|336=DESK
        D 35=j|372=g|380=0|58=DUPLICATE: ...
        C 35=g|335=S2|263=2
        D 35=j|372=g|380=1|58=UNKNOWN_QUOTE: no such subscription
    """)


# -- AN, AO, AP ----------------------------------------------------------------------------------

AN = "35=AN|710=P1|724=0|453=1|448=ALPHA|447=D|452=3|1=ALPHA-1|581=1|715=20270113|60=T"


def test_positions_by_asset(asker: Client, desk: Conversation) -> None:
    """What he has, and what of it is not settled; what nobody holds is not listed."""
    desk.tell(MarksMoved({}))
    asker.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    asker.hears_all()
    asker.talk(f"""
        C {AN}
        D 35=AO|710=P1|721=..|727=2|728=0|729=0|1=ALPHA-1|581=1|448=ALPHA|58=-
        D 35=AP|710=P1|727=2|728=0|715=20270113|55=USD|15=USD|702=1|703=TOT|704=399900.00|705=-
        |730=1|731=2|1=ALPHA-1
        D 35=AP|710=P1|727=2|55=BTC|15=BTC|703=TOT|704=6.00000000
        C {AN}|55=BTC
        D 35=AO|727=1
        D 35=AP|55=BTC
        C {AN}|55=EUR/USD
        D 35=AO|727=1
        D 35=AP|55=USD
        C {AN}|15=EUR
        D 35=AO|727=0|728=2|729=0
    """)


def test_what_is_still_to_be_delivered(open_desk: OpenDesk) -> None:
    """Owed and owing stand under DLV, short amounts under 705."""
    desk = open_desk()
    client = desk.client("T44")
    desk.prices("EUR/USD", "1.08000", "1.08200", "5000000")
    client.C("35=D|11=A1|55=EUR/USD|54=1|38=1000|40=1")
    client.hears_all()
    asked = AN.replace("ALPHA", "TREASURY")
    client.talk(f"""
        C {asked}
        D 35=AO|727=2|728=0
        D 35=AP|55=USD|702=2|703=TOT|703=DLV|704=-|705=1082.00|705=1082.00
        D 35=AP|55=EUR|702=2|703=TOT|703=DLV|704=1000.00|704=1000.00|705=-
    """)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (AN.replace("724=0", "724=1"), "728=4|729=2|58=UNSUPPORTED tag=724: ..."),
        (AN.replace("724=0", "724=9"), "728=4|729=2|58=UNSUPPORTED tag=724: ..."),
        (f"{AN}|263=1", "728=4|729=2|58=UNSUPPORTED tag=263: ..."),
        (AN.replace("1=ALPHA-1", "1=BETA-1"), "728=1|729=2|58=UNKNOWN_ACCOUNT tag=1: ..."),
        (f"{AN}|55=DOGE/USD", "728=1|729=2|58=UNKNOWN_SYMBOL tag=55: ..."),
    ],
)
def test_positions_that_are_not_told(asker: Client, asked: str, answer: str) -> None:
    """AO says why."""
    asker.talk(f"C {asked}\nD 35=AO|710=P1|727=0|{answer}")


def test_a_disabled_session_sees_nothing(asker: Client, desk: Conversation) -> None:
    """Of whatever it asks."""
    desk.tell(SetSession(asker.key, False, "staff", "test"))
    asker.talk(f"""
        C {AN}
        D 35=AO|728=3|729=2|58=NOT_AUTHORISED: ...
        C 35=BB|909=C1
        D 35=BG|945=4|946=9|58=NOT_AUTHORISED: ...
        C 35=g|335=S1|263=0
        D 35=h|340=6|567=99|58=NOT_AUTHORISED: ...
        C 35=x|320=L1|559=4
        D 35=y|560=3|58=NOT_AUTHORISED: ...
    """)


# -- BB, BG, BA ----------------------------------------------------------------------------------


def test_balances_and_limits(asker: Client) -> None:
    """Each asset's four balances, then each limit with its use and room."""
    asker.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1")
    asker.hears_all()
    asker.C("35=BB|909=C1")
    acked, *told = asker.hears_all()
    assert (acked.kind, acked.get(945), acked.get(946)) == ("BG", "0", "0")
    assert acked.get(911) == str(len(told)) == told[0].get(911)
    assert [one.get(912) for one in told] == [*"N" * (len(told) - 1), "Y"]
    usd, btc, *limits = told
    assert usd.get(58) == (
        "BALANCE USD available=410000.00 held=90000.00 receivable=0.00 payable=0.00"
    )
    assert (usd.get(15), usd.get(900), usd.get(901), usd.get(899)) == (
        "USD", "500000.00", "410000.00", "410000.00",
    )  # fmt: skip
    assert (btc.get(15), btc.get(900)) == ("BTC", "5.00000000")
    words = {one.get(58): (one.get(900), one.get(901), one.get(899)) for one in limits}
    assert words["LIMIT open_orders everything"] == ("5", "1", "4")
    assert words["LIMIT order_notional everything"] == ("3000000", "", "")
    asker.talk("C 35=BB|909=C2|15=BTC\nD 35=BG|909=C2|911=1|945=0\nD 35=BA|909=C2|15=BTC|912=Y")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("35=BB|909=C1|37=O1", "946=8|58=UNSUPPORTED tag=37: ..."),
        ("35=BB|909=C1|263=1", "946=8|58=UNSUPPORTED tag=263: ..."),
        ("35=BB|909=C1|15=XXX", "946=1|58=UNKNOWN_SYMBOL tag=15: ..."),
        ("35=BB|909=C1|1=BETA-1", "946=3|58=UNKNOWN_ACCOUNT tag=1: ..."),
    ],
)
def test_balances_that_are_not_told(asker: Client, asked: str, answer: str) -> None:
    """BG says why."""
    asker.talk(f"C {asked}\nD 35=BG|909=C1|911=0|945=4|{answer}")


def test_an_inquiry_without_an_id(desk: Conversation) -> None:
    """4.4's dictionary lets it pass, the answer has no place for its absence."""
    desk.client("A44").talk("C 35=BB|15=USD\nD 35=j|372=BB|380=5|58=MISSING_FIELD tag=909: ...")
    desk.client("A50").talk("C 35=BB|15=USD\nD 35=3|372=BB|373=1|371=909")


def test_what_42_does_not_have(desk: Conversation) -> None:
    """R8: by itself QuickFIX says 373=11."""
    client = desk.client("A42")
    for asked in ("35=x|320=L1|559=4", AN, "35=BB|909=C1", "35=BE|923=U1|924=4|553=A42"):
        kind = asked.partition("|")[0][3:]
        client.talk(f"C {asked}\nD 35=3|372={kind}|373=11")


@pytest.mark.parametrize(
    "asked",
    [
        "35=x|320=I|559=4",
        "35=c|320=I|321=3",
        "35=g|335=I|263=0",
        AN.replace("P1", "I"),
        "35=BB|909=I",
    ],
)
def test_a_provider_asks_nothing(desk: Conversation, asked: str) -> None:
    """Wrong session."""
    kind = asked.partition("|")[0][3:]
    desk.client("LP44").talk(f"C {asked}\nD 35=j|372={kind}|379=I|380=6|58=WRONG_SESSION: ...")


# -- B -------------------------------------------------------------------------------------------


def test_news_to_all_who_are_there(desk: Conversation) -> None:
    """In every version; not to providers, and not to who is off."""
    clients = [desk.client(key) for key in ("A42", "B44", "T50")]
    provider = desk.client("LP44")
    gone = desk.client("P44")
    gone.drops()
    desk.tell(SendNews("Maintenance", ("The desk stops at noon.", "Log on again."), True, (), "x"))
    for client in clients:
        client.talk("""
            D 35=B|148=Maintenance|61=1|42=T|33=2|58=The desk stops at noon.|58=Log on again.
        """)
    provider.says_nothing_more()
    gone.logs_on()
    gone.says_nothing_more()


def test_news_to_one(desk: Conversation) -> None:
    """Who is named and off hears it at the next logon."""
    one, other = desk.client("A44"), desk.client("B44")
    one.drops()
    desk.tell(SendNews("Call us", ("Call us",), False, ("A44",), "x"))
    one.logs_on()
    one.talk("D 35=B|148=Call us|61=0|33=1|58=Call us|43=Y")
    other.says_nothing_more()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (SendNews("x", ("x",), False, ("NOPE",), "x"), "refused: no session NOPE"),
        (SendNews("x", (), False, (), "x"), "refused: news has a headline"),
        (SendNews(" ", ("x",), False, (), "x"), "refused: news has a headline"),
        (SendNews("x", ("x",), False, (), "x"), "refused: nobody is logged on"),
    ],
)
def test_news_that_is_not_told(desk: Conversation, command: SendNews, words: str) -> None:
    """Staff hears why."""
    desk.tell(command)
    assert desk.alerts[-1].startswith(words)


def test_news_of_a_client_is_not_read(client: Client) -> None:
    """And what it holds as data stands nowhere."""
    client.talk("""
        C 35=B|148=Hello|33=1|58=I say|95=5|96=hello
        D 35=j|372=B|380=3|58=UNSUPPORTED: news is not read here
    """)
