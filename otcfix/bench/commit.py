"""How long one durable commit of a QuoteRequest's rows takes, in a tight loop.

The rows are the real ones: a desk without sessions decides QuoteRequests, and what its sequencer
hands to the store is kept, then committed again, one after the other, to an empty database. Beside
it stands the same text as one plain row by the bare driver: what the disk alone costs.
"""

import argparse
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from otcfix.app import App, monotonic_clock, wall_clock
from otcfix.bench.children import Answer, serve
from otcfix.bench.desk_config import FUNDS
from otcfix.bench.frames import Stamps
from otcfix.bench.load import DESK, session_name
from otcfix.bench.measure import percentile
from otcfix.config import load
from otcfix.log import configure
from otcfix.model.event import MoveFunds
from otcfix.model.party import Session
from otcfix.model.record import Batch, OutboxRow, StreamRow
from otcfix.model.screening import ScreeningVerdict, ScreeningVerdicts
from otcfix.model.session_act import SessionAct
from otcfix.sequencer.inbox import Incoming
from otcfix.sequencer.loop import Sequencer
from otcfix.store import open_store
from otcfix.store.journal import GENESIS, chained

WARM = 30
PLAIN_TABLE = "bench_plain"


class Recording:
    """A store that keeps what it commits; the rest it leaves to the real one."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.batches: list[Batch] = []

    def commit(self, batch: Batch) -> None:
        """Keep and commit."""
        self._store.commit(batch)
        self.batches.append(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Numbering:
    """A wire that gives every reply its number, as a session would."""

    def __init__(self) -> None:
        self._number = 1

    def say(self, row: OutboxRow, *, again: bool) -> tuple[int, int]:  # noqa: ARG002
        """The next number."""
        self._number += 1
        return 0, self._number

    def stream(self, row: StreamRow) -> None:
        """Nobody listens."""

    def logout(self, session: str, text: str) -> None:
        """Nobody is there."""

    def act(self, act: SessionAct) -> str:
        """Nobody is there."""
        return f"no desk serves {act.session}"

    def sessions_changed(self, sessions: tuple[Session, ...]) -> None:
        """Nobody listens."""


class Recorder:
    """Makes the batches of lone QuoteRequests."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._app = App(
            load(config),
            f"sqlite:///{folder / 'recorder.db'}",
            state_folder=folder / "recorder",
            serve_fix=False,
        )
        app = self._app
        self.store = Recording(app.store)
        assert app.words is not None
        self._sequencer = Sequencer(
            app.state,
            self.store,
            _Numbering(),
            app.rates,
            app.inbox,
            parse=app.words.parse,
            render=app.words.render,
            render_streams=app.words.render_streams,
            chain=chained,
            clock=wall_clock,
            monotonic=monotonic_clock,
            clock_step_max=60_000_000,
        )
        self._sequencer.start_from(GENESIS, 0, 0)
        self._sequencer.boot(app._boot([]))
        for feed in app.feeds:
            feed.start()
        time.sleep(0.3)  # the first book
        self._stamps = Stamps()
        self._number = 1
        for asset, amount in FUNDS.items():
            funds = MoveFunds(session_name(0), asset, amount, "custody", "bench", "bench")
            app.inbox.put_urgent(Incoming("", 0, "", wall_clock(), funds))
        # A desk that does not serve screens nobody; what it would find is put in its place.
        known = app.state.clientele
        verdicts = tuple(ScreeningVerdict(c, known.digest_of(c)) for c in known.unscreened())
        found = ScreeningVerdicts("bench", verdicts)
        app.inbox.put_urgent(Incoming("", 0, "", wall_clock(), found))
        self._step()

    def _step(self) -> None:
        while self._sequencer.step():
            pass

    def take(self, count: int) -> list[Batch]:
        """Decide *count* QuoteRequests, one a batch; returns every batch since the last call."""
        name = session_name(0)
        for _ in range(count):
            self._number += 1
            now = self._stamps.now().decode()
            fields = (
                *("8=FIX.4.4", "9=150", "35=R", f"34={self._number}", f"49={name}", f"52={now}"),
                *(f"56={DESK.decode()}", f"131=C{self._number}", "146=1", "55=BTC/USD"),
                *("537=1", "38=0.01", f"60={now}", "10=000", ""),
            )
            text = "\x01".join(fields)
            self._app.inbox.put(Incoming(name, 0, text, wall_clock()), "R")
            self._step()
        taken = list(self.store.batches)
        self.store.batches.clear()
        return taken

    def close(self) -> None:
        """End the feeds and close the database."""
        self._app.stop()


def plain_writer(database: str, folder: Path) -> Callable[[bytes], object]:
    """What writes one durable row with the bare driver of *database*."""
    create = f"CREATE TABLE {PLAIN_TABLE} (body {{}})"
    if database.startswith("sqlite"):
        connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(create.format("BLOB"))
        insert = f"INSERT INTO {PLAIN_TABLE} VALUES (?)"  # noqa: S608 - a constant
        return lambda body: connection.execute(insert, (body,))
    plain = psycopg.connect(database.replace("+psycopg", ""), autocommit=True, prepare_threshold=1)
    plain.execute(f"DROP TABLE IF EXISTS {PLAIN_TABLE}")
    plain.execute(create.format("BYTEA"))
    command = f"INSERT INTO {PLAIN_TABLE} VALUES (%s)"  # noqa: S608 - a constant
    return lambda body: plain.execute(command, (body,))


def main() -> None:
    """`commit --config DIR --database URL --folder DIR`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    configure("warning")

    def begin() -> tuple[Answer, dict[str, Callable[..., Answer]]]:
        recorder = Recorder(options.config, options.folder)
        store = open_store(options.database)
        plain = plain_writer(options.database, options.folder)

        def run(count: int) -> Answer:
            batches = recorder.take(count + WARM)
            times: list[float] = []
            for number, batch in enumerate(batches):
                start = time.perf_counter_ns()
                store.commit(batch)
                spent = (time.perf_counter_ns() - start) / 1e3
                if number >= WARM and [row.kind for row in batch.rows] == ["QuoteRequest"]:
                    times.append(spent)
            body = msgspec.msgpack.encode((batches[-1].rows, batches[-1].outbox))
            bare: list[float] = []
            for _ in range(count):
                start = time.perf_counter_ns()
                plain(body)
                bare.append((time.perf_counter_ns() - start) / 1e3)
            times.sort()
            return {
                "p50_us": percentile(times, 0.5),
                "p99_us": percentile(times, 0.99),
                "plain_row_p50_us": percentile(sorted(bare), 0.5),
                "row_bytes": len(body),
                "count": len(times),
            }

        def stop() -> Answer:
            recorder.close()
            store.close()
            return {}

        return {}, {"run": run, "stop": stop}

    serve(begin)


if __name__ == "__main__":
    main()
