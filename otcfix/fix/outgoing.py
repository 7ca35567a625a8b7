"""From an outbox row to a finished quickfix.Message."""

import tempfile
from typing import Any

import quickfix as fix

from otcfix.fix.render import GROUPS
from otcfix.fix.render_prices import STREAM_GROUP
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import SOH
from otcfix.model.record import OutboxRow, StreamRow

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


def _stream_dictionary() -> Any:
    """As much of a dictionary as it takes to keep the group of W and X together.

    QuickFIX then reads a body at once: built entry by entry it would cost ten times as much.
    """
    count_tag, members = STREAM_GROUP
    numbers = (8, 10, count_tag, *members)
    group = "".join(f"<field name='F{tag}' required='N'/>" for tag in members)
    messages = "".join(
        f"<message name='{kind}' msgtype='{kind}' msgcat='app'>"
        f"<group name='F{count_tag}' required='N'>{group}</group></message>"
        for kind in "WX"
    )
    fields = "".join(
        f"<field number='{tag}' name='F{tag}' "
        f"type='{'NUMINGROUP' if tag == count_tag else 'STRING'}'/>"
        for tag in numbers
    )
    text = (
        "<fix major='4' minor='4' type='FIX' servicepack='0'>"
        "<header><field name='F8' required='Y'/></header>"
        "<trailer><field name='F10' required='Y'/></trailer>"
        f"<messages>{messages}</messages><components/><fields>{fields}</fields></fix>"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        return fix.DataDictionary(file.name)


_STREAMS = _stream_dictionary()
_STREAMED = fix.Message()


def stream_message_of(version: str, row: StreamRow) -> Any:
    """A finished quickfix.Message of a W or an X. It holds until the next call."""
    route = f"128={row.deliver_to}{SOH}" if row.deliver_to else ""
    if row.deliver_to_sub:
        route += f"129={row.deliver_to_sub}{SOH}"
    head = f"8={begin_string(version)}{SOH}9=0{SOH}35={row.msg_type}{SOH}{route}"
    _STREAMED.setString(f"{head}{row.text}10=000{SOH}", False, _STREAMS, _STREAMS)
    return _STREAMED
