"""Where a desk listens: the file of its socket, however long its path, and its token."""

import contextlib
import fcntl
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from otcfix.model.errors import ConfigError

SOCKET = "control.sock"
TOKEN = "control.token"
PATH_MAX = 100
"""A Unix socket's path ends at 107 bytes; a longer one is reached through its folder."""


def socket_path(configured: str, store: Path) -> Path:
    """The socket's file: as configured, else in the acceptor's store."""
    return Path(configured) if configured else store / SOCKET


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name of *path* that is short enough for a socket."""
    if len(os.fsencode(path)) <= PATH_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def claim(path: Path) -> int:
    """Become the one desk at *path*, for as long as this process lives; a descriptor to close.

    The file of a desk that was killed is removed. Errors: ConfigError when another desk has it, or
    when something else lies there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"[control] socket {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = path.lstat() if path.exists() or path.is_symlink() else None
        if found is not None and not stat.S_ISSOCK(found.st_mode):
            raise ConfigError(f"[control] socket {path}: a file that is no socket lies there")
        path.unlink(missing_ok=True)
    except BlockingIOError:
        os.close(descriptor)
        raise ConfigError(
            f"[control] socket {path}: another desk answers there; give each its own"
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def listening(path: Path) -> socket.socket:
    """A socket that listens at *path*, for its owner alone. Errors: ConfigError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(made.fileno(), 0o600)  # before it is there: nobody is ever early
        with reachable(path) as name:
            made.bind(name)
        path.chmod(0o600)
        made.listen(128)
    except OSError as error:
        made.close()
        raise ConfigError(f"[control] socket {path}: {error.strerror}") from error
    return made


def token_at(path: Path) -> str:
    """The token in *path*; a new random one at the first start, for its owner alone.

    Errors: ConfigError when others may read it, or when it holds no token.
    """
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
    with contextlib.suppress(OSError):  # then it cannot be read either
        if path.lstat().st_uid != os.geteuid():
            raise ConfigError(f"{path}: the control token is another user's: remove it")
    return read_token(path)


def read_token(path: Path) -> str:
    """The token in *path*. Errors: ConfigError."""
    try:
        # What is looked at is what is read, and no link to a file of whoever put it there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            found = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the control token cannot be read: {error}") from error
    if mode & 0o077:
        raise ConfigError(f"{path}: others may read the control token: chmod 600 {path}")
    if len(found) < 32:
        raise ConfigError(f"{path}: holds no control token; remove it, the next start makes one")
    return found
