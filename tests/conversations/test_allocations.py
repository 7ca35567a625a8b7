"""AllocationInstruction(J), its answer (P), Confirmation(AK) and ConfirmationAck(AU)."""

from decimal import Decimal

import pytest

from otcfix.model.throttle import Throttle
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.staff import busts
from tests.support.world import Heard

TYPE = {"42": "", "44": "|626=1|857=1", "50": "|626=1"}
BOUGHT = """
    C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
    D 35=8|37=O1|17=E1|150=0
    D 35=8|37=O1|17=E2|150=F|39=2
"""
GOOD = {
    "70": "L1", "71": "0", "73": "1|11=A1", "54": "1", "55": "BTC/USD", "53": "1",
    "6": "100100", "75": "20270113", "78": "2|79=ALPHA-1|80=0.4|79=ALPHA-2|80=0.6",
}  # fmt: skip


def allocates(client: Client, header: str = "", **changes: str) -> list[Heard]:
    """The client sends GOOD with *changes* (_70="L2"; "-" leaves a tag out); what he hears."""
    fields = GOOD | {tag[1:]: value for tag, value in changes.items()}
    body = "|".join(f"{tag}={value}" for tag, value in fields.items() if value != "-")
    client.C(f"{header}35=J{TYPE[client.number]}|{body}|60=T")
    return client.hears_all()


def answer(heard: list[Heard]) -> tuple[str, str, str]:
    """87, 88 and the code of the P that comes first."""
    assert heard[0].kind == "P", heard
    return heard[0].get(87), heard[0].get(88), heard[0].get(58).partition(":")[0]


def test_accepted_and_confirmed(desk: Conversation, client: Client) -> None:
    """P 87=0, then from 4.4 on one AK per account; its parts are what the fills posted."""
    client.talk_44(BOUGHT)
    heard = allocates(client)
    assert answer(heard) == ("0", "", "")
    if client.number == "42":
        assert len(heard) == 1
    else:
        told = [[h.get(t) for t in (79, 80, 381, 118, 6, 54, 75, 64, 666, 773)] for h in heard[1:]]
        rest = ["100100", "1", "20270113", "20270113", "0", "2"]
        assert told == [
            ["ALPHA-1", "0.4", "40040.00", "40040.00", *rest],
            ["ALPHA-2", "0.6", "60060.00", "60060.00", *rest],
        ]
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")


def test_a_list_without_an_end_is_refused_before_it_is_looked_up(
    desk: Conversation, client: Client
) -> None:
    """Ten thousand ids would have the store searched for each, and the desk wait for that."""
    client.talk_44(BOUGHT)
    asked: list[int] = []
    recall = desk.store.store.recall
    desk.store.store.recall = lambda keys: (asked.append(len(keys)), recall(keys))[1]
    orders = "|".join(f"37=O{number}X" for number in range(10_000))
    heard = allocates(client, _73=f"10000|{orders}")
    assert answer(heard) == ("1", "7", "UNSUPPORTED tag=73")
    assert max(asked) <= 102
    parts = "|".join("79=ALPHA-1|80=0.001" for _ in range(1_000))
    heard = allocates(client, _70="L2", _78=f"1000|{parts}")
    assert answer(heard) == ("1", "7", "UNSUPPORTED tag=78")
    assert allocates(client, _70="L3")[0].kind == "P"


