"""Throttles as clients meet them: how they are told, when they may go on, what they never touch."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from otcfix.model.event import AdminSeen
from otcfix.model.throttle import Throttle
from tests.conversation import Conversation
from tests.support.client import Client

OpenDesk = Callable[..., Conversation]

ORDER = "35=D|11={0}|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"
QUOTE = "35=R|131={0}|146=1|55=BTC/USD|38=0.01"


def row(
    message_class: str, per_second: str, burst: int, *, session: str = "*", **more: Any
) -> Throttle:
    return Throttle(session, message_class, Decimal(per_second), burst, **more)


def kinds(client: Client) -> str:
    return " ".join(heard.kind for heard in client.hears_all())


def test_one_quote_request_too_many(open_desk: OpenDesk, number: str) -> None:
    """The j says when it passes: then it does, and a millisecond earlier it does not."""
    desk = open_desk(throttles=(row("quote", "8", 2),))
    desk.client(f"A{number}").talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=0.01
        D 35=S|131=R1
        C 35=R|131=R2|146=1|55=BTC/USD|38=0.01
        D 35=S|131=R2
        C 35=R|131=R3|146=1|55=BTC/USD|38=0.01
        D 35=j|372=R|379=R3|380=(THROTTLED)|58=THROTTLED: too many messages, try again in 125 ms
        @ +124ms
        C 35=R|131=R3|146=1|55=BTC/USD|38=0.01
        D 35=j|372=R|379=R3|380=(THROTTLED)|58=THROTTLED: too many messages, try again in 1 ms
        @ +1ms
        C 35=R|131=R3|146=1|55=BTC/USD|38=0.01
        D 35=S|131=R3
    """)


def test_one_order_too_many(open_desk: OpenDesk, number: str) -> None:
    """Its ClOrdID is not used up: the same order passes when it is time."""
    desk = open_desk(throttles=(row("order", "1", 1),))
    desk.client(f"A{number}").talk_44(f"""
        C {ORDER.format("A1")}
        D 35=8|11=A1|150=0
        C {ORDER.format("A2")}
        D 35=j|372=D|379=A2|380=(THROTTLED)|58=THROTTLED: too many messages, try again in 1000 ms
        @ +1s
        C {ORDER.format("A2")}
        D 35=8|11=A2|150=0
    """)


def test_one_replace_too_many(open_desk: OpenDesk, number: str) -> None:
    """A 9 with the order as it stands (102 of a refused change); its ClOrdID is not used up."""
    desk = open_desk(throttles=(row("replace", "1", 1),))
    client = desk.client(f"A{number}")
    client.C(ORDER.format("A1"))
    client.hears_all()
    client.C("35=G|41=A1|11=A2|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1")
    assert client.hears().get(150) == "5"
    again = "35=G|41=A2|11=A3|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1"
    client.C(again)
    said = client.hears()
    assert (said.kind, said.get(11), said.get(41), said.get(434)) == ("9", "A3", "A2", "2")
    assert said.get(102) == ("2" if number == "42" else "99")
    assert said.get(39) == "0"
    assert said.get(58) == "THROTTLED: too many messages, try again in 1000 ms"
    desk.at("+1s")
    client.C(again)
    assert (client.hears().get(150), desk.order("A3") is not None) == ("5", True)


@pytest.mark.parametrize(
    ("first", "second", "ref_id"),
    [
        ("35=H|11=X1|55=BTC/USD|54=1", "35=H|11=X2|55=BTC/USD|54=1", "X2"),
        ("35=AF|584=X1|585=7", "35=AF|584=X2|585=7", "X2"),
        ("35=a|649=X1|117=Q|55=BTC/USD", "35=a|649=X2|117=Q|55=BTC/USD", "X2"),
        ("35=Z|131=X1|117=Q|298=5", "35=Z|131=X2|117=Q|298=5", "Q"),
    ],
)
def test_one_question_too_many(open_desk: OpenDesk, first: str, second: str, ref_id: str) -> None:
    """H, AF, a and Z: a j, and nothing else is looked at."""
    desk = open_desk(throttles=(row("status", "1", 1),))
    client = desk.client("A50")
    client.C(first)
    client.hears_all()
    client.C(second)
    said = client.hears()
    assert (said.kind, said.get(379), said.get(380)) == ("j", ref_id, "8")
    assert said.get(58).endswith("try again in 1000 ms")
    client.says_nothing_more()


