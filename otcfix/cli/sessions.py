"""otcfix sessions: who is there, how they do, and what staff does to them.

Reads and acts go to the desk that runs, by its control API. Without one, what is read comes from
the database, and what needs no line (enable, disable, hold, release) is decided for the next start.
"""

import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from otcfix.cli.mailbox import send
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    open_database,
    quiet,
    whoami,
)
from otcfix.cli.outcome import CONNECT, NO, Failed, complain, usage_error
from otcfix.cli.session_words import sheet_of, table_of
from otcfix.cli.show import print_json, print_table

app = typer.Typer(
    help="FIX sessions: who they are, how they do, and what staff does to them.",
    no_args_is_help=True,
)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The session's key.")]
SocketOption = Annotated[
    str,
    typer.Option(
        "--control",
        metavar="SOCKET|HOST:PORT",
        envvar="OTCFIX_CONTROL",
        help="The desk's control socket, or its loopback port; default: as sessions.toml says.",
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="As `otcfix serve --state` was given, if it was."),
]


class Desk:
    """The desk of a command line: the one that runs, or its configuration and database."""

    def __init__(self, config: Path, database: str, control: str, state: Path | None) -> None:
        quiet("error")
        from otcfix.control.address import TOKEN, socket_path  # noqa: PLC0415
        from otcfix.control.client import Control  # noqa: PLC0415

        self.config = load_config(config)
        self.database = database
        settings = self.config.sessions
        socket = socket_path(settings.control.socket, state or Path(settings.acceptor.store))
        if re.fullmatch(r"[\[\]0-9a-f.:]+:\d+", control):
            token = Path(os.environ.get("OTCFIX_CONTROL_TOKEN", socket.with_name(TOKEN)))
            self.where = control
            try:
                self.control = Control(control, token)
            except ValueError as error:
                raise usage_error(f"--control: {error}") from None
        else:
            self.where = control or str(socket)
            self.control = Control(Path(self.where))

    def get(self, page: str) -> Any:
        """What the running desk shows; None when no desk runs. Errors: Failed (1, 5)."""
        return self._answer(lambda: self.control.get(page))

    def act(self, key: str, **asked: Any) -> dict[str, Any] | None:
        """What became of an act; None when no desk runs. Errors: Failed (1, 5)."""
        known(self.config, key)
        found: dict[str, Any] | None = self._answer(lambda: self.control.act(key, **asked))
        return found

    @staticmethod
    def _answer(ask: Callable[[], Any]) -> Any:
        from otcfix.control.client import NoAnswer, NoDesk, Refused  # noqa: PLC0415

        try:
            return ask()
        except NoDesk:
            return None
        except NoAnswer as error:
            raise Failed(CONNECT, str(error)) from None
        except Refused as error:
            raise Failed(NO, str(error)) from None

    def nobody(self) -> Failed:
        """No desk runs, and one is needed."""
        return Failed(
            CONNECT,
            f"no desk runs at {self.where}; start it with `otcfix serve`, or name its socket with "
            "--control, or --state DIR as `otcfix serve` has it",
        )


def known(config: Any, key: str) -> Any:
    """The session's configuration. Errors: BadParameter (2) naming those that are there."""
    for one in config.sessions.session:
        if one.key == key:
            return one
    there = ", ".join(one.key for one in config.sessions.session)
    raise usage_error(
        f"KEY: no session {key} in {config.folder / 'sessions.toml'}; there are {there}"
    )


# -- reads ---------------------------------------------------------------------------------------


