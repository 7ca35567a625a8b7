"""serve --echo: our acceptor, door and callbacks behave to a tester as QuickFIX's own acceptor."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from otcfix.config import load
from otcfix.model.errors import ConfigError
from tests.support.desk_process import ROOT
from tests.support.echo_process import EchoProcess, RawCaller, framed, stamp

VERSIONS = {
    "TW40": "FIX.4.0", "TW41": "FIX.4.1", "TW42": "FIX.4.2", "TW43": "FIX.4.3", "TW44": "FIX.4.4",
    "TW50": "FIX.5.0", "TW50SP1": "FIX.5.0SP1", "TW50SP2": "FIX.5.0SP2",
}  # fmt: skip
ORDER = "11=A1|21=1|38=5|40=1|54=2|55=XYZ|"
EVERY = pytest.mark.parametrize("me", list(VERSIONS))


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EchoProcess]:
    """The shipped folder, served once for all of them."""
    made = EchoProcess(tmp_path_factory.mktemp("echo"))
    yield made
    assert made.stop() == 0


@pytest.fixture
def caller(echo: EchoProcess) -> Iterator[RawCaller]:
    """The 4.4 session, not logged on."""
    with RawCaller(echo.port, "FIX.4.4", "TW44") as made:
        yield made
        leave(made)


def leave(caller: RawCaller) -> None:
    """End a session that may be up, so that the next test finds it free."""
    try:
        caller.say("5")
        while caller.hear():
            pass
    except OSError:
        pass


def order(version: str) -> str:
    """An order that the stock dictionary of the version lets through."""
    return ORDER if version in ("FIX.4.0", "FIX.4.1") else f"{ORDER}60={stamp()}|"


@EVERY
def test_every_version_logs_on_deals_an_echo_and_leaves(echo: EchoProcess, me: str) -> None:
    """Field by field what QuickFIX answers: times with milliseconds from 4.2 on, its own order."""
    version = VERSIONS[me]
    with RawCaller(echo.port, version, me) as caller:
        answer = caller.logon()
        head = f"|34=1|49=ISLD|52=T|56={me}|"
        assert answer.endswith(head + caller.logon_body)
        caller.say("D", order(version))
        heard = caller.hear()
        assert "|35=D|34=2|49=ISLD|52=T|" in heard
        assert heard.split("|56=")[1].startswith(f"{me}|11=A1|21=1|38=5|40=1|54=2|55=XYZ|")
        caller.say("1", "112=there?|")
        assert caller.hear().endswith(f"|35=0|34=3|49=ISLD|52=T|56={me}|112=there?|")
        caller.say("5")
        assert caller.hear().endswith(f"|35=5|34=4|49=ISLD|52=T|56={me}|")
        assert caller.hear() == ""


def test_body_lengths_are_those_of_whole_seconds_before_4_2(echo: EchoProcess) -> None:
    """9= counts the milliseconds that 4.2 and later have."""
    for me, length in (("TW40", 59), ("TW44", 63)):
        with RawCaller(echo.port, VERSIONS[me], me) as caller:
            assert f"|9={length}|" in caller.logon()
            leave(caller)


def test_an_order_comes_back_once_per_logon_when_it_says_possresend(caller: RawCaller) -> None:
    """What was not seen comes back; what was, does not; without the flag it always does."""
    caller.logon()
    for head, comes in (("97=Y|", True), ("97=Y|", False), ("97=N|", True), ("", True)):
        caller.say("D", order("FIX.4.4"), head)
        if comes:
            assert "|35=D|" in caller.hear()
    caller.say("D", order("FIX.4.4"), "97=Y|")
    caller.hears_nothing()


def test_a_logout_forgets_the_orders(echo: EchoProcess) -> None:
    """Each logon begins anew."""
    for _ in range(2):
        with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
            caller.logon()
            caller.say("D", order("FIX.4.4"), "97=Y|")
            assert "|35=D|" in caller.hear()
            leave(caller)


def test_a_security_definition_comes_back_with_its_groups(caller: RawCaller) -> None:
    """Entries of a repeating group keep their order."""
    caller.logon()
    caller.say("d", "320=Q|322=R|323=1|55=ABC|711=2|311=U2|309=9|311=U1|")
    assert caller.hear().endswith("|55=ABC|320=Q|322=R|323=1|711=2|311=U2|309=9|311=U1|")


def test_other_business_messages_are_unsupported(caller: RawCaller) -> None:
    """In QuickFIX's words and field order."""
    caller.logon()
    caller.say("B", "148=x|33=1|58=y|")
    told = "|35=j|34=2|49=ISLD|52=T|56=TW44|45=2|58=Unsupported Message Type|372=B|380=3|"
    assert caller.hear().endswith(told)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"{ORDER}60=T|777777=x|", "58=Invalid tag number|371=777777|372=D|373=0|"),
        (f"{ORDER}60=T|58=|", "58=Tag specified without a value|371=58|372=D|373=4|"),
        (f"{ORDER.replace('54=2', '54=~')}60=T|",
         "58=Value is incorrect (out of range) for this tag|371=54|372=D|373=5|"),
        (f"{ORDER}60=T|44=cheap|", "58=Incorrect data format for value|371=44|372=D|373=6|"),
        (ORDER, "58=Required tag missing|371=60|372=D|373=1|"),
        (f"{ORDER}60=T|386=3|336=A|336=B|",
         "58=Incorrect NumInGroup count for repeating group|371=386|372=D|373=16|"),
        (f"{ORDER}60=T|54=2|", "58=Tag appears more than once|371=54|372=D|373=13|"),
        (f"{ORDER}60=T|37=x|", "58=Tag not defined for this message type|371=37|372=D|373=2|"),
    ],
)  # fmt: skip
def test_the_stock_dictionary_speaks(caller: RawCaller, body: str, why: str) -> None:
    """Our own extensions and our own words are not in the way."""
    caller.logon()
    caller.say("D", body.replace("60=T|", f"60={stamp()}|"))
    heard = caller.hear()
    assert "|35=3|34=2|" in heard
    assert heard.endswith(f"|45=2|{why}")


