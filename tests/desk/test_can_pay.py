"""Before each fill: whether the hold and what is free cover it to the last minor unit."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk.draft import Draft
from otcfix.desk.fills import can_pay, cost_of
from tests.conversation import Conversation


def test_a_fill_is_paid_from_the_hold_and_what_is_free_and_from_nothing_else(
    desk: Conversation,
) -> None:
    """One minor unit less than the cost, and the order does not fill."""
    desk.client("A44").talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000
        D 35=8|11=A1|150=0
    """)
    (order,) = desk.state.orders.values()
    draft = Draft(desk.state, desk.told[-1][0])
    instrument = desk.state.register.instruments["BTC/USD"]
    tier = desk.state.register.tiers[desk.state.register.clients["ALPHA"].tier]
    px = Decimal(99000)
    free = draft.free("ALPHA", "USD", same_day=instrument.settl_days == 0)
    _, cost = cost_of(order, instrument, Decimal(1), px, tier.fee_bps)
    enough = structs.replace(order, held=cost - free)
    assert can_pay(draft, enough, instrument, tier, Decimal(1), px)
    short = structs.replace(order, held=cost - free - 1)
    assert not can_pay(draft, short, instrument, tier, Decimal(1), px)
