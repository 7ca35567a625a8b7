"""otcfix dialect: what a counterparty's words map to, tried on a log before he connects."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import CONFIG_DEFAULT, ConfigOption, JsonOption, load_config, quiet
from otcfix.cli.outcome import CONFIG, NO, Failed, usage_error
from otcfix.cli.show import print_json, print_table

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.model.dialect import Dialect

app = typer.Typer(help="Dialects: how counterparties' words map to ours.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A file of config/dialects.")]


@app.callback()
def _group() -> None:
    """Dialects: how counterparties' words map to ours."""


@app.command(name="list")
def list_(config: ConfigOption = CONFIG_DEFAULT, as_json: JsonOption = False) -> None:
    """List the dialects, what each inherits from, and the sessions that speak it.

    Examples:
      otcfix dialect list
    """
    quiet("error")
    loaded = load_config(config)
    sessions = loaded.sessions.session
    rows = [
        {
            "name": name, "base": one.base, "version": _made(loaded, name).version,
            "sessions": [s.key for s in sessions if s.dialect == name], "about": one.about,
        }
        for name, one in sorted(loaded.dialects.items())
    ]  # fmt: skip
    if as_json:
        print_json({"dialects": rows})
        return
    columns = ("name", "base", "version", "sessions", "about")
    print_table(
        columns, [[" ".join(r[c]) if c == "sessions" else r[c] for c in columns] for r in rows]
    )


@app.command()
def show(
    name: NameArgument, config: ConfigOption = CONFIG_DEFAULT, as_json: JsonOption = False
) -> None:
    """Show a dialect with all that it inherits: what is done to a message, each way.

    Of two steps on the same tag of the same message the later one holds.

    Examples:
      otcfix dialect show flat42
      otcfix dialect show flat42 --json
    """
    quiet("error")
    import msgspec  # noqa: PLC0415

    from otcfix.config.dialects import line_of  # noqa: PLC0415

    loaded = load_config(config)
    made = _made(loaded, name)
    line = line_of(name, loaded.dialects)
    document = msgspec.to_builtins(made, builtin_types=()) | {"inherits": line[:-1]}
    if as_json:
        print_json(document)
        return
    print(
        f"{name}: {made.version or 'any version'}; inherits from {', '.join(line[:-1]) or 'none'}"
    )
    if made.dictionary:
        print(f"dictionary {made.dictionary}")
    rows = [("symbol", "*", f"{sent} = {ours}") for sent, ours in made.symbols.items()]
    for way in ("inbound", "outbound"):
        for step in document[way]:
            kind, messages = step.pop("type"), " ".join(step.pop("messages")) or "*"
            said = ", ".join(f"{key} {_short(value)}" for key, value in step.items())
            rows.append((f"{'in ' if way == 'inbound' else 'out'} {kind.lower()}", messages, said))
    rows += [
        ("contract", " ".join(one.symbols) or "*", f"{one.size:f} {one.currency}")
        for one in made.contracts
    ]
    print_table(("step", "messages", "what"), rows)


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One; default: all.")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Whatever is lost fails.")] = False,
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say which message loses which tag: maps of two values to one, dropped and occupied tags.

    Exit code 1 when one is lost that a deal needs.

    Examples:
      otcfix dialect check
      otcfix dialect check flat42 --strict
    """
    quiet("error")
    loaded = load_config(config)
    names = [name] if name else sorted(loaded.dialects)
    found = [
        {"dialect": one, "version": version, "way": loss.way, "message": loss.message,
         "tag": loss.tag, "why": loss.why, "needed": loss.needed}
        for one in names
        for version in versions_of(loaded, one)
        for loss in _losses(_made(loaded, one), version)
    ]  # fmt: skip
    failed = any(one["needed"] for one in found) or bool(strict and found)
    if as_json:
        print_json({"ok": not failed, "losses": found})
    elif found:
        columns = ("dialect", "version", "way", "message", "tag", "why")
        rows = [[*(one[c] for c in columns), "NEEDED" if one["needed"] else ""] for one in found]
        print_table((*columns, ""), rows, right=("tag",))
    else:
        print(f"{len(names)} dialects: nothing is lost")
    if failed:
        raise typer.Exit(NO)


@app.command(name="test")
def try_log(
    name: Annotated[
        str, typer.Argument(metavar="FILE", help="A dialect's name, or a file of one.")
    ],
    log: Annotated[
        Path, typer.Option("--log", metavar="L", help="FIX messages, one a line; - for stdin.")
    ],
    version: Annotated[
        str, typer.Option("--version", metavar="V", help="Of the session; as the log's 8.")
    ] = "",
    desk: Annotated[
        str, typer.Option("--desk", metavar="COMPID", help="The desk in the log.")
    ] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show every message of a log before and after: the client's in our words, ours in his.

    Fields are parted by SOH, | or ^A; what stands before 8= on a line is passed over, so is what
    is no business message. The client's messages are held against the dictionary of the dialect and
    the parser, mapped there and back, and must come back whole. Exit code 1 when one would be
    refused, or a tag is lost that the dialect does not leave out on purpose.

    Examples:
      otcfix dialect test flat42 --log fix.log
      otcfix dialect test config/dialects/flat42.toml --log - --json < messages.log
    """
    quiet("error")
    from otcfix.cli.dialect_log import lines_of, tried  # noqa: PLC0415

    loaded = load_config(config)
    loaded, made = _named(loaded, name)
    try:
        lines = lines_of(log)
    except OSError as error:
        raise Failed(CONFIG, f"--log {log}: {error.strerror or error}") from None
    trials = tried(loaded, made, lines, version, desk)
    failed = any(one["refused"] or one["lost"] for one in trials)
    if as_json:
        print_json({"ok": not failed, "messages": trials})
    else:
        for one in trials:
            arrow = "client says" if one["way"] == "in" else "desk says"
            print(f"line {one['line']}  {arrow}  {one['before']}")
            if one["after"]:
                print(f"{'':<8}{'read as' if one['way'] == 'in' else 'heard as'}  {one['after']}")
            for word in ("refused", "lost", "dropped"):
                if one[word]:
                    print(f"{'':<8}{word.upper()}: {one[word]}")
        bad = sum(bool(one["refused"] or one["lost"]) for one in trials)
        print(f"{len(trials)} messages, {bad} that would be refused or lose a tag")
    if failed:
        raise typer.Exit(NO)


