"""Options that several commands share, and what they open."""

import getpass
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.outcome import STORE, Failed, usage_error
from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.config import Config

DATABASE = "sqlite:///state/otcfix.db"
DIGITS_MAX = 18

ConfigOption = Annotated[
    Path,
    typer.Option("--config", metavar="DIR", envvar="OTCFIX_CONFIG", help="Folder of *.toml files."),
]
DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="OTCFIX_DATABASE",
        help="sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")
]
LogLevelOption = Annotated[
    str,
    typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error; on stderr."),
]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who asks; for the journal.")]
WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; for the journal.")]

CONFIG_DEFAULT = Path("config")


def quiet(level: str = "warning") -> None:
    """Send logs to stderr, from *level* on. Errors: BadParameter for an unknown level."""
    from otcfix import log  # noqa: PLC0415 - structlog takes a fifth of a second

    try:
        log.configure(level)
    except ValueError as error:
        raise usage_error(f"--log-level: {error}") from None


def load_config(folder: Path) -> "Config":
    """Read the configuration. Errors: ConfigError with every problem, one a line."""
    from otcfix.config import load  # noqa: PLC0415

    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: no such folder of desk.toml, clients.toml, sessions.toml and venues.toml; "
            "name it with --config DIR"
        )
    return load(folder)


def shipped_config() -> Path:
    """./config, or the one that lies beside the package in the repository."""
    beside = Path(__file__).parents[2] / "config"
    if not CONFIG_DEFAULT.is_dir() and (beside / "desk.toml").is_file():
        return beside
    return CONFIG_DEFAULT


def open_database(url: str, *, create: bool = False) -> Any:
    """Open the store at *url*; unless *create*, it must be there.

    Errors: Failed (4) or StoreLost naming the database and what to do.
    """
    from otcfix.store import open_store  # noqa: PLC0415

    path = sqlite_path(url)
    if path is not None:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            raise Failed(
                STORE,
                f"{path}: no such database; `otcfix serve` or `otcfix db upgrade` makes it, "
                "--database URL names another",
            )
    return open_store(url, create=create)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database or one in memory."""
    scheme, _, rest = url.partition("://")
    if not scheme.startswith("sqlite"):
        return None
    name = rest.removeprefix("/").partition("?")[0]
    return Path(name) if name and name != ":memory:" else None


def whoami() -> str:
    """Return the login name, for the journal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"


def read_amount(text: str, name: str) -> Decimal:
    """Read a positive exact decimal from the command line.

    Errors: BadParameter (2) for what is no plain number, not above zero, or too long to be meant.
    """
    plain = text.replace("_", "")
    if not all(c.isascii() and (c.isdigit() or c in ".-") for c in plain):
        raise usage_error(f"{name}: {text!r} is not a plain decimal number such as 1250.50")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise usage_error(
            f"{name}: {text!r} is not a plain decimal number such as 1250.50"
        ) from None
    if value <= 0:
        raise usage_error(f"{name}: {text} is not above zero")
    whole, _, fraction = plain.partition(".")
    if max(len(whole), len(fraction)) > DIGITS_MAX:
        raise usage_error(f"{name}: {text} has more than {DIGITS_MAX} digits on a side")
    return value


def is_terminal() -> bool:
    """Whether people read stdout."""
    return sys.stdout.isatty()
