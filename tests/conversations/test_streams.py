"""Streams, spoken: W and X, empty books, when something is said and when not, and who is told."""

from typing import Any

import pytest
from msgspec import structs

from otcfix.model.event import ClockJumped, Kill, SessionDown, SetInstrument, SetSession, StreamHeld
from otcfix.model.pricing import Match, Rule, Sources
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.house_desk import house_desk
from tests.support.streams import TERMS, asks

LADDER = "268=4|269=0|269=0|269=1|269=1|271=1|271=3|271=1|271=3|299=..|299=..|299=..|299=.."
EMPTY = "D 35=W|262=M1|55=BTC/USD|268=0|269=-|270=-"


@pytest.fixture
def streaming(open_desk: OpenDesk) -> Conversation:
    """The house's desk with ladders of 1 and 3 BTC, and of 10 ETH."""
    return open_desk(stream=TERMS)


def full(bid: str, offer: str, name: str = "M1") -> str:
    """A whole ladder of BTC/USD with the same price for every size."""
    return f"D 35=W|262={name}|55=BTC/USD|270={bid}|270={bid}|270={offer}|270={offer}|{LADDER}"


def test_the_ladder_at_once_and_then_what_changes(streaming: Conversation, number: str) -> None:
    """The first W answers the request; the next one waits for a move and for the interval."""
    client = streaming.client(f"A{number}")
    asks(client)
    client.talk(full("100000.00", "100100.00"))
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+199ms")
    client.says_nothing_more()
    streaming.at("+1ms")
    client.talk(full("100000.00", "100200.00"))
    streaming.at("+5s")
    client.says_nothing_more()


def test_the_latest_price_wins(streaming: Conversation) -> None:
    """Of ten moves within an interval the last is told, though the market is silent since."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    for step in range(1, 11):
        streaming.prices("BTC/USD", "100000.00", f"{100100 + step}.00")
        streaming.at("+10ms")
    client.says_nothing_more()
    streaming.at("+100ms")
    client.talk(full("100000.00", "100110.00"))


def test_a_move_that_comes_back_is_no_news(streaming: Conversation) -> None:
    """What is the same when it may be told is not told."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    streaming.prices("BTC/USD", "100000.00", "100300.00")
    streaming.prices("BTC/USD", "100000.00", "100100.00")
    streaming.at("+1s")
    client.says_nothing_more()


def test_a_session_may_be_slower_than_the_desk(open_desk: OpenDesk) -> None:
    """Its own interval counts where it is longer; another session is not held up by it."""
    desk = open_desk(stream=TERMS, sessions={"A44": {"stream_interval_ms": 1_000}})
    slow, quick = desk.client("A44"), desk.client("B44")
    asks(slow)
    asks(quick)
    slow.hears_all(), quick.hears_all()
    desk.prices("BTC/USD", "100000.00", "100200.00")
    desk.at("+200ms")
    quick.talk(full("100000.00", "100200.00"))
    slow.says_nothing_more()
    desk.at("+800ms")
    slow.talk(full("100000.00", "100200.00"))
    quick.says_nothing_more()


def test_one_message_a_symbol(streaming: Conversation, number: str) -> None:
    """A request names several symbols; each W has one, under the client's own name for it."""
    streaming.prices("ETH/USD", "4000.00", "4010.00", "100")
    client = streaming.client(f"A{number}")
    asks(client, symbols="146=2|55=BTC/USD|55=ETH/USD")
    client.D(full("100000.00", "100100.00")[2:])
    client.talk("D 35=W|262=M1|55=ETH/USD|268=2|269=0|269=1|270=4000.00|270=4010.00|271=10|271=10")
    streaming.prices("ETH/USD", "4000.00", "4020.00", "100")
    streaming.at("+200ms")
    client.talk("D 35=W|262=M1|55=ETH/USD|268=2|270=4000.00|270=4020.00")
    client.says_nothing_more()


