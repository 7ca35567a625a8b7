"""Four eyes: whatever one person says, in whatever order, gives nobody more than he had; and what
commands set stands, whatever the file says afterwards."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from otcfix.desk.client_fields import FIELDS, LISTS
from otcfix.model.client_commands import (
    ApproveClient,
    ChangeClient,
    ChangeSettlementLimit,
    OffboardClient,
    OnboardClient,
    ResumeClient,
    SuspendClient,
)
from otcfix.model.party import Client
from otcfix.model.profile import ACTIVE, APPROVED
from otcfix.model.proposal import Confirm
from tests.conversation import Conversation
from tests.support.house_desk import house_desk
from tests.support.register import a_prospect, with_kyc

NAMES = ("carol", "CAROL", " carol ", "car ol", "carol\u200b", "c.a.r.o.l", "ｃarol", "càrol",
         "\u0441\u0430rol", "car\u03bfl")  # fmt: skip
"""One person, however she writes herself."""

VALUES: dict[str, list[Any]] = {
    "name": ["Alpha", "Other Name"],
    "enabled": [True, False],
    "tier": ["plain", "dear"],
    "no_skew": [True, False],
    "kind": ["fund", "bank"],
    "lei": ["", "5493001KJTIIGC8Y1R12"],
    "jurisdiction": ["CH", "US-NY", "XX"],
    "client_class": ["professional", "retail", "eligible_counterparty"],
    "birth": ["", "1970"],
    "settlement_mode": ["prefunded", "credit"],
}
NUMBERS = ["0", "1", "5", "1000", "2000000", "9000000"]
ITEMS: dict[str, list[Any]] = {
    "accounts": ["ALPHA-1", "ALPHA-9"],
    "instruments": ["BTC/USD", "LTC/USD", "*"],
    "owners": [{"name": "Jane"}, {"name": "Joe", "share": "50"}],
    "wallets": [{"asset": "BTC", "address": "a"}, {"asset": "BTC", "address": "b"}],
    "banks": [{"iban": "CH9300762011623852957"}],
    "networks": ["192.0.2.0/24", "198.51.100.0/24"],
    "users": ["Trader"],
}
RICH = {
    **with_kyc(),
    "instruments": ("BTC/USD", "ETH/USD"),
}


def encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@st.composite
def change(draw: st.DrawFn) -> ChangeClient:
    """One change of ALPHA or of a prospect."""
    who, by = draw(st.sampled_from(["ALPHA", "OMEGA"])), draw(st.sampled_from(NAMES))
    name = draw(st.sampled_from([*FIELDS, *LISTS, "kyc_status"]))
    if name in LISTS:
        listed = {name: encoded(draw(st.lists(st.sampled_from(ITEMS[name]), max_size=2)))}
        if draw(st.booleans()):
            return ChangeClient(who, {}, by, "", add=listed)
        return ChangeClient(who, {}, by, "", remove=listed)
    values = VALUES.get(name, NUMBERS)
    if name == "kyc_status":
        values = ["APPROVED", "UNDER_REVIEW", "REFUSED", "PENDING"]
    value = draw(st.sampled_from(values))
    if name in FIELDS and FIELDS[name].kind is int:
        return ChangeClient(who, {name: value}, by, "")
    return ChangeClient(who, {name: encoded(value)}, by, "")


@st.composite
def command(draw: st.DrawFn) -> Any:
    """Any command of the register, by one person."""
    who, by = draw(st.sampled_from(["ALPHA", "OMEGA"])), draw(st.sampled_from(NAMES))
    amount = draw(st.sampled_from(["0", "1", "10", "1000000"]))
    return draw(
        st.one_of(
            change(),
            st.sampled_from(
                [
                    OnboardClient(a_prospect(), by, ""),
                    ApproveClient(who, "9", draw(st.sampled_from(["2027-12-31", ""])), by, ""),
                    SuspendClient(who, by, "", draw(st.booleans())),
                    ResumeClient(who, by, ""),
                    OffboardClient(who, by, ""),
                    ChangeSettlementLimit(who, "USD", Decimal(amount), by, ""),
                ]
            ),
        )
    )


def rights(client: Client | None) -> dict[str, Any]:
    """What a client may, as sets and numbers that must not grow, and words that must not change."""
    if client is None:
        return {}
    known = client.profile
    deals = client.enabled and client.status == ACTIVE and known.kyc.status == APPROVED
    return {
        "deals": int(deals),
        "until": known.kyc.last_day or "9999",
        "position_max": client.position_max,
        "order_notional_max": client.order_notional_max,
        "quote_notional_max": client.quote_notional_max,
        "open_orders_max": client.open_orders_max,
        "credit": client.settlement_limits.get("USD", 0),
        "instruments": set(client.instruments),
        "accounts": set(client.accounts),
        "wallets": set(known.wallets),
        "banks": set(known.banks),
        "words": {(client.name, client.tier, known.jurisdiction, known.client_class)},
        "not hidden": {-len(known.owners)},
    }


def no_more(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether nothing has grown."""
    return all(after[name] <= before[name] for name in before)


@settings(max_examples=60, deadline=None)
@given(said=st.lists(command(), min_size=1, max_size=12), data=st.data())
def test_one_person_gives_nobody_more(said: list[Any], data: st.DataObject) -> None:
    """Not even by confirming what she proposed herself, under another spelling of her name."""
    desk = Conversation(house_desk(clients={"ALPHA": RICH}))
    for one in said:
        clients = desk.state.clientele.clients
        before = {key: rights(clients.get(key)) for key in ("ALPHA", "OMEGA")}
        desk.tell(one)
        for proposal in sorted(desk.state.approvals.waiting):
            desk.tell(Confirm(proposal, data.draw(st.sampled_from(NAMES)), ""))
        clients = desk.state.clientele.clients
        for key, had in before.items():
            if had:
                assert no_more(had, rights(clients[key])), one
            else:
                assert rights(clients.get(key)).get("deals", 0) == 0, one
    desk.finish()


@settings(max_examples=40, deadline=None)
@given(said=st.lists(command(), min_size=1, max_size=8))
def test_what_commands_set_wins_over_the_file(said: list[Any]) -> None:
    """Another file changes the fields that no command has set, and no other; so does a snapshot."""
    desk = Conversation(house_desk(clients={"ALPHA": RICH}))
    for one in said:
        desk.tell(one)
        for proposal in sorted(desk.state.approvals.waiting):
            desk.tell(Confirm(proposal, "second", ""))
    before = dict(desk.state.clientele.clients)
    desk.snapshots()
    desk.restarts(house_desk(clients={"ALPHA": {"name": "New", "position_max": 3, **with_kyc()}}))
    after = desk.state.clientele.clients
    assert after.get("OMEGA") == before.get("OMEGA")
    was, now = before["ALPHA"], after["ALPHA"]
    assert now.changed == was.changed
    assert now.name == (was.name if "name" in was.changed else "New")
    assert now.position_max == (was.position_max if "position_max" in was.changed else 3)
    assert now.status == was.status
    for field in ("wallets", "owners", "kyc"):
        if f"profile.{field}" in was.changed:
            assert getattr(now.profile, field) == getattr(was.profile, field)
    assert structs.replace(now, changed=()).profile.kyc.status == was.profile.kyc.status
    desk.finish()
