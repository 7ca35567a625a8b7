"""otcfix sanctions: the lists, and who is on them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import (
    CONFIG_DEFAULT,
    ByOption,
    ConfigOption,
    JsonOption,
    load_config,
    quiet,
    whoami,
)
from otcfix.cli.outcome import NO, usage_error
from otcfix.cli.show import print_json

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.screening.lists import Outcome

app = typer.Typer(help="Sanctions lists, and who is on them.", no_args_is_help=True)

WARNINGS_SHOWN = 5


@app.command()
def update(
    lists: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LIST]...", help="Names in screening.toml; default: every one."),
    ] = None,
    given: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Read this file or folder instead of the configured source; may stand repeatedly.",
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the version of LIST that waits for review.")
    ] = False,
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="With --accept: why it is right.")
    ] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Take in new versions of the sanctions lists.

    A list that cannot be read or is older than the accepted one is refused; one that lost more
    than shrink_max of its entries or names waits for --accept. In both cases the accepted version
    stays. Exit code 1 when any was refused or waits.

    Examples:
      otcfix sanctions update
      otcfix sanctions update un --from consolidated.xml
      otcfix sanctions update ofac_sdn --from sdn.csv --from alt.csv --from sdn_comments.csv
      otcfix sanctions update --accept un --why "UN press release SC/16000" --by kim
    """
    quiet("error")
    names = list(lists or ())
    loaded = load_config(config)
    _known(loaded, names, accept or bool(given))
    _sensible(accept, why, bool(given))
    from otcfix.screening.lists_corpus import store_of, update_lists  # noqa: PLC0415

    by = by or whoami()
    if accept:
        outcomes = [store_of(loaded).accept(names[0], why=why, by=by)]
    else:
        outcomes = update_lists(loaded, names, given=given or (), by=by, tell=_tell)
    good = all(outcome.what in ("accepted", "unchanged") for outcome in outcomes)
    if as_json:
        print_json({"ok": good, "lists": [_document(outcome) for outcome in outcomes]})
    else:
        for outcome in outcomes:
            _say(outcome)
        if not outcomes:
            print(f"No [[list]] in {loaded.folder / 'screening.toml'}.")
    if not good:
        raise typer.Exit(NO)


def _known(config: "Config", names: list[str], one: bool) -> None:
    """Errors: BadParameter for a list not configured, or not exactly one where that is wanted."""
    known = [each.name for each in config.screening.list]
    for name in names:
        if name not in known:
            raise usage_error(
                f"LIST: no list {name} in {config.folder / 'screening.toml'}; "
                f"there are {', '.join(known) or 'none'}"
            )
    if one and len(names) != 1:
        raise usage_error("LIST: --from and --accept want exactly one")


def _sensible(accept: bool, why: str, given: bool) -> None:
    """Errors: BadParameter for options that do not go together."""
    if accept and not why.strip():
        raise usage_error("--why: --accept wants the reason, for the log")
    if accept and given:
        raise usage_error("--from: --accept takes the version that waits, not another one")
    if why and not accept:
        raise usage_error("--why: only with --accept")


def _tell(text: str) -> None:
    print(f"{text} ...", file=sys.stderr)


def _document(outcome: "Outcome") -> dict[str, Any]:
    kept = outcome.manifest
    return {
        "list": outcome.name,
        "what": outcome.what,
        "text": outcome.text,
        "version": kept.version if kept else None,
        "entries": kept.entries if kept else None,
        "names": kept.names if kept else None,
        "addresses": kept.addresses if kept else None,
        "sha256": kept.sha256 if kept else None,
        "warnings": list(kept.warnings) if kept else [],
    }


def _say(outcome: "Outcome") -> None:
    name, kept = outcome.name, outcome.manifest
    if outcome.what == "refused":
        print(f"{name:<20} REFUSED    {outcome.text}")
        return
    assert kept is not None
    if outcome.what == "held":
        print(f"{name:<20} HELD       {kept.version}: {outcome.text}")
        print(f"{'':<31} otcfix sanctions update --accept {name} --why TEXT takes it")
        return
    addresses = f", {kept.addresses} addresses" if kept.addresses else ""
    counts = f"{kept.entries} entries, {kept.names} names{addresses}"
    print(f"{name:<20} {outcome.what:<10} {kept.version}: {counts}")
    if outcome.what == "accepted":
        for warning in kept.warnings[:WARNINGS_SHOWN]:
            print(f"{'':<31} {warning}")
        if len(kept.warnings) > WARNINGS_SHOWN:
            print(f"{'':<31} and {len(kept.warnings) - WARNINGS_SHOWN} warnings more (--json)")


@app.command()
def status(config: ConfigOption = CONFIG_DEFAULT, as_json: JsonOption = False) -> None:
    """Show each list's version, age and size, and what needs a person.

    Exit code 1 when a list is missing, older than list_age_max_days or held, or when its last
    update was refused.

    Examples:
      otcfix sanctions status
      otcfix sanctions status --json
    """
    quiet("error")
    loaded = load_config(config)
    from otcfix.screening.lists_corpus import standing  # noqa: PLC0415

    rows = standing(loaded)
    good = all(row["ok"] for row in rows)
    if as_json:
        print_json({"ok": good, "folder": loaded.screening.folder, "lists": rows})
    else:
        for row in rows:
            _show(row)
        if not rows:
            print(f"No [[list]] in {loaded.folder / 'screening.toml'}.")
    if not good:
        raise typer.Exit(NO)


def _show(row: dict[str, Any]) -> None:
    if "version" in row:
        dated = f"of {row['dated']}, " if row["dated"] else ""
        print(
            f"{row['list']:<20} {row['version']}: {dated}{row['age_days']} days old; "
            f"{row['entries']} entries, {row['names']} names, {row['addresses']} addresses"
        )
        print(
            f"{'':<20} accepted {row['accepted_at']} by {row['accepted_by']}, "
            f"checked {row['checked_at']}, sha256 {row['sha256'][:16]}"
        )
        if row["why"]:
            print(f"{'':<20} accepted because: {row['why']}")
    else:
        print(f"{row['list']:<20} -")
    for problem in row["problems"]:
        print(f"{'':<20} PROBLEM  {problem}")
