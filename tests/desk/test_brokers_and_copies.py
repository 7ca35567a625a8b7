"""R23: brokers and their end clients, drop copies, and accounts."""

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

COPIES = {"DC42": "FIX.4.2", "DC44": "FIX.4.4", "DC50": "FIX.5.0SP2"}
ORDER = "35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"


# -- brokers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "end_client"),
    [
        ("453=1|448=END1|447=D|452=3", "END1"),
        ("453=2|448=DEALER|447=D|452=1|448=END2|447=D|452=3", "END2"),
        ("453=1|448=END1|447=D|452=3|115=END2", "END1"),
        ("1=END1", "END1"),
        ("1=END1|115=END2", "END1"),
        ("115=END2", "END2"),
    ],
)
@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_who_the_end_client_is(
    desk: Conversation, number: str, fields: str, end_client: str
) -> None:
    """453 with 452=3, else 1, else 115: the first one present decides."""
    client = desk.client(f"P{number}")
    client.C(f"{ORDER}|{fields}")
    assert client.hears().get(150) == "0"
    order = desk.order("A1", f"{end_client}|PRIME|{end_client}")
    assert order is not None
    assert order.end_client == end_client


@pytest.mark.parametrize(
    ("fields", "end_client"),
    [("109=END1|1=END1-2", "END1"), ("1=END2", "END2"), ("115=END1", "END1")],
)
def test_who_the_end_client_is_in_4_2(desk: Conversation, fields: str, end_client: str) -> None:
    """4.2: ClientID(109), else 1, else 115."""
    client = desk.client("P42")
    client.C(f"{ORDER}|{fields}")
    assert client.hears().get(150) == "0"
    assert desk.order("A1", f"{end_client}|PRIME|{end_client}") is not None


@pytest.mark.parametrize("fields", ["", "|1=END3", "|115=END3"])
def test_an_unknown_end_client(desk: Conversation, number: str, fields: str) -> None:
    """No end client, or one that is not the broker's: 103=15 (4.2: 0), 658=6 (4.2: 300=9)."""
    client = desk.client(f"P{number}")
    client.C(f"{ORDER}{fields}")
    client.talk_44("D 35=8|150=8|103=(UNKNOWN_ACCOUNT)|58=UNKNOWN_ACCOUNT: ...")
    header = fields if "115" in fields else ""
    group = fields if "|1=" in fields else ""
    client.C(f"35=R{header}|131=R1|146=1|55=BTC/USD|54=1|38=1{group}")
    client.talk_44("D 35=AG|658=(UNKNOWN_ACCOUNT)")


def test_whom_the_broker_speaks_for_comes_back(desk: Conversation, number: str) -> None:
    """115 and 116 of a request are 128 and 129 of every answer, rejects included."""
    via = "115=END1|116=TRADER"
    back = "128=END1|129=TRADER"
    client = desk.client(f"P{number}")
    client.talk_44(f"""
        C 35=R|{via}|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|{back}|117=Q1
        C 35=R|{via}|131=R2|146=1|55=NOPE/USD|38=1
        D 35=AG|{back}
        C 35=R|{via}|131=R3|146=1|55=BTC/USD
        D 35=j|{back}|380=5
        C 35=a|{via}|117=Q1|55=BTC/USD
        D 35=AI|{back}|297=0
        C 35=D|{via}|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|{back}|150=0
        D 35=8|{back}|150=F
        C 35=D|{via}|11=A2|55=NOPE/USD|54=1|38=1|40=1
        D 35=8|{back}|150=8
        C 35=F|{via}|11=A3|41=nope
        D 35=9|{back}
        C 35=H|{via}|11=A1|55=BTC/USD|54=1
        D 35=8|{back}|150=I|39=2
        C 35=H|{via}|11=nope|55=BTC/USD|54=1
        D 35=8|{back}|150=I|39=8
        C 35=Z|{via}|117=Q1|131=R1|298=5
        D 35=AI|{back}|297=5
        C 35=D|{via}|11={"x" * 65}|55=BTC/USD|54=1|38=1|40=1
        D 35=3|{back}|371=11|373=5
    """)


