"""The index in a process of its own: what it costs to build and to ask does not stop the desk.

In the desk's process a build or a register's screening would hold the interpreter's lock for
seconds in all. The other process has it alone, at a lower priority, and ends when this one does.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

from otcfix.model.errors import OtcfixError
from otcfix.screening.entry import Entry
from otcfix.screening.index import FLOOR, Index, build
from otcfix.screening.lists_corpus import Corpus, delta
from otcfix.screening.party import Party, ScreenResult

LOAD_S_MAX = 180.0
SCREEN_S_MAX = 60.0
"""Seconds after which the other process counts as lost."""

BATCH = 50
"""Parties that are screened at one go; somebody who waits for a single one waits for these."""

NICENESS = 10


class ApartFailed(OtcfixError):
    """What was asked could not be done; the index is the one of before."""


class ApartLost(OtcfixError):
    """The other process is gone or does not answer: nobody can be screened until a new one is."""


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """The index that is asked from now on. added, changed, removed: ids since the one before.

    missing: configured lists of which no version was accepted: whoever screens must not clear.
    """

    version: str
    entries: int
    names: int
    missing: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


class Apart:
    """The other process. Every method may be called from any thread; one is served at a time."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._line, theirs = spawn.Pipe()
        self._lock = threading.Lock()
        self._process = spawn.Process(
            target=_serve, args=(theirs,), name="otcfix-screening", daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Return the other process."""
        return self._process.pid or 0

    def load(self, source: Callable[[], Corpus]) -> LoadedIndex:
        """Build the index of what *source* reads there, and ask that one from now on.

        source: can be pickled, such as partial(corpus, config).
        Errors: ApartFailed with the words of what it raised; ApartLost.
        """
        loaded: LoadedIndex = self._ask("load", source, LOAD_S_MAX)
        return loaded

    def screen(self, parties: Sequence[Party], floor: float = FLOOR) -> list[ScreenResult]:
        """Return the result of each party. Errors: ApartFailed before the first load; ApartLost."""
        return list(self._ask("screen", (tuple(parties), floor, False), SCREEN_S_MAX))

    def screen_many(
        self, parties: Iterable[Party], floor: float = FLOOR, *, fresh: bool = False
    ) -> Iterator[ScreenResult]:
        """Yield the result of each party in order, letting others ask in between.

        fresh: only against the entries that the last load added or changed, with the scores that
        the whole index would give. Errors: as screen.
        """
        rest = iter(parties)
        while batch := tuple(islice(rest, BATCH)):
            yield from self._ask("screen", (batch, floor, fresh), SCREEN_S_MAX)

    def close(self) -> None:
        """End the other process."""
        with self._lock:
            self._end()

    def _ask(self, what: str, body: Any, seconds: float) -> Any:
        with self._lock:
            try:
                self._line.send((what, body))
                if not self._line.poll(seconds):
                    self._end()
                    raise ApartLost(f"screening: no answer to {what} in {seconds:.0f} s")
                done, answer = self._line.recv()
            except (OSError, EOFError) as error:
                self._end()
                raise ApartLost(f"screening: its process has ended ({error!r})") from None
        if not done:
            raise ApartFailed(answer)
        return answer

    def _end(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.join(5)


@dataclass(slots=True)
class _Served:
    """What the other process holds: the index, and that of the entries new in it."""

    index: Index | None = None
    fresh: Index | None = None


def _serve(line: Connection) -> None:
    """Answer until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the desk, which ends this
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    served = _Served()
    while True:
        try:
            what, body = line.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # noqa: BLE001 - a source that is not to be found here
            answer: tuple[bool, Any] = False, repr(error)
        else:
            answer = _answered(served, what, body)
        try:
            line.send(answer)
        except OSError:
            return


def _answered(served: _Served, what: str, body: Any) -> tuple[bool, Any]:
    try:
        return True, (_load if what == "load" else _screen)(served, body)
    except Exception as error:  # noqa: BLE001 - told to who asked; the index stays as it was
        return False, f"{error}" or repr(error)


def _load(served: _Served, source: Callable[[], Corpus]) -> LoadedIndex:
    found = source()
    index = build(found.entries)
    moved = delta(served.index.entries if served.index else (), index.entries)
    served.fresh = Index((*moved.added, *moved.changed), index.weights)
    served.index = index
    gc.collect()
    gc.freeze()  # hundreds of thousands of objects that stay: not to be walked again and again
    return LoadedIndex(
        found.version,
        len(index.entries),
        index.names,
        found.missing,
        added=_ids(moved.added),
        changed=_ids(moved.changed),
        removed=_ids(moved.removed),
    )


def _ids(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple([entry.entry_id for entry in entries])


def _screen(served: _Served, body: tuple[tuple[Party, ...], float, bool]) -> list[ScreenResult]:
    parties, floor, fresh = body
    index = served.fresh if fresh else served.index
    if index is None:
        raise ApartFailed("screening: no lists were loaded")
    return list(index.screen_many(parties, floor))
