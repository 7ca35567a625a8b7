"""Deciding a whole journal again, as `otcfix replay` does, against the clock."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from otcfix.bench.children import Answer, serve
from otcfix.bench.measure import memory_mb
from otcfix.config import load
from otcfix.desk.state import State
from otcfix.fix.words import Words
from otcfix.log import configure
from otcfix.sequencer.recovery import Replay
from otcfix.store import open_store


def main() -> None:
    """`replaying CONFIG DATABASE`."""
    config, database = load(Path(sys.argv[1])), sys.argv[2]
    configure("warning")

    def begin() -> tuple[Answer, dict[str, Callable[..., Answer]]]:
        return {}, {"replay": replay}

    def replay() -> Answer:
        store = open_store(database)
        state = State(config.id_key)
        words = Words(state)
        decided = Replay(state, words.parse, words.render)
        started = time.monotonic()
        for row in store.journal():
            decided.step(row)
        seconds = time.monotonic() - started
        store.close()
        return {
            "events": decided.count,
            "seconds": seconds,
            "per_s": decided.count / seconds,
            "rss_mb": memory_mb("self"),
            "fingerprint": decided.fingerprint,
        }

    serve(begin)


if __name__ == "__main__":
    main()
