"""A session on hold: up and silent, until staff releases it."""

import pytest

from otcfix.model.event import CancelOrder, EpochMoved
from otcfix.model.session_act import ActOnSession
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation


def act(what: str, key: str, **more: int) -> ActOnSession:
    return ActOnSession(key, what, "carol", "test", **more)


ASKS = (
    "35=R|131=R9|146=1|55=BTC/USD|38=1",
    "35=D|11=A9|55=BTC/USD|54=1|38=1|40=1",
    "35=G|11=G9|41=A1|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1",
    "35=H|11=A1|55=BTC/USD|54=1",
    "35=V|262=V9|263=1|264=0|146=1|55=BTC/USD|267=2|269=0|269=1",
    "35=Z|131=R9|117=Q9|298=1|295=1|55=BTC/USD",
)


@pytest.mark.parametrize("asked", ASKS)
def test_what_a_held_session_asks_is_refused_at_once(
    desk: Conversation, client: Client, asked: str
) -> None:
    """380=4 HELD, in every version; when it is released the same is done."""
    desk.tell(act("hold", client.key))
    client.C(asked)
    heard = client.D("35=j|380=4|58=HELD: the session is on hold; cancels pass")
    assert heard.get(372) == asked[3]
    assert not client.line.unread
    desk.tell(act("release", client.key))
    client.C(asked)
    assert all(not said.get(58).startswith("HELD") for said in client.hears_all())


def test_the_client_order_id_is_not_used_up(desk: Conversation, client: Client) -> None:
    """What was refused for a hold may be sent again as it was."""
    desk.tell(act("hold", client.key))
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=j|379=A1|380=4|58=HELD: ...
    """)
    desk.tell(act("release", client.key))
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|11=A1|150=0
        D 35=8|11=A1|150=F|39=2
    """)


def test_cancels_pass_and_are_told_after_the_release(desk: Conversation) -> None:
    """The order is gone at once; its report waits behind what was owed before, in order."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1
        D 35=8|37=O1|11=A1|150=0
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O2|11=A2|150=0
    """)
    desk.tell(act("hold", "A44"))
    desk.prices("BTC/USD", bid="99700.00", offer="99800.00")  # O2 fills while he is on hold
    client.C("35=F|11=F1|41=A1|55=BTC/USD|54=1|38=1")
    assert desk.order("A1") is None
    assert not client.line.unread
    desk.tell(act("release", "A44"))
    client.talk("""
        D 35=8|37=O2|11=A2|150=F|39=2
        D 35=8|37=O1|11=F1|150=4|39=4
    """)


def test_a_mass_cancel_passes(desk: Conversation) -> None:
    """q works as F does."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1
        D 35=8|37=O1|11=A1|150=0
    """)
    desk.tell(act("hold", "A44"))
    client.C("35=q|11=M1|530=7")
    assert desk.order("A1") is None
    assert not client.line.unread


def test_quotes_are_withdrawn_and_streams_emptied_before_the_silence(desk: Conversation) -> None:
    """The last that a held client hears is that nothing can be dealt on; then whole books again."""
    client = desk.client("A44")
    client.talk("""
        C 35=V|262=V1|263=1|264=0|146=1|55=BTC/USD|267=2|269=0|269=1
        D 35=W|262=V1
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
    """)
    desk.tell(act("hold", "A44"))
    last = sorted(said.kind for said in client.hears_all())
    assert last == ["W", "Z"]
    desk.at("+1s")
    desk.prices("BTC/USD", bid="100000.00", offer="100200.00")
    desk.at("+1s")
    assert not client.line.unread
    desk.tell(act("release", "A44"))
    desk.at("+1s")
    assert [said.kind for said in client.hears_all()] == ["W"]


def test_a_hold_survives_a_restart(desk: Conversation) -> None:
    """What waited waits on, and is said once, as it was, when staff releases the session."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O1|11=A1|150=0
    """)
    desk.tell(act("hold", "A44"))
    desk.prices("BTC/USD", bid="99700.00", offer="99800.00")
    desk.snapshots()
    desk.restarts()
    client.logs_on()
    client.C("35=R|131=R2|146=1|55=BTC/USD|38=1")
    client.D("35=j|380=4|58=HELD: ...")
    assert not client.line.unread
    desk.tell(act("release", "A44"))
    client.talk("D 35=8|37=O1|11=A1|150=F|39=2")
    assert not client.line.unread


def test_others_notice_nothing(desk: Conversation) -> None:
    """A hold is of one session, not of the client's other ones."""
    desk.client("A44")
    other = desk.client("A42")
    desk.tell(act("hold", "A44"))
    other.C("35=R|131=R1|146=1|55=BTC/USD|38=1")
    other.D("35=S|131=R1")


def test_what_staff_cancels_waits_as_well(desk: Conversation) -> None:
    """An operator's act that sends FIX is queued by a hold (rules.md 2)."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1
        D 35=8|37=O1|11=A1|150=0
    """)
    order = desk.order("A1")
    assert order is not None
    desk.tell(act("hold", "A44"))
    desk.tell(CancelOrder(order.order_id, "carol", "test"))
    assert not client.line.unread
    desk.tell(act("release", "A44"))
    client.D("35=8|37=O1|150=4|58=CANCELLED_BY_DESK: ...")


