"""What the load generator writes is FIX, and what it reads is cut where it ends."""

import re

import pytest
import quickfix as fix
import simplefix

from otcfix.bench.frames import BadFrame, Stamps, check, framed, frames_of, value

BODY = b"35=R\x0134=2\x0149=LOAD000\x0152=20260102-03:04:05.678\x0156=OTCFIX\x01131=C1\x01"


def test_length_and_checksum_are_those_of_others() -> None:
    """Another program writes the same message byte for byte."""
    other = simplefix.FixMessage()
    other.append_pair(8, "FIX.4.4")
    for field in BODY.split(b"\x01")[:-1]:
        tag, _, text = field.partition(b"=")
        other.append_pair(tag, text)

    assert framed(BODY) == other.encode()


def test_quickfix_takes_it() -> None:
    """QuickFIX checks length and checksum when it reads."""
    message = fix.Message(framed(BODY).decode(), True)

    assert message.getField(131) == "C1"


def test_check_finds_a_wrong_checksum_and_a_wrong_length() -> None:
    """One byte more, or one changed, is noticed."""
    message = framed(BODY)
    check(message)

    with pytest.raises(BadFrame):
        check(message.replace(b"131=C1", b"131=C2"))
    with pytest.raises(BadFrame):
        check(message.replace(b"131=C1", b"131=C11"))


@pytest.mark.parametrize("cut", range(0, 130, 7))
def test_messages_are_cut_whole_wherever_the_socket_cuts(cut: int) -> None:
    """Two messages, read in two pieces of any size, are two messages."""
    stream = framed(BODY) * 2

    first, rest = frames_of(stream[:cut])
    second, rest = frames_of(rest + stream[cut:])

    assert (first + second, rest) == ([framed(BODY)] * 2, b"")


def test_what_is_no_fix_is_refused() -> None:
    """A stream that has lost its place must not be measured."""
    with pytest.raises(BadFrame):
        frames_of(b"x" + framed(BODY))


def test_value_finds_whole_tags_only() -> None:
    """Tag 31 is not the end of tag 131."""
    message = framed(BODY)

    assert (value(message, b"131"), value(message, b"31")) == (b"C1", b"")


def test_stamps_are_utc_timestamps_in_milliseconds() -> None:
    """As SendingTime(52) wants them."""
    text = Stamps().now().decode()

    assert re.fullmatch(r"\d{8}-\d\d:\d\d:\d\d\.\d{3}", text)
