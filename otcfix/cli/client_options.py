"""Options of `otcfix client`: how the desk is reached."""

from pathlib import Path
from typing import Annotated

import typer

from otcfix.cli.outcome import usage_error
from otcfix.cli.talk import Secured

HostOption = Annotated[str, typer.Option("--host", metavar="NAME", help="Where the desk is.")]
PortOption = Annotated[
    int, typer.Option("--port", metavar="N", help="Its port; default: sessions.toml's.")
]
SessionOption = Annotated[
    str,
    typer.Option("--session", metavar="KEY", help="Default: the first one that may ask and deal."),
]
SecretOption = Annotated[
    str,
    typer.Option(
        "--secret", metavar="TEXT", envvar="OTCFIX_SECRET", show_envvar=True,
        help="Password(554); the trial sessions' is known.",
    ),
]  # fmt: skip
StateOption = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="Where sequence numbers are kept."),
]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Forget the numbers kept here; go on with the desk's.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="For logon and answers.")
]
RawOption = Annotated[bool, typer.Option("--raw", help="Show the FIX messages as well.")]
SymbolArgument = Annotated[str, typer.Argument(metavar="SYMBOL", help="Such as BTC/USD.")]
QuantityArgument = Annotated[str, typer.Argument(metavar="QTY", help="Exact decimal.")]
CurrencyOption = Annotated[
    str,
    typer.Option("--currency", metavar="CODE", help="What QTY counts; sides are of it then."),
]
TlsOption = Annotated[
    bool, typer.Option("--tls", help="Speak TLS; the default port is tls_port of sessions.toml.")
]
CaOption = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="PEM: whom to believe; default: the system's."),
]
CertificateOption = Annotated[
    Path | None, typer.Option("--certificate", metavar="FILE", help="PEM: our own certificate.")
]
KeyOption = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="PEM: its key.")]


def secured(
    tls: bool, ca: Path | None, certificate: Path | None, key: Path | None
) -> Secured | None:
    """How TLS is to be spoken; None for plain text. Errors: BadParameter."""
    if not tls:
        for name, value in (("--ca", ca), ("--certificate", certificate), ("--key", key)):
            if value is not None:
                raise usage_error(f"{name}: expected with --tls")
        return None
    for name, path in (("--ca", ca), ("--certificate", certificate), ("--key", key)):
        if path is not None and not path.is_file():
            raise usage_error(f"{name}: no file {path}")
    if key is not None and certificate is None:
        raise usage_error("--key: expected with --certificate")
    return Secured(ca, certificate, key)
