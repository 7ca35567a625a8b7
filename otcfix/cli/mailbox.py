"""Staff commands: to the desk that runs, or done here when none does."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otcfix.cli.options import open_database
from otcfix.cli.outcome import CONNECT, NO, Failed

if TYPE_CHECKING:
    from otcfix.config import Config

WAIT_S = 10.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command. result: "done", or "waits ..." for a second person. offline: no
    desk ran, so it was done here."""

    seq: int | None
    result: str
    offline: bool


def send(config: "Config", database: str, command: Any, by: str, wait_s: float = WAIT_S) -> Done:
    """Have *command* decided and journaled, and return what became of it.

    A running desk takes it from the mailbox; without one it is decided here, by the same code.
    Errors: Failed (1) when it is refused; Failed (5) when the desk does not answer; StoreLost.
    """
    store = open_database(database, create=True)
    try:
        runs = not store.try_lock()
        done = by_mail(store, command, by, wait_s) if runs else None
    finally:
        store.close()
    if done is None:
        done = _here(config, database, command, by)
    if done.result.startswith("refused"):
        raise Failed(NO, done.result)
    return done


def by_mail(store: Any, command: Any, by: str, wait_s: float = WAIT_S) -> Done:
    """Leave *command* for the desk that runs, and wait. Errors: Failed (5), StoreLost."""
    command_id = put(store, command, by)
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        found = store.command_result(command_id)
        if found is not None and found.result is not None:
            return Done(found.done_seq, found.result, offline=False)
        time.sleep(LOOK_S)
    raise Failed(
        CONNECT,
        f"the desk ({store.lock_holder()}) did not take command {command_id} within "
        f"{wait_s:g} s; it stays in the mailbox and is done as soon as the desk takes it: "
        "do not send it again",
    )


def put(store: Any, command: Any, by: str) -> int:
    """Leave *command* in the mailbox; its id."""
    import msgspec  # noqa: PLC0415

    text = msgspec.json.encode(command).decode()
    return int(store.put_command(text, by, time.time_ns() // 1_000))


def _here(config: "Config", database: str, command: Any, by: str) -> Done:
    """Start a desk that hears nobody and prices nothing, for this one command."""
    from otcfix.app import App  # noqa: PLC0415 - QuickFIX comes with it

    app = App(config, database, serve_fix=False)
    try:
        app.start()
        command_id = put(app.store, command, by)
        app.sequencer.check_commands()
        found = app.store.command_result(command_id)
    finally:
        app.stop()
    if found is None or found.result is None:
        raise Failed(NO, f"command {command_id} was not taken; it stays in the mailbox")
    return Done(found.done_seq, found.result, offline=True)
