"""The configuration of `serve --echo`: sessions.toml alone, for an acceptor that deals nothing."""

from decimal import Decimal
from pathlib import Path

from otcfix.config import Config, LogonConfig
from otcfix.config.jurisdictions import JurisdictionsConfig
from otcfix.config.models import SessionsConfig
from otcfix.config.reading import read
from otcfix.config.session_checks import check_echo
from otcfix.config.throttles import ThrottlesConfig
from otcfix.model.errors import ConfigError

FREELY = LogonConfig(
    failures=10_000,
    session_failures=1_000_000,
    backoff_s=Decimal("0.001"),
    backoff_max_s=Decimal("0.001"),
    logons_per_second=Decimal(10_000),
    logon_burst=10_000,
)
"""Nobody is turned away for failed logons: testers fail on purpose."""


def load_echo(folder: Path) -> Config:
    """Read sessions.toml of *folder*. Errors: ConfigError naming every problem, one a line.

    What a desk has beside its sessions is not there: only an acceptor may be made of it.
    """
    problems: list[str] = []
    sessions = read(folder / "sessions.toml", SessionsConfig, problems)
    if sessions is not None:
        check_echo(
            folder,
            sessions,
            lambda file, key, expected: problems.append(f"{folder / file}: {key}: {expected}"),
        )
    if problems:
        raise ConfigError("\n".join(problems))
    return Config.model_construct(
        folder=folder,
        sessions=sessions,
        jurisdictions=JurisdictionsConfig(),
        throttles=ThrottlesConfig(logon=FREELY),
    )
