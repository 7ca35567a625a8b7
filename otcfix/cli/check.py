"""otcfix check: everything that would keep a desk from running, at once."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otcfix.cli.dialect import dialect_findings
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    open_database,
    quiet,
    sqlite_path,
)
from otcfix.cli.outcome import NO
from otcfix.cli.secrets import trial_secret
from otcfix.cli.serve import port_taken
from otcfix.cli.show import print_json
from otcfix.log import redacted
from otcfix.model.errors import OtcfixError
from otcfix.model.time import utc_day

if TYPE_CHECKING:
    from otcfix.config import Config

PUBLIC_KEY = "6f7463666978"
"""How the id key of the shipped configuration begins."""


class Report:
    """What was found: problems keep a desk from running, warnings do not."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.good: list[str] = []


def check(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Warnings fail as well: for a desk that is not a trial."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check configuration, database, port, dictionaries and feeds; report every problem at once.

    Exit code 1 when there is one. A rule of pricing.toml that can never match is a warning.

    Examples:
      otcfix check
      otcfix check --config /etc/otcfix --strict
    """
    quiet("error")
    from otcfix.config.client_checks import client_warnings  # noqa: PLC0415

    report = Report()
    loaded = _config(report, config)
    runs = _database(report, database)
    if loaded is not None:
        _port(report, loaded, runs)
        _dictionaries(report, loaded)
        _feeds(report, loaded)
        _secrets(report, loaded)
        _lists(report, loaded)
        report.warnings += unreachable_rules(loaded)
        _geofence(report, loaded)
        lost, lossy = dialect_findings(loaded)
        report.problems += lost
        report.warnings += lossy
        report.warnings += policy_warnings(loaded)
        report.warnings += client_warnings(loaded, utc_day(time.time_ns() // 1_000))
    failed = bool(report.problems or (strict and report.warnings))
    if as_json:
        print_json({"ok": not failed, "problems": report.problems, "warnings": report.warnings})
    else:
        _show(report)
    if failed:
        raise typer.Exit(NO)


def _show(report: Report) -> None:
    for word, lines in (
        ("ok", report.good), ("warning", report.warnings), ("PROBLEM", report.problems)
    ):  # fmt: skip
        for line in lines:
            print(f"{word:<8} {redacted(line)}")


def _config(report: Report, folder: Path) -> "Config | None":
    try:
        loaded = load_config(folder)
    except OtcfixError as error:
        report.problems += str(error).splitlines()
        return None
    report.good.append(
        f"configuration {folder}: {len(loaded.desk.instrument)} instruments, "
        f"{len(loaded.clients.client)} clients, {len(loaded.sessions.session)} sessions"
    )
    return loaded


def _database(report: Report, url: str) -> bool:
    """Check the database; whether a desk runs on it."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        report.good.append(f"database {url}: not there yet; `otcfix serve` makes it")
        return False
    try:
        store = open_database(url)
        try:
            runs = "" if store.try_lock() else store.lock_holder()
            events = store.head().seq
        finally:
            store.close()
    except OtcfixError as error:
        report.problems.append(f"database {url}: {error}")
        return False
    said = f"; a desk runs on it ({runs})" if runs else ""
    report.good.append(f"database {url}: {events} events{said}")
    return bool(runs)


def _port(report: Report, config: "Config", runs: bool) -> None:
    port = config.sessions.acceptor.port
    why = port_taken(port)
    where = f"{config.folder / 'sessions.toml'}: acceptor.port: {port}"
    if not why:
        report.good.append(f"port {port}: free")
    elif runs:
        report.good.append(f"port {port}: taken, by the running desk it seems")
    else:
        report.problems.append(f"{where}: {why}; name another one, or stop who has it")


def _dictionaries(report: Report, config: "Config") -> None:
    from otcfix.fix.dictionaries import build  # noqa: PLC0415
    from otcfix.fix.settings import dictionary_problems  # noqa: PLC0415

    try:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder))
    except (OSError, LookupError) as error:
        report.problems.append(f"dictionaries: {error}")
        return
    problems = dictionary_problems(config)
    report.problems += problems
    if not problems:
        report.good.append("dictionaries: built")


