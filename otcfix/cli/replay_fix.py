"""otcfix replay-fix: play the client's side of a FIX log, and compare the answers."""

import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.fix_view import (
    DelimiterOption,
    DictionaryOption,
    FilterOption,
    FromOption,
    UntilOption,
    delimiter_of,
    dictionaries_of,
    matching,
)
from otcfix.cli.options import JsonOption, load_config, quiet
from otcfix.cli.outcome import CONNECT, NO, STORE, USAGE, Failed, usage_error
from otcfix.cli.show import print_json
from otcfix.model.time import DAY, SECOND

if TYPE_CHECKING:
    from otcfix.fixlog.names import Dictionaries
    from otcfix.trials.comparing import Comparison, Matcher
    from otcfix.trials.remapping import Remapping
    from otcfix.trials.replay_report import Report
    from otcfix.trials.replaying import Plan, Player


def _text(name: str, metavar: str, words: str, **more: Any) -> Any:
    """An option of text."""
    return typer.Option(name, metavar=metavar, help=words, **more)


LogArgument = Annotated[Path, typer.Argument(metavar="LOG", help="A FIX log of any make.")]
AgainstOption = Annotated[str, _text("--against", "HOST:PORT", "A desk that listens there.")]
DeskOption = Annotated[
    Path | None, _text("--desk", "CONFIG", "A desk of this configuration, made for it.")
]
SideOption = Annotated[str, _text("--side", "COMPID", "Who is the client; *: all who ask.")]
SenderOption = Annotated[str, _text("--sender", "COMPID", "Log on as; default: as in the log.")]
TargetOption = Annotated[str, _text("--target", "COMPID", "To whom; default: as in the log.")]
UsernameOption = Annotated[str, _text("--username", "NAME", "Username(553).")]
SecretOption = Annotated[str, _text("--secret", "TEXT", "Password(554).", envvar="OTCFIX_SECRET")]
ResetOption = Annotated[bool, typer.Option("--reset", help="Log on with 141=Y.")]
SessionOption = Annotated[str, _text("--session", "KEY", "With --desk: the session to play on.")]
RatesOption = Annotated[Path | None, _text("--rates", "FILE", "With --desk: CSV, or recorded.")]
FundOption = Annotated[str, _text("--fund", "LIST", "With --desk: USD=50000,BTC=2 to each.")]
SpeedOption = Annotated[
    float, _text("--speed", "N", "Times the log's; 0: as fast as answers come.", min=0)
]
GapOption = Annotated[float, _text("--gap-max", "SECONDS", "Longer silences: this.", min=0)]
WaitOption = Annotated[float, _text("--wait", "SECONDS", "For an answer of the log.", min=0)]
MatcherOption = Annotated[Path | None, _text("--matcher", "FILE", "How to compare: TOML.")]
IgnoreOption = Annotated[str, _text("--ignore", "TAGS", "Not compared either: tags, names.")]
ToleranceOption = Annotated[str, _text("--price-tolerance", "BPS", "Prices may differ so much.")]
UnorderedOption = Annotated[
    bool, typer.Option("--unordered", help="Answers of one key in any order.")
]
JunitOption = Annotated[Path | None, _text("--junit", "FILE", "Write JUnit's XML as well.")]


def replay_fix(
    log: LogArgument,
    against: AgainstOption = "",
    desk: DeskOption = None,
    side: SideOption = "",
    sender: SenderOption = "",
    target: TargetOption = "",
    username: UsernameOption = "",
    secret: SecretOption = "",
    reset: ResetOption = False,
    session: SessionOption = "",
    rates: RatesOption = None,
    fund: FundOption = "",
    speed: SpeedOption = 0.0,
    gap_max: GapOption = 86_400.0,
    wait: WaitOption = 2.0,
    since: FromOption = "",
    until: UntilOption = "",
    expression: FilterOption = "",
    matcher: MatcherOption = None,
    ignore: IgnoreOption = "",
    tolerance: ToleranceOption = "",
    unordered: UnorderedOption = False,
    junit: JunitOption = None,
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    as_json: JsonOption = False,
) -> None:
    """Play the client's side of a FIX log as a session, and compare the answers with the log's.

    Numbers, times and the client's ids are new; what the desk named is taken from its answers: an
    order on a quote of the log hits the quote received now. Exit code 1 unless all are the same.

    --desk makes a desk without sockets whose clock follows the log: the same log gives the same
    report. Its prices are those of the log, or of --rates.

    Examples:
      otcfix replay-fix day.log --against 127.0.0.1:9878 --username alpha --secret ...
      otcfix replay-fix day.log --desk config --rates rates.csv --junit report.xml
      otcfix replay-fix day.log --desk config --from 10:00 --filter "Symbol=BTC/USD" --json
    """
    if bool(against) == (desk is not None):
        raise usage_error("either --against HOST:PORT or --desk CONFIG")
    quiet("error")
    names = dictionaries_of(dictionary)
    run = _Run(names, _matcher(matcher, ignore, tolerance, unordered), gap_max, wait)
    plan = run.plan(log, delimiter, side, matching(names, expression, since, until))
    if desk is not None:
        report = run.on_desk(plan, log, desk, session, rates, _funds(fund))
    else:
        login = {"sender": sender, "target": target, "username": username, "secret": secret}
        report = run.on_wire(plan, log, against, speed, reset, login)
    _show(report, junit, as_json)


