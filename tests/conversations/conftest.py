"""The dialogues and the state tables are kept in the real store."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from otcfix.store import open_store


@pytest.fixture
def make_store() -> Callable[[], Any]:
    """SQLite, in memory: the real tables, without a disk."""
    return partial(open_store, "sqlite://")
