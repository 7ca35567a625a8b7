"""Messages made to hurt: whatever they hold, the desk answers or drops them, and lives."""

import pytest
import simplefix

from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now

HUGE = "999999999999999999"

ORDERS = (
    f"38=1|40=2|44={HUGE}|54=1",
    f"38=90|40=1|44={HUGE}|54=1",
    f"15=USD|38={HUGE}|40=2|44={HUGE}|54=1",
    f"15=USD|38={HUGE}|40=2|44=90000|54=2",
    f"152={HUGE}|40=2|44=90000|54=1",
    f"38={HUGE}|40=1|54=2",
)


def raw(client: FixClient, *fields: tuple[int, bytes | str]) -> None:
    """Send a message with any bytes under the client's next number."""
    message = simplefix.FixMessage()
    message.append_pair(8, client.begin)
    for tag, value in (
        fields[0],
        (49, client.me),
        (56, client.desk),
        (34, str(client.next_out)),
        (52, utc_now()),
        *fields[1:],
    ):
        message.append_pair(tag, value)
    client.sent[client.next_out] = ("0", [], utc_now())
    client.next_out += 1
    client.raw(message.encode())


@pytest.mark.parametrize(
    "fields",
    [
        [(553, b"\xff"), (554, "wrong")],
        [(553, "alpha"), (554, b"\xff\xfe")],
        [(142, b"\xff"), (553, "alpha"), (554, "wrong")],
        [(95, "9"), (96, b"ab\x01cd=123"), (553, "alpha"), (554, "wrong")],
    ],
)
def test_a_logon_of_any_bytes_is_not_accepted(
    desk: DeskProcess, fields: list[tuple[int, bytes | str]]
) -> None:
    """What cannot be judged is refused, and the desk goes on for those who may."""
    stranger = FixClient(desk.port)
    stranger.connect()
    raw(stranger, (35, "A"), (98, "0"), (108, "30"), *fields)
    for _ in range(40):
        stranger.poll(0.05)
    assert not stranger.online
    client = FixClient(
        desk.port, me="BETA", version="FIX.4.2", username="beta", secret="trial-secret-beta"
    )
    assert client.logon()


def test_bytes_that_are_no_text_and_data_with_separators_end_nothing(desk: DeskProcess) -> None:
    """Non-UTF-8 in orders, routing, rejects and DontKnowTrade; SOH inside a data field."""
    client = FixClient(desk.port)
    assert client.logon()
    order = [(55, "BTC/USD"), (54, "1"), (38, "0.1"), (40, "1"), (60, utc_now())]
    raw(client, (35, "D"), (11, "B1"), *order, (58, b"\xff\xfe"))
    raw(client, (35, "R"), (115, b"\xff"), (131, "B2"), (146, "1"), (55, "BTC/USD"), (38, "1"))
    raw(
        client,
        (35, "Q"),
        (37, b"\xff"),
        (17, b"\xff"),
        (127, "Z"),
        (55, "BTC/USD"),
        (54, "1"),
        (38, "1"),
        (58, b"\xff"),
    )
    raw(client, (35, "j"), (45, "2"), (372, "8"), (380, "0"), (58, b"\xff"))
    raw(client, (35, "3"), (45, "2"), (58, b"\xff"))
    raw(client, (35, "D"), (11, "B3"), *order, (354, "9"), (355, b"ab\x01cd=123"))
    client.say("35=R|131=LAST|146=1|55=BTC/USD|38=0.1")
    client.hear(t131="LAST")
    assert desk.process is not None
    assert desk.process.poll() is None


def test_amounts_that_fit_no_account_are_refused(desk: DeskProcess) -> None:
    """The largest numbers FIX lets through are measured and refused; nothing is posted."""
    client = FixClient(desk.port)
    assert client.logon()
    for number, order in enumerate(ORDERS):
        client.say(f"35=D|11=H{number}|55=BTC/USD|{order}|60={utc_now()}")
        client.hear("8", t11=f"H{number}")
    for number, size in enumerate((f"38={HUGE}", f"38={HUGE}|15=USD", f"152={HUGE}")):
        client.say(f"35=R|131=H{number}|146=1|55=BTC/USD|{size}")
        client.hear("AG", t131=f"H{number}")
    client.say(f"35=D|11=N1|55=BTC/USD|54=1|38=1|40=2|44=90000|60={utc_now()}")
    client.hear("8", t11="N1")
    client.say(f"35=G|11=N2|41=N1|55=BTC/USD|54=1|38=1|40=2|44={HUGE}|60={utc_now()}")
    client.hear("9", t11="N2")
    assert desk.process is not None
    assert desk.process.poll() is None
