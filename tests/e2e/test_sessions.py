"""Sessions over real sockets: logons refused, lines lost, desks killed, readers that are deaf."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, utc_now


def client_of(desk: DeskProcess, **other: object) -> FixClient:
    """The shipped FIX 4.4 client."""
    return FixClient(desk.port, **other)  # type: ignore[arg-type]


def beta_of(desk: DeskProcess) -> FixClient:
    """The shipped FIX 4.2 client."""
    return FixClient(
        desk.port, version="FIX.4.2", me="BETA", username="beta", secret="trial-secret-beta"
    )


def deal(client: FixClient, name: str, quantity: str = "0.1") -> str:
    """Ask and hit; returns the ExecID of the fill."""
    client.say(f"35=R|131=R-{name}|146=1|55=BTC/USD|38={quantity}")
    quote = client.hear("S", t131=f"R-{name}")
    client.say(f"35=D|11={name}|117={quote[117]}|55=BTC/USD|54=1|38={quantity}|40=D|60={utc_now()}")
    client.hear("8", t11=name, t150="0")
    return client.hear("8", t11=name, t150="F")[17]


@pytest.mark.parametrize(
    "wrong", [{"secret": "guess"}, {"username": "beta"}, {"heartbeat": 0}, {"heartbeat": 3600}]
)
def test_a_wrong_logon_is_told_only_that_it_is_not_accepted(
    desk: DeskProcess, wrong: dict[str, object]
) -> None:
    """R14: whatever was wrong, the words are the same."""
    client = client_of(desk, **wrong)
    assert not client.logon(wait=2)
    assert [m[58] for m in client.admin if m.kind == "5"] == [
        "Rejected Logon Attempt: not accepted"
    ]


def test_unknown_comp_ids_are_disconnected_without_a_word(desk: DeskProcess) -> None:
    """R14: whoever is not in the configuration learns nothing."""
    client = client_of(desk, me="MALLORY")
    assert not client.logon(wait=2)
    assert client.admin == []
    assert client.sock is None


def test_a_reset_that_is_not_allowed_shifts_nobody_s_numbers(desk: DeskProcess) -> None:
    """141=Y by somebody who knows the CompIDs, with and without the secret, changes nothing."""
    client = client_of(desk)
    assert client.logon()
    deal(client, "A1")
    client.logout()
    for secret in ("guess", "trial-secret-alpha"):
        attacker = client_of(desk, secret=secret)
        assert not attacker.logon((141, "Y"), wait=1)
    assert client.logon()
    assert client.hear("8", t150="F", timeout=3)[97] == "Y"
    client.received.clear()
    deal(client, "A2")
    assert client.asked_to_resend <= 1


def test_a_client_gets_what_he_missed_when_his_line_comes_back(desk: DeskProcess) -> None:
    """Reports are resent, the price of that time is gap-filled."""
    client = client_of(desk)
    assert client.logon()
    client.say("35=R|131=R1|146=1|55=BTC/USD|38=0.1")
    quote = client.hear("S")
    client.say(f"35=D|11=A1|117={quote[117]}|55=BTC/USD|54=1|38=0.1|40=D|60={utc_now()}")
    client.say("35=R|131=R2|146=1|55=BTC/USD|38=0.1")
    time.sleep(0.3)
    client.drop()
    time.sleep(0.2)
    assert client.logon()
    fill = client.hear("8", t11="A1", t150="F")
    assert fill[43] == "Y"
    assert all(message.kind != "S" for message in client.received)


def test_a_resent_order_is_executed_once(desk: DeskProcess) -> None:
    """R17 over the wire: PossDup and PossResend of a filled order tell its state."""
    client = client_of(desk)
    assert client.logon()
    order = f"35=D|11=A1|55=BTC/USD|54=1|38=0.1|40=1|60={utc_now()}"
    number = client.say(order)
    client.hear("8", t11="A1", t150="0")
    client.hear("8", t11="A1", t150="F")
    client.resend(number, poss_resend=True)
    assert client.hear("8", t11="A1")[150] == "I"
    client.say(order)
    again = client.hear("8", t11="A1")
    assert again[150] == "8"
    assert again[58].startswith("DUPLICATE of OrderID ")


def test_a_gap_in_the_client_s_numbers_is_asked_for_and_filled(desk: DeskProcess) -> None:
    """A message that never arrived is asked for by ResendRequest, then handled once."""
    client = client_of(desk)
    assert client.logon()
    lost = (client.next_out, "D")
    fields = [(11, "A1"), (55, "BTC/USD"), (54, "1"), (38, "0.1"), (40, "1"), (60, utc_now())]
    client.sent[lost[0]] = ("D", fields, utc_now())
    client.next_out += 1
    client.say("35=R|131=R1|146=1|55=BTC/USD|38=0.1")
    assert client.hear("8", t11="A1", t150="F")[14] == "0.1"
    client.hear("S", t131="R1")


@pytest.mark.parametrize("kind", ["D", "R", "F"])
def test_a_field_of_a_megabyte_hurts_nobody(desk: DeskProcess, kind: str) -> None:
    """A monstrous field is refused or ignored; other sessions deal on."""
    client, other = client_of(desk), beta_of(desk)
    assert client.logon()
    assert other.logon()
    client.say(f"35={kind}|11={'X' * 1_000_000}|55=BTC/USD|54=1|38=1|40=1|60={utc_now()}")
    other.say("35=R|131=R1|146=1|55=BTC-USD|54=1|38=0.1")
    assert other.hear("S")[55] == "BTC-USD"
    client.say("35=R|131=R2|146=1|55=BTC/USD|38=0.1")
    client.hear("S", t131="R2")


def test_garbage_on_the_port_ends_only_its_own_line(desk: DeskProcess) -> None:
    """Bytes that are no FIX are dropped; a session logs on as before."""
    with socket.create_connection(("127.0.0.1", desk.port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
    client = client_of(desk)
    assert client.logon()
    deal(client, "A1")


def test_a_client_that_never_reads_does_not_stop_the_others(desk: DeskProcess) -> None:
    """The deaf session is logged out once too much is unproven; the other deals meanwhile."""
    deaf, other = client_of(desk), beta_of(desk)
    assert deaf.logon()
    assert other.logon()
    for number in range(1500):
        deaf.say(f"35=H|11=N{number}|55=BTC/USD|54=1")
        if number % 300 == 0:
            other.say(f"35=R|131=R{number}|146=1|55=BTC-USD|54=1|38=0.01")
            other.hear("S", t131=f"R{number}")
    other.say("35=R|131=last|146=1|55=BTC-USD|54=1|38=0.01")
    other.hear("S", t131="last")


def test_a_flood_on_one_session_does_not_delay_another_s_cancel(desk: DeskProcess) -> None:
    """Fair share: the flood's own messages are refused, the other's cancel is not."""
    flood, other = client_of(desk), beta_of(desk)
    assert flood.logon()
    assert other.logon()
    other.say(f"35=D|11=B1|21=1|55=BTC-USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    other.hear("8", t11="B1")
    for number in range(3000):
        flood.say(f"35=R|131=F{number}|146=1|55=BTC/USD|38=0.01")
    started = time.monotonic()
    other.say(f"35=F|11=B2|41=B1|55=BTC-USD|54=1|38=0.1|60={utc_now()}")
    assert other.hear("8", t11="B2")[39] == "4"
    assert time.monotonic() - started < 5
    answers = 0
    end = time.monotonic() + 20
    while answers < 3000 and time.monotonic() < end:
        flood.poll(0.05)
        answers += len([m for m in flood.received if m.kind in ("S", "j", "AG")])
        flood.received.clear()
    assert answers == 3000


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[DeskProcess]:
    """A desk whose quotes outlive its restart, on a slow machine too."""
    made = DeskProcess(
        tmp_path,
        edits={
            "venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")],
            "desk.toml": [("quote_life_ms = 3000", "quote_life_ms = 20000")],
        },
    )
    made.fund(("ALPHA", "USD", "500000"), ("ALPHA", "BTC", "5"))
    made.start()
    yield made
    made.kill()


def test_orders_survive_a_kill_and_live_quotes_are_withdrawn(patient: DeskProcess) -> None:
    """Dialogues 10 and 12: after kill -9 the fill is there once, the quote is dead and told."""
    desk, client = patient, client_of(patient)
    assert client.logon()
    filled = deal(client, "A1")
    client.say(f"35=D|11=A2|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    resting = client.hear("8", t11="A2")
    client.say("35=R|131=R9|146=1|55=BTC/USD|38=0.1")
    quote = client.hear("S", t131="R9")
    desk.kill()
    client.drop()
    desk.start()
    assert client.logon()
    withdrawn = client.hear("Z")
    assert (withdrawn[117], withdrawn[298], withdrawn[55]) == (quote[117], "1", "BTC/USD")
    client.say(f"35=D|11=A3|117={quote[117]}|55=BTC/USD|54=1|38=0.1|40=D|60={utc_now()}")
    assert client.hear("8", t11="A3")[103] == "4"
    client.say("35=H|11=A1|55=BTC/USD|54=1")
    assert client.hear("8", t11="A1", t150="I")[39] == "2"
    client.say(f"35=F|11=A4|41=A2|55=BTC/USD|54=1|60={utc_now()}")
    assert client.hear("8", t11="A4")[37] == resting[37]
    assert all(message.get(17) != filled for message in client.received)


def test_a_reset_that_was_not_recorded_does_not_lock_the_client_out(tmp_path: object) -> None:
    """Dialogue 10's last variant: 141=Y, some messages, kill -9; he comes with his own number."""
    desk = DeskProcess(
        tmp_path,  # type: ignore[arg-type]
        edits={"sessions.toml": [("allow_reset = false", "allow_reset = true")]},
    )
    try:
        desk.start()
        client = client_of(desk)
        assert client.logon()
        for number in range(30):
            client.say(f"35=H|11=N{number}|55=BTC/USD|54=1")
            client.hear("8")
        client.drop()
        client.next_out = client.next_in = 1
        client.sent.clear()
        assert client.logon((141, "Y"))
        for number in range(5):
            client.say(f"35=H|11=M{number}|55=BTC/USD|54=1")
        desk.kill()
        client.drop()
        desk.start()
        assert client.logon()
        client.say("35=H|11=LAST|55=BTC/USD|54=1")
        assert client.hear("8", t11="LAST")[39] == "8"
    finally:
        desk.kill()


