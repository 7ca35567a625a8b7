"""otcfix serve --echo: the acceptor alone."""

import tempfile
import time
from pathlib import Path

from otcfix.cli.outcome import usage_error


def serve_echo(folder: Path, state: Path | None, feed: Path | None) -> None:
    """Serve the sessions of *folder* until SIGINT or SIGTERM. state: where QuickFIX keeps its
    files; None: nowhere that lasts. Errors: ConfigError."""
    from otcfix.cli.serve import check_port, on_hangup, stop_signals  # noqa: PLC0415
    from otcfix.config.echo import load_echo  # noqa: PLC0415

    if feed is not None:
        raise usage_error("--feed: expected without --echo, which has no prices")
    config = load_echo(folder)
    check_port(config)
    from otcfix.fix.echo import Echo  # noqa: PLC0415 - quickfix takes a fifth of a second

    with tempfile.TemporaryDirectory(prefix="otcfix-echo-") as scratch:
        echo = Echo(config, state or Path(scratch))
        stopping = stop_signals()
        echo.acceptor.start()
        on_hangup(echo.acceptor)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(f"otcfix: echo on port {config.sessions.acceptor.port} since {since}")
        sessions = config.sessions.session
        if config.sessions.acceptor.tls_port is not None:
            print(f"otcfix: TLS on port {config.sessions.acceptor.tls_port}")
        print(f"otcfix: {len(sessions)} sessions ({', '.join(s.key for s in sessions)})")
        print("otcfix: stop with Ctrl-C or SIGTERM", flush=True)
        echo.run(stopping)
    print("otcfix: stopped", flush=True)