def _show(report: "Report", junit: Path | None, as_json: bool) -> None:
    """Write the report; exit code 1 unless all is the same."""
    if junit is not None:
        report.junit(junit)
    if as_json:
        print_json(report.document())
    else:
        for line in report.lines():
            print(line)
    if not report.good:
        raise typer.Exit(NO)


def _funds(text: str) -> dict[str, Decimal] | None:
    """Read --fund; None where nothing is said. Errors: BadParameter."""
    if not text:
        return None
    funds: dict[str, Decimal] = {}
    for part in text.split(","):
        code, _, amount = part.strip().partition("=")
        try:
            funds[code] = Decimal(amount)
        except InvalidOperation:
            funds[code] = Decimal("NaN")
        if not funds[code].is_finite() or funds[code] < 0:
            raise usage_error(f"--fund: {part.strip()!r} is not ASSET=AMOUNT")
    return funds


def _matcher(path: Path | None, ignore: str, tolerance: str, unordered: bool) -> "Matcher":
    """The matcher of the file, with the flags on top. Errors: ConfigError, BadParameter."""
    from otcfix.trials.comparing import Matcher, load  # noqa: PLC0415

    made = load(path) if path is not None else Matcher()
    more: dict[str, Any] = {}
    if ignore:
        tags = tuple(one.strip() for one in ignore.split(",") if one.strip())
        more["ignore"] = (*made.ignore, *tags)
    if tolerance:
        try:
            more["price_tolerance_bps"] = Decimal(tolerance)
        except InvalidOperation:
            raise usage_error(f"--price-tolerance: {tolerance!r} is no number") from None
    if unordered:
        more["ordered"] = False
    return made.model_copy(update=more)


class _Run:
    """One replay, on either target."""

    def __init__(
        self, names: "Dictionaries", matcher: "Matcher", gap_max_s: float, wait_s: float
    ) -> None:
        self._names = names
        self._matcher = matcher
        self._gap_max = min(int(gap_max_s * SECOND), 365 * DAY)
        self._wait_s = wait_s

    def plan(self, log: Path, delimiter: str, side: str, match: Any) -> "Plan":
        """The script. Errors: ConfigError."""
        from otcfix.fixlog.reader import read  # noqa: PLC0415
        from otcfix.trials.replaying import Plan  # noqa: PLC0415

        if str(log) == "-":
            raise usage_error("LOG: a file, which is read more than once")
        mark = delimiter_of(delimiter)
        try:
            return Plan(
                lambda: read(log, delimiter=mark),
                side=side.encode(),
                match=match,
                counts=self._counts,
            )
        except OSError as error:
            raise Failed(STORE, f"{log}: {error.strerror}") from None

    def _counts(self, kind: bytes) -> bool:
        return kind == b"S" or kind.decode("latin-1") not in self._matcher.types_ignored

    def _parts(self, prefix: str) -> "tuple[Comparison, Remapping]":
        from otcfix.trials.comparing import Comparison  # noqa: PLC0415
        from otcfix.trials.remapping import Remapping  # noqa: PLC0415

        remapping = Remapping(prefix)
        return Comparison(self._matcher, self._names, remapping), remapping

    def _player(self, plan: "Plan", target: Any, parts: Any) -> "Player":
        from otcfix.trials.replaying import Player  # noqa: PLC0415

        return Player(plan, target, *parts, gap_max=self._gap_max, wait_s=self._wait_s)

    def on_desk(
        self,
        plan: "Plan",
        log: Path,
        folder: Path,
        session: str,
        rates: Path | None,
        funds: dict[str, Decimal] | None,
    ) -> "Report":
        """Play it to a desk of its own."""
        from otcfix.trials.replay_report import Report  # noqa: PLC0415
        from otcfix.trials.replaying import OverDesk  # noqa: PLC0415
        from otcfix.trials.staged_desk import StagedDesk  # noqa: PLC0415

        config = load_config(folder)
        parts = self._parts("RF")
        with StagedDesk(config, plan.began, funds=funds, rates=rates) as desk:
            player = self._player(plan, OverDesk(config, desk, session), parts)
            player.play()
            return Report(
                *(log.name, plan, player, parts[0], self._names), fingerprint=desk.fingerprint
            )

    def on_wire(
        self,
        plan: "Plan",
        log: Path,
        against: str,
        speed: float,
        reset: bool,
        login: dict[str, str],
    ) -> "Report":
        """Play it to a desk that listens. Errors: Failed (5) without a session."""
        from otcfix.trials.fix_link import Link, LinkLost  # noqa: PLC0415
        from otcfix.trials.replay_report import Report  # noqa: PLC0415
        from otcfix.trials.replaying import OverWire  # noqa: PLC0415

        host, colon, port = against.rpartition(":")
        if not colon or not port.isdigit():
            raise Failed(USAGE, f"--against: {against!r} is not HOST:PORT")
        begin = "FIXT.1.1" if plan.version.startswith("FIX.5") else plan.version
        sender = login["sender"] or plan.client.decode("utf-8", "replace")
        target = login["target"] or plan.desk.decode("utf-8", "replace")
        link = Link(
            *(host.strip("[]"), int(port), begin, sender, target),
            username=login["username"],
            secret=login["secret"],
            reset=reset,
        )
        parts = self._parts(f"RF{time.time_ns() // 1_000_000:x}-")
        player = self._player(plan, OverWire(link, plan.version, speed), parts)
        try:
            link.log_on()
            began = time.monotonic()
            player.play()
            took = time.monotonic() - began
        except LinkLost as error:
            raise Failed(CONNECT, str(error)) from None
        finally:
            link.log_off()
        return Report(log.name, plan, player, parts[0], self._names, took_s=took)
