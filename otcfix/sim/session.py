"""A session that goes on: it comes back after every break, with its numbers, and asks again for
what it misses."""

import re
import time
from collections.abc import Callable, Iterable

from otcfix.model.errors import OtcfixError
from otcfix.trials.line import Line, Numbers, Who
from otcfix.trials.scenario import Said
from otcfix.trials.wire import Heard

TOO_LOW = re.compile(r"MsgSeqNum too low, expecting (\d+)")
BACK_S = 0.6
"""Between two connections: a desk turns away who comes back more often than twice a second."""
LOGON_S = 4.0
ASK_AGAIN_S = 2.0
KEPT_MAX = 20_000
GOODBYE_S = 2.0


class NoSession(OtcfixError):
    """Nobody lets us in; the text says what was tried and what came back."""


class Passing(list[Said]):
    """A transcript that keeps nothing, for sessions that may run for days."""

    def append(self, said: Said) -> None:
        """Forget it."""


class Session(Line):
    """One session of a simulated client. logons, breaks: how often it came up and went down."""

    def __init__(self, who: Who, transcript: list[Said] | None = None) -> None:
        super().__init__(who, Numbers(), Passing() if transcript is None else transcript)
        self.online = False
        self.logons = self.breaks = 0
        self.goodbye = ""
        self._next_try = self._logon_until = 0.0
        self._missing_since = 0.0

    def up(self, patience_s: float) -> None:
        """Come up. Errors: NoSession when that took longer."""
        until = time.monotonic() + patience_s
        while not self.online:
            if time.monotonic() > until:
                who = self.who
                raise NoSession(
                    f"{who.host}:{who.port}: no session {who.version} {who.sender}->{who.target} "
                    f"within {patience_s:g} s: {self.goodbye or 'no answer to the Logon'}"
                )
            self.tend(0.02)

    def tend(self, timeout_s: float) -> None:
        """Take what is there; come back when the line is gone."""
        if not self.connected:
            if self.online:
                self.online = False
                self.breaks += 1
            self._come_back(timeout_s)
            return
        self.poll(timeout_s)
        self._housekeep()

    def _come_back(self, timeout_s: float) -> None:
        now = time.monotonic()
        if now < self._next_try:
            time.sleep(min(timeout_s, self._next_try - now))
            return
        self._next_try = now + BACK_S
        try:
            self.connect()
        except OSError as error:
            self.goodbye = error.strerror or str(error)
            return
        self.say("A", self.logon_fields().items())
        self._logon_until = now + LOGON_S

    def _housekeep(self) -> None:
        for heard in list(self.heard):
            if heard.kind == "A":
                self.heard.remove(heard)
                if not self.online:
                    self.online = True
                    self.logons += 1
            elif heard.kind == "5":
                self.heard.remove(heard)
                self._told_off(heard)
        now = time.monotonic()
        if not self.online and self.connected and now > self._logon_until:
            self.close("no answer to the Logon")
        if not self._ahead:
            self._missing_since = now
        elif now - self._missing_since > ASK_AGAIN_S:
            self._missing_since = now
            self._asked_from = 0  # our request may be lost: the next message asks again

    def _told_off(self, goodbye: Heard) -> None:
        self.goodbye = goodbye.get(58)
        behind = TOO_LOW.search(self.goodbye)
        if behind is not None and not self.online:
            self.numbers.next_out = int(behind[1])
        elif self.connected and self.online:
            self.say("5", [])
        self.close("they said goodbye")

    def say(self, kind: str, fields: Iterable[tuple[int, str]], *, lost: bool = False) -> int:
        """See Line.say; of what was said the newest KEPT_MAX are kept for ResendRequests."""
        number = super().say(kind, fields, lost=lost)
        self._sent.pop(self.numbers.next_out - KEPT_MAX, None)
        return number

    def await_one(self, is_it: Callable[[Heard], bool], within_s: float) -> Heard | None:
        """Take the first message that fits out of what was heard; None when none came in time."""
        until = time.monotonic() + within_s
        while True:
            for heard in list(self.heard):
                if is_it(heard):
                    self.heard.remove(heard)
                    return heard
            if time.monotonic() > until or not self.connected:
                return None
            self.poll(0.02)

    def leave(self) -> None:
        """Log out, hear it, and close."""
        if self.connected and self.online:
            self.say("5", [])
            until = time.monotonic() + GOODBYE_S
            while self.connected and time.monotonic() < until:
                self.poll(0.05)
                if any(heard.kind == "5" for heard in self.heard):
                    break
        self.online = False
        self.close("")
