"""A finished message is the same whatever was said before it."""

import itertools

import pytest
import quickfix as fix

from otcfix.fix.copies import COPY
from otcfix.fix.outgoing import message_of
from otcfix.model.record import OutboxRow

SOH = "\x01"
REPORT = f"37=O{SOH}17=E{SOH}150=0{SOH}39=0{SOH}55=BTC/USD{SOH}54=1{SOH}151=1{SOH}14=0{SOH}6=0{SOH}"


def row(text: str, to: str = "", msg_type: str = "8") -> OutboxRow:
    """A reply."""
    return OutboxRow(1, 1, "A", msg_type, "E", False, to, "", text)


ROWS = {
    "a report": (row(REPORT), False),
    "its copy": (row(REPORT + COPY), False),
    "it again": (row(REPORT), True),
    "it for somebody": (row(REPORT, "END1"), False),
    "its copy for somebody": (row(REPORT + COPY, "END1"), False),
    "another": (row(REPORT.replace("17=E", "17=F")), False),
    "its copy, again": (row(REPORT + COPY), True),
}


def sent(message: fix.Message, to: str) -> None:
    """What a session adds to what it sends."""
    header = message.getHeader()
    for tag, value in ((34, "7"), (49, "DESK"), (52, "20270113-12:00:00.000"), (56, to)):
        header.setField(tag, value)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(ROWS, ROWS)))
def test_a_message_does_not_show_what_was_said_before(before: str, after: str) -> None:
    """Behind each of these each of these is as if it were the first."""

    def said(name: str, to: str) -> str:
        reply, again = ROWS[name]
        message = message_of("FIX.4.4", reply, again)
        sent(message, to)
        return str(message.toString())

    message_of("FIX.4.4", row("11=X\x01", msg_type="9"), again=False)
    first = said(after, "B")
    message_of("FIX.4.4", row("11=X\x01", msg_type="9"), again=False)
    said(before, "A")
    assert said(after, "B") == first
    assert ("797=Y" in first) == ("copy" in after)
