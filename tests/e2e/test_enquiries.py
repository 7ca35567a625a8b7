"""Enquiries over real sockets: secrets that change, answers that are sent again, huge XML."""

import time
from collections.abc import Iterator

import pytest

from otcfix.fix.stock_client import stock_validator
from tests.support.desk_process import DeskProcess
from tests.support.fixclient import FixClient, Received, utc_now

NEW_SECRET = "pA8-kW2_zQ5.rT9-uY3!nB6+mC1-vX4/"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """One desk for all that leaves it as it was."""
    made = DeskProcess(
        tmp_path_factory.mktemp("served"),
        edits={"venues.toml": [("mid = 100000,", "mid = 100000, frozen = true,")]},
    )
    made.fund(("ALPHA", "USD", "500000"))
    made.start()
    yield made
    made.kill()


def alpha_of(desk: DeskProcess, **other: object) -> FixClient:
    """The shipped FIX 4.4 client."""
    return FixClient(desk.port, **other)  # type: ignore[arg-type]


def beta_of(desk: DeskProcess) -> FixClient:
    """The shipped FIX 4.2 client."""
    return FixClient(
        desk.port, version="FIX.4.2", me="BETA", username="beta", secret="trial-secret-beta"
    )


@pytest.fixture(scope="module")
def alpha(served: DeskProcess) -> FixClient:
    """ALPHA, logged on."""
    client = alpha_of(served)
    assert client.logon()
    return client


@pytest.fixture(scope="module")
def beta(served: DeskProcess) -> FixClient:
    """BETA, logged on."""
    client = beta_of(served)
    assert client.logon()
    return client


def changed(client: FixClient, old: str, new: str) -> Received:
    """What the desk answers to a change of the secret."""
    client.say(f"35=BE|923=U|924=3|553=alpha|554={old}|925={new}")
    return client.hear("BF")


def test_a_secret_that_is_changed(desk: DeskProcess) -> None:
    """The new one opens the door, the old one does not, behind a kill too; staff can go back."""
    client = alpha_of(desk)
    assert client.logon()
    assert changed(client, "guess", NEW_SECRET)[926] == "4"
    assert changed(client, "trial-secret-alpha", "short")[926] == "6"
    assert changed(client, "trial-secret-alpha", NEW_SECRET)[926] == "5"
    client.logout()
    assert not client.logon(wait=2)
    desk.kill()
    desk.start()
    client.secret = NEW_SECRET
    assert client.logon()
    answer = desk.run(
        *("sessions", "secret", "ALPHA44", "--reset", "--why", "lost"),
        *("--config", str(desk.config), "--database", desk.database),
    )
    assert answer.returncode == 0, answer.stderr
    client.logout()
    assert not client.logon(wait=2)
    client.secret = "trial-secret-alpha"
    assert client.logon()
    for _ in range(20):  # wrong ones count as failed logons; then none is looked at for a while
        words = changed(client, "guess", NEW_SECRET)[927]
        if words.startswith("TOO_MANY_FAILURES"):
            break
    assert words.startswith("TOO_MANY_FAILURES")
    assert changed(client, "trial-secret-alpha", NEW_SECRET)[926] == "6"
    client.logout()
    kept = [
        path.read_bytes()
        for path in desk.folder.rglob("*")
        if path.is_file() and desk.config not in path.parents
    ]
    assert not any(NEW_SECRET.encode() in data for data in kept)


def test_a_trade_capture_that_is_sent_again(alpha: FixClient) -> None:
    """Its groups are whole: a stock client reads it as he did the first time."""
    client = alpha
    client.say("35=AD|568=T1|569=0|263=1")
    assert client.hear("AQ")[750] == "1"
    client.say(f"35=D|11=A1|55=BTC/USD|54=1|38=0.1|40=1|60={utc_now()}")
    told = client.hear("AE")
    client.say("35=BB|909=C1")
    last = client.hear("BA", t912="Y")
    first = int(told[34])
    client.next_in = first
    client.send("2", [(7, str(first)), (16, last[34])])
    again = client.hear("AE")
    assert (again[43], again[34]) == ("Y", told[34])
    plain = [pair for pair in again.pairs if pair[0] not in (9, 10, 43, 52, 122)]
    assert plain == [pair for pair in told.pairs if pair[0] not in (9, 10, 52)]
    stock_validator("FIX.4.4")("".join(f"{tag}={value}\x01" for tag, value in again.pairs))
    assert client.hear("BA", t912="Y")[58] == last[58]


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_xml_is_refused(request: pytest.FixtureRequest, name: str) -> None:
    """n gets a j in every version; a huge one is read over, and its session goes on."""
    client: FixClient = request.getfixturevalue(name)
    client.say("35=n|212=9|213=<order/>x")
    assert client.hear("j")[380] == "3"
    xml = "<a>" + "x" * 3_000_000 + "</a>"
    client.sock.settimeout(20)
    client.send("n", [(212, str(len(xml))), (213, xml)])
    started = time.monotonic()
    heard = client.hear("j", timeout=20)
    assert heard[58] == "UNSUPPORTED: XML is not read here"
    assert time.monotonic() - started < 10
    client.say("35=g|335=S1|263=0|336=DESK")
    assert client.hear("h")[340] == "2"


def test_a_multileg_order_is_out_of_scope(alpha: FixClient) -> None:
    """And the j says so."""
    client = alpha
    client.say(f"35=AB|11=M1|54=1|55=BTC/USD|555=1|600=BTC/USD|60={utc_now()}|38=1|40=1")
    heard = client.hear("j")
    assert (heard[380], heard[372]) == ("3", "AB")
    assert heard[58] == "UNSUPPORTED: multileg orders are not dealt in here"


def test_news_before_maintenance(served: DeskProcess, alpha: FixClient, beta: FixClient) -> None:
    """`otcfix news` reaches who is logged on."""
    client, other = alpha, beta
    here = ("--config", str(served.config), "--database", served.database)
    answer = served.run("news", "--maintenance", "2027-01-16T21:00", *here)
    assert answer.returncode == 0, answer.stderr
    for one in (client, other):
        heard = one.hear("B")
        assert (heard[148], heard[61], heard[33]) == ("Maintenance", "1", "2")
        assert heard[58].startswith("The desk stops at 2027-01-16 21:00 UTC")
    answer = served.run("news", "Call us", "--session", "ALPHA44", *here)
    assert client.hear("B")[148] == "Call us"
    other.hears_nothing()
    assert served.run("news", "x", "--session", "NOPE", *here).returncode == 1