def test_a_type_that_a_desk_leaves_out_is_a_type_here(caller: RawCaller) -> None:
    """Email is no invalid MsgType in 4.4; a type that nobody knows is."""
    caller.logon()
    caller.say("C", "164=1|94=0|147=a|33=1|58=x|")
    assert "|372=C|380=3|" in caller.hear()
    caller.say("ZZ", "")
    assert caller.hear().endswith("|45=3|58=Invalid MsgType|372=ZZ|373=11|")


def test_a_session_that_checks_no_values_takes_empty_fields(echo: EchoProcess) -> None:
    """check_values = false."""
    with RawCaller(echo.port, "FIX.4.4", "NO_CHECK_FIELDS_HAVE_VALUES") as caller:
        caller.logon()
        caller.say("D", f"{order('FIX.4.4')}58=|")
        assert "|58=|" in caller.hear()
        leave(caller)


def test_a_resend_fills_gaps_as_quickfix_does(caller: RawCaller) -> None:
    """Admin messages are gap-filled, orders come again with 43=Y and their old time."""
    caller.logon()
    caller.say("1", "112=a|")
    caller.hear()
    caller.say("D", order("FIX.4.4"))
    caller.hear()
    caller.say("1", "112=b|")
    caller.hear()
    caller.say("2", "7=1|16=0|")
    heard = [caller.hear() for _ in range(3)]
    assert heard[0].endswith("|35=4|34=1|43=Y|49=ISLD|52=T|56=TW44|122=T|36=3|123=Y|")
    assert "|35=D|34=3|43=Y|49=ISLD|52=T|56=TW44|122=T|11=A1|" in heard[1]
    assert heard[2].endswith("|35=4|34=4|43=Y|49=ISLD|52=T|56=TW44|122=T|36=5|123=Y|")


