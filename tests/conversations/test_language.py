"""The language itself: what it must notice, it notices. Without this the rest could not fail."""

from collections.abc import Callable

import pytest
from msgspec import structs

from otcfix.model.errors import ReplayDiffers
from otcfix.model.record import OutboxRow
from otcfix.model.replies import QuoteMade
from tests.conversation import Conversation
from tests.support import laws
from tests.support.house_desk import house_desk
from tests.support.memory_store import MemoryStore
from tests.support.world import Heard

ASK = "C 35=R|131=R1|146=1|55=BTC/USD|38=1"
RESTS = "C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"


@pytest.fixture
def spoken() -> Conversation:
    """A conversation that nobody holds against the laws unless the test does."""
    return Conversation(house_desk(), MemoryStore())


@pytest.mark.parametrize(
    "line",
    [
        "D 35=S|132=100000.01",
        "D 35=S|132=100000",  # another writing of the number is another answer
        "D 35=S|132=-",
        "D 35=S|58=..",
        "D 35=S|62=T+2999ms",
        "D 35=S|131=R2",
        "D 35=AG",
        "D 35=S|55=BTC/USD|55=BTC/USD",
    ],
)
def test_a_wrong_answer_fails(spoken: Conversation, line: str) -> None:
    """A value that differs, is missing, is there against expectation, or is there twice."""
    with pytest.raises(AssertionError):
        spoken.client("A44").talk(f"{ASK}\n{line}")


@pytest.mark.parametrize(
    "script", [ASK, f"{ASK}\n{ASK}", f"{ASK}\n@ +1s", f"{ASK}\nD 35=S\nD 35=S"]
)
def test_what_is_said_must_be_listed(spoken: Conversation, script: str) -> None:
    """An answer that no line expects fails, and so does a line that nothing answers."""
    with pytest.raises(AssertionError):
        spoken.client("A44").talk(script)


def test_a_name_stands_for_one_id(spoken: Conversation) -> None:
    """Q1 cannot be two quotes, nor one quote Q1 and Q2."""
    client = spoken.client("A44")
    client.talk(f"{ASK}\nD 35=S|117=Q1")
    with pytest.raises(AssertionError):
        client.talk("C 35=R|131=R2|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    with pytest.raises(AssertionError):
        client.talk("C 35=a|117=Q1|55=BTC/USD\nD 35=AI|117=Q2")


def test_words_that_a_stock_client_rejects_fail(
    spoken: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7 is checked on everything that is said."""
    from otcfix.fix import render  # noqa: PLC0415

    honest = render._quote

    def spoilt(reply: QuoteMade, session: object, instruments: object) -> render.Rendered:
        made = honest(reply, session, instruments)
        return made._replace(body=f"{made.body}9999=x\x01")

    monkeypatch.setitem(render.WRITERS, QuoteMade, spoilt)
    with pytest.raises(ValueError, match="371=9999"):
        spoken.client("A44").talk(f"{ASK}\nD 35=S")


def test_words_before_the_commit_fail(spoken: Conversation) -> None:
    """Law 1: nothing is said before it is committed."""
    row = OutboxRow(999, 1, "A44", "j", "", False, "", "", "45=1\x01372=D\x01380=0\x01")
    with pytest.raises(AssertionError, match="law 1"):
        spoken.wire.say(row, again=False)


# -- the laws at the end -----------------------------------------------------------------------


def lost_a_cent(desk: Conversation) -> None:
    desk.state.balances["client/ALPHA:available:USD"] -= 1


def forged_a_row(desk: Conversation) -> None:
    rows = desk.store.store.rows
    rows[2] = structs.replace(rows[2], text=f"{rows[2].text} ")


def forged_a_decision(desk: Conversation) -> None:
    rows = desk.store.store.rows
    rows[-1] = structs.replace(rows[-1], digest=bytes(32))


def lost_a_row(desk: Conversation) -> None:
    del desk.store.store.rows[3]


def held_too_much(desk: Conversation) -> None:
    (order,) = desk.state.orders.values()
    desk.state.orders[order.order_id] = structs.replace(order, held=order.held + 1)


def lost_an_order(desk: Conversation) -> None:
    desk.state.order_of_id.clear()


def miscounted(desk: Conversation) -> None:
    desk.state.open_orders["ALPHA"] = 7


def failed_to_decide(desk: Conversation) -> None:
    event, decision, outbox = desk.told[-1]
    desk.told[-1] = (event, structs.replace(decision, failed="KeyError"), outbox)


def executed_twice(desk: Conversation) -> None:
    event, decision, outbox = desk.told[-1]
    desk.told.append((event, decision, outbox))


def said(change: Callable[[str], str]) -> Callable[[Conversation], None]:
    def spoil(desk: Conversation) -> None:
        heard = desk.wire.lines["A44"].heard
        heard[-1] = Heard(change(heard[-1].text), heard[-1].row)

    return spoil


SPOILT = {
    "a cent": lost_a_cent,
    "a journal row": forged_a_row,
    "a decision": forged_a_decision,
    "a lost row": lost_a_row,
    "a hold": held_too_much,
    "an index": lost_an_order,
    "a count": miscounted,
    "a failed decision": failed_to_decide,
    "an execution": executed_twice,
    "38 = 14 + 151": said(lambda text: text.replace("\x01151=1\x01", "\x01151=2\x01")),
    "60": said(lambda text: text.replace("\x0160=2027", "\x0160=2026")),
    "a fill that is none": said(lambda text: text.replace("\x01150=0", "\x01150=F")),
    "a price on no fill": said(lambda text: text.replace("\x0137=", "\x0131=1\x0137=")),
    "a pending state": said(lambda text: text.replace("\x0139=0", "\x0139=A")),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_broken_law_is_noticed(
    spoken: Conversation, spoil: Callable[[Conversation], None]
) -> None:
    """Each law fails when what it is about is spoilt, and holds when it is not."""
    spoken.client("A44").talk(f"{RESTS}\nD 35=8|150=0|39=0")
    spoken.step()
    laws.hold(spoken)
    spoil(spoken)
    with pytest.raises((AssertionError, ReplayDiffers)):
        laws.hold(spoken)