def test_a_cancel_is_never_too_many(open_desk: OpenDesk, number: str) -> None:
    """F, and q where the version has it, whatever else is refused."""
    rows = tuple(row(name, "0.1", 1) for name in ("order", "quote", "replace", "status"))
    desk = open_desk(throttles=rows, sessions={f"A{number}": {"messages_per_second": 1}})
    client = desk.client(f"A{number}")
    client.C(ORDER.format("A1"))
    client.hears_all()
    for count in range(50):
        client.C(f"35=F|11=F{count}|41=NOPE|55=BTC/USD|54=1")
    assert kinds(client) == " ".join(["9"] * 50)
    client.C("35=F|11=G1|41=A1|55=BTC/USD|54=1|38=1")
    assert client.hears().get(150) == "4"
    if number != "42":
        for count in range(20):
            client.C(f"35=q|11=M{count}|530=7")
        assert kinds(client) == " ".join(["r"] * 20)


def test_classes_and_sessions_do_not_touch_each_other(open_desk: OpenDesk) -> None:
    """Orders pass while quotes do not; another session of the same client quotes on."""
    desk = open_desk(throttles=(row("quote", "1", 1), row("order", "1", 1)))
    client = desk.client("A44")
    for count in range(3):
        client.C(QUOTE.format(f"R{count}"))
    assert kinds(client) == "S j j"
    client.C(ORDER.format("A1"))
    assert client.hears().get(150) == "0"
    other = desk.client("A50")
    other.C(QUOTE.format("R9"))
    assert kinds(other) == "S"


def test_a_session_s_own_row_goes_before_that_of_everybody(open_desk: OpenDesk) -> None:
    """Wherever it stands in the file."""
    desk = open_desk(throttles=(row("quote", "1", 3, session="A44"), row("quote", "1", 1)))
    own, other = desk.client("A44"), desk.client("A50")
    for count in range(4):
        own.C(QUOTE.format(f"R{count}"))
        other.C(QUOTE.format(f"P{count}"))
    assert (kinds(own), kinds(other)) == ("S S S j", "S j j j")


def test_what_is_refused_costs_nothing(open_desk: OpenDesk) -> None:
    """Who goes on asking is served as often as who waits."""
    desk = open_desk(throttles=(row("quote", "1", 1),))
    client = desk.client("A44")
    client.C(QUOTE.format("R0"))
    for count in range(9):
        desk.at("+100ms")
        client.C(QUOTE.format(f"N{count}"))
    desk.at("+100ms")
    client.C(QUOTE.format("R1"))
    assert kinds(client) == "S j j j j j j j j j S"


def test_a_message_weighs_its_symbols_and_its_row_s_weight(open_desk: OpenDesk) -> None:
    """A V of three symbols takes as much as three of one; to end a stream takes nothing."""
    desk = open_desk(throttles=(row("stream", "1", 4), row("order", "1", 4, weight=2)))
    client = desk.client("A44")
    three = "146=3|55=BTC/USD|55=ETH/USD|55=BTC/USDT"
    ask = "35=V|262={0}|263={1}|264=0|267=2|269=0|269=1|{2}"
    client.C(ask.format("M1", 0, three))
    assert kinds(client) == "W W W"
    client.C(ask.format("M2", 1, three))
    assert client.hears().get(58) == "THROTTLED: too many messages, try again in 2000 ms"
    client.C(ask.format("M3", 1, "146=1|55=BTC/USD"))
    assert kinds(client) == "W"
    for _ in range(5):
        client.C(ask.format("M3", 2, "146=1|55=BTC/USD"))
    assert "THROTTLED" not in " ".join(h.get(58) or "" for h in client.hears_all())
    for count in range(3):
        client.C(ORDER.format(f"A{count}"))
    assert kinds(client) == "8 8 j"


