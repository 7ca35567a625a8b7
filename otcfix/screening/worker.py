"""The process that holds the lists: `python -m otcfix.screening.worker`, started by the desk.

It has its own memory and its own interpreter, at low priority, so that screening ten thousand
clients does not hold up a quote. It ends when the desk does: its stdin is at an end then.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from pathlib import Path
from typing import BinaryIO

import msgspec

from otcfix.config import Config, ScreeningConfig
from otcfix.model.errors import OtcfixError
from otcfix.model.screening import ScreeningHit, ScreeningVerdict
from otcfix.screening.errands import (
    Answer,
    Errand,
    Failed,
    Found,
    Lists,
    Look,
    Screen,
    SetUp,
)
from otcfix.screening.index import Index, build
from otcfix.screening.lists import ListStore
from otcfix.screening.lists_corpus import age_days, corpus, delta, store_of, update_lists
from otcfix.screening.loaders import ListRefused
from otcfix.screening.parties import parties_of
from otcfix.screening.party import Hit

NICENESS = 10
SCORE_STEP = Decimal("0.0001")
PIECES_MAX = 600
"""Letters of a score's pieces that go into the journal: names may be of any length."""

BY = "desk"

UNREAD = "UNREAD"
"""Stands for an entry where a party could not be compared with any."""


