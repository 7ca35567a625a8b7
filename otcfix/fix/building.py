"""Building a message by hand: QuickFIX sorts every field by tag, and groups would come apart."""

from collections.abc import Sequence
from typing import Any

import quickfix as fix

from otcfix.fix.settings import begin_string
from otcfix.fix.wire import SOH

Field = tuple[int, str]
Entry = Sequence[Field]
Group = tuple[int, Sequence[Entry]]
"""The tag that counts the entries, and the entries; each begins with the same tag."""


def built(
    version: str, msg_type: str, fields: Sequence[Field], groups: Sequence[Group] = ()
) -> Any:
    """A quickfix.Message; header and trailer are the session's. Absent values ("") are left out."""
    words = "".join(f"{tag}={value}{SOH}" for tag, value in fields if value)
    begin = begin_string(version)
    message = fix.Message(f"8={begin}{SOH}9=0{SOH}35={msg_type}{SOH}{words}10=000{SOH}", False)
    for count_tag, entries in groups:
        for entry in entries:
            made = fix.Group(count_tag, entry[0][0])
            for tag, value in entry:
                if value:
                    made.setField(tag, value)
            message.addGroup(made)
    return message
