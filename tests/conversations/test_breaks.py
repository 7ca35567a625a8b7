"""Breaks: DontKnowTrade(Q), and 3 or j about a report of ours; staff decides (rules.md 2.2)."""

from decimal import Decimal

import pytest

from otcfix.model.post_trade import ResolveBreak, TradeBreak
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.staff import agreed, busts, corrects, refused

BOUGHT = """
    C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
    D 35=8|37=O1|17=E1|150=0
    D 35=8|37=O1|17=E2|150=F|39=2
"""
UNKNOWN = "35=Q|17=E2|37=O1|55=BTC/USD|54=1|127=Z|58=not mine"


def the_break(desk: Conversation) -> TradeBreak:
    """The only one that is open."""
    (one,) = desk.state.breaks.waiting.values()
    return one


@pytest.mark.parametrize(
    "complaint", [UNKNOWN, "35=3|45=2|373=5|58=not mine", "35=j|45=2|372=8|380=0|58=not mine"]
)
def test_a_complaint_opens_a_break(desk: Conversation, client: Client, complaint: str) -> None:
    """By ExecID(17), or by the MsgSeqNum(34) of our report; nothing is answered, nothing moves."""
    client.talk_44(BOUGHT)
    client.C(complaint)
    client.says_nothing_more()
    found = the_break(desk)
    assert (found.exec_id, found.client_id, found.what) == (
        *(desk.names["E2"], "ALPHA"),
        complaint[3],
    )
    assert desk.decided.disputed
    client.C(UNKNOWN)
    assert "is disputed again" in desk.alerts[-1]
    the_break(desk)
    client.says_nothing_more()


def test_what_a_client_says_of_it_can_be_read(desk: Conversation, client: Client) -> None:
    """No second line in an alert, no end of it: 240 printable characters; the journal has all."""
    client.talk_44(BOUGHT)
    client.C(f"35=j|45=2|372=8|380=0|58=né\x1b[2J\n{'x' * 5000}")
    why = the_break(desk).reason
    assert (why[:14], len(why) < 300) == ("j 0 né?[2J?xxx", True)
    assert desk.alerts[-1].isprintable()


def test_resolved_as_bust(desk: Conversation, client: Client) -> None:
    """Two persons; the break is closed by the bust."""
    client.talk_44(BOUGHT)
    client.C(UNKNOWN)
    done = agreed(desk, ResolveBreak(the_break(desk).break_id, "bust", "ann", "he is right"))
    client.talk_44("D 35=8|17=E3|19=E2|150=H|39=4")
    assert (done.breaks[0].state, done.breaks[0].by) == ("BUSTED", "ann")
    assert not desk.state.breaks.waiting
    desk.books("ALPHA", BTC="5.00000000")


def test_resolved_as_correct(desk: Conversation, client: Client) -> None:
    """The numbers stand in the command."""
    client.talk_44(BOUGHT)
    client.C(UNKNOWN)
    wanted = ResolveBreak(
        the_break(desk).break_id, "correct", "ann", "price", price=Decimal(100090)
    )
    done = agreed(desk, wanted)
    client.talk_44("D 35=8|17=E3|19=E2|150=G|31=100090")
    assert done.breaks[0].state == "CORRECTED"


def test_resolved_as_it_stands(desk: Conversation) -> None:
    """One person; no money moves, and nothing is said."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    client.C(UNKNOWN)
    done = agreed(desk, ResolveBreak(the_break(desk).break_id, "stands", "ann", "tape sent"))
    assert done.breaks[0].state == "STANDS"
    client.says_nothing_more()
    client.C(UNKNOWN)
    the_break(desk)  # he may dispute it again


@pytest.mark.parametrize("change", [busts, lambda *about: corrects(*about, price="100090")])
def test_a_bust_by_its_exec_id_closes_the_break(desk: Conversation, change: object) -> None:
    """However the trade is put right, nobody is left to decide."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    client.C(UNKNOWN)
    assert callable(change)
    assert change(desk, "E2").breaks[0].state in ("BUSTED", "CORRECTED")
    client.hears_all()
    assert not desk.state.breaks.waiting


def test_what_cannot_be_resolved(desk: Conversation) -> None:
    """Unknown breaks and words; an acceptance that he could not read has nothing to bust."""
    client = desk.client("A44")
    assert "no break X1" in refused(desk.tell(ResolveBreak("X1", "bust", "ann", "x")))
    client.talk(BOUGHT)
    client.C("35=3|45=1|373=5|58=what is 39=0")
    found = the_break(desk)
    assert found.exec_id == desk.names["E1"]
    for word, why in (("burn", "bust, correct, stands"), ("bust", "no trade")):
        assert why in refused(desk.tell(ResolveBreak(found.break_id, word, "ann", "x")))


@pytest.mark.parametrize("exec_id", ["NOSUCH", "E2", "E1"])
def test_what_is_none_of_his(desk: Conversation, exec_id: str) -> None:
    """An unknown ExecID, or another client's: journaled and alerted; no break, no dispute mark, no
    answer. E1 is an acceptance: no trade."""
    desk.client("A44").talk(BOUGHT)
    other = desk.client("B44")
    other.C(f"35=Q|17={exec_id}|37=O1|55=BTC/USD|54=1|127=D")
    other.says_nothing_more()
    assert "no trade of his" in desk.alerts[-1]
    assert not desk.decided.disputed
    assert not desk.state.breaks.waiting


@pytest.mark.parametrize("line", ["35=3|45=77|373=5", "35=j|45=1|372=S|380=0", "35=3|45=1|373=5"])
def test_about_something_else(desk: Conversation, line: str) -> None:
    """A number that no report of his had, a quote: alert and mark, no break."""
    client = desk.client("A44")
    client.talk("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
    """)
    client.C(line)
    client.says_nothing_more()
    assert desk.decided.disputed
    assert not desk.state.breaks.waiting


def test_a_drop_copy_may_dispute(open_desk: OpenDesk) -> None:
    """What it could not read is its client's trade."""
    desk = open_desk(drop_copies={"COPY44": "FIX.4.4"})
    copy = desk.client("COPY44")
    desk.client("A44").talk(BOUGHT)
    copy.hears_all()
    copy.C("35=3|45=2|373=5|58=no such tag")
    found = the_break(desk)
    assert (found.exec_id, found.client_id, found.session) == (
        *(desk.names["E2"], "ALPHA"),
        "COPY44",
    )


def test_breaks_outlive_a_restart(open_desk: OpenDesk) -> None:
    """From the journal, and from a snapshot."""
    desk = open_desk()
    client = desk.client("A44")
    client.talk(BOUGHT)
    client.C(UNKNOWN)
    found = the_break(desk)
    desk.restarts()
    assert the_break(desk) == found
    desk.snapshots()
    desk.restarts()
    assert the_break(desk) == found
    client.logs_on()
    agreed(desk, ResolveBreak(found.break_id, "bust", "ann", "x"))
    client.D("35=8|19=E2|150=H")