def _feeds(report: Report, config: "Config") -> None:
    from otcfix.venues.recorded import guess  # noqa: PLC0415

    file = config.folder / "venues.toml"
    for source in config.venues.source:
        if source.exchange is not None:
            _exchange(report, f"{file}: source {source.name}.exchange.id", source.exchange.id)
        if source.recorded is None:
            continue
        path = config.folder / Path(source.recorded.file).expanduser()
        try:
            guess(path)
        except OtcfixError as error:
            report.problems.append(f"{file}: source {source.name}.recorded.file: {error}")
    try:
        unpriced = _without_source(config)
    except OtcfixError as error:
        report.problems.append(f"{file}: {error}")
        return
    for symbol in unpriced:
        report.warnings.append(f"{file}: no source prices {symbol}: it will not be quoted")
    if not unpriced:
        report.good.append(f"sources: {len(config.venues.source)}, every instrument has one")


def unreachable_rules(config: "Config") -> list[str]:
    """Rules of pricing.toml, or slots of one, that can never have their say; one line each."""
    from otcfix.pricing.never import never_matches  # noqa: PLC0415

    desk = config.to_desk()
    file = config.folder / "pricing.toml"
    return [
        f"{file}: rule {rule_id}{f'.{slot}' if slot else ''}: never used: {why}"
        for rule_id, slot, why in never_matches(
            desk.pricing, desk.instruments, desk.clients, desk.tiers
        )
    ]


def policy_warnings(config: "Config") -> list[str]:
    """What is odd about jurisdictions.toml, and the clients to whom it does not speak."""
    from otcfix.gate.policy_faults import gaps, licence_faults, rule_faults  # noqa: PLC0415
    from otcfix.model.time import utc_day  # noqa: PLC0415

    desk, at = config.to_desk(), time.time_ns() // 1_000
    found = rule_faults(desk.policy, desk.instruments, config.jurisdictions.other_assets, at)
    found += licence_faults(desk.policy, utc_day(at))
    found += gaps(desk.policy, desk.clients, desk.instruments, utc_day(at))
    file = config.folder / "jurisdictions.toml"
    return [f"{file}: {line}" for line in found]


def _geofence(report: Report, config: "Config") -> None:
    from otcfix.config.geofence import read  # noqa: PLC0415

    if not config.jurisdictions.geofence.file:
        return
    path = config.folder / config.jurisdictions.geofence.file
    known, problems = read(path)
    report.problems += problems
    if not problems:
        report.good.append(f"geofence {path}: {len(known)} networks")


def _exchange(report: Report, where: str, exchange_id: str) -> None:
    """Whether ccxt is there and knows the exchange; nothing is sent to it."""
    from otcfix.venues.exchange import known  # noqa: PLC0415

    try:
        known(exchange_id)
    except OtcfixError as error:
        report.problems.append(f"{where}: {error}")


def _without_source(config: "Config") -> list[str]:
    from otcfix.venues.assemble import assemble, spec_of  # noqa: PLC0415 - what serve uses
    from otcfix.venues.routes import routes_of  # noqa: PLC0415

    assemble(config, None, 1.0)  # builds the rate book: what does not fit raises
    specs = [spec_of(source) for source in config.venues.source]
    return [i.symbol for i in config.to_desk().instruments if not routes_of(i, specs)]


def _lists(report: Report, config: "Config") -> None:
    """The sanctions lists: files that cannot be read; what is too old, held or missing."""
    from otcfix.screening.lists_corpus import check_lists  # noqa: PLC0415

    problems, warnings = check_lists(config)
    report.problems += problems
    report.warnings += warnings
    if not problems:
        report.good.append(f"sanctions lists: {len(config.screening.list)}, all can be read")


def _secrets(report: Report, config: "Config") -> None:
    """What is public in the shipped configuration must not protect anybody's money."""
    key = config.id_key.hex()
    if key.startswith(PUBLIC_KEY):
        report.warnings.append(
            f"{config.folder / 'desk.toml'}: id_key: the public one, for trials only; set "
            "OTCFIX_ID_KEY to `openssl rand -hex 32` before the first real event"
        )
    trial = [s.key for s in config.sessions.session if trial_secret(s)]
    if trial:
        report.warnings.append(
            f"{config.folder / 'sessions.toml'}: password_hash: {', '.join(trial)} have public "
            "trial secrets; `otcfix sessions secret KEY` makes a new one"
        )
    open_to_all = [
        s.key
        for s in config.sessions.session
        if not s.allowed_remote_addresses and not config.sessions.acceptor.allow_from
    ]
    if open_to_all:
        report.warnings.append(
            f"{config.folder / 'sessions.toml'}: allowed_remote_addresses: anybody may try to "
            f"log on as {', '.join(open_to_all)}"
        )
