"""Looking at descriptors that belong to somebody else in this process: the FIX engine's sockets."""

import contextlib
import errno
import os
import resource
import socket
import stat
from collections.abc import Iterator

import structlog

log = structlog.get_logger("otcfix.fix")


PER_SESSION = 8
"""Descriptors of a session: four of its store, its engine's ear and bells, its connection."""

REST = 1024
"""Descriptors for everything else."""


def allow_many(sessions: int) -> None:
    """Raise this process's limit of open descriptors for so many sessions, as far as it may.

    Many systems begin with 1,024, which a hundred sessions use up.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = REST + PER_SESSION * sessions
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most < wanted:
        log.warning("few_descriptors", sessions=sessions, wanted=wanted, allowed=most)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, soft), hard))


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


def numbers() -> list[int]:
    """The descriptors of this process, and perhaps some that were closed meanwhile."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            # The names alone: a Path of each would cost ten times that.
            return sorted(map(int, os.listdir(folder)), reverse=True)  # noqa: PTH208
    return list(range(1024))


def next_free(count: int) -> list[int]:
    """The numbers that the next descriptors will have, unless another thread is quicker."""
    found = [os.open(os.devnull, os.O_RDONLY) for _ in range(count)]
    for number in found:
        os.close(number)
    return found


def sockets() -> list[int]:
    """The descriptors of this process that are sockets."""
    return [descriptor for descriptor in numbers() if family(descriptor) is not None]


def family(descriptor: int) -> int | None:
    """The address family of a socket; None for anything else."""
    with contextlib.suppress(OSError), seen_as_socket(descriptor) as seen:
        return seen.family
    return None


def listens(descriptor: int, port: int = 0) -> bool:
    """Whether it is a socket that listens; on that port, if one is named."""
    with contextlib.suppress(OSError), seen_as_socket(descriptor) as seen:
        if seen.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return not port or (seen.family == socket.AF_INET and seen.getsockname()[1] == port)
    return False


def connected_to(name: tuple[str, int], here: tuple[str, int]) -> int | None:
    """Our descriptor whose other end is *name* and whose own end is *here*.

    Both count: the system gives one port to many connections, as long as their other ends differ,
    so a client on this machine may have the port of *name* as well.
    """
    return next((one for one in numbers() if is_connected_to(one, name, here)), None)


def is_connected_to(descriptor: int, name: tuple[str, int], here: tuple[str, int]) -> bool:
    """Whether it is a socket whose other end is *name* and whose own end is *here*."""
    with contextlib.suppress(OSError), seen_as_socket(descriptor) as seen:
        ours = seen.family == socket.AF_INET
        return ours and (seen.getpeername(), seen.getsockname()) == (name, here)
    return False


def identity(descriptor: int) -> tuple[int, int]:
    """What tells a descriptor from another one that has its number later."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino
