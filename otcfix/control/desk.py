"""The running desk as the control API sees it: reads its lines, leaves commands in its mailbox.

On the API's own threads: it looks at plain values that the sequencer's thread moves, and never
calls the engine.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from otcfix.control import view
from otcfix.control.rates import rows_of
from otcfix.model import session_act as acts
from otcfix.model.time import iso

WAIT_S = 10.0
"""How long an act may wait for the desk to decide it."""

LOOK_S = 0.01
CARRIED_OUT_S = 3.0
"""How long its outcome is waited for behind that: a Logout, or the answer to a TestRequest."""

ENDS_LINE = (acts.LOGOUT, acts.DISCONNECT, acts.RESET, acts.SET_SEQ)


class Busy(Exception):
    """The desk did not decide in time; the command is done as soon as it can."""


class Refused(Exception):
    """The desk decided, and journaled, that it will not."""


class RunningDesk:
    """Answers what the server is asked."""

    def __init__(
        self,
        *,
        lines: Any,
        state: Any,
        store: Any,
        wake: Callable[[], None],
        done: Mapping[int, str],
        depth: Callable[[str], int],
        waits_s: Callable[[str, float], float],
        version: str,
    ) -> None:
        """lines: of the acceptor, by key; done: what each act did, by its event; depth: of a
        session's inbox; waits_s: how long its callers are turned away; wake: has the mailbox
        looked into now."""
        self._lines = lines
        self._state = state
        self._store = store
        self._wake = wake
        self._done = done
        self._depth = depth
        self._waits_s = waits_s
        self._version = version
        self._since = time.time_ns() // 1_000

    def health(self) -> dict[str, Any]:
        """Whether the desk moves: the journal's head, and who is logged on."""
        lines = list(self._lines)
        return {
            "ok": True,
            "version": self._version,
            "started_at": iso(self._since),
            "events": self._state.seq,
            "halted": self._state.halted,
            "sessions": len(lines),
            "online": sum(line.online for line in lines),
        }

    def sessions(self) -> list[view.Row]:
        """Every session."""
        return [self._row(line) for line in list(self._lines)]

    def session(self, key: str) -> view.Row | None:
        """One session, with its rates of messages; None: no such session."""
        line = self._lines.get(key)
        if line is None:
            return None
        row = self._row(line)
        row["throttles"] = rows_of(self._state, time.time_ns() // 1_000, key)
        return row

    def _row(self, line: Any) -> view.Row:
        key = line.config.key
        row = view.running(line.config, line, time.time_ns() // 1_000)
        row["inbox"] = self._depth(key)
        row["turned_away_s"] = round(self._waits_s(key, time.monotonic()), 1)
        return row

    def act(self, command: Any) -> dict[str, Any]:
        """Have *command* decided, journaled and carried out. Errors: Refused, Busy."""
        text = msgspec.json.encode(command).decode()
        command_id = self._store.put_command(text, command.by, time.time_ns() // 1_000)
        self._wake()
        until = time.monotonic() + WAIT_S
        while True:
            found = self._store.command_result(command_id)
            if found is not None and found.result is not None:
                break
            if time.monotonic() > until:
                raise Busy(
                    f"the desk did not take command {command_id} within {WAIT_S:g} s; it stays in "
                    "the mailbox and is done as soon as the desk takes it: do not send it again"
                )
            time.sleep(LOOK_S)
        if found.result.startswith("refused"):
            raise Refused(found.result)
        told = self._carried_out(found.done_seq, command) if found.result == "done" else ""
        return {
            "ok": True,
            "event": found.done_seq,
            "result": found.result,
            "did": told,
            "session": self.session(command.session),
        }

    def _carried_out(self, seq: int, command: Any) -> str:
        """What was done, in words, as soon as it can be seen."""
        until = time.monotonic() + CARRIED_OUT_S
        while seq not in self._done:
            if time.monotonic() > until:
                return "not carried out yet"
            time.sleep(LOOK_S)
        told = self._done[seq]
        act, line = getattr(command, "act", ""), self._lines.get(command.session)
        if line is None:
            return told
        if act == acts.TEST_REQUEST:
            self._until(until, lambda: not line.record.asked or not line.online)
            if line.online and not line.record.asked:
                return f"{told}, and answered in {line.record.round_trip_us / 1_000:g} ms"
            return f"{told}, and not answered within {CARRIED_OUT_S:g} s"
        if act in ENDS_LINE or getattr(command, "enabled", True) is False:
            self._until(until, lambda: not line.online)
        return told

    @staticmethod
    def _until(deadline: float, happened: Callable[[], bool]) -> None:
        while not happened() and time.monotonic() < deadline:
            time.sleep(LOOK_S)