def test_own_symbols_depth_and_one_side(streaming: Conversation) -> None:
    """264=1 is the first rung; 267 may name one side only; answers use the client's symbols."""
    client = streaming.client("FLAT42")
    asks(client, t264="1", types="267=1|269=1", symbols="146=1|55=BTC-USD")
    client.talk("D 35=W|262=M1|55=BTC-USD|268=1|269=1|270=100100.00|271=1|290=-|278=-")


def test_the_other_side_alone_is_no_news(streaming: Conversation) -> None:
    """A subscriber of offers hears nothing of bids."""
    client = streaming.client("A44")
    asks(client, types="267=1|269=1")
    client.hears_all()
    streaming.prices("BTC/USD", "99900.00", "100100.00")
    streaming.at("+1s")
    client.says_nothing_more()


def test_the_usual_ladder_is_powers_of_ten(desk: Conversation) -> None:
    """Without configured sizes: qty_min times 1, 10, 100 and so on, as deep as the market goes."""
    client = desk.client("A44")
    asks(client, types="267=1|269=0")
    client.talk(
        "D 35=W|268=5|269=0|269=0|269=0|269=0|269=0"
        "|271=0.001|271=0.010|271=0.100|271=1.000|271=10.000"
    )
    desk.prices("BTC/USD", "100000.00", "100100.00", depth="5")
    desk.at("+1s")
    client.talk("D 35=W|268=4|271=0.001|271=0.010|271=0.100|271=1.000")


def test_a_snapshot_is_one_answer(streaming: Conversation, number: str) -> None:
    """263=0: one W and no more; its MDReqID can be used again."""
    client = streaming.client(f"A{number}")
    asks(client, t263="0")
    client.talk(full("100000.00", "100100.00"))
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+1s")
    client.says_nothing_more()
    asks(client, t263="0")
    client.talk(full("100000.00", "100200.00"))


def test_unsubscribing(streaming: Conversation, number: str) -> None:
    """263=2 is not answered, ends that stream alone, and frees its MDReqID."""
    client = streaming.client(f"A{number}")
    asks(client)
    asks(client, "M2")
    client.hears_all()
    asks(client, t263="2")
    client.says_nothing_more()
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    client.talk(full("100000.00", "100200.00", "M2"))
    client.says_nothing_more()
    asks(client)
    client.talk(full("100000.00", "100200.00"))
    asks(client, "M3", t263="2")
    client.talk("D 35=Y|262=M3|281=-|58=UNKNOWN_QUOTE tag=262: no such stream")


def test_incremental(streaming: Conversation, number: str) -> None:
    """265=1: W first, then X: what has changed, by side and position."""
    client = streaming.client(f"A{number}")
    asks(client, t265="1")
    client.talk(full("100000.00", "100100.00"))
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    client.talk("""
        D 35=X|262=M1|268=2|279=1|279=1|269=1|269=1|55=BTC/USD|55=BTC/USD|270=100200.00
          |270=100200.00|271=1|271=3|299=..|299=..|290=1|290=2
    """)
    streaming.prices("BTC/USD", "100000.00", "100200.00", depth="2")
    streaming.at("+200ms")
    client.talk("D 35=X|268=2|279=2|279=2|269=0|269=1|290=2|290=2|270=-|55=BTC/USD|55=BTC/USD")
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    client.talk("D 35=X|268=2|279=0|279=0|269=0|269=1|290=2|290=2|271=3|271=3")


# -- empty books ---------------------------------------------------------------------------------


def test_a_stale_price_empties_the_book_at_once(streaming: Conversation, number: str) -> None:
    """And it is full again when the source speaks again."""
    client = streaming.client(f"A{number}")
    asks(client)
    client.hears_all()
    streaming.feed_stops("BTC/USD")
    streaming.at("+2s")
    client.says_nothing_more()
    streaming.at("+100ms")
    client.talk(EMPTY)
    streaming.prices("BTC/USD", "100000.00", "100100.00")
    streaming.at("+200ms")
    client.talk(full("100000.00", "100100.00"))


