"""ACTIVE, REDUCING, HALTED, of the desk, of a client, of an instrument: what passes, what stays."""

import pytest

from otcfix.model.limit import SetTradingState
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.streams import TERMS, asks

SCOPES = {"desk": "HALTED", "client:ALPHA": "NOT_AUTHORISED", "instrument:BTC/USD": "CLOSED"}
every_scope = pytest.mark.parametrize(("scope", "code"), SCOPES.items())

RESTING = """
    C 35=D|11=B1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
    D 35=8|37=O1|150=0
    C 35=D|11=S1|55=BTC/USD|54=2|38=2|40=2|44=100900|59=1
    D 35=8|37=O2|150=0
    C 35=D|11=S2|55=BTC/USD|54=2|38=2|40=2|44=100900|59=1
    D 35=8|37=O3|150=0
    C 35=R|131=R1|146=1|55=BTC/USD|38=1
    D 35=S|117=Q1
"""


def sets(desk: Conversation, scope: str, state: str) -> tuple[str, ...]:
    """Staff sets a state; what the desk alerts."""
    return desk.tell(SetTradingState(scope, state, "carol", "test")).alerts


@every_scope
def test_halted(open_desk: OpenDesk, number: str, scope: str, code: str) -> None:
    """Nothing is quoted or dealt; what stood is withdrawn, cancelled, told; a restart keeps it."""
    desk = open_desk(stream=TERMS)
    client = desk.client(f"A{number}")
    asks(client)
    client.hears_all()
    client.talk_44(RESTING)
    sets(desk, scope, "HALTED")
    heard = client.hears_all()
    assert [one.kind for one in heard if one.kind != "W"] == ["Z", "8", "8", "8"]
    assert [one.get(268) for one in heard if one.kind == "W"] == ["0"]
    nothing = f"""
        C 35=R|131=H{{0}}|146=1|55=BTC/USD|38=1
        D 35=AG|658=({code})|58={code}: ...
        C 35=D|11=H{{0}}|55=BTC/USD|54=2|38=1|40=1
        D 35=8|150=8|103=({code})|58={code}: ...
    """
    client.talk_44(nothing.format(1))
    desk.snapshots()
    desk.restarts()
    client.logs_on()
    client.talk_44(nothing.format(2))
    sets(desk, scope, "ACTIVE")
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=S|131=R2
    """)
    assert not desk.state.words.get("state")


@every_scope
def test_reducing(open_desk: OpenDesk, number: str, scope: str, code: str) -> None:
    """A price is told; of the orders those pass that make the position smaller and do not turn it
    round, each alone for what rests, with what rests for what is new."""
    desk = open_desk(stream=TERMS)
    client = desk.client(f"A{number}")
    client.talk_44(RESTING)
    sets(desk, scope, "REDUCING")
    client.talk_44(
        f"""
        D 35=8|37=O1|11=B1|150=4|39=4|378=(DESK)|58=CANCELLED_BY_DESK...
        C 35=D|11=H1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=H1|150=8|103=({code})|58={code}: ...
        C 35=D|11=S3|55=BTC/USD|54=2|38=1.001|40=1
        D 35=8|11=S3|150=8|103=({code})|58={code}: ...
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=S|131=R2
        C 35=F|11=F1|41=S2|55=BTC/USD|54=2|38=2
        D 35=8|150=4
        C 35=D|11=S4|55=BTC/USD|54=2|38=3|40=1
        D 35=8|37=O5|150=0
        D 35=8|37=O5|150=F
        C 35=G|11=G1|41=S1|55=BTC/USD|54=2|38=2.001|40=2|44=100900|59=1
        D 35=9|434=2|58={code}: ...
        C 35=G|11=G2|41=S1|55=BTC/USD|54=2|38=1.5|40=2|44=100900|59=1
        D 35=8|150=(REPLACED)
    """.replace("D 35=8|150=(REPLACED)", "D 35=8|11=G2")
    )
    desk.books("ALPHA", BTC="0.50000000")


def test_what_rests_does_not_fill_when_it_would_turn_the_position(desk: Conversation) -> None:
    """Two orders reduce, each alone; when one is filled, the other would go short, and waits."""
    desk.prices("EUR/USD", "1.08000", "1.08200", "1000000")
    client = desk.client("T44")
    client.talk("""
        C 35=D|11=T1|55=EUR/USD|54=1|38=2000|40=2|44=1.09000
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F
        C 35=D|11=S1|55=EUR/USD|54=2|38=2000|40=2|44=1.10000|59=1
        D 35=8|37=O2|150=0
        C 35=D|11=S2|55=EUR/USD|54=2|38=1000|40=2|44=1.10000|59=1
        D 35=8|37=O3|150=0
    """)
    sets(desk, "client:TREASURY", "REDUCING")
    client.says_nothing_more()
    desk.prices("EUR/USD", "1.11000", "1.11200", "1000000")
    assert [(one.get(11), one.get(150)) for one in client.hears_all()] == [("S1", "F")]
    assert desk.order("S2", "TREASURY") is not None
    sets(desk, "client:TREASURY", "ACTIVE")
    desk.prices("EUR/USD", "1.11100", "1.11300", "1000000")
    assert [(one.get(11), one.get(150)) for one in client.hears_all()] == [("S2", "F")]


def test_the_kill_switch_is_the_desks_state(desk: Conversation, client: Client) -> None:
    """kill is HALTED, unkill ACTIVE, and both are seen by the other word."""
    desk.kills()
    assert desk.state.word("desk", "state") == "HALTED"
    sets(desk, "desk", "REDUCING")
    assert not desk.state.halted
    desk.unkills()
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1
    """)


def test_a_clock_that_jumped_halts_a_reducing_desk(desk: Conversation) -> None:
    """REDUCING does not hide that nobody knows the time."""
    sets(desk, "desk", "REDUCING")
    desk.wall_steps("-2s")
    assert desk.state.halted
    desk.wall_steps("+2s")
    desk.at("+4s")
    assert not desk.state.halted
    assert desk.state.word("desk", "state") == "REDUCING"


def test_who_has_nothing_reduces_nothing(open_desk: OpenDesk) -> None:
    """Without a position every order is more."""
    desk = open_desk()
    desk.moves_funds("ALPHA", "BTC", "-5")
    sets(desk, "client:ALPHA", "REDUCING")
    client = desk.client("A44")
    for n, side in enumerate("12"):
        client.talk(f"""
            C 35=D|11=X{n}|55=BTC/USD|54={side}|38=0.001|40=1
            D 35=8|150=8|103=99|58=NOT_AUTHORISED: ...
        """)


@pytest.mark.parametrize(
    ("scope", "state"),
    [("client:NOBODY", "HALTED"), ("instrument:NO/PE", "HALTED"), ("BTC/USD", "HALTED"),
     ("desk", "PAUSED"), ("tier:gold", "HALTED")],
)  # fmt: skip
def test_a_state_of_nothing(desk: Conversation, scope: str, state: str) -> None:
    """What is not there, and what is no state, is refused."""
    assert sets(desk, scope, state)[0].startswith("refused: ")
    assert not desk.state.words.get("state")
