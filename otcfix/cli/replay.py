"""otcfix replay: decide the whole journal again and compare."""

import sys
import time
from typing import Any

import typer

from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    open_database,
    quiet,
)
from otcfix.cli.outcome import NO
from otcfix.cli.show import print_json

TOLD_EVERY_S = 0.5


def replay(
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Decide every event again, from the first one on, and compare with what was decided.

    Prints the fingerprint: SHA-256 over the digests of all decisions, the same on any machine.
    Exit code 1 at the first difference, which is shown. A desk may run meanwhile.

    Examples:
      otcfix replay
      otcfix replay --config config --json
    """
    quiet("error")
    id_key = load_config(config).id_key
    store = open_database(database)
    try:
        found = replayed(store, id_key, Told())
    finally:
        store.close()
    if as_json:
        print_json(found)
    elif found["ok"]:
        print(f"{found['events']} events decided again, all as before.")
        print(f"Fingerprint: {found['fingerprint']}")
        print(f"{found['events_per_s']:,} events/s")
    else:
        _show_difference(found["difference"])
    if not found["ok"]:
        raise typer.Exit(NO)


class Told:
    """Says on stderr how far it is: in place in a terminal, not at all elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._next = time.monotonic() + TOLD_EVERY_S
        self._started = time.monotonic()

    def at(self, done: int, of: int) -> None:
        """*done* of *of* events are decided."""
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + TOLD_EVERY_S
            rate = int(done / (now - self._started))
            print(f"\rreplay: {done:,} of {of:,} events, {rate:,}/s ", end="", file=sys.stderr)

    def end(self) -> None:
        """Leave a clean line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def replayed(store: Any, id_key: bytes, told: Told) -> dict[str, Any]:
    """Decide the journal of *store* up to its present head; what came out, for JSON."""
    from otcfix.desk.state import State  # noqa: PLC0415
    from otcfix.fix.words import Words  # noqa: PLC0415
    from otcfix.model.errors import ReplayDiffers  # noqa: PLC0415
    from otcfix.sequencer.recovery import Replay  # noqa: PLC0415

    state = State(id_key)
    words = Words(state)
    again = Replay(state, words.parse, words.render)
    head = store.head().seq
    difference: dict[str, Any] | None = None
    other_key = False
    started = time.perf_counter()
    for row in store.journal(0, head):
        other_key = other_key or _other_key(row, id_key)
        try:
            again.step(row)
        except ReplayDiffers as error:
            difference = _difference(row, error.expected, error.found, again.other_version)
        except Exception as error:  # noqa: BLE001 - a damaged journal can raise anything
            why = f"it cannot be decided: {type(error).__name__}: {error}"
            difference = _difference(row, row.digest.hex(), "", why)
        if difference is not None:
            difference["other_key"] = other_key
            break
        if again.count % 500 == 0:
            told.at(again.count, head)
    spent = max(time.perf_counter() - started, 1e-9)
    told.end()
    return {
        "ok": difference is None,
        "events": again.count,
        "fingerprint": again.fingerprint,
        "events_per_s": int(again.count / spent),
        "difference": difference,
    }


def _difference(row: Any, stored: str, found: str, why: str) -> dict[str, Any]:
    return {
        "event": row.seq, "kind": row.kind, "session": row.session, "stored": stored,
        "found": found, "why": why,
    }  # fmt: skip


def _other_key(row: Any, id_key: bytes) -> bool:
    """Whether the event is a Boot by a desk with another id key: then nothing can agree."""
    from otcfix.desk.ids import key_hash  # noqa: PLC0415

    if row.kind != "Boot":
        return False
    return '"id_key_hash":"' in row.text and key_hash(id_key) not in row.text


def _show_difference(found: dict[str, Any]) -> None:
    where = f" of {found['session']}" if found["session"] else ""
    print(f"DIFFERENT at event {found['event']} ({found['kind']}{where}):")
    print(f"  the journal holds the decision {found['stored']}")
    print(f"  deciding it again gives        {found['found'] or 'nothing'}")
    if found["why"]:
        print(f"  {found['why']}")
    if found["other_key"]:
        print("  the journal was written with another id key: set OTCFIX_ID_KEY or id_key to it")
    else:
        print(f"  see `otcfix journal show {found['event']} --facts`")
