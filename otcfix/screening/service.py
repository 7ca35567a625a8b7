"""Screening beside a desk that serves: who must be screened, by which lists, and what came of it.

One thread of the desk, that waits most of the time, and one process that works (`worker`). What it
finds goes into the inbox as ScreeningVerdicts; State is only read, and the gate reads State.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import structlog

from otcfix.config import Config
from otcfix.desk.clientele import subject_digest
from otcfix.model.decision import Decision
from otcfix.model.party import Client
from otcfix.model.profile import OFFBOARDED
from otcfix.model.screening import (
    Screened,
    ScreeningTrouble,
    ScreeningVerdict,
    ScreeningVerdicts,
)
from otcfix.model.time import DAY, Instant
from otcfix.screening.errands import Answer, Asked, Failed, Found, Lists, Look, Screen
from otcfix.screening.line import WorkerGone, WorkerLine

log = structlog.get_logger("otcfix.screening")

LOOK_S = 0.25
"""Between two looks at the folder of the lists."""

AGE_S = 86_400.0
"""Between two looks at the age of lists that nothing changes: staff is told once a day."""

SCAN_S = 60.0
"""Between two looks at the age of all verdicts."""

CHUNK = 40
"""Clients of one errand: who has just come in waits no longer than for these."""

REST_S = 0.02
"""After a chunk of those who are not in a hurry; the desk decides what came of it meanwhile."""

BACK_OFF_S = (0.2, 1.0, 5.0, 30.0)
"""Before a worker that died is started again; the last one for ever."""

OPEN_WAIT_S = 20.0
"""How long the door stays shut for clients who were never screened."""


class Clientele(Protocol):
    """What is read of State, from another thread: single look-ups only, of frozen values."""

    clients: dict[str, Client]
    screened: dict[str, Screened]

    def digest_of(self, client_id: str) -> str:
        """Of everything of him that is screened; "" for nobody."""


class ScreeningService:
    """Keeps every client's verdict current."""

    def __init__(
        self,
        config: Config,
        clientele: Clientele,
        say: Callable[[object], None],
        clock: Callable[[], Instant],
    ) -> None:
        self._config = config
        self._clientele = clientele
        self._say = say
        self._clock = clock
        self._changed: deque[str] = deque()
        self._urgent: dict[str, None] = {}
        self._delta: dict[str, None] = {}
        self._later: dict[str, None] = {}
        self._gone: frozenset[str] = frozenset()
        self._base = ""
        self._lists = Lists("")
        self._problem = ""
        self._signature: tuple[object, ...] | None = None
        self._deaths = 0
        self._next_look = self._next_scan = self._next_age = self._start_at = 0.0
        self._next_update = time.monotonic() + config.screening.refresh_minutes * 60
        self._line = WorkerLine(config)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self.caught_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="screening", daemon=True)

    # -- life ------------------------------------------------------------------------------

    def start(self, take_waiting: Callable[[], None]) -> None:
        """Begin, and wait until nobody is without a verdict who could have one.

        take_waiting: has the desk decide what was said; its loop does not run yet. Clients who have
        none within OPEN_WAIT_S stay shut out until they have.
        """
        waits = any(self._owes(client_id) for client_id in self._clientele.clients)
        if waits:
            self._next_scan = 0.0
        self._thread.start()
        until = time.monotonic() + OPEN_WAIT_S
        while waits and not self.caught_up.wait(0.01) and time.monotonic() < until:
            take_waiting()
        take_waiting()
        shut = [one for one in sorted(self._clientele.clients) if self._owes(one)]
        if shut:
            shown = ", ".join(shut[:5]) + (f" and {len(shut) - 5} more" if len(shut) > 5 else "")
            log.warning("not_screened", clients=shown, why=self._problem or "it takes longer")

    def stop(self) -> None:
        """End the worker and the thread."""
        self._stopping.set()
        self._wake.set()
        self._line.kill()
        if self._thread.ident:
            self._thread.join(10)
        self._line.close()

    def observe(self, decision: Decision) -> None:
        """The sequencer's thread tells what was decided: who has changed is screened at once."""
        if decision.clients:
            self._changed.extend([one.client_id for one in decision.clients])
            self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                rests = self._step()
            except WorkerGone as gone:
                rests = self._died(gone)
            except Exception as error:  # screening may fail: the desk goes on
                log.exception("screening_failed")
                rests = self._died(WorkerGone(f"{type(error).__name__}: {error}"))
            if rests and not self._stopping.is_set():
                self._wake.wait(rests)
                self._wake.clear()

    def _died(self, gone: WorkerGone) -> float:
        """Start it again after a while; until then nobody new is let in."""
        if self._stopping.is_set():
            return 0.0
        self._line.close()
        pause = BACK_OFF_S[min(self._deaths, len(BACK_OFF_S) - 1)]
        self._deaths += 1
        self._start_at = time.monotonic() + pause
        self._lists, self._signature = Lists(""), None
        self._delta.clear()
        self._next_scan = 0.0
        self._trouble(f"the worker ended ({gone}); started again in {pause:g} s")
        self.caught_up.set()
        return pause

    # -- one turn --------------------------------------------------------------------------

    def _step(self) -> float:
        """Do what there is to do; how long to rest after it, in seconds."""
        now = time.monotonic()
        self._line.check()
        if not self._line.runs:
            if now < self._start_at:
                return self._start_at - now
            self._line.open()
            self._signature = None
        self._look(now)
        while self._changed:
            self._urgent[self._changed.popleft()] = None
        if now >= self._next_scan:
            self._next_scan = now + SCAN_S
            self._scan()
        if not self._lists.version:
            self.caught_up.set()
            return LOOK_S
        if self._urgent:
            self._screen(self._urgent)
            return 0.0
        self.caught_up.set()
        if self._delta or self._later:
            self._screen(self._delta or self._later, delta=bool(self._delta))
            return REST_S
        self._deaths = 0
        return LOOK_S

    def _look(self, now: float) -> None:
        """Have the worker take new lists when something has changed in their folder."""
        minutes = self._config.screening.refresh_minutes
        update = bool(minutes) and now >= self._next_update
        if now < self._next_look and not update:
            return
        self._next_look = now + LOOK_S
        signature = _signature(self._config)
        if signature == self._signature and not update and now < self._next_age:
            return
        self._next_age = now + AGE_S
        if update:
            self._next_update = now + minutes * 60
        before = self._lists
        answer = self._line.ask(Look(update=update))
        if not isinstance(answer, Lists):
            self._signature = signature
            self._problem = f"lists not looked at: {getattr(answer, 'why', answer)}"
            self._trouble(self._problem)
            return
        # Taking lists in writes to the folder as well: this look has seen that.
        self._signature = _signature(self._config) if answer.version else signature
        for text in answer.told:
            self._trouble(text)
        if answer.problem and answer.problem != self._problem:
            self._trouble(answer.problem)
        self._problem = answer.problem
        self._lists = answer
        if answer.version != before.version:
            log.info("lists_taken", version=answer.version, entries=answer.entries,
                     names=answer.names, seconds=answer.seconds)  # fmt: skip
            self._refreshed(before, answer)

    def _refreshed(self, before: Lists, now: Lists) -> None:
        """Other lists: who was cleared by the last ones is screened against the news alone."""
        self._gone, self._base = frozenset(now.gone), before.version
        self._delta.clear()
        self._later.clear()
        if before.version and now.base == before.version:
            known = self._clientele.screened
            for client_id in list(self._clientele.clients):
                found = known.get(client_id)
                if found is not None and found.list_version == before.version:
                    self._delta[client_id] = None
        self._scan()

    def _scan(self) -> None:
        """Look at everybody: who has no verdict, one of older lists, or one that grows old."""
        half = self._clock() - self._config.screening.verdict_age_max_days * DAY // 2
        for client_id, client in list(self._clientele.clients.items()):
            if client.status == OFFBOARDED or client_id in self._delta:
                continue
            if self._owes(client_id):
                self._urgent[client_id] = None
                continue
            found = self._clientele.screened[client_id]
            if found.list_version != self._lists.version or found.at <= half:
                self._later[client_id] = None

    def _owes(self, client_id: str) -> bool:
        """Whether no verdict lets the client in: none, of him as he was, or too old."""
        found = self._clientele.screened.get(client_id)
        if found is None or found.subject_digest != self._clientele.digest_of(client_id):
            return True
        return self._clock() - found.at >= self._config.screening.verdict_age_max_days * DAY

    def _screen(self, queue: dict[str, None], *, delta: bool = False) -> None:
        """One errand of the first few of *queue*."""
        chunk = list(queue)[:CHUNK] if len(queue) > CHUNK else list(queue)
        for client_id in chunk:
            queue.pop(client_id)
        asked, before = self._asked(chunk, delta=delta)
        if not asked:
            return
        try:
            answer: Answer = self._line.ask(Screen(asked, delta))
        except WorkerGone:
            queue.update(dict.fromkeys(chunk))  # behind the others: one of these may have killed it
            raise
        if isinstance(answer, Failed):
            self._trouble(answer.why)
            return
        assert isinstance(answer, Found)
        verdicts = answer.verdicts
        if delta:
            verdicts = tuple([self._whole(one, before[one.client_id]) for one in verdicts])
        why = "news of the lists" if delta else ""
        self._say(ScreeningVerdicts(answer.version, verdicts, why))

    def _asked(
        self, chunk: Iterable[str], *, delta: bool
    ) -> tuple[tuple[Asked, ...], dict[str, Screened]]:
        """Who of *chunk* is screened as he is now, and for a delta what is known of each.

        The digest is of the very client that is screened: another look-up may find a later one.
        The news alone say nothing of who has changed since his verdict: he is screened whole.
        """
        asked, before = [], {}
        for client_id in chunk:
            client = self._clientele.clients.get(client_id)
            if client is None:
                continue
            digest, known = subject_digest(client), self._clientele.screened.get(client_id)
            if delta:
                if known is None or known.subject_digest != digest:
                    self._urgent[client_id] = None
                    continue
                if known.list_version != self._base:
                    self._later[client_id] = None
                    continue
                before[client_id] = known
            asked.append(Asked(client, digest))
        return tuple(asked), before

    def _whole(self, new: ScreeningVerdict, known: Screened) -> ScreeningVerdict:
        """What the last verdict found and still stands, and what the news added to it."""
        kept = [hit for hit in known.hits if hit.entry_id not in self._gone]
        return ScreeningVerdict(new.client_id, new.subject_digest, (*kept, *new.hits))

    def _trouble(self, what: str) -> None:
        log.warning("screening_trouble", what=what)
        self._say(ScreeningTrouble(what))


def _signature(config: Config) -> tuple[object, ...]:
    """Changes whenever the accepted version of a list does."""
    folder = Path(config.screening.folder).expanduser()
    return tuple(_stat(folder / one.name / "current.json") for one in config.screening.list)


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
