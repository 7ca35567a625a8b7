"""Commands on clients that no desk may take: each is refused in words, and nothing else happens."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from otcfix.desk.decide import HANDLERS
from otcfix.model.client_commands import (
    ApproveClient,
    ChangeClient,
    OnboardClient,
    ResumeClient,
    SuspendClient,
)
from otcfix.model.event import Command
from otcfix.model.limit import Limit, SetLimit
from otcfix.model.profile import Owner, Profile
from otcfix.model.proposal import Confirm
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


def test_what_waits_for_a_client_lapses_when_he_is_suspended(open_desk: OpenDesk) -> None:
    """What was asked for before is not confirmed behind the suspension: it was asked without
    knowing of it."""
    desk = open_desk()
    desk.tell(SuspendClient("ALPHA", "carol", "papers"))
    desk.tell(ApproveClient("ALPHA", "3", "2029-12-31", "carol", "renewal"))
    desk.tell(ChangeClient("ALPHA", {"position_max": '"9000000"'}, "carol", "more"))
    desk.tell(ResumeClient("ALPHA", "carol", "papers are here"))
    desk.tell(SuspendClient("BETA", "carol", "papers"))
    desk.tell(ResumeClient("BETA", "carol", "papers are here"))
    asked = list(desk.state.approvals.waiting)
    said = desk.tell(SuspendClient("ALPHA", "dave", "an enquiry", review=True))
    assert [one.state for one in said.proposals] == ["DISMISSED"] * 3
    assert "3 that waited for a second person have lapsed" in said.alerts[-1]
    for proposal in asked[:3]:
        said = desk.tell(Confirm(proposal, "second", "test"))
        assert said.alerts == (f"refused: nothing waits as {proposal}",)
    assert desk.state.clientele.clients["ALPHA"].status == "SUSPENDED"
    desk.tell(Confirm(asked[3], "second", "test"))
    assert desk.state.clientele.clients["BETA"].status == "ACTIVE"


def test_what_waits_for_a_client_lapses_when_his_kyc_falls(open_desk: OpenDesk) -> None:
    """A renewal that was asked for before a review began is not confirmed in it."""
    desk = open_desk()
    desk.tell(ApproveClient("ALPHA", "3", "2029-12-31", "carol", "renewal"))
    desk.tell(ChangeClient("ALPHA", {"kyc_status": '"REFUSED"'}, "dave", "an enquiry"))
    assert not desk.state.approvals.waiting
    assert desk.state.clientele.clients["ALPHA"].profile.kyc.status == "REFUSED"


def test_a_limit_that_limits_set_holds_is_not_changed_with_the_client(open_desk: OpenDesk) -> None:
    """It would be said to be done, and change nothing: `limits set` and limits.toml win over what
    stands with the client."""
    desk = open_desk(limits=(Limit("client:BETA", "", "open_orders", Decimal(3)),))
    desk.tell(SetLimit("client:ALPHA", "", "position", Decimal(1_000_000), "ann", "test"))
    said = desk.tell(ChangeClient("ALPHA", {"position_max": '"0"'}, "ann", "stop him"))
    assert said.alerts[0].startswith("refused: position_max: a limit position of client:ALPHA")
    assert desk.tell(ChangeClient("BETA", {"open_orders_max": "0"}, "ann", "stop him")).alerts
    assert desk.tell(ChangeClient("BETA", {"position_max": '"0"'}, "ann", "stop him")).clients
