"""Looking at descriptors that belong to somebody else in this process: the FIX engine's sockets."""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def seen_as_socket(descriptor: int) -> Iterator[socket.socket]:
    """A socket object of somebody else's descriptor. Errors: OSError when it is no socket.

    Never a copy of it: whoever closes a copy of a database's file lets go of SQLite's locks.
    """
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    seen = socket.socket(fileno=descriptor)
    try:
        yield seen
    finally:
        seen.detach()


def sockets() -> list[int]:
    """The descriptors of this process that are sockets."""
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        with contextlib.suppress(OSError):
            found = sorted((int(entry.name) for entry in folder.iterdir()), reverse=True)
            return [descriptor for descriptor in found if family(descriptor) is not None]
    return [descriptor for descriptor in range(1024) if family(descriptor) is not None]


def family(descriptor: int) -> int | None:
    """The address family of a socket; None for anything else."""
    with contextlib.suppress(OSError), seen_as_socket(descriptor) as seen:
        return seen.family
    return None


def listens(descriptor: int) -> bool:
    """Whether it is a socket that listens."""
    with contextlib.suppress(OSError), seen_as_socket(descriptor) as seen:
        return bool(seen.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False


def connected_to(name: tuple[str, int], here: tuple[str, int]) -> int | None:
    """Our descriptor whose other end is *name* and whose own end is *here*.

    Both count: the system gives one port to many connections, as long as their other ends differ,
    so a client on this machine may have the port of *name* as well.
    """
    for descriptor in sockets():
        with contextlib.suppress(OSError), seen_as_socket(descriptor) as seen:
            if seen.family != socket.AF_INET:
                continue
            if (seen.getpeername(), seen.getsockname()) == (name, here):
                return descriptor
    return None


def identity(descriptor: int) -> tuple[int, int]:
    """What tells a descriptor from another one that has its number later."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino
