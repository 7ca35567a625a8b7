"""The replay's own FIX session, against a counterparty that is scripted byte by byte."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from otcfix.fixlog.fields import framed, value_of
from otcfix.fixlog.header import head_of
from otcfix.trials.fix_link import Link, LinkLost

Script = Callable[[socket.socket], None]


def said(number: int, kind: str, body: str = "") -> bytes:
    """A message of the other side."""
    text = f"35={kind}|34={number}|49=B|52=20260105-10:00:00|56=A|{body}"
    return framed(b"FIX.4.4", text.replace("|", "\x01").encode())


def took(line: socket.socket) -> bytes:
    """The next message of ours."""
    data = b""
    while b"\x0110=" not in data or not data.endswith(b"\x01"):
        piece = line.recv(1)
        if not piece:
            return b""
        data += piece
    return data


class Other:
    """Accepts one connection after the other, and does with each what its script says."""

    def __init__(self, *scripts: Script) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.heard: list[bytes] = []
        self.thread = threading.Thread(target=self._run, args=(scripts,), daemon=True)
        self.thread.start()

    def _run(self, scripts: tuple[Script, ...]) -> None:
        for script in scripts:
            line, _ = self.listener.accept()
            with line:
                script(line)

    def link(self, **more: object) -> Link:
        """A link to it."""
        port = self.listener.getsockname()[1]
        return Link("127.0.0.1", port, "FIX.4.4", "A", "B", timeout_s=5, **more)  # type: ignore[arg-type]


@pytest.fixture
def others() -> Iterator[list[Other]]:
    """Those that a test made; they end with it."""
    made: list[Other] = []
    yield made
    for other in made:
        other.listener.close()
        other.thread.join(5)


def test_it_answers_what_a_session_asks(others: list[Other]) -> None:
    """TestRequest with its id, ResendRequest with a gap fill; neither is handed over."""
    heard: list[bytes] = []

    def script(line: socket.socket) -> None:
        heard.append(took(line))
        line.sendall(said(1, "A", "98=0|108=30|"))
        heard.append(took(line))
        line.sendall(said(2, "1", "112=ping|") + said(3, "2", "7=1|16=0|") + said(4, "8", "11=x|"))
        heard.extend([took(line), took(line), took(line)])

    others.append(Other(script))
    link = others[0].link(username="u", secret="s")
    link.log_on()
    link.say(b"D", [(b"11", b"x")])
    found: list[bytes] = []
    while not found:
        found = link.hear(1.0)
    link.log_off()
    others[0].thread.join(5)

    assert [head_of(one)[0] for one in found] == [b"8"]
    assert [head_of(one)[0] for one in heard] == [b"A", b"D", b"0", b"4", b"5"]
    assert (value_of(heard[0], b"553"), value_of(heard[0], b"554")) == (b"u", b"s")
    assert value_of(heard[2], b"112") == b"ping"
    assert [value_of(heard[3], tag) for tag in (b"34", b"43", b"123", b"36")] == [
        b"1", b"Y", b"Y", b"4",
    ]  # fmt: skip


def test_a_number_too_low_is_taken_up(others: list[Other]) -> None:
    """The other side says which number it expects, and gets it."""
    numbers: list[bytes] = []

    def low(line: socket.socket) -> None:
        numbers.append(value_of(took(line), b"34"))
        line.sendall(said(1, "5", "58=MsgSeqNum too low, expecting 41 but received 1|"))

    def good(line: socket.socket) -> None:
        numbers.append(value_of(took(line), b"34"))
        line.sendall(said(2, "A", "98=0|108=30|"))
        took(line)

    others.append(Other(low, good))
    link = others[0].link()
    link.log_on()
    link.log_off()

    assert numbers == [b"1", b"41"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(1, "5", "58=not you|"), "the Logon was refused: not you"),
        (b"", "it closed the connection"),
        (b"8=FIX.4.4\x019=5\x0135=0\x0110=0000", "BodyLength"),
    ],
)
def test_a_logon_that_fails(others: list[Other], answer: bytes, words: str) -> None:
    """It says what came back."""

    def script(line: socket.socket) -> None:
        took(line)
        line.sendall(answer)

    others.append(Other(script))
    with pytest.raises(LinkLost, match=words):
        others[0].link().log_on()


def test_a_logout_in_between_is_told(others: list[Other]) -> None:
    """With its words."""

    def script(line: socket.socket) -> None:
        took(line)
        line.sendall(said(1, "A", "98=0|108=30|") + said(2, "5", "58=closing|"))
        took(line)

    others.append(Other(script))
    link = others[0].link()
    link.log_on()
    with pytest.raises(LinkLost, match="logged out: closing"):
        link.hear(2.0)
    link.close()