class Worker:
    """Lists, their index, and what the last refresh brought."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._review_min = float(config.screening.review_min)
        self._index: Index | None = None
        self._version = ""
        self._seen: tuple[str, ...] = ()
        self._news: Index | None = None

    def do(self, errand: Errand) -> Answer:
        """Do one errand. What cannot be done is an answer as well."""
        try:
            return self._look(errand) if isinstance(errand, Look) else self._screen(errand)
        except OtcfixError as error:
            return Failed(str(error))
        except OSError as error:
            return Failed(f"{self._config.folder / 'screening.toml'}: folder: {error}")

    # -- lists -----------------------------------------------------------------------------

    def _look(self, look: Look) -> Lists:
        """Take the accepted lists if they are others than before; the old index stays if not."""
        started = time.monotonic()
        told = self._updated(look)
        try:
            told += self._aged()
            there = self._there()
            if self._index is not None and there == self._seen:
                return self._lists(told=told)
            found = corpus(self._config)
        except ListRefused as error:
            return self._lists(problem=f"lists refused: {error}", told=told)
        if found.missing or not found.lists:
            missing = ", ".join(found.missing) or "any list (screening.toml names none)"
            return self._lists(
                problem=f"no accepted version of {missing}; see `otcfix sanctions update`",
                told=told,
            )
        base, before = self._version, self._index
        settings = self._config.screening
        version = f"{found.version} from {settings.review_min} to {settings.block_min}"
        if before is not None and version == base:
            self._seen = there
            return self._lists(told=told)
        index = build(found.entries)
        gone: tuple[str, ...] = ()
        self._news = None
        if before is not None:
            news = delta(before.entries, found.entries)
            gone = tuple(entry.entry_id for entry in (*news.changed, *news.removed))
            self._news = Index((*news.added, *news.changed), index.weights)
        self._index, self._version, self._seen = index, version, there
        return self._lists(
            base=base, gone=gone, told=told, seconds=round(time.monotonic() - started, 3)
        )

    def _updated(self, look: Look) -> tuple[str, ...]:
        """Read the sources: all, or of lists that were never taken and lie in files."""
        lists, store = self._config.screening.list, store_of(self._config)
        wanted = [one.name for one in lists]
        if not look.update:
            wanted = [one.name for one in lists if one.files and not _accepted(store, one.name)]
        if not wanted:
            return ()
        outcomes = update_lists(self._config, wanted, by=BY)
        return tuple(
            f"list {one.name} {one.what}: {one.text}"
            for one in outcomes
            if one.what in ("held", "refused")
        )

    def _aged(self) -> tuple[str, ...]:
        """Lists that are too old: they still hold, and staff hears of it. Errors: ListRefused."""
        store, at = store_of(self._config), datetime.now(UTC)
        told = []
        for one in self._config.screening.list:
            current, most = store.current(one.name), self._config.screening.age_max(one.name)
            age = age_days(current, at) if current is not None else 0
            if age > most:
                told.append(f"list {one.name} is {age} days old, at most {most}")
        return tuple(told)

    def _there(self) -> tuple[str, ...]:
        """What is accepted now. Errors: ListRefused."""
        store = store_of(self._config)
        current = (store.current(one.name) for one in self._config.screening.list)
        return tuple(f"{one.name} {one.sha256}" if one else "" for one in current)

    def _lists(
        self,
        *,
        base: str = "",
        gone: tuple[str, ...] = (),
        problem: str = "",
        told: tuple[str, ...] = (),
        seconds: float = 0,
    ) -> Lists:
        index = self._index
        size = (len(index.entries), index.names) if index is not None else (0, 0)
        return Lists(self._version, *size, base, gone, problem, told, seconds)

    # -- screening -------------------------------------------------------------------------

    def _screen(self, errand: Screen) -> Answer:
        index = self._news if errand.delta else self._index
        if index is None:
            return Failed("there are no lists")
        return Found(self._version, tuple(self._verdicts(index, errand)))

    def _verdicts(self, index: Index, errand: Screen) -> Iterable[ScreeningVerdict]:
        """What could not be read is told with the whole verdict, and stands through the news."""
        clients = errand.clients
        subjects = [(asked, parties_of(asked.client)) for asked in clients]
        results = index.screen_many(
            [one.party for _, mine in subjects for one in mine], self._review_min
        )
        for asked, mine in subjects:
            hits: list[ScreeningHit] = []
            for one in mine:
                result = next(results)
                hits += [_hit(one.label, h) for h in result.hits if h.score >= self._review_min]
                if result.unread and not errand.delta:
                    hits.append(self._unread(one.label, result.unread))
            hits.sort(key=lambda hit: (-hit.score, hit.entry_id, hit.party))
            yield ScreeningVerdict(asked.client.client_id, asked.digest, tuple(hits))

    def _unread(self, label: str, why: tuple[str, ...]) -> ScreeningHit:
        """Nobody is clear of whom a part was not compared: a person looks at it, and releases it
        as any other hit."""
        score = self._config.screening.review_min.quantize(SCORE_STEP, ROUND_UP)
        return ScreeningHit(label, UNREAD, "", UNREAD, "", score, "; ".join(why)[:PIECES_MAX])


def _accepted(store: ListStore, name: str) -> bool:
    try:
        return store.current(name) is not None
    except ListRefused:
        return True  # spoilt, not absent: a person looks at it


def _hit(label: str, hit: Hit) -> ScreeningHit:
    """Rounds the score ROUND_HALF_UP to four decimals."""
    return ScreeningHit(
        label,
        hit.entry_id,
        hit.list_name,
        hit.digest,
        hit.matched_name,
        Decimal(hit.score).quantize(SCORE_STEP, ROUND_HALF_UP),
        "; ".join(hit.words())[:PIECES_MAX],
    )


def serve(reads: BinaryIO, writes: BinaryIO) -> None:
    """Do errands until there are no more."""
    first = msgspec.json.decode(reads.readline(), type=SetUp)
    settings = ScreeningConfig.model_validate_json(first.screening)
    worker = Worker(Config.model_construct(folder=Path(first.folder), screening=settings))
    errands = msgspec.json.Decoder(Errand)
    for line in reads:
        writes.write(msgspec.json.encode(worker.do(errands.decode(line))) + b"\n")
        writes.flush()


def main() -> None:
    """Serve on stdin and stdout; what else would be printed goes to stderr."""
    for stops in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stops, signal.SIG_IGN)  # for the whole group: the desk ends, and then this
    os.nice(NICENESS)
    with os.fdopen(os.dup(1), "wb") as writes:
        os.dup2(2, 1)
        try:
            serve(sys.stdin.buffer, writes)
        except BrokenPipeError:
            sys.exit(1)  # the desk is gone


if __name__ == "__main__":
    main()
