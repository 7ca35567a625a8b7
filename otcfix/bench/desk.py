"""The measured desk: the real App in a process of its own, and what it says of itself."""

import argparse
import gc
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from otcfix.app import App, wall_clock
from otcfix.bench.children import Answer, BenchFailed, serve
from otcfix.bench.desk_config import FUNDS
from otcfix.bench.measure import memory_mb
from otcfix.config import load
from otcfix.log import configure
from otcfix.model.event import MoveFunds
from otcfix.store import open_store

FUNDED_S = 30.0


def fund(app: App, database: str) -> int:
    """Deposit for every client as staff would: commands in the mailbox. Returns how many.

    Errors: BenchFailed when the desk does not book one of them.
    """
    mailbox = open_store(database)
    try:
        waiting = []
        for client in app.config.clients.client:
            for asset, amount in FUNDS.items():
                command = MoveFunds(client.id, asset, amount, "custody", "bench", "bench")
                text = msgspec.json.encode(command).decode()
                waiting.append(mailbox.put_command(text, "bench", wall_clock()))
        count = len(waiting)
        deadline = time.monotonic() + FUNDED_S
        while waiting:
            row = mailbox.command_result(waiting[-1])
            result = row.result if row else None
            if result is None and time.monotonic() < deadline and not app.ended.is_set():
                time.sleep(0.02)
            elif result == "done":
                waiting.pop()
            else:
                raise BenchFailed(f"a deposit was not booked: {result}")
        return count
    finally:
        mailbox.close()


class Desk:
    """The commands of the process."""

    def __init__(self, app: App) -> None:
        self._app = app

    def about(self) -> Answer:
        """What the bench needs to know of a desk that has just started."""
        threads = {thread.name: thread.native_id for thread in threading.enumerate()}
        return {
            "sequencer": threads["sequencer"],
            "recovery_s": self._app.recovery_s,
            "seq": self._app.state.seq,
            "rss_mb": memory_mb("self"),
        }

    def stats(self, collect: bool = False) -> Answer:
        """Memory, and how much is open. Errors: BenchFailed when the sequencer has ended."""
        if self._app.ended.is_set():
            raise BenchFailed(f"the sequencer ended: {self._app.sequencer.failure}")
        if collect:
            gc.collect()
        state = self._app.state
        return {
            "rss_mb": memory_mb("self"),
            "peak_rss_mb": memory_mb("self", "VmHWM"),
            "blocks": sys.getallocatedblocks(),
            "events": self._app.sequencer.events,
            "seq": state.seq,
            "open": {
                "quotes": len(state.quotes),
                "orders": len(state.orders),
                "ids": len(state.order_of_id),
                "timers": len(state.timers),
                "balances": len(state.balances),
                "taken": len(state.taken),
            },
        }

    def stop(self) -> Answer:
        """Stop in order; says what it held at most."""
        last = {"peak_rss_mb": memory_mb("self", "VmHWM")}
        started = time.monotonic()
        self._app.stop()
        return last | {"stop_s": time.monotonic() - started}


def main() -> None:
    """`desk --config DIR --database URL --state DIR [--fund]`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--fund", action="store_true")
    options = parser.parse_args()
    configure("warning")

    def begin() -> tuple[Answer, dict[str, Callable[..., Answer]]]:
        started = time.monotonic()
        app = App(load(options.config), options.database, state_folder=options.state)
        app.start()
        desk = Desk(app)
        ready_s = time.monotonic() - started
        try:
            funded = fund(app, options.database) if options.fund else 0
            about = desk.about() | {"ready_s": ready_s, "funded": funded}
        except BaseException:
            app.stop()
            raise
        return about, {"stats": desk.stats, "stop": desk.stop}

    serve(begin)


if __name__ == "__main__":
    main()
