"""A command has put a client into a tier, and the configuration does not know it at the next."""

from msgspec import structs

from otcfix.model.client_commands import ChangeClient
from tests.conftest import OpenDesk
from tests.support.house_desk import CLIENTS, house_desk
from tests.support.register import confirmed
from tests.support.streams import TERMS, asks


def test_a_client_without_a_tier_deals_nothing_and_disturbs_nobody(open_desk: OpenDesk) -> None:
    """His order is cancelled, he is refused as one who may not deal; others fill and hear."""
    desk = open_desk(stream=TERMS)
    desk.tell(ChangeClient("ALPHA", {"tier": '"dear"'}, "carol", "test"))
    confirmed(desk)
    alpha, beta = desk.client("A44"), desk.client("B44")
    for client in (alpha, beta):
        client.talk_44("""
            C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1
            D 35=8|150=0
        """)
    house = house_desk(stream=TERMS)
    plain = tuple(structs.replace(one, tier="plain") for one in house.clients)
    assert [one.client_id for one in plain] == list(CLIENTS)
    tiers = tuple(tier for tier in house.tiers if tier.name == "plain")
    desk.restarts(structs.replace(house, tiers=tiers, clients=plain))
    assert "ALPHA has the tier dear, which is not configured" in desk.alerts
    alpha.logs_on()
    beta.logs_on()
    assert desk.order("A1") is None
    alpha.hears_all()
    asks(alpha)
    assert [one.kind for one in alpha.hears_all()] == ["Y"]
    alpha.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|54=1|38=1
        D 35=AG|131=R1|658=6|58=NOT_AUTHORISED: ...
        C 35=D|11=A2|55=BTC/USD|54=1|38=1|40=1
        D 35=8|150=8|103=99|58=NOT_AUTHORISED: ...
    """)
    desk.sees("BTC/USD", bid="98000", offer="98000", depth="30")
    assert [one.get(150) for one in beta.hears_all() if one.kind == "8"] == ["F"]
