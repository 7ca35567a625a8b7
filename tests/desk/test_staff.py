"""Kill switch, sessions off, pauses, funds, clocks, resets: what does not come from a client."""

import pytest

from otcfix.model.event import CancelOrder, ClockJumped, EpochMoved, SetInstrument, SetSession
from otcfix.model.quote import WITHDRAWN
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

ORDER = "35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"
HALTED = """
    C 35=R|131=H1|146=1|55=BTC/USD|38=1
    D 35=AG|658=(HALTED)|58=HALTED: ...
    C 35=D|11=H2|55=BTC/USD|54=1|38=1|40=1
    D 35=8|150=8|103=(HALTED)|58=HALTED: ...
"""


# -- kill --------------------------------------------------------------------------------------


def test_a_kill_ends_everything_and_survives_a_restart(desk: Conversation, client: Client) -> None:
    """Quotes and resting orders go and are told; nothing is dealt until the unkill."""
    client.talk_44(f"""
        C {ORDER}
        D 35=8|37=O1|150=0
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
    """)
    desk.kills()
    client.talk_44("""
        D 35=Z|117=Q1|298=1
        D 35=8|37=O1|11=A1|150=4|39=4|378=(DESK)|58=CANCELLED_BY_DESK...
    """)
    client.talk_44(HALTED)
    desk.restarts()
    client.logs_on()
    client.talk_44(HALTED.replace("H1", "H3").replace("H2", "H4"))
    desk.unkills()
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=S|131=R2
    """)
    desk.books("ALPHA", "held", USD="0.00")


def test_a_kill_in_the_same_batch_wins_over_orders_behind_it(desk: Conversation) -> None:
    """What was received behind the kill is refused, although it was decided in one batch."""
    client = desk.client("A44")
    with desk.busy():
        desk.kills()
        client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    client.talk("D 35=8|150=8|103=2|58=HALTED: ...")


def test_a_killed_desk_still_cancels_and_tells(desk: Conversation, client: Client) -> None:
    """Cancels and status requests are answered while the desk does not deal."""
    desk.kills()
    client.talk_44("""
        C 35=F|11=F1|41=nope
        D 35=9|102=(UNKNOWN_ORDER)
        C 35=H|11=nope|55=BTC/USD|54=1
        D 35=8|150=I|39=8
    """)


# -- sessions ----------------------------------------------------------------------------------


def test_a_disabled_session_deals_no_more(desk: Conversation, number: str) -> None:
    """Its quotes and orders go; it may cancel and ask; the client's other sessions go on."""
    client, other = desk.client(f"A{number}"), desk.client(f"DEAL{number}")
    other.talk_44("C 35=D|11=B1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1\nD 35=8|37=O2|150=0")
    client.talk_44(f"C {ORDER}\nD 35=8|37=O1|150=0")
    desk.tell(SetSession(client.key, False, "staff", "test"))
    client.talk_44("""
        D 35=8|37=O1|150=4|378=(DESK)
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=(NOT_AUTHORISED)|58=NOT_AUTHORISED: not authorised
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=AG|658=(NOT_AUTHORISED)|58=NOT_AUTHORISED: not authorised
        C 35=F|11=F1|41=B1
        D 35=8|37=O2|11=F1|150=4
    """)
    other.talk_44("C 35=D|11=B2|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1\nD 35=8|150=0")
    desk.tell(SetSession(client.key, True, "staff", "test"))
    client.talk_44("C 35=R|131=R2|146=1|55=BTC/USD|38=1\nD 35=S|131=R2")


def test_a_session_that_is_off_in_the_configuration(open_desk: OpenDesk, number: str) -> None:
    """enabled = false says the same, and staff can switch it on."""
    desk = open_desk(sessions={f"A{number}": {"enabled": False}})
    client = desk.client(f"A{number}")
    client.talk_44("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=AG|658=(NOT_AUTHORISED)")
    desk.tell(SetSession(client.key, True, "staff", "test"))
    client.talk_44("C 35=R|131=R2|146=1|55=BTC/USD|38=1\nD 35=S|131=R2")
    desk.restarts()
    client.logs_on()
    client.hears_all()
    client.talk_44("C 35=R|131=R3|146=1|55=BTC/USD|38=1\nD 35=S|131=R3")