def test_allocations_are_throttled_like_questions(open_desk: OpenDesk) -> None:
    """Each order of a J counts; the j names AllocID or ConfirmID."""
    desk = open_desk(throttles=(Throttle("A44", "status", Decimal(1), 3),))
    client = desk.client("A44")
    assert answer(allocates(client, _73="2|11=A1|11=A2"))[:2] == ("1", "5")
    (said,) = allocates(client, _70="L2", _73="2|11=A1|11=A2")
    assert (said.kind, said.get(372), said.get(379)) == ("j", "J", "L2")
    assert said.get(58).startswith("THROTTLED")
    client.C("35=AU|664=K1|75=20270113|60=T|940=3")
    client.C("35=AU|664=K2|75=20270113|60=T|940=3")
    assert [h.get(58).partition(" ")[0] for h in client.hears_all()] == [
        "UNKNOWN_CONFIRMATION", "THROTTLED:"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"_73": "1|11=A9"}, ("5", "UNKNOWN_ORDER tag=11")),
        ({"_73": "1|11=A1|37=O9"}, ("5", "UNKNOWN_ORDER tag=11")),
        ({"_73": "2|11=A1|11=A1"}, ("7", "DUPLICATE tag=11")),
        ({"_53": "2"}, ("1", "BAD_QUANTITY tag=53")),
        ({"_78": "1|79=ALPHA-1|80=0.4"}, ("1", "BAD_QUANTITY tag=80")),
        ({"_78": "2|79=ALPHA-1|80=-1|79=ALPHA-2|80=2"}, ("1", "BAD_QUANTITY tag=80")),
        ({"_78": "2|79=ALPHA-1|80=0.4|79=ALPHA-1|80=0.6"}, ("7", "DUPLICATE tag=79")),
        ({"_78": "2|79=ALPHA-1|80=0.4|79=BETA-1|80=0.6"}, ("0", "UNKNOWN_ACCOUNT tag=79")),
        ({"_6": "100101"}, ("2", "BAD_PRICE tag=6")),
        ({"_55": "ETH/USD"}, ("7", "UNSUPPORTED tag=55")),
        ({"_54": "2"}, ("7", "UNSUPPORTED tag=54")),
        ({"_71": "1", "_72": "L9"}, ("5", "UNKNOWN_ORDER tag=72")),
        ({"_71": "2", "_72": "L9"}, ("5", "UNKNOWN_ORDER tag=72")),
    ],
)
def test_refused(client: Client, changes: dict[str, str], code: tuple[str, str]) -> None:
    """P 87=1 with 88, and the tag in 58; the AllocID is free again."""
    client.talk_44(BOUGHT)
    assert answer(allocates(client, **changes)) == ("1", *code)
    assert answer(allocates(client)) == ("0", "", "")


@pytest.mark.parametrize("tag", ["_73", "_78"])
def test_without_what_the_desk_needs(client: Client, tag: str) -> None:
    """j 380=5, naming the tag."""
    client.talk_44(BOUGHT)
    (heard,) = allocates(client, **{tag: "-"})
    assert (heard.kind, heard.get(380), heard.get(379)) == ("j", "5", "L1")
    assert heard.get(58).startswith(f"MISSING_FIELD tag={tag[1:]}")


def test_other_sessions(desk: Conversation, number: str) -> None:
    """A quote session may not; another client's order is unknown, whatever it is called."""
    desk.client(f"A{number}").talk_44(BOUGHT)
    (heard,) = allocates(desk.client(f"ASK{number}"))
    assert (heard.kind, heard.get(58).partition(":")[0]) == ("j", "WRONG_SESSION")
    mine = desk.names["O1"]
    other = allocates(desk.client(f"B{number}"), _73=f"1|37={mine}", _78="1|79=BETA-1|80=1")
    assert other[0].get(88 if other[0].kind == "P" else 380) == "5"


def test_orders_that_are_open_or_empty(desk: Conversation, client: Client) -> None:
    """Only what is over and has filled is allocated."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1
        D 35=8|37=O1|150=0
    """)
    assert answer(allocates(client)) == ("1", "7", "UNSUPPORTED tag=11")
    client.C("35=F|11=A2|41=A1")
    client.hears_all()
    assert answer(allocates(client)) == ("1", "5", "UNKNOWN_ORDER tag=11")


def test_once(client: Client) -> None:
    """An AllocID and an order are used once; a resend of the same is answered the same."""
    client.talk_44(BOUGHT)
    allocates(client)
    assert answer(allocates(client)) == ("1", "7", "DUPLICATE tag=70")
    assert answer(allocates(client, _70="L2")) == ("1", "7", "DUPLICATE tag=11")
    again = allocates(client, header="97=Y|")
    assert len(again) == 1
    assert answer(again) == ("0", "", "")


def test_replaced_and_cancelled(desk: Conversation, client: Client) -> None:
    """71=1 takes the old confirmations back (666=2, 772) and says new ones; 71=2 frees."""
    client.talk_44(BOUGHT)
    first = [heard.get(664) for heard in allocates(client)[1:]]
    heard = allocates(client, _70="L2", _71="1", _72="L1", _78="1|79=ALPHA-2|80=1")
    assert answer(heard) == ("0", "", "")
    if client.number != "42":
        assert [h.get(772) for h in heard[1:3]] == first
        assert [h.get(666) for h in heard[1:]] == ["2", "2", "0"]
    stale = allocates(client, _70="L3", _71="1", _72="L1")
    assert answer(stale) == ("1", "5", "UNKNOWN_ORDER tag=72")
    gone = allocates(client, _70="L4", _71="2", _72="L2", _73="-", _78="-")
    assert answer(gone) == ("0", "", "")
    assert [h.get(666) for h in gone[1:]] == ([] if client.number == "42" else ["2"])
    assert answer(allocates(client, _70="L5")) == ("0", "", "")


