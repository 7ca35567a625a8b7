"""otcfix serve: run the desk until it is told to stop."""

import signal
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    LogLevelOption,
    load_config,
    quiet,
    sqlite_path,
)
from otcfix.cli.outcome import NO, complain
from otcfix.log import redacted
from otcfix.model.errors import ConfigError

if TYPE_CHECKING:
    from otcfix.config import Config

LOOK_S = 0.2


def serve(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    feed: Annotated[
        Path | None,
        typer.Option(
            "--feed",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Price from this recorded file (plain or gzip) instead of venues.toml.",
        ),
    ] = None,
    feed_speed: Annotated[
        float,
        typer.Option("--feed-speed", metavar="X", help="1 as recorded; 0 as fast as possible."),
    ] = 1.0,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="DIR", help="QuickFIX's store; default: that of sessions.toml."
        ),
    ] = None,
    echo: Annotated[
        bool,
        typer.Option("--echo", help="No desk: an acceptor that sends 35=D and d back."),
    ] = False,
    log_level: LogLevelOption = "info",
) -> None:
    """Run the desk: accept FIX sessions, quote, deal and book, until SIGINT or SIGTERM.

    Ends with exit code 1 when the desk itself cannot go on; started again, it recovers. SIGHUP
    reads the TLS certificates again, as a change of their files does.

    --echo needs sessions.toml alone; sessions may be of any version, without authentication.

    Examples:
      otcfix serve
      otcfix serve --config /etc/otcfix --database postgresql+psycopg://desk@localhost/otcfix
      otcfix serve --feed book.gz --feed-speed 10
      otcfix serve --echo --config examples/echo
    """
    quiet(log_level)
    if echo:
        from otcfix.cli.echo import serve_echo  # noqa: PLC0415

        serve_echo(config, state, feed)
        return
    loaded = load_config(config)
    notes: tuple[str, ...] = ()
    if feed is not None:
        from otcfix.cli.feeds import prepared  # noqa: PLC0415

        found = prepared(loaded, feed)
        loaded, notes = found.config, found.notes
    check_port(loaded)
    path = sqlite_path(database)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    _run(loaded, database, state, feed, feed_speed, notes)


def _run(
    config: "Config",
    database: str,
    state: Path | None,
    feed: Path | None,
    feed_speed: float,
    notes: tuple[str, ...],
) -> None:
    from otcfix.app import App  # noqa: PLC0415

    app = App(config, database, state_folder=state, feed=feed, feed_speed=feed_speed)
    stopping = stop_signals()
    try:
        app.start()
        on_hangup(app.acceptor)
        _tell(config, database, app, notes)
        while not stopping.is_set() and not app.ended.wait(LOOK_S):
            pass
    finally:
        app.stop()
    if not stopping.is_set():
        failure = app.sequencer.failure
        why = f"{type(failure).__name__}: {failure}" if failure else "see the log"
        complain(f"the desk stopped: {why}")
        raise typer.Exit(NO)
    print("otcfix: stopped", flush=True)


def stop_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set; a second one ends the process at once.

    To be called after quickfix was imported: the import sets SIGINT back to its default.
    """
    stopping = threading.Event()

    def on_signal(number: int, _frame: Any) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stopping


def on_hangup(acceptor: Any) -> None:
    """Have SIGHUP read the TLS certificates of *acceptor*, an Acceptor, again."""
    signal.signal(signal.SIGHUP, lambda *_: acceptor.reload_certificates())


def check_port(config: "Config") -> None:
    """Errors: ConfigError when a port of the acceptor is taken."""
    acceptor = config.sessions.acceptor
    for key, port in (("port", acceptor.port), ("tls_port", acceptor.tls_port)):
        why = "" if port is None else port_taken(port)
        if why:
            raise ConfigError(
                f"{config.folder / 'sessions.toml'}: acceptor.{key}: cannot listen on {port}: "
                f"{why}; another otcfix may be running: stop it, or name another port"
            )


def port_taken(port: int) -> str:
    """Why *port* cannot be listened on; "" when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
            probe.listen(1)
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _tell(config: "Config", database: str, app: Any, notes: tuple[str, ...]) -> None:
    sessions = [s for s in config.sessions.session if s.enabled]
    by_version: dict[str, list[str]] = {}
    for s in sessions:
        by_version.setdefault(s.version, []).append(s.key)
    named = "; ".join(f"{version}: {', '.join(keys)}" for version, keys in by_version.items())
    listening = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"otcfix: listening on port {config.sessions.acceptor.port} since {listening}")
    if config.sessions.acceptor.tls_port is not None:
        print(f"otcfix: TLS on port {config.sessions.acceptor.tls_port}")
    print(f"otcfix: {len(sessions)} sessions ({named})")
    print(f"otcfix: database {redacted(database)}, {app.state.seq} events, ", end="")
    print(f"recovered in {app.recovery_s:.2f} s")
    if app.state.halted:
        print("otcfix: the desk is halted and deals nothing: see `otcfix unkill`")
    for note in notes:
        print(f"otcfix: {note}")
    print("otcfix: stop with Ctrl-C or SIGTERM", flush=True)