def test_messages_per_second_counts_all_classes_together(open_desk: OpenDesk) -> None:
    """As ever: a second's burst and one."""
    desk = open_desk(sessions={"A44": {"messages_per_second": 2}})
    client = desk.client("A44")
    client.C(QUOTE.format("R1"))
    client.C(ORDER.format("A1"))
    client.C("35=H|11=A1|55=BTC/USD|54=1")
    client.C(QUOTE.format("R2"))
    assert kinds(client) == "S 8 8 j"


def test_what_is_sent_again_is_counted_apart(open_desk: OpenDesk) -> None:
    """What the desk has answered before uses up nothing of the rate, and is not refused by it."""
    rows = [row(name, "1", 1) for name in ("order", "quote", "replace")]
    desk = open_desk(throttles=(*rows, row("resent", "9", 99)))
    client = desk.client("A44")
    replace = "35=G|41=A1|11=G1|55=BTC/USD|54=1|38=2|40=2|44=99900|59=1"
    client.C(QUOTE.format("R1"))
    client.C(ORDER.format("A1"))
    client.C(replace)
    client.hears_all()
    desk.at("+1s")
    for _ in range(9):
        client.C(f"{QUOTE.format('R1')}|97=Y")
        client.C(f"{ORDER.format('A1')}|97=Y")
        client.C(f"{replace}|97=Y")
    assert all("THROTTLED" not in (heard.get(58) or "") for heard in client.hears_all())
    client.C(QUOTE.format("R2"))
    client.C(ORDER.format("A2"))
    client.C("35=G|41=G1|11=G2|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1")
    assert [h.kind + (h.get(150) or "") for h in client.hears_all()] == ["S", "80", "85"]


@pytest.mark.parametrize("flag", ["97=Y", "43=Y|122={now}"])
@pytest.mark.parametrize("rows", [(), (row("resent", "1000", 10_000),)])
def test_a_flag_lets_nothing_new_through(
    open_desk: OpenDesk, flag: str, rows: tuple[Throttle, ...]
) -> None:
    """A message that only says it was sent before costs what any other of its class does."""
    names = ("quote", "order", "replace", "status", "stream")
    desk = open_desk(throttles=(*rows, *(row(name, "0.1", 2) for name in names)))
    client = desk.client("A44")
    ask = "35=V|262=M{0}|263=0|264=0|267=1|269=0|146=1|55=BTC/USD"
    flag = flag.format(now=desk.timestamp(desk.now))
    replace = "35=G|41={1}|11=G{0}|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1"
    for line in (QUOTE, ORDER, replace, "35=H|11=X{0}|55=BTC/USD|54=1", ask):
        for count, before in enumerate(("N0", "GN0", "GN1", "GN1", "GN1")):
            client.C(f"{line.format(f'N{count}', before)}|{flag}")
        refused = [h for h in client.hears_all() if (h.get(58) or "").startswith("THROTTLED")]
        assert len(refused) == 3, line


def test_a_clock_that_is_set_back_shuts_nobody_out_for_long(open_desk: OpenDesk) -> None:
    """What was paid for in a future that never came is owed for a minute at most."""
    desk = open_desk(throttles=(row("status", "1", 2),))
    client = desk.client("A44")
    ask = "35=H|11=X{0}|55=BTC/USD|54=1"
    desk.wall_steps("+1h")
    for count in range(2):
        client.C(ask.format(count))
    assert kinds(client) == "8 8"
    desk.wall_steps("-1h")
    client.C(ask.format("B"))
    assert kinds(client) == "j"
    desk.at("+62s")
    client.C(ask.format("C"))
    assert kinds(client) == "8"


def test_who_sends_far_too_much_for_too_long_is_logged_out(open_desk: OpenDesk) -> None:
    """Twice the rate is the limit: at four times he goes after hard_ms, told why, with an alert."""
    desk = open_desk(throttles=(row("quote", "10", 10, hard_ms=2_000),))
    client = desk.client("A44")
    for count in range(200):
        client.C(QUOTE.format(f"R{count}"))
        if desk.wire.logged_out:
            break
        desk.at("+25ms")
    limit = "more than quote messages: 2 times 10 a second for 2000 ms"
    assert desk.wire.logged_out == [("A44", f"THROTTLED: {limit}")]
    assert desk.alerts[-1] == f"A44 is logged out: {limit}"
    # The burst lasts a third of a second, and then it takes two.
    assert 85 <= count <= 100
    for more in range(50):  # what he had sent before he was gone
        client.C(QUOTE.format(f"T{more}"))
    assert len(desk.wire.logged_out) == 1
    client.hears_all()
    client.drops()
    client.logs_on()
    desk.at("+1s")
    client.C(QUOTE.format("U1"))
    assert kinds(client) == "S"


