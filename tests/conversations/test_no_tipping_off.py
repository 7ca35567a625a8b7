"""Whatever keeps a client from dealing, he hears the same: byte by byte, in every version (R23)."""

from decimal import Decimal
from typing import Any

import pytest

from otcfix.model.event import CancelOrder
from otcfix.model.policy import Policy
from otcfix.model.profile import Profile
from otcfix.model.screening import ScreeningHit, ScreeningVerdict, ScreeningVerdicts
from tests.conversation import Conversation
from tests.support.house_desk import house_desk
from tests.support.versions import in_version

ALPHA = {"ALPHA": {"profile": Profile()}}
DESKS: dict[str, dict[str, Any]] = {
    "disabled": {"clients": {"ALPHA": {"enabled": False}}},
    "suspended": {"clients": {"ALPHA": {"status": "SUSPENDED"}}},
    "without KYC": {"clients": ALPHA},
    "no rule allows it": {"policy": Policy("test")},
}
VERDICTS: dict[str, tuple[str, ...]] = {
    "never screened": (),
    "screened as he was": ("stale",),
    "may be listed": ("0.9000",),
    "is listed": ("1.0000",),
}
REASONS = (*DESKS, *VERDICTS)

ASKED = {
    "a quote": "C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1",
    "an order": "C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1",
    "a hit": "C 35=D|11=A1|117=QNONE|55=BTC/USD|54=1|38=1|40=D",
    "a stream": "C 35=V|262=M1|263=1|264=1|265=0|267=2|269=0|269=1|146=1|55=BTC/USD",
}


def refused_for(reason: str) -> Conversation:
    """A desk that ALPHA may not deal with; the same number of events has happened in each."""
    if reason in DESKS:
        return Conversation(house_desk(**DESKS[reason]))
    desk = Conversation(screens=False)
    clientele = desk.state.clientele
    verdicts = []
    for client_id in clientele.unscreened():
        said = VERDICTS[reason] if client_id == "ALPHA" else ("clear",)
        for word in said:
            hits = (
                (ScreeningHit("client Alpha", "OWN:1", "own", "d", "Alpha", Decimal(word)),)
                if word[0].isdigit()
                else ()
            )
            digest = "of before" if word == "stale" else clientele.digest_of(client_id)
            verdicts.append(ScreeningVerdict(client_id, digest, hits))
    desk.tell(ScreeningVerdicts("lists-1", tuple(verdicts)))
    return desk


def heard(desk: Conversation, session: str, says: str) -> list[tuple[str, str]]:
    """Type and text of what the client hears to one message."""
    client = desk.client(session)
    client.C(in_version(says.removeprefix("C "), client.number))
    return [(row.msg_type, row.text) for row in desk.told[-1][2]]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("asks", ASKED)
def test_the_reason_cannot_be_told_from_the_words(asks: str, reason: str) -> None:
    """Disabled, without KYC, listed, not yet screened, not allowed by a rule: one answer."""
    for version in ("42", "44", "50"):
        first = heard(refused_for("disabled"), f"A{version}", ASKED[asks])
        assert "NOT_AUTHORISED" in first[0][1]
        assert heard(refused_for(reason), f"A{version}", ASKED[asks]) == first


@pytest.mark.parametrize("version", ["42", "44", "50"])
def test_a_cancel_of_the_desk_has_one_text_whoever_is_listed(version: str) -> None:
    """Cancelled by staff, or because a list names him: the same report."""

    def cancelled(listed: bool) -> list[tuple[str, str]]:
        desk = Conversation()
        desk.client(f"A{version}").talk(f"{ASKED['an order']}\nD 35=8|11=A1|37=O1|39=0", as_44=True)
        order = desk.order("A1")
        assert order is not None
        if listed:
            hit = ScreeningHit("client Alpha", "OWN:1", "own", "d", "Alpha", Decimal(1))
            desk.screened(hit, client_id="ALPHA")
        else:
            desk.tell(CancelOrder(order.order_id, "staff", "asked on the phone"))
        return [(row.msg_type, row.text) for row in desk.told[-1][2]]

    assert cancelled(listed=True) == cancelled(listed=False)
