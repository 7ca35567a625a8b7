"""Proof of reading: who is asked, who waits, who is hung up on, and who is not."""

import pytest

from otcfix.config import load
from otcfix.fix.line import Line
from otcfix.fix.proof import PROOF_EVERY, Proofs
from otcfix.model.event import StreamHeld
from tests.support.desk_process import ROOT


class Desk:
    """One line of the shipped configuration, and what was made of it."""

    def __init__(self) -> None:
        config = load(ROOT / "config").sessions.session[0]
        self.line = Line(config, None)
        self.line.session = self
        self.line.online = True
        self.asked: list[str] = []
        self.events: list[object] = []
        self.proven: list[tuple[str, int]] = []
        self.logouts: list[str] = []
        self.proofs = Proofs(
            lambda _, message: self.asked.append(message.getField(112)),
            lambda _, event: self.events.append(event),
            lambda key, outbox_id: self.proven.append((key, outbox_id)),
        )

    def logout(self, why: str) -> None:
        """As of the session."""
        self.logouts.append(why)

    def streams(self, count: int) -> None:
        """So many W or X are sent, as the acceptor does."""
        for _ in range(count):
            if not self.line.held:
                self.proofs.streamed(self.line)


@pytest.fixture
def made() -> Desk:
    return Desk()


def test_proof_is_asked_once_for_what_was_said(made: Desk) -> None:
    """The TestRequest names the last reply in front of it; its answer proves that one."""
    for outbox_id in range(1, PROOF_EVERY + 50):
        made.proofs.said(made.line, outbox_id)
    assert [asked.rpartition("-")[0] for asked in made.asked] == [f"otcfix-{PROOF_EVERY}"]
    made.proofs.heard(made.line, made.asked[0])
    assert made.proven == [(made.line.config.key, PROOF_EVERY)]
    assert made.line.unproven == 0


def test_streams_ask_for_proof_of_the_last_reply_and_count_for_themselves(made: Desk) -> None:
    """A price of a stream is in no outbox: it can prove no more than what was said before it."""
    made.proofs.said(made.line, 7)
    made.streams(PROOF_EVERY)
    assert [asked.rpartition("-")[0] for asked in made.asked] == ["otcfix-7"]
    assert made.line.unproven == 1
    made.proofs.heard(made.line, made.asked[0])
    assert made.line.streamed == 0
    assert not made.events


def test_a_reader_too_far_behind_is_held_and_then_released(made: Desk) -> None:
    """Once each; never logged out for streams."""
    key, most = made.line.config.key, made.line.config.stream_unproven_max
    made.streams(most)
    assert made.events == []
    made.streams(10_000)
    assert made.events == [StreamHeld(key, True)]
    assert made.line.streamed == most + 1
    assert made.logouts == []
    made.proofs.heard(made.line, made.asked[0])
    assert made.events == [StreamHeld(key, True), StreamHeld(key, False)]
    made.streams(most)
    assert len(made.asked) == 2


def test_reports_that_are_not_read_end_the_session(made: Desk) -> None:
    """Also of one whose streams are held."""
    made.streams(600)
    for outbox_id in range(made.line.config.unproven_max + 1):
        made.proofs.said(made.line, outbox_id)
    assert made.logouts == ["slow reader: messages were not read"]


@pytest.mark.parametrize(
    "answer", ["", "otcfix-", "otcfix-x", "hello", "otcfix-0", "otcfix-99999999999999999999999"]
)
def test_other_heartbeats_prove_nothing(made: Desk, answer: str) -> None:
    """A client may send a Heartbeat with whatever he likes in it."""
    made.streams(600)
    made.proofs.heard(made.line, answer)
    assert made.line.held
    assert made.proven == []


def test_an_answer_that_nobody_asked_for_proves_nothing(made: Desk) -> None:
    """Nor does one that comes a second time: what it names may not fit the database."""
    made.proofs.heard(made.line, f"otcfix-{10**30}")
    made.streams(PROOF_EVERY)
    for _ in range(2):
        made.proofs.heard(made.line, made.asked[0])
    assert made.proven == [(made.line.config.key, 0)]


@pytest.mark.parametrize("count", [600, PROOF_EVERY])
def test_a_new_connection_owes_no_proof(made: Desk, count: int) -> None:
    """What was queued for the old one is gone with it."""
    made.streams(count)
    made.proofs.begin(made.line)
    line = made.line
    assert not any((line.held, line.streamed, line.proof_asked))
