"""Commands on clients that no desk may take: each is refused in words, and nothing else happens."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from otcfix.desk.decide import HANDLERS
from otcfix.model.client_commands import ChangeClient, OnboardClient, SuspendClient
from otcfix.model.event import Command
from otcfix.model.profile import Owner, Profile
from otcfix.sequencer.deciding import outcome_of
from tests.conftest import OpenDesk
from tests.support.register import a_prospect


def as_sent(command: Any) -> Any:
    """As it comes out of the mailbox."""
    return msgspec.json.decode(msgspec.json.encode(command), type=Command)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"settlement_limits": {"USD": 10**30}}, "settlement_limits USD"),
        ({"settlement_limits": {"USD": 2**63}}, "settlement_limits USD"),
        ({"open_orders_max": 10**30}, "open_orders_max"),
        ({"open_quotes_max": 2**63}, "open_orders_max"),
        ({"position_max": Decimal("1E+999999")}, "position_max"),
        ({"order_notional_max": Decimal("1E-999999")}, "order_notional_max"),
        ({"name": "Omega\u202eLtd"}, "name"),
        ({"name": "Omega\0"}, "name"),
        ({"accounts": ("OMEGA-1", "ALPHA-1")}, "accounts: ALPHA-1 is an account of ALPHA"),
        ({"accounts": tuple(f"A{n}" for n in range(2_000))}, "accounts, instruments"),
        (
            {"profile": Profile("x" * 10_000, jurisdiction="CH", client_class="professional")},
            "kind",
        ),
        (
            {
                "profile": Profile(
                    *("fund", "", "CH", "professional"), owners=(Owner("Jane \u200bDoe"),)
                )
            },
            "owners",
        ),
    ],
)
def test_what_cannot_be_kept_is_not_taken_in(
    open_desk: OpenDesk, changes: dict[str, Any], why: str
) -> None:
    """No number that stops the desk, no name that cannot be read, nobody else's account."""
    desk = open_desk()
    said = desk.tell(as_sent(OnboardClient(a_prospect(**changes), "maker", "test")))
    assert said.alerts[0].startswith(f"refused: {why}")
    assert not said.clients
    desk.snapshots()


@pytest.mark.parametrize("number", ['"NaN"', '"sNaN"', '"Infinity"', '"1E999999"', '"1E-999"'])
def test_a_limit_is_changed_to_a_number(open_desk: OpenDesk, number: str) -> None:
    """NaN compares with nothing: it is refused before it is compared."""
    desk = open_desk()
    said = desk.tell(as_sent(ChangeClient("ALPHA", {"position_max": number}, "ann", "test")))
    assert said.alerts == ("refused: position_max: expected a number from zero on",)


def test_an_account_of_another_client_is_not_added(open_desk: OpenDesk) -> None:
    """Not by a change either; what both had from the file is left to the file."""
    desk = open_desk(clients={"BETA": {"accounts": ("BETA-1", "ALPHA-2")}})
    asked = ChangeClient("BETA", {}, "ann", "test", add={"accounts": '["ALPHA-1"]'})
    assert desk.tell(asked).alerts == ("refused: accounts: ALPHA-1 is an account of ALPHA",)
    lower = ChangeClient("BETA", {"position_max": '"1"'}, "ann", "test")
    assert desk.tell(lower).clients


def test_a_command_that_could_not_be_decided_is_not_called_done(
    monkeypatch: pytest.MonkeyPatch, open_desk: OpenDesk
) -> None:
    """A bug, or a decision that has no bytes: journaled as failed, and who asked hears of it."""

    def broken(draft: Any, command: Any) -> None:
        draft.timer(10**30, "kyc", "")

    desk = open_desk()
    monkeypatch.setitem(HANDLERS, SuspendClient, broken)
    said = desk.tell(SuspendClient("ALPHA", "carol", "test"))
    assert said.failed == "OverflowError"
    assert outcome_of(said).startswith("refused: event ")
    desk.failures_expected = 1
    desk.restarts()