def test_a_resting_order_speaks_to_its_end_client(desk: Conversation, number: str) -> None:
    """Fills, expiries and reports after a restart carry 128 as well."""
    client = desk.client(f"P{number}")
    client.talk_44(f"""
        C {ORDER}|115=END1
        D 35=8|128=END1|150=0
    """)
    desk.at("+1s")
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="0.5")
    client.talk_44("D 35=8|128=END1|150=F|39=1")
    desk.at("+1s")
    with desk.killed("before saying"):
        desk.prices("BTC/USD", bid="99800", offer="99900", depth="0.1")
    desk.restarts()
    client.logs_on()
    client.talk_44("D 35=8|128=END1|97=Y|150=F|39=1")
    desk.client(f"P{number}").talk_44("""
        C 35=F|115=END1|11=A2|41=A1
        D 35=8|128=END1|150=4
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_a_mass_cancel_is_for_one_end_client(desk: Conversation, number: str) -> None:
    """A broker's q ends the orders of the end client that it names, and of no other."""
    desk.client(f"P{number}").talk_44(f"""
        C {ORDER}|115=END1
        D 35=8|37=O1|150=0
        C {ORDER}|115=END2
        D 35=8|37=O2|150=0
        C 35=q|115=END1|11=M1|530=7
        D 35=r|128=END1|533=1|534=1|41=A1|535=O1
        D 35=8|37=O1|150=4
        C 35=AF|115=END2|584=S1|585=7
        D 35=8|128=END2|37=O2|150=I|911=1|912=Y
    """)


# -- accounts ----------------------------------------------------------------------------------


def test_accounts(client: Client) -> None:
    """1 absent is the session's own, present one of the client's, and comes back."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|1=ALPHA-1|150=0
        C 35=D|11=A2|1=ALPHA-2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|1=ALPHA-2|150=0
        C 35=F|11=F1|41=A2|37=OTHER
        D 35=9|1=ALPHA-2
        C 35=D|11=A3|1=BETA-1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=(UNKNOWN_ACCOUNT)|58=UNKNOWN_ACCOUNT tag=1: ...
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|1=ALPHA-2
        D 35=S|117=Q1
        C 35=D|11=A4|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=8|103=(QUOTE_DIFFERS)|58=QUOTE_DIFFERS tag=1: ...
        C 35=D|11=A5|1=ALPHA-2|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|1=ALPHA-2|150=0
        D 35=8|1=ALPHA-2|150=F
    """)


def test_the_account_of_a_quote_is_said_where_it_can_be(desk: Conversation) -> None:
    """S echoes 1, but for 4.2 whose Quote has none."""
    for number in ("42", "44", "50"):
        client = desk.client(f"A{number}")
        client.C(f"35=R|131=R{number}|146=1|55=BTC/USD|38=1|1=ALPHA-2")
        assert client.hears().get(1) == ("" if number == "42" else "ALPHA-2")


# -- drop copies -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", list(COPIES))
def test_a_drop_copy_hears_every_execution(open_desk: OpenDesk, key: str) -> None:
    """Fills, cancels and rejects: the same 37, 17 and 11, 797=Y (not 4.2), 1 names the account."""
    desk = open_desk(drop_copies=COPIES)
    copy, client = desk.client(key), desk.client("A44")
    client.C(f"{ORDER}|1=ALPHA-2")
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="0.5")
    client.C("35=F|11=A2|41=A1")
    client.C("35=D|11=A3|55=NOPE/USD|54=1|38=1|40=1")
    originals, copies = client.hears_all(), copy.hears_all()
    assert [heard.get(39) for heard in copies] == ["0", "1", "4", "8"]
    for original, copied in zip(originals, copies, strict=True):
        for tag in (37, 17, 11, 1, 39, 14, 151, 32, 31, 60):
            assert copied.get(tag) == original.get(tag)
        assert copied.get(797) == ("" if key == "DC42" else "Y")
        assert original.get(797) == ""


