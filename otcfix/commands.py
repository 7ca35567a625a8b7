"""The desk's staff side for programs: give it a command, read its register.

    from otcfix.commands import register_of, send
    from otcfix.model.client_commands import SuspendClient

    database = "sqlite:///state/otcfix.db"
    done = send(database, SuspendClient("ALPHA", "carol", "papers"), config=loaded)
    register_of(database).clients["ALPHA"].status      # SUSPENDED

A command is a noun of `otcfix.model` with a *by*: it is journaled with who and why, decided like
everything else, and the answer is what was decided. `otcfix` on the command line does the same.
"""

import time
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from otcfix.desk.clientele import Clientele
from otcfix.desk.snapshot import Snapshot
from otcfix.model.errors import OtcfixError
from otcfix.model.limit import SetLimit
from otcfix.model.party import Client, Desk
from otcfix.model.proposal import Proposal
from otcfix.model.screening import GoodGuy, Screened
from otcfix.sequencer.loop import SNAPSHOT_VERSION
from otcfix.store import open_store, registering

if TYPE_CHECKING:
    from otcfix.config import Config

WAIT_S = 10.0
LOOK_S = 0.05


class Refused(OtcfixError):
    """The desk decided and journaled that it will not; the text says why."""


class NoAnswer(OtcfixError):
    """No desk took the command in time, or none runs and no configuration was given."""


class Done(Struct, frozen=True):
    """What became of a command. result: "done", or "waits ..." for a second person. offline: no
    desk ran, so it was done here."""

    seq: int | None
    result: str
    offline: bool

    @property
    def waits(self) -> bool:
        """Whether a second person must confirm it first."""
        return self.result.startswith("waits")


def send(
    database: str,
    command: Any,
    *,
    config: "Config | None" = None,
    by: str = "",
    wait_s: float = WAIT_S,
) -> Done:
    """Have *command* decided and journaled; return what became of it.

    A running desk takes it from the mailbox. When none runs it is decided here, by the same code,
    for which *config* is needed (`otcfix.config.load(folder)`).
    Errors: Refused; NoAnswer; StoreLost.
    """
    by = by or str(getattr(command, "by", ""))
    store = open_store(database, create=config is not None)
    try:
        runs = not store.try_lock()
        done = by_mail(store, command, by, wait_s) if runs else None
    finally:
        store.close()
    if done is None:
        if config is None:
            raise NoAnswer("no desk runs on this database, and no configuration was given")
        done = _here(config, database, command, by)
    if done.result.startswith("refused"):
        raise Refused(done.result)
    return done


def by_mail(store: Any, command: Any, by: str, wait_s: float = WAIT_S) -> Done:
    """Leave *command* for the desk that runs, and wait. Errors: NoAnswer, Refused, StoreLost."""
    command_id = put(store, command, by)
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        found = store.command_result(command_id)
        if found is not None and found.result is not None:
            return Done(found.done_seq, found.result, offline=False)
        time.sleep(LOOK_S)
    raise NoAnswer(
        f"the desk ({store.lock_holder()}) did not take command {command_id} within "
        f"{wait_s:g} s; it stays in the mailbox and is done as soon as the desk takes it: "
        "do not send it again"
    )


def put(store: Any, command: Any, by: str) -> int:
    """Leave *command* in the mailbox; its id.

    Errors: Refused when nobody asks, or no reason is given: the journal must say who and why, in
    characters that can be read.
    """
    for name in ("by", "why"):
        said = getattr(command, name, None)
        if said is not None and not (said.strip() and said.isprintable()):
            raise Refused(f"refused: {name}: expected printable characters, got {said!r}")
    text = msgspec.json.encode(command).decode()
    return int(store.put_command(text, by, time.time_ns() // 1_000))


def _here(config: "Config", database: str, command: Any, by: str) -> Done:
    """Start a desk that hears nobody and prices nothing, for this one command."""
    from otcfix.app import App  # noqa: PLC0415 - QuickFIX comes with it

    app = App(config, database, serve_fix=False)
    try:
        app.start()
        command_id = put(app.store, command, by)
        app.sequencer.check_commands()
        found = app.store.command_result(command_id)
    finally:
        app.stop()
    if found is None or found.result is None:
        raise NoAnswer(f"command {command_id} was not taken; it stays in the mailbox")
    return Done(found.done_seq, found.result, offline=True)


# -- reading -------------------------------------------------------------------------------------


class Registered(Struct, frozen=True):
    """The register as the journal's head has it. desk: the configuration of the last start that
    brought one, None before the first. clients: of the file and of commands, by id. states:
    trading states that are not ACTIVE, by scope. proposals: open and done, by id."""

    desk: Desk | None
    clients: dict[str, Client]
    screened: dict[str, Screened]
    good_guys: dict[str, GoodGuy]
    limits: dict[str, SetLimit]
    proposals: dict[str, Proposal]
    states: dict[str, str]


def register_of(database: str) -> Registered:
    """Read the register of a database, whether a desk runs on it or not. Errors: StoreLost."""
    store = open_store(database, create=False)
    try:
        return registered(store)
    finally:
        store.close()


def registered(store: Any) -> Registered:
    """As `register_of`, of a store that is open."""
    clientele = Clientele()
    clientele.clients = _all(store, registering.CLIENT, Client)
    desk = _last_desk(store)
    states = _all(store, registering.STATE, str)
    return Registered(
        desk,
        clientele.seeded(desk.clients) if desk is not None else clientele.clients,
        _all(store, registering.SCREENED, Screened),
        _all(store, registering.GOOD_GUY, GoodGuy),
        _all(store, registering.LIMIT, SetLimit),
        _all(store, registering.PROPOSAL, Proposal),
        {scope: state for scope, state in states.items() if state},
    )


def _all(store: Any, kind: str, noun: Any) -> dict[str, Any]:
    decode = msgspec.json.Decoder(noun).decode
    return {key: decode(body) for key, body in store.registered(kind).items()}


class _OnlyDesk(Struct):
    """The part of a Boot event that is wanted here."""

    desk: Desk | None = None


def _last_desk(store: Any) -> Desk | None:
    """The Desk of the newest Boot that carries one: of the snapshot, or behind it."""
    kept = store.newest_snapshot(SNAPSHOT_VERSION)
    decode = msgspec.json.Decoder(_OnlyDesk).decode
    for text in store.boots(kept[0] if kept else 0):
        if (desk := decode(text).desk) is not None:
            return desk
    return msgspec.msgpack.decode(kept[2], type=Snapshot).desk if kept else None