@pytest.mark.parametrize(
    "changes",
    [
        {"clients": {"ALPHA": {"enabled": False}}},
        {"clients": {"ALPHA": {"instruments": ()}}},
    ],
)
def test_one_text_for_every_reason(open_desk: OpenDesk, number: str, changes: dict) -> None:
    """R23: who may not deal is told `not authorised`, whatever the reason: no tipping-off."""
    desk = open_desk(**changes)
    client = desk.client(f"A{number}")
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=AG|658=(NOT_AUTHORISED)|58=NOT_AUTHORISED: not authorised
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=(NOT_AUTHORISED)|58=NOT_AUTHORISED: not authorised
        C 35=F|11=F1|41=nope
        D 35=9|102=(UNKNOWN_ORDER)
    """)


def test_commands_that_name_nothing(desk: Conversation) -> None:
    """A command on something unknown changes nothing and says so."""
    before = desk.state.dump()
    seq = desk.state.seq
    for command, text in (
        (SetSession("NOPE", False, "staff", ""), "refused: no session NOPE"),
        (SetInstrument("NOPE", "PAUSED", "staff", ""), "refused: no instrument NOPE"),
        (CancelOrder("NOPE", "staff", ""), "refused: no open order NOPE"),
    ):
        assert desk.tell(command).alerts == (text,)
    assert desk.state.seq == seq + 3
    assert len(desk.state.dump()) == len(before)


# -- funds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asset", "amount", "balance"),
    [
        ("USD", "0.01", "500000.01"),
        ("USD", "0.019", "500000.01"),  # below the scale: a memo, never credited
        ("USD", "0.001", "500000.00"),
        ("BTC", "0.000000019", "5.00000001"),
        ("JPY", "1.9", "1"),
        ("USD", "-0.01", "499999.99"),
        ("USD", "-500000", "0.00"),
        ("USD", "-500000.01", "500000.00"),
    ],
)
def test_deposits_and_withdrawals(
    desk: Conversation, asset: str, amount: str, balance: str
) -> None:
    """Amounts are cut to the minor unit; what is not there cannot be withdrawn."""
    desk.moves_funds("ALPHA", asset, amount)
    desk.books("ALPHA", **{asset: balance})


@pytest.mark.parametrize(("client_id", "asset"), [("NOBODY", "USD"), ("ALPHA", "DOGE")])
def test_funds_of_nobody(desk: Conversation, client_id: str, asset: str) -> None:
    """Unknown client or asset: refused."""
    decision = desk.moves_funds(client_id, asset, "1")
    assert decision.transfers == ()
    assert decision.alerts[0].startswith("refused: no ")


def test_held_money_cannot_be_withdrawn(desk: Conversation) -> None:
    """What an order holds is not available."""
    client = desk.client("A44")
    client.talk(f"C {ORDER}\nD 35=8|150=0")
    assert desk.moves_funds("ALPHA", "USD", "-400100.01").alerts
    assert desk.moves_funds("ALPHA", "USD", "-400100").transfers
    desk.books("ALPHA", USD="0.00")
    desk.prices("BTC/USD", bid="99800", offer="99900")
    client.talk("D 35=8|150=F|39=2")


# -- the clock (2.10) --------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["-1001ms", "+1001ms", "-1h"])
def test_a_clock_that_steps_stops_the_dealing(desk: Conversation, step: str) -> None:
    """Quotes are withdrawn, nothing is dealt, `at` never goes back; trusted again, all goes on."""
    client = desk.client("A44")
    client.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    before = desk.state.at
    desk.wall_steps(step)
    assert desk.state.at >= before
    client.talk("D 35=Z|117=Q1")
    assert desk.alerts[-1].startswith("clock jumped")
    client.talk("C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1\nD 35=8|150=8|103=2|58=HALTED: ...")
    back = f"{'-' if step[0] == '+' else '+'}{step[1:]}"
    desk.wall_steps(back)
    desk.at("+2s")  # `at` may have run ahead: time must pass it first
    assert desk.alerts[-1].startswith("clock trusted again")
    client.talk("C 35=R|131=R2|146=1|55=BTC/USD|38=1\nD 35=S|131=R2")


@pytest.mark.parametrize("step", ["-900ms", "+900ms"])
def test_a_clock_that_is_set_a_little_goes_on(desk: Conversation, step: str) -> None:
    """Up to a second the desk deals on; events stay in order."""
    client = desk.client("A44")
    desk.wall_steps(step)
    client.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|131=R1")
    times = [event.at for event, _, _ in desk.told]
    assert times == sorted(times)


def test_resting_orders_sleep_while_the_clock_is_not_trusted(desk: Conversation) -> None:
    """No fill without a clock to trust; the order stands."""
    client = desk.client("A44")
    client.talk(f"C {ORDER}\nD 35=8|150=0")
    desk.wall_steps("-2s")
    assert isinstance(desk.told[-1][0].body, ClockJumped)
    desk.prices("BTC/USD", bid="99800", offer="99900")
    client.says_nothing_more()
    desk.wall_steps("+2s")
    desk.prices("BTC/USD", bid="99800", offer="99900")
    client.talk("D 35=8|150=F|39=2")


# -- resets (R21) ------------------------------------------------------------------------------


def test_reports_are_said_again_after_a_reset(desk: Conversation, number: str) -> None:
    """After a new sequence epoch every report comes again with 97=Y and its own 17; no quotes."""
    client = desk.client(f"A{number}")
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|37=O1|17=E1|150=0
        D 35=8|37=O1|17=E2|150=F
    """)
    client.drops()
    desk.tell(EpochMoved(client.key, 1, "Logon"))
    client.line.epoch = 1
    client.logs_on()
    client.talk_44("""
        D 97=Y|35=8|37=O1|17=E1|150=0
        D 97=Y|35=8|37=O1|17=E2|150=F
    """)
    client.drops()
    client.logs_on()
    client.says_nothing_more()


def test_what_was_proven_read_is_not_said_again(desk: Conversation) -> None:
    """A Heartbeat that answered our TestRequest proves everything before it."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|17=E1|150=0
        D 35=8|17=E2|150=F
    """)
    proven = desk.told[-1][2][0].outbox_id
    desk.sequencer.proven[client.key] = proven
    client.drops()
    desk.tell(EpochMoved(client.key, 1, "Logon"))
    client.logs_on()
    client.talk("D 97=Y|35=8|17=E2|150=F")


# -- quotes that a change of configuration ends ------------------------------------------------


def test_a_restart_forgets_no_withdrawal_and_no_obligation(desk: Conversation) -> None:
    """What State held when it stopped in order is what it holds when it starts: by snapshot."""
    desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="5000000")
    desk.client("T44").C("35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1")
    desk.client("A44").C(ORDER)
    desk.client("A44").C("35=R|131=R1|146=1|55=BTC/USD|38=1")
    (quote,) = desk.state.quotes.values()
    obligations = dict(desk.state.obligations)
    assert obligations
    desk.restarts()
    assert desk.state.obligations == obligations
    assert desk.order("A1") is not None
    assert desk.decided.quotes[0].state == WITHDRAWN
    assert desk.decided.quotes[0].quote_id == quote.quote_id
