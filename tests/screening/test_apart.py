"""The index in another process: asked from here, refreshed there, lost at once when it is gone."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from otcfix.screening.apart import BATCH, Apart, ApartFailed, ApartLost
from otcfix.screening.entry import Entry
from otcfix.screening.lists_corpus import Corpus
from otcfix.screening.party import Party
from tests.screening.listed import CROWD, entry

LISTED = tuple(entry(number, name) for number, name in enumerate(CROWD))


def read(*entries: Entry, version: str = "1") -> Callable[[], Corpus]:
    """A source that the other process can run."""
    return partial(Corpus, entries, version, missing=("uk",))


@pytest.fixture(scope="module")
def _apart() -> Iterator[Apart]:
    apart = Apart()
    yield apart
    apart.close()


@pytest.fixture
def apart(_apart: Apart) -> Apart:
    _apart.load(read(*LISTED))
    return _apart


def test_it_answers_as_an_index_here_would(apart: Apart) -> None:
    """The whole result comes over, pieces too."""
    (found,) = apart.screen([Party("Zardari Karim")])

    assert (found.hits[0].matched_name, found.hits[0].stage) == (CROWD[0], "tokens")
    assert [word for word, _ in found.hits[0].unmatched_listed] == ["mohammad"]


def test_a_refresh_tells_what_moved_and_screens_only_that(apart: Apart) -> None:
    """Added and changed entries alone, by the weights of the whole."""
    changed = entry(0, CROWD[0], "Karim the Elder")
    changed = Entry(**{f: getattr(changed, f) for f in Entry.__slots__} | {"digest": "other"})
    new = (changed, *LISTED[2:], entry(50, "Olga Brandt"))

    moved = apart.load(read(*new, version="2"))
    parties = [Party("Olga Brand"), Party(CROWD[2]), Party(CROWD[0])]
    fresh = list(apart.screen_many(parties, fresh=True))

    assert (moved.version, moved.entries, moved.missing) == ("2", len(new), ("uk",))
    assert (moved.added, moved.changed, moved.removed) == (("OWN:50",), ("OWN:0",), ("OWN:1",))
    assert [[h.entry_id for h in found.hits] for found in fresh] == [["OWN:50"], [], ["OWN:0"]]
    assert fresh[2] == apart.screen([parties[2]])[0]


def test_lists_that_cannot_be_read_leave_the_index_as_it_was(apart: Apart) -> None:
    """The reason comes back, and screening goes on with the old lists."""
    with pytest.raises(ApartFailed, match="'spoilt, line 7'"):
        apart.load(partial(int, "spoilt, line 7"))  # type: ignore[arg-type]
    with pytest.raises(ApartFailed):
        apart.load(read)  # a function that the other process does not find

    assert apart.screen([Party(CROWD[3])])[0].score == 1.0


def test_one_question_does_not_wait_for_a_whole_register(apart: Apart) -> None:
    """Between two batches another thread is served."""
    register = apart.screen_many([Party(CROWD[3])] * (3 * BATCH))
    next(register)
    answers = []
    asker = threading.Thread(target=lambda: answers.append(apart.screen([Party("Faiz")])))
    asker.start()
    asker.join(10)

    assert answers[0][0].score == 1.0
    assert sum(found.score == 1.0 for found in register) == 3 * BATCH - 1


def test_without_lists_nobody_is_screened() -> None:
    """Not even as clear."""
    apart = Apart()
    try:
        with pytest.raises(ApartFailed, match="no lists were loaded"):
            apart.screen([Party("Olga Brandt")])
    finally:
        apart.close()


def test_a_killed_process_is_lost_at_once() -> None:
    """No answer is no clearance, and no hanging."""
    apart = Apart()
    apart.load(read(*LISTED))
    os.kill(apart.pid, signal.SIGKILL)
    began = time.monotonic()

    for _ in range(2):
        with pytest.raises(ApartLost):
            apart.screen([Party("Faiz")])
    assert time.monotonic() - began < 10