@pytest.mark.parametrize("gap", ["60ms", "100ms"])
def test_below_the_hard_limit_nobody_is_logged_out(open_desk: OpenDesk, gap: str) -> None:
    """Refused half of the time, for ten seconds: that is all."""
    desk = open_desk(throttles=(row("quote", "10", 2, hard_ms=1_000),))
    client = desk.client("A44")
    for count in range(160):
        client.C(QUOTE.format(f"R{count}"))
        desk.at(f"+{gap}")
    assert desk.wire.logged_out == []


def test_a_burst_shorter_than_hard_ms_logs_nobody_out(open_desk: OpenDesk) -> None:
    """However many there are: they are refused, and it is over."""
    desk = open_desk(throttles=(row("quote", "10", 10, hard_ms=1_000),))
    client = desk.client("A44")
    for _ in range(3):
        for count in range(100):
            client.C(QUOTE.format(f"R{desk.now}-{count}"))
        desk.at("+3s")
    assert desk.wire.logged_out == []


def test_a_flood_of_resends_is_logged_out_too(open_desk: OpenDesk) -> None:
    """By the row of class resent, and only beyond its hard limit."""
    desk = open_desk(throttles=(row("resent", "5", 20, hard_ms=1_000),))
    client = desk.client("A44")
    client.C(ORDER.format("A1"))
    count = 0
    while count < 300:
        count += 1
        client.C(f"{ORDER.format('A1')}|97=Y")
        if desk.wire.logged_out:
            break
        desk.at("+20ms")
    assert 60 <= count <= 120
    assert {heard.kind for heard in client.hears_all()} == {"8"}


def test_a_flood_of_what_the_engine_rejects_is_logged_out_too(open_desk: OpenDesk) -> None:
    """QuickFIX answers what its dictionary does not allow; each answer is journaled, and costs a
    message of class status."""
    desk = open_desk(throttles=(row("status", "10", 10, hard_ms=1_000),))
    rejected = AdminSeen("A44", True, "3", "35=3|45=7|371=60|373=1")
    for _ in range(40):
        desk.tell(rejected)
        desk.at("+60ms")
    assert desk.wire.logged_out == []
    for _ in range(80):
        desk.tell(rejected)
        desk.at("+20ms")
    limit = "more than status messages: 2 times 10 a second for 1000 ms"
    assert desk.wire.logged_out == [("A44", f"THROTTLED: {limit}")]
    desk.tell(AdminSeen("", False, "A", "from nobody"))
    desk.restarts()


def test_a_logout_is_not_said_before_it_is_committed(open_desk: OpenDesk) -> None:
    """Killed in between, nobody was logged out, and the desk decides the same again."""
    desk = open_desk(throttles=(row("quote", "10", 1, hard_ms=100),))
    client = desk.client("A44")
    client.C(QUOTE.format("R0"))
    client.C(QUOTE.format("R1"))
    desk.at("+90ms")
    client.C(QUOTE.format("R2"))
    desk.at("+20ms")
    with desk.killed("before commit"):
        for count in range(5):
            client.C(QUOTE.format(f"S{count}"))
    assert desk.wire.logged_out == []
    desk.restarts()


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_restart_forgets_nothing(open_desk: OpenDesk, snapshot: bool) -> None:
    """Who had used up his burst has still used it up, with a snapshot and without."""
    desk = open_desk(throttles=(row("quote", "0.1", 2),))
    client = desk.client("A44")
    for count in range(2):
        client.C(QUOTE.format(f"R{count}"))
    if snapshot:
        desk.snapshots()
    before = desk.state.words["throttle"]
    desk.restarts()
    assert desk.state.words["throttle"] == before
    client.logs_on()
    client.hears_all()
    client.C(QUOTE.format("R5"))
    assert client.hears().get(58).startswith("THROTTLED")
