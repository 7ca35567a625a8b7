"""Committing one batch while the next one is decided.

The database's part of a commit needs no interpreter: on a thread of its own it costs the
sequencer nothing but the wait for what is left of it. Still nothing is said before its batch is
durable (law 1), batches are written one at a time in their order, and nothing is asked of the
store while one is being written.
"""

import threading
from queue import SimpleQueue

from otcfix.model.record import Batch
from otcfix.sequencer.ports import StorePort


class Committer:
    """At most one batch is under way. Without `start`, every batch is written where it is begun."""

    def __init__(self, store: StorePort) -> None:
        self._store = store
        self._under_way: Batch | None = None
        self._thread: threading.Thread | None = None
        self._waiting: SimpleQueue[object] = SimpleQueue()
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()

    @property
    def busy(self) -> bool:
        """Whether a batch is under way."""
        return self._under_way is not None

    def start(self) -> None:
        """Let batches be written on a thread of their own from now on."""
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, when what it writes is written."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def commit(self, batch: Batch) -> None:
        """Write *batch* here and now. Errors: those of the store."""
        assert not self.busy
        self._store.commit(batch)

    def begin(self, batch: Batch) -> bool:
        """Have *batch* written; False when that is to be done by `commit`: there is no thread.

        Errors: those of the store.
        """
        assert not self.busy
        if self._thread is None:
            return False
        self._waiting.put(self._store.prepare(batch))
        self._under_way = batch
        return True

    def finish(self) -> Batch | None:
        """Wait for the batch that is under way and return it. Errors: those of the store."""
        batch, self._under_way = self._under_way, None
        if batch is not None:
            error = self._done.get()
            if error is not None:
                raise error
        return batch

    def _run(self) -> None:
        while (prepared := self._waiting.get()) is not None:
            try:
                self._store.write(prepared)
            except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
                self._done.put(error)
            else:
                self._done.put(None)