def test_a_gap_is_asked_for_and_then_gone_on_from(caller: RawCaller) -> None:
    """What came early is answered in its turn."""
    caller.logon()
    caller.say("1", "112=early|", number=3)
    assert caller.hear().endswith("|35=2|34=2|49=ISLD|52=T|56=TW44|7=2|16=0|")
    caller.say("D", order("FIX.4.4"), f"43=Y|122={stamp()}|", number=2)
    assert "|35=D|34=3|" in caller.hear()
    assert caller.hear().endswith("|112=early|")


def test_a_logon_may_reset_in_the_middle(caller: RawCaller) -> None:
    """141=Y on a line that is up."""
    caller.logon()
    caller.say("0")
    caller.say("A", f"{caller.logon_body}141=Y|", number=1)
    assert caller.hear().endswith("|35=A|34=1|49=ISLD|52=T|56=TW44|98=0|108=30|141=Y|")
    caller.say("1", "112=x|")
    assert "|34=2|" in caller.hear()


def test_a_reject_is_routed_back(caller: RawCaller) -> None:
    """115/116 of the order are 128/129 of the reject."""
    caller.logon()
    caller.say("D", f"{order('FIX.4.4')}777777=1|", "115=FUND|116=PM|")
    assert "|128=FUND|129=PM|" in caller.hear()


def test_a_garbled_message_is_passed_over(caller: RawCaller) -> None:
    """A wrong CheckSum is as if nothing had come: the number is still the next one."""
    caller.logon()
    whole = framed("FIX.4.4", f"35=1|34=2|49=TW44|52={stamp()}|56=ISLD|112=bad|")
    wrong = b"000" if whole[-4:-1] != b"000" else b"001"
    caller.sock.sendall(whole[:-4] + wrong + b"\x01")
    caller.say("1", "112=good|", number=2)
    assert caller.hear().endswith("|35=0|34=2|49=ISLD|52=T|56=TW44|112=good|")


@pytest.mark.parametrize(
    "first",
    [
        f"35=0|34=1|49=TW44|52={stamp()}|56=ISLD|",  # no Logon
        f"35=A|34=1|49=NOBODY|52={stamp()}|56=ISLD|98=0|108=30|",
        f"35=A|34=1|49=TW44|52={stamp()}|56=NOBODY|98=0|108=30|",
        "35=A|34=1|49=TW44|52=20010101-00:00:00|56=ISLD|98=0|108=30|",
    ],
    ids=["heartbeat", "SenderCompID", "TargetCompID", "SendingTime"],
)
def test_a_first_message_that_is_no_good_logon_ends_the_line(echo: EchoProcess, first: str) -> None:
    """Without a word, and at once: a tester waits ten seconds at most."""
    with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
        started = time.monotonic()
        caller.sock.sendall(framed("FIX.4.4", first))
        assert caller.hear() == ""
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "change",
    [(b"\x019=", b"\x019=9"), (b"\x019=", b"\x019=1\x01"), (b"8=FIX.4.4", b"8=FIX.4.9")],
    ids=["long", "short", "BeginString"],
)
def test_a_first_message_of_a_wrong_length_or_version_ends_the_line(
    echo: EchoProcess, change: tuple[bytes, bytes]
) -> None:
    """As QuickFIX: it gives a first message a second."""
    text = f"35=A|34=1|49=TW44|52={stamp()}|56=ISLD|98=0|108=30|"
    with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
        caller.sock.sendall(framed("FIX.4.4", text).replace(*change, 1))
        started = time.monotonic()
        assert caller.hear() == ""
        assert time.monotonic() - started < 4


def test_any_number_of_bad_logons_keeps_nobody_out(echo: EchoProcess) -> None:
    """There is no back-off where nobody proves who he is."""
    bad = f"35=A|34=1|49=NOBODY|52={stamp()}|56=ISLD|98=0|108=30|"
    for _ in range(60):
        with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
            caller.sock.sendall(framed("FIX.4.4", bad))
            assert caller.hear() == ""
    for _ in range(60):
        with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
            assert "|35=A|34=1|" in caller.logon()
            leave(caller)


