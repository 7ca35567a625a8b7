"""A desk of our own for the trials of a module."""

from collections.abc import Iterator

import pytest
import structlog

from otcfix.config import load
from otcfix.log import configure
from otcfix.trials.own_desk import own_desk
from otcfix.trials.parties import Party
from tests.support.desk_process import ROOT


@pytest.fixture(scope="module")
def party() -> Iterator[Party]:
    """The shipped configuration, with sessions of the trial and prices that stand still."""
    configure("error")
    with own_desk(load(ROOT / "config"), {}) as desk:
        yield desk
    structlog.reset_defaults()
