"""The quote's state table (rules.md, section 5): one test a row, in each version that has it."""

from collections.abc import Callable

import pytest
from msgspec import structs

from otcfix.desk.decide import decide
from otcfix.desk.state import State
from otcfix.model.event import Boot, ClockJumped, Event, SetInstrument, SetSession
from otcfix.model.quote import DEALT, LIVE, WITHDRAWN
from otcfix.model.replies import QuoteWithdrawn
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.house_desk import ID_KEY, house_desk

QUOTED = """
    C 35=R|131=R1|146=1|55=BTC/USD|38=1
    D 35=S|131=R1|117=Q1|537=1|62=T+3s|133=100100.00
"""
HIT = "C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D"
DEALT_ON = f"""
    {HIT}
    D 35=8|37=O1|11=A1|17=E1|150=0|39=0
    D 35=8|37=O1|11=A1|17=E2|150=F|39=2
"""
GONE = """
    D 35=8|37=NONE|11=A1|150=8|39=8|103=(QUOTE_GONE)|58=QUOTE_GONE: ...
"""
WITHDRAWN_BY_DESK = """
    D 35=Z|117=Q1|298=1|295=1|55=BTC/USD
"""
NEW = ("44", "50")
new_only = pytest.mark.parametrize("number", NEW, indirect=True)


def open_quotes(desk: Conversation) -> int:
    return desk.state.open_quotes.get("ALPHA", 0)


# -- from nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("quote_type", ["", "|537=1"], ids=["default", "537=1"])
def test_an_accepted_request_is_a_live_quote(
    desk: Conversation, client: Client, quote_type: str
) -> None:
    """R accepted: S firm with 62 and 117; the limit of open quotes counts it, nothing is held."""
    client.talk_44(f"""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1{quote_type}
        D 35=S|131=R1|117=Q1|537=1|62=T+3s|132=100000.00|133=100100.00
    """)
    assert open_quotes(desk) == 1
    desk.books("ALPHA", "held", USD="0.00", BTC="0.00000000")
    assert desk.state.quotes[desk.names["Q1"]].state == LIVE


@new_only
def test_an_indicative_request_is_an_indicative_quote(desk: Conversation, client: Client) -> None:
    """R accepted with 537=0: S without 62, and nothing counts or holds it."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|537=0|38=1
        D 35=S|131=R1|117=Q1|537=0|62=-|132=100000.00|133=100100.00
    """)
    assert open_quotes(desk) == 0


def test_an_indicative_quote_in_4_2_has_no_size(open_desk: OpenDesk) -> None:
    """4.2 with `sizeless`: 134=135=0, no 62, and the QuoteID begins with I (A1)."""
    desk = open_desk(sessions={"A42": {"indicative_42": "sizeless"}})
    client = desk.client("A42")
    client.C("35=R|131=R1|146=1|55=BTC/USD|537=0|38=1")
    heard = client.D("35=S|131=R1|132=100000.00|133=100100.00|134=0|135=0|62=-|537=-")
    assert heard.get(117).startswith("I")
    assert open_quotes(desk) == 0


def test_a_refused_request_is_nothing(desk: Conversation, client: Client) -> None:
    """R refused: AG, b or j, and no quote."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=NOPE/USD|38=1
        D 35=AG|131=R1|658=(UNKNOWN_SYMBOL)|146=1|55=NOPE/USD|58=UNKNOWN_SYMBOL...
        C 35=R|131=R2|146=1|55=BTC/USD
        D 35=j|372=R|379=R2|380=5|58=MISSING_FIELD tag=38...
    """)
    assert not desk.state.quotes


# -- INDICATIVE --------------------------------------------------------------------------------


def indicative(open_desk: OpenDesk, number: str) -> tuple[Conversation, Client]:
    desk = open_desk(sessions={"A42": {"indicative_42": "sizeless"}})
    client = desk.client(f"A{number}")
    client.C("35=R|131=R1|146=1|55=BTC/USD|537=0|38=1")
    desk.names.bound["Q1"] = client.hears().get(117)
    return desk, client


def test_an_indicative_quote_is_not_dealt_on(open_desk: OpenDesk, number: str) -> None:
    """D on an indicative quote: refused, and the quote stays what it is."""
    _, client = indicative(open_desk, number)
    for cl_ord_id in ("A1", "A2", "A3", "A4"):
        client.talk_44(f"""
            C 35=D|11={cl_ord_id}|117=Q1|55=BTC/USD|54=1|38=1|40=D
            D 35=8|11={cl_ord_id}|150=8|39=8|103=(INDICATIVE)|58=INDICATIVE: ...
        """)


