"""From an outbox row to a finished quickfix.Message."""

from typing import Any

import quickfix as fix

from otcfix.fix.copies import COPY
from otcfix.fix.groups import GROUPED, groups_of, reader_of
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import SOH
from otcfix.model.record import OutboxRow, StreamRow

_PLAIN, _GROUPED, _STREAMED = fix.Message(), fix.Message(), fix.Message()
"""Used for one message after another: making and freeing one costs more calls into the binding."""

_plain_holds = ""
"""The text that _PLAIN was made of; its session has added numbers, times and CompIDs since."""


def message_of(version: str, row: OutboxRow, again: bool) -> Any:
    """A finished quickfix.Message of an outbox row; the session adds its numbers and times.

    It holds until the next call.
    """
    head = f"8={begin_string(version)}{SOH}9=0{SOH}35={row.msg_type}{SOH}"
    if again:
        head += f"97=Y{SOH}"
    if row.deliver_to:
        head += f"128={row.deliver_to}{SOH}"
    if row.deliver_to_sub:
        head += f"129={row.deliver_to_sub}{SOH}"
    if row.msg_type in GROUPED and any(count in row.text for count in groups_of(row.msg_type)):
        # Without a dictionary QuickFIX sorts every field by tag, and a group would come apart.
        groups = reader_of(version)
        _GROUPED.setString(f"{head}{row.text}10=000{SOH}", False, groups, groups)
        return _GROUPED
    _fill(f"{head}{row.text}")
    return _PLAIN


def _fill(text: str) -> None:
    """Make _PLAIN hold *text*. A drop copy comes right behind what it copies, and differs by one
    field, or by none: the next session sets anew what the last one has added."""
    global _plain_holds  # noqa: PLW0603 - goes with _PLAIN
    if text == _plain_holds:
        return
    if text == f"{_plain_holds}{COPY}":
        _PLAIN.setField(797, "Y")
    else:
        _PLAIN.setString(f"{text}10=000{SOH}", False)
    _plain_holds = text


def stream_message_of(version: str, row: StreamRow) -> Any:
    """A finished quickfix.Message of a W or an X. It holds until the next call."""
    route = f"128={row.deliver_to}{SOH}" if row.deliver_to else ""
    if row.deliver_to_sub:
        route += f"129={row.deliver_to_sub}{SOH}"
    head = f"8={begin_string(version)}{SOH}9=0{SOH}35={row.msg_type}{SOH}{route}"
    groups = reader_of(version)
    _STREAMED.setString(f"{head}{row.text}10=000{SOH}", False, groups, groups)
    return _STREAMED
