"""QuickFIX's file store: what is seen of a spoiled one, and one made anew is one that it reads."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import quickfix as fix
from hypothesis import given
from hypothesis import strategies as st

from otcfix.config.models import SessionConfig
from otcfix.fix.store_files import KINDS, StoreFiles, mend
from otcfix.model.record import OutboxRow, SessionNumbers
from otcfix.model.time import utc_timestamp

AT = time.time_ns() // 1_000
SOH = "\x01"

SESSION = SessionConfig(
    key="A",
    version="FIX.4.4",
    sender_comp_id="OTCFIX",
    target_comp_id="ALPHA",
    client="ALPHA",
    username="alpha",
    password_hash=f"{'0' * 16}${'0' * 64}",
)


def row(outbox_id: int, body: str = "") -> OutboxRow:
    """A report."""
    text = f"17=E{outbox_id}{SOH}11=A{outbox_id}{SOH}60=20270113-12:00:00.000{SOH}{body}"
    return OutboxRow(outbox_id, outbox_id, "A", "8", f"E{outbox_id}", False, "", "", text)


def made(folder: Path, *numbers: int) -> StoreFiles:
    """A store that holds these messages."""
    files = StoreFiles(folder, SESSION)
    files.make_anew(max(numbers, default=0) + 1, 5, [(n, row(n)) for n in numbers], AT)
    return files


def test_what_is_made_is_whole(tmp_path: Path) -> None:
    """No fault is found, and the messages are those that went in."""
    files = made(tmp_path, 2, 3, 7)
    assert files.fault() == ""
    assert files.numbers() == (8, 5)
    assert [number for number, _ in files.messages(after=2)] == [3, 7]
    assert all(f"{SOH}34={n}{SOH}" in text for n, text in files.messages(after=0))


SPOILS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "garbage in the header": ("header", lambda data: data[:4] + b"\0?" + data[4:]),
    "a header of another store": ("header", lambda data: data.replace(b"2,", b"9,", 1)),
    "a body cut short": ("body", lambda data: data[:-3]),
    "a body of zeros": ("body", lambda data: b"\0" * len(data)),
    "numbers that are none": ("seqnums", lambda _: b"garbage"),
    "no numbers at all": ("seqnums", lambda _: b""),
    "no beginning": ("session", lambda _: b"yesterday"),
}


@pytest.mark.parametrize("how", list(SPOILS))
def test_what_is_spoiled_is_seen(tmp_path: Path, how: str) -> None:
    """The fault names the file."""
    files = made(tmp_path, 2, 3, 7)
    kind, spoil = SPOILS[how]
    files.paths[kind].write_bytes(spoil(files.paths[kind].read_bytes()))
    named = "body" if "another" in how else kind  # the two do not agree: seen in the body
    assert files.fault().startswith(files.paths[named].name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_missing(tmp_path: Path, kind: str) -> None:
    """So is a missing one."""
    files = made(tmp_path, 2)
    files.paths[kind].unlink()
    assert files.fault() == f"{files.paths[kind].name} is missing"


@given(st.binary(max_size=200), st.sampled_from(KINDS), st.integers(0, 200))
def test_no_garbage_breaks_the_look(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, kind: str, place: int
) -> None:
    """Whatever stands in a file, it is a fault or it is none; what is mended has none."""
    folder = tmp_path_factory.mktemp("store")
    files = made(folder, 2, 3)
    data = files.paths[kind].read_bytes()
    files.paths[kind].write_bytes(data[:place] + junk + data[place:])
    fault = files.fault()
    said = [(2, row(2)), (3, row(3))]
    numbers = SessionNumbers("A", 0, 4, 3, 0)
    assert mend(SESSION, folder, numbers, lambda *_: said, AT) == bool(fault)
    assert files.fault() == ""


class Silent(fix.Application):  # type: ignore[misc]
    """Answers nothing."""

    def onCreate(self, session_id: object) -> None:  # noqa: N802
        """Made."""


def test_quickfix_reads_what_was_made(tmp_path: Path) -> None:
    """The numbers go on in QuickFIX, and it appends behind what is there."""
    files = made(tmp_path, 2, 3, 7)
    settings = tmp_path / "x.cfg"
    settings.write_text(
        f"[DEFAULT]\nConnectionType=acceptor\nFileStorePath={tmp_path}\nUseDataDictionary=N\n"
        "NonStopSession=Y\nSocketAcceptPort=19999\n[SESSION]\nBeginString=FIX.4.4\n"
        "SenderCompID=OTCFIX\nTargetCompID=ALPHA\n"
    )
    loaded = fix.SessionSettings(str(settings))
    application, factory = Silent(), fix.FileStoreFactory(loaded)
    acceptor = fix.SocketAcceptor(application, factory, loaded)
    session = fix.Session.lookupSession(fix.SessionID("FIX.4.4", "OTCFIX", "ALPHA"))
    assert (session.getExpectedSenderNum(), session.getExpectedTargetNum()) == (8, 5)
    del session, acceptor
    assert files.fault() == ""


def test_a_mended_store_says_where_the_old_one_is(tmp_path: Path) -> None:
    """Nothing is thrown away; numbers that nobody knows are set well above the last one known."""
    files = made(tmp_path, 2, 3)
    files.paths["seqnums"].write_bytes(b"?")
    said = [(2, row(2)), (3, row(3))]
    assert mend(SESSION, tmp_path, SessionNumbers("A", 0, 4, 3, 0), lambda *_: said, AT)
    out, into = files.numbers() or (0, 0)
    assert out > 1_000
    assert into == 5
    assert len(list(tmp_path.glob("*.spoiled-*"))) == len(KINDS)
    assert [number for number, _ in files.messages(after=0)] == [2, 3]


def test_a_session_that_never_spoke_has_no_store_to_mend(tmp_path: Path) -> None:
    """Before its first logon there is nothing to make anew."""
    assert not mend(SESSION, tmp_path, SessionNumbers("A", 0, 0, 0, 0), lambda *_: [], AT)
    assert list(tmp_path.iterdir()) == []


def test_a_store_made_anew_begins_when_the_desk_was_last_alive(tmp_path: Path) -> None:
    """A reset that a schedule asked for since then is still to be made."""
    monday = 1_799_632_800_000_000
    assert mend(SESSION, tmp_path, SessionNumbers("A", 0, 4, 3, 0), lambda *_: [], monday)
    began = StoreFiles(tmp_path, SESSION).paths["session"].read_text()
    assert began == "20270111-02:00:00"


def test_a_message_is_kept_in_the_words_of_its_session(tmp_path: Path) -> None:
    """A dialect's own time is no SendingTime(52)."""

    def made(one: OutboxRow) -> fix.Message:
        return fix.Message(
            f"8=FIX.4.4{SOH}9=0{SOH}35=8{SOH}9017={one.exec_id}{SOH}10=0{SOH}", False
        )

    theirs = OutboxRow(1, 1, "A", "8", "E1", False, "", "", f"9017=E1{SOH}60=12:00{SOH}")
    numbers = SessionNumbers("A", 0, 4, 3, 0)
    assert mend(SESSION, tmp_path, numbers, lambda *_: [(2, theirs)], AT, made)
    files = StoreFiles(tmp_path, SESSION)
    assert files.fault() == ""
    ((_, text),) = files.messages(after=0)
    assert f"{SOH}9017=E1{SOH}" in text
    assert f"{SOH}52={utc_timestamp(AT)}{SOH}" in text
