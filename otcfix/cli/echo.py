"""otcfix serve --echo: the acceptor alone."""

import tempfile
import time
from pathlib import Path


def serve_echo(folder: Path, state: Path | None) -> None:
    """Serve the sessions of *folder* until SIGINT or SIGTERM. state: where QuickFIX keeps its
    files; None: nowhere that lasts. Errors: ConfigError."""
    from otcfix.cli.serve import check_port, stop_signals  # noqa: PLC0415
    from otcfix.config.echo import load_echo  # noqa: PLC0415

    config = load_echo(folder)
    check_port(config)
    from otcfix.fix.echo import Echo  # noqa: PLC0415 - quickfix takes a fifth of a second

    with tempfile.TemporaryDirectory(prefix="otcfix-echo-") as scratch:
        echo = Echo(config, state or Path(scratch))
        stopping = stop_signals()
        echo.acceptor.start()
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(f"otcfix: echo on port {config.sessions.acceptor.port} since {since}")
        sessions = config.sessions.session
        print(f"otcfix: {len(sessions)} sessions ({', '.join(s.key for s in sessions)})")
        print("otcfix: stop with Ctrl-C or SIGTERM", flush=True)
        echo.run(stopping)
    print("otcfix: stopped", flush=True)
