"""What staff may order: kill and unkill, sessions, instruments."""

import secrets
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
    WhyOption,
    load_config,
    open_database,
    quiet,
    whoami,
)
from otcfix.cli.outcome import Failed, usage_error
from otcfix.cli.show import print_json, print_table

sessions = typer.Typer(help="FIX sessions: who they are, their secrets, on and off.",
                       no_args_is_help=True)  # fmt: skip
instrument = typer.Typer(help="Pause an instrument, or take it up again.", no_args_is_help=True)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The session's key.")]
SymbolArgument = Annotated[str, typer.Argument(metavar="SYMBOL", help="Such as BTC/USD.")]


def _tell(
    config_folder: Any, database: str, command: Any, by: str, as_json: bool, what: str
) -> None:
    done = send(load_config(config_folder), database, command, by)
    if as_json:
        print_json({"ok": True, "event": done.seq, "offline": done.offline})
    else:
        late = " No desk runs: it holds from the next start on." if done.offline else ""
        print(f"{what}: event {done.seq}.{late}")


def kill(
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Stop dealing at once: every quote and resting order is withdrawn, and told.

    Survives a restart; `otcfix unkill` opens the desk again.

    Examples:
      otcfix kill --why "wrong prices from the venue"
    """
    quiet("error")
    from otcfix.model.event import Kill  # noqa: PLC0415

    by = by or whoami()
    _tell(config, database, Kill(True, by, why), by, as_json, "Killed: the desk deals no more")


def unkill(
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Deal again after a kill.

    Examples:
      otcfix unkill --why "the venue is back"
    """
    quiet("error")
    from otcfix.model.event import Kill  # noqa: PLC0415

    by = by or whoami()
    _tell(config, database, Kill(False, by, why), by, as_json, "The desk deals again")


@sessions.command("list")
def list_sessions(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show every session: CompIDs as the client sends them, its state and its numbers.

    Examples:
      otcfix sessions list
      otcfix sessions list --json
    """
    quiet("error")
    rows = [_session(one) for one in load_config(config).sessions.session]
    try:
        store = open_database(database)
    except Failed:
        store = None  # no desk has run yet
    if store is not None:
        try:
            _add_state(rows, store)
        finally:
            store.close()
    if as_json:
        print_json({"sessions": rows})
        return
    print_table(
        ("key", "version", "kind", "client", "SenderCompID", "TargetCompID", "username", "state",
         "epoch", "in", "out"),
        [
            (r["key"], r["version"], r["kind"], r["client"], r["sender_comp_id"],
             r["target_comp_id"], r["username"], _state(r), r["epoch"], r["last_in"],
             r["last_out"])
            for r in rows
        ],
        right=("epoch", "in", "out"),
    )  # fmt: skip


def _session(one: Any) -> dict[str, Any]:
    """A session as its client sees it: he is the sender."""
    return {
        "key": one.key, "version": one.version, "kind": one.kind, "client": one.client,
        "sender_comp_id": one.target_comp_id, "target_comp_id": one.sender_comp_id,
        "username": one.username, "enabled": one.enabled, "online": False, "epoch": 0,
        "last_in": 0, "last_out": 0,
    }  # fmt: skip


def _add_state(rows: list[dict[str, Any]], store: Any) -> None:
    from otcfix.cli.now import words_now  # noqa: PLC0415

    words = words_now(store)
    runs = not store.try_lock()
    numbers = store.session_numbers()
    for row in rows:
        key = row["key"]
        said = int(words.get("session_enabled", {}).get(key, 0))
        row["enabled"] = said > 0 if said else row["enabled"]
        row["online"] = runs and bool(words.get("online", {}).get(key))
        if key in numbers:
            row["epoch"] = numbers[key].epoch
            row["last_in"], row["last_out"] = numbers[key].last_in, numbers[key].last_out


def _state(row: dict[str, Any]) -> str:
    if not row["enabled"]:
        return "disabled"
    return "online" if row["online"] else "enabled"


@sessions.command()
def secret(
    key: KeyArgument, config: ConfigOption = CONFIG_DEFAULT, as_json: JsonOption = False
) -> None:
    """Make a new random secret for a session, and the line for sessions.toml.

    Nothing is changed: give the secret to the client, put the line in place of the session's
    password_hash, and run `otcfix sessions reload`.

    Examples:
      otcfix sessions secret ALPHA44
    """
    quiet("error")
    from otcfix.config import hash_secret  # noqa: PLC0415

    loaded = load_config(config)
    _known(loaded, key)
    new = secrets.token_urlsafe(32)
    line = hash_secret(new, secrets.token_hex(16))
    if as_json:
        print_json({"session": key, "secret": new, "password_hash": line})
        return
    print(f"The secret, Password(554) of {key}; it is kept nowhere:\n\n  {new}\n")
    print(f"The line for session {key} in {loaded.folder / 'sessions.toml'}:\n")
    print(f'  password_hash = "{line}"')


def _known(config: Any, key: str) -> Any:
    for one in config.sessions.session:
        if one.key == key:
            return one
    there = ", ".join(one.key for one in config.sessions.session)
    raise usage_error(
        f"KEY: no session {key} in {config.folder / 'sessions.toml'}; there are {there}"
    )


def _set_session(
    key: str, enabled: bool, why: str, by: str, config: Any, database: str, as_json: bool
) -> None:
    quiet("error")
    from otcfix.model.event import SetSession  # noqa: PLC0415

    _known(load_config(config), key)
    by = by or whoami()
    what = f"Session {key} {'may deal' if enabled else 'may not deal any more'}"
    _tell(config, database, SetSession(key, enabled, by, why), by, as_json, what)


@sessions.command()
def enable(
    key: KeyArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Let a session deal again.

    Examples:
      otcfix sessions enable ALPHA44 --why "client called"
    """
    _set_session(key, True, why, by, config, database, as_json)


@sessions.command()
def disable(
    key: KeyArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Let a session deal no more; its quotes and resting orders are withdrawn.

    Examples:
      otcfix sessions disable ALPHA44 --why "runaway algorithm"
    """
    _set_session(key, False, why, by, config, database, as_json)


def _set_instrument(
    symbol: str, state: str, why: str, by: str, config: Any, database: str, as_json: bool
) -> None:
    quiet("error")
    from otcfix.model.event import SetInstrument  # noqa: PLC0415

    by = by or whoami()
    what = f"{symbol} is {'paused' if state == 'PAUSED' else 'dealt in again'}"
    _tell(config, database, SetInstrument(symbol, state, by, why), by, as_json, what)


@instrument.command()
def pause(
    symbol: SymbolArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Quote and deal no more in an instrument; live quotes are withdrawn, orders rest.

    Examples:
      otcfix instrument pause BTC/USD --why "venue outage"
    """
    _set_instrument(symbol, "PAUSED", why, by, config, database, as_json)


@instrument.command()
def resume(
    symbol: SymbolArgument,
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Quote and deal in a paused instrument again.

    Examples:
      otcfix instrument resume BTC/USD --why "venue is back"
    """
    _set_instrument(symbol, "OPEN", why, by, config, database, as_json)
