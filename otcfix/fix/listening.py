"""Letting go of QuickFIX's listening socket, so that an acceptor can be stopped safely.

`Acceptor::stop` of QuickFIX 1.16.0 closes that socket, which wakes the acceptor's own thread; this
one sees that it is to stop and deletes the SocketServer, while the caller is still looping over
its sockets (SocketAcceptor::onStop, SocketServer::close). On a busy machine every third stop
crashes. A descriptor on which nothing ever happens, put in the socket's place, wakes nobody: the
thread ends by itself at its next look, within a second, when the caller is long done.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def let_go(port: int) -> Iterator[None]:
    """Stop listening on *port*; within, the acceptor can be stopped. Nobody new is let in."""
    found = _listening_on(port)
    if found is None:
        yield
        return
    silent, held = os.pipe()
    try:
        os.dup2(silent, found, inheritable=False)
        os.close(silent)
        yield
    finally:
        os.close(held)  # only now: a pipe without a writer would wake the thread


def _listening_on(port: int) -> int | None:
    """Our descriptor that listens on *port*; None when there is none."""
    for descriptor in _descriptors():
        try:
            copy = os.dup(descriptor)
        except OSError:
            continue  # closed since
        try:
            listener = socket.socket(fileno=copy)
        except OSError:
            os.close(copy)  # a file or a pipe
            continue
        with listener, contextlib.suppress(OSError, IndexError):
            listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if listens and listener.getsockname()[1] == port:
                return descriptor
    return None


def _descriptors() -> list[int]:
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        with contextlib.suppress(OSError):
            return sorted(int(entry.name) for entry in folder.iterdir())
    return list(range(256))
