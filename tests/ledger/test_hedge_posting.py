"""How a hedge fill becomes transfers, to the minor unit, and back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from otcfix.ledger.hedge_posting import hedge_spread, transfers_for_hedge
from otcfix.model.hedge import BUSTED, HedgeFill
from otcfix.model.ledger import Transfer
from otcfix.model.messages import Side
from otcfix.model.money import from_minor
from tests.support.house_desk import INSTRUMENTS

BTC = INSTRUMENTS["BTC/USD"]
VENUE = "venue/LPX:custody"


def fill(side: Side, base: str, terms: str, px: str = "100060", mid: str = "100050") -> HedgeFill:
    amounts = (Decimal(text) for text in (base, terms, px, mid))
    return HedgeFill("X1", "LPX", "H1a", "BTC/USD", side, *amounts, 0)


def posted(one: HedgeFill) -> list[tuple[str, str, int, str]]:
    return [(t.debit, t.credit, t.amount, t.code) for t in transfers_for_hedge(one, BTC)]


def sums(transfers: tuple[Transfer, ...]) -> dict[str, int]:
    out: dict[str, int] = {}
    for one in transfers:
        out[one.debit] = out.get(one.debit, 0) - one.amount
        out[one.credit] = out.get(one.credit, 0) + one.amount
    return {account: amount for account, amount in out.items() if amount}


def test_a_purchase() -> None:
    """The venue holds the base for the desk; 10.00 above the middle are the cost."""
    assert posted(fill(Side.BUY, "1", "100060")) == [
        (f"{VENUE}:BTC", "desk:position:BTC", 1_00000000, "hedge_base"),
        ("desk:position:USD", f"{VENUE}:USD", 100060_00, "hedge_terms"),
        ("desk:pnl:USD", "desk:position:USD", 10_00, "hedge_spread"),
    ]


def test_a_sale_above_the_middle_is_a_gain() -> None:
    assert posted(fill(Side.SELL, "0.5", "50030")) == [
        ("desk:position:BTC", f"{VENUE}:BTC", 50000000, "hedge_base"),
        (f"{VENUE}:USD", "desk:position:USD", 50030_00, "hedge_terms"),
        ("desk:position:USD", "desk:pnl:USD", 5_00, "hedge_spread"),
    ]


def test_nothing_is_no_transfer() -> None:
    """A fill at the middle has no spread; one below the minor unit has no legs at all."""
    assert len(posted(fill(Side.BUY, "1", "100050", "100050"))) == 2
    assert posted(fill(Side.BUY, "0", "0", "100050")) == []


@pytest.mark.parametrize("side", list(Side))
def test_half_a_minor_unit_is_rounded_away_from_zero(side: Side) -> None:
    """Both ways: so a reversal is exact."""
    for mid in ("100.005", "99.995"):
        gained = hedge_spread(side, Decimal(1), Decimal(100), Decimal(mid), BTC)
        assert abs(gained) == Decimal("0.01")
        assert hedge_spread(side, Decimal(-1), Decimal(100), Decimal(mid), BTC) == -gained


amounts = st.decimals("0.00000001", "1000", places=8)
prices = st.decimals("0.01", "200000", places=5)


@given(st.sampled_from(Side), amounts, prices, prices)
def test_a_reversal_leaves_nothing(side: Side, base: Decimal, px: Decimal, mid: Decimal) -> None:
    """Fill and reversal together move no account; alone, value is neither made nor lost, and the
    desk's positions hold what it has at the middle."""
    terms = (base * px).quantize(Decimal("0.01"))
    one = HedgeFill("X1", "LPX", "H1a", "BTC/USD", side, base, terms, px, mid, 0)
    back = structs.replace(
        one, exec_id="R:X1", base_amount=-base, terms_amount=-terms, status=BUSTED
    )
    there = transfers_for_hedge(one, BTC)
    assert sums(there + transfers_for_hedge(back, BTC)) == {}
    moved = sums(there)
    for asset in ("BTC", "USD"):
        assert sum(amount for name, amount in moved.items() if name.endswith(asset)) == 0
    sign = 1 if side is Side.BUY else -1
    at_mid = from_minor(moved.get("desk:position:USD", 0), BTC.terms)
    assert abs(at_mid + sign * base * mid) <= Decimal("0.01")