def test_a_price_that_is_too_old_for_its_rule_empties_the_book(open_desk: OpenDesk) -> None:
    """A rule may allow less age than the instrument: its clients are told at once all the same."""
    rule = Rule("young", Match(clients=("ALPHA",)), sources=Sources(age_max_ms=500))
    desk = open_desk(stream=TERMS, pricing=(rule,))
    strict, other = desk.client("A44"), desk.client("B44")
    for client in (strict, other):
        asks(client)
        client.hears_all()
    desk.feed_stops("BTC/USD")
    desk.at("+601ms")
    strict.talk(EMPTY)
    other.says_nothing_more()


def test_a_source_too_few_empties_the_book(open_desk: OpenDesk) -> None:
    """The one that is left does not move, and is fresh: it is not enough."""
    rule = Rule("two", sources=Sources(fresh_min=2))
    desk = open_desk(stream=TERMS, pricing=(rule,))
    client = desk.client("A44")
    desk.sees("BTC/USD", bid="100000", offer="100100", source="second")
    asks(client)
    client.talk(full("100000.00", "100100.00"))
    desk.feed_stops("BTC/USD")
    desk.at("+1500ms")
    desk.sees("BTC/USD", bid="100000", offer="100100", source="second")
    desk.at("+300ms")
    client.hears_all()
    desk.at("+301ms")
    client.talk(EMPTY)


def test_an_incremental_book_is_emptied_by_deletes(streaming: Conversation) -> None:
    """And filled by news; no second W."""
    client = streaming.client("A44")
    asks(client, t265="1")
    client.hears_all()
    streaming.feed_stops("BTC/USD")
    streaming.at("+2100ms")
    client.talk(
        "D 35=X|268=4|279=2|279=2|279=2|279=2|269=0|269=0|269=1|269=1|290=2|290=1|290=2|290=1"
    )
    streaming.prices("BTC/USD", "100000.00", "100100.00")
    streaming.at("+200ms")
    client.talk("D 35=X|268=4|279=0|279=0|279=0|279=0|290=1|290=2|290=1|290=2")


STOPS = {
    "halt": (Kill(True, "staff", ""), Kill(False, "staff", "")),
    "pause": (
        SetInstrument("BTC/USD", "PAUSED", "staff", ""),
        SetInstrument("BTC/USD", "OPEN", "staff", ""),
    ),
    "session": (SetSession("A44", False, "staff", ""), SetSession("A44", True, "staff", "")),
}


@pytest.mark.parametrize("stop", STOPS)
def test_what_stops_dealing_empties_the_book_at_once(streaming: Conversation, stop: str) -> None:
    """Without waiting for the interval; reopened, it is full again, though the market is silent."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    off, on = STOPS[stop]
    streaming.tell(off)
    client.talk(EMPTY)
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+1s")
    client.says_nothing_more()
    streaming.tell(on)
    streaming.at("+200ms")
    client.talk(full("100000.00", "100200.00"))


def test_an_untrusted_clock_empties_the_book(streaming: Conversation) -> None:
    """As it withdraws quotes (2.10)."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    streaming.wall_steps("+90s")
    client.talk(EMPTY)


def test_a_closed_instrument_may_be_subscribed_to(open_desk: OpenDesk) -> None:
    """Its book is empty until it opens."""
    desk = open_desk(start="2027-01-17 21:59:00.000")
    desk.prices("EUR/USD", "1.08000", "1.08200", "5000000")
    client = desk.client("A44")
    asks(client, symbols="146=1|55=EUR/USD", t264="1")
    client.talk("D 35=W|262=M1|55=EUR/USD|268=0")
    desk.at("+61s")
    client.talk("D 35=W|55=EUR/USD|268=2|270=1.08000|270=1.08200|271=1000|271=1000")
    desk.at("2027-01-22 22:00:01.000")
    client.talk("D 35=W|55=EUR/USD|268=0")


def test_a_halted_desk_takes_subscriptions(streaming: Conversation) -> None:
    """They are answered by an empty book."""
    streaming.kills()
    client = streaming.client("A44")
    asks(client)
    client.talk(EMPTY)
    streaming.unkills()
    streaming.at("+200ms")
    client.talk(full("100000.00", "100100.00"))