# -- pieces --------------------------------------------------------------------------------------


def _made(config: "Config", name: str) -> "Dialect":
    from otcfix.config.dialects import dialect_of  # noqa: PLC0415

    if name not in config.dialects:
        there = ", ".join(sorted(config.dialects)) or "none"
        raise usage_error(
            f"NAME: no dialect {name} in {config.folder / 'dialects'}; there are {there}"
        )
    return dialect_of(name, config.dialects)


def _named(config: "Config", name: str) -> "tuple[Config, Dialect]":
    """A dialect by its name, or by a file: that file's bases stand beside it or in the config."""
    path = Path(name)
    if path.suffix != ".toml":
        return config, _made(config, name)
    from otcfix.config.dialects import DialectConfig  # noqa: PLC0415
    from otcfix.config.reading import read  # noqa: PLC0415

    problems: list[str] = []
    one = read(path, DialectConfig, problems)
    if one is None:
        raise Failed(CONFIG, "\n".join(problems))
    known = config.dialects | {path.stem: one}
    if one.base and one.base not in known:
        raise Failed(CONFIG, f"{path}: base: no dialect {one.base}")
    changed = config.model_copy(update={"dialects": known})
    return changed, _made(changed, path.stem)


def versions_of(config: "Config", name: str) -> list[str]:
    """The versions that a dialect is for: its own, else those of its sessions, else all."""
    made = _made(config, name)
    spoken = sorted({s.version for s in config.sessions.session if s.dialect == name})
    from otcfix.fix.dictionaries import VERSIONS  # noqa: PLC0415

    return [made.version] if made.version else [*(spoken or VERSIONS)]


def _losses(made: "Dialect", version: str) -> list[Any]:
    from otcfix.fix.dialect_check import losses  # noqa: PLC0415

    return losses(made, version)


def dialect_findings(config: "Config") -> tuple[list[str], list[str]]:
    """What the dialects that sessions speak lose: problems, and what is only lossy; for `check`."""
    problems: list[str] = []
    warnings: list[str] = []
    for name in sorted({s.dialect for s in config.sessions.session if s.dialect}):
        file = config.folder / "dialects" / f"{name}.toml"
        for version in versions_of(config, name):
            for loss in _losses(_made(config, name), version):
                (problems if loss.needed else warnings).append(f"{file}: dialect {name}: {loss}")
    return problems, warnings


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(
            "=".join(one) if isinstance(one, list | tuple) else str(one) for one in value
        )
    return str(value)