@new_only
def test_an_indicative_quote_is_not_hit(open_desk: OpenDesk, number: str) -> None:
    """AJ 694=1 on an indicative quote: 8 with the AJ's own 693."""
    _, client = indicative(open_desk, number)
    client.talk_44("""
        C 35=AJ|693=N1|117=Q1|694=1|11=A1|55=BTC/USD|54=1|38=1
        D 35=8|11=A1|693=N1|150=8|39=8|103=(INDICATIVE)
    """)


def test_an_indicative_quote_is_forgotten_after_a_minute(open_desk: OpenDesk, number: str) -> None:
    """60 s after its S nothing is said; a late hit is still told that it was indicative."""
    desk, client = indicative(open_desk, number)
    desk.at("+61s")
    client.says_nothing_more()
    assert not desk.state.quotes
    client.talk_44("""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=A1|150=8|103=(INDICATIVE)
    """)


def test_an_indicative_request_id_may_be_used_again(open_desk: OpenDesk, number: str) -> None:
    """The same 131 again: the indicative quote expires silently, the new request is answered."""
    desk, client = indicative(open_desk, number)
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1|117=Q2|62=T+3s
    """)
    assert set(desk.state.quotes) == {desk.names["Q2"]}


# -- LIVE: dealt -------------------------------------------------------------------------------


def test_a_hit_deals_the_quote(desk: Conversation, client: Client) -> None:
    """D 40=D that passes every check: both reports, transfers and trade in one decision."""
    client.talk_44(QUOTED)
    client.talk_44(DEALT_ON)
    decision = desk.decided
    assert [quote.state for quote in decision.quotes] == [DEALT]
    assert [trade.quote_id for trade in decision.trades] == [desk.names["Q1"]]
    assert decision.transfers
    assert len(decision.replies) == 2
    assert open_quotes(desk) == 0


@new_only
def test_a_quote_response_deals_the_quote(desk: Conversation, client: Client) -> None:
    """AJ 694=1 deals like a D; its reports carry 693."""
    client.talk_44(QUOTED)
    client.talk_44("""
        C 35=AJ|693=N1|117=Q1|694=1|11=A1|55=BTC/USD|54=1|38=1
        D 35=8|37=O1|11=A1|17=E1|693=N1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|693=N1|150=F|39=2|31=100100.00
    """)
    assert open_quotes(desk) == 0


@pytest.mark.parametrize("expired", [False, True], ids=["unexpired", "expired"])
def test_a_deal_ends_the_siblings(desk: Conversation, client: Client, expired: bool) -> None:
    """The other quotes of the same request line end with the deal; a Z tells the unexpired ones.

    The desk makes no second quote for a request yet, so the sibling is put into State by hand.
    """
    client.talk_44(QUOTED)
    client.C(HIT.removeprefix("C "))
    client.hears_all()
    hit = desk.told[-1][0]
    before = State.load(_before_last(desk), ID_KEY)
    quote = before.quotes[desk.names["Q1"]]
    ends = hit.received_at - 1 if expired else quote.valid_until
    sibling = structs.replace(quote, quote_id="QSIBLING", valid_until=ends)
    other_line = structs.replace(quote, quote_id="QOTHERLINE", line=1)
    before._put_quote(sibling)
    before._put_quote(other_line)
    decision = decide(before, hit)
    states = {quote.quote_id: quote.state for quote in decision.quotes}
    told = [r.quote.quote_id for r in decision.replies if isinstance(r, QuoteWithdrawn)]
    assert states.pop(quote.quote_id) == DEALT
    if expired:
        assert states == {"QSIBLING": "EXPIRED"}
        assert told == []
    else:
        assert states == {"QSIBLING": WITHDRAWN}
        assert told == ["QSIBLING"]


def _before_last(desk: Conversation) -> bytes:
    """State as it stood before the last event."""
    state = State(ID_KEY)
    replay = desk.replay_onto(state)
    for row in list(desk.store.journal())[:-1]:
        replay.step(row)
    return state.dump()


def test_a_refused_hit_leaves_the_quote_alive_twice(desk: Conversation, client: Client) -> None:
    """A5: only a fill uses a quote up; the third refused hit withdraws it."""
    client.talk_44(QUOTED)
    for cl_ord_id in ("X1", "X2"):
        client.talk_44(f"""
            C 35=D|11={cl_ord_id}|117=Q1|55=BTC/USD|54=1|38=2|40=D
            D 35=8|11={cl_ord_id}|150=8|103=(BAD_QUANTITY)
        """)
    assert open_quotes(desk) == 1
    client.talk_44("""
        C 35=D|11=X3|117=Q1|55=BTC/USD|54=1|38=2|40=D
        D 35=8|11=X3|150=8|103=(BAD_QUANTITY)
        D 35=Z|117=Q1|298=1|295=1|55=BTC/USD
    """)
    assert open_quotes(desk) == 0
    client.talk_44(f"{HIT}\n{GONE}")


def test_a_quote_is_dealt_after_two_refused_hits(client: Client) -> None:
    """Two refused hits do not harm the third, right one."""
    client.talk_44(QUOTED)
    for cl_ord_id in ("X1", "X2"):
        client.C(f"35=D|11={cl_ord_id}|117=Q1|55=BTC/USD|54=1|38=2|40=D")
        client.hears()
    client.talk_44(DEALT_ON)


# -- LIVE: time --------------------------------------------------------------------------------


def test_a_quote_expires_untold(desk: Conversation, client: Client) -> None:
    """At 62 nothing is said (A6), and the limit of open quotes gets its place back."""
    client.talk_44(QUOTED)
    desk.at("+3s")
    assert open_quotes(desk) == 1
    desk.at("+1ms")
    assert open_quotes(desk) == 0
    client.says_nothing_more()


def test_a_quote_expires_told(open_desk: OpenDesk, number: str) -> None:
    """With `tell_expiry`: AI 297=7, in 4.2 a Z."""
    desk = open_desk(sessions={f"A{number}": {"tell_expiry": True}})
    client = desk.client(f"A{number}")
    client.talk_44(QUOTED)
    desk.at("+3001ms")
    if number == "42":
        client.D("35=Z|117=Q1|298=1|295=1|55=BTC/USD")
    else:
        client.D("35=AI|117=Q1|131=R1|297=7|55=BTC/USD")
    client.says_nothing_more()


def test_a_message_received_in_time_goes_before_the_timer(
    desk: Conversation, client: Client
) -> None:
    """A timer that is due waits for a message that was received before it (R18)."""
    client.talk_44(QUOTED)
    with desk.busy():
        desk.at("+3s")
        client.C("35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D")
        desk.at("+5s")
    client.talk_44("""
        D 35=8|37=O1|11=A1|150=0|39=0
        D 35=8|37=O1|11=A1|150=F|39=2
    """)


def test_a_message_received_too_late_expires_the_quote(desk: Conversation, client: Client) -> None:
    """D received after 62 while the timer has not fired: refused, and the quote is EXPIRED."""
    client.talk_44(QUOTED)
    with desk.busy():
        desk.at("+3s")
        desk.client("B44").C("35=H|11=x|55=BTC/USD|54=1")  # received before the timer is due
        desk.at("+1ms")
        client.C("35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D")
    client.talk_44("""
        D 35=8|37=NONE|11=A1|150=8|39=8|103=(QUOTE_GONE)|58=QUOTE_GONE: expired
    """)
    assert open_quotes(desk) == 0
    client.talk_44("""
        C 35=a|117=Q1|55=BTC/USD
        D 35=AI|117=Q1|297=7
    """)


# -- LIVE: withdrawn ---------------------------------------------------------------------------


def stale(desk: Conversation, client: Client) -> None:
    desk.feed_stops("BTC/USD")
    desk.at("+2001ms")


def left_behind(desk: Conversation, client: Client) -> None:
    desk.prices("BTC/USD", bid="101000", offer="101110")


def paused(desk: Conversation, client: Client) -> None:
    desk.tell(SetInstrument("BTC/USD", "PAUSED", "staff", "test"))


def halted(desk: Conversation, client: Client) -> None:
    desk.tell(ClockJumped(False, 1_500))


def suspended(desk: Conversation, client: Client) -> None:
    desk.tell(SetSession(client.key, False, "staff", "test"))


def killed(desk: Conversation, client: Client) -> None:
    desk.kills()


@pytest.mark.parametrize("cause", [stale, left_behind, paused, halted, suspended, killed])
def test_a_quote_is_withdrawn_when_its_ground_is_gone(
    open_desk: OpenDesk, number: str, cause: Callable[[Conversation, Client], None]
) -> None:
    """Stale reference, cancel band, pause, halt, suspension and kill: Z, and the limit is freed."""
    desk = open_desk(instruments={"BTC/USD": {"cancel_band_bps": 10}})
    client = desk.client(f"A{number}")
    client.talk_44(QUOTED)
    cause(desk, client)
    client.talk_44(WITHDRAWN_BY_DESK)
    assert open_quotes(desk) == 0


def test_a_move_within_the_cancel_band_withdraws_nothing(open_desk: OpenDesk) -> None:
    """A quote outlives the moves that its instrument's band allows."""
    desk = open_desk(instruments={"BTC/USD": {"cancel_band_bps": 10}})
    client = desk.client("A44")
    client.talk_44(QUOTED)
    desk.prices("BTC/USD", bid="100089.9", offer="100190.1")  # 9 bps
    client.says_nothing_more()
    assert open_quotes(desk) == 1