# -- refusals ------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, str], str, str]] = {
    "unknown symbol": ({"symbols": "146=2|55=BTC/USD|55=NO/PE"}, "0", "UNKNOWN_SYMBOL tag=55:..."),
    "not allowed": ({"symbols": "146=1|55=LTC/USD"}, "3", "NOT_AUTHORISED:..."),
    "263": ({"t263": "9"}, "4", "UNSUPPORTED tag=263:..."),
    "264": ({"t264": "-1"}, "5", "UNSUPPORTED tag=264:..."),
    "265": ({"t265": "7"}, "6", "UNSUPPORTED tag=265:..."),
    "269": ({"types": "267=2|269=0|269=2"}, "8", "UNSUPPORTED tag=269:..."),
    "twice": ({"symbols": "146=2|55=BTC/USD|55=BTC/USD"}, "-", "UNSUPPORTED tag=55:..."),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refusals(streaming: Conversation, number: str, why: str) -> None:
    """Y with its 281; nothing is streamed of such a request."""
    fields, reason, text = REFUSED[why]
    client = streaming.client(f"A{number}")
    asks(client, **fields)
    client.talk(f"D 35=Y|262=M1|281={reason}|58={text}")
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+1s")
    client.says_nothing_more()


def test_a_stream_has_its_id_for_itself(streaming: Conversation, number: str) -> None:
    """281=1; the stream that lives goes on, and another session may use the same id."""
    client = streaming.client(f"A{number}")
    asks(client)
    client.hears_all()
    asks(client)
    client.talk("D 35=Y|262=M1|281=1|58=DUPLICATE tag=262:...")
    other = streaming.client(f"B{number}")
    asks(other)
    other.talk(full("100000.00", "100100.00"))


@pytest.mark.parametrize("key", ["DEAL42", "DEAL44", "DEAL50"])
def test_a_trade_session_gets_no_streams(streaming: Conversation, key: str) -> None:
    """281=3."""
    client = streaming.client(key)
    asks(client)
    client.talk("D 35=Y|262=M1|281=3|58=WRONG_SESSION:...")


@pytest.mark.parametrize("who", ["client", "session"])
def test_a_client_who_is_off_gets_no_streams(open_desk: OpenDesk, who: str) -> None:
    """281=3, in the same words."""
    off: Any = {"enabled": False}
    changes = {"clients": {"ALPHA": off}} if who == "client" else {"sessions": {"A44": off}}
    client = open_desk(**changes).client("A44")
    asks(client)
    client.talk("D 35=Y|262=M1|281=3|58=NOT_AUTHORISED:...")


def test_what_answers_by_a_j(open_desk: OpenDesk) -> None:
    """Too many messages, and too many streams."""
    desk = open_desk(sessions={"A44": {"messages_per_second": 1}})
    client = desk.client("A44")
    for name in ("M1", "M2", "M3"):
        asks(client, name)
    assert [heard.kind for heard in client.hears_all()] == ["W", "W", "j"]
    other = desk.client("B44")
    five = ("BTC/USD", "ETH/USD", "BTC/USDT", "EUR/USD", "USD/JPY")
    for turn in range(101):
        asks(other, f"M{turn}", symbols="146=5|" + "|".join(f"55={one}" for one in five))
    assert len(other.line.unread) == 501
    assert other.hears_all()[-1].get(58).startswith("OVERLOADED: too many")


# -- sessions ------------------------------------------------------------------------------------


def test_a_stream_ends_with_its_session(streaming: Conversation) -> None:
    """Whoever comes back subscribes again, with the same id if he likes."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    client.drops()
    assert not streaming.state.streams.subscriptions
    client.logs_on()
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+1s")
    client.says_nothing_more()
    asks(client)
    client.talk(full("100000.00", "100200.00"))


@pytest.mark.parametrize("how", ["stopped", "killed", "snapshot"])
def test_a_stream_ends_with_the_desk(streaming: Conversation, how: str) -> None:
    """A restart has no subscribers, however it came about."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    if how == "killed":
        with streaming.killed("before commit"):
            streaming.kills()
    if how == "snapshot":
        streaming.snapshots()
        with streaming.killed("before commit"):
            streaming.kills()
    streaming.restarts()
    assert not streaming.state.streams.subscriptions
    client.logs_on()
    asks(client)
    client.talk(full("100000.00", "100100.00"))


