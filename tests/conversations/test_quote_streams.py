"""A request that is answered as a stream: QuoteRequestType(303)=2."""

import pytest

from otcfix.model.pricing import Life, Rule
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.client import Client

ASK = "C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1|303=2"


def moves(desk: Conversation, offer: str, after: str = "+500ms") -> None:
    """The market moves, and the interval passes."""
    desk.prices("BTC/USD", "100000.00", offer)
    desk.at(after)


def test_new_quotes_follow_as_the_price_moves(desk: Conversation, client: Client) -> None:
    """Each a Quote of its own on the same 131, at most one an interval, firm until its own 62."""
    client.talk_44(f"""
        {ASK}
        D 35=S|131=R1|117=Q1|133=100100.00|62=T+3s
    """)
    desk.prices("BTC/USD", "100000.00", "100150.00")
    desk.at("+499ms")
    client.says_nothing_more()
    desk.prices("BTC/USD", "100000.00", "100200.00")
    desk.at("+1ms")
    client.talk_44("D 35=S|131=R1|117=Q2|133=100200.00|62=T+3s|54=1|38=1|132=-")
    desk.at("+500ms")
    client.says_nothing_more()
    client.talk_44("""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=A1|150=0|39=0
        D 35=8|11=A1|150=F|39=2|31=100100.00
        D 35=Z|131=R1|117=Q2
    """)


def test_a_deal_ends_the_stream(desk: Conversation, client: Client) -> None:
    """And its other quotes, which are withdrawn (A4)."""
    client.talk_44(f"""
        {ASK}
        D 35=S|117=Q1
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|11=A1|150=0
        D 35=8|11=A1|150=F
    """)
    moves(desk, "100200.00", "+5s")
    client.says_nothing_more()
    assert not desk.state.streams.quote_streams


@pytest.mark.parametrize(
    "words", ["35=Z|117=Q1|298=1|295=1|55=BTC/USD", "35=Z|131=R1|298=1", "35=Z|298=4"]
)
def test_a_pass_ends_the_stream(desk: Conversation, words: str) -> None:
    """By 117, by 131, or all at once."""
    client = desk.client("A44")
    if "131" in words or "298=4" in words:
        words += "|295=1|55=BTC/USD"
    client.talk(f"""
        {ASK}
        D 35=S|117=Q1
        C {words}
        D 35=AI|297=..
    """)
    moves(desk, "100200.00", "+5s")
    client.says_nothing_more()


def test_a_pass_by_quote_response(desk: Conversation) -> None:
    """AJ 694=6 on an older quote of the line ends the stream as well."""
    client = desk.client("A44")
    client.talk(f"""
        {ASK}
        D 35=S|117=Q1
    """)
    moves(desk, "100200.00")
    client.talk("""
        D 35=S|117=Q2
        C 35=AJ|693=N1|694=6|117=Q1|55=BTC/USD
        D 35=AI|693=N1|117=Q1|297=11
    """)
    moves(desk, "100300.00", "+5s")
    client.says_nothing_more()


@pytest.mark.parametrize("tag", ["126", "62"])
def test_the_request_s_own_end(desk: Conversation, tag: str) -> None:
    """ExpireTime(126) of the request, or its ValidUntilTime(62), ends the stream."""
    client = desk.client("A44")
    if tag == "126":
        client.talk(f"{ASK.replace('131=R1', '131=R1')}|126=T+1s\nD 35=S|117=Q1")
    else:
        client = desk.client("A42")
        client.talk(f"{ASK}|62=T+1s\nD 35=S|117=Q1")
    moves(desk, "100200.00")
    client.talk("D 35=S|117=Q2")
    desk.at("+501ms")
    moves(desk, "100300.00", "+5s")
    client.says_nothing_more()
    assert not desk.state.streams.quote_streams


def test_the_longest_life(desk: Conversation) -> None:
    """A stream that nobody ends is over after rfq_life_max_ms."""
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1")
    desk.at("+60s")
    client.hears_all()
    assert desk.state.streams.quote_streams
    desk.at("+20ms")
    assert not desk.state.streams.quote_streams
    moves(desk, "100200.00", "+5s")
    client.says_nothing_more()


def test_a_quote_that_ends_is_renewed_at_the_old_price(desk: Conversation) -> None:
    """When the market speaks again, though the client's price is what it was."""
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1|133=100100.00")
    moves(desk, "100100.00", "+1s")
    client.says_nothing_more()
    desk.at("+4s")
    moves(desk, "100100.00", "+1s")
    client.talk("D 35=S|117=Q2|133=100100.00")


