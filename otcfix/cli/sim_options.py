"""Options of `otcfix sim`, and what they mean."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import load_config, shipped_config
from otcfix.cli.outcome import usage_error
from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.sim import Plan, WireFaults
    from otcfix.trials.line import Who

WHO, WHAT, TROUBLE = "Who it is", "What it does", "What goes wrong"


def option(name: str, about: str, panel: str, metavar: str | None = None) -> Any:
    """An option in a panel of --help."""
    return typer.Option(f"--{name}", help=about, rich_help_panel=panel, metavar=metavar)


Session = Annotated[str, option("session", "One of sessions.toml: its CompIDs.", WHO, "KEY")]
ConfigDir = Annotated[Path | None, option("config", "Where sessions.toml is.", WHO, "DIR")]
Host = Annotated[str, option("host", "Where the desk is.", WHO)]
Port = Annotated[int, option("port", "Default: of sessions.toml.", WHO)]
Version = Annotated[str, option("version", "FIX.4.2, FIX.4.4 or FIX.5.0SP2.", WHO)]
Sender = Annotated[str, option("sender", "Its CompID; instead of --session.", WHO)]
Target = Annotated[str, option("target", "The desk's CompID.", WHO)]
Username = Annotated[str, option("username", "Username(553).", WHO)]
Secret = Annotated[
    str,
    typer.Option(
        "--secret", envvar="OTCFIX_SECRET", help="Password(554); the trial sessions' is known.",
        rich_help_panel=WHO,
    ),
]  # fmt: skip
Heartbeat = Annotated[int, option("heartbeat", "HeartBtInt(108), seconds.", WHO)]
Ends = Annotated[list[str], option("end-client", "For whom it deals; several times.", WHO, "NAME")]
EndTag = Annotated[int, option("end-tag", "Where it names them: ClientID(109), 115 or 1.", WHO)]
Grouped = Annotated[
    bool, typer.Option("--grouped", help="R with the group 146.", rich_help_panel=WHO)
]
Symbols = Annotated[list[str], option("symbol", "What it deals in; several times.", WHAT)]
Quantities = Annotated[list[str], option("qty", "In base; several times.", WHAT)]
Deeds = Annotated[str, option("do", "Some of ask, hit, rest, cancel; oftener is likelier.", WHAT)]
Rate = Annotated[str, option("rate", "A second; 0: as fast as answers come.", WHAT)]
Count = Annotated[int, option("count", "How many; 0: until SIGINT or SIGTERM.", WHAT)]
Seed = Annotated[int, option("seed", "The same seed, the same choices and troubles.", WHAT)]
RestBps = Annotated[str, option("rest-bps", "How far away its limit orders rest.", WHAT)]
LeaveOpen = Annotated[
    bool, typer.Option("--leave-open", help="Cancel nothing at the end.", rich_help_panel=WHAT)
]
Patience = Annotated[str, option("patience", "How long an answer may take.", WHAT, "SECONDS")]
Script = Annotated[
    Path | None,
    typer.Option(
        "--script", metavar="FILE", exists=True, dir_okay=False, rich_help_panel=WHAT,
        help="Play a scenario (*.trial, see otcfix/trials/README.md) instead.",
    ),
]  # fmt: skip
Values = Annotated[list[str], option("value", "What the script uses.", WHAT, "NAME=VALUE")]
FaultsOption = Annotated[
    list[str],
    option(
        "fault",
        "drop, delay, garble, duplicate, checksum, never_read, cut: of each message it says.",
        TROUBLE,
        "WHAT=CHANCE",
    ),
]
DelayMs = Annotated[str, option("delay-ms", "How late what is delayed is.", TROUBLE, "MS")]
DeafMs = Annotated[str, option("deaf-ms", "How long it never reads.", TROUBLE, "MS")]
WireScript = Annotated[
    Path | None,
    typer.Option(
        "--wire", metavar="FILE", exists=True, dir_okay=False, rich_help_panel=TROUBLE,
        help="Lines such as `message 12: drop`, `type D 2: delay 800`.",
    ),
]  # fmt: skip
Show = Annotated[bool, typer.Option("--show", help="Print every message as it passes.")]


def any_number(option: str, text: str) -> Decimal:
    """A number. Errors: ConfigError."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ConfigError(f"--{option} {text}: expected a number")
    return value


def wire_faults(chances: list[str], delay_ms: str, deaf_ms: str) -> "WireFaults":
    """The chances of a bad wire, `drop=0.02` each. Errors: ConfigError, BadParameter."""
    from otcfix.sim import WireFaults  # noqa: PLC0415
    from otcfix.sim.wirefaults import DEEDS  # noqa: PLC0415

    found = {"delay_ms": number("delay-ms", delay_ms), "deaf_ms": number("deaf-ms", deaf_ms)}
    for text in chances:
        what, _, chance = text.partition("=")
        if what not in DEEDS:
            raise usage_error(f"--fault {text}: expected one of {', '.join(DEEDS)}, e.g. drop=0.02")
        found[what] = number(f"fault {what}", chance)
    return WireFaults(**found)


def number(option: str, text: str) -> Decimal:
    """A number from 0 on. Errors: ConfigError."""
    value = any_number(option, text)
    if value < 0:
        raise ConfigError(f"--{option} {text}: expected a number from 0 on")
    return value


def plan_of(
    symbols: list[str],
    quantities: list[str],
    deeds: str,
    rate: str,
    count: int,
    seed: int,
    rest_bps: str,
    leave_open: bool,
    patience: str,
    ends: tuple[str, ...] = (),
) -> "Plan":
    """What a client is to do. Errors: ConfigError, BadParameter."""
    from otcfix.sim import Plan  # noqa: PLC0415
    from otcfix.sim.trader import DEEDS  # noqa: PLC0415

    chosen = tuple(deeds.replace(" ", "").split(","))
    unknown = [deed for deed in chosen if deed not in DEEDS]
    if unknown:
        raise usage_error(f"--do {unknown[0]}: expected some of {', '.join(DEEDS)}")
    return Plan(
        tuple(symbols),
        tuple(number("qty", text) for text in quantities),
        chosen,
        number("rate", rate),
        count,
        seed,
        number("rest-bps", rest_bps),
        ends or ("",),
        bool(ends),
        leave_open,
        float(number("patience", patience)),
    )


def named(
    version: str,
    sender: str,
    target: str,
    username: str,
    secret: str,
    host: str,
    port: int,
    heartbeat: int,
) -> "Who":
    """A session by its words. Errors: ConfigError, BadParameter."""
    from otcfix.trials.line import Who  # noqa: PLC0415

    if not port:
        raise usage_error("--port: needed with --sender")
    return Who(host, port, known_version(version), sender, target, username, secret, heartbeat)


def who_of(
    key: str, folder: Path | None, host: str, port: int, secret: str, heartbeat: int
) -> "Who":
    """A session of sessions.toml, from the client's side."""
    from otcfix.cli.talk import secret_of, session_of  # noqa: PLC0415
    from otcfix.trials.line import Who  # noqa: PLC0415

    config = load_config(folder or shipped_config())
    found = session_of(config, key)
    return Who(
        host, port or config.sessions.acceptor.port, found.version, found.target_comp_id,
        found.sender_comp_id, found.username, secret_of(found, secret), heartbeat,
    )  # fmt: skip


def known_version(text: str) -> str:
    """A version of FIX that is spoken. Errors: ConfigError."""
    from otcfix.fix.dictionaries import VERSIONS  # noqa: PLC0415

    if text not in VERSIONS:
        raise ConfigError(f"--version {text}: expected one of {', '.join(VERSIONS)}")
    return text
