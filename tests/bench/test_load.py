"""The load generator's clients are polite: what FIX asks of a session they do."""

from otcfix.bench.frames import Stamps, check, framed, value
from otcfix.bench.load import Line


def test_a_test_request_is_answered_with_its_own_words() -> None:
    """TestReqID(112) comes back in a Heartbeat(35=0)."""
    line = Line(3, Stamps())

    answer = line.courtesy(b"1", framed(b"35=1\x0134=9\x01112=otcfix-7\x01"))

    assert answer is not None
    check(answer)
    assert (value(answer, b"35"), value(answer, b"112")) == (b"0", b"otcfix-7")
    assert value(answer, b"49") == b"LOAD003"


def test_a_resend_request_is_answered_by_one_gap_fill_up_to_the_next_number() -> None:
    """Old requests are not worth repeating, but a hole would stop the session."""
    line = Line(0, Stamps())
    for _ in range(5):
        line.built(b"0", b"")

    answer = line.courtesy(b"2", framed(b"35=2\x0134=4\x017=3\x0116=0\x01"))

    assert answer is not None
    check(answer)
    fields = {tag: value(answer, tag) for tag in (b"35", b"34", b"36", b"43", b"123")}
    assert fields == {b"35": b"4", b"34": b"3", b"36": b"6", b"43": b"Y", b"123": b"Y"}
    assert value(line.built(b"0", b""), b"34") == b"6"


def test_heartbeats_need_no_answer_and_business_is_not_courtesy() -> None:
    """None: whoever measures has to look at it."""
    line = Line(0, Stamps())

    assert line.courtesy(b"0", framed(b"35=0\x0134=1\x01")) == b""
    assert line.courtesy(b"j", framed(b"35=j\x0134=1\x01")) is None
