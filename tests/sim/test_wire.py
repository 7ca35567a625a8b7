"""The bad wire by itself: what becomes of a message, and of the bytes between two sockets."""

import socket
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.model.errors import ConfigError
from otcfix.sim import Trouble, Wire, WireFaults, read_rule, read_rules
from otcfix.sim.wirefaults import DEEDS


def message(kind: str, number: int, *more: str) -> bytes:
    """A whole message."""
    inner = "".join(f"{one}\x01" for one in (f"35={kind}", f"34={number}", *more)).encode()
    front = b"8=FIX.4.4\x019=%d\x01" % len(inner) + inner
    return front + b"10=%03d\x01" % (sum(front) % 256)


ORDER = message("D", 5, "11=A1")


def met(*lines: str, frame: bytes = ORDER) -> list[bytes]:
    """What is sent instead of *frame*."""
    return Trouble(rules=[read_rule(line) for line in lines]).meet(frame).pieces


def test_each_deed_does_what_it_says() -> None:
    """Of one order, under its number."""
    assert met("message 5: drop") == []
    assert met("message 5: duplicate") == [ORDER, ORDER]
    (wrong,) = met("message 5: checksum")
    assert wrong[:-4] == ORDER[:-4]
    assert wrong != ORDER
    (garbled,) = met("type D: garble")
    assert len(garbled) == len(ORDER)
    assert garbled != ORDER
    trouble = Trouble(rules=[read_rule("type D: delay 800"), read_rule("type D: never_read 70")])
    fate = trouble.meet(ORDER)
    assert (fate.pieces, fate.wait_ms, fate.deaf_ms) == ([ORDER], Decimal(800), Decimal(70))
    assert Trouble(rules=[read_rule("type D: cut")]).meet(ORDER).is_cut


def test_a_number_is_met_once_and_not_when_it_is_said_again() -> None:
    """43=Y passes: what is lost for ever can be asked for for ever."""
    trouble = Trouble(rules=[read_rule("message 5: drop")])
    assert trouble.meet(message("D", 5, "43=Y")).pieces
    assert not trouble.meet(ORDER).pieces
    assert trouble.meet(ORDER).pieces
    assert trouble.done == {"drop": 1}


def test_the_nth_of_a_kind_is_counted_from_when_the_rule_came() -> None:
    """And only of that kind."""
    trouble = Trouble()
    trouble.meet(ORDER)
    trouble.add([read_rule("type D 2: drop")])
    fates = [bool(trouble.meet(frame).pieces) for frame in (ORDER, message("8", 6), ORDER, ORDER)]
    assert fates == [True, True, False, True]


def test_the_same_seed_does_the_same_and_logons_are_left_alone() -> None:
    """Chance is a seed; A and 5 are a script's alone."""
    faults = WireFaults(drop=Decimal("0.3"), garble=Decimal("0.3"), duplicate=Decimal("0.3"))

    def fates(seed: int) -> list[list[bytes]]:
        trouble = Trouble(faults, seed=seed)
        return [trouble.meet(message("D", number)).pieces for number in range(1, 60)]

    assert fates(1) == fates(1) != fates(2)
    always = Trouble(WireFaults(drop=Decimal(1)))
    assert always.meet(message("A", 1)).pieces
    assert always.meet(message("5", 1)).pieces
    assert not always.meet(message("0", 1)).pieces
    assert not met("type A: drop", frame=message("A", 1))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("message 3: explode", "expected one of drop"),
        ("message 0: drop", "expected e.g."),
        ("type ABC: drop", "expected e.g."),
        ("type D: delay soon", "expected milliseconds"),
        ("type D: delay -1", "expected milliseconds"),
        ("type D: drop 3", "takes no value"),
        ("drop", "expected e.g."),
    ],
)
def test_a_line_that_says_nothing_names_its_place(tmp_path: Path, line: str, why: str) -> None:
    """File, number and what was expected."""
    path = tmp_path / "wire.txt"
    path.write_text(f"# a bad day\n\nmessage 1: drop\n{line}\n")
    with pytest.raises(ConfigError, match=rf"wire.txt:4: .*{why}"):
        read_rules(path)


def test_a_chance_is_from_0_to_1() -> None:
    """Nothing else is one."""
    for name in DEEDS:
        with pytest.raises(ConfigError, match=name):
            WireFaults(**{name: Decimal("1.1")})


# -- sockets --------------------------------------------------------------------------------------


class Ends:
    """Both ends of a line over a wire."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.wire = Wire(self._server.getsockname()).start()
        self.near = socket.create_connection(("127.0.0.1", self.wire.port), 2)
        self.far, _ = self._server.accept()
        for one in (self.near, self.far):
            one.settimeout(2)

    def close(self) -> None:
        self.wire.stop()
        for one in (self.near, self.far, self._server):
            one.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.close()


def test_bytes_pass_both_ways_whatever_they_are(ends: Ends) -> None:
    """Whole messages at once, pieces of one when it is whole."""
    ends.near.sendall(ORDER[:10])
    ends.near.sendall(ORDER[10:])
    assert ends.far.recv(1000) == ORDER
    ends.far.sendall(message("8", 1))
    assert ends.near.recv(1000) == message("8", 1)


def test_a_delay_holds_what_comes_behind_as_well(ends: Ends) -> None:
    """As TCP would: nothing overtakes."""
    ends.wire.said.add([read_rule("message 1: delay 200")])
    started = time.monotonic()
    ends.near.sendall(message("D", 1) + message("D", 2))
    heard = b""
    while len(heard) < 2 * len(message("D", 1)):
        heard += ends.far.recv(1000)
    assert time.monotonic() - started >= 0.2
    assert heard == message("D", 1) + message("D", 2)


def test_who_never_reads_pushes_back_and_is_well_again_later(ends: Ends) -> None:
    """Nothing is lost of what was said meanwhile."""
    ends.wire.said.add([read_rule("message 1: never_read 300")])
    ends.near.sendall(message("D", 1))
    assert ends.far.recv(1000) == message("D", 1)
    ends.far.sendall(message("8", 1))
    ends.near.settimeout(0.1)
    with pytest.raises(TimeoutError):
        ends.near.recv(1000)
    ends.near.settimeout(2)
    assert ends.near.recv(1000) == message("8", 1)


def test_a_cut_ends_both_sides_behind_the_message(ends: Ends) -> None:
    """What was said before arrives."""
    ends.wire.said.add([read_rule("message 2: cut")])
    ends.near.sendall(message("D", 1) + message("D", 2) + message("D", 3))
    heard = b""
    while more := ends.far.recv(1000):
        heard += more
    assert heard == message("D", 1) + message("D", 2)


def test_a_port_that_is_taken_is_refused(ends: Ends) -> None:
    """And named."""
    with pytest.raises(ConfigError, match=str(ends.wire.port)):
        Wire(("127.0.0.1", 1), port=ends.wire.port)
