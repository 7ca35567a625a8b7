"""Everything that runs during a bench: folders, databases, helper processes; gone at its end."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from otcfix.bench import desk_config, postgres
from otcfix.bench.children import Answer, BenchFailed, Child
from otcfix.bench.plan import Plan
from otcfix.store import upgrade

STREAMED = tuple(f"T{number}" for number in range(10))
"""Base assets of the instruments that the streams are of."""


class Desk:
    """A desk on a database, and how many cycles it has been asked for."""

    def __init__(self, child: Child, port: int, database: str) -> None:
        self.child = child
        self.port = port
        self.database = database
        self.cycles = 0
        self.messages_said = 0
        self.last: Answer = {}

    def stop(self) -> None:
        """Stop it; `last` holds its last words."""
        self.last = self.child.close() or self.last


class Stage:
    """Starts each part when it is first needed."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._stack = ExitStack()
        self._children: dict[str, Child] = {}
        self._desks: dict[str, Desk] = {}
        self._echo_port = 0
        self.server: postgres.Server | None = None
        self.why_no_postgresql = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            base = self.plan.folder
            self.folder = Path(tempfile.mkdtemp(prefix="otcfix-bench-", dir=base))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            if "postgresql" in self.plan.databases:
                self.server, self.why_no_postgresql = postgres.server(self.plan.postgresql)
                if self.server is not None:
                    stack.callback(self.server.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def databases(self) -> list[str]:
        """The databases that can be measured."""
        return [name for name in self.plan.databases if name != "postgresql" or self.server]

    def new_database(self, kind: str, name: str) -> str:
        """The address of an empty database."""
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        if self.server is None:
            raise BenchFailed(self.why_no_postgresql)
        address = self.server.create()
        upgrade(address)
        return address

    def start(self, key: str, module: str, *args: str) -> Child:
        """Start a helper that ends with the bench."""
        child = Child(module, *args, log=self.folder / f"{key}.log")
        self._stack.callback(child.kill)
        return child

    # -- parts -----------------------------------------------------------------------------

    @property
    def load(self) -> Child:
        """The load generator."""
        if "load" not in self._children:
            self._children["load"] = self.start("load", "load")
        return self._children["load"]

    @property
    def echo(self) -> tuple[Child, int]:
        """The bare acceptor, and its port."""
        if "echo" not in self._children:
            self._echo_port = desk_config.free_port()
            sessions = str(max(self.plan.few, 1))
            self._children["echo"] = self.start("echo", "echo", str(self._echo_port), sessions)
        return self._children["echo"], self._echo_port

    def commit(self, database: str) -> Child:
        """What commits in a tight loop."""
        key = f"commit-{database}"
        if key not in self._children:
            folder = self.folder / key
            config = self._config(folder, 0, 1)
            address = self.new_database(database, key)
            self._children[key] = self.start(
                *(key, "commit", "--config", str(config)),
                *("--database", address, "--folder", str(folder)),
            )
        return self._children[key]

    @property
    def subscribers(self) -> Child:
        """Those who listen to streams."""
        if "subscribers" not in self._children:
            self._children["subscribers"] = self.start("subscribers", "subscribers")
        return self._children["subscribers"]

    def desk(self, database: str, *, streams: bool = False, copies: bool = False) -> Desk:
        """The desk on *database*, funded; those with streams and with a drop copy are others."""
        key = f"{database}-streams" if streams else f"{database}-copies" if copies else database
        if key not in self._desks:
            folder = self.folder / f"desk-{key}"
            port = desk_config.free_port()
            sessions = self.plan.few + self.plan.many if streams else self.plan.many
            self._config(folder, port, sessions, streams=streams, copies=copies)
            address = self.new_database(database, f"desk-{key}")
            self._desks[key] = Desk(self.start_desk(key, address, "--fund"), port, address)
        return self._desks[key]

    def start_desk(self, key: str, address: str, *args: str) -> Child:
        """A desk process on the folder of the desk of that key."""
        folder = self.folder / f"desk-{key}"
        return self.start(
            *(f"desk-{key}", "desk", "--config", str(folder / "config")),
            *("--database", address, "--state", str(folder / "state"), *args),
        )

    @property
    def desks(self) -> dict[str, Desk]:
        """The desks that were started."""
        return self._desks

    def postgres_pids(self, database: str) -> list[int]:
        """The server's processes, where the database is not in the desk's own."""
        return self.server.pids if database == "postgresql" and self.server else []

    @staticmethod
    def _config(
        folder: Path, port: int, sessions: int, *, streams: bool = False, copies: bool = False
    ) -> Path:
        config = folder / "config"
        config.mkdir(parents=True)
        desk_config.write(config, port, sessions, STREAMED if streams else ())
        if copies:
            desk_config.copy_all(config, sessions - 1)
        return config
