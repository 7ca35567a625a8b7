"""What staff may do to a session, and what is refused."""

import pytest
from msgspec import structs

from otcfix.model.event import SetSession
from otcfix.model.session_act import ACTS, NUMBER_MAX, ActOnSession
from tests.conversation import Conversation


def act(what: str, key: str = "A44", **more: int) -> ActOnSession:
    return ActOnSession(key, what, "carol", "test", **more)


NUMBERS = {"set-seq": {"incoming": 5}, "resend": {"begin": 1}, "resend-reports": {"begin": 1}}

REFUSED = [
    (act("hold", "NOPE"), "no session NOPE"),
    (act("explode"), "no act explode"),
    (structs.replace(act("hold"), by=""), "an act needs who and why"),
    (structs.replace(act("hold"), why=""), "an act needs who and why"),
    (act("release"), "A44 is not on hold"),
    (act("set-seq"), "set-seq needs the next number in, or out, or both"),
    (act("set-seq", incoming=-1), f"a MsgSeqNum is 1 to {NUMBER_MAX}"),
    (act("set-seq", outgoing=NUMBER_MAX + 1), f"a MsgSeqNum is 1 to {NUMBER_MAX}"),
    (act("set-seq", incoming=1, begin=1), "set-seq has no range"),
    (act("hold", incoming=1), "hold sets no numbers"),
    (act("hold", begin=1), "hold has no range"),
    (act("resend", since=1), "resend is asked for by numbers"),
    (act("resend"), "0-0 is no range"),
    (act("resend", begin=5, end=4), "5-4 is no range"),
    (act("resend-reports"), "reports are named by a range or by a time"),
    (act("resend-reports", begin=1, since=1), "reports are named by a range or by a time"),
    (act("resend-reports", end=4), "0-4 is no range"),
]


@pytest.mark.parametrize(
    ("command", "why"), REFUSED, ids=[f"{n} {one.act}" for n, (one, _) in enumerate(REFUSED)]
)
def test_nonsense_is_refused(desk: Conversation, command: ActOnSession, why: str) -> None:
    """Journaled with who and why, and nothing is carried out."""
    desk.client("A44")
    decided = desk.tell(command)
    assert decided.alerts == (f"refused: {why}",)
    assert decided.session_acts == ()
    assert desk.wire.acts == []


@pytest.mark.parametrize("what", ACTS)
def test_what_needs_a_line_is_refused_without_one(desk: Conversation, what: str) -> None:
    """Numbers, holds and reports are not: they hold until the client is back."""
    needs = what in ("logout", "disconnect", "test-request", "resend")
    decided = desk.tell(act(what, **NUMBERS.get(what, {})))
    said = decided.alerts == ("refused: A44 is not logged on",)
    assert said == needs, decided.alerts


@pytest.mark.parametrize("what", [one for one in ACTS if one != "release"])
def test_every_act_is_carried_out_after_its_commit(desk: Conversation, what: str) -> None:
    """Its event is in the journal with who and why, what is done on the wire."""
    desk.client("A44")
    desk.tell(act(what, **NUMBERS.get(what, {})))
    *_, row = desk.store.journal()
    assert row.kind == "ActOnSession"
    assert '"by":"carol"' in row.text
    assert '"why":"test"' in row.text
    if what != "resend-reports":  # the sequencer itself says those
        assert [one.act for one in desk.wire.acts] == [what]


def test_a_hold_is_not_held_twice(desk: Conversation) -> None:
    """Two people who hold must not be undone by one release without knowing."""
    desk.tell(act("hold"))
    assert desk.tell(act("hold")).alerts == ("refused: A44 is on hold already",)


def test_a_provider_is_not_held(desk: Conversation) -> None:
    """It only speaks to us."""
    found = [key for key, one in desk.state.register.sessions.items() if one.kind == "provider"]
    for key in found:
        assert desk.tell(act("hold", key)).alerts[0].startswith(f"refused: {key} is a provider's")
    assert found


def test_who_is_disabled_is_not_logged_on(desk: Conversation) -> None:
    """Only enabling does that; both are carried out on the line."""
    desk.tell(SetSession("A44", False, "carol", "test"))
    assert desk.tell(act("logon")).alerts == ("refused: A44 is disabled: enable it",)
    desk.tell(SetSession("A44", True, "carol", "test"))
    assert desk.tell(act("logon")).alerts == ()
    assert [(one.act, one.text) for one in desk.wire.acts] == [
        ("disable", "disabled by the desk"),
        ("enable", ""),
        ("logon", ""),
    ]


def test_acts_that_wait_are_bounded(desk: Conversation) -> None:
    """A hold that is forgotten must not fill the desk's memory."""
    desk.client("A44")
    desk.tell(act("hold"))
    for _ in range(64):
        assert desk.tell(act("test-request")).alerts[0].startswith("waits")
    assert desk.tell(act("test-request")).alerts[0].startswith("refused: 64 acts wait")
