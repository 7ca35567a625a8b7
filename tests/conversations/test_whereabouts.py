"""The networks that a client's people come from: who logs on from elsewhere is not dealt with."""

import pytest
from msgspec import structs

from otcfix.model.client_commands import ChangeClient
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.client import Client
from tests.support.house_desk import PROFILE
from tests.support.register import confirmed

AT_HOME = "192.0.2.7"
QUOTED = """
    C 35=R|131=R{0}|146=1|55=BTC/USD|38=1
    D 35=S|131=R{0}
"""
REFUSED = """
    C 35=R|131=R{0}|146=1|55=BTC/USD|38=1
    D 35=AG|131=R{0}|658=6|58=NOT_AUTHORISED: not authorised
"""


@pytest.fixture
def fenced(open_desk: OpenDesk) -> Conversation:
    """ALPHA's people come from 192.0.2.0/24 and 2001:db8::/32."""
    profile = structs.replace(PROFILE, networks=("192.0.2.0/24", "2001:db8::/32"))
    return open_desk(clients={"ALPHA": {"profile": profile}})


def arrives(desk: Conversation, address: str) -> Client:
    """ALPHA's session logs on from *address*, after a first time from one that nobody knows."""
    alpha = desk.client("A44")
    desk.wire.logged_out.clear()
    alpha.logs_on(address)
    return alpha


@pytest.mark.parametrize("address", [AT_HOME, "192.0.2.255", "2001:db8::1", "::ffff:192.0.2.9"])
def test_from_his_networks_a_client_is_quoted(fenced: Conversation, address: str) -> None:
    """The first and the last address, both families, and an IPv4 caller on an IPv6 socket."""
    alpha = arrives(fenced, address)
    alpha.talk(QUOTED.format(1))
    assert fenced.wire.logged_out == []


@pytest.mark.parametrize("address", ["192.0.3.0", "2001:db9::1", "", "nowhere"])
def test_from_elsewhere_he_is_logged_out_and_told_nothing(
    fenced: Conversation, address: str
) -> None:
    """What comes before the logout takes effect is refused like any other no; staff is told."""
    alpha = arrives(fenced, address)
    assert fenced.wire.logged_out == [("A44", "not accepted")]
    (alert,) = fenced.told[-1][1].alerts
    assert "none of the networks of ALPHA" in alert
    alpha.talk(REFUSED.format(1))
    (finding,) = [f for f in fenced.told[-1][1].verdicts[0].findings if f.refusal]
    assert finding.limit == "192.0.2.0/24, 2001:db8::/32"


def test_a_network_that_is_taken_away_ends_what_stands(fenced: Conversation) -> None:
    """The client is online: his order goes at once, with the text of every desk cancel."""
    alpha = arrives(fenced, AT_HOME)
    alpha.talk(
        """
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1
        D 35=8|11=A1|150=0
        """
    )
    gone = {"networks": '["192.0.2.0/24"]'}
    fenced.tell(ChangeClient("ALPHA", {}, "ann", "left that office", remove=gone))
    confirmed(fenced)
    alpha.talk(
        """
        D 35=8|11=A1|150=4|58=CANCELLED_BY_DESK: ...
        """
        + REFUSED.format(2)
    )


def test_the_address_is_known_after_a_restart(fenced: Conversation) -> None:
    """Orders of a session that is away stand as they did."""
    alpha = arrives(fenced, AT_HOME)
    alpha.talk(
        """
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1
        D 35=8|11=A1|150=0
        """
    )
    fenced.snapshots()
    fenced.restarts()
    assert len(fenced.state.orders) == 1
