"""The load generator's clients are polite: what FIX asks of a session they do."""

import socket
from threading import Thread

from otcfix.bench.frames import Stamps, check, framed, frames_of, value
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


def test_what_is_asked_while_it_logs_off_takes_no_number() -> None:
    """Nobody hears the answer, and the next Logon would leave a hole."""
    line = Line(0, Stamps())
    line.sock, desk = socket.socketpair()
    with desk:
        desk.sendall(framed(b"35=1\x0134=1\x01112=otcfix-7\x01") + framed(b"35=5\x0134=2\x01"))
        line.log_off()
        (logout,), rest = frames_of(desk.recv(4096))

    assert (value(logout, b"35"), value(logout, b"34"), rest) == (b"5", b"1", b"")
    assert value(line.built(b"A", b""), b"34") == b"2"


def test_a_gap_before_the_logon_is_filled_no_further_than_the_logon() -> None:
    """The requests that were sent since wait behind the gap: filled over, they had no answer."""
    line = Line(0, Stamps())
    line.built(b"0", b"")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def desk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(framed(b"35=A\x0134=1\x01"))

        thread = Thread(target=desk)
        thread.start()
        line.log_on(server.getsockname()[1])
        thread.join()
    line.sock.close()
    for _ in range(3):
        line.built(b"R", b"")

    answer = line.courtesy(b"2", framed(b"35=2\x0134=2\x017=1\x0116=0\x01"))

    assert answer is not None
    assert (value(answer, b"34"), value(answer, b"36")) == (b"1", b"3")


def test_heartbeats_need_no_answer_and_business_is_not_courtesy() -> None:
    """None: whoever measures has to look at it."""
    line = Line(0, Stamps())

    assert line.courtesy(b"0", framed(b"35=0\x0134=1\x01")) == b""
    assert line.courtesy(b"j", framed(b"35=j\x0134=1\x01")) is None
