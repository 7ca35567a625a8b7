"""Asked to send again, over real sockets: every number is covered exactly once (R10)."""

import time

import pytest

from tests.e2e.test_sessions import beta_of, client_of
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, Received


def covered(raw: list[Received]) -> list[tuple[int, int, str]]:
    """What each message stands for: from, up to and without, its kind."""
    told = []
    for message in raw:
        number = int(message[34])
        upto = int(message[36]) if message.kind == "4" else number + 1
        told.append((number, upto, message.kind))
    return told


class Listener(FixClient):
    """A client that notes every message as it comes, before its session layer sees it."""

    heard: list[Received]

    def _take(self, message: Received) -> None:
        self.heard.append(message)
        super()._take(message)


def price(client: FixClient, name: str) -> None:
    """A Quote, which is never sent again."""
    client.say(f"35=R|131={name}|146=1|55=BTC/USD|38=0.1")
    client.hear("S", t131=name)


def report(client: FixClient, name: str) -> None:
    """An ExecutionReport: the status of an order that is not known."""
    client.say(f"35=H|11={name}|55=BTC/USD|54=1")
    client.hear("8", t11=name)


def beat(client: FixClient, name: str) -> None:
    """A Heartbeat, which is gap-filled."""
    client.say(f"35=1|112={name}")
    end = time.monotonic() + 5
    while not any(m.kind == "0" and m.get(112) == name for m in client.admin):
        assert time.monotonic() < end
        client.poll(0.02)


STEPS = {"p": price, "r": report, "b": beat}


def spoken(client: Listener, steps: str, mark: str) -> list[str]:
    """Hold a conversation; returns the kinds by number, the first at 0."""
    for place, step in enumerate(steps):
        STEPS[step](client, f"{mark}{place}")
    return [m.kind for m in client.heard]


def asked(client: Listener, begin: int, end: int) -> list[tuple[int, int, str]]:
    """Ask for [begin, end] again (0: all) and tell what came instead of each number."""
    client.heard.clear()
    client.say(f"35=2|7={begin}|16={end}")
    client.say(f"35=1|112=END{begin}-{end}-{client.next_out}")
    stop = time.monotonic() + 5
    while not any(m.get(112, "").startswith("END") for m in client.heard):
        assert time.monotonic() < stop
        client.poll(0.02)
    return covered([m for m in client.heard if not m.get(112, "").startswith("END")])


@pytest.mark.parametrize("steps", ["pprr", "ppp", "brbpbp", "rprbrppbrp"])
def test_every_number_asked_for_again_is_covered_exactly_once(
    desk: DeskProcess, steps: str
) -> None:
    """Prices at the start, in the middle, at the end, or nothing but prices."""
    client = Listener(desk.port)
    client.heard = []
    assert client.logon()
    kinds = spoken(client, steps, "A")
    last = len(kinds)
    for begin, end in ((1, 0), (1, last), (2, last), (1, last - 1), (last, last), (last - 1, last)):
        told = asked(client, begin, end)
        at = begin
        for number, upto, kind in told:
            assert number == at, (steps, kinds, begin, end, told)
            assert kind == "4" or kind == kinds[number - 1] == "8"
            at = upto
        upto = end + 1 if end else last + 1
        assert at == upto, (steps, kinds, begin, end, told)
        for number in range(begin, upto):
            if kinds[number - 1] == "8":
                assert (number, number + 1, "8") in told
        last_now = client.next_in - 1
        kinds += ["0"] * (last_now - last)
        last = last_now


def test_a_killed_desk_covers_what_it_said_before(desk: DeskProcess) -> None:
    """Numbers go on after a restart; prices of before are gap-filled, reports are said."""
    client = Listener(desk.port)
    client.heard = []
    assert client.logon()
    kinds = spoken(client, "rpbrbpp", "A")
    time.sleep(0.3)
    desk.kill()
    client.drop()
    desk.start()
    assert client.logon()
    price(client, "B1")
    last = client.next_in - 1
    told = asked(client, 1, 0)
    at = 1
    for number, upto, _ in told:
        assert number == at, (kinds, told)
        at = upto
    assert at == last + 1
    for number, kind in enumerate(kinds, 1):
        assert kind != "8" or (number, number + 1, "8") in told


def test_who_asks_for_everything_again_and_again_is_logged_out(desk: DeskProcess) -> None:
    """A request is cheap to send and dear to answer, for everybody; the next logon is as ever."""
    client = client_of(desk)
    other = beta_of(desk)
    assert client.logon()
    assert other.logon()
    for number in range(100):
        report(client, f"X{number}")
    for _ in range(250):
        client.say("35=2|7=1|16=0")
    end = time.monotonic() + 30
    while client.online:
        assert time.monotonic() < end
        client.poll(0.05)
    assert "too many resend requests" in [m.get(58) for m in client.admin if m.kind == "5"]
    other.say("35=1|112=there")
    end = time.monotonic() + 5
    while not any(m.kind == "0" and m.get(112) == "there" for m in other.admin):
        assert time.monotonic() < end
        other.poll(0.05)
    client.drop()
    time.sleep(1.2)
    assert client.logon()
    report(client, "X1000")