@app.command("list")
def list_sessions(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    control: SocketOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every session: CompIDs as the client sends them, its state and its numbers.

    Examples:
      otcfix sessions list
      otcfix sessions list --json
    """
    desk = Desk(config, database, control, state)
    found = desk.get("/sessions")
    rows = from_database(desk) if found is None else found["sessions"]
    if as_json:
        print_json({"desk_runs": found is not None, "sessions": rows})
        return
    columns, cells, right = table_of(rows)
    print_table(columns, cells, right=right)
    if found is None:
        complain(f"no desk runs at {desk.where}: this is what its database knows")


@app.command()
def show(
    key: KeyArgument,
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    control: SocketOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one session: numbers, last messages, latency, queues, rates, schedule, policies.

    Examples:
      otcfix sessions show ALPHA44
      otcfix sessions show ALPHA44 --json
    """
    desk = Desk(config, database, control, state)
    known(desk.config, key)
    row = desk.get(f"/sessions/{key}")
    runs = row is not None
    if row is None:
        row = next(one for one in from_database(desk) if one["key"] == key)
    if as_json:
        print_json({"desk_runs": runs, **row})
        return
    print_table(("what", "is"), sheet_of(row))
    if not runs:
        complain(f"no desk runs at {desk.where}: this is what its database knows")


def from_database(desk: Desk) -> list[dict[str, Any]]:
    """What is known of each session while no desk runs."""
    from otcfix.control import view  # noqa: PLC0415

    now = time.time_ns() // 1_000
    rows = [view.configured(one, now) for one in desk.config.sessions.session]
    try:
        store = open_database(desk.database)
    except Failed:
        store = None  # no desk has run yet
    if store is not None:
        try:
            _add_state(rows, store)
        finally:
            store.close()
    for row in rows:
        view.numbered(row, row["epoch"], row["last_in"], row["last_out"])
        view.named(row)
    return rows


def _add_state(rows: list[dict[str, Any]], store: Any) -> None:
    from otcfix.cli.now import words_now  # noqa: PLC0415

    words = words_now(store)
    runs = not store.try_lock()
    numbers = store.session_numbers()
    for row in rows:
        key = row["key"]
        said = int(words.get("session_enabled", {}).get(key, 0))
        row["enabled"] = said > 0 if said else row["enabled"]
        row["held"] = row["kind"] != "provider" and bool(words.get("held", {}).get(key))
        row["online"] = runs and bool(words.get("online", {}).get(key))
        if key in numbers:
            row["epoch"] = numbers[key].epoch
            row["last_in"], row["last_out"] = numbers[key].last_in, numbers[key].last_out


@app.command()
def secret(
    key: KeyArgument,
    reset: Annotated[
        bool, typer.Option("--reset", help="Drop the secret that the client has set (35=BE).")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="Why: journaled with a reset.")] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Make a new random secret for a session, and the line for sessions.toml.

    Nothing is changed: give the secret to the client, put the line in place of the session's
    password_hash, and run `otcfix sessions reload`. With --reset: a secret that the client has set
    himself counts no more, that of sessions.toml does, from now on.

    Examples:
      otcfix sessions secret ALPHA44
      otcfix sessions secret ALPHA44 --reset --why "the client lost it"
    """
    quiet("error")
    from otcfix.config import hash_secret  # noqa: PLC0415
    from otcfix.model.session_commands import ResetSecret  # noqa: PLC0415

    loaded = load_config(config)
    known(loaded, key)
    if reset:
        if not why:
            raise usage_error("--why: a reset is journaled with its reason; say why")
        done = send(loaded, database, ResetSecret(key, by or whoami(), why), by or whoami())
        if as_json:
            print_json({"ok": True, "session": key, "event": done.seq, "offline": done.offline})
        else:
            print(f"The secret of {key} is that of sessions.toml again: event {done.seq}.")
        return
    new = secrets.token_urlsafe(32)
    line = hash_secret(new, secrets.token_hex(16))
    if as_json:
        print_json({"session": key, "secret": new, "password_hash": line})
        return
    print(f"The secret, Password(554) of {key}; it is kept nowhere:\n\n  {new}\n")
    print(f"The line for session {key} in {loaded.folder / 'sessions.toml'}:\n")
    print(f'  password_hash = "{line}"')


def offline(desk: Desk, command: Any) -> dict[str, Any]:
    """Have a command that needs no line decided while the control API is not there."""
    done = send(desk.config, desk.database, command, command.by)
    return {
        "ok": True,
        "event": done.seq,
        "result": done.result,
        "offline": done.offline,
        "did": "",
        "session": None,
    }


def tell(what: str, found: dict[str, Any], as_json: bool) -> None:
    """Say what was done, and the session's numbers after it."""
    if as_json:
        print_json({"offline": False, **found})
        return
    late = " No desk runs: it holds from the next start on." if found.get("offline") else ""
    did = f" {found['did'][:1].upper()}{found['did'][1:]}." if found["did"] and not late else ""
    print(f"{what}: event {found['event']}.{did}{late}")
    if found["result"] != "done":
        print(found["result"])
    row = found["session"]
    if row:
        print(
            f"{row['key']} is {row['state']}: epoch {row['epoch']}, next in {row['next_in']}, "
            f"next out {row['next_out']}, {row['owed']} replies wait"
        )
