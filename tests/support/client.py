"""The client's end of one session: what it says, how QuickFIX takes it, and what it hears."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from otcfix.config import hash_secret
from otcfix.fix.fields import blank_secrets
from otcfix.fix.users import Rotation, User, holds_secrets, requested, rotation_of
from otcfix.model.event import AdminSeen, Overflowed, SessionDown, SessionUp
from otcfix.sequencer.inbox import Incoming
from tests.support.house_desk import VERSIONS
from tests.support.lines import compare, fields_of, known_of_order, wire_value
from tests.support.versions import in_version
from tests.support.world import SOH, Heard, Refused, framed, received, stamp

if TYPE_CHECKING:
    from tests.conversation import Conversation

CONTINUED = re.compile(r"\n\s*\|")
HEADER = (34, 43, 52, 97, 115, 116, 122, 1128)


class Client:
    """One session, seen from the client's chair."""

    def __init__(self, conversation: Conversation, key: str) -> None:
        self.conversation = conversation
        self.line = conversation.wire.lines[key]
        self.key = key
        self.version = self.line.version
        self.number = {version: number for number, version in VERSIONS.items()}[self.version]
        self._orders: dict[str, dict[int, str]] = {}
        self.secret = f"the first secret of {key}, as configured"

    # -- the connection --------------------------------------------------------------------

    def logs_on(self, remote: str = "", cancel_on_disconnect: bool | None = None) -> None:
        """The session comes up from *remote*; what was said meanwhile is resent."""
        self.conversation.wire.logs_on(self.line)
        self._event(SessionUp(self.key, self.line.epoch, remote, cancel_on_disconnect))

    def drops(self) -> None:
        """The session goes off."""
        self.line.online = False
        self._event(SessionDown(self.key))

    def _event(self, body: object) -> None:
        here = self.conversation
        here.inbox.put_behind(Incoming(self.key, self.line.epoch, "", here.now, body))
        here.step()

    # -- saying ----------------------------------------------------------------------------

    def talk(self, script: str, *, as_44: bool = False) -> None:
        """Speak *script*, line by line (see the module).

        as_44: it is written in the words of 4.4, and this session may speak another version.
        """
        joined = CONTINUED.sub("|", script)
        for raw in joined.strip().splitlines():
            who, _, what = raw.strip().partition(" ")
            if who == "C":
                self.says_nothing_more()
                self.C(what.strip())
            elif who == "D":
                self.D(in_version(what.strip(), self.number) if as_44 else what.strip())
            elif who == "@":
                self.says_nothing_more()
                self.conversation.at(what.strip())
            elif who and not who.startswith("#"):
                raise AssertionError(f"not a line of a conversation: {raw}")
        self.says_nothing_more()

    def talk_44(self, script: str) -> None:
        """Speak a script in the words of 4.4, whatever version this session speaks (R8)."""
        self.talk(script, as_44=True)

    def C(self, line: str) -> None:  # noqa: N802
        """The client says *line*."""
        header, body = self._spoken(line)
        self.raw(framed(self._session, header, body))

    @property
    def _session(self) -> Any:
        return self.conversation.state.register.sessions[self.key]

    def raw(self, text: str) -> None:
        """The client sends *text* as it is; QuickFIX looks at it first."""
        here = self.conversation
        try:
            self.arrives(received(self._session, text))
        except Refused as refused:
            self._rejected(Heard(text), refused)
        here.step()

    def arrives(self, text: str) -> None:
        """*text* leaves QuickFIX for the inbox, and is not decided yet."""
        here = self.conversation
        heard = Heard(text)
        if heard.kind == "BE":
            self._asks_as_a_user(text)
            return
        if holds_secrets(text):
            text = blank_secrets(text)
        incoming = Incoming(self.key, self.line.epoch, text, here.now)
        if not here.inbox.put(incoming, heard.kind):
            ref_id = heard.get(131 if heard.kind == "R" else 11)
            number = int(heard.get(34))
            named = heard.get(41), heard.get(115), heard.get(116)
            body = Overflowed(self.key, self.line.epoch, number, heard.kind, ref_id, *named)
            here.inbox.put_behind(Incoming(self.key, self.line.epoch, "", here.now, body))

    def _asks_as_a_user(self, text: str) -> None:
        """As the acceptor does: its secrets go no further."""
        here = self.conversation
        user = User(self.key, self.key, hash_secret(self.secret, "5a17"), self._rotation)
        asked = requested(user, text, barred=False)
        if asked is None:
            incoming = Incoming(self.key, self.line.epoch, blank_secrets(text), here.now)
            assert here.inbox.put(incoming, "BE")
        else:
            here.inbox.put_behind(Incoming(self.key, self.line.epoch, "", here.now, asked))

    @property
    def _rotation(self) -> Rotation:
        return rotation_of(self.conversation.state, self.key)

    def _rejected(self, heard: Heard, refused: Refused) -> None:
        """QuickFIX answers by itself: Reject(35=3), journaled as seen (R14)."""
        tag = f"371={refused.tag}{SOH}" if refused.tag else ""
        kind = f"372={heard.kind}{SOH}"
        text = f"35=3{SOH}45={heard.get(34)}{SOH}{tag}{kind}373={refused.reason}{SOH}"
        self.line.number_out += 1
        self.line.unread.append(Heard(text))
        self._event(AdminSeen(self.key, True, "3", text))

    def _spoken(self, line: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        fields = fields_of(line)
        given = dict(fields)
        kind = given[35]
        fields += known_of_order(kind, given, self._orders)
        here = self.conversation
        fields = [
            (tag, wire_value(tag, here.names.spoken(tag, value), here.now))
            for tag, value in fields
            if value != "-"
        ]
        if kind in ("D", "G"):
            self._orders[given.get(11, "")] = dict(fields)
        self.line.number_in += 1
        header = {35: kind, 34: str(self.line.number_in), 49: self.key}
        header |= {52: stamp(here.now), 56: "OTCFIX"}
        header |= {tag: value for tag, value in fields if tag in HEADER}
        body = [(tag, value) for tag, value in fields if tag not in (*HEADER, 35)]
        return list(header.items()), body

    # -- hearing ---------------------------------------------------------------------------

    def D(self, line: str) -> Heard:  # noqa: N802
        """The next thing that the desk says to this session is *line*."""
        assert self.line.unread, f"the desk says nothing, expected: {line}"
        heard = self.line.unread.pop(0)
        here = self.conversation
        expected = [
            (tag, wire_value(tag, value, here.now, expected=True)) for tag, value in fields_of(line)
        ]
        compare(expected, heard, here.names)
        return heard

    def hears(self) -> Heard:
        """The next thing that the desk says, whatever it is."""
        assert self.line.unread, "the desk says nothing"
        return self.line.unread.pop(0)

    def hears_all(self) -> list[Heard]:
        """Everything that was said and not looked at."""
        heard, self.line.unread[:] = list(self.line.unread), []
        return heard

    def says_nothing_more(self) -> None:
        """The desk has said nothing that was not looked at."""
        assert not self.line.unread, f"the desk also said: {self.line.unread}"
