"""An address that nobody outside this machine can reach."""

import ipaddress


def loopback_address(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:9879` or `[::1]:9879`. Errors: ValueError unless loopback."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not (loopback and colon and port.isascii() and port.isdecimal() and int(port) < 65_536):
        raise ValueError(f'expected a loopback address such as "127.0.0.1:9879", got {listen!r}')
    return host, int(port)
