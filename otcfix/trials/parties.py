"""Counterparties: where they listen, who we are there, and what scenarios need to know of them."""

import os
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, model_validator

from otcfix.config.models import Closed, Id
from otcfix.config.reading import read
from otcfix.model.errors import ConfigError
from otcfix.trials.line import CONNECT_S, Numbers, Tls, Who
from otcfix.trials.scenario import NEEDS
from otcfix.trials.seat import Stage

Version = Literal[
    "FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIX.5.0", "FIX.5.0SP1", "FIX.5.0SP2"
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
ValueName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class SessionProfile(Closed):
    """[[counterparty.session]]: who we are; also: more roles that it has; secret_env names a
    variable of the environment. port: instead of the counterparty's; ca, certificate, private_key:
    PEM files, with tls. skips: scenarios, or patterns of them, and why they are not for it."""

    role: Name = "main"
    also: tuple[Name, ...] = ()
    version: Version
    sender: Id
    target: Id
    username: str = ""
    secret: str = ""
    secret_env: str = ""
    heartbeat: Annotated[int, Field(ge=1, le=3600)] = 30
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    tls: bool = False
    ca: str = ""
    certificate: str = ""
    private_key: str = ""
    logon: dict[Annotated[str, Field(pattern=r"^\d{1,5}$")], str] = Field(default_factory=dict)
    values: dict[ValueName, str] = Field(default_factory=dict)
    lacks: tuple[Literal["market_orders"], ...] = ()
    skips: dict[str, str] = Field(default_factory=dict)

    def the_secret(self) -> str:
        """The password: of the environment where secret_env names a variable, else as written."""
        return os.environ.get(self.secret_env, "") if self.secret_env else self.secret


class PartyProfile(Closed):
    """[[counterparty]]: has: what of `needs` is there; pause_s: between two logons."""

    name: Name
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)]
    about: str = ""
    has: tuple[str, ...] = ()
    patience_s: Annotated[float, Field(gt=0, le=600)] = 5.0
    pause_s: Annotated[float, Field(ge=0, le=60)] = 0.6
    session: Annotated[tuple[SessionProfile, ...], Field(min_length=1)]
    values: dict[ValueName, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_needs(self) -> "PartyProfile":
        for one in self.has:
            if one not in NEEDS:
                raise ValueError(f"has: {one!r}: expected some of {', '.join(NEEDS)}")
        return self


class PartiesFile(Closed):
    """counterparties.toml."""

    counterparty: tuple[PartyProfile, ...]


class Lane:
    """One session with a counterparty. values: what scenarios read, its own before the party's."""

    def __init__(self, key: str, role: str, who: Who, values: Mapping[str, str]) -> None:
        self.key = key
        self.role = role
        self.who = who
        self.values = dict(values)
        self.numbers = Numbers()
        self.lock = threading.Lock()
        self.lacks: tuple[str, ...] = ()
        self.skips: Mapping[str, str] = {}

    def as_role(self, role: str) -> "Lane":
        """The same session in another role: one at a time, with the same numbers."""
        other = Lane(self.key, role, self.who, self.values)
        other.numbers, other.lock = self.numbers, self.lock
        other.lacks, other.skips = self.lacks, self.skips
        return other


class Party:
    """A counterparty as a run needs it. stage: its staff and market, where they can be reached."""

    def __init__(
        self,
        name: str,
        lanes: list[Lane],
        *,
        has: frozenset[str] = frozenset(),
        patience_s: float = 5.0,
        pause_s: float = 0.0,
        stage: Stage | None = None,
        about: str = "",
    ) -> None:
        self.name = name
        self.lanes = lanes
        self.has = has
        self.patience_s = patience_s
        self.pause_s = pause_s
        self.stage = stage
        self.about = about

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{self.lanes[0].who.host}:{self.lanes[0].who.port}"


def read_parties(path: Path) -> dict[str, PartyProfile]:
    """The counterparties of a file, by name. Errors: ConfigError, every problem with its key."""
    problems: list[str] = []
    if not path.is_file():
        raise ConfigError(f"{path}: no such file of counterparties; name it with --profile FILE")
    found: Any = read(path, PartiesFile, problems, optional=False, absent="")
    names = [one.name for one in found.counterparty] if found is not None else []
    problems += [
        f"{path}: counterparty.name: {n} is there twice" for n in names if names.count(n) > 1
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return {one.name: one for one in found.counterparty}


def party_of(profile: PartyProfile) -> Party:
    """What a run needs of a profile. Errors: ConfigError for a secret that is not set."""
    lanes = []
    for session in profile.session:
        if session.secret_env and session.secret_env not in os.environ:
            raise ConfigError(
                f"counterparty {profile.name}: session {session.sender}: the environment variable "
                f"{session.secret_env} is not set"
            )
        tls = Tls(session.ca, session.certificate, session.private_key) if session.tls else None
        who = Who(
            profile.host, session.port or profile.port, session.version, session.sender,
            session.target, session.username, session.the_secret(), session.heartbeat,
            tuple((int(tag), value) for tag, value in session.logon.items()), tls,
        )  # fmt: skip
        key = f"{session.sender}-{session.target}-{session.version}"
        lane = Lane(key, session.role, who, {**profile.values, **session.values})
        lane.lacks, lane.skips = session.lacks, session.skips
        lanes += [lane, *(lane.as_role(role) for role in session.also)]
    return Party(
        profile.name,
        lanes,
        has=frozenset(profile.has),
        patience_s=profile.patience_s,
        pause_s=profile.pause_s,
        about=profile.about,
    )


def reachable(party: Party) -> str:
    """Why nobody answers at the counterparty's address, "" when somebody does."""
    who = party.lanes[0].who
    try:
        socket.create_connection((who.host, who.port), CONNECT_S).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


class Kept:
    """The numbers of sessions in a folder, one file each: they outlive a run."""

    def __init__(self, folder: Path) -> None:
        """Errors: OSError when the folder cannot be made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def _path(self, lane: Lane) -> Path:
        name = f"{lane.who.host}-{lane.who.port}-{lane.key}.json"
        return self._folder / "".join(c if c.isalnum() or c in "._-" else "_" for c in name)

    def load(self, lane: Lane) -> None:
        """Take up the numbers that were kept; a file that cannot be read counts as none."""
        try:
            found = msgspec.json.decode(self._path(lane).read_bytes(), type=Numbers)
        except (OSError, msgspec.MsgspecError):
            found = Numbers()
        lane.numbers.next_out, lane.numbers.next_in = found.next_out, found.next_in

    def save(self, lane: Lane) -> None:
        """Write them down, whole or not at all."""
        path = self._path(lane)
        draft = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
        draft.write_bytes(msgspec.json.encode(lane.numbers))
        draft.replace(path)
