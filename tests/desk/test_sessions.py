"""Sessions that come, go and change while the desk deals: what decisions make of it."""

from msgspec import structs

from otcfix.desk.state import State
from otcfix.model.party import Session
from otcfix.model.session_commands import SetSessions
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.house_desk import house_desk
from tests.support.streams import TERMS

RESTS = "35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"


def sessions_of(desk: Conversation) -> dict[str, Session]:
    """The desk's sessions as its configuration has them."""
    known = desk.state.register.desk
    assert known is not None
    return {one.key: one for one in known.sessions}


def takes(desk: Conversation, *sessions: Session) -> None:
    """Staff reloads: these are the sessions."""
    desk.tell(SetSessions(tuple(sessions), "carol", "test"))


def test_what_rests_on_a_removed_session_goes(desk: Conversation, client: Client) -> None:
    """An order whose session is gone has nothing to stand on, now as at a start; nor a quote."""
    client.talk_44(f"""
        C {RESTS}
        D 35=8|37=O1|150=0
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
    """)
    known = sessions_of(desk)
    gone = known.pop(client.key)
    takes(desk, *known.values())
    client.talk_44("""
        D 35=Z|117=Q1|298=1
        D 35=8|37=O1|11=A1|150=4|39=4|378=(DESK)|58=CANCELLED_BY_DESK...
    """)
    desk.books("ALPHA", "held", USD="0.00")
    assert any(f"removed {gone.key}, by carol: test" in alert for alert in desk.alerts)


def test_a_message_behind_the_removal_of_its_session_is_journaled_alone(
    desk: Conversation, client: Client
) -> None:
    """It was received in the same batch: nobody is there to be answered, nothing is dealt."""
    known = sessions_of(desk)
    known.pop(client.key)
    with desk.busy():
        desk.tell(SetSessions(tuple(known.values()), "carol", "test"))
        client.C(RESTS)
    assert desk.state.orders == {}
    assert any("which is gone: not answered" in alert for alert in desk.alerts)


def test_what_follows_in_a_batch_is_read_as_the_new_session_says(
    desk: Conversation, client: Client
) -> None:
    """A symbol of the client's own holds from the event on, also on replay."""
    known = sessions_of(desk)
    mine = structs.replace(known[client.key], symbols={"XBT": "BTC/USD"})
    with desk.busy():
        desk.tell(SetSessions((*(s for s in known.values() if s.key != mine.key), mine), "c", "t"))
        client.C("35=R|131=R1|146=1|55=XBT|38=1")
    client.talk_44("D 35=S|131=R1|55=XBT")


def test_the_same_sessions_again_change_nothing(desk: Conversation, client: Client) -> None:
    """A reload for a secret's sake leaves orders and quotes as they are."""
    client.talk_44(f"""
        C {RESTS}
        D 35=8|37=O1|150=0
    """)
    before = desk.state.desk_hash
    takes(desk, *sessions_of(desk).values())
    assert desk.state.desk_hash == before
    assert desk.order("A1") is not None


def test_new_sessions_survive_a_restart_and_the_same_file_is_no_change(
    open_desk: OpenDesk,
) -> None:
    """Snapshot, replay and a start with those files all arrive at one configuration."""
    desk = open_desk()
    known = sessions_of(desk)
    first = next(iter(known.values()))
    more = structs.replace(first, key="DELTA44")
    takes(desk, *known.values(), more)
    state = desk.state
    again = State.load(state.dump(), state.id_key)
    assert again.desk_hash == state.desk_hash
    assert list(again.register.sessions) == [*known, "DELTA44"]
    assert again.dump() == state.dump()
    assert state.register.desk is not None
    desk.restarts(state.register.desk)
    assert desk.state.desk_hash == state.desk_hash
    assert desk.client("DELTA44").key == "DELTA44"


def test_a_session_that_stands_twice_is_refused(desk: Conversation) -> None:
    """Nothing is changed."""
    known = tuple(sessions_of(desk).values())
    takes(desk, *known, known[0])
    assert tuple(sessions_of(desk).values()) == known
    assert any(alert.startswith("refused") for alert in desk.alerts)


def test_an_order_stays_with_whom_it_was_for(desk: Conversation, number: str) -> None:
    """The broker has an end client no more, or the session is another client's now: what rests
    goes, or its fills would be told to somebody else and nobody could cancel it."""
    broker = desk.client(f"P{number}")
    for end in ("END1", "END2"):
        broker.talk_44(f"""
            C 35=D|115={end}|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
            D 35=8|150=0
            C 35=R|115={end}|131=R1|146=1|55=BTC/USD|38=1
            D 35=S
        """)
    known = sessions_of(desk)
    known[f"P{number}"] = structs.replace(known[f"P{number}"], end_clients={"END2": "END2"})
    takes(desk, *known.values())
    broker.talk_44("""
        D 35=Z|128=END1|298=1
        D 35=8|128=END1|11=A1|150=4|39=4|378=(DESK)|58=CANCELLED_BY_DESK...
    """)
    assert [order.end_client for order in desk.state.orders.values()] == ["END2"]
    assert [quote.end_client for quote in desk.state.quotes.values()] == ["END2"]
    desk.books("END1", "held", USD="0.00")


def test_at_a_start_as_well(open_desk: OpenDesk, number: str) -> None:
    """The files of the next start name another client."""
    desk = open_desk()
    desk.client(f"A{number}").talk_44(f"""
        C {RESTS}
        D 35=8|150=0
    """)
    desk.restarts(house_desk(sessions={f"A{number}": {"client_id": "BETA", "account": "BETA-1"}}))
    assert desk.state.orders == {}
    desk.books("ALPHA", "held", USD="0.00")


def test_a_stream_ends_with_its_session(open_desk: OpenDesk, number: str) -> None:
    """A request that was answered again and again is answered no more."""
    desk = open_desk(stream=TERMS)
    desk.client(f"A{number}").talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|303=2|38=1
        D 35=S|117=Q1
    """)
    known = sessions_of(desk)
    known.pop(f"A{number}")
    takes(desk, *known.values())
    desk.at("+1s")
    desk.prices("BTC/USD", bid="100000.00", offer="100200.00")
    assert desk.failures_expected == 0
