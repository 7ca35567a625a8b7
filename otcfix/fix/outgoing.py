"""From an outbox row to a finished quickfix.Message."""

from typing import Any

import quickfix as fix

from otcfix.fix.groups import GROUPED, groups_of, reader_of
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import SOH
from otcfix.model.record import OutboxRow, StreamRow

_PLAIN, _GROUPED, _STREAMED = fix.Message(), fix.Message(), fix.Message()
"""Used for one message after another: making and freeing one costs more calls into the binding."""


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
    _PLAIN.setString(f"{head}{row.text}10=000{SOH}", False)
    return _PLAIN


def stream_message_of(version: str, row: StreamRow) -> Any:
    """A finished quickfix.Message of a W or an X. It holds until the next call."""
    route = f"128={row.deliver_to}{SOH}" if row.deliver_to else ""
    if row.deliver_to_sub:
        route += f"129={row.deliver_to_sub}{SOH}"
    head = f"8={begin_string(version)}{SOH}9=0{SOH}35={row.msg_type}{SOH}{route}"
    groups = reader_of(version)
    _STREAMED.setString(f"{head}{row.text}10=000{SOH}", False, groups, groups)
    return _STREAMED
