"""One reply in words, for whom it is and for the drop copies that hear it as well."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import structs

from otcfix.fix.body import V42, Rendered
from otcfix.fix.wire import SOH
from otcfix.model.party import Session
from otcfix.model.replies import ExecutionReport, Reply

COPY = f"797=Y{SOH}"
"""CopyMsgIndicator; 4.2 has none."""


class Spoken(NamedTuple):
    """A reply in words, and the session that it goes to."""

    session: str
    msg_type: str
    text: str
    exec_id: str
    price: bool


def spoken(
    reply: Reply, sessions: Mapping[str, Session], render: Callable[[Reply, Session], Rendered]
) -> list[Spoken]:
    """*reply* to its own session, then to each drop copy, which hears the same in the words of its
    own session. Between sessions that speak alike they are the same words."""
    mine = sessions[reply.session]
    words = render(reply, mine)
    found = [Spoken(reply.session, *words)]
    if not isinstance(reply, ExecutionReport) or not reply.copied_to:
        return found
    for key in reply.copied_to:
        session = sessions[key]
        if session.version == mine.version and session.dialect is mine.dialect is None:
            text = words.body if session.version == V42 else words.body + COPY
            found.append(Spoken(key, words.msg_type, text, words.exec_id, words.price))
            continue
        copy = structs.replace(reply, session=key, copy_of=reply.session, copied_to=())
        found.append(Spoken(key, *render(copy, session)))
    return found