def test_a_replace_that_is_refused_changes_nothing(desk: Conversation) -> None:
    """The old allocation stands, its confirmations with it."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    allocates(client)
    assert len(allocates(client, _70="L2", _71="1", _72="L1", _53="2")) == 1
    assert answer(allocates(client, _70="L3")) == ("1", "7", "DUPLICATE tag=11")


def test_several_orders_and_fees(desk: Conversation, number: str) -> None:
    """Orders alike are one block; shares are rounded on the running sum, so that they add up."""
    client = desk.client(f"FEE{number}")
    for name in ("A1", "A2"):
        client.C(f"35=D|11={name}|55=BTC/USD|54=2|38=0.5|40=1")
    client.hears_all()
    heard = allocates(
        client, _73="2|11=A1|11=A2", _54="2", _6="100000",
        _78="3|79=FEES-1|80=0.333|79=FEES-2|80=0.667",
    )  # fmt: skip
    assert heard[0].kind == "3"  # the count is wrong
    heard = allocates(
        client, _73="2|11=A1|11=A2", _54="2", _6="100000",
        _78="2|79=FEES-1|80=0.333|79=FEES-2|80=0.667",
    )  # fmt: skip
    assert answer(heard) == ("0", "", "")
    if number != "42":
        assert [(h.get(381), h.get(12), h.get(118)) for h in heard[1:]] == [
            ("33300.00", "33.30", "33266.70"),
            ("66700.00", "66.70", "66633.30"),
        ]


def test_orders_that_are_not_alike(desk: Conversation, client: Client) -> None:
    """Both sides in one block are refused."""
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=0.5|40=1")
    client.C("35=D|11=A2|55=BTC/USD|54=2|38=0.5|40=1")
    client.hears_all()
    assert answer(allocates(client, _73="2|11=A1|11=A2")) == ("1", "7", "UNSUPPORTED tag=73")


@pytest.mark.parametrize("number", ["44", "50"])
def test_what_he_says_of_a_confirmation(desk: Conversation, number: str) -> None:
    """AU 940=3 affirms; 940=2 opens a break; an unknown ConfirmID is j 380=1."""
    client = desk.client(f"A{number}")
    client.talk_44(BOUGHT)
    one, two = (heard.get(664) for heard in allocates(client)[1:])
    client.C(f"35=AU|664={one}|75=20270113|60=T|940=3")
    assert desk.decided.confirmations[0].state == "AFFIRMED"
    client.C(f"35=AU|664={two}|75=20270113|60=T|940=2|774=1|58=wrong account")
    assert desk.decided.confirmations[0].state == "DISPUTED"
    (found,) = desk.state.breaks.waiting.values()
    assert (found.exec_id, found.what, found.reason) == (two, "AU", "AU 1 wrong account")
    client.says_nothing_more()
    client.C("35=AU|664=K9|75=20270113|60=T|940=3")
    (heard,) = client.hears_all()
    assert (heard.get(380), heard.get(58)) == (
        *("1", "UNKNOWN_CONFIRMATION tag=664: no such confirmation"),
    )
    other = desk.client(f"B{number}")
    other.C(f"35=AU|664={one}|75=20270113|60=T|940=2")
    assert other.hears().get(380) == "1"


def test_confirmations_are_not_in_42(desk: Conversation) -> None:
    """35=AU is no message of 4.2: QuickFIX says so."""
    client = desk.client("A42")
    client.C("35=AU|664=K1|75=20270113|60=T|940=3")
    (heard,) = client.hears_all()
    assert (heard.kind, heard.get(373)) == ("3", "11")


def test_a_bust_after_it(desk: Conversation) -> None:
    """The allocation stands; staff is told that the client must replace it. A replace finds what
    is left."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    allocates(client)
    done = busts(desk, "E2")
    assert any("is allocated as L1" in alert for alert in done.alerts)
    client.hears_all()
    empty = allocates(client, _70="L2", _71="1", _72="L1")
    assert answer(empty) == ("1", "5", "UNKNOWN_ORDER tag=11")


def test_after_a_restart(open_desk: OpenDesk) -> None:
    """Allocations are recalled from the store; of two of one order in a batch one is refused."""
    desk = open_desk()
    client = desk.client("A44")
    client.talk(BOUGHT)
    desk.restarts()
    client.logs_on()
    with desk.busy():
        for name in ("L1", "L2"):
            allocates(client, _70=name)
    heard = [one for one in client.hears_all() if one.kind == "P"]
    assert [one.get(87) for one in heard] == ["0", "1"]
    desk.restarts()
    client.logs_on()
    gone = allocates(client, _70="L3", _71="2", _72="L1", _73="-", _78="-")
    assert [one.kind for one in gone] == ["P", "AK", "AK"]
    assert answer(allocates(client, _70="L4")) == ("0", "", "")
