"""otcfix certify: scenarios against a counterparty, or against a desk of our own."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import JsonOption, load_config, quiet, read_amount
from otcfix.cli.outcome import CONNECT, NO, Failed, usage_error
from otcfix.cli.show import print_json, print_table
from otcfix.log import escaped

if TYPE_CHECKING:
    from otcfix.trials.parties import Party
    from otcfix.trials.scenario import Result, Scenario

PROFILE = Path("config/counterparties.toml")
ENDINGS = (".html", ".txt", ".json", ".xml")

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Scenarios or folders of the pack.")
]
WHO = "Against whom"
WHAT = "What"


def _option(name: str, about: str, panel: str | None = None, metavar: str | None = None) -> Any:
    return typer.Option(f"--{name}", help=about, rich_help_panel=panel, metavar=metavar)


Counterparty = Annotated[str, _option("counterparty", "One of the profile file.", WHO, "NAME")]
Profile = Annotated[Path, _option("profile", "The file of counterparties.", WHO, "FILE")]
DeskOption = Annotated[
    Path | None,
    _option("desk", "A desk of our own on this configuration, with steady prices.", WHO, "DIR"),
]
Prices = Annotated[list[str], _option("price", "--desk: the middle.", WHO, "SYMBOL=PRICE")]
Host = Annotated[str, _option("host", "Instead of the profile's.", WHO)]
Port = Annotated[int, _option("port", "Instead of the profile's.", WHO)]
VersionOption = Annotated[str, _option("version", "This version only.", WHO, "FIX.4.4")]
Sender = Annotated[str, _option("sender", "Our CompID.", WHO)]
Target = Annotated[str, _option("target", "Their CompID.", WHO)]
Username = Annotated[str, _option("username", "Username(553).", WHO)]
SecretEnv = Annotated[str, _option("secret-env", "Holds Password(554).", WHO, "VARIABLE")]
Values = Annotated[list[str], _option("value", "What scenarios use.", WHO, "NAME=VALUE")]
Pack = Annotated[str, _option("pack", "Scenarios.", WHAT, "NAME|DIR|FILE")]
Tags = Annotated[list[str], _option("tag", "Only with this tag.", WHAT, "TAG")]
Skip = Annotated[list[str], _option("skip", "All but these.", WHAT, "TAG|NAME")]
Show = Annotated[bool, typer.Option("--list", help="Show them and end.", rich_help_panel=WHAT)]
Reports = Annotated[
    list[Path],
    _option("report", "To .html (can be mailed), .txt, .json or .xml (JUnit).", None, "FILE"),
]
StateOption = Annotated[
    Path | None, _option("state", "Where numbers of sessions are kept.", None, "DIR")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the numbers that were kept.")]


def certify(
    names: NamesArgument = None,
    counterparty: Counterparty = "",
    profile: Profile = PROFILE,
    desk: DeskOption = None,
    price: Prices = [],  # noqa: B006
    host: Host = "",
    port: Port = 0,
    version: VersionOption = "",
    sender: Sender = "",
    target: Target = "",
    username: Username = "",
    secret_env: SecretEnv = "",
    value: Values = [],  # noqa: B006
    pack: Pack = "client",
    tag: Tags = [],  # noqa: B006
    skip: Skip = [],  # noqa: B006
    show: Show = False,
    report: Reports = [],  # noqa: B006
    state: StateOption = None,
    fresh: Fresh = False,
    as_json: JsonOption = False,
) -> None:
    """Play scenarios: logons, heartbeats, resends, gaps, every business message, every reject.

    Against a counterparty of the profile file, against the one that the options name, or (--desk)
    against a desk of our own. What cannot be tried there is skipped, and says why.
    Exit code 1 when a scenario failed.

    Examples:
      otcfix certify --desk config
      otcfix certify --list
      otcfix certify --counterparty shipped-desk 1-session --report result.html
      otcfix certify --host fix.example.com --port 9878 --version FIX.4.4 --sender ALPHA \\
        --target OTCFIX --username alpha --secret-env ALPHA_SECRET --value symbol=BTC/USD
    """
    quiet("error")
    _can_be_written(report)
    scenarios = _scenarios(pack, names or [], tag, skip)
    if show:
        _show(scenarios, as_json)
        return
    values = dict(_pair(one, "--value") for one in value)
    given = {"host": host, "port": port, "sender": sender, "target": target}
    given |= {"username": username, "secret_env": secret_env}
    with _party(desk, price, counterparty, profile, version, given, values) as party:
        found = _played(party, scenarios, pack, desk is None, state, fresh, as_json)
    _tell(found, report, as_json)


def _can_be_written(paths: list[Path]) -> None:
    for path in paths:
        if path.suffix not in ENDINGS:
            raise usage_error(f"--report: {path}: expected one of {', '.join(ENDINGS)}")


def _tell(found: dict[str, Any], paths: list[Path], as_json: bool) -> None:
    for path in paths:
        _write(path, found)
    if as_json:
        print_json(found)
    else:
        from otcfix.trials.report import summary  # noqa: PLC0415

        print(summary(found))
    if not found["ok"]:
        raise typer.Exit(NO)


def _scenarios(pack: str, names: list[str], tags: list[str], skip: list[str]) -> "list[Scenario]":
    from otcfix.trials.campaign import chosen, read_pack, shipped_pack  # noqa: PLC0415

    folder = Path(pack)
    return chosen(read_pack(folder if folder.exists() else shipped_pack(pack)), names, tags, skip)


def _show(scenarios: "list[Scenario]", as_json: bool) -> None:
    from otcfix.trials.scenario import NEEDS  # noqa: PLC0415

    rows = [
        {
            "name": one.name, "title": one.title, "tags": list(one.tags),
            "versions": sorted(one.only), "session": one.session, "needs": list(one.needs),
            "uses": list(one.uses),
        }
        for one in scenarios
    ]  # fmt: skip
    if as_json:
        print_json({"scenarios": rows, "needs": NEEDS})
        return
    print_table(
        ("name", "title", "tags", "needs"),
        [(r["name"], r["title"], " ".join(r["tags"]), " ".join(r["needs"])) for r in rows],
    )
    print(f"{len(rows)} scenarios")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise usage_error(f"{option}: {text!r}: expected NAME=VALUE")
    return name, value


@contextlib.contextmanager
def _party(
    desk: Path | None,
    price: list[str],
    counterparty: str,
    profile: Path,
    version: str,
    given: dict[str, Any],
    values: dict[str, str],
) -> "Iterator[Party]":
    if desk is not None:
        if counterparty or any(given.values()):
            raise usage_error("--desk: stands alone; it is the counterparty")
        from otcfix.trials.own_desk import own_desk  # noqa: PLC0415

        prices = {k: _price(v) for k, v in (_pair(one, "--price") for one in price)}
        with own_desk(load_config(desk), prices) as party:
            _narrow(party, version)
            yield party
        return
    if counterparty:
        from otcfix.trials.parties import party_of, read_parties  # noqa: PLC0415

        known = read_parties(profile)
        if counterparty not in known:
            raise usage_error(
                f"--counterparty: no {counterparty} in {profile}; there are {', '.join(known)}"
            )
        found = known[counterparty]
        changes = {k: v for k, v in given.items() if v}
        session = {k: changes.pop(k) for k in list(changes) if k not in ("host", "port")}
        sessions = tuple(s.model_copy(update=session) for s in found.session)
        found = found.model_copy(update={**changes, "session": sessions})
        party = party_of(found)
    else:
        party = _from_options(given, version)
    for lane in party.lanes:
        lane.values.update(values)
    _narrow(party, version)
    yield party


def _price(text: str) -> Decimal:
    return read_amount(text, "--price")


def _narrow(party: "Party", version: str) -> None:
    if version:
        party.lanes[:] = [lane for lane in party.lanes if lane.who.version == version]
        if not party.lanes:
            raise usage_error(f"--version: the counterparty has no session of {version}")


def _from_options(given: dict[str, Any], version: str) -> "Party":
    from otcfix.trials.wire import VERSIONS  # noqa: PLC0415

    missing = [f"--{name}" for name in ("host", "port", "sender", "target") if not given[name]]
    if version and version not in VERSIONS:
        raise usage_error(f"--version: {version}: expected one of {', '.join(VERSIONS)}")
    if missing or not version:
        raise usage_error(
            "--counterparty, --desk, or all of --host --port --version --sender --target are needed"
        )
    from otcfix.trials.line import Who  # noqa: PLC0415
    from otcfix.trials.parties import Lane, Party  # noqa: PLC0415

    secret = given["secret_env"]
    if secret and secret not in os.environ:
        raise usage_error(f"--secret-env: the environment variable {secret} is not set")
    who = Who(
        given["host"], given["port"], version, given["sender"], given["target"],
        given["username"], os.environ.get(secret, "") if secret else "",
    )  # fmt: skip
    lane = Lane(f"{who.sender}-{who.target}-{version}", "main", who, {})
    return Party(who.host, [lane], pause_s=0.6)


def _played(
    party: "Party",
    scenarios: "list[Scenario]",
    pack: str,
    remote: bool,
    state: Path | None,
    fresh: bool,
    as_json: bool,
) -> dict[str, Any]:
    from otcfix.trials.campaign import Campaign  # noqa: PLC0415
    from otcfix.trials.parties import Kept, reachable  # noqa: PLC0415
    from otcfix.trials.report import document  # noqa: PLC0415

    why = reachable(party)
    if why:
        raise Failed(CONNECT, f"{party.address}: {why}")
    kept = Kept(state or _state_folder()) if remote or state else None
    told = _Told(as_json)
    started, clock = time.time(), time.monotonic()
    campaign = Campaign(party, scenarios, kept=kept, fresh=fresh, told=told.result)
    told.total = campaign.total
    results = campaign.play()
    told.end()
    return document(results, party, started, time.monotonic() - clock, pack)


def _state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "otcfix" / "trials"


class _Told:
    """Says how far it is: what failed at once, the rest in place on a terminal."""

    def __init__(self, as_json: bool) -> None:
        self.total = 0
        self._done = 0
        self._plain = not as_json
        self._in_place = sys.stderr.isatty()

    def result(self, result: "Result") -> None:
        """One more is there."""
        self._done += 1
        if self._in_place:
            print(f"\r\x1b[K{self._done} of {self.total} {result.scenario.name} ", end="",
                  file=sys.stderr, flush=True)  # fmt: skip
        if self._plain and result.verdict == "failed":
            self.end()
            print(f"FAIL {result.version} {result.scenario.name}: {result.scenario.title}")
            print(f"     {escaped(result.why)}")

    def end(self) -> None:
        """Leave a clean line."""
        if self._in_place:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _write(path: Path, found: dict[str, Any]) -> None:
    from otcfix.trials import report  # noqa: PLC0415
    from otcfix.trials.report_html import as_html  # noqa: PLC0415

    made = {".html": as_html, ".txt": report.as_text, ".json": report.as_json,
            ".xml": report.as_junit}[path.suffix]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made(found), "utf-8")