# -- LIVE: the client --------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["117=Q1|298=5", "131=R1|298=1|295=1|55=BTC/USD", "131=R1|298=4"])
def test_the_client_passes(desk: Conversation, client: Client, by: str) -> None:
    """Client Z by 117, by 131 or for all: PASSED, told by AI 297=1, 4 or 17 (4.2: b)."""
    status = "4" if "298=4" in by else "1"
    client.talk_44(QUOTED)
    extra = "|131=R1" if "131" not in by else ""
    client.talk_44(f"""
        C 35=Z|{by}{extra}
        D 35=AI|297={status}
        {HIT}
        {GONE}
    """)
    assert open_quotes(desk) == 0


def test_the_client_passes_and_wants_no_answer(desk: Conversation, client: Client) -> None:
    """301=0: the quote is closed, and nothing is said of it."""
    client.talk_44(QUOTED)
    client.talk_44("C 35=Z|131=R1|117=Q1|298=5|301=0")
    assert open_quotes(desk) == 0


@new_only
def test_the_client_passes_by_quote_response(desk: Conversation, client: Client) -> None:
    """AJ 694=6: PASSED, told by AI 297=11 with its 693."""
    client.talk_44(QUOTED)
    client.talk_44(f"""
        C 35=AJ|693=N1|117=Q1|694=6|55=BTC/USD
        D 35=AI|693=N1|117=Q1|297=11
        {HIT}
        {GONE}
    """)
    assert open_quotes(desk) == 0


