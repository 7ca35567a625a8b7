"""The mailbox, as a desk reads it: whatever lies in it is answered once, and stops nobody."""

from collections.abc import Callable
from typing import Any

import pytest

from otcfix.store import open_store
from tests.conftest import OpenDesk


@pytest.fixture
def make_store(url: str) -> Callable[[], Any]:
    """Conversations on both databases."""
    return lambda: open_store(url)


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "{}",
        '{"type":"OfAnotherVersion","by":"ann"}',
        '{"type":"SetLimit","who":5}',
        "[" * 5_000,
        '{"type":"ChangeClient","client_id":"ALPHA","changes":{"tier":"1e"},"by":"a","why":"b"}',
    ],
)
def test_a_command_that_cannot_be_read_is_answered(open_desk: OpenDesk, body: str) -> None:
    """A newer command line beside an older desk: refused, journaled, not read at the next start."""
    desk = open_desk()
    number = desk.store.put_command(body, "ann", desk.now)
    desk.sequencer.check_commands()
    found = desk.store.command_result(number)
    assert found.result.startswith("refused: ")
    assert not desk.store.new_commands(0)
    desk.restarts()
    desk.moves_funds("ALPHA", "USD", "1")