def test_a_drop_copy_hears_of_its_clients_only(open_desk: OpenDesk) -> None:
    """Nothing of BETA, no quotes and no states go there."""
    desk = open_desk(drop_copies={"DC44": "FIX.4.4"})
    copy = desk.client("DC44")
    desk.client("B44").C(ORDER)
    desk.client("A44").talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1
        C 35=H|11=nope|55=BTC/USD|54=1
        D 35=8|150=I
    """)
    copy.says_nothing_more()


def test_a_drop_copy_has_numbers_of_its_own(open_desk: OpenDesk) -> None:
    """Its MsgSeqNum(34) counts what it was sent, whatever the others hear."""
    desk = open_desk(drop_copies={"DC44": "FIX.4.4"})
    copy, client = desk.client("DC44"), desk.client("A44")
    client.C("35=R|131=R1|146=1|55=BTC/USD|38=1")
    client.C(ORDER)
    assert [heard.get(34) for heard in client.hears_all()] == ["1", "2"]
    assert [heard.get(34) for heard in copy.hears_all()] == ["1"]


@pytest.mark.parametrize("key", list(COPIES))
def test_nobody_trades_on_a_drop_copy(open_desk: OpenDesk, key: str) -> None:
    """D, R, F and G there: j 380=6 (4.2: 0), with 372 and 379."""
    desk = open_desk(drop_copies=COPIES)
    desk.client(key).talk_44(f"""
        C {ORDER}
        D 35=j|372=D|379=A1|380=(WRONG_SESSION)|58=WRONG_SESSION: ...
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=j|372=R|379=R1|380=(WRONG_SESSION)
        C 35=F|11=F1|41=A1
        D 35=j|372=F|379=F1|380=(WRONG_SESSION)
        C 35=G|11=G1|41=A1
        D 35=j|372=G|379=G1|380=(WRONG_SESSION)
    """)


def test_a_drop_copy_of_some_accounts(open_desk: OpenDesk) -> None:
    """drop_copy_accounts: what is done on the others is not copied."""
    some = {
        "kind": "drop_copy",
        "drop_copy_of": ("ALPHA",),
        "drop_copy_accounts": ("ALPHA-2",),
    }
    desk = open_desk(sessions={"DEAL44": some})
    client, copy = desk.client("A44"), desk.client("DEAL44")
    client.C(ORDER)
    client.C(f"{ORDER.replace('A1', 'A2')}|1=ALPHA-2")
    assert [(heard.get(11), heard.get(1)) for heard in copy.hears_all()] == [("A2", "ALPHA-2")]


@pytest.mark.parametrize("asked", [True, False, None])
@pytest.mark.parametrize("configured", [True, False])
def test_cancel_on_disconnect_as_the_logon_says(
    open_desk: OpenDesk, asked: bool | None, configured: bool
) -> None:
    """The Logon's word goes before the configuration's, for the orders of earlier logons too; an
    order with 18=o goes in any case; the next Logon that does not say falls back."""
    desk = open_desk(sessions={"A44": {"cancel_on_disconnect": configured}})
    client = desk.client("A44")
    client.C(ORDER)
    client.C(f"{ORDER.replace('A1', 'A2')}|18=o")
    client.logs_on(cancel_on_disconnect=asked)
    client.drops()
    desk.at("+20ms")
    goes = configured if asked is None else asked
    assert (desk.order("A1") is None) == goes
    assert desk.order("A2") is None
    client.logs_on()
    client.drops()
    desk.at("+20ms")
    assert (desk.order("A1") is None) == (goes or configured)