@new_only
def test_a_counter_is_not_supported(client: Client) -> None:
    """AJ 694=2: j 380=3, and the quote lives on."""
    client.talk_44(QUOTED)
    client.talk_44("""
        C 35=AJ|693=N1|117=Q1|694=2|11=C1|55=BTC/USD|54=1|38=1|44=100000
        D 35=j|372=AJ|380=3|58=UNSUPPORTED tag=694: counter not supported
    """)
    client.talk_44(DEALT_ON)


def test_a_disconnect_leaves_the_quote(desk: Conversation, client: Client) -> None:
    """The client's session drops: the quote lives to its 62, and is dealt on after the logon."""
    client.talk_44(QUOTED)
    client.drops()
    desk.at("+1s")
    client.logs_on()
    client.talk_44(DEALT_ON)


# -- restart -----------------------------------------------------------------------------------


def test_a_restart_withdraws_and_tells_in_time(desk: Conversation, client: Client) -> None:
    """The desk restarts: the quote is void, a Z says so at a logon before 62."""
    client.talk_44(QUOTED)
    desk.restarts()
    assert open_quotes(desk) == 0
    assert isinstance(desk.told[-1][0].body, Boot)
    desk.at("+3s")
    client.logs_on()
    client.talk_44(WITHDRAWN_BY_DESK)
    client.talk_44(f"{HIT}\n{GONE}")


def test_a_restart_is_not_told_after_62(desk: Conversation, client: Client) -> None:
    """At a logon after 62 nothing is said of the quote."""
    client.talk_44(QUOTED)
    desk.restarts()
    desk.at("+3001ms")
    client.logs_on()
    client.says_nothing_more()


def test_a_withdrawal_is_told_once(desk: Conversation, client: Client) -> None:
    """The second logon after a restart hears nothing more of it."""
    client.talk_44(QUOTED)
    desk.restarts()
    client.logs_on()
    client.talk_44(WITHDRAWN_BY_DESK)
    client.drops()
    client.logs_on()
    client.says_nothing_more()


