"""Fixtures of conversations: each one is held against the laws when its test is over."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conversation import START, Client, Conversation
from tests.support.house_desk import VERSIONS, house_desk
from tests.support.memory_store import MemoryStore

OpenDesk = Callable[..., Conversation]


@pytest.fixture
def make_store() -> Callable[[], Any]:
    """What a conversation is kept in: memory, which is quick; tests/conversations use SQLite."""
    return MemoryStore


@pytest.fixture
def open_desk(make_store: Callable[[], Any]) -> Iterator[OpenDesk]:
    """Open desks with changes of the house's; every one is checked at the end."""
    opened: list[Conversation] = []

    def open_one(
        *,
        start: str = START,
        inbox: tuple[int, int] = (512, 256),
        store: Any = None,
        **changes: Any,
    ) -> Conversation:
        more = {"start": start, "inbox": inbox}
        opened.append(Conversation(house_desk(**changes), store or make_store(), **more))
        return opened[-1]

    yield open_one
    for conversation in opened:
        conversation.finish()
        conversation.store.close()


@pytest.fixture
def desk(open_desk: OpenDesk) -> Conversation:
    """The house's desk as it is."""
    return open_desk()


@pytest.fixture(params=list(VERSIONS))
def number(request: pytest.FixtureRequest) -> str:
    """42, 44 and 50: the version as it stands in the keys of sessions."""
    return str(request.param)


@pytest.fixture
def client(desk: Conversation, number: str) -> Client:
    """ALPHA's session, once in each version."""
    return desk.client(f"A{number}")
