"""otcfix sessions: the acts. Each is journaled with who and why before it is carried out."""

import re
from typing import Annotated, Any

import typer

from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    WhyOption,
    whoami,
)
from otcfix.cli.outcome import usage_error
from otcfix.cli.sessions import Desk, KeyArgument, SocketOption, StateOption, app, offline, tell
from otcfix.cli.show import since_of

OFFLINE = ("hold", "release")
"""Acts that hold without a line; enable and disable besides."""


def _act(
    what: str, desk: Desk, key: str, by: str, why: str, as_json: bool, act: str, **numbers: int
) -> None:
    found = desk.act(key, act=act, by=by or whoami(), why=why, **numbers)
    if found is None:
        found = offline(desk, _command(desk, key, act, by or whoami(), why))
    tell(what, found, as_json)


def _command(desk: Desk, key: str, act: str, by: str, why: str) -> Any:
    from otcfix.model.event import SetSession  # noqa: PLC0415
    from otcfix.model.session_act import ActOnSession  # noqa: PLC0415

    if act in ("enable", "disable"):
        return SetSession(key, act == "enable", by, why)
    if act not in OFFLINE:
        raise desk.nobody()
    return ActOnSession(key, act, by, why)


def _plain(act: str, done: str, text: str) -> None:
    """The command of an act that needs nothing but a reason. done: what is said of the session
    then; text: its help."""

    def command(
        key: KeyArgument,
        why: WhyOption,
        by: ByOption = "",
        config: ConfigOption = CONFIG_DEFAULT,
        database: DatabaseOption = DATABASE,
        control: SocketOption = "",
        state: StateOption = None,
        as_json: JsonOption = False,
    ) -> None:
        desk = Desk(config, database, control, state)
        _act(f"Session {key} {done}", desk, key, by, why, as_json, act)

    command.__doc__ = text
    app.command(act)(command)


_plain(
    "enable",
    "may log on and deal",
    """Let a disabled session log on and deal again; its back-off is forgiven.

    Examples:
      otcfix sessions enable ALPHA44 --why "client called"
    """,
)
_plain(
    "disable",
    "may not deal any more",
    """Log a session out and let it in no more; its quotes and resting orders are withdrawn.

    Survives a restart, until `otcfix sessions enable`.

    Examples:
      otcfix sessions disable ALPHA44 --why "runaway algorithm"
    """,
)
_plain(
    "logon",
    "is let in",
    """Let a session in again that was logged out or is turned away: its back-off is forgiven.

    Examples:
      otcfix sessions logon ALPHA44 --why "their certificate is renewed"
    """,
)
_plain(
    "logout",
    "is logged out",
    """Say Logout to a session; its client may come back at once.

    Examples:
      otcfix sessions logout ALPHA44 --why "before their release"
    """,
)
_plain(
    "disconnect",
    "is disconnected",
    """Close a session's connection without a word; its client may come back at once.

    Examples:
      otcfix sessions disconnect ALPHA44 --why "half-open line"
    """,
)
_plain(
    "hold",
    "is on hold",
    """Keep a session up, refuse what it asks (HELD), let cancels pass, and keep what we would tell.

    Its live quotes are withdrawn; orders rest. Survives a restart, until `otcfix sessions release`.

    Examples:
      otcfix sessions hold ALPHA44 --why "limits under review"
    """,
)
_plain(
    "release",
    "is released",
    """End a hold: what waited is said, in its order, then acts that waited are done.

    Examples:
      otcfix sessions release ALPHA44 --why "limits are agreed"
    """,
)
_plain(
    "reset",
    "is reset",
    """Begin both sequence numbers at 1; the client, who must do so too, is logged out.

    Orders rest. At the next logon every report not proven read is said again (97=Y).

    Examples:
      otcfix sessions reset ALPHA44 --why "agreed with their desk"
    """,
)
_plain(
    "test-request",
    "is asked for a Heartbeat",
    """Send a TestRequest and tell how long its answer took.

    Examples:
      otcfix sessions test-request ALPHA44 --why "is their engine alive"
    """,
)


@app.command("set-seq")
def set_seq(
    key: KeyArgument,
    why: WhyOption,
    incoming: Annotated[
        int | None,
        typer.Option("--in", metavar="N", min=1, max=999_999_999, help="Next number from them."),
    ] = None,
    outgoing: Annotated[
        int | None,
        typer.Option("--out", metavar="N", min=1, max=999_999_999, help="Next number from us."),
    ] = None,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    control: SocketOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set the next sequence number in, out, or both; whoever is logged on is logged out.

    Examples:
      otcfix sessions set-seq ALPHA44 --in 120 --why "their store was lost"
      otcfix sessions set-seq ALPHA44 --in 1 --out 57 --why "agreed with their desk"
    """
    if incoming is None and outgoing is None:
        raise usage_error("--in, --out: name at least one of them")
    desk = Desk(config, database, control, state)
    what = f"The numbers of session {key} are set"
    numbers = {"incoming": incoming or 0, "outgoing": outgoing or 0}
    _act(what, desk, key, by, why, as_json, "set-seq", **numbers)


@app.command()
def resend(
    key: KeyArgument,
    why: WhyOption,
    of: Annotated[
        str,
        typer.Argument(metavar="[FROM-TO]", help="Numbers; 57- is from 57 to the last."),
    ] = "",
    reports: Annotated[
        bool, typer.Option("--reports", help="Say OUR reports again, instead of asking for theirs.")
    ] = False,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="TIME", help="Our reports from then on: 1h, 15m, 2026-01-31T12:00."
        ),
    ] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    control: SocketOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a client to send messages again (35=2), or say our reports again with 97=Y.

    What comes again is known by its ClOrdID and done once. At most 1000 reports are said at once.

    Examples:
      otcfix sessions resend ALPHA44 57-60 --why "their orders of 12:05"
      otcfix sessions resend ALPHA44 100-140 --reports --why "their database was lost"
      otcfix sessions resend ALPHA44 --since 1h --why "their database was lost"
    """
    numbers: dict[str, int] = {}
    if since:
        if of:
            raise usage_error("FROM-TO, --since: name one of them")
        numbers["since"] = since_of(since)
    else:
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{0,9}))?", of)
        if found is None:
            raise usage_error(f"FROM-TO: expected numbers such as 57-60, 57- or 57; got {of!r}")
        begin = int(found[1])
        end = begin if found[2] is None else int(found[2] or 0)
        numbers |= {"begin": begin, "end": end}
        if begin < 1 or 0 < end < begin:
            raise usage_error(f"FROM-TO: {of} is no range")
    desk = Desk(config, database, control, state)
    act = "resend-reports" if reports or since else "resend"
    what = f"{'Reports of' if act != 'resend' else 'Messages of'} session {key} again"
    _act(what, desk, key, by, why, as_json, act, **numbers)
