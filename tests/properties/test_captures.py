"""What a client is told of his trades is what the ledger moved, whatever he dealt and asked."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conversation import Conversation
from tests.support.house_desk import house_desk

DEALS = st.lists(
    st.tuples(
        st.sampled_from(("FEE44", "FEE50", "B44")),
        st.sampled_from(("1", "2")),
        st.integers(1, 900).map(lambda n: f"{Decimal(n).scaleb(-3)}"),
        st.sampled_from(("BTC", "USD", "152")),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(deals=DEALS, cut=st.integers(0, 8))
def test_the_captures_sum_up_to_the_ledger(
    deals: list[tuple[str, str, str, str]], cut: int
) -> None:
    """Pulled or pushed, each trade once: base, terms and fees together are the balances, to the
    minor unit, and no trade of another client is among them."""
    desk = Conversation(house_desk(clients={"FEES": {"position_max": 90_000_000}}))
    clients = {key: desk.client(key) for key in ("FEE44", "FEE50", "B44")}
    ear = clients["FEE50"]
    heard = []
    for number, (key, side, quantity, unit) in enumerate(deals):
        if number == cut:
            ear.C("35=AD|568=T1|569=0|263=1")
        size = f"38={quantity}" if unit == "BTC" else f"38={Decimal(quantity) * 50_000:f}|15=USD"
        if unit == "152":
            size = f"152={Decimal(quantity) * 50_000:f}"
        clients[key].C(f"35=D|11=A{number}|55=BTC/USD|54={side}|{size}|40=1")
    if cut >= len(deals):
        ear.C("35=AD|568=T1|569=0")
    heard = [one for one in ear.hears_all() if one.kind == "AE"]
    base, terms = Decimal("5.00000000"), Decimal("500000.00")
    for told in heard:
        sign = 1 if told.get(54) == "1" else -1
        base += sign * Decimal(told.get(32))
        terms -= sign * Decimal(told.get(381)) + Decimal(told.get(12) or 0)
        assert told.get(448) == "FEES"
    assert len({told.get(17) for told in heard}) == len(heard)
    assert (f"{base:f}", f"{terms:f}") == (desk.balance("FEES", "BTC"), desk.balance("FEES", "USD"))
    desk.finish()