def test_an_unsaid_quote_is_answered_after_a_restart(desk: Conversation, client: Client) -> None:
    """A quote that was made and never said is not sent late: "desk restarted" (R10).

    A kill may also fall between the saying and its mark: the quote is withdrawn as well.
    """
    with desk.killed("before saying"):
        client.C("35=R|131=R1|146=1|55=BTC/USD|38=1")
    desk.restarts()
    client.logs_on()
    refusal = (
        "D 35=b|131=R1|297=5|58=DESK_RESTARTED: desk restarted"
        if client.number == "42"
        else "D 35=AG|131=R1|658=99|55=BTC/USD|58=DESK_RESTARTED: desk restarted"
    )
    client.talk(f"{refusal}\nD 35=Z|117=Q1|131=R1")


# -- final states ------------------------------------------------------------------------------


def to_dealt(desk: Conversation, client: Client) -> None:
    client.C("35=D|11=Z1|117=Q1|55=BTC/USD|54=1|38=1|40=D")


def to_expired(desk: Conversation, client: Client) -> None:
    desk.at("+3001ms")


def to_withdrawn(desk: Conversation, client: Client) -> None:
    desk.kills()
    desk.unkills()


def to_passed(desk: Conversation, client: Client) -> None:
    client.C("35=Z|117=Q1|131=R1|298=5")


FINAL = [(to_dealt, "5"), (to_expired, "7"), (to_withdrawn, "5"), (to_passed, "5")]


@pytest.mark.parametrize(("ending", "status"), FINAL)
def test_a_finished_quote_is_dealt_on_no_more(
    desk: Conversation,
    client: Client,
    ending: Callable[[Conversation, Client], None],
    status: str,
) -> None:
    """D on a quote that is dealt, expired, withdrawn or passed: 103=4, and no books."""
    client.talk_44(QUOTED)
    ending(desk, client)
    client.hears_all()
    before = dict(desk.state.balances)
    client.talk_44(f"{HIT}\n{GONE}")
    assert desk.state.balances == before


@new_only
@pytest.mark.parametrize(("ending", "status"), FINAL)
def test_a_finished_quote_is_not_hit(
    desk: Conversation,
    client: Client,
    ending: Callable[[Conversation, Client], None],
    status: str,
) -> None:
    """AJ on a finished quote: 103=4 as well."""
    client.talk_44(QUOTED)
    ending(desk, client)
    client.hears_all()
    client.talk_44("""
        C 35=AJ|693=N1|117=Q1|694=1|11=A1|55=BTC/USD|54=1|38=1
        D 35=8|11=A1|693=N1|150=8|103=(QUOTE_GONE)
    """)


@pytest.mark.parametrize(("ending", "status"), FINAL)
def test_the_status_of_a_finished_quote(
    desk: Conversation,
    client: Client,
    ending: Callable[[Conversation, Client], None],
    status: str,
) -> None:
    """a: EXPIRED 297=7; DEALT, WITHDRAWN and PASSED 5 with the reason in 58."""
    client.talk_44(QUOTED)
    ending(desk, client)
    client.hears_all()
    text = "|58=QUOTE_GONE: ..." if status == "5" else ""
    client.talk_44(f"""
        C 35=a|117=Q1|55=BTC/USD
        D 35=AI|117=Q1|131=R1|297={status}{text}
    """)


def test_the_status_of_a_live_and_of_an_unknown_quote(client: Client) -> None:
    """a: LIVE 297=0 (5.0SP2: 16), unknown 9 (4.2: 5 with 300=5)."""
    client.talk_44(QUOTED)
    client.talk_44(
        """
        C 35=a|117=Q1|55=BTC/USD
        D 35=AI|117=Q1|131=R1|297=0
        C 35=a|131=R1|55=BTC/USD
        D 35=AI|117=Q1|131=R1|297=0
        C 35=a|117=Q9|55=BTC/USD
        D 35=AI|117=Q9x|297=9
    """.replace("Q9x", "..").replace("117=Q9|", "117=nope|")
    )


def test_a_status_of_nothing_but_a_symbol_names_no_quote(desk: Conversation) -> None:
    """a without 117 and 131 where the dictionary asks for neither: j 380=5."""
    assert house_desk().sessions  # the dictionary of 5.0SP2 requires neither
    client = desk.client("A50")
    client.talk("""
        C 35=a|55=BTC/USD
        D 35=j|372=a|380=5|58=MISSING_FIELD tag=117...
    """)


def test_an_event_that_ends_nothing_says_nothing(desk: Conversation, client: Client) -> None:
    """A pause of another instrument leaves the quote alone."""
    client.talk_44(QUOTED)
    desk.tell(SetInstrument("ETH/USD", "PAUSED", "staff", "test"))
    assert isinstance(desk.told[-1][0], Event)
    client.says_nothing_more()
    assert open_quotes(desk) == 1
