"""The register in the database: what commands set is there, and the floors follow a limit while the
desk runs; on both databases, and both ways of writing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from otcfix.commands import registered
from otcfix.desk.clientele import floors_of
from otcfix.ledger import chart
from otcfix.model.client_commands import ChangeSettlementLimit, SuspendClient
from otcfix.model.decision import Decision, DeskMoved
from otcfix.model.errors import StoreLost
from otcfix.model.ledger import Transfer
from otcfix.model.limit import SetLimit, SetTradingState
from otcfix.model.party import Client
from otcfix.model.proposal import Confirm, Proposal
from otcfix.model.screening import CLEAR, GoodGuy, Screened
from otcfix.store import Store, open_store
from otcfix.store.registering import CLIENT, GOOD_GUY, LIMIT, PROPOSAL, SCREENED, STATE
from tests.conftest import OpenDesk
from tests.store.days import Day
from tests.support.house_desk import client

ACME = chart.client_account("acme", chart.AVAILABLE, "USD")
BANK = chart.venue_account("bank", "USD")


def limited(amount: int) -> Decision:
    """A decision that sets acme's settlement limit."""
    return Decision(clients=(client("acme", settlement_limits={"USD": amount}),))


def withdrawn(amount: int) -> Decision:
    return Decision(transfers=(Transfer(ACME, BANK, "USD", amount, "withdrawal"),))


def test_every_kind_of_row_comes_back(store: Store, way: str) -> None:
    """The newest of each key, as the noun that it is."""
    day = Day()
    screened = Screened("acme", CLEAR, "lists-1", 1, "digest")
    good = GoodGuy("acme", "sdn-1", "d", "a", "b", 2)
    limit = SetLimit("client:acme", "", "position", Decimal("5.5"), "a", "b")
    proposal = Proposal("W1", "ResumeClient", "resume", "{}", "a", 3)
    day.event(limited(5))
    day.event(
        Decision(
            clients=(client("acme", name="Acme \0 Ltd"),),
            screened=(screened,),
            good_guys=(good,),
            limits=(limit,),
            proposals=(proposal,),
            moved=(DeskMoved("state", "client:acme", "HALTED"), DeskMoved("epoch", "s", 1)),
        )
    )
    store.commit(day.done())

    def read(kind: str, noun: Any) -> Any:
        return {k: msgspec.json.decode(v, type=noun) for k, v in store.registered(kind).items()}

    assert read(CLIENT, Client)["acme"].name == "Acme \0 Ltd"
    assert read(SCREENED, Screened) == {"acme": screened}
    assert read(GOOD_GUY, GoodGuy) == {"acme|sdn-1": good}
    assert read(LIMIT, SetLimit) == {"client:acme||position": limit}
    assert read(PROPOSAL, Proposal) == {"W1": proposal}
    assert read(STATE, str) == {"client:acme": "HALTED"}


def test_a_raised_limit_works_at_once(store: Store, way: str) -> None:
    """In the very batch that raises it, and not a unit further."""
    day = Day()
    day.event(limited(10))
    day.event(withdrawn(10))
    store.commit(day.done())
    day.event(limited(15))
    day.event(withdrawn(5))
    store.commit(day.done())
    assert store.balances(ACME) == {ACME: -15}
    day.event(withdrawn(1))
    with pytest.raises(StoreLost):
        store.commit(day.done())


def test_a_lowered_limit_breaks_no_commit(store: Store, way: str) -> None:
    """Used and lowered in one batch, before the account was there and after it: nothing is
    forced, he may only come back."""
    day = Day()
    day.event(limited(10))
    day.event(withdrawn(10))
    day.event(limited(4))
    store.commit(day.done())
    day.event(limited(20))
    day.event(withdrawn(6))
    day.event(limited(2))
    store.commit(day.done())
    assert store.balances(ACME) == {ACME: -16}
    day.event(Decision(transfers=(Transfer(BANK, ACME, "USD", 15, "deposit"),)))
    day.event(limited(2))
    store.commit(day.done())
    day.event(limited(1))
    store.commit(day.done())
    day.event(withdrawn(1))
    with pytest.raises(StoreLost):
        store.commit(day.done())


@pytest.fixture
def make_store(url: str) -> Callable[[], Any]:
    """Conversations on both databases."""
    return lambda: open_store(url)


def test_the_register_is_read_back_as_the_desk_has_it(open_desk: OpenDesk, url: str) -> None:
    """Clients of the file and of commands, states and proposals, beside the running desk."""
    desk = open_desk()
    desk.tell(SuspendClient("BETA", "carol", "test"))
    desk.tell(SetTradingState("instrument:BTC/USD", "REDUCING", "carol", "test"))
    desk.tell(ChangeSettlementLimit("ALPHA", "USD", Decimal(5), "carol", "test"))
    found = registered(desk.store)
    assert found.clients == desk.state.clientele.clients
    assert found.states == {"instrument:BTC/USD": "REDUCING"}
    assert found.screened == desk.state.clientele.screened
    (proposal,) = found.proposals
    desk.tell(Confirm(proposal, "second", "test"))
    desk.snapshots()
    desk.restarts()
    found = registered(desk.store)
    assert found.clients == desk.state.clientele.clients
    assert found.proposals[proposal].state == "CONFIRMED"
    floors = floors_of(desk.state.clientele.clients.values())
    assert floors["ALPHA", "USD"] == 500
    assert dict(desk.store.floors) == floors