def test_a_session_that_does_not_read_is_told_nothing_until_it_does(
    streaming: Conversation,
) -> None:
    """Held: not a word, others go on; released: whole books, also for who takes increments."""
    slow, other = streaming.client("A44"), streaming.client("B44")
    asks(slow, t265="1")
    asks(other)
    slow.hears_all(), other.hears_all()
    streaming.tell(StreamHeld("A44", True))
    for offer in ("100200.00", "100300.00"):
        streaming.prices("BTC/USD", "100000.00", offer)
        streaming.at("+200ms")
        other.talk(full("100000.00", offer))
    streaming.kills()
    other.talk(EMPTY)
    streaming.unkills()
    streaming.at("+1s")
    other.talk(full("100000.00", "100300.00"))
    slow.says_nothing_more()
    streaming.tell(StreamHeld("A44", False))
    streaming.at("+200ms")
    slow.talk(full("100000.00", "100300.00"))
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    assert [heard.kind for heard in slow.hears_all()] == ["X"]


def test_who_does_not_read_is_subscribed_and_told_later(streaming: Conversation) -> None:
    """What he asks for while he is held begins with a W all the same; a snapshot is refused."""
    client = streaming.client("A44")
    streaming.tell(StreamHeld("A44", True))
    asks(client, t265="1")
    client.says_nothing_more()
    asks(client, "M2", t263="0")
    client.talk("D 35=j|380=4|372=V|379=M2|58=OVERLOADED: you do not read what is streamed")
    streaming.tell(StreamHeld("A44", False))
    streaming.step()
    client.talk(full("100000.00", "100100.00"))
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    assert [heard.kind for heard in client.hears_all()] == ["X"]


def test_a_held_session_that_goes_is_held_no_more(streaming: Conversation) -> None:
    """It comes back as any other."""
    client = streaming.client("A44")
    streaming.tell(StreamHeld("A44", True))
    streaming.tell(SessionDown("A44"))
    assert not streaming.state.streams.held
    asks(client)
    client.talk(full("100000.00", "100100.00"))


def test_brokers_hear_whom_it_is_for(streaming: Conversation) -> None:
    """115 and 116 come back as 128 and 129 on every W."""
    client = streaming.client("P44")
    client.C("35=V|115=END1|116=X|262=M1|263=1|264=0|267=1|269=0|146=1|55=BTC/USD")
    client.talk("D 35=W|128=END1|129=X|262=M1")
    streaming.prices("BTC/USD", "99900.00", "100100.00")
    streaming.at("+200ms")
    client.talk("D 35=W|128=END1|129=X|262=M1")


def test_the_same_group_is_priced_once(streaming: Conversation) -> None:
    """Clients of one tier are shown the same rungs, another tier's are its own."""
    heard = []
    for key in ("A44", "B44", "FEE44"):
        client = streaming.client(key)
        asks(client)
        heard.append(client.hears().values(299))
    assert heard[0] == heard[1]
    assert not set(heard[0]) & set(heard[2])


def test_a_clock_that_is_trusted_again_fills_the_book(streaming: Conversation) -> None:
    """The market need not move for it."""
    client = streaming.client("A44")
    asks(client)
    client.hears_all()
    streaming.tell(ClockJumped(False, 9))
    client.talk(EMPTY)
    streaming.at("+1s")
    assert [heard.kind for heard in client.hears_all()] == ["W"]


def test_terms_are_part_of_the_desk() -> None:
    """A change of them is journaled by the next Boot, as every other."""
    assert house_desk(stream=TERMS) != house_desk(stream=structs.replace(TERMS, interval_ms=1))