def test_acts_that_send_wait_in_their_order(desk: Conversation) -> None:
    """They are journaled and answered at once, done at the release, and survive a restart."""
    desk.client("A44")
    desk.tell(act("hold", "A44"))
    for what, more in (("test-request", {}), ("resend", {"begin": 1, "end": 2})):
        decided = desk.tell(act(what, "A44", **more))
        assert decided.session_acts == ()
        assert decided.alerts == ("waits: A44 is on hold; it is done at its release",)
    desk.snapshots()
    desk.restarts()
    desk.client("A44").logs_on()
    decided = desk.tell(act("release", "A44"))
    assert [one.act for one in decided.session_acts] == ["release", "test-request", "resend"]
    desk.tell(act("hold", "A44"))
    assert [one.act for one in desk.tell(act("release", "A44")).session_acts] == ["release"]


def test_a_reset_in_a_hold_is_told_at_the_release(desk: Conversation) -> None:
    """R21 waits with everything else: unproven reports come with 97=Y, what is new without."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O1|11=A1|150=0
        D 35=8|37=O1|11=A1|150=F|17=E1
    """)
    desk.tell(act("hold", "A44"))
    client.drops()
    desk.tell(EpochMoved("A44", 1, "reset by staff"))
    client.line.epoch = 1
    client.logs_on()
    assert not client.line.unread
    desk.tell(act("release", "A44"))
    said = client.hears_all()
    assert [(one.kind, one.get(97), one.get(150)) for one in said] == [
        ("8", "Y", "0"),
        ("8", "Y", "F"),
    ]
    client.drops()
    client.logs_on()
    assert not client.line.unread


def test_reports_are_said_again_by_number_and_by_time(desk: Conversation) -> None:
    """97=Y, the same ExecID, prices never."""
    client = desk.client("A44")
    client.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O1|11=A1|150=0
        D 35=8|37=O1|11=A1|150=F|17=E1
    """)
    number = client.line.number_out
    desk.tell(act("resend-reports", "A44", begin=number, end=number))
    client.talk("D 35=8|97=Y|37=O1|150=F|17=E1")
    desk.tell(act("resend-reports", "A44", since=1))
    client.talk("""
        D 35=8|97=Y|37=O1|150=0
        D 35=8|97=Y|37=O1|150=F|17=E1
    """)
    desk.tell(act("resend-reports", "A44", begin=number + 100))
    assert not client.line.unread


COPIES = {"kind": "drop_copy", "drop_copy_of": ("ALPHA",), "drop_copy_delay_ms": 1000}
LIMIT = "55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"


def test_a_delayed_copy_is_told_once_however_a_hold_falls(open_desk: OpenDesk) -> None:
    """Held and released within the delay: what waits still is not said again by the release."""
    desk = open_desk(sessions={"DEAL44": COPIES})
    desk.client("A44").C(f"35=D|11=A1|{LIMIT}")
    desk.tell(act("hold", "DEAL44"))
    desk.at("+100ms")
    desk.tell(act("release", "DEAL44"))
    copy = desk.client("DEAL44")
    assert not copy.line.unread
    desk.at("+3s")
    desk.at("+3s")
    assert [heard.get(11) for heard in copy.hears_all()] == ["A1"]


def test_a_delayed_copy_keeps_its_order_through_a_hold(open_desk: OpenDesk) -> None:
    """What fell due during the hold goes before what came after it."""
    desk = open_desk(sessions={"DEAL44": COPIES})
    desk.client("A44").C(f"35=D|11=A1|{LIMIT}")
    desk.tell(act("hold", "DEAL44"))
    desk.at("+2s")
    desk.client("A44").C(f"35=D|11=A2|{LIMIT}")
    desk.tell(act("release", "DEAL44"))
    desk.at("+3s")
    desk.at("+3s")
    assert [heard.get(11) for heard in desk.client("DEAL44").hears_all()] == ["A1", "A2"]


def test_a_restart_in_a_hold_does_not_turn_the_order_round(open_desk: OpenDesk) -> None:
    """What was owed before the stop is said before what happened since."""
    desk = open_desk(sessions={"DEAL44": COPIES})
    desk.client("A44").C(f"35=D|11=A1|{LIMIT}")
    desk.tell(act("hold", "DEAL44"))
    desk.at("+2s")
    desk.restarts()
    for key in ("DEAL44", "A44"):
        desk.client(key).logs_on()
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00")
    desk.client("A44").C(f"35=D|11=A2|{LIMIT}")
    desk.tell(act("release", "DEAL44"))
    desk.at("+3s")
    desk.at("+3s")
    assert [heard.get(11) for heard in desk.client("DEAL44").hears_all()] == ["A1", "A2"]


def test_a_reset_within_the_delay_says_nothing_twice(open_desk: OpenDesk) -> None:
    """R21 asks for everything unproven: what is kept for its time comes then, once."""
    desk = open_desk(sessions={"DEAL44": COPIES})
    copy = desk.client("DEAL44")
    desk.client("A44").C(f"35=D|11=A1|{LIMIT}")
    copy.drops()
    desk.tell(EpochMoved("DEAL44", 1, "reset by staff"))
    copy.line.epoch = 1
    copy.logs_on()
    desk.at("+3s")
    desk.at("+3s")
    assert [heard.get(11) for heard in copy.hears_all()] == ["A1"]
