"""Putting the control API of a desk together from the desk's parts."""

from pathlib import Path
from typing import Any

import otcfix
from otcfix.config import Config
from otcfix.control.address import socket_path
from otcfix.control.desk import RunningDesk
from otcfix.control.server import ControlServer


def opened(
    config: Config, folder: Path, acceptor: Any, sequencer: Any, store: Any
) -> ControlServer:
    """The API of a desk that is about to serve; folder: of the acceptor's store. It answers from
    its `start` on. Errors: ConfigError when its socket or port cannot be had."""
    settings = config.sessions.control

    def wake() -> None:
        sequencer.look_for_commands()
        acceptor.ring()

    desk = RunningDesk(
        lines=acceptor.lines,
        state=sequencer.state,
        store=store,
        wake=wake,
        done=sequencer.acting.done,
        depth=sequencer.inbox.depth,
        waits_s=acceptor.administration.admission.waits_s,
        version=otcfix.__version__,
    )
    return ControlServer(desk, socket_path(settings.socket, folder), settings.listen)


def ordered(state: Any, config: Config) -> tuple[list[str], list[str], list[str]]:
    """The sessions that are disabled, by staff's word, else by sessions.toml; those on hold; and
    those that staff enabled or disabled."""
    sessions = config.sessions.session
    shut = [
        s.key for s in sessions if int(state.word("session_enabled", s.key, int(s.enabled))) <= 0
    ]
    held = [s.key for s in sessions if state.word("held", s.key)]
    return shut, held, [s.key for s in sessions if state.word("session_enabled", s.key)]
