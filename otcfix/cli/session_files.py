"""otcfix sessions reload: the sessions of sessions.toml for a desk that goes on."""

from typing import TYPE_CHECKING, Any

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
from otcfix.cli.outcome import Failed
from otcfix.cli.sessions import app as sessions
from otcfix.cli.show import print_json
from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.config import Config


@sessions.command()
def reload(
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Give the sessions of sessions.toml to the desk, which goes on dealing with all others.

    The whole configuration is read first: with anything wrong in it nothing is sent. Only
    the sessions are taken, with their dialects, and the acceptor's allow_from; the port, the store
    and other files are read when the desk starts. Who is concerned is logged out, told why, and
    may come back at once; his numbers go on. What rests on a session that was removed or disabled
    is cancelled and told. A new password_hash goes before the secret that the client has set
    himself (35=BE).

    Examples:
      otcfix sessions reload --why "new client DELTA"
      otcfix sessions reload --why "rotated secret of ALPHA44" --by carol --json
    """
    quiet("error")
    from otcfix.model.session_commands import SetSessions  # noqa: PLC0415

    loaded = load_config(config)
    _check_dictionaries(loaded)
    wanted = loaded.to_desk().sessions
    before = _held(database)
    differs = _difference(before, {one.key: one for one in wanted})
    by = by or whoami()
    done = send(loaded, database, SetSessions(wanted, by, why), by)
    if as_json:
        print_json({"ok": True, **differs, "event": done.seq, "offline": done.offline})
        return
    said = [f"{word} {', '.join(keys)}" for word, keys in differs.items() if keys]
    what = "; ".join(said) or "the same sessions; secrets, addresses and schedules as in the file"
    late = " No desk runs: it holds from the next start on." if done.offline else ""
    print(f"Sessions: {what}: event {done.seq}.{late}")


def _check_dictionaries(config: "Config") -> None:
    """Errors: ConfigError for a dictionary that is not ours and cannot be used."""
    from otcfix.fix.settings import dictionary_problems  # noqa: PLC0415

    problems = dictionary_problems(config)
    if problems:
        raise ConfigError("\n".join(problems))


def _held(database: str) -> dict[str, Any]:
    """The sessions that the desk has, by key."""
    from otcfix.cli.now import sessions_now  # noqa: PLC0415

    try:
        store = open_database(database)
    except Failed:
        return {}  # no desk has run yet
    try:
        return sessions_now(store) or {}
    finally:
        store.close()


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[str]]:
    both = before.keys() & after.keys()
    return {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(key for key in both if before[key] != after[key]),
        "removed": sorted(before.keys() - after.keys()),
    }
