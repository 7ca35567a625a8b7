"""otcfix news: tell the sessions something, such as that the desk will be away."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from otcfix.cli.clients import tell
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
)
from otcfix.cli.outcome import usage_error

HEADLINE_MAX = 80


def news(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="What to say; each one is a line.")
    ] = None,
    headline: Annotated[
        str, typer.Option("--headline", metavar="TEXT", help="Headline(148); else the first line.")
    ] = "",
    session: Annotated[
        list[str] | None,
        typer.Option("--session", metavar="KEY", help="To this session; again for more of them."),
    ] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Urgency(61)=1.")] = False,
    maintenance: Annotated[
        str,
        typer.Option("--maintenance", metavar="TIME", help="The desk stops at this time (UTC)."),
    ] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Say News(35=B) to every session that is logged on, or to those named; a named one that is off
    hears it at its next logon.

    Examples:
      otcfix news "EUR/USD closes early today"
      otcfix news "Call us" --session ALPHA44 --urgent
      otcfix news --maintenance 2027-01-16T21:00
    """
    from otcfix.model.session_commands import SendNews  # noqa: PLC0415

    lines = list(text or ())
    if maintenance:
        lines = [*_maintenance(maintenance), *lines]
        headline = headline or "Maintenance"
        urgent = True
    if not lines:
        raise usage_error("TEXT: nothing to say; give a text, or --maintenance TIME")
    headline = headline or lines[0][:HEADLINE_MAX]
    said = SendNews(headline, tuple(lines), urgent, tuple(session or ()), by)
    tell(config, database, said, as_json)


def _maintenance(when: str) -> list[str]:
    """What is said before the desk goes away. Errors: usage, for what is no time."""
    try:
        at = datetime.fromisoformat(when)
    except ValueError:
        raise usage_error(
            f"--maintenance: expected a time such as 2027-01-16T21:00, got {when}"
        ) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return [
        f"The desk stops at {at:%Y-%m-%d %H:%M} UTC and comes back by itself; log on again then.",
        "Quotes end when it stops. Resting orders stay, and fill again when it is back.",
    ]
