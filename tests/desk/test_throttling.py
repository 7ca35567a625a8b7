"""What moves the rates: the load of the desk, and how many of his quotes a client deals on."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from otcfix.desk.draft import Draft
from otcfix.desk.throttling import FULL, GRAIN, hit_factor
from otcfix.model.event import AdminSeen, Event
from otcfix.model.throttle import HitRatio, HitStep, LoadMoved, Throttle
from tests.conversation import Conversation
from tests.support.client import Client

OpenDesk = Callable[..., Conversation]

QUOTE = "35=R|131={0}|146=1|55=BTC/USD|38=0.01"
ROWS = tuple(
    Throttle("*", name, Decimal(1), 8) for name in ("quote", "order", "replace", "status", "stream")
)


def passes(client: Client, line: str, tries: int = 12) -> int:
    """How many of *tries* messages pass at once."""
    first = client.line.number_in
    for count in range(tries):
        client.C(line.format(f"N{first + count}"))
    refused = sum((h.get(58) or "").startswith("THROTTLED") for h in client.hears_all())
    return tries - refused


def test_a_busy_desk_takes_fewer_questions_and_no_fewer_orders(open_desk: OpenDesk) -> None:
    """At a factor of a quarter: two of eight quotes and questions, eight of eight orders."""
    desk = open_desk(throttles=ROWS)
    desk.tell(LoadMoved(Decimal("0.25"), "busy"))
    client = desk.client("A44")
    assert passes(client, QUOTE) == 2
    assert passes(client, "35=H|11={0}|55=BTC/USD|54=1") == 2
    assert passes(client, "35=V|262={0}|263=0|264=0|267=1|269=0|146=1|55=BTC/USD") == 2
    assert passes(client, "35=D|11={0}|55=BTC/USD|54=1|38=0.01|40=2|44=99900|59=1") == 8
    desk.restarts()
    assert desk.state.word("load", "factor") == 250
    desk.tell(LoadMoved(Decimal(1), "quiet"))
    assert desk.state.word("load", "factor", FULL) == FULL


def test_who_is_full_gets_nothing_more_when_the_desk_grows_busy(open_desk: OpenDesk) -> None:
    """A lower factor takes room away; it never makes some."""
    desk = open_desk(throttles=ROWS)
    client = desk.client("A44")
    assert passes(client, QUOTE) == 8
    desk.tell(LoadMoved(Decimal("0.5")))
    assert passes(client, QUOTE) == 0


def factor(desk: Conversation, client_id: str = "ALPHA") -> int:
    now = desk.now
    return hit_factor(Draft(desk.state, Event(desk.state.seq, now, "Look", None, now)), client_id)


def test_who_deals_on_few_of_his_quotes_may_ask_less(open_desk: OpenDesk) -> None:
    """Steps by the ratio; below quotes_min it says nothing; deals bring the rate back."""
    steps = (HitStep(Decimal("0.1"), Decimal("0.5")), HitStep(Decimal("0.01"), Decimal("0.25")))
    desk = open_desk(throttles=ROWS, hit_ratio=HitRatio(5, 20, steps))
    client = desk.client("A44")
    for count in range(5):
        assert factor(desk) == FULL
        client.C(QUOTE.format(f"R{count}"))
    assert factor(desk) == 250
    desk.at("+1m")
    client.hears_all()
    assert passes(client, QUOTE) == 2
    client.C("35=R|131=LAST|146=1|55=BTC/USD|38=0.01")
    desk.at("+1m")
    client.hears_all()
    client.C("35=R|131=HIT|146=1|55=BTC/USD|38=0.01")
    quote = client.hears()
    client.C(f"35=D|11=A1|117={quote.get(117)}|55=BTC/USD|54=1|38=0.01|40=D")
    assert factor(desk) == FULL
    made, dealt = (desk.state.word(w, "ALPHA") for w in ("quotes_made", "quotes_dealt"))
    assert (made, dealt) == (8 * GRAIN, GRAIN)
    assert factor(desk, "BETA") == FULL


def test_counts_of_quotes_are_bounded_and_old_days_weigh_less(open_desk: OpenDesk) -> None:
    """At the window both are halved, exactly."""
    steps = (HitStep(Decimal("0.1"), Decimal("0.5")),)
    desk = open_desk(hit_ratio=HitRatio(2, 4, steps))
    client = desk.client("A44")
    client.C(QUOTE.format("R0"))
    quote = client.hears()
    client.C(f"35=D|11=A1|117={quote.get(117)}|55=BTC/USD|54=1|38=0.01|40=D")
    for count in range(1, 12):
        client.C(QUOTE.format(f"R{count}"))
        assert int(desk.state.word("quotes_made", "ALPHA")) < 4 * GRAIN
    assert 0 < int(desk.state.word("quotes_dealt", "ALPHA")) < GRAIN


@pytest.mark.parametrize("alert", [False, True])
def test_a_back_off_is_an_alert_and_other_session_messages_are_not(
    open_desk: OpenDesk, alert: bool
) -> None:
    desk = open_desk()
    desk.tell(AdminSeen("A44", False, "A", "10 failed logons from 10.1.1.1", alert=alert))
    assert desk.alerts == (["A44: 10 failed logons from 10.1.1.1"] if alert else [])
