"""Sessions as staff sees them and what staff does to them: on the thread that polls the engine.

A `Record` is kept by every line; other threads may read it. What an act does to QuickFIX's session
is in `Administration.act`; what follows for the desk was decided before.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog

from otcfix.model import session_act as acts
from otcfix.model.event import StreamHeld
from otcfix.model.record import OutboxRow
from otcfix.model.session_act import SessionAct
from otcfix.model.time import Instant

log = structlog.get_logger("otcfix.fix")

AGES_KEPT = 64
"""The messages of whose age the latency is told."""

PASSES_HOLD = ("j", "3")
"""Refusals of what a session on hold sends; everything else that it would hear waits."""


OFF = "it was not logged on"


def _now() -> Instant:
    return time.time_ns() // 1_000


class Record:
    """What staff sees of a line besides its numbers, and what staff ordered of it.

    shut: disabled; on_hold: it is told nothing; owed: replies that wait for the end of the hold;
    ages: when a message came and its SendingTime(52); round_trip_us: of the last TestRequest(1).
    """

    __slots__ = (
        "ages", "asked", "asked_at", "failed_at", "failed_from", "failed_logons", "in_at",
        "in_kind", "on_hold", "out_at", "out_kind", "owed", "round_trip_us", "shut", "up_at",
    )  # fmt: skip

    def __init__(self) -> None:
        self.shut = self.on_hold = False
        self.owed = self.failed_logons = 0
        self.up_at: Instant = 0
        self.failed_at: Instant = 0
        self.failed_from = ""
        self.in_kind = self.out_kind = ""
        self.in_at: Instant = 0
        self.out_at: Instant = 0
        self.ages: deque[tuple[Instant, str]] = deque(maxlen=AGES_KEPT)
        self.asked = ""
        self.asked_at = 0
        self.round_trip_us = 0

    def came(self, kind: str, sent: str) -> None:
        """A message came; sent: its SendingTime(52)."""
        now = _now()
        self.in_kind, self.in_at = kind, now
        self.ages.append((now, sent))

    def left(self, kind: str) -> None:
        """A message was sent."""
        self.out_kind, self.out_at = kind, _now()

    def asks(self, test_req_id: str) -> None:
        """A TestRequest(1) leaves, whoever asked for it."""
        self.asked, self.asked_at = test_req_id, time.monotonic_ns()

    def answered(self, test_req_id: str) -> None:
        """A Heartbeat(0) with TestReqID(112) came."""
        if self.asked and test_req_id == self.asked:
            self.round_trip_us = max(1, (time.monotonic_ns() - self.asked_at) // 1_000)
            self.asked = ""

    def failed(self, address: str) -> None:
        """A logon was refused."""
        self.failed_logons += 1
        self.failed_at, self.failed_from = _now(), address

    def waits(self, msg_type: str, *, again: bool) -> bool:
        """Whether a reply waits for the end of the hold. again: it was said before, or is owed from
        before: it is on its way whatever staff does."""
        if not self.on_hold or again or msg_type in PASSES_HOLD:
            return False
        self.owed += 1
        return True


class Administration:
    """Does to a line what staff decided."""

    def __init__(
        self,
        lines: Any,
        controls: Any,
        event: Callable[[Any, object], None],
        admission: Any,
    ) -> None:
        """lines: by key, `get` and iteration; controls: `Controls`; admission: `Admission`."""
        self._lines = lines
        self._controls = controls
        self._event = event
        self.admission = admission
        self._spoken: set[str] = set()

    def restore(
        self,
        shut: Iterable[str],
        held: Iterable[str],
        spoken: Iterable[str],
        unsent: Sequence[OutboxRow],
    ) -> list[OutboxRow]:
        """What staff had ordered before the start: sessions disabled, on hold, and those that it
        enabled or disabled whatever sessions.toml says.

        unsent: what was not said yet; returns it without what waits for the end of a hold.
        """
        shut, held = set(shut), set(held)
        self._spoken = set(spoken)
        for line in self._lines:
            key, record = line.config.key, line.record
            record.shut, record.on_hold = key in shut, key in held
            if record.on_hold:
                record.owed = sum(row.session == key and not row.price for row in unsent)
        return [row for row in unsent if row.price or row.session not in held]

    def configured(self, enabled: Mapping[str, bool]) -> None:
        """sessions.toml was read again: by key, whether a session is enabled in it. Staff's word
        goes before it."""
        for line in self._lines:
            key = line.config.key
            if key not in self._spoken and key in enabled:
                line.record.shut = not enabled[key]
                if line.record.shut:
                    self._controls.log_out(key, "disabled by the desk")

    def act(self, act: SessionAct) -> str:
        """Carry out *act*; in words, what was done."""
        line = self._lines.get(act.session)
        if line is None:
            return f"no session {act.session}"
        try:
            told = _DO[act.act](self, line, act)
        except Exception as error:
            # The desk goes on: what staff asks for must not stop everybody.
            log.exception("session_act_failed", session=act.session, act=act.act)
            return f"failed: {type(error).__name__}: {error}"
        line.note_numbers()
        return told

    # -- one act each --------------------------------------------------------------------------

    def _logon(self, line: Any, _act: SessionAct) -> str:
        self.admission.forgive(line.config.key)
        if not line.session.isEnabled():
            line.session.logon()
        return "it is let in at its next logon" if not line.online else "it is logged on"

    def _enable(self, line: Any, act: SessionAct) -> str:
        line.record.shut = False
        self._spoken.add(line.config.key)
        return self._logon(line, act)

    def _disable(self, line: Any, act: SessionAct) -> str:
        line.record.shut = True
        self._spoken.add(line.config.key)
        return f"{self._logout(line, act)}; it is refused from now on"

    def _logout(self, line: Any, act: SessionAct) -> str:
        done = self._controls.log_out(line.config.key, act.text)
        return "Logout is sent" if done else OFF

    def _disconnect(self, line: Any, _act: SessionAct) -> str:
        return "its connection is closed" if self._controls.disconnect(line.config.key) else OFF

    def _hold(self, line: Any, _act: SessionAct) -> str:
        line.record.on_hold = True
        return "it is on hold"

    def _release(self, line: Any, _act: SessionAct) -> str:
        line.record.on_hold = False
        line.record.owed = 0
        if line.held:  # it does not read either: State forgot that while it was on hold
            self._event(line, StreamHeld(line.config.key, True))
        return "it is released"

    def _reset(self, line: Any, _act: SessionAct) -> str:
        epoch = self._controls.reset(line.config.key)
        return f"its numbers begin at 1, in epoch {epoch}"

    def _set_seq(self, line: Any, act: SessionAct) -> str:
        numbers = (act.incoming or None, act.outgoing or None)
        epoch = self._controls.set_numbers(line.config.key, *numbers)
        return f"its numbers are set, in epoch {epoch}"

    def _test_request(self, line: Any, _act: SessionAct) -> str:
        asked = f"otcfix-staff-{secrets.token_hex(4)}"
        done = self._controls.test_request(line.config.key, asked)
        return f"TestRequest 112={asked} is sent" if done else OFF

    def _resend(self, line: Any, act: SessionAct) -> str:
        if not line.online:
            return OFF
        session = line.session
        expected = session.getExpectedTargetNum()
        if act.begin >= expected:
            return f"nothing is asked for: {expected} is the next that is expected"
        # QuickFIX passes over what it has had: its number is lowered, as after a restart (R1).
        session.setNextTargetMsgSeqNum(act.begin)
        line.note_numbers()
        self._controls.send_resend_request(line.config.key, act.begin, act.end)
        return f"ResendRequest of {act.begin} to {act.end or 'the last'} is sent"


_DO: dict[str, Callable[[Administration, Any, SessionAct], str]] = {
    acts.LOGON: Administration._logon,
    acts.ENABLE: Administration._enable,
    acts.DISABLE: Administration._disable,
    acts.LOGOUT: Administration._logout,
    acts.DISCONNECT: Administration._disconnect,
    acts.HOLD: Administration._hold,
    acts.RELEASE: Administration._release,
    acts.RESET: Administration._reset,
    acts.SET_SEQ: Administration._set_seq,
    acts.TEST_REQUEST: Administration._test_request,
    acts.RESEND: Administration._resend,
}
