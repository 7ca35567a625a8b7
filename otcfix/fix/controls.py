"""What staff may do to one session while the others go on: its numbers, its connection, its line.

All of it on the thread that takes. Errors of every method: KeyError when there is no such session.
"""

from typing import Any

import quickfix as fix
import structlog

from otcfix.fix.building import built
from otcfix.fix.line import Line
from otcfix.fix.lines import Lines
from otcfix.fix.mouth import Mouth
from otcfix.model.event import EpochMoved

log = structlog.get_logger("otcfix.fix")

RESET_TEXT = "the sequence numbers start anew; log on again with 34=1"
NUMBERS_TEXT = "the desk sets the sequence numbers; log on again"


class Controls:
    """The acts; a base of the Acceptor, which brings the rest."""

    _lines: Lines
    _mouth: Mouth

    def _event(self, line: Line, body: object) -> None:
        raise NotImplementedError

    def _wake(self, line: Line) -> None:
        raise NotImplementedError

    def reset(self, key: str, reason: str = "reset by staff", text: str = RESET_TEXT) -> int:
        """Both numbers of a session begin at 1, in a new epoch (R1); its orders stand.

        Who is logged on is logged out with *text*. What was not proven read is said again at the
        next logon (R21). Returns the new epoch.
        """
        line = self._lines[key]
        self._off(line, text)
        line.forgiven = True  # QuickFIX says a Logout here even to nobody: it is no refused logon
        try:
            line.session.reset()
        finally:
            line.forgiven = False
        return self._new_epoch(line, reason)

    def set_numbers(
        self,
        key: str,
        incoming: int | None = None,
        outgoing: int | None = None,
        reason: str = "numbers set by staff",
    ) -> int:
        """Set the next number expected in, the next number out, or both; a new epoch begins (R1).

        Who is logged on is logged out first. Returns the epoch. Errors: ValueError below 1, and
        when neither is given.
        """
        line = self._lines[key]
        given = [number for number in (incoming, outgoing) if number is not None]
        if not given or min(given) < 1:
            raise ValueError("expected a number from 1 on, incoming, outgoing or both")
        self._off(line, NUMBERS_TEXT)
        if incoming is not None:
            line.session.setNextTargetMsgSeqNum(incoming)
        if outgoing is not None:
            line.session.setNextSenderMsgSeqNum(outgoing)
        return self._new_epoch(line, reason)

    def _new_epoch(self, line: Line, reason: str) -> int:
        line.note_numbers()
        line.again_from = 0
        line.epoch += 1
        self._event(line, EpochMoved(line.config.key, line.epoch, reason))
        log.info("session_numbers", session=line.config.key, why=reason, numbers=line.numbers)
        return line.epoch

    def log_out(self, key: str, text: str) -> bool:
        """Say Logout(5) with *text*; the client may come back at once. False: it was off.

        QuickFIX waits for the client's own Logout, two seconds at most.
        """
        line = self._lines[key]
        if not line.online or not line.session.isEnabled():
            return False
        line.session.logout(text)
        line.session.next(fix.UtcTimeStamp())
        self._wake(line)
        return True

    def disconnect(self, key: str) -> bool:
        """End a session's connection without a word. False: it had none."""
        line = self._lines[key]
        was = line.online
        line.session.disconnect()
        self._wake(line)
        return was

    def test_request(self, key: str, test_req_id: str) -> bool:
        """Ask for a Heartbeat with TestReqID(112) *test_req_id*. False: the session is off."""
        return self._say_admin(self._lines[key], "1", [(112, test_req_id)])

    def send_resend_request(self, key: str, begin: int, end: int = 0) -> bool:
        """Ask the client to send again BeginSeqNo(7) to EndSeqNo(16), 0 for all. False: off.

        What has been journaled already comes again with PossDup(43) and is known by its ids.
        """
        return self._say_admin(self._lines[key], "2", [(7, str(begin)), (16, str(end))])

    def _say_admin(self, line: Line, kind: str, fields: list[tuple[int, str]]) -> bool:
        if not line.online:
            return False
        self._mouth.send(line, built(line.config.version, kind, fields))
        return True

    def _off(self, line: Line, text: str) -> None:
        """Have a line logged out, and its connection ended, now."""
        session: Any = line.session
        if line.online and session.isEnabled():
            session.logout(text)
            session.next(fix.UtcTimeStamp())
        session.disconnect()
        self._wake(line)