def test_kill_withdraws_everything_and_survives_a_restart(desk: DeskProcess) -> None:
    """The kill switch over the mailbox of a running desk, then a restart, then unkill."""
    base = ("--config", str(desk.config), "--database", desk.database)
    client = client_of(desk)
    assert client.logon()
    client.say(f"35=D|11=A1|55=BTC/USD|54=1|38=0.1|40=2|44=50000|59=1|60={utc_now()}")
    client.hear("8", t11="A1")
    assert desk.run("kill", "--why", "fire drill", *base).returncode == 0
    cancelled = client.hear("8", t11="A1", t150="4")
    assert cancelled[58].startswith("CANCELLED_BY_DESK")
    client.say("35=R|131=R1|146=1|55=BTC/USD|38=0.1")
    assert client.hear("AG")[658] == "2"
    client.drop()
    desk.kill()
    desk.start()
    assert client.logon()
    client.say("35=R|131=R2|146=1|55=BTC/USD|38=0.1")
    assert client.hear("AG", t131="R2")[658] == "2"
    assert desk.run("unkill", "--why", "over", *base).returncode == 0
    client.say("35=R|131=R3|146=1|55=BTC/USD|38=0.1")
    client.hear("S", t131="R3")


def test_a_drop_copy_session_hears_every_execution(desk: DeskProcess) -> None:
    """R23: the same ids, 797=Y; and it may not deal."""
    client = client_of(desk)
    copy = client_of(desk, me="ALPHADC", username="alpha-dc", secret="trial-secret-alphadc")
    assert client.logon()
    assert copy.logon()
    exec_id = deal(client, "A1")
    fill = copy.hear("8", t17=exec_id)
    assert (fill[797], fill[11]) == ("Y", "A1")
    copy.received.clear()
    copy.say(f"35=D|11=X1|55=BTC/USD|54=1|38=0.1|40=1|60={utc_now()}")
    assert copy.hear("j")[380] == "6"


def test_a_liquidity_provider_s_quote_is_journaled_and_not_answered(desk: DeskProcess) -> None:
    """An inbound Quote of a provider's session is a contribution; a client's is refused."""
    provider = client_of(desk, me="LP1", username="lp1", secret="trial-secret-lp1")
    client = client_of(desk)
    assert provider.logon()
    assert client.logon()
    quote = "35=S|117=LPQ1|55=BTC/USD|132=99990|133=100010|134=1|135=1"
    provider.say(quote)
    provider.hears_nothing()
    client.say(quote)
    assert client.hear("j")[380] == "3"
    shown = desk.run(
        "journal",
        "show",
        "--kind",
        "ProviderQuote",
        "--json",
        "--database",
        desk.database,
    )
    assert "LPQ1" in shown.stdout
