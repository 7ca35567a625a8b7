"""otcfix record: a live session, or a log, turned into a scenario."""

import threading
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from otcfix.cli.options import JsonOption, quiet
from otcfix.cli.outcome import CONNECT, NO, Failed, usage_error
from otcfix.cli.show import print_json
from otcfix.model.errors import ConfigError

OutArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The scenario (.trial).")]


def record(
    out: OutArgument,
    listen: int = typer.Option(0, "--listen", metavar="PORT", help="The client connects here."),
    to: str = typer.Option("", "--to", metavar="HOST:PORT", help="The counterparty's address."),
    log: Path | None = typer.Option(None, "--log", metavar="FILE", help="Read this log instead."),
    client: str = typer.Option("", "--client", help="Our CompID in the log."),
    title: str = typer.Option("", "--title", help="Title of the scenario."),
    for_s: float = typer.Option(0.0, "--for", metavar="SECONDS", help="End after so long."),
    keep: bool = typer.Option(False, "--keep", help="Go on after the first connection."),
    tolerance: float = typer.Option(100.0, "--tolerance", help="Of prices, basis points."),
    gap: float = typer.Option(5.0, "--gap", metavar="SECONDS", help="Longest pause that is kept."),
    as_json: JsonOption = False,
) -> None:
    """Turn a session into a scenario that `otcfix certify --pack FILE` plays again.

    Either stands between a client and its counterparty and writes down what both say, or reads a
    log. Ids become names, times become spans, prices get a tolerance; secrets are never kept.
    Ends with the client's connection, after --for, or at Ctrl-C.

    Examples:
      otcfix record rfq.trial --listen 9900 --to 127.0.0.1:9878
      otcfix record rfq.trial --log messages.log --client ALPHA
      otcfix certify --desk config --pack rfq.trial
    """
    quiet("error")
    if (log is None) == (not to):
        raise usage_error("expected --listen PORT and --to HOST:PORT, or --log FILE")
    from otcfix.trials.recording import read_log  # noqa: PLC0415
    from otcfix.trials.turning import turned  # noqa: PLC0415

    found = read_log(log, client) if log else _overheard(listen, to, for_s, keep, as_json)
    said = [one for one in found if one.way != "x"]
    if not said:
        raise Failed(NO, "nothing was said: no scenario")
    name = title or f"Recorded: {log.name if log else to}"
    text = turned(found, name, tolerance_bps=Decimal(str(tolerance)), gap_max_s=gap)
    _can_be_played(text, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, "utf-8")
    if as_json:
        print_json({"ok": True, "file": str(out), "messages": len(said)})
    else:
        print(f"{out}: a scenario of {len(said)} messages")


def _can_be_played(text: str, out: Path) -> None:
    from otcfix.trials.reading import read  # noqa: PLC0415

    try:
        read(text, str(out), out.stem)
    except ConfigError as error:
        raise Failed(NO, f"what was said makes no scenario: {error}") from None


def _overheard(listen: int, to: str, for_s: float, keep: bool, as_json: bool) -> list[Any]:
    host, _, port = to.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise usage_error(f"--to: {to!r}: expected HOST:PORT")
    from otcfix.trials.recording import Proxy  # noqa: PLC0415

    proxy = Proxy(listen, host, int(port))
    proxy.start()
    if not as_json:
        print(f"listening on 127.0.0.1:{proxy.port}, for {to}", flush=True)
    try:
        (threading.Event() if keep else proxy.ended).wait(for_s or None)
    except KeyboardInterrupt:
        pass
    finally:
        proxy.stop()
    if proxy.failure:
        raise Failed(CONNECT, proxy.failure)
    return proxy.overheard