def test_each_line_is_a_stream(desk: Conversation) -> None:
    """A deal on one line leaves the other."""
    desk.prices("ETH/USD", "4000.00", "4010.00", "100")
    client = desk.client("A44")
    client.talk("""
        C 35=R|131=R1|146=2|55=BTC/USD|38=1|303=2|55=ETH/USD|54=1|38=1|303=2
        D 35=S|117=Q1|55=BTC/USD|132=100000.00|133=100100.00
        D 35=S|117=Q2|55=ETH/USD|133=4010.00
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F
    """)
    desk.prices("ETH/USD", "4000.00", "4020.00", "100")
    desk.at("+500ms")
    client.talk("D 35=S|131=R1|117=Q3|55=ETH/USD|133=4020.00")
    moves(desk, "100300.00")
    client.says_nothing_more()


@pytest.mark.parametrize("plain", ["|303=1", "", "|303=2|537=0"])
def test_who_did_not_ask_for_a_stream_gets_one_quote(desk: Conversation, plain: str) -> None:
    """Manual(1), none, and indicative requests."""
    client = desk.client("A44")
    client.talk(f"C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1{plain}\nD 35=S|117=Q1")
    moves(desk, "100200.00", "+1s")
    client.says_nothing_more()


def test_nothing_is_quoted_while_there_is_nothing_to_quote(desk: Conversation) -> None:
    """A halt, a pause and a stale price withdraw; the stream goes on when they are over."""
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1")
    desk.kills()
    client.talk("D 35=Z|117=Q1")
    moves(desk, "100200.00", "+1s")
    client.says_nothing_more()
    desk.unkills()
    desk.at("+500ms")
    client.talk("D 35=S|131=R1|117=Q2|133=100200.00")


def test_open_quotes_are_bounded(open_desk: OpenDesk) -> None:
    """A stream stops at the client's limit until one of its quotes has ended."""
    desk = open_desk(clients={"ALPHA": {"open_quotes_max": 2}})
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1")
    moves(desk, "100200.00")
    client.talk("D 35=S|117=Q2")
    moves(desk, "100300.00")
    client.says_nothing_more()
    moves(desk, "100400.00", "+2001ms")
    client.talk("D 35=S|117=Q3|133=100400.00")


def test_a_stream_ends_with_its_session_and_with_the_desk(desk: Conversation) -> None:
    """What was quoted stands until its 62; nothing follows."""
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1")
    client.drops()
    assert not desk.state.streams.quote_streams
    client.logs_on()
    client.talk("""
        C 35=R|131=R2|146=1|55=BTC/USD|54=1|38=1|303=2
        D 35=S|117=Q2
    """)
    desk.restarts()
    client.logs_on()
    assert not desk.state.streams.quote_streams
    client.hears_all()


def test_a_resent_request_is_told_the_live_quotes(desk: Conversation) -> None:
    """A23, also of a stream; it does not begin a second one."""
    client = desk.client("A44")
    client.talk(f"{ASK}|60=T\nD 35=S|117=Q1")
    client.talk(f"{ASK.replace('131=R1', '97=Y|131=R1')}|60=T\nD 35=S|117=Q1|97=Y")
    assert len(desk.state.streams.quote_streams) == 1
    moves(desk, "100200.00")
    client.talk("D 35=S|117=Q2")


def test_every_quote_that_follows_is_explained(desk: Conversation) -> None:
    """By its own QuoteID; mid and parts come to its price exactly."""
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1")
    for offer in ("100200.00", "100300.00"):
        moves(desk, offer)
    ids = [quote.quote_id for _, decision, _ in desk.told for quote in decision.quotes]
    told = {why.ref_id: why for _, decision, _ in desk.told for why in decision.explanations}
    assert len(ids) == 3
    assert list(told) == ids
    for why in told.values():
        (side,) = why.sides
        assert why.mid + sum(part.amount for part in side.components) == side.price


def test_quotes_that_follow_live_as_long_as_their_rule_says(open_desk: OpenDesk) -> None:
    """Not as long as the instrument's quotes do where no rule says anything."""
    desk = open_desk(pricing=(Rule("short", life=Life(quote_life_ms=1_000)),))
    client = desk.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1|62=T+1s")
    moves(desk, "100200.00")
    client.talk("D 35=S|117=Q2|62=T+1s")


def test_another_client_s_streams_do_not_count_as_open_quotes(open_desk: OpenDesk) -> None:
    """Several clients' quotes follow from one move of the market; each has his own limit."""
    desk = open_desk(clients={"BETA": {"open_quotes_max": 3}})
    first, second = desk.client("A44"), desk.client("B44")
    for number in range(3):
        first.talk(f"{ASK.replace('R1', f'A{number}')}\nD 35=S|131=A{number}")
    second.talk(f"{ASK}\nD 35=S|131=R1")
    moves(desk, "100200.00")
    assert len(first.hears_all()) == 3
    second.talk("D 35=S|131=R1|133=100200.00")
