"""Sessions that come, go and change while the others go on.

Only the engines concerned are stopped: their clients are logged out and told why, and may come
back at once. Numbers go on where they stood, in QuickFIX's store.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from otcfix.config import SessionConfig
from otcfix.fix.engine import Engine, Engines
from otcfix.fix.line import Line, session_id_of
from otcfix.fix.lines import Lines
from otcfix.model.dialect import Dialect
from otcfix.model.event import AdminSeen, EpochMoved

log = structlog.get_logger("otcfix.fix")

RENAMED = "version or CompIDs changed"

MADE_ANEW = (
    *("version", "sender_comp_id", "target_comp_id", "group", "reset_on_logon", "next_expected"),
    *("dialect", "unknown_tags", "dictionary"),
)
"""Keys of a session that its engine is made of: with another value it is built anew."""

LOGS_OUT = (
    *("username", "password_hash", "allowed_remote_addresses", "countries"),
    *("tls", "certificate"),
)
"""Keys that a Logon is judged by: who is on must log on again. All others hold from now on."""

LEAVING_S = 2.5
"""How long clients have to answer a Logout before they are disconnected."""

REMOVED = "this session was removed from the desk's configuration"
CHANGED = "the configuration of this session has changed; log on again"
NEIGHBOUR = "a session of the same group is being changed; log on again"

Make = Callable[[str, Sequence[Line]], Engine]
MakeLine = Callable[[SessionConfig], Line]


def group_of(session: SessionConfig) -> str:
    """The engine that a session runs on: one of its own, unless the file names a group."""
    return f"group {session.group}" if session.group else f"session {session.key}"


class Changes:
    """Brings the lines to a new configuration."""

    def __init__(
        self,
        lines: Lines,
        engines: Engines,
        make: Make,
        make_line: MakeLine,
        *,
        speaks: Callable[[SessionConfig], Dialect | None],
        log_out: Callable[[str, str], bool],
        event: Callable[[Line, object], None],
        told: Callable[[str, bool], None],
        epoch_of: Callable[[str], int],
    ) -> None:
        """speaks: the dialect of a session as the files have it now.

        told: (session key, whether it is there) for whoever keeps something for each session;
        epoch_of: the last sequence epoch of a session that there was once."""
        self._lines = lines
        self._engines = engines
        self._make = make
        self._make_line = make_line
        self._speaks = speaks
        self._log_out = log_out
        self._event = event
        self._told = told
        self._epoch_of = epoch_of
        self._leaving: list[Engine] = []
        self._groups: set[str] = set()
        self._wanted: Mapping[str, SessionConfig] = {}
        self._next: Mapping[str, SessionConfig] | None = None
        self._until = 0.0

    @property
    def under_way(self) -> bool:
        """Whether engines are being stopped."""
        return bool(self._groups)

    def begin(self, wanted: Mapping[str, SessionConfig]) -> None:
        """Log out whom the change to *wanted* concerns; `go_on` does the rest."""
        if self.under_way:
            self._next = wanted
            return
        self._wanted = wanted
        texts: dict[str, str] = {}
        groups: set[str] = set()
        for line in self._lines:
            old, new = line.config, wanted.get(line.config.key)
            if new is None:
                texts[old.key] = REMOVED
                groups.add(line.engine.name)
            elif self._speaks(new) != line.dialect or any(
                getattr(new, name) != getattr(old, name) for name in MADE_ANEW
            ):
                texts[old.key] = CHANGED
                groups |= {line.engine.name, group_of(new)}
            else:
                line.config = new
                if any(getattr(new, name) != getattr(old, name) for name in LOGS_OUT):
                    self._log_out(old.key, CHANGED)
        groups |= {group_of(new) for key, new in wanted.items() if self._lines.get(key) is None}
        self._groups = groups
        self._until = time.monotonic() + LEAVING_S
        self._leaving = [one for one in self._engines if one.name in groups]
        for engine in self._leaving:
            engine.leaving = True
            for line in engine.lines:
                self._log_out(line.config.key, texts.get(line.config.key, NEIGHBOUR))
        self.go_on()

    def go_on(self) -> bool:
        """Build anew as soon as everybody concerned is off, or has had his time; whether that was
        now."""
        if not self._groups:
            return False
        lines = [line for engine in self._leaving for line in engine.lines]
        if any(line.online for line in lines) and time.monotonic() < self._until:
            return False
        for line in lines:
            line.session.disconnect()
        for engine in self._leaving:
            self._engines.remove(engine)
        self._rebuild(lines)
        self._leaving, self._groups = [], set()
        wanted, self._next = self._next, None
        if wanted is not None:
            self.begin(wanted)
        return True

    def _rebuild(self, before: Sequence[Line]) -> None:
        old = {line.config.key: line for line in before}
        for line in before:
            self._lines.remove(line)
        groups: dict[str, list[SessionConfig]] = {}
        for key, config in self._wanted.items():
            if key in old or self._lines.get(key) is None:
                groups.setdefault(group_of(config), []).append(config)
        for key in old.keys() - self._wanted.keys():
            self._told(key, False)
            log.info("session_removed", session=key)
        for group, configs in groups.items():
            self._start(group, configs, old)

    def _line(self, config: SessionConfig, before: Line | None) -> Line:
        line = self._make_line(config)
        line.epoch = before.epoch if before is not None else self._epoch_of(config.key)
        return line

    def _start(self, group: str, configs: Sequence[SessionConfig], old: Mapping[str, Line]) -> None:
        """Run these sessions; as they were before, where the new settings cannot be used."""
        lines, why = self._run(group, configs, old)
        if why:
            log.error("engine_not_started", group=group, error=why)
            known = [old[one.key] for one in configs if one.key in old]
            lines, worse = self._run(group, [one.config for one in known], old)
            for one in known:
                note = f"its new settings cannot be used: {why}"
                if worse:
                    note = f"nobody can log on until the next reload: {worse}"
                self._event(one, AdminSeen(one.config.key, True, "A", note, alert=True))
        for line in lines:
            key = line.config.key
            before = old.get(key)
            if before is None:
                log.info("session_added", session=key)
            elif session_id_of(before.config).toString() != line.session_id.toString():
                line.epoch += 1
                self._event(line, EpochMoved(key, line.epoch, RENAMED, line.last_in))

    def _run(
        self, group: str, configs: Sequence[SessionConfig], old: Mapping[str, Line]
    ) -> tuple[list[Line], str]:
        """Run these sessions on an engine of their own; their lines, or none and why that cannot
        be. Whatever a file of one session holds, the desk goes on for all others."""
        engine = None
        lines: list[Line] = []
        try:
            lines = [self._line(one, old.get(one.key)) for one in configs]
            for line in lines:
                self._told(line.config.key, True)
            if lines:
                engine = self._make(group, lines)
                self._engines.add(engine)
        except Exception as error:
            log.exception("engine_not_made", group=group)
            if engine is not None:
                engine.close()
            return [], str(error) or type(error).__name__
        for line in lines:
            self._lines.add(line)
        return lines, ""
