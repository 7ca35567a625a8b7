"""Proof of reading: QuickFIX queues without bound for a client who does not read (R2).

After so many messages a TestRequest(1) asks for a Heartbeat that names it: what was said before
has been read then. A reader too far behind is logged out when it is reports that he does not read;
streams only stop for him, since their next price makes the last one worthless.
"""

import secrets
from collections.abc import Callable
from typing import Any

import quickfix as fix
import structlog

from otcfix.fix.line import Line
from otcfix.fix.settings import begin_string
from otcfix.fix.wire import SOH
from otcfix.model.event import StreamHeld

log = structlog.get_logger("otcfix.fix")

PROOF_EVERY = 200
"""Messages said to a session before it is asked to prove that it reads."""

PROOF = "otcfix-"


class Proofs:
    """Counts what was said to each line since its last proof."""

    def __init__(
        self,
        send: Callable[[Line, Any], None],
        event: Callable[[Line, object], None],
        proven: Callable[[str, int], None],
    ) -> None:
        self._send = send
        self._event = event
        self._proven = proven

    @staticmethod
    def begin(line: Line) -> None:
        """The session is up: nothing is owed a proof."""
        line.unproven = line.streamed = 0
        line.proof_asked = ""
        line.held = False

    def said(self, line: Line, outbox_id: int) -> None:
        """A reply was sent."""
        line.last_said = outbox_id
        line.unproven += 1
        if line.unproven < PROOF_EVERY or not line.online:
            return
        if not line.proof_asked:
            self._ask(line)
        elif line.unproven > line.config.unproven_max:
            log.warning("slow_reader", session=line.config.key, unproven=line.unproven)
            line.unproven = 0
            line.session.logout("slow reader: messages were not read")

    def streamed(self, line: Line) -> None:
        """A price of a stream was sent."""
        line.streamed += 1
        if line.streamed < PROOF_EVERY:
            return
        if not line.proof_asked:
            self._ask(line)
        elif line.streamed > line.config.stream_unproven_max and not line.held:
            log.warning("stream_held", session=line.config.key, unproven=line.streamed)
            line.held = True
            self._event(line, StreamHeld(line.config.key, True))

    def heard(self, line: Line, answer: str) -> None:
        """A Heartbeat with TestReqID(112) came: it proves what our own TestRequest asked for.

        Whoever could invent the answer need not read, and could prove what was never said.
        """
        if not line.proof_asked or answer != line.proof_asked:
            return
        line.proof_asked = ""
        line.unproven = line.streamed = 0
        self._proven(line.config.key, line.proof_of)
        if line.held:
            line.held = False
            self._event(line, StreamHeld(line.config.key, False))

    def _ask(self, line: Line) -> None:
        line.proof_of = line.last_said
        line.proof_asked = f"{PROOF}{line.last_said}-{secrets.token_hex(4)}"
        head = f"8={begin_string(line.config.version)}{SOH}9=0{SOH}35=1{SOH}"
        self._send(line, fix.Message(f"{head}112={line.proof_asked}{SOH}10=000{SOH}", False))
