"""From an outbox row to a finished quickfix.Message."""

from typing import Any

import quickfix as fix

from otcfix.fix.render import GROUPS
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import SOH
from otcfix.model.record import OutboxRow

_PLAIN = fix.Message()
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
    group = GROUPS.get(row.msg_type)
    if group is None or f"{group[0]}=" not in row.text:
        _PLAIN.setString(f"{head}{row.text}10=000{SOH}", False)
        return _PLAIN
    # Without a dictionary QuickFIX sorts every field by tag, and a group would come apart.
    count_tag, members = group
    plain: list[str] = []
    entries: list[list[tuple[int, str]]] = []
    for field in row.text.split(SOH)[:-1]:
        tag_text, _, value = field.partition("=")
        tag = int(tag_text)
        if tag == count_tag:
            entries.append([])
        elif entries and tag in members and (len(entries[-1]) < len(members)):
            if entries[-1] and tag == entries[-1][0][0]:
                entries.append([])
            entries[-1].append((tag, value))
        else:
            plain.append(f"{field}{SOH}")
    message = fix.Message(f"{head}{''.join(plain)}10=000{SOH}", False)
    for entry in entries:
        built = fix.Group(count_tag, entry[0][0])
        for tag, value in entry:
            built.setField(tag, value)
        message.addGroup(built)
    return message
