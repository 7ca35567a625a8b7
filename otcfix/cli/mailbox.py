"""Staff commands: to the desk that runs, or done here when none does."""

from typing import TYPE_CHECKING, Any

from otcfix.cli.options import open_database, sqlite_path
from otcfix.cli.outcome import CONNECT, NO, Failed, complain

if TYPE_CHECKING:
    from otcfix.commands import Done
    from otcfix.config import Config

WAIT_S = 10.0


def send(config: "Config", database: str, command: Any, by: str, wait_s: float = WAIT_S) -> "Done":
    """Have *command* decided and journaled, and return what became of it.

    A running desk takes it from the mailbox; without one it is decided here, by the same code.
    Errors: Failed (1) when it is refused; Failed (5) when the desk does not answer; StoreLost.
    """
    from otcfix import commands  # noqa: PLC0415

    path = sqlite_path(database)
    if path is not None and not path.exists():
        complain(f"{path}: no such database: a new one is made; --database URL names another")
    open_database(database, create=True).close()  # makes the folder, and says what is wrong
    try:
        return commands.send(database, command, config=config, by=by, wait_s=wait_s)
    except commands.Refused as error:
        raise Failed(NO, str(error)) from None
    except commands.NoAnswer as error:
        raise Failed(CONNECT, str(error)) from None


def by_mail(store: Any, command: Any, by: str, wait_s: float = WAIT_S) -> "Done":
    """Leave *command* for the desk that runs, and wait. Errors: Failed (5), StoreLost."""
    from otcfix import commands  # noqa: PLC0415

    try:
        return commands.by_mail(store, command, by, wait_s)
    except commands.Refused as error:
        raise Failed(NO, str(error)) from None
    except commands.NoAnswer as error:
        raise Failed(CONNECT, str(error)) from None


def put(store: Any, command: Any, by: str) -> int:
    """Leave *command* in the mailbox; its id."""
    from otcfix import commands  # noqa: PLC0415

    try:
        return commands.put(store, command, by)
    except commands.Refused as error:
        raise Failed(NO, str(error)) from None
