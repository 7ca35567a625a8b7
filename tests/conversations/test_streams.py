"""Streams, spoken: W and X, rungs that are dealt on, empty books, and every refusal."""

import pytest
from msgspec import structs

from otcfix.model.event import SetInstrument, SetSession, StreamHeld
from otcfix.model.pricing import StreamTerms
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.house_desk import house_desk
from tests.support.world import Heard

TERMS = StreamTerms(sizes=(("BTC/USD", (1, 3)), ("ETH/USD", (10,))))


@pytest.fixture
def streaming(open_desk: OpenDesk) -> Conversation:
    """The house's desk with ladders of 1 and 3 BTC, and of 10 ETH."""
    from decimal import Decimal

    sizes = tuple((s, tuple(map(Decimal, q))) for s, q in TERMS.sizes)
    return open_desk(stream=structs.replace(TERMS, sizes=sizes))


def subscribe(client: Client, name: str = "M1", *, more: str = "") -> None:
    """Ask for both sides of BTC/USD."""
    client.C(f"35=V|262={name}|263=1|264=0|267=2|269=0|269=1|146=1|55=BTC/USD{more}")


def test_a_subscription_is_answered_by_a_ladder_and_then_by_what_changes(
    streaming: Conversation, number: str
) -> None:
    """The first W at once, the next when the price has moved and the interval is over."""
    client = streaming.client(f"A{number}")
    client.talk("""
        C 35=V|262=M1|263=1|264=0|265=0|267=2|269=0|269=1|146=1|55=BTC/USD
        D 35=W|262=M1|55=BTC/USD|268=4|269=0|269=0|269=1|269=1
          |270=100000.00|270=100000.00|270=100100.00|270=100100.00|271=1|271=3|271=1|271=3
          |299=..|299=..|299=..|299=..
    """)
    streaming.prices("BTC/USD", "100010.00", "100110.00")
    streaming.at("+100ms")
    client.says_nothing_more()
    client.talk("""
        @ +100ms
    """) if False else streaming.at("+100ms")
    client.talk("D 35=W|262=M1|268=4|270=100010.00|270=100010.00|270=100110.00|270=100110.00")