def test_a_line_that_drops_leaves_its_session_free(echo: EchoProcess) -> None:
    """The next caller, a moment later, is not taken for a second one."""
    for _ in range(40):
        with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
            assert "|35=A|34=1|" in caller.logon()


def test_a_second_connection_of_a_session_is_shut(caller: RawCaller, echo: EchoProcess) -> None:
    """And the first one goes on."""
    caller.logon()
    with RawCaller(echo.port, "FIX.4.4", "TW44") as second:
        assert second.logon() == ""
    caller.say("1", "112=first|")
    assert "|112=first|" in caller.hear()


def test_silence_brings_heartbeats_then_a_test_request_then_the_end(echo: EchoProcess) -> None:
    """Nobody is asked to prove that he reads; HeartBtInt may be a second."""
    with RawCaller(echo.port, "FIX.4.4", "TW44") as caller:
        caller.logon_body = "98=0|108=1|"
        caller.logon()
        kinds = []
        while heard := caller.hear():
            kinds.append(heard.split("|35=")[1][0])
        assert kinds == ["0", "1"]


def test_a_thousand_orders_come_back_in_order_and_nothing_else(caller: RawCaller) -> None:
    """No TestRequest of our own comes between them."""
    caller.logon()
    for number in range(1_000):
        caller.say("D", order("FIX.4.4").replace("A1", f"O{number}"))
    for number in range(1_000):
        heard = caller.hear()
        assert "|35=D|" in heard
        assert f"|11=O{number}|" in heard


def test_all_versions_at_once_do_not_meet(echo: EchoProcess) -> None:
    """The same ClOrdIDs on every session, side by side."""

    def talk(me: str) -> list[bool]:
        with RawCaller(echo.port, VERSIONS[me], me) as caller:
            caller.logon()
            came = []
            for _ in range(20):
                caller.say("D", order(VERSIONS[me]), "97=Y|")
                caller.say("1", "112=x|")
                came.append("|35=D|" in caller.hear())
                if came[-1]:
                    caller.hear()
            leave(caller)
            return came

    with ThreadPoolExecutor(8) as pool:
        for came in pool.map(talk, VERSIONS):
            assert came == [True] + [False] * 19


def test_a_desk_that_deals_refuses_such_sessions(tmp_path: Path) -> None:
    """With file, key and the way out."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(ROOT / "examples/echo/sessions.toml", tmp_path / "config")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config")
    said = str(caught.value)
    assert 'session TW44.authentication: expected "password": a desk knows' in said
    assert "session TW40.version: expected one of FIX.4.2, FIX.4.4, FIX.5.0SP2" in said
    assert "session TW44.stock_dictionary: expected false" in said
    assert "session NO_CHECK_FIELDS_HAVE_VALUES.check_values: expected true" in said


def test_a_bad_folder_is_told_with_exit_code_3(tmp_path: Path) -> None:
    """Two sessions that QuickFIX could not tell apart, and a version without its dictionary."""
    one = '[[session]]\nkey = "{}"\nversion = "{}"\nsender_comp_id = "A"\ntarget_comp_id = "B"\n'
    plain = 'authentication = "none"\nstock_dictionary = true\n'
    both = one.format("X", "FIX.5.0") + plain + one.format("Y", "FIX.5.0SP2") + plain
    for text, said in (
        (both, "session CompIDs: FIX.5 A B stands there more than once"),
        (one.format("X", "FIX.4.4"), "client: Field required"),
        (one.format("X", "FIX.4.0") + 'authentication = "none"\n', "more with stock_dictionary"),
    ):
        (tmp_path / "sessions.toml").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "otcfix", "serve", "--echo", "--config", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        assert said in done.stderr
